/** Threat-model row 22: an agent's own rows beside those of the record, which it takes off a count again. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT } from "../rig.ts";
import type { Attacker } from "./attacker.ts";
import { anythingInWorkspaceBut, type OpenClinic, openClinic } from "./open-clinic.ts";

describe("row 22: a count beside rows of one's own", () => {
  let clinic: OpenClinic;
  let agent: Attacker;
  before(async () => {
    clinic = await openClinic({ "workspace.cedar": (before) => before + anythingInWorkspaceBut("phi.ssn") });
    ({ agent } = clinic);
  });
  after(() => clinic.close());

  it("row 22: eleven rows of one's own don't lift a small count over the smallest cell", async () => {
    for (const sql of [
      `CREATE TABLE workspace.few AS SELECT code FROM \`${PROJECT}.ehr.conditions\` WHERE patient_id = 7`,
      "INSERT INTO workspace.few (code) SELECT 'own' FROM UNNEST(GENERATE_ARRAY(1, 11))",
    ]) {
      const { session, last } = await agent.attack(sql);
      assert.equal(session?.state, "done", last.body);
    }
    for (const count of ["COUNT(*)", "COUNTIF(TRUE)"]) {
      const { rows, last } = await agent.attack(`SELECT ${count} AS n FROM workspace.few`);
      assert.ok(rows, last.body);
      assert.deepEqual(
        rows.map(({ f }) => f[0]?.v),
        [null],
        count,
      );
    }
  });
});
