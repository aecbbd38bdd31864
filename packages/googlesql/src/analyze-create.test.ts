import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, planOf, reads } from "./testing/clinic.ts";
import { refused, table } from "./testing/statement-tables.ts";

table("CREATE TABLE", "CREATE_TABLE", [
  ["CREATE TABLE t (a STRING, b INT64 NOT NULL DEFAULT 1 + 1)", "create t: a; b"],
  [
    "CREATE TABLE IF NOT EXISTS t (a STRUCT<x STRING OPTIONS (description = 'd'), y ARRAY<INT64>>, PRIMARY KEY (a) NOT ENFORCED) " +
      "CLUSTER BY a OPTIONS (description = 'x', labels = [('k', 'v')])",
    "create t: a.x; a.y",
  ],
  [
    "CREATE TABLE t (seen TIMESTAMP, n NUMERIC(5, 2), r RANGE<DATE>) PARTITION BY DATE(seen) " +
      "OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), partition_expiration_days = 3.5)",
    "create t: seen; n; r",
  ],
  ["CREATE TABLE t (a STRING) PARTITION BY _PARTITIONDATE", "create t: a"],
  ["CREATE TABLE t (a STRING, FOREIGN KEY (a) REFERENCES pair(a) NOT ENFORCED)", "create t: a"],
  ["CREATE TABLE t LIKE pair", "create t: a; b"],
  ["CREATE OR REPLACE TABLE t CLONE pair", "create t: a = copy pair.a; b = copy pair.b"],
  ["CREATE TABLE other.t COPY pair", "create clinic.other.t: a = copy pair.a; b = copy pair.b"],
]);

table("CREATE TABLE AS SELECT", "CREATE_TABLE_AS_SELECT", [
  [
    "CREATE TABLE t (x STRING, y STRING) AS SELECT * FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
    "create t: x = copy pair.a; y = copy pair.b",
  ],
  [
    "CREATE TABLE t AS SELECT ssn AS x, id FROM patients WHERE name = 'x'",
    "create t: x = copy ssn; id = copy id WHERE name",
  ],
  ["CREATE OR REPLACE TABLE patients AS SELECT * EXCEPT (b) FROM pair", "create patients: a = copy pair.a"],
  ["CREATE TABLE t (a STRING, b FLOAT64) AS SELECT ssn, id FROM patients", "create t: a = copy ssn; b = transform id"],
  ["CREATE TABLE t LIKE pair AS SELECT name, ssn FROM patients", "create t: a = copy name; b = copy ssn"],
  [
    "CREATE TABLE t AS SELECT p.address, COUNT(*) AS n FROM patients p GROUP BY address",
    "create t: address.zip = copy address.zip; address.city = copy address.city; n = aggregate * WHERE address.city, address.zip",
  ],
]);

table("CREATE SNAPSHOT TABLE", "CREATE_SNAPSHOT_TABLE", [
  ["CREATE SNAPSHOT TABLE t CLONE pair OPTIONS (friendly_name = 'x')", "create t: a = copy pair.a; b = copy pair.b"],
]);

table("CREATE VIEW", "CREATE_VIEW", [
  ["CREATE VIEW v AS SELECT ssn FROM patients WHERE id = 1", "create v: ssn = copy ssn WHERE id"],
  [
    "CREATE OR REPLACE VIEW v (x OPTIONS (description = 'd'), y) AS SELECT ssn, name FROM patients",
    "create v: x = copy ssn; y = copy name",
  ],
]);

table("CREATE MATERIALIZED VIEW", "CREATE_MATERIALIZED_VIEW", [
  [
    "CREATE MATERIALIZED VIEW v CLUSTER BY name OPTIONS (enable_refresh = TRUE) AS SELECT name, MAX(ssn) AS m FROM patients GROUP BY name",
    "create v: name = copy name; m = copy ssn ? ssn WHERE name",
  ],
]);

