import { table } from "./testing/flow-tables.ts";

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
  ["SELECT (SELECT MAX(ssn) FROM patients WHERE state = 'x') AS x", "x = copy ssn ? ssn, state"],
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
