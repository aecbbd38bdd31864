import type { ParquetType, SchemaElement, SchemaTree } from "hyparquet";
import { NumberText, type SentValue } from "../../sessions/sent-value.ts";
import { type FileField, MOST_NAME } from "../file-types.ts";
import {
  base64,
  clockText,
  dayText,
  decimalOf,
  floatOf,
  micros,
  momentText,
  type PlainValue,
  textOf,
  type Unit,
} from "../stored-values.ts";
import { UploadError } from "../upload-error.ts";
import { malformed } from "./malformed.ts";

/**
 * The columns of a Parquet file, and what their values mean, exactly: no decimal passes through a double, no microsecond is dropped.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#parquet_conversions
 */

/** Values of one column, as they are stored and as rows have them. */
export interface ParquetLeaf {
  readonly path: readonly string[];
  readonly type: ParquetType;
  /** Bytes of each value of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number | undefined;
  /** How often it, or what it is in, may not be there; how often it may be many. https://parquet.apache.org/docs/file-format/nestedencoding */
  readonly definition: number;
  readonly repetition: number;
  readonly read: (value: PlainValue) => SentValue;
}

/** How a value stands among the columns' values. `leaves`: of all that is in it. */
export type ParquetShape =
  | { readonly kind: "value"; readonly leaf: ParquetLeaf }
  | { readonly kind: "record"; readonly members: readonly (readonly [name: string, shape: ParquetShape])[] }
  | {
      readonly kind: "optional" | "list";
      /** From this definition level on it is there. */
      readonly definition: number;
      /** At this repetition level one more comes. */
      readonly repetition: number;
      readonly of: ParquetShape;
      readonly leaves: readonly ParquetLeaf[];
    };

export interface ParquetColumn {
  readonly field: FileField;
  readonly shape: ParquetShape;
  readonly leaves: readonly ParquetLeaf[];
}

/** What a column is in. */
interface Above {
  readonly path: readonly string[];
  readonly definition: number;
  readonly repetition: number;
}

export const TOP: Above = { path: [], definition: 0, repetition: 0 };
/** BigQuery's own bound of records in records. https://cloud.google.com/bigquery/docs/nested-repeated#limitations */
const DEEPEST = 15;

/** Throws UploadError for what can't be read here, by the field's name. */
export function columnOf(node: SchemaTree, above: Above): ParquetColumn {
  const { element } = node;
  if (typeof element.name !== "string") throw malformed();
  // Rows are objects of the fields' names, where this one is no name.
  if (element.name === "__proto__" || element.name.length > MOST_NAME)
    throw new UploadError("A field of the Parquet file has a name that BigQuery hasn't.");
  const { repetition_type: repeats = "REQUIRED" } = element;
  const path = [...above.path, element.name];
  if (path.length > 3 * DEEPEST) throw new UploadError("The Parquet file has records nested too deep.");
  const definition = above.definition + (repeats === "REQUIRED" ? 0 : 1);
  const repetition = above.repetition + (repeats === "REPEATED" ? 1 : 0);
  const inner = contentOf(node, { path, definition, repetition });
  switch (repeats) {
    case "REQUIRED":
      return inner;
    case "OPTIONAL":
      return wrapped(inner, "optional", { definition, repetition });
    case "REPEATED":
      if (inner.field.repeated) throw listOfLists(element.name);
      return wrapped({ ...inner, field: { ...inner.field, repeated: true } }, "list", { definition, repetition });
  }
}

function wrapped(
  { field, shape, leaves }: ParquetColumn,
  kind: "optional" | "list",
  levels: Pick<Above, "definition" | "repetition">,
): ParquetColumn {
  return { field, leaves, shape: { kind, ...levels, of: shape, leaves } };
}

function contentOf(node: SchemaTree, here: Above): ParquetColumn {
  const { element, children } = node;
  const { name } = element;
  if (children.length === 0) return leafOf(element, here);
  const [list] = children;
  if (isList(element) && list?.element.repetition_type === "REPEATED") return listOf(name, list, here);
  if (element.converted_type !== undefined || element.logical_type !== undefined)
    throw new UploadError(`Field ${name} of the Parquet file is neither a value, a record nor a list.`);
  const columns = children.map((child) => columnOf(child, here));
  return {
    field: { name, type: "RECORD", repeated: false, fields: columns.map(({ field }) => field) },
    shape: { kind: "record", members: columns.map(({ field, shape }) => [field.name, shape]) },
    leaves: columns.flatMap(({ leaves }) => leaves),
  };
}

