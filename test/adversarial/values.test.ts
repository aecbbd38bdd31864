/** Threat-model rows 1 to 7 and 16: a protected value in disguise. The agent may see ssn's last four, mrn's token, birth_date's year, no phone. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertHidden, assertQueryRefused, assertSafe, withPatients } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const P = `\`${PROJECT}.ehr.patients\``;

describe("a protected value in disguise", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({ patients: 40 });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  it("row 0: the look-out for true values sees them when they are there", async () => {
    const { ssn, mrn } = secrets.sample;
    assert.ok(secrets.foundIn(`{"v":"${ssn}"}`).includes("ssn"));
    assert.deepEqual(secrets.foundIn(Buffer.from(mrn).toString("base64")), ["mrn (base64)"]);
    assert.deepEqual(secrets.foundIn([...ssn].reverse().join("")), ["ssn (reversed)"]);
  });

  it("row 0: what policy lets through arrives masked, in the same query", async () => {
    const loot = await agent.attack(`SELECT ssn, mrn, birth_date, address.zip AS zip, email, phone FROM ${P} LIMIT 20`);
    assert.equal(loot.rows?.length, 20);
    for (const { f } of loot.rows) {
      const [ssn, mrn, birth, zip, email, phone] = f.map((cell) => cell.v);
      assert.match(String(ssn), /^XXXXX\d{4}$/);
      assert.match(String(mrn), /^[A-Za-z0-9_-]{16,}$/);
      assert.match(String(birth), /^\d{4}-01-01$/);
      assert.match(String(zip), /^\d{3}(00)?$/);
      assert.match(String(email), /@example\.org$/);
      assert.equal(phone, null);
    }
  });

  const refused = (row: string, ...queries: string[]) => {
    for (const sql of queries)
      it(`row ${row}: ${sql}`, async () => {
        await assertQueryRefused(rig, agent, withPatients(sql));
      });
  };

  // Too long for an ssn that begins with 1, and for no other.
  const doubled = (times: number): string =>
    times === 0
      ? "SELECT REGEXP_EXTRACT(ssn, '^1') AS x FROM p"
      : `SELECT CONCAT(x, x) AS x FROM (${doubled(times - 1)})`;
  refused("7", `SELECT COUNT(x) AS n FROM (${doubled(27)})`, "SELECT SUBSTR(ssn, 1, -1) AS x FROM p");
  // A variable bounds rows or names what is counted, beside every rule for values.
  refused(
    "31",
    "EXECUTE IMMEDIATE 'SELECT x FROM UNNEST(GENERATE_ARRAY(1, 100)) AS x LIMIT @n' USING (SELECT LENGTH(ANY_VALUE(ssn)) FROM p) AS n",
    "DECLARE v STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM p); SELECT x FROM (SELECT '1' AS s) PIVOT(COUNT(*) FOR s IN (v AS x))",
  );
  // The whole row holds columns that no policy shows to this agent.
  refused(
    "1",
    "SELECT TO_JSON_STRING(p) FROM p",
    "SELECT p FROM p",
    "SELECT FORMAT('%T', p) FROM p",
    "SELECT TO_JSON(p) FROM p",
    "SELECT AS STRUCT p.* FROM p",
    "SELECT AS VALUE p FROM p",
    "SELECT p.* FROM p",
    "SELECT * EXCEPT (ssn) FROM p",
    "SELECT * REPLACE ('x' AS ssn) FROM p",
    "SELECT ANY_VALUE(p) FROM p",
    "SELECT ARRAY_AGG(p) FROM p",
    "SELECT [p] FROM p",
    "SELECT STRUCT(p) FROM p",
    "SELECT CAST(p AS STRING) FROM p",
    "SELECT TO_JSON_STRING((SELECT AS STRUCT p.ssn, p.vin)) FROM p",
    "SELECT JSON_OBJECT('a', p.vin) FROM p",
    "SELECT address FROM p",
    "SELECT TO_JSON_STRING(address) FROM p",
    "SELECT contacts FROM p",
  );
  refused(
    "2",
    "SELECT (SELECT p).vin FROM p",
    "SELECT STRUCT(vin AS harmless).harmless FROM p",
    "SELECT s.a FROM (SELECT STRUCT(vin AS a, full_name AS b) AS s FROM p)",
    "SELECT (SELECT AS STRUCT plate AS state).state FROM p",
    "SELECT CAST(STRUCT(vin) AS STRUCT<state STRING>).state FROM p",
    "SELECT ARRAY(SELECT AS STRUCT vin AS x)[OFFSET(0)].x FROM p",
    "SELECT [STRUCT(vin AS x)][SAFE_OFFSET(0)].x FROM p",
  );
  refused(
    "3",
    "SELECT (SELECT vin) FROM p",
    "SELECT (SELECT ANY_VALUE(q.vin) FROM p q)",
    "SELECT ARRAY(SELECT vin FROM p)",
    "SELECT 'x' IN (SELECT vin FROM p)",
    "SELECT EXISTS(SELECT 1 FROM p WHERE vin LIKE 'A%')",
    "WITH w AS (SELECT vin AS day FROM p) SELECT day FROM w",
    "WITH RECURSIVE w AS (SELECT vin AS v FROM p UNION ALL SELECT v FROM w) SELECT v FROM w",
    "SELECT v FROM (SELECT vin v FROM p) PIVOT(COUNT(*) FOR v IN ('a'))",
    "SELECT v FROM p UNPIVOT (v FOR n IN (vin, plate))",
  );

  /** One query with every expression as a column: each must show nothing, and the same nothing in every row. */
  const hidden = (row: string, column: string, ...expressions: string[]) =>
    it(`row ${row}: ${expressions.length} ways of changing ${column} show nothing of it`, async () => {
      const columns = expressions.map((_, i) => `leak${i}`);
      const list = expressions.map((expression, i) => `${expression} AS leak${i}`);
      await assertHidden(agent, `SELECT ${list.join(",\n")} FROM ${P}`, columns);
    });

  hidden(
    "4",
    "ssn",
    "REVERSE(ssn)",
    "TO_BASE64(CAST(ssn AS BYTES))",
    "TO_HEX(CAST(ssn AS BYTES))",
    "CAST(ssn AS BYTES)",
    "SUBSTR(ssn, 1, 6)",
    "LEFT(ssn, 10)",
    "CONCAT(ssn, '')",
    "ssn || ' '",
    "REGEXP_EXTRACT(ssn, r'^(...)')",
    "REGEXP_REPLACE(ssn, '-', '/')",
    "REPLACE(ssn, '-', '')",
    "LPAD(ssn, 20, 'x')",
    "TO_CODE_POINTS(ssn)",
    "ARRAY_TO_STRING(ARRAY_REVERSE(SPLIT(ssn, '')), '')",
    "SPLIT(ssn, '-')",
    "MD5(ssn)",
    "TO_HEX(SHA256(ssn))",
    "FARM_FINGERPRINT(ssn)",
    "UPPER(ssn)",
    "TO_JSON_STRING(ssn)",
    "FORMAT('%s', ssn)",
    "TRANSLATE(ssn, '0123456789', 'abcdefghij')",
    "ssn LIKE '1%'",
    "ssn < '5'",
    "STARTS_WITH(ssn, '1')",
  );
  hidden(
    "4",
    "birth_date",
    "UNIX_DATE(birth_date)",
    "DATE_TRUNC(birth_date, MONTH)",
    "FORMAT_DATE('%F', birth_date)",
    "EXTRACT(DAYOFYEAR FROM birth_date)",
    "DATE_DIFF(DATE '2026-01-01', birth_date, DAY)",
    "CAST(birth_date AS STRING)",
    "CAST(birth_date AS DATETIME)",
    "TIMESTAMP(birth_date)",
  );
  hidden(
    "4",
    "mrn",
    "SAFE_CAST(SUBSTR(mrn, 4) AS INT64) / 7",
    "mrn || ''",
    "LOWER(mrn)",
    "SHA256(mrn)",
    "SUBSTR(mrn, 4)",
  );

  // They fail for some values and so would tell by failing: that is asked of policy as an inference, and denied.
  for (const expression of [
    "REGEXP_REPLACE(ssn, '(-', '/')",
    "SUBSTR(ssn, 1, -1)",
    "FORMAT('%d', CAST(SUBSTR(ssn, 1, 3) AS INT64))",
    "TRANSLATE(ssn, '00', 'ab')",
    "JSON_VALUE_ARRAY(ssn)",
    "ASCII(ssn)",
    "LPAD(ssn, 20000000, 'x')",
    "EDIT_DISTANCE(ssn, '123-45-6789')",
    "DATE_TRUNC(birth_date, WEEK)",
    "GREATEST(ssn, CAST((SELECT SUM(x) FROM UNNEST([2]) AS x) AS STRING))",
    "LEAST(ssn, '5')",
    "[ssn]",
    "CURRENT_DATE(ssn)",
    "REPLACE(ssn, '1', REPEAT('a', 600000))",
    "CAST(REPLACE(ssn, '-', '') AS INT64)",
    "CAST(REPLACE(ssn, '-', '') AS INT64) * 7 + 3",
    "-CAST(SUBSTR(ssn, 1, 3) AS INT64)",
    "CAST(SUBSTR(ssn, 1, 3) AS FLOAT64) / 3",
    "SPLIT(ssn, '-')[OFFSET(1)]",
    "LENGTH(ssn) / STRPOS(ssn, '9')",
    "1 + STRPOS(ssn, '12') + 9223372036854775807",
    "SAFE_CAST(REPLACE(ssn, '-', '') AS BIGNUMERIC) * 1.00000000000000000001",
    "REPEAT('x', CAST(SUBSTR(ssn, 1, 1) AS INT64))",
    "SUBSTR('0123456789', CAST(SUBSTR(ssn, 1, 1) AS INT64), 1)",
    "GENERATE_ARRAY(1, CAST(SUBSTR(ssn, 1, 1) AS INT64))",
    "DATE_ADD(DATE '2000-01-01', INTERVAL CAST(SUBSTR(ssn, 1, 3) AS INT64) DAY)",
    "TIMESTAMP_SECONDS(CAST(REPLACE(ssn, '-', '') AS INT64))",
    "JSON_OBJECT(ssn, 1)",
    "PARSE_JSON('{\"a\":' || CAST(CAST(SUBSTR(ssn, 1, 3) AS INT64) AS STRING) || '}')",
    "DATE_ADD(birth_date, INTERVAL 1 DAY)",
    "GENERATE_DATE_ARRAY(birth_date, DATE '2030-01-01', INTERVAL 1 YEAR)",
    "SAFE_CAST(SUBSTR(mrn, 4) AS INT64) / 0",
  ])
    it(`row 4 and 7: ${expression} is refused, since it can fail`, () =>
      assertQueryRefused(rig, agent, `SELECT ${expression} AS leak FROM ${P}`).then(() => {}));

  // Refused by policy, or unknown to the warehouse of the tests: either way nothing arrives.
  for (const expression of [
    "FORMAT('%T', [ssn])",
    "SHA512(ssn)",
    "TO_JSON(ssn)",
    "SOUNDEX(ssn)",
    "CHR(60 + CAST(SUBSTR(ssn, 1, 1) AS INT64))",
    "[10, 20, 30][SAFE_OFFSET(CAST(SUBSTR(ssn, 1, 1) AS INT64))]",
    "CODE_POINTS_TO_STRING(ARRAY(SELECT c + 1 FROM UNNEST(TO_CODE_POINTS(ssn)) c))",
    "(SELECT SUM(CAST(x AS INT64)) FROM UNNEST(SPLIT(ssn, '-')) x)",
  ])
    it(`row 4: ${expression} shows nothing of ssn, or doesn't run`, async () => {
      const loot = await assertSafe(rig, agent, `SELECT ${expression} AS leak FROM ${P}`);
      for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null);
    });

  it("row 22: what is computed of a count, or of repeated groups, is no count", async () => {
    const C = `\`${PROJECT}.ehr.conditions\``;
    for (const sql of [
      `SELECT COUNT(x) AS n FROM (SELECT SAFE_DIVIDE(1, COUNTIF(patient_id = 1) OVER ()) AS x FROM ${C})`,
      `SELECT COUNT(*) AS n FROM (SELECT code FROM ${C} GROUP BY CUBE(code, SUBSTR(code, 1, 1), SUBSTR(code, 1, 2)))`,
    ]) {
      const loot = await assertSafe(rig, agent, sql);
      for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null, sql);
    }
  });

  it("row 20: beside a constant a partial mask shows nothing, since its form would say which of the two it was", async () => {
    const loot = await assertSafe(rig, agent, `SELECT COALESCE(address.zip, '60500x') AS leak FROM ${P} LIMIT 20`);
    assert.ok((loot.rows ?? []).length > 0);
    for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null);
  });

  it("row 43: a guess built of no column is a guess: beside it nothing of a token shows", async () => {
    const built = "CODE_POINTS_TO_STRING([(SELECT SUM(x) FROM UNNEST([77]) AS x)])";
    const loot = await assertSafe(rig, agent, `SELECT COALESCE(mrn, ${built}) AS leak FROM ${P}`);
    for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null);
  });

  it("row 7: whether a statistic of a fallible function runs or fails doesn't depend on the values", async () => {
    const outcome = async (bound: string) => {
      const sql = `SELECT COUNT(SQRT(value - ${bound})) AS n FROM \`${PROJECT}.ehr.observations\``;
      return (await agent.attack(sql)).last.status;
    };
    assert.equal(await outcome("0"), await outcome("1000000"));
  });

  it("row 7: whether the part that fails is reached doesn't depend on a guess", async () => {
    for (const guess of [secrets.sample.ssn, "none"])
      for (const test of [
        `ssn = '${guess}' AND CAST('x' AS INT64) = 1`,
        `COALESCE(NULLIF(ssn, '${guess}'), CAST(CAST('x' AS INT64) AS STRING))`,
        `STRUCT(IF(ssn = '${guess}', CAST('x' AS INT64), 0) AS u, 1 AS v).v`,
      ])
        await assertQueryRefused(rig, agent, `SELECT ssn, ${test} AS leak FROM ${P}`);
  });

  it("row 7: a disjunction of tests is hidden like the value it tests", async () => {
    await assertHidden(agent, `SELECT LOGICAL_OR(ssn < '5') AS leak FROM ${P}`, ["leak"]);
  });

  it("row 4: a value split into an array of letters hides its letters and its length", async () => {
    await assertHidden(agent, `SELECT SPLIT(email, '') AS leak FROM ${P}`, ["leak"]);
  });

  it("row 4: rows multiplied by a protected number are rows chosen by it", async () => {
    await assertQueryRefused(
      rig,
      agent,
      `SELECT p.patient_id FROM ${P} p, UNNEST(GENERATE_ARRAY(1, CAST(SUBSTR(ssn, 1, 1) AS INT64)))`,
    );
  });

  const errors = [
    "SELECT ERROR(ssn) FROM p",
    "SELECT IF(ssn IS NULL, 'a', ERROR(ssn)) FROM p",
    "SELECT COALESCE(CAST(NULL AS STRING), ERROR(CONCAT('is ', ssn))) FROM p",
    "RAISE USING MESSAGE = (SELECT ssn FROM p LIMIT 1)",
    "BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END",
    "ASSERT (SELECT COUNT(*) FROM p WHERE ssn < '5') = 0 AS 'x'",
    "SELECT CAST(ssn AS INT64) FROM p",
    "SELECT CAST(full_name AS DATE) FROM p",
    "SELECT PARSE_DATE('%F', ssn) FROM p",
    "SELECT PARSE_JSON(ssn) FROM p",
    "SELECT PARSE_NUMERIC(ssn) FROM p",
    "SELECT FROM_HEX(ssn) FROM p",
    "SELECT FROM_BASE64(ssn) FROM p",
    "SELECT SPLIT(ssn, '-')[OFFSET(9)] FROM p",
    "SELECT CODE_POINTS_TO_STRING([CAST(SUBSTR(ssn, 1, 3) AS INT64) * 100000]) FROM p",
    "SELECT REGEXP_CONTAINS('a', ssn || '(') FROM p",
    "SELECT DATE_ADD(birth_date, INTERVAL 9999999 DAY) FROM p",
    "SELECT (SELECT ssn FROM p)",
  ];
  for (const sql of errors)
    it(`row 5-6: the error of ${sql} tells nothing`, async () => {
      const loot = await assertSafe(rig, agent, withPatients(sql));
      assert.doesNotMatch(loot.last.body, /Bad int64|Could not cast|Conversion Error|Invalid Input|Invalid date/i);
    });

  it("row 6: an error of the run is said in the gateway's own words, and the session has failed", async () => {
    const loot = await agent.attack(`SELECT CAST(weekday AS INT64) AS n FROM \`${PROJECT}.ops.calendar\``);
    assert.equal(loot.rows, undefined);
    assert.equal(loot.session?.state, "failed");
    assert.match(loot.last.body, /withheld/);
  });

  refused(
    "7",
    "SELECT 1 FROM p WHERE IF(ssn < '5', 1/0, 0) = 0",
    "SELECT 1 FROM p WHERE SAFE_CAST(ssn AS INT64) IS NULL",
    "SELECT full_name FROM p WHERE ssn IS NOT NULL AND 1/(CAST(SUBSTR(ssn, 1, 1) AS INT64) - 5) > 0",
    "SELECT IF(ssn < '5', 'low', 'high') FROM p",
    "SELECT CASE WHEN ssn LIKE '1%' THEN 1 ELSE 0 END FROM p",
    "SELECT CASE ssn WHEN '123-45-6789' THEN 1 END FROM p",
    "SELECT IF(ssn < '5', ERROR('low'), 1) FROM p",
    "SELECT IF(ssn < '5', 1/0, 0) FROM p",
    "SELECT COUNTIF(ssn < '5') FROM p",
    "SELECT SUM(IF(ssn < '5', 1, 0)) FROM p",
  );
  refused("16", "CREATE TEMP FUNCTION f(s STRING) RETURNS STRING LANGUAGE js AS 'throw s'; SELECT f(ssn) FROM p");
  it("row 15: a temporary SQL function hands out what it reads under its mask", async () => {
    const sql = "CREATE TEMP FUNCTION f() AS ((SELECT ssn FROM p LIMIT 1)); SELECT f() AS x";
    const loot = await assertSafe(rig, agent, withPatients(sql));
    assert.match(String(loot.rows?.[0]?.f[0]?.v), /^XXXXX\d{4}$/);
  });
});
