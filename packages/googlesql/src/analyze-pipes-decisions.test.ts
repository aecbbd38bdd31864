/** What a pipe operator decides by: whether it gives a row, which names it leaves, which branch it takes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, reads, refusalOf, types, writes } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

/** A pipe, and the query without one that gives the same rows: the whole plan is the same. */
const SAME: readonly (readonly [piped: string, plain: string])[] = [
  // Groups made by keys are never empty; one for all rows, or what a threshold leaves, may be.
  [
    "FROM patients |> AGGREGATE 1 / COUNT(*) AS r GROUP BY state",
    "SELECT state, 1 / COUNT(*) AS r FROM patients GROUP BY state",
  ],
  [
    "FROM patients |> AGGREGATE 1 / COUNT(*) AS r GROUP BY ROLLUP(state)",
    "SELECT state, 1 / COUNT(*) AS r FROM patients GROUP BY ROLLUP(state)",
  ],
  ["FROM patients |> AGGREGATE 1 / COUNT(*) AS r", "SELECT 1 / COUNT(*) AS r FROM patients"],
  [
    "FROM patients |> AGGREGATE WITH AGGREGATION_THRESHOLD OPTIONS (privacy_unit_column = id) 1 / COUNT(*) AS r GROUP BY state",
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (privacy_unit_column = id) state, 1 / COUNT(*) AS r FROM patients GROUP BY state",
  ],
  // A sum over the greatest of each group is a statistic, one over the greatest of all is that one.
  [
    "FROM patients |> AGGREGATE MAX(weight) AS w GROUP BY state |> AGGREGATE SUM(w) AS s",
    "SELECT SUM(w) AS s FROM (SELECT state, MAX(weight) AS w FROM patients GROUP BY state)",
  ],
  [
    "FROM patients |> AGGREGATE MAX(weight) AS w |> AGGREGATE SUM(w) AS s",
    "SELECT SUM(w) AS s FROM (SELECT MAX(weight) AS w FROM patients)",
  ],
  // One row, however many it was made of, isn't too long.
  [
    "FROM patients |> CROSS JOIN encounters |> AGGREGATE ANY_VALUE(ssn) AS m |> AGGREGATE STRING_AGG(m) AS s",
    "SELECT STRING_AGG(m) AS s FROM (SELECT ANY_VALUE(ssn) AS m FROM patients CROSS JOIN encounters)",
  ],
  [
    "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY state AS s, state AS t",
    "SELECT state AS s, state AS t, COUNT(*) AS n FROM patients GROUP BY state",
  ],
  // What decides whether there is a row.
  [
    "SELECT EXISTS(FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY ssn) AS e",
    "SELECT EXISTS(SELECT COUNT(*) AS n FROM patients GROUP BY ssn) AS e",
  ],
  [
    "SELECT EXISTS(FROM patients |> WHERE ssn = '1' |> AGGREGATE COUNT(*) AS n GROUP BY state) AS e",
    "SELECT EXISTS(SELECT COUNT(*) AS n FROM patients WHERE ssn = '1' GROUP BY state) AS e",
  ],
  [
    "SELECT EXISTS(FROM patients |> WHERE ssn = '1' |> AGGREGATE COUNT(*) AS n) AS e",
    "SELECT EXISTS(SELECT COUNT(*) AS n FROM patients WHERE ssn = '1') AS e",
  ],
  ["SELECT EXISTS(FROM patients |> ORDER BY ssn) AS e", "SELECT EXISTS(SELECT * FROM patients ORDER BY ssn) AS e"],
  [
    "SELECT EXISTS(FROM patients |> JOIN encounters USING (id)) AS e",
    "SELECT EXISTS(SELECT * FROM patients JOIN encounters USING (id)) AS e",
  ],
  // Windows with a name, used or not.
  [
    "FROM patients |> SELECT name WINDOW w AS (PARTITION BY 1 / id)",
    "SELECT name FROM patients WINDOW w AS (PARTITION BY 1 / id)",
  ],
  [
    "FROM patients |> EXTEND SUM(weight) OVER w AS t WINDOW w AS (PARTITION BY ssn) |> SELECT t",
    "SELECT t FROM (SELECT *, SUM(weight) OVER w AS t FROM patients WINDOW w AS (PARTITION BY ssn))",
  ],
  [
    "FROM patients |> EXTEND 1 AS t WINDOW w AS (PARTITION BY 1 / id) |> SELECT t",
    "SELECT t FROM (SELECT *, 1 AS t FROM patients WINDOW w AS (PARTITION BY 1 / id))",
  ],
  [
    "FROM pair |> SET a = MAX(a) OVER (PARTITION BY b)",
    "SELECT * REPLACE (MAX(a) OVER (PARTITION BY b) AS a) FROM pair",
  ],
  [
    "FROM patients |> ORDER BY RANK() OVER (ORDER BY ssn) |> SELECT name",
    "SELECT name FROM (SELECT * FROM patients ORDER BY RANK() OVER (ORDER BY ssn))",
  ],
  ["FROM pair |> RENAME a AS c", "SELECT a AS c, b FROM pair"],
  ["FROM patients |> SET ssn = name |> SELECT id", "SELECT id FROM (SELECT * REPLACE (name AS ssn) FROM patients)"],
  [
    "FROM patients |> SELECT state, name |> PIVOT (COUNT(*) AS n FOR state IN ('x')) AS q |> SELECT q.n_x",
    "SELECT q.n_x FROM (SELECT state, name FROM patients) PIVOT (COUNT(*) AS n FOR state IN ('x')) AS q",
  ],
  [
    "FROM pair |> UNPIVOT (v FOR k IN (a, b)) AS q |> SELECT q.v",
    "SELECT q.v FROM pair UNPIVOT (v FOR k IN (a, b)) AS q",
  ],
  [
    "FROM pair |> MATCH_RECOGNIZE (ORDER BY a MEASURES MAX(b) AS m PATTERN (x) DEFINE x AS a = 'q') AS r |> SELECT r.m",
    "SELECT r.m FROM pair MATCH_RECOGNIZE (ORDER BY a MEASURES MAX(b) AS m PATTERN (x) DEFINE x AS a = 'q') AS r",
  ],
  [
    "FROM patients |> TABLESAMPLE SYSTEM (10 PERCENT) |> AGGREGATE SUM(weight) AS w",
    "SELECT SUM(weight) AS w FROM patients TABLESAMPLE SYSTEM (10 PERCENT)",
  ],
];

