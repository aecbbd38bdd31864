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
  "EXECUTE IMMEDIATE CONCAT('SELECT ', '1')": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT ?' USING 1": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT @x'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'BEGIN END'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE \"SELECT 1\"'": /EXECUTE IMMEDIATE/,
  "EXECUTE IMMEDIATE 'SELECT \\'x\\''": /EXECUTE IMMEDIATE/,
  "DECLARE a, b INT64; EXECUTE IMMEDIATE 'SELECT 1, 2' INTO a, b": /EXECUTE IMMEDIATE/,
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
