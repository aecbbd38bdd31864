/**
 * Threat-model row 13: SQL over a table that policy lets this agent neither know of nor use is answered as SQL over one that there isn't, to
 * the last byte: what is wrong with it, where, and with which status.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT } from "../rig.ts";
import { type OpenClinic, openClinic } from "./open-clinic.ts";

/** Beside it the clinic's own policies, by which nobody here may know of billing. */
const HIDDEN = `
@id("nobody-has-notes")
@reason("The notes of ward 7 are sealed.")
forbid (principal, action, resource in Table::"${PROJECT}.ehr.notes");

@id("claims-for-payment")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"${PROJECT}.billing.claims")
when { context has purpose && context.purpose == "payment" };
`;

/** As long as the names that are hidden, so that what stands behind stands at the same place. */
const NAMES: readonly (readonly [hidden: string, missing: string])[] = [
  ["ehr.notes", "ehr.nites"],
  ["billing.claims", "billing.clasps"],
];

const STATEMENTS: readonly string[] = [
  "SELECT * FROM T",
  "SELECT 1 FROM T",
  "SELECT COUNT(*) AS n FROM T",
  "SELECT note_id FROM T",
  "SELECT no_such_column FROM T",
  "SELECT t.no_such_column FROM T AS t",
  "SELECT `T`.x FROM `T`",
  "SELECT T.x FROM T",
  "SELECT patient_id + 'x' FROM T",
  "SELECT patient_id FROM T WHERE patient_id",
  "SELECT *\nFROM T\nWHERE no_such_column = 1",
  "SELECT no_such_column FROM ehr.patients JOIN T USING (patient_id)",
  "SELECT p.patient_id FROM ehr.patients AS p JOIN T AS t ON t.patient_id = p.patient_id",
  "SELECT patient_id FROM ehr.patients WHERE patient_id IN (SELECT patient_id FROM T)",
  "SELECT EXISTS (SELECT 1 FROM T) AS e",
  "WITH c AS (SELECT * FROM T) SELECT 1 FROM c",
  "WITH c AS (SELECT * FROM T) SELECT 1 AS one",
  "SELECT 1 UNION ALL SELECT no_such_column FROM T",
  "SELECT 1 AS x FROM T FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)",
  "SELECT * FROM T TABLESAMPLE SYSTEM (10 PERCENT)",
  "SELECT * FROM T PIVOT(COUNT(*) FOR patient_id IN ('a'))",
  "SELECT x FROM T, UNNEST(T.x) AS x",
  "FROM T |> WHERE no_such_column = 1 |> SELECT 1 AS x",
  "FROM ehr.patients |> JOIN T USING (patient_id) |> AGGREGATE COUNT(*) AS n",
  "SELECT TO_JSON_STRING(t) FROM T AS t",
  "SELECT (SELECT MAX(patient_id) FROM T) AS x",
  "SELECT _PARTITIONTIME FROM T",
  "INSERT INTO T (no_such_column) VALUES (1)",
  "INSERT INTO T (patient_id) VALUES ('x')",
  "INSERT INTO workspace.kept SELECT patient_id FROM T",
  "UPDATE T SET no_such_column = 1 WHERE TRUE",
  "UPDATE T SET patient_id = 'x' WHERE TRUE",
  "DELETE FROM T WHERE no_such_column = 1",
  "DELETE FROM T WHERE TRUE",
  "MERGE T USING ehr.patients AS p ON FALSE WHEN MATCHED THEN DELETE",
  "TRUNCATE TABLE T",
  "DROP TABLE T",
  "ALTER TABLE T ADD COLUMN x INT64",
  "ALTER TABLE T DROP COLUMN no_such_column",
  "CREATE TABLE T (x INT64)",
  "CREATE OR REPLACE TABLE T AS SELECT 1 AS x",
  "CREATE TABLE workspace.copied AS SELECT * FROM T",
  "CREATE TABLE workspace.cloned CLONE T",
  "CREATE VIEW workspace.seen AS SELECT * FROM T",
  "CREATE TABLE workspace.like_it LIKE T",
  "EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV') AS SELECT * FROM T",
  "DECLARE x INT64; SET x = (SELECT COUNT(*) FROM T); SELECT x",
  "BEGIN SELECT no_such_column FROM T; EXCEPTION WHEN ERROR THEN SELECT 1; END",
  "IF EXISTS (SELECT 1 FROM T) THEN SELECT 1; END IF",
  "EXECUTE IMMEDIATE 'SELECT no_such_column FROM T'",
  "CREATE TEMP FUNCTION f() AS ((SELECT COUNT(*) FROM T)); SELECT f()",
  "CREATE TEMP TABLE t1 AS SELECT * FROM T; SELECT * FROM t1",
];

