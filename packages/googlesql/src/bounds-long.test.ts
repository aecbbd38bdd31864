import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";
import { cpuMs } from "./testing/cpu-time.ts";

/** Texts of hundreds of kilobytes (I10): what takes the square of its length there may still look quick where it is short (bounds.test.ts). */
const times = (n: number, text: string, separator = ""): string => Array(n).fill(text).join(separator);
const each = (n: number, text: (i: number) => string, separator = ","): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(separator);

const numbered = (n: number): string => `SELECT ${each(n, (i) => `1 AS x${i}`)}`;

const variables = (n: number): string => each(n, (i) => `x${i}`);

interface Shape {
  readonly sql: (n: number) => string;
  /** So many, which are compared with a quarter. */
  readonly n: number;
  /** Of the refusal. */
  readonly code?: string;
  /** What they are made of isn't asked: that takes the product of statements and variables, up to a limit. */
  readonly namesAlone?: true;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  "arguments of CONCAT": { sql: (n) => `SELECT CONCAT(${times(n, "name", ",")}) FROM patients`, n: 100_000 },
  "arguments of JSON_ARRAY": { sql: (n) => `SELECT JSON_ARRAY(${times(n, "name", ",")}) FROM patients`, n: 100_000 },
  "arguments of FORMAT": {
    sql: (n) => `SELECT FORMAT('${times(n, "%s")}', ${times(n, "name", ",")}) FROM patients`,
    n: 80_000,
  },
  "arguments of COALESCE": { sql: (n) => `SELECT COALESCE(${times(n, "name", ",")}) FROM patients`, n: 150_000 },
  "arguments of GREATEST": { sql: (n) => `SELECT GREATEST(${times(n, "name", ",")}) FROM patients`, n: 150_000 },
  "texts put together": { sql: (n) => `SELECT ${times(n, "name", "||")} FROM patients`, n: 150_000 },
  "elements of an array": { sql: (n) => `SELECT [${times(n, "name", ",")}] FROM patients`, n: 150_000 },
  "calls of a function in JavaScript": {
    sql: (n) =>
      `CREATE TEMP FUNCTION f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'; SELECT ${times(n, "f(id)", "+")} FROM patients`,
    n: 60_000,
  },
  "FULL JOINs": {
    sql: (n) => `SELECT 1 FROM pair ${each(n, (i) => `FULL JOIN pair AS t${i} USING (a)`, " ")}`,
    n: 25_000,
    code: "limit",
  },
  "common tables in a row": {
    sql: (n) => `WITH ${each(n, (i) => `c${i} AS (SELECT a FROM ${i === 0 ? "pair" : `c${i - 1}`})`)} SELECT a FROM c0`,
    n: 25_000,
  },
  "common tables that refer to those behind them": {
    sql: (n) =>
      `WITH RECURSIVE ${each(n, (i) => `c${i} AS (SELECT a FROM ${i === n - 1 ? "pair" : `c${i + 1}`})`)} SELECT a FROM c0`,
    n: 25_000,
  },
  "common tables with common tables of their own": {
    sql: (n) =>
      `WITH RECURSIVE ${each(n, (i) => `c${i} AS (WITH z AS (SELECT a FROM pair) SELECT a FROM z)`)} SELECT a FROM c0`,
    n: 10_000,
  },
  "common tables with pipes": {
    sql: (n) => `WITH ${each(n, (i) => `c${i} AS (FROM pair |> WHERE TRUE)`)} SELECT a FROM c0`,
    n: 20_000,
  },
  "columns of queries by name": {
    sql: (n) => each(n, (i) => `SELECT 1 AS x${i}`, " FULL UNION ALL BY NAME "),
    n: 8_000,
  },
  "columns listed of queries by name": {
    sql: (n) =>
      `SELECT 1 AS x FULL UNION ALL BY NAME ON (${each(n, (i) => `x${i}`)}) SELECT ${each(n, (i) => `1 AS x${i}`)}`,
    n: 9_000,
  },
  "columns that one SET gives other values": {
    sql: (n) => `FROM (${numbered(n)}) |> SET ${each(n, (i) => `x${i} = 2`)}`,
    n: 9_000,
  },
  "columns that one DROP drops": {
    sql: (n) => `FROM (SELECT 1 AS y, ${each(n, (i) => `1 AS x${i}`)}) |> DROP ${each(n, (i) => `x${i}`)}`,
    n: 9_000,
  },
  "columns that one RENAME renames": {
    sql: (n) => `FROM (${numbered(n)}) |> RENAME ${each(n, (i) => `x${i} AS y${i}`)}`,
    n: 9_000,
  },
  "variables of one DECLARE": { sql: (n) => `DECLARE ${each(n, (i) => `x${i}`)} INT64; SELECT 1`, n: 80_000 },
  "variables of one SET": {
    sql: (n) =>
      `DECLARE ${each(n, (i) => `x${i}`)} INT64; SET (${each(n, (i) => `x${i}`)}) = (${times(n, "1", ",")}); SELECT 1`,
    n: 9_000,
  },
  "DECLAREs of a script": { sql: (n) => `${each(n, (i) => `DECLARE x${i} INT64;`, " ")} SELECT 1`, n: 12_000 },
  "SETs of as many variables": {
    sql: (n) => `DECLARE ${variables(n)} INT64; ${each(n, (i) => `SET x${i} = 1;`, " ")} SELECT x0`,
    n: 10_000,
  },
  "branches that each SET another variable": {
    sql: (n) =>
      `DECLARE ${variables(n)} INT64; IF x0 = 0 THEN ${each(n, (i) => `ELSEIF x${i} = ${i} THEN SET x${i} = 1;`, " ")} END IF`,
    n: 8_000,
  },
  "IFs that each SET another variable": {
    sql: (n) =>
      `DECLARE ${variables(n)} INT64; ${each(n, (i) => `IF x${i} = 0 THEN SET x${i} = 1; END IF;`, " ")} SELECT 1`,
    n: 5_000,
  },
  "loops that each SET another variable": {
    sql: (n) =>
      `DECLARE ${variables(n)} INT64; ${each(n, (i) => `WHILE x${i} = 0 DO SET x${i} = 1; END WHILE;`, " ")} SELECT 1`,
    n: 3_000,
  },
  "tables that a script makes": { sql: (n) => each(n, (i) => `CREATE TABLE ehr.n${i} (a INT64);`, " "), n: 10_000 },
  "temporary tables that a script makes": {
    sql: (n) => each(n, (i) => `CREATE TEMP TABLE n${i} (a INT64);`, " "),
    n: 10_000,
  },
  "texts in a row that EXECUTE IMMEDIATE runs": {
    sql: (n) =>
      `DECLARE ${each(n, (i) => `s${i}`)} STRING; ${each(n, (i) => `SET s${i} = 'SELECT 1';`, " ")} EXECUTE IMMEDIATE s0`,
    n: 6_000,
    namesAlone: true,
  },
  "texts that are put into each other": {
    sql: (n) =>
      `DECLARE s STRING DEFAULT '${times(300_000, "a")}'; ${times(n, "SET s = FORMAT('%s', s);")} EXECUTE IMMEDIATE s`,
    n: 15_000,
    code: "unsupported",
  },
  "elements of what EXECUTE IMMEDIATE computes": {
    sql: (n) => `EXECUTE IMMEDIATE (SELECT STRING_AGG(x) FROM UNNEST([${times(n, "'a'", ",")}]) AS x)`,
    n: 150_000,
    code: "unsupported",
  },
  "values of USING": {
    sql: (n) => `EXECUTE IMMEDIATE 'SELECT ?' USING ${times(n, "1", ",")}`,
    n: 150_000,
    code: "unsupported",
  },
  "blocks within each other around many statements": {
    sql: (n) =>
      `DECLARE s STRING; ${times(90, "BEGIN ")} ${times(n, "SET s = 'SELECT 1';")} ${times(90, "END;")} EXECUTE IMMEDIATE s`,
    n: 15_000,
  },
};

