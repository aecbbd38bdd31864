import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { results, scriptOf, steps } from "./testing/clinic.ts";

const COUNTED = "transform encounters.*";

describe("@@row_count", () => {
  it("is a constant before any statement", () => {
    assert.deepEqual(results("SELECT @@row_count AS n"), ["n ="]);
    assert.equal(scriptOf("SELECT @@row_count AS n").result[0]?.type, "INT64");
  });

  it("is made of what decided which rows were changed", () => {
    assert.deepEqual(results("DELETE FROM encounters WHERE kind = 'x'; SELECT @@row_count AS n"), [
      `n = ${COUNTED} ? encounters.kind`,
    ]);
    assert.deepEqual(
      results("UPDATE pair SET a = 'x' WHERE EXISTS (SELECT 1 FROM patients WHERE ssn = b); SELECT @@row_count AS n"),
      ["n = transform pair.*, transform * ? pair.b, *, ssn"],
    );
    assert.deepEqual(
      results("INSERT INTO pair (a) SELECT name FROM patients WHERE ssn = '1'; SELECT @@row_count AS n"),
      ["n = transform * ? ssn"],
    );
    assert.deepEqual(results("TRUNCATE TABLE encounters; SELECT @@row_count AS n"), [`n = ${COUNTED}`]);
  });

  it("counts what is made of an array, by its length", () => {
    const tags = "DECLARE t ARRAY<STRING> DEFAULT (SELECT tags FROM patients LIMIT 1)";
    assert.deepEqual(results(`${tags}; INSERT INTO pair (a) SELECT x FROM UNNEST(t) x; SELECT @@row_count AS n`), [
      "n = transform tags ? tags",
    ]);
  });

  it("is nothing else after DML, and may be what it was after all else", () => {
    const constant = (sql: string): boolean | undefined =>
      scriptOf(`${sql}; SELECT @@row_count AS n`).result[0]?.constant;
    for (const dml of [
      "INSERT INTO pair (a) SELECT name FROM patients",
      "UPDATE pair SET a = b WHERE TRUE",
      "DELETE FROM pair WHERE TRUE",
      "MERGE pair USING patients ON a = name WHEN MATCHED THEN DELETE",
    ])
      assert.equal(constant(dml), false, dml);
    for (const other of ["SELECT name FROM patients", "CREATE TABLE ehr.q AS SELECT name FROM patients"])
      assert.equal(constant(other), true, other);
  });

  it("is what the last of them left", () => {
    const sql =
      "DELETE FROM patients WHERE ssn = '1'; DELETE FROM encounters WHERE kind = 'x'; SELECT @@row_count AS n";
    assert.deepEqual(results(sql), [`n = ${COUNTED} ? encounters.kind`]);
    assert.deepEqual(results("DELETE FROM patients WHERE ssn = '1'; SELECT 1; SELECT @@row_count AS n"), [
      "n = transform * ? ssn",
    ]);
  });

  it("is decided by what decided which rows a temporary table has", () => {
    const made = "CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients WHERE name = 'x'";
    for (const change of ["UPDATE t SET s = 'y' WHERE TRUE", "DELETE FROM t WHERE TRUE"])
      assert.deepEqual(results(`${made}; ${change}; SELECT @@row_count AS n`), ["n = transform * ? name"]);
    const merge = "MERGE t USING pair ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE";
    assert.deepEqual(results(`${made}; ${merge}; SELECT @@row_count AS n`), [
      "n = transform pair.*, transform * ? pair.*, name",
    ]);
  });

  it("tells by a branch what decided over it", () => {
    const sql = `IF (SELECT MAX(ssn) FROM patients) > '5' THEN INSERT INTO pair (a) VALUES ('x'), ('y'); END IF;
      SELECT @@row_count AS n`;
    assert.deepEqual(results(sql), ["n = ? ssn"]);
  });

  it("goes on through loops, procedures and handlers", () => {
    const loop =
      "DECLARE n INT64 DEFAULT 0; WHILE n < 1 DO SET n = @@row_count; DELETE FROM patients WHERE ssn = '1'; END WHILE; SELECT n AS n";
    assert.match(results(loop)[0] ?? "", /transform \*.*ssn/);
    const procedure = `CREATE PROCEDURE ehr.drop_one() BEGIN DELETE FROM patients WHERE ssn = '1'; END;
      CALL ehr.drop_one(); SELECT @@row_count AS n`;
    assert.deepEqual(results(procedure), ["n = transform * ? ssn"]);
    const handler = `BEGIN DELETE FROM patients WHERE ssn = '1'; SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@row_count AS n; END;
      SELECT @@row_count AS n`;
    assert.match(results(handler)[0] ?? "", /ssn/);
  });

  it("stays with the variable that takes it", () => {
    assert.deepEqual(
      steps(
        "DECLARE n INT64; DELETE FROM patients WHERE ssn = '1'; SET n = @@row_count; IF n = 1 THEN DELETE FROM pair WHERE TRUE; END IF",
      ).slice(1),
      [
        "SELECT *: kept, ssn: predicate",
        "SELECT *: predicate, ssn: predicate",
        "DELETE pair.*: predicate, *: predicate, ssn: predicate | delete pair ? *, ssn",
      ],
    );
  });
});
