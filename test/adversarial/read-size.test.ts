/** Threat-model row 39: how many bytes a query reads, by the dry run, tells of rows that match and of lengths that an agent chose. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig } from "../rig.ts";
import { type Answer, type Attacker, assertRefused } from "./attacker.ts";
import { anythingInWorkspaceBut, type OpenClinic, openClinic } from "./open-clinic.ts";

const ENCOUNTERS = `\`${PROJECT}.ehr.encounters\``;
const VISITS_OF_A_DAY = `SELECT type FROM ${ENCOUNTERS} WHERE admitted_at < TIMESTAMP '2024-01-02'`;
const WRITTEN = `SELECT starts FROM \`${PROJECT}.workspace.first\``;

describe("row 39: how much a query reads", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let agent: Attacker;
  before(async () => {
    clinic = await openClinic({ "workspace.cedar": (before) => before + anythingInWorkspaceBut("phi.ssn") });
    ({ rig, agent } = clinic);
    const made = await agent.attack(
      `CREATE TABLE workspace.first AS SELECT REGEXP_EXTRACT(ssn, r'^[1-4].*') AS starts FROM \`${PROJECT}.ehr.patients\` LIMIT 1`,
    );
    assert.equal(made.session?.state, "done", made.last.body);
  });
  after(() => clinic.close());

  /** The answers to one dry run under both figures, as they would be for two patients. */
  async function underBoth(ask: () => Promise<Answer>): Promise<readonly string[]> {
    const bodies: string[] = [];
    for (const totalBytesProcessed of ["0", "13000000"]) {
      rig.warehouse.misbehave({ kind: "dry-run", totalBytesProcessed, times: 1 });
      const { body } = await ask();
      bodies.push(body.replaceAll(/chaperone_[\w-]+|anon_[\w-]+|"\d{13}"/g, "_"));
    }
    return bodies;
  }

  for (const sql of [VISITS_OF_A_DAY, WRITTEN])
    for (const maximum of [{}, { maximumBytesBilled: "10000000" }]) {
      const asked = "maximumBytesBilled" in maximum ? ", asked by a maximum" : "";
      it(`row 39: a dry run of ${sql} is answered alike, however much it reads${asked}`, async () => {
        const [little, much] = await underBoth(() => agent.query(sql, { dryRun: true, ...maximum }));

        assert.equal(little, much);
        const [less, more] = await underBoth(() =>
          agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs`, {
            body: { configuration: { dryRun: true, query: { query: sql, useLegacySql: false, ...maximum } } },
          }),
        );
        assert.equal(less, more);
      });
    }

  it("row 39: what agents wrote is not read under a maximum of their own, and so isn't measured by it", async () => {
    const [little, much] = await underBoth(() => agent.query(WRITTEN, { maximumBytesBilled: "10000000" }));
    assert.equal(little, much);
    assertRefused(await agent.query(WRITTEN, { maximumBytesBilled: "1000000000000" }), 403);
  });

  it("row 39: past the gateway's own limit no figure is told", async () => {
    rig.warehouse.misbehave({ kind: "dry-run", totalBytesProcessed: "987654321987654", times: 1 });
    const answer = await agent.query(VISITS_OF_A_DAY, { dryRun: true });
    assertRefused(answer, 403);
    assert.doesNotMatch(answer.body, /987654321987654/);
  });

  it("of a whole table of the record the size is told, which is the same for every query", async () => {
    const answer = await agent.query(`SELECT type FROM ${ENCOUNTERS}`, { dryRun: true });
    const { totalBytesProcessed } = JSON.parse(answer.body) as { totalBytesProcessed: string };
    assert.ok(Number(totalBytesProcessed) > 0);
  });
});
