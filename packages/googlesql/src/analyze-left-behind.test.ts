/** What a script's statements leave behind where they fail or meet: for handlers, for later statements, for the client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptOf, steps } from "./testing/clinic.ts";
import { scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";
const GUESS = `${SSN} = '1'`;
const NAME = "(SELECT name FROM patients LIMIT 1) = '2'";
const CAST = "SELECT CAST(ssn AS INT64) FROM patients";
const FEW = "CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients WHERE name = 'x'";
const ENDS = "EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT x";
const BYTES = "EXCEPTION WHEN ERROR THEN SET b = @@script.bytes_processed; END; SELECT b";
const JOBS = "EXCEPTION WHEN ERROR THEN SET n = @@script.num_child_jobs; END; SELECT n";

scriptTable("a handler finds what any statement of its block may have left, however deep it stands", [
  [
    `DECLARE x STRING DEFAULT 'a'; BEGIN IF TRUE THEN SET x = ${SSN}; SELECT a FROM pair; SET x = 'b'; END IF; SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; BEGIN LOOP SET x = ${SSN}; SELECT a FROM pair; SET x = 'b'; BREAK; END LOOP; SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; BEGIN REPEAT SET x = ${SSN}; SELECT a FROM pair; SET x = 'b'; UNTIL TRUE END REPEAT; SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; BEGIN FOR r IN (SELECT 1 AS a) DO SET x = ${SSN}; SELECT a FROM pair; SET x = 'b'; END FOR; SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  // In a handler within the block.
  [
    `DECLARE x STRING DEFAULT 'a'; BEGIN BEGIN SELECT a FROM pair; EXCEPTION WHEN ERROR THEN SET x = ${SSN}; SELECT b FROM pair; SET x = 'b'; END; ${ENDS}`,
    "x = copy ssn",
  ],
  // In a procedure, whose results may have been handed back or not.
  [
    `DECLARE x STRING DEFAULT 'a'; CREATE PROCEDURE ehr.p(INOUT x STRING) BEGIN SET x = ${SSN}; SELECT a FROM pair; SET x = 'b'; END; BEGIN CALL ehr.p(x); SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT ${SSN}; CREATE PROCEDURE ehr.p(OUT o STRING) BEGIN SET o = 'b'; SELECT 1 / 0; END; BEGIN CALL ehr.p(x); SET x = 'c'; ${ENDS}`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; CREATE PROCEDURE ehr.p(INOUT o STRING, n INT64) BEGIN IF n > 0 THEN CALL ehr.p(o, n - 1); SET o = ${SSN}; END IF; END; BEGIN CALL ehr.p(x, 3); SELECT a FROM pair; ${ENDS}`,
    "x = copy ssn",
  ],
]);

scriptTable("what decides that a handler runs decides what it leaves", [
  // It stands in a branch, whatever in its block can fail.
  [
    `DECLARE x INT64 DEFAULT 0; IF ${GUESS} THEN BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SET x = 1; END; END IF; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN ASSERT ${GUESS} AS 'm'; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? ssn",
  ],
  // A table is there already, or not.
  [
    `DECLARE x INT64 DEFAULT 0; IF ${GUESS} THEN CREATE TABLE ehr.made AS SELECT 1 AS a; END IF; BEGIN CREATE TABLE ehr.made AS SELECT CAST(name AS INT64) AS a FROM patients; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? *, name, ssn",
  ],
  // Of a statement that also fails by its values the same is said.
  [
    `DECLARE x INT64 DEFAULT 0; IF ${GUESS} THEN SELECT 1; END IF; BEGIN INSERT INTO pair (a) SELECT CAST(CAST(name AS INT64) AS STRING) FROM patients; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? *, name, ssn",
  ],
  // Arguments that can't fail don't.
  [
    `DECLARE x INT64 DEFAULT 0; CREATE PROCEDURE ehr.p(a INT64, b STRING) BEGIN SELECT 1; END; BEGIN CALL ehr.p(CAST(${SSN} AS INT64), (SELECT name FROM patients LIMIT 1)); EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? *, ssn",
  ],
  // How many rows a temporary table has was decided where it was made, also where nothing but EXISTS of a count asks.
  [
    `DECLARE x INT64 DEFAULT 0; ${FEW}; BEGIN SELECT EXISTS (SELECT COUNT(*) FROM t) AS e, 1 / 0 AS q; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? *, name",
  ],
]);

scriptTable("a branch in a branch is decided by both conditions", [
  [
    `DECLARE x INT64 DEFAULT 0; DECLARE g BOOL DEFAULT ${GUESS}; DECLARE h BOOL DEFAULT ${NAME}; IF g THEN IF h THEN SET x = 1; END IF; END IF; SELECT x`,
    "x = ? name, ssn",
  ],
]);

scriptTable("a handler knows what the statements of its block cost, the one that failed too", [
  [`DECLARE b INT64; BEGIN SELECT ssn FROM patients; ${BYTES}`, "b = transform *, transform ssn"],
  [`DECLARE b INT64; SELECT ssn FROM patients; BEGIN SELECT 1; ${BYTES}`, "b = transform *, transform ssn"],
  [
    `DECLARE b INT64; BEGIN SELECT name FROM patients; IF TRUE THEN SELECT ssn FROM patients; END IF; ${BYTES}`,
    "b = transform *, transform name, transform ssn",
  ],
  [
    `DECLARE b INT64; BEGIN IF EXISTS (SELECT COUNT(*) FROM patients) THEN ELSEIF EXISTS (SELECT COUNT(*) FROM pair) THEN END IF; ${BYTES}`,
    "b = transform pair.*, transform *",
  ],
]);

scriptTable("what statements cost adds up, on whichever way", [
  [
    "SELECT ssn FROM patients; SELECT name FROM patients; SELECT @@script.bytes_processed AS b",
    "b = transform *, transform name, transform ssn",
  ],
  [
    "IF TRUE THEN SELECT ssn FROM patients; END IF; SELECT @@script.bytes_processed AS b",
    "b = transform *, transform ssn",
  ],
  // Undoing what was written costs as much as deleting it.
  [
    `BEGIN TRANSACTION; INSERT INTO pair (a) VALUES ('x'); IF ${GUESS} THEN ROLLBACK TRANSACTION; END IF; SELECT @@script.bytes_processed AS b`,
    "b = transform pair.*, transform pair.a, transform pair.b, transform *, transform ssn ? ssn",
  ],
]);

scriptTable("how many statements ran tells of all branches before, also to a handler", [
  [
    `IF ${GUESS} THEN SELECT 1; END IF; IF ${NAME} THEN SELECT 2; END IF; SELECT @@script.num_child_jobs AS n`,
    "n = ? name, ssn",
  ],
  [
    `DECLARE n INT64; BEGIN IF ${GUESS} THEN SELECT 1; ELSEIF ${NAME} THEN SELECT 2; END IF; ${JOBS}`,
    "n = ? name, ssn",
  ],
  [`DECLARE n INT64; IF ${GUESS} THEN SELECT 1; END IF; BEGIN LOOP BREAK; END LOOP; ${JOBS}`, "n = ? ssn"],
  [
    `BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN BEGIN IF ${NAME} THEN RAISE; END IF; EXCEPTION WHEN ERROR THEN BEGIN END; END; END; SELECT @@script.num_child_jobs AS n`,
    "n = ? name",
  ],
]);

scriptTable("an error that is raised again is still what it was", [
  [
    `DECLARE m STRING; BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN BEGIN RAISE; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; END; SELECT m`,
    "m = transform *, transform ssn ? *, ssn",
  ],
]);

scriptTable("@@row_count is of what failed and of FOR's rows too, and no statistic", [
  [
    "DECLARE n INT64; DELETE FROM pair WHERE TRUE; BEGIN DELETE FROM patients WHERE 1 / weight > 1; EXCEPTION WHEN ERROR THEN SET n = @@row_count; END; SELECT n",
    "n = transform pair.*, transform * ? pair.*, *, weight",
  ],
  [
    "DECLARE n INT64; FOR r IN (SELECT ssn FROM patients WHERE state = 'x') DO SET n = @@row_count; END FOR; SELECT n",
    "n = transform * ? *, state",
  ],
  [
    "MERGE pair USING (SELECT ssn FROM patients WHERE name = 'q') ON a = ssn WHEN MATCHED AND b = 'z' THEN DELETE; SELECT @@row_count AS n",
    "n = transform pair.*, transform * ? pair.*, pair.a, pair.b, *, name, ssn",
  ],
  [
    "DELETE FROM pair WHERE a = 'x'; SELECT SUM(n) AS s FROM UNNEST([@@row_count]) AS n",
    "s = transform pair.* ? pair.a",
  ],
]);

scriptTable("which result is the last one is decided by all that decided between them", [
  [
    "DECLARE y INT64; SELECT 1 AS x; BEGIN SELECT WITH(z AS 1 / id, 5) AS x FROM patients; EXCEPTION WHEN ERROR THEN SET y = 1; END; IF 1 = 1 THEN SET y = 2; ELSE SELECT 7 AS x; END IF",
    "x = ? *, id",
  ],
  [
    "IF TRUE THEN SELECT id AS x FROM patients WHERE name = 'n'; ELSE SELECT id AS x FROM patients WHERE state = 's'; END IF",
    "x = copy id ? name, state",
  ],
]);

scriptTable("what was written before is there beside what is written now", [
  [
    "INSERT INTO pair (a) SELECT name FROM patients; INSERT INTO pair (a) SELECT ssn FROM patients; SELECT a FROM pair",
    "a = copy pair.a, copy name, copy ssn",
  ],
  [
    `${FEW}; INSERT INTO t SELECT a FROM pair WHERE b = 'y'; SELECT s FROM t`,
    "s = copy pair.a, copy ssn ? pair.b, name",
  ],
  [
    "IF TRUE THEN CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; ELSE CREATE TEMP TABLE t AS SELECT a AS s FROM pair; END IF; SELECT COUNT(*) AS n FROM t",
    "n = aggregate pair.*, aggregate *",
  ],
  [`${FEW}; CREATE TEMP TABLE u COPY t; SELECT COUNT(*) AS n FROM u`, "n = aggregate * ? name"],
  [
    "MERGE pair USING patients ON FALSE WHEN NOT MATCHED THEN INSERT (a) VALUES ('x'); SELECT COUNT(*) AS n FROM pair",
    "n = aggregate pair.*, aggregate *",
  ],
  [
    "INSERT INTO pair (a) SELECT name FROM patients WHERE ssn = '1'; SELECT a FROM APPENDS(TABLE pair, NULL, NULL)",
    "a = copy pair.a, copy name ? ssn",
  ],
  [
    "INSERT INTO pair (a) SELECT name FROM patients WHERE ssn = '1'; SELECT a FROM pair FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
    "a = copy pair.a, copy name ? ssn",
  ],
  // Whether an earlier statement failed decides whether a ROLLBACK is reached.
  [
    `BEGIN TRANSACTION; INSERT INTO pair (a) VALUES ('x'); ${CAST}; ROLLBACK TRANSACTION; SELECT a FROM pair`,
    "a = copy pair.a ? *, ssn",
  ],
  // A procedure that calls itself begins again in what it was called in first.
  [
    `DECLARE x STRING DEFAULT 'a'; CREATE PROCEDURE ehr.p(INOUT o STRING, i STRING, n INT64) BEGIN IF n > 0 THEN CALL ehr.p(o, 'b', n - 1); END IF; SET o = i; END; CALL ehr.p(x, ${SSN}, 3); SELECT x`,
    "x = copy ssn",
  ],
]);

test("where a statement failed is a constant", () => {
  const sql =
    "DECLARE t STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET t = @@error.stack_trace[OFFSET(0)].location; END; SELECT t";
  assert.deepEqual(
    scriptOf(sql).result.map(({ explicit, constant }) => ({ explicit, constant })),
    [{ explicit: [], constant: true }],
  );
});

test("the operand of CASE is read, though its branches do nothing", () => {
  assert.equal(steps(`CASE ${SSN} WHEN 'x' THEN BEGIN END; END CASE; SELECT 1 AS x`)[0], "SELECT ssn: predicate");
});
