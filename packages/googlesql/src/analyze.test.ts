import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, reads, refusalOf } from "./testing/clinic.ts";

/** `name = via column, … ? columns that decided rows, order or branch`; a column without table is of `patients`. */
type Leak = readonly [sql: string, ...outputs: string[]];

function table(title: string, leaks: readonly Leak[]): void {
  describe(title, () => {
    for (const [sql, ...outputs] of leaks) test(sql, () => assert.deepEqual(flows(sql), outputs));
  });
}

const ALL = [
  "address.city",
  "address.zip",
  "born",
  "doc",
  "id",
  "name",
  "ssn",
  "state",
  "tags",
  "visits.code",
  "visits.note",
  "visits.seen",
  "weight",
];
const all = (via: string): string => ALL.map((c) => `${via} ${c}`).join(", ");

table("a row is all its columns", [
  ["SELECT p FROM patients p", `p = ${all("copy")}`],
  ["SELECT TO_JSON_STRING(p) AS j FROM patients p", `j = ${all("transform")}`],
  ["SELECT TO_JSON(patients) AS j FROM patients", `j = ${all("transform")}`],
  ["SELECT FORMAT('%T', p) AS f FROM patients p", `f = ${all("transform")}`],
  ["SELECT ARRAY_AGG(e) AS x FROM pair e", "x = copy pair.a, copy pair.b"],
  ["SELECT ANY_VALUE(p).ssn FROM patients p", "ssn = copy ssn"],
  ["SELECT (SELECT p).ssn FROM patients p", "ssn = copy ssn"],
  ["SELECT (SELECT AS STRUCT p.*).ssn AS x FROM patients p", "x = copy ssn"],
  ["SELECT s.b FROM (SELECT AS STRUCT ssn AS b, name FROM patients) s", "b = copy ssn"],
  ["SELECT b FROM (SELECT AS STRUCT ssn AS b, name FROM patients)", "b = copy ssn"],
  ["SELECT t.x.y FROM (SELECT STRUCT(ssn AS y, id AS z) AS x FROM patients) t", "y = copy ssn"],
  ["SELECT x.* FROM (SELECT STRUCT(ssn AS y, id AS z) AS x FROM patients)", "y = copy ssn", "z = copy id"],
  ["SELECT STRUCT<q STRING>(ssn).q FROM patients", "q = copy ssn"],
  ["SELECT CAST(STRUCT(ssn, id) AS STRUCT<u STRING, v STRING>).v FROM patients", "v = transform id"],
  ["SELECT (ARRAY_AGG(p ORDER BY born DESC LIMIT 1)[OFFSET(0)]).ssn FROM patients p", "ssn = copy ssn ? born"],
  [
    "SELECT ARRAY_AGG(p ORDER BY b LIMIT 1)[OFFSET(0)].* FROM pair p",
    "a = copy pair.a ? pair.b",
    "b = copy pair.b ? pair.b",
  ],
  ["SELECT AS STRUCT ssn, name AS n FROM patients", "ssn = copy ssn", "n = copy name"],
  ["SELECT AS VALUE p FROM pair p", "a = copy pair.a", "b = copy pair.b"],
]);

table("values change but stay", [
  ["SELECT -weight AS x FROM patients", "x = transform weight"],
  ["SELECT [1, id] || [2] AS x FROM patients", "x = copy id"],
  ["SELECT REVERSE(ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT TO_BASE64(CAST(ssn AS BYTES)) AS x FROM patients", "x = transform ssn"],
  ["SELECT SUBSTR(ssn, 1, 3) AS x FROM patients", "x = transform ssn"],
  ["SELECT ssn || name AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT SHA256(ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT CAST(ssn AS INT64) AS x FROM patients", "x = transform ssn"],
  ["SELECT CAST(ssn AS STRING) AS x FROM patients", "x = copy ssn"],
  ["SELECT CAST(ssn AS STRING(3)) AS x FROM patients", "x = transform ssn"],
  ["SELECT CAST(ssn AS STRING FORMAT name) AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT SAFE_CAST(ssn AS INT64) IS NULL AS x FROM patients", "x = transform ssn"],
  ["SELECT SAFE.SUBSTR(ssn, 1) AS x FROM patients", "x = transform ssn"],
  ["SELECT ssn = '1' AS x FROM patients", "x = transform ssn"],
  ["SELECT ssn LIKE '1%' AS x FROM patients", "x = transform ssn"],
  ["SELECT ssn BETWEEN '1' AND '2' AS x FROM patients", "x = transform ssn"],
  ["SELECT name IN (ssn, 'x') AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT ssn IS DISTINCT FROM name AS x FROM patients", "x = transform name, transform ssn"],
  [
    "SELECT JSON_VALUE(doc, '$.a') AS x, doc.a.b, doc['c'] AS y FROM patients",
    "x = transform doc",
    "b = transform doc",
    "y = transform doc",
  ],
  ["SELECT EXTRACT(YEAR FROM born) AS y FROM patients", "y = transform born"],
  ["SELECT DATE_ADD(born, INTERVAL id DAY) AS y FROM patients", "y = transform born, transform id"],
  ["SELECT WITH(a AS ssn, b AS CONCAT(a, name), b) AS x FROM patients", "x = transform name, transform ssn"],
  ["SELECT WITH(ssn AS name, ssn) AS x FROM patients", "x = copy name"],
  ["SELECT [ssn, name][OFFSET(id)] AS x FROM patients", "x = transform id, copy name, copy ssn ? id"],
  ["SELECT SPLIT(ssn, '-')[SAFE_OFFSET(0)] AS x FROM patients", "x = transform ssn"],
]);

