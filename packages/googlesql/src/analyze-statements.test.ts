import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, planOf, reads, scriptOf, writes } from "./testing/clinic.ts";
import { refused, table } from "./testing/statement-tables.ts";

table("ALTER TABLE keeps a column's classes with it", "ALTER_TABLE", [
  ["ALTER TABLE patients RENAME COLUMN ssn TO note", "alter patients: note = copy ssn"],
  [
    "ALTER TABLE pair RENAME COLUMN a TO c, RENAME COLUMN b TO a, RENAME COLUMN c TO b",
    "alter pair: c = copy pair.a; a = copy pair.b; b = copy pair.a",
  ],
  [
    "ALTER TABLE patients RENAME COLUMN ADDRESS TO place",
    "alter patients: place.zip = copy address.zip; place.city = copy address.city",
  ],
  ["ALTER TABLE pair RENAME TO pears", "create pears: a = copy pair.a; b = copy pair.b", "drop pair"],
  ["ALTER TABLE pair DROP COLUMN a, DROP COLUMN IF EXISTS c", "alter pair: a"],
  [
    "ALTER TABLE pair ADD COLUMN c STRING OPTIONS (description = 'x'), ADD COLUMN IF NOT EXISTS A STRING",
    "alter pair: c",
  ],
  ["ALTER TABLE encounters ALTER COLUMN id SET DATA TYPE NUMERIC", "alter encounters: id = transform encounters.id"],
  ["ALTER TABLE pair ALTER COLUMN a SET DEFAULT 'x'", "alter pair: a"],
  ["ALTER TABLE pair ALTER COLUMN a DROP NOT NULL, SET OPTIONS (description = 'x')", "alter pair: a"],
  ["ALTER TABLE pair ADD FOREIGN KEY (a) REFERENCES patients(ssn) NOT ENFORCED", "alter pair"],
  ["ALTER TABLE pair DROP PRIMARY KEY IF EXISTS", "alter pair"],
]);

table("ALTER VIEW", "ALTER_VIEW", [
  ["ALTER VIEW patients_view SET OPTIONS (description = 'x')", "alter patients_view"],
]);

table("DROP TABLE", "DROP_TABLE", [["DROP TABLE IF EXISTS nowhere", "drop nowhere"]]);

table("DROP MATERIALIZED VIEW", "DROP_MATERIALIZED_VIEW", [["DROP MATERIALIZED VIEW patients_mv", "drop patients_mv"]]);

table("DROP FUNCTION", "DROP_FUNCTION", [["DROP FUNCTION ehr.f"]]);

table("DROP SEARCH INDEX", "DROP_SEARCH_INDEX", [["DROP SEARCH INDEX i ON pair", "alter pair"]]);

table("CREATE SEARCH INDEX", "CREATE_SEARCH_INDEX", [
  ["CREATE SEARCH INDEX i ON patients(ALL COLUMNS) OPTIONS (analyzer = 'LOG_ANALYZER')", "alter patients"],
  ["CREATE SEARCH INDEX i ON pair(a, b OPTIONS (index_granularity = 'COLUMN'))", "alter pair"],
]);

table("CREATE SCHEMA", "CREATE_SCHEMA", [["CREATE SCHEMA s OPTIONS (location = 'eu')"]]);

describe("what leaves BigQuery", () => {
  const effects = (sql: string): string[] => planOf(sql).effects.map((e) => `${e.kind}: ${e.sources.join(", ")}`);
  test("EXPORT DATA takes every value, and what decided over the rows", () => {
    const sql = "EXPORT DATA OPTIONS (uri = 'gs://x/*', format = 'CSV') AS SELECT ssn FROM patients WHERE id = 1";
    assert.deepEqual(effects(sql), ["export: clinic.ehr.patients.id, clinic.ehr.patients.ssn"]);
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "EXPORT_DATA");
    assert.deepEqual(planOf(sql).outputs, []);
  });
  test("a model holds what it was trained on", () => {
    const sql =
      "CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT id, weight AS label FROM patients WHERE ssn > '5'";
    assert.deepEqual(effects(sql), [
      "model: clinic.ehr.patients.*, clinic.ehr.patients.id, clinic.ehr.patients.ssn, clinic.ehr.patients.weight",
    ]);
    assert.deepEqual(reads(sql), ["id: output", "ssn: predicate", "weight: output"]);
  });
  test("a model that leaves, a load and a grant say so", () => {
    assert.deepEqual(effects("EXPORT MODEL m OPTIONS (uri = 'gs://x')"), ["model: ", "export: "]);
    assert.deepEqual(effects("LOAD DATA INTO pair FROM FILES (format = 'CSV', uris = ['gs://x/*'])"), ["load: "]);
    assert.deepEqual(effects("GRANT `roles/bigquery.dataViewer` ON TABLE patients TO 'user:a@b.c'"), ["grant: "]);
    assert.deepEqual(effects("REVOKE `roles/bigquery.dataViewer` ON SCHEMA ehr FROM 'user:a@b.c'"), ["grant: "]);
  });
});