describe("a pipe decides as the query without it does", () => {
  for (const [piped, plain] of SAME) {
    test(piped, () => {
      assert.deepEqual(flows(piped), flows(plain));
      assert.deepEqual(planOf(piped), planOf(plain));
    });
  }
});

const THRESHOLD = "WITH AGGREGATION_THRESHOLD OPTIONS (privacy_unit_column = id)";

table("whether there is a row (threat-model row 41)", [
  // Any row gives a group, whose key decides nothing.
  ["SELECT EXISTS(FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY ssn) AS e", "e = transform *"],
  ["SELECT EXISTS(FROM patients |> WHERE ssn = '1' |> AGGREGATE COUNT(*) AS n) AS e", "e ="],
  [
    "SELECT EXISTS(FROM patients |> WHERE ssn = '1' |> AGGREGATE COUNT(*) AS n GROUP BY state) AS e",
    "e = transform * ? ssn",
  ],
  // A group that is too small isn't shown.
  [`SELECT EXISTS(FROM patients |> WHERE ssn = '1' |> AGGREGATE ${THRESHOLD} COUNT(*) AS n) AS e`, "e = ? id, ssn"],
  [
    `SELECT EXISTS(FROM patients |> AGGREGATE ${THRESHOLD} COUNT(*) AS n GROUP BY state) AS e`,
    "e = transform * ? id, state",
  ],
  [
    "SELECT EXISTS(FROM patients |> JOIN encounters USING (id)) AS e",
    "e = transform encounters.*, transform * ? encounters.id, id",
  ],
  ["SELECT EXISTS(FROM patients |> ORDER BY ssn |> WITH t AS (SELECT 1 AS x)) AS e", "e = transform *"],
  ["SELECT EXISTS(FROM (FROM patients |> ORDER BY ssn) |> SELECT name) AS e", "e = transform *"],
]);

table("behind a condition that nothing meets there is nothing", [
  ["FROM pair |> WHERE FALSE |> EXTEND b AS c", "a =", "b =", "c ="],
  ["FROM pair |> WHERE FALSE |> WINDOW b AS c", "a =", "b =", "c ="],
  ["FROM pair |> WHERE FALSE |> SET a = b", "a =", "b ="],
  ["FROM pair |> WHERE FALSE |> RENAME a AS c", "c =", "b ="],
  ["FROM pair |> WHERE FALSE |> AS q", "a =", "b ="],
  ["FROM pair |> WHERE FALSE |> WITH t AS (SELECT 1 AS x)", "a =", "b ="],
  ["FROM pair |> WHERE FALSE |> WHERE a = 'x'", "a =", "b ="],
  ["FROM pair |> WHERE FALSE |> LIMIT 1", "a =", "b ="],
  ["FROM pair |> WHERE FALSE |> UNION ALL (FROM pair)", "a = copy pair.a", "b = copy pair.b"],
]);

