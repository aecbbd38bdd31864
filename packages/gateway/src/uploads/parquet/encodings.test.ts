import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { zstdCompressSync } from "node:zlib";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { NumberText, type SentValue } from "../../sessions/sent-value.ts";
import { ParquetRows } from "./rows.ts";
import {
  BOOLEAN,
  BYTE_ARRAY,
  FIXED,
  INT32,
  INT64,
  INT96,
  int32,
  type MadePage,
  madeFile,
  OPTIONAL,
  REQUIRED,
  runs,
  texts,
  unsigned,
  zigzag,
} from "./testing/made-file.ts";
import { PYARROW_INT96, PYARROW_V1, PYARROW_V2 } from "./testing/pyarrow-files.ts";

const MOST = { values: 100_000, characters: 1_000_000 };
const refused = { name: "UploadError", message: /not a Parquet file that can be read here/ };

function rowsOf(file: Uint8Array, table: readonly TableFieldSchema[] = []): Record<string, unknown>[] {
  return [...new ParquetRows(file, table, MOST).rows()].map((row) => plain(row) as Record<string, unknown>);
}

function plain(value: SentValue): unknown {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** A file of one column `c`, of these pages. */
const column = (
  type: number,
  length: number | undefined,
  optional: boolean,
  pages: readonly MadePage[],
  rows: number,
) =>
  madeFile([{ 1: type, 2: length, 3: optional ? OPTIONAL : REQUIRED, 4: "c" }], [{ path: ["c"], type, pages }], rows);
const values = (type: number, encoding: number, count: number, bytes: readonly number[], length?: number) =>
  rowsOf(column(type, length, false, [{ values: count, encoding, bytes }], count)).map(({ c }) => c);
const ZSTD = 6;
const [RLE, DELTA_NUMBERS, DELTA_LENGTHS, DELTA_BYTES, SPLIT] = [3, 5, 6, 7, 9];
const steps = (count: number, first: number, step: number) => [
  ...unsigned(128),
  ...unsigned(1),
  ...unsigned(count),
  ...zigzag(first),
  ...(count > 1 ? [...zigzag(step), 0] : []),
];

describe("encodings of a Parquet file's pages", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-encodings-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function parquetOf(query: string, options: string): Promise<Uint8Array> {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    try {
      const file = join(folder, "rows.parquet");
      await connection.run(`COPY (${query}) TO '${file}' (FORMAT PARQUET${options})`);
      return new Uint8Array(readFileSync(file));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  it("that pyarrow writes are read, in pages of both versions", () => {
    for (const file of [PYARROW_V1, PYARROW_V2]) {
      const rows = rowsOf(file);
      assert.equal(rows.length, 40);
      for (const [i, row] of rows.entries()) {
        const hex = (BigInt(i) * (2n ** 64n + 1n)).toString(16).padStart(32, "0");
        const uuid = [0, 8, 12, 16, 20].map((from, n) => hex.slice(from, [8, 12, 16, 20][n])).join("-");
        const decimal = i * 12_345 - 99_999;
        const digits = String(Math.abs(decimal)).padStart(4, "0");
        const entries = Array.from({ length: i % 3 }, (_, j) => ({ key: `k${j}`, value: String(j * i) }));
        const there = {
          i: String(i ** 3 - 5000),
          l: String((i % 2 === 0 ? 1n : -1n) * (2n ** 62n + BigInt(i))),
          s: `word-${String(Math.floor(i / 3)).padStart(3, "0")}`,
          b: Buffer.alloc(i % 4, i).toString("base64"),
          k: Buffer.from(`key${String(Math.floor(i / 5)).padStart(2, "0")}`).toString("base64"),
          d: `${decimal < 0 ? "-" : ""}${digits.slice(0, -3)}.${digits.slice(-3)}`,
          f: String(i / 3),
          h: String(i / 4 - 3),
          n: String(i * 7),
          t: i % 3 === 0,
          u: uuid,
          m: { key_value: entries },
          x: null,
        };
        const isNull = i % 7 === 3;
        assert.deepEqual(
          row,
          isNull ? Object.fromEntries(Object.keys(there).map((name) => [name, null])) : there,
          `row ${i}`,
        );
      }
    }
  });

  it("that DuckDB writes are read as those that it writes otherwise", async () => {
    const query = `SELECT CASE WHEN i % 5 <> 0 THEN i * 7 - 3000 END AS i, i::BIGINT * 1000000007 * (1 - 2 * (i % 2)) AS l, i / 7 AS f, (i / 7)::FLOAT AS g,
      CASE WHEN i % 11 <> 0 THEN md5(i::VARCHAR) END AS s, i % 3 = 0 AS t, [i, i + 1] AS a, {'x': i, 'y': 'w' || i} AS r, (i / 8)::DECIMAL(9, 3) AS d,
      DATE '2026-01-01' + i::INTEGER AS day FROM range(3000) r(i)`;
    const first = rowsOf(await parquetOf(query, ", COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1"));
    assert.equal(first.length, 3000);
    for (const compression of ["snappy", "lz4_raw"])
      assert.deepEqual(
        rowsOf(await parquetOf(query, `, COMPRESSION ${compression}, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1`)),
        first,
      );
  });

  it("of whole numbers, texts and bytes are those of their types alone", () => {
    assert.deepEqual(values(INT32, DELTA_NUMBERS, 3, steps(3, 5, -2)), ["5", "3", "1"]);
    assert.deepEqual(values(INT32, SPLIT, 2, [1, 255, 2, 255, 0, 255, 0, 255]), ["513", "-1"]);
    assert.deepEqual(values(FIXED, SPLIT, 2, [1, 2, 3, 4], 2), ["AQM=", "AgQ="]);
    const bytes = [...steps(2, 1, 1), ...Buffer.from("abb")];
    assert.deepEqual(values(BYTE_ARRAY, DELTA_LENGTHS, 2, bytes), ["YQ==", "YmI="]);
    assert.deepEqual(values(FIXED, DELTA_BYTES, 2, [...steps(2, 0, 1), ...steps(2, 2, -1), ...Buffer.from("abc")], 2), [
      "YWI=",
      "YWM=",
    ]);
    for (const [type, encoding] of [
      [BYTE_ARRAY, DELTA_NUMBERS],
      [FIXED, DELTA_NUMBERS],
      [BOOLEAN, DELTA_NUMBERS],
      [INT96, DELTA_NUMBERS],
      [INT32, DELTA_LENGTHS],
      [FIXED, DELTA_LENGTHS],
      [INT64, DELTA_BYTES],
      [BOOLEAN, SPLIT],
      [BYTE_ARRAY, SPLIT],
      [INT96, SPLIT],
      [INT32, RLE],
    ] as const)
      assert.throws(() => values(type, encoding, 2, bytes, type === FIXED ? 1 : undefined), refused);
    // Bytes of another number than their column has.
    assert.throws(() => values(FIXED, DELTA_BYTES, 1, [...steps(1, 0, 0), ...steps(1, 3, 0), 1, 2, 3], 2), refused);
  });

  it("that say more values than their bytes hold are refused, in whatever way they say it", () => {
    for (const [type, encoding, count, bytes, length] of [
      [INT32, DELTA_NUMBERS, 4, steps(3, 5, 1)],
      [INT32, DELTA_NUMBERS, 3, steps(4, 5, 1)],
      [INT32, SPLIT, 3, [1, 2, 3, 4, 5, 6, 7, 8]],
      [INT32, SPLIT, 2, [1, 2, 3, 4, 5, 6, 7]],
      [FIXED, SPLIT, 1, [1, 2, 3], 2 ** 31 - 1],
      [FIXED, SPLIT, 1, [], 2 ** 31 - 1],
      [BYTE_ARRAY, DELTA_LENGTHS, 2, [...steps(2, 1, 1), 1, 2]],
      [BYTE_ARRAY, DELTA_BYTES, 2, [...steps(2, 0, 1), ...steps(2, 1, 1), 1, 2]],
      [BOOLEAN, RLE, 8, [2, 0, 0, 0, 8, 1]],
      [BOOLEAN, RLE, 1, [200, 0, 0, 0, 2, 1]],
      [BOOLEAN, RLE, 1, [0, 0]],
      [BOOLEAN, RLE, 1, []],
    ] as const)
      assert.throws(() => values(type, encoding, count, bytes, length), refused, `${type} ${encoding}`);
    assert.deepEqual(values(BOOLEAN, RLE, 4, [2, 0, 0, 0, 8, 1]), [true, true, true, true]);
  });

  it("of a page of NULLs alone may have no bytes, and of a thousand million NULLs are a few", () => {
    for (const encoding of [RLE, DELTA_NUMBERS, DELTA_LENGTHS, DELTA_BYTES, SPLIT]) {
      const type = encoding === RLE ? BOOLEAN : encoding === DELTA_NUMBERS || encoding === SPLIT ? INT32 : BYTE_ARRAY;
      assert.deepEqual(rowsOf(column(type, undefined, true, [{ values: 2, encoding, bytes: runs(0, 0) }], 2)), [
        { c: null },
        { c: null },
      ]);
    }
    const many = unsigned(2n * 1_000_000_000n);
    const bytes = [many.length + 1, 0, 0, 0, ...many, 0];
    const page = { values: 1_000_000_000, encoding: DELTA_NUMBERS, bytes };
    assert.throws(() => rowsOf(column(INT32, undefined, true, [page], 1_000_000_000)), { name: "TooManyValues" });
  });

  it("of the oldest levels are read, the highest bit first, and stand in bytes that are there", () => {
    // Levels 1, 0, 1, in one byte.
    const page = { values: 3, levels: 4, bytes: [0b1010_0000, ...int32(7, -8)] };
    assert.deepEqual(rowsOf(column(INT32, undefined, true, [page], 3)), [{ c: "7" }, { c: null }, { c: "-8" }]);
    for (const one of [
      { ...page, values: 2 ** 31 - 1 },
      { ...page, bytes: [] },
      // DELTA_BINARY_PACKED, which levels never are.
      { ...page, levels: 5 },
    ])
      assert.throws(() => rowsOf(column(INT32, undefined, true, [one], 3)), refused);
  });

  it("of a dictionary are plain, and refused where it says another", () => {
    const dictionary = (encoding: number): MadePage[] => [
      { kind: "dictionary", values: 2, encoding, bytes: texts("a", "b") },
      { values: 3, encoding: 8, bytes: [1, 2, 1, 2, 0, 2, 1] },
    ];
    const file = (encoding: number) => column(BYTE_ARRAY, undefined, false, dictionary(encoding), 3);
    for (const encoding of [0, 2])
      assert.deepEqual(rowsOf(file(encoding)), [{ c: "Yg==" }, { c: "YQ==" }, { c: "Yg==" }]);
    for (const encoding of [RLE, DELTA_BYTES, DELTA_LENGTHS]) assert.throws(() => rowsOf(file(encoding)), refused);
  });

  it("nobody knows are refused by that name, and so is LZO", () => {
    for (const encoding of [1, 4, 10, 255])
      assert.throws(() => values(INT32, encoding, 1, int32(1)), {
        name: "UploadError",
        message: /encoded in a way that isn't read here/,
      });
    const file = madeFile(
      [{ 1: INT32, 3: REQUIRED, 4: "c" }],
      [{ path: ["c"], type: INT32, codec: 3, pages: [{ values: 1, bytes: int32(1) }] }],
      1,
    );
    assert.throws(() => rowsOf(file), { name: "UploadError", message: /compressed other than by Snappy/ });
  });

  it("of values that begin as those before them stand twice, and both are counted", () => {
    // Of four columns, whose pages are 20 MB each: 80 MB of pages and, of these values, as much again.
    const lengths = [...steps(1, 0, 0), ...steps(1, 3, 0)];
    const whole = Buffer.concat([Buffer.from(lengths), Buffer.from("abc"), Buffer.alloc(20_000_000)]);
    const names = ["a", "b", "c", "d"];
    const file = (encoding: number, bytes: Buffer) => {
      const page = { values: 1, encoding, bytes: [...zstdCompressSync(bytes)], unpacked: bytes.length };
      return madeFile(
        names.map((name) => ({ 1: BYTE_ARRAY, 3: REQUIRED, 4: name })),
        names.map((name) => ({ path: [name], type: BYTE_ARRAY, codec: ZSTD, pages: [page] })),
        1,
      );
    };
    assert.throws(() => rowsOf(file(DELTA_BYTES, whole)), { name: "UploadError", message: /unpack to more than may/ });
    assert.equal(rowsOf(file(DELTA_LENGTHS, whole.subarray(lengths.length / 2))).length, 1);
  });

  it("of a broken file are refused without a word of it, or read, and within their bounds", async () => {
    const query = `SELECT i * 77 - 500 AS i, i::BIGINT * 1000000007 AS l, i / 7 AS f, 'secret' || i AS s, i % 3 = 0 AS t, [i] AS a FROM range(200) r(i)`;
    const duck = await parquetOf(query, ", COMPRESSION lz4_raw, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1");
    const most = { values: 20_000, characters: 1_000_000 };
    fc.assert(
      fc.property(
        fc.constantFrom(duck, PYARROW_V1, PYARROW_V2, PYARROW_INT96),
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (file, changes) => {
          const broken = Uint8Array.from(file);
          for (const [at, byte] of changes) broken[at % broken.length] = byte;
          try {
            let rows = 0;
            for (const _ of new ParquetRows(broken, [], most).rows()) rows++;
            assert.ok(rows <= most.values);
          } catch (error) {
            assert.ok(error instanceof Error);
            assert.ok(["UploadError", "TooManyValues"].includes(error.name), error.stack);
            assert.doesNotMatch(error.message, /secret|word-|key0/);
          }
        },
      ),
      { numRuns: 4000 },
    );
  });
});
