/**
 * GoogleSQL's data types: their names, when two are equal, when one coerces to another, and what type several share.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules
 */
import type { TableFieldSchema } from "./table-resource.ts";

type ScalarName =
  | "BOOL"
  | "INT64"
  | "FLOAT64"
  | "NUMERIC"
  | "BIGNUMERIC"
  | "STRING"
  | "BYTES"
  | "DATE"
  | "DATETIME"
  | "TIME"
  | "TIMESTAMP"
  | "INTERVAL"
  | "JSON"
  | "GEOGRAPHY";

export interface ScalarType {
  readonly kind: "scalar";
  readonly name: ScalarName;
}

export interface ArrayType {
  readonly kind: "array";
  readonly element: Type;
}

export interface RangeType {
  readonly kind: "range";
  readonly element: ScalarType;
}

export interface StructType {
  readonly kind: "struct";
  readonly fields: readonly StructField[];
}

export interface StructField {
  /** Empty for an anonymous field. */
  readonly name: string;
  readonly type: Type;
}

export type Type = ScalarType | ArrayType | RangeType | StructType;

/**
 * What a value was written as: literals and parameters coerce further than columns do.
 * `null` is the untyped NULL, which takes any type.
 */
export type Literalness = "null" | "literal" | "parameter" | "value";

const scalar = (name: ScalarName): ScalarType => ({ kind: "scalar", name });

export const BOOL = scalar("BOOL");
export const INT64 = scalar("INT64");
export const FLOAT64 = scalar("FLOAT64");
const NUMERIC = scalar("NUMERIC");
const BIGNUMERIC = scalar("BIGNUMERIC");
export const STRING = scalar("STRING");
export const BYTES = scalar("BYTES");
export const DATE = scalar("DATE");
export const DATETIME = scalar("DATETIME");
export const TIME = scalar("TIME");
export const TIMESTAMP = scalar("TIMESTAMP");
export const INTERVAL = scalar("INTERVAL");
export const JSON_TYPE = scalar("JSON");
const GEOGRAPHY = scalar("GEOGRAPHY");

/** Every spelling BigQuery takes for a scalar type, in SQL or in a table's schema. */
const SCALARS: ReadonlyMap<string, ScalarType> = new Map([
  ["BOOL", BOOL],
  ["BOOLEAN", BOOL],
  ["INT64", INT64],
  ["INT", INT64],
  ["SMALLINT", INT64],
  ["INTEGER", INT64],
  ["BIGINT", INT64],
  ["TINYINT", INT64],
  ["BYTEINT", INT64],
  ["FLOAT64", FLOAT64],
  ["FLOAT", FLOAT64],
  ["NUMERIC", NUMERIC],
  ["DECIMAL", NUMERIC],
  ["BIGNUMERIC", BIGNUMERIC],
  ["BIGDECIMAL", BIGNUMERIC],
  ["STRING", STRING],
  ["BYTES", BYTES],
  ["DATE", DATE],
  ["DATETIME", DATETIME],
  ["TIME", TIME],
  ["TIMESTAMP", TIMESTAMP],
  ["INTERVAL", INTERVAL],
  ["JSON", JSON_TYPE],
  ["GEOGRAPHY", GEOGRAPHY],
]);

/** The scalar type of a name in any case and spelling (`integer`, `BIGDECIMAL`), or undefined. */
export function scalarType(name: string): ScalarType | undefined {
  return SCALARS.get(name.toUpperCase());
}

export const arrayOf = (element: Type): ArrayType => ({ kind: "array", element });
export const structOf = (fields: readonly StructField[]): StructType => ({ kind: "struct", fields });
export const rangeOf = (element: ScalarType): RangeType => ({ kind: "range", element });

/** The element types a RANGE may have. */
export function isRangeElement(type: Type): type is ScalarType {
  return type.kind === "scalar" && (type.name === "DATE" || type.name === "DATETIME" || type.name === "TIMESTAMP");
}

