/** Loops: where each begins and ends, by which way, and with what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { results, steps } from "./testing/clinic.ts";
import { type Line, scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";
const GUESS = `${SSN} = '1'`;
const NAME = "(SELECT name FROM patients LIMIT 1) = '2'";
const NUMBER = `CAST(${SSN} AS INT64)`;
const FAILS = "EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x";

scriptTable("a loop ends with what its last round left", [
  // LOOP ends by a jump alone, and REPEAT behind its first round.
  [`DECLARE x STRING DEFAULT ${SSN}; LOOP SET x = 'a'; BREAK; END LOOP; SELECT x`, "x ="],
  [`DECLARE x STRING DEFAULT ${SSN}; REPEAT SET x = 'a'; UNTIL TRUE END REPEAT; SELECT x`, "x ="],
  [`DECLARE x STRING DEFAULT ${SSN}; REPEAT SET x = 'a'; BREAK; UNTIL TRUE END REPEAT; SELECT x`, "x ="],
  [`DECLARE x STRING; REPEAT SET x = ${SSN}; UNTIL TRUE END REPEAT; SELECT x`, "x = copy ssn"],
  // Behind a jump, nothing.
  [`DECLARE x STRING; LOOP BREAK; SET x = ${SSN}; BREAK; END LOOP; SELECT x`, "x ="],
  [`DECLARE x, y STRING DEFAULT 'a'; LOOP SET y = x; SET x = ${SSN}; BREAK; END LOOP; SELECT y`, "y ="],
  [`DECLARE x, y STRING DEFAULT 'a'; REPEAT SET y = x; SET x = ${SSN}; BREAK; UNTIL TRUE END REPEAT; SELECT y`, "y ="],
  // FOR may have no row, and ends with any of them.
  [
    `DECLARE x STRING DEFAULT ${SSN}; FOR r IN (SELECT a FROM pair) DO SET x = 'a'; END FOR; SELECT x`,
    "x = copy ssn ? pair.*",
  ],
  [
    `DECLARE x STRING; FOR r IN (SELECT a FROM pair) DO SET x = ${SSN}; BREAK; END FOR; SELECT x`,
    "x = copy ssn ? pair.*",
  ],
  // What a handler finds is no way out.
  [
    `DECLARE x STRING; BEGIN LOOP SET x = ${SSN}; SELECT 1 / 0; SET x = 'b'; BREAK; END LOOP; SELECT x; EXCEPTION WHEN ERROR THEN SELECT 'q' AS x; END`,
    "x =",
  ],
]);

scriptTable("CONTINUE begins another round", [
  [
    `DECLARE x STRING DEFAULT ${SSN}; DECLARE i INT64 DEFAULT 0; LOOP SET i = i + 1; IF i < 2 THEN CONTINUE; END IF; SET x = 'a'; BREAK; END LOOP; SELECT x`,
    "x =",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; WHILE x = 'a' DO SET x = ${SSN}; CONTINUE; END WHILE; SELECT x`,
    "x = copy ssn ? ssn",
  ],
  // Of REPEAT, what stands behind UNTIL is asked before, or is passed over.
  [
    `DECLARE x STRING DEFAULT 'a'; DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 1; SET x = ${SSN}; CONTINUE; UNTIL i > 3 END REPEAT; SELECT x`,
    "x = copy ssn",
  ],
  [
    `DECLARE x STRING DEFAULT 'a'; FOR r IN (SELECT a FROM pair) DO SET x = ${SSN}; CONTINUE; END FOR; SELECT x`,
    "x = copy ssn ? pair.*",
  ],
  // A round is begun where those before weren't left.
  [
    `DECLARE x, i INT64 DEFAULT 0; FOR r IN (SELECT a FROM pair) DO IF i = 1 THEN SET x = 1; END IF; SET i = 1; IF ${GUESS} THEN BREAK; END IF; END FOR; SELECT x`,
    "x = ? pair.*, ssn",
  ],
]);

scriptTable("a jump out of a loop is one out of those that its label names, and of none else", [
  // The inner loop ends by its own jump alone.
  [
    `DECLARE x INT64 DEFAULT 0; a: LOOP b: LOOP IF ${GUESS} THEN LEAVE a; END IF; SET x = 1; LEAVE b; END LOOP; SET x = 2; LEAVE a; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; a: LOOP WHILE TRUE DO IF ${GUESS} THEN LEAVE a; END IF; BREAK; END WHILE; SET x = 2; BREAK; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; a: LOOP REPEAT IF ${GUESS} THEN LEAVE a; END IF; UNTIL TRUE END REPEAT; SET x = 2; BREAK; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; a: LOOP FOR r IN (SELECT 1 AS a) DO IF ${GUESS} THEN LEAVE a; END IF; END FOR; SET x = 2; BREAK; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  // With what stood there then.
  ...["WHILE TRUE DO SET x = s; LEAVE a; END WHILE", "REPEAT SET x = s; LEAVE a; UNTIL TRUE END REPEAT"].map(
    (loop): Line => [
      `DECLARE x STRING; DECLARE s STRING DEFAULT ${SSN}; a: BEGIN ${loop}; END; SELECT x`,
      "x = copy ssn",
    ],
  ),
  // A block without a label isn't left by the jump of the loop around.
  [
    `DECLARE x STRING DEFAULT 'a'; LOOP BEGIN IF ${GUESS} THEN BREAK; END IF; END; SET x = 'b'; BREAK; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  // One with a label is left with what stands before, and by nothing else.
  [`DECLARE x STRING; a: BEGIN SET x = ${SSN}; LEAVE a; END; SELECT x`, "x = copy ssn"],
  [
    `DECLARE x INT64; LOOP a: BEGIN IF ${NAME} THEN LEAVE a; END IF; IF ${GUESS} THEN BREAK; END IF; END; SET x = 1; BREAK; END LOOP; SELECT x`,
    "x = ? name, ssn",
  ],
  [`DECLARE x INT64; a: BEGIN IF ${GUESS} THEN LEAVE a; END IF; END; SET x = 1; SELECT x`, "x ="],
  [
    `DECLARE x INT64 DEFAULT 0; a: BEGIN BEGIN LEAVE a; EXCEPTION WHEN ERROR THEN BEGIN END; END; SET x = 1; END; SELECT x`,
    "x =",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; a: BEGIN BEGIN IF ${GUESS} THEN LEAVE a; END IF; EXCEPTION WHEN ERROR THEN BEGIN END; END; SET x = 1; END; SELECT x`,
    "x = ? ssn",
  ],
]);

scriptTable("a condition or a query that can fail lets the loop be left for a handler", [
  [`DECLARE x INT64 DEFAULT 0; BEGIN WHILE ${NUMBER} > 0 DO BREAK; END WHILE; ${FAILS}`, "x = ? *, ssn"],
  [`DECLARE x INT64 DEFAULT 0; BEGIN REPEAT BEGIN END; UNTIL ${NUMBER} > 0 END REPEAT; ${FAILS}`, "x = ? *, ssn"],
  // That of a round that is left before is never asked.
  [`DECLARE x INT64 DEFAULT 0; BEGIN REPEAT BREAK; UNTIL ${NUMBER} > 0 END REPEAT; ${FAILS}`, "x ="],
  [`DECLARE x INT64 DEFAULT 0; BEGIN FOR r IN (SELECT ${NUMBER} AS n) DO BEGIN END; END FOR; ${FAILS}`, "x = ? *, ssn"],
  [`DECLARE x INT64 DEFAULT 0; BEGIN IF ${NUMBER} > 0 THEN BEGIN END; END IF; ${FAILS}`, "x = ? *, ssn"],
  [`DECLARE x INT64 DEFAULT 0; BEGIN CASE ${NUMBER} WHEN 1 THEN BEGIN END; END CASE; ${FAILS}`, "x = ? *, ssn"],
  [`DECLARE x INT64 DEFAULT 0; BEGIN CASE 1 WHEN ${NUMBER} THEN BEGIN END; END CASE; ${FAILS}`, "x = ? *, ssn"],
]);

// It fails for certain, behind what the round did.
scriptTable("a condition that fails tells which branch came to it, and leaves a handler what stood there then", [
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN REPEAT BEGIN END; UNTIL CAST('q' AS INT64) = 1 END REPEAT; END IF; ${FAILS}`,
    "x = ? ssn",
  ],
  [
    `DECLARE x, y STRING; BEGIN REPEAT SET x = ${SSN}; UNTIL CAST('q' AS INT64) = 1 END REPEAT; EXCEPTION WHEN ERROR THEN SET y = x; END; SELECT y`,
    "y = copy ssn",
  ],
]);

scriptTable("that a loop ended tells what could have kept it there, and nothing else does", [
  // One that ends in its first round keeps nobody.
  [`DECLARE x INT64; WHILE ${GUESS} DO BREAK; END WHILE; SET x = 1; SELECT x`, "x ="],
  [
    `DECLARE x INT64; IF ${NAME} THEN WHILE ${GUESS} DO SET x = 0; END WHILE; END IF; SET x = 1; SELECT x`,
    "x = ? name, ssn",
  ],
  [
    `DECLARE x INT64; BEGIN WHILE ${GUESS} DO SET x = 0; END WHILE; EXCEPTION WHEN ERROR THEN SET x = 2; END; SET x = 1; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64; a: BEGIN WHILE ${GUESS} DO IF ${NAME} THEN LEAVE a; END IF; END WHILE; SET x = 1; END; SELECT x`,
    "x = ? name, ssn",
  ],
]);

test("a handler may catch that a loop's time is up, so that what kept it going decides over what it does", () => {
  const sql = `DECLARE g BOOL DEFAULT ${GUESS}; BEGIN WHILE g DO SET g = g; END WHILE; EXCEPTION WHEN ERROR THEN SELECT 1 AS y; END; SELECT 2 AS x`;
  assert.deepEqual(steps(sql).slice(-2), ["SELECT ssn: predicate", "SELECT ssn: predicate"]);
});

test("FOR's query knows the variables and the branch that it stands in", () => {
  assert.deepEqual(results("DECLARE v INT64; FOR r IN (SELECT v AS a) DO SET v = r.a; END FOR; SELECT v"), ["v ="]);
  const plan = steps(`IF ${GUESS} THEN FOR r IN (SELECT a FROM pair) DO BEGIN END; END FOR; END IF; SELECT 1 AS x`);
  assert.deepEqual(plan, ["SELECT ssn: predicate", "SELECT pair.*: predicate, pair.a: kept, ssn: predicate", "SELECT"]);
});