table("IF takes the first branch whose condition is TRUE", [
  ["FROM patients |> IF TRUE THEN (|> SELECT ssn) ELSEIF TRUE THEN (|> SELECT name)", "ssn = copy ssn"],
  ["FROM patients |> IF NULL THEN (|> SELECT name) ELSE (|> SELECT ssn)", "ssn = copy ssn"],
  ["FROM patients |> IF NOT NULL THEN (|> SELECT name) ELSE (|> SELECT ssn)", "ssn = copy ssn"],
  ["FROM patients |> IF NOT FALSE THEN (|> SELECT ssn) ELSE (|> SELECT name)", "ssn = copy ssn"],
]);

table("a recursive union", [
  [
    "FROM patients |> SELECT weight |> RECURSIVE UNION ALL (|> WHERE weight < 1) |> AGGREGATE SUM(weight) AS w",
    "w = aggregate weight ? weight",
  ],
]);

table("SET and DROP end a field's name that is the column's", [
  ["FROM copies, patients p, p.visits v |> SET code = 'x' |> SELECT code", "code = ? visits"],
  [
    "FROM copies, patients p, p.visits v |> DROP code |> SELECT v.code, note",
    "code = copy visits.code ? visits",
    "note = copy visits.note ? visits",
  ],
]);

table("names behind DISTINCT", [
  ["FROM UNNEST([STRUCT('x' AS a, 'y' AS b)]) s |> DISTINCT |> SELECT a", "a ="],
  ["FROM UNNEST([STRUCT('x' AS a)]) s |> CROSS JOIN pair |> AS q |> DISTINCT |> SELECT s", "s = ? pair.a, pair.b"],
]);

table("pseudo-columns behind operators", [
  ["FROM loaded |> EXTEND 'x' AS c |> SELECT _PARTITIONTIME", "_PARTITIONTIME = copy loaded._PARTITIONTIME"],
  ["FROM loaded |> SET a = 'x' |> SELECT _PARTITIONTIME", "_PARTITIONTIME = copy loaded._PARTITIONTIME"],
  ["FROM loaded |> AS q |> SELECT _PARTITIONTIME", "_PARTITIONTIME = copy loaded._PARTITIONTIME"],
]);

table("rows that are values, under an alias", [
  ["SELECT AS STRUCT ssn, name FROM patients |> AS q", "ssn = copy ssn", "name = copy name"],
  ["SELECT AS STRUCT ssn, name FROM patients |> AS q |> SELECT q", "q = copy name, copy ssn"],
  ["SELECT AS STRUCT ssn, name FROM patients |> AS q |> SELECT ssn AS x, q.name AS y", "x = copy ssn", "y = copy name"],
  ["SELECT AS STRUCT ssn, name FROM patients |> AS q |> SELECT *", "ssn = copy ssn", "name = copy name"],
  ["SELECT AS STRUCT ssn, name FROM patients |> AS q |> EXTEND 1 AS x", "q = copy name, copy ssn", "x ="],
  ["SELECT AS VALUE ssn FROM patients |> AS q", "f0_ = copy ssn"],
  ["SELECT AS VALUE ssn FROM patients |> AS q |> SELECT *", "q = copy ssn"],
  ["SELECT AS VALUE ssn FROM patients |> AS q |> WHERE q = 'x'", "f0_ = copy ssn ? ssn"],
  ["FROM (SELECT AS STRUCT 1 AS a), (SELECT AS STRUCT 2 AS b) |> SELECT a, b", "a =", "b ="],
]);

test("fields of a row that is a value stand in the row that it is of", () => {
  const rows = planOf("SELECT AS VALUE address FROM patients |> SELECT zip, city").outputs.map(({ row }) => row);
  assert.ok(rows[0] !== undefined && rows[0] === rows[1]);
});

test("what SET takes unchanged and nothing shows isn't read", () => {
  assert.deepEqual(reads("FROM patients |> SET ssn = name |> SELECT id"), ["id: output"]);
  assert.deepEqual(reads("FROM patients |> SET ssn = UPPER(name) |> SELECT id"), ["id: output", "name: predicate"]);
});

