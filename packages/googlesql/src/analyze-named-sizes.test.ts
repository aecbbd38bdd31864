/** What is known of a number holds under each name that it gets: a count is no less, and a difference of days no more, in the query around. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { TableResource } from "./table-resource.ts";
import { scriptOf } from "./testing/clinic.ts";
import { defining, routine, view } from "./testing/definitions.ts";

const COUNTED = "SELECT state, COUNT(*) AS n FROM patients GROUP BY state";
const BOTH = "SELECT state, COUNT(*) AS n, COUNT(ssn) AS m FROM patients GROUP BY state";
const TOLD = "SELECT state, COUNT(ssn) AS m FROM patients GROUP BY state";
const STAYED = "SELECT state, DATE_DIFF(born, DATE '1900-01-01', DAY) AS days FROM patients";

const inCatalog = (sql: string): string => sql.replace("patients", "clinic.ehr.patients");

const clinic = defining(
  [
    view("counted", "state STRING, n INTEGER, m INTEGER", inCatalog(BOTH)),
    view("stock", "m INTEGER, n INTEGER", "", "TABLE"),
    view("stayed", "state STRING, days INTEGER", inCatalog(STAYED)),
  ],
  [
    routine("per", "", inCatalog(BOTH), { routineType: "TABLE_VALUED_FUNCTION" }),
    routine("divided", "", "SELECT m / n AS x FROM t", {
      routineType: "TABLE_VALUED_FUNCTION",
      arguments: [{ name: "t", argumentKind: "ANY_TABLE" }],
    }),
    routine("share", "part INT64, whole INT64", "part / whole"),
  ],
);

/** Columns that decide whether the query fails: all of them are shown, and nothing else in these queries makes them predicates. */
const asked = (sql: string): string[] =>
  clinic
    .statement(sql)
    .reads.filter(({ table }) => !table.endsWith(".pair"))
    .flatMap(({ columns }) => columns.filter(({ uses }) => uses.includes("predicate")).map(({ path }) => path))
    .filter((path) => path !== "state");

describe("what is known of a number is known by its name:", () => {
  for (const sql of [
    `SELECT n / MAX(n) OVER () AS x FROM (${COUNTED})`,
    `SELECT SUM(m) AS x, MAX(n) AS n FROM (${BOTH})`,
    `SELECT MAX(m) / SUM(n) AS x FROM (${BOTH})`,
    `SELECT SUM(m) OVER (ORDER BY state) AS x FROM (${TOLD})`,
    `WITH c AS (${TOLD}) SELECT SUM(c.m) AS x FROM c WHERE state > 'a' GROUP BY LENGTH(state)`,
    "FROM patients |> AGGREGATE COUNT(ssn) AS m GROUP BY state |> AGGREGATE SUM(m) AS x",
    `SELECT m / n AS x FROM (${BOTH})`,
    `SELECT 100 * (n - m) / n AS x FROM (${BOTH})`,
    `SELECT c.m / c.n AS x FROM (${BOTH}) AS c`,
    `WITH c AS (${BOTH}) SELECT m / n AS x FROM c`,
    `WITH c AS (${BOTH}), d AS (SELECT m, n AS whole FROM c) SELECT m / whole AS x FROM d`,
    `WITH c AS (${BOTH}) SELECT a.m / b.n AS x, a.n, b.m FROM c AS a JOIN c AS b USING (state)`,
    `WITH c AS (${BOTH}) SELECT c.m / c.n AS x FROM pair LEFT JOIN c ON c.state = pair.a`,
    `SELECT n - LAG(n) OVER (ORDER BY state) AS x FROM (${COUNTED})`,
    ...["LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "MIN", "MAX"].map(
      (name) => `SELECT m / ${name}(n) OVER (ORDER BY state) AS x FROM (${BOTH})`,
    ),
    `SELECT m / MIN(n) OVER (ORDER BY state ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS x FROM (${BOTH})`,
    `SELECT MAX(m) / ANY_VALUE(n) AS x FROM (${BOTH})`,
    ...["LAG", "LEAD"].map((name) => `SELECT n - ${name}(n, 12) OVER (ORDER BY state) AS x FROM (${COUNTED})`),
    ...["LAG", "LEAD"].map((name) => `SELECT m / ${name}(n, 12) OVER (ORDER BY state) AS x FROM (${BOTH})`),
    `SELECT (n - before) / before AS x FROM (SELECT n, LAG(n) OVER (ORDER BY state) AS before FROM (${COUNTED}))`,
    "SELECT state, l / g AS x FROM (SELECT state, LENGTH(ssn) AS l, GREATEST(9, 1) AS g FROM patients)",
    `WITH a AS (${BOTH}) SELECT x FROM fn.divided(TABLE a)`,
    `SELECT SUM(days) AS x FROM (${STAYED})`,
    `SELECT days + 1 AS x FROM (${STAYED})`,
    `SELECT ABS(days) AS x FROM (${STAYED})`,
    `SELECT s.days - 1 AS x FROM pair CROSS JOIN (${STAYED}) AS s`,
    "SELECT d - 1 AS x FROM (SELECT AS VALUE LENGTH(ssn) FROM patients) AS d",
    "SELECT m / n AS x FROM clinic.ehr.counted",
    "SELECT SUM(days) AS x FROM clinic.ehr.stayed",
    "SELECT m / n AS x FROM fn.per()",
    `FROM (${BOTH}) |> SELECT m / n AS x`,
    `FROM (${COUNTED}) |> EXTEND n + 1 AS o |> SELECT o - n AS x`,
    "FROM patients |> AGGREGATE COUNT(*) AS n, COUNT(ssn) AS m GROUP BY state |> EXTEND m / n AS x |> SELECT x",
    `FROM (${STAYED}) |> SET days = DIV(days, 7) |> AGGREGATE SUM(days) AS x`,
    `FROM (${STAYED}) |> RENAME days AS d |> AGGREGATE SUM(d) AS x`,
    "SELECT (SELECT MAX(p.l + 1) FROM pair) AS x FROM (SELECT LENGTH(ssn) AS l FROM patients) AS p",
  ])
    test(sql, () => assert.deepEqual(asked(sql), []));
});

