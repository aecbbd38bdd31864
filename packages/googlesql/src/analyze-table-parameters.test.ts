import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RoutineArgument, RoutineResource } from "./routine-resource.ts";
import { dataType, defining, routine, view } from "./testing/definitions.ts";

const TABLE = { routineType: "TABLE_VALUED_FUNCTION" };

const value = (name: string, type: string): RoutineArgument => ({ name, dataType: dataType(type) });
const any = (name: string): RoutineArgument => ({ name, argumentKind: "ANY_TABLE" });
/** `columns` as `name TYPE, …`. */
function fixed(name: string, columns: string): RoutineArgument {
  const list = columns.split(", ").map((column) => {
    const [column_, type = ""] = column.split(" ");
    return { name: column_ ?? "", type: dataType(type) };
  });
  return { name, argumentKind: "FIXED_TABLE", tableType: { columns: list } };
}

function taking(id: string, parameters: readonly RoutineArgument[], body: string): RoutineResource {
  return routine(id, "", body, { ...TABLE, arguments: parameters });
}

const clinic = defining(
  [view("listed", "s STRING, name STRING", "SELECT ssn, name FROM ehr.patients")],
  [
    taking("same", [any("t")], "SELECT * FROM t"),
    taking("ssns", [fixed("t", "ssn STRING")], "SELECT * FROM t"),
    taking(
      "of_state",
      [fixed("t", "state STRING, ssn STRING"), value("wanted", "STRING")],
      "SELECT ssn FROM t WHERE state = wanted",
    ),
    taking(
      "last",
      [value("wanted", "STRING"), fixed("t", "state STRING, ssn STRING")],
      "SELECT ssn FROM t WHERE state = wanted",
    ),
    taking("both", [any("t"), any("u")], "SELECT t.ssn, u.a FROM t JOIN u ON t.name = u.b"),
    taking("total", [fixed("t", "weight FLOAT64")], "SELECT SUM(weight) AS w FROM t"),
    taking("counted", [any("t")], "SELECT COUNT(*) AS n FROM t"),
    taking("widened", [fixed("t", "id FLOAT64")], "SELECT id FROM t"),
    taking("ignored", [any("t")], "SELECT 1 AS one"),
    taking("hidden", [any("t")], "WITH t AS (SELECT 'x' AS ssn) SELECT ssn FROM t"),
    taking("outer_name", [fixed("t", "name STRING")], "SELECT (SELECT MAX(ssn) FROM t) AS s FROM ehr.patients"),
    taking("elsewhere", [fixed("t", "ssn STRING")], "SELECT ssn FROM ehr.patients"),
    taking("around", [any("t")], "SELECT ssn FROM clinic.fn.ssns(TABLE t)"),
    taking("untyped", [{ name: "t", argumentKind: "FIXED_TABLE" }], "SELECT 1 AS a"),
    taking("twins", [any("t"), any("T")], "SELECT 1 AS a"),
    taking("plain", [value("x", "STRING")], "SELECT x AS v"),
  ],
);

const CASES: Readonly<Record<string, readonly (readonly [sql: string, ...flows: string[]])[]>> = {
  "gives the columns of the table that it is given": [
    ["SELECT ssn FROM fn.same(TABLE patients)", "ssn = copy ssn"],
    ["SELECT * FROM fn.same(TABLE pair)", "a = copy pair.a", "b = copy pair.b"],
    ["SELECT ssn FROM fn.of_state(TABLE patients, 'CA')", "ssn = copy ssn ? state"],
    ["SELECT ssn FROM fn.last('CA', TABLE patients)", "ssn = copy ssn ? state"],
    [
      "SELECT * FROM fn.both(TABLE patients, TABLE pair)",
      "ssn = copy ssn ? pair.b, name",
      "a = copy pair.a ? pair.b, name",
    ],
    [
      "WITH c AS (SELECT name AS ssn FROM patients WHERE state = 'x') SELECT * FROM fn.ssns(TABLE c)",
      "ssn = copy name ? state",
    ],
    ["SELECT * FROM fn.same((SELECT ssn AS x FROM patients WHERE name = 'x'))", "x = copy ssn ? name"],
    ["SELECT ssn FROM fn.around(TABLE patients)", "ssn = copy ssn"],
    ["SELECT t.ssn FROM pair, fn.same(TABLE patients) AS t", "ssn = copy ssn"],
  ],
  "sees the columns that it declares, and no others": [
    ["SELECT * FROM fn.ssns(TABLE patients)", "ssn = copy ssn"],
    // `ssn` is none of its table's columns: it is of the query around.
    ["SELECT s FROM fn.outer_name(TABLE patients)", "s = copy ssn ? ssn"],
    ["SELECT id FROM fn.widened(TABLE patients)", "id = transform id"],
  ],
  "shows statistics as statistics": [
    ["SELECT w FROM fn.total(TABLE patients)", "w = aggregate weight"],
    ["SELECT n FROM fn.counted(TABLE patients)", "n = aggregate *"],
    ["SELECT n FROM fn.counted((SELECT 1 FROM patients WHERE ssn = '1'))", "n = aggregate * ? ssn"],
    // Of one row it is none, whatever way that row came.
    ["SELECT w FROM fn.total((SELECT weight FROM patients LIMIT 1))", "w = transform weight"],
    [
      "SELECT (FROM UNNEST([p.weight]) AS weight |> SELECT weight |> CALL fn.total() |> SELECT w) AS w FROM patients p",
      "w = transform weight",
    ],
    [
      "SELECT (FROM UNNEST(p.tags) AS t |> SELECT t |> CALL fn.counted() |> SELECT n) AS n FROM patients p",
      "n = transform tags ? tags",
    ],
  ],
  "takes the rows before |> CALL as its first table": [
    ["FROM patients |> CALL fn.same() |> SELECT ssn", "ssn = copy ssn"],
    ["FROM patients |> WHERE name = 'x' |> CALL fn.of_state('CA')", "ssn = copy ssn ? name, state"],
    ["FROM patients |> CALL fn.last('CA')", "ssn = copy ssn ? state"],
    ["FROM patients |> CALL fn.both(TABLE pair) |> SELECT a", "a = copy pair.a ? pair.b, name"],
    ["FROM patients |> CALL fn.same() |> CALL fn.ssns() AS z |> SELECT z.ssn", "ssn = copy ssn"],
  ],
  "reads no table of the parameter's name but that": [
    ["SELECT ssn FROM fn.hidden(TABLE patients)", "ssn ="],
    ["SELECT ssn FROM fn.elsewhere((SELECT 'x' AS ssn))", "ssn = copy ssn"],
  ],
};

