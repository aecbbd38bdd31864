/**
 * An agent that wants the data by the Storage Read API, and an upstream that lies there (threat-model row 11, row 44): what arrives is
 * looked at to the last byte.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, constants } from "node:http2";
import { after, afterEach, before, describe, it } from "node:test";
import { messages } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import type { Warehouse } from "../../packages/warehouse/src/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type ReadSession, refusal, type StorageClient, storageClient, tableName } from "../storage-client.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";
import { RawGrpc } from "./raw-grpc.ts";

type Fault = Parameters<Warehouse["misbehave"]>[0];
const PATIENTS = tableName("ehr.patients");
/** Columns of which the mask shows all, a part, and nothing. */
const FIELDS = ["full_name", "ssn", "mrn", "birth_date", "phone"];
const INVALID = 3;
const NOT_FOUND = 5;
const DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;

describe("an agent that wants the data by the Storage Read API", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: StorageClient;
  before(async () => {
    rig = await startRig({
      patients: 60,
      config: { limits: { sessions: { long_poll: "200ms" }, storage_read: { recheck: "0s" } } },
    });
    secrets = await protectedValues(rig);
    agent = await storageClient(rig, "care-summary-agent");
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "numbers" },
        schema: {
          fields: [
            { name: "n", type: "INTEGER" },
            { name: "text", type: "STRING" },
          ],
        },
      },
      Array.from({ length: 60_000 }, (_, n) => ({ n, text: "x".repeat(200) })),
    );
  });
  afterEach(() => rig.warehouse.calm());
  after(async () => {
    await agent.close();
    await rig.close();
  });

  async function approved(options: object = { selectedFields: FIELDS }): Promise<ReadSession> {
    const opening = agent.open(PATIENTS, options);
    opening.catch(() => undefined);
    await rig.decide("dana.officer", "approve");
    return opening;
  }

  /** Every byte of a stream, and how it ended. */
  async function loot(
    session: ReadSession,
    client = agent,
  ): Promise<{ bytes: string; rows: number; ended: Awaited<ReturnType<typeof refusal>> }> {
    const parts: Uint8Array[] = [];
    let rows = 0;
    const ended = await refusal(
      (async () => {
        for await (const response of client.rows(session.streams?.[0]?.name ?? "")) {
          parts.push(response.arrowRecordBatch.serializedRecordBatch as Uint8Array);
          rows += Number(response.rowCount);
        }
      })(),
    );
    const bytes = Buffer.concat(parts).toString("latin1");
    secrets.assertAbsent(`${bytes}${ended?.message ?? ""}`, "a stream");
    return { bytes, rows, ended };
  }

  async function alarms(session: ReadSession): Promise<number> {
    const found = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("idx")
      .where("session", "=", session.name?.split("/").at(-1) ?? "")
      .where("type", "=", "alarm.raised")
      .execute();
    return found.length;
  }

  it("gets masked bytes and no others", async () => {
    const { bytes, rows, ended } = await loot(await approved());
    assert.equal(ended, undefined);
    assert.equal(rows, 60);
    assert.match(bytes, /XXXXX\d{4}/);
  });

  it("gets nothing by another agent's stream, a forged one, or a stream under another session's name", async () => {
    const session = await approved();
    const name = session.streams?.[0]?.name ?? "";
    const other = await storageClient(rig, "research-agent");
    assert.equal((await loot(session, other)).ended?.code, NOT_FOUND);
    assert.equal((await refusal(other.client.splitReadStream({ name, fraction: 0.5 }, other.call)))?.code, NOT_FOUND);
    await other.close();
    const mine = await agent.open(tableName("ops.calendar"));
    const [, sealed = ""] = name.split("/streams/");
    const flipped = `${name.slice(0, -2)}${name.endsWith("AA") ? "BB" : "AA"}`;
    for (const forged of [
      `${mine.name}/streams/${sealed}`,
      flipped,
      name.replace("/locations/us/", "/locations/eu/"),
      `${session.name}/streams/${Buffer.from("{}").toString("base64url")}`,
      "projects/x/locations/us/sessions/y/streams/z",
      "",
    ])
      assert.equal((await loot({ streams: [{ name: forged }] })).ended?.code, NOT_FOUND, forged.slice(0, 60));
  });

  it("gets nothing by a condition on what it may not infer, nor by more than a condition", async () => {
    const conditions: readonly [string, number][] = [
      [`ssn = '${secrets.sample.ssn}'`, DENIED],
      [`STARTS_WITH(full_name, 'A')`, DENIED],
      [`address.zip LIKE '1%'`, DENIED],
      [`patient_id IN (SELECT patient_id FROM \`${PROJECT}.ehr.patients\` WHERE ssn LIKE '1%')`, INVALID],
      [`EXISTS (SELECT 1)`, INVALID],
      [`TRUE) UNION ALL SELECT ssn FROM \`${PROJECT}.ehr.patients\` WHERE (TRUE`, INVALID],
      [`TRUE; DROP TABLE \`${PROJECT}.ehr.patients\``, INVALID],
      [`TRUE) OR (TRUE`, INVALID],
      [`ERROR(ssn) IS NULL`, DENIED],
      [`@p = 1`, INVALID],
    ];
    for (const [rowRestriction, code] of conditions) {
      const refused = await refusal(agent.open(PATIENTS, { selectedFields: ["ssn"], rowRestriction }));
      assert.ok(refused !== undefined, `${rowRestriction}: it was not refused`);
      assert.equal(refused.code, code, `${rowRestriction}: ${refused.message}`);
      secrets.assertAbsent(refused.message, "a refusal");
    }
  });

  it("gets no field that policy hides, whole or inside of a STRUCT", async () => {
    for (const selectedFields of [["address.street"], ["address"], ["contacts.name"], ["photo_url"], []]) {
      const refused = await refusal(agent.open(PATIENTS, { selectedFields }));
      assert.ok(
        refused?.code === DENIED || refused?.code === INVALID,
        `${selectedFields}: ${refused?.code} ${refused?.message}`,
      );
    }
  });

  it("gets the past of a table as SQL says it", async () => {
    const more = { tableModifiers: { snapshotTime: { seconds: Math.floor(Date.now() / 1000) - 3600 } } };
    // Bed counts and the calendar never were about patients; what a patient's table once held is asked about by what it could hold.
    assert.equal(await refusal(agent.open(tableName("ops.calendar"), {}, more)), undefined);
    const sent = rig.warehouse.requests.map(({ body }) => JSON.stringify(body));
    assert.ok(sent.some((body) => body.includes("FOR SYSTEM_TIME AS OF TIMESTAMP")));
  });

  it("gets no more once it is suspended, in the middle of a stream", async () => {
    const research = await storageClient(rig, "research-agent");
    const session = await research.open(tableName("ops.numbers"));
    const person = rig.person("sam.sponsor");
    let rows = 0;
    const ended = await refusal(
      (async () => {
        for await (const response of research.rows(session.streams?.[0]?.name ?? "")) {
          if (rows === 0) {
            await person.post("agents/suspend", {
              issuer: rig.identityProvider.issuer,
              subject: "research-agent",
              reason: "as the test says",
            });
          }
          rows += Number(response.rowCount);
        }
      })(),
    );
    assert.equal(ended?.code, DENIED, ended?.message);
    assert.ok(rows > 0 && rows < 60_000, `${rows} rows`);
    assert.equal((await refusal(research.open(tableName("ops.numbers"))))?.code, DENIED);
    await research.close();
  });

  it("gets nothing of what waited for it to read once it is suspended, nor holds its place", async () => {
    const change = (to: string) =>
      rig.person("sam.sponsor").post(`agents/${to}`, {
        issuer: rig.identityProvider.issuer,
        subject: "care-summary-agent",
        reason: "as the test says",
      });
    const session = await agent.open(tableName("ops.numbers"));
    const id = session.name?.split("/").at(-1) ?? "";
    const raw = new RawGrpc(rig.gateway.storageUrl ?? "", await rig.token("care-summary-agent"));
    const stream = raw.begin("ReadRows");
    const closed = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    // Nothing is read: HTTP/2's window fills, and a batch waits in the gateway.
    stream.pause();
    stream.end(framed(messages.readRowsRequest.encode({ readStream: session.streams?.[0]?.name ?? "" })));
    await once(stream, "response");
    await change("suspend");
    const late = new Promise((resolve) => setTimeout(() => resolve("still open"), 10_000).unref());
    const how = await Promise.race([closed, late]);
    raw.close();
    await change("activate");
    assert.equal(how, constants.NGHTTP2_CANCEL);
    const release = await rig.gateway.store.db
      .selectFrom("releases")
      .select("outcome")
      .where("session", "=", id)
      .executeTakeFirstOrThrow();
    assert.equal(release.outcome, "aborted");
  });

  const lies: readonly [string, Fault][] = [
    ["an extra column", { kind: "extra-column" }],
    ["a missing column", { kind: "missing-column" }],
    ["columns in another order", { kind: "reordered-columns" }],
    ["a column of another type", { kind: "wrong-type", column: "birth_date", type: "STRING" }],
  ];
  for (const [what, fault] of lies) {
    it(`${what}, in a session or only in its stream: nothing arrives, and an alarm is raised`, async () => {
      const before = await alarmsInAll();
      const opening = refusal(agent.open(PATIENTS, { selectedFields: FIELDS }));
      await new Promise((tick) => setTimeout(tick, 300));
      rig.warehouse.misbehave({ ...fault, target: "storage" } as Fault);
      await rig.decide("dana.officer", "approve");
      assert.equal((await opening)?.code, DENIED);
      assert.equal(await alarmsInAll(), before + 1);
      rig.warehouse.calm();

      const session = await approved();
      rig.warehouse.misbehave({ ...fault, target: "storage" } as Fault);
      const { bytes, ended } = await loot(session);
      assert.equal(ended?.code, DENIED);
      assert.equal(bytes, "");
      assert.equal(await alarms(session), 1);
      // The session is over: nothing more of it, though upstream tells the truth again.
      assert.equal((await loot(session)).bytes, "");
    });
  }

  it("more rows than the result has: they don't arrive, and an alarm is raised", async () => {
    const session = await approved();
    rig.warehouse.misbehave({ kind: "extra-rows", count: 5, target: "storage" });
    const { rows, ended } = await loot(session);
    assert.equal(ended?.code, DENIED);
    assert.equal(rows, 60);
    assert.equal(await alarms(session), 1);
  });

  it("BigQuery's own error text doesn't arrive", async () => {
    const session = await approved();
    rig.warehouse.misbehave({
      kind: "job-error",
      reason: "internalError",
      message: `bad value: ${secrets.sample.ssn}`,
      target: "storage",
      times: "always",
    });
    const { ended } = await loot(session);
    assert.ok(ended !== undefined);
    assert.doesNotMatch(ended.message, /bad value/);
  });

  it("other services and versions, and what is no gRPC, are refused", async () => {
    const token = await rig.token("care-summary-agent");
    const call = (path: string, headers: Record<string, string> = {}, body: Uint8Array = Buffer.alloc(5)) =>
      grpcStatus(rig.gateway.storageUrl ?? "", path, { authorization: `Bearer ${token}`, ...headers }, body);
    const service = "google.cloud.bigquery.storage";
    for (const path of [
      `/${service}.v1beta1.BigQueryStorage/CreateReadSession`,
      `/${service}.v1beta2.BigQueryRead/CreateReadSession`,
      `/${service}.v1.BigQueryWrite/AppendRows`,
      `/${service}.v1.BigQueryRead/ReadRows/`,
      `/${service}.v1.BigQueryRead/Other`,
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ])
      assert.equal(await call(path), UNIMPLEMENTED, path);
    const create = `/${service}.v1.BigQueryRead/CreateReadSession`;
    assert.equal(await call(create, { authorization: "Bearer x.y.z" }), UNAUTHENTICATED);
    assert.equal(await call(create, { "grpc-encoding": "gzip" }), UNIMPLEMENTED);
    // Field 99 of the request; a message cut short; garbage.
    assert.equal(await call(create, {}, framed(Buffer.from([0x98, 0x06, 0x01]))), UNIMPLEMENTED);
    assert.equal(await call(create, {}, framed(Buffer.from([0x0a, 0x20, 0x41]))), INVALID);
    assert.equal(await call(create, {}, Buffer.from([0, 0, 0, 0, 9, 1])), INVALID);
  });

  async function alarmsInAll(): Promise<number> {
    const found = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("idx")
      .where("type", "=", "alarm.raised")
      .execute();
    return found.length;
  }
});

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** One call as any program may send it; the status it ended with. */
function grpcStatus(url: string, path: string, headers: Record<string, string>, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connect(url);
    session.once("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    stream.once("error", reject);
    const take = (fields: Record<string, unknown>): void => {
      if (fields["grpc-status"] === undefined) return;
      resolve(Number(fields["grpc-status"]));
      session.close();
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.resume();
    stream.end(body);
  });
}
