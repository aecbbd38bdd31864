import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogNames } from "./catalog-names.ts";

const DEFAULTS = { defaultDataset: { project: "p", dataset: "d" } };

function names(sql: string): readonly string[] | string {
  const found = catalogNames(sql, DEFAULTS);
  return found.understood ? found.tables : found.refusal.code;
}

test("names of one, two and three parts are completed", () => {
  assert.deepEqual(names("SELECT 1 FROM a, x.b, q.x.c, `q.x.d`"), ["p.d.a", "p.x.b", "q.x.c", "q.x.d"]);
});
test("tables in subqueries, set operations and conditions are found", () => {
  assert.deepEqual(
    names(
      "SELECT (SELECT 1 FROM a), EXISTS(SELECT 1 FROM b) FROM (SELECT 1 FROM c) JOIN e ON 1 IN (SELECT x FROM f) UNION ALL SELECT 1 FROM g",
    ),
    ["p.d.a", "p.d.b", "p.d.c", "p.d.e", "p.d.f", "p.d.g"],
  );
});
test("a common table is no table where it is in scope, and one where it isn't", () => {
  assert.deepEqual(names("WITH a AS (SELECT 1 FROM b) SELECT 1 FROM A"), ["p.d.b"]);
  assert.deepEqual(names("WITH a AS (SELECT 1 FROM a) SELECT 1 FROM a"), ["p.d.a"]);
  assert.deepEqual(names("SELECT 1 FROM (WITH a AS (SELECT 1 AS x) SELECT x FROM a), a"), ["p.d.a"]);
  assert.deepEqual(names("WITH a AS (SELECT 1 AS x) SELECT 1 FROM d.a"), ["p.d.a"]);
});
test("a path into an array beside it is no table", () => {
  assert.deepEqual(names("SELECT 1 FROM t, t.visits, x.u AS w LEFT JOIN w.list"), ["p.d.t", "p.x.u"]);
});
test("a path into the array of an enclosing query stays a candidate", () => {
  assert.deepEqual(names("SELECT (SELECT 1 FROM t.visits) FROM t"), ["p.d.t", "p.t.visits"]);
});
test("pipe operators see the common tables of a WITH before them, and arrays of the tables before them", () => {
  assert.deepEqual(names("FROM u |> WITH a AS (FROM a |> WHERE TRUE) |> CROSS JOIN a"), ["p.d.a", "p.d.u"]);
  assert.deepEqual(names("FROM (FROM b |> WITH a AS (SELECT 1) |> CROSS JOIN a), a"), ["p.d.a", "p.d.b"]);
  assert.deepEqual(names("FROM t |> WHERE x IN (SELECT y FROM c) |> JOIN t.list AS l |> JOIN l.more"), [
    "p.d.c",
    "p.d.t",
  ]);
  assert.deepEqual(names("FROM t |> AS l |> JOIN l.more"), ["p.d.t"]);
  assert.deepEqual(names("FROM t |> IF TRUE THEN (|> JOIN t.list) ELSE (|> JOIN c)"), ["p.d.c", "p.d.t"]);
});
test("a table's name is an array's first part only while the pipe has it", () => {
  assert.deepEqual(names("FROM t |> SELECT a |> CROSS JOIN t.u"), ["p.d.t", "p.t.u"]);
  assert.deepEqual(names("FROM t |> AS l |> CROSS JOIN t.u"), ["p.d.t", "p.t.u"]);
  assert.deepEqual(names("(FROM t) |> CROSS JOIN t.u"), ["p.d.t"]);
  assert.deepEqual(names("(FROM t |> SELECT a) |> CROSS JOIN t.u"), ["p.d.t", "p.t.u"]);
  assert.deepEqual(names("SELECT 1 FROM t CROSS JOIN (x CROSS JOIN t.u)"), ["p.d.t", "p.d.x", "p.t.u"]);
});
test("what doesn't parse is refused", () => {
  assert.equal(names("SELECT FROM"), "syntax");
});

test("a statement's target needs a schema, unless it is made by it", () => {
  assert.deepEqual(names("INSERT a (x) SELECT 1 FROM b"), ["p.d.a", "p.d.b"]);
  assert.deepEqual(names("UPDATE a SET x = 1 FROM b WHERE TRUE"), ["p.d.a", "p.d.b"]);
  assert.deepEqual(names("DELETE a WHERE x IN (SELECT x FROM b)"), ["p.d.a", "p.d.b"]);
  assert.deepEqual(names("MERGE a USING b ON TRUE WHEN MATCHED THEN DELETE"), ["p.d.a", "p.d.b"]);
  assert.deepEqual(names("ALTER TABLE a RENAME COLUMN x TO y"), ["p.d.a"]);
  assert.deepEqual(names("CREATE OR REPLACE TABLE a AS SELECT 1 AS x FROM b"), ["p.d.b"]);
  assert.deepEqual(names("CREATE TABLE a LIKE b"), ["p.d.b"]);
  assert.deepEqual(names("CREATE SNAPSHOT TABLE a CLONE b"), ["p.d.b"]);
  assert.deepEqual(names("CREATE VIEW a AS SELECT x FROM b"), ["p.d.b"]);
  assert.deepEqual(names("DROP TABLE a"), []);
});
test("a target is no common table of the query behind it", () => {
  assert.deepEqual(names("INSERT a (x) WITH a AS (SELECT 1 AS x FROM b) SELECT x FROM a"), ["p.d.a", "p.d.b"]);
});
test("a temporary table is none behind where it is made", () => {
  assert.deepEqual(names("SELECT 1 FROM t; CREATE TEMP TABLE t AS SELECT 1 AS x FROM a; SELECT 1 FROM t"), [
    "p.d.a",
    "p.d.t",
  ]);
  assert.deepEqual(names("CREATE TEMP TABLE t AS SELECT 1 AS x FROM a; SELECT 1 FROM t, x.t"), ["p.d.a", "p.x.t"]);
  assert.deepEqual(names("CREATE TEMP TABLE t AS SELECT 1 AS x; DROP TABLE t; SELECT 1 FROM t"), ["p.d.t"]);
});
