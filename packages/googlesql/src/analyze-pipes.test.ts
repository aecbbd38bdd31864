import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, flows, planOf, reads, refusalOf, types } from "./testing/clinic.ts";
import { cpuMs } from "./testing/cpu-time.ts";
import { table } from "./testing/flow-tables.ts";

/** A pipe, and the query without one that gives the same rows: outputs, reads, effects are the same. */
const SAME: readonly (readonly [piped: string, plain: string])[] = [
  ["FROM pair", "SELECT * FROM pair"],
  ["FROM pair |> WHERE a > 'x'", "SELECT * FROM pair WHERE a > 'x'"],
  ["FROM patients p |> WHERE p.ssn > 'x' |> SELECT name", "SELECT name FROM patients p WHERE p.ssn > 'x'"],
  ["FROM patients |> SELECT name, UPPER(ssn) AS u", "SELECT name, UPPER(ssn) AS u FROM patients"],
  ["FROM patients |> SELECT DISTINCT state, name", "SELECT DISTINCT state, name FROM patients"],
  ["FROM pair |> DISTINCT", "SELECT DISTINCT * FROM pair"],
  ["FROM patients |> SELECT AS STRUCT name, ssn", "SELECT AS STRUCT name, ssn FROM patients"],
  ["FROM patients |> SELECT AS VALUE address", "SELECT AS VALUE address FROM patients"],
  ["FROM pair |> EXTEND a || b AS c", "SELECT *, a || b AS c FROM pair"],
  ["FROM pair |> EXTEND a || b AS c |> SELECT c", "SELECT c FROM (SELECT *, a || b AS c FROM pair)"],
  ["FROM pair |> SET a = 'x' |> SELECT a, b", "SELECT a, b FROM (SELECT * REPLACE ('x' AS a) FROM pair)"],
  ["FROM pair |> SET a = b, b = a", "SELECT * REPLACE (b AS a, a AS b) FROM pair"],
  ["FROM pair |> DROP a", "SELECT * EXCEPT (a) FROM pair"],
  ["FROM pair |> RENAME a AS b, b AS a", "SELECT a AS b, b AS a FROM pair"],
  ["FROM pair |> ORDER BY a", "SELECT * FROM pair ORDER BY a"],
  ["FROM pair |> ORDER BY 1 DESC, b", "SELECT * FROM pair ORDER BY 1 DESC, b"],
  [
    "FROM patients |> ORDER BY ssn |> LIMIT 1 |> SELECT name",
    "SELECT name FROM (SELECT * FROM patients ORDER BY ssn LIMIT 1)",
  ],
  [
    "FROM patients |> LIMIT 1 |> AGGREGATE SUM(weight) AS w",
    "SELECT SUM(weight) AS w FROM (SELECT * FROM patients LIMIT 1)",
  ],
  [
    "FROM patients p |> LIMIT 1 |> AGGREGATE SUM(p.weight) AS w, COUNT(*) AS n",
    "SELECT SUM(p.weight) AS w, COUNT(*) AS n FROM (SELECT * FROM patients LIMIT 1) p",
  ],
  ["FROM patients |> AGGREGATE SUM(weight) AS w", "SELECT SUM(weight) AS w FROM patients"],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY state",
    "SELECT state, COUNT(*) AS n FROM patients GROUP BY state",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY UPPER(state) AS s",
    "SELECT UPPER(state) AS s, COUNT(*) AS n FROM patients GROUP BY s",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n, AVG(weight) AS w GROUP BY ROLLUP(state, name)",
    "SELECT state, name, COUNT(*) AS n, AVG(weight) AS w FROM patients GROUP BY ROLLUP(state, name)",
  ],
  [
    "FROM patients |> AGGREGATE SUM(weight) AS w GROUP BY ssn |> AGGREGATE SUM(w) AS w",
    "SELECT SUM(w) AS w FROM (SELECT ssn, SUM(weight) AS w FROM patients GROUP BY ssn)",
  ],
  [
    "FROM patients |> AGGREGATE ANY_VALUE(weight) AS w |> AGGREGATE SUM(w) AS w",
    "SELECT SUM(w) AS w FROM (SELECT ANY_VALUE(weight) AS w FROM patients)",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY state |> WHERE n > 10",
    "SELECT state, COUNT(*) AS n FROM patients GROUP BY state HAVING n > 10",
  ],
  [
    "FROM patients |> WHERE RANK() OVER (ORDER BY ssn) = 1 |> SELECT name",
    "SELECT name FROM patients QUALIFY RANK() OVER (ORDER BY ssn) = 1",
  ],
  [
    "FROM patients |> EXTEND RANK() OVER (ORDER BY ssn) AS r |> WHERE r = 1 |> SELECT name",
    "SELECT name FROM (SELECT *, RANK() OVER (ORDER BY ssn) AS r FROM patients) WHERE r = 1",
  ],
  [
    "FROM patients |> SELECT SUM(weight) OVER w AS t WINDOW w AS (PARTITION BY ssn)",
    "SELECT SUM(weight) OVER w AS t FROM patients WINDOW w AS (PARTITION BY ssn)",
  ],
  [
    "FROM patients |> WINDOW SUM(weight) OVER (PARTITION BY ssn) AS t |> SELECT t",
    "SELECT t FROM (SELECT *, SUM(weight) OVER (PARTITION BY ssn) AS t FROM patients)",
  ],
  [
    "FROM patients p |> JOIN encounters e ON p.id = e.id |> SELECT p.name, e.cost",
    "SELECT p.name, e.cost FROM patients p JOIN encounters e ON p.id = e.id",
  ],
  [
    "FROM patients p |> JOIN encounters e ON p.id = e.id |> AGGREGATE COUNT(*) AS n",
    "SELECT COUNT(*) AS n FROM patients p JOIN encounters e ON p.id = e.id",
  ],
  [
    "FROM patients |> LEFT JOIN encounters USING (id) |> SELECT cost, name",
    "SELECT cost, name FROM patients LEFT JOIN encounters USING (id)",
  ],
  [
    "FROM patients |> FULL JOIN encounters USING (id) |> SELECT id",
    "SELECT id FROM patients FULL JOIN encounters USING (id)",
  ],
  [
    "FROM patients p |> JOIN p.visits v |> SELECT v.note, code, name",
    "SELECT v.note, code, name FROM patients p JOIN p.visits v",
  ],
  [
    "FROM patients p |> CROSS JOIN UNNEST(tags) AS t WITH OFFSET AS o |> SELECT t, o",
    "SELECT t, o FROM patients p CROSS JOIN UNNEST(tags) AS t WITH OFFSET AS o",
  ],
  [
    "FROM patients p |> SELECT name, (FROM UNNEST(p.visits) v |> AGGREGATE COUNT(*)) AS n",
    "SELECT name, (SELECT COUNT(*) FROM UNNEST(p.visits) v) AS n FROM patients p",
  ],
  [
    "FROM patients p |> WHERE EXISTS(FROM encounters e |> WHERE e.id = p.id) |> SELECT name",
    "SELECT name FROM patients p WHERE EXISTS(SELECT * FROM encounters e WHERE e.id = p.id)",
  ],
  [
    "FROM patients p |> SELECT ARRAY(FROM p.visits v |> SELECT v.note) AS x",
    "SELECT ARRAY(SELECT v.note FROM p.visits v) AS x FROM patients p",
  ],
  [
    "FROM patients |> SELECT ssn |> UNION ALL (SELECT name FROM patients), (FROM pair |> SELECT a)",
    "SELECT ssn FROM patients UNION ALL SELECT name FROM patients UNION ALL SELECT a FROM pair",
  ],
  [
    "FROM patients |> SELECT ssn |> EXCEPT DISTINCT (SELECT name FROM patients)",
    "SELECT ssn FROM patients EXCEPT DISTINCT SELECT name FROM patients",
  ],
  [
    "FROM patients |> SELECT ssn, name |> UNION ALL BY NAME (SELECT name, state AS ssn FROM patients)",
    "SELECT ssn, name FROM patients UNION ALL BY NAME SELECT name, state AS ssn FROM patients",
  ],
  [
    "SELECT 1 AS x |> WITH t AS (FROM pair) |> CROSS JOIN t",
    "WITH t AS (SELECT * FROM pair) SELECT * FROM (SELECT 1 AS x) CROSS JOIN t",
  ],
  ["WITH t AS (FROM pair |> SET a = b) FROM t", "WITH t AS (SELECT * REPLACE (b AS a) FROM pair) SELECT * FROM t"],
  [
    "FROM patients |> SELECT state, name |> PIVOT (COUNT(*) FOR state IN ('x', 'y'))",
    "SELECT * FROM (SELECT state, name FROM patients) PIVOT (COUNT(*) FOR state IN ('x', 'y'))",
  ],
  ["FROM pair |> UNPIVOT (v FOR k IN (a, b))", "SELECT * FROM pair UNPIVOT (v FOR k IN (a, b))"],
  [
    "(FROM patients p) ORDER BY p.ssn LIMIT 2 |> SELECT p.name",
    "SELECT name FROM (SELECT * FROM patients ORDER BY ssn LIMIT 2)",
  ],
  [
    "SELECT name, ssn FROM patients ORDER BY ssn LIMIT 1 |> DROP ssn",
    "SELECT name FROM (SELECT name, ssn FROM patients ORDER BY ssn LIMIT 1)",
  ],
  ["SELECT p.ssn FROM (FROM patients p |> WHERE p.state = 'x')", "SELECT ssn FROM patients WHERE state = 'x'"],
  ["SELECT q.ssn FROM (FROM patients p) AS q", "SELECT ssn FROM patients"],
  ["FROM patients |> IF TRUE THEN (|> SELECT ssn) ELSE (|> SELECT name)", "SELECT ssn FROM patients"],
  [
    "FROM patients |> SELECT name |> IF NOT TRUE THEN (|> DISTINCT) ELSEIF NULL THEN (|> LIMIT 1)",
    "SELECT name FROM patients",
  ],
];

