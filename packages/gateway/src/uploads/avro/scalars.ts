import { NumberText, type SentValue } from "../../sessions/sent-value.ts";
import { base64, clockText, dayText, decimalOf, floatOf, micros, momentText, textOf } from "../stored-values.ts";
import { UploadError } from "../upload-error.ts";
import type { Binary } from "./binary.ts";
import { malformed } from "./malformed.ts";

interface Scalar {
  readonly bigqueryType: string;
  readonly read: (from: Binary) => SentValue;
}

/** Logical types, and what they are stored as. https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#logical_types */
const STORED_AS: Readonly<Record<string, readonly string[]>> = {
  date: ["int"],
  "time-millis": ["int"],
  "time-micros": ["long"],
  "timestamp-millis": ["long"],
  "timestamp-micros": ["long"],
  "local-timestamp-millis": ["long"],
  "local-timestamp-micros": ["long"],
  decimal: ["bytes", "fixed"],
};

/** BigQuery's type for a type of one value, and how that is read. Throws UploadError for what isn't read here, by the field's name. */
export function scalarOf(name: string, attributes: Readonly<Record<string, unknown>>, logicalTypes: boolean): Scalar {
  const where = `Field ${name} of the Avro file`;
  const { type, logicalType: logical } = attributes;
  if (typeof logical === "string" && typeof type === "string" && STORED_AS[logical]?.includes(type) === true) {
    if (logicalTypes) return logicalOf(where, logical, attributes);
    if (logical === "decimal")
      throw new UploadError(`${where} is a decimal, which is one of BigQuery's by useAvroLogicalTypes; say that.`);
  }
  switch (type) {
    case "boolean":
      return { bigqueryType: "BOOLEAN", read: (from) => from.boolean() };
    case "int":
      return { bigqueryType: "INTEGER", read: (from) => new NumberText(String(from.int())) };
    case "long":
      return { bigqueryType: "INTEGER", read: (from) => new NumberText(String(from.long())) };
    case "float":
      return { bigqueryType: "FLOAT", read: (from) => floatOf(from.float()) };
    case "double":
      return { bigqueryType: "FLOAT", read: (from) => floatOf(from.double()) };
    case "bytes":
    case "fixed": {
      const bytes = bytesOf(attributes);
      return { bigqueryType: "BYTES", read: (from) => base64(bytes(from), where) };
    }
    case "string":
      return { bigqueryType: "STRING", read: (from) => textOf(from.bytes(), where) };
    case "enum": {
      const { symbols } = attributes;
      if (!Array.isArray(symbols)) throw malformed();
      return {
        bigqueryType: "STRING",
        read: (from) => {
          const symbol: unknown = symbols[from.int()];
          if (typeof symbol !== "string") throw malformed();
          return symbol;
        },
      };
    }
    default:
      throw new UploadError(`${where} has a type that isn't read here.`);
  }
}

function logicalOf(where: string, logical: string, attributes: Readonly<Record<string, unknown>>): Scalar {
  const unit = logical.endsWith("-millis") ? "MILLIS" : "MICROS";
  switch (logical) {
    case "date":
      return { bigqueryType: "DATE", read: (from) => dayText(from.int(), where) };
    case "time-millis":
      return { bigqueryType: "TIME", read: (from) => clockText(micros(from.int(), unit, where), where) };
    case "time-micros":
      return { bigqueryType: "TIME", read: (from) => clockText(micros(from.long(), unit, where), where) };
    case "timestamp-millis":
    case "timestamp-micros":
      return { bigqueryType: "TIMESTAMP", read: (from) => `${momentText(micros(from.long(), unit, where), where)}Z` };
    case "local-timestamp-millis":
    case "local-timestamp-micros":
      return { bigqueryType: "DATETIME", read: (from) => momentText(micros(from.long(), unit, where), where) };
    case "decimal": {
      const { scale = 0 } = attributes;
      if (typeof scale !== "number") throw malformed();
      const bytes = bytesOf(attributes);
      return { bigqueryType: "NUMERIC", read: (from) => decimalOf(bytes(from), scale, where) };
    }
    default:
      throw malformed();
  }
}

function bytesOf({ type, size }: Readonly<Record<string, unknown>>): (from: Binary) => Uint8Array {
  if (type === "bytes") return (from) => from.bytes();
  if (!(typeof size === "number" && Number.isInteger(size) && size > 0)) throw malformed();
  return (from) => from.fixed(size);
}
