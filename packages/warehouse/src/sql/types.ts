/**
 * BigQuery's column types and DuckDB's, and the way back.
 * DATETIME is TIMESTAMP, TIMESTAMP is TIMESTAMPTZ, NUMERIC is DECIMAL(38,9), BIGNUMERIC every other DECIMAL,
 * INT64 every integer (HUGEINT too: a sum of BIGINT), JSON is VARCHAR under an alias, GEOGRAPHY is GEOMETRY.
 */
import { DuckDBDecimalType, DuckDBListType, DuckDBStructType, type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { WarehouseError } from "../errors.ts";

/** Names as they stand in a REST schema. */
export type FieldType =
  | "STRING"
  | "BYTES"
  | "INTEGER"
  | "FLOAT"
  | "NUMERIC"
  | "BIGNUMERIC"
  | "BOOLEAN"
  | "TIMESTAMP"
  | "DATE"
  | "TIME"
  | "DATETIME"
  | "GEOGRAPHY"
  | "JSON"
  | "INTERVAL"
  | "RECORD";

export type FieldMode = "NULLABLE" | "REQUIRED" | "REPEATED";

/** TableFieldSchema of the REST API. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly mode?: FieldMode;
  readonly fields?: readonly Field[];
  readonly description?: string;
  readonly policyTags?: { readonly names: readonly string[] };
}

const SPELLINGS = new Map<string, FieldType>([
  ["STRING", "STRING"],
  ["BYTES", "BYTES"],
  ["INTEGER", "INTEGER"],
  ["INT64", "INTEGER"],
  ["FLOAT", "FLOAT"],
  ["FLOAT64", "FLOAT"],
  ["NUMERIC", "NUMERIC"],
  ["BIGNUMERIC", "BIGNUMERIC"],
  ["BOOLEAN", "BOOLEAN"],
  ["BOOL", "BOOLEAN"],
  ["TIMESTAMP", "TIMESTAMP"],
  ["DATE", "DATE"],
  ["TIME", "TIME"],
  ["DATETIME", "DATETIME"],
  ["GEOGRAPHY", "GEOGRAPHY"],
  ["JSON", "JSON"],
  ["INTERVAL", "INTERVAL"],
  ["RECORD", "RECORD"],
  ["STRUCT", "RECORD"],
]);

const DUCK: Record<Exclude<FieldType, "RECORD">, string> = {
  STRING: "VARCHAR",
  BYTES: "BLOB",
  INTEGER: "BIGINT",
  FLOAT: "DOUBLE",
  NUMERIC: "DECIMAL(38,9)",
  BIGNUMERIC: "DECIMAL(38,18)",
  BOOLEAN: "BOOLEAN",
  TIMESTAMP: "TIMESTAMPTZ",
  DATE: "DATE",
  TIME: "TIME",
  DATETIME: "TIMESTAMP",
  GEOGRAPHY: "GEOMETRY",
  JSON: "JSON",
  INTERVAL: "INTERVAL",
};

/** The REST schema's name of a type, either spelling taken; undefined when there is none. */
export function fieldType(name: string): FieldType | undefined {
  return SPELLINGS.get(name.toUpperCase());
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** DuckDB's type for a field, mode included. */
export function duckType(field: Field): string {
  const single =
    field.type === "RECORD"
      ? `STRUCT(${(field.fields ?? []).map((f) => `${quoteIdentifier(f.name)} ${duckType(f)}`).join(", ")})`
      : DUCK[field.type];
  return field.mode === "REPEATED" ? `${single}[]` : single;
}

/** The field BigQuery would report for a DuckDB result column. Throws `invalidQuery` on types BigQuery has not. */
export function fieldOf(name: string, type: DuckDBType): Field {
  if (type instanceof DuckDBListType) {
    if (type.valueType instanceof DuckDBListType) {
      throw new WarehouseError(
        "invalidQuery",
        "Cannot construct array with element type ARRAY because nested arrays are not supported",
      );
    }
    return { ...fieldOf(name, type.valueType), mode: "REPEATED" };
  }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((entry, i) => {
      const entryType = type.entryTypes[i];
      if (entryType === undefined) throw new WarehouseError("internalError", "a STRUCT without the type of a field");
      return fieldOf(entry === "" ? `_field_${i + 1}` : entry, entryType);
    });
    return { name, type: "RECORD", mode: "NULLABLE", fields };
  }
  return { name, type: scalarOf(type), mode: "NULLABLE" };
}

function scalarOf(type: DuckDBType): FieldType {
  const alias = type.alias?.toUpperCase();
  if (alias === "JSON") return alias;
  if (type instanceof DuckDBDecimalType) return type.scale === 9 ? "NUMERIC" : "BIGNUMERIC";
  const found = SCALARS.get(type.typeId);
  if (found === undefined)
    throw new WarehouseError("invalidQuery", `Type ${type.toString()} has no counterpart in BigQuery`);
  return found;
}

const SCALARS = new Map<DuckDBTypeId, FieldType>([
  [DuckDBTypeId.VARCHAR, "STRING"],
  [DuckDBTypeId.UUID, "STRING"],
  [DuckDBTypeId.BLOB, "BYTES"],
  [DuckDBTypeId.BOOLEAN, "BOOLEAN"],
  [DuckDBTypeId.TINYINT, "INTEGER"],
  [DuckDBTypeId.SMALLINT, "INTEGER"],
  [DuckDBTypeId.INTEGER, "INTEGER"],
  [DuckDBTypeId.BIGINT, "INTEGER"],
  [DuckDBTypeId.HUGEINT, "INTEGER"],
  [DuckDBTypeId.UTINYINT, "INTEGER"],
  [DuckDBTypeId.USMALLINT, "INTEGER"],
  [DuckDBTypeId.UINTEGER, "INTEGER"],
  [DuckDBTypeId.UBIGINT, "INTEGER"],
  [DuckDBTypeId.UHUGEINT, "INTEGER"],
  [DuckDBTypeId.SQLNULL, "INTEGER"],
  [DuckDBTypeId.FLOAT, "FLOAT"],
  [DuckDBTypeId.DOUBLE, "FLOAT"],
  [DuckDBTypeId.TIMESTAMP, "DATETIME"],
  [DuckDBTypeId.TIMESTAMP_S, "DATETIME"],
  [DuckDBTypeId.TIMESTAMP_MS, "DATETIME"],
  [DuckDBTypeId.TIMESTAMP_NS, "DATETIME"],
  [DuckDBTypeId.TIMESTAMP_TZ, "TIMESTAMP"],
  [DuckDBTypeId.DATE, "DATE"],
  [DuckDBTypeId.TIME, "TIME"],
  [DuckDBTypeId.INTERVAL, "INTERVAL"],
  [DuckDBTypeId.GEOMETRY, "GEOGRAPHY"],
]);

/** Bytes BigQuery would count for one value of the field, roughly: for totalBytesProcessed. */
export function estimatedBytes(field: Field): number {
  if (field.type === "RECORD") return (field.fields ?? []).reduce((sum, f) => sum + estimatedBytes(f), 0);
  switch (field.type) {
    case "BOOLEAN":
      return 1;
    case "STRING":
    case "BYTES":
    case "JSON":
    case "GEOGRAPHY":
      return 16;
    case "NUMERIC":
    case "INTERVAL":
      return 16;
    case "BIGNUMERIC":
      return 32;
    default:
      return 8;
  }
}
