import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scriptOf } from "../testing/clinic.ts";
import type { Expression } from "../tree.ts";
import { scalarType } from "../types.ts";
import { cannotFail, cannotFailBy } from "./failing-as-written.ts";

/** Whether the query that shows `value` is said to fail by what is in it. */
const fails = (value: string): boolean =>
  scriptOf(`SELECT ${value} AS x FROM patients`).statements.some(({ reads }) =>
    reads.some(({ columns }) =>
      columns.some(({ path, uses }) => ["ssn", "weight", "born"].includes(path) && uses.includes("predicate")),
    ),
  );

const INTEGER = "LENGTH(ssn)";
const NUMERIC = "SAFE_CAST(ssn AS NUMERIC)";
const TIMESTAMP = "SAFE_CAST(ssn AS TIMESTAMP)";

describe("a call that can fail:", () => {
  for (const value of [
    "CONCAT('a', SAFE_CAST(ssn AS BYTES))",
    "CONCAT(SAFE_CAST(ssn AS BYTES), 1)",
    `DATE_DIFF(${TIMESTAMP}, CURRENT_TIMESTAMP(), NANOSECOND)`,
    `TIMESTAMP_DIFF(${TIMESTAMP}, CURRENT_TIMESTAMP(), NANOSECOND)`,
    "DATETIME_DIFF(SAFE_CAST(ssn AS DATETIME), DATETIME '2026-01-01', NANOSECOND)",
    "ROUND(weight, -2)",
    "ROUND(weight, id)",
    `ROUND(${NUMERIC})`,
    `ROUND(${NUMERIC}, 2, 'x')`,
    "ABS(FARM_FINGERPRINT(ssn))",
    `CEIL(${NUMERIC})`,
    `CEILING(${NUMERIC})`,
    `FLOOR(SAFE_CAST(ssn AS BIGNUMERIC))`,
    `ROUND(SAFE_CAST(ssn AS NUMERIC), 2)`,
    `ROUND(MOD(${INTEGER}, 10) * 1.5, -2)`,
    `-${INTEGER}`,
    `MOD(${INTEGER}, 0)`,
    `MOD(${INTEGER}, id)`,
    `DIV(${INTEGER}, -1)`,
    "weight / 0",
    "weight / 0.5",
    "weight / id",
    "IF(ssn = '1', BIGNUMERIC '5e38', BIGNUMERIC '0') / 0.99999999999999999999",
    "SAFE_CAST(ssn AS BIGNUMERIC) / 0.99999999999999999999",
    "SAFE_CAST(ssn AS BIGNUMERIC) * 1.00000000000000000001",
    "100000000000000000001e-20 * SAFE_CAST(ssn AS BIGNUMERIC)",
    "SAFE_CAST(ssn AS BIGNUMERIC) * 2.0",
    "DIV(SAFE_CAST(ssn AS BIGNUMERIC), 9.9999999999999999999e-1)",
    "DIV(IF(ssn = '1', BIGNUMERIC '5e38', BIGNUMERIC '0'), 9.9999999999999999999e-1)",
    "weight / 1e3",
    "10 / weight",
    "COUNT(*) / COUNT(ssn)",
    "COUNT(ssn) / SUM(1.0)",
    "MAX(weight) / COUNT(*)",
    "COUNT(ssn) * 100000",
    "weight / NULLIF(id, 1)",
    "weight / NULLIF(weight, 0)",
    "COUNT(ssn) * COUNT(id)",
    "100 / 2 / weight",
    "weight / 2 / id",
    `MAKE_INTERVAL(${INTEGER}) / 2`,
    "SAFE_CAST(ssn AS BYTES) & b'a'",
    `${INTEGER} << -1`,
    `${INTEGER} >> id`,
    "PERCENTILE_CONT(weight, 1.5) OVER ()",
    "PERCENTILE_DISC(-weight, -0.1) OVER ()",
    "APPROX_QUANTILES(-weight, 0)",
    "APPROX_QUANTILES(-weight, 100000)",
    "APPROX_QUANTILES(-weight, 4 RESPECT NULLS)",
    "NTH_VALUE(weight, 0) OVER ()",
    "AVG(weight)",
    "VAR_SAMP(weight)",
    "COVAR_POP(weight, id)",
    "COVAR_SAMP(id, weight)",
    `CORR(${INTEGER}, id)`,
    `CORR(${NUMERIC}, id)`,
    `CORR(id, ${NUMERIC})`,
    `SUM(${NUMERIC})`,
    "SUM(SAFE_CAST(ssn AS BIGNUMERIC))",
    "AVG(SAFE_CAST(ssn AS INTERVAL))",
    "TRANSLATE(ssn, 'aa', 'bc')",
    "TRANSLATE(ssn, name, '')",
    `TO_JSON(${NUMERIC})`,
    `TO_JSON([STRUCT(${NUMERIC} AS a)])`,
    `TO_JSON(STRUCT(ssn AS a, SAFE.PARSE_JSON(ssn) AS b))`,
    "JSON_OBJECT(name, ssn)",
    "JSON_OBJECT(['a'], [ssn])",
    `JSON_ARRAY(ssn, ${NUMERIC})`,
    "FORMAT('%d', ssn)",
    "FORMAT('%s', weight)",
    "FORMAT('%s %s', ssn)",
    "FORMAT('%s', ssn, ssn)",
    "FORMAT('%x', LENGTH(ssn))",
    "FORMAT('%*d', id, LENGTH(ssn))",
    "FORMAT('%', ssn)",
    "FORMAT('%s%', ssn)",
    "FORMAT('%q', ssn)",
    "FORMAT('%.400f', weight)",
    "FORMAT(name, ssn)",
    "CAST(STRUCT(ssn AS a) AS STRUCT<a INT64>)",
    `ROUND(${INTEGER}, 2, 'x')`,
    "SAFE_CAST(ssn AS INTERVAL) / 2",
    `${INTEGER} / NULLIF(RAND(), 0)`,
    "weight / IFNULL(id, 0)",
    "weight / NULLIF(id, LENGTH(name))",
    "TRANSLATE(ssn, 'ab', name)",
    "DATETIME('x', SAFE_CAST(ssn AS TIME))",
    `JSON_OBJECT('a', ${NUMERIC})`,
    `JSON_OBJECT('a', ssn, 'b', ${NUMERIC})`,
    "JSON_OBJECT('a', ssn, name, ssn)",
    "FORMAT('%s %d', ssn, ssn)",
    "(COUNT(ssn) & 3) / COUNT(*)",
  ])
    test(value, () => assert.ok(fails(value)));
});

