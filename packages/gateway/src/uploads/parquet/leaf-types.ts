import type { ParquetType, SchemaElement } from "hyparquet";
import { NumberText, type SentValue } from "../../sessions/sent-value.ts";
import {
  base64,
  clockText,
  dayText,
  decimalOf,
  floatOf,
  halfOf,
  julianMicros,
  micros,
  momentText,
  type PlainValue,
  textOf,
  type Unit,
  uuidOf,
} from "../stored-values.ts";
import { UploadError } from "../upload-error.ts";
import { malformed } from "./malformed.ts";

/**
 * What the values of a column mean, exactly: no decimal passes through a double, no microsecond is dropped.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#parquet_conversions
 */
export interface LeafType {
  readonly bigqueryType: string;
  readonly read: (value: PlainValue) => SentValue;
}

/**
 * BigQuery's type for a column, and how its values are read.
 * @param wanted the table's type, which decides where the file's stands for two. Throws UploadError by the field's name.
 */
export function leafTypeOf(element: SchemaElement, wanted: string | undefined): LeafType {
  const { name, type, type_length: length } = element;
  const where = `Field ${name} of the Parquet file`;
  const of = (bigqueryType: string, read: LeafType["read"]): LeafType => ({ bigqueryType, read });
  const kind = kindOf(element);
  const { unit, utc } = unitOf(element);
  switch (kind) {
    case undefined:
      if (type === "BOOLEAN") return of("BOOLEAN", (value) => value === true);
      if (type === "INT32" || type === "INT64") return of("INTEGER", (value) => new NumberText(String(value)));
      if (type === "INT96") return of("TIMESTAMP", (value) => `${momentText(julianMicros(value, where), where)}Z`);
      if (type === "FLOAT" || type === "DOUBLE") return of("FLOAT", floatOf);
      if (isBytes(type)) return of("BYTES", (value) => base64(value, where));
      break;
    case "INTEGER":
      if (type === "INT32" || type === "INT64") {
        const bits = isUnsigned(element) ? (type === "INT64" ? 64 : 32) : undefined;
        return of("INTEGER", (value) => {
          const number = BigInt(value as bigint);
          return new NumberText(String(bits === undefined ? number : BigInt.asUintN(bits, number)));
        });
      }
      break;
    case "STRING":
    case "JSON":
      if (type === "BYTE_ARRAY") return of("STRING", (value) => textOf(value, where));
      break;
    case "ENUM":
      if (type !== "BYTE_ARRAY") break;
      return wanted === "BYTES"
        ? of("BYTES", (value) => base64(value, where))
        : of("STRING", (value) => textOf(value, where));
    case "UUID":
      if (type !== "FIXED_LEN_BYTE_ARRAY" || length !== 16) break;
      return wanted === "BYTES" ? of("BYTES", (value) => base64(value, where)) : of("STRING", uuidOf);
    case "FLOAT16":
      if (type === "FIXED_LEN_BYTE_ARRAY" && length === 2) return of("FLOAT", halfOf);
      break;
    case "DECIMAL":
      if (type === "INT32" || type === "INT64" || isBytes(type)) {
        const scale = scaleOf(element);
        return of("NUMERIC", (value) => decimalOf(value, scale, where));
      }
      break;
    case "DATE":
      if (type === "INT32") return of("DATE", (value) => dayText(Number(value), where));
      break;
    case "TIME":
      if (type === (unit === "MILLIS" ? "INT32" : "INT64"))
        return of("TIME", (value) => clockText(micros(value, unit, where), where));
      break;
    case "TIMESTAMP":
      if (type !== "INT64") break;
      return of(
        utc ? "TIMESTAMP" : "DATETIME",
        (value) => `${momentText(micros(value, unit, where), where)}${utc ? "Z" : ""}`,
      );
    case "NULL":
      // Nothing is there, of whatever type.
      return of(wanted ?? "STRING", () => {
        throw malformed();
      });
  }
  throw new UploadError(`${where} has a type that isn't read here.`);
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

function kindOf({ converted_type: converted, logical_type: logical }: SchemaElement): string | undefined {
  return logical?.type ?? (converted === undefined ? undefined : SHORT[converted]);
}

function isBytes(type: ParquetType | undefined): boolean {
  return type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY";
}

function unitOf({ converted_type: converted, logical_type: logical }: SchemaElement): { unit: Unit; utc: boolean } {
  if (logical?.type === "TIMESTAMP" || logical?.type === "TIME")
    return { unit: logical.unit, utc: logical.isAdjustedToUTC };
  return { unit: converted?.endsWith("MILLIS") === true ? "MILLIS" : "MICROS", utc: true };
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === "INTEGER" ? !logical.isSigned : converted?.startsWith("UINT_") === true;
}

/** A file that says two of them would be read in two ways. */
function scaleOf({ scale, logical_type: logical }: SchemaElement): number {
  const said = logical?.type === "DECIMAL" ? logical.scale : undefined;
  if (said !== undefined && scale !== undefined && said !== scale) throw malformed();
  return said ?? scale ?? 0;
}
