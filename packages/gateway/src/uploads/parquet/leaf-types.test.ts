import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { NumberText } from "../../sessions/sent-value.ts";
import { requireTypes } from "../file-types.ts";
import { ParquetRows } from "./rows.ts";
import {
  BOOLEAN,
  BYTE_ARRAY,
  DOUBLE,
  type Element,
  FIXED,
  FLOAT,
  INT32,
  INT64,
  INT96,
  int32,
  madeFile,
  OPTIONAL,
  REQUIRED,
  runs,
  type Struct,
  texts,
} from "./testing/made-file.ts";
import { PYARROW_INT96 } from "./testing/pyarrow-files.ts";

/** By their numbers among the older names, and among logical types. */
const CONVERTED = {
  UTF8: 0,
  ENUM: 4,
  DECIMAL: 5,
  DATE: 6,
  TIME_MILLIS: 7,
  TIME_MICROS: 8,
  TIMESTAMP_MILLIS: 9,
  TIMESTAMP_MICROS: 10,
};
const OLD = { UINT_32: 13, UINT_64: 14, JSON: 19, BSON: 20, INTERVAL: 21 };
const LOGICAL = {
  ENUM: 4,
  DECIMAL: 5,
  DATE: 6,
  TIME: 7,
  TIMESTAMP: 8,
  INTEGER: 10,
  NULL: 11,
  JSON: 12,
  UUID: 14,
  FLOAT16: 15,
};
const [MICROS, NANOS] = [2, 3];

const element = (type: number, more: Struct = {}): Element => ({ 1: type, 3: REQUIRED, 4: "c", ...more });
const logical = (kind: number, of: Struct = {}): Struct => ({ 10: { [kind]: of } });
const time = (kind: number, unit: number, utc = true) => logical(kind, { 1: utc, 2: { [unit]: {} } });

const int64 = (...values: bigint[]) => {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigInt64LE(BigInt.asIntN(64, value), 8 * index);
  return [...bytes];
};

/** The one value, and its BigQuery type. Throws UploadError. */
function read(of: Element, bytes: readonly number[], wanted?: string): [string, unknown] {
  const table: TableFieldSchema[] = wanted === undefined ? [] : [{ name: "c", type: wanted }];
  const file = madeFile([of], [{ path: ["c"], type: Number(of[1]), pages: [{ values: 1, bytes }] }], 1);
  const rows = new ParquetRows(file, table, { values: 100, characters: 1000 });
  requireTypes("Parquet", rows.fields, table);
  const [row] = rows.rows();
  const value = row?.c;
  return [rows.fields[0]?.type ?? "", value instanceof NumberText ? value.text : value];
}

