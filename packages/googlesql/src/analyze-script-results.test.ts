/** Where a script can end with several results: each column is what any of them shows there, decided by what decided between them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Output } from "./plan.ts";
import { refusalOf, results, scriptOf } from "./testing/clinic.ts";
import { scriptTable } from "./testing/flow-tables.ts";

const GUESS = "(SELECT ssn FROM patients LIMIT 1) = '1'";

const resultOf = (sql: string): Output | undefined => scriptOf(sql).result[0];
const either = (one: string, other: string): string => `IF TRUE THEN ${one}; ELSE ${other}; END IF`;
const column = (name: string): string => `clinic.ehr.patients.${name}`;

scriptTable("of several results each column is made of all", [
  [either("SELECT state AS x FROM patients", "SELECT name AS x FROM patients"), "x = copy name, copy state"],
  [either("SELECT name AS x FROM patients", "SELECT state AS x FROM patients"), "x = copy name, copy state"],
  [
    `SELECT id AS x FROM patients WHERE state = 's'; IF ${GUESS} THEN SELECT id AS x FROM patients; END IF`,
    "x = copy id ? ssn, state",
  ],
  [
    "SELECT id AS x FROM patients WHERE state = 's'; BEGIN SELECT WITH(z AS 1 / id, id) AS x FROM patients; EXCEPTION WHEN ERROR THEN BEGIN END; END",
    "x = copy id ? *, id, state",
  ],
]);

test("each has all that is known of it, and no fields where it has none", () => {
  assert.deepEqual(resultOf(either("SELECT id AS x FROM patients", "SELECT id AS x FROM patients WHERE state = 's'")), {
    name: "x",
    type: "INT64",
    explicit: [{ column: column("id"), via: "copy" }],
    implicit: [column("state")],
    constant: false,
  });
});

test("one of which is a literal is a constant", () => {
  assert.equal(resultOf(either("SELECT ssn AS x FROM patients", "SELECT 'a' AS x"))?.constant, true);
  assert.equal(resultOf(either("SELECT 'a' AS x", "SELECT ssn AS x FROM patients"))?.constant, true);
  assert.equal(resultOf(either("SELECT ssn AS x FROM patients", "SELECT name AS x FROM patients"))?.constant, false);
});

test("one of which is a count has no count's privileges where another isn't one", () => {
  const [count, sum] = ["SELECT COUNT(id) AS n FROM patients", "SELECT SUM(id) AS n FROM patients"];
  for (const [one, other, statistic] of [
    [count, count, { statistic: "count" }],
    [count, sum, {}],
    [sum, count, {}],
  ] as const)
    assert.deepEqual(resultOf(either(one, other))?.explicit, [
      { column: column("id"), via: "aggregate", ...statistic },
    ]);
});

test("what decided between STRUCTs decides over their fields", () => {
  const sql =
    "SELECT STRUCT(1 AS a) AS x; BEGIN SELECT STRUCT(WITH(z AS 1 / weight, 5) AS a) AS x FROM patients; EXCEPTION WHEN ERROR THEN BEGIN END; END";
  assert.deepEqual(
    resultOf(sql)?.fields?.map(({ implicit }) => implicit),
    [[column("*"), column("weight")]],
  );
});

describe("a script that shows something or nothing is refused", () => {
  for (const other of [
    "CREATE PROCEDURE ehr.q() BEGIN SELECT 1; END",
    "CREATE TABLE ehr.q (a INT64)",
    "INSERT INTO pair (a) VALUES ('x')",
  ])
    test(other, () => {
      for (const sql of [either("SELECT 1 AS x", other), either(other, "SELECT 1 AS x")])
        assert.equal(refusalOf(sql)?.code, "unsupported", sql);
    });
  test("nothing, whichever way, is nothing", () => {
    assert.deepEqual(
      results("IF TRUE THEN CREATE TABLE ehr.q (a INT64); ELSE INSERT INTO pair (a) VALUES ('x'); END IF"),
      [],
    );
  });
});
