/**
 * Threat-model rows 4, 9 and 43, where policy shows a part of a value in a dataset that agents may write: who writes chooses which part
 * that is, so it shows nothing, whichever rule it is and whichever way the value came there.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { type Rig, startRig } from "../rig.ts";
import { Attacker, type Loot, withPatients } from "./attacker.ts";
import { protectedValues } from "./protected-values.ts";

/** Every rule that shows a part, on the class and type that it is made for, in what agents may write. */
const RULES: readonly (readonly [rule: string, dataClass: string, column: string, made: string])[] = [
  ["zip3", "phi.geography.zip", "zip", "CONCAT(SUBSTR(address.zip, 4, 2), '100')"],
  ["year", "phi.date.birth", "born", "birth_date"],
  ["DATE_YEAR_MASK", "phi.date.death", "died", "death_date"],
  ["redact", "phi.phone", "phone", "CONCAT(SUBSTR(phone, 1, 4), 'x', SUBSTR(phone, 5))"],
  ["LAST_FOUR_CHARACTERS", "phi.ssn", "ssn", "REVERSE(ssn)"],
  ["FIRST_FOUR_CHARACTERS", "phi.mrn", "mrn", "REVERSE(mrn)"],
  ["EMAIL_MASK", "phi.email", "email", "CONCAT('x@', SUBSTR(email, 1, 3), '.org')"],
  ["age90", "phi.clinical.result", "height", "height_cm - 150"],
  ["fpe", "phi.account", "account", "account_number"],
  ["SHA256", "phi.vehicle.vin", "vin", "SUBSTR(vin, 1, 2)"],
  ["RANDOM_HASH", "phi.vehicle.plate", "plate", "SUBSTR(plate, 1, 1)"],
];

const POLICY = [
  `@id("open-write")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Dataset::"demo-clinic.workspace");
@id("open-source")
@mask("null")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"infer"], resource in Dataset::"demo-clinic.ehr");`,
  ...RULES.map(
    ([rule, dataClass], i) => `@id("part-${i}")
@mask("${rule}")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"${dataClass}" };`,
  ),
].join("\n\n");

describe("an agent that may write where policy shows parts", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let agent: Attacker;
  before(async () => {
    clinic = copyClinic();
    for (const file of ["workspace.cedar", "clinical.cedar", "research.cedar"]) clinic.policy(file, () => "");
    clinic.policy("open.cedar", () => POLICY);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 30, clinic: clinic.folder });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
  });
  after(async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  });

  async function done(sql: string): Promise<Loot> {
    const loot = await agent.attack(withPatients(sql), { defaultDataset: { datasetId: "workspace" } });
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
    return loot;
  }

  for (const [rule, , column, made] of RULES)
    it(`row 4: ${rule} shows nothing of ${made}, written and read back`, async () => {
      await done(`CREATE TABLE workspace.made_${column} AS SELECT ${made} AS ${column} FROM p`);
      const { rows = [] } = await done(`SELECT ${column} FROM made_${column}`);
      assert.ok(rows.length > 0);
      for (const { f } of rows) assert.equal(f[0]?.v, null);
    });
});
