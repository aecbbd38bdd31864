import { type CellPlan, SHOW } from "../json-rows/cell-plan.ts";
import type { MaskedField } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";

/** How a value is encoded. https://avro.apache.org/docs/1.11.1/specification/#binary-encoding */
export type Encoding = "boolean" | "int" | "long" | "double" | "string" | "bytes" | "decimal" | "record" | "range";

/** A column, field or element as Avro carries it, with what is to be done to it. */
export interface AvroColumn {
  readonly name: string;
  readonly plan: CellPlan;
  readonly encoding: Encoding;
  /** An array of such values; elements are never NULL. */
  readonly repeated: boolean;
  /** Upstream's union: which of its two branches is NULL; undefined: no union. */
  readonly nullBranch: 0 | 1 | undefined;
  /** The same of an array's elements. */
  readonly elementNullBranch: 0 | 1 | undefined;
  /** A STRUCT's fields, a RANGE's bounds. */
  readonly children: readonly AvroColumn[];
}

/** https://avro.apache.org/docs/1.11.1/specification/#names */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Deepest nesting: BigQuery's own is 15 STRUCTs, each maybe in an ARRAY. */
const DEEPEST = 64;

/** Why these fields can't be had as Avro, in words that name the field; undefined: they can. */
export function unfitForAvro(fields: readonly MaskedField[], parent = ""): string | undefined {
  for (const { name, fields: inner = [] } of fields) {
    const path = parent + name;
    if (!NAME.test(name)) return `the name of ${path} is none of Avro's`;
    const unfit = unfitForAvro(inner, `${path}.`);
    if (unfit !== undefined) return unfit;
  }
  return undefined;
}

/**
 * The columns of upstream's schema, which must be exactly these fields as BigQuery maps them to Avro.
 * https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
 */
export function avroColumnsOf(schema: unknown, row: CellPlan): readonly AvroColumn[] {
  return recordOf(schema, row, 0, new Map());
}

/** Records that a RANGE is, by their full names: each is defined where it comes first, and named where it comes again. */
type Ranges = Map<string, Readonly<Record<string, unknown>>>;

function recordOf(schema: unknown, plan: CellPlan, depth: number, ranges: Ranges): readonly AvroColumn[] {
  if (depth > DEEPEST) throw new MaskingError("limit", "Columns nest too deep");
  const { type, fields } = objectOf(schema);
  if (type !== "record" || !Array.isArray(fields)) throw another(plan);
  if (fields.length !== plan.fields.length)
    throw new MaskingError("shape", `${plan.fields.length} columns were expected, not ${fields.length}`);
  return plan.fields.map((field, i) => columnOf(objectOf(fields[i]), field, depth, ranges));
}

function columnOf(field: Readonly<Record<string, unknown>>, plan: CellPlan, depth: number, ranges: Ranges): AvroColumn {
  const name = plan.path.slice(plan.path.lastIndexOf(".") + 1);
  if (field.name !== name) throw new MaskingError("shape", `${plan.path}: the column has another name`);
  if (!plan.repeated) {
    const { nullBranch, type } = branches(field.type, plan);
    const value = valueIn(type, plan, depth, ranges);
    return { name, plan, repeated: false, nullBranch, elementNullBranch: undefined, ...value };
  }
  const array = objectOf(field.type);
  if (array.type !== "array") throw another(plan);
  const { nullBranch, type } = branches(array.items, plan);
  return {
    name,
    plan,
    repeated: true,
    nullBranch: undefined,
    elementNullBranch: nullBranch,
    ...valueIn(type, plan, depth, ranges),
  };
}

/** A union of NULL and one type, or the type by itself. */
function branches(schema: unknown, plan: CellPlan): { nullBranch: 0 | 1 | undefined; type: unknown } {
  if (!Array.isArray(schema)) return { nullBranch: undefined, type: schema };
  const nullBranch = schema.indexOf("null");
  if (schema.length !== 2 || (nullBranch !== 0 && nullBranch !== 1)) throw another(plan);
  return { nullBranch, type: schema[1 - nullBranch] };
}