/** The canonical name: `ARRAY<STRUCT<a STRING, b INT64>>`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "array":
      return `ARRAY<${typeName(type.element)}>`;
    case "range":
      return `RANGE<${type.element.name}>`;
    case "struct":
      return `STRUCT<${type.fields.map((f) => (f.name === "" ? "" : `${fieldName(f.name)} `) + typeName(f.type)).join(", ")}>`;
    default:
      return unreachable(type);
  }
}

function fieldName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/** The type of a column in a table resource; undefined when the resource names a type this build doesn't know. */
export function schemaType(field: TableFieldSchema): Type | undefined {
  const type = unrepeatedType(field);
  if (type === undefined) return undefined;
  return field.mode?.toUpperCase() === "REPEATED" ? arrayOf(type) : type;
}

function unrepeatedType(field: TableFieldSchema): Type | undefined {
  const name = field.type.toUpperCase();
  if (name === "RECORD" || name === "STRUCT") {
    const fields: StructField[] = [];
    for (const inner of field.fields ?? []) {
      const type = schemaType(inner);
      if (type === undefined) return undefined;
      fields.push({ name: inner.name, type });
    }
    return structOf(fields);
  }
  if (name === "RANGE") {
    const element = field.rangeElementType && scalarType(field.rangeElementType.type);
    return element && isRangeElement(element) ? rangeOf(element) : undefined;
  }
  return scalarType(name);
}

/** BigQuery's QueryParameterType: https://cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter#QueryParameterType */
export interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name?: string; readonly type: ParameterType }[];
  readonly rangeElementType?: ParameterType;
}

/** The type a query parameter declares; undefined when it isn't one BigQuery has. */
export function parameterType(declared: ParameterType, depth = 0): Type | undefined {
  if (depth > 15) return undefined;
  switch (declared.type.toUpperCase()) {
    case "ARRAY": {
      const element = declared.arrayType && parameterType(declared.arrayType, depth + 1);
      return element && element.kind !== "array" ? arrayOf(element) : undefined;
    }
    case "STRUCT": {
      const fields: StructField[] = [];
      for (const field of declared.structTypes ?? []) {
        const type = parameterType(field.type, depth + 1);
        if (type === undefined) return undefined;
        fields.push({ name: field.name ?? "", type });
      }
      return structOf(fields);
    }
    case "RANGE": {
      const element = declared.rangeElementType && parameterType(declared.rangeElementType, depth + 1);
      return element && isRangeElement(element) ? rangeOf(element) : undefined;
    }
    default:
      return scalarType(declared.type);
  }
}

/** Equal in structure; field names of structs compare without case. */
export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind === "scalar" && b.kind === "scalar") return a.name === b.name;
  if ((a.kind === "array" && b.kind === "array") || (a.kind === "range" && b.kind === "range")) {
    return sameType(a.element, b.element);
  }
  if (a.kind === "struct" && b.kind === "struct") {
    return (
      a.fields.length === b.fields.length &&
      a.fields.every((field, i) => {
        const other = b.fields[i];
        return (
          other !== undefined &&
          field.name.toLowerCase() === other.name.toLowerCase() &&
          sameType(field.type, other.type)
        );
      })
    );
  }
  return false;
}

/** Columns widen along these; the number is how far, so that the nearest signature wins. */
const WIDENING: Readonly<Partial<Record<ScalarName, Readonly<Partial<Record<ScalarName, number>>>>>> = {
  INT64: { FLOAT64: 1, NUMERIC: 2, BIGNUMERIC: 3 },
  NUMERIC: { BIGNUMERIC: 1, FLOAT64: 2 },
  BIGNUMERIC: { FLOAT64: 2 },
  DATE: { DATETIME: 1 },
};

/** What only a literal, or a literal and a parameter, can become. */
const LITERAL_WIDENING: Readonly<Partial<Record<ScalarName, Readonly<Partial<Record<ScalarName, number>>>>>> = {
  FLOAT64: { NUMERIC: 4, BIGNUMERIC: 5 },
};
const LITERAL_OR_PARAMETER: Readonly<Partial<Record<ScalarName, Readonly<Partial<Record<ScalarName, number>>>>>> = {
  // As far from each: a function's first signature is meant.
  STRING: { DATE: 4, DATETIME: 4, TIME: 4, TIMESTAMP: 4 },
};

