/** WHERE, GROUP BY and HAVING inside an aggregate. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, flows, planOf, reads, refusalOf } from "./testing/clinic.ts";

describe("what an aggregate's own clauses decide is decided over its result", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "SELECT COUNT(* WHERE ssn = '1') AS n FROM patients": ["n = aggregate * ? ssn"],
    "SELECT SUM(weight WHERE ssn = '1') AS n FROM patients": ["n = aggregate weight ? ssn"],
    "SELECT ARRAY_AGG(name IGNORE NULLS WHERE ssn = '1' ORDER BY born LIMIT 2) AS n FROM patients": [
      "n = copy name ? born, ssn",
    ],
    "SELECT state, MAX(name WHERE ssn = '1') AS n FROM patients GROUP BY state": [
      "state = copy state ? state",
      "n = copy name ? name, ssn, state",
    ],
    "SELECT ANY_VALUE(name WHERE ssn = '1' HAVING MAX born) AS n FROM patients": ["n = copy name ? born, ssn"],
    "SELECT COUNT(* GROUP BY ssn) AS n FROM patients": ["n = aggregate * ? ssn"],
    "SELECT SUM(id GROUP BY id) AS n FROM patients": ["n = aggregate id ? id"],
    "SELECT SUM(AVG(weight) GROUP BY ssn, state HAVING MAX(born) > DATE '2000-01-01') AS n FROM patients": [
      "n = aggregate weight ? born, ssn, state",
    ],
    "SELECT MAX(MIN(name WHERE ssn = '1') WHERE born IS NULL GROUP BY state) AS n FROM patients": [
      "n = copy name ? born, name, ssn, state",
    ],

    "FROM patients |> AGGREGATE SUM(MAX(weight) WHERE name = 'x' GROUP BY ssn) AS n": [
      "n = aggregate weight ? name, ssn, weight",
    ],
  };
  for (const [sql, expected] of Object.entries(cases)) {
    test(sql, () => assert.deepEqual(flows(sql), expected));
  }

  test("a count of groups, or of rows that a condition leaves, is no count of the query's rows", () => {
    for (const sql of ["COUNT(* WHERE ssn = '1')", "COUNT(ssn WHERE state = 'x')", "COUNT(* GROUP BY ssn)"]) {
      const [n] = planOf(`SELECT ${sql} AS n FROM patients`).outputs;
      assert.deepEqual(
        n?.explicit.map(({ statistic }) => statistic),
        [undefined],
      );
    }
  });

  test("whether an argument that can fail is computed, too", () => {
    const sql =
      "SELECT MAX(ssn) AS s, STRUCT(SUM(CAST('x' AS INT64) WHERE ssn = '1') AS u, 1 AS v).v AS x FROM patients";
    assert.deepEqual(reads(sql), ["*: predicate", "ssn: output predicate"]);
  });
});

describe("an aggregate's own clauses", () => {
  test("are printed in their order", () => {
    const sql = "SELECT SUM(DISTINCT MAX(weight) WHERE id > 1 GROUP BY ssn, state HAVING COUNT(*) > 1) FROM patients";
    assert.match(
      canonical(sql),
      /SUM\(DISTINCT MAX\(`weight`\) WHERE `id` > 1 GROUP BY `ssn`, `state` HAVING COUNT\(\*\) > 1\)/,
    );
  });
  for (const [sql, message] of [
    ["SELECT SUM(MAX(weight)) FROM patients", /Aggregations of aggregations/],
    ["SELECT SUM(weight WHERE MAX(id) > 1 GROUP BY state) FROM patients", /Aggregations of aggregations/],
    ["SELECT SUM(weight GROUP BY MAX(state)) FROM patients", /Aggregations of aggregations/],
    ["SELECT SUM(AVG(MAX(weight)) GROUP BY state) FROM patients", /Aggregations of aggregations/],
    ["SELECT ARRAY_AGG(name IGNORE NULLS GROUP BY name) FROM patients", /takes no IGNORE NULLS/],
    ["SELECT ARRAY_AGG(name GROUP BY name ORDER BY name) FROM patients", /takes no IGNORE NULLS/],
    ["SELECT ARRAY_AGG(name GROUP BY name LIMIT 2) FROM patients", /takes no IGNORE NULLS/],
    ["SELECT SUM(weight WHERE id) FROM patients", /WHERE takes BOOL/],
    ["SELECT SUM(MAX(weight) GROUP BY state HAVING id) FROM patients", /HAVING takes BOOL/],
    ["SELECT SUM(weight GROUP BY doc) FROM patients", /GROUP BY is not supported on JSON/],
    ["SELECT UPPER(name WHERE TRUE) FROM patients", /UPPER doesn't take WHERE/],
    ["SELECT UPPER(name GROUP BY name) FROM patients", /UPPER doesn't take GROUP BY/],
    ["SELECT SUM(weight WHERE TRUE) OVER () FROM patients", /SUM doesn't take WHERE/],
    ["SELECT SUM(weight HAVING MAX id GROUP BY state) FROM patients", /Expected|Unexpected/],
    ["SELECT SUM(weight HAVING id > 1) FROM patients", /MAX or MIN/],
  ] as const)
    test(`are refused: ${sql}`, () => assert.match(refusalOf(sql)?.message ?? "", message));
});