describe("nothing is known by the name of", () => {
  const cases: Readonly<Record<string, readonly [sql: string, ...asked: string[]]>> = {
    "a count of what can be NULL": [`SELECT 1 / m AS x, n FROM (${BOTH})`, "ssn"],
    "a count without groups": ["SELECT 1 / n AS x FROM (SELECT COUNT(*) AS n FROM patients)", "*"],
    "a count of an empty grouping set": [
      "SELECT 1 / n AS x FROM (SELECT COUNT(*) AS n FROM patients GROUP BY ROLLUP (state))",
      "*",
    ],
    "a count of a window, which each of many rows has": [
      "SELECT SUM(n) AS x FROM (SELECT COUNT(ssn) OVER () AS n FROM patients)",
      "ssn",
    ],
    "counts of groups that a join repeats": [`SELECT SUM(m) AS x FROM (${TOLD}) CROSS JOIN pair`, "ssn"],
    "counts of groups that share rows": [
      "SELECT SUM(m) AS x FROM (SELECT COUNT(ssn) AS m FROM patients GROUP BY ROLLUP (state))",
      "ssn",
    ],
    "counts of groups of rows that were repeated": [
      "SELECT SUM(m) AS x FROM (SELECT COUNT(ssn) AS m FROM patients CROSS JOIN pair GROUP BY state)",
      "ssn",
    ],
    "a count of the query around, added up for each row": [
      `SELECT (SELECT SUM(c.m) FROM pair) AS x, c.m FROM (${TOLD}) AS c`,
      "ssn",
    ],
    "a count of the query around, which is each row's": [
      `SELECT (SELECT SUM(x) FROM (SELECT c.m AS x FROM pair)) AS x, c.m FROM (${TOLD}) AS c`,
      "ssn",
    ],
    "a count of the query around, under a name of WITH": [
      `SELECT (SELECT WITH(a AS c.m, SUM(a)) FROM pair) AS x, c.m FROM (${TOLD}) AS c`,
      "ssn",
    ],
    "counts of each row of several": [`SELECT SUM(x) AS x FROM (SELECT m AS x FROM (${TOLD}) CROSS JOIN pair)`, "ssn"],
    "counts that are computed with": [`SELECT SUM(m + 1) AS x FROM (${TOLD})`, "ssn"],
    "counts of two queries": [
      `SELECT SUM(m) AS x FROM (SELECT COUNT(ssn) AS m FROM patients UNION ALL SELECT COUNT(ssn) FROM patients)`,
      "ssn",
    ],
    "counts that UNPIVOT puts in one column": [
      `SELECT SUM(x) AS x FROM (${BOTH}) UNPIVOT (x FOR which IN (n, m))`,
      "*",
      "ssn",
    ],
    "a total of counts, which is each row's": [
      `SELECT SUM(t) AS x FROM (SELECT SUM(m) OVER () AS t FROM (${TOLD}))`,
      "ssn",
    ],
    "a sum of what may be 0": [`SELECT MAX(n) / SUM(m) AS x FROM (${BOTH})`, "*", "ssn"],
    "days of rows that a join repeats": [`SELECT SUM(days) AS x FROM (${STAYED}) CROSS JOIN pair`, "born"],
    "days that are multiplied": [`SELECT days * 9223372036854775807 AS x FROM (${STAYED})`, "born"],
    "a number of either query": [
      "SELECT x + 1 AS y FROM (SELECT LENGTH(ssn) AS x FROM patients UNION ALL SELECT id FROM patients)",
      "id",
      "ssn",
    ],
    "a number of the second query, under the first one's name": [
      `SELECT 1 / n AS y FROM (SELECT n FROM (${COUNTED}) UNION ALL SELECT LENGTH(ssn) FROM patients)`,
      "*",
      "ssn",
    ],
    "what FULL JOIN takes of either side": [
      `SELECT n + 1 AS y FROM (SELECT LENGTH(name) AS n FROM patients) FULL JOIN (SELECT id AS n FROM patients) USING (n)`,
      "id",
      "name",
    ],
    "what IFNULL puts in": [`SELECT 1 / IFNULL(n, 0) AS x FROM (${COUNTED})`, "*"],
    "LAG with a value of its own": [`SELECT 1 / LAG(n, 1, 0) OVER (ORDER BY state) AS x FROM (${COUNTED})`, "*"],
    "LEAD with a value of its own": [`SELECT 1 / LEAD(n, 1, 0) OVER (ORDER BY state) AS x FROM (${COUNTED})`, "*"],
    "the least of several": [`SELECT 1 / LEAST(n, m) AS x FROM (${BOTH})`, "*", "ssn"],
    "what pipes put in a count's place": [`FROM (${COUNTED}) |> SET n = n - 1 |> SELECT 1 / n AS x`, "*"],
    "another column, once it is gone": [
      `FROM (${BOTH}) |> EXTEND n AS o |> DROP n |> RENAME m AS n |> SELECT 1 / n AS x, o`,
      "ssn",
    ],
    "an alias that hides a column": [
      "SELECT COUNT(*) AS n, ANY_VALUE(n) AS x FROM (SELECT LENGTH(ssn) AS n, state FROM patients) GROUP BY state HAVING 1 / n > 0",
      "*",
      "ssn",
    ],
    "an alias that hides a column, in a subquery of which nothing is shown": [
      "SELECT COUNT(*) AS n, ANY_VALUE(n) AS x FROM (SELECT LENGTH(ssn) AS n, state FROM patients) GROUP BY state ORDER BY EXISTS(SELECT 1 / n)",
      "*",
      "ssn",
    ],
    "a field": ["SELECT 1 / s.n AS x FROM (SELECT STRUCT(COUNT(*) AS n) AS s FROM patients GROUP BY state)", "*"],
    "an element of an array": [
      "SELECT 1 / e AS x FROM (SELECT [COUNT(*)] AS a FROM patients GROUP BY state), UNNEST(a) AS e",
      "*",
    ],
    "a function's argument that may be 0": [`SELECT fn.share(m, m) AS x, n FROM (${BOTH})`, "ssn"],
    "a table's column in another call": [
      `WITH a AS (${BOTH}) SELECT a.x, b.x FROM fn.divided(TABLE a) AS a CROSS JOIN fn.divided(TABLE clinic.ehr.stock) AS b`,
      "m",
      "n",
    ],
    "what noise may make of a count": [
      "SELECT n + 1 AS x FROM (SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.1, privacy_unit_column = id) COUNT(*) AS n FROM patients GROUP BY state)",
      "*",
      "id",
    ],
    "what PIVOT counts": [
      "SELECT 1 / a AS x FROM (SELECT state, LENGTH(ssn) AS n FROM patients) PIVOT(COUNT(n) FOR state IN ('a' AS a))",
      "ssn",
    ],
    "a row that a recursive query makes of others": [
      "WITH RECURSIVE r AS (SELECT MOD(id, 8) AS n FROM patients UNION ALL SELECT n * 1000000000 FROM r) SELECT n FROM r",
      "*",
      "id",
    ],
    "a count with noise": [
      "SELECT 1 / n AS x FROM (SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.1, privacy_unit_column = id) COUNT(*) AS n FROM patients GROUP BY state)",
      "*",
      "id",
    ],
    "what noise is added to": [
      "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, delta = 0.1, privacy_unit_column = id) 1 / SUM(n) AS x FROM (SELECT id, COUNT(*) AS n FROM patients GROUP BY id)",
      "*",
      "id",
    ],
  };
  for (const [what, [sql, ...by]] of Object.entries(cases))
    test(`${what}: ${sql}`, () => assert.deepEqual(asked(sql).sort(), [...by].sort()));

  test("a temporary table, which the script may change", () => {
    const script = `CREATE TEMP TABLE c AS ${COUNTED}; UPDATE c SET n = 0 WHERE TRUE; SELECT 1 / n AS x FROM c`;
    const told = scriptOf(script).statements.at(-1)?.reads ?? [];
    const fails = told.some(({ columns }) =>
      columns.some(({ path, uses }) => path === "*" && uses.includes("predicate")),
    );
    assert.ok(fails);
  });
});

