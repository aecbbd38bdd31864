import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const SSN = `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;

interface Decided {
  readonly state: string;
  readonly approvals: number;
  readonly needed: number;
}

describe("a query that two people must agree to", () => {
  const clinic = copyClinic();
  let rig: Rig;
  let client: BigQuery;
  before(async () => {
    clinic.policy("clinical.cedar", (text) =>
      text.replace(
        /(@id\("clinical-ssn"\)[^;]*?)@approval\("privacy-officers"\)/,
        '$1@approval("2 of privacy-officers")',
      ),
    );
    rig = await startRig({ clinic: clinic.folder });
    client = await rig.client("care-summary-agent");
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  async function decide(subject: string, decision: "approve" | "deny"): Promise<Decided> {
    const person = rig.person(subject);
    const { id, binding } = await rig.pending(person);
    return person.post<Decided>(`approvals/${id}/decisions`, { decision, reason: "seen", binding });
  }

  it("waits after the first approval, and runs after the second person's", async () => {
    const [job] = await client.createQueryJob(SSN);
    assert.deepEqual(
      { ...(await decide("dana.officer", "approve")), session: "" },
      {
        session: "",
        state: "pending",
        approvals: 1,
        needed: 2,
      },
    );
    assert.equal((await job.getMetadata())[0].status.state, "PENDING");
    assert.equal((await decide("rio.reviewer", "approve")).state, "approved");
    const [rows] = await job.getQueryResults();
    assert.equal(rows.length, 3);
  });

  it("counts one person once", async () => {
    const [job] = await client.createQueryJob(SSN);
    await decide("dana.officer", "approve");
    await assert.rejects(decide("dana.officer", "approve"), { status: 409, reason: "decided_before" });
    await assert.rejects(decide("dana.officer", "deny"), { status: 409, reason: "decided_before" });
    assert.equal((await job.getMetadata())[0].status.state, "PENDING");
    const view = await rig.pending(rig.person("rio.reviewer"));
    assert.deepEqual(
      view.decisions.map((d) => d.subject),
      ["dana.officer"],
    );
    await job.cancel();
  });

  it("counts one person once also when both decisions come at the same time", async () => {
    const [job] = await client.createQueryJob(SSN);
    const results = await Promise.allSettled([decide("dana.officer", "approve"), decide("dana.officer", "approve")]);
    assert.deepEqual(results.map((r) => r.status).sort(), ["fulfilled", "rejected"]);
    assert.equal((await job.getMetadata())[0].status.state, "PENDING");
    await job.cancel();
  });

  it("remembers the first approval over a restart", async () => {
    const [job] = await client.createQueryJob(SSN);
    await decide("rio.reviewer", "approve");
    await rig.restart();
    await assert.rejects(decide("rio.reviewer", "approve"), { status: 409, reason: "decided_before" });
    assert.equal((await decide("dana.officer", "approve")).state, "approved");
    assert.equal((await job.getQueryResults())[0].length, 3);
  });

  it("is settled by one denial", async () => {
    const [job] = await client.createQueryJob(SSN);
    await decide("dana.officer", "approve");
    assert.equal((await decide("rio.reviewer", "deny")).state, "denied");
    await assert.rejects(job.getQueryResults(), { code: 403, message: /Rio Reviewer/ });
  });

  it("asks one person for what one person may agree to", async () => {
    const [job] = await client.createQueryJob(`SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`);
    assert.equal((await decide("rio.reviewer", "approve")).state, "approved");
    assert.equal((await job.getQueryResults())[0].length, 3);
  });

  describe("of whom one is revoked since", () => {
    const personOf = (subject: string) => ({ issuer: rig.identityProvider.issuer, subject });
    const revoke = (subject: string) => {
      const { issuer } = personOf(subject);
      return rig.gateway.store.run("credential.revoke", {
        kind: "sponsor",
        id: JSON.stringify([issuer, subject]),
        by: `person:${issuer}#avery.auditor`,
        reason: "the account was stolen",
      });
    };

    it("waits for another, though two have said yes", async () => {
      const [job] = await client.createQueryJob(SSN);
      await decide("dana.officer", "approve");
      await revoke("dana.officer");
      const { state, approvals, needed } = await decide("rio.reviewer", "approve");
      assert.deepEqual([state, approvals, needed], ["pending", 1, 2]);
      assert.equal((await job.getMetadata())[0].status.state, "PENDING");
      await job.cancel();
    });

    it("doesn't run, though nobody more was needed", async () => {
      const [job] = await client.createQueryJob(`SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`);
      const { id, binding } = await rig.pending(rig.person("rio.reviewer"));
      const person = {
        ...personOf("rio.reviewer"),
        name: "Rio Reviewer",
        groups: ["privacy-officers"],
        token: "t",
        boundTo: [],
      };
      // The gateway stops before it starts what was approved.
      const decided = await rig.gateway.store.run("approval.decide", {
        request: id,
        binding,
        person,
        decision: "approve",
        reason: "seen",
      });
      assert.equal(decided.state, "approved");
      await revoke("rio.reviewer");
      await rig.restart();
      await assert.rejects(job.getQueryResults(), { code: 403, message: /who approved it was revoked since/ });
    });
  });
});