describe("a pipe means what the query without it means", () => {
  for (const [piped, plain] of SAME) {
    test(piped, () => {
      assert.deepEqual(flows(piped), flows(plain));
      assert.deepEqual(types(piped), types(plain));
      const { outputs, reads, effects } = planOf(piped);
      const expected = planOf(plain);
      assert.deepEqual(outputs, expected.outputs);
      assert.deepEqual(reads, expected.reads);
      assert.deepEqual(effects, expected.effects);
    });
  }
});

table("a table's alias keeps the columns it had", [
  ["FROM patients p |> SET ssn = 'x' |> SELECT p.ssn", "ssn = copy ssn"],
  ["FROM patients p |> SET ssn = 'x' |> SELECT ssn", "ssn ="],
  ["FROM pair p |> DROP b |> SELECT p", "p = copy pair.a, copy pair.b"],
  ["FROM pair p |> DROP b |> SELECT p.*", "a = copy pair.a", "b = copy pair.b"],
  ["FROM pair p |> RENAME b AS c |> SELECT p.b, c", "b = copy pair.b", "c = copy pair.b"],
  ["FROM pair |> SET a = 'x' |> SELECT pair.a AS x, a", "x = copy pair.a", "a ="],
  ["FROM pair p |> DROP b |> WHERE p.b = 'x'", "a = copy pair.a ? pair.b"],
  ["FROM pair p |> DROP b |> ORDER BY p.b", "a = copy pair.a ? pair.b"],
  ["FROM pair p |> DROP b |> AGGREGATE MAX(p.b) AS m", "m = copy pair.b ? pair.b"],
  ["FROM pair p |> SET a = 'x' |> EXTEND p.a AS o", "a =", "b = copy pair.b", "o = copy pair.a"],
  [
    "FROM pair p |> SET a = 'x' |> JOIN encounters e ON p.a = e.kind |> SELECT p.a AS x, a",
    "x = copy pair.a ? encounters.kind, pair.a",
    "a = ? encounters.kind, pair.a",
  ],
  ["SELECT p.a FROM (FROM pair p |> SET a = 'x')", "a = copy pair.a"],
  ["SELECT p.a FROM (FROM pair p |> DROP a)", "a = copy pair.a"],
  ["(FROM pair p |> DROP a) |> SELECT p.a", "a = copy pair.a"],
  ["SELECT TO_JSON_STRING(p) AS j FROM (FROM pair p |> DROP a)", "j = transform pair.a, transform pair.b"],
  ["FROM pair p |> WHERE b > 'x' |> LIMIT 1 |> DROP a |> SELECT p.a", "a = copy pair.a ? pair.b"],
]);

