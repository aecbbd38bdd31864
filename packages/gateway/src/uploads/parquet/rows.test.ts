import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { NumberText } from "../../sessions/sent-value.ts";
import { requireTypes } from "../file-types.ts";
import { statementInThread } from "../upload-thread.ts";
import { ParquetRows } from "./rows.ts";

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

const MOST = { values: 1_000_000, characters: 10_000_000 };

async function parquetRows(bytes: Uint8Array, most = MOST, table: readonly TableFieldSchema[] = []) {
  const file = new ParquetRows(bytes, table, most);
  return { fields: file.fields, rows: [...file.rows()] };
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

/** A file of nothing but what it says of itself. */
function described(footer: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([Buffer.from("PAR1"), footer, length, Buffer.from("PAR1")]);
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
    requireTypes("Parquet", fields, table("INT64", "REPEATED", "INTEGER"));
    assert.throws(
      () => requireTypes("Parquet", fields, table("STRING", "REPEATED", "INTEGER")),
      /Field A of the Parquet file/,
    );
    assert.throws(() => requireTypes("Parquet", fields, table("INT64", "NULLABLE", "INTEGER")), /Field b of/);
    assert.throws(() => requireTypes("Parquet", fields, table("INT64", "REPEATED", "FLOAT")), /Field r.c of/);
  });

  it("that come to more than may be are not read to their end, however few bytes they are packed in", async () => {
    const tooMany = async (query: string, most = MOST) => {
      const file = await parquetOf(folder, query);
      assert.ok(file.length < 10_000_000);
      await assert.rejects(parquetRows(file, most), { name: "TooManyValues" });
    };
    await tooMany("SELECT repeat('x', 100000) || i AS s FROM range(1000) r(i)");
    // One long value that many rows name by a dictionary.
    await tooMany("SELECT repeat('x', 100000) AS s FROM range(20000)");
    await tooMany("SELECT range(1000) AS l FROM range(4000)");
    await tooMany("SELECT NULL::INTEGER AS i FROM range(2000)", { ...MOST, values: 1999 });
    await refused(await parquetOf(folder, "SELECT range(100001) AS l"), /more than 100000 values/);
    await refused(await parquetOf(folder, "SELECT repeat('x', 1000001) AS s"), /more than .* 1000000 characters/);
  });

  it("of one upload that a statement doesn't take are told apart from those that nothing reads", async () => {
    const asked = { ...ASKED, format: { kind: "parquet" } } as const;
    const many = await parquetOf(folder, "SELECT i FROM range(200001) r(i)");
    await assert.rejects(statementInThread(asked, many), { message: /more than BigQuery takes with one statement/ });
    const long = await parquetOf(folder, "SELECT repeat('x', 100000) AS w FROM range(2000)");
    await assert.rejects(statementInThread(asked, long), { message: /more than BigQuery takes with one statement/ });
  });

  it("are the same however the file is packed and in what pages and groups they stand", async () => {
    const query = `SELECT i, CASE WHEN i % 7 > 0 THEN 'w' || (i % 50) END AS w, 'long' || i AS u, i % 3 = 0 AS b, i / 8 AS f,
      CASE WHEN i % 5 > 0 THEN [{'n': i, 's': CASE WHEN i % 2 > 0 THEN ['é' || i, NULL] END}, NULL, {'n': NULL, 's': []}] END AS l,
      CASE WHEN i % 11 > 0 THEN {'x': CASE WHEN i % 4 > 0 THEN {'y': i} END, 'z': range(i % 4)} END AS r,
      (i / 100)::DECIMAL(38, 9) AS n, DATE '2000-01-01' + (i % 900)::INTEGER AS d
      FROM range(5000) t(i)`;
    const [first, ...others] = await Promise.all(
      [
        ", COMPRESSION uncompressed",
        ", COMPRESSION snappy, PARQUET_VERSION v1",
        ", COMPRESSION gzip, ROW_GROUP_SIZE 2048",
        ", COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 1",
        ", COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1, PARQUET_VERSION v2",
        ", COMPRESSION brotli, ROW_GROUP_SIZE 4096, PARQUET_VERSION v1",
      ].map(async (options, index) => {
        const own = join(folder, String(index));
        mkdirSync(own);
        return parquetRows(await parquetOf(own, query, options));
      }),
    );
    assert.equal(first?.rows.length, 5000);
    // As another reader has them.
    const bytes = new Uint8Array(await parquetOf(folder, query));
    const read = await parquetReadObjects({ file: bytes.buffer });
    const plain = (value: unknown): unknown =>
      value instanceof NumberText
        ? Number(value.text)
        : typeof value === "bigint"
          ? Number(value)
          : value instanceof Date
            ? value.toISOString().slice(0, 10)
            : Array.isArray(value)
              ? value.map(plain)
              : typeof value === "object" && value !== null
                ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
                : (value ?? null);
    assert.deepEqual(plain(first?.rows), plain(read));
    for (const other of others) assert.deepEqual(other, first);
  });

  it("of other types, or no Parquet at all, are refused", async () => {
    await refused(await parquetOf(folder, "SELECT [[1]] AS l"), /a list of lists/);
    await refused(await parquetOf(folder, "SELECT INTERVAL 1 DAY AS u"), /has a type that isn't read here/);
    for (const bytes of [
      [],
      [1, 2, 3],
      [...Buffer.from("PAR1PAR1")],
      [...Buffer.from("PAR1\xff\xff\xff\xffPAR1", "latin1")],
    ])
      await refused(Uint8Array.from(bytes), /not a Parquet file/);
  });

  it("of a file that says it has two thousand million of anything are refused, and the process goes on", async () => {
    // Of a list this long hyparquet would make a table of gigabytes, which ends every thread.
    const most = Buffer.concat([Buffer.from([0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x07]), Buffer.alloc(15_900_000, 1)]);
    const asked = { ...ASKED, format: { kind: "parquet" } } as const;
    await assert.rejects(statementInThread(asked, described(most)), { message: /not a Parquet file/ });
  });

  it("of names, or of values, longer than a row may have are refused before they are made texts", async () => {
    const name = "n".repeat(301);
    await refused(await parquetOf(folder, `SELECT 1 AS ${name}`), /has a name that BigQuery hasn't/);
    await parquetRows(await parquetOf(folder, `SELECT 1 AS ${name.slice(1)}`));
    for (const type of ["VARCHAR", "BLOB"])
      await refused(await parquetOf(folder, `SELECT repeat('x', 4000001)::${type} AS s`), /a value of more bytes/);
  });

  it("of a broken file are refused without a word of it, or read, and within their bounds", async () => {
    const query =
      "SELECT i, 'w' || (i % 3) AS w, [i, 2] AS l, {'x': 'secret' || i, 'y': [i]} AS r FROM range(300) t(i)";
    const whole = await parquetOf(folder, query, ", COMPRESSION zstd");
    const plain = await parquetOf(folder, query, ", COMPRESSION uncompressed, PARQUET_VERSION v1");
    const most = { values: 20_000, characters: 1_000_000 };
    fc.assert(
      fc.property(
        fc.constantFrom(whole, plain),
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (file, changes) => {
          const broken = Uint8Array.from(file);
          for (const [at, byte] of changes) broken[at % broken.length] = byte;
          try {
            const { fields } = new ParquetRows(broken, [], most);
            assert.ok(fields.length > 0);
            let rows = 0;
            for (const _ of new ParquetRows(broken, [], most).rows()) rows++;
            assert.ok(rows <= most.values);
          } catch (error) {
            assert.ok(error instanceof Error);
            assert.ok(["UploadError", "TooManyValues"].includes(error.name), error.stack);
            assert.doesNotMatch(error.message, /secret/);
          }
        },
      ),
      { numRuns: 3000 },
    );
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