function valueIn(
  schema: unknown,
  plan: CellPlan,
  depth: number,
  ranges: Ranges,
): Pick<AvroColumn, "encoding" | "children"> {
  const { type, logicalType, precision, scale } = typeof schema === "string" ? { type: schema } : objectOf(schema);
  const of = (encoding: Encoding) => ({ encoding, children: [] });
  switch (plan.type) {
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
    case "INTERVAL":
      if (type === "string" && logicalType === undefined) return of("string");
      break;
    case "DATETIME":
      if (type === "string" && (logicalType === "datetime" || logicalType === undefined)) return of("string");
      break;
    case "BYTES":
      if (type === "bytes" && logicalType === undefined) return of("bytes");
      break;
    case "INT64":
      if (type === "long" && logicalType === undefined) return of("long");
      break;
    case "TIMESTAMP":
      if (type === "long" && logicalType === "timestamp-micros") return of("long");
      break;
    case "TIME":
      if (type === "long" && logicalType === "time-micros") return of("long");
      break;
    case "DATE":
      if (type === "int" && logicalType === "date") return of("int");
      break;
    case "FLOAT64":
      if (type === "double" && logicalType === undefined) return of("double");
      break;
    case "BOOL":
      if (type === "boolean") return of("boolean");
      break;
    case "NUMERIC":
      if (type === "bytes" && logicalType === "decimal" && precision === 38 && scale === 9) return of("decimal");
      break;
    case "BIGNUMERIC":
      if (type === "bytes" && logicalType === "decimal" && precision === 77 && scale === 38) return of("decimal");
      break;
    case "STRUCT":
      return { encoding: "record", children: recordOf(schema, plan, depth + 1, ranges) };
    case "RANGE":
      return { encoding: "range", children: boundsOf(schema, plan, ranges) };
    default:
      plan.type satisfies never;
  }
  throw another(plan);
}

/** A record of both bounds, or the name of one that was defined before. */
function boundsOf(schema: unknown, plan: CellPlan, ranges: Ranges): readonly AvroColumn[] {
  const range = typeof schema === "string" ? ranges.get(schema) : objectOf(schema);
  if (range?.type !== "record" || range.sqlType !== "RANGE" || !Array.isArray(range.fields)) throw another(plan);
  const [start, end, ...more] = range.fields;
  if (more.length > 0) throw another(plan);
  const bounds = [boundOf(start, plan, "start"), boundOf(end, plan, "end")] as const;
  if (bounds[0].plan.type !== bounds[1].plan.type) throw another(plan);
  ranges.set(`${range.namespace}.${range.name}`, range);
  return bounds;
}

/** A RANGE's element type is no part of the plan: whichever of the three it is, its mask is the whole's. */
function boundOf(schema: unknown, plan: CellPlan, name: "start" | "end"): AvroColumn {
  const field = objectOf(schema);
  if (field.name !== name) throw another(plan);
  const { nullBranch, type } = branches(field.type, plan);
  for (const bound of ["DATE", "DATETIME", "TIMESTAMP"] as const) {
    const shown: CellPlan = { ...plan, type: bound, repeated: false, rule: "none", action: SHOW, whole: "", count: 0 };
    try {
      const value = valueIn(type, shown, 0, new Map());
      return { name, plan: shown, repeated: false, nullBranch, elementNullBranch: undefined, ...value };
    } catch (error) {
      if (!(error instanceof MaskingError)) throw error;
    }
  }
  throw another(plan);
}

/** A name that stands for a type defined before isn't followed, but a RANGE's. */
function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MaskingError("shape", "The Avro schema is no schema of columns");
  return value as Readonly<Record<string, unknown>>;
}

function another(plan: CellPlan): MaskingError {
  return new MaskingError("shape", `${plan.path}: the column has another Avro type than ${plan.type}`);
}
