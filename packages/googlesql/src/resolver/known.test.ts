import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { catalogNames } from "../catalog-names.ts";
import { DEFAULTS, refusalOf } from "../testing/clinic.ts";

/** What the parser reads and the analysis does not know, and what the refusal calls it. */
const UNKNOWN: Readonly<Record<string, RegExp>> = {
  "FROM pair |> LOG": /LOG/,
  "FROM pair |> FORK (|> WHERE TRUE)": /FORK/,
  "SELECT a FROM (SELECT a FROM pair |> TEE)": /TEE/,
  "SELECT a FROM (FROM pair |> INSERT INTO pair)": /INSERT/,
  "FROM pair |> EXPORT DATA OPTIONS (uri = 'gs://x/*') |> SELECT a": /EXPORT DATA/,
  "FROM pair |> IF TRUE THEN (|> CREATE TABLE t)": /CREATE TABLE/,
  "EXECUTE IMMEDIATE CONCAT('SELECT ', @x)": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE (SELECT MAX(ssn) FROM patients)": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT ?' USING 1, 2": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT ?, @x' USING 1": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT ?' USING 1 AS x": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT @x' USING 1 AS x, 2": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT @x' USING 1 AS x, 2 AS X": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT @x'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'BEGIN END'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE \"SELECT 1\"'": /EXECUTE IMMEDIATE/,
  "DECLARE a, b INT64; EXECUTE IMMEDIATE 'DELETE FROM pair WHERE TRUE' INTO a, b": /EXECUTE IMMEDIATE/,
  // A text that isn't the same on every way.
  "DECLARE q STRING; EXECUTE IMMEDIATE q": /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; IF RAND() < 1 THEN SET q = 'SELECT 2'; END IF; EXECUTE IMMEDIATE q":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; WHILE TRUE DO EXECUTE IMMEDIATE q; SET q = 'SELECT 2'; END WHILE":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; LOOP IF RAND() < 1 THEN SET q = 'SELECT 2'; BREAK; END IF; END LOOP; EXECUTE IMMEDIATE q":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; b: BEGIN IF RAND() < 1 THEN SET q = 'SELECT 2'; BREAK b; END IF; SET q = 'SELECT 1'; END; EXECUTE IMMEDIATE q":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; BEGIN SET q = 'SELECT 2'; SELECT ERROR('x'); SET q = 'SELECT 1'; EXCEPTION WHEN ERROR THEN EXECUTE IMMEDIATE q; END":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; EXECUTE IMMEDIATE 'SELECT MAX(ssn) FROM patients' INTO q; EXECUTE IMMEDIATE q":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; CALL p(q); EXECUTE IMMEDIATE q": /EXECUTE IMMEDIATE/,
  "DECLARE q STRING DEFAULT 'SELECT 1'; SET (q) = (SELECT AS STRUCT 'SELECT 2'); EXECUTE IMMEDIATE q":
    /EXECUTE IMMEDIATE/,
  "DECLARE q STRING(3) DEFAULT 'SELECT 1'; EXECUTE IMMEDIATE q": /EXECUTE IMMEDIATE/,
  "FOR q IN (SELECT 'SELECT 1' AS a) DO EXECUTE IMMEDIATE q.a; END FOR": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE FORMAT('SELECT %t', 1)": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE FORMAT('SELECT %s')": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE UPPER('select 1')": /EXECUTE IMMEDIATE/,
};

describe("what the analysis does not know", () => {
  for (const [sql, message] of Object.entries(UNKNOWN)) {
    it(`is refused by name: ${sql}`, () => {
      const refusal = refusalOf(sql);
      assert.equal(refusal?.code, "unsupported");
      assert.match(refusal.message, message);
    });

    it(`names no tables: ${sql}`, () => {
      const names = catalogNames(sql, DEFAULTS);
      assert.ok(!names.understood);
      assert.match(names.refusal.message, message);
    });
  }
});

test("a long list is no depth", () => {
  assert.equal(refusalOf(`SELECT a FROM pair WHERE a IN (${Array(200_000).fill("'x'").join(",")})`), undefined);
});
