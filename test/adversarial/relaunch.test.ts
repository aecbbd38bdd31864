/**
 * Threat-model row 9, row 10 and row 47 over a restart: a query whose job wasn't sent before the gateway stopped. By the time it is up again the
 * agent may be revoked, and the tables it uses be another's.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { type Rig, startRig } from "../rig.ts";
import { Attacker, jobsRunUpstream, sessionOfJob } from "./attacker.ts";
import { protectedValues } from "./protected-values.ts";

const OPEN = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"demo-clinic.workspace");
`;
const RUN_MS = 60_000;

describe("a query whose job wasn't sent before the gateway stopped", () => {
  let clinic: ClinicCopy;
  let rig: Rig;
  let agent: Attacker;
  let made = 0;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => OPEN);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 12, clinic: clinic.folder, config: { limits: { sessions: { run: "1m" } } } });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
  });
  after(async () => {
    agent.close();
    await rig.close();
    clinic.remove();
  });

  function inStore(sql: string, ...values: string[]): void {
    const store = new DatabaseSync(join(rig.state, "chaperone.db"));
    store.prepare(sql).run(...values);
    store.close();
  }

  /** Stops the gateway as if it had died between the session's start and its job; gives how many jobs were sent after that. */
  async function relaunched(
    meanwhile: (session: string) => void,
  ): Promise<{ sent: number; state: string | undefined }> {
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 2000, times: 1 });
    // One whose end isn't known keeps its table, so each has its own.
    const started = await agent.query(`CREATE OR REPLACE TABLE workspace.made${++made} AS SELECT 'x' AS a`);
    assert.equal(started.status, 200, started.body);
    const { jobId } = (JSON.parse(started.body) as { jobReference: { jobId: string } }).jobReference;
    const session = await sessionOfJob(rig, jobId);
    assert.equal(session?.state, "running");
    let sent = 0;
    await rig.restart(() => {
      // A job of this id is nowhere.
      inStore("UPDATE sessions SET upstream_job = ? WHERE id = ?", `chaperone_${session.id}x`, session.id);
      meanwhile(session.id);
      sent = jobsRunUpstream(rig);
    });
    const deadline = Date.now() + 10_000;
    let state = session.state;
    while ((state === "running" || state === "received") && Date.now() < deadline) {
      await new Promise((tick) => setTimeout(tick, 50));
      state = (await sessionOfJob(rig, jobId))?.state ?? "";
    }
    return { sent: jobsRunUpstream(rig) - sent, state };
  }

  it("is sent when the gateway is up again soon, once", async () => {
    assert.deepEqual(await relaunched(() => {}), { sent: 1, state: "done" });
  });

  it("isn't sent when its tables may be another's by then", async () => {
    assert.deepEqual(await relaunched(() => rig.advance(RUN_MS)), { sent: 0, state: "failed" });
  });

  it("isn't sent for an agent that was suspended, nor for one whose issuer was revoked", async () => {
    const suspended = await relaunched(() =>
      inStore("UPDATE agents SET status = 'suspended' WHERE subject = ?", "care-summary-agent"),
    );
    assert.deepEqual(suspended, { sent: 0, state: "failed" });
    await rig.restart(() => inStore("UPDATE agents SET status = 'active' WHERE subject = ?", "care-summary-agent"));
    const revoked = await relaunched(() =>
      inStore(
        "INSERT INTO revocations (kind, id, by, reason, at) VALUES ('issuer', ?, 'person', 'a test', 0)",
        rig.identityProvider.issuer,
      ),
    );
    assert.deepEqual(revoked, { sent: 0, state: "failed" });
    await rig.restart(() => inStore("DELETE FROM revocations WHERE id = ?", rig.identityProvider.issuer));
  });

  it("isn't begun for an agent that was suspended while its query was being looked at", async () => {
    const state = await relaunched((session) => {
      inStore("UPDATE sessions SET state = 'received', upstream_job = NULL WHERE id = ?", session);
      inStore("DELETE FROM table_uses WHERE session = ?", session);
      inStore("UPDATE agents SET status = 'suspended' WHERE subject = ?", "care-summary-agent");
    });
    assert.deepEqual(state, { sent: 0, state: "denied" });
  });
});
