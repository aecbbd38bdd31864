import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { QueryParameter } from "./analyze.ts";
import { types } from "./testing/clinic.ts";

/** An expression over `patients` and its type. */
const EXPRESSIONS: readonly (readonly [string, string])[] = [
  ["id + 1", "INT64"],
  ["id + 0.5", "FLOAT64"],
  ["id / 2", "FLOAT64"],
  ["id + NUMERIC '1'", "NUMERIC"],
  ["weight * NUMERIC '1'", "FLOAT64"],
  ["-id", "INT64"],
  ["-9223372036854775808", "INT64"],
  ["0xFF", "INT64"],
  ["NULL", "INT64"],
  ["COALESCE(NULL, ssn)", "STRING"],
  ["IF(TRUE, 1, 2.5)", "FLOAT64"],
  ["IF(TRUE, id, 2.5)", "FLOAT64"],
  ["IF(TRUE, born, '2026-01-01')", "DATE"],
  ["CASE WHEN TRUE THEN NULL ELSE born END", "DATE"],
  ["[1, 2.5]", "ARRAY<FLOAT64>"],
  ["[]", "ARRAY<INT64>"],
  ["ARRAY<STRING>[]", "ARRAY<STRING>"],
  ["[STRUCT(1 AS a, 'x' AS b)]", "ARRAY<STRUCT<a INT64, b STRING>>"],
  ["(1, 'x')", "STRUCT<_field_1 INT64, _field_2 STRING>"],
  ["STRUCT(ssn, id AS i)", "STRUCT<ssn STRING, i INT64>"],
  ["STRUCT<a FLOAT64>(1)", "STRUCT<a FLOAT64>"],
  ["CAST(id AS STRING)", "STRING"],
  ["CAST('1' AS bignumeric)", "BIGNUMERIC"],
  ["SAFE_CAST(ssn AS DATE)", "DATE"],
  ["b'x'", "BYTES"],
  ["JSON '{}'", "JSON"],
  ["doc.a", "JSON"],
  ["INTERVAL 1 DAY", "INTERVAL"],
  ["born - DATE '2026-01-01'", "INTERVAL"],
  ["born + 1", "DATE"],
  ["born + INTERVAL 1 DAY", "DATETIME"],
  ["EXTRACT(YEAR FROM born)", "INT64"],
  ["EXTRACT(DATE FROM CURRENT_TIMESTAMP())", "DATE"],
  ["CURRENT_DATE", "DATE"],
  ["DATE_TRUNC(born, WEEK(MONDAY))", "DATE"],
  ["TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY)", "TIMESTAMP"],
  ["DATE_DIFF(born, '2026-01-01', DAY)", "INT64"],
  ["DATE_SUB('2026-01-01', INTERVAL 1 DAY)", "DATE"],
  ["DATETIME_SUB('2026-01-01', INTERVAL 1 DAY)", "DATETIME"],
  ["DATETIME_TRUNC('2026-01-01', MONTH)", "DATETIME"],
  ["TIMESTAMP_TRUNC('2026-01-01', MONTH)", "TIMESTAMP"],
  ["DATE_TRUNC('2026-01-01', MONTH)", "DATE"],
  ["FORMAT_DATE('%Y', born)", "STRING"],
  ["PARSE_TIMESTAMP('%s', ssn)", "TIMESTAMP"],
  ["UNIX_SECONDS(TIMESTAMP(born))", "INT64"],
  ["SPLIT(ssn, '-')", "ARRAY<STRING>"],
  ["ssn || 'x'", "STRING"],
  ["tags || ['x']", "ARRAY<STRING>"],
  ["CONCAT(ssn, id)", "STRING"],
  ["LENGTH(ssn) > 2", "BOOL"],
  ["ssn IS NOT NULL", "BOOL"],
  ["ROUND(id)", "FLOAT64"],
  ["ROUND(NUMERIC '1.5', 1)", "NUMERIC"],
  ["ABS(id)", "INT64"],
  ["SAFE_DIVIDE(id, 2)", "FLOAT64"],
  ["MOD(id, 2)", "INT64"],
  ["GREATEST(id, weight)", "FLOAT64"],
  ["GENERATE_ARRAY(1, 3)", "ARRAY<INT64>"],
  ["GENERATE_DATE_ARRAY(born, born)", "ARRAY<DATE>"],
  ["TO_JSON(address)", "JSON"],
  ["JSON_QUERY_ARRAY(doc)", "ARRAY<JSON>"],
  ["JSON_VALUE(doc, '$.a')", "STRING"],
  ["NORMALIZE(ssn, NFKC)", "STRING"],
  ["NET.HOST(ssn)", "STRING"],
  ["MD5(ssn)", "BYTES"],
  ["FARM_FINGERPRINT(ssn)", "INT64"],
  ["REGEXP_EXTRACT_ALL(ssn, r'.')", "ARRAY<STRING>"],
  ["(SELECT AS STRUCT ssn, id)", "STRUCT<ssn STRING, id INT64>"],
  ["ARRAY(SELECT v.code FROM patients.visits v)", "ARRAY<STRING>"],
  ["RANGE(born, NULL)", "RANGE<DATE>"],
  ["ERROR('x')", "INT64"],
  ["IFNULL(ssn, ERROR('x'))", "STRING"],
];

