import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";

/** Texts that grow by `n`: what a parser by descent, a walk or a merge of sets could stumble over (I10). */
const times = (n: number, text: string, separator = ""): string => Array(n).fill(text).join(separator);
const each = (n: number, text: (i: number) => string, separator = ","): string =>
  Array.from({ length: n }, (_, i) => text(i)).join(separator);

const GROWING: Readonly<Record<string, (n: number) => string>> = {
  parentheses: (n) => `SELECT ${times(n, "(")}1${times(n, ")")}`,
  "open parentheses": (n) => `SELECT ${times(n, "(")}`,
  brackets: (n) => `SELECT ${times(n, "[")}1${times(n, "]")}`,
  commas: (n) => `SELECT ${times(n, ",")}`,
  columns: (n) => `SELECT ${each(n, (i) => `1 AS a${i}`)}`,
  AND: (n) => `SELECT id FROM patients WHERE ${times(n, "id = 1", " AND ")}`,
  OR: (n) => `SELECT id FROM patients WHERE ${times(n, "id = 1", " OR ")}`,
  NOT: (n) => `SELECT ${times(n, "NOT ")}TRUE`,
  "-": (n) => `SELECT ${times(n, "- ")}1`,
  "+": (n) => `SELECT ${times(n, "id", "+")} FROM patients`,
  "+ and -": (n) => `SELECT ${times(n, "id", "+id-")} FROM patients`,
  "||": (n) => `SELECT ${times(n, "name", "||")} FROM patients`,
  arguments: (n) => `SELECT CONCAT(${times(n, "name", ",")}) FROM patients`,
  COALESCE: (n) => `SELECT COALESCE(${times(n, "name", ",")}) FROM patients`,
  "UNION ALL": (n) => times(n, "SELECT id FROM patients", " UNION ALL "),
  IN: (n) => `SELECT id FROM patients WHERE id IN (${each(n, String)})`,
  "array elements": (n) => `SELECT [${each(n, String)}]`,
  CASE: (n) => `SELECT ${times(n, "CASE WHEN TRUE THEN ")}1${times(n, " END")}`,
  WHEN: (n) => `SELECT CASE ${each(n, (i) => `WHEN id = ${i} THEN name`, " ")} END FROM patients`,
  "STRUCT types": (n) => `SELECT CAST(NULL AS ${times(n, "STRUCT<a ")}INT64${times(n, ">")})`,
  "ARRAY types": (n) => `SELECT CAST(NULL AS ${times(n, "ARRAY<")}INT64${times(n, ">")})`,
  STRUCT: (n) => `SELECT ${times(n, "STRUCT(")}1${times(n, ")")}`,
  joins: (n) => `SELECT 1 FROM ${each(n, (i) => `pair AS t${i}`, " CROSS JOIN ")}`,
  "common tables": (n) =>
    `WITH ${each(n, (i) => `c${i} AS (SELECT ${i === 0 ? "1 AS x" : `x FROM c${i - 1}`})`)} SELECT x FROM c0`,
  subqueries: (n) => `${times(n, "SELECT * FROM (")}SELECT 1 AS x${times(n, ")")}`,
  "adjacent strings": (n) => `SELECT ${times(n, "'a' ")}`,
  escapes: (n) => `SELECT '${times(n, "\\n")}'`,
  quotes: (n) => `SELECT ${times(n, "'")}`,
  backslashes: (n) => `SELECT '${times(n, "\\")}`,
  comments: (n) => `SELECT ${times(n, "/* */ ")}1`,
  "open comments": (n) => `SELECT 1 /* ${times(n, "/*")}`,
  "line comments": (n) => `SELECT ${times(n, "--\n")}1`,
  digits: (n) => `SELECT ${times(n, "1")}`,
  dots: (n) => `SELECT a${times(n, ".a")}`,
  subscripts: (n) => `SELECT tags${times(n, "[0]")} FROM patients`,
  calls: (n) => `SELECT ${times(n, "ABS(")}1${times(n, ")")}`,
  "scalar subqueries": (n) => `SELECT ${each(n, (i) => `(SELECT MAX(id) FROM patients) AS a${i}`)}`,
  windows: (n) => `SELECT ${each(n, (i) => `SUM(id) OVER (PARTITION BY name) AS a${i}`)} FROM patients`,
  "grouping keys": (n) => `SELECT COUNT(*) FROM patients GROUP BY ${each(n, (i) => `id + ${i}`)}`,
  "ordering keys": (n) => `SELECT id FROM patients ORDER BY ${each(n, (i) => `id + ${i}`)}`,
  pipes: (n) => `FROM patients ${times(n, "|> WHERE id = 1 ")}`,
  statements: (n) => times(n, "SELECT 1;"),
  "short statements": (n) => times(n, "FROM pair;"),
  "statements in a block that catches": (n) =>
    `DECLARE x, y STRING; BEGIN ${times(n, "SET x = (SELECT MAX(a) FROM pair); SET y = x;")} EXCEPTION WHEN ERROR THEN END`,
  "branches of IF": (n) =>
    `DECLARE x INT64; IF x = 0 THEN ${each(n, (i) => `ELSEIF x = ${i} THEN SET x = 1;`, " ")} END IF`,
  "temporary tables": (n) => each(n, (i) => `CREATE TEMP TABLE t${i} AS SELECT a FROM pair;`, " "),
  "writes that a branch undoes": (n) =>
    `BEGIN TRANSACTION; ${times(n, "INSERT INTO pair (a) VALUES ('x'); IF RAND() > 1 THEN ROLLBACK; END IF;")}`,
  blocks: (n) => `${times(n, "BEGIN ")}SELECT 1;${times(n, "END;")}`,
  rows: (n) => `INSERT INTO pair (a) VALUES ${times(n, "('x')", ",")}`,
};