describe("SQL over a hidden table", () => {
  let clinic: OpenClinic;
  before(async () => {
    clinic = await openClinic({ "hidden.cedar": () => HIDDEN });
  });
  after(() => clinic.close());

  const upper = (name: string) => name.replace(/\w+$/, (last) => last.toUpperCase());
  /** What of an answer can't be the same twice, and the name that was asked for. */
  const plain = (text: string, name: string): string =>
    [name, upper(name)]
      .flatMap((one) => [one, one.replace(".", ":"), one.replace(/^.*\./, "")])
      .reduce((rest, one) => rest.replaceAll(one, "T"), text)
      .replace(/^(date|etag).*\n.*$/gim, "")
      .replaceAll(/job_[\w-]+|chaperone_[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}/g, "JOB")
      .replaceAll(/"(\w+Time|etag)":"[^"]*"/g, "");
  /** The query's answer and its job's description, by each way to ask. */
  const asked = async (statement: string, name: string): Promise<string> => {
    const sql = statement.replaceAll("T", (letter, at: number) =>
      /^T\b/.test(statement.slice(at)) && !/\w/.test(statement[at - 1] ?? " ") ? name : letter,
    );
    const answers = [await clinic.agent.query(sql), await clinic.agent.query(sql, { dryRun: true })];
    const body = { configuration: { query: { query: sql, useLegacySql: false } } };
    const path = `/bigquery/v2/projects/${PROJECT}/jobs`;
    const inserted = await clinic.agent.send("POST", path, { body });
    answers.push(inserted);
    const { jobReference } = JSON.parse(inserted.body) as { jobReference?: { jobId: string } };
    if (jobReference !== undefined) answers.push(await clinic.agent.send("GET", `${path}/${jobReference.jobId}`));
    return answers.map(({ status, body: text }) => `${status} ${plain(text, name)}`).join("\n");
  };

  for (const statement of STATEMENTS) {
    it(statement, async () => {
      for (const [hidden, missing] of NAMES) {
        assert.equal(hidden.length, missing.length);
        const there = await asked(statement, hidden);
        assert.doesNotMatch(there, /^200/, there);
        assert.equal(there, await asked(statement, missing));
      }
    });
  }

  it("in other capitals than the catalog's is one that there isn't, also for tables.get", async () => {
    for (const [hidden, missing] of NAMES) {
      assert.equal(await asked("SELECT 1 FROM T", upper(hidden)), await asked("SELECT 1 FROM T", upper(missing)));
      const get = async (name: string) =>
        clinic.agent.send("GET", `/bigquery/v2/projects/${PROJECT}/datasets/${name.replace(".", "/tables/")}`);
      assert.equal((await get(upper(hidden))).body, (await get(upper(missing))).body);
    }
    const known = await clinic.agent.query("SELECT 1 FROM ehr.PATIENTS");
    assert.match(known.body, /knows .*PATIENTS as/);
  });

  it("that a wildcard matches beside others, or alone, isn't named", async () => {
    const alone = await clinic.agent.query("SELECT * FROM `billing.claim*`");
    const none = await clinic.agent.query("SELECT * FROM `billing.clamp*`");
    assert.equal(plain(alone.body, "claim"), plain(none.body, "clamp"));
    const beside = await clinic.agent.query("SELECT no_such_column FROM `ehr.*`");
    assert.doesNotMatch(beside.body, /notes/);
  });

  it("is one that there is for the purpose that policy lets it be used for", async () => {
    const { body } = await clinic.agent.query("DELETE FROM billing.claims WHERE TRUE", {
      labels: { purpose: "payment" },
    });
    assert.match(body, /no policy permits it/);
    const other = await clinic.agent.query("DELETE FROM billing.claims WHERE TRUE", {
      labels: { purpose: "research" },
    });
    assert.match(other.body, /was not found or is not available/);
  });

  it("tells no reason of the policy that hides it", async () => {
    const { last, session } = await clinic.agent.attack("SELECT COUNT(*) AS n FROM ehr.notes");
    assert.equal(last.status, 400);
    assert.match(last.body, /was not found or is not available/);
    assert.doesNotMatch(last.body, /sealed/);
    assert.equal(session?.state, "failed");
  });
});
