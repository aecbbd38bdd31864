/**
 * Threat-model row 44: two agents ask the same at the same time, under different masks, and upstream's two answers come byte by byte in turns, in
 * memory that is used again and again. Each gets, to the byte, what it gets alone. CHAPERONE_SEED plays one run again.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { Random } from "../parser-fuzz/random.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type Answer, Attacker, assertRefused, sessionOfJob } from "./attacker.ts";
import { type InterleavedUpstream, interleavedUpstream } from "./interleaved-upstream.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const SEED = Number(process.env.CHAPERONE_SEED ?? randomInt(2 ** 31));
const PATIENTS = 12;
const LARGE = 2500;
const ROUNDS = 4;
const ROWS = '"rows":[';

const reads = (group: string, masks: Readonly<Record<string, string>>): string =>
  Object.entries(masks)
    .map(
      ([dataClass, mask]) => `@id("${group}-${dataClass}")
@mask("${mask}")
@approval("none")
permit (principal in Group::"${group}", action == Action::"read", resource in Table::"demo-clinic.ehr.patients")
when { resource in DataClass::"${dataClass}" };
`,
    )
    .join("\n");

/** Each shows what the other hides, or a token of it under a key of its own. */
const POLICIES = `${reads("clinical-agents", { "phi.ssn": "token:mine", "phi.mrn": "last4", "phi.date.birth": "null", "phi.name": "none" })}
${reads("research-agents", { "phi.ssn": "last4", "phi.mrn": "token:theirs", "phi.date.birth": "year", "phi.name": "null" })}`;

const SMALL = `SELECT ssn, mrn, birth_date, full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;
const WHOLE = `SELECT ssn, mrn, birth_date, full_name FROM \`${PROJECT}.ehr.patients\``;

/** Bytes of pieces: of a head and a few rows, of as much as a socket gives at once, and more, one kind for each round. */
const SIZES = [
  [300, 5000],
  [10_000, 40_000],
  [64_000, 65_530],
  [1, 65_536, 300_000],
] as const;
/** The first ones are of the two agents, to their ends. */
const HOW = ["whole", "whole", "left", "cancelled", "whole"] as const;

/** What came of one answer: its rows as they stand on the wire, and its job. */
interface Came {
  readonly rows: Buffer;
  readonly job: string;
  readonly whole: boolean;
}

/** Of each page: how many rows the record says, and whether it left to its end. */
async function releasesOf(rig: Rig): Promise<readonly { readonly rows: number; readonly complete: boolean }[]> {
  const found = await rig.gateway.store.db.selectFrom("releases").select(["rows", "outcome"]).execute();
  return found.map(({ rows, outcome }) => ({ rows: rows ?? 0, complete: outcome === "complete" }));
}

