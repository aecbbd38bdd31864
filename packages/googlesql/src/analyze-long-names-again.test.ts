/**
 * Analysed again, what runs must mean what was analysed, also where datasets have tables of one last name, and where columns, aliases,
 * variables and common tables have it (I2).
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { UnderstoodPlan } from "./plan.ts";
import type { TableFieldSchema, TableResource } from "./table-resource.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";

function field(name: string, type = "STRING", more: Partial<TableFieldSchema> = {}): TableFieldSchema {
  return { name, type, ...more };
}

const TABLES: Readonly<Record<string, readonly TableFieldSchema[]>> = {
  "lab.patients": [
    field("id", "INTEGER"),
    field("ssn"),
    field("visits", "RECORD", { mode: "REPEATED", fields: [field("code")] }),
  ],
  "lab.pair": [field("a"), field("b"), field("pair", "RECORD", { fields: [field("a"), field("pair")] })],
  "ehr.nest": [field("nest", "RECORD", { fields: [field("a"), field("nest")] }), field("a")],
  "ehr.list": [field("list", "STRING", { mode: "REPEATED" }), field("a")],
  "ehr.country": [field("country"), field("people", "INTEGER")],
  "ehr._session": [field("a")],
  "lab.numbered": [field("id", "INTEGER"), field("pair_1", "RECORD", { fields: [field("a"), field("pair")] })],
  "lab.both": [field("both"), field("both_1", "RECORD", { fields: [field("both")] })],
  "ehr.clinic": [field("a")],
  "clinic.visits": [field("code")],
  "patients.visits": [field("code")],
};

function tableNamed(name: string): TableResource | undefined {
  const [projectId = "", datasetId = "", tableId = ""] = name.split(".");
  const fields = TABLES[`${datasetId}.${tableId}`];
  return fields === undefined
    ? CLINIC.table(name)
    : { tableReference: { projectId, datasetId, tableId }, schema: { fields } };
}

const CATALOG = { ...CLINIC, table: tableNamed };

function analysed(sql: string): UnderstoodPlan {
  const { plan } = analyze(sql, { catalog: CATALOG, ...DEFAULTS });
  if (!plan.understood) throw new Error(`${sql}: ${plan.refusal.code}: ${plan.refusal.message}`);
  return plan;
}

const QUERIES: readonly string[] = [
  "CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT t.x FROM `ehr._session`, t",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT `ehr._session`.a, x FROM `ehr._session`, t",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT `ehr._session`.a, (SELECT MAX(x) FROM t) AS m FROM `ehr._session`",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT `ehr._session`.a, (SELECT MAX(x) FROM _SESSION.t) AS m FROM `ehr._session`",
  "SELECT a AS pair, COUNT(b) AS n FROM `ehr.pair` GROUP BY pair",
  "SELECT `ehr.pair`.a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY pair",
  "SELECT `ehr.nest`.a AS nest FROM `ehr.nest` GROUP BY nest",
  "SELECT nest.a FROM `ehr.nest` GROUP BY nest.a",
  "SELECT pair.a AS pair FROM `ehr.pair` GROUP BY pair",
  "SELECT pair.a AS a FROM `ehr.pair` GROUP BY a",
  "SELECT pair.a AS a FROM `ehr.pair` GROUP BY pair.a",
  "FROM `ehr.pair` |> AGGREGATE COUNT(*) AS n GROUP BY a AS pair",
  "FROM `ehr.pair` |> AGGREGATE COUNT(*) AS n GROUP BY `ehr.pair`.a AS pair |> WHERE pair = 'x'",
  "DECLARE pair STRUCT<a STRING> DEFAULT STRUCT('x'); SELECT pair.* FROM `ehr.pair`",
  "DECLARE pair STRUCT<a STRING> DEFAULT STRUCT('x'); SELECT pair.*, `ehr.pair`.b FROM `ehr.pair`",
  "DECLARE pair STRUCT<a STRING> DEFAULT STRUCT('x'); SELECT pair.a FROM `ehr.pair`",
  "SELECT pair.* FROM `ehr.pair`",
  "SELECT pair.* FROM `lab.pair`",
  "SELECT nest.* FROM `ehr.nest`",
  "SELECT pair.* FROM pair, `lab.pair`",
  "SELECT (SELECT AS STRUCT pair.* FROM `lab.pair`) AS x FROM ehr.pair",
  "SELECT (SELECT AS STRUCT pair.* FROM `lab.pair` LIMIT 1) AS x FROM ehr.pair",
  "SELECT (SELECT AS STRUCT pair.* FROM `ehr.clinic` LIMIT 1) AS x FROM `lab.pair`",
  "SELECT (SELECT AS STRUCT q.* FROM (SELECT 1 AS pair) LIMIT 1) AS x FROM `lab.pair` AS q",
  "SELECT (SELECT AS STRUCT `ehr.pair`.* FROM (SELECT 1 AS pair) LIMIT 1) AS x FROM `ehr.pair`",
  "SELECT (SELECT AS STRUCT pair.* FROM `lab.pair` LIMIT 1) AS x FROM `ehr.pair` AS pair",
  "SELECT (SELECT AS STRUCT pair.* FROM `ehr.pair` LIMIT 1) AS x FROM (SELECT 'y' AS a) AS pair",
  "SELECT `ehr.nest`.nest.* FROM `ehr.nest`",
  "SELECT `ehr.nest`.* FROM `ehr.nest`",
  "SELECT * FROM `ehr.pair` UNPIVOT(v FOR k IN (a, b))",
  "SELECT * FROM `ehr.country` UNPIVOT(v FOR k IN (country))",
  "SELECT v FROM `ehr.pair` UNPIVOT(v FOR k IN (`ehr.pair`.a, b))",
  "SELECT * FROM `ehr.pair` UNPIVOT(pair FOR k IN (a, b)) WHERE pair = 'x'",
  "SELECT * FROM `ehr.pair` PIVOT(COUNT(a) FOR b IN ('x' AS pair))",
  "SELECT * FROM `ehr.pair` PIVOT(COUNT(`ehr.pair`.a) FOR `ehr.pair`.b IN ('x' AS pair))",
  "SELECT * FROM `ehr.country` PIVOT(COUNT(people) FOR country IN ('x' AS pair))",
  "SELECT * FROM `ehr.pair`, `lab.pair`",
  "SELECT `ehr.pair`.a, `lab.pair`.a AS x FROM `ehr.pair`, `lab.pair`",
  "SELECT a FROM `ehr.pair` JOIN `lab.pair` USING (a)",
  "SELECT pair FROM `ehr.pair` JOIN `lab.pair` USING (a)",
  "SELECT a FROM `ehr.pair` JOIN `lab.pair` USING (a, b) WHERE `ehr.pair`.a = 'x'",
  "SELECT v.code FROM `ehr.patients`, `lab.patients`, `ehr.patients`.visits AS v",
  "SELECT v.code FROM `ehr.patients`, UNNEST(patients.visits) AS v",
  "SELECT v.code FROM `ehr.patients`, `lab.patients`, UNNEST(`lab.patients`.visits) AS v",
  "SELECT v.code FROM `ehr.patients`, patients.visits AS v",
  "SELECT code FROM `ehr.patients`, clinic.patients.visits AS v",
  "SELECT list FROM `ehr.list`, UNNEST(list) AS l",
  "SELECT l FROM `ehr.list`, UNNEST(list) AS l",
  "SELECT l FROM `ehr.list`, `ehr.list`.list AS l",
  "SELECT list FROM `ehr.list`, `ehr.list`.list",
  "SELECT list FROM `ehr.list`, UNNEST(`ehr.list`.list) AS list",
  "SELECT a FROM `ehr.list`, UNNEST(`ehr.list`.list) AS x WITH OFFSET AS list",
  "SELECT a FROM `ehr.list`, UNNEST(`ehr.list`.list) AS x WITH OFFSET AS list WHERE list = 1",
  "SELECT pair.x FROM `ehr.pair`, (SELECT 1 AS x) AS pair",
  "SELECT pair FROM `ehr.pair`, (SELECT 1 AS pair)",
  "SELECT `ehr.pair`.a FROM `ehr.pair`, (SELECT 1 AS pair)",
  "SELECT `ehr.pair`.a FROM `ehr.pair`, (SELECT 1 AS pair) WHERE pair = 1",
  "SELECT pair.a FROM `ehr.pair`, (SELECT STRUCT(1 AS a) AS pair)",
  "SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM `lab.pair` WHERE `lab.pair`.a = `ehr.pair`.a)",
  "SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM lab.pair WHERE pair.a = `ehr.pair`.a)",
  "SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM lab.pair AS pair WHERE pair.a = `ehr.pair`.a)",
  "SELECT pair.a FROM ehr.pair WHERE EXISTS (SELECT 1 FROM `lab.pair` WHERE `lab.pair`.a = pair.a)",
  "SELECT pair.a FROM ehr.pair WHERE EXISTS (SELECT 1 FROM `lab.pair` WHERE pair.a = 'x')",
  "SELECT pair.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM `lab.pair` WHERE pair.a = 'x')",
  "SELECT pair.a FROM `lab.pair`",
  "SELECT `lab.pair`.pair.a FROM `lab.pair`",
  "SELECT a, ROW_NUMBER() OVER pair AS n FROM `ehr.pair` WINDOW pair AS (PARTITION BY `ehr.pair`.b)",
  "SELECT a FROM `ehr.pair` QUALIFY ROW_NUMBER() OVER (PARTITION BY `ehr.pair`.b) = 1",
  "SELECT a AS pair FROM `ehr.pair` WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY `ehr.pair`.b ORDER BY pair) = 1",
  "SELECT a AS pair, `ehr.pair`.b FROM `ehr.pair` ORDER BY `ehr.pair`.b",
  "SELECT a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY 1 HAVING pair > 'a'",
  "SELECT a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY a HAVING MAX(`ehr.pair`.b) > 'a'",
  "SELECT a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY a ORDER BY MAX(`ehr.pair`.b)",
  "MERGE `ehr.pair` USING `lab.pair` ON `ehr.pair`.a = `lab.pair`.a WHEN MATCHED THEN UPDATE SET b = `lab.pair`.b",
  "MERGE `ehr.pair` USING `lab.patients` ON `ehr.pair`.a = patients.ssn WHEN MATCHED THEN DELETE",
  "MERGE `ehr.pair` AS p USING `lab.pair` ON p.a = pair.a WHEN MATCHED THEN DELETE",
  "UPDATE `ehr.pair` SET a = `lab.pair`.a FROM `lab.pair` WHERE `ehr.pair`.b = `lab.pair`.b",
  "UPDATE `ehr.pair` SET `ehr.pair`.a = `lab.pair`.a FROM `lab.pair` WHERE `ehr.pair`.b = `lab.pair`.b",
  "UPDATE `lab.pair` SET pair.a = 'x' WHERE TRUE",
  "UPDATE `ehr.pair` SET a = (SELECT MAX(`lab.pair`.a) FROM `lab.pair` WHERE `lab.pair`.b = `ehr.pair`.b) WHERE TRUE",
  "DELETE `ehr.pair` WHERE a IN (SELECT `ehr.pair`.b FROM `lab.pair`)",
  "INSERT `ehr.pair` (a) SELECT `lab.pair`.a FROM `lab.pair`",
  "INSERT INTO `ehr.pair` (a, b) SELECT pair.a, `ehr.pair`.b FROM `lab.pair` AS pair, `ehr.pair`",
  "DECLARE pair STRING DEFAULT 'x'; UPDATE `ehr.pair` SET a = pair WHERE TRUE",
  "DECLARE pair STRING DEFAULT 'x'; DELETE `ehr.pair` WHERE `ehr.pair`.a = pair",
  "DECLARE pair STRING; SET pair = (SELECT MAX(`ehr.pair`.a) FROM `ehr.pair`); SELECT pair",
  "DECLARE pair STRUCT<a STRING>; SELECT pair.a, `ehr.pair`.a AS x FROM `ehr.pair`",
  "FROM `ehr.pair` |> JOIN `lab.pair` ON `ehr.pair`.a = `lab.pair`.a |> SELECT `lab.pair`.b",
  "FROM `ehr.pair` |> AS pair |> WHERE pair.a = 'x'",
  "FROM `ehr.pair` |> AS q |> WHERE q.a = 'x'",
  "FROM `ehr.pair` |> EXTEND a AS pair |> WHERE pair = 'x'",
  "FROM `ehr.pair` |> EXTEND a AS pair |> WHERE `ehr.pair`.a = 'x'",
  "FROM `ehr.pair` |> EXTEND STRUCT('y' AS a) AS pair |> WHERE pair.a = 'x'",
  "FROM `ehr.pair` |> RENAME a AS pair",
  "FROM `ehr.pair` |> RENAME a AS pair |> WHERE pair = 'x'",
  "FROM `ehr.pair` |> RENAME a AS pair |> WHERE `ehr.pair`.b = pair",
  "FROM `ehr.pair` |> SET a = 'x' |> WHERE `ehr.pair`.a = 'y'",
  "FROM `ehr.nest` |> DROP nest |> SELECT `ehr.nest`.nest.a",
  "FROM `ehr.nest` |> DROP nest |> SELECT nest.a",
  "FROM `ehr.nest` |> DROP nest",
  "FROM `ehr.nest` |> SET nest = NULL |> SELECT nest",
  "FROM `ehr.pair` |> SELECT a AS pair |> WHERE pair = 'x'",
  "FROM `ehr.pair` |> UNION ALL (SELECT a, b FROM `lab.pair`) |> WHERE a = 'x'",
  "FROM `ehr.pair` |> WHERE a IN (SELECT `ehr.pair`.b FROM `lab.pair`)",
  "FROM `ehr.pair` |> UNPIVOT(v FOR k IN (`ehr.pair`.a, b)) |> WHERE v = 'x'",
  "FROM `ehr.pair` |> PIVOT(COUNT(a) FOR b IN ('x' AS pair)) |> WHERE pair = 1",
  "FROM `ehr.pair` |> TABLESAMPLE SYSTEM (1 PERCENT) |> WHERE `ehr.pair`.a = 'x'",
  "FROM `ehr.pair` |> AGGREGATE COUNT(`ehr.pair`.a) AS pair |> WHERE pair = 1",
  "FROM `ehr.pair` |> WINDOW SUM(1) OVER (PARTITION BY `ehr.pair`.a) AS pair |> WHERE pair = 1",
  "SELECT WITH(pair AS a, CONCAT(pair, `ehr.pair`.b)) AS x FROM `ehr.pair`",
  "SELECT WITH(pair AS a, pair) AS x FROM `ehr.pair`",
  "SELECT ARRAY_FILTER(['x'], pair -> pair = `ehr.pair`.a) AS x FROM `ehr.pair`",
  "SELECT ARRAY(SELECT pair FROM UNNEST(['x']) AS pair WHERE pair = `ehr.pair`.a) AS x FROM `ehr.pair`",
  "WITH pair AS (SELECT 'x' AS a) SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM pair WHERE pair.a = `ehr.pair`.a)",
  "WITH pair AS (SELECT `ehr.pair`.a FROM `ehr.pair`) SELECT pair.a FROM pair",
  "WITH pair AS (SELECT pair.a FROM `ehr.pair`) SELECT pair.a FROM pair",
  "SELECT `ehr.pair`.a FROM (`ehr.pair` JOIN `lab.pair` USING (a))",
  "SELECT `ehr.pair`.a FROM `ehr.pair` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00' WHERE `ehr.pair`.b = 'x'",
  "SELECT `ehr.pair`.a FROM `ehr.pair` TABLESAMPLE SYSTEM (1 PERCENT) WHERE `ehr.pair`.b = 'x'",
  "SELECT 1 FROM `ehr.pair` WHERE STARTS_WITH(TO_JSON_STRING(pair), 'x') AND EXISTS (SELECT 1 FROM `lab.pair`)",
  "SELECT AS VALUE pair FROM `ehr.pair`",
  "SELECT COUNT(pair) AS n FROM `ehr.pair`",
  "SELECT COUNT(DISTINCT pair) AS n FROM `ehr.pair`",
  "CREATE TABLE ehr.made AS SELECT `ehr.pair`.a AS pair FROM `ehr.pair` WHERE `ehr.pair`.b = 'x'",
  "CREATE TEMP TABLE pair AS SELECT 'x' AS a; SELECT pair.a, `ehr.pair`.b FROM pair, `ehr.pair`",
  "CREATE TEMP TABLE pair AS SELECT 'x' AS a; SELECT `_SESSION.pair`.a, `ehr.pair`.b FROM `_SESSION.pair`, `ehr.pair`",
  "SELECT (SELECT `ehr.pair`.a FROM (SELECT 'x' AS pair)) AS x, pair.* FROM `ehr.pair`",
  "FROM `ehr.pair` |> EXTEND 'x' AS `ehr.pair` |> UNPIVOT(v FOR k IN (`ehr.pair`, a))",
  "FROM `ehr.pair` |> JOIN (SELECT 'x' AS `ehr.pair`) |> UNPIVOT(v FOR k IN (`ehr.pair`, a))",
  "FROM `ehr.pair` |> CROSS JOIN (SELECT 'x' AS `ehr.pair`) |> UNPIVOT(v FOR k IN (`ehr.pair`, a))",
  "FROM `ehr.pair` |> CROSS JOIN (SELECT 'x' AS pair) |> UNPIVOT(v FOR k IN (`ehr.pair`.a, pair))",
  "FROM `ehr.pair` |> CROSS JOIN (SELECT 'x' AS pair) |> UNPIVOT(v FOR k IN (`ehr.pair`.a))",
  "SELECT a AS pair, COUNT(*) AS n FROM `ehr.pair` GROUP BY ROLLUP(pair)",
  "CREATE TEMP FUNCTION f(pair STRING) AS ((SELECT MAX(`ehr.pair`.a) FROM `ehr.pair` WHERE `ehr.pair`.b = pair)); SELECT f('x') AS y",
  "CREATE TEMP FUNCTION f(x STRING) AS ((SELECT MAX(`ehr.pair`.a) FROM `ehr.pair` WHERE `ehr.pair`.b = x)); SELECT f('x') AS y FROM `lab.pair`",
  "CREATE TEMP FUNCTION f(pair STRUCT<a STRING>) AS ((SELECT MAX(pair.a) FROM `ehr.pair`)); SELECT f(STRUCT('x')) AS y",
  "CREATE TEMP FUNCTION f(pair STRUCT<a STRING>) AS ((SELECT MAX(a) FROM (SELECT pair.* FROM `ehr.pair`))); SELECT f(STRUCT('x')) AS y",
  "BEGIN DECLARE pair STRING DEFAULT 'x'; SELECT `ehr.pair`.a FROM `ehr.pair` WHERE b = pair; END",
  "DECLARE pair STRING DEFAULT 'x'; SELECT `ehr.pair`.a, (SELECT pair FROM `lab.patients` LIMIT 1) AS p FROM `ehr.pair`",
  "SELECT `ehr.pair`.a, @@time_zone AS z FROM `ehr.pair`",
  "WITH RECURSIVE pair AS (SELECT `ehr.pair`.a FROM `ehr.pair` UNION ALL SELECT pair.a FROM pair WHERE pair.a = 'x') SELECT a FROM pair",
  "WITH RECURSIVE r AS (SELECT `ehr.pair`.a FROM `ehr.pair` UNION ALL SELECT r.a FROM r JOIN `ehr.pair` ON r.a = `ehr.pair`.b) SELECT a FROM r",
  "SELECT `ehr.pair`.a FROM `ehr.pair` UNION ALL SELECT `lab.pair`.a FROM `lab.pair` ORDER BY a",
  "SELECT `ehr.pair`.a AS pair FROM `ehr.pair` UNION ALL SELECT `lab.pair`.a FROM `lab.pair` ORDER BY pair",
  "SELECT `ehr.pair`.a FROM encounters AS PAIR, `ehr.pair` WHERE Pair.cost > 1",
  "SELECT `ehr.pair`.a FROM `ehr.pair` LEFT JOIN encounters ON TRUE WHERE EXISTS (SELECT 1 FROM encounters AS pair WHERE `ehr.pair`.b = 'x')",
  "SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM UNNEST([STRUCT('x' AS a)]) AS pair WHERE `ehr.pair`.b = pair.a)",
  "SELECT `ehr.pair`.a FROM `ehr.pair` WHERE EXISTS (SELECT 1 FROM UNNEST(['x']) WITH OFFSET AS pair WHERE `ehr.pair`.b = 'x')",
  "SELECT v.code FROM `lab.patients`, UNNEST(`lab.patients`.visits) AS v, (SELECT 1 AS patients)",
  "SELECT v.code FROM `lab.patients` JOIN (SELECT 1 AS patients) ON TRUE, `lab.patients`.visits AS v",
  "SELECT v.code FROM `lab.patients` JOIN (SELECT [STRUCT('x' AS code)] AS patients) ON TRUE, UNNEST(patients) AS v",
  "SELECT v.code FROM `lab.patients`, (SELECT STRUCT([STRUCT('x' AS code)] AS visits) AS patients), patients.visits AS v",
  "SELECT v.code FROM `lab.patients`, (SELECT STRUCT([STRUCT('x' AS code)] AS visits) AS patients), `lab.patients`.visits AS v",
  "SELECT v.code FROM (SELECT STRUCT([STRUCT('x' AS code)] AS visits) AS patients), `lab.patients`, `lab.patients`.visits AS v",
  "SELECT (SELECT COUNT(*) FROM `lab.patients`.visits) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM `lab.patients`.visits AS patients) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM `lab.patients`.visits AS patients WHERE `lab.patients`.id = 1) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM `lab.patients`.visits AS patients, `lab.patients`.visits AS w) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM ehr.pair AS patients, `lab.patients`.visits AS w) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM ehr.patients, `lab.patients`.visits AS w) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM ehr.patients, UNNEST(`lab.patients`.visits) AS w) AS n FROM `lab.patients`",
  "SELECT (SELECT COUNT(*) FROM `lab.patients`.visits AS w, ehr.patients) AS n FROM `lab.patients`",
  "SELECT ARRAY(SELECT code FROM patients.visits) AS n FROM `lab.patients`",
  "SELECT ARRAY(SELECT code FROM UNNEST(patients.visits)) AS n FROM `lab.patients`",
  "UPDATE `ehr.copies` SET ssn = 'x' FROM (SELECT 1 AS copies) WHERE `ehr.copies`.id = copies",
  "UPDATE `ehr.copies` SET `ehr.copies`.ssn = 'x' FROM (SELECT 1 AS copies) WHERE copies = 1",
  "UPDATE `ehr.copies` SET `ehr.copies`.ssn = 'x' FROM (SELECT 1 AS copies) WHERE TRUE",
  "UPDATE `ehr.copies` SET `ehr.copies`.ssn = 'x' FROM encounters AS copies WHERE TRUE",
  "UPDATE `ehr.copies` SET ssn = `ehr.copies`.code FROM encounters AS copies WHERE TRUE",
  "UPDATE `ehr.copies` SET `ehr.copies`.place.zip = 'x' FROM (SELECT STRUCT('x' AS zip) AS copies) WHERE TRUE",
  "DELETE `ehr.copies` WHERE EXISTS (SELECT 1 FROM encounters AS copies WHERE copies.id = `ehr.copies`.id)",
  "DELETE `ehr.copies` WHERE EXISTS (SELECT 1 FROM encounters WHERE encounters.id = copies.id)",
  "MERGE `ehr.copies` USING `clinic.ehr.copies` ON `ehr.copies`.id = `clinic.ehr.copies`.id WHEN MATCHED AND `ehr.copies`.ssn = 'x' THEN UPDATE SET ssn = `clinic.ehr.copies`.ssn WHEN NOT MATCHED BY SOURCE AND `ehr.copies`.id = 1 THEN DELETE",
  "MERGE `ehr.copies` USING (SELECT id AS copies FROM encounters) ON `ehr.copies`.id = copies WHEN MATCHED THEN DELETE",
  "MERGE `ehr.copies` USING (SELECT id AS copies FROM encounters) ON TRUE WHEN MATCHED THEN UPDATE SET `ehr.copies`.ssn = 'x'",
  "MERGE `ehr.copies` USING (SELECT STRUCT(1 AS id) AS copies FROM encounters) ON `ehr.copies`.id = 1 WHEN MATCHED THEN UPDATE SET `ehr.copies`.ssn = 'x'",
  "FROM `ehr.pair` |> AS pair |> JOIN `ehr.pair` ON pair.a = `ehr.pair`.a",
  "FROM `ehr.pair` |> AS pair |> JOIN `ehr.pair` ON pair.a = `ehr.pair`.a |> SELECT pair.b, `ehr.pair`.a",
  "FROM `ehr.pair` |> WHERE `ehr.pair`.a = 'x' |> AS pair |> WHERE pair.a = 'y'",
  "FROM `ehr.pair` |> JOIN `lab.pair` USING (a) |> DROP pair |> SELECT `ehr.pair`.b",
  "FROM `lab.pair` |> DROP pair |> SELECT `lab.pair`.pair.a",
  "FROM `lab.pair` |> SET pair = NULL |> SELECT `lab.pair`.pair.a",
  "FROM `lab.pair` |> RENAME pair AS q |> SELECT `lab.pair`.pair.a, pair.a AS x",
  "FROM `lab.pair` |> RENAME pair AS q |> SELECT pair.a",
  "FROM `lab.pair` |> EXTEND a AS x |> SELECT pair.a",
  "FROM `ehr.pair` |> SELECT a |> EXTEND a AS pair |> WHERE pair = 'x'",
  "FROM `ehr.pair` |> SELECT DISTINCT a AS pair |> ORDER BY pair",
  "FROM `ehr.pair` |> AGGREGATE COUNT(*) AS pair GROUP AND ORDER BY a",
  "FROM `ehr.pair` |> AGGREGATE COUNT(*) AS n GROUP AND ORDER BY a AS pair, `ehr.pair`.b",
  "FROM `ehr.pair` |> AGGREGATE MAX(pair.b) AS n GROUP BY a AS pair",
  "FROM `ehr.pair` |> EXTEND COUNT(*) OVER (PARTITION BY pair.a) AS pair",
  "FROM `ehr.pair` |> EXTEND `ehr.pair`.a AS pair, `ehr.pair`.b AS c |> WHERE c = pair",
  "FROM `ehr.pair` |> SET a = `ehr.pair`.b, b = pair.a",
  "FROM `ehr.pair` |> DISTINCT |> WHERE `ehr.pair`.a = 'x'",
  "FROM `ehr.pair` |> WITH pair AS (SELECT 'x' AS a) |> WHERE `ehr.pair`.a = 'x'",
  "FROM `ehr.pair` |> WITH pair AS (SELECT 'x' AS a) |> WHERE a IN (SELECT pair.a FROM pair)",
  "FROM `ehr.pair` |> WITH pair AS (SELECT 'x' AS a) |> JOIN pair USING (a) |> SELECT pair.a, `ehr.pair`.b",
  "FROM `ehr.pair` |> EXCEPT DISTINCT (FROM `lab.pair` |> SELECT a, b)",
  "FROM (FROM `ehr.pair` |> SELECT `ehr.pair`.a) |> WHERE a = 'x'",
  "EXPORT DATA OPTIONS(uri='gs://b/*', format='CSV') AS SELECT `ehr.pair`.a FROM `ehr.pair`, (SELECT 1 AS pair) WHERE pair = 1",
  "INSERT `ehr.pair` (a) VALUES ((SELECT MAX(`ehr.pair`.b) FROM `ehr.pair`))",
  "CREATE TEMP TABLE pair AS SELECT 'x' AS pair; UPDATE pair SET pair = 'y' WHERE TRUE",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; DELETE `ehr._session` WHERE EXISTS (SELECT 1 FROM t)",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; UPDATE `ehr._session` SET a = 'x' FROM t WHERE TRUE",
  "CREATE TEMP TABLE t AS SELECT 1 AS x; MERGE `ehr._session` USING t ON TRUE WHEN MATCHED THEN DELETE",
  "UPDATE `ehr.clinic` SET a = `ehr.pair`.a FROM `ehr.pair` WHERE TRUE",
  "MERGE `ehr.clinic` USING `ehr.pair` ON TRUE WHEN MATCHED THEN DELETE",
  "MERGE `ehr.clinic` USING ehr.pair ON TRUE WHEN MATCHED THEN UPDATE SET a = (SELECT MAX(a) FROM lab.pair)",
  "INSERT `ehr.clinic` (a) SELECT a FROM ehr.pair",
  "SELECT * FROM ehr.pair, `ehr.clinic`",
  "SELECT * FROM `ehr.clinic`, ehr.pair",
  "SELECT `ehr.clinic`.a, (SELECT MAX(a) FROM clinic.lab.pair) AS m FROM `ehr.clinic`",
  "SELECT (SELECT a FROM UNNEST([`ehr.pair`.a]) AS a) AS x, `ehr.pair`.* FROM `ehr.pair`",
  "SELECT ANY_VALUE(`ehr.pair`.a HAVING MAX `ehr.pair`.b) AS pair FROM `ehr.pair`",
  "SELECT ARRAY_AGG(`ehr.pair`.a ORDER BY `ehr.pair`.b) AS pair FROM `ehr.pair`",
  "SELECT * REPLACE (`ehr.pair`.b AS a) FROM `ehr.pair`",
  "SELECT `ehr.pair`.* REPLACE (`ehr.pair`.b AS a) FROM `ehr.pair`",
  "SELECT `ehr.pair`.* REPLACE (pair.b AS a) FROM `ehr.pair`",
  "SELECT a, a AS pair FROM `ehr.pair` GROUP BY ALL ORDER BY pair",
  "SELECT `ehr.pair`.a, COUNT(*) AS pair FROM `ehr.pair` GROUP BY ALL HAVING COUNT(`ehr.pair`.b) > 1",
  "SELECT `ehr.pair`.a AS pair FROM `ehr.pair` GROUP BY GROUPING SETS (pair, ())",
  "SELECT SUM(1) OVER w AS s FROM `ehr.pair` WINDOW w AS (PARTITION BY `ehr.pair`.a), pair AS (w)",
  "SELECT `ehr.pair`.a FROM `ehr.pair` TABLESAMPLE SYSTEM (10 PERCENT), `lab.pair` TABLESAMPLE SYSTEM (10 PERCENT)",
  "SELECT p.x FROM `ehr.pair` PIVOT(COUNT(a) FOR b IN ('x')) AS p, `ehr.pair`",
  "SELECT pair.x FROM `ehr.pair` PIVOT(COUNT(a) FOR b IN ('x')) AS pair, `ehr.pair`",
  "SELECT pair.v, `ehr.pair`.a FROM `ehr.pair` UNPIVOT(v FOR k IN (a, b)) AS pair, `ehr.pair`",
  "SELECT a FROM `ehr.pair` FULL JOIN `lab.pair` USING (a) WHERE `lab.pair`.a = 'x' AND `ehr.pair`.a = 'x'",
  "SELECT pair FROM `ehr.country` JOIN (SELECT 'x' AS country, 1 AS pair) USING (country)",
  "SELECT country FROM (SELECT 'x' AS country) JOIN `ehr.country` USING (country)",
  "SELECT `ehr.country`.country FROM UNNEST(['x']) AS country JOIN `ehr.country` USING (country)",
  "SELECT STRUCT(MAX(b) AS a) AS pair FROM `ehr.pair` GROUP BY ROLLUP(`ehr.pair`.a)",
  "SELECT STRUCT(b AS a) AS pair, a FROM `ehr.pair` GROUP BY `ehr.pair`.b, `ehr.pair`.a",
  // What stands nearer has a column as an alias could be made.
  "SELECT (SELECT `ehr.pair`.a FROM `lab.numbered`, (SELECT 1 AS pair)) AS x FROM `ehr.pair`",
  "SELECT (SELECT AS STRUCT `ehr.pair`.* FROM lab.numbered, (SELECT 1 AS pair)) AS x FROM `ehr.pair`",
  "SELECT (SELECT pair.a FROM lab.numbered) AS x, (SELECT `ehr.pair`.a FROM (SELECT 1 AS pair)) AS y FROM `ehr.pair`",
  "SELECT (SELECT `ehr.pair`.a FROM (SELECT 'v' AS k, 1 AS pair) PIVOT(ANY_VALUE(STRUCT('x' AS a)) FOR k IN ('pair_1'))) AS x FROM `ehr.pair`",
  "SELECT v.code FROM `lab.patients`, (SELECT 1 AS patients), UNNEST(`lab.patients`.visits) AS v",
];

describe("what runs is analysed again as what was asked", () => {
  for (const sql of QUERIES) {
    test(sql, () => {
      const plan = analysed(sql);
      const again = analysed(plan.canonicalSql);
      assert.equal(again.canonicalSql, plan.canonicalSql);
      assert.deepEqual(again.statements, plan.statements);
    });
  }
});

/** What runs. */
const PRINTED: readonly (readonly [sql: string, canonical: string])[] = [
  [
    "SELECT (SELECT `ehr.pair`.a FROM `lab.numbered`, (SELECT 1 AS pair)) AS x FROM `ehr.pair`",
    "SELECT (SELECT `pair_2`.`a` FROM `clinic`.`lab`.`numbered`, (SELECT 1 AS `pair`)) AS `x` FROM `clinic`.`ehr`.`pair` AS `pair_2`",
  ],
  // Whether an argument is meant where a table has its name nobody says.
  [
    "CREATE TEMP FUNCTION f(pair STRUCT<a STRING>) AS ((SELECT MAX(`ehr.pair`.a) FROM `ehr.pair`)); SELECT f(STRUCT('x' AS a)) AS x",
    "CREATE TEMP FUNCTION `f`(`pair` STRUCT<`a` STRING>) AS ((SELECT MAX(`pair_1`.`a`) FROM `clinic`.`ehr`.`pair` AS `pair_1`));\nSELECT f(STRUCT('x' AS `a`)) AS `x`",
  ],
  [
    "CREATE TEMP FUNCTION f(pair STRUCT<a STRING>) AS ((SELECT AS STRUCT `ehr.pair`.* FROM `ehr.pair` LIMIT 1)); SELECT f(STRUCT('x' AS a)) AS x",
    "CREATE TEMP FUNCTION `f`(`pair` STRUCT<`a` STRING>) AS ((SELECT AS STRUCT `pair_1`.* FROM `clinic`.`ehr`.`pair` AS `pair_1` LIMIT 1));\nSELECT f(STRUCT('x' AS `a`)) AS `x`",
  ],
  // BigQuery would take what FROM has for a path into the alias.
  [
    "CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT `ehr._session`.a, x FROM `ehr._session`, t",
    "CREATE TEMP TABLE `t` AS SELECT 1 AS `x`;\nSELECT `_session_1`.`a`, `x` FROM `clinic`.`ehr`.`_session` AS `_session_1`, `_SESSION`.`t`",
  ],
  // Of a column that EXTEND adds nobody says whether a table's name hides it.
  [
    "FROM `ehr.pair` |> EXTEND STRUCT('y' AS a) AS pair |> WHERE `ehr.pair`.a = 'x'",
    "FROM `clinic`.`ehr`.`pair` AS `pair_1` |> EXTEND STRUCT('y' AS `a`) AS `pair` |> WHERE `pair_1`.`a` = 'x'",
  ],
  [
    "SELECT v.code FROM (SELECT STRUCT([STRUCT('x' AS code)] AS visits) AS patients), `lab.patients`, `lab.patients`.visits AS v",
    "SELECT `v`.`code` FROM (SELECT STRUCT([STRUCT('x' AS `code`)] AS `visits`) AS `patients`), `clinic`.`lab`.`patients` AS `patients_1`, `patients_1`.`visits` AS `v`",
  ],
  // SET takes the name of a column for that column.
  [
    "UPDATE `lab.pair` SET `lab.pair`.a = 'x' WHERE `lab.pair`.b = 'y'",
    "UPDATE `clinic`.`lab`.`pair` AS `pair_1` SET `pair_1`.`a` = 'x' WHERE `pair_1`.`b` = 'y'",
  ],
  [
    "UPDATE `lab.both` SET `lab.both`.both = 'x' WHERE TRUE",
    "UPDATE `clinic`.`lab`.`both` AS `both_2` SET `both_2`.`both` = 'x' WHERE TRUE",
  ],
  [
    "UPDATE `lab.pair` SET `lab.pair`.pair.a = 'x' WHERE TRUE",
    "UPDATE `clinic`.`lab`.`pair` AS `pair_1` SET `pair_1`.`pair`.`a` = 'x' WHERE TRUE",
  ],
  [
    "MERGE `lab.pair` USING `ehr.pair` ON FALSE WHEN MATCHED THEN UPDATE SET `lab.pair`.pair.a = 'x'",
    "MERGE INTO `clinic`.`lab`.`pair` AS `pair_2` USING `clinic`.`ehr`.`pair` AS `pair_1` ON FALSE WHEN MATCHED THEN UPDATE SET `pair_2`.`pair`.`a` = 'x'",
  ],
];

