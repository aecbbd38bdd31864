import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { v1 } from "@google-cloud/bigquery-storage";
import { credentials } from "@grpc/grpc-js";
import { tableFromIPC } from "apache-arrow";
import avro from "avsc";
import { startWarehouse, type Warehouse } from "../warehouse.ts";

// Google's own client against the warehouse, so that the stand-in can be trusted where the gateway is tested against it.

let warehouse: Warehouse;
let client: v1.BigQueryReadClient;
const TABLE = "projects/demo-clinic/datasets/types/tables/all";

before(async () => {
  warehouse = await startWarehouse({ empty: true });
  const { hostname, port } = new URL(warehouse.storageUrl);
  client = new v1.BigQueryReadClient({
    projectId: "demo-clinic",
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  });
  const types =
    "STRING BYTES INTEGER FLOAT NUMERIC BIGNUMERIC BOOLEAN TIMESTAMP DATE TIME DATETIME GEOGRAPHY JSON INTERVAL";
  await warehouse.loadTable(
    {
      tableReference: { projectId: "demo-clinic", datasetId: "types", tableId: "all" },
      schema: {
        fields: [
          ...types.split(" ").map((type) => ({ name: type.toLowerCase(), type: type as "STRING" })),
          { name: "list", type: "INTEGER", mode: "REPEATED" },
          {
            name: "record",
            type: "RECORD",
            fields: [
              { name: "a", type: "STRING" },
              { name: "b", type: "INTEGER" },
            ],
          },
        ],
      },
    },
    [
      {
        string: "grüße",
        bytes: Buffer.from("abc").toString("base64"),
        integer: -7,
        float: 1.5,
        numeric: "-12.25",
        bignumeric: "3.5",
        boolean: true,
        timestamp: "2020-01-02T03:04:05.000006Z",
        date: "1980-05-06",
        time: "01:02:03.5",
        datetime: "2021-02-03T04:05:06",
        json: '{"a":1}',
        interval: "1-2 3 4:5:6",
        list: [1, 2, 3],
        record: { a: "x", b: 9 },
      },
      {},
    ],
  );
  await warehouse.loadTable(
    {
      tableReference: { projectId: "demo-clinic", datasetId: "types", tableId: "many" },
      schema: { fields: [{ name: "n", type: "INTEGER" }] },
    },
    Array.from({ length: 5000 }, (_, n) => ({ n })),
  );
});
after(async () => {
  await client.close();
  await warehouse.close();
});

async function open(table: string, options: object = {}, streams = 1) {
  const [session] = await client.createReadSession({
    parent: "projects/demo-clinic",
    readSession: { table, dataFormat: "ARROW", readOptions: options },
    maxStreamCount: streams,
  });
  return session;
}

async function bytesOf(session: Awaited<ReturnType<typeof open>>): Promise<number> {
  let bytes = 0;
  for await (const { arrowRecordBatch } of client.readRows({ readStream: session.streams?.[0]?.name ?? "" }))
    bytes += arrowRecordBatch.serializedRecordBatch.length;
  return bytes;
}

async function read(session: Awaited<ReturnType<typeof open>>, stream = 0, offset = 0) {
  const parts: Uint8Array[] = [session.arrowSchema?.serializedSchema as Uint8Array];
  for await (const response of client.readRows({ readStream: session.streams?.[stream]?.name ?? "", offset }))
    parts.push(response.arrowRecordBatch.serializedRecordBatch as Uint8Array);
  return tableFromIPC(Buffer.concat(parts));
}

