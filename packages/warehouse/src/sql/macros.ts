/**
 * GoogleSQL functions whose DuckDB namesake differs (or is missing), as DuckDB macros named `bq_…`.
 * A macro with several bodies is chosen by the types of its arguments, so that result types are BigQuery's.
 */

const NUMERIC = "DECIMAL(38,9)";
/** DOUBLE for integers and doubles, NUMERIC for NUMERIC: the types a median has. */
const QUOTIENT = "cast_to_type(a / b, list_median([a + b]))";
/** BigQuery's WEEK begins on Sunday and ISOWEEK on Monday, as DuckDB's week does. */
const PART = "(CASE p WHEN 'isoweek' THEN 'week' ELSE p END)";
const SUNDAY = "(CASE p WHEN 'week' THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAY END)";

/** One `bodies` entry is `(parameters) AS body`. */
const MACROS: Readonly<Record<string, readonly string[]>> = {
  div_op: [`(a, b) AS CASE WHEN b = 0 THEN error('division by zero: ' || a || ' / ' || b) ELSE ${QUOTIENT} END`],
  mul_op: ["(a, b) AS cast_to_type(a * b, a + b)"],
  avg: [`(a ${NUMERIC}) AS CAST(avg(a) AS ${NUMERIC})`, "(a BIGINT) AS avg(a)", "(a DOUBLE) AS avg(a)"],
  safe_divide: [`(a, b) AS CASE WHEN b = 0 THEN NULL ELSE ${QUOTIENT} END`],
  ieee_divide: ["(a, b) AS CAST(a AS DOUBLE) / CAST(b AS DOUBLE)"],
  div: ["(a, b) AS CASE WHEN b = 0 THEN error('division by zero: DIV(' || a || ', ' || b || ')') ELSE a // b END"],
  mod: ["(a, b) AS CASE WHEN b = 0 THEN error('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END"],
  safe_add: ["(a, b) AS TRY(a + b)"],
  safe_subtract: ["(a, b) AS TRY(a - b)"],
  safe_multiply: ["(a, b) AS TRY(a * b)"],
  safe_negate: ["(a) AS TRY(-a)"],
  is_nan: ["(a) AS isnan(CAST(a AS DOUBLE))"],
  is_inf: ["(a) AS isinf(CAST(a AS DOUBLE))"],
  log: ["(a) AS ln(a)", "(a, b) AS ln(a) / ln(b)"],
  // DuckDB sums integers as HUGEINT; BigQuery's sum is INT64.
  sum: ["(a BIGINT) AS CAST(sum(a) AS BIGINT)", "(a DOUBLE) AS sum(a)", `(a ${NUMERIC}) AS sum(a)`],
  sum_as: ["(r, x BIGINT) AS CAST(r AS BIGINT)", "(r, x DOUBLE) AS r", `(r, x ${NUMERIC}) AS r`],
  // For windows: `x` only says which type the average has.
  avg_as: [`(r, x ${NUMERIC}) AS CAST(r AS ${NUMERIC})`, "(r, x BIGINT) AS r", "(r, x DOUBLE) AS r"],
  error: ["(a) AS error(a)"],

  to_string: [
    "(a VARCHAR) AS a",
    "(a BOOLEAN) AS CASE WHEN a THEN 'true' WHEN NOT a THEN 'false' END",
    "(a BIGINT) AS CAST(a AS VARCHAR)",
    "(a DOUBLE) AS regexp_replace(CAST(a AS VARCHAR), '\\.0$', '')",
    `(a ${NUMERIC}) AS regexp_replace(regexp_replace(CAST(a AS VARCHAR), '0+$', ''), '\\.$', '')`,
    "(a BLOB) AS decode(a)",
    "(a DATE) AS CAST(a AS VARCHAR)",
    "(a TIME) AS CAST(a AS VARCHAR)",
    "(a TIMESTAMP) AS CAST(a AS VARCHAR)",
    "(a TIMESTAMPTZ) AS CAST(a AS VARCHAR)",
    "(a INTERVAL) AS CAST(a AS VARCHAR)",
  ],
  literal: [
    "(a VARCHAR) AS CASE WHEN a IS NULL THEN 'NULL' ELSE CAST(to_json(a) AS VARCHAR) END",
    "(a BOOLEAN) AS coalesce(bq_to_string(a), 'NULL')",
    "(a BIGINT) AS coalesce(CAST(a AS VARCHAR), 'NULL')",
    "(a DOUBLE) AS coalesce(CAST(a AS VARCHAR), 'NULL')",
    `(a ${NUMERIC}) AS coalesce('NUMERIC "' || bq_to_string(a) || '"', 'NULL')`,
    "(a DATE) AS coalesce('DATE \"' || CAST(a AS VARCHAR) || '\"', 'NULL')",
    "(a TIMESTAMP) AS coalesce('DATETIME \"' || CAST(a AS VARCHAR) || '\"', 'NULL')",
    "(a TIMESTAMPTZ) AS coalesce('TIMESTAMP \"' || CAST(a AS VARCHAR) || '\"', 'NULL')",
  ],
  // For arguments that hold an aggregate: DuckDB can't choose a body by type there.
  to_string_any: [
    "(a) AS CASE WHEN typeof(a) = 'DOUBLE' THEN regexp_replace(CAST(a AS VARCHAR), '\\.0$', '') WHEN typeof(a) LIKE 'DECIMAL%' THEN regexp_replace(regexp_replace(CAST(a AS VARCHAR), '0+$', ''), '\\.$', '') ELSE CAST(a AS VARCHAR) END",
  ],
  literal_any: ["(a) AS coalesce(CAST(to_json(a) AS VARCHAR), 'NULL')"],
  to_bytes_any: ["(a) AS encode(a)"],
  to_int64_any: ["(a) AS CAST(a AS BIGINT)"],
  safe_to_int64_any: ["(a) AS TRY_CAST(a AS BIGINT)"],
  substr_any: [
    "(s, p) AS substring(s, CASE WHEN p < -length(s) OR p = 0 THEN 1 ELSE p END)",
    "(s, p, n) AS substring(s, CASE WHEN p < -length(s) OR p = 0 THEN 1 ELSE p END, n)",
  ],
  reverse_any: ["(s) AS reverse(s)"],
  length_any: ["(s) AS length(s)"],
  byte_length_any: ["(s) AS strlen(s)"],
  time_any: ["(a) AS CAST(CAST(a AS TIMESTAMP) AS TIME)"],
  to_bytes: ["(a VARCHAR) AS encode(a)", "(a BLOB) AS a"],
  to_int64: [
    "(a VARCHAR) AS CASE WHEN a IS NULL OR regexp_full_match(a, '\\s*[-+]?(\\d+|0[xX][0-9a-fA-F]+)\\s*') THEN CAST(a AS BIGINT) ELSE error('Bad int64 value: ' || a) END",
    "(a BOOLEAN) AS CAST(a AS BIGINT)",
    "(a BIGINT) AS a",
    "(a DOUBLE) AS CAST(round(a) AS BIGINT)",
    `(a ${NUMERIC}) AS CAST(round(a, 0) AS BIGINT)`,
  ],
  safe_to_int64: [
    "(a VARCHAR) AS CASE WHEN regexp_full_match(a, '\\s*[-+]?(\\d+|0[xX][0-9a-fA-F]+)\\s*') THEN TRY_CAST(a AS BIGINT) END",
    "(a BOOLEAN) AS CAST(a AS BIGINT)",
    "(a BIGINT) AS a",
    "(a DOUBLE) AS TRY_CAST(round(a) AS BIGINT)",
    `(a ${NUMERIC}) AS TRY_CAST(round(a, 0) AS BIGINT)`,
  ],

  // Negative and zero positions: https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#substr
  substr: [
    "(s VARCHAR, p BIGINT) AS substring(s, CASE WHEN p < -length(s) OR p = 0 THEN 1 ELSE p END)",
    "(s VARCHAR, p BIGINT, n BIGINT) AS CASE WHEN n < 0 THEN error('Third argument in SUBSTR() cannot be negative') ELSE substring(s, CASE WHEN p < -length(s) OR p = 0 THEN 1 ELSE p END, n) END",
    "(s BLOB, p BIGINT) AS unhex(substring(hex(s), 2 * p - 1))",
    "(s BLOB, p BIGINT, n BIGINT) AS unhex(substring(hex(s), 2 * p - 1, 2 * n))",
  ],
  reverse: [
    "(s VARCHAR) AS reverse(s)",
    "(s BLOB) AS unhex(list_aggregate(list_reverse(regexp_extract_all(hex(s), '..')), 'string_agg', ''))",
  ],
  length: ["(s VARCHAR) AS length(s)", "(s BLOB) AS octet_length(s)"],
  byte_length: ["(s VARCHAR) AS strlen(s)", "(s BLOB) AS octet_length(s)"],
  char_length: ["(s) AS length(s)"],
  concat: [
    "(a, b) AS a || b",
    "(a) AS a",
    "(a, b, c) AS a || b || c",
    "(a, b, c, d) AS a || b || c || d",
    "(a, b, c, d, e) AS a || b || c || d || e",
    "(a, b, c, d, e, f) AS a || b || c || d || e || f",
    "(a, b, c, d, e, f, g) AS a || b || c || d || e || f || g",
    "(a, b, c, d, e, f, g, h) AS a || b || c || d || e || f || g || h",
  ],
  split: ["(s) AS string_split(s, ',')", "(s, d) AS string_split(s, d)"],
  strpos: ["(s, t) AS strpos(s, t)"],
  instr: ["(s, t) AS strpos(s, t)"],
  lpad: ["(s, n) AS lpad(s, CAST(n AS INTEGER), ' ')", "(s, n, p) AS lpad(s, CAST(n AS INTEGER), p)"],
  rpad: ["(s, n) AS rpad(s, CAST(n AS INTEGER), ' ')", "(s, n, p) AS rpad(s, CAST(n AS INTEGER), p)"],
  initcap: [
    "(s) AS list_aggregate(list_transform(string_split(s, ' '), lambda w: upper(w[1]) || lower(w[2:])), 'string_agg', ' ')",
  ],
  contains_substr: ["(s, t) AS contains(lower(s), lower(t))"],
  edit_distance: ["(a, b) AS levenshtein(a, b)"],
  to_base64: ["(a) AS base64(a)"],
  from_base64: ["(a) AS from_base64(a)"],
  to_hex: ["(a) AS lower(hex(a))"],
  from_hex: ["(a) AS unhex(a)"],
  md5: ["(a) AS unhex(md5(a))"],
  sha1: ["(a) AS unhex(sha1(a))"],
  sha256: ["(a) AS unhex(sha256(a))"],
  // Not Google's fingerprint, but as stable and as one-way for a test.
  farm_fingerprint: ["(a) AS CAST(CAST(hash(a) AS HUGEINT) - 9223372036854775808 AS BIGINT)"],
  code_points_to_string: [
    "(a) AS list_aggregate(list_transform(a, lambda c: chr(CAST(c AS INTEGER))), 'string_agg', '')",
  ],
  to_code_points: ["(s) AS list_transform(string_split(s, ''), lambda c: CAST(unicode(c) AS BIGINT))"],

  regexp_contains: ["(s, r) AS regexp_matches(s, r)"],
  // The third argument is the group, 1 when the expression has one: the translator adds it.
  regexp_extract: ["(s, r, g) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END"],
  regexp_extract_all: ["(s, r, g) AS regexp_extract_all(s, r, g)"],
  regexp_replace: ["(s, r, t) AS regexp_replace(s, r, t, 'g')"],

  to_json_string: [
    "(a) AS CASE WHEN a IS NULL THEN 'null' ELSE CAST(to_json(a) AS VARCHAR) END",
    "(a, p) AS CAST(to_json(a) AS VARCHAR)",
  ],
  to_json: ["(a) AS to_json(a)"],
  parse_json: ["(a) AS CAST(a AS JSON)"],
  json_value: [
    "(j) AS CASE WHEN json_type(j) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(j, '$') END",
    "(j, p) AS CASE WHEN json_type(j, p) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(j, p) END",
  ],
  json_query: ["(j) AS j", "(j, p) AS cast_to_type(json_extract(j, p), j)"],
  json_value_array: ["(j, p) AS CAST(json_extract_string(j, p || '[*]') AS VARCHAR[])"],

  array_length: ["(a) AS len(a)"],
  array_includes: ["(a, x) AS list_contains(a, x)"],
  array_first: [
    "(a) AS CASE WHEN len(a) = 0 THEN error('ARRAY_FIRST cannot get the first element of an empty array') ELSE a[1] END",
  ],
  array_last: [
    "(a) AS CASE WHEN len(a) = 0 THEN error('ARRAY_LAST cannot get the last element of an empty array') ELSE a[-1] END",
  ],
  array_slice: [
    "(a, f, t) AS list_slice(a, CASE WHEN f < 0 THEN f ELSE f + 1 END, CASE WHEN t < 0 THEN t ELSE t + 1 END)",
  ],
  array_min: ["(a) AS list_min(a)"],
  array_max: ["(a) AS list_max(a)"],
  array_is_distinct: [
    "(a) AS len(a) = len(list_distinct(a)) + CASE WHEN list_contains(list_transform(a, lambda x: x IS NULL), true) THEN 1 ELSE 0 END",
  ],
  array_concat_agg: ["(a) AS flatten(list(a))"],
  range_bucket: ["(x, a) AS len(list_filter(a, lambda b: b <= x))"],
  normalize: ["(s) AS nfc_normalize(s)"],
  json_query_array: [
    "(j) AS CAST(json_extract(j, '$[*]') AS JSON[])",
    "(j, p) AS CAST(json_extract(j, p || '[*]') AS JSON[])",
  ],
  array_reverse: ["(a) AS list_reverse(a)"],
  array_concat: ["(a) AS a", "(a, b) AS list_concat(a, b)", "(a, b, c) AS list_concat(list_concat(a, b), c)"],
  array_to_string: [
    "(a, d) AS array_to_string(list_filter(a, lambda x: x IS NOT NULL), d)",
    "(a, d, n) AS array_to_string(list_transform(a, lambda x: coalesce(x, n)), d)",
  ],
  generate_array: ["(a, b) AS generate_series(a, b)", "(a, b, s) AS generate_series(a, b, s)"],
  generate_date_array: [
    "(a, b) AS list_transform(generate_series(CAST(a AS DATE), CAST(b AS DATE), INTERVAL 1 DAY), lambda d: CAST(d AS DATE))",
    "(a, b, s) AS list_transform(generate_series(CAST(a AS DATE), CAST(b AS DATE), s), lambda d: CAST(d AS DATE))",
  ],
  // OFFSET and ORDINAL fail outside the array, the SAFE_ forms are NULL.
  at_offset: [
    "(a, i) AS CASE WHEN i < 0 OR i >= len(a) THEN error('Array index ' || i || ' is out of bounds') ELSE a[i + 1] END",
  ],
  at_safe_offset: ["(a, i) AS CASE WHEN i >= 0 THEN a[i + 1] END"],
  at_ordinal: [
    "(a, i) AS CASE WHEN i < 1 OR i > len(a) THEN error('Array index ' || i || ' is out of bounds') ELSE a[i] END",
  ],
  at_safe_ordinal: ["(a, i) AS CASE WHEN i >= 1 THEN a[i] END"],

  date: ["(a) AS CAST(a AS DATE)", "(a, z) AS CAST(timezone(z, a) AS DATE)", "(y, m, d) AS make_date(y, m, d)"],
  datetime: [
    "(a) AS CAST(a AS TIMESTAMP)",
    "(a TIMESTAMPTZ, z VARCHAR) AS timezone(z, a)",
    "(a DATE, b TIME) AS a + b",
    "(y, m, d, h, n, s) AS make_timestamp(y, m, d, h, n, CAST(s AS DOUBLE))",
  ],
  timestamp: ["(a) AS CAST(a AS TIMESTAMPTZ)", "(a, z) AS timezone(z, CAST(a AS TIMESTAMP))"],
  time: [
    "(a TIME) AS a",
    "(a TIMESTAMP) AS CAST(a AS TIME)",
    "(a TIMESTAMPTZ) AS CAST(CAST(a AS TIMESTAMP) AS TIME)",
    "(h BIGINT, m BIGINT, s BIGINT) AS make_time(h, m, CAST(s AS DOUBLE))",
  ],
  current_datetime: ["() AS CAST(now() AS TIMESTAMP)"],
  current_timestamp: ["() AS now()"],
  current_date: ["() AS CAST(now() AS DATE)", "(z) AS CAST(timezone(z, now()) AS DATE)"],
  current_time: ["() AS CAST(CAST(now() AS TIMESTAMP) AS TIME)"],
  date_add: ["(d, i) AS cast_to_type(d + i, d)"],
  date_sub: ["(d, i) AS cast_to_type(d - i, d)"],
  datetime_add: ["(d, i) AS CAST(d AS TIMESTAMP) + i"],
  datetime_sub: ["(d, i) AS CAST(d AS TIMESTAMP) - i"],
  timestamp_add: ["(d, i) AS CAST(d AS TIMESTAMPTZ) + i"],
  timestamp_sub: ["(d, i) AS CAST(d AS TIMESTAMPTZ) - i"],
  trunc_to: [`(d, p) AS cast_to_type(date_trunc(${PART}, d + ${SUNDAY}) - ${SUNDAY}, d)`],
  date_diff: [
    `(a, b, p) AS date_diff(${PART}, CASE WHEN ${PART} = 'week' THEN date_trunc('week', b + ${SUNDAY}) ELSE b END, CASE WHEN ${PART} = 'week' THEN date_trunc('week', a + ${SUNDAY}) ELSE a END)`,
  ],
  // TIMESTAMP_DIFF counts whole intervals, DATE_DIFF and DATETIME_DIFF the boundaries between.
  timestamp_diff: ["(a, b, p) AS date_sub(p, CAST(b AS TIMESTAMPTZ), CAST(a AS TIMESTAMPTZ))"],
  time_diff: ["(a, b, p) AS date_diff(p, b, a)"],
  last_day: ["(d) AS last_day(CAST(d AS DATE))", "(d, p) AS last_day(CAST(d AS DATE))"],
  format_date: [`(f, d) AS strftime(CAST(d AS DATE), f)`],
  format_datetime: [`(f, d) AS strftime(CAST(d AS TIMESTAMP), f)`],
  format_timestamp: [`(f, d) AS strftime(CAST(d AS TIMESTAMP), f)`, `(f, d, z) AS strftime(timezone(z, d), f)`],
  parse_date: [`(f, s) AS CAST(strptime(s, f) AS DATE)`],
  parse_datetime: [`(f, s) AS strptime(s, f)`],
  parse_timestamp: [`(f, s) AS CAST(strptime(s, f) AS TIMESTAMPTZ)`],
  unix_seconds: ["(a) AS CAST(floor(epoch_us(a) / 1000000) AS BIGINT)"],
  unix_millis: ["(a) AS CAST(floor(epoch_us(a) / 1000) AS BIGINT)"],
  unix_micros: ["(a) AS epoch_us(a)"],
  unix_date: ["(a) AS CAST(a AS DATE) - DATE '1970-01-01'"],
  timestamp_seconds: ["(a) AS CAST(make_timestamp(CAST(a AS BIGINT) * 1000000) AS TIMESTAMPTZ)"],
  timestamp_millis: ["(a) AS CAST(make_timestamp(CAST(a AS BIGINT) * 1000) AS TIMESTAMPTZ)"],
  timestamp_micros: ["(a) AS CAST(make_timestamp(CAST(a AS BIGINT)) AS TIMESTAMPTZ)"],
  date_from_unix_date: ["(a) AS DATE '1970-01-01' + CAST(a AS INTEGER)"],
  logical_or: ["(a) AS bool_or(a)"],
  logical_and: ["(a) AS bool_and(a)"],
  generate_uuid: ["() AS CAST(uuid() AS VARCHAR)"],
  session_user: ["() AS 'warehouse@example.com'"],
  st_geogfromtext: ["(a) AS CAST(a AS GEOMETRY)"],
  st_geogpoint: ["(a, b) AS CAST('POINT(' || CAST(a AS VARCHAR) || ' ' || CAST(b AS VARCHAR) || ')' AS GEOMETRY)"],
  st_astext: ["(a) AS CAST(a AS VARCHAR)"],
};

