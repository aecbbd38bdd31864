/**
 * Result cells as BigQuery writes them in JSON: `{"f":[{"v":X}]}`.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults
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
import type { Field } from "../sql/types.ts";

export type TimestampOutput = "FLOAT64" | "INT64" | "ISO8601_STRING";

/** Writes one value (not NULL-wrapped) as the JSON text of its `v`. */
export type CellWriter = (value: DuckDBValue) => string;

/** The writer for a column; REPEATED and RECORD included. */
export function cellWriter(field: Field, timestamps: TimestampOutput): CellWriter {
  if (field.mode === "REPEATED") {
    const item = cellWriter({ ...field, mode: "NULLABLE" }, timestamps);
    // BigQuery has no NULL array in a result: it reads as empty.
    return (value) =>
      value instanceof DuckDBListValue ? `[${value.items.map((v) => `{"v":${item(v)}}`).join(",")}]` : "[]";
  }
  if (field.type === "RECORD") {
    const fields = field.fields ?? [];
    const writers = fields.map((f) => cellWriter(f, timestamps));
    return (value) => {
      if (!(value instanceof DuckDBStructValue)) return "null";
      const cells = fields.map((f, i) => `{"v":${writers[i]?.(value.entries[f.name] ?? null) ?? "null"}}`);
      return `{"f":[${cells.join(",")}]}`;
    };
  }
  const scalar = scalarWriter(field, timestamps);
  return (value) => (value === null || value === undefined ? "null" : scalar(value));
}

function scalarWriter(field: Field, timestamps: TimestampOutput): CellWriter {
  switch (field.type) {
    case "TIMESTAMP":
      return (value) => {
        if (!(value instanceof DuckDBTimestampTZValue)) return JSON.stringify(String(value));
        if (timestamps === "INT64") return `"${value.micros}"`;
        if (timestamps === "ISO8601_STRING") return `"${isoDateTime(value.micros)}Z"`;
        return `"${floatSeconds(value.micros)}"`;
      };
    case "DATETIME":
      return (value) =>
        value instanceof DuckDBTimestampValue ? `"${isoDateTime(value.micros)}"` : JSON.stringify(String(value));
    case "DATE":
      return (value) => (value instanceof DuckDBDateValue ? `"${value.toString()}"` : JSON.stringify(String(value)));
    case "TIME":
      return (value) =>
        value instanceof DuckDBTimeValue ? `"${timeOfDay(value.micros)}"` : JSON.stringify(String(value));
    case "BYTES":
      return (value) =>
        value instanceof DuckDBBlobValue
          ? `"${Buffer.from(value.bytes).toString("base64")}"`
          : JSON.stringify(String(value));
    case "NUMERIC":
    case "BIGNUMERIC":
      return (value) =>
        value instanceof DuckDBDecimalValue ? `"${decimalText(value)}"` : JSON.stringify(String(value));
    case "FLOAT":
      return (value) => `"${floatText(Number(value))}"`;
    case "INTERVAL":
      return (value) =>
        value instanceof DuckDBIntervalValue ? `"${intervalText(value)}"` : JSON.stringify(String(value));
    case "INTEGER":
    case "BOOLEAN":
      return (value) => `"${String(value)}"`;
    default:
      return (value) => JSON.stringify(typeof value === "string" ? value : String(value));
  }
}

/** A double as BigQuery writes it: `1.0`, `0.001`, `1.0E10`, `NaN`, `Infinity` (Java's Double.toString). */
function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** Microseconds since 1970 as float seconds, every digit kept: `1.5778368E9`. */
function floatSeconds(micros: bigint): string {
  if (micros === 0n) return "0.0";
  const sign = micros < 0n ? "-" : "";
  const digits = (micros < 0n ? -micros : micros).toString();
  const exponent = digits.length - 7;
  if (exponent < 0) return `${sign}0.${digits.padStart(6, "0").replace(/0+$/, "")}`;
  const fraction = digits.slice(1).replace(/0+$/, "") || "0";
  return `${sign}${digits[0]}.${fraction}E${exponent}`;
}

const DAY = 86_400_000_000n;

function isoDateTime(micros: bigint): string {
  const days = (micros < 0n ? micros - DAY + 1n : micros) / DAY;
  return `${new DuckDBDateValue(Number(days)).toString()}T${timeOfDay(micros - days * DAY)}`;
}

function timeOfDay(micros: bigint): string {
  const total = Number(micros);
  const seconds = Math.floor(total / 1e6);
  const fraction = total - seconds * 1e6;
  const two = (n: number): string => String(n).padStart(2, "0");
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, "0")}`;
}

function decimalText(value: DuckDBDecimalValue): string {
  const text = value.toString();
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** `Y-M D H:M:S[.F]` with a sign on each part. */
function intervalText(value: DuckDBIntervalValue): string {
  const months = Math.abs(value.months);
  const sign = (negative: boolean): string => (negative ? "-" : "");
  const micros = value.micros < 0n ? -value.micros : value.micros;
  const seconds = micros / 1_000_000n;
  const fraction = micros % 1_000_000n;
  const clock = `${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}`;
  const tail = fraction === 0n ? "" : `.${fraction.toString().padStart(6, "0")}`;
  return `${sign(value.months < 0)}${Math.floor(months / 12)}-${months % 12} ${value.days} ${sign(value.micros < 0n)}${clock}${tail}`;
}