describe("CREATE reads", () => {
  test("what a materialized view is partitioned by, which can fail", () => {
    assert.deepEqual(reads("CREATE MATERIALIZED VIEW v PARTITION BY born AS SELECT born, name FROM patients"), [
      "born: output predicate",
      "name: output",
    ]);
  });

  test("a copy reads all; a definition reads nothing", () => {
    assert.deepEqual(reads("CREATE TABLE t COPY pair"), ["pair.a: output", "pair.b: output"]);
    assert.deepEqual(reads("CREATE TABLE t (a STRING, FOREIGN KEY (a) REFERENCES patients(ssn) NOT ENFORCED)"), []);
    assert.deepEqual(reads("CREATE TABLE t LIKE pair"), ["pair.*: predicate"]);
    assert.deepEqual(reads("CREATE VIEW v AS SELECT ssn FROM patients"), ["ssn: output"]);
  });
  test("a table that fills too many partitions fails", () => {
    assert.deepEqual(reads("CREATE TABLE t PARTITION BY born AS SELECT born, id FROM patients"), [
      "born: output predicate",
      "id: output",
    ]);
  });
  test("a declared length or NOT NULL fails", () => {
    assert.deepEqual(reads("CREATE TABLE t (a STRING(5)) AS SELECT ssn FROM patients"), ["ssn: output predicate"]);
    assert.deepEqual(reads("CREATE TABLE t (a STRING NOT NULL) AS SELECT ssn FROM patients"), [
      "ssn: output predicate",
    ]);
    const place = "place STRUCT<zip STRING, city STRING> NOT NULL";
    assert.deepEqual(reads(`CREATE TABLE t (${place}) AS SELECT address AS place FROM patients`), [
      "address: predicate",
      "address.city: output",
      "address.zip: output",
    ]);
  });
});

refused("CREATE that is refused", {
  "CREATE TABLE t (a STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM patients))":
    /unsupported: DEFAULT can't hold a subquery/,
  "CREATE TABLE t (a STRING, b STRING DEFAULT a)": /name: Unrecognized name: a/,
  "CREATE TABLE t (a STRING DEFAULT 1)": /type: Column a/,
  "CREATE TABLE t (a STRING GENERATED ALWAYS AS (UPPER('x')) STORED)": /unsupported: A GENERATED column/,
  "CREATE TABLE t (a STRING, A INT64)": /name: Duplicate/,
  "CREATE TABLE t (a NOTHING)": /name: Type not found/,
  "CREATE TABLE t (a STRING) OPTIONS (description = (SELECT ANY_VALUE(ssn) FROM patients))":
    /unsupported: Option description can't/,
  "CREATE TABLE t (a STRING OPTIONS (description = (SELECT ANY_VALUE(ssn) FROM patients)))": /unsupported/,
  "CREATE TABLE t (a STRING) OPTIONS (labels = [('x', (SELECT ANY_VALUE(ssn) FROM patients))])": /unsupported/,
  "CREATE TABLE t (a STRING) OPTIONS (tags = [('x', 'y')])": /unsupported: Option tags/,
  "CREATE TABLE t (a STRING) OPTIONS (storage_uri = 'gs://x')": /unsupported: Option storage_uri/,
  "CREATE TABLE t (a STRING) WITH CONNECTION x.y": /unsupported: CREATE TABLE WITH CONNECTION/,
  "CREATE EXTERNAL TABLE t OPTIONS (uris = [(SELECT ANY_VALUE(ssn) FROM patients)])": /unsupported: Option uris can't/,
  "CREATE EXTERNAL TABLE t WITH CONNECTION x.y OPTIONS (uris = ['gs://x'])": /unsupported: An external table WITH CONN/,
  "CREATE EXTERNAL TABLE t AS SELECT ssn FROM patients": /syntax: .*Expected keyword OPTIONS/,
  "CREATE TABLE t (a STRING) PARTITION BY (SELECT 1)": /unsupported/,
  "CREATE TABLE t (a STRING) CLUSTER BY b": /name: CLUSTER BY/,
  "CREATE TABLE t AS SELECT 1": /name: Every column/,
  "CREATE TABLE t AS SELECT a, b AS A FROM pair": /name: Duplicate/,
  "CREATE TABLE t AS SELECT AS STRUCT a, b FROM pair": /unsupported/,
  "CREATE TABLE t (a STRING) AS SELECT a, b FROM pair": /type: 2 values/,
  "CREATE TABLE t CLONE nowhere": /name/,
  // What the table had as a column then, and no longer has, would be in the new one and in no plan.
  "CREATE TABLE t CLONE pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'":
    /unsupported: .*list of columns/,
  "CREATE SNAPSHOT TABLE t CLONE pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'": /unsupported: .*list of columns/,
  "CREATE TABLE t AS SELECT * FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'": /unsupported: .*list of columns/,
  "CREATE TABLE t LIKE pair AS SELECT a, b FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'":
    /unsupported: .*list of columns/,
  "CREATE TABLE t LIKE patients_view": /unsupported/,
  "CREATE TABLE _hidden.t (a STRING)": /unsupported/,
  "CREATE TABLE `t$20260101` (a STRING)": /unsupported/,
  "CREATE TEMP TABLE ehr.t (a STRING)": /name: A temporary table/,
  "CREATE VIEW v (x) AS SELECT a, b FROM pair": /type/,
  "CREATE VIEW v AS SELECT a, b || 'x' FROM pair": /name: Every column/,
  "CREATE VIEW v AS SELECT nothing FROM pair": /name/,
  "CREATE MATERIALIZED VIEW v AS REPLICA OF patients_mv": /unsupported: A replica/,
});

