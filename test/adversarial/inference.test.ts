/** Threat-model rows 20 to 24 and 43: finding a value without being shown it, by questions, guesses and picking. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import {
  Attacker,
  assertHidden,
  assertQueryRefused,
  assertRefused,
  assertSafe,
  jobsRunUpstream,
  withPatients,
} from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const P = `\`${PROJECT}.ehr.patients\``;

describe("finding a value by questions", () => {
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

  /** `@ssn` and `@mrn` in a query become one patient's true values: the guess that is right. */
  const guess = (sql: string) =>
    withPatients(sql).replaceAll("@ssn", `'${secrets.sample.ssn}'`).replaceAll("@mrn", `'${secrets.sample.mrn}'`);

  const refused = (row: string, ...queries: string[]) => {
    for (const sql of queries)
      it(`row ${row}: ${sql}`, () => assertQueryRefused(rig, agent, guess(sql)).then(() => {}));
  };

  refused(
    "20",
    "SELECT full_name FROM p WHERE ssn < '5'",
    "SELECT full_name FROM p WHERE NOT ssn >= '5'",
    "SELECT full_name FROM p WHERE ssn BETWEEN '1' AND '2'",
    "SELECT full_name FROM p WHERE ssn LIKE '1%' OR FALSE",
    "SELECT full_name FROM p WHERE birth_date < '1960-01-01'",
    "SELECT full_name FROM p WHERE address.zip = '12345'",
    "SELECT full_name FROM p WHERE EXISTS (SELECT 1 FROM UNNEST(contacts) c WHERE c.phone LIKE '(2%')",
    "SELECT COUNT(*) FROM p WHERE ssn < '5'",
    "SELECT COUNT(*) FROM p GROUP BY SUBSTR(ssn, 1, 1)",
    "SELECT COUNT(*) FROM p GROUP BY GROUPING SETS (ssn, ())",
    "SELECT full_name FROM p QUALIFY ROW_NUMBER() OVER (PARTITION BY ssn ORDER BY full_name) = 1",
    "SELECT full_name FROM p |> WHERE ssn < '5'",
    "SELECT full_name FROM (SELECT full_name, ssn < '5' AS day FROM p) WHERE day",
    "WITH w AS (SELECT full_name, ssn AS s FROM p) SELECT full_name FROM w WHERE s = @ssn",
    "SELECT full_name FROM p TABLESAMPLE SYSTEM (10 PERCENT) WHERE ssn > '5'",
  );
  refused(
    "21",
    "SELECT g FROM UNNEST([@ssn, '000-00-0000']) g JOIN p ON p.ssn = g",
    "SELECT g FROM UNNEST([@ssn]) g, p WHERE ssn = g",
    "SELECT g.ssn FROM (SELECT @ssn AS ssn) g JOIN p USING (ssn)",
    "SELECT g FROM UNNEST([@ssn]) g LEFT JOIN p ON p.ssn = g WHERE p.patient_id IS NOT NULL",
    "SELECT g FROM UNNEST([@ssn]) g WHERE g IN (SELECT ssn FROM p)",
    "SELECT g FROM UNNEST([@ssn]) g WHERE EXISTS (SELECT 1 FROM p WHERE ssn = g)",
    "SELECT g FROM UNNEST([@ssn]) g WHERE (SELECT COUNT(*) FROM p WHERE ssn = g) > 0",
    "SELECT full_name FROM p WHERE ssn IN (@ssn, '000-00-0000')",
    "SELECT full_name FROM p WHERE ssn IN UNNEST([@ssn])",
    "SELECT full_name FROM p WHERE (ssn, patient_id) = (@ssn, 1)",
    "SELECT full_name FROM p WHERE STRUCT(ssn) IN (STRUCT(@ssn))",
    "SELECT full_name FROM p WHERE [ssn][OFFSET(0)] = @ssn",
    "SELECT full_name FROM p WHERE ssn IS NOT DISTINCT FROM @ssn",
    "SELECT full_name FROM p WHERE SHA256(ssn) = SHA256(@ssn)",
    "SELECT full_name FROM p WHERE INSTR(@ssn, ssn) > 0",
    "SELECT @ssn AS g INTERSECT DISTINCT SELECT ssn FROM p",
    "SELECT @ssn AS g EXCEPT DISTINCT SELECT ssn FROM p",
    "SELECT ssn FROM p UNION DISTINCT SELECT @ssn",
    "SELECT DISTINCT ssn FROM p",
    "SELECT g FROM p RIGHT JOIN UNNEST([@ssn]) g ON g = ssn AND TRUE",
    "SELECT q.ssn FROM p JOIN p q USING (ssn)",
    "SELECT q.g FROM p NATURAL JOIN (SELECT @ssn AS ssn, 1 AS g) q",
  );
  refused(
    "22",
    "SELECT ssn, COUNT(*) FROM p GROUP BY ssn HAVING COUNT(*) = 1",
    "SELECT patient_id, COUNT(*) FROM p GROUP BY patient_id HAVING MAX(ssn) > '5'",
    "SELECT COUNT(DISTINCT ssn) FROM p",
    "SELECT APPROX_COUNT_DISTINCT(ssn) FROM p",
  );

  it("row 22: a group of one is counted, and the count is not shown", async () => {
    const loot = await agent.attack(
      `SELECT patient_id, COUNT(*) AS visits FROM \`${PROJECT}.ehr.encounters\` GROUP BY patient_id HAVING COUNT(*) >= 1`,
    );
    assert.ok(loot.rows && loot.rows.length > 0);
    for (const { f } of loot.rows) assert.equal(f[1]?.v, null);
  });

  it("row 22: no arithmetic lifts a small count over the smallest cell", async () => {
    const e = `\`${PROJECT}.ehr.encounters\` WHERE patient_id = 7`;
    for (const count of [
      "COUNT(*) + 1000",
      "COUNT(*) * 100",
      "SUM(1)",
      "SUM(100)",
      "COUNT(*) - (-50)",
      "GREATEST(COUNT(*), 0)",
      "COALESCE(COUNT(*), 0)",
      "CAST(COUNT(*) AS STRING)",
      "1 / COUNT(*)",
      "COUNT(DISTINCT encounter_id) + 20",
      "FORMAT('%d', COUNT(*))",
      "REPEAT('x', COUNT(*))",
      "GENERATE_ARRAY(1, COUNT(*))",
      "IF(COUNT(*) = 2, 100, 200)",
      "COUNT(*) = 2",
      "(SELECT SUM(x) FROM UNNEST([COUNT(*), 100]) x)",
      "AVG(provider_id)",
      "SUM(patient_id)",
    ]) {
      const loot = await assertSafe(rig, agent, `SELECT ${count} AS n FROM ${e}`);
      for (const { f } of loot.rows ?? []) {
        const v = f[0]?.v;
        assert.ok(v === null || (Array.isArray(v) && v.length === 0), `${count} shows ${JSON.stringify(v)}`);
      }
    }
  });

  it("row 22: a hundred rows made of one don't make a group of one large", async () => {
    for (const sql of [
      `SELECT COUNT(*) AS n FROM \`${PROJECT}.ehr.encounters\`, UNNEST(GENERATE_ARRAY(1, 100)) WHERE patient_id = 7`,
      `SELECT COUNT(*) AS n FROM (SELECT * FROM UNNEST(GENERATE_ARRAY(1, 100)) UNION ALL SELECT encounter_id FROM \`${PROJECT}.ehr.encounters\` WHERE patient_id = 7)`,
      `SELECT COUNT(*) AS n FROM \`${PROJECT}.ehr.encounters\` e JOIN \`${PROJECT}.ops.calendar\` c ON TRUE WHERE e.patient_id = 7`,
    ]) {
      const loot = await assertSafe(rig, agent, sql);
      for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null, sql);
    }
  });

  refused(
    "23",
    "SELECT full_name FROM p ORDER BY ssn LIMIT 1",
    "SELECT full_name FROM p ORDER BY SUBSTR(ssn, 1, 1) DESC LIMIT 1 OFFSET 3",
    "SELECT ssn FROM p ORDER BY 1",
    "SELECT ssn AS x FROM p ORDER BY x",
    "SELECT RANK() OVER (ORDER BY ssn) FROM p",
    "SELECT NTILE(10) OVER (ORDER BY ssn) FROM p",
    "SELECT PERCENT_RANK() OVER (ORDER BY birth_date) FROM p",
    "SELECT ROW_NUMBER() OVER (PARTITION BY ssn ORDER BY patient_id) FROM p",
    "SELECT LAG(patient_id) OVER (ORDER BY ssn) FROM p",
    "SELECT FIRST_VALUE(full_name) OVER (ORDER BY ssn) FROM p",
    "SELECT ARRAY_AGG(patient_id ORDER BY ssn LIMIT 1) FROM p",
    "SELECT STRING_AGG(full_name, '' ORDER BY ssn) FROM p",
    "SELECT MAX_BY(patient_id, ssn) FROM p",
    "SELECT ANY_VALUE(patient_id HAVING MAX ssn) FROM p",
    "SELECT ARRAY(SELECT patient_id FROM p ORDER BY ssn)",
    "FROM p |> ORDER BY ssn |> SELECT full_name",
  );
  // How many elements there are says whether two people's numbers are equal.
  refused(
    "21",
    "SELECT patient_id, (SELECT ARRAY_AGG(DISTINCT v IGNORE NULLS) FROM UNNEST([ssn, mrn]) v) FROM p",
    "SELECT ARRAY_AGG(DISTINCT ssn IGNORE NULLS) FROM p",
  );
  // Each is ORDER BY … LIMIT 1 over a few rows: with the last four digits shown of the lesser of two, all can be sorted, and who knows one number has bounds of the others.
  refused(
    "23",
    "SELECT patient_id, ssn, MIN(ssn) OVER (ORDER BY patient_id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM p",
    "SELECT a.ssn, b.ssn, (SELECT MAX(v) FROM UNNEST([a.ssn, b.ssn]) v) FROM p a JOIN p b USING (patient_id)",
    "SELECT MAX(mrn) FROM p",
    "SELECT APPROX_QUANTILES(mrn, 50) FROM p",
    "SELECT mrn, PERCENTILE_DISC(mrn, 0.5) OVER () FROM p",
    "SELECT MIN(birth_date) FROM p",
    "FROM p |> AGGREGATE MAX(ssn)",
  );
  refused(
    "24",
    "SELECT MIN(vin) FROM p",
    "SELECT MAX(plate) FROM p",
    "SELECT ANY_VALUE(vin) FROM p",
    "SELECT STRING_AGG(vin) FROM p",
    "SELECT ARRAY_AGG(vin) FROM p",
    "SELECT ARRAY_AGG(STRUCT(vin))[OFFSET(0)].vin FROM p",
    "SELECT APPROX_TOP_COUNT(vin, 3) FROM p",
    "SELECT APPROX_TOP_SUM(vin, 1, 3) FROM p",
    "SELECT APPROX_QUANTILES(vin, 2) FROM p",
    "SELECT PERCENTILE_DISC(vin, 0.5) OVER () FROM p",
    "SELECT MIN_BY(vin, patient_id) FROM p",
    "SELECT SUM(CAST(SUBSTR(ssn, 1, 3) AS INT64)) FROM p",
    "SELECT AVG(CAST(REPLACE(ssn, '-', '') AS INT64)) FROM p WHERE patient_id = 1",
    "SELECT BIT_XOR(CAST(SUBSTR(ssn, 1, 3) AS INT64) ) + COUNT(vin) FROM p",
    "SELECT HLL_COUNT.INIT(vin) FROM p",
    "SELECT CORR(CAST(SUBSTR(ssn, 1, 3) AS INT64), 1) FROM p",
  );

  // What policy shows a part of (the last four digits) must not become a comparison with a guess: the part shown would be
  // the guess's or the patient's, by which is greater or whether both are equal.
  const halves = (row: string, sql: string) =>
    it(`row ${row}: ${sql} compares nothing`, async () => {
      const loot = await assertSafe(rig, agent, guess(sql));
      const shown = new Set((loot.rows ?? []).map(({ f }) => JSON.stringify(f[f.length - 1]?.v)));
      assert.ok(shown.size <= 1, `what is shown depends on the comparison: ${[...shown].slice(0, 3).join(" ")}`);
    });
  halves("20", "SELECT GREATEST(ssn, '500-00-0000') FROM p");
  halves("20", "SELECT LEAST(ssn, '500-00-0000') FROM p");
  halves(
    "20",
    "SELECT MAX(v) AS m FROM (SELECT patient_id, ssn AS v FROM p UNION ALL SELECT patient_id, '500-00-0000' FROM p) GROUP BY patient_id",
  );
  halves(
    "20",
    "SELECT patient_id, MIN(v) AS m FROM (SELECT patient_id, ssn AS v FROM p UNION ALL SELECT patient_id, '500-00-0000' FROM p) GROUP BY patient_id",
  );
  halves("20", "SELECT (SELECT MAX(v) FROM UNNEST([ssn, '500-00-0000']) v) FROM p");
  halves("20", "SELECT ARRAY(SELECT v FROM UNNEST([ssn, '500-00-0000']) v ORDER BY v)[OFFSET(0)] FROM p");
  halves("20", "SELECT (SELECT ARRAY_AGG(DISTINCT v) FROM UNNEST([ssn, @ssn]) v) FROM p");
  halves(
    "20",
    "SELECT APPROX_QUANTILES(v, 1) FROM (SELECT patient_id, ssn AS v FROM p UNION ALL SELECT patient_id, '500-00-0000' FROM p) GROUP BY patient_id",
  );
  halves("20", "SELECT GREATEST(email, 'm@example.org') FROM p");
  // Where the mask shows a leading part, the greater of two with one leading part shows just that part.
  halves("20", "SELECT GREATEST(birth_date, DATE '1970-06-15') FROM p WHERE patient_id = 1");
  halves("21", "SELECT NULLIF(ssn, @ssn) IS NULL FROM p");
  halves("20", "SELECT IF(GREATEST(ssn, '5') = '5', 1, 2) FROM p");

  it("row 21: NULLIF does not answer whether a guess is right", async () => {
    const loot = await assertSafe(rig, agent, guess("SELECT NULLIF(ssn, @ssn) AS s FROM p"));
    const nulls = (loot.rows ?? []).filter(({ f }) => f[0]?.v === null).length;
    assert.ok(
      nulls === 0 || nulls === loot.rows?.length,
      `${nulls} of ${loot.rows?.length} rows are NULL: the guess is confirmed`,
    );
  });

  it("row 21: NULLIF against another column of the same kind doesn't either", async () => {
    const loot = await assertSafe(
      rig,
      agent,
      `SELECT NULLIF(p.ssn, q.ssn) AS s FROM ${P} p CROSS JOIN (SELECT ssn FROM ${P} WHERE patient_id = 3) q`,
    );
    const nulls = (loot.rows ?? []).filter(({ f }) => f[0]?.v === null).length;
    assert.ok(nulls === 0 || nulls === loot.rows?.length, `${nulls} of ${loot.rows?.length} rows are NULL`);
  });

  // A token of a guess, or beside a guess, would let the agent compare: whatever can be a literal is not tokenised.
  for (const expression of [
    "COALESCE(mrn, @mrn)",
    "IFNULL(mrn, 'x')",
    "GREATEST(mrn, @mrn)",
    "CASE WHEN patient_id = 1 THEN mrn ELSE @mrn END",
    "IF(patient_id = 1, @mrn, mrn)",
    "[mrn, @mrn][OFFSET(1)]",
    "(SELECT MAX(x) FROM UNNEST([mrn, @mrn]) x)",
    "STRUCT(IF(patient_id = 1, mrn, @mrn) AS m).m",
    "LAG(mrn, 1, @mrn) OVER (ORDER BY patient_id)",
    "ANY_VALUE(IF(patient_id = 1, mrn, @mrn)) OVER ()",
    "@mrn",
    "LOWER(mrn)",
    "mrn || ''",
  ])
    it(`row 43: ${expression} gives no token to compare`, async () => {
      const sql = guess(`SELECT ${expression} AS m FROM p`).replaceAll("@mrn", `'${secrets.sample.mrn}'`);
      if (expression === "@mrn") return; // the agent's own literal, shown to itself
      const loot = await assertSafe(rig, agent, sql);
      for (const { f } of loot.rows ?? []) assert.equal(f[0]?.v, null);
    });

  for (const sql of [
    "SELECT mrn FROM p UNION ALL SELECT @mrn",
    "SELECT @mrn AS mrn UNION ALL SELECT mrn FROM p",
    "WITH g AS (SELECT @mrn AS mrn) SELECT mrn FROM g UNION ALL SELECT mrn FROM p",
    "SELECT m FROM (SELECT mrn AS m FROM p UNION ALL SELECT x FROM UNNEST([@mrn]) x)",
    "SELECT m FROM p UNPIVOT (m FOR n IN (mrn))",
    "SELECT s.m FROM (SELECT STRUCT(mrn AS m) AS s FROM p UNION ALL SELECT STRUCT(@mrn))",
    "SELECT ARRAY_CONCAT([mrn], [@mrn])[OFFSET(0)] AS m FROM p",
  ])
    it(`row 43: ${sql} gives no token to compare`, async () => {
      const loot = await assertSafe(rig, agent, guess(sql));
      const shown = (loot.rows ?? []).filter(({ f }) => f[0]?.v !== null);
      // UNPIVOT holds no literal: tokens may show there.
      if (!sql.includes("UNPIVOT")) assert.equal(shown.length, 0);
    });

  it("row 43: a guess given as a query parameter is no token either", async () => {
    const { mrn } = secrets.sample;
    const parameter = (value: string) => [{ name: "g", parameterType: { type: "STRING" }, parameterValue: { value } }];
    await assertHidden(agent, `SELECT mrn AS m FROM ${P} UNION ALL SELECT @g`, ["m"], {
      parameterMode: "NAMED",
      queryParameters: parameter(mrn),
    });
    await assertHidden(agent, `SELECT IF(patient_id < 0, mrn, @g) AS m FROM ${P}`, ["m"], {
      parameterMode: "NAMED",
      queryParameters: parameter(mrn),
    });
  });

  it("row 43: one patient's tokens are one in every table and column of the domain, and another's are others", async () => {
    const loot = await agent.attack(`SELECT mrn, patient_id FROM ${P}`);
    const tokens = (loot.rows ?? []).map(({ f }) => String(f[0]?.v));
    assert.equal(new Set(tokens).size, tokens.length);
  });

  it("rows 20-24: a refusal is the same whether the guess is right or wrong", async () => {
    const before = jobsRunUpstream(rig);
    const answers = await Promise.all(
      [secrets.sample.ssn, "999-99-9999"].map((ssn) => agent.query(`SELECT full_name FROM ${P} WHERE ssn = '${ssn}'`)),
    );
    for (const answer of answers) assertRefused(answer, 403);
    assert.equal(answers[0]?.body, answers[1]?.body);
    assert.equal(jobsRunUpstream(rig), before);
  });
});