describe("the Storage Read API", () => {
  it("has BigQuery's Arrow types and the table's values", async () => {
    const table = await read(await open(TABLE));
    assert.deepEqual(
      table.schema.fields.map(({ name, type }) => `${name}: ${type}`),
      [
        "string: Utf8",
        "bytes: Binary",
        "integer: Int64",
        "float: Float64",
        "numeric: Decimal[38e+9]",
        "bignumeric: Decimal[76e+38]",
        "boolean: Bool",
        "timestamp: Timestamp<MICROSECOND, UTC>",
        "date: Date32<DAY>",
        "time: Time64<MICROSECOND>",
        "datetime: Timestamp<MICROSECOND>",
        "geography: Utf8",
        "json: Utf8",
        "interval: Interval<MONTH_DAY_NANO>",
        "list: List<Int64>",
        "record: Struct<{a:Utf8, b:Int64}>",
      ],
    );
    assert.equal(table.schema.fields[12]?.metadata.get("ARROW:extension:name"), "google:sqlType:json");
    const row = table.get(0)?.toJSON() ?? {};
    assert.equal(row.string, "grüße");
    assert.equal(row.integer, -7n);
    assert.equal(row.float, 1.5);
    assert.equal(row.boolean, true);
    assert.equal(row.json, '{"a":1}');
    assert.deepEqual([...row.list], [1n, 2n, 3n]);
    assert.deepEqual(row.record.toJSON(), { a: "x", b: 9n });
    assert.equal(table.getChild("timestamp")?.data[0]?.values[0], 1577934245000006n);
    assert.equal(table.getChild("datetime")?.data[0]?.values[0], 1612325106000000n);
    assert.deepEqual(
      [...(table.getChild("numeric")?.data[0]?.values.slice(0, 4) ?? [])],
      [...int128(-12_250_000_000n)],
    );
    const empty = table.get(1)?.toJSON() ?? {};
    assert.deepEqual([empty.string, empty.numeric, empty.record, [...empty.list]], [null, null, null, []]);
  });

  it("selects fields, nested ones too, in the table's order, and rows by a predicate", async () => {
    const session = await open(TABLE, { selectedFields: ["record.b", "integer"], rowRestriction: "integer < 0" });
    const table = await read(session);
    assert.deepEqual(table.schema.names, ["integer", "record"]);
    assert.deepEqual(
      table.toArray().map((row) => JSON.stringify(row, (_, v) => (typeof v === "bigint" ? Number(v) : v))),
      ['{"integer":-7,"record":{"b":9}}'],
    );
  });

  it("splits a table into streams, reads from an offset, and splits a stream", async () => {
    const session = await open("projects/demo-clinic/datasets/types/tables/many", {}, 3);
    assert.equal(session.streams?.length, 3);
    const parts = await Promise.all([0, 1, 2].map((stream) => read(session, stream)));
    const all = parts.flatMap((part) => [...(part.getChild("n") ?? [])].map(Number));
    assert.deepEqual(
      all,
      Array.from({ length: 5000 }, (_, n) => n),
    );
    assert.deepEqual(Number((await read(session, 1, 10)).get(0)?.n), Number(parts[1]?.get(10)?.n));
    const [halves] = await client.splitReadStream({ name: session.streams?.[0]?.name ?? "", fraction: 0.25 });
    const split = { ...session, streams: [halves.primaryStream ?? {}, halves.remainderStream ?? {}] };
    assert.equal((await read(split, 0)).numRows + (await read(split, 1)).numRows, parts[0]?.numRows);
  });

  it("gives the same values as Avro", async () => {
    const [session] = await client.createReadSession({
      parent: "projects/demo-clinic",
      readSession: { table: TABLE, dataFormat: "AVRO" },
      maxStreamCount: 1,
    });
    const schema = JSON.parse(session.avroSchema?.schema ?? "");
    assert.deepEqual(schema.fields[4].type, [
      "null",
      { type: "bytes", logicalType: "decimal", precision: 38, scale: 9 },
    ]);
    // avsc reads by the types that it knows; a long of more than 53 bits isn't in here.
    const type = avro.Type.forSchema(schema);
    let at = 0;
    const rows: Record<string, unknown>[] = [];
    for await (const { avroRows, rowCount } of client.readRows({ readStream: session.streams?.[0]?.name ?? "" }))
      for (at = 0; rows.length < Number(rowCount); ) {
        const { value, offset } = type.decode(Buffer.from(avroRows.serializedBinaryRows), at);
        rows.push(value);
        at = offset;
      }
    const [row, empty] = rows;
    assert.deepEqual(
      [row?.string, row?.integer, row?.float, row?.boolean, row?.datetime, row?.interval, row?.list],
      ["gr\u00fc\u00dfe", -7, 1.5, true, "2021-02-03T04:05:06", "1-2 3 4:5:6", [1, 2, 3]],
    );
    assert.ok(row?.numeric instanceof Buffer);
    assert.equal(row.numeric.readIntBE(0, 5), -12_250_000_000);
    assert.equal(row?.timestamp, 1577934245000006);
    assert.deepEqual([empty?.string, empty?.record, empty?.list], [null, null, []]);
  });

  it("compresses Arrow's buffers as it is asked to", async () => {
    const table = "projects/demo-clinic/datasets/types/tables/many";
    const plain = await bytesOf(await open(table));
    for (const bufferCompression of ["LZ4_FRAME", "ZSTD"])
      assert.ok((await bytesOf(await open(table, { arrowSerializationOptions: { bufferCompression } }))) < plain);
  });

  it("refuses what it doesn't do, and streams it doesn't know", async () => {
    await assert.rejects(open(TABLE, { samplePercentage: 5 }), { code: 3 });
    await assert.rejects(open("projects/demo-clinic/datasets/types/tables/none"), { code: 5 });
    await assert.rejects(open(TABLE, { selectedFields: ["none"] }), { code: 3 });
    const session = await open(TABLE);
    await assert.rejects(read({ ...session, streams: [{ name: "projects/p/locations/l/sessions/s/streams/x" }] }), {
      code: 5,
    });
  });
});

function int128(value: bigint): Uint32Array {
  return Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((value >> shift) & 0xffffffffn));
}
