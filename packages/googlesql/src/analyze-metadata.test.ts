import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { METADATA_VIEWS } from "./metadata/views.ts";
import { parse } from "./parser/parse.ts";
import { canonical, DEFAULTS, flows, planOf, refusalOf, types } from "./testing/clinic.ts";

const named = (sql: string, defaults = DEFAULTS): unknown => {
  const names = catalogNames(sql, defaults);
  return (
    names.understood && [names.metadata.map(({ place, fields }) => `${place}${fields ? " fields" : ""}`), names.tables]
  );
};

describe("INFORMATION_SCHEMA", () => {
  it("runs as the rows that may be told, written out, and reads no table", () => {
    assert.equal(
      canonical("SELECT table_name FROM ehr.INFORMATION_SCHEMA.MATERIALIZED_VIEWS"),
      "SELECT `table_name` FROM (SELECT 'clinic' AS `table_catalog`, 'ehr' AS `table_schema`, 'patients_mv' AS `table_name`, " +
        "CAST(NULL AS TIMESTAMP) AS `last_refresh_time`, CAST(NULL AS TIMESTAMP) AS `refresh_watermark`, " +
        "CAST(NULL AS STRUCT<reason STRING, location STRING, message STRING>) AS `last_refresh_status` " +
        "FROM UNNEST(ARRAY<INT64>[0]) AS r) AS `MATERIALIZED_VIEWS`",
    );
    const plan = planOf(
      "SELECT t.table_name, ssn FROM ehr.INFORMATION_SCHEMA.TABLES AS t JOIN patients ON name = t.table_name",
    );
    assert.deepEqual(plan.metadata, ["clinic.ehr.TABLES"]);
    assert.deepEqual(
      plan.reads.map(({ table }) => table),
      ["clinic.ehr.patients"],
    );
    assert.deepEqual(planOf("SELECT ssn FROM patients").metadata, undefined);
  });

  it("has rows that differ in an array, and what they have in common once", () => {
    const text = canonical("SELECT c.* FROM ehr.INFORMATION_SCHEMA.COLUMNS AS c WHERE table_name = 'pair'");
    assert.match(text, /'clinic' AS `table_catalog`/);
    assert.match(
      text,
      /ARRAY<STRUCT<`table_name` STRING, `column_name` STRING, `ordinal_position` INT64, `is_nullable` STRING, `data_type` STRING>>\[/,
    );
    assert.match(text, /\('pair', 'a', 1, 'YES', 'STRING'\), \('pair', 'b', 2, 'YES', 'STRING'\)/);
    assert.match(text, /'STRUCT<zip STRING, city STRING>'/);
    assert.match(text, / AS r\) AS `c` WHERE/);
    assert.match(canonical("SELECT 1 AS a FROM ehr.INFORMATION_SCHEMA.TABLE_OPTIONS"), /UNNEST\(ARRAY<INT64>\[\]\)/);
  });

  it("prints what parses, whichever view", () => {
    for (const name of METADATA_VIEWS.keys()) {
      const from = name.startsWith("__") ? `ehr.${name}` : `\`region-eu\`.INFORMATION_SCHEMA.${name}`;
      assert.doesNotThrow(() => parse(canonical(`SELECT * FROM ${from}`)), name);
    }
  });

  it("shows no column, and takes what it is asked with along", () => {
    assert.deepEqual(flows("SELECT table_name, COUNT(*) AS n FROM ehr.INFORMATION_SCHEMA.COLUMNS GROUP BY 1"), [
      "table_name =",
      "n =",
    ]);
    assert.deepEqual(
      flows("SELECT table_name FROM ehr.INFORMATION_SCHEMA.TABLES WHERE table_name IN (SELECT ssn FROM patients)"),
      ["table_name = ? ssn"],
    );
    const [output] = planOf("SELECT table_name FROM ehr.INFORMATION_SCHEMA.TABLES").outputs;
    assert.equal(output?.constant, true);
  });

  it("has the documented columns", () => {
    assert.deepEqual(types("SELECT * FROM ehr.INFORMATION_SCHEMA.COLUMNS"), [
      "table_catalog STRING",
      "table_schema STRING",
      "table_name STRING",
      "column_name STRING",
      "ordinal_position INT64",
      "is_nullable STRING",
      "data_type STRING",
      "is_generated STRING",
      "generation_expression STRING",
      "is_stored STRING",
      "is_hidden STRING",
      "is_updatable STRING",
      "is_system_defined STRING",
      "is_partitioning_column STRING",
      "clustering_ordinal_position INT64",
      "collation_name STRING",
      "column_default STRING",
      "rounding_mode STRING",
      "data_policies ARRAY<STRUCT<name STRING>>",
      "policy_tags ARRAY<STRING>",
    ]);
    assert.deepEqual(types("SELECT * FROM `clinic`.INFORMATION_SCHEMA.SCHEMATA"), [
      "catalog_name STRING",
      "schema_name STRING",
      "schema_owner STRING",
      "creation_time TIMESTAMP",
      "last_modified_time TIMESTAMP",
      "location STRING",
      "ddl STRING",
      "default_collation_name STRING",
      "sync_status JSON",
    ]);
  });

  it("says to the catalog which place it asks of, and whether of columns", () => {
    const cases: readonly (readonly [sql: string, ...places: string[]])[] = [
      ["SELECT 1 FROM ehr.INFORMATION_SCHEMA.TABLES", "clinic.ehr"],
      ["SELECT 1 FROM `other.d.INFORMATION_SCHEMA.COLUMNS`", "other.d fields"],
      ["SELECT 1 FROM other.d.INFORMATION_SCHEMA.COLUMNS, other.d.INFORMATION_SCHEMA.TABLES", "other.d fields"],
      ["SELECT 1 FROM `REGION-EU`.information_schema.VIEWS", "clinic.region-eu"],
      ["SELECT 1 FROM other.`region-eu`.INFORMATION_SCHEMA.SCHEMATA", "other.region-eu"],
      ["SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA", "clinic."],
      ["SELECT 1 FROM `other`.INFORMATION_SCHEMA.SCHEMATA", "other."],
      ["SELECT 1 FROM __TABLES__", "clinic.ehr"],
      ["SELECT 1 FROM d.__TABLES__", "clinic.d"],
      ["SELECT 1 FROM ehr.INFORMATION_SCHEMA.JOBS"],
      ["SELECT 1 FROM INFORMATION_SCHEMA.TABLES"],
      ["SELECT 1 FROM patients INFORMATION_SCHEMA, INFORMATION_SCHEMA.tags"],
    ];
    for (const [sql, ...places] of cases) assert.deepEqual((named(sql) as unknown[])[0], places, sql);
    assert.deepEqual(named("SELECT 1 FROM ehr.INFORMATION_SCHEMA.TABLES"), [["clinic.ehr"], []]);
  });

  it("stands in queries, DML and scripts", () => {
    for (const sql of [
      "FROM ehr.INFORMATION_SCHEMA.TABLES |> WHERE TABLES.table_type = 'VIEW' |> SELECT table_name",
      "SELECT (SELECT COUNT(*) FROM ehr.INFORMATION_SCHEMA.COLUMNS c WHERE c.column_name = p.name) AS n FROM patients p",
      "WITH t AS (SELECT * FROM ehr.__TABLES__) SELECT table_id FROM t UNION ALL SELECT table_id FROM t",
      "CREATE TABLE ehr.made AS SELECT table_name FROM ehr.INFORMATION_SCHEMA.TABLES",
      "INSERT ehr.pair (a, b) SELECT table_name, table_type FROM ehr.INFORMATION_SCHEMA.TABLES",
      "IF EXISTS (SELECT 1 FROM ehr.INFORMATION_SCHEMA.TABLES WHERE table_name = 'x') THEN SELECT 1 AS a; ELSE SELECT 2 AS a; END IF; SELECT 3 AS a",
      "EXECUTE IMMEDIATE 'SELECT table_name FROM ehr.INFORMATION_SCHEMA.VIEWS'",
    ])
      assert.equal(refusalOf(sql)?.message, undefined, sql);
  });

  const refused: readonly (readonly [sql: string, message: RegExp])[] = [
    ["SELECT * FROM INFORMATION_SCHEMA.TABLES", /behind dataset or/],
    ["SELECT * FROM a.b.c.INFORMATION_SCHEMA.TABLES", /behind dataset or/],
    ["SELECT * FROM _8f1c.INFORMATION_SCHEMA.COLUMNS", /behind dataset or/],
    ["SELECT * FROM clinic._SESSION.INFORMATION_SCHEMA.TABLES", /behind dataset or/],
    ["SELECT * FROM _8f1c.__TABLES__", /behind dataset/],
    ["SELECT * FROM `region-eu`.__TABLES__", /behind dataset/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.__TABLES__", /isn't a view/],
    ["SELECT * FROM ehr.TABLES.INFORMATION_SCHEMA", /followed by the name/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.TABLES.x", /followed by the name/],
    ["SELECT * FROM other.INFORMATION_SCHEMA.TABLES", /not found or is not available/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.tables", /isn't a view/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.JOBS_TIMELINE_BY_FOLDER", /other people's jobs/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.PARTITIONS", /tells of the rows/],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.OBJECT_PRIVILEGES", /who may do what/],
    ["SELECT oid FROM ehr.INFORMATION_SCHEMA.TABLES", /oid/],
    [
      "SELECT * FROM ehr.INFORMATION_SCHEMA.TABLES FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
      /the tables there are/,
    ],
    ["SELECT * FROM ehr.INFORMATION_SCHEMA.TABLES TABLESAMPLE SYSTEM (1 PERCENT)", /before TABLESAMPLE/],
    [
      "SELECT * FROM GAP_FILL(TABLE ehr.INFORMATION_SCHEMA.TABLES, ts_column => 'creation_time', bucket_width => INTERVAL 1 DAY)",
      /as an argument/,
    ],
    ["CREATE TABLE ehr.x CLONE ehr.INFORMATION_SCHEMA.TABLES", /CLONE/],
    ["CREATE TABLE ehr.x LIKE ehr.INFORMATION_SCHEMA.TABLES", /only be selected from/],
    ["DELETE FROM ehr.INFORMATION_SCHEMA.TABLES WHERE TRUE", /only be selected from/],
    ["DROP TABLE ehr.__TABLES__", /only be selected from/],
    ["CREATE VIEW ehr.v AS SELECT table_name FROM ehr.INFORMATION_SCHEMA.TABLES", /in a view or a routine/],
    ["CREATE FUNCTION ehr.f() AS ((SELECT MAX(table_id) FROM ehr.__TABLES__))", /in a view or a routine/],
    ["CREATE TABLE FUNCTION ehr.f() AS SELECT table_id FROM ehr.__TABLES__", /in a view or a routine/],
    ["CREATE PROCEDURE ehr.p() BEGIN SELECT table_id FROM ehr.__TABLES__; END", /in a view or a routine/],
    [
      "CREATE TEMP FUNCTION f() AS ((SELECT MAX(table_id) FROM ehr.__TABLES__)); SELECT f() AS x",
      /in a view or a routine/,
    ],
  ];
  for (const [sql, message] of refused)
    it(`${sql} is refused`, () => assert.match(refusalOf(sql)?.message ?? "was understood", message));

  it("in a view of the catalog's is refused: that runs by its name", () => {
    const view = {
      tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
      type: "VIEW",
      view: { query: "SELECT table_id FROM ehr.__TABLES__" },
      schema: { fields: [{ name: "table_id", type: "STRING" }] },
    };
    const { plan } = analyze("SELECT table_id FROM v", {
      catalog: { table: () => view, metadata: () => ({ tables: [] }) },
      ...DEFAULTS,
    });
    assert.match(plan.understood ? "" : plan.refusal.message, /would describe all tables/);
  });

  it("of more than one query holds is refused", () => {
    const fields = Array.from({ length: 900 }, (_, i) => ({ name: `a_rather_long_name_${i}`, type: "STRING" }));
    const tables = Array.from({ length: 20 }, (_, i) => ({
      tableReference: { projectId: "clinic", datasetId: "ehr", tableId: `t${i}` },
      schema: { fields },
    }));
    const catalog = { table: () => undefined, metadata: () => ({ tables }) };
    const { plan } = analyze("SELECT 1 AS a FROM ehr.INFORMATION_SCHEMA.COLUMNS", { catalog, ...DEFAULTS });
    assert.equal(plan.understood ? "" : plan.refusal.code, "limit");
  });
});
