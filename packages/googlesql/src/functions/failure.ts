/**
 * Which computations can fail, by what they are given. A query that fails for some values and not for others answers a
 * question about them (`SQRT(value - 100)`), so what such a computation is given is a predicate (threat-model row 7).
 * A function that isn't named here can fail (I1), as JSON_ARRAY can of a number that JSON can't hold. That what is put together grows too
 * long is told by how often it is: resolver/growth.ts.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */
import type { Expression } from "../tree.ts";
import { sameType, type Type } from "../types.ts";
import { canBeSure, cannotFail, cannotFailBy } from "./failing-as-written.ts";
import { type Among, ANY_ROWS } from "./magnitude.ts";
import { isPlain } from "./plain-argument.ts";

/** Never fails, whatever it is given. */
const TOTAL: ReadonlySet<string> = new Set(
  `
  COALESCE IF IFNULL NULLIF GREATEST LEAST TYPEOF
  CHAR_LENGTH CHARACTER_LENGTH UNICODE BYTE_LENGTH LENGTH OCTET_LENGTH ENDS_WITH STARTS_WITH
  INITCAP LOWER UPPER REVERSE LTRIM RTRIM TRIM REPLACE NORMALIZE NORMALIZE_AND_CASEFOLD SAFE_CONVERT_BYTES_TO_STRING
  SOUNDEX SPLIT STRPOS TO_BASE32 TO_BASE64 TO_HEX TO_CODE_POINTS FARM_FINGERPRINT MD5 SHA1 SHA256 SHA512
  NET.HOST NET.PUBLIC_SUFFIX NET.REG_DOMAIN NET.SAFE_IP_FROM_STRING BAG_OF_WORDS
  SIGN SAFE_NEGATE SAFE_DIVIDE SAFE_ADD SAFE_MULTIPLY SAFE_SUBTRACT IEEE_DIVIDE IS_INF IS_NAN BIT_COUNT ATAN ATAN2 TANH
  TRUNC SIN COS ASINH CBRT
  RAND GENERATE_UUID CURRENT_TIMESTAMP
  TIME_DIFF TIME_TRUNC UNIX_DATE UNIX_MICROS UNIX_MILLIS UNIX_SECONDS TIME_ADD TIME_SUB
  RANGE_START RANGE_END RANGE_CONTAINS RANGE_OVERLAPS
  ARRAY_CONCAT ARRAY_REVERSE ARRAY_LENGTH ARRAY_TO_STRING ARRAY_INCLUDES ARRAY_INCLUDES_ALL ARRAY_INCLUDES_ANY
  ARRAY_IS_DISTINCT ARRAY_MAX ARRAY_MIN
  JSON_TYPE TO_JSON_STRING JSON_FLATTEN SAFE_TO_JSON LAX_BOOL LAX_INT64 LAX_FLOAT64 LAX_DOUBLE LAX_STRING
  ST_ASTEXT ST_ASGEOJSON ST_ASBINARY ST_GEOMETRYTYPE ST_DIMENSION ST_NPOINTS ST_NUMPOINTS ST_NUMGEOMETRIES ST_ISEMPTY
  ST_ISCLOSED ST_ISCOLLECTION ST_ISRING ST_BOUNDINGBOX
  COUNT COUNTIF APPROX_COUNT_DISTINCT MIN MAX MIN_BY MAX_BY ANY_VALUE STRING_AGG LOGICAL_AND LOGICAL_OR GROUPING
  BIT_AND BIT_OR BIT_XOR
  FIRST_VALUE LAST_VALUE
  OP_PLUS OP_COMPLEMENT OP_JOIN OP_JOIN_ARRAYS
  `
    .trim()
    .split(/\s+/),
);

