/** Threat-model row 43 by two agents together: one may write guesses and reads nothing, the other reads tokens and writes nothing. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, type Loot } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const POLICIES = `
@id("two-write")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Dataset::"demo-clinic.shared");

@id("two-create")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"administer", Action::"describe"], resource in Dataset::"demo-clinic.shared");

@id("two-read-shared")
@mask("token")
@approval("none")
permit (principal in Group::"research-agents", action == Action::"read", resource in Dataset::"demo-clinic.shared");

@id("two-read-record")
@mask("token")
@approval("none")
permit (principal in Group::"research-agents", action == Action::"read", resource in Table::"demo-clinic.ehr.patients")
when { resource in DataClass::"phi.mrn" };

@id("two-rows")
@approval("none")
permit (principal in Group::"research-agents", action == Action::"infer", resource)
when { resource.path == "*" };
`;

describe("row 43: two agents together", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let secrets: ProtectedValues;
  let writer: Attacker;
  let reader: Attacker;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("two.cedar", () => POLICIES);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    const catalog = join(clinic.folder, "catalog.yaml");
    const text = readFileSync(catalog, "utf8");
    assert.match(text, /^datasets:$/m);
    // The class is declared, not taken along by a write: nothing but who may write says that guesses may be there.
    writeFileSync(
      catalog,
      text.replace(
        /^datasets:$/m,
        "datasets:\n  demo-clinic.shared:\n    phi: true\n    tables:\n      guesses:\n        columns:\n          mrn: phi.mrn",
      ),
    );
    rig = await startRig({ patients: 12, clinic: clinic.folder });
    secrets = await protectedValues(rig);
    await rig.warehouse.loadTable({
      tableReference: { projectId: PROJECT, datasetId: "shared", tableId: "guesses" },
      schema: { fields: [{ name: "mrn", type: "STRING" }] },
    });
    writer = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    reader = new Attacker(rig, await rig.token("research-agent"), secrets);
  });
  after(async () => {
    writer.close();
    reader.close();
    await rig.close();
    clinic.remove();
  });

  async function done(agent: Attacker, sql: string): Promise<Loot> {
    const loot = await agent.attack(sql, { defaultDataset: { datasetId: "shared", projectId: PROJECT } });
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
    return loot;
  }
  const cells = ({ rows = [] }: Loot) => rows.map(({ f }) => String(f[0]?.v));

  it("the one's guess is no token for the other, who still sees the record's", async () => {
    await done(writer, `INSERT INTO shared.guesses (mrn) VALUES ('${secrets.sample.mrn}')`);
    const record = cells(await done(reader, "SELECT mrn FROM ehr.patients"));
    assert.equal(record.length, 12);
    for (const token of record) assert.match(token, /^[a-z2-7]{32}$/);
    const guesses = cells(await done(reader, "SELECT mrn FROM shared.guesses"));
    assert.deepEqual(guesses, ["null"]);
  });
});