table("a name that is a column's and a table's", [
  // SET and DROP end the table's name.
  ["FROM pair a |> SET a = 'x' |> SELECT a", "a ="],
  ["FROM pair a |> SELECT a", "a = copy pair.a, copy pair.b"],
  // A table's name hides a column.
  ["FROM pair p |> RENAME a AS p |> SELECT p.b", "b = copy pair.b"],
  ["FROM pair p |> EXTEND 'x' AS p |> SELECT p", "p = copy pair.a, copy pair.b"],
  // An inner table's name hides the outer one's.
  ["FROM patients p |> SELECT ARRAY(SELECT p.a FROM (FROM pair p |> SET a = 'x')) AS x", "x = copy pair.a"],
  ["FROM patients p |> SELECT ARRAY(SELECT p.name FROM (FROM pair p2)) AS x", "x = copy name"],
]);

table("what stands behind a pipe in FROM", [
  ["SELECT a FROM (FROM pair p |> SET a = 'x') JOIN encounters ON p.a = kind", "a = ? encounters.kind, pair.a"],
  ["SELECT p.b FROM (FROM pair p |> DROP b) JOIN encounters ON kind = a", "b = copy pair.b ? encounters.kind, pair.a"],
  ["SELECT q.a FROM (FROM pair p |> SET a = 'x') q", "a ="],
  ["FROM (FROM (FROM pair p |> SET a = 'x') |> DROP b) |> SELECT p.b, p.a", "b = copy pair.b", "a = copy pair.a"],
  [
    "FROM pair p |> SET a = 'x' |> PIVOT (MAX(p.a) AS m FOR b IN ('y'))",
    "a =",
    "m_y = copy pair.a, transform pair.b ? pair.a, pair.b",
  ],
]);