table("conditions are shown and decide", [
  ["SELECT IF(ssn < '5', 1, 0) AS x FROM patients", "x = transform ssn ? ssn"],
  [
    "SELECT CASE WHEN ssn < '5' THEN name ELSE state END AS x FROM patients",
    "x = copy name, transform ssn, copy state ? ssn",
  ],
  ["SELECT IF(ssn < '5', address, NULL).zip AS x FROM patients", "x = copy address.zip, transform ssn ? ssn"],
  ["SELECT CASE ssn WHEN '5' THEN name END AS x FROM patients", "x = copy name, transform ssn ? ssn"],
  ["SELECT COALESCE(name, ssn) AS x FROM patients", "x = copy name, copy ssn"],
  ["SELECT IFNULL(ssn, 'x') AS x FROM patients", "x = copy ssn"],
  ["SELECT NULLIF(name, ssn) AS x FROM patients", "x = copy name, transform ssn ? name, ssn"],
  ["SELECT NULLIF(ssn, '5') AS x FROM patients", "x = copy ssn ? ssn"],
  ["SELECT GREATEST(ssn, name) AS x FROM patients", "x = copy name, copy ssn ? name, ssn"],
]);

table("rows, order and groups are decided", [
  // The column that the alias hides is counted as well.
  ["SELECT ssn AS name FROM patients GROUP BY name", "name = copy ssn ? name, ssn"],
  ["SELECT name FROM patients WHERE ssn < '5'", "name = copy name ? ssn"],
  ["SELECT name FROM patients ORDER BY ssn", "name = copy name ? ssn"],
  ["SELECT name FROM patients ORDER BY ssn LIMIT 1", "name = copy name ? ssn"],
  ["SELECT name AS n, ssn AS s FROM patients ORDER BY 2", "n = copy name ? ssn", "s = copy ssn ? ssn"],
  ["SELECT name AS n, LENGTH(ssn) AS s FROM patients ORDER BY s", "n = copy name ? ssn", "s = transform ssn ? ssn"],
  ["SELECT UPPER(name) AS ssn FROM patients ORDER BY ssn", "ssn = transform name ? name, ssn"],
  ["SELECT DISTINCT state FROM patients", "state = copy state ? state"],
  ["SELECT state, COUNT(*) AS n FROM patients GROUP BY state", "state = copy state ? state", "n = aggregate * ? state"],
  ["SELECT COUNT(*) AS n FROM patients GROUP BY ssn", "n = aggregate * ? ssn"],
  ["SELECT COUNT(*) AS n FROM patients GROUP BY ALL", "n = aggregate *"],
  [
    "SELECT UPPER(state) AS s, COUNT(*) AS n FROM patients GROUP BY ALL",
    "s = transform state ? state",
    "n = aggregate * ? state",
  ],
  [
    "SELECT SUBSTR(ssn, 1, 1) AS s, COUNT(*) AS n FROM patients GROUP BY s",
    "s = transform ssn ? ssn",
    "n = aggregate * ? ssn",
  ],
  [
    "SELECT SUBSTR(ssn, 1, 1) AS s, COUNT(*) AS n FROM patients GROUP BY 1",
    "s = transform ssn ? ssn",
    "n = aggregate * ? ssn",
  ],
  ["SELECT COUNT(*) AS n FROM patients GROUP BY ROLLUP(state, ssn)", "n = aggregate * ? ssn, state"],
  ["SELECT COUNT(*) AS n FROM patients GROUP BY GROUPING SETS ((state), CUBE(ssn))", "n = aggregate * ? ssn, state"],
  ["SELECT state FROM patients GROUP BY state HAVING MAX(ssn) > '5'", "state = copy state ? ssn, state"],
  ["SELECT state FROM patients GROUP BY state HAVING COUNT(*) = 1", "state = copy state ? *, state"],
  ["SELECT name FROM patients QUALIFY RANK() OVER (ORDER BY ssn) = 1", "name = copy name ? *, ssn"],
  [
    "SELECT name FROM patients WHERE id IN (SELECT id FROM encounters WHERE kind = 'x')",
    "name = copy name ? encounters.id, encounters.kind, id",
  ],
  [
    "SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM encounters e WHERE e.id = p.id)",
    "name = copy name ? encounters.*, encounters.id, id",
  ],
  ["SELECT 1 AS one FROM patients WHERE ssn = '1'", "one = ? ssn"],
]);

table("joins", [
  ["SELECT p.name FROM UNNEST(['1', '2']) g JOIN patients p ON p.ssn = g", "name = copy name ? ssn"],
  ["SELECT g FROM UNNEST(['1', '2']) g JOIN patients p ON p.ssn = g", "g = ? ssn"],
  ["SELECT e.cost FROM patients p JOIN encounters e ON p.id = e.id", "cost = copy encounters.cost ? encounters.id, id"],
  [
    "SELECT e.cost FROM patients p LEFT JOIN encounters e USING (id)",
    "cost = copy encounters.cost ? encounters.id, id",
  ],
  ["SELECT id FROM patients JOIN encounters USING (id)", "id = copy id ? encounters.id, id"],
  ["SELECT id FROM patients RIGHT JOIN encounters USING (id)", "id = copy encounters.id ? encounters.id, id"],
  ["SELECT id FROM patients FULL JOIN encounters USING (id)", "id = copy encounters.id, copy id ? encounters.id, id"],
  [
    "SELECT * FROM pair x JOIN (SELECT b, a AS c FROM pair) y USING (b)",
    "b = copy pair.b ? pair.b",
    "a = copy pair.a ? pair.b",
    "c = copy pair.a ? pair.b",
  ],
  ["SELECT x.b, y.b AS z FROM pair x JOIN pair y USING (b)", "b = copy pair.b ? pair.b", "z = copy pair.b ? pair.b"],
  ["SELECT kind FROM patients, encounters", "kind = copy encounters.kind"],
  ["SELECT kind FROM patients p CROSS JOIN encounters WHERE p.ssn = '1'", "kind = copy encounters.kind ? ssn"],
  [
    "SELECT x.kind FROM (encounters x JOIN encounters y ON x.eid = y.id) JOIN patients p ON p.id = y.id",
    "kind = copy encounters.kind ? encounters.eid, encounters.id, id",
  ],
]);

