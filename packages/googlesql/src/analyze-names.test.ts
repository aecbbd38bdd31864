/** What a name of the select list means in the clauses behind it, and names that differ by the case of letters alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { flows, refusalOf, steps } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

table("a name of the list that hides a column is that within an aggregate, and else may be either", [
  [
    "SELECT UPPER(ssn) AS name, COUNT(*) AS n FROM patients GROUP BY 1 HAVING MAX(name) = 'x'",
    "name = transform ssn ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  [
    "SELECT 'x' AS name, COUNT(*) AS n FROM patients GROUP BY ssn HAVING MAX(name) = 'x'",
    "name = ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  [
    "SELECT ANY_VALUE(ssn) AS name, state FROM patients GROUP BY state ORDER BY MAX(name)",
    "name = copy ssn ? name, state",
    "state = copy state ? name, state",
  ],
  ["SELECT UPPER(ssn) AS name FROM patients ORDER BY name", "name = transform ssn ? name, ssn"],
  [
    "SELECT UPPER(ssn) AS name FROM patients QUALIFY RANK() OVER (ORDER BY name) = 1",
    "name = transform ssn ? *, name, ssn",
  ],
  ["SELECT ssn AS name, 1 AS x FROM patients ORDER BY x", "name = copy ssn", "x ="],
]);

test("columns whose names differ by case are of one name", () => {
  assert.deepEqual(flows("SELECT ssn AS u, id AS U FROM patients"), ["u = copy ssn", "U_1 = copy id"]);
  assert.match(
    refusalOf("SELECT STRUCT(ssn AS a, id AS A) AS s FROM patients")?.message ?? "",
    /Duplicate column name A/,
  );
});

test("what a variable or a temporary table keeps was decided by what it shows and by what it doesn't", () => {
  const kept = "CREATE_TABLE_AS_SELECT name: kept, ssn: kept predicate";
  assert.equal(steps("CREATE TEMP TABLE t AS SELECT IF(ssn = '1', name, 'b') AS s FROM patients; SELECT 1")[0], kept);
  const declared = "DECLARE x STRING DEFAULT (SELECT IF(ssn = '1', name, 'b') FROM patients LIMIT 1); SELECT 1";
  assert.equal(steps(declared)[0], "SELECT name: kept, ssn: kept predicate");
  const ranked = "CREATE TEMP TABLE t AS SELECT RANK() OVER (ORDER BY ssn) AS s FROM patients; SELECT 1";
  assert.equal(steps(ranked)[0], "CREATE_TABLE_AS_SELECT *: kept, ssn: predicate");
  const raised = (condition: string): string | undefined =>
    steps(`CREATE TEMP TABLE t AS SELECT ssn, IF(${condition}, ERROR(ssn), '') AS s FROM patients; SELECT 1`)[0];
  assert.equal(raised("TRUE"), "CREATE_TABLE_AS_SELECT ssn: kept output | error_value ssn");
  assert.equal(raised("ssn = '1'"), "CREATE_TABLE_AS_SELECT ssn: kept output predicate | error_value ssn");
});