table("AS puts one name in the place of all", [
  ["FROM pair p |> SET a = 'x' |> AS q |> SELECT q.a, q", "a =", "q = copy pair.b"],
  ["FROM pair p |> JOIN pair r USING (a) |> AS q |> SELECT q.a", "a = copy pair.a ? pair.a"],
  [
    "FROM patients p, p.visits v |> AS q |> SELECT q.v.code, v.note",
    "code = copy visits.code ? visits",
    "note = copy visits.note ? visits",
  ],
  ["FROM UNNEST([1, 2]) x |> AS y |> SELECT y", "y ="],
  ["FROM patients, UNNEST(visits) AS v |> AS q |> EXTEND 1 AS x |> SELECT v.code", "code = copy visits.code ? visits"],
]);

table("rows that are single values", [
  ["FROM UNNEST([STRUCT(1 AS u, 2 AS v)]) s |> WHERE u = 1 |> SELECT s.v", "v ="],
  [
    "FROM patients p, p.visits v |> SELECT v.*",
    "code = copy visits.code ? visits",
    "seen = copy visits.seen ? visits",
    "note = copy visits.note ? visits",
  ],
  [
    "FROM patients p, p.visits v |> SELECT p.id, v |> SELECT v",
    "v = copy visits.code, copy visits.note, copy visits.seen ? visits",
  ],
  [
    "FROM patients p |> SELECT p.visits |> CROSS JOIN UNNEST(visits) v |> DROP visits",
    "v = copy visits.code, copy visits.note, copy visits.seen ? visits",
  ],
  [
    "FROM patients p |> SELECT p.visits |> CROSS JOIN UNNEST(visits) v |> DROP visits |> SELECT note",
    "note = copy visits.note ? visits",
  ],
  ["SELECT AS STRUCT ssn, name FROM patients |> WHERE ssn = 'x' |> SELECT name", "name = copy name ? ssn"],
  [
    "SELECT AS STRUCT ssn, name FROM patients |> DISTINCT",
    "ssn = copy ssn ? name, ssn",
    "name = copy name ? name, ssn",
  ],
]);