describe("what gives an array that may hold NULL, which no result may, with SAFE or without:", () => {
  for (const value of [
    "JSON_VALUE_ARRAY(ssn)",
    "JSON_VALUE_ARRAY(ssn, '$.a')",
    "SAFE.JSON_VALUE_ARRAY(ssn)",
    "JSON_EXTRACT_STRING_ARRAY(ssn, '$.a')",
    "SAFE.JSON_EXTRACT_STRING_ARRAY(ssn)",
    "LAX_STRING_ARRAY(SAFE.PARSE_JSON(ssn))",
    "SAFE.LAX_INT64_ARRAY(SAFE.PARSE_JSON(ssn))",
    "SAFE_CAST(SPLIT(ssn) AS ARRAY<INT64>)",
    "SAFE_CAST(STRUCT(SPLIT(ssn) AS a) AS STRUCT<a ARRAY<INT64>>)",
  ])
    test(value, () => assert.ok(fails(value)));
});

describe("a call that can't:", () => {
  for (const value of [
    "CONCAT('a', 1, weight, born, TRUE)",
    "CONCAT(SAFE_CAST(ssn AS BYTES), b'a')",
    "DATE_DIFF(CURRENT_DATE(), born, YEAR)",
    `TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), ${TIMESTAMP}, DAY)`,
    "ROUND(weight)",
    "ROUND(weight, 2)",
    "SAFE_CAST(ssn AS BIGNUMERIC) * 1.000",
    "0.99999999999999999999 * SAFE_CAST(ssn AS BIGNUMERIC)",
    `ROUND(${INTEGER} / 12, 1)`,
    "TRUNC(weight, 1)",
    `TRUNC(${NUMERIC})`,
    "ABS(weight)",
    `ABS(${INTEGER})`,
    "ABS(DATE_DIFF(born, CURRENT_DATE(), DAY))",
    `CEIL(CAST(${INTEGER} AS NUMERIC))`,
    `FLOOR(CAST(${INTEGER} AS BIGNUMERIC))`,
    `CEILING(CAST(${INTEGER} AS NUMERIC))`,
    `ROUND(CAST(${INTEGER} AS NUMERIC))`,
    `ROUND(CAST(${INTEGER} AS NUMERIC), 2)`,
    "-weight",
    `ABS(${NUMERIC})`,
    `MOD(${INTEGER}, 10)`,
    `DIV(${INTEGER}, 10)`,
    "weight / 100",
    "weight / 2.54",
    "weight / 1.0",
    "weight / 2 / 3",
    `${INTEGER} & 3`,
    `${INTEGER} >> 3`,
    "DATETIME(born, TIME '12:00:00')",
    "PERCENTILE_CONT(weight, 0.5) OVER ()",
    "PERCENTILE_DISC(-weight, .5) OVER ()",
    "PERCENTILE_DISC(-weight, 1) OVER ()",
    "APPROX_QUANTILES(-weight, 4)",
    "NTH_VALUE(weight, 2) OVER ()",
    `AVG(${INTEGER})`,
    ...["NUMERIC", "BIGNUMERIC"].flatMap((type) => [
      `AVG(SAFE_CAST(ssn AS ${type}))`,
      `STDDEV(SAFE_CAST(ssn AS ${type}))`,
      `COVAR_SAMP(id, SAFE_CAST(ssn AS ${type}))`,
      `CORR(SAFE_CAST(ssn AS ${type}), ${NUMERIC})`,
    ]),
    `COVAR_POP(${INTEGER} / 2, id)`,
    `BIT_XOR(${INTEGER})`,
    "COS(weight)",
    "TRANSLATE(ssn, '-. ', '')",
    "TO_JSON(STRUCT(ssn, weight AS a, born, visits))",
    "JSON_OBJECT('a', ssn, 'b', weight)",
    "JSON_ARRAY(ssn, born)",
    "FORMAT('%s is %d%% of %t', ssn, LENGTH(ssn), born)",
    "FORMAT('%05d|%-10s|%.2f|%T', LENGTH(ssn), ssn, weight, ssn)",
    "SAFE_CAST(ssn AS INT64)",
    "COUNT(DISTINCT ssn) / COUNT(*)",
    "100 * COUNTIF(ssn = '1') / COUNT(*)",
    "ROUND(COUNT(ssn) * 100.0 / COUNT(*), 1)",
    "weight / NULLIF(id, 0)",
    ...["NUMERIC", "BIGNUMERIC", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL"].map(
      (type) => `CONCAT('a', SAFE_CAST(ssn AS ${type}))`,
    ),
    ...["NUMERIC", "BIGNUMERIC"].flatMap((type) => [
      `FORMAT('%f', SAFE_CAST(ssn AS ${type}))`,
      `SAFE_CAST(ssn AS ${type}) / 100`,
    ]),
    ...["BYTES", "INT64", "DATETIME", "TIME"].map((type) => `TO_JSON(SAFE_CAST(ssn AS ${type}))`),
    `ROUND(${INTEGER})`,
    "ROUND(weight, 0)",
    "ROUND(SAFE_CAST(ssn AS INT64), 2)",
    `MOD(${INTEGER}, 1)`,
    `FORMAT('%i|%F|%e|%E|%g|%G', ${INTEGER}, weight, weight, weight, weight, weight)`,
    "APPROX_COUNT_DISTINCT(ssn) / COUNT(*)",
    "COUNT(ssn) * 1000",
    "1000 * COUNT(ssn)",
    "weight * 0.4536",
    "0.4536 * weight",
    "weight * 1",
    `${INTEGER} * 4294967296`,
    `AVG(${INTEGER} / 2)`,
    `STDDEV(${INTEGER} / 2)`,
  ])
    test(value, () => assert.ok(!fails(value)));
});

