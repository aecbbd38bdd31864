/**
 * What a hospital's analysts ask every day, with each plan as it is to be: whatever stands in it that can't matter is a query held or refused
 * for nothing. Behind `asked:` stands what decides whether the query fails, and nothing else that is told.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyday } from "./testing/hospital.ts";

const QUERIES: readonly (readonly [sql: string, ...plan: string[]])[] = [
  ["SELECT COUNT(*) AS n FROM patients", "n = count patients.*"],
  [
    "SELECT state, COUNT(*) AS n FROM patients GROUP BY state ORDER BY n DESC",
    "state = copy patients.state ? patients.*, patients.state",
    "n = count patients.* ? patients.*, patients.state",
  ],
  [
    "SELECT DATE_TRUNC(DATE(came), MONTH) AS month, COUNT(*) AS n FROM encounters GROUP BY month ORDER BY month",
    "month = transform encounters.came ? encounters.came",
    "n = count encounters.* ? encounters.came",
  ],
  [
    "SELECT FORMAT_TIMESTAMP('%Y-%m', came) AS month, COUNT(DISTINCT patient) AS patients FROM encounters GROUP BY 1",
    "month = transform encounters.came ? encounters.came",
    "patients = count encounters.patient ? encounters.came",
  ],
  [
    "SELECT ward, ROUND(100 * COUNTIF(kind = 'emergency') / COUNT(*), 1) AS share FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "share = aggregate encounters.*, aggregate encounters.kind ? encounters.ward",
  ],
  [
    "SELECT ward, SAFE_DIVIDE(COUNTIF(kind = 'emergency'), COUNT(*)) AS share FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "share = aggregate encounters.*, aggregate encounters.kind ? encounters.ward",
  ],
  [
    "SELECT ward, AVG(TIMESTAMP_DIFF(went, came, HOUR)) AS hours FROM encounters WHERE went IS NOT NULL GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward, encounters.went",
    "hours = aggregate encounters.came, aggregate encounters.went ? encounters.ward, encounters.went",
  ],
  [
    "SELECT ward, APPROX_QUANTILES(TIMESTAMP_DIFF(went, came, DAY), 4)[OFFSET(2)] AS median FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "median = transform encounters.came, transform encounters.went ? encounters.ward",
  ],
  [
    "SELECT APPROX_QUANTILES(value, 100)[SAFE_OFFSET(95)] AS p95 FROM labs WHERE code = 'glucose'",
    "p95 = copy labs.value ? labs.code, labs.value",
  ],
  [
    "SELECT p.sex, COUNT(*) AS n FROM encounters AS e JOIN patients AS p ON p.id = e.patient GROUP BY p.sex",
    "sex = copy patients.sex ? encounters.patient, patients.id, patients.sex",
    "n = aggregate encounters.*, aggregate patients.* ? encounters.patient, patients.id, patients.sex",
  ],
  [
    "SELECT e.ward, w.site, e.cost FROM encounters AS e JOIN wards AS w USING (ward)",
    "ward = copy encounters.ward ? encounters.ward, wards.ward",
    "site = copy wards.site ? encounters.ward, wards.ward",
    "cost = copy encounters.cost ? encounters.ward, wards.ward",
  ],
  [
    "SELECT w.site, COALESCE(SUM(e.cost), 0) AS cost FROM wards AS w LEFT JOIN encounters AS e USING (ward) GROUP BY w.site",
    "site = copy wards.site ? encounters.ward, wards.site, wards.ward",
    "cost = aggregate encounters.cost ? encounters.ward, wards.site, wards.ward",
    "asked: encounters.cost",
  ],
  [
    "SELECT w.ward, IFNULL(e.n, 0) AS n FROM wards AS w LEFT JOIN (SELECT ward, COUNT(*) AS n FROM encounters GROUP BY ward) AS e ON e.ward = w.ward",
    "ward = copy wards.ward ? encounters.ward, wards.ward",
    "n = count encounters.* ? encounters.ward, wards.ward",
  ],
  [
    "SELECT patient, ward, came FROM encounters QUALIFY ROW_NUMBER() OVER (PARTITION BY patient ORDER BY came DESC) = 1",
    "patient = copy encounters.patient ? encounters.*, encounters.came, encounters.patient",
    "ward = copy encounters.ward ? encounters.*, encounters.came, encounters.patient",
    "came = copy encounters.came ? encounters.*, encounters.came, encounters.patient",
  ],
  [
    "SELECT * EXCEPT (rn) FROM (SELECT code, value, ROW_NUMBER() OVER (PARTITION BY patient, code ORDER BY taken DESC) AS rn FROM labs) WHERE rn = 1",
    "code = copy labs.code ? labs.*, labs.code, labs.patient, labs.taken",
    "value = copy labs.value ? labs.*, labs.code, labs.patient, labs.taken",
  ],
  [
    "SELECT DISTINCT ward, kind FROM encounters",
    "ward = copy encounters.ward ? encounters.kind, encounters.ward",
    "kind = copy encounters.kind ? encounters.kind, encounters.ward",
  ],
  [
    "SELECT patient, ARRAY_AGG(STRUCT(code, value) ORDER BY taken DESC LIMIT 3) AS latest FROM labs GROUP BY patient",
    "patient = copy labs.patient ? labs.patient",
    "latest = copy labs.code, copy labs.value ? labs.patient, labs.taken",
  ],
  [
    "SELECT patient, ARRAY_AGG(ward ORDER BY came DESC LIMIT 1)[OFFSET(0)] AS last_ward FROM encounters GROUP BY patient",
    "patient = copy encounters.patient ? encounters.patient",
    "last_ward = copy encounters.ward ? encounters.came, encounters.patient",
  ],
  [
    "SELECT id, (SELECT COUNT(*) FROM UNNEST(drugs)) AS drugs FROM encounters",
    "id = copy encounters.id",
    "drugs = transform encounters.drugs ? encounters.drugs",
  ],
  [
    "SELECT id, ARRAY_LENGTH(codes) AS codes FROM encounters",
    "id = copy encounters.id",
    "codes = transform encounters.codes",
  ],
  [
    "SELECT e.id, d.drug, d.dose FROM encounters AS e, UNNEST(e.drugs) AS d WHERE d.dose > 100",
    "id = copy encounters.id ? encounters.drugs, encounters.drugs.dose",
    "drug = copy encounters.drugs.drug ? encounters.drugs, encounters.drugs.dose",
    "dose = copy encounters.drugs.dose ? encounters.drugs, encounters.drugs.dose",
  ],
  [
    "SELECT e.id, code FROM encounters AS e CROSS JOIN e.codes AS code",
    "id = copy encounters.id ? encounters.codes",
    "code = copy encounters.codes ? encounters.codes",
  ],
  [
    "SELECT id, EXISTS(SELECT 1 FROM UNNEST(codes) AS c WHERE STARTS_WITH(c, 'E11')) AS diabetic FROM encounters",
    "id = copy encounters.id",
    "diabetic = transform encounters.codes ? encounters.codes",
  ],
  [
    "SELECT id, 'E11.9' IN UNNEST(codes) AS diabetic FROM encounters",
    "id = copy encounters.id",
    "diabetic = transform encounters.codes",
  ],
  [
    "SELECT UPPER(TRIM(ward)) AS ward, REGEXP_REPLACE(kind, r'\\s+', ' ') AS kind FROM encounters",
    "ward = transform encounters.ward",
    "kind = transform encounters.kind",
  ],
  [
    "SELECT CASE WHEN value < 70 THEN 'low' WHEN value > 180 THEN 'high' ELSE 'normal' END AS band, COUNT(*) AS n FROM labs WHERE code = 'glucose' GROUP BY band",
    "band = transform labs.value ? labs.code, labs.value",
    "n = count labs.* ? labs.code, labs.value",
  ],
  [
    "SELECT DIV(DATE_DIFF(CURRENT_DATE(), born, YEAR), 10) * 10 AS decade, COUNT(*) AS n FROM patients GROUP BY decade",
    "decade = transform patients.born ? patients.born",
    "n = count patients.* ? patients.born",
  ],
  [
    "SELECT FLOOR(value / 10) * 10 AS bucket, COUNT(*) AS n FROM labs GROUP BY bucket",
    "bucket = transform labs.value ? labs.value",
    "n = count labs.* ? labs.value",
  ],
  [
    "WITH recent AS (SELECT patient, ward, came FROM encounters WHERE came >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)), per AS (SELECT ward, COUNT(*) AS n FROM recent GROUP BY ward) SELECT ward, n FROM per WHERE n > 10",
    "ward = copy encounters.ward ? encounters.*, encounters.came, encounters.ward",
    "n = count encounters.* ? encounters.*, encounters.came, encounters.ward",
  ],
  [
    "WITH stays AS (SELECT ward, TIMESTAMP_DIFF(went, came, DAY) AS days FROM encounters) SELECT ward, AVG(days) AS mean, MIN(days) AS shortest, MAX(days) AS longest FROM stays GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "mean = aggregate encounters.came, aggregate encounters.went ? encounters.ward",
    "shortest = transform encounters.came, transform encounters.went ? encounters.ward",
    "longest = transform encounters.came, transform encounters.went ? encounters.ward",
  ],
  [
    "WITH total AS (SELECT COUNT(*) AS n FROM encounters) SELECT ward, COUNT(*) / ANY_VALUE(total.n) AS share FROM encounters CROSS JOIN total GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "share = aggregate encounters.* ? encounters.ward",
    "asked: encounters.*",
  ],
  [
    "SELECT ward, COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "share = aggregate encounters.* ? encounters.ward",
  ],
  [
    "SELECT ward, month, n, n - LAG(n) OVER (PARTITION BY ward ORDER BY month) AS change FROM (SELECT ward, TIMESTAMP_TRUNC(came, MONTH) AS month, COUNT(*) AS n FROM encounters GROUP BY ward, month)",
    "ward = copy encounters.ward ? encounters.came, encounters.ward",
    "month = transform encounters.came ? encounters.came, encounters.ward",
    "n = count encounters.* ? encounters.came, encounters.ward",
    "change = aggregate encounters.* ? encounters.came, encounters.ward",
  ],
  [
    "SELECT day, COUNT(e.id) AS n FROM UNNEST(GENERATE_DATE_ARRAY('2026-01-01', '2026-01-31')) AS day LEFT JOIN encounters AS e ON DATE(e.came) = day GROUP BY day ORDER BY day",
    "day = ? encounters.came",
    "n = aggregate encounters.id ? encounters.came",
  ],
  [
    "SELECT ward FROM encounters GROUP BY ward HAVING COUNT(DISTINCT patient) >= 11",
    "ward = copy encounters.ward ? encounters.patient, encounters.ward",
  ],
  [
    "SELECT kind, SUM(cost) AS cost FROM encounters WHERE EXTRACT(YEAR FROM came) = 2025 GROUP BY kind",
    "kind = copy encounters.kind ? encounters.came, encounters.kind",
    "cost = aggregate encounters.cost ? encounters.came, encounters.kind",
    "asked: encounters.cost",
  ],
  [
    "SELECT COUNT(*) AS n FROM patients AS p WHERE NOT EXISTS(SELECT 1 FROM encounters AS e WHERE e.patient = p.id)",
    "n = count patients.* ? encounters.*, encounters.patient, patients.id",
  ],
  [
    "SELECT ward FROM wards WHERE ward NOT IN (SELECT ward FROM encounters WHERE ward IS NOT NULL)",
    "ward = copy wards.ward ? encounters.ward, wards.ward",
  ],
  [
    "SELECT 'in' AS what, COUNT(*) AS n FROM encounters UNION ALL SELECT 'lab', COUNT(*) FROM labs",
    "what =",
    "n = count encounters.*, count labs.*",
  ],
  [
    "SELECT * FROM (SELECT ward, kind, cost FROM encounters) PIVOT (SUM(cost) FOR kind IN ('emergency', 'elective'))",
    "ward = copy encounters.ward ? encounters.ward",
    "emergency = aggregate encounters.cost, aggregate encounters.kind ? encounters.kind, encounters.ward",
    "elective = aggregate encounters.cost, aggregate encounters.kind ? encounters.kind, encounters.ward",
    "asked: encounters.cost",
  ],
  [
    "FROM encounters |> WHERE kind = 'emergency' |> AGGREGATE COUNT(*) AS n, AVG(cost) AS mean GROUP BY ward |> ORDER BY n DESC |> LIMIT 10",
    "ward = copy encounters.ward ? encounters.*, encounters.kind, encounters.ward",
    "n = count encounters.* ? encounters.*, encounters.kind, encounters.ward",
    "mean = aggregate encounters.cost ? encounters.*, encounters.kind, encounters.ward",
  ],
  [
    "SELECT ward, SUM(cost) OVER (PARTITION BY ward ORDER BY came ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM encounters",
    "ward = copy encounters.ward",
    "running = transform encounters.cost ? encounters.came, encounters.ward",
    "asked: encounters.cost",
  ],
  [
    "SELECT id, ward FROM encounters ORDER BY came DESC LIMIT 20",
    "id = copy encounters.id ? encounters.came",
    "ward = copy encounters.ward ? encounters.came",
  ],
  [
    "SELECT ward, STRING_AGG(DISTINCT kind, ', ' ORDER BY kind) AS kinds FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "kinds = transform encounters.kind ? encounters.kind, encounters.ward",
  ],
  [
    "SELECT w.site, SUM(w.beds) AS beds FROM wards AS w GROUP BY w.site HAVING beds > 10",
    "site = copy wards.site ? wards.beds, wards.site",
    "beds = aggregate wards.beds ? wards.beds, wards.site",
  ],
  [
    "SELECT unit, AVG(value) AS mean, STDDEV(value) AS sd, CORR(value, LENGTH(unit)) AS r FROM labs GROUP BY unit",
    "unit = copy labs.unit ? labs.unit",
    "mean = aggregate labs.value ? labs.unit",
    "sd = aggregate labs.value ? labs.unit",
    "r = aggregate labs.unit, aggregate labs.value ? labs.unit",
    "asked: labs.value",
  ],
  [
    "SELECT ward, LOGICAL_OR(kind = 'emergency') AS any_emergency FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "any_emergency = transform encounters.kind ? encounters.ward",
  ],
  ["SELECT SAFE_CAST(REGEXP_EXTRACT(ward, r'(\\d+)') AS INT64) AS number FROM wards", "number = transform wards.ward"],
  [
    "SELECT COUNT(DISTINCT p.id) AS n FROM patients AS p JOIN labs AS l ON l.patient = p.id WHERE l.code = 'hba1c' AND l.value >= 6.5",
    "n = count patients.id ? labs.code, labs.patient, labs.value, patients.id",
  ],
  [
    "SELECT ward, [MIN(cost), MAX(cost)] AS extremes FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "extremes = copy encounters.cost ? encounters.cost, encounters.ward",
  ],
  [
    "SELECT id, IF(ARRAY_LENGTH(codes) > 0, codes[OFFSET(0)], NULL) AS main FROM encounters",
    "id = copy encounters.id",
    "main = copy encounters.codes, transform encounters.codes ? encounters.codes",
  ],
  [
    "SELECT id, CONCAT(ward, '-', kind) AS key, ward || '/' || kind AS path FROM encounters",
    "id = copy encounters.id",
    "key = transform encounters.kind, transform encounters.ward",
    "path = transform encounters.kind, transform encounters.ward",
  ],
  [
    "SELECT DATE_DIFF(DATE '2026-01-01', born, YEAR) AS age, sex FROM patients WHERE died IS NULL",
    "age = transform patients.born ? patients.died",
    "sex = copy patients.sex ? patients.died",
  ],
  [
    "SELECT ward, COUNT(*) AS n FROM encounters WHERE came BETWEEN TIMESTAMP '2026-01-01' AND CURRENT_TIMESTAMP() GROUP BY ward",
    "ward = copy encounters.ward ? encounters.came, encounters.ward",
    "n = count encounters.* ? encounters.came, encounters.ward",
  ],
  [
    "SELECT ROUND(AVG(cost), 2) AS mean, ROUND(SUM(cost) / COUNT(DISTINCT patient), 2) AS per_patient FROM encounters",
    "mean = aggregate encounters.cost",
    "per_patient = aggregate encounters.cost, aggregate encounters.patient",
    "asked: encounters.cost, encounters.patient",
  ],
  [
    "SELECT ward, cost, RANK() OVER (ORDER BY cost DESC) AS place FROM encounters",
    "ward = copy encounters.ward",
    "cost = copy encounters.cost",
    "place = transform encounters.* ? encounters.cost",
  ],
  [
    "SELECT TO_JSON_STRING(STRUCT(ward, kind)) AS doc FROM encounters",
    "doc = transform encounters.kind, transform encounters.ward",
  ],
  [
    "SELECT e.ward, AVG(l.value) AS mean FROM encounters AS e JOIN labs AS l ON l.patient = e.patient AND l.taken BETWEEN e.came AND e.went GROUP BY e.ward",
    "ward = copy encounters.ward ? encounters.came, encounters.patient, encounters.ward, encounters.went, labs.patient, labs.taken",
    "mean = aggregate labs.value ? encounters.came, encounters.patient, encounters.ward, encounters.went, labs.patient, labs.taken",
    "asked: labs.value",
  ],
  [
    "SELECT site, ARRAY_AGG(STRUCT(ward AS ward, beds AS beds) ORDER BY ward) AS wards FROM wards GROUP BY site",
    "site = copy wards.site ? wards.site",
    "wards = copy wards.beds, copy wards.ward ? wards.site, wards.ward",
  ],
  [
    "SELECT ward, COUNT(*) AS n FROM encounters WHERE TRUE AND 1 = 1 GROUP BY ROLLUP (ward)",
    "ward = copy encounters.ward ? encounters.ward",
    "n = count encounters.* ? encounters.ward",
  ],
  [
    "SELECT ward, SUM(IF(kind = 'emergency', 1, 0)) AS emergencies, SUM(CASE WHEN kind = 'elective' THEN 1 ELSE 0 END) AS electives FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "emergencies = aggregate encounters.kind ? encounters.kind, encounters.ward",
    "electives = aggregate encounters.kind ? encounters.kind, encounters.ward",
  ],
  [
    "SELECT ward, 100 * COUNT(*) / SUM(COUNT(*)) OVER () AS percent FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "percent = aggregate encounters.* ? encounters.ward",
  ],
  [
    "SELECT ward, MAX(DATE_DIFF(DATE(went), DATE(came), DAY) + 1) AS longest FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "longest = transform encounters.came, transform encounters.went ? encounters.ward",
  ],
  [
    "SELECT SPLIT(ward, '-')[OFFSET(0)] AS building, ROUND(DATE_DIFF(CURRENT_DATE(), born, DAY) / 365.25, 1) AS age FROM encounters JOIN patients ON patients.id = patient",
    "building = transform encounters.ward ? encounters.patient, patients.id",
    "age = transform patients.born ? encounters.patient, patients.id",
  ],
  [
    "SELECT TIMESTAMP_TRUNC(came, MONTH) AS month, COUNT(*) - LAG(COUNT(*)) OVER (ORDER BY TIMESTAMP_TRUNC(came, MONTH)) AS change FROM encounters GROUP BY month",
    "month = transform encounters.came ? encounters.came",
    "change = aggregate encounters.* ? encounters.came",
  ],
  [
    "SELECT patient, ARRAY_TO_STRING(ARRAY_AGG(DISTINCT ward ORDER BY ward), ', ') AS wards FROM encounters GROUP BY patient",
    "patient = copy encounters.patient ? encounters.patient",
    "wards = transform encounters.ward ? encounters.patient, encounters.ward",
  ],
  [
    "SELECT code, AVG(value * 0.0555) AS mmol, MIN(value - 32) AS low FROM labs GROUP BY code",
    "code = copy labs.code ? labs.code",
    "mmol = aggregate labs.value ? labs.code",
    "low = transform labs.value ? labs.code",
    "asked: labs.value",
  ],
  [
    "SELECT id, (SELECT MAX(x) FROM UNNEST([came, went]) AS x) AS last FROM encounters",
    "id = copy encounters.id",
    "last = copy encounters.came, copy encounters.went ? encounters.came, encounters.went",
  ],
  [
    "SELECT `ehr.wards`.`site`, COUNT(DISTINCT `ehr.encounters`.`patient`) AS `count` FROM `ehr.encounters` LEFT JOIN `ehr.wards` ON `ehr.encounters`.`ward` = `ehr.wards`.`ward` GROUP BY `ehr.wards`.`site`",
    "site = copy wards.site ? encounters.ward, wards.site, wards.ward",
    "count = count encounters.patient ? encounters.ward, wards.site, wards.ward",
  ],
];

describe("everyday:", () => {
  for (const [sql, ...plan] of QUERIES) test(sql, () => assert.deepEqual(everyday(sql), plan));
});
