/**
 * Ways by which a query could tell of an ssn beside showing it: names, types, the order and number of rows, what is there and what isn't, figures, times. Of each, that it
 * asks the ssn as a predicate, takes it along as a source, or is refused. How values flow and what fails is told elsewhere.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";

const GUESS = "(SELECT MAX(ssn) FROM patients) = '1'";
const SSN = "DECLARE d STRING DEFAULT (SELECT MAX(ssn) FROM patients);";

/** How the last statement to read an ssn uses it. */
function told(sql: string): string {
  const { plan } = analyze(sql, { catalog: CLINIC, ...DEFAULTS });
  if (!plan.understood) return "refused";
  const uses = plan.statements.map(({ reads }) =>
    reads
      .filter(({ table }) => table === "clinic.ehr.patients")
      .flatMap(({ columns }) => columns)
      .find(({ path }) => path === "ssn")
      ?.uses.join(" "),
  );
  return uses.findLast((use) => use !== undefined) ?? "nothing";
}

const CHANNELS: Readonly<Record<string, readonly (readonly [told: string, sql: string])[]>> = {
  "names of columns": [
    ["refused", "SELECT * FROM patients PIVOT(COUNT(id) FOR name IN (SELECT ssn FROM patients))"],
    ["refused", `${SSN} EXECUTE IMMEDIATE CONCAT('SELECT 1 AS a', d)`],
    ["refused", `EXECUTE IMMEDIATE IF(${GUESS}, 'SELECT 1 AS a', 'SELECT 1 AS b')`],
  ],
  "types of columns": [
    ["output predicate", "SELECT CAST(ssn AS STRING(5)) AS x FROM patients"],
    ["refused", `IF ${GUESS} THEN SELECT 1 AS x; ELSE SELECT 'a' AS x; END IF`],
    ["output", "SELECT COLLATE(ssn, 'und:ci') AS x FROM patients"],
  ],
  "the order of rows": [
    ["predicate", "SELECT id FROM patients ORDER BY ssn"],
    ["predicate", "SELECT ARRAY_AGG(id ORDER BY ssn) AS x FROM patients"],
    ["predicate", "SELECT ARRAY_AGG(id) AS x FROM (SELECT id FROM patients ORDER BY ssn)"],
    ["predicate", "SELECT id FROM (SELECT id, COUNT(*) OVER (PARTITION BY ssn) AS n FROM patients)"],
    ["output predicate", "CREATE TABLE ehr.x CLUSTER BY ssn AS SELECT id, ssn FROM patients"],
  ],
  "the number of rows": [
    ["predicate", "SELECT 1 AS x FROM patients, UNNEST(SPLIT(ssn, '1'))"],
    ["predicate", "SELECT id FROM patients p LEFT JOIN pair ON ssn = a"],
    ["predicate", "SELECT id, k FROM (SELECT id, ssn, name FROM patients) UNPIVOT(v FOR k IN (ssn, name))"],
    ["refused", `${SSN} SELECT id FROM patients LIMIT d`],
    ["refused", `${SSN} SELECT id FROM patients TABLESAMPLE SYSTEM (d PERCENT)`],
    [
      "predicate",
      "WITH RECURSIVE r AS (SELECT ssn AS x FROM patients UNION DISTINCT SELECT SUBSTR(x, 2) FROM r) SELECT COUNT(*) AS n FROM r",
    ],
  ],
  "figures of the job": [
    ["predicate", "INSERT INTO pair (a) SELECT 'x' FROM patients WHERE ssn = '1'; SELECT @@row_count AS n"],
    ["output", "SELECT ssn FROM patients; SELECT @@script.bytes_processed AS n"],
    ["output", "SELECT ssn FROM patients; SELECT @@script.slot_ms AS n"],
    ["predicate", `IF ${GUESS} THEN SELECT 1; END IF; SELECT @@script.num_child_jobs AS n`],
  ],
  "how long a script runs": [
    ["predicate", `WHILE ${GUESS} DO SELECT 1; END WHILE; SELECT CURRENT_TIMESTAMP() AS t`],
    [
      "predicate",
      `DECLARE i INT64 DEFAULT 0; WHILE i < (SELECT MAX(LENGTH(ssn)) FROM patients) DO SET i = i + 1; END WHILE`,
    ],
  ],
  "what is there": [
    ["refused", `IF ${GUESS} THEN CREATE TEMP TABLE t AS SELECT 1 AS a; END IF; SELECT a FROM t`],
    ["refused", `CREATE TEMP TABLE t AS SELECT 1 AS a; IF ${GUESS} THEN DROP TABLE t; END IF; SELECT a FROM t`],
    ["predicate", `IF ${GUESS} THEN CREATE TABLE ehr.q (a INT64); END IF; CREATE TABLE IF NOT EXISTS ehr.q (b INT64)`],
    ["predicate", `IF ${GUESS} THEN DROP TABLE IF EXISTS ehr.pair; END IF`],
    ["refused", `IF ${GUESS} THEN ALTER TABLE pair ADD COLUMN c STRING; END IF; SELECT * FROM pair`],
  ],
  "descriptions of what is there": [
    [
      "predicate",
      "CREATE TABLE ehr.q AS SELECT 1 AS a FROM patients WHERE ssn = '1'; SELECT row_count FROM ehr.__TABLES__",
    ],
    ["refused", `${SSN} CREATE TABLE ehr.x OPTIONS(description=d) AS SELECT 1 AS a`],
    ["refused", "CREATE TABLE ehr.x OPTIONS(description=(SELECT MAX(ssn) FROM patients)) AS SELECT 1 AS a"],
    ["refused", `${SSN} ALTER TABLE pair SET OPTIONS(labels=[('a', d)])`],
    ["refused", `${SSN} ALTER TABLE pair ALTER COLUMN a SET DEFAULT d`],
    ["refused", `${SSN} SET @@query_label = d`],
    ["refused", `${SSN} CREATE VIEW ehr.v AS SELECT d AS x`],
    ["predicate", "CREATE ROW ACCESS POLICY p ON ehr.patients GRANT TO ('user:a@b.c') FILTER USING (ssn = '1')"],
    [
      "refused",
      "CREATE ROW ACCESS POLICY p ON ehr.pair GRANT TO ('user:a@b.c') FILTER USING (a IN (SELECT ssn FROM patients))",
    ],
  ],
  "the past": [
    ["refused", "SELECT id FROM patients FOR SYSTEM_TIME AS OF (SELECT MAX(TIMESTAMP(ssn)) FROM patients)"],
    [
      "predicate",
      "INSERT INTO pair (a) SELECT 'x' FROM patients WHERE ssn = '1'; SELECT a FROM APPENDS(TABLE pair, NULL, NULL)",
    ],
  ],
  "statistics that carry values": [
    ["output", "SELECT HLL_COUNT.INIT(ssn) AS x FROM patients"],
    ["output predicate", "SELECT APPROX_TOP_COUNT(ssn, 3) AS x FROM patients"],
    ["output", "SELECT BIT_XOR(FARM_FINGERPRINT(ssn)) AS x FROM patients"],
    ["predicate", "SELECT ANY_VALUE(id HAVING MAX ssn) AS x FROM patients"],
    ["predicate", "SELECT RAND() AS x FROM patients WHERE ssn = '1'"],
  ],
  "who asks": [["refused", "SELECT SESSION_USER() AS x FROM patients WHERE ssn = '1'"]],
};

for (const [channel, list] of Object.entries(CHANNELS)) {
  describe(channel, () => {
    for (const [expected, sql] of list) test(sql, () => assert.equal(told(sql), expected));
  });
}
