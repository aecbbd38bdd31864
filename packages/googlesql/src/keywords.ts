/**
 * GoogleSQL's reserved keywords: never identifiers unless quoted or behind the dot of a path.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
 */
export const RESERVED_KEYWORDS: ReadonlySet<string> = new Set([
  ..."ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE".split(" "),
  ..."CROSS CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT".split(" "),
  ..."FALSE FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT".split(" "),
  ..."INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR".split(" "),
  ..."ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS".split(" "),
  ..."SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE".split(" "),
  ..."WINDOW WITH WITHIN".split(" "),
]);

/** Reserved keywords that are also names of functions: `IF(…)`, `LEFT(…)`. */
export const FUNCTION_KEYWORDS: ReadonlySet<string> = new Set(["IF", "GROUPING", "LEFT", "RIGHT", "COLLATE", "RANGE"]);

/** Names that start a syntax of their own before `(`; a function of that name must be quoted. */
export const SPECIAL_CALLS: ReadonlySet<string> = new Set([
  "SAFE_CAST",
  "REPLACE_FIELDS",
  "GRAPH_TABLE",
  "COLUMNS",
  "DESCRIPTOR",
  "CONNECTION",
  "OPTIONS",
]);

/** Functions that are called by their bare, unquoted name too. */
export const CALLS_WITHOUT_PARENTHESES: ReadonlySet<string> = new Set([
  "CURRENT_DATE",
  "CURRENT_TIME",
  "CURRENT_DATETIME",
  "CURRENT_TIMESTAMP",
]);

/** Functions that take a date part, and the position (0-based) of that argument. */
export const DATE_PART_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ["DATE_DIFF", 2],
  ["DATETIME_DIFF", 2],
  ["TIMESTAMP_DIFF", 2],
  ["TIME_DIFF", 2],
  ["DATE_TRUNC", 1],
  ["DATETIME_TRUNC", 1],
  ["TIMESTAMP_TRUNC", 1],
  ["TIME_TRUNC", 1],
  ["LAST_DAY", 1],
]);

/** An identifier that needs no backquotes, reserved keywords aside. */
export const PLAIN_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