table("arrays and fields keep their paths", [
  ["SELECT address.zip FROM patients", "zip = copy address.zip"],
  ["SELECT p.address.zip AS z FROM patients AS p", "z = copy address.zip"],
  ["SELECT address FROM patients", "address = copy address.city, copy address.zip"],
  ["SELECT address.* FROM patients", "zip = copy address.zip", "city = copy address.city"],
  ["SELECT address IS NULL AS x FROM patients", "x = transform address"],
  ["SELECT v.code FROM patients p, p.visits v", "code = copy visits.code ? visits"],
  ["SELECT code FROM patients, UNNEST(visits)", "code = copy visits.code ? visits"],
  ["SELECT visits.code FROM patients, UNNEST(visits) AS visits", "code = copy visits.code ? visits"],
  ["SELECT code FROM patients AS p LEFT JOIN p.visits", "code = copy visits.code ? visits"],
  ["SELECT v FROM patients, UNNEST(visits) v", "v = copy visits.code, copy visits.note, copy visits.seen ? visits"],
  ["SELECT t FROM patients, UNNEST(tags) AS t", "t = copy tags ? tags"],
  ["SELECT o FROM patients, UNNEST(tags) WITH OFFSET o", "o = ? tags"],
  ["SELECT `offset` FROM patients, UNNEST(tags) WITH OFFSET", "offset = ? tags"],
  ["SELECT visits[OFFSET(0)].code FROM patients", "code = copy visits.code"],
  [
    "SELECT ARRAY_LENGTH(visits) AS n, ARRAY_LENGTH(tags) AS m FROM patients",
    "n = transform visits",
    "m = transform tags",
  ],
  ["SELECT (SELECT COUNT(*) FROM p.visits) AS n FROM patients p", "n = transform visits ? visits"],
  [
    "SELECT (SELECT COUNT(*) FROM UNNEST(p.visits) WHERE note = 'x') AS n FROM patients p",
    "n = transform visits ? visits, visits.note",
  ],
  ["SELECT ARRAY(SELECT code FROM p.visits) AS c FROM patients p", "c = copy visits.code ? visits"],
  [
    "SELECT ARRAY(SELECT AS STRUCT code, seen FROM p.visits)[OFFSET(0)].seen AS c FROM patients p",
    "c = copy visits.seen ? visits",
  ],
  ["SELECT 'x' IN UNNEST(tags) AS x FROM patients", "x = transform tags"],
  ["SELECT x FROM patients, UNNEST([name, state]) x", "x = copy name, copy state"],
  ["SELECT x FROM patients, UNNEST(SPLIT(ssn, '-')) x", "x = transform ssn ? ssn"],
  ["SELECT ARRAY_CONCAT(visits, visits)[OFFSET(0)].note FROM patients", "note = copy visits.note"],
  ["SELECT ARRAY_LENGTH(ARRAY(SELECT AS STRUCT a, b FROM pair)) AS n", "n = transform pair.*"],
  ["SELECT IF(ssn = '1', visits, NULL) IS NULL AS n FROM patients", "n = transform ssn, transform visits ? ssn"],
  ["SELECT u.v.code FROM (SELECT v FROM patients, UNNEST(visits) v) u", "code = copy visits.code ? visits"],
]);

table("subqueries", [
  ["SELECT (SELECT ssn FROM patients LIMIT 1) AS x", "x = copy ssn"],
  ["SELECT (SELECT MAX(ssn) FROM patients WHERE state = 'x') AS x", "x = copy ssn ? state"],
  ["SELECT ARRAY(SELECT ssn FROM patients ORDER BY name) AS x", "x = copy ssn ? name"],
  ["SELECT '1' IN (SELECT ssn FROM patients) AS x", "x = transform ssn"],
  ["SELECT EXISTS(SELECT 1 FROM patients WHERE ssn = '1') AS x", "x = transform * ? ssn"],
  ["SELECT ARRAY(SELECT 1 FROM patients) AS x", "x = transform *"],
  [
    "SELECT kind, (SELECT ssn FROM patients p WHERE p.id = e.id) AS s FROM encounters e",
    "kind = copy encounters.kind",
    "s = copy ssn ? encounters.id, id",
  ],
  ["SELECT (SELECT (SELECT p.ssn)) AS x FROM patients p", "x = copy ssn"],
  [
    "SELECT (SELECT kind FROM encounters WHERE p.ssn = kind LIMIT 1) AS x FROM patients p",
    "x = copy encounters.kind ? encounters.kind, ssn",
  ],
  ["SELECT x FROM (SELECT ssn AS x FROM patients ORDER BY born LIMIT 1)", "x = copy ssn ? born"],
  ["SELECT (SELECT id) AS x FROM encounters", "x = copy encounters.id"],
  ["SELECT (SELECT id FROM encounters LIMIT 1) AS x FROM patients", "x = copy encounters.id"],
  ["SELECT (SELECT ssn FROM encounters LIMIT 1) AS x FROM patients", "x = copy ssn"],
]);

table("aggregates that hand out values are copies", [
  // How many rows there are is all that a literal can tell.
  ["SELECT ANY_VALUE(1) AS x FROM patients", "x = transform *"],
  ["SELECT APPROX_TOP_SUM(name, weight, 3) AS x FROM patients", "x = copy name, aggregate weight ? name, weight"],
  ["SELECT MIN(ssn) AS x FROM patients", "x = copy ssn"],
  ["SELECT MAX(ssn) AS x FROM patients", "x = copy ssn"],
  ["SELECT ANY_VALUE(ssn) AS x FROM patients", "x = copy ssn"],
  ["SELECT ANY_VALUE(name HAVING MAX ssn) AS x FROM patients", "x = copy name ? ssn"],
  ["SELECT MAX_BY(name, ssn) AS x FROM patients", "x = copy name ? ssn"],
  ["SELECT ARRAY_AGG(ssn ORDER BY born) AS x FROM patients", "x = copy ssn ? born"],
  ["SELECT STRING_AGG(ssn, ',' ORDER BY name) AS x FROM patients", "x = transform ssn ? name"],
  ["SELECT APPROX_QUANTILES(ssn, 4) AS x FROM patients", "x = copy ssn"],
  ["SELECT APPROX_TOP_COUNT(ssn, 5)[OFFSET(0)].value AS x FROM patients", "x = copy ssn ? ssn"],
  ["SELECT APPROX_TOP_COUNT(ssn, 5)[OFFSET(0)].count AS x FROM patients", "x = aggregate ssn ? ssn"],
  ["SELECT APPROX_TOP_SUM(name, 1, 5)[OFFSET(0)].sum AS x FROM patients", "x = aggregate * ? name"],
  ["SELECT APPROX_TOP_COUNT('x', 5)[OFFSET(0)].count AS x FROM patients", "x = aggregate *"],
  ["SELECT APPROX_TOP_SUM(name, weight, 5)[OFFSET(0)].value AS x FROM patients", "x = copy name ? name, weight"],
  ["SELECT ARRAY_CONCAT_AGG(tags) AS x FROM patients", "x = copy tags"],
  ["SELECT ARRAY_AGG(STRUCT(ssn, id))[OFFSET(0)].ssn AS x FROM patients", "x = copy ssn"],
  ["SELECT LOGICAL_OR(ssn = '1') AS x FROM patients", "x = transform ssn"],
  ["SELECT HLL_COUNT.INIT(ssn) AS x FROM patients", "x = transform ssn"],
  ["SELECT MAX(UPPER(ssn)) AS x FROM patients", "x = transform ssn"],
]);

