/** Plain JavaScript values into DuckDB's, by the field's type. */
import {
  blobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
  listValue,
  structValue,
} from "@duckdb/node-api";
import { WarehouseError } from "./errors.ts";
import type { Field } from "./sql/types.ts";

/** A row as a test writes it: by column name; text for DATE, TIME, DATETIME, TIMESTAMP, NUMERIC and JSON; base64 or bytes for BYTES. */
export type PlainRow = Readonly<Record<string, unknown>>;

export function toRow(fields: readonly Field[], row: PlainRow): DuckDBValue[] {
  return fields.map((field) => toValue(field, row[field.name]));
}

function toValue(field: Field, value: unknown): DuckDBValue {
  if (field.mode === "REPEATED") {
    if (value === null || value === undefined) return listValue([]);
    if (!Array.isArray(value))
      throw new WarehouseError("invalid", `Field ${field.name} is repeated: an array was expected`);
    return listValue(value.map((item: unknown) => toValue({ ...field, mode: "NULLABLE" }, item)));
  }
  if (value === null || value === undefined) return null;
  switch (field.type) {
    case "RECORD": {
      const members: PlainRow = Object.fromEntries(Object.entries(value));
      return structValue(Object.fromEntries((field.fields ?? []).map((f) => [f.name, toValue(f, members[f.name])])));
    }
    case "INTEGER":
      return BigInt(typeof value === "number" || typeof value === "bigint" ? value : String(value));
    case "FLOAT":
      return Number(value);
    case "BOOLEAN":
      return value === true || value === "true";
    case "NUMERIC":
      return decimal(String(value), 9);
    case "BIGNUMERIC":
      return decimal(String(value), 18);
    case "BYTES":
      return blobValue(value instanceof Uint8Array ? value : Buffer.from(String(value), "base64"));
    case "DATE":
      return new DuckDBDateValue(Math.round(Date.parse(`${String(value)}T00:00:00Z`) / 86_400_000));
    case "TIMESTAMP":
      return new DuckDBTimestampTZValue(micros(value instanceof Date ? value.toISOString() : String(value)));
    case "DATETIME":
      return new DuckDBTimestampValue(micros(String(value)));
    case "TIME":
      return new DuckDBTimeValue(micros(`1970-01-01T${String(value)}`));
    case "INTERVAL": {
      const part = /^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):(\d+)$/.exec(String(value));
      if (!part) throw new WarehouseError("invalid", `Field ${field.name}: an interval is written Y-M D H:M:S`);
      const months = (part[1] === "-" ? -1 : 1) * (Number(part[2]) * 12 + Number(part[3]));
      const seconds = (part[5] === "-" ? -1 : 1) * (Number(part[6]) * 3600 + Number(part[7]) * 60 + Number(part[8]));
      return new DuckDBIntervalValue(months, Number(part[4]), BigInt(seconds) * 1_000_000n);
    }
    default:
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

/** Microseconds since 1970 of `2020-01-02[T| ]03:04:05[.ffffff][Z]`, read as UTC. */
function micros(text: string): bigint {
  const part = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?(?:Z|\+00(?::00)?| UTC)?$/.exec(text);
  const millis = part ? Date.parse(`${part[1]}T${part[2] ?? "00:00:00"}Z`) : Number.NaN;
  if (!part || Number.isNaN(millis))
    throw new WarehouseError("invalid", "Invalid timestamp; use 2020-01-02T03:04:05.000000Z");
  return BigInt(millis) * 1000n + BigInt((part[3] ?? "").padEnd(6, "0"));
}

function decimal(text: string, scale: number): DuckDBDecimalValue {
  const part = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!part || (part[3]?.length ?? 0) > scale) throw new WarehouseError("invalid", "Invalid NUMERIC value");
  const size = BigInt((part[2] ?? "0") + (part[3] ?? "").padEnd(scale, "0"));
  return new DuckDBDecimalValue(part[1] === "-" ? -size : size, 38, scale);
}
