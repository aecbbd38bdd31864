import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonical, refusal, stable } from "../../testing/parsed.ts";

describe("CREATE", () => {
  it("reads tables", () => {
    for (const sql of [
      "CREATE OR REPLACE TABLE d.t (a INT64 NOT NULL OPTIONS (description = 'x'), b STRUCT<c STRING(10) COLLATE 'und:ci' NOT NULL, d ARRAY<STRUCT<e DATE>>>, PRIMARY KEY (a) NOT ENFORCED) PARTITION BY DATE(b.c) CLUSTER BY a, b OPTIONS (expiration = 1) AS SELECT 1",
      "CREATE TEMP TABLE IF NOT EXISTS t AS FROM u |> DISTINCT",
      "CREATE TEMP TABLE function (a INT64)",
      "CREATE TEMP TABLE function AS SELECT 1 AS a",
      "CREATE TABLE t (a STRING DEFAULT 'x', b INT64 REFERENCES u(c) NOT ENFORCED, CONSTRAINT k FOREIGN KEY (a, b) REFERENCES v(c, d) NOT ENFORCED) DEFAULT COLLATE 'und:ci'",
      "CREATE TABLE t (a STRING, e STRUCT<r ARRAY<FLOAT64>> GENERATED ALWAYS AS (AI.EMBED(a)) STORED OPTIONS (asynchronous = TRUE))",
      "CREATE TABLE t LIKE d.u",
      "CREATE TABLE t CLONE d.u FOR SYSTEM_TIME AS OF a OPTIONS ()",
      "CREATE TABLE t COPY d.u",
      "CREATE SNAPSHOT TABLE IF NOT EXISTS t CLONE d.u FOR SYSTEM_TIME AS OF a",
      "CREATE EXTERNAL TABLE t (a INT64) WITH PARTITION COLUMNS (b DATE) WITH CONNECTION p.us.c OPTIONS (format = 'CSV')",
      "FROM t |> CREATE TEMP TABLE u OPTIONS (a = 1) |> EXPORT DATA OPTIONS (uri = 'x')",
    ]) {
      stable(sql);
    }
    assert.equal(canonical("create table function as select 1"), "CREATE TABLE function AS SELECT 1");
  });

  it("reads views", () => {
    stable(
      "CREATE OR REPLACE VIEW d.v (a OPTIONS (description = 'x'), b) OPTIONS (labels = [('a', 'b')]) AS SELECT 1, 2",
    );
    stable("CREATE MATERIALIZED VIEW IF NOT EXISTS v PARTITION BY a CLUSTER BY b OPTIONS (c = 1) AS SELECT 1");
    stable("CREATE MATERIALIZED VIEW v AS REPLICA OF d.u");
  });

  it("reads routines", () => {
    for (const sql of [
      "CREATE TEMP FUNCTION f(a INT64, b ANY TYPE) RETURNS STRUCT<c STRING> AS (STRUCT('x' AS c))",
      "CREATE FUNCTION d.f(a FLOAT64) RETURNS STRING DETERMINISTIC LANGUAGE js OPTIONS (library = ['gs://x']) AS 'return a'",
      "CREATE FUNCTION d.f(a INT64) RETURNS INT64 LANGUAGE python WITH CONNECTION p.us.c OPTIONS (entry_point = 'f') AS 'def f(a): return a'",
      "CREATE OR REPLACE FUNCTION f(a INT64) RETURNS STRING REMOTE WITH CONNECTION p.us.c OPTIONS (endpoint = 'x')",
      "CREATE AGGREGATE FUNCTION f(a FLOAT64, b INT64 NOT AGGREGATE) RETURNS FLOAT64 AS (SUM(a) / b)",
      "CREATE TABLE FUNCTION d.f(a INT64, t TABLE<b STRING>) RETURNS TABLE<c INT64> OPTIONS (x = 1) AS SELECT a",
      "CREATE OR REPLACE PROCEDURE d.p(IN a INT64, OUT b ANY TYPE, INOUT c STRING) OPTIONS (strict_mode = FALSE) BEGIN SET b = a; END",
      "CREATE PROCEDURE p() EXTERNAL SECURITY INVOKER WITH CONNECTION p.us.c OPTIONS (engine = 'SPARK') LANGUAGE PYTHON AS 'x'",
    ]) {
      stable(sql);
    }
    assert.equal(canonical("create function f() as (1) options (a = 2)"), "CREATE FUNCTION f() OPTIONS (a = 2) AS (1)");
    // A body is a world of its own: it cannot break out of the loop it is created in.
    assert.equal(refusal("LOOP CREATE PROCEDURE p() BEGIN BREAK; END; END LOOP").code, "syntax");
  });

  it("reads models, schemas, indexes, policies and capacity", () => {
    for (const sql of [
      "CREATE OR REPLACE MODEL d.m TRANSFORM (a, ML.SCALE(b) OVER () AS c) OPTIONS (model_type = 'x') AS SELECT 1",
      "CREATE MODEL m AS (training_data AS (SELECT 1), custom_holiday AS (SELECT 2))",
      "CREATE MODEL m INPUT (a INT64) OUTPUT (b STRING) REMOTE WITH CONNECTION DEFAULT OPTIONS (endpoint = 'x')",
      "CREATE SCHEMA IF NOT EXISTS p.d DEFAULT COLLATE 'und:ci' OPTIONS (location = 'us')",
      "CREATE EXTERNAL SCHEMA d WITH CONNECTION p.us.c OPTIONS (external_source = 'x')",
      "CREATE SEARCH INDEX i ON d.t(ALL COLUMNS WITH COLUMN OPTIONS (a OPTIONS (index_granularity = 'x'))) OPTIONS (analyzer = 'x')",
      "CREATE OR REPLACE VECTOR INDEX i ON d.t(a) STORING (b, c) PARTITION BY d OPTIONS (index_type = 'IVF')",
      "CREATE ROW ACCESS POLICY p ON d.t GRANT TO ('user:a@b.c', 'domain:d') FILTER USING (a = SESSION_USER())",
      "CREATE RESERVATION p.us.r OPTIONS (slot_capacity = 100)",
      "CREATE DATA_POLICY IF NOT EXISTS p.us.d OPTIONS (data_policy_type = 'DATA_MASKING_POLICY')",
    ]) {
      stable(sql);
    }
  });
});