const AGGREGATES: readonly (readonly [string, string])[] = [
  ["COUNT(*)", "INT64"],
  ["SUM(id)", "INT64"],
  ["SUM(weight)", "FLOAT64"],
  ["AVG(id)", "FLOAT64"],
  ["AVG(NUMERIC '1')", "NUMERIC"],
  ["MAX(born)", "DATE"],
  ["ARRAY_AGG(born IGNORE NULLS ORDER BY id LIMIT 3)", "ARRAY<DATE>"],
  ["STRING_AGG(DISTINCT ssn)", "STRING"],
  ["APPROX_TOP_COUNT(ssn, 2)", "ARRAY<STRUCT<value STRING, count INT64>>"],
  ["APPROX_QUANTILES(weight, 2)", "ARRAY<FLOAT64>"],
  ["LOGICAL_AND(id = 1)", "BOOL"],
  ["STDDEV(id)", "FLOAT64"],
  ["MAX_BY(ssn, born)", "STRING"],
];

const WINDOWS: readonly (readonly [string, string])[] = [
  ["ROW_NUMBER() OVER ()", "INT64"],
  ["PERCENT_RANK() OVER (ORDER BY id)", "FLOAT64"],
  ["LAG(ssn, 1, 'x') OVER (ORDER BY id)", "STRING"],
  ["PERCENTILE_CONT(weight, 0.5) OVER ()", "FLOAT64"],
  ["SUM(id) OVER (ORDER BY id ROWS 1 PRECEDING)", "INT64"],
];

describe("the type of an expression", () => {
  for (const [expression, type] of [...EXPRESSIONS, ...AGGREGATES, ...WINDOWS]) {
    test(`${expression} is ${type}`, () => {
      assert.deepEqual(types(`SELECT ${expression} AS x FROM patients`), [`x ${type}`]);
    });
  }
});

describe("names and types of a result", () => {
  const cases: readonly (readonly [string, ...string[]])[] = [
    ["SELECT 1, 2 AS b, 'x'", "f0_ INT64", "b INT64", "f1_ STRING"],
    ["SELECT COUNT(*), MAX(ssn) FROM patients", "f0_ INT64", "f1_ STRING"],
    ["SELECT address.zip, doc.a FROM patients", "zip STRING", "a JSON"],
    ["SELECT 1 AS x UNION ALL SELECT 2.5", "x FLOAT64"],
    ["SELECT NULL AS x UNION ALL SELECT 'a'", "x STRING"],
    ["SELECT x FROM (SELECT NULL AS x)", "x INT64"],
    ["SELECT id AS x FROM patients UNION ALL SELECT weight FROM patients", "x FLOAT64"],
    ["SELECT born AS x FROM patients UNION ALL SELECT '2026-01-01'", "x DATE"],
    ["SELECT AS STRUCT 1 AS a, 'x' AS b", "a INT64", "b STRING"],
    ["SELECT AS VALUE 1", "f0_ INT64"],
    ["SELECT * FROM UNNEST([1, 2])", "f0_ INT64"],
    ["SELECT * FROM UNNEST([1, 2]) AS n WITH OFFSET AS o", "n INT64", "o INT64"],
    ["SELECT x FROM UNNEST([STRUCT(1 AS a)]) x", "x STRUCT<a INT64>"],
  ];
  for (const [sql, ...expected] of cases) test(sql, () => assert.deepEqual(types(sql), expected));
});

describe("parameters", () => {
  const parameters: readonly QueryParameter[] = [
    { name: "day", parameterType: { type: "STRING" } },
    { name: "ids", parameterType: { type: "ARRAY", arrayType: { type: "INT64" } } },
    { name: "s", parameterType: { type: "STRUCT", structTypes: [{ name: "a", type: { type: "FLOAT64" } }] } },
  ];
  test("have the type they declare", () => {
    assert.deepEqual(types("SELECT @ids AS i, @S.a, @day AS d", parameters), [
      "i ARRAY<INT64>",
      "a FLOAT64",
      "d STRING",
    ]);
  });
  test("coerce like literals to a date", () => {
    assert.deepEqual(types("SELECT id FROM patients WHERE born > @day AND id IN UNNEST(@ids)", parameters), [
      "id INT64",
    ]);
  });
  test("are found by position", () => {
    const positional = [{ parameterType: { type: "INT64" } }, { parameterType: { type: "DATE" } }];
    assert.deepEqual(types("SELECT ? AS a, ? AS b", positional), ["a INT64", "b DATE"]);
  });
});
