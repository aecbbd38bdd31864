/** Jumps, handlers and loops within each other: a value tells of every condition that decided whether control came to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { results } from "./testing/clinic.ts";

const GUESS = "(SELECT MAX(ssn) FROM patients) > '5'";

const TELLS: Readonly<Record<string, string>> = {
  "ITERATE in a handler": `DECLARE x INT64 DEFAULT 0; LOOP BEGIN SELECT ERROR('a') FROM patients WHERE ssn > '5';
    EXCEPTION WHEN ERROR THEN ITERATE; END; SET x = 1; BREAK; END LOOP; SELECT x`,
  "LEAVE out of the outer of two loops": `DECLARE x INT64 DEFAULT 0; a: LOOP b: LOOP IF ${GUESS} THEN LEAVE a; END IF;
    SET x = 1; LEAVE b; END LOOP; SET x = 2; LEAVE a; END LOOP; SELECT x`,
  "LEAVE out of a block around a block": `DECLARE x INT64 DEFAULT 0; a: BEGIN b: BEGIN IF ${GUESS} THEN LEAVE a; END IF; END;
    SET x = 1; END; SELECT x`,
  "a variable set in one branch and read in another condition": `DECLARE x, y INT64; IF ${GUESS} THEN SET x = 1; END IF;
    IF x = 1 THEN SET y = 2; END IF; SELECT y`,
  "a handler that fails inside another's block": `DECLARE x INT64 DEFAULT 0; BEGIN BEGIN SELECT 1 / 0;
    EXCEPTION WHEN ERROR THEN IF ${GUESS} THEN SELECT 1 / 0; END IF; SET x = 1; END; EXCEPTION WHEN ERROR THEN SET x = 2; END; SELECT x`,
  "how often REPEAT goes round": `DECLARE x INT64 DEFAULT 0;
    REPEAT SET x = x + 1; UNTIL x > (SELECT COUNT(*) FROM patients WHERE ssn > '5') END REPEAT; SELECT x`,
  "which branch of CASE is taken": `DECLARE x INT64 DEFAULT 0; CASE WHEN ${GUESS} THEN SET x = 1; ELSE SET x = 2; END CASE; SELECT x`,
  "for how many rows FOR goes round": `DECLARE x INT64 DEFAULT 0;
    FOR r IN (SELECT id FROM patients WHERE ssn > '5') DO SET x = x + 1; CONTINUE; SET x = 9; END FOR; SELECT x`,
  "that a loop inside a branch ended at all": `DECLARE x INT64 DEFAULT 0;
    IF TRUE THEN WHILE ${GUESS} DO SET x = 0; END WHILE; END IF; SET x = 1; SELECT x`,
  "that a loop inside a loop over rows ended": `DECLARE x INT64 DEFAULT 0;
    FOR r IN (SELECT 1 AS a) DO LOOP IF ${GUESS} THEN BREAK; END IF; END LOOP; END FOR; SET x = 1; SELECT x`,
};

describe("a value tells", () => {
  for (const [title, sql] of Object.entries(TELLS)) {
    test(title, () => assert.match(results(sql).join(), /^x = \?.*\bssn$|^y = \?.*\bssn$/));
  }
});

test("a branch that ends either way tells nothing to what is behind it", () => {
  assert.deepEqual(results(`DECLARE x, i INT64; IF ${GUESS} THEN SET i = 1; END IF; SET x = 1; SELECT x`), ["x ="]);
  assert.deepEqual(
    results(
      `DECLARE x, i INT64 DEFAULT 0; IF ${GUESS} THEN WHILE i < 9 DO SET i = 10; END WHILE; END IF; SET x = 1; SELECT x`,
    ),
    ["x ="],
  );
});

describe("a REQUIRED column that is given NULL fails where there is a row for it, which a handler tells", () => {
  const after = (statement: string): string[] =>
    results(
      `DECLARE m INT64 DEFAULT 1; BEGIN ${statement}; SET m = 2; EXCEPTION WHEN ERROR THEN SELECT 1; END; SELECT m`,
    );
  for (const [statement, expected] of [
    ["INSERT INTO copies (ssn) SELECT NULL FROM patients WHERE ssn = '1'", "m = ? *, ssn"],
    ["INSERT INTO copies (id) SELECT 1 FROM patients WHERE ssn = '1'", "m = ? *, ssn"],
    ["UPDATE copies SET ssn = NULL WHERE code = 'a'", "m = ? copies.*, copies.code"],
    ["UPDATE copies SET ssn = DEFAULT WHERE code = 'a'", "m = ? copies.*, copies.code"],
    [
      "MERGE copies USING patients ON FALSE WHEN NOT MATCHED AND name = 'a' THEN INSERT (ssn) VALUES (NULL)",
      "m = ? copies.*, *, name",
    ],
    // Others take NULL.
    ["INSERT INTO pair (a) SELECT NULL FROM patients WHERE ssn = '1'", "m ="],
  ] as const)
    test(statement, () => assert.deepEqual(after(statement), [expected]));
});

describe("what a branch may have made or dropped lets a later statement fail, which a handler tells", () => {
  const guess = "(SELECT MAX(ssn) FROM patients) = '1'";
  for (const [made, then] of [
    ["CREATE TABLE ehr.q (a INT64)", "CREATE TABLE ehr.q (a INT64)"],
    ["DROP TABLE IF EXISTS ehr.q", "DROP TABLE ehr.q"],
    ["CREATE SCHEMA clinic.q", "CREATE SCHEMA clinic.q"],
    ["CREATE PROCEDURE ehr.q() BEGIN END", "CREATE PROCEDURE ehr.q() BEGIN SELECT 1; END"],
    ["CREATE FUNCTION ehr.q() AS (1)", "CREATE FUNCTION ehr.q() AS (2)"],
  ] as const)
    test(then, () => {
      const handled = `BEGIN ${then}; SET m = 2; EXCEPTION WHEN ERROR THEN SELECT 1; END`;
      const sql = `DECLARE m INT64 DEFAULT 1; IF ${guess} THEN ${made}; END IF; ${handled}; SELECT m`;
      assert.deepEqual(results(sql), ["m = ? ssn"]);
    });
});

describe("a transaction that a branch may have begun lets a later COMMIT, ROLLBACK or BEGIN fail, which a handler tells", () => {
  const guess = "(SELECT MAX(ssn) FROM patients) = '1'";
  for (const then of ["COMMIT TRANSACTION", "ROLLBACK TRANSACTION", "BEGIN TRANSACTION"])
    test(then, () => {
      const handled = `BEGIN ${then}; SET m = 2; EXCEPTION WHEN ERROR THEN SELECT 1; END`;
      const sql = `DECLARE m INT64 DEFAULT 1; IF ${guess} THEN BEGIN TRANSACTION; END IF; ${handled}; SELECT m`;
      assert.deepEqual(results(sql), ["m = ? ssn"]);
    });
});