describe("ALTER, DROP and UNDROP", () => {
  it("reads every change", () => {
    for (const sql of [
      "ALTER TABLE IF EXISTS d.t ADD COLUMN IF NOT EXISTS a STRING OPTIONS (x = 1), DROP COLUMN IF EXISTS b, RENAME COLUMN c TO d",
      "ALTER TABLE t ALTER COLUMN a SET DATA TYPE STRING(10), ALTER COLUMN b DROP NOT NULL, ALTER COLUMN c SET DEFAULT 1",
      "ALTER TABLE t ALTER COLUMN IF EXISTS a SET OPTIONS (description = 'x'), ALTER COLUMN b DROP DEFAULT",
      "ALTER TABLE t ADD PRIMARY KEY (a) NOT ENFORCED, ADD CONSTRAINT IF NOT EXISTS k FOREIGN KEY (a) REFERENCES u(b) NOT ENFORCED",
      "ALTER TABLE t DROP PRIMARY KEY IF EXISTS, DROP CONSTRAINT k",
      "ALTER TABLE t RENAME TO u",
      "ALTER TABLE t SET OPTIONS (x = 1)",
      "ALTER TABLE t SET DEFAULT COLLATE 'und:ci'",
      "ALTER VIEW v ALTER COLUMN a SET OPTIONS (x = 1)",
      "ALTER MATERIALIZED VIEW v SET OPTIONS (enable_refresh = TRUE)",
      "ALTER SCHEMA d ADD REPLICA r OPTIONS (location = 'eu')",
      "ALTER SCHEMA IF EXISTS d DROP REPLICA r",
      "ALTER VECTOR INDEX IF EXISTS i ON t REBUILD",
      "ALTER ORGANIZATION SET OPTIONS (a = 1)",
      "ALTER PROJECT p SET OPTIONS (a = NULL)",
      "ALTER BI_CAPACITY p.us.d SET OPTIONS (size_gb = 1)",
      "DROP TABLE IF EXISTS p.d.t",
      "DROP TABLE FUNCTION f",
      "DROP SCHEMA d CASCADE",
      "DROP SEARCH INDEX i ON t",
      "DROP ROW ACCESS POLICY p ON t",
      "DROP ALL ROW ACCESS POLICIES ON t",
      "UNDROP SCHEMA IF NOT EXISTS d OPTIONS (location = 'us')",
    ]) {
      stable(sql);
    }
  });

  it("refuses changes to what has no such part", () => {
    for (const sql of [
      "ALTER TABLE t",
      "ALTER VIEW v ADD COLUMN a INT64",
      "ALTER TABLE t REBUILD",
      "ALTER SCHEMA d RENAME TO e",
      "DROP TABLE t CASCADE",
      "DROP SEARCH INDEX i",
      "DROP TABLE a b",
      "CREATE EXTERNAL TABLE t (a INT64)",
      "CREATE EXTERNAL TABLE t OPTIONS () AS SELECT 1",
      "CREATE VIEW v",
      "CREATE PROCEDURE p()",
    ]) {
      assert.equal(refusal(sql).code, "syntax", sql);
    }
    for (const sql of [
      "ALTER TABLE t ADD CHECK (a)",
      "CREATE CONSTANT a = 1",
      "UNDROP TABLE t",
      "CREATE PROPERTY GRAPH g NODE TABLES (t)",
    ]) {
      assert.equal(refusal(sql).code, "unsupported", sql);
    }
  });
});

describe("loading, exporting and granting", () => {
  it("reads them", () => {
    for (const sql of [
      "EXPORT DATA WITH CONNECTION p.us.c OPTIONS (uri = 'x', format = 'CSV') AS SELECT 1",
      "EXPORT MODEL d.m OPTIONS (uri = 'x')",
      "LOAD DATA OVERWRITE d.t (a INT64) PARTITION BY a CLUSTER BY b OPTIONS (x = 1) FROM FILES (format = 'CSV') WITH PARTITION COLUMNS WITH CONNECTION p.us.c",
      "LOAD DATA INTO TEMP TABLE t OVERWRITE PARTITIONS (a = 1) FROM FILES (uris = ['x'])",
      "GRANT roles/bigquery.dataViewer, roles/x ON TABLE d.t TO 'user:a@b.c', 'group:d'",
      "REVOKE roles/x ON EXTERNAL TABLE d.t FROM 'user:a@b.c'",
    ]) {
      // Names of roles need backquotes, which `canonical` takes away.
      assert.equal(canonical(sql.replace(/roles\/[A-Za-z.]+/g, (role) => `\`${role}\``)), sql);
    }
  });
});

describe("bounds (I10)", () => {
  const deep: Record<string, string> = {
    "column types": `CREATE TABLE t (a ${"ARRAY<STRUCT<a ".repeat(5_000)}`,
    procedures: "CREATE PROCEDURE p() BEGIN ".repeat(5_000),
    options: `CREATE SCHEMA d OPTIONS (a = ${"[".repeat(5_000)}`,
  };
  for (const [what, sql] of Object.entries(deep)) {
    it(`refuses too deep ${what}`, () => assert.equal(refusal(sql).code, "limit"));
  }
});