table("aggregates of a pipe", [
  ["FROM patients |> AGGREGATE SUM(weight) AS w |> AGGREGATE SUM(w) AS w", "w = aggregate weight"],
  ["FROM patients |> AGGREGATE MAX(ssn) AS s |> AGGREGATE APPROX_COUNT_DISTINCT(s) AS n", "n = transform ssn ? ssn"],
  [
    "FROM patients |> AGGREGATE MAX(ssn) AS s GROUP BY () |> AGGREGATE APPROX_COUNT_DISTINCT(s) AS n",
    "n = transform ssn ? ssn",
  ],
  [
    "SELECT MAX(ssn) AS s FROM patients GROUP BY () |> AGGREGATE APPROX_COUNT_DISTINCT(s) AS n",
    "n = transform ssn ? ssn",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n DESC GROUP BY state",
    "state = copy state ? *, state",
    "n = aggregate * ? *, state",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP AND ORDER BY state DESC",
    "state = copy state ? state",
    "n = aggregate * ? state",
  ],
  ["FROM patients |> AGGREGATE GROUP BY ssn, state", "ssn = copy ssn ? ssn, state", "state = copy state ? ssn, state"],
  ["FROM patients |> AGGREGATE COUNT(*) GROUP BY LENGTH(ssn)", "f0_ = transform ssn ? ssn", "f1_ = aggregate * ? ssn"],
  [
    "FROM patients |> AGGREGATE SUM(weight) + id AS x GROUP BY id",
    "id = copy id ? id",
    "x = transform id, aggregate weight ? id",
  ],
  [
    "FROM patients |> AGGREGATE ANY_VALUE(address).* GROUP BY state",
    "state = copy state ? state",
    "zip = copy address.zip ? state",
    "city = copy address.city ? state",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY GROUPING SETS (state, (name, state), ())",
    "state = copy state ? name, state",
    "name = copy name ? name, state",
    "n = aggregate * ? name, state",
  ],
  [
    "FROM patients p |> DISTINCT |> SELECT 1 AS x".replace(
      "DISTINCT |> SELECT",
      "SELECT id, ssn |> DISTINCT |> SELECT",
    ),
    "x = ? id, ssn",
  ],
]);

table("DISTINCT keeps of a table's columns those of the result", [
  ["FROM pair p |> DISTINCT |> SELECT p.a", "a = copy pair.a ? pair.a, pair.b"],
  ["FROM pair p |> DROP b |> DISTINCT |> SELECT p.a", "a = copy pair.a ? pair.a"],
]);

test("a row that is a STRUCT is one column, and its fields are columns where * gives them", () => {
  const element = "v STRUCT<code STRING, seen TIMESTAMP, note STRING>";
  const fields = ["code STRING", "seen TIMESTAMP", "note STRING"];
  const last = (sql: string, count: number): string[] => types(sql).slice(-count);
  assert.deepEqual(last("FROM patients p, p.visits v", 1), [element]);
  assert.deepEqual(last("FROM patients p, p.visits v |> SELECT *", 3), fields);
  assert.deepEqual(last("FROM patients p, p.visits v |> AS q", 1), [element]);
  assert.deepEqual(last("FROM patients p, p.visits v |> AS q |> SELECT *", 3), fields);
  assert.deepEqual(last("SELECT * FROM (FROM patients p, p.visits v)", 3), fields);
  assert.deepEqual(last("SELECT * FROM (FROM patients p, p.visits v) AS q", 3), fields);
  assert.deepEqual(last("WITH q AS (FROM patients p, p.visits v) SELECT * FROM q", 1), [element]);
  assert.deepEqual(types("FROM patients p |> SELECT visits |> CROSS JOIN UNNEST(visits) v |> DROP visits"), [element]);
  assert.match(
    refusalOf("FROM patients p, p.visits v |> AS q |> SELECT note")?.message ?? "",
    /name note is ambiguous/,
  );
});