describe("a value made of no column is a constant: a guess can be built of it", () => {
  for (const made of [
    "(SELECT SUM(x) FROM UNNEST([77]) AS x)",
    "CAST((SELECT SUM(x) FROM UNNEST([77]) AS x) AS STRING)",
    "CAST(NULL IS NULL AS INT64)",
    "CODE_POINTS_TO_STRING([(SELECT SUM(x) FROM UNNEST([77]) AS x)])",
    "(SELECT COUNT(*) FROM UNNEST([1, 2]))",
    "(SELECT MAX(x) FROM UNNEST(['a']) AS x)",
  ])
    test(made, () => {
      assert.equal(planOf(`SELECT ${made} AS n FROM patients`).outputs[0]?.constant, true);
      const compared = `SELECT GREATEST(ssn, CAST(${made} AS STRING)) AS n FROM patients`;
      assert.equal(planOf(compared).outputs[0]?.constant, true, compared);
    });
  test("NULL is not", () =>
    assert.equal(planOf("SELECT COALESCE(ssn, NULL) AS n FROM patients").outputs[0]?.constant, false));
});

describe("a computation that can fail tells of what it was given, so that is a predicate", () => {
  test("an interval of too many days", () => {
    assert.deepEqual(reads("SELECT INTERVAL id DAY AS x FROM patients"), ["id: output predicate"]);
  });
  test("an array that would hold NULL", () => {
    assert.deepEqual(reads("SELECT ARRAY_TRANSFORM(tags, t -> name) AS x FROM patients"), [
      "name: output predicate",
      "tags: output",
    ]);
  });
  const predicates = (sql: string) =>
    planOf(sql).reads.flatMap((r) => r.columns.filter((c) => c.uses.includes("predicate")).map((c) => c.path));
  for (const sql of [
    "SELECT COUNT(SQRT(weight - 1000000)) AS n FROM patients",
    "SELECT COUNT(weight / 0) AS n FROM patients",
    "SELECT weight + 1e308 AS n FROM patients",
    "SELECT SUM(weight * 2) AS n FROM patients",
    "SELECT LN(weight) AS n FROM patients",
    "SELECT COUNT(DATE_ADD(born, INTERVAL 90000 MONTH)) AS n FROM patients",
    "SELECT CAST(ssn AS INT64) AS n FROM patients",
    "SELECT CAST(ssn AS STRING(3)) AS n FROM patients",
    "SELECT PARSE_DATE('%Y', ssn) AS n FROM patients",
    "SELECT REGEXP_CONTAINS('a', ssn) AS n FROM patients",
    "SELECT 'a' LIKE ssn AS n FROM patients",
    "SELECT SUBSTR('abc', 1, id) AS n FROM patients",
    "SELECT REPEAT('a', id) AS n FROM patients",
    "SELECT [1, 2][OFFSET(id)] AS n FROM patients",
    "SELECT tags[OFFSET(3)] AS n FROM patients",
    "SELECT PARSE_JSON(name) AS n FROM patients",
    "SELECT ARRAY_AGG(ssn) AS n FROM patients",
    "SELECT CHR(id) AS n FROM patients",
    "SELECT FROM_HEX(ssn) AS n FROM patients",
    "SELECT SUM(weight) AS n FROM patients",
    "SELECT CURRENT_DATE(ssn) AS n FROM patients",
    "SELECT EXTRACT(HOUR FROM TIMESTAMP '2020-01-01' AT TIME ZONE ssn) AS n FROM patients",
    "SELECT [ssn] AS n FROM patients",
    "SELECT ARRAY(SELECT ssn FROM UNNEST([1])) AS n FROM patients",
    "SELECT REPLACE(ssn, '1', REPEAT('a', 600000)) AS n FROM patients",
  ])
    test(`it can fail: ${sql}`, () => assert.equal(predicates(sql).filter((p) => p !== "*").length, 1));
  for (const sql of [
    "SELECT UPPER(name) AS n, CONCAT(name, ssn) AS m, SUBSTR(ssn, 1, 3) AS o FROM patients",
    "SELECT SAFE_CAST(ssn AS INT64) AS n, SAFE.PARSE_DATE('%Y', ssn) AS m, SAFE_DIVIDE(weight, 0) AS o FROM patients",
    "SELECT CAST(id AS STRING) AS n, CAST(born AS STRING) AS m, CAST(id AS FLOAT64) AS o FROM patients",
    "SELECT REGEXP_EXTRACT(name, 'a+') AS n, name LIKE 'a%' AS m, FORMAT_DATE('%Y', born) AS o FROM patients",
    "SELECT tags[SAFE_OFFSET(3)] AS n, IF(name = 'a', 1, 2) > 1 AS m FROM (SELECT tags, 'b' AS name FROM patients)",
    "SELECT EXTRACT(YEAR FROM born) AS n, DATE_DIFF(born, DATE '2000-01-01', DAY) AS m FROM patients",
    "SELECT ARRAY_AGG(ssn IGNORE NULLS) AS n, COUNT(ssn) AS m, MAX(born) AS o FROM patients",
  ])
    test(`it can't: ${sql}`, () => assert.deepEqual(predicates(sql), []));
  test("a scalar subquery of several rows fails: what decides over its rows does, too", () => {
    assert.deepEqual(predicates("SELECT (SELECT kind FROM encounters) AS n"), ["*"]);
    assert.deepEqual(predicates("SELECT (SELECT MAX(kind) FROM encounters) AS n"), []);
    assert.deepEqual(predicates("SELECT (SELECT kind FROM encounters LIMIT 1) AS n"), []);
  });
});