refused("DDL and transfers that are refused", {
  "ALTER TABLE pair ALTER COLUMN a SET DEFAULT (SELECT ANY_VALUE(ssn) FROM patients)": /unsupported: DEFAULT can't/,
  "ALTER TABLE pair SET OPTIONS (labels = [('a', (SELECT ANY_VALUE(ssn) FROM patients))])":
    /unsupported: Option labels/,
  "ALTER TABLE pair RENAME COLUMN a TO b": /name: .*has a column b already/,
  "ALTER TABLE pair RENAME COLUMN c TO d": /name: .*no column c/,
  "ALTER TABLE pair RENAME TO other.pears": /name: RENAME TO takes one name/,
  "ALTER TABLE nowhere DROP COLUMN a": /name/,
  "ALTER TABLE patients_view ADD COLUMN a STRING": /unsupported: .*VIEW/,
  "ALTER SCHEMA ehr SET OPTIONS (labels = [('a', (SELECT ANY_VALUE(ssn) FROM patients))])":
    /unsupported: Option labels/,
  "ALTER SCHEMA ehr ADD REPLICA r": /unsupported: This change of a SCHEMA/,
  "ALTER PROJECT SET OPTIONS (x = 1)": /unsupported: ALTER PROJECT/,
  "DROP EXTERNAL SCHEMA s": /unsupported: DROP EXTERNAL SCHEMA/,
  "DROP SCHEMA _hidden": /unsupported: Hidden datasets/,
  "CREATE ROW ACCESS POLICY p ON patients FILTER USING (ssn)": /type: FILTER USING takes BOOL/,
  "CREATE ROW ACCESS POLICY p ON patients FILTER USING (id IN (SELECT id FROM patients))": /unsupported: .*subquery/,
  "CREATE ROW ACCESS POLICY p ON patients_view FILTER USING (TRUE)": /unsupported: .*VIEW/,
  "CREATE SEARCH INDEX i ON pair(c)": /name: An index takes columns/,
  "CREATE SEARCH INDEX i ON pair(a) OPTIONS (analyzer = (SELECT ANY_VALUE(ssn) FROM patients))": /unsupported/,
  "CREATE EXTERNAL SCHEMA s WITH CONNECTION x.y OPTIONS (location = 'x')": /unsupported/,
  "CREATE RESERVATION r OPTIONS (slot_capacity = 1)": /name: RESERVATION is named project.location.name/,
  "CREATE RESERVATION `region-us`.r OPTIONS (slot_capacity = (SELECT ANY_VALUE(id) FROM patients))": /unsupported/,
  "ALTER ORGANIZATION SET OPTIONS (x = 1)": /unsupported: ALTER ORGANIZATION/,
  "CREATE MODEL m REMOTE WITH CONNECTION x.y OPTIONS (endpoint = 'x')": /unsupported: A remote model/,
  "CREATE MODEL m TRANSFORM (a) OPTIONS (model_type = 'kmeans') AS SELECT a FROM pair": /unsupported: TRANSFORM/,
  "EXPORT DATA OPTIONS (uri = CONCAT('gs://x/', (SELECT ANY_VALUE(ssn) FROM patients), '*')) AS SELECT 1 AS a":
    /unsupported: Option uri can't hold a subquery/,
  "EXPORT DATA OPTIONS (uri = ssn) AS SELECT ssn FROM patients": /name: Unrecognized name/,
  "EXPORT DATA OPTIONS (callback = 'x') AS SELECT ssn FROM patients": /unsupported: Option callback/,
  "LOAD DATA INTO pair FROM FILES (uris = [(SELECT ANY_VALUE(ssn) FROM patients)])": /unsupported/,
  "LOAD DATA OVERWRITE pair FROM FILES (format = 'CSV', uris = ['gs://x/*'])": /unsupported: .*list them all/,
  "LOAD DATA INTO fresh FROM FILES (format = 'CSV', uris = ['gs://x/*'])": /unsupported: .*list them all/,
  "LOAD DATA INTO pair FROM FILES (format = 'CSV', uris = ['gs://x/*']) WITH PARTITION COLUMNS":
    /unsupported: .*list them all/,
  "LOAD DATA INTO TEMP TABLE t FROM FILES (format = 'CSV')": /unsupported: LOAD DATA into a temporary table/,
  "LOAD DATA OVERWRITE pair PARTITIONS (a = 'x') FROM FILES (format = 'CSV')": /unsupported: LOAD DATA with PARTITIONS/,
});

