/** What DECLARE and SET take, and what of it can fail. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf, scriptOf, steps } from "./testing/clinic.ts";
import { scriptTable } from "./testing/flow-tables.ts";

const GUESS = "(SELECT ssn FROM patients LIMIT 1) = '1'";
const ENDS = "EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT x";

test("NULL is no literal, whatever the variable's type", () => {
  const constant = (sql: string): boolean | undefined => scriptOf(`${sql}; SELECT x`).result[0]?.constant;
  for (const type of ["STRING", "FLOAT64", "STRING(3)", "ARRAY<STRING>"])
    assert.equal(constant(`DECLARE x ${type}; SET x = NULL`), false, type);
  assert.equal(constant("DECLARE x STRING; SET x = 'a'"), true);
});

describe("a value that its variable holds for certain is kept, and asked nothing else", () => {
  for (const [sql, step] of [
    ["DECLARE x FLOAT64 DEFAULT (SELECT id FROM patients LIMIT 1)", "SELECT id: kept"],
    ["DECLARE x DEFAULT (SELECT address FROM patients LIMIT 1)", "SELECT address.city: kept, address.zip: kept"],
    ["DECLARE x STRING(3) DEFAULT (SELECT name FROM patients LIMIT 1)", "SELECT name: kept predicate"],
  ] as const)
    test(sql, () => assert.deepEqual(steps(sql), [step]));
});

scriptTable("a literal that isn't of the variable's type fails where it is reached", [
  [
    `DECLARE d DATE; DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN SET d = 'q'; END IF; SET x = 1; ${ENDS}`,
    "x = ? ssn",
  ],
]);

describe("SET of several variables", () => {
  test("takes literals as SET of one does", () => {
    const sql = "DECLARE d DATE; DECLARE e INT64; SET (d, e) = ('2020-01-01', 1); SELECT d";
    assert.equal(scriptOf(sql).result[0]?.type, "DATE");
  });
  test("takes values of other types as little as SET of one does", () => {
    const sql = "DECLARE d DATE; DECLARE e INT64; SET (d, e) = (SELECT AS STRUCT ssn, id FROM patients LIMIT 1)";
    assert.equal(refusalOf(sql)?.code, "type");
  });
});