describe("a count is called one only where it is shown as it is", () => {
  const isCount = (sql: string) => planOf(sql).outputs[0]?.explicit.map((s) => s.statistic ?? "other");
  for (const [sql, statistics] of [
    ["SELECT COUNT(*) AS n FROM patients", ["count"]],
    ["SELECT COUNT(1) AS n FROM patients", ["count"]],
    ["SELECT COUNT(DISTINCT ssn) AS n FROM patients", ["count"]],
    ["SELECT COUNTIF(weight > 1) AS n FROM patients", ["count"]],
    ["SELECT APPROX_COUNT_DISTINCT(ssn) AS n FROM patients", ["count"]],
    ["SELECT MAX(n) AS m FROM (SELECT COUNT(*) AS n FROM patients GROUP BY state)", ["count"]],
    ["SELECT SUM(1) AS n FROM patients", ["other"]],
    ["SELECT SUM(1000) AS n FROM patients", ["other"]],
    ["SELECT COUNT(*) * 1000 AS n FROM patients", ["other"]],
    ["SELECT COUNT(*) * COUNT(*) AS n FROM patients", ["other"]],
    ["SELECT SUM(n) AS m FROM (SELECT COUNT(*) AS n FROM patients GROUP BY state)", ["other"]],
    ["SELECT IF(COUNT(*) > 5, COUNT(*), NULL) AS n FROM patients", ["other"]],
    ["SELECT SUM(CAST(ssn AS INT64)) AS n FROM patients", ["other"]],
    // Rows repeated by a join, an array or UNION ALL lift a small count.
    ["SELECT COUNT(*) AS n FROM (SELECT id FROM patients WHERE id = 1)", ["count"]],
    ["SELECT COUNT(id) AS n FROM patients, UNNEST(GENERATE_ARRAY(1, 100))", ["other"]],
    ["SELECT COUNT(p.id) AS n FROM patients p JOIN patients q ON p.state = q.state", ["other"]],
    ["SELECT COUNT(id) AS n FROM (SELECT id FROM patients UNION ALL SELECT id FROM patients)", ["other"]],
    ["WITH w AS (SELECT id FROM patients, UNNEST([1, 2])) SELECT COUNT(id) AS n FROM w", ["other"]],
    ["SELECT COUNT(DISTINCT id) AS n FROM patients, UNNEST(GENERATE_ARRAY(1, 100))", ["count"]],
    ["SELECT APPROX_COUNT_DISTINCT(id) AS n FROM patients, UNNEST([1, 2])", ["count"]],
    ["SELECT COUNT(DISTINCT id * 100 + x) AS n FROM patients, UNNEST(GENERATE_ARRAY(1, 99)) AS x", ["other"]],
    // What a count, or something computed of one, is counted again has no smallest cell.
    ["SELECT COUNT(x) AS n FROM (SELECT SAFE_DIVIDE(1, COUNTIF(id = 1) OVER ()) AS x FROM patients)", ["other"]],
    ["SELECT COUNT(*) AS n FROM (SELECT state FROM patients GROUP BY CUBE(state, SUBSTR(state, 1, 1)))", ["other"]],
    ["SELECT COUNT(*) AS n FROM (SELECT state FROM patients GROUP BY ROLLUP(state))", ["other"]],
    ["SELECT COUNT(DISTINCT (id, x)) AS n FROM patients, UNNEST(GENERATE_ARRAY(1, 99)) AS x", ["other"]],
  ] as const)
    test(sql, () => assert.deepEqual(isCount(sql), statistics));
});

table("statistics are aggregates, where they are statistics", [
  ["SELECT COUNT(*) AS n FROM patients", "n = aggregate *"],
  ["SELECT COUNT(1) AS n FROM patients", "n = aggregate *"],
  ["SELECT SUM(1) AS n FROM patients p, encounters e", "n = aggregate encounters.*, aggregate *"],
  ["SELECT COUNT(ssn) AS n, COUNT(DISTINCT name) AS m FROM patients", "n = aggregate ssn", "m = aggregate name"],
  ["SELECT COUNTIF(ssn = '1') AS n FROM patients", "n = aggregate ssn"],
  ["SELECT SUM(weight) + 1 AS n, AVG(weight) AS m FROM patients", "n = aggregate weight", "m = aggregate weight"],
  ["SELECT SUM(IF(ssn = '1', weight, 0)) AS n FROM patients", "n = aggregate ssn, aggregate weight ? ssn"],
  ["SELECT MAX(n) AS m FROM (SELECT COUNT(*) AS n FROM patients GROUP BY state)", "m = aggregate * ? state"],
  ["SELECT SUM(weight HAVING MAX id) AS n FROM patients", "n = transform weight ? id"],
  ["SELECT (SELECT SUM(x) FROM UNNEST([p.weight]) x) AS n FROM patients p", "n = transform weight"],
  ["SELECT (SELECT AVG(p.weight) FROM UNNEST([1])) AS n FROM patients p", "n = transform weight"],
  [
    "SELECT (SELECT SUM(y) FROM (SELECT 1), UNNEST([(SELECT p.weight)]) y) AS n FROM patients p",
    "n = transform weight",
  ],
  ["SELECT SUM((SELECT p.weight)) AS n FROM patients p", "n = transform weight"],
  ["SELECT SUM(x) AS n FROM (SELECT weight AS x FROM patients LIMIT 1)", "n = transform weight"],
  ["WITH c AS (SELECT weight AS x FROM patients LIMIT 1) SELECT SUM(x) AS n FROM c", "n = transform weight"],
  ["SELECT SUM(s.w) AS n FROM (SELECT STRUCT(weight AS w) AS s FROM patients LIMIT 1)", "n = transform weight"],
  [
    "WITH c AS (SELECT 1.5 IN (SELECT p.weight) AS x FROM patients p) SELECT (SELECT COUNTIF(x) FROM c) AS n",
    "n = aggregate weight",
  ],
  ["SELECT AVG(x) AS n FROM (SELECT MAX(weight) AS x FROM patients)", "n = transform weight"],
  ["SELECT AVG(x) AS n FROM (SELECT MAX(weight) AS x FROM patients GROUP BY state)", "n = aggregate weight ? state"],
  [
    "SELECT SUM(x) AS n FROM UNNEST(ARRAY(SELECT weight FROM patients)) x WITH OFFSET o WHERE o = 3",
    "n = transform weight ? weight",
  ],
  ["SELECT SUM((SELECT weight FROM patients WHERE id = 5)) AS n FROM UNNEST([1])", "n = transform weight ? id"],
  [
    "SELECT (SELECT SUM(s.b) FROM (SELECT STRUCT(p.id AS a, e.cost AS b) AS s FROM encounters e)) AS n FROM patients p",
    "n = aggregate encounters.cost",
  ],
  [
    "SELECT COUNTIF(EXISTS(SELECT 1 FROM encounters e WHERE e.id = p.id)) AS n FROM patients p",
    "n = aggregate encounters.* ? encounters.id, id",
  ],
  [
    "SELECT (SELECT SUM(cost) FROM encounters e WHERE e.id = p.id) AS n FROM patients p",
    "n = aggregate encounters.cost ? encounters.id, id",
  ],
  [
    "SELECT STDDEV(weight) AS n, CORR(weight, id) AS c FROM patients",
    "n = aggregate weight",
    "c = aggregate id, aggregate weight",
  ],
]);

