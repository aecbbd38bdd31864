/**
 * Threat-model row 46: streams broken off while they are written, in memory that is used again. Each byte of each stream is looked at, those too
 * that come after the client has reset it: it is a byte of the same read undisturbed, at its place. CHAPERONE_SEED plays one run again.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { messages } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { Random } from "../parser-fuzz/random.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type ReadSession, type StorageClient, storageClient, tableName } from "../storage-client.ts";
import { framed, SERVICE } from "./raw-grpc.ts";
import { RawHttp2, type StreamEnd } from "./raw-http2.ts";
import { replayedStorage } from "./replayed-storage.ts";

const SEED = Number(process.env.CHAPERONE_SEED ?? randomInt(2 ** 31));
const ROWS = 6000;
const RUN_MS = 4000;
const LEAST_ROUNDS = 12;
const MOST_ROUNDS = 60;
const KINDS = ["reset", "late", "destroyed"] as const;
/** HTTP/2 holds the server back, or only the socket does. */
const WINDOWS = [65_535, 1_000_000, 0x7fffffff];
/** In every true value of the columns, and in none of what the masks make of them. */
const TRUE_VALUES = ["987-65-", "MRN-true", "phone-true", "true@", "1951-0"];
const SELECTIONS = [
  ["full_name", "ssn", "mrn", "birth_date", "phone", "email"],
  ["mrn", "full_name", "phone"],
];

interface Read {
  readonly name: string;
  /** What comes of it undisturbed. */
  readonly whole: Buffer;
}

/** One call, and whether each byte so far was its own. */
interface Seen {
  bytes: number;
  wrong: string | undefined;
  end: StreamEnd;
  readonly ended: Promise<void>;
}

