/** What a handler may rely on: what made it run, what its error tells of, and what ran before. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { steps } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";
import { scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";
const GUESS = `${SSN} = '1'`;
const CAST = "SELECT CAST(ssn AS INT64) FROM patients";
const IGNORED = "EXCEPTION WHEN ERROR THEN BEGIN END; END";
const ENDS = `${IGNORED}; SELECT x`;
const FAILS = "EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x";
const NAMES = "SELECT CAST(name AS INT64) FROM patients";
const BRANCH = `DECLARE x, y INT64 DEFAULT 0; IF ${GUESS} THEN SET y = 1; END IF`;

scriptTable("a query fails by its own values, whatever was set before", [
  [`${BRANCH}; BEGIN ${NAMES}; ${FAILS}`, "x = ? *, name"],
]);

scriptTable("a handler runs by all that what failed computes, be it shown as well", [
  [
    `DECLARE x INT64; BEGIN SELECT UPPER(ssn) AS u, CAST(name AS INT64) AS n FROM patients; ${FAILS}`,
    "x = ? *, name, ssn",
  ],
]);

scriptTable("what would have ended the script decides nothing that stands behind it", [
  [`DECLARE x INT64; ${CAST}; BEGIN CREATE TABLE ehr.y AS SELECT 1 AS n; ${FAILS}`, "x ="],
]);

test("and what is written behind one that nothing handles is decided by them alone", () => {
  const last = (sql: string): string => steps(sql).at(-1) ?? "";
  const insert = "INSERT INTO pair (a) VALUES ('x')";
  const written = "| append pair a =  ? *, name";
  assert.ok(last(`${BRANCH}; ${NAMES}; ${insert}`).endsWith(written));
  assert.ok(
    last(
      `${BRANCH}; INSERT INTO pair (a) SELECT CAST(CAST(name AS INT64) AS STRING) FROM patients; ${insert}`,
    ).endsWith(written),
  );
});

scriptTable("a statement that failed may have made nothing, so that a later one doesn't fail", [
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN CREATE TABLE ehr.q AS SELECT CAST(ssn AS INT64) AS a FROM patients; ${IGNORED}; BEGIN CREATE TABLE ehr.q (a INT64); SET x = 2; ${ENDS}`,
    "x = ? *, ssn",
  ],
]);

scriptTable("a handler runs by what fails, and not by what leaves its block otherwise", [
  [
    `DECLARE x INT64 DEFAULT 0; a: BEGIN BEGIN IF ${GUESS} THEN LEAVE a; END IF; EXCEPTION WHEN ERROR THEN SET x = 1; END; END; SELECT x`,
    "x =",
  ],
  ["DECLARE x INT64 DEFAULT 0; BEGIN EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x", "x ="],
]);

scriptTable("a handler that ends in a jump, a RETURN or an error of its own leaves what it left by it", [
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN RAISE USING MESSAGE = 'm'; END; ${FAILS}`,
    "x = ? *, ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; LOOP BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN BREAK; END; SET x = 1; BREAK; END LOOP; SELECT x`,
    "x = ? *, ssn",
  ],
  // A RETURN of the block's own.
  [`SELECT 0 AS x; BEGIN IF ${GUESS} THEN RETURN; END IF; ${IGNORED}; SELECT 1 AS x`, "x = ? ssn"],
]);

scriptTable("@@error of a handler within a handler isn't that of the one around", [
  [
    `DECLARE x STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN BEGIN BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN SELECT a FROM pair; END; EXCEPTION WHEN ERROR THEN BEGIN END; END; SET x = @@error.message; END; SELECT x`,
    "x =",
  ],
]);

test("RAISE is a statement of the plan, which reads nothing by itself", () => {
  assert.deepEqual(steps(`BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT ssn FROM patients; RAISE; END`), [
    "SELECT",
    "SELECT ssn: output",
    "SELECT",
  ]);
});

// A right is missing, for the function or for the model: that fails for certain, and so tells who called it.
describe("a call that fails whatever its values are tells which branch made it", () => {
  const clinic = defining([], [routine("drop", "x ANY", "1")]);
  const told = (call: string): string =>
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN SELECT ${call} AS c; END IF; SET x = 1; ${ENDS}`;
  for (const [call, sources] of [
    ["fn.drop(1)", ["clinic.ehr.patients.ssn"]],
    ["AI.GENERATE_BOOL('x').result", ["clinic.ehr.patients.ssn"]],
    // What is there for everybody tells nothing.
    ["UPPER('x')", []],
  ] as const)
    test(call, () => assert.deepEqual(clinic.plan(told(call)).result[0]?.implicit, sources));
});