table("windows", [
  [
    "SELECT SUM(1) OVER (ROWS BETWEEN (SELECT MAX(eid) FROM encounters) PRECEDING AND CURRENT ROW) AS x FROM patients",
    "x = transform * ? encounters.eid",
  ],
  ["SELECT ROW_NUMBER() OVER (ORDER BY ssn) AS n FROM patients", "n = transform * ? ssn"],
  ["SELECT NTILE(2) OVER (ORDER BY ssn) AS n, name FROM patients", "n = transform * ? ssn", "name = copy name"],
  ["SELECT LAG(ssn) OVER (PARTITION BY state ORDER BY born) AS x FROM patients", "x = copy ssn ? born, state"],
  [
    "SELECT LAG(name, id, ssn) OVER (ORDER BY born) AS x FROM patients",
    "x = transform id, copy name, copy ssn ? born, id",
  ],
  [
    "SELECT FIRST_VALUE(ssn) OVER w AS x FROM patients WINDOW w AS (PARTITION BY state ORDER BY born)",
    "x = copy ssn ? born, state",
  ],
  [
    "SELECT NTH_VALUE(ssn, 2) OVER (w ORDER BY born) AS x FROM patients WINDOW w AS (PARTITION BY state)",
    "x = copy ssn ? born, state",
  ],
  ["SELECT PERCENTILE_DISC(ssn, 0.5) OVER () AS x FROM patients", "x = copy ssn"],
  ["SELECT PERCENTILE_CONT(weight, 0) OVER () AS x FROM patients", "x = transform weight"],
  ["SELECT AVG(weight) OVER (PARTITION BY state) AS x FROM patients", "x = aggregate weight ? state"],
  ["SELECT SUM(weight) OVER (ORDER BY id) AS x FROM patients", "x = transform weight ? id"],
  ["SELECT SUM(weight) OVER (ROWS BETWEEN CURRENT ROW AND CURRENT ROW) AS x FROM patients", "x = transform weight"],
  ["SELECT SUM(weight) OVER w AS x FROM patients WINDOW v AS (ORDER BY id), w AS v", "x = transform weight ? id"],
  ["SELECT COUNT(*) OVER (PARTITION BY ssn) AS x FROM patients", "x = aggregate * ? ssn"],
  [
    "SELECT state, SUM(COUNT(*)) OVER () AS x FROM patients GROUP BY state",
    "state = copy state ? state",
    "x = aggregate * ? state",
  ],
]);

table("set operations", [
  ["SELECT name AS x FROM patients UNION ALL SELECT kind FROM encounters", "x = copy encounters.kind, copy name"],
  [
    "SELECT name AS x FROM patients UNION ALL SELECT kind FROM encounters WHERE cost > 1",
    "x = copy encounters.kind, copy name ? encounters.cost",
  ],
  [
    "SELECT name AS x FROM patients UNION DISTINCT SELECT kind FROM encounters",
    "x = copy encounters.kind, copy name ? encounters.kind, name",
  ],
  [
    "SELECT name AS x FROM patients INTERSECT DISTINCT SELECT kind FROM encounters",
    "x = copy encounters.kind, copy name ? encounters.kind, name",
  ],
  [
    "SELECT name AS x FROM patients EXCEPT DISTINCT SELECT kind FROM encounters",
    "x = copy name ? encounters.kind, name",
  ],
  ["(SELECT ssn AS x FROM patients LIMIT 1) UNION ALL SELECT NULL ORDER BY x", "x = copy ssn ? ssn"],
  [
    "SELECT STRUCT(ssn AS a, name AS b) AS s FROM patients UNION ALL SELECT STRUCT(name, state) FROM patients",
    "s = copy name, copy ssn, copy state",
  ],
  [
    "SELECT s.b FROM (SELECT STRUCT(ssn AS a, name AS b) AS s FROM patients UNION ALL SELECT STRUCT(name, state) FROM patients)",
    "b = copy name, copy state",
  ],
]);