/** GoogleSQL functions under another macro's name. */
const SYNONYMS: Readonly<Record<string, string>> = {
  substring: "substr",
  character_length: "char_length",
  date_trunc: "trunc_to",
  datetime_trunc: "trunc_to",
  timestamp_trunc: "trunc_to",
  regexp_substr: "regexp_extract",
  datetime_diff: "date_diff",
  json_extract: "json_query",
  json_extract_scalar: "json_value",
};

/** Not called by name in GoogleSQL: the translator puts them in. */
const INTERNAL = new Set(
  "div_op mul_op sum sum_as avg_as to_string literal to_bytes to_int64 safe_to_int64 trunc_to at_offset at_safe_offset at_ordinal at_safe_ordinal".split(
    " ",
  ),
);

/** Aggregates that may stand under OVER keep DuckDB's own function there. */
export const WINDOW_NAMES: ReadonlyMap<string, string> = new Map([
  ["bq_logical_or", "bool_or"],
  ["bq_logical_and", "bool_and"],
]);

/** Functions that only have another name in DuckDB. */
const RENAMED: Readonly<Record<string, string>> = {
  percentile_cont: "quantile_cont",
  percentile_disc: "quantile_disc",
  array_transform: "list_transform",
  array_filter: "list_filter",
};

/** The macro (or DuckDB function) a GoogleSQL function is rewritten to, or undefined when DuckDB's namesake is right. */
export function macroFor(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (Object.hasOwn(RENAMED, lower)) return RENAMED[lower];
  const target = Object.hasOwn(SYNONYMS, lower) ? SYNONYMS[lower] : lower;
  if (target === undefined || !Object.hasOwn(MACROS, target)) return undefined;
  return INTERNAL.has(lower) || lower.endsWith("_any") ? undefined : `bq_${target}`;
}

/** The macro's form for arguments whose type isn't known yet; itself when it has only one form. */
export function untypedForm(macro: string): string {
  const form = `${macro.slice("bq_".length)}_any`;
  return Object.hasOwn(MACROS, form) ? `bq_${form}` : macro;
}

/** Statements that create the types and macros in a fresh database. */
export function macroStatements(): string[] {
  return [...Object.entries(MACROS).map(([name, bodies]) => `CREATE MACRO bq_${name}${bodies.join(", ")}`)];
}
