import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planOf } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

table("aggregates that hand out values are copies", [
  // How many rows there are is all that a literal can tell.
  ["SELECT ANY_VALUE(1) AS x FROM patients", "x = transform *"],
  ["SELECT APPROX_TOP_SUM(name, weight, 3) AS x FROM patients", "x = copy name, aggregate weight ? name, weight"],
  ["SELECT MIN(ssn) AS x FROM patients", "x = copy ssn ? ssn"],
  ["SELECT MAX(ssn) AS x FROM patients", "x = copy ssn ? ssn"],
  ["SELECT ANY_VALUE(ssn) AS x FROM patients", "x = copy ssn"],
  ["SELECT ANY_VALUE(name HAVING MAX ssn) AS x FROM patients", "x = copy name ? ssn"],
  ["SELECT MAX_BY(name, ssn) AS x FROM patients", "x = copy name ? ssn"],
  ["SELECT ARRAY_AGG(ssn ORDER BY born) AS x FROM patients", "x = copy ssn ? born"],
  ["SELECT STRING_AGG(ssn, ',' ORDER BY name) AS x FROM patients", "x = transform ssn ? name"],
  ["SELECT APPROX_QUANTILES(ssn, 4) AS x FROM patients", "x = copy ssn ? ssn"],
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
  ["SELECT AVG(x) AS n FROM (SELECT MAX(weight) AS x FROM patients)", "n = transform weight ? weight"],
  [
    "SELECT AVG(x) AS n FROM (SELECT MAX(weight) AS x FROM patients GROUP BY state)",
    "n = aggregate weight ? state, weight",
  ],
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

table("which of several values is the greatest tells of the values that it is a copy of, as ORDER BY would", [
  [
    "SELECT MIN(ssn) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS x FROM patients",
    "x = copy ssn ? id, ssn",
  ],
  ["SELECT (SELECT MAX(v) FROM UNNEST([a, b]) v) AS x FROM pair", "x = copy pair.a, copy pair.b ? pair.a, pair.b"],
  [
    "SELECT MAX(IF(state = 'x', ssn, name)) AS x FROM patients",
    "x = copy name, copy ssn, transform state ? name, ssn, state",
  ],
  // Of what was changed no mask shows a part, and of counts none does.
  ["SELECT MAX(UPPER(ssn)) AS x, MIN(LENGTH(ssn)) AS y FROM patients", "x = transform ssn", "y = transform ssn"],
  ["SELECT MAX(n) AS m FROM (SELECT state, COUNT(ssn) AS n FROM patients GROUP BY state)", "m = aggregate ssn ? state"],
]);

table("an array of different values tells which were equal, as SELECT DISTINCT does", [
  ["SELECT ARRAY_AGG(DISTINCT ssn IGNORE NULLS) AS x FROM patients", "x = copy ssn ? ssn"],
  [
    "SELECT (SELECT ARRAY_AGG(DISTINCT v IGNORE NULLS) FROM UNNEST([a, b]) v) AS x FROM pair",
    "x = copy pair.a, copy pair.b ? pair.a, pair.b",
  ],
  ["SELECT ARRAY_AGG(ssn IGNORE NULLS) AS x FROM patients", "x = copy ssn"],
  [
    "SELECT ARRAY_AGG(DISTINCT UPPER(ssn) IGNORE NULLS) AS x, COUNT(DISTINCT ssn) AS n FROM patients",
    "x = transform ssn",
    "n = aggregate ssn",
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
  ["SELECT PERCENTILE_DISC(ssn, 0.5) OVER () AS x FROM patients", "x = copy ssn ? ssn"],
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