/** Can't fail by the argument at this place; by the others it can (a pattern, a length, a format), unless they are written plainly. */
const TOTAL_AT: ReadonlyMap<string, number> = new Map([
  ...["SUBSTR", "SUBSTRING", "LEFT", "RIGHT", "INSTR", "COLLATE", "HLL_COUNT.INIT"].map((name) => [name, 0] as const),
  ...["REGEXP_CONTAINS", "REGEXP_EXTRACT", "REGEXP_EXTRACT_ALL", "REGEXP_INSTR", "REGEXP_SUBSTR"].map(
    (name) => [name, 0] as const,
  ),
  ...["CONTAINS_SUBSTR", "SEARCH", "TEXT_ANALYZE", "TF_IDF"].map((name) => [name, 0] as const),
  ...["ARRAY_SLICE", "ARRAY_FIRST_N", "ARRAY_LAST_N"].map((name) => [name, 0] as const),
  ...["JSON_EXTRACT", "JSON_QUERY", "JSON_EXTRACT_SCALAR", "JSON_VALUE", "JSON_EXTRACT_ARRAY", "JSON_QUERY_ARRAY"].map(
    (name) => [name, 0] as const,
  ),
  ...["JSON_KEYS", "RANGE_BUCKET"].map((name) => [name, 0] as const),
  ...["FORMAT_DATE", "FORMAT_DATETIME", "FORMAT_TIME", "FORMAT_TIMESTAMP"].map((name) => [name, 1] as const),
  ...["LPAD", "RPAD", "REPEAT", "REGEXP_REPLACE"].map((name) => [name, 0] as const),
  ...["DATE_TRUNC", "DATETIME_TRUNC", "TIMESTAMP_TRUNC", "LAST_DAY"].map((name) => [name, 0] as const),
  ["OP_LIKE", 0],
]);

/** Read JSON in a text, of which no more than a thousand levels may be open: https://github.com/google/googlesql/blob/master/googlesql/public/functions/json.cc */
const READING: ReadonlySet<string> = new Set(
  "JSON_EXTRACT JSON_QUERY JSON_EXTRACT_SCALAR JSON_VALUE JSON_EXTRACT_ARRAY JSON_QUERY_ARRAY".split(" "),
);

/**
 * Fails by the argument at this place alone: an offset that is NULL or negative.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/navigation_functions#lag
 */
const FAILS_AT: ReadonlyMap<string, number> = new Map([
  ["LAG", 1],
  ["LEAD", 1],
]);

/** Can't fail by a first argument of these types; by others, or by a time zone, they can. */
const TOTAL_OF: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["DATE", ["DATE", "DATETIME", "TIMESTAMP"]],
  ["DATETIME", ["DATE", "DATETIME", "TIMESTAMP"]],
  ["TIME", ["TIME", "DATETIME", "TIMESTAMP"]],
  ["TIMESTAMP", ["DATE", "DATETIME", "TIMESTAMP"]],
  ["STRING", ["DATE", "DATETIME", "TIME", "TIMESTAMP"]],
  ...["CEIL", "CEILING", "FLOOR"].map((name) => [name, ["FLOAT64"]] as const),
]);

/** Where these take a time zone: in another one the first and the last times of all are out of range. */
const ZONE_AT: ReadonlyMap<string, number> = new Map([
  ...["DATE", "DATETIME", "TIME", "TIMESTAMP", "STRING"].map((name) => [name, 1] as const),
  ["FORMAT_TIMESTAMP", 2],
]);

/**
 * Give an ARRAY that holds NULL where the JSON does, or a group took no part in a match: it can't be a result, and SAFE doesn't help, for the function didn't fail.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_value_array
 */
const GIVING_NULLS: ReadonlySet<string> = new Set(
  `
  JSON_VALUE_ARRAY JSON_EXTRACT_STRING_ARRAY REGEXP_EXTRACT_ALL
  LAX_BOOL_ARRAY LAX_INT64_ARRAY LAX_FLOAT64_ARRAY LAX_DOUBLE_ARRAY LAX_STRING_ARRAY
  `
    .trim()
    .split(/\s+/),
);

/** Whether what the function gives can be an ARRAY that holds NULL, which no result may be. */
export function givesNulls(name: string): boolean {
  return GIVING_NULLS.has(name);
}

/**
 * Whether the argument at this place (from 0; -1 for one passed by name) can make the function or operator fail. `types`: of all
 * arguments, null for one that is no value; `written`: how they are, null where it isn't known.
 */
