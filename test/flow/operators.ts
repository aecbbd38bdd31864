/**
 * Operators and functions with how each dialect writes them, so that both mean the same. `$1` is the first argument;
 * `#5` a number from 0 to 5; `@S` a literal STRING.
 *
 * Where the dialects differ: DuckDB's CONCAT, GREATEST and LEAST skip NULLs, its division by zero gives NULL, LENGTH and
 * EXTRACT are its own types, and CAST(… AS INT64) of a FLOAT64 rounds to even.
 */
import { arrayOf, BOOL, DATE, FLOAT64, INT64, NUMERIC, STRING, type Type } from "./types.ts";

export interface Operator {
  /** For the coverage: the GoogleSQL text. */
  readonly name: string;
  readonly result: Type;
  readonly args: readonly Type[];
  readonly google: string;
  readonly duck: string;
}

const LETTERS: Readonly<Record<string, Type>> = {
  S: STRING,
  I: INT64,
  F: FLOAT64,
  B: BOOL,
  D: DATE,
  N: NUMERIC,
  A: arrayOf(STRING),
};

/** Lines of `arguments → result | GoogleSQL | DuckDB`. */
const LINES = `
S  > S | UPPER($1) | upper($1)
S  > S | LOWER($1) | lower($1)
S  > S | REVERSE($1) | reverse($1)
S  > S | TRIM($1) | trim($1)
SS > S | ($1 || $2) | ($1 || $2)
SS > S | CONCAT($1, $2) | ($1 || $2)
S  > S | SUBSTR($1, 1, #3) | substr($1, 1, #3)
S  > S | SUBSTR($1, 2) | substr($1, 2)
S  > S | LEFT($1, #3) | left($1, #3)
S  > S | RIGHT($1, #3) | right($1, #3)
SS > S | REPLACE($1, 'a', $2) | replace($1, 'a', $2)
S  > S | LPAD($1, #5, 'x') | lpad($1, #5, 'x')
S  > S | REPEAT($1, #2) | repeat($1, #2)
S  > S | TO_HEX(MD5($1)) | md5($1)
I  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
F  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
B  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
D  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
N  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
S  > S | CAST($1 AS STRING) | CAST($1 AS VARCHAR)
D  > S | FORMAT_DATE('%Y-%m', $1) | strftime($1, '%Y-%m')
A  > S | ARRAY_TO_STRING($1, ',') | array_to_string($1, ',')
S  > I | LENGTH($1) | CAST(length($1) AS BIGINT)
SS > I | STRPOS($1, $2) | CAST(strpos($1, $2) AS BIGINT)
S  > I | ASCII($1) | CAST(ascii($1) AS BIGINT)
II > I | ($1 + $2) | ($1 + $2)
II > I | ($1 - $2) | ($1 - $2)
II > I | ($1 * $2) | ($1 * $2)
I  > I | (-$1) | (-$1)
I  > I | ABS($1) | abs($1)
I  > I | SIGN($1) | CAST(sign($1) AS BIGINT)
II > I | DIV($1, $2) | (CASE WHEN $2 = 0 THEN CAST(error('division by zero') AS BIGINT) ELSE $1 // $2 END)
I  > I | MOD($1, 3) | ($1 % 3)
S  > I | SAFE_CAST($1 AS INT64) | TRY_CAST($1 AS BIGINT)
S  > I | CAST($1 AS INT64) | CAST($1 AS BIGINT)
F  > I | CAST($1 AS INT64) | CAST($1 AS BIGINT)
B  > I | CAST($1 AS INT64) | CAST($1 AS BIGINT)
N  > I | CAST($1 AS INT64) | CAST($1 AS BIGINT)
D  > I | EXTRACT(YEAR FROM $1) | CAST(extract(year FROM $1) AS BIGINT)
D  > I | EXTRACT(DAY FROM $1) | CAST(extract(day FROM $1) AS BIGINT)
DD > I | DATE_DIFF($1, $2, DAY) | date_diff('day', $2, $1)
A  > I | ARRAY_LENGTH($1) | CAST(len($1) AS BIGINT)
FF > F | ($1 + $2) | ($1 + $2)
FF > F | ($1 - $2) | ($1 - $2)
F  > F | ($1 * 2.0) | ($1 * 2.0)
FF > F | SAFE_DIVIDE($1, $2) | (CASE WHEN $2 = 0 THEN NULL ELSE $1 / $2 END)
FF > F | ($1 / $2) | (CASE WHEN $2 = 0 THEN CAST(error('division by zero') AS DOUBLE) ELSE $1 / $2 END)
F  > F | FLOOR($1) | floor($1)
F  > F | CEIL($1) | ceil($1)
F  > F | ROUND($1, 1) | round($1, 1)
F  > F | ABS($1) | abs($1)
I  > F | CAST($1 AS FLOAT64) | CAST($1 AS DOUBLE)
N  > F | CAST($1 AS FLOAT64) | CAST($1 AS DOUBLE)
S  > F | SAFE_CAST($1 AS FLOAT64) | TRY_CAST($1 AS DOUBLE)
NN > N | ($1 + $2) | ($1 + $2)
NN > N | ($1 - $2) | ($1 - $2)
N  > N | ABS($1) | abs($1)
N  > N | ROUND($1, 1) | CAST(round($1, 1) AS DECIMAL(38,9))
I  > N | CAST($1 AS NUMERIC) | CAST($1 AS DECIMAL(38,9))
S  > N | SAFE_CAST($1 AS NUMERIC) | TRY_CAST($1 AS DECIMAL(38,9))
D  > D | DATE_ADD($1, INTERVAL #3 DAY) | CAST($1 + INTERVAL #3 DAY AS DATE)
D  > D | DATE_SUB($1, INTERVAL #3 MONTH) | CAST($1 - INTERVAL #3 MONTH AS DATE)
D  > D | DATE_TRUNC($1, MONTH) | CAST(date_trunc('month', $1) AS DATE)
D  > D | LAST_DAY($1) | last_day($1)
S  > D | SAFE_CAST($1 AS DATE) | TRY_CAST($1 AS DATE)
S  > D | CAST($1 AS DATE) | CAST($1 AS DATE)
SS > B | STARTS_WITH($1, $2) | starts_with($1, $2)
SS > B | ENDS_WITH($1, $2) | ends_with($1, $2)
S  > B | REGEXP_CONTAINS($1, '^[ab]') | regexp_matches($1, '^[ab]')
S  > B | ($1 LIKE 'a%') | ($1 LIKE 'a%')
SS > B | ($1 NOT LIKE $2) | ($1 NOT LIKE $2)
BB > B | ($1 AND $2) | ($1 AND $2)
BB > B | ($1 OR $2) | ($1 OR $2)
B  > B | (NOT $1) | (NOT $1)
B  > B | ($1 IS TRUE) | ($1 IS TRUE)
B  > B | ($1 IS NOT FALSE) | ($1 IS NOT FALSE)
S  > B | SAFE_CAST($1 AS BOOL) | TRY_CAST($1 AS BOOLEAN)
SA > B | ($1 IN UNNEST($2)) | (CASE WHEN $2 IS NULL THEN NULL ELSE list_contains($2, $1) END)
S  > A | SPLIT($1, '-') | string_split($1, '-')
AA > A | ARRAY_CONCAT($1, $2) | (CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE list_concat($1, $2) END)
A  > A | ARRAY_REVERSE($1) | list_reverse($1)
`;

