/**
 * The rows of a table lie as it is partitioned and clustered: whoever reads them sees how the values are ordered, and LIMIT takes the least
 * of them, as with ORDER BY (threat-model row 23). So such values decide over the rows that are written, and over those that are read.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS, results, scriptOf } from "./testing/clinic.ts";

const SSN = "clinic.ehr.patients.ssn";
const BORN = "clinic.ehr.patients.born";

describe("what a new table is clustered or partitioned by decides over its rows", () => {
  for (const [sql, ...decided] of [
    ["CREATE TABLE ehr.x CLUSTER BY ssn AS SELECT id, ssn FROM patients", SSN],
    ["CREATE TABLE ehr.x CLUSTER BY s, id AS SELECT 1 AS id, CONCAT(ssn, '') AS s FROM patients WHERE TRUE", SSN],
    ["CREATE TABLE ehr.x (id INT64, s STRING) CLUSTER BY S AS SELECT id, ssn FROM patients", "clinic.ehr.patients.ssn"],
    ["CREATE TABLE ehr.x PARTITION BY DATE_TRUNC(born, MONTH) AS SELECT id, born FROM patients", BORN],
    ["FROM patients |> SELECT id, ssn |> CREATE TABLE ehr.x CLUSTER BY ssn", SSN],
    ["CREATE MATERIALIZED VIEW ehr.x CLUSTER BY ssn AS SELECT id, ssn FROM patients", SSN],
    ["CREATE MATERIALIZED VIEW ehr.x PARTITION BY born AS SELECT id, born FROM patients", BORN],
    // By what isn't of the query nothing is told.
    ["CREATE TABLE ehr.x PARTITION BY _PARTITIONDATE AS SELECT id, ssn FROM patients"],
    ["CREATE TABLE ehr.x CLUSTER BY id AS SELECT 1 AS id, ssn FROM patients"],
  ] as const)
    test(sql, () => {
      const { statements } = scriptOf(sql);
      const [written] = statements[0]?.writes ?? [];
      assert.deepEqual(written?.implicit, decided);
      const uses = statements[0]?.reads[0]?.columns.filter((column) => column.uses.includes("predicate"));
      assert.deepEqual(
        uses?.map(({ path }) => `clinic.ehr.patients.${path}`),
        decided,
      );
    });
});

describe("and over the rows of a temporary table, whoever fills it", () => {
  const rows = "INSERT INTO t SELECT id, ssn, born FROM patients; SELECT id FROM t LIMIT 1";
  for (const [sql, ...outputs] of [
    [
      "CREATE TEMP TABLE t CLUSTER BY ssn AS SELECT id, ssn FROM patients; SELECT id FROM t LIMIT 1",
      "id = copy id ? ssn",
    ],
    [`CREATE TEMP TABLE t (id INT64, s STRING, b DATE) CLUSTER BY s; ${rows}`, "id = copy id ? ssn"],
    [
      `CREATE TEMP TABLE t (id INT64, s STRING, b DATE) PARTITION BY b CLUSTER BY s; ${rows}`,
      "id = copy id ? born, ssn",
    ],
    [
      `CREATE TEMP TABLE u (id INT64, s STRING, b DATE) CLUSTER BY s; CREATE TEMP TABLE t LIKE u; ${rows}`,
      "id = copy id ? ssn",
    ],
    // Of a copy it isn't kept by which of them.
    [
      `CREATE TEMP TABLE u (id INT64, s STRING, b DATE) CLUSTER BY s; CREATE TEMP TABLE t COPY u; ${rows}`,
      "id = copy id ? born, id, ssn",
    ],
    [
      `IF RAND() < 0.5 THEN CREATE TEMP TABLE t (id INT64, s STRING, b DATE); ELSE CREATE TEMP TABLE t (id INT64, s STRING, b DATE) CLUSTER BY s; END IF; ${rows}`,
      "id = copy id ? ssn",
    ],
    [
      "CREATE TEMP TABLE t (id INT64, s STRING) CLUSTER BY s; INSERT INTO t VALUES (1, 'a'); UPDATE t SET s = (SELECT MAX(ssn) FROM patients) WHERE id = 1; SELECT id FROM t",
      "id = ? ssn",
    ],
    [
      "CREATE TEMP TABLE t (id INT64, s STRING) CLUSTER BY s; MERGE t USING patients AS p ON FALSE WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.ssn); SELECT id FROM t",
      "id = copy id ? ssn",
    ],
    [`CREATE TEMP TABLE t (id INT64, s STRING, b DATE); ${rows}`, "id = copy id"],
  ] as const)
    test(sql, () => assert.deepEqual(results(sql), outputs));
});

test("and of a table that is there, as its description says", () => {
  const clustered = (table: string) => {
    const found = CLINIC.table(table);
    return table === "clinic.ehr.pair" && found !== undefined ? { ...found, clustering: { fields: ["B"] } } : found;
  };
  const decided = (sql: string) => {
    const { plan } = analyze(sql, { catalog: { ...CLINIC, table: clustered }, ...DEFAULTS });
    return plan.understood ? plan.statements[0]?.writes[0]?.implicit : plan.refusal;
  };
  assert.deepEqual(decided("INSERT INTO pair (a, b) SELECT name, ssn FROM patients"), [SSN]);
  assert.deepEqual(decided("INSERT INTO pair (b, a) SELECT name, ssn FROM patients"), ["clinic.ehr.patients.name"]);
  assert.deepEqual(decided("INSERT INTO pair (a) SELECT ssn FROM patients"), []);
});

describe("what fills too many partitions fails, which tells of the values that place rows", () => {
  const caught = (statement: string): string =>
    `DECLARE x INT64 DEFAULT 0; CREATE TEMP TABLE t (s STRING) CLUSTER BY s; BEGIN ${statement}; SET x = 1; EXCEPTION WHEN ERROR THEN SET x = 2; END; SELECT x`;
  for (const [statement, told] of [
    ["INSERT INTO t SELECT ssn FROM patients", "x = ? *, ssn"],
    ["CREATE TABLE ehr.x PARTITION BY b AS SELECT born AS b, id FROM patients", "x = ? *, born"],
    ["CREATE TEMP TABLE y PARTITION BY b AS SELECT born AS b, id FROM patients", "x = ? *, born"],
    ["INSERT INTO pair SELECT ssn, name FROM patients", "x ="],
  ] as const)
    test(statement, () => assert.deepEqual(results(caught(statement)), [told]));
});