export function mayFail(
  name: string,
  place: number,
  types: readonly (Type | null)[],
  written: readonly (Expression | null)[],
  among: Among = ANY_ROWS,
): boolean {
  return mayFailAt(name, types, written, among)(place);
}

/** The same for each place of one call: what all of them decide together is asked once, since there can be thousands. */
export function mayFailAt(
  name: string,
  types: readonly (Type | null)[],
  written: readonly (Expression | null)[],
  among: Among = ANY_ROWS,
): (place: number) => boolean {
  const zone = types[ZONE_AT.get(name) ?? types.length];
  if (zone?.kind === "scalar" && zone.name === "STRING") return () => true;
  const only = FAILS_AT.get(name);
  if (only !== undefined) return (place) => place === only;
  if (TOTAL.has(name)) return () => false;
  const safe = TOTAL_AT.get(name);
  let sure: boolean | undefined;
  return (place) => {
    if (safe === place) return false;
    sure ??= cannotFail(name, types, written, among);
    if (sure || cannotFailBy(name, place, types, written)) return false;
    const type = types[place];
    return place !== 0 || type?.kind !== "scalar" || TOTAL_OF.get(name)?.includes(type.name) !== true;
  };
}

/**
 * Whether the argument at this place decides whether another makes the function fail: where it is NULL, nothing does. `written`: of all
 * arguments, null where it isn't known.
 */
export function failsBeside(name: string, place: number, written: readonly (Expression | null)[]): boolean {
  return TOTAL_AT.get(name) === place && written.some((other, i) => i !== place && !isPlain(name, i, other));
}

/**
 * Whether the function reads JSON in the argument at this place, which fails where that is put together of more than one text: a thousand
 * brackets behind `REPLACE(name, 'Smith', '')` are too deep for one name, and no JSON behind any other. What TO_JSON_STRING gives is as deep
 * as its type.
 */
export function readsDepth(
  name: string,
  place: number,
  types: readonly (Type | null)[],
  written: Expression | null,
): boolean {
  const type = types[place];
  if (place !== 0 || !READING.has(name) || type?.kind !== "scalar" || type.name !== "STRING") return false;
  const [made, more] = written?.kind === "FunctionCall" ? written.name : [];
  return made === undefined || more !== undefined || made.name.toUpperCase() !== "TO_JSON_STRING";
}

/** Whether `mayFail` and `failsBeside` are false of each call. */
export function neverFails(name: string): boolean {
  return TOTAL.has(name) && !ZONE_AT.has(name) && !FAILS_AT.has(name) && !TOTAL_AT.has(name);
}

/** In short, for a reader. */
export function failureOf(name: string): "never" | "by some arguments" | "yes" {
  if (TOTAL.has(name)) return "never";
  const some = TOTAL_AT.has(name) || TOTAL_OF.has(name) || FAILS_AT.has(name) || canBeSure(name);
  return some ? "by some arguments" : "yes";
}

/** To each type, the types whose every value casts to it. */
const CASTS: Readonly<Record<string, readonly string[]>> = {
  STRING: ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL"],
  BYTES: ["STRING"],
  FLOAT64: ["INT64", "NUMERIC", "BIGNUMERIC"],
  NUMERIC: ["INT64"],
  BIGNUMERIC: ["INT64", "NUMERIC"],
  INT64: ["BOOL"],
  BOOL: ["INT64"],
  DATE: ["DATETIME", "TIMESTAMP"],
  DATETIME: ["DATE", "TIMESTAMP"],
  TIME: ["DATETIME", "TIMESTAMP"],
  TIMESTAMP: ["DATE", "DATETIME"],
};

/**
 * Whether a cast between these types, without type parameters and FORMAT, can fail. A STRUCT is cast field by field, whatever they are called:
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast-as-struct
 */
export function castMayFail(from: Type, to: Type): boolean {
  if (from.kind === "struct" && to.kind === "struct") {
    return from.fields.some(({ type }, i) => {
      const target = to.fields[i];
      return target === undefined || (!sameType(type, target.type) && castMayFail(type, target.type));
    });
  }
  if (from.kind !== "scalar" || to.kind !== "scalar") return true;
  return from.name !== to.name && CASTS[to.name]?.includes(from.name) !== true;
}
