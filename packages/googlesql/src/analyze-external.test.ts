import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableResource } from "./table-resource.ts";
import { defining, view } from "./testing/definitions.ts";

function external(tableId: string, more: TableResource["externalDataConfiguration"], names: string[]): TableResource {
  return {
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId },
    type: "EXTERNAL",
    schema: { fields: names.map((name) => ({ name, type: "STRING" })) },
    ...(more === undefined ? {} : { externalDataConfiguration: more }),
  };
}

const clinic = defining(
  [
    external("files", { sourceFormat: "CSV" }, ["ssn", "city"]),
    external("sheet", { sourceFormat: "GOOGLE_SHEETS" }, ["a"]),
    external("unknown", undefined, ["a"]),
    external("objects", { objectMetadata: "SIMPLE" }, ["uri"]),
    external("directories", { sourceFormat: "CSV", hivePartitioningOptions: { mode: "AUTO" } }, ["a"]),
    view("files_view", "city STRING", "SELECT city FROM clinic.ehr.files"),
  ],
  [],
);

const effects = (sql: string) => clinic.statement(sql).effects;
const FILES = [{ kind: "external_table", through: "clinic.ehr.files", sources: [] }];

describe("an external table", () => {
  it("has columns like any other, and says that its rows come from outside", () => {
    const sql = "SELECT city FROM files WHERE ssn = '1'";
    assert.deepEqual(clinic.flows(sql), ["city = copy files.city ? files.ssn"]);
    assert.deepEqual(clinic.reads(sql), ["files.city: output", "files.ssn: predicate"]);
    assert.deepEqual(effects(sql), FILES);
  });

  it("says so once for each, wherever it is read", () => {
    for (const sql of [
      "SELECT COUNT(*) AS n FROM files",
      "SELECT x.city FROM files x JOIN files y ON x.ssn = y.ssn",
      "SELECT name FROM patients WHERE EXISTS (SELECT 1 FROM files)",
      "WITH c AS (SELECT * FROM files) SELECT 1 AS x",
      "SELECT city FROM files_view",
      "CREATE TABLE t AS SELECT city FROM files",
      "INSERT INTO pair (a) SELECT city FROM files",
      "CREATE VIEW v AS SELECT city FROM files",
      "FROM files |> SELECT city",
      "SELECT * FROM GAP_FILL((SELECT DATE '2026-01-01' AS d, city FROM files), 'd', INTERVAL 1 DAY)",
    ])
      assert.deepEqual(effects(sql), FILES, sql);
    assert.deepEqual(
      effects("SELECT city, a FROM files, sheet").map(({ through }) => through),
      ["clinic.ehr.files", "clinic.ehr.sheet"],
    );
  });

  it("is quoted by lines: an error tells of what stands beside the columns that are read", () => {
    const sql =
      "DECLARE m STRING; BEGIN SELECT city FROM files; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m";
    const explicit = clinic.plan(sql).result[0]?.explicit.map(({ column }) => column);
    assert.deepEqual(
      explicit,
      ["*", "city", "ssn"].map((name) => `clinic.ehr.files.${name}`),
    );
  });

  it("names its files", () => {
    assert.deepEqual(clinic.flows("SELECT _FILE_NAME AS f FROM files"), ["f = copy files._FILE_NAME"]);
  });

  for (const [what, sql, message] of [
    ["that doesn't say where its rows are", "SELECT a FROM unknown", /doesn't say where its rows are/],
    ["of objects", "SELECT uri FROM objects", /is an object table/],
    [
      "of objects, by a name of the query around",
      "SELECT (SELECT MAX(data) FROM objects) FROM (SELECT 'x' AS data)",
      /is an object table/,
    ],
    ["with columns that no schema lists", "SELECT a FROM directories", /names of directories/],
    ["of the past", "SELECT city FROM files FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'", /takes a table/],
    ["that would be written", "INSERT INTO files (city) VALUES ('x')", /is a EXTERNAL/],
    ["that would be cloned", "CREATE TABLE t CLONE files", /./],
  ] as const)
    it(`${what} is refused`, () => assert.match(clinic.refusal(sql)?.message ?? "understood", message));
});
