import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../parser/parse.ts";
import { reads } from "../testing/clinic.ts";
import { type Among, bitsOf } from "./magnitude.ts";

/** Columns that decide whether a query that shows `value` fails. */
const asked = (value: string, from = "FROM patients GROUP BY state"): string[] =>
  reads(`SELECT ${value} AS x ${from}`)
    .filter((line) => line.includes("predicate"))
    .map((line) => line.split(":")[0] ?? "")
    .filter((path) => path !== "state");

describe("arithmetic on small numbers can't overflow:", () => {
  for (const value of [
    "COUNT(*) - COUNT(ssn)",
    "COUNTIF(ssn = '1') / COUNT(*)",
    "COUNTIF(ssn = '1') / COUNT(1) * 100",
    "100 * COUNT(ssn) / COUNT(*)",
    "100 * COUNT(*) / SUM(COUNT(*)) OVER ()",
    "COUNT(*) / COUNT(*) OVER ()",
    "COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY state)",
    "1 - SAFE_DIVIDE(COUNT(ssn), COUNT(*))",
    "SUM(1)",
    "SUM(DATE_DIFF(born, DATE '1900-01-01', DAY))",
    "MAX(DATE_DIFF(born, DATE '1900-01-01', DAY) + 1)",
    "MAX(EXTRACT(YEAR FROM born) * 100 + EXTRACT(MONTH FROM born))",
    "MAX(LENGTH(ssn) - LENGTH(name))",
    "AVG(SAFE_CAST(ssn AS NUMERIC))",
    "STDDEV(LENGTH(ssn))",
    "STDDEV(SAFE_CAST(ssn AS INT64))",
    "MAX(weight - 32)",
    "MAX(1.5 + weight)",
    "MAX(weight * 0.4536)",
    "COUNT(*) - LAG(COUNT(*)) OVER (ORDER BY state)",
  ])
    test(value, () => assert.deepEqual(asked(value), []));
});

