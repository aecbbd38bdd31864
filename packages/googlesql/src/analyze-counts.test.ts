/** Counting rows of which a table's row may give several is no count of the table's: it has no smallest cell (docs/adr/0001). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";
import { routine } from "./testing/definitions.ts";

const given = [{ name: "t", argumentKind: "ANY_TABLE" }];
const FUNCTIONS = new Map(
  [
    routine("given", "", "SELECT * FROM t", { routineType: "TABLE_VALUED_FUNCTION", arguments: given }),
    routine("counted", "", "SELECT COUNT(*) AS n FROM t", { routineType: "TABLE_VALUED_FUNCTION", arguments: given }),
  ].map((made) => [`clinic.fn.${made.routineReference.routineId}`, made]),
);

/** Whether the last column of the result is a count of each column that it shows. */
function counts(sql: string): string {
  const catalog = { ...CLINIC, routine: (name: string) => FUNCTIONS.get(name) };
  const { plan } = analyze(sql, { catalog, ...DEFAULTS });
  assert.ok(plan.understood, plan.understood ? "" : plan.refusal.message);
  const sources = plan.result.at(-1)?.explicit ?? [];
  return sources
    .map(({ column, via, statistic }) => `${statistic ?? via} ${column.replace("clinic.ehr.", "")}`)
    .join(", ");
}

function table(title: string, cases: readonly (readonly [sql: string, counted: string])[]): void {
  describe(title, () => {
    for (const [sql, counted] of cases) test(sql, () => assert.equal(counts(sql), counted));
  });
}

const MANY = "patients AS p, UNNEST(p.tags)";
const ROWS = "(SELECT AS STRUCT ssn FROM patients) AS p";

table("a count of a table's rows, each there once", [
  ["FROM patients |> AGGREGATE COUNT(*) AS c GROUP BY name |> AGGREGATE COUNT(*) AS n", "count patients.*"],
  ["FROM patients |> SELECT ssn |> AGGREGATE COUNT(ssn) AS n", "count patients.ssn"],
  ["SELECT COUNT(ssn) AS n FROM fn.given((SELECT ssn FROM patients))", "count patients.ssn"],
  [`FROM (FROM ${ROWS}) |> AGGREGATE COUNT(ssn) AS n`, "count patients.ssn"],
  ["CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; SELECT COUNT(s) AS n FROM t", "count patients.ssn"],
]);

table("repeated rows stay so", [
  [
    `FROM ${MANY} |> AGGREGATE COUNT(*) AS c GROUP BY p.name |> AGGREGATE COUNT(*) AS n`,
    "aggregate patients.*, aggregate patients.tags",
  ],
  // Grouped by several sets, a row is in several groups.
  [
    "FROM patients |> AGGREGATE COUNT(*) AS c GROUP BY ROLLUP(name, state) |> AGGREGATE COUNT(*) AS n",
    "aggregate patients.*",
  ],
  [`FROM ${MANY} |> SELECT p.ssn |> AGGREGATE COUNT(ssn) AS n`, "aggregate patients.ssn"],
  [`SELECT COUNT(ssn) AS n FROM (FROM ${MANY} |> SELECT p.ssn)`, "aggregate patients.ssn"],
  [`FROM ((FROM ${ROWS}) UNION ALL (FROM ${ROWS})) |> AGGREGATE COUNT(ssn) AS n`, "aggregate patients.ssn"],
  [
    `SELECT COUNT(id) AS n FROM (SELECT p.id, p.state FROM ${MANY}) PIVOT (COUNT(*) FOR state IN ('x'))`,
    "aggregate patients.id",
  ],
  [`CREATE TEMP TABLE t AS SELECT p.ssn AS s FROM ${MANY}; SELECT COUNT(s) AS n FROM t`, "aggregate patients.ssn"],
  [
    `CREATE TEMP TABLE t AS SELECT p.ssn AS s FROM ${MANY}; CREATE TEMP TABLE u COPY t; SELECT COUNT(s) AS n FROM u`,
    "aggregate patients.ssn",
  ],
  [
    `SELECT COUNT(id) AS n FROM RANGE_SESSIONIZE((SELECT p.id, RANGE(p.born, NULL) AS r FROM ${MANY}), 'r', ['id'])`,
    "aggregate patients.id",
  ],
  [
    `SELECT COUNT(weight) AS n FROM ML.PREDICT(MODEL ehr.risk, (SELECT p.weight, p.state FROM ${MANY}))`,
    "aggregate patients.weight",
  ],
  ["SELECT COUNT(*) AS n FROM ML.WEIGHTS(MODEL ehr.risk)", "aggregate risk.*"],
  [`SELECT COUNT(ssn) AS n FROM fn.given((SELECT p.ssn FROM ${MANY}))`, "aggregate patients.ssn"],
  [`FROM ${MANY} |> SELECT p.ssn |> CALL fn.counted()`, "aggregate patients.*, aggregate patients.tags"],
]);