describe("a table has an alias where its last name would be taken for something else", () => {
  for (const [sql, text] of PRINTED) {
    test(sql, () => {
      const plan = analysed(sql);
      assert.equal(plan.canonicalSql, text);
      const again = analysed(text);
      assert.equal(again.canonicalSql, text);
      assert.deepEqual(again.statements, plan.statements);
    });
  }
});

describe("what runs is analysed before it runs, where such names are printed otherwise", () => {
  const ASKED = "SELECT `ehr.pair`.a FROM `ehr.pair`";
  /** The catalog until it was asked so often, and then one whose table has other columns. */
  const changing = (after: number) => {
    let asked = 0;
    return {
      ...CATALOG,
      asked: () => asked,
      table(name: string) {
        const table = tableNamed(name);
        if (asked++ < after || table === undefined) return table;
        return { ...table, schema: { fields: [field("a", "INTEGER")] } };
      },
    };
  };

  test("the same meaning runs", () => {
    const catalog = changing(Number.POSITIVE_INFINITY);
    assert.equal(analyze(ASKED, { catalog, ...DEFAULTS }).plan.understood, true);
    assert.equal(catalog.asked() % 2, 0);
    assert.ok(catalog.asked() > 0);
  });

  test("another is refused", () => {
    const first = changing(Number.POSITIVE_INFINITY);
    analyze(ASKED, { catalog: first, ...DEFAULTS });
    const { plan } = analyze(ASKED, { catalog: changing(first.asked() / 2), ...DEFAULTS });
    assert.ok(!plan.understood);
    assert.equal(plan.refusal.code, "unsupported");
    assert.match(plan.refusal.message, /give its tables aliases/);
  });
});