describe("what may still overflow or divide by zero:", () => {
  const cases: readonly (readonly [value: string, by: readonly string[], from?: string])[] = [
    // Of no group, the one row of all has no row to count.
    ["COUNTIF(ssn = '1') / COUNT(*)", ["*"], "FROM patients"],
    ["COUNTIF(ssn = '1') / COUNT(*)", ["*"], "FROM patients GROUP BY ROLLUP (state)"],
    ["COUNTIF(ssn = '1') / COUNT(*)", ["*"], "FROM patients GROUP BY GROUPING SETS (state, ())"],
    // What is counted may be NULL in all rows, or no row be so.
    ["COUNT(*) / COUNT(ssn)", ["ssn"]],
    ["COUNT(*) / COUNTIF(ssn = '1')", ["ssn"]],
    ["COUNT(*) / COUNT(* WHERE ssn = '1')", ["ssn", "*"]],
    ["COUNT(*) / COUNT(1 HAVING MAX ssn)", ["ssn", "*"]],
    // A frame may hold no row.
    ["COUNT(*) / COUNT(*) OVER (ORDER BY state ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)", ["*"]],
    ["COUNT(*) / SUM(COUNT(*)) OVER (ORDER BY state ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)", ["*"]],
    ["COUNT(*) / COUNT(*) OVER w", ["*"], "FROM patients GROUP BY state WINDOW w AS (ROWS 1 PRECEDING)"],
    ["COUNT(*) / SUM(COUNT(ssn)) OVER ()", ["ssn"]],
    ["COUNT(*) * COUNT(ssn)", ["*", "ssn"]],
    ["COUNT(*) * 100000", ["*"]],
    ["COUNT(ssn) + 9223372036854775807", ["ssn"]],
    ["SUM(IF(ssn = '1', 9223372036854775807, 0))", ["ssn"]],
    ["SUM(IF(ssn = '1', 1048576, 0))", ["ssn", "pair.*"], "FROM patients, pair GROUP BY state"],
    ["SUM(DATE_DIFF(born, DATE '1900-01-01', DAY))", ["born", "pair.*"], "FROM patients, pair GROUP BY state"],
    ["SUM(SAFE_CAST(ssn AS INT64))", ["ssn"]],
    ["SUM(SAFE_CAST(ssn AS NUMERIC))", ["ssn"]],
    ["SUM(COALESCE(LENGTH(ssn), 9223372036854775807))", ["ssn"]],
    ["AVG(weight)", ["weight"]],
    ["AVG(IF(ssn = '1', 1.7e308, -1.7e308))", ["ssn"]],
    ["STDDEV(weight)", ["weight"]],
    ["MAX(weight * 1.5)", ["weight"]],
    ["MAX(weight / 0.5)", ["weight"]],
    ["MAX(weight - weight)", ["weight"]],
    ["MAX(weight - 1e308)", ["weight"]],
    ["MAX(SAFE_CAST(ssn AS INT64) + 1)", ["ssn"]],
    ["MAX(SAFE_CAST(ssn AS NUMERIC) + 1.5)", ["ssn"]],
    ["MAX(DATE_ADD(born, INTERVAL 1 DAY))", ["born"]],
    ["MAX(born + 1)", ["born"]],
    ["MAX(DATE_DIFF(born, DATE '1900-01-01', DAY) * 4611686018427387904)", ["born"]],
    ["MAX(LENGTH(ssn) / 0)", ["ssn"]],
    ["MAX(1 / LENGTH(ssn))", ["ssn"]],
    ["MAX(TIMESTAMP_DIFF(SAFE_CAST(ssn AS TIMESTAMP), TIMESTAMP '2026-01-01', MICROSECOND) * 1000)", ["ssn"]],
    // Of more than two operands each that came before is in what the next one is added to.
    ["MAX(1 + LENGTH(ssn) + 9223372036854775807)", ["ssn"]],
    ["MAX(LENGTH(name) + LENGTH(ssn) + 9223372036854775807)", ["name", "ssn"]],
    ["MAX(1 + LENGTH(name) + LENGTH(ssn) + id)", ["id", "name", "ssn"]],
    ["MAX(0.5 * SAFE_CAST(ssn AS FLOAT64) * 1e308)", ["ssn"]],
    ["1000 * COUNT(ssn) * 1000000", ["ssn"]],
    // V moves the point as many digits as stand behind it.
    ["MAX(SAFE_CAST(SAFE_CAST(LENGTH(ssn) AS STRING FORMAT '99V99999999999999999') AS INT64) * 1000)", ["ssn"]],
  ];
  for (const [value, by, from] of cases)
    test(`${value} ${from ?? ""}`, () => assert.deepEqual([...asked(value, from)].sort(), [...by].sort()));

  test("whose noise may leave no row of a group", () => {
    const private_ =
      "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.1, privacy_unit_column = id) 1 / COUNT(*) AS x FROM patients GROUP BY state";
    assert.ok(reads(private_).some((line) => line.startsWith("*:") && line.includes("predicate")));
  });
});

