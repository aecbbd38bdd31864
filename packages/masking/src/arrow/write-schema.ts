import type { FieldType } from "../mask-rule.ts";
import { ARROW, type Column, DAY, DOUBLE, MICROSECOND, MONTH_DAY_NANO } from "./column.ts";
import { type FlatObject, int16, int32, string, table, uint8, vector } from "./flat-writer.ts";
import { SCHEMA, writeMetadata } from "./message.ts";

/**
 * The schema message of these columns: our own, so that nothing of upstream's but the types passes. Every column may hold NULL, for
 * a mask can make any value NULL; only an ARRAY is never NULL in BigQuery.
 */
export function writeSchema(columns: readonly Column[]): Buffer {
  return writeMetadata(SCHEMA, table(int16(0), vector(columns.map(fieldOf))), 0);
}

/**
 * As BigQuery marks the types that Arrow doesn't have, seen in what its Python client writes (BQ_FIELD_TYPE_TO_ARROW_FIELD_METADATA).
 * https://github.com/googleapis/python-bigquery/blob/main/google/cloud/bigquery/_pandas_helpers.py
 */
const EXTENSIONS: Partial<Record<FieldType, readonly (readonly [string, string])[]>> = {
  GEOGRAPHY: [
    ["ARROW:extension:name", "google:sqlType:geography"],
    ["ARROW:extension:metadata", '{"encoding": "WKT"}'],
  ],
  JSON: [["ARROW:extension:name", "google:sqlType:json"]],
  DATETIME: [["ARROW:extension:name", "google:sqlType:datetime"]],
};

function fieldOf(column: Column): FlatObject {
  const isList = column.layout.kind === "list";
  const [typeCode, type] = isList ? ([ARROW.list, table()] as const) : typeOf(column);
  const children = isList
    ? column.children.map((item) => fieldOf({ ...item, name: "item" }))
    : column.children.map(fieldOf);
  const extensions = (isList ? undefined : EXTENSIONS[column.type]) ?? [];
  return table(
    string(column.name),
    uint8(isList ? 0 : 1),
    uint8(typeCode),
    type,
    undefined,
    vector(children),
    extensions.length === 0 ? undefined : vector(extensions.map(([key, value]) => table(string(key), string(value)))),
  );
}

function typeOf(column: Column): readonly [code: number, type: FlatObject] {
  switch (column.type) {
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
      return [ARROW.utf8, table()];
    case "BYTES":
      return [ARROW.binary, table()];
    case "INT64":
      return [ARROW.int, table(int32(64), uint8(1))];
    case "FLOAT64":
      return [ARROW.floatingPoint, table(int16(DOUBLE))];
    case "BOOL":
      return [ARROW.bool, table()];
    case "NUMERIC":
      return [ARROW.decimal, table(int32(38), int32(9), int32(128))];
    case "BIGNUMERIC":
      return [ARROW.decimal, table(int32(76), int32(38), int32(256))];
    case "DATE":
      return [ARROW.date, table(int16(DAY))];
    case "TIME":
      return [ARROW.time, table(int16(MICROSECOND), int32(64))];
    case "DATETIME":
      return [ARROW.timestamp, table(int16(MICROSECOND))];
    case "TIMESTAMP":
      return [ARROW.timestamp, table(int16(MICROSECOND), string("UTC"))];
    case "INTERVAL":
      return [ARROW.interval, table(int16(MONTH_DAY_NANO))];
    case "RANGE":
    case "STRUCT":
      return [ARROW.struct, table()];
  }
}
