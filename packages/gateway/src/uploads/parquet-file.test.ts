import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { jsonRows } from "./json-rows.ts";
import { parquetFile } from "./parquet-file.ts";
import { requireTypes } from "./parquet-types.ts";
import { statementInThread } from "./upload-thread.ts";

const ASKED = {
  target: "`p.d.t`",
  fields: ["i", "w", "l"].map((name) => ({
    name,
    type: name === "w" ? "STRING" : "INTEGER",
    mode: name === "l" ? "REPEATED" : "NULLABLE",
  })),
  exists: true,
  write: "WRITE_APPEND",
  ignoreUnknownValues: false,
  maxBadRecords: 0,
} as const;

async function parquetRows(bytes: Uint8Array) {
  const { fields, text } = await parquetFile(new Uint8Array(bytes));
  return { fields, rows: jsonRows(text) };
}

/** What DuckDB writes: another hand than the reader's. */
async function parquetOf(folder: string, query: string, options = ""): Promise<Buffer> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const file = join(folder, "rows.parquet");
    await connection.run(`COPY (${query}) TO '${file}' (FORMAT PARQUET${options})`);
    return readFileSync(file);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const refused = (bytes: Uint8Array, says: RegExp) =>
  assert.rejects(parquetRows(bytes), (error: Error) => {
    assert.equal(error.name, "UploadError", error.stack);
    assert.match(error.message, says);
    return true;
  });

describe("rows of a Parquet file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-parquet-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("are exact: no decimal through a double, no microsecond dropped", async () => {
    const { fields, rows } = await parquetRows(
      await parquetOf(
        folder,
        `SELECT 9223372036854775807 AS i, 1.5::DOUBLE AS f, 'nan'::DOUBLE AS nan, 'é' AS s, '\\x00\\xFF'::BLOB AS b, TRUE AS t,
         DATE '0001-01-01' AS d, TIMESTAMP '2026-02-28 12:34:56.789012' AS dt, TIMESTAMPTZ '1960-01-01 00:00:00.000001+00' AS ts,
         TIME '23:59:59.999999' AS c, '-12345678901234567890.123456789'::DECIMAL(38, 9) AS n, 0.05::DECIMAL(4, 2) AS small,
         ['x', NULL] AS l, {'a': 1, 'b': ['y']} AS r, NULL::INTEGER AS nothing`,
      ),
    );
    assert.deepEqual(JSON.parse(JSON.stringify(rows)), [
      {
        i: { text: "9223372036854775807" },
        f: { text: "1.5" },
        nan: "NaN",
        s: "é",
        b: "AP8=",
        t: true,
        d: "0001-01-01",
        dt: "2026-02-28T12:34:56.789012",
        ts: "1960-01-01T00:00:00.000001Z",
        c: "23:59:59.999999",
        n: { text: "-12345678901234567890.123456789" },
        small: { text: "0.05" },
        l: ["x", null],
        r: { a: { text: "1" }, b: ["y"] },
        nothing: null,
      },
    ]);
    assert.deepEqual(
      fields.map(({ name, type, repeated }) => `${name} ${type}${repeated ? " list" : ""}`).join(", "),
      "i INTEGER, f FLOAT, nan FLOAT, s STRING, b BYTES, t BOOLEAN, d DATE, dt DATETIME, ts TIMESTAMP, c TIME, n NUMERIC, small NUMERIC, l STRING list, r RECORD, nothing INTEGER",
    );
  });

  it("of another type than the table's are refused: a number is no text, an array no value", async () => {
    const { fields } = await parquetRows(
      await parquetOf(folder, "SELECT 1::BIGINT AS a, ['x'] AS b, {'c': 1::BIGINT} AS r"),
    );
    const table = (a: string, mode: string, c: string) => [
      { name: "A", type: a },
      { name: "b", type: "STRING", mode },
      { name: "r", type: "RECORD", fields: [{ name: "c", type: c }] },
    ];
    requireTypes(fields, table("INT64", "REPEATED", "INTEGER"));
    assert.throws(() => requireTypes(fields, table("STRING", "REPEATED", "INTEGER")), /Field A of the Parquet file/);
    assert.throws(() => requireTypes(fields, table("INT64", "NULLABLE", "INTEGER")), /Field b of/);
    assert.throws(() => requireTypes(fields, table("INT64", "REPEATED", "FLOAT")), /Field r.c of/);
  });

  it("that unpack to more than an upload may hold are refused before they are unpacked", async () => {
    const bomb = await parquetOf(folder, "SELECT repeat('x', 1000000) || i AS s FROM range(100) r(i)");
    await refused(bomb, /unpacks to more than an upload may hold/);
    // One long value that many rows name by a dictionary.
    await refused(await parquetOf(folder, "SELECT repeat('x', 100000) AS s FROM range(20000)"), /unpacks to more/);
    await refused(await parquetOf(folder, "SELECT i FROM range(200001) r(i)"), /at most 200000 rows/);
    await refused(await parquetOf(folder, "SELECT range(1000) AS l FROM range(4000)"), /unpacks to more/);
  });

  it("compressed otherwise, of other types, or no Parquet at all are refused", async () => {
    await refused(await parquetOf(folder, "SELECT 1 AS i", ", COMPRESSION zstd"), /other than by Snappy/);
    await refused(await parquetOf(folder, "SELECT MAP {'a': 1} AS m"), /neither a value, a record nor a list/);
    await refused(await parquetOf(folder, "SELECT [[1]] AS l"), /a list of lists/);
    await refused(await parquetOf(folder, "SELECT uuid() AS u"), /has a type that isn't read here/);
    for (const bytes of [
      [],
      [1, 2, 3],
      [...Buffer.from("PAR1PAR1")],
      [...Buffer.from("PAR1\xff\xff\xff\xffPAR1", "latin1")],
    ])
      await refused(Uint8Array.from(bytes), /not a Parquet file/);
  });

  it("of a broken file are refused, or read, and nothing else falls with it", async () => {
    const whole = await parquetOf(folder, "SELECT i, 'w' || (i % 3) AS w, [i] AS l FROM range(20) r(i)");
    const { sql } = await statementInThread({ ...ASKED, format: { kind: "parquet" } }, whole);
    assert.match(sql, /^INSERT INTO/);
    let seed = 20261127;
    const next = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    for (let n = 0; n < 12; n++) {
      const broken = Buffer.from(whole);
      for (let k = 0; k < 3; k++) broken[next(broken.length)] = next(256);
      // In a thread, as every upload is: what the reader throws nowhere would end this one.
      await statementInThread({ ...ASKED, format: { kind: "parquet" } }, broken).catch((error: Error) => {
        assert.equal(error.name, "UploadError", `${n}: ${error.stack}`);
      });
    }
  });
});
