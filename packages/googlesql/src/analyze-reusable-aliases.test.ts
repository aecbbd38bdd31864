/**
 * Names of the SELECT list behind their items and in WHERE: whether they stand there for the item is a setting of the project's.
 * https://cloud.google.com/bigquery/docs/column-aliases
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf, results } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

/** Of each the reviewer would see a constant, and the agent an ssn where the setting is on. */
const REUSED = [
  "SELECT (SELECT AS STRUCT ssn AS y, y AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS Y, (SELECT MAX(y) FROM pair) AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS y, WITH(z AS y, z) AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS y, ARRAY_TRANSFORM([1], e -> y) AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS y, MAX(y) OVER () AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS y, COUNT(*) OVER w AS n FROM patients WINDOW w AS (ORDER BY y) LIMIT 1).n FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT ssn AS y, * REPLACE (y AS name) FROM patients LIMIT 1).name FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT address.zip, UPPER(zip) AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS zip)",
  "SELECT (SELECT AS STRUCT address.*, UPPER(zip) AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS zip)",
  "SELECT (SELECT AS STRUCT y, ssn AS y, y AS w FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)",
  "SELECT (SELECT COUNT(*) FROM (SELECT ssn AS y FROM patients WHERE y > '5')) AS n FROM (SELECT 'c' AS y)",
  "SELECT (SELECT COUNT(*) FROM (SELECT ssn AS y FROM patients WHERE EXISTS (SELECT 1 FROM pair WHERE y > '5'))) FROM (SELECT 'c' AS y)",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a) AS pair, pair.a FROM patients LIMIT 1).a FROM pair",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a, 1 AS b) AS pair, pair.* FROM patients LIMIT 1).a FROM pair",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a, 1 AS b) AS pair, pair.* REPLACE (2 AS a) FROM patients LIMIT 1).b FROM pair",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a) AS pair, `ehr.pair`.a FROM patients LIMIT 1).a FROM `ehr.pair`",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a) AS pair, pair.a FROM patients LIMIT 1).a FROM `ehr.pair`",
  "SELECT (SELECT AS STRUCT STRUCT(ssn AS a, 1 AS b) AS pair, pair.* FROM patients LIMIT 1).a FROM `ehr.pair`",
  "SELECT (SELECT AS STRUCT s.a AS s, TO_JSON_STRING(s) AS w FROM pair LIMIT 1).w FROM (SELECT STRUCT(ssn AS a) AS s FROM patients)",
  // Printed as `clinic`.`ehr`.`pair`, which would be a path into the item.
  "SELECT STRUCT(STRUCT([ssn] AS pair) AS ehr) AS clinic, (SELECT ANY_VALUE(pair) FROM ehr.pair) AS w FROM patients",
  // And as `_SESSION`.`t`.
  "CREATE TEMP TABLE t AS SELECT 'c' AS a; SELECT STRUCT([ssn] AS t) AS _SESSION, (SELECT ANY_VALUE(a) FROM t) AS w FROM patients",
  "DECLARE y STRING DEFAULT 'c'; SELECT ssn AS y, y AS w FROM patients",
  "DECLARE y STRING DEFAULT 'c'; SELECT ssn AS y FROM patients WHERE y > '5'",
  "CREATE TEMP FUNCTION f(y STRING) AS ((SELECT AS STRUCT ssn AS y, y AS w FROM patients LIMIT 1).w); SELECT f('c') AS w",
  "FOR y IN (SELECT 'c' AS a) DO SELECT STRUCT(ssn AS a) AS y, y.a AS w FROM patients; END FOR",
];

describe("a name that may be the list's or a name from outside is refused", () => {
  for (const sql of REUSED) {
    test(sql, () => {
      const refusal = refusalOf(sql);
      assert.equal(refusal?.code, "name");
      assert.match(refusal.message, /is a column of the SELECT list and a name outside of its query/);
    });
  }
});

test("the refusal tells where the name stands, also of a table that is printed otherwise", () => {
  for (const [used, from] of [
    ["pair.a", "pair"],
    ["pair.a", "`ehr.pair`"],
    ["`ehr.pair`.a", "`ehr.pair`"],
    ["pair.*", "`ehr.pair`"],
    ["`ehr.pair`.*", "`ehr.pair`"],
  ]) {
    const sql = `SELECT (SELECT AS STRUCT STRUCT(ssn AS a, 1 AS b) AS pair, ${used} FROM patients LIMIT 1).a FROM ${from}`;
    assert.equal(refusalOf(sql)?.column, sql.indexOf(` ${used}`) + 2, sql);
  }
});

table("a name that is the same whatever the setting isn't", [
  // Before the item.
  ["SELECT (SELECT AS STRUCT y AS w, ssn AS y FROM patients LIMIT 1).w FROM (SELECT 'c' AS y)", "w ="],
  // What stands before a star doesn't see what it gives.
  [
    "SELECT (SELECT AS STRUCT s.* FROM pair LIMIT 1).b FROM (SELECT STRUCT(name AS s, ssn AS b) AS s FROM patients)",
    "b = copy ssn",
  ],
  [
    "SELECT (SELECT AS STRUCT s.*, 'c' AS s FROM pair WHERE x = 'c' LIMIT 1).b FROM (SELECT STRUCT(ssn AS b, 1 AS d) AS s, 'c' AS x FROM patients)",
    "b = copy ssn",
  ],
  // What FROM has comes first.
  [
    "SELECT UPPER(ssn) AS name, name AS x FROM patients WHERE name > 'a'",
    "name = transform ssn ? name",
    "x = copy name ? name",
  ],
  // The item is what the name is anyway.
  [
    "SELECT ARRAY(SELECT AS STRUCT name, UPPER(name) AS u FROM UNNEST(tags) WHERE name > 'a') AS x FROM patients",
    "x = copy name, transform name ? name, tags",
  ],
  // FROM sees nothing of the list.
  ["SELECT (SELECT AS STRUCT 'c' AS ssn, t FROM UNNEST([ssn]) AS t).t AS x FROM patients", "x = copy ssn"],
  // A name of the expression's own, behind which nothing is looked for.
  [
    "SELECT ssn AS y, WITH(y AS 1, y) AS w, ARRAY_TRANSFORM([1], y -> y) AS v FROM patients",
    "y = copy ssn",
    "w =",
    "v =",
  ],
  // The list is in front of FROM there, with the setting or without.
  [
    "SELECT (SELECT UPPER(kind) AS y FROM encounters GROUP BY y HAVING y > 'a' ORDER BY y LIMIT 1) AS x FROM (SELECT 'c' AS y)",
    "x = transform encounters.kind ? encounters.kind",
  ],
  // Pipe operators have no such names.
  ["SELECT (FROM patients |> SELECT ssn AS y, y AS w |> SELECT w |> LIMIT 1) AS x FROM (SELECT 'c' AS y)", "x ="],
]);

test("a variable beside no column of the list is one", () => {
  assert.deepEqual(results("DECLARE y STRING DEFAULT 'c'; SELECT ssn AS z, y AS w FROM patients WHERE y > 'a'"), [
    "z = copy ssn",
    "w =",
  ]);
});
