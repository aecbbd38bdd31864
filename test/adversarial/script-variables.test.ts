/**
 * Threat-model rows 5, 8 and 31 by what BigQuery itself keeps of a script: the message of an error that was caught, and figures of what
 * ran. Of an open value both are shown, so that what isn't is the mask's doing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertSafe, withPatients } from "./attacker.ts";
import { anythingInWorkspaceBut, type OpenClinic, openClinic } from "./open-clinic.ts";

/** That a question is asked of SSNs is permitted here, so that the answer's mask alone stands between them and the agent. */
const ASKING = `
@id("workspace-ssn-asked")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"infer", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"phi.ssn" };
`;

const workspace = { defaultDataset: { datasetId: "workspace" } };

/** A script whose last column is what the error of a cast of `column` is told to be. */
const caught = (told: string, column: string): string =>
  `DECLARE m STRING; BEGIN SELECT CAST(${column} AS INT64) FROM workspace.kept; EXCEPTION WHEN ERROR THEN SET m = ${told}; END; SELECT m`;

describe("what a script's own variables tell", () => {
  let clinic: OpenClinic;
  before(async () => {
    clinic = await openClinic({
      "workspace.cedar": () => anythingInWorkspaceBut("phi.ssn") + ASKING,
      "everyone.cedar": (before) => before.replace(/ *DataClass::"phi.ssn",\n/, ""),
    });
    const made = await clinic.agent.attack(
      withPatients("CREATE TABLE workspace.kept AS SELECT ssn AS s, 'an open word' AS w FROM p"),
      workspace,
    );
    assert.equal(made.session?.state, "done", made.last.body);
  });
  after(() => clinic.close());

  const first = async (sql: string): Promise<unknown> => {
    const loot = await assertSafe(clinic.rig, clinic.agent, sql, workspace);
    assert.ok(loot.rows?.length, loot.last.body);
    return loot.rows[0]?.f[0]?.v;
  };

  it("an error's message quotes the value that was cast", async () => {
    assert.match(String(await first(caught("@@error.message", "w"))), /an open word/);
  });

  for (const told of [
    "@@error.message",
    "UPPER(@@error.message)",
    "SUBSTR(@@error.message, -12)",
    "TO_BASE64(CAST(@@error.message AS BYTES))",
    "REPLACE(@@error.message, '-', '')",
  ])
    it(`row 5: ${told} of a protected value shows nothing`, async () => {
      assert.equal(await first(caught(told, "s")), null);
    });

  for (const sql of [
    "DECLARE m STRING; BEGIN RAISE USING MESSAGE = (SELECT MAX(s) FROM workspace.kept); EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m",
    "DECLARE m STRING; BEGIN BEGIN SELECT CAST(s AS INT64) FROM workspace.kept; EXCEPTION WHEN ERROR THEN RAISE; END; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m",
    "CREATE TEMP TABLE t (m STRING); BEGIN SELECT CAST(s AS INT64) FROM workspace.kept; EXCEPTION WHEN ERROR THEN INSERT INTO t VALUES (@@error.message); END; SELECT m FROM t",
  ])
    it(`row 5, row 8: ${sql} shows nothing`, async () => {
      const { rows } = await assertSafe(clinic.rig, clinic.agent, sql, workspace);
      for (const { f } of rows ?? []) assert.equal(f[0]?.v, null);
    });

  it("row 5: an error's message that was written keeps its classes", async () => {
    const written =
      "BEGIN SELECT CAST(s AS INT64) FROM workspace.kept; EXCEPTION WHEN ERROR THEN CREATE TABLE workspace.told AS SELECT @@error.message AS m; END; SELECT 1 AS x";
    await assertSafe(clinic.rig, clinic.agent, written, workspace);
    const { rows } = await assertSafe(clinic.rig, clinic.agent, "SELECT m FROM workspace.told", workspace);
    for (const { f } of rows ?? []) assert.match(String(f[0]?.v), /^(XXXXX.{4}|null)$/);
  });
});