table("common tables and names", [
  ["WITH patients AS (SELECT 'x' AS ssn) SELECT ssn FROM patients", "ssn ="],
  ["WITH patients AS (SELECT 'x' AS ssn) SELECT ssn FROM ehr.patients", "ssn = copy ssn"],
  ["WITH patients AS (SELECT state AS ssn FROM patients) SELECT ssn FROM patients", "ssn = copy state"],
  ["WITH PATIENTS AS (SELECT state AS ssn FROM patients) SELECT ssn FROM Patients", "ssn = copy state"],
  [
    "WITH a AS (SELECT ssn AS x FROM patients WHERE id = 1), b AS (SELECT x FROM a) SELECT x FROM b",
    "x = copy ssn ? id",
  ],
  [
    "WITH a AS (SELECT 1 AS x) SELECT (WITH a AS (SELECT ssn AS x FROM patients) SELECT x FROM a LIMIT 1) AS y, x FROM a",
    "y = copy ssn",
    "x =",
  ],
  [
    "WITH a AS (SELECT name AS x FROM patients) SELECT x FROM (WITH a AS (SELECT ssn AS x FROM patients) SELECT x FROM a)",
    "x = copy ssn",
  ],
  ["SELECT 1 /* /* */ , ssn FROM patients -- */", "f0_ =", "ssn = copy ssn"],
  ["SELECT SSN, Ssn AS y FROM patients", "SSN = copy ssn", "y = copy ssn"],
  ["SELECT p.name AS ssn FROM patients p", "ssn = copy name"],
  ["SELECT ssn FROM (SELECT name AS ssn, ssn AS name FROM patients)", "ssn = copy name"],
  ["SELECT name AS ssn FROM patients p WHERE ssn = '1'", "ssn = copy name ? ssn"],
  ["SELECT ssn.name FROM patients AS ssn", "name = copy name"],
  ["SELECT patients.a FROM pair AS patients, (SELECT a AS ssn FROM pair) AS x", "a = copy pair.a"],
  [
    "SELECT e.ssn FROM (SELECT ssn, kind FROM patients JOIN encounters USING (id)) e",
    "ssn = copy ssn ? encounters.id, id",
  ],
  [
    "SELECT * EXCEPT (ssn, doc, visits, address, tags, weight, born, state) FROM patients",
    "id = copy id",
    "name = copy name",
  ],
  ["SELECT * REPLACE (b AS a) FROM pair", "a = copy pair.b", "b = copy pair.b"],
  ["SELECT x.*, 1 AS one FROM pair x", "a = copy pair.a", "b = copy pair.b", "one ="],
]);

describe("the order and names of the star", () => {
  test("USING columns come first, then the left's, then the right's", () => {
    assert.deepEqual(
      planOf("SELECT * FROM (SELECT 1 AS a, 2 AS k) JOIN (SELECT 3 AS b, 2 AS k, 4 AS c) USING (k)").outputs.map(
        (o) => o.name,
      ),
      ["k", "a", "b", "c"],
    );
  });
  test("WITH OFFSET stands after the element's fields", () => {
    assert.deepEqual(
      planOf("SELECT * FROM UNNEST([STRUCT(1 AS x, 2 AS y)]) AS s WITH OFFSET").outputs.map((o) => o.name),
      ["x", "y", "offset"],
    );
  });
});

describe("reads", () => {
  const cases: readonly [string, ...string[]][] = [
    ["SELECT ssn FROM patients WHERE id = 1", "id: predicate", "ssn: output"],
    ["SELECT ssn FROM patients WHERE ssn = '1'", "ssn: output predicate"],
    ["SELECT x.a FROM pair x, patients", "pair.a: output", "*: predicate"],
    ["SELECT 1 AS one FROM patients", "*: predicate"],
    ["SELECT COUNT(*) AS n FROM patients", "*: output"],
    ["SELECT a FROM (SELECT a, b FROM pair)", "pair.a: output"],
    ["WITH u AS (SELECT ssn FROM patients) SELECT a FROM pair", "pair.a: output", "*: predicate"],
    ["SELECT a FROM (SELECT a, IF(b < '5', 1, 0) AS hidden FROM pair)", "pair.a: output", "pair.b: predicate"],
    ["SELECT STRUCT(a AS x, CAST(b AS INT64) AS y).x FROM pair", "pair.a: output", "pair.b: predicate"],
    ["SELECT WITH(u AS 1 / LENGTH(b), a) AS x FROM pair", "pair.a: output", "pair.b: predicate"],
    [
      "SELECT 1 AS one FROM pair WHERE EXISTS (SELECT LENGTH(ssn) / 0 FROM patients)",
      "pair.*: predicate",
      "*: predicate",
      "ssn: predicate",
    ],
    ["SELECT v.code FROM patients p, p.visits v", "visits: predicate", "visits.code: output"],
    // An index out of range fails, which is asked of the length alone.
    ["SELECT visits[OFFSET(0)].code AS x FROM patients", "visits: predicate", "visits.code: output"],
  ];
  for (const [sql, ...expected] of cases) test(sql, () => assert.deepEqual(reads(sql), expected));

  test("ERROR shows its message, wherever its value goes", () => {
    const plan = planOf("SELECT a FROM pair WHERE IF(a = 'x', ERROR(b), TRUE)");
    assert.deepEqual(plan.effects, [{ kind: "error_value", sources: ["clinic.ehr.pair.b"] }]);
    const uses = plan.reads[0]?.columns.find((c) => c.path === "b")?.uses;
    assert.deepEqual(uses, ["output", "predicate"]);
  });
});

describe("what is computed and not shown is read as a predicate", () => {
  const cases: readonly (readonly [sql: string, ...columns: string[]])[] = [
    ["SELECT WITH(a AS UPPER(ssn), 1) AS one FROM patients", "ssn: predicate"],
    ["SELECT STRUCT(UPPER(ssn) AS a, name AS b).b FROM patients", "name: output", "ssn: predicate"],
    ["SELECT STRUCT(UPPER(ssn) AS a, name AS b).* EXCEPT (a) FROM patients", "name: output", "ssn: predicate"],
    ["FROM patients |> SET name = UPPER(ssn) |> SELECT id", "id: output", "ssn: predicate"],
    [
      "WITH c AS (FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY UPPER(ssn)) SELECT 1 AS one",
      "*: predicate",
      "ssn: predicate",
    ],
    // More than one row of the subquery is an error, and its WHERE decides how many there are.
    [
      "WITH c AS (SELECT id FROM patients WHERE (SELECT TRUE FROM encounters WHERE kind = 'x')) SELECT 1 AS one",
      "encounters.*: predicate",
      "encounters.kind: predicate",
      "*: predicate",
    ],
  ];
  for (const [sql, ...columns] of cases) test(sql, () => assert.deepEqual(reads(sql), columns));
});