/** The code of the refusal, or "understood". */
function outcome(sql: string): string {
  const { plan } = analyze(sql, { catalog: CLINIC, ...DEFAULTS });
  if (plan.understood) return "understood";
  assert.doesNotMatch(plan.refusal.message, /could not be analysed|too deeply nested to analyse/);
  return plan.refusal.code;
}

/** Processor time for each character, the best of two. */
function timePerCharacter(sql: string): number {
  const taken = [1, 2].map(() => {
    const before = process.cpuUsage();
    outcome(sql);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / sql.length;
  });
  return Math.min(...taken);
}

describe("bounds of the front end", () => {
  for (const [what, make] of Object.entries(GROWING)) {
    it(`takes no more time for each of many ${what} than for each of few`, () => {
      const unit = make(1000).length / 1000;
      const few = timePerCharacter(make(Math.ceil(3000 / unit)));
      const many = timePerCharacter(make(Math.ceil(24_000 / unit)));
      // Eight times as many would take eight times as long for each, were the time quadratic.
      assert.ok(many < 4 * few + 0.5, `${few.toFixed(3)} µs a character, then ${many.toFixed(3)}`);
    });
  }

  it("answers the largest texts with a result or a limit", () => {
    const outcomes = {
      parentheses: outcome(GROWING.parentheses?.(10_000) ?? ""),
      commas: outcome(GROWING.commas?.(1_000_000) ?? ""),
      ands: outcome(`SELECT id FROM patients WHERE ${times(100_000, "id=1", " AND ")}`),
      unions: outcome(times(100_000, "SELECT 1", " UNION ALL ")),
      shortUnions: outcome(times(50_000, "SELECT 1", " UNION ALL ")),
      in: outcome(`SELECT id FROM patients WHERE id IN (${each(100_000, String)})`),
      cases: outcome(GROWING.CASE?.(10_000) ?? ""),
      structTypes: outcome(GROWING["STRUCT types"]?.(10_000) ?? ""),
      joins: outcome(GROWING.joins?.(10_000) ?? ""),
    };
    assert.deepEqual(outcomes, {
      parentheses: "limit",
      commas: "limit",
      ands: "understood",
      unions: "limit",
      shortUnions: "understood",
      in: "understood",
      cases: "limit",
      structTypes: "limit",
      joins: "limit",
    });
  });

  it("names as many columns as a table may have in little time", () => {
    const names = (prefix: string) => Array.from({ length: 9_000 }, (_, i) => `${prefix}${i}`);
    const tableReference = { projectId: "p", datasetId: "d", tableId: "wide" };
    const wide = { tableReference, schema: { fields: names("a").map((name) => ({ name, type: "INTEGER" })) } };
    const catalog = { table: (name: string) => (name === "p.d.wide" ? wide : undefined) };
    const listed = (prefix: string, text: (name: string) => string) => names(prefix).map(text).join(", ");
    for (const sql of [
      `ALTER TABLE p.d.wide ${listed("b", (name) => `ADD COLUMN ${name} INT64`)}`,
      `ALTER TABLE p.d.wide ${listed("a", (name) => `RENAME COLUMN ${name} TO b${name}`)}`,
      `ALTER TABLE p.d.wide ${listed("A", (name) => `DROP COLUMN ${name}`)}`,
      `INSERT INTO p.d.wide (${listed("A", String)}) SELECT * FROM p.d.wide`,
      `UPDATE p.d.wide SET ${listed("A", (name) => `${name} = 1`)} WHERE TRUE`,
      `CREATE SEARCH INDEX i ON p.d.wide (${times(6, listed("A", String), ", ")})`,
    ]) {
      const before = process.cpuUsage();
      assert.equal(analyze(sql, { catalog }).plan.understood, true);
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5_000_000, `${sql.slice(0, 50)}… takes ${Math.round((user + system) / 1000)} ms`);
    }
  });

  it("bounds what multiplies", () => {
    const called = (i: number): string => (i === 0 ? "x" : `f${i - 1}(x) + f${i - 1}(x)`);
    const outcomes = {
      // Each calls the one before it twice: 2^40 calls.
      functions: outcome(
        `${each(40, (i) => `CREATE TEMP FUNCTION f${i}(x INT64) AS (${called(i)});`, " ")} SELECT f39(1)`,
      ),
      // 100 KB, executed 100 times: 10 MB.
      texts: outcome(
        `DECLARE s STRING DEFAULT 'SELECT ${times(50_000, "1+")}1'; ${times(100, "EXECUTE IMMEDIATE s;")}`,
      ),
      // 2,000 statements with the 1,000 columns of one: two million names.
      columns: outcome(`CREATE TEMP TABLE t AS SELECT ${each(1000, (i) => `1 AS a${i}`)}; ${times(2000, "FROM t;")}`),
    };
    assert.deepEqual(outcomes, { functions: "limit", texts: "limit", columns: "limit" });
  });
});
