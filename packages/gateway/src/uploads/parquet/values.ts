import type { TableFieldSchema } from "@chaperone/googlesql";
import type { ParquetType, SchemaElement, SchemaTree } from "hyparquet";
import { fieldsByName, type SentValue } from "../../sessions/sent-value.ts";
import { type FileField, MOST_NAME } from "../file-types.ts";
import type { PlainValue } from "../stored-values.ts";
import { UploadError } from "../upload-error.ts";
import { leafTypeOf } from "./leaf-types.ts";
import { malformed } from "./malformed.ts";

/**
 * The columns of a Parquet file, and how their values stand in rows. A list is an array, and a map one of records, where the table has it so;
 * else both are the records that the file's groups are, as BigQuery has them without list inference.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#list_logical_type
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

/**
 * Throws UploadError for what can't be read here, by the field's name.
 * @param wanted the table's field of this name; undefined: it has none
 */
export function columnOf(node: SchemaTree, above: Above, wanted: TableFieldSchema | undefined): ParquetColumn {
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
  const inner = contentOf(node, { path, definition, repetition }, repeats === "REPEATED" ? elementOf(wanted) : wanted);
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

/** The columns that are in a record or at the top, by the table's fields. Throws UploadError. */
export function columnsOf(
  nodes: readonly SchemaTree[],
  above: Above,
  wanted: readonly TableFieldSchema[],
): readonly ParquetColumn[] {
  const byName = fieldsByName(wanted);
  const columns = nodes.map((node) => columnOf(node, above, byName.get(String(node.element.name).toLowerCase())));
  if (new Set(columns.map(({ field }) => field.name.toLowerCase())).size !== columns.length)
    throw new UploadError("The Parquet file has two fields of one name.");
  return columns;
}

/** One of an array's values. */
function elementOf(wanted: TableFieldSchema | undefined): TableFieldSchema | undefined {
  return wanted === undefined ? undefined : { ...wanted, mode: "NULLABLE" };
}

function wrapped(
  { field, shape, leaves }: ParquetColumn,
  kind: "optional" | "list",
  levels: Pick<Above, "definition" | "repetition">,
): ParquetColumn {
  return { field, leaves, shape: { kind, ...levels, of: shape, leaves } };
}

function contentOf(node: SchemaTree, here: Above, wanted: TableFieldSchema | undefined): ParquetColumn {
  const { element, children } = node;
  const { name } = element;
  if (children.length === 0) return leafOf(element, here, wanted);
  const kind = groupKind(element);
  const [one] = children.length === 1 ? children : [];
  const many = one?.element.repetition_type === "REPEATED" ? one : undefined;
  if (kind === "LIST" && many !== undefined) {
    if (wanted === undefined || wanted.mode === "REPEATED") return listOf(name, many, here, wanted);
  } else if (kind === "MAP" && many !== undefined && many.children.length > 0) {
    if (wanted?.mode === "REPEATED") return renamed(columnOf(many, here, wanted), name);
  } else if (!(kind === undefined || isEntry(element)))
    throw new UploadError(`Field ${name} of the Parquet file is neither a value, a record, a list nor a map.`);
  return recordOf(node, here, wanted);
}

function recordOf({ element, children }: SchemaTree, here: Above, wanted: TableFieldSchema | undefined): ParquetColumn {
  const columns = columnsOf(children, here, wanted?.fields ?? []);
  return {
    field: { name: element.name, type: "RECORD", repeated: false, fields: columns.map(({ field }) => field) },
    shape: { kind: "record", members: columns.map(({ field, shape }) => [field.name, shape]) },
    leaves: columns.flatMap(({ leaves }) => leaves),
  };
}

function renamed(column: ParquetColumn, name: string): ParquetColumn {
  return { ...column, field: { ...column.field, name } };
}

/** Also what isn't known here, of which nobody can say what it means. */
function groupKind({ converted_type: converted, logical_type: logical }: SchemaElement): string | undefined {
  const kind = converted ?? (logical === undefined ? undefined : (logical.type ?? "UNKNOWN"));
  return kind === "MAP_KEY_VALUE" ? "MAP" : kind;
}

/** Older writers say of each of a map's records what others say of the map. */
function isEntry({ converted_type: converted, repetition_type: repeats }: SchemaElement): boolean {
  return converted === "MAP_KEY_VALUE" && repeats === "REPEATED";
}

/**
 * `optional group a (LIST) { repeated group list { optional T element } }`, or with the repeated value itself.
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#backward-compatibility-rules
 */
function listOf(name: string, list: SchemaTree, here: Above, wanted: TableFieldSchema | undefined): ParquetColumn {
  const [inner] = list.children;
  const isElement =
    list.children.length !== 1 ||
    inner?.element.repetition_type === "REPEATED" ||
    list.element.name === "array" ||
    list.element.name === `${name}_tuple`;
  if (inner === undefined || isElement) return renamed(columnOf(list, here, wanted), name);
  const levels = { definition: here.definition + 1, repetition: here.repetition + 1 };
  const column = columnOf(inner, { path: [...here.path, list.element.name], ...levels }, elementOf(wanted));
  if (column.field.repeated) throw listOfLists(name);
  return wrapped({ ...column, field: { ...column.field, name, repeated: true } }, "list", levels);
}

function listOfLists(name: string): UploadError {
  return new UploadError(`Field ${name} of the Parquet file is a list of lists.`);
}

function leafOf(element: SchemaElement, here: Above, wanted: TableFieldSchema | undefined): ParquetColumn {
  const { name, type, type_length: length } = element;
  const { bigqueryType, read } = leafTypeOf(element, wanted?.type);
  if (type === undefined) throw malformed();
  const leaf = { ...here, type, length, read };
  return {
    field: { name, type: bigqueryType, repeated: false },
    shape: { kind: "value", leaf },
    leaves: [leaf],
  };
}