describe("ASSERT", () => {
  test("its messages leave by the error, whatever is shown", () => {
    const plan = planOf("FROM patients |> ASSERT ssn > 'x', 'bad', ssn, id |> SELECT name");
    assert.deepEqual(plan.effects, [
      { kind: "error_value", sources: ["clinic.ehr.patients.id", "clinic.ehr.patients.ssn"] },
    ]);
    assert.deepEqual(flows("FROM patients |> ASSERT ssn > 'x', ssn |> SELECT name"), ["name = copy name"]);
  });

  test("its condition is told by there being rows at all", () => {
    assert.deepEqual(reads("FROM patients |> WHERE state = 'x' |> ASSERT ssn > 'x' |> SELECT 1 AS one"), [
      "ssn: predicate",
      "state: predicate",
    ]);
    assert.deepEqual(planOf("FROM patients |> ASSERT ssn > 'x' |> SELECT name").effects, []);
  });

  test("without a column it answers whether there are rows", () => {
    assert.deepEqual(reads("FROM pair |> WHERE a = 'x' |> ASSERT FALSE |> SELECT 1 AS one"), [
      "pair.*: predicate",
      "pair.a: predicate",
    ]);
  });

  test("takes no aggregates, no windows, no STRUCTs", () => {
    for (const sql of [
      "FROM patients |> ASSERT COUNT(*) > 1",
      "FROM patients |> ASSERT COUNT(*) OVER () > 1",
      "FROM patients |> ASSERT ssn",
      "FROM patients p |> ASSERT TRUE, p",
    ]) {
      assert.equal(refusalOf(sql)?.code, "type", sql);
    }
  });
});