describe(`streams that are broken off while they are written (CHAPERONE_SEED=${SEED})`, () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let upstream: Awaited<ReturnType<typeof replayedStorage>>;
  let agent: StorageClient;
  let token: string;
  const reads: Read[] = [];
  const connections: RawHttp2[] = [];

  before(async () => {
    clinic = copyClinic();
    // As many rows as there are: a stream must be longer than what sockets hold.
    clinic.policy("clinical.cedar", (before) => before.replaceAll(/@limit_rows\("\d+"\)\n/g, ""));
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({
      patients: 12,
      clinic: clinic.folder,
      config: { limits: { storage_read: { reads: 200, reads_per_agent: 200 } } },
    });
    const direct = rig.warehouse.storageUrl;
    upstream = await replayedStorage(direct);
    await rig.restart(() =>
      writeFileSync(rig.configFile, readFileSync(rig.configFile, "utf8").replace(direct, upstream.url)),
    );
    token = await rig.token("care-summary-agent");
    agent = await storageClient(rig, "care-summary-agent");
    const table = rig.warehouse.duckName(`${PROJECT}.ehr.patients`);
    await rig.warehouse.sql(`CREATE TEMP TABLE one AS SELECT * FROM ${table} LIMIT 1`);
    await rig.warehouse.sql(`DELETE FROM ${table}`);
    await rig.warehouse.sql(
      `INSERT INTO ${table} SELECT one.* REPLACE (1000000 + i AS patient_id, printf('987-65-%04d', i % 10000) AS ssn,
        printf('MRN-true%06d', i) AS mrn, printf('phone-true%08d', i) AS phone, printf('true@%08d.example', i) AS email,
        DATE '1951-01-01' + CAST(i % 200 AS INTEGER) AS birth_date, repeat('name ' || i || ' ', 50) AS full_name)
        FROM one, range(${ROWS}) AS r(i)`,
    );
    for (const selectedFields of SELECTIONS) {
      const opening = agent.open(tableName("ehr.patients"), { selectedFields });
      opening.catch(() => undefined);
      await rig.decide("dana.officer", "approve");
      const session: ReadSession = await opening;
      reads.push(await undisturbed(session.streams?.[0]?.name ?? ""));
    }
  });
  after(async () => {
    for (const connection of connections) connection.destroy();
    await agent.close();
    await rig.close();
    await upstream.close();
    clinic.remove();
  });

  function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      ":method": "POST",
      ":scheme": "http",
      ":authority": new URL(rig.gateway.storageUrl ?? "").host,
      ":path": `${SERVICE}/ReadRows`,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${token}`,
      ...more,
    };
  }

  async function connected(window: number): Promise<RawHttp2> {
    const connection = await RawHttp2.open(rig.gateway.storageUrl ?? "", window);
    connections.push(connection);
    return connection;
  }

  const bodyOf = (name: string): Buffer => framed(messages.readRowsRequest.encode({ readStream: name }));

  async function undisturbed(name: string): Promise<Read> {
    const connection = await connected(WINDOWS[0] ?? 0);
    const parts: Buffer[] = [];
    const how = await new Promise<StreamEnd>((ended) => {
      connection.call(headers(), bodyOf(name), { data: (bytes) => parts.push(Buffer.from(bytes)), ended });
    });
    connection.destroy();
    const whole = Buffer.concat(parts);
    assert.equal(how, "trailers");
    assert.ok(whole.length > 10 * ROWS, `${whole.length} bytes are no stream of ${ROWS} rows`);
    for (const text of TRUE_VALUES) assert.ok(!whole.includes(text), `unmasked: ${text}`);
    return { name, whole };
  }

  function begin(connection: RawHttp2, { name, whole }: Read, more?: Record<string, string>): Seen & { id: number } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen: Seen = { bytes: 0, wrong: undefined, end: "open", ended: promise };
    const id = connection.call(headers(more), bodyOf(name), {
      data(bytes) {
        if (Buffer.compare(bytes, whole.subarray(seen.bytes, seen.bytes + bytes.length)) !== 0)
          seen.wrong ??= `${bytes.length} bytes at ${seen.bytes} are not this stream's${TRUE_VALUES.some((text) => Buffer.from(bytes).includes(text)) ? ", but unmasked" : ""}`;
        seen.bytes += bytes.length;
      },
      ended(how) {
        if (seen.end === "open") seen.end = how;
        resolve();
      },
    });
    return Object.assign(seen, { id });
  }

  it("row 46: nobody receives a byte that isn't of their own masked stream, and what goes on is whole", {
    timeout: 60_000,
  }, async (t) => {
    const until = Date.now() + RUN_MS;
    const tally = { rounds: 0, reset: 0, destroyed: 0, late: 0, cut: 0, behind: 0, whole: 0 };
    for (; tally.rounds < LEAST_ROUNDS || (tally.rounds < MOST_ROUNDS && Date.now() < until); tally.rounds++) {
      const random = new Random(SEED, tally.rounds);
      const where = `seed ${SEED}, round ${tally.rounds}`;
      const attacked = await connected(random.pick(WINDOWS));
      const beside = await connected(random.pick(WINDOWS));
      const how = KINDS[tally.rounds % KINDS.length] ?? "reset";
      const late = how === "late" ? { "grpc-timeout": `${100 + random.below(500)}m` } : undefined;
      const victims = Array.from({ length: 1 + random.below(2) }, () => begin(attacked, random.pick(reads), late));
      // What shares the connection shares its socket, and what is still to be written there.
      const sharing = how === "destroyed" || random.below(2) === 0 ? [] : [begin(attacked, random.pick(reads))];
      const come = random.below(2_500_000);
      const patience = Date.now() + 600;
      while (victims.every(({ bytes, end }) => bytes <= come && end === "open") && Date.now() < patience)
        await sleep(1);
      attacked.pause();
      await sleep(random.below(40));
      const before = victims.map(({ bytes }) => bytes);
      if (how === "reset") for (const { id } of victims) attacked.reset(id);
      if (how === "destroyed") attacked.destroy();
      // Meanwhile another uses memory.
      const goingOn = [begin(beside, random.pick(reads))];
      await sleep(random.below(150));
      attacked.resume();
      const silence = sleep(10_000, "silence", { ref: false });
      const ended = Promise.all([...goingOn, ...sharing, ...(how === "reset" ? [] : victims)].map((one) => one.ended));
      assert.notEqual(await Promise.race([ended, silence]), "silence", `${where}: a stream doesn't end`);
      // Of a stream that was reset no end comes; what does come of it came before the end of what shares its connection, or now.
      if (how === "reset") await sleep(20);
      for (const one of [...goingOn, ...sharing, ...victims]) assert.equal(one.wrong, undefined, `${where}, ${how}`);
      for (const one of [...goingOn, ...sharing]) {
        assert.equal(one.end, "trailers", where);
        assert.ok(
          reads.some(({ whole }) => whole.length === one.bytes),
          `${where}: a stream is not whole`,
        );
        tally.whole++;
      }
      for (const other of [...attacked.others, ...beside.others])
        for (const text of TRUE_VALUES) assert.ok(!other.includes(text), `${where}: unmasked beside the rows`);
      tally[how] += victims.length;
      tally.cut += victims.filter(({ bytes, end }) => bytes > 0 && end !== "trailers").length;
      tally.behind += victims.filter(({ bytes }, i) => bytes > (before[i] ?? 0)).length;
      attacked.destroy();
      beside.destroy();
    }
    t.diagnostic(JSON.stringify(tally));
    assert.ok(
      tally.cut >= 4 && tally.behind > 0 && tally.whole >= LEAST_ROUNDS,
      `too little was played: ${JSON.stringify(tally)}`,
    );
  });
});