describe("of a table's column it is known what its type holds:", () => {
  const numbered = (tableId: string, type: string, precision?: string, scale?: string): TableResource => ({
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId },
    type: "TABLE",
    schema: { fields: [{ name: "x", type, ...(precision && { precision }), ...(scale && { scale }) }] },
  });
  const resources = [
    numbered("bills", "NUMERIC", "10", "2"),
    numbered("whole", "BIGNUMERIC", "12"),
    numbered("large", "NUMERIC", "16"),
    numbered("larger", "NUMERIC", "19", "2"),
    numbered("largest", "NUMERIC", "38", "9"),
    numbered("plain", "NUMERIC"),
    numbered("float", "FLOAT", "10", "2"),
    {
      ...numbered("files", "NUMERIC", "10", "2"),
      type: "EXTERNAL",
      externalDataConfiguration: { sourceFormat: "CSV" },
    },
  ];
  const tables = new Map(resources.map((resource) => [`clinic.ehr.${resource.tableReference.tableId}`, resource]));
  const catalog = {
    table: (name: string) => tables.get(name),
    wildcard: () => [numbered("day_1", "NUMERIC", "10", "2"), numbered("day_2", "NUMERIC", "29")],
  };
  const fails = (sql: string): boolean => {
    const { plan } = analyze(sql, {
      catalog,
      defaultProject: "clinic",
      defaultDataset: { project: "clinic", dataset: "ehr" },
    });
    if (!plan.understood) throw new Error(plan.refusal.message);
    const columns = plan.statements.flatMap(({ reads }) => reads.flatMap((table) => table.columns));
    return columns.some(({ path, uses }) => path === "x" && uses.includes("predicate"));
  };
  const cases: Readonly<Record<string, boolean>> = {
    "SELECT SUM(x) AS y FROM bills": false,
    "SELECT SUM(b.x) AS y FROM bills AS b CROSS JOIN plain": false,
    "SELECT SUM(x) AS y FROM (SELECT x FROM bills)": false,
    "SELECT x * 12 + 1 AS y FROM bills": false,
    "SELECT ROUND(AVG(x), 2) AS y FROM bills": false,
    "SELECT ROUND(AVG(x), 2) AS y FROM plain": true,
    "SELECT CEIL(x) AS y FROM bills": false,
    "SELECT FLOOR(x) AS y FROM plain": true,
    "SELECT ABS(x) AS y FROM whole": false,
    "SELECT SUM(x) AS y FROM whole": false,
    "SELECT SUM(x) AS y FROM large": false,
    "SELECT SUM(l.x) AS y FROM large AS l CROSS JOIN plain": true,
    "SELECT SUM(x) AS y FROM larger": true,
    "SELECT SUM(x) AS y FROM largest": true,
    "SELECT SUM(x) AS y FROM plain": true,
    "SELECT SUM(x) AS y FROM float": true,
    "SELECT SUM(x) AS y FROM files": true,
    "SELECT SUM(x) AS y FROM bills FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01 00:00:00+00'": true,
    "SELECT SUM(x) AS y FROM APPENDS(TABLE bills, NULL, NULL)": true,
    "SELECT SUM(x) AS y FROM `clinic.ehr.day_*`": true,
    "SELECT SUM(x) AS y FROM (SELECT x FROM bills UNION ALL SELECT x FROM plain)": true,
    "SELECT SUM(CAST(x AS INT64)) AS y FROM bills": true,
    "SELECT SUM(x * 10000000000) AS y FROM bills": true,
  };
  for (const [sql, expected] of Object.entries(cases)) test(sql, () => assert.equal(fails(sql), expected));
});