describe("a call of which too little is known:", () => {
  for (const value of [
    "SAFE_CAST(ssn AS INTERVAL) * 1",
    "1 * SAFE_CAST(ssn AS INTERVAL)",
    // One bit more than of what is a bit away from INT64's bounds.
    `${INTEGER} + 4611686018427387904`,
    `4611686018427387904 - ${INTEGER}`,
  ])
    test(value, () => assert.ok(fails(value)));
});

test("an argument of which nobody knows how it is written can be any", () => {
  assert.equal(cannotFail("MOD", [], [null, null]), false);
  const float = scalarType("FLOAT64") ?? null;
  for (const name of ["OP_MULTIPLY", "OP_DIVIDE", "OP_ADD", "OP_SUBTRACT", "SUM", "AVG", "STDDEV"])
    assert.equal(cannotFail(name, [float, float], [null, null]), false, name);
});

test("a routine of a dataset that is called as a function isn't that function", () => {
  const at = { start: 0, end: 0 };
  const of = (dataset: string): Expression => {
    const name = [dataset, "f"].map((part) => ({ kind: "Identifier", name: part, quoted: false, ...at }));
    const zero = { kind: "IntegerLiteral", text: "0", ...at };
    return { kind: "FunctionCall", name, arguments: [zero, zero], ...at } as unknown as Expression;
  };
  const integer = scalarType("INT64") ?? null;
  const types = [integer, integer];
  assert.equal(cannotFail("OP_DIVIDE", types, [null, of("nullif")]), false);
  assert.equal(cannotFailBy("OP_DIVIDE", 0, types, [of("count"), null]), false);
});