table("different values stay as many, where they are a column's as it is", [
  [`SELECT COUNT(DISTINCT p.ssn) AS n FROM ${MANY}`, "count patients.ssn"],
  [`SELECT APPROX_COUNT_DISTINCT(p.ssn) AS n FROM ${MANY}`, "count patients.ssn"],
  [`SELECT COUNT(DISTINCT UPPER(p.ssn)) AS n FROM ${MANY}`, "aggregate patients.ssn"],
  [`SELECT APPROX_COUNT_DISTINCT(UPPER(p.ssn)) AS n FROM ${MANY}`, "aggregate patients.ssn"],
]);

table("as does what a script changed", [
  [
    `IF RAND() < 0.5 THEN CREATE TEMP TABLE t AS SELECT p.ssn AS s FROM ${MANY}; ELSE CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; END IF; SELECT COUNT(s) AS n FROM t`,
    "aggregate patients.ssn",
  ],
  [
    `IF RAND() < 0.5 THEN CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; ELSE CREATE TEMP TABLE t AS SELECT p.ssn AS s FROM ${MANY}; END IF; SELECT COUNT(s) AS n FROM t`,
    "aggregate patients.ssn",
  ],
  ["CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; SELECT COUNT(s) AS n FROM t", "count patients.ssn"],
  [
    "CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; INSERT INTO t SELECT ssn FROM patients; SELECT COUNT(s) AS n FROM t",
    "aggregate patients.ssn",
  ],
  [
    "INSERT INTO pair (a) SELECT ssn FROM patients; SELECT COUNT(a) AS n FROM pair",
    "aggregate pair.a, aggregate patients.ssn",
  ],
]);

table("sets and pivots of repeated rows", [
  [
    `SELECT COUNT(ssn) AS n FROM (SELECT ssn FROM patients INTERSECT DISTINCT SELECT a FROM pair)`,
    "count pair.a, count patients.ssn",
  ],
  [
    `SELECT COUNT(ssn) AS n FROM (SELECT p.ssn FROM ${MANY} INTERSECT DISTINCT SELECT a FROM pair)`,
    "aggregate pair.a, aggregate patients.ssn",
  ],
  [`SELECT COUNT(a) AS n FROM (SELECT a FROM pair EXCEPT DISTINCT SELECT p.ssn FROM ${MANY})`, "aggregate pair.a"],
  [
    "SELECT COUNT(state) AS n FROM (SELECT id, state, ssn FROM patients) PIVOT(COUNT(id) AS n FOR ssn IN ('a'))",
    "count patients.state",
  ],
  [
    `SELECT COUNT(state) AS n FROM (SELECT p.id, p.state, p.ssn FROM ${MANY}) PIVOT(COUNT(id) AS n FOR ssn IN ('a'))`,
    "aggregate patients.state",
  ],
  [
    "SELECT * FROM (SELECT id, ssn FROM patients) PIVOT(COUNT(id) AS n FOR ssn IN ('a'))",
    "count patients.id, count patients.ssn",
  ],
  [
    "SELECT c.count AS n FROM (SELECT APPROX_TOP_COUNT(ssn, 3) AS x FROM patients), UNNEST(x) AS c",
    "count patients.ssn",
  ],
  [
    `SELECT c.count AS n FROM (SELECT APPROX_TOP_COUNT(p.ssn, 3) AS x FROM ${MANY}), UNNEST(x) AS c`,
    "aggregate patients.ssn",
  ],
  [
    "SELECT c.sum AS n FROM (SELECT APPROX_TOP_SUM(ssn, id, 3) AS x FROM patients), UNNEST(x) AS c",
    "aggregate patients.id",
  ],
  [
    "SELECT c.sum AS n FROM (SELECT APPROX_TOP_SUM(ssn, 1, 3) AS x FROM patients), UNNEST(x) AS c",
    "aggregate patients.*",
  ],
  ["SELECT c.count AS n FROM (SELECT APPROX_TOP_COUNT(1, 3) AS x FROM patients), UNNEST(x) AS c", "count patients.*"],
]);

table("rows that are grouped stay as often as they were, but for sets of keys", [
  ["SELECT COUNT(ssn) AS n FROM (SELECT ssn FROM patients GROUP BY id, ssn)", "count patients.ssn"],
  ["SELECT COUNT(ssn) AS n FROM (SELECT ssn FROM patients GROUP BY id, ROLLUP(ssn))", "aggregate patients.ssn"],
  ["SELECT COUNT(ssn) AS n FROM (SELECT ssn FROM patients GROUP BY ROLLUP(ssn))", "aggregate patients.ssn"],
  [
    `SELECT * FROM (SELECT p.id, p.ssn FROM ${MANY}) PIVOT(COUNT(id) AS n FOR ssn IN ('a'))`,
    "aggregate patients.id, aggregate patients.ssn",
  ],
]);

table("a count of what sums were asked for is no count", [
  [
    "SELECT COUNT(IF(s > 1, state, NULL)) AS n FROM (SELECT state, SUM(id) AS s FROM patients GROUP BY state)",
    "aggregate patients.id, aggregate patients.state",
  ],
]);