export const OPERATORS: readonly Operator[] = LINES.trim()
  .split("\n")
  .map((line) => {
    const [signature = "", google = "", duck = ""] = line.split(" | ").map((part) => part.trim());
    const [args = "", result = ""] = signature.split(">").map((part) => part.trim());
    const typeOf = (letter: string): Type => {
      const type = LETTERS[letter];
      if (type === undefined) throw new Error(`no type ${letter}`);
      return type;
    };
    return { name: `${args} ${google}`, result: typeOf(result), args: [...args].map(typeOf), google, duck };
  });

/** Of any type `T`: its arguments are BOOL where `b`, T where `t`. */
export interface Choosing {
  readonly name: string;
  readonly args: string;
  readonly google: string;
  readonly duck: string;
  /** Only scalars can be compared. */
  readonly scalars: boolean;
}

export const CHOOSING: readonly Choosing[] = [
  { name: "IF", args: "btt", google: "IF($1, $2, $3)", duck: "(CASE WHEN $1 THEN $2 ELSE $3 END)", scalars: false },
  { name: "COALESCE", args: "tt", google: "COALESCE($1, $2)", duck: "COALESCE($1, $2)", scalars: false },
  { name: "IFNULL", args: "tt", google: "IFNULL($1, $2)", duck: "COALESCE($1, $2)", scalars: false },
  { name: "NULLIF", args: "tt", google: "NULLIF($1, $2)", duck: "NULLIF($1, $2)", scalars: true },
  {
    name: "GREATEST",
    args: "tt",
    google: "GREATEST($1, $2)",
    duck: "(CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE greatest($1, $2) END)",
    scalars: true,
  },
  {
    name: "LEAST",
    args: "tt",
    google: "LEAST($1, $2)",
    duck: "(CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE least($1, $2) END)",
    scalars: true,
  },
  { name: "CASE WHEN", args: "btbt", google: "CASE WHEN $1 THEN $2 WHEN $3 THEN $4 END", duck: "", scalars: false },
  { name: "CASE WHEN ELSE", args: "btt", google: "CASE WHEN $1 THEN $2 ELSE $3 END", duck: "", scalars: false },
];