/** How far `from` is from `to` under implicit coercion: 0 when equal, undefined when it doesn't coerce. */
export function coercionDistance(from: Type, to: Type, written: Literalness): number | undefined {
  if (written === "null") return 0;
  if (from.kind === "scalar" && to.kind === "scalar") {
    if (from.name === to.name) return 0;
    const widened = WIDENING[from.name]?.[to.name];
    if (widened !== undefined) return widened;
    if (written === "value") return undefined;
    const bound = LITERAL_OR_PARAMETER[from.name]?.[to.name];
    if (bound !== undefined) return bound;
    return written === "literal" ? LITERAL_WIDENING[from.name]?.[to.name] : undefined;
  }
  if (from.kind === "struct" && to.kind === "struct") {
    if (from.fields.length !== to.fields.length) return undefined;
    let sum = 0;
    for (const [i, field] of from.fields.entries()) {
      const target = to.fields[i];
      const distance = target && coercionDistance(field.type, target.type, written);
      if (distance === undefined) return undefined;
      sum += distance;
    }
    return sum;
  }
  if (from.kind === "array" && to.kind === "array") {
    if (sameType(from.element, to.element)) return 0;
    return written === "value" ? undefined : coercionDistance(from.element, to.element, written);
  }
  return sameType(from, to) ? 0 : undefined;
}

export function coerces(from: Type, to: Type, written: Literalness): boolean {
  return coercionDistance(from, to, written) !== undefined;
}

export interface TypedValue {
  readonly type: Type;
  readonly written: Literalness;
}

/** Whether a request's parameter coerces, and a column of its type wouldn't: the cast happens as it is computed, and `@p` may be no date. */
export function isCastParameter({ type, written }: TypedValue, to: Type): boolean {
  return written === "parameter" && coerces(type, to, written) && !coerces(type, to, "value");
}

/**
 * The type that CASE branches, set operations, array elements and comparisons agree on; literals follow the others.
 * undefined when there is none. All NULL is INT64, as BigQuery has it.
 */
export function supertype(values: readonly TypedValue[]): Type | undefined {
  const one = values[0]?.type;
  if (one !== undefined && values.every((v) => v.type === one && v.written !== "null")) return one;
  const typed = distinct(values.filter((v) => v.written !== "null"));
  if (typed === undefined) return undefined;
  const first = typed[0];
  if (first === undefined) return values.length === 0 ? undefined : INT64;
  const firm = typed.filter((v) => v.written === "value");
  const among = (candidates: readonly TypedValue[]): Type | undefined => {
    let best: Type | undefined;
    for (const candidate of candidates) {
      if (best === undefined) best = candidate.type;
      else {
        best = wider(best, candidate.type);
        if (best === undefined) return undefined;
      }
    }
    return best !== undefined && typed.every((v) => best !== undefined && coerces(v.type, best, v.written))
      ? best
      : undefined;
  };
  const agreed = (firm.length > 0 ? among(firm) : undefined) ?? among(typed);
  // A string literal beside a DATE literal, say: some one of them that all coerce to.
  const type = agreed ?? typed.find((v) => typed.every((other) => coerces(other.type, v.type, other.written)))?.type;
  return type && namedBy(first.type, type);
}

/** The type with the names of fields that the first value has, be it a literal. What isn't a STRUCT there leaves the fields without names. */
function namedBy(first: Type, type: Type): Type {
  if (sameType(first, type)) return first;
  switch (type.kind) {
    case "scalar":
    case "range":
      return type;
    case "struct": {
      const known = first.kind === "struct" ? first.fields : [];
      return structOf(
        type.fields.map(({ type: own }, i) => ({
          name: known[i]?.name ?? "",
          type: namedBy(known[i]?.type ?? INT64, own),
        })),
      );
    }
    case "array":
      return arrayOf(namedBy(first.kind === "array" ? first.element : INT64, type.element));
    default:
      return unreachable(type);
  }
}

/** A list of thousands of values has few types; past MANY the values are taken to have nothing in common. */
const MANY = 200;

function distinct(values: readonly TypedValue[]): TypedValue[] | undefined {
  const found: TypedValue[] = [];
  for (const value of values) {
    if (found.some((f) => f.written === value.written && sameType(f.type, value.type))) continue;
    if (found.length === MANY) return undefined;
    found.push(value);
  }
  return found;
}