function codeOf({ sql, namesAlone }: Shape, n: number): string | undefined {
  const text = sql(n);
  const names = catalogNames(text, DEFAULTS);
  const plan = namesAlone ? names : analyze(text, { catalog: CLINIC, ...DEFAULTS }).plan;
  for (const answer of [names, plan]) {
    if (answer.understood) continue;
    assert.doesNotMatch(answer.refusal.message, /could not be analysed|too deeply nested to analyse/);
  }
  return plan.understood ? undefined : plan.refusal.code;
}

function taken(shape: Shape, n: number): number {
  const before = cpuMs();
  codeOf(shape, n);
  return cpuMs() - before;
}

describe("long texts", () => {
  for (const [what, shape] of Object.entries(SHAPES)) {
    it(`take no square of their time for ${what}`, () => {
      assert.equal(codeOf(shape, shape.n), shape.code);
      const few = Math.min(taken(shape, shape.n / 4), taken(shape, shape.n / 4));
      const many = taken(shape, shape.n);
      // Sixteen times as long, were it the square.
      assert.ok(many < 8 * few + 400, `${Math.round(few)} ms, then ${Math.round(many)}`);
    });
  }

  it("say what to do where queries take all columns of a wide one again and again", () => {
    const stars = each(200, (i) => `c${i + 1} AS (SELECT * FROM c${i} WHERE x${i} = 1)`);
    const { plan } = analyze(`WITH c0 AS (${numbered(9_000)}), ${stars} SELECT x0 FROM c200`, {
      catalog: CLINIC,
      ...DEFAULTS,
    });
    assert.equal(plan.understood, false);
    assert.match(plan.understood ? "" : plan.refusal.message, /too many columns in all; name those it needs/);
  });

  describe("where each column comes to show all others", () => {
    const fields = Array.from({ length: 300 }, (_, i) => ({ name: `c${i}`, type: "STRING" }));
    const wide = { tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "wide" }, schema: { fields } };
    const catalog = { table: (name: string) => (name === "clinic.ehr.wide" ? wide : undefined) };
    const recursion = (n: number, list: (n: number, item: (i: number) => string) => string, row = ""): string =>
      `WITH RECURSIVE d AS (SELECT ${list(n, (i) => `${each(8, (j) => `c${8 * i + j}`, "||")} AS x${i}`)} FROM wide
        UNION ALL SELECT ${list(n, (i) => `${row}x${(i + 1) % n} AS x${i}`)} FROM d) SELECT 1 FROM d`;
    const calls = (n: number): string =>
      `CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x';
       SELECT ${each(n, (i) => `f(c${i})`, "||")} FROM wide`;
    const shapes: readonly (readonly [what: string, few: number, many: number, sql: (n: number) => string])[] = [
      ["a recursion that turns columns round", 15, 30, (n) => recursion(n, each)],
      [
        "a recursion that turns fields round",
        15,
        30,
        (n) => recursion(n, (m, item) => `STRUCT(${each(m, item)}) AS s`, "s."),
      ],
      ["functions in JavaScript", 100, 250, calls],
    ];
    for (const [what, few, many, sql] of shapes) {
      it(`say what to do about ${what}`, () => {
        const quick = (n: number) => analyze(sql(n), { catalog, ...DEFAULTS, quick: true }).plan;
        assert.equal(quick(few).understood, true);
        const plan = quick(many);
        assert.equal(plan.understood ? "" : plan.refusal.code, "limit");
        assert.match(
          plan.understood ? "" : plan.refusal.message,
          /use fewer columns, above all in recursion and in .* JavaScript/,
        );
        assert.equal(analyze(sql(many), { catalog, ...DEFAULTS }).plan.understood, true);
      });
    }
  });

  it("say that functions call each other too deeply before the stack does", () => {
    const chain = (n: number, around: number): string =>
      each(
        n,
        (i) => {
          const inner = i === 0 ? "x" : `f${i - 1}(x)`;
          return `CREATE TEMP FUNCTION f${i}(x INT64) AS (${times(around, "ABS(")}${inner}${times(around, ")")});`;
        },
        " ",
      );
    for (const [n, around] of [
      [2000, 0],
      [60, 180],
    ] as const) {
      const { plan } = analyze(`${chain(n, around)} SELECT 1`, { catalog: CLINIC, ...DEFAULTS });
      assert.equal(plan.understood, false);
      assert.match(plan.understood ? "" : plan.refusal.message, /call each other are nested too deeply/);
    }
    const few = analyze(`${chain(60, 5)} SELECT f59(1)`, { catalog: CLINIC, ...DEFAULTS });
    assert.equal(few.plan.understood, true);
  });
});