describe(`two answers that come at the same time (CHAPERONE_SEED=${SEED})`, () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let upstream: InterleavedUpstream;
  let secrets: ProtectedValues;
  let agents: readonly Attacker[];
  before(async () => {
    clinic = copyClinic();
    for (const file of readdirSync(join(clinic.folder, "policies")))
      clinic.policy(file, () => (file === "tests.yaml" ? "version: 1\ntests: []\n" : "// None.\n"));
    clinic.policy("clinical.cedar", () => POLICIES);
    rig = await startRig({ patients: PATIENTS, clinic: clinic.folder });
    upstream = await interleavedUpstream(rig.warehouse.url);
    await rig.restart(() =>
      writeFileSync(
        rig.configFile,
        readFileSync(rig.configFile, "utf8").replace(`endpoint: ${rig.warehouse.url}`, `endpoint: ${upstream.url}`),
      ),
    );
    secrets = await protectedValues(rig);
    const table = rig.warehouse.duckName(`${PROJECT}.ehr.patients`);
    await rig.warehouse.sql(`CREATE TEMP TABLE one AS SELECT * FROM ${table} LIMIT 1`);
    await rig.warehouse.sql(
      `INSERT INTO ${table} SELECT one.* REPLACE (1000000 + i AS patient_id, printf('987-65-%04d', i % 10000) AS ssn,
        printf('MRN-true%06d', i) AS mrn, DATE '1951-01-01' + CAST(i % 200 AS INTEGER) AS birth_date, repeat('name ' || i || ' ', 50) AS full_name)
        FROM one, range(${LARGE}) AS r(i)`,
    );
    agents = [
      new Attacker(rig, await rig.token("care-summary-agent"), secrets),
      new Attacker(rig, await rig.token("research-agent"), secrets),
    ];
  });
  after(async () => {
    for (const agent of agents) agent.close();
    await rig.close();
    await upstream.close();
    clinic.remove();
  });

  /** Asks, and hears every byte. `heard` is told how many rows' bytes came so far, and of which job; false: goes away. */
  function read(
    agent: Attacker,
    sql: string,
    heard: (bytes: number, job: string) => boolean = () => true,
  ): Promise<Came> {
    const { hostname, port } = new URL(rig.url);
    return new Promise((resolve, reject) => {
      const call = request({
        hostname,
        port,
        method: "POST",
        path: `/bigquery/v2/projects/${PROJECT}/queries`,
        headers: { authorization: `Bearer ${agent.token}`, "content-type": "application/json" },
        agent: false,
      });
      call.once("error", reject);
      call.once("response", (response) => {
        let came = Buffer.alloc(0);
        const now = (whole: boolean): Came => {
          const at = came.indexOf(ROWS);
          const job = /"jobId":"([^"]+)"/.exec(came.toString("latin1", 0, Math.max(0, at)))?.[1] ?? "";
          return { rows: at < 0 ? Buffer.alloc(0) : came.subarray(at + ROWS.length), job, whole };
        };
        response.on("data", (bytes: Buffer) => {
          came = Buffer.concat([came, bytes]);
          const { rows, job } = now(false);
          if (job !== "" && !heard(rows.length, job)) response.destroy();
        });
        response.once("close", () => {
          if (response.statusCode === 200) resolve(now(response.complete));
          else reject(new Error(`${response.statusCode}: ${came}`));
        });
        response.on("error", () => undefined);
      });
      call.end(JSON.stringify({ query: sql, useLegacySql: false, timeoutMs: 10_000 }));
    });
  }

  async function alone(sql: string): Promise<readonly Buffer[]> {
    upstream.apart();
    const seen: Buffer[] = [];
    for (const agent of agents) {
      const { rows, whole } = await read(agent, sql);
      assert.ok(whole && rows.length > 0);
      secrets.assertAbsent(`"${rows}`, "an agent alone");
      seen.push(rows);
    }
    const [one, other] = seen as [Buffer, Buffer];
    assert.ok(!one.equals(other), "the two agents see the same, so that nothing could be mixed up");
    return seen;
  }

  it("row 44: small answers that come byte by byte, by turns, are each agent's own", async () => {
    const expected = await alone(SMALL);
    upstream.together(4, () => 1);
    const came = await Promise.all([0, 1, 0, 1].map((who) => read(agents[who] as Attacker, SMALL)));
    for (const [i, { rows, whole }] of came.entries()) {
      assert.ok(whole);
      assert.equal(rows.toString(), expected[i % 2]?.toString(), `agent ${i % 2}`);
    }
    assert.equal(new Set(came.map(({ job }) => job)).size, 4);
  });

  it("row 44: large ones are, in pieces of any size, beside readers that go away and a job that is cancelled while its page leaves", async (t) => {
    const expected = await alone(WHOLE);
    for (const rows of expected) assert.doesNotMatch(rows.toString(), /987-65-|MRN-true|1951-(?!01-01)/);
    const tally = { left: 0, cancelled: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const random = new Random(SEED, round);
      const where = (who: number) => `seed ${SEED}, round ${round}, agent ${who}`;
      const sizes: readonly number[] = SIZES[round % SIZES.length] ?? [];
      const readers = HOW.map((how, i) => ({
        who: (i + (i < 2 ? 0 : round)) % 2,
        how,
        after: random.below(how === "left" ? 800_000 : 20_000),
      }));
      upstream.together(readers.length, () => random.pick(sizes) + random.below(7));
      await Promise.all(
        readers.map(async ({ who, how, after }) => {
          const agent = agents[who] as Attacker;
          let cancelling: Promise<Answer> | undefined;
          const { rows, whole, job } = await read(agent, WHOLE, (bytes, id) => {
            if (bytes < after) return true;
            if (how === "cancelled")
              cancelling ??= agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/${id}/cancel`);
            return how !== "left";
          });
          const own = expected[who] as Buffer;
          assert.ok(rows.equals(own.subarray(0, rows.length)), `${where(who)}: bytes that aren't its own`);
          if (how === "whole") assert.ok(whole && rows.length === own.length, `${where(who)}: not whole`);
          if (how === "left" && !whole) tally.left++;
          if (cancelling === undefined) return;
          assert.equal((await cancelling).status, 200);
          const session = await sessionOfJob(rig, job);
          // What had ended before can be read again; of what hadn't no page more comes.
          if (session?.state !== "cancelled") return assert.equal(session?.state, "done");
          assertRefused(await agent.results(job));
          tally.cancelled++;
        }),
      );
      for (const { rows, complete } of await releasesOf(rig))
        assert.ok(!complete || rows === PATIENTS + LARGE || rows === 3, `${where(0)}: a release of ${rows} rows`);
    }
    t.diagnostic(JSON.stringify(tally));
    assert.ok(tally.left > 0 && tally.cancelled > 0, JSON.stringify(tally));
  });

  it("row 45: an agent that is suspended while its page leaves gets no more of it", async () => {
    const [expected] = (await alone(WHOLE)) as [Buffer, Buffer];
    const change = (to: string) =>
      rig.person("sam.sponsor").post(`agents/${to}`, {
        issuer: rig.identityProvider.issuer,
        subject: "care-summary-agent",
        reason: "as the test says",
      });
    const { promise: suspended, resolve: goOn } = Promise.withResolvers<void>();
    let turns = 0;
    upstream.together(
      1,
      () => 100_000,
      async () => {
        if (++turns === 4) await suspended;
      },
    );
    let suspending: Promise<unknown> | undefined;
    const came = await read(agents[0] as Attacker, WHOLE, (bytes) => {
      if (bytes > 150_000) suspending ??= change("suspend").finally(goOn);
      return true;
    });
    await suspending;
    assert.ok(!came.whole, "the page looks whole");
    assert.ok(came.rows.length > 150_000 && came.rows.length < expected.length / 2, `${came.rows.length} bytes came`);
    assert.ok(came.rows.equals(expected.subarray(0, came.rows.length)));
    const session = (await sessionOfJob(rig, came.job))?.id ?? "";
    const { store } = rig.gateway;
    const release = await store.db.selectFrom("releases").selectAll().where("session", "=", session).executeTakeFirst();
    assert.equal(release?.outcome, "aborted");
    const refusals = await store.db
      .selectFrom("ledger_entries")
      .select("idx")
      .where("session", "=", session)
      .where("type", "=", "release.refused")
      .execute();
    assert.equal(refusals.length, 1);
    await change("activate");
  });
});