function wider(a: Type, b: Type): Type | undefined {
  if (sameType(a, b)) return a;
  if (a.kind === "struct" && b.kind === "struct") {
    if (a.fields.length !== b.fields.length) return undefined;
    const fields: StructField[] = [];
    for (const [i, field] of a.fields.entries()) {
      const other = b.fields[i];
      const type = other && wider(field.type, other.type);
      if (type === undefined) return undefined;
      fields.push({ name: field.name, type });
    }
    return structOf(fields);
  }
  if (a.kind !== "scalar" || b.kind !== "scalar") return undefined;
  if (WIDENING[a.name]?.[b.name] !== undefined) return b;
  if (WIDENING[b.name]?.[a.name] !== undefined) return a;
  return undefined;
}

/** May stand in GROUP BY, DISTINCT, PARTITION BY and set operations that compare. */
export function isGroupable(type: Type): boolean {
  switch (type.kind) {
    case "scalar":
      return type.name !== "JSON" && type.name !== "GEOGRAPHY";
    case "array":
      return isGroupable(type.element);
    case "range":
      return true;
    case "struct":
      return type.fields.every((field) => isGroupable(field.type));
    default:
      return unreachable(type);
  }
}

/** May stand in ORDER BY, MIN, MAX, `<`. */
export function isOrderable(type: Type): boolean {
  return type.kind === "range" || (type.kind === "scalar" && type.name !== "JSON" && type.name !== "GEOGRAPHY");
}

/** May be compared with `=`. */
export function isComparable(type: Type): boolean {
  switch (type.kind) {
    case "scalar":
      return type.name !== "JSON" && type.name !== "GEOGRAPHY";
    case "array":
      return false;
    case "range":
      return true;
    case "struct":
      return type.fields.every((field) => isComparable(field.type));
    default:
      return unreachable(type);
  }
}

const scalarCasts = (targets: string): ReadonlySet<string> => new Set(targets.split(" "));
const CASTS: Readonly<Record<ScalarName, ReadonlySet<string>>> = {
  BOOL: scalarCasts("BOOL INT64 STRING"),
  INT64: scalarCasts("BOOL INT64 FLOAT64 NUMERIC BIGNUMERIC STRING"),
  FLOAT64: scalarCasts("INT64 FLOAT64 NUMERIC BIGNUMERIC STRING"),
  NUMERIC: scalarCasts("INT64 FLOAT64 NUMERIC BIGNUMERIC STRING"),
  BIGNUMERIC: scalarCasts("INT64 FLOAT64 NUMERIC BIGNUMERIC STRING"),
  STRING: scalarCasts(
    "BOOL INT64 FLOAT64 NUMERIC BIGNUMERIC STRING BYTES DATE DATETIME TIME TIMESTAMP INTERVAL GEOGRAPHY",
  ),
  BYTES: scalarCasts("BYTES STRING"),
  DATE: scalarCasts("DATE DATETIME TIMESTAMP STRING"),
  DATETIME: scalarCasts("DATE DATETIME TIME TIMESTAMP STRING"),
  TIME: scalarCasts("TIME STRING"),
  TIMESTAMP: scalarCasts("DATE DATETIME TIME TIMESTAMP STRING"),
  INTERVAL: scalarCasts("INTERVAL STRING"),
  JSON: scalarCasts("JSON"),
  GEOGRAPHY: scalarCasts("GEOGRAPHY STRING"),
};

/** Whether `CAST(from AS to)` is defined. */
export function casts(from: Type, to: Type, written: Literalness): boolean {
  if (written === "null") return true;
  if (from.kind === "scalar" && to.kind === "scalar") return CASTS[from.name].has(to.name);
  if (from.kind === "scalar" && from.name === "STRING" && to.kind === "range") return true;
  if (from.kind === "range" && to.kind === "scalar") return to.name === "STRING";
  if (from.kind === "array" && to.kind === "array") return casts(from.element, to.element, "value");
  if (from.kind === "struct" && to.kind === "struct") {
    return (
      from.fields.length === to.fields.length &&
      from.fields.every((field, i) => {
        const target = to.fields[i];
        return target !== undefined && casts(field.type, target.type, "value");
      })
    );
  }
  return sameType(from, to);
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
