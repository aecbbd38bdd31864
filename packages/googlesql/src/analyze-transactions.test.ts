/** Transactions: what is written stays where a COMMIT is reached, and what decided that decides over it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { results, steps } from "./testing/clinic.ts";

const GUESS = "(SELECT MAX(ssn) FROM patients) = '1'";
const CAST = "SELECT CAST(ssn AS INT64) FROM patients";
const INSERT = "INSERT INTO pair (a) VALUES ('x')";
const NOTHING = "EXCEPTION WHEN ERROR THEN BEGIN END; END";
const WRITES = "| append pair a =  ? ssn";
/** Where what fails is a cast of each row. */
const CASTS = "| append pair a =  ? *, ssn";

/** The last statement of a kind that writes. */
const last = (sql: string, kind: string): string => {
  const step = steps(sql).findLast((line) => line.startsWith(kind)) ?? "none";
  return step.includes("|") ? step.slice(step.indexOf("|")) : "nothing";
};

describe("whether what was written stays is decided by what decided that a transaction ends", () => {
  for (const [kind, written, sql] of [
    // What is open when the script ends is rolled back.
    ["COMMIT", "| delete pair ? ssn", `BEGIN TRANSACTION; ${INSERT}; IF ${GUESS} THEN COMMIT TRANSACTION; END IF`],
    [
      "COMMIT",
      "| delete pair ? ssn",
      `BEGIN TRANSACTION; ${INSERT}; IF ${GUESS} THEN RETURN; END IF; COMMIT TRANSACTION`,
    ],
    ["COMMIT", "| delete pair ? *, ssn", `BEGIN TRANSACTION; ${INSERT}; ${CAST}; COMMIT TRANSACTION`],
    ["ROLLBACK", "| delete pair ? ssn", `BEGIN TRANSACTION; ${INSERT}; IF ${GUESS} THEN ROLLBACK TRANSACTION; END IF`],
    // Where nothing decides, nothing is told.
    ["COMMIT", "nothing", `BEGIN TRANSACTION; ${INSERT}; COMMIT TRANSACTION`],
    ["ROLLBACK", "nothing", `BEGIN TRANSACTION; ${INSERT}; ROLLBACK TRANSACTION`],
    ["BEGIN", "nothing", `${INSERT}; IF ${GUESS} THEN BEGIN TRANSACTION; END IF`],
  ] as const)
    test(sql, () => assert.equal(last(sql, kind), written));
});

describe("whether what is written stays is decided by what decided that a transaction is open", () => {
  for (const [sql, written] of [
    [`IF ${GUESS} THEN BEGIN TRANSACTION; END IF; ${INSERT}`, WRITES],
    [`BEGIN IF ${GUESS} THEN BEGIN TRANSACTION; END IF; ${NOTHING}; ${INSERT}`, WRITES],
    [`BEGIN TRANSACTION; BEGIN IF ${GUESS} THEN COMMIT TRANSACTION; END IF; ${NOTHING}; ${INSERT}`, WRITES],
    [`BEGIN BEGIN TRANSACTION; ${CAST}; COMMIT TRANSACTION; ${NOTHING}; ${INSERT}`, CASTS],
  ] as const)
    test(sql, () => assert.equal(last(sql, "INSERT"), written));

  test("and by nothing where none was begun in a branch", () => {
    const sql = `BEGIN TRANSACTION; COMMIT TRANSACTION; ${INSERT}`;
    assert.equal(last(sql, "INSERT"), "| append pair a = ");
  });
});

describe("a statement that fails where an earlier one did what it does decides whether later ones write", () => {
  const made = "CREATE TABLE ehr.q AS SELECT CAST(ssn AS INT64) AS a FROM patients";
  for (const [written, sql] of [
    // Handled, the first leaves no trace but its table.
    [CASTS, `BEGIN ${made}; ${NOTHING}; CREATE TABLE ehr.q (a INT64); ${INSERT}`],
    [
      WRITES,
      `BEGIN IF ${GUESS} THEN CREATE TABLE ehr.q (a INT64); END IF; ${NOTHING}; CREATE TABLE ehr.q (a INT64); ${INSERT}`,
    ],
    [
      WRITES,
      `BEGIN WHILE ${GUESS} DO CREATE TABLE ehr.q (a INT64); BREAK; END WHILE; ${NOTHING}; CREATE TABLE ehr.q (a INT64); ${INSERT}`,
    ],
  ] as const)
    test(sql, () => assert.equal(last(sql, "INSERT"), written));

  test("one that changes nothing lets none fail", () => {
    const sql = `DECLARE x INT64; BEGIN IF ${GUESS} THEN SET x = 1; END IF; ${NOTHING}; CREATE TABLE ehr.q (a INT64); ${INSERT}`;
    assert.equal(last(sql, "INSERT"), "| append pair a = ");
  });
});

test("what a COMMIT decides says nothing of a table that ends with the script", () => {
  const sql = `CREATE TEMP TABLE t AS SELECT 'x' AS a; BEGIN TRANSACTION; INSERT INTO t VALUES ('y'); IF ${GUESS} THEN COMMIT TRANSACTION; END IF`;
  assert.deepEqual(results(`${sql}; SELECT a FROM t`), ["a ="]);
  assert.deepEqual(results(`${sql.replace("COMMIT", "ROLLBACK")}; SELECT a FROM t`), ["a = ? ssn"]);
});