for (const [title, cases] of Object.entries(CASES)) {
  describe(`a table function ${title}`, () => {
    for (const [sql, ...flows] of cases) test(sql, () => assert.deepEqual(clinic.flows(sql), flows));
  });
}

test("a table that the body doesn't read is read nevertheless", () => {
  assert.deepEqual(clinic.reads("SELECT one FROM fn.ignored(TABLE patients)"), ["*: predicate"]);
  assert.deepEqual(clinic.reads("SELECT one FROM fn.ignored((SELECT 1 / id AS x FROM patients))"), ["id: predicate"]);
});

test("what decides whether something that can fail is computed is read where the body drops the rows", () => {
  const decided = (sql: string) => assert.deepEqual(clinic.reads(sql), ["ssn: predicate"]);
  decided("FROM patients |> WHERE ssn = '1' |> EXTEND ERROR('x') AS e |> CALL fn.ignored()");
  decided("SELECT one FROM fn.ignored((SELECT ERROR('x') AS e FROM patients WHERE ssn = '1'))");
  // Nothing of it can fail.
  assert.deepEqual(clinic.reads("FROM patients |> WHERE ssn = '1' |> CALL fn.ignored()"), ["*: predicate"]);
});

test("the function and its table are named in full in what runs", () => {
  assert.equal(
    clinic.plan("SELECT ssn FROM fn.ssns(TABLE patients)").canonicalSql,
    "SELECT `ssn` FROM `clinic`.`fn`.`ssns`(TABLE `clinic`.`ehr`.`patients`)",
  );
});

describe("a table argument that is refused", () => {
  for (const [sql, message] of [
    ["SELECT * FROM fn.ssns(TABLE pair)", /takes a table with a column ssn/],
    ["SELECT * FROM fn.ssns((SELECT ssn, name AS SSN FROM patients))", /takes a table with a column ssn/],
    ["SELECT * FROM fn.ssns((SELECT id AS ssn FROM patients))", /takes STRING as column ssn/],
    ["SELECT * FROM fn.ssns('x')", /takes TABLE and a name/],
    ["SELECT * FROM fn.ssns()", /takes 1 arguments/],
    ["SELECT * FROM fn.same(TABLE patients, TABLE pair)", /takes 1 arguments/],
    ["SELECT * FROM fn.same(t => TABLE patients)", /by place/],
    ["SELECT * FROM fn.plain(TABLE patients)", /takes a value here/],
    ["SELECT * FROM fn.untyped(TABLE patients)", /doesn't say what columns/],
    ["SELECT * FROM fn.twins(TABLE pair, TABLE pair)", /two tables called T/],
    ["SELECT * FROM fn.same(TABLE nothing)", /not found/],
    ["SELECT * FROM fn.same((SELECT AS STRUCT ssn FROM patients))", /rows that are values/],
    ["SELECT x FROM patients p, fn.same((SELECT p.ssn AS x))", /Unrecognized name|name/],
    ["SELECT * FROM fn.same(TABLE listed)", /no table here/],
    ["FROM patients |> CALL fn.plain()", /takes no table/],
    ["FROM patients |> CALL fn.plain('x')", /takes no table/],
    ["FROM patients |> CALL fn.same(TABLE pair)", /takes 1 arguments/],
    ["FROM (SELECT AS STRUCT ssn FROM patients) |> CALL fn.same()", /rows that are values|CALL takes columns/],
  ] as const)
    test(sql, () => assert.match(clinic.refusal(sql)?.message ?? "understood", message));
});
