/** What a name of the select list means in the clauses behind it, and names that differ by the case of letters alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { flows, refusalOf, results, steps } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

table("a name of the list that hides a column may be either, within an aggregate too", [
  [
    "SELECT UPPER(ssn) AS name, COUNT(*) AS n FROM patients GROUP BY 1 HAVING MAX(name) = 'x'",
    "name = transform ssn ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  [
    "SELECT 'x' AS name, COUNT(*) AS n FROM patients GROUP BY ssn HAVING MAX(name) = 'x'",
    "name = ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  [
    "SELECT ANY_VALUE(ssn) AS name, state FROM patients GROUP BY state ORDER BY MAX(name)",
    "name = copy ssn ? name, ssn, state",
    "state = copy state ? name, ssn, state",
  ],
  [
    "SELECT (SELECT MAX(ssn) FROM patients) AS kind, COUNT(*) AS n FROM encounters HAVING MAX(kind) > '5'",
    "kind = copy ssn ? encounters.kind, ssn",
    "n = aggregate encounters.* ? encounters.kind, ssn",
  ],
  [
    "SELECT (SELECT MAX(ssn) FROM patients) AS kind, COUNT(*) AS n FROM encounters GROUP BY eid ORDER BY MAX(kind)",
    "kind = copy ssn ? encounters.eid, encounters.kind, ssn",
    "n = aggregate encounters.* ? encounters.eid, encounters.kind, ssn",
  ],
  [
    "SELECT (SELECT MAX(ssn) FROM patients) AS z, COUNT(*) AS n FROM encounters HAVING MAX((SELECT z)) > '5'",
    "z = copy ssn ? ssn",
    "n = aggregate encounters.* ? ssn",
  ],
  ["SELECT UPPER(ssn) AS name FROM patients ORDER BY name", "name = transform ssn ? name, ssn"],
  [
    "SELECT UPPER(ssn) AS name FROM patients QUALIFY RANK() OVER (ORDER BY name) = 1",
    "name = transform ssn ? *, name, ssn",
  ],
  ["SELECT ssn AS name, 1 AS x FROM patients ORDER BY x", "name = copy ssn", "x ="],
]);

test("a name of the list is it within an aggregate also where a query around or a script has that name", () => {
  const last = (sql: string): string | undefined => results(sql).at(-1);
  const within =
    "(SELECT AS STRUCT (SELECT MAX(ssn) FROM patients) AS z, COUNT(*) AS n FROM pair HAVING MAX(z) > '5').n";
  assert.match(last(`SELECT ${within} FROM (SELECT 'c' AS z)`) ?? "", /\? ssn$/);
  const beside = "SELECT (SELECT MAX(ssn) FROM patients) AS z, COUNT(*) AS n FROM pair HAVING MAX(z) > '5'";
  assert.equal(last(`DECLARE z STRING DEFAULT 'c'; ${beside}`), "n = aggregate pair.* ? ssn");
});

test("a name of the list that hides a table's hides it within an aggregate too", () => {
  const refused = refusalOf("SELECT a AS pair, COUNT(*) AS n FROM pair GROUP BY a HAVING MAX(pair.b) > 'a'");
  assert.equal(refused?.message, "pair is both a select alias and a name in FROM; rename one");
  assert.equal(
    refusalOf("SELECT a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY a HAVING MAX(pair.b) > 'a'")?.code,
    "type",
  );
});

test("columns whose names differ by case are of one name", () => {
  assert.deepEqual(flows("SELECT ssn AS u, id AS U FROM patients"), ["u = copy ssn", "U_1 = copy id"]);
  assert.match(
    refusalOf("SELECT STRUCT(ssn AS a, id AS A) AS s FROM patients")?.message ?? "",
    /Duplicate column name A/,
  );
});

test("what a variable or a temporary table keeps was decided by what it shows and by what it doesn't", () => {
  const kept = "CREATE_TABLE_AS_SELECT name: kept, ssn: kept predicate";
  assert.equal(steps("CREATE TEMP TABLE t AS SELECT IF(ssn = '1', name, 'b') AS s FROM patients; SELECT 1")[0], kept);
  const declared = "DECLARE x STRING DEFAULT (SELECT IF(ssn = '1', name, 'b') FROM patients LIMIT 1); SELECT 1";
  assert.equal(steps(declared)[0], "SELECT name: kept, ssn: kept predicate");
  const ranked = "CREATE TEMP TABLE t AS SELECT RANK() OVER (ORDER BY ssn) AS s FROM patients; SELECT 1";
  assert.equal(steps(ranked)[0], "CREATE_TABLE_AS_SELECT *: kept, ssn: predicate");
  const raised = (condition: string): string | undefined =>
    steps(`CREATE TEMP TABLE t AS SELECT ssn, IF(${condition}, ERROR(ssn), '') AS s FROM patients; SELECT 1`)[0];
  assert.equal(raised("TRUE"), "CREATE_TABLE_AS_SELECT ssn: kept output | error_value ssn");
  assert.equal(raised("ssn = '1'"), "CREATE_TABLE_AS_SELECT ssn: kept output predicate | error_value ssn");
});

test("a name that |> AS may have taken away is not that of a query around", () => {
  const around = (from: string, name: string): string =>
    `SELECT (SELECT ANY_VALUE(${name}) FROM (${from}) AS t) AS v FROM (SELECT ssn AS ${name} FROM patients)`;
  for (const [from, name] of [
    // What a table's name hid.
    ["FROM pair AS a", "a"],
    ["FROM pair AS a |> AS q |> EXTEND 1 AS z", "a"],
    ["FROM pair AS p |> EXTEND 'c' AS p", "p"],
    ["FROM pair AS a |> AS q |> SET a = 'c'", "a"],
    // The fields of a row that is one value.
    ["FROM pair CROSS JOIN (SELECT AS STRUCT b AS s FROM pair) AS v |> AS q |> EXTEND 1 AS z", "s"],
    ["FROM pair CROSS JOIN (SELECT AS STRUCT b AS s FROM pair) AS v |> AS q |> DISTINCT", "s"],
  ] as const) {
    assert.match(refusalOf(around(from, name))?.message ?? "", /ambiguous/, from);
    assert.match(refusalOf(`${from} |> AS t |> SELECT ${name}`)?.message ?? "", /ambiguous/, from);
  }
  const element = "FROM patients, UNNEST(visits) AS v |> AS v |> DISTINCT |> SELECT v.code";
  assert.match(refusalOf(element)?.message ?? "", /choose another/);
  assert.deepEqual(flows("FROM pair AS a |> AS q |> SELECT q.b, b AS c"), ["b = copy pair.b", "c = copy pair.b"]);
  const beside = "FROM pair CROSS JOIN (SELECT AS STRUCT b AS a FROM pair) AS v |> AS q |> SELECT a";
  assert.deepEqual(flows(beside), ["a = copy pair.a"]);
});

test("the name that UNNEST(a.b) may give its elements is not that of a query around, nor of what stands beside it", () => {
  const around = "FROM (SELECT STRUCT(tags AS x) AS s, 'c' AS x FROM patients)";
  for (const sql of [
    `SELECT (SELECT ANY_VALUE(x) FROM UNNEST(s.x)) AS v ${around}`,
    `SELECT (SELECT ANY_VALUE(X) FROM UNNEST(STRUCT(s.x).x) WITH OFFSET) AS v ${around}`,
    `SELECT (FROM UNNEST(s.x) |> EXTEND 1 AS z |> AS q |> AGGREGATE ANY_VALUE(x)) AS v ${around}`,
    "SELECT x FROM (SELECT STRUCT(tags AS x) AS s, 'c' AS x FROM patients), UNNEST(s.x)",
  ]) {
    assert.match(refusalOf(sql)?.message ?? "", /ambiguous/, sql);
  }
  assert.deepEqual(flows("SELECT p.tags, code FROM patients AS p, UNNEST(visits), UNNEST(tags)"), [
    "tags = copy tags ? tags, visits",
    "code = copy visits.code ? tags, visits",
  ]);
});

test("the name of a row that is one value is no other's behind a set operation, which may keep it", () => {
  const around = "FROM (SELECT tags, 'c' AS v FROM patients)";
  const element = "FROM UNNEST(tags) AS v";
  const union = `${element} |> UNION ALL (${element})`;
  for (const rows of [
    union,
    `FROM (${union})`,
    `FROM ((${element}) UNION ALL (${element}))`,
    `(${element}) UNION ALL (${element})`,
    `${union} |> WHERE TRUE |> DISTINCT`,
  ]) {
    const sql = `SELECT (${rows} |> AGGREGATE ANY_VALUE(v)) AS x ${around}`;
    assert.match(refusalOf(sql)?.message ?? "", /ambiguous/, sql);
  }
  const recursive = "FROM UNNEST(['x']) AS v |> RECURSIVE UNION ALL (|> WHERE FALSE)";
  const sql = `SELECT (${recursive} |> AGGREGATE ANY_VALUE(v)) AS x FROM (SELECT ssn AS v FROM patients)`;
  assert.match(refusalOf(sql)?.message ?? "", /ambiguous/);
  assert.deepEqual(flows(`SELECT (${union} |> AS w |> AGGREGATE ANY_VALUE(w)) AS x ${around}`), [
    "x = copy tags ? tags",
  ]);
});

table("behind a set operation a row that is one value has its fields, and under an alias no other name", [
  [
    "SELECT (SELECT ANY_VALUE(code) FROM ((FROM UNNEST(visits) AS v) UNION ALL (FROM UNNEST(visits) AS v))) AS x FROM (SELECT visits, 'c' AS code FROM patients)",
    "x = copy visits.code ? visits",
  ],
  [
    "SELECT (SELECT ANY_VALUE(v) FROM ((FROM UNNEST(tags) AS v) UNION ALL (FROM UNNEST(tags) AS v)) AS w) AS x FROM (SELECT tags, ssn AS v FROM patients)",
    "x = copy ssn ? tags",
  ],
]);

table("within the operators of RECURSIVE UNION its alias names the rows, and hides a column", [
  [
    "FROM pair |> RECURSIVE UNION ALL (|> SELECT b AS a, TO_JSON_STRING(a) AS b) AS a |> SELECT b",
    "b = transform pair.a, copy pair.b, transform pair.b",
  ],
  ["FROM pair |> RECURSIVE UNION ALL (|> SELECT q.b, q.a) AS q |> SELECT b", "b = copy pair.a, copy pair.b"],
]);

table("ORDER BY behind a set operation, or a query in parentheses, sees the fields of rows that are one value each", [
  [
    "SELECT (SELECT TO_JSON_STRING(w) FROM ((SELECT AS STRUCT a FROM pair) UNION ALL (SELECT AS STRUCT 'x') ORDER BY a LIMIT 1) AS w) AS v FROM (SELECT 'c' AS a)",
    "v = transform pair.a ? pair.a",
  ],
  [
    "SELECT (SELECT w.b FROM ((SELECT AS STRUCT a, b FROM pair) ORDER BY a LIMIT 1) AS w) AS v FROM (SELECT 'c' AS a)",
    "v = copy pair.b ? pair.a",
  ],
]);

test("a number with a plus before it, which may be an ordinal, neither orders nor groups", () => {
  for (const sql of [
    "SELECT a FROM (SELECT name AS a, ssn FROM patients ORDER BY +2 LIMIT 1)",
    "SELECT a FROM (SELECT name AS a, ssn FROM patients UNION ALL SELECT a, b FROM pair ORDER BY (+(+2)) DESC LIMIT 1)",
    "SELECT a FROM (FROM patients |> SELECT name AS a, ssn |> ORDER BY +0x2 |> LIMIT 1)",
    "SELECT n FROM (SELECT ANY_VALUE(name) AS n, 'c' || 'd' AS k FROM patients GROUP BY +2)",
    "SELECT n FROM (SELECT ANY_VALUE(name) AS n, 'c' || 'd' AS k FROM patients GROUP BY GROUPING SETS (+2))",
  ]) {
    assert.match(refusalOf(sql)?.message ?? "", /takes no number with a sign/, sql);
  }
  assert.deepEqual(flows("SELECT a FROM (SELECT name AS a, ssn FROM patients ORDER BY - +2, +weight LIMIT 1)"), [
    "a = copy name ? weight",
  ]);
  assert.deepEqual(flows("SELECT name AS a, ssn FROM patients ORDER BY weight + 2"), [
    "a = copy name ? weight",
    "ssn = copy ssn ? weight",
  ]);
});

test("fields of a first query's rows that are values are not names of a query around where the second query has columns", () => {
  const rows = "(SELECT AS STRUCT b AS s FROM pair) UNION ALL (SELECT STRUCT('x' AS s))";
  const sql = `SELECT (SELECT ANY_VALUE(s) FROM (${rows})) AS v FROM (SELECT 'c' AS s)`;
  assert.match(refusalOf(sql)?.message ?? "", /takes rows that are values with such rows alone/);
  assert.deepEqual(flows("(SELECT STRUCT(b AS s) AS r FROM pair) UNION ALL (SELECT AS STRUCT 'x')"), [
    "r = copy pair.b",
  ]);
});
