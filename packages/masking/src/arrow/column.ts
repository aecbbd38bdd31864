import type { CellPlan } from "../json-rows/cell-plan.ts";
import { SHOW } from "../json-rows/cell-plan.ts";
import type { FieldType } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import type { FlatTable } from "./flat-reader.ts";

/** How a column's values lie in its buffers. https://arrow.apache.org/docs/format/Columnar.html#physical-memory-layout */
export type Layout =
  | { readonly kind: "bits" }
  | { readonly kind: "fixed"; readonly width: 4 | 8 | 16 | 32 }
  | { readonly kind: "bytes"; readonly utf8: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "struct" };

/** A column, field or element as Arrow carries it, with what is to be done to it. */
export interface Column {
  readonly name: string;
  /** Of a list: its elements' type. RANGE is a STRUCT of its two bounds. */
  readonly type: FieldType;
  readonly plan: CellPlan;
  readonly layout: Layout;
  /** A list's one element column, a STRUCT's fields, a RANGE's bounds. */
  readonly children: readonly Column[];
}

/** `Type`, format/Schema.fbs. */
export const ARROW = {
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
} as const;

export const DOUBLE = 2;
export const DAY = 0;
export const MICROSECOND = 2;
export const MONTH_DAY_NANO = 2;
/** Arrow's defaults where a field is absent: Date.unit MILLISECOND, Time.unit MILLISECOND with 32 bits, Timestamp.unit SECOND. */
const MILLISECOND = 1;

/** Deepest nesting: BigQuery's own is 15 STRUCTs, each maybe in an ARRAY. */
const DEEPEST = 64;

/**
 * The columns of a schema message, which must be exactly these fields as BigQuery maps them to Arrow.
 * https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details
 */
export function columnsOf(schema: FlatTable, row: CellPlan): readonly Column[] {
  // Endianness: 0 is little.
  if (schema.int16(0) !== 0) throw new MaskingError("shape", "Big-endian Arrow is not read");
  const fields = schema.tables(1);
  if (fields.length !== row.fields.length)
    throw new MaskingError("shape", `${row.fields.length} columns were expected, not ${fields.length}`);
  return row.fields.map((plan, i) => columnOf(fields[i] as FlatTable, plan, plan.path, 0));
}

function columnOf(field: FlatTable, plan: CellPlan, name: string, depth: number): Column {
  if (depth > DEEPEST) throw new MaskingError("limit", "Columns nest too deep");
  if (field.string(0) !== name) throw new MaskingError("shape", `${plan.path}: the column has another name`);
  if (!plan.repeated) return columnOfOne(field, plan, name, depth);
  refuseDictionary(field, plan);
  const [element, ...more] = field.tables(5);
  if (field.uint8(2) !== ARROW.list || element === undefined || more.length > 0) throw another(plan);
  const item = columnOfOne(element, { ...plan, repeated: false }, name, depth);
  return { name, type: plan.type, plan, layout: { kind: "list" }, children: [{ ...item, plan }] };
}

/** One value of the plan's type: a column that isn't repeated, or an element of one that is. */
function columnOfOne(field: FlatTable, plan: CellPlan, name: string, depth: number): Column {
  refuseDictionary(field, plan);
  const children = field.tables(5);
  const of = (layout: Layout): Column => {
    if (children.length > 0) throw another(plan);
    return { name, type: plan.type, plan, layout, children: [] };
  };
  const found = field.uint8(2);
  const type = field.table(3);
  if (type === undefined) throw another(plan);
  switch (plan.type) {
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
      if (found === ARROW.utf8) return of({ kind: "bytes", utf8: true });
      break;
    case "BYTES":
      if (found === ARROW.binary) return of({ kind: "bytes", utf8: false });
      break;
    case "INT64":
      if (found === ARROW.int && type.int32(0) === 64 && type.uint8(1) === 1) return of({ kind: "fixed", width: 8 });
      break;
    case "FLOAT64":
      if (found === ARROW.floatingPoint && type.int16(0) === DOUBLE) return of({ kind: "fixed", width: 8 });
      break;
    case "BOOL":
      if (found === ARROW.bool) return of({ kind: "bits" });
      break;
    case "NUMERIC":
      if (found === ARROW.decimal && isDecimal(type, 38, 9, 128)) return of({ kind: "fixed", width: 16 });
      break;
    case "BIGNUMERIC":
      if (found === ARROW.decimal && isDecimal(type, 76, 38, 256)) return of({ kind: "fixed", width: 32 });
      break;
    case "DATE":
      if (found === ARROW.date && type.int16(0, MILLISECOND) === DAY) return of({ kind: "fixed", width: 4 });
      break;
    case "TIME":
      if (found === ARROW.time && type.int16(0, MILLISECOND) === MICROSECOND && type.int32(1, 32) === 64)
        return of({ kind: "fixed", width: 8 });
      break;
    case "DATETIME":
      if (found === ARROW.timestamp && type.int16(0) === MICROSECOND && type.string(1) === undefined)
        return of({ kind: "fixed", width: 8 });
      break;
    case "TIMESTAMP":
      if (found === ARROW.timestamp && type.int16(0) === MICROSECOND && type.string(1) === "UTC")
        return of({ kind: "fixed", width: 8 });
      break;
    case "INTERVAL":
      if (found === ARROW.interval && type.int16(0) === MONTH_DAY_NANO) return of({ kind: "fixed", width: 16 });
      break;
    case "RANGE": {
      const [start, end, ...more] = children;
      if (found !== ARROW.struct || start === undefined || end === undefined || more.length > 0) break;
      const bounds = [boundOf(start, plan, "start"), boundOf(end, plan, "end")] as const;
      if (bounds[0].type !== bounds[1].type) break;
      return { name, type: plan.type, plan, layout: { kind: "struct" }, children: bounds };
    }
    case "STRUCT": {
      if (found !== ARROW.struct || children.length !== plan.fields.length) break;
      const inner = plan.fields.map((child, i) =>
        columnOf(children[i] as FlatTable, child, child.path.slice(plan.path.length + 1), depth + 1),
      );
      return { name, type: plan.type, plan, layout: { kind: "struct" }, children: inner };
    }
    default:
      plan.type satisfies never;
  }
  throw another(plan);
}

/** A RANGE's element type is no part of the plan: whichever of the three it is, its mask is the whole's. */
function boundOf(field: FlatTable, plan: CellPlan, name: "start" | "end"): Column {
  if (field.string(0) !== name) throw another(plan);
  for (const type of ["DATE", "DATETIME", "TIMESTAMP"] as const) {
    try {
      const bound: CellPlan = {
        ...plan,
        type,
        repeated: false,
        fields: [],
        rule: "none",
        action: SHOW,
        whole: "",
        count: 0,
      };
      return columnOfOne(field, bound, name, 0);
    } catch (error) {
      if (!(error instanceof MaskingError)) throw error;
    }
  }
  throw another(plan);
}

function isDecimal(type: FlatTable, precision: number, scale: number, bits: number): boolean {
  return type.int32(0) === precision && type.int32(1) === scale && type.int32(2, 128) === bits;
}

function refuseDictionary(field: FlatTable, plan: CellPlan): void {
  if (field.has(4)) throw new MaskingError("shape", `${plan.path}: dictionaries are not read`);
}

function another(plan: CellPlan): MaskingError {
  return new MaskingError("shape", `${plan.path}: the column has another Arrow type than ${plan.type}`);
}