describe("a number is no more than 2 to the power of:", () => {
  const KEYED: Among = { keyed: true, repeated: false };
  const bits = (value: string): number | null => {
    const [statement] = parse(`SELECT ${value}`).statements;
    if (statement?.kind !== "QueryStatement" || statement.query.body.kind !== "Select") assert.fail("no SELECT");
    const [item] = statement.query.body.items;
    return item?.kind === "SelectExpression" ? bitsOf(item.expression, KEYED) : assert.fail("no expression");
  };
  const cases: Readonly<Record<string, number | null>> = {
    "1": 0,
    "1000": 10,
    "0.5": 0,
    "-8": 3,
    "~8": null,
    "9223372036854775807": null,
    "1e308": null,
    "'1'": null,
    NULL: 0,
    x: null,
    "3 + 4 - 1": 4,
    "1000 * 1000": 20,
    "4611686018427387904 * 4": null,
    "8 / 2": 3,
    "8 / 0.5": null,
    "8 / COUNT(*)": 3,
    "8 / COUNT(x)": null,
    "8 || 8": null,
    "8 & x": null,
    "SUM(IF(x = '1', 1, 0))": 40,
    "SUM(CASE WHEN x THEN 1 END)": 40,
    "SUM(CASE WHEN x THEN 1 ELSE y END)": null,
    "SUM(COUNT(x)) OVER ()": 53,
    "SUM(MAX(COUNT(x)) OVER ())": null,
    "SUM(x)": null,
    "AVG(IF(x, 1.5, 0))": 1,
    "COUNT(x) / NULLIF(COUNTIF(y), 0) * 100": 60,
    "COUNT(x) / NULLIF(COUNTIF(y), 1)": null,
    "SAFE_DIVIDE(COUNT(x), COUNT(y))": 53,
    "SAFE_DIVIDE(8, x)": null,
    "IFNULL(MAX(LENGTH(x)), 0)": 30,
    "IFNULL(x, 0)": null,
    "GREATEST(1, x)": null,
    "MOD(x, 10)": 4,
    "MOD(x, y)": null,
    "DIV(LENGTH(x), 10)": 30,
    "DIV(x, 10)": null,
    "ABS(x)": null,
    "ROUND(8.5)": 5,
    "ROUND(8.5, -3)": null,
    "LAG(LENGTH(x)) OVER (ORDER BY y)": 30,
    "LAG(LENGTH(x), 1, y) OVER (ORDER BY y)": null,
    "EXTRACT(YEAR FROM x)": 30,
    "EXTRACT(DATE FROM x)": null,
    "DATE_DIFF(x, y, DAY)": 22,
    "TIMESTAMP_DIFF(x, y, HOUR)": 27,
    "TIMESTAMP_DIFF(x, y, MICROSECOND)": null,
    "UNIX_SECONDS(x)": 39,
    "UNIX_MICROS(x)": null,
    "4611686018427387904": 62,
    "1000000000 * 4294967296": 62,
    "CAST(LENGTH(x) AS NUMERIC)": 31,
    "CAST(CAST(LENGTH(x) AS STRING) AS INT64)": 32,
    "CAST(CAST(LENGTH(x) AS STRING FORMAT '9V9') AS INT64)": null,
    "1 + x": null,
    "x * 8": null,
    "CASE WHEN x THEN y ELSE 1 END": null,
    "CASE WHEN x THEN 1 ELSE 8 END": 3,
    "IF(x, 1, y)": null,
    "IF(x, 1, 8)": 3,
    "8 / 1": 3,
    "8 / 1.0": 3,
    "8 / SUM(COUNT(*))": null,
    "8 / SUM(COUNT(*)) OVER ()": 3,
    "8 / COUNT(*) OVER ()": 3,
    "8 / COUNT(*) OVER w": null,
    "8 / COUNT(*) OVER (w)": null,
    "8 / COUNT(*) OVER (ORDER BY x ROWS 1 PRECEDING)": null,
    "8 / NULLIF(x, 0)": null,
    "DIV(8, x)": null,
    "SAFE_DIVIDE(8, 2)": 3,
    "APPROX_COUNT_DISTINCT(x)": 53,
    "SUM(APPROX_COUNT_DISTINCT(x)) OVER ()": 53,
    "SUM(COUNT(x) OVER ())": null,
    "ROW_NUMBER() OVER ()": 53,
    "RANK() OVER (ORDER BY x)": 53,
    "DENSE_RANK() OVER (ORDER BY x)": 53,
    ...Object.fromEntries(
      ["CHAR_LENGTH", "CHARACTER_LENGTH", "BYTE_LENGTH", "OCTET_LENGTH", "ARRAY_LENGTH"].map((f) => [`${f}(x)`, 30]),
    ),
    "STRPOS(x, y)": 30,
    ...Object.fromEntries(
      ["YEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "ISOYEAR"].map((part) => [`DATETIME_DIFF(x, y, ${part})`, 22]),
    ),
    "TIMESTAMP_DIFF(x, y, MINUTE)": 33,
    "TIMESTAMP_DIFF(x, y, SECOND)": 39,
    "TIMESTAMP_DIFF(x, y, MILLISECOND)": 49,
    "UNIX_DATE(x)": 22,
    ...Object.fromEntries(["ABS", "MIN", "ANY_VALUE"].map((f) => [`${f}(LENGTH(x))`, 30])),
    ...Object.fromEntries(["FLOOR", "CEIL", "CEILING", "TRUNC"].map((f) => [`${f}(8.5)`, 5])),
    "ROUND(x)": null,
    "ROUND(4611686018427387904)": null,
    "NULLIF(8, x)": 3,
    "LEAD(LENGTH(x)) OVER (ORDER BY y)": 30,
    "COALESCE(1, 8)": 3,
    "GREATEST(1, 8)": 3,
    "LEAST(1, 8)": 3,
    "fn.COUNT(x)": null,
    "LENGTH.fn(x)": null,
    "SAFE.LENGTH(x)": null,
    "FARM_FINGERPRINT(x)": null,
    "LENGTH(value => x)": null,
    "DATE_DIFF(x, y)": null,
    "DATE_DIFF(x, y, WEEK(MONDAY))": 22,
    "MOD(x, LENGTH(y))": null,
    "IF(x, 1)": null,
    "IF(x, 1, 8, y)": null,
    "SAFE_DIVIDE(8)": null,
    "8 / NULLIF(COUNT(x), 0.0)": null,
    "8 / NULLIF(COUNT(x))": null,
    "CAST(LENGTH(x) AS FLOAT64)": 31,
    "CAST(x AS INT64)": null,
    "CAST(4611686018427387904 AS FLOAT64)": null,
    ...Object.fromEntries(
      ["TRUE", "x = 1", "x AND y", "NOT x", "x IS NULL", "x IS DISTINCT FROM y", "x IN (1)", "x BETWEEN 1 AND 2"].map(
        (condition) => [`CAST(${condition} AS INT64)`, 1],
      ),
    ),
    "CAST(x LIKE 'a' AS INT64)": 1,
    "SUM(CAST(x = 1 AS INT64))": 41,
    ...Object.fromEntries(["FIRST_VALUE", "LAST_VALUE"].map((f) => [`${f}(LENGTH(x)) OVER (ORDER BY y)`, 30])),
    "NTH_VALUE(LENGTH(x), 2) OVER (ORDER BY y)": 30,
    ...Object.fromEntries(["CONT", "DISC"].map((f) => [`PERCENTILE_${f}(LENGTH(x), 0.5) OVER ()`, 30])),
    "ROUND(8.5, 2)": 5,
    "ROUND(8.5, 2, 'ROUND_HALF_EVEN')": 5,
    "TRUNC(8.5, 1)": 5,
    "ROUND(8.5, x)": null,
    ...Object.fromEntries(
      ["MIN", "MAX", "FIRST_VALUE", "LAST_VALUE", "LAG", "LEAD"].map((f) => [
        `8 / ${f}(COUNT(*)) OVER (ORDER BY x)`,
        3,
      ]),
    ),
    "8 / ANY_VALUE(COUNT(*)) OVER ()": 3,
    "8 / MAX(COUNT(x)) OVER ()": null,
    "8 / LAG(COUNT(*), 1, 0) OVER (ORDER BY x)": null,
    "8 / LEAD(COUNT(x)) OVER (ORDER BY x)": null,
    "8 / GREATEST(x, 1)": 3,
    "8 / GREATEST(x, 0)": null,
    "8 / n": null,
  };
  for (const [value, expected] of Object.entries(cases)) test(value, () => assert.equal(bits(value), expected));
});