test("what is created is printed with its full name, a temporary table with its own", () => {
  assert.equal(
    canonical("create table T (a string, foreign key (a) references pair(a) not enforced)"),
    "CREATE TABLE `clinic`.`ehr`.`T` (`a` STRING, FOREIGN KEY (`a`) REFERENCES `clinic`.`ehr`.`pair`(`a`) NOT ENFORCED)",
  );
  assert.equal(
    canonical("create temp table t as select a from pair"),
    "CREATE TEMP TABLE `t` AS SELECT `a` FROM `clinic`.`ehr`.`pair`",
  );
  assert.equal(
    canonical("create view v as select a from pair"),
    "CREATE VIEW `clinic`.`ehr`.`v` AS SELECT `a` FROM `clinic`.`ehr`.`pair`",
  );
});

describe("CREATE FUNCTION", () => {
  test("reads what its body shows and what decides in it", () => {
    const sql = "CREATE FUNCTION ehr.f(x INT64) RETURNS STRING AS ((SELECT ANY_VALUE(ssn) FROM patients WHERE id = x))";
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "CREATE_FUNCTION");
    assert.equal(
      canonical(sql),
      "CREATE FUNCTION `clinic`.`ehr`.`f`(`x` INT64) RETURNS STRING AS " +
        "((SELECT ANY_VALUE(`ssn`) FROM `clinic`.`ehr`.`patients` WHERE `id` = `x`))",
    );
  });
  test("in another language it is an effect", () => {
    const effects = (sql: string): string[] => planOf(sql).effects.map((e) => e.kind);
    assert.deepEqual(effects("CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'"), ["javascript"]);
    assert.deepEqual(
      effects("CREATE FUNCTION f(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (description = 'd')"),
      ["remote_function"],
    );
  });
  test("a table function reads what its query reads", () => {
    const sql = "CREATE TABLE FUNCTION f(x INT64) AS SELECT ssn FROM patients WHERE id = x";
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "CREATE_TABLE_FUNCTION");
  });
  test("a table function reads nothing of the tables that it will be given", () => {
    const sql = "CREATE TABLE FUNCTION f(patients TABLE<id INT64, ssn STRING>) AS SELECT ssn, a FROM patients, pair";
    assert.deepEqual(reads(sql), ["pair.a: output"]);
    assert.match(canonical(sql), /AS SELECT `ssn`, `a` FROM `patients`, `clinic`\.`ehr`\.`pair`$/);
  });
});

