import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type ReadSession, refusal, type StorageClient, storageClient, tableName } from "../storage-client.ts";

// Google's own client for Node through the whole of it, by the Storage Read API.

describe("the Storage Read API", () => {
  let rig: Rig;
  let client: StorageClient;
  before(async () => {
    rig = await startRig({ config: { limits: { sessions: { long_poll: "500ms" } } } });
    client = await storageClient(rig, "care-summary-agent");
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "numbers" },
        schema: { fields: [{ name: "n", type: "INTEGER" }] },
      },
      Array.from({ length: 20_000 }, (_, n) => ({ n })),
    );
  });
  after(async () => {
    await client.close();
    await rig.close();
  });

  /** The same read as a query, by REST. */
  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const [rows] = await (await rig.client("care-summary-agent")).query(sql);
    return rows;
  }

  const numbers = async (session: ReadSession, stream = 0, offset = 0): Promise<number[]> =>
    [...((await client.read(session, stream, offset)).getChild("n") ?? [])].map(Number);

  it("reads a table that anybody may read", async () => {
    const session = await client.open(tableName("ops.calendar"));
    const table = await client.read(session);
    const [{ n = 0 } = {}] = await query(`SELECT COUNT(*) AS n FROM \`${PROJECT}.ops.calendar\``);
    assert.equal(table.numRows, n);
    assert.equal(Number(session.estimatedRowCount), n);
    // How many there are is an answer too, and recorded before it.
    const counted = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", "release.counted")
      .execute();
    assert.deepEqual(
      counted.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).data.rows),
      [n],
    );
    assert.deepEqual(table.schema.names, ["day", "weekday", "is_holiday", "opens"]);
    assert.equal(session.name?.startsWith(`projects/${PROJECT}/locations/us/sessions/`), true);
  });

  it("selects fields and rows as it was asked", async () => {
    const session = await client.open(tableName("ops.calendar"), {
      selectedFields: ["weekday", "day"],
      rowRestriction: "weekday = 'Monday' -- of all days",
    });
    const table = await client.read(session);
    // In the table's order.
    assert.deepEqual(table.schema.names, ["day", "weekday"]);
    assert.ok(table.numRows > 10);
    for (const weekday of table.getChild("weekday") ?? []) assert.equal(weekday, "Monday");
  });

  it("reads with several streams, from an offset, and splits a stream", async () => {
    const session = await client.open(tableName("ops.numbers"), {}, { maxStreamCount: 3 });
    assert.equal(session.streams?.length, 3);
    const parts = await Promise.all([0, 1, 2].map((stream) => numbers(session, stream)));
    assert.deepEqual(
      parts.flat(),
      Array.from({ length: 20_000 }, (_, n) => n),
    );
    // Resumed, the rows are the same.
    assert.deepEqual(await numbers(session, 1, 3000), parts[1]?.slice(3000));
    const [halves] = await client.client.splitReadStream(
      { name: session.streams?.[0]?.name ?? "", fraction: 0.25 },
      client.call,
    );
    const split = { ...session, streams: [halves.primaryStream ?? {}, halves.remainderStream ?? {}] };
    assert.deepEqual([...(await numbers(split, 0)), ...(await numbers(split, 1))], parts[0]);
  });

  it("waits for a person, masks, and stops at the rows that may leave", async () => {
    const options = { selectedFields: ["full_name", "ssn"] };
    // The client itself asks again while nobody has decided.
    const opening = client.open(tableName("ehr.patients"), options);
    await new Promise((tick) => setTimeout(tick, 1500));
    const view = await rig.decide("dana.officer", "approve");
    const session = await opening;
    const pending = await rig.person("dana.officer").get<{ approvals: unknown[] }>("approvals?state=pending");
    assert.equal(pending.approvals.length, 0, "asking again must not ask people again");
    assert.match(JSON.stringify(view), /SELECT/);
    const table = await client.read(session);
    assert.equal(table.numRows, 100);
    assert.equal(Number(session.estimatedRowCount), 100);
    for (const ssn of table.getChild("ssn") ?? []) assert.match(ssn, /^XXXXX[0-9]{4}$/);
    assert.equal((await client.read(session, 0, 99)).get(0)?.ssn, table.get(99)?.ssn);
    assert.deepEqual(await refusal(client.read(session, 0, 301)), {
      code: 11,
      message: "The offset is beyond the stream's rows.",
    });
    const ledger = await rig.gateway.store.db.selectFrom("releases").selectAll().execute();
    const { rows, masked, outcome } = ledger.at(-2) ?? {};
    assert.deepEqual(
      [rows, outcome, JSON.parse(masked ?? "{}")],
      [100, "complete", { ssn: { rule: "last4", count: 100 } }],
    );
  });

  it("gives the same cells as Avro: shown, masked, and from an offset", async () => {
    const options = { selectedFields: ["patient_id", "first_name", "ssn", "birth_date"] };
    const both = [];
    for (const dataFormat of ["ARROW", "AVRO"]) {
      const opening = client.open(tableName("ehr.patients"), options, { dataFormat });
      await rig.decide("dana.officer", "approve");
      both.push(await opening);
    }
    const [arrow = {}, avro = {}] = both;
    assert.equal(avro.arrowSchema ?? null, null);
    const table = await client.read(arrow);
    const rows = await client.readAvro(avro);
    assert.equal(rows.length, table.numRows);
    for (const name of ["patient_id", "first_name", "ssn"])
      assert.deepEqual(
        rows.map((row) => String(row[name])),
        [...(table.getChild(name) ?? [])].map(String),
      );
    assert.ok(rows.every(({ ssn }) => /^XXXXX[0-9]{4}$/.test(String(ssn))));
    assert.ok(
      rows.every(({ birth_date: days }) => new Date(Number(days) * 86_400_000).toISOString().slice(5, 10) === "01-01"),
    );
    assert.deepEqual(await client.readAvro(avro, 0, 40), rows.slice(40));
    const ledger = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", "release.started")
      .execute();
    assert.equal(JSON.parse(Buffer.from(ledger.at(-1)?.bytes ?? []).toString()).data.format, "avro");
  });

  it("reads what upstream compressed though nobody asked it to", async () => {
    const session = await client.open(tableName("ops.numbers"));
    for (const codec of ["LZ4_FRAME", "ZSTD"] as const) {
      rig.warehouse.misbehave({ kind: "compressed", codec, target: "storage" });
      assert.deepEqual(
        await numbers(session),
        Array.from({ length: 20_000 }, (_, n) => n),
      );
    }
    rig.warehouse.calm();
  });

  it("samples a table as TABLESAMPLE does", async () => {
    const rows = (percent: number) => client.open(tableName("ops.numbers"), { samplePercentage: percent });
    assert.equal((await numbers(await rows(100))).length, 20_000);
    // The stand-in takes every block; what it is asked is what counts.
    assert.equal((await numbers(await rows(50))).length, 20_000);
    const sent = rig.warehouse.requests.map(({ body }) => JSON.stringify(body));
    assert.ok(sent.some((body) => body.includes("TABLESAMPLE SYSTEM (50 PERCENT)")));
    assert.deepEqual(
      await refusal(client.open(tableName("_chaperone_results.anon_x"), { samplePercentage: 5 })).then((r) => r?.code),
      3,
    );
  });

  it("refuses when the person does", async () => {
    const opening = refusal(client.open(tableName("ehr.patients"), { selectedFields: ["first_name"] }));
    await rig.decide("dana.officer", "deny");
    assert.equal((await opening)?.code, 7);
  });

  it("reads the result of the agent's own query, masked as by pages", async () => {
    const rest = await rig.client("care-summary-agent");
    const [job] = await rest.createQueryJob(`SELECT department, beds FROM \`${PROJECT}.ops.bed_census\` LIMIT 50`);
    const [rows] = await job.getQueryResults();
    const [{ id = "" } = {}] = await rig.gateway.store.db
      .selectFrom("sessions")
      .select("id")
      .where("job_id", "=", job.id ?? "")
      .execute();
    const session = await client.open(tableName(`_chaperone_results.anon_${id}`), { selectedFields: ["beds"] });
    const table = await client.read(session);
    assert.deepEqual(
      [...(table.getChild("beds") ?? [])].map(Number),
      rows.map(({ beds }) => beds),
    );
    const other = await storageClient(rig, "research-agent");
    assert.equal((await refusal(other.open(tableName(`_chaperone_results.anon_${id}`))))?.code, 5);
    await other.close();
    assert.equal(
      (await refusal(client.open(tableName(`_chaperone_results.anon_${id}`), { rowRestriction: "beds > 3" })))?.code,
      3,
    );
  });

  it("goes on after a restart, by the same stream's name", async () => {
    const session = await client.open(tableName("ops.numbers"));
    await rig.restart();
    assert.equal((await numbers(session)).length, 20_000);
  });

  it("refuses by name what isn't served", async () => {
    const table = tableName("ops.calendar");
    const options = { avroSerializationOptions: { enableDisplayNameAttribute: true } };
    assert.equal((await refusal(client.open(table, options, { dataFormat: "AVRO" })))?.code, 12);
    assert.equal((await refusal(client.open(table, { avroSerializationOptions: {} })))?.code, 3);
    assert.equal((await refusal(client.open(table, {}, { dataFormat: 7 })))?.code, 3);
    for (const samplePercentage of [-1, 101, Number.NaN])
      assert.equal((await refusal(client.open(table, { samplePercentage })))?.code, 3);
    assert.equal((await refusal(client.open(table, { arrowSerializationOptions: { bufferCompression: 9 } })))?.code, 3);
    assert.equal((await refusal(client.open(table, { responseCompressionCodec: 1 })))?.code, 3);
    const picos = { arrowSerializationOptions: { picosTimestampPrecision: 3 } };
    assert.equal((await refusal(client.open(table, picos)))?.code, 12);
    assert.equal((await refusal(client.open(tableName("ops.none"))))?.code, 5);
    assert.equal((await refusal(client.open(table, { selectedFields: ["none"] })))?.code, 3);
    // Compression is what the client can read, not what it must get.
    const session = await client.open(table, { arrowSerializationOptions: { bufferCompression: "LZ4_FRAME" } });
    assert.ok((await client.read(session)).numRows > 0);
  });
});
