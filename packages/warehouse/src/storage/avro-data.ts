/**
 * DuckDB's values as Avro rows, by avsc, typed as BigQuery does.
 * https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
 */
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import avro from "avsc";
import { WarehouseError } from "../errors.ts";
import type { Field } from "../sql/types.ts";

export interface AvroTable {
  /** JSON. */
  readonly schema: string;
  /** The rows of these columns, one after the other. */
  rows(columns: readonly (readonly DuckDBValue[])[], count: number): Buffer;
}

/** https://avro.apache.org/docs/1.11.1/specification/#names */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ROOT = "__root__";

export function avroTable(fields: readonly Field[]): AvroTable {
  const schema = recordOf(fields, ROOT);
  const type = avro.Type.forSchema(bare(schema) as avro.Schema, { registry: { long: LONG } });
  return {
    schema: JSON.stringify(schema),
    rows: (columns, count) =>
      Buffer.concat(
        Array.from({ length: count }, (_, row) =>
          type.toBuffer(
            Object.fromEntries(fields.map((field, i) => [field.name, valueIn(field, columns[i]?.[row] ?? null)])),
          ),
        ),
      ),
  };
}

function recordOf(fields: readonly Field[], name: string): object {
  return {
    type: "record",
    name,
    fields: fields.map((field) => {
      if (!NAME.test(field.name))
        throw new WarehouseError("invalid", "A column's name is none of Avro's; ask for display names, or for ARROW");
      const type = typeOf(field, `${name}_${field.name}`);
      if (field.mode === "REPEATED") return { name: field.name, type: { type: "array", items: type } };
      return { name: field.name, type: field.mode === "REQUIRED" ? type : ["null", type] };
    }),
  };
}

function typeOf(field: Field, name: string): unknown {
  switch (field.type) {
    case "STRING":
      return "string";
    case "BYTES":
      return "bytes";
    case "INTEGER":
      return "long";
    case "FLOAT":
      return "double";
    case "BOOLEAN":
      return "boolean";
    case "NUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 38, scale: 9 };
    case "BIGNUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 77, scale: 38 };
    case "DATE":
      return { type: "int", logicalType: "date" };
    case "TIME":
      return { type: "long", logicalType: "time-micros" };
    case "TIMESTAMP":
      return { type: "long", logicalType: "timestamp-micros" };
    case "DATETIME":
      return { type: "string", logicalType: "datetime" };
    case "JSON":
    case "GEOGRAPHY":
    case "INTERVAL":
      return { type: "string", sqlType: field.type };
    case "RECORD":
      return recordOf(field.fields ?? [], name);
  }
}

/** As avsc reads a schema: annotations change nothing of how a value is written, and would hide our `long` from it. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== "object" || schema === null) return schema;
  const { type, name, fields, items } = schema as Record<string, unknown>;
  if (type === "array") return { type, items: bare(items) };
  if (type !== "record") return type;
  return { type, name, fields: (fields as { type: unknown }[]).map((field) => ({ ...field, type: bare(field.type) })) };
}

/** All 64 bits. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

function valueIn(field: Field, value: DuckDBValue): unknown {
  if (field.mode === "REPEATED") {
    const element = { ...field, mode: "REQUIRED" } as const;
    // BigQuery has no NULL array: it is empty.
    return value instanceof DuckDBListValue ? value.items.map((item) => valueIn(element, item)) : [];
  }
  if (value === null) return null;
  switch (field.type) {
    case "RECORD": {
      if (!(value instanceof DuckDBStructValue)) return null;
      const entries = (field.fields ?? []).map((child) => [
        child.name,
        valueIn(child, value.entries[child.name] ?? null),
      ]);
      return Object.fromEntries(entries);
    }
    case "BYTES":
      return value instanceof DuckDBBlobValue ? Buffer.from(value.bytes) : Buffer.from(String(value));
    case "BOOLEAN":
      return value === true;
    case "FLOAT":
      return Number(value);
    case "DATE":
      return value instanceof DuckDBDateValue ? value.days : 0;
    case "INTEGER":
      return BigInt(value as bigint | number);
    case "TIME":
    case "TIMESTAMP":
      return value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimeValue ? value.micros : 0n;
    case "DATETIME":
      return value instanceof DuckDBTimestampValue ? datetime(value.micros) : String(value);
    case "NUMERIC":
      return value instanceof DuckDBDecimalValue ? decimal(value, 9) : Buffer.alloc(1);
    case "BIGNUMERIC":
      return value instanceof DuckDBDecimalValue ? decimal(value, 38) : Buffer.alloc(1);
    case "INTERVAL":
      return value instanceof DuckDBIntervalValue ? interval(value) : String(value);
    case "STRING":
    case "JSON":
    case "GEOGRAPHY":
      return String(value);
  }
}

/** `2021-02-03T04:05:06.000007` */
function datetime(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19);
  return rest === 0n ? seconds : `${seconds}.${String(rest).padStart(6, "0")}`;
}

/** Two's complement, the greatest byte first, as few as hold the sign. */
function decimal({ value, scale: has }: DuckDBDecimalValue, scale: number): Buffer {
  const scaled = value * 10n ** BigInt(scale - has);
  let length = 1;
  while (BigInt.asIntN(8 * length, scaled) !== scaled) length += 1;
  const bytes = Buffer.alloc(length);
  for (let i = length - 1, rest = scaled; i >= 0; i -= 1, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** `years-months days hours:minutes:seconds[.fraction]`, as BigQuery's JSON writes it. */
function interval({ months, days, micros }: DuckDBIntervalValue): string {
  const [sign, size] = micros < 0n ? ["-", -micros] : ["", micros];
  const seconds = size / 1_000_000n;
  const fraction = size % 1_000_000n === 0n ? "" : `.${String(size % 1_000_000n).padStart(6, "0")}`;
  const year = `${months < 0 ? "-" : ""}${Math.floor(Math.abs(months) / 12)}-${Math.abs(months) % 12}`;
  return `${year} ${days} ${sign}${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}${fraction}`;
}