test("what is changed, dropped or granted is printed with its full name", () => {
  assert.equal(canonical("alter table pair rename to pears"), "ALTER TABLE `clinic`.`ehr`.`pair` RENAME TO `pears`");
  assert.equal(canonical("drop view ehr.v"), "DROP VIEW `clinic`.`ehr`.`v`");
  assert.equal(canonical("drop function ehr.f"), "DROP FUNCTION `clinic`.`ehr`.`f`");
  assert.equal(
    canonical("grant `roles/x` on schema ehr to 'user:a'"),
    "GRANT `roles/x` ON SCHEMA `clinic`.`ehr` TO 'user:a'",
  );
});

describe("what is changed beside rows and columns", () => {
  const changes = (sql: string) => (planOf(sql).changes ?? []).map(({ what, mode, name }) => `${mode} ${what} ${name}`);
  for (const [sql, kind, expected] of [
    ["CREATE FUNCTION ehr.f() AS (1)", "CREATE_FUNCTION", ["create routine clinic.ehr.f"]],
    ["CREATE TEMP FUNCTION f() AS (1); SELECT f() AS x", "SELECT", []],
    ["CREATE TABLE FUNCTION ehr.f() AS SELECT 1 AS x", "CREATE_TABLE_FUNCTION", ["create routine clinic.ehr.f"]],
    ["DROP FUNCTION ehr.f", "DROP_FUNCTION", ["drop routine clinic.ehr.f"]],
    [
      "CREATE MODEL ehr.m OPTIONS (model_type = 'kmeans') AS SELECT a FROM pair",
      "CREATE_MODEL",
      ["create model clinic.ehr.m"],
    ],
    ["DROP MODEL ehr.m", "DROP_MODEL", ["drop model clinic.ehr.m"]],
    ["EXPORT MODEL ehr.m OPTIONS (uri = 'gs://x')", "EXPORT_MODEL", ["alter model clinic.ehr.m"]],
    ["ALTER TABLE pair SET OPTIONS (labels = [('phi', 'none')])", "ALTER_TABLE", ["alter labels clinic.ehr.pair"]],
    ["ALTER TABLE pair SET OPTIONS (description = 'x')", "ALTER_TABLE", ["alter labels clinic.ehr.pair"]],
    ["ALTER TABLE pair SET OPTIONS (expiration_timestamp = NULL)", "ALTER_TABLE", []],
    ["ALTER TABLE pair SET OPTIONS (partition_expiration_days = NULL)", "ALTER_TABLE", []],
    [
      "ALTER TABLE pair SET OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00')",
      "ALTER_TABLE",
      ["drop expiration clinic.ehr.pair"],
    ],
    [
      "ALTER TABLE IF EXISTS pair SET OPTIONS (`Expiration_Timestamp` = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 9000 DAY))",
      "ALTER_TABLE",
      ["drop expiration clinic.ehr.pair"],
    ],
    [
      "ALTER TABLE pair SET OPTIONS (expiration_timestamp = CAST(NULL AS TIMESTAMP))",
      "ALTER_TABLE",
      ["drop expiration clinic.ehr.pair"],
    ],
    [
      "ALTER TABLE pair ADD COLUMN z STRING, SET OPTIONS (description = 'x', partition_expiration_days = 0.1), SET OPTIONS (expiration_timestamp = CURRENT_TIMESTAMP())",
      "ALTER_TABLE",
      ["alter labels clinic.ehr.pair", "delete expiration clinic.ehr.pair", "drop expiration clinic.ehr.pair"],
    ],
    [
      "ALTER VIEW patients_view SET OPTIONS (expiration_timestamp = CURRENT_TIMESTAMP())",
      "ALTER_VIEW",
      ["drop expiration clinic.ehr.patients_view"],
    ],
    [
      "CREATE TABLE t (a STRING) OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00')",
      "CREATE_TABLE",
      [],
    ],
    [
      "ALTER TABLE pair ALTER COLUMN a SET OPTIONS (description = 'x')",
      "ALTER_TABLE",
      ["alter labels clinic.ehr.pair"],
    ],
    [
      "ALTER VIEW patients_view SET OPTIONS (labels = [('a', 'b')])",
      "ALTER_VIEW",
      ["alter labels clinic.ehr.patients_view"],
    ],
    ["CREATE TABLE t (a STRING) OPTIONS (labels = [('a', 'b')])", "CREATE_TABLE", ["create labels clinic.ehr.t"]],
    ["CREATE TABLE t (a STRING) OPTIONS (description = 'b')", "CREATE_TABLE", []],
    ["CREATE VIEW v OPTIONS (labels = [('a', 'b')]) AS SELECT 1 AS x", "CREATE_VIEW", ["create labels clinic.ehr.v"]],
    ["CREATE SCHEMA s", "CREATE_SCHEMA", ["create dataset clinic.s.*"]],
    ["ALTER SCHEMA ehr SET OPTIONS (labels = [('phi', 'none')])", "ALTER_SCHEMA", ["alter dataset clinic.ehr.*"]],
    ["DROP SCHEMA ehr", "DROP_SCHEMA", ["drop dataset clinic.ehr.*"]],
    ["DROP SCHEMA ehr RESTRICT", "DROP_SCHEMA", ["drop dataset clinic.ehr.*"]],
    ["DROP SCHEMA ehr CASCADE", "DROP_SCHEMA", ["drop dataset clinic.ehr.*", "drop tables clinic.ehr.*"]],
    [
      "ALTER SCHEMA ehr SET OPTIONS (default_table_expiration_days = 1, default_partition_expiration_days = 1)",
      "ALTER_SCHEMA",
      ["alter dataset clinic.ehr.*", "drop expiration clinic.ehr.*", "delete expiration clinic.ehr.*"],
    ],
    [
      "ALTER SCHEMA ehr SET OPTIONS (default_table_expiration_days = NULL)",
      "ALTER_SCHEMA",
      ["alter dataset clinic.ehr.*"],
    ],
    [
      "UNDROP SCHEMA ehr OPTIONS (default_table_expiration_days = 1)",
      "UNDROP_SCHEMA",
      ["create dataset clinic.ehr.*", "drop expiration clinic.ehr.*"],
    ],
    ["UNDROP SCHEMA ehr", "UNDROP_SCHEMA", ["create dataset clinic.ehr.*"]],
    ["GRANT `roles/x` ON TABLE pair TO 'user:a'", "GRANT", ["create access clinic.ehr.pair"]],
    ["REVOKE `roles/x` ON SCHEMA ehr FROM 'user:a'", "REVOKE", ["drop access clinic.ehr.*"]],
    ["DROP ROW ACCESS POLICY p ON patients", "DROP_ROW_ACCESS_POLICY", ["drop access clinic.ehr.patients"]],
    ["DROP ALL ROW ACCESS POLICIES ON patients", "DROP_ALL_ROW_ACCESS_POLICIES", ["drop access clinic.ehr.patients"]],
    [
      "CREATE RESERVATION `region-us`.r OPTIONS (slot_capacity = 100)",
      "CREATE_RESERVATION",
      ["create capacity clinic.region-us.r"],
    ],
    [
      "ALTER CAPACITY `region-us`.c SET OPTIONS (plan = 'FLEX')",
      "ALTER_CAPACITY",
      ["alter capacity clinic.region-us.c"],
    ],
    ["DROP ASSIGNMENT `region-us`.r.a", "DROP_ASSIGNMENT", ["drop capacity clinic.region-us.r"]],
  ] as const)
    test(sql, () => {
      assert.deepEqual(changes(sql), expected);
      assert.equal(scriptOf(sql).statementType, kind);
      // What runs is what was analysed: the canonical text says the same.
      assert.deepEqual(changes(canonical(sql)), expected);
    });

  test("a row access policy decides by what its filter reads", () => {
    const sql = "CREATE ROW ACCESS POLICY p ON patients GRANT TO ('user:a@b.c') FILTER USING (ssn = '1')";
    assert.deepEqual(writes(sql), ["alter patients WHERE ssn"]);
    assert.deepEqual(reads(sql), ["ssn: predicate"]);
    assert.deepEqual(changes(sql), ["create access clinic.ehr.patients"]);
  });

  test("an external table, and LOAD DATA into what is there, write columns of which nothing is known", () => {
    const external = "CREATE EXTERNAL TABLE t (a STRING) OPTIONS (format = 'CSV', uris = ['gs://x/*'])";
    assert.deepEqual(writes(external), ["create t: a"]);
    assert.deepEqual(planOf(external).effects, [{ kind: "load", sources: [] }]);
    assert.deepEqual(writes("LOAD DATA INTO pair FROM FILES (uris = ['gs://x'])"), ["append pair: a; b"]);
    assert.deepEqual(writes("LOAD DATA INTO pair (b STRING, c STRING) FROM FILES (uris = ['gs://x'])"), [
      "append pair: b; c; a",
    ]);
    assert.deepEqual(writes("LOAD DATA OVERWRITE pair (a STRING) FROM FILES (uris = ['gs://x'])"), ["create pair: a"]);
  });
});
