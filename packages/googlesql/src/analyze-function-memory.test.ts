/** Functions in JavaScript may keep what they are given from call to call, and show it in the result of another. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { results, scriptOf } from "./testing/clinic.ts";

const FUNCTIONS = `CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'var y = globalThis.k; globalThis.k = x; return y';
  CREATE TEMP FUNCTION g(x STRING) RETURNS STRING LANGUAGE js AS 'return globalThis.k';`;
const shown = (sql: string): string[] => results(`${FUNCTIONS} ${sql}`);

describe("a call shows what another call was given", () => {
  const BOTH = "transform name, transform ssn";
  for (const [sql, ...outputs] of [
    ["SELECT f(ssn) AS a, f(name) AS b FROM patients", `a = ${BOTH}`, `b = ${BOTH}`],
    // Also what stands behind it: rows come in any order.
    ["SELECT f(name) AS b, state, f(ssn) AS a FROM patients", `b = ${BOTH}`, "state = copy state", `a = ${BOTH}`],
    // And where nothing of the other call is shown.
    ["SELECT f(name) AS b FROM (SELECT name, f(ssn) AS a FROM patients)", `b = ${BOTH}`],
    // Two functions may have one memory.
    ["SELECT g(name) AS b, f(ssn) AS a FROM patients", `b = ${BOTH}`, `a = ${BOTH}`],
    ["SELECT f(f(name)) AS b, f(ssn) AS a FROM patients", `b = ${BOTH}`, `a = ${BOTH}`],
    ["SELECT f('a') AS b, f(ssn) AS a FROM patients", "b = transform ssn", "a = transform ssn"],
  ] as const)
    test(sql, () => assert.deepEqual(shown(sql), outputs));

  test("of a statement of the same script", () => {
    const sql = `DECLARE x STRING; ${FUNCTIONS} SET x = (SELECT MAX(f(ssn)) FROM patients); SELECT g('b') AS b`;
    assert.deepEqual(results(sql), ["b = transform ssn"]);
  });
});

test("of the same column twice, nothing else is shown", () => {
  assert.deepEqual(shown("SELECT f(ssn) AS a, name FROM patients"), ["a = transform ssn", "name = copy name"]);
  assert.deepEqual(shown("SELECT f(ssn) AS a, g(ssn) AS b FROM patients"), ["a = transform ssn", "b = transform ssn"]);
});

test("a text that a function makes is as long as it likes, and what is put together with it too long for some values", () => {
  const uses = (sql: string) =>
    scriptOf(`${FUNCTIONS} ${sql}`)
      .statements.flatMap(({ reads }) => reads)
      .flatMap(({ columns }) => columns)
      .find(({ path }) => path === "ssn")?.uses;
  assert.deepEqual(uses("SELECT CONCAT(f(name), ssn) AS x FROM patients"), ["output", "predicate"]);
  assert.deepEqual(uses("SELECT f(name) AS a, ssn FROM patients"), ["output"]);
});