/** Give a BOOL for arguments of one scalar type. */
export const COMPARING: readonly { readonly name: string; readonly count: number; readonly text: string }[] = [
  ...["=", "!=", "<", "<=", ">", ">="].map((o) => ({ name: o, count: 2, text: `($1 ${o} $2)` })),
  { name: "BETWEEN", count: 3, text: "($1 BETWEEN $2 AND $3)" },
  { name: "NOT BETWEEN", count: 3, text: "($1 NOT BETWEEN $2 AND $3)" },
  { name: "IN (list)", count: 3, text: "($1 IN ($2, $3))" },
  { name: "NOT IN (list)", count: 3, text: "($1 NOT IN ($2, $3))" },
  { name: "IS DISTINCT FROM", count: 2, text: "($1 IS DISTINCT FROM $2)" },
  { name: "IS NOT DISTINCT FROM", count: 2, text: "($1 IS NOT DISTINCT FROM $2)" },
];

/** An aggregate or window function over a value of type `arg`; `T` is any scalar, `*` no argument. */
export interface OverRows {
  readonly name: string;
  readonly arg: Type | "T" | "*";
  readonly result: Type | "T";
  readonly google: readonly [string, string];
  readonly duck: readonly [string, string];
  readonly distinct: boolean;
}

function over(name: string, arg: OverRows["arg"], result: OverRows["result"], duck: string, inner = "$1"): OverRows {
  const shown: OverRows["google"] = [name, inner];
  return {
    name: `${name}(${inner})`,
    arg,
    result,
    google: shown,
    duck: [duck, inner],
    distinct: name === "COUNT" && inner === "$1",
  };
}

/** FLOAT64 is summed as integers: sums must not depend on the order of rows. */
export const AGGREGATES: readonly OverRows[] = [
  over("COUNT", "*", INT64, "count", "*"),
  over("COUNT", "T", INT64, "count"),
  over("COUNTIF", BOOL, INT64, "count_if"),
  over("SUM", INT64, INT64, "sum"),
  over("SUM", NUMERIC, NUMERIC, "sum"),
  over("SUM", FLOAT64, FLOAT64, "sum", "FLOOR($1)"),
  over("MIN", "T", "T", "min"),
  over("MAX", "T", "T", "max"),
  over("AVG", FLOAT64, FLOAT64, "avg", "FLOOR($1)"),
  { ...over("AVG", INT64, FLOAT64, "avg"), name: "AVG(INT64)" },
  over("LOGICAL_OR", BOOL, BOOL, "bool_or"),
  over("LOGICAL_AND", BOOL, BOOL, "bool_and"),
];