function isList({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === "LIST" || logical?.type === "LIST";
}

/** `optional group a (LIST) { repeated group list { optional T element } }`, or with the repeated value itself. */
function listOf(name: string, list: SchemaTree, here: Above): ParquetColumn {
  const [inner] = list.children;
  if (list.children.length !== 1 || inner === undefined) {
    const column = columnOf(list, here);
    return { ...column, field: { ...column.field, name } };
  }
  const levels = { definition: here.definition + 1, repetition: here.repetition + 1 };
  const column = columnOf(inner, { path: [...here.path, list.element.name], ...levels });
  if (column.field.repeated) throw listOfLists(name);
  return wrapped({ ...column, field: { ...column.field, name, repeated: true } }, "list", levels);
}

function listOfLists(name: string): UploadError {
  return new UploadError(`Field ${name} of the Parquet file is a list of lists.`);
}

function leafOf(element: SchemaElement, here: Above): ParquetColumn {
  const { name, type, type_length: length } = element;
  const { bigqueryType, read } = meaningOf(element);
  if (type === undefined) throw unreadable(name);
  const leaf = { ...here, type, length, read };
  return {
    field: { name, type: bigqueryType, repeated: false },
    shape: { kind: "value", leaf },
    leaves: [leaf],
  };
}

/** BigQuery's type for a column, and how its values are read. */
function meaningOf(element: SchemaElement): { bigqueryType: string; read: ParquetLeaf["read"] } {
  const { name, type, converted_type: converted, logical_type: logical } = element;
  const of = (bigqueryType: string, read: (value: PlainValue) => SentValue) => ({ bigqueryType, read });
  const kind = logical?.type ?? (converted === undefined ? undefined : SHORT[converted]);
  const { unit, utc } = unitOf(element);
  const where = `Field ${name} of the Parquet file`;
  switch (kind) {
    case undefined:
    case "INTEGER":
      if (type === "BOOLEAN") return of("BOOLEAN", (value) => value === true);
      if (type === "INT32" || type === "INT64") {
        const unsigned = unsignedOf(element);
        return of("INTEGER", (value) => new NumberText(unsigned?.(value) ?? String(value)));
      }
      if (type === "FLOAT" || type === "DOUBLE") return of("FLOAT", floatOf);
      if (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY") return of("BYTES", (value) => base64(value, where));
      break;
    case "STRING":
    case "JSON":
      if (type === "BYTE_ARRAY") return of("STRING", (value) => textOf(value, where));
      break;
    case "DECIMAL":
      return of("NUMERIC", (value) => decimalOf(value, element.scale ?? 0, where));
    case "DATE":
      if (type === "INT32") return of("DATE", (value) => dayText(Number(value), where));
      break;
    case "TIME":
      return of("TIME", (value) => clockText(micros(value, unit, where), where));
    case "TIMESTAMP":
      return of(
        utc ? "TIMESTAMP" : "DATETIME",
        (value) => `${momentText(micros(value, unit, where), where)}${utc ? "Z" : ""}`,
      );
  }
  throw unreadable(name);
}

function unreadable(name: string): UploadError {
  return new UploadError(`Field ${name} of the Parquet file has a type that isn't read here.`);
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

function unitOf({ converted_type: converted, logical_type: logical }: SchemaElement): { unit: Unit; utc: boolean } {
  if (logical?.type === "TIMESTAMP" || logical?.type === "TIME")
    return { unit: logical.unit, utc: logical.isAdjustedToUTC };
  return { unit: converted?.endsWith("MILLIS") === true ? "MILLIS" : "MICROS", utc: true };
}

function unsignedOf({ type, converted_type: converted, logical_type: logical }: SchemaElement) {
  const is = (logical?.type === "INTEGER" && !logical.isSigned) || converted?.startsWith("UINT_") === true;
  if (!is) return undefined;
  return (value: PlainValue) => String(BigInt.asUintN(type === "INT64" ? 64 : 32, BigInt(value as bigint)));
}
