/** EXECUTE IMMEDIATE: a text that is known is analysed where it stands, with what USING gives it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { CLINIC, canonical, DEFAULTS, refusalOf, results, scriptOf } from "./testing/clinic.ts";

const SSN = "(SELECT ANY_VALUE(ssn) FROM patients)";

const RESULTS: Readonly<Record<string, readonly string[]>> = {
  "EXECUTE IMMEDIATE 'SELECT ' || 'ssn FROM ' || 'patients'": ["ssn = copy ssn"],
  "EXECUTE IMMEDIATE CONCAT('SELECT ', 'ssn', ' FROM patients')": ["ssn = copy ssn"],
  "EXECUTE IMMEDIATE FORMAT('SELECT %s FROM %s LIMIT %d', 'ssn', 'patients', 1)": ["ssn = copy ssn"],
  "EXECUTE IMMEDIATE 'SELECT \\'x\\' AS a'": ["a ="],
  "DECLARE q STRING; SET q = 'SELECT ssn FROM patients'; EXECUTE IMMEDIATE q": ["ssn = copy ssn"],
  "DECLARE c DEFAULT 'ssn'; EXECUTE IMMEDIATE FORMAT('SELECT %s FROM patients', c)": ["ssn = copy ssn"],
  "DECLARE q STRING; IF RAND() < 1 THEN SET q = 'SELECT ssn FROM patients'; ELSE SET q = 'SELECT ssn FROM patients'; END IF; EXECUTE IMMEDIATE q":
    ["ssn = copy ssn"],
  "DECLARE q STRING DEFAULT 'SELECT 1 AS ssn'; SET q = 'SELECT ssn FROM patients'; BEGIN EXECUTE IMMEDIATE q; END": [
    "ssn = copy ssn",
  ],
  [`DECLARE v STRING DEFAULT ${SSN}; EXECUTE IMMEDIATE 'SELECT ? AS a' USING v`]: ["a = copy ssn"],
  [`EXECUTE IMMEDIATE 'SELECT @x AS a, @y AS b' USING ${SSN} AS y, 'z' AS X`]: ["a =", "b = copy ssn"],
  // A value of USING is none of the columns of the text's tables.
  [`DECLARE name STRING DEFAULT ${SSN}; EXECUTE IMMEDIATE 'SELECT @p AS a FROM patients' USING name AS p`]: [
    "a = copy ssn",
  ],
  "DECLARE s STRING DEFAULT 'x'; EXECUTE IMMEDIATE 'SELECT name FROM patients WHERE ssn = ?' USING s": [
    "name = copy name ? ssn",
  ],
  "EXECUTE IMMEDIATE 'SELECT ssn FROM patients LIMIT @n' USING 5 AS n": ["ssn = copy ssn"],
  "DECLARE a, b STRING; EXECUTE IMMEDIATE 'SELECT ssn, name FROM patients LIMIT 1' INTO a, b; SELECT a, b": [
    "a = copy ssn",
    "b = copy name",
  ],
  "DECLARE a, b STRING; EXECUTE IMMEDIATE 'SELECT ssn, ? FROM patients WHERE id = ?' INTO a, b USING 'x', 1; SELECT a, b":
    ["a = copy ssn ? id", "b = ? id"],
  [`EXECUTE IMMEDIATE 'CREATE TEMP TABLE t AS SELECT ? AS a' USING ${SSN}; SELECT a FROM t`]: ["a = copy ssn"],
};

describe("a text that is known", () => {
  for (const [sql, expected] of Object.entries(RESULTS)) {
    test(sql, () => {
      assert.deepEqual(results(sql), expected);
      const text = canonical(sql);
      assert.equal(canonical(text), text);
    });
  }
});

describe("a value of a table bounds no rows", () => {
  const id = "(SELECT MAX(id) FROM patients) AS n";
  for (const text of [
    "SELECT a FROM pair LIMIT @n",
    "SELECT a FROM pair LIMIT 1 OFFSET CAST(@n AS INT64)",
    "FROM pair |> LIMIT @n",
    "SELECT STRING_AGG(a LIMIT @n) FROM pair",
    "SELECT a FROM pair TABLESAMPLE SYSTEM (@n PERCENT)",
    "SELECT SUM(1) OVER (ORDER BY a ROWS @n PRECEDING) FROM pair",
    "SELECT * FROM pair MATCH_RECOGNIZE(ORDER BY a MEASURES COUNT(*) AS c PATTERN (x{1,@n}) DEFINE x AS TRUE)",
    "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) WITH DEPTH MAX @n SELECT * FROM r",
  ])
    test(text, () => {
      const { code, message } = refusalOf(`EXECUTE IMMEDIATE '${text}' USING ${id}`) ?? {};
      assert.deepEqual([code, message?.includes("literals alone")], ["unsupported", true]);
    });
});

test("its values are computed once, in a block around it", () => {
  assert.equal(
    canonical("DECLARE s STRING; EXECUTE IMMEDIATE 'SELECT a FROM pair WHERE b = ? AND a = ?' USING s, 'x'"),
    "DECLARE `s` STRING;\nBEGIN DECLARE `execute_immediate_parameter_1` DEFAULT `s`; " +
      "SELECT `a` FROM `clinic`.`ehr`.`pair` WHERE `b` = `execute_immediate_parameter_1` AND `a` = 'x'; END",
  );
});

test("its literals are redacted as all others are", () => {
  const { redacted } = analyze("EXECUTE IMMEDIATE CONCAT('SELECT a FROM pair ', \"WHERE a = 'secret'\")", {
    catalog: CLINIC,
    ...DEFAULTS,
  });
  assert.equal(redacted?.sql, "SELECT `a` FROM `pair` WHERE `a` = ⟨1⟩");
  assert.ok(!redacted.sql.includes("secret"));
});

test("its tables are asked of the catalog", () => {
  const names = catalogNames("DECLARE q STRING DEFAULT 'SELECT 1 FROM pair'; EXECUTE IMMEDIATE q", DEFAULTS);
  assert.deepEqual(names.understood && names.tables, ["clinic.ehr.pair"]);
});

test("what is wrong in it is refused, without a place of its own", () => {
  const wrong = refusalOf("EXECUTE IMMEDIATE CONCAT('SELECT nothing ', 'FROM pair')");
  assert.equal(wrong?.code, "name");
  assert.ok(wrong.column <= 60);
  assert.match(
    refusalOf("SELECT 1; EXECUTE IMMEDIATE CONCAT('SELECT', ' FROM')")?.message ?? "",
    /In the text of EXECUTE IMMEDIATE/,
  );
  assert.equal(
    refusalOf("DECLARE a, b STRING; EXECUTE IMMEDIATE 'SELECT ssn FROM patients LIMIT 1' INTO a, b")?.code,
    "type",
  );
});

test("a long text is explained in time", () => {
  const inner = "SELECT CONCAT(UPPER(a), LOWER(b)) AS a, b FROM ";
  let query = "pair";
  for (let i = 0; i < 12; i++) query = `(${inner}${query})`;
  const started = performance.now();
  const sql = `EXECUTE IMMEDIATE CONCAT('SELECT a FROM ', '${query}')`;
  assert.ok(analyze(sql, { catalog: CLINIC, ...DEFAULTS, explain: true }).plan.understood);
  assert.ok(performance.now() - started < 10_000);
  assert.equal(scriptOf(sql).statementType, "SELECT");
});
