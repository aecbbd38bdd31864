import type { SchemaElement, SchemaTree } from "hyparquet";
import { UploadError } from "./upload-error.ts";

/**
 * The values of a Parquet file as JSON text, exactly: no decimal passes through a double, no microsecond is dropped.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#parquet_conversions
 */

/** What a column holds, by the type that BigQuery gives it. */
export interface ParquetField {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly fields?: readonly ParquetField[];
}

/** A column of the file: what it is, and how one of its values is written. */
export interface ParquetColumn {
  readonly field: ParquetField;
  readonly write: (value: unknown) => string;
}

/** Throws UploadError for what can't be read here, by the field's name. */
export function columnOf(node: SchemaTree): ParquetColumn {
  const { element, children } = node;
  // hyparquet makes objects of the fields' names, where this one is no name.
  if (element.name === "__proto__")
    throw new UploadError("A field of the Parquet file has a name that BigQuery hasn't.");
  const repeated = element.repetition_type === "REPEATED";
  if (children.length === 0) return leaf(element, repeated);
  const [list] = children;
  if (element.converted_type === "LIST" && list !== undefined) return listOf(element, list);
  if (element.converted_type !== undefined || element.logical_type !== undefined)
    throw new UploadError(`Field ${element.name} of the Parquet file is neither a value, a record nor a list.`);
  const columns = children.map(columnOf);
  const { name } = element;
  return many(
    { name, type: "RECORD", repeated: false, fields: columns.map(({ field }) => field) },
    repeated,
    (value) => {
      const record = value as Readonly<Record<string, unknown>>;
      return `{${columns.map(({ field, write }) => `${JSON.stringify(field.name)}:${orNull(record[field.name], write)}`).join(",")}}`;
    },
  );
}

/** `optional group a (LIST) { repeated group list { optional T element } }`, or with the repeated value itself. */
function listOf(element: SchemaElement, list: SchemaTree): ParquetColumn {
  const [inner] = list.children;
  const of = list.children.length === 1 && inner !== undefined ? inner : list;
  const { field, write } = columnOf({ ...of, element: { ...of.element, repetition_type: "OPTIONAL" } });
  if (field.repeated) throw new UploadError(`Field ${element.name} of the Parquet file is a list of lists.`);
  return many({ ...field, name: element.name }, true, write);
}

function many(field: ParquetField, repeated: boolean, write: (value: unknown) => string): ParquetColumn {
  if (!repeated) return { field, write };
  return {
    field: { ...field, repeated },
    write: (value) => {
      if (!Array.isArray(value)) throw new UploadError(`Field ${field.name} of the Parquet file is no list.`);
      return `[${value.map((one) => orNull(one, write)).join(",")}]`;
    },
  };
}

export function orNull(value: unknown, write: (value: unknown) => string): string {
  return value === null || value === undefined ? "null" : write(value);
}