const unreadable = { name: "UploadError", message: /Field c of the Parquet file has a type that isn't read here/ };
const malformed = { name: "UploadError", message: /not a Parquet file that can be read here/ };

describe("types of a Parquet file's columns", () => {
  it("are named by the older names and by the newer ones", () => {
    const uuid = [...Array(16).keys()];
    const decimal = { ...logical(LOGICAL.DECIMAL, { 1: 2, 2: 9 }) };
    for (const [of, bytes, type, value] of [
      [element(BYTE_ARRAY, { 6: CONVERTED.ENUM }), texts("é"), "STRING", "é"],
      [element(BYTE_ARRAY, logical(LOGICAL.ENUM)), texts("é"), "STRING", "é"],
      [element(BYTE_ARRAY, { 6: OLD.JSON }), texts("[1]"), "STRING", "[1]"],
      [element(BYTE_ARRAY, logical(LOGICAL.JSON)), texts("[1]"), "STRING", "[1]"],
      [element(FIXED, { 2: 16, ...logical(LOGICAL.UUID) }), uuid, "STRING", "00010203-0405-0607-0809-0a0b0c0d0e0f"],
      [element(INT32, { 6: CONVERTED.DATE }), int32(-1), "DATE", "1969-12-31"],
      [element(INT32, logical(LOGICAL.DATE)), int32(0), "DATE", "1970-01-01"],
      [element(INT32, { 6: CONVERTED.TIME_MILLIS }), int32(1), "TIME", "00:00:00.001000"],
      [element(INT64, { 6: CONVERTED.TIME_MICROS }), int64(1n), "TIME", "00:00:00.000001"],
      [element(INT64, time(LOGICAL.TIME, NANOS, false)), int64(2000n), "TIME", "00:00:00.000002"],
      [element(INT64, { 6: CONVERTED.TIMESTAMP_MILLIS }), int64(-1n), "TIMESTAMP", "1969-12-31T23:59:59.999000Z"],
      [element(INT64, { 6: CONVERTED.TIMESTAMP_MICROS }), int64(-1n), "TIMESTAMP", "1969-12-31T23:59:59.999999Z"],
      [element(INT64, time(LOGICAL.TIMESTAMP, MICROS, false)), int64(1n), "DATETIME", "1970-01-01T00:00:00.000001"],
      [element(INT64, time(LOGICAL.TIMESTAMP, NANOS)), int64(-1000n), "TIMESTAMP", "1969-12-31T23:59:59.999999Z"],
      [element(INT32, { 6: OLD.UINT_32 }), int32(-1), "INTEGER", "4294967295"],
      [element(INT64, { 6: OLD.UINT_64 }), int64(-1n), "INTEGER", "18446744073709551615"],
      [element(INT64, logical(LOGICAL.INTEGER, { 1: 64, 2: true })), int64(-1n), "INTEGER", "-1"],
      [element(INT32, { 6: CONVERTED.DECIMAL, 7: 2, 8: 9 }), int32(-5), "NUMERIC", "-0.05"],
      [element(INT64, decimal), int64(12345n), "NUMERIC", "123.45"],
      [element(FIXED, { 2: 3, 7: 2, ...decimal }), [255, 255, 251], "NUMERIC", "-0.05"],
      [element(BYTE_ARRAY, decimal), [2, 0, 0, 0, 1, 0], "NUMERIC", "2.56"],
    ] as const)
      assert.deepEqual(read(of, bytes), [type, value]);
  });

  it("of two meanings are what the table wants: bytes or texts", () => {
    const uuid = element(FIXED, { 2: 16, ...logical(LOGICAL.UUID) });
    const bytes = [...Array(16).keys()];
    assert.deepEqual(read(uuid, bytes, "BYTES"), ["BYTES", Buffer.from(bytes).toString("base64")]);
    assert.equal(read(uuid, bytes, "STRING")[1], "00010203-0405-0607-0809-0a0b0c0d0e0f");
    assert.throws(() => read(uuid, bytes, "INTEGER"), /another type than the table's/);
    const word = element(BYTE_ARRAY, { 6: CONVERTED.ENUM });
    assert.deepEqual(read(word, texts("é"), "BYTES"), ["BYTES", "w6k="]);
    assert.deepEqual(read(word, texts("é"), "STRING"), ["STRING", "é"]);
    // A text is no bytes, and bytes are no text.
    assert.throws(() => read(element(BYTE_ARRAY, { 6: CONVERTED.UTF8 }), texts("é"), "BYTES"), /another type/);
    assert.throws(() => read(element(BYTE_ARRAY), texts("é"), "STRING"), /another type/);
    assert.deepEqual(read(element(BYTE_ARRAY, { 6: OLD.JSON }), texts("{}"), "JSON"), ["STRING", "{}"]);
    assert.deepEqual(read(element(INT32, { 6: CONVERTED.DECIMAL, 7: 1 }), int32(5), "BIGNUMERIC"), ["NUMERIC", "0.5"]);
  });

  it("of 16 bits are read exactly, to their smallest and largest", () => {
    const half = element(FIXED, { 2: 2, ...logical(LOGICAL.FLOAT16) });
    for (const [bits, value] of [
      [0x3c00, "1"],
      [0xc000, "-2"],
      [0x3555, "0.333251953125"],
      [0x7bff, "65504"],
      [0x0400, "0.00006103515625"],
      [0x0001, "5.960464477539063e-8"],
      [0x8000, "-0.0"],
      [0x7c00, "inf"],
      [0xfc00, "-inf"],
      [0x7e01, "NaN"],
    ] as const)
      assert.deepEqual(read(half, [bits & 255, bits >> 8]), ["FLOAT", value]);
  });

  it("of 96 bits are timestamps, exact to the microsecond or refused", () => {
    const moment = (nanos: bigint, day: number) => [...int64(nanos), ...int32(day)];
    const of = element(INT96);
    const day = 2_440_588;
    const at = (nanos: bigint, days = day) => read(of, moment(nanos, days));
    assert.deepEqual(at(0n), ["TIMESTAMP", "1970-01-01T00:00:00.000000Z"]);
    assert.deepEqual(at(86_399_999_999_000n, day - 1), ["TIMESTAMP", "1969-12-31T23:59:59.999999Z"]);
    assert.deepEqual(at(1000n, 1_721_426), ["TIMESTAMP", "0001-01-01T00:00:00.000001Z"]);
    assert.deepEqual(at(0n, 5_373_484), ["TIMESTAMP", "9999-12-31T00:00:00.000000Z"]);
    for (const [nanos, days, says] of [
      [1n, day, /finer than a microsecond/],
      [-1000n, day, /a time of no day/],
      [86_400_000_000_000n, day, /a time of no day/],
      [0n, 5_373_485, /a day past year 9999/],
      [0n, 1_721_425, /a day past year 9999/],
      [0n, -1, /a day past year 9999/],
    ] as const)
      assert.throws(() => at(nanos, days), { name: "UploadError", message: says });
    assert.throws(() => read(of, moment(0n, day).slice(1)), malformed);
    assert.throws(() => read(of, moment(0n, day), "DATETIME"), /another type than the table's/);
    const rows = [...new ParquetRows(PYARROW_INT96, [], { values: 100, characters: 1000 }).rows()];
    assert.deepEqual(
      rows.map(({ ts }) => ts),
      [
        "1970-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:00.000001Z",
        null,
        "1969-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00.000000Z",
      ],
    );
  });

  it("of nothing fit every column, and hold nothing", () => {
    const of = element(INT32, { ...logical(LOGICAL.NULL), 3: OPTIONAL });
    for (const wanted of [undefined, "STRING", "DATE", "RECORD"])
      assert.deepEqual(read(of, runs(0), wanted), [wanted ?? "STRING", null]);
    assert.throws(() => read(of, [...runs(1), ...int32(7)], "INTEGER"), malformed);
    assert.throws(() => read(element(INT32, logical(LOGICAL.NULL)), int32(7), "INTEGER"), malformed);
  });

  it("that don't go with how their values are stored are refused by their names", () => {
    const bytes = new Array<number>(16).fill(0);
    const decimal = { 6: CONVERTED.DECIMAL, 7: 2, 8: 9 };
    for (const of of [
      ...[BOOLEAN, INT96, FLOAT, DOUBLE].map((type) => element(type, decimal)),
      ...[BOOLEAN, INT96, FLOAT, DOUBLE, BYTE_ARRAY].map((type) => element(type, { 6: OLD.UINT_32 })),
      ...[BOOLEAN, INT64, INT96, DOUBLE, BYTE_ARRAY].map((type) => element(type, { 6: CONVERTED.DATE })),
      ...[INT64, FLOAT, INT96].map((type) => element(type, { 6: CONVERTED.TIME_MILLIS })),
      ...[INT32, DOUBLE, INT96].map((type) => element(type, { 6: CONVERTED.TIME_MICROS })),
      ...[INT32, DOUBLE, INT96, BYTE_ARRAY].map((type) => element(type, { 6: CONVERTED.TIMESTAMP_MICROS })),
      ...[INT32, FIXED].map((type) => element(type, { 2: 4, 6: CONVERTED.UTF8 })),
      ...[INT32, FIXED].map((type) => element(type, { 2: 4, 6: CONVERTED.ENUM })),
      element(FIXED, { 2: 4, 6: OLD.JSON }),
      element(BYTE_ARRAY, { 6: OLD.BSON }),
      element(FIXED, { 2: 12, 6: OLD.INTERVAL }),
      ...[1, 15, 17].map((length) => element(FIXED, { 2: length, ...logical(LOGICAL.UUID) })),
      element(BYTE_ARRAY, logical(LOGICAL.UUID)),
      ...[1, 3].map((length) => element(FIXED, { 2: length, ...logical(LOGICAL.FLOAT16) })),
      element(BYTE_ARRAY, logical(LOGICAL.FLOAT16)),
      element(BYTE_ARRAY, logical(17)),
    ])
      assert.throws(() => read(of, bytes), unreadable, JSON.stringify(of));
  });

  it("of a decimal say one scale, up to 38, and no more digits than BigQuery has", () => {
    const of = (scale: number | undefined, said: number) =>
      element(INT32, { 6: CONVERTED.DECIMAL, 7: scale, ...logical(LOGICAL.DECIMAL, { 1: said, 2: 9 }) });
    assert.equal(read(of(3, 3), int32(1))[1], "0.001");
    assert.equal(read(of(undefined, 3), int32(1))[1], "0.001");
    assert.throws(() => read(of(2, 3), int32(1)), malformed);
    for (const scale of [-1, 39]) assert.throws(() => read(of(scale, scale), int32(1)), /a scale that is no number/);
    const wide = element(FIXED, { 2: 34, 6: CONVERTED.DECIMAL, 7: 0 });
    assert.throws(() => read(wide, new Array<number>(34).fill(1)), /more digits than BigQuery's/);
  });
});
