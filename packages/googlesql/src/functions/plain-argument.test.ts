import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scriptOf } from "../testing/clinic.ts";
import { isPlain } from "./plain-argument.ts";

/** Whether the query that shows `value` is said to fail by the ssn in it. */
const fails = (value: string): boolean =>
  scriptOf(`SELECT ${value} AS x FROM patients`).statements.some(({ reads }) =>
    reads.some(({ columns }) => columns.some(({ path, uses }) => path === "ssn" && uses.includes("predicate"))),
  );

describe("of NULL most functions give NULL, so that whether another argument makes them fail tells of", () => {
  for (const value of [
    "SUBSTR(ssn, 1, -1)",
    "SUBSTR(ssn, 1, id)",
    "LEFT(ssn, -1)",
    "INSTR(ssn, 'a', 0)",
    "INSTR(ssn, 'a', 1, 0)",
    "INSTR(ssn, 'a', ~1)",
    "INSTR(ssn, 'a', 2 - 1)",
    "LPAD(ssn, -1)",
    "LPAD(ssn, 3, '')",
    "LPAD(ssn, 3, name)",
    "RPAD(ssn, -1, 'x')",
    "ARRAY_SLICE(SPLIT(ssn), 0, ~1)",
    "REPEAT(ssn, -1)",
    "REPEAT(ssn, 1000)",
    "REPLACE(ssn, '-', name)",
    "CONTAINS_SUBSTR(ssn, name)",
    "TF_IDF(SPLIT(ssn, ' '), 0, 1) OVER ()",
    "TF_IDF(SPLIT(ssn, ' '), 1, 0) OVER ()",
    "REGEXP_CONTAINS(ssn, '(')",
    "REGEXP_CONTAINS(ssn, name)",
    "REGEXP_EXTRACT(ssn, '(a)(b)')",
    "REGEXP_EXTRACT(ssn, 'a', 0)",
    "REGEXP_CONTAINS(ssn, '(?=a)')",
    "REGEXP_CONTAINS(ssn, r'(a)\\1')",
    "REGEXP_CONTAINS(ssn, r'\\u0041')",
    "REGEXP_CONTAINS(ssn, '[]')",
    "REGEXP_CONTAINS(ssn, '[^]')",
    "REGEXP_CONTAINS(ssn, r'[\\b]')",
    "REGEXP_CONTAINS(ssn, '(?:a{100}){100}')",
    "REGEXP_CONTAINS(ssn, 'a{1001}')",
    `REGEXP_CONTAINS(ssn, '(?:${"a".repeat(200)}){1000}')`,
    `REGEXP_CONTAINS(ssn, '(?:${".".repeat(900)}){5}')`,
    "REGEXP_CONTAINS(ssn, 'aaaa{500}')",
    `REGEXP_CONTAINS(ssn, '${"a".repeat(1001)}')`,
    "REGEXP_CONTAINS(ssn, '(?<name>a)')",
    "REGEXP_REPLACE(ssn, '1', r'\\2')",
    "REGEXP_REPLACE(ssn, '1', name)",
    "REGEXP_REPLACE('a', ssn, '')",
    "LPAD('a', 3, ssn)",
    "RPAD('a', 3, ssn)",
    "REGEXP_CONTAINS(ssn, '[[:foo:]')",
    "REGEXP_CONTAINS(ssn, '[^a[:foo:]')",
    "JSON_VALUE(ssn, '$.[')",
    "JSON_EXTRACT(ssn, 'a')",
    "JSON_VALUE_ARRAY(ssn, '$[')",
    "SEARCH(ssn, '`')",
    "COLLATE(ssn, 'xx:yy')",
    "HLL_COUNT.INIT(ssn, 9)",
    "HLL_COUNT.INIT(ssn, 25)",
    "ssn LIKE r'a\\\\'",
    "ssn LIKE name",
    "ssn LIKE ANY ('a', name)",
    "JSON_KEYS(TO_JSON(ssn), 0)",
    "RANGE_BUCKET(ssn, ['b', 'a'])",
    "RANGE_BUCKET(LENGTH(ssn), [2, 1])",
    "RANGE_BUCKET(LENGTH(ssn), [1, id])",
    "RANGE_BUCKET(LENGTH(ssn), [id])",
    "RANGE_BUCKET(LENGTH(ssn), [1, 1])",
    "RANGE_BUCKET(LENGTH(ssn), ARRAY<INT64>[1, 2])",
    "RANGE_BUCKET(ssn, tags)",
    "FORMAT_DATE('%', SAFE_CAST(ssn AS DATE))",
    "DATE_TRUNC(SAFE_CAST(ssn AS DATE), WEEK)",
    "TIMESTAMP_TRUNC(SAFE_CAST(ssn AS TIMESTAMP), DAY, 'UTC')",
  ])
    test(value, () => assert.ok(fails(value)));
});