describe("constants", () => {
  const constant = (expression: string): boolean | undefined =>
    planOf(`SELECT ${expression} AS x FROM patients`).outputs[0]?.constant;
  for (const expression of [
    "'x'",
    "COALESCE(ssn, 'x')",
    "IF(id = 1, ssn, 'x')",
    "CASE WHEN id = 1 THEN 'x' ELSE ssn END",
    "MAX('x')",
    "CONCAT('x', SUBSTR(ssn, 1, 0))",
    "GENERATE_UUID()",
    "CURRENT_DATE()",
  ]) {
    test(`${expression} can be a literal`, () => assert.equal(constant(expression), true));
  }
  for (const expression of ["ssn", "NULL", "IF(id = 1, ssn, NULL)", "COUNT(1)", "MIN(ssn)", "UPPER(ssn)"]) {
    test(`${expression} can't be a literal`, () => assert.equal(constant(expression), false));
  }
  test("a literal in one branch of UNION ALL counts for the column", () => {
    assert.equal(planOf("SELECT ssn FROM patients UNION ALL SELECT 'x'").outputs[0]?.constant, true);
  });
  test("a parameter is a literal", () => {
    const parameters = [{ name: "g", parameterType: { type: "STRING" } }];
    assert.equal(planOf("SELECT COALESCE(ssn, @G) AS x FROM patients", parameters).outputs[0]?.constant, true);
  });
});

describe("fields of the outputs", () => {
  test("each field of a STRUCT has its own sources", () => {
    const [output] = planOf("SELECT STRUCT(ssn AS a, COUNT(*) OVER () AS n) AS s FROM patients WHERE id = 1").outputs;
    assert.equal(output?.type, "STRUCT<a STRING, n INT64>");
    assert.deepEqual(
      output?.fields?.map((f) => [f.name, f.explicit, f.implicit]),
      [
        ["a", [{ column: "clinic.ehr.patients.ssn", via: "copy" }], ["clinic.ehr.patients.id"]],
        ["n", [{ column: "clinic.ehr.patients.*", via: "aggregate", statistic: "count" }], ["clinic.ehr.patients.id"]],
      ],
    );
  });
  test("each field of an ARRAY<STRUCT> too", () => {
    const [output] = planOf(
      "SELECT ARRAY(SELECT AS STRUCT v.note AS n, v.code FROM p.visits v) AS s FROM patients p",
    ).outputs;
    assert.deepEqual(
      output?.fields?.map((f) => [f.name, ...f.explicit.map((s) => s.column)]),
      [
        ["n", "clinic.ehr.patients.visits.note"],
        ["code", "clinic.ehr.patients.visits.code"],
      ],
    );
  });
  test("no output's sources are missing from its fields", () => {
    for (const sql of [
      "SELECT p FROM patients p",
      "SELECT visits FROM patients",
      "SELECT IF(id = 1, address, NULL) AS x FROM patients",
    ]) {
      for (const output of planOf(sql).outputs) {
        const inFields = new Set(output.fields?.flatMap((f) => f.explicit.map((s) => `${s.via} ${s.column}`)));
        assert.deepEqual([...inFields].sort(), output.explicit.map((s) => `${s.via} ${s.column}`).sort());
      }
    }
  });
});

describe("the canonical SQL", () => {
  test("names every table by three parts", () => {
    assert.equal(
      canonical("select P.ssn from patients P, ehr.encounters, `clinic.ehr.pair`"),
      "SELECT `P`.`ssn` FROM `clinic`.`ehr`.`patients` AS `P`, `clinic`.`ehr`.`encounters`, `clinic`.`ehr`.`pair`",
    );
  });
  test("leaves common tables and arrays as they are", () => {
    assert.equal(
      canonical("WITH c AS (SELECT * FROM patients) SELECT v.code FROM c, c.visits AS v"),
      "WITH `c` AS (SELECT * FROM `clinic`.`ehr`.`patients`) SELECT `v`.`code` FROM `c`, `c`.`visits` AS `v`",
    );
  });
  test("is analysed to the same plan", () => {
    for (const sql of [
      "SELECT * FROM pair JOIN encounters ON a = kind",
      "SELECT state, COUNT(*) FROM patients GROUP BY 1",
    ]) {
      assert.deepEqual(planOf(canonical(sql)), planOf(sql));
    }
  });
  test("the redacted SQL holds no literal", () => {
    const { redacted } = analyze("SELECT ssn FROM patients WHERE ssn = '123-45-6789' AND id = 7", {
      catalog: CLINIC,
      ...DEFAULTS,
    });
    assert.ok(redacted && !redacted.sql.includes("123-45") && !redacted.sql.includes("7"));
    assert.equal(redacted.literals.length, 2);
  });
});

describe("columns of one name in a result", () => {
  const names = (sql: string): string[] => planOf(sql).outputs.map(({ name }) => name);
  test("get others, but for the first", () => {
    assert.deepEqual(names("SELECT a, b AS a, 1 AS A FROM pair"), ["a", "a_1", "A_2"]);
    assert.deepEqual(names("SELECT * FROM pair x JOIN pair y ON x.a = y.a"), ["a", "b", "a_1", "b_1"]);
    assert.deepEqual(names("CREATE TEMP FUNCTION f() AS (1); SELECT f() AS a, 2 AS a"), ["a", "a_1"]);
    assert.deepEqual(names("SELECT 1 AS f0_, 2"), ["f0_", "f0__1"]);
  });
  test("have their own sources", () => {
    const [, second] = planOf("SELECT a, ssn AS a FROM pair, patients").outputs;
    assert.deepEqual(second?.explicit, [{ column: "clinic.ehr.patients.ssn", via: "copy" }]);
  });
  test("are refused where one gets a name that another has, and in a script", () => {
    for (const sql of [
      "SELECT 1 AS a, 2 AS a, 3 AS a_1",
      "SELECT 1 AS a_1, 2 AS a, 3 AS A",
      "SELECT 1 AS a, 2 AS a; SELECT 3 AS b",
    ])
      assert.equal(refusalOf(sql)?.code, "name", sql);
  });
  test("are refused in what is written", () => {
    for (const sql of ["CREATE TABLE t AS SELECT 1 AS a, 2 AS a", "CREATE VIEW v AS SELECT 1 AS a, 2 AS a"])
      assert.equal(refusalOf(sql)?.code, "name", sql);
  });
});
