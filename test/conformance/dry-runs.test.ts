import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { startWarehouse, type Warehouse } from "../../packages/warehouse/src/index.ts";
import { PROJECT } from "../rig.ts";
import { answerDryRuns, type DryRuns, hasDryRuns, typeOf } from "./dry-runs.ts";

describe("dry runs for a BigQuery that has none", () => {
  let warehouse: Warehouse;
  let front: DryRuns;
  before(async () => {
    warehouse = await startWarehouse({ patients: 5 });
    front = await answerDryRuns(warehouse.url);
  });
  after(async () => {
    await front.close();
    await warehouse.close();
  });

  const call = async (url: string, path: string, body?: object) => {
    const response = await fetch(`${url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      ...(body && {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const job = (query: string, more: object = {}) => ({
    jobReference: { projectId: PROJECT, location: "US" },
    configuration: { dryRun: true, query: { query, useLegacySql: false, ...more } },
  });
  const said = async (query: string) => {
    const { body } = await call(front.url, "jobs?prettyPrint=false", job(query));
    const { statistics } = body as {
      statistics: { query: { statementType: string; schema?: { fields: object[] }; referencedTables: object[] } };
    };
    return statistics.query;
  };

  it("say the columns that the BigQuery behind says, and the tables that the text names and it has", async () => {
    const sql = `SELECT \`p\`.\`ssn\`, 1 AS \`n\` FROM \`${PROJECT}\`.\`ehr\`.\`patients\` AS \`p\` CROSS JOIN \`${PROJECT}.ops.calendar\` WHERE \`p\`.\`ssn\` != '\`a.b.c\`'`;
    const { statementType, schema, referencedTables } = await said(sql);
    assert.equal(statementType, "SELECT");
    assert.deepEqual(
      schema?.fields.map((field) => (field as { name: string }).name),
      ["ssn", "n"],
    );
    assert.deepEqual(referencedTables, [
      { projectId: PROJECT, datasetId: "ehr", tableId: "patients" },
      { projectId: PROJECT, datasetId: "ops", tableId: "calendar" },
    ]);
  });

  it("do nothing", async () => {
    const { statementType, schema, referencedTables } = await said(
      `CREATE TABLE \`${PROJECT}\`.\`workspace\`.\`never\` AS SELECT 1 AS x`,
    );
    assert.deepEqual(
      { statementType, schema, referencedTables },
      { statementType: "CREATE_TABLE_AS_SELECT", schema: undefined, referencedTables: [] },
    );
    assert.equal((await call(warehouse.url, "datasets/workspace/tables/never")).status, 404);
  });

  it("of what the BigQuery behind refuses are its own error", async () => {
    const [through, straight] = await Promise.all(
      [front, warehouse].map(({ url }) => call(url, "jobs", job("SELECT nothing_of_this"))),
    );
    assert.equal(through?.status, 400);
    assert.deepEqual(through?.body.error, straight?.body.error);
  });

  it("aren't what else is asked: that passes as it is", async () => {
    for (const path of ["datasets", "datasets/ops/tables/calendar", "datasets/ops/tables/none"])
      assert.deepEqual(await call(front.url, path), await call(warehouse.url, path), path);
    const { dryRun, ...configuration } = job("SELECT 1 AS one").configuration;
    assert.equal(dryRun, true);
    const made = await call(front.url, "jobs", { jobReference: { projectId: PROJECT, jobId: "one" }, configuration });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.deepEqual((await call(front.url, "queries/one")).body.rows, [{ f: [{ v: "1" }] }]);
  });

  it("are missed where one says no columns", async () => {
    assert.equal(await hasDryRuns(warehouse.url, PROJECT), true);
    const mute = createServer((_asked, answered) =>
      answered.end(JSON.stringify({ statistics: { query: { statementType: "SELECT" } } })),
    );
    await new Promise<void>((listening) => mute.listen(0, "127.0.0.1", listening));
    assert.equal(await hasDryRuns(`http://127.0.0.1:${(mute.address() as AddressInfo).port}`, PROJECT), false);
    mute.close();
  });

  it("say the type of each statement that the steps come to", () => {
    for (const [sql, type] of [
      ["SELECT 1", "SELECT"],
      ["WITH a AS (SELECT 1 AS x) SELECT x FROM a;", "SELECT"],
      ["(SELECT 1) UNION ALL (SELECT 2)", "SELECT"],
      ["INSERT INTO t (a) SELECT 1", "INSERT"],
      ["MERGE INTO t USING s ON TRUE WHEN MATCHED THEN DELETE", "MERGE"],
      ["TRUNCATE TABLE t", "TRUNCATE_TABLE"],
      ["CREATE OR REPLACE TABLE t (a INT64)\nAS SELECT 1 AS a", "CREATE_TABLE_AS_SELECT"],
      ["CREATE TABLE t AS (\nSELECT 1 AS a)", "CREATE_TABLE_AS_SELECT"],
      ["CREATE TABLE t (a INT64)", "CREATE_TABLE"],
      ["CREATE OR REPLACE VIEW v AS SELECT 1 AS a", "CREATE_VIEW"],
      ["CREATE SCHEMA s", "CREATE_SCHEMA"],
      ["DROP TABLE IF EXISTS t", "DROP_TABLE"],
      ["BEGIN TRANSACTION;\nDELETE FROM t WHERE TRUE;\nCOMMIT TRANSACTION", "SCRIPT"],
      ["GRANT nothing", ""],
    ] as const)
      assert.equal(typeOf(sql), type, sql);
  });
});