describe("what is written so that it can't fail tells of nothing:", () => {
  for (const value of [
    "SUBSTR(ssn, 1, 3)",
    "SUBSTR(ssn, -4)",
    "LEFT(ssn, 3)",
    "RIGHT(ssn, 0)",
    "INSTR(ssn, 'a', -1, 2)",
    "INSTR(ssn, 'a', 1)",
    "LPAD(ssn, 12, '0')",
    "RPAD(ssn, 12, '0')",
    "REPEAT(ssn, 2)",
    "ARRAY_SLICE(SPLIT(ssn), 0, -2)",
    "ARRAY_FIRST_N(SPLIT(ssn), 2)",
    "CONTAINS_SUBSTR(ssn, '123')",
    "TF_IDF(SPLIT(ssn, ' '), 10, 2) OVER ()",
    "REPLACE(ssn, '-', '')",
    "REPLACE(ssn, name, '')",
    "REGEXP_CONTAINS(ssn, r'^\\d{3}-\\d{2}-\\d{4}$')",
    "REGEXP_EXTRACT(ssn, r'^(?:a|b)([^-]+)')",
    "REGEXP_EXTRACT(ssn, 'a', 2, 1)",
    "REGEXP_CONTAINS(ssn, 'aaa{500}')",
    `REGEXP_CONTAINS(ssn, '${"a".repeat(1000)}')`,
    "REGEXP_EXTRACT(ssn, r'^(?:[0-9]{1,3}[.]){3}[0-9]{1,3}')",
    "REGEXP_REPLACE(ssn, r'[^0-9]', '')",
    "ssn LIKE '123%'",
    "ssn LIKE ANY ('1%', '2%')",
    "JSON_VALUE(TO_JSON_STRING(STRUCT(ssn)), '$.ssn')",
    "JSON_VALUE(ssn, '$')",
    "JSON_QUERY(ssn, '$.a[0].b_1')",
    "JSON_VALUE_ARRAY(ssn, '$.a')",
    "JSON_KEYS(SAFE_TO_JSON(ssn), 2)",
    "SEARCH(ssn, 'one two')",
    "COLLATE(ssn, 'und:ci')",
    "COLLATE(ssn, '')",
    "HLL_COUNT.INIT(ssn, 10)",
    "HLL_COUNT.INIT(ssn, 24)",
    "RANGE_BUCKET(CAST(LENGTH(ssn) AS FLOAT64), [0.5, 1.5])",
    "RANGE_BUCKET(LENGTH(ssn), [-1, 0, 10])",
    "FORMAT_DATE('%Y-%m', SAFE_CAST(ssn AS DATE))",
    "DATE_TRUNC(SAFE_CAST(ssn AS DATE), MONTH)",
    "TIMESTAMP_TRUNC(SAFE_CAST(ssn AS TIMESTAMP), DAY)",
  ])
    test(value, () => assert.ok(!fails(value)));
});

test("an argument of which nobody knows how it is written isn't plain, nor one that is called as a part of a date", () => {
  assert.equal(isPlain("LEFT", 1, null), false);
  assert.equal(isPlain("DATE_TRUNC", 1, { kind: "Parameter", name: "MONTH", position: 0, start: 0, end: 0 }), false);
});