function leaf(element: SchemaElement, repeated: boolean): ParquetColumn {
  const { name, type, converted_type: converted, logical_type: logical } = element;
  const of = (bigqueryType: string, write: (value: unknown) => string) =>
    many({ name, type: bigqueryType, repeated: false }, repeated, write);
  const kind = logical?.type ?? (converted === undefined ? undefined : SHORT[converted]);
  const { unit, utc } = unitOf(element);
  switch (kind) {
    case undefined:
    case "INTEGER":
      if (type === "BOOLEAN") return of("BOOLEAN", String);
      if (type === "INT32" || type === "INT64") return of("INTEGER", unsigned(element) ?? String);
      if (type === "FLOAT" || type === "DOUBLE") return of("FLOAT", floatText);
      if (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY")
        return of("BYTES", (value) => `"${Buffer.from(bytesOf(value)).toString("base64")}"`);
      break;
    case "STRING":
    case "JSON":
      if (type === "BYTE_ARRAY") return of("STRING", (value) => JSON.stringify(utf8(bytesOf(value), name)));
      break;
    case "DECIMAL":
      return of("NUMERIC", (value) => scaled(wholeOf(value), element.scale ?? 0));
    case "DATE":
      if (type === "INT32") return of("DATE", (value) => `"${dayText(Number(value), name)}"`);
      break;
    case "TIME":
      return of("TIME", (value) => `"${clockText(micros(value, unit, name), name)}"`);
    case "TIMESTAMP":
      return of(utc ? "TIMESTAMP" : "DATETIME", (value) => {
        const at = micros(value, unit, name);
        const day = at >= 0n ? at / DAY : -((DAY - 1n - at) / DAY);
        return `"${dayText(Number(day), name)}T${clockText(at - day * DAY, name)}${utc ? "Z" : ""}"`;
      });
  }
  throw new UploadError(`Field ${name} of the Parquet file has a type that isn't read here.`);
}

/** The older names of the same types. https://parquet.apache.org/docs/file-format/types/logicaltypes */
const SHORT: Readonly<Record<string, string>> = {
  UTF8: "STRING",
  JSON: "JSON",
  DECIMAL: "DECIMAL",
  DATE: "DATE",
  TIME_MILLIS: "TIME",
  TIME_MICROS: "TIME",
  TIMESTAMP_MILLIS: "TIMESTAMP",
  TIMESTAMP_MICROS: "TIMESTAMP",
  ENUM: "ENUM",
  MAP: "MAP",
  LIST: "LIST",
  BSON: "BSON",
  INTERVAL: "INTERVAL",
  ...Object.fromEntries([8, 16, 32, 64].flatMap((bits) => [`INT_${bits}`, `UINT_${bits}`].map((n) => [n, "INTEGER"]))),
};

type Unit = "MILLIS" | "MICROS" | "NANOS";

function unitOf({ converted_type: converted, logical_type: logical }: SchemaElement): { unit: Unit; utc: boolean } {
  if (logical?.type === "TIMESTAMP" || logical?.type === "TIME")
    return { unit: logical.unit, utc: logical.isAdjustedToUTC };
  return { unit: converted?.endsWith("MILLIS") === true ? "MILLIS" : "MICROS", utc: true };
}

function unsigned({ type, converted_type: converted, logical_type: logical }: SchemaElement) {
  const is = (logical?.type === "INTEGER" && !logical.isSigned) || converted?.startsWith("UINT_") === true;
  if (!is) return undefined;
  return (value: unknown) => String(BigInt.asUintN(type === "INT64" ? 64 : 32, BigInt(value as bigint)));
}

const DAY = 86_400_000_000n;

function micros(value: unknown, unit: Unit, name: string): bigint {
  const count = BigInt(value as bigint);
  if (unit === "MILLIS") return count * 1000n;
  if (unit === "MICROS") return count;
  if (count % 1000n !== 0n)
    throw new UploadError(`Field ${name} of the Parquet file holds times finer than a microsecond.`);
  return count / 1000n;
}

function dayText(days: number, name: string): string {
  const date = new Date(days * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999))
    throw new UploadError(`Field ${name} of the Parquet file holds a day past year 9999.`);
  return date.toISOString().slice(0, 10);
}

function clockText(at: bigint, name: string): string {
  if (at < 0n || at >= DAY) throw new UploadError(`Field ${name} of the Parquet file holds a time of no day.`);
  const two = (count: bigint) => String(count % 60n).padStart(2, "0");
  const seconds = at / 1_000_000n;
  return `${String(seconds / 3600n).padStart(2, "0")}:${two(seconds / 60n)}:${two(seconds)}.${String(at % 1_000_000n).padStart(6, "0")}`;
}

function floatText(value: unknown): string {
  const number = Number(value);
  if (Number.isFinite(number)) return Object.is(number, -0) ? "-0.0" : String(number);
  return Number.isNaN(number) ? '"NaN"' : number > 0 ? '"inf"' : '"-inf"';
}

/** A decimal's unscaled number: an integer, or its bytes in two's complement, the first the highest. */
function wholeOf(value: unknown): bigint {
  if (typeof value === "number" || typeof value === "bigint") return BigInt(value);
  const bytes = bytesOf(value);
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "" ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

function scaled(whole: bigint, scale: number): string {
  if (!(scale >= 0 && scale <= 38)) throw new UploadError("A decimal of the Parquet file has a scale past 38.");
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return whole < 0n ? `-${text}` : text;
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new UploadError("A field of the Parquet file holds other values than it says.");
}

function utf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UploadError(`Field ${name} of the Parquet file holds a text that is not UTF-8.`);
  }
}