describe("what is refused in a pipe", () => {
  const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
    ["FROM pair p |> SELECT a |> SELECT p.a", /Unrecognized name: p/],
    ["FROM pair p |> AS q |> SELECT p.a", /Unrecognized name: p/],
    ["FROM pair p |> AGGREGATE COUNT(*) AS n GROUP BY a |> SELECT p.a", /Unrecognized name: p/],
    ["FROM pair p |> UNION ALL (FROM pair) |> SELECT p.a", /Unrecognized name: p/],
    ["FROM pair |> DROP b |> SELECT b", /Unrecognized name: b/],
    ["FROM pair p |> DROP b |> DISTINCT |> SELECT p.b", /not found inside p/],
    ["FROM pair p |> SET a = 'x' |> DISTINCT |> SELECT p.a", /not found inside p/],
    ["FROM pair |> EXTEND 'x' AS c, c AS d", /Unrecognized name: c/],
    ["FROM pair |> SELECT 'x' AS c, c AS d", /Unrecognized name: c/],
    ["FROM pair |> SET a = 'x', b = c", /Unrecognized name: c/],
    ["FROM pair |> EXTEND a |> WHERE a = 'x'", /ambiguous/],
    ["FROM pair p, pair q |> SET a = 'x'", /twice/],
    ["FROM pair |> SET a = 'x', A = 'y'", /twice/],
    ["FROM pair p |> SET p = 'x'", /no column/],
    ["FROM pair |> SET c = 'x'", /no column/],
    ["FROM pair |> DROP c", /no column/],
    ["FROM pair |> DROP a, b", /leaves no column/],
    ["FROM pair a |> RENAME a AS c", /table's name/],
    ["FROM patients p |> SELECT (SELECT 1 AS x |> SET ssn = 'x')", /no column/],
    ["FROM pair |> SELECT COUNT(*)", /not allowed/],
    ["FROM pair |> EXTEND MAX(a)", /not allowed/],
    ["FROM pair |> WHERE MAX(a) = 'x'", /not allowed/],
    ["FROM pair |> ORDER BY MAX(a)", /not allowed/],
    ["FROM pair |> AGGREGATE RANK() OVER (ORDER BY a)", /allowed only/],
    ["FROM pair |> AGGREGATE a", /aggregate functions alone/],
    ["FROM pair |> AGGREGATE MAX(a) AS m GROUP BY m", /Unrecognized name: m/],
    ["FROM pair |> AGGREGATE MAX(a) || b", /neither grouped nor aggregated/],
    ["FROM pair |> AGGREGATE COUNT(*) GROUP BY 1", /ordinals/],
    ["FROM pair |> AGGREGATE", /AGGREGATE/],
    ["FROM pair |> AGGREGATE GROUP BY ()", /needs an aggregate/],
    ["FROM pair |> AGGREGATE COUNT(*) GROUP BY ALL", /GROUP BY ALL/],
    ["FROM pair |> AGGREGATE COUNT(*) GROUP BY ROLLUP(UPPER(a))", /name/],
    ["FROM pair p |> CROSS JOIN (SELECT p.a)", /Unrecognized name: p/],
    ["FROM pair p |> JOIN pair p USING (a)", /Duplicate table alias/],
    ["FROM pair |> WHERE COUNT(*) OVER w > 1", /window alias/],
    ["FROM pair |> IF a = 'x' THEN (|> DROP a)", /IF takes/],
    ["FROM pair |> IF @x THEN (|> DROP a)", /IF takes/],
    ["FROM pair |> IF FALSE THEN (|> CROSS JOIN patients)", /could not be analysed/],
    ["FROM patients p |> WHERE EXISTS(FROM p)", /not found/],
    ["WITH RECURSIVE r AS (FROM pair |> UNION ALL (FROM r) |> LIMIT 1) FROM r", /UNION/],
    ["WITH RECURSIVE r AS (FROM pair |> UNION ALL (FROM r), (FROM pair)) FROM r", /itself/],
    ["WITH RECURSIVE r AS (FROM pair |> CROSS JOIN r |> UNION ALL (FROM r)) FROM r", /itself/],
    ["WITH RECURSIVE r AS (FROM pair |> EXCEPT DISTINCT (FROM r)) FROM r", /UNION/],
    ["WITH RECURSIVE r AS (FROM pair |> WITH t AS (FROM patients) |> UNION ALL (FROM r)) FROM r", /UNION/],
    ["FROM pair |> WITH RECURSIVE r AS (FROM r |> SELECT a) |> CROSS JOIN r", /UNION/],
    ["FROM pair |> WITH t AS (SELECT pair.a) |> CROSS JOIN t", /Unrecognized name: pair/],
    ["SELECT 1 FROM (FROM pair |> WITH t AS (FROM pair) |> CROSS JOIN t), t", /not found/],
  ];
  for (const [sql, message] of REFUSED) test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});

test("many operators over wide rows are no long analysis", () => {
  const wide = `SELECT ${Array.from({ length: 5000 }, (_, i) => `${i} AS c${i}`).join(", ")}`;
  const started = cpuMs();
  assert.equal(refusalOf(`${wide}${" |> LIMIT 1".repeat(20_000)}`)?.code, "limit");
  assert.ok(cpuMs() - started < 10_000);
});

describe("what runs is what was analysed", () => {
  test("tables in a pipe are printed in full", () => {
    assert.equal(
      canonical("FROM pair |> JOIN patients p ON p.ssn = a |> SELECT p.name"),
      "FROM `clinic`.`ehr`.`pair` |> INNER JOIN `clinic`.`ehr`.`patients` AS `p` ON `p`.`ssn` = `a` |> SELECT `p`.`name`",
    );
  });

  test("a query in parentheses that a pipe inserts is printed as INSERT reads it", () => {
    const printed = canonical("((FROM pair)) |> INSERT INTO pair");
    assert.equal(printed, "INSERT INTO `clinic`.`ehr`.`pair` FROM `clinic`.`ehr`.`pair`");
    assert.equal(canonical(printed), printed);
  });

  test("a join in parentheses sees nothing before them, so that a path in it is no array", () => {
    assert.match(
      refusalOf("SELECT 1 FROM patients p CROSS JOIN (pair CROSS JOIN p.visits)")?.message ?? "",
      /p.visits/,
    );
    assert.match(refusalOf("FROM patients p |> CROSS JOIN (pair CROSS JOIN p.visits)")?.message ?? "", /p.visits/);
  });
});