refused("routines that are refused", {
  "CREATE FUNCTION f(x INT64) AS (y)": /name: Unrecognized name: y/,
  "CREATE FUNCTION f(x INT64) RETURNS STRING AS (x)": /type/,
  "CREATE FUNCTION f(x ANY TYPE) AS (x)": /unsupported: Argument x is of ANY TYPE/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE js OPTIONS (library = 'gs://x') AS 'return x'":
    /unsupported: Option library/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (endpoint = 'https://x')":
    /unsupported: Option endpoint/,
  "CREATE FUNCTION f(x STRING) LANGUAGE js AS 'return x'": /syntax: .*RETURNS/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE cobol AS 'x'": /unsupported: Only SQL/,
  "CREATE TEMP FUNCTION upper(x STRING) AS (x)": /name: upper is a built-in function/,
  "CREATE TEMP FUNCTION error(x STRING) AS (1); SELECT error(ssn) FROM patients": /name: error is a built-in function/,
  "CREATE TEMP FUNCTION approx_top_count(x STRING, n INT64) AS (1); SELECT approx_top_count(ssn, 3) FROM patients":
    /name: approx_top_count is a built-in function/,
  "CREATE TEMP FUNCTION Approx_Top_Sum(x STRING, w INT64, n INT64) AS (1)":
    /name: Approx_Top_Sum is a built-in function/,
  "CREATE TEMP FUNCTION array_zip(a ARRAY<STRING>, b ARRAY<STRING>) AS (1); SELECT array_zip(tags, tags) FROM patients":
    /name: array_zip is a built-in function/,
  "CREATE TEMP FUNCTION array_filter(a ARRAY<STRING>, b BOOL) AS (1)": /name: array_filter is a built-in function/,
  "CREATE TEMP FUNCTION array_transform(a ARRAY<STRING>, b BOOL) AS (1)":
    /name: array_transform is a built-in function/,
  "CREATE TEMP FUNCTION array_includes(a ARRAY<STRING>, b BOOL) AS (1)": /name: array_includes is a built-in function/,
  "CREATE TEMP FUNCTION first(x STRING) AS ((SELECT MAX(ssn) FROM patients))": /name: first is a built-in function/,
  "CREATE TEMP FUNCTION last(x STRING) AS (x)": /name: last is a built-in function/,
  "CREATE TEMP FUNCTION prev(x STRING) AS ((SELECT MAX(ssn) FROM patients))": /name: prev is a built-in function/,
  "CREATE TEMP FUNCTION next(x STRING) AS (x)": /name: next is a built-in function/,
  "CREATE TEMP FUNCTION match_number() AS (1)": /name: match_number is a built-in function/,
  "CREATE TEMP FUNCTION match_row_number() AS (1)": /name: match_row_number is a built-in function/,
  "CREATE TEMP FUNCTION classifier() AS ('x')": /name: classifier is a built-in function/,
  "CREATE TEMP FUNCTION `extract`(x STRING) AS (x)": /name: extract is a built-in function/,
  "CREATE TEMP FUNCTION `safe_cast`(x STRING) AS (x)": /name: safe_cast is a built-in function/,
  "CREATE TEMP FUNCTION ehr.f(x STRING) AS (x)": /name: A temporary function has one plain name/,
  "CREATE FUNCTION f(x INT64) AS (f(x))": /name: Function not found/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>) AS SELECT b FROM t": /name: Unrecognized name: b/,
  "CREATE TABLE FUNCTION f(t ANY TABLE) AS SELECT a FROM t": /unsupported: A parameter of type ANY TABLE is not/,
  "CREATE TEMP TABLE FUNCTION f(x INT64) AS SELECT x": /unsupported: A temporary table function is not/,
  "CREATE OR REPLACE TEMPORARY TABLE FUNCTION f() AS SELECT 1 AS x": /unsupported: A temporary table function is not/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING, A STRING>) AS SELECT a FROM t": /name: Duplicate column name/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>, T TABLE<a STRING>) AS SELECT a FROM t": /name: Argument T stands twice/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>) RETURNS TABLE<a INT64> AS SELECT a FROM t": /type: The query's columns/,
  "CREATE TABLE FUNCTION f() RETURNS TABLE<a INT64> AS SELECT a FROM pair": /type: The query's columns/,
});
