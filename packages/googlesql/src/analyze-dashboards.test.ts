/** What dashboards and studies of a hospital ask: cohorts, spells, funnels, shares, days without gaps. As in analyze-everyday.test.ts, each with its plan. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyday } from "./testing/hospital.ts";

const QUERIES: readonly (readonly [sql: string, ...plan: string[]])[] = [
  [
    "WITH daily AS (SELECT DATE(came) AS day, COUNT(*) AS n FROM encounters GROUP BY day) SELECT day, n, AVG(n) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week, n - LAG(n, 7) OVER (ORDER BY day) AS change, SAFE_DIVIDE(n, LAG(n, 7) OVER (ORDER BY day)) - 1 AS growth FROM daily ORDER BY day",
    "day = transform encounters.came ? encounters.came",
    "n = count encounters.* ? encounters.came",
    "week = aggregate encounters.* ? encounters.came",
    "change = aggregate encounters.* ? encounters.came",
    "growth = aggregate encounters.* ? encounters.came",
  ],
  [
    "WITH w AS (SELECT ward, COUNT(*) AS n FROM encounters GROUP BY ward) SELECT ward, n, ROUND(100 * n / SUM(n) OVER (), 1) AS percent FROM w ORDER BY n DESC LIMIT 10",
    "ward = copy encounters.ward ? encounters.*, encounters.ward",
    "n = count encounters.* ? encounters.*, encounters.ward",
    "percent = aggregate encounters.* ? encounters.*, encounters.ward",
  ],
  [
    "WITH firsts AS (SELECT patient, MIN(DATE_TRUNC(DATE(came), MONTH)) AS cohort FROM encounters GROUP BY patient), visits AS (SELECT f.cohort, DATE_DIFF(DATE_TRUNC(DATE(e.came), MONTH), f.cohort, MONTH) AS months, e.patient FROM encounters AS e JOIN firsts AS f USING (patient)), sizes AS (SELECT cohort, COUNT(DISTINCT patient) AS n FROM visits WHERE months = 0 GROUP BY cohort) SELECT v.cohort, v.months, COUNT(DISTINCT v.patient) AS kept, ROUND(COUNT(DISTINCT v.patient) / ANY_VALUE(s.n), 3) AS share FROM visits AS v JOIN sizes AS s USING (cohort) GROUP BY v.cohort, v.months ORDER BY 1, 2",
    "cohort = transform encounters.came ? encounters.came, encounters.patient",
    "months = transform encounters.came ? encounters.came, encounters.patient",
    "kept = count encounters.patient ? encounters.came, encounters.patient",
    "share = aggregate encounters.patient ? encounters.came, encounters.patient",
  ],
  [
    "SELECT COUNT(DISTINCT patient) AS came, COUNT(DISTINCT IF(kind = 'emergency', patient, NULL)) AS emergency, COUNT(DISTINCT IF(kind = 'emergency' AND went IS NOT NULL, patient, NULL)) AS left_again, COUNTIF(kind = 'emergency') / NULLIF(COUNT(*), 0) AS share FROM encounters",
    "came = count encounters.patient",
    "emergency = count encounters.kind, count encounters.patient ? encounters.kind",
    "left_again = count encounters.kind, count encounters.patient, count encounters.went ? encounters.kind, encounters.went",
    "share = aggregate encounters.*, aggregate encounters.kind ? encounters.*",
  ],
  [
    "WITH steps AS (SELECT patient, came, went, IF(TIMESTAMP_DIFF(came, LAG(went) OVER (PARTITION BY patient ORDER BY came), DAY) <= 30, 0, 1) AS starts FROM encounters), spells AS (SELECT patient, came, went, SUM(starts) OVER (PARTITION BY patient ORDER BY came) AS spell FROM steps) SELECT patient, spell, MIN(came) AS began, MAX(went) AS ended, COUNT(*) AS stays FROM spells GROUP BY patient, spell",
    "patient = copy encounters.patient ? encounters.came, encounters.patient, encounters.went",
    "spell = transform encounters.came, transform encounters.went ? encounters.came, encounters.patient, encounters.went",
    "began = copy encounters.came ? encounters.came, encounters.patient, encounters.went",
    "ended = copy encounters.went ? encounters.came, encounters.patient, encounters.went",
    "stays = count encounters.* ? encounters.came, encounters.patient, encounters.went",
  ],
  [
    "SELECT * EXCEPT (id) FROM labs WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY patient, code, taken ORDER BY id DESC) = 1",
    "patient = copy labs.patient ? labs.*, labs.code, labs.id, labs.patient, labs.taken",
    "code = copy labs.code ? labs.*, labs.code, labs.id, labs.patient, labs.taken",
    "value = copy labs.value ? labs.*, labs.code, labs.id, labs.patient, labs.taken",
    "unit = copy labs.unit ? labs.*, labs.code, labs.id, labs.patient, labs.taken",
    "taken = copy labs.taken ? labs.*, labs.code, labs.id, labs.patient, labs.taken",
  ],
  [
    "SELECT ward, COUNTIF(again) AS n, SAFE_DIVIDE(COUNTIF(again), COUNT(*)) AS share FROM (SELECT ward, LEAD(came) OVER (PARTITION BY patient ORDER BY came) < TIMESTAMP_ADD(went, INTERVAL 30 DAY) AS again FROM encounters) GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "n = count encounters.came, count encounters.went ? encounters.came, encounters.patient, encounters.ward",
    "share = aggregate encounters.*, aggregate encounters.came, aggregate encounters.went ? encounters.came, encounters.patient, encounters.ward",
    "asked: encounters.went",
  ],
  [
    "SELECT ward, COUNTIF(days_later <= 30) AS n FROM (SELECT ward, TIMESTAMP_DIFF(LEAD(came) OVER (PARTITION BY patient ORDER BY came), went, DAY) AS days_later FROM encounters) GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "n = count encounters.came, count encounters.went ? encounters.came, encounters.patient, encounters.ward",
  ],
  [
    "SELECT patient, ward, came AS valid_from, LEAD(came) OVER (PARTITION BY patient ORDER BY came) AS valid_to, LEAD(came) OVER (PARTITION BY patient ORDER BY came) IS NULL AS current_row FROM encounters",
    "patient = copy encounters.patient",
    "ward = copy encounters.ward",
    "valid_from = copy encounters.came",
    "valid_to = copy encounters.came ? encounters.came, encounters.patient",
    "current_row = transform encounters.came ? encounters.came, encounters.patient",
  ],
  [
    "SELECT * FROM (SELECT ward, EXTRACT(QUARTER FROM came) AS q, id FROM encounters) PIVOT (COUNT(id) AS n FOR q IN (1, 2, 3, 4))",
    "ward = copy encounters.ward ? encounters.ward",
    "n_1 = count encounters.came, count encounters.id ? encounters.came, encounters.ward",
    "n_2 = count encounters.came, count encounters.id ? encounters.came, encounters.ward",
    "n_3 = count encounters.came, count encounters.id ? encounters.came, encounters.ward",
    "n_4 = count encounters.came, count encounters.id ? encounters.came, encounters.ward",
  ],
  [
    "SELECT code, q[OFFSET(50)] AS median, q[OFFSET(90)] AS p90 FROM (SELECT code, APPROX_QUANTILES(value, 100) AS q FROM labs GROUP BY code)",
    "code = copy labs.code ? labs.code",
    "median = copy labs.value ? labs.code, labs.value",
    "p90 = copy labs.value ? labs.code, labs.value",
  ],
  [
    "SELECT DISTINCT code, PERCENTILE_CONT(value, 0.5) OVER (PARTITION BY code) AS median FROM labs",
    "code = copy labs.code ? labs.code, labs.value",
    "median = transform labs.value ? labs.code, labs.value",
  ],
  [
    "SELECT JSON_VALUE(note, '$.author.name') AS author, SAFE_CAST(JSON_VALUE(note, '$.score') AS INT64) AS score FROM (SELECT unit AS note FROM labs)",
    "author = transform labs.unit",
    "score = transform labs.unit",
  ],
  [
    "SELECT patient, ARRAY_AGG(DISTINCT ward IGNORE NULLS ORDER BY ward) AS wards, ARRAY_LENGTH(ARRAY_AGG(DISTINCT ward)) AS n FROM encounters GROUP BY patient",
    "patient = copy encounters.patient ? encounters.patient",
    "wards = copy encounters.ward ? encounters.patient, encounters.ward",
    "n = transform encounters.ward ? encounters.patient, encounters.ward",
  ],
  [
    "SELECT id, ARRAY(SELECT DISTINCT d.drug FROM UNNEST(drugs) AS d WHERE d.dose > 0 ORDER BY d.drug) AS given FROM encounters",
    "id = copy encounters.id",
    "given = copy encounters.drugs.drug ? encounters.drugs, encounters.drugs.dose, encounters.drugs.drug",
  ],
  [
    "SELECT code, COUNT(DISTINCT e.id) AS n FROM encounters AS e, UNNEST(codes) AS code GROUP BY code ORDER BY n DESC LIMIT 50",
    "code = copy encounters.codes ? encounters.codes, encounters.id",
    "n = count encounters.id ? encounters.codes, encounters.id",
  ],
  [
    "SELECT id, (SELECT STRING_AGG(c, ', ' ORDER BY c) FROM UNNEST(codes) AS c) AS list FROM encounters",
    "id = copy encounters.id",
    "list = transform encounters.codes ? encounters.codes",
  ],
  [
    "WITH spine AS (SELECT day FROM UNNEST(GENERATE_DATE_ARRAY(DATE '2026-01-01', DATE '2026-12-31')) AS day) SELECT s.day, COUNT(e.id) AS beds FROM spine AS s LEFT JOIN encounters AS e ON s.day BETWEEN DATE(e.came) AND DATE(e.went) GROUP BY s.day ORDER BY s.day",
    "day = ? encounters.came, encounters.went",
    "beds = aggregate encounters.id ? encounters.came, encounters.went",
  ],
  [
    "WITH spine AS (SELECT day, ward FROM UNNEST(GENERATE_DATE_ARRAY(DATE '2026-01-01', CURRENT_DATE())) AS day CROSS JOIN (SELECT DISTINCT ward FROM wards)) SELECT s.day, s.ward, COALESCE(d.n, 0) AS n FROM spine AS s LEFT JOIN (SELECT DATE(came) AS day, ward, COUNT(*) AS n FROM encounters GROUP BY 1, 2) AS d USING (day, ward)",
    "day = ? encounters.came, encounters.ward, wards.ward",
    "ward = copy wards.ward ? encounters.came, encounters.ward, wards.ward",
    "n = count encounters.* ? encounters.came, encounters.ward, wards.ward",
  ],
  [
    "WITH stays AS (SELECT ward, DATE_DIFF(DATE(went), DATE(came), DAY) AS days FROM encounters) SELECT ward, SUM(days) AS bed_days, AVG(days) AS mean, SUM(days) / COUNT(*) AS per_stay FROM stays GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "bed_days = aggregate encounters.came, aggregate encounters.went ? encounters.ward",
    "mean = aggregate encounters.came, aggregate encounters.went ? encounters.ward",
    "per_stay = aggregate encounters.*, aggregate encounters.came, aggregate encounters.went ? encounters.ward",
  ],
  [
    "SELECT sex, AVG(DATE_DIFF(CURRENT_DATE(), born, YEAR)) AS age, STDDEV(DATE_DIFF(CURRENT_DATE(), born, YEAR)) AS sd, MIN(DATE_DIFF(CURRENT_DATE(), born, YEAR)) AS youngest FROM patients GROUP BY sex",
    "sex = copy patients.sex ? patients.sex",
    "age = aggregate patients.born ? patients.sex",
    "sd = aggregate patients.born ? patients.sex",
    "youngest = transform patients.born ? patients.sex",
  ],
  [
    "SELECT ward, SUM(CAST(kind = 'emergency' AS INT64)) AS emergencies, AVG(IF(kind = 'emergency', 1, 0)) AS share FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "emergencies = aggregate encounters.kind ? encounters.ward",
    "share = aggregate encounters.kind ? encounters.kind, encounters.ward",
  ],
  [
    "SELECT w.site, p.sex, COUNT(*) AS n, AVG(e.cost) AS mean, STDDEV(e.cost) AS sd FROM encounters AS e JOIN wards AS w USING (ward) JOIN patients AS p ON p.id = e.patient WHERE e.came >= '2026-01-01' GROUP BY 1, 2 HAVING n >= 11",
    "site = copy wards.site ? encounters.*, encounters.came, encounters.patient, encounters.ward, patients.*, patients.id, patients.sex, wards.*, wards.site, wards.ward",
    "sex = copy patients.sex ? encounters.*, encounters.came, encounters.patient, encounters.ward, patients.*, patients.id, patients.sex, wards.*, wards.site, wards.ward",
    "n = aggregate encounters.*, aggregate patients.*, aggregate wards.* ? encounters.*, encounters.came, encounters.patient, encounters.ward, patients.*, patients.id, patients.sex, wards.*, wards.site, wards.ward",
    "mean = aggregate encounters.cost ? encounters.*, encounters.came, encounters.patient, encounters.ward, patients.*, patients.id, patients.sex, wards.*, wards.site, wards.ward",
    "sd = aggregate encounters.cost ? encounters.*, encounters.came, encounters.patient, encounters.ward, patients.*, patients.id, patients.sex, wards.*, wards.site, wards.ward",
  ],
  [
    "SELECT p.id, l.value FROM patients AS p LEFT JOIN (SELECT patient, value FROM labs WHERE code = 'hba1c' QUALIFY ROW_NUMBER() OVER (PARTITION BY patient ORDER BY taken DESC) = 1) AS l ON l.patient = p.id",
    "id = copy patients.id ? labs.*, labs.code, labs.patient, labs.taken, patients.id",
    "value = copy labs.value ? labs.*, labs.code, labs.patient, labs.taken, patients.id",
  ],
  [
    "SELECT site, ARRAY_AGG(STRUCT(ward, beds) ORDER BY beds DESC LIMIT 3) AS top FROM wards GROUP BY site",
    "site = copy wards.site ? wards.site",
    "top = copy wards.beds, copy wards.ward ? wards.beds, wards.site",
  ],
  [
    "SELECT COUNT(*) AS n FROM patients AS p WHERE EXISTS (SELECT 1 FROM labs AS l WHERE l.patient = p.id AND l.code = 'hba1c' AND l.value > 9) AND NOT EXISTS (SELECT 1 FROM encounters AS e, UNNEST(e.drugs) AS d WHERE e.patient = p.id AND d.drug = 'metformin')",
    "n = count patients.* ? encounters.*, encounters.drugs, encounters.drugs.drug, encounters.patient, labs.*, labs.code, labs.patient, labs.value, patients.id",
  ],
  [
    "SELECT FORMAT_DATE('%Y-W%V', DATE(came)) AS week, COUNT(*) AS n, COUNT(DISTINCT patient) AS people, ROUND(COUNT(*) / COUNT(DISTINCT patient), 2) AS per_person FROM encounters GROUP BY week",
    "week = transform encounters.came ? encounters.came",
    "n = count encounters.* ? encounters.came",
    "people = count encounters.patient ? encounters.came",
    "per_person = aggregate encounters.*, aggregate encounters.patient ? encounters.came",
    "asked: encounters.patient",
  ],
  [
    "SELECT CASE WHEN age < 18 THEN 'child' WHEN age < 65 THEN 'adult' ELSE 'older' END AS band, COUNT(*) AS n FROM (SELECT DATE_DIFF(CURRENT_DATE(), born, YEAR) AS age FROM patients) GROUP BY band",
    "band = transform patients.born ? patients.born",
    "n = count patients.* ? patients.born",
  ],
  [
    "SELECT ward, APPROX_TOP_COUNT(kind, 3) AS top FROM encounters GROUP BY ward",
    "ward = copy encounters.ward ? encounters.ward",
    "top = count encounters.kind, copy encounters.kind ? encounters.kind, encounters.ward",
  ],
  [
    "SELECT MAX(came) AS latest, MIN(came) AS first, TIMESTAMP_DIFF(MAX(came), MIN(came), DAY) AS days FROM encounters",
    "latest = copy encounters.came ? encounters.came",
    "first = copy encounters.came ? encounters.came",
    "days = transform encounters.came ? encounters.came",
  ],
  [
    "SELECT id, GREATEST(came, went) AS last, IFNULL(went, CURRENT_TIMESTAMP()) AS until FROM encounters",
    "id = copy encounters.id",
    "last = copy encounters.came, copy encounters.went ? encounters.came, encounters.went",
    "until = copy encounters.went",
  ],
  [
    "SELECT a.ward, a.n AS this_year, b.n AS last_year, (a.n - b.n) / b.n AS growth FROM (SELECT ward, COUNT(*) AS n FROM encounters WHERE EXTRACT(YEAR FROM came) = 2026 GROUP BY ward) AS a JOIN (SELECT ward, COUNT(*) AS n FROM encounters WHERE EXTRACT(YEAR FROM came) = 2025 GROUP BY ward) AS b USING (ward)",
    "ward = copy encounters.ward ? encounters.came, encounters.ward",
    "this_year = count encounters.* ? encounters.came, encounters.ward",
    "last_year = count encounters.* ? encounters.came, encounters.ward",
    "growth = aggregate encounters.* ? encounters.came, encounters.ward",
  ],
  [
    "SELECT patient, NTILE(4) OVER (ORDER BY total) AS quartile FROM (SELECT patient, SUM(cost) AS total FROM encounters GROUP BY patient)",
    "patient = copy encounters.patient ? encounters.patient",
    "quartile = transform encounters.* ? encounters.cost, encounters.patient",
  ],
  [
    "SELECT DATE_SUB(DATE(came), INTERVAL 7 DAY) AS week_before, DATE_ADD(DATE(came), INTERVAL 1 MONTH) AS later FROM encounters",
    "week_before = transform encounters.came",
    "later = transform encounters.came",
    "asked: encounters.came",
  ],
  [
    "SELECT COUNT(*) AS n FROM encounters WHERE DATE(came) >= DATE_SUB(CURRENT_DATE(), INTERVAL 30 DAY)",
    "n = count encounters.* ? encounters.came",
  ],
];

describe("asked of dashboards and studies:", () => {
  for (const [sql, ...plan] of QUERIES) test(sql, () => assert.deepEqual(everyday(sql), plan));
});