test("a column made in the way of a grouping key stands for each alias", () => {
  assert.deepEqual(types("FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY state AS s, state AS t"), [
    "s STRING",
    "t STRING",
    "n INT64",
  ]);
});

test("what has no alias is said to come through nothing", () => {
  const sql = "FROM patients |> SELECT weight |> RECURSIVE UNION ALL (|> WHERE weight < 1)";
  const { explanation } = analyze(sql, { catalog: CLINIC, ...DEFAULTS, explain: true });
  const [step] = explanation?.outputs[0]?.made ?? [];
  assert.deepEqual([step?.text, step?.from.map(({ text }) => text)], ["", ["UNION ALL"]]);
});

describe("what is refused", () => {
  const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
    ["FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY doc", /GROUP BY is not supported on JSON/],
    ["FROM patients |> SELECT name WINDOW w AS (PARTITION BY nothing)", /Unrecognized name: nothing/],
    ["FROM pair |> RENAME c AS d", /c in RENAME is no column/],
    ["FROM pair p, pair q |> RENAME a AS c", /twice/],
    ["FROM copies, patients p, p.visits v |> DROP code |> SELECT code", /Unrecognized name: code/],
    ["FROM loaded |> DISTINCT |> SELECT _PARTITIONTIME", /_PARTITIONTIME is not supported/],
    ["FROM UNNEST([1]) x WITH OFFSET o |> RENAME o AS r", /table's name/],
    // Of two columns with one name neither is that of the query around.
    ["SELECT (FROM pair p, pair q |> DISTINCT |> AGGREGATE MAX(a)) AS x FROM pair", /ambiguous/],
    ["FROM loaded |> EXTEND 'x' AS _PARTITIONTIME |> EXTEND 1 AS x |> SELECT _PARTITIONTIME", /ambiguous/],
    [
      "SELECT (FROM loaded, UNNEST([STRUCT(1 AS x)]) AS _PARTITIONTIME |> DROP _PARTITIONTIME |> SELECT _PARTITIONTIME) FROM (SELECT ssn AS _PARTITIONTIME FROM patients)",
      /ambiguous/,
    ],
    // Of a row that is one value and a pseudo-column with its name neither is meant under the alias of both.
    [
      "FROM loaded AS l, UNNEST([STRUCT(l.a AS a)]) AS _PARTITIONTIME |> AS t |> SELECT TO_JSON_STRING(_PARTITIONTIME)",
      /ambiguous/,
    ],
    [
      "SELECT (FROM loaded |> EXTEND NULL AS _PARTITIONTIME |> DROP _PARTITIONTIME |> AGGREGATE MAX(_PARTITIONTIME)) FROM loaded",
      /ambiguous/,
    ],
  ];
  for (const [sql, message] of REFUSED) test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});

describe("a statement at the end of a pipe", () => {
  const INSERTED: readonly (readonly [sql: string, printed: string])[] = [
    ["(FROM pair) |> INSERT pair", "FROM `clinic`.`ehr`.`pair`"],
    ["(FROM pair) LIMIT 1 |> INSERT pair", "(FROM `clinic`.`ehr`.`pair`) LIMIT 1"],
    ["(FROM pair) ORDER BY a |> INSERT pair", "(FROM `clinic`.`ehr`.`pair`) ORDER BY `a`"],
    ["(FROM pair) |> LIMIT 1 |> INSERT pair", "(FROM `clinic`.`ehr`.`pair`) |> LIMIT 1"],
    ["WITH c AS (FROM pair) (FROM c) |> INSERT pair", "WITH `c` AS (FROM `clinic`.`ehr`.`pair`) (FROM `c`)"],
  ];
  for (const [sql, printed] of INSERTED)
    test(sql, () => assert.equal(canonical(sql), `INSERT INTO \`clinic\`.\`ehr\`.\`pair\` ${printed}`));

  test("stands there for none that is but named in a text", () => {
    const sql = "FROM pair |> WHERE a = 'insert' |> SELECT b";
    assert.deepEqual(flows(sql), ["b = copy pair.b ? pair.a"]);
    assert.deepEqual(writes(sql), []);
  });

  test("takes parameters that have a name", () => {
    const parameters = [{ name: "x", parameterType: { type: "STRING" } }];
    assert.equal(refusalOf("FROM pair |> CREATE TABLE t (a STRING DEFAULT @x, b STRING)", parameters)?.code, undefined);
  });
});
