/** Threat-model row 10: the data through a view, a function and a table function that the catalog defines. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertQueryRefused } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const EHR = `\`${PROJECT}\`.ehr`;

describe("views and routines of the catalog", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({ patients: 30 });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  it("row 10: a view's columns are masked as those of the tables it reads", async () => {
    const loot = await agent.attack(`SELECT full_name, mrn, birth_date FROM ${EHR}.patient_encounters`);
    assert.ok(loot.rows && loot.rows.length > 0, loot.last.body);
    assert.equal(loot.session?.state, "done");
  });

  for (const sql of [
    // Its body branches on the date it is given.
    `SELECT ${EHR}.age_on(birth_date, DATE '2026-01-01') AS age FROM ${EHR}.patients`,
    `SELECT full_name FROM ${EHR}.patient_encounters WHERE mrn < '5'`,
    `SELECT admitted_at, v.* FROM ${EHR}.patient_encounters v WHERE STARTS_WITH(full_name, 'A')`,
    `SELECT type FROM ${EHR}.encounters_of((SELECT MAX(LENGTH(ssn)) FROM ${EHR}.patients))`,
    `SELECT 1 AS one FROM ${EHR}.patients WHERE ${EHR}.age_on(birth_date, CURRENT_DATE()) > 90`,
    `SELECT ${EHR}.age_on(birth_date, DATE '2026-01-01') FROM ${EHR}.patients WHERE ssn = '1'`,
    `SELECT ${EHR}.no_such(ssn) FROM ${EHR}.patients`,
    `SELECT \`elsewhere\`.ehr.f(ssn) FROM ${EHR}.patients`,
  ])
    it(`row 10: ${sql.replaceAll(EHR, "ehr")} is refused`, () => assertQueryRefused(rig, agent, sql).then(() => {}));

  it("row 10: the description of a view or a routine shows none of its SQL", async () => {
    const path = `/bigquery/v2/projects/${PROJECT}/datasets/ehr`;
    const table = await agent.send("GET", `${path}/tables/patient_encounters`);
    assert.doesNotMatch(table.body, /SELECT|JOIN|description/);
    for (const routine of ["routines", "routines/age_on"]) {
      const answer = await agent.send("GET", `${path}/${routine}`);
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, /"age_on"/);
      assert.doesNotMatch(answer.body, /SELECT|DATE_DIFF|definitionBody|description|etag/);
    }
  });
});
