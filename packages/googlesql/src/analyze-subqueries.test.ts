/** Subqueries among expressions: whether one can fail for its rows' number, and what NULL in it has for a type. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reads, types, writes } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";
import { table } from "./testing/flow-tables.ts";

describe("how many rows a subquery has decides whether it fails", () => {
  const counts = (subquery: string): boolean =>
    reads(`SELECT ${subquery} AS x FROM patients`).includes("pair.*: predicate");
  const some = [
    "(SELECT b FROM pair)",
    "(SELECT b FROM pair LIMIT 2)",
    "(FROM pair |> SELECT b |> LIMIT 3)",
    "(FROM pair |> LIMIT 1 |> SELECT b)",
    "(SELECT b FROM pair LIMIT 1 |> UNION ALL (SELECT a FROM pair))",
  ];
  for (const subquery of some) test(subquery, () => assert.ok(counts(subquery)));
  const one = ["(SELECT b FROM pair LIMIT 1)", "(SELECT b FROM pair LIMIT 0)", "(FROM pair |> SELECT b |> LIMIT 1)"];
  for (const subquery of one) test(`but not of ${subquery}`, () => assert.ok(!counts(subquery)));
});

describe("what decides whether a subquery is computed decides whether it fails for its rows' number, but where it has one at most:", () => {
  const asked = (subquery: string): boolean =>
    reads(`SELECT ssn, STRUCT(IF(ssn = '1', ${subquery}, NULL) AS u, 1 AS v).v FROM patients`).includes(
      "ssn: output predicate",
    );
  for (const subquery of [
    "(SELECT MAX(b) FROM pair)",
    "(SELECT COUNT(*) FROM pair WHERE b = '1' ORDER BY 1 LIMIT 5)",
    "(SELECT DISTINCT MAX(b) FROM pair HAVING COUNT(*) > 1)",
    "(SELECT AS STRUCT MIN(a) AS lo, MAX(b) AS hi FROM pair)",
    "((SELECT MAX(b) FROM pair) ORDER BY 1)",
    "(FROM pair |> AGGREGATE MAX(b) AS x)",
    "(FROM pair |> AGGREGATE MAX(b) AS x |> WHERE x > '1' |> EXTEND x AS y |> SELECT y)",
  ])
    test(subquery, () => assert.ok(!asked(subquery)));
  for (const subquery of [
    "(SELECT MAX(b) FROM pair GROUP BY a)",
    "(SELECT MAX(b) FROM pair GROUP BY GROUPING SETS ((), ()))",
    "(SELECT MAX(b) FROM pair GROUP BY ALL)",
    "(SELECT MAX(b) OVER () FROM pair)",
    "(SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = a) COUNT(b) FROM pair)",
    "(SELECT MAX(b) FROM pair UNION ALL SELECT MAX(b) FROM pair)",
    "(WITH m AS (SELECT MAX(b) AS b FROM pair) SELECT m.b FROM m, pair)",
    "((SELECT MAX(b) AS x FROM pair) |> CROSS JOIN pair AS q |> SELECT x)",
    "(FROM pair |> AGGREGATE MAX(b) AS x GROUP BY a |> SELECT x)",
    "(FROM pair |> AGGREGATE MAX(b) AS x GROUP BY GROUPING SETS ((), ()))",
    "(FROM pair |> AGGREGATE MAX(b) AS x |> CROSS JOIN pair AS q |> SELECT x)",
    "(FROM pair |> AGGREGATE MAX(b) AS x |> UNION ALL (SELECT b FROM pair))",
  ])
    test(`but of ${subquery}`, () => assert.ok(asked(subquery)));
});

table("NULL on the right of IN is of any type", [
  ["SELECT id FROM patients WHERE ssn IN UNNEST(NULL)", "id = copy id ? ssn"],
  ["SELECT born = (SELECT NULL) AS x FROM patients", "x = transform born"],
  ["SELECT ARRAY_CONCAT((SELECT NULL), [ssn]) AS x FROM patients", "x = copy ssn"],
]);

test("an ARRAY that IN takes apart may hold NULL, and can't fail for it", () => {
  assert.deepEqual(reads("SELECT 'x' IN UNNEST(ARRAY(SELECT name FROM patients)) AS x"), ["name: output"]);
  assert.deepEqual(reads("SELECT ARRAY(SELECT name FROM patients) AS x"), ["name: output predicate"]);
});

test("a subquery's value has its column's type", () => {
  assert.deepEqual(types("SELECT (SELECT ssn FROM patients LIMIT 1) AS x"), ["x STRING"]);
});

test("an ARRAY of STRUCTs is written as its fields, and a STRUCT without any as itself", () => {
  assert.deepEqual(writes("CREATE TABLE ehr.x AS SELECT visits FROM patients"), [
    "create x: visits.code = copy visits.code; visits.seen = copy visits.seen; visits.note = copy visits.note",
  ]);
  assert.deepEqual(writes("CREATE TABLE ehr.x AS SELECT STRUCT() AS s"), ["create x: s"]);
});

describe("an ARRAY of a subquery holds no NULL, so that what decides whether it is made doesn't decide whether the query fails:", () => {
  const made = (value: string): readonly string[] =>
    reads(`SELECT ssn, STRUCT(IF(ssn = '1', ARRAY(SELECT ${value}), NULL) AS u, 1 AS v).v FROM patients`);
  for (const value of ["'x'", "1", "1.5", "TRUE", "(1, 2)", "STRUCT(1)"])
    test(value, () => assert.deepEqual(made(value), ["ssn: output"]));
  for (const value of ["NULL", "UPPER('x')"]) {
    test(`but may hold one of ${value}`, () => assert.deepEqual(made(value), ["ssn: output predicate"]));
  }

  test("and a function of a dataset that is called like one of BigQuery's may give it", () => {
    const routineReference = { projectId: "clinic", datasetId: "array_length", routineId: "f" };
    const { reads } = defining([], [routine("f", "x ARRAY<STRING>", "x", { routineReference })]);
    assert.deepEqual(reads("SELECT array_length.f(ARRAY(SELECT ssn FROM clinic.ehr.patients)) AS x"), [
      "ssn: output predicate",
    ]);
    assert.deepEqual(reads("SELECT ARRAY_LENGTH(ARRAY(SELECT ssn FROM clinic.ehr.patients)) AS x"), ["ssn: output"]);
  });
});
