import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";

/** A plan is kept, sent and written as JSON: how long that can become, however the statement makes it long (I10). */

const MOST = 8_000_000;

const named = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, i) => `a${i}`.padEnd(length, "x"));

/** `p.d.wide`, of so many columns with names of such a length, and `p.d.far`, a remote function. */
function catalogOf(columns: number, length: number) {
  const wide = {
    tableReference: { projectId: "p", datasetId: "d", tableId: "wide" },
    schema: { fields: named(columns, length).map((name) => ({ name, type: "STRING" })) },
  };
  return { table: (name: string) => (name === "p.d.wide" ? wide : undefined) };
}

const list = (count: number, text: (i: number) => string, separator = ", "): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(separator);

interface Shape {
  readonly length: number;
  readonly sql: (columns: number) => string;
}

/** Statements whose plans grow faster than they do: with the square of the columns, or with their names. */
const SHAPES: Readonly<Record<string, Shape>> = {
  "rows that are told apart by every column": { length: 6, sql: () => "SELECT DISTINCT * FROM p.d.wide" },
  "columns with the longest names": { length: 300, sql: () => "SELECT DISTINCT * FROM p.d.wide" },
  "the row as text, many times": {
    length: 6,
    sql: (n) => `SELECT ${list(n, (i) => `TO_JSON_STRING(w) AS b${i}`)} FROM p.d.wide AS w`,
  },
  "the row, many times": { length: 6, sql: (n) => `SELECT ${list(n, (i) => `w AS b${i}`)} FROM p.d.wide AS w` },
  "types with long names": {
    length: 6,
    sql: (n) =>
      `WITH s AS (SELECT STRUCT(${list(50, (i) => `1 AS ${"y".repeat(250)}${i}`)}) AS v) SELECT ${list(n, (i) => `v AS b${i}`)} FROM s`,
  },
  "a table written": {
    length: 6,
    sql: (n) => `CREATE TABLE p.d.copy AS SELECT ${list(n, (i) => `TO_JSON_STRING(w) AS b${i}`)} FROM p.d.wide AS w`,
  },
  "a script's many results": {
    length: 6,
    sql: (n) => `BEGIN ${list(n, () => "SELECT * FROM p.d.wide;", " ")} SELECT 1 AS one; END`,
  },
  "a script's result that a branch decides": {
    length: 6,
    sql: (n) =>
      `DECLARE x BOOL DEFAULT (SELECT LOGICAL_OR(${list(n, (i) => `${named(n, 6)[i]} = 'x'`, " OR ")}) FROM p.d.wide); SELECT * FROM p.d.wide; IF x THEN SELECT * FROM p.d.wide; END IF`,
  },
};

const planOf = ({ length, sql }: Shape, columns: number) =>
  analyze(sql(columns), { catalog: catalogOf(columns, length) }).plan;

describe("the length of a plan", () => {
  for (const [what, shape] of Object.entries(SHAPES)) {
    it(`is bounded for ${what}, and not before it is long`, () => {
      let longest = 0;
      for (let columns = 20; ; columns = Math.ceil(columns * 1.25)) {
        assert.ok(columns < 20_000, "no bound was met");
        const plan = planOf(shape, columns);
        if (!plan.understood) {
          assert.equal(plan.refusal.code, "limit");
          assert.match(plan.refusal.message, /too much to list; use fewer columns/);
          break;
        }
        longest = JSON.stringify({ ...plan, canonicalSql: "" }).length;
        assert.ok(longest <= MOST, `${columns} columns: ${longest} characters`);
      }
      // The next is longer by half at most: what is refused is no small plan.
      assert.ok(longest > 1_500_000, `refused after ${longest} characters`);
    });
  }

  it("leaves room for all columns that a table may have, and for rows of many columns told apart by each", () => {
    const many = analyze("SELECT * FROM p.d.wide WHERE a0xxxx = 'x' AND a1xxxx = 'x'", {
      catalog: catalogOf(10_000, 6),
    });
    assert.equal(many.plan.understood, true);
    const distinct = analyze("SELECT DISTINCT * FROM p.d.wide", { catalog: catalogOf(250, 25) });
    assert.equal(distinct.plan.understood, true);
  });
});
