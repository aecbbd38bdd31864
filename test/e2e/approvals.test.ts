import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const NAMES = `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 4`;
/** What the configuration's schema allows at least. */
const EXPIRES_AFTER_MS = 60_000;

describe("a query that a person must agree to", () => {
  let rig: Rig;
  let client: BigQuery;
  before(async () => {
    rig = await startRig({ config: { approvals: { expires_after: "1m" } } });
    client = await rig.client("care-summary-agent");
  });
  after(() => rig.close());

  const pending = () => rig.pending(rig.person("dana.officer"));

  describe("approved", () => {
    it("gives rows to client.query, which only waited", async () => {
      const answer = client.query(NAMES);
      await rig.decide("dana.officer", "approve");
      const [rows] = await answer;
      assert.equal(rows.length, 4);
      for (const row of rows) assert.match(row.ssn, /^XXXXX[0-9]{4}$/);
    });

    it("gives rows to createQueryJob and getQueryResults; the job is PENDING until then, and DONE after", async () => {
      const [job] = await client.createQueryJob({ query: NAMES, labels: { purpose: "care-summary" } });
      assert.equal((await job.getMetadata())[0].status.state, "PENDING");
      const answer = job.getQueryResults();
      const shown = await rig.decide("rio.reviewer", "approve");
      assert.equal(shown.purpose, "care-summary");
      assert.equal((await answer)[0].length, 4);
      const [{ status, statistics }] = await job.getMetadata();
      assert.deepEqual(status, { state: "DONE" });
      assert.ok(Number(statistics.endTime) >= Number(statistics.startTime));
    });

    it("gives rows to jobs.insert with the client's own job id", async () => {
      const jobId = `summary-${randomUUID()}`;
      const [job, made] = await client.createJob({
        jobId,
        configuration: { query: { query: NAMES, useLegacySql: false } },
      });
      assert.equal(job.id, jobId);
      assert.deepEqual(made.status, { state: "PENDING" });
      const answer = client.job(jobId, { location: "US" }).getQueryResults();
      await rig.decide("dana.officer", "approve");
      assert.equal((await answer)[0].length, 4);
    });

    it("gives rows to a stream that was opened before", async () => {
      const rows: unknown[] = [];
      const read = (async () => {
        for await (const row of client.createQueryStream(NAMES)) rows.push(row);
      })();
      await rig.decide("dana.officer", "approve");
      await read;
      assert.equal(rows.length, 4);
    });

    it("completes the job for a client that listens to its events", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const complete = new Promise<{ status: { state: string } }>((resolve, reject) => {
        job.once("complete", resolve);
        job.once("error", reject);
      });
      await rig.decide("dana.officer", "approve");
      assert.equal((await complete).status.state, "DONE");
    });

    it("needs a reason, and says how long", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const person = rig.person("dana.officer");
      const { id, binding } = await rig.pending(person);
      for (const reason of ["ok", "   x   ", "x".repeat(1001)])
        await assert.rejects(person.post(`approvals/${id}/decisions`, { decision: "approve", reason, binding }), {
          status: 400,
          message: /^Request field reason is .* \(give a reason of 3 to 1000 characters\)\.$/,
        });
      await rig.decide("dana.officer", "approve");
      assert.equal((await job.getQueryResults())[0].length, 4);
    });

    it("runs once: a second approval of the same request is refused", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const view = await rig.decide("dana.officer", "approve");
      await assert.rejects(
        rig.person("rio.reviewer").post(`approvals/${view.id}/decisions`, {
          decision: "approve",
          reason: "me too",
          binding: view.binding,
        }),
        { status: 409, reason: "not_pending" },
      );
      assert.equal((await job.getQueryResults())[0].length, 4);
      const inserts = rig.warehouse.requests.filter(
        (r) =>
          r.method === "POST" &&
          r.path.includes("/jobs") &&
          JSON.stringify(r.body).includes(`chaperone_${view.session}`),
      );
      assert.equal(inserts.length, 1);
    });
  });

  describe("denied", () => {
    it("is refused with 403 and the reviewer's reason", async () => {
      const answer = client.query(NAMES);
      answer.catch(() => undefined);
      await rig.decide("dana.officer", "deny", "no treatment relation is on file");
      await assert.rejects(answer, (error: { code: number; message: string; errors: { reason: string }[] }) => {
        assert.equal(error.code, 403);
        assert.match(error.message, /Denied by Dana Officer: no treatment relation is on file/);
        assert.equal(error.errors[0]?.reason, "accessDenied");
        return true;
      });
    });

    it("leaves a DONE job whose errorResult says accessDenied, and which never gives rows", async () => {
      const [job] = await client.createQueryJob(NAMES);
      await rig.decide("dana.officer", "deny", "ask the study's board first");
      const [{ status }] = await job.getMetadata();
      assert.equal(status.state, "DONE");
      assert.equal(status.errorResult.reason, "accessDenied");
      assert.match(status.errorResult.message, /ask the study's board first/);
      await assert.rejects(job.getQueryResults(), { code: 403 });
      await assert.rejects(job.getQueryResults({ startIndex: "0", maxResults: 1 }), { code: 403 });
    });

    it("never reached BigQuery", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const { session } = await rig.decide("dana.officer", "deny");
      await assert.rejects(job.getQueryResults(), { code: 403 });
      assert.ok(!rig.warehouse.requests.some((r) => `${r.path}${JSON.stringify(r.body)}`.includes(session)));
    });
  });

  describe("cancelled while it waits", () => {
    it("is stopped, and nobody can approve it any more", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const view = await pending();
      const answer = job.getQueryResults();
      answer.catch(() => undefined);
      const [cancelled] = await job.cancel();
      assert.equal(cancelled.job?.status?.state, "DONE");
      assert.equal(cancelled.job?.status?.errorResult?.reason, "stopped");
      await assert.rejects(answer, { code: 403, message: /cancelled/ });
      await assert.rejects(
        rig
          .person("dana.officer")
          .post(`approvals/${view.id}/decisions`, { decision: "approve", reason: "too late", binding: view.binding }),
        { status: 409, reason: "not_pending" },
      );
      const [{ status }] = await job.getMetadata();
      assert.equal(status.errorResult.reason, "stopped");
    });

    it("can be cancelled twice", async () => {
      const [job] = await client.createQueryJob(NAMES);
      await job.cancel();
      const [again] = await job.cancel();
      assert.equal(again.job?.status?.errorResult?.reason, "stopped");
    });

    it("is not for another agent to cancel", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const other = await rig.client("research-agent");
      await assert.rejects(other.job(job.id ?? "", { location: "US" }).cancel(), { code: 404 });
      assert.equal((await job.getMetadata())[0].status.state, "PENDING");
      await job.cancel();
    });
  });

  it("keeps its rows when it is cancelled after its end", async () => {
    const [job] = await client.createQueryJob(`SELECT day FROM \`${PROJECT}.ops.calendar\` LIMIT 3`);
    assert.equal((await job.getQueryResults())[0].length, 3);
    const [{ job: after }] = await job.cancel();
    assert.deepEqual(after?.status, { state: "DONE" });
    assert.equal((await job.getQueryResults())[0].length, 3);
  });

  describe("with a timeout shorter than the wait", () => {
    it("tells client.query so at once, and the job goes on", async () => {
      const began = performance.now();
      await assert.rejects(client.query(NAMES, { timeoutMs: 200 }), /did not complete before 200ms/);
      assert.ok(performance.now() - began < 5000);
      const { session } = await rig.decide("dana.officer", "approve");
      const [rows] = await client.job(`chaperone_${session}`, { location: "US" }).getQueryResults();
      assert.equal(rows.length, 4);
    });

    it("answers in time where the clock is set back meanwhile", async () => {
      const hour = 3_600_000;
      const answer = client.query(NAMES, { timeoutMs: 2000 });
      answer.catch(() => undefined);
      await pending();
      rig.advance(-hour);
      try {
        const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), 10_000).unref());
        await assert.rejects(Promise.race([answer, late]), /did not complete before 2000ms/);
      } finally {
        rig.advance(hour);
      }
      await rig.decide("dana.officer", "deny");
    });

    it("answers getQueryResults with jobComplete false, and later with the rows", async () => {
      const [job] = await client.createQueryJob(NAMES);
      await assert.rejects(job.getQueryResults({ timeoutMs: 150 }), /did not complete before 150ms/);
      const [rows, next, answer] = await job.getQueryResults({ autoPaginate: false, timeoutMs: 0 });
      assert.deepEqual(rows, []);
      assert.equal((answer as { jobComplete?: boolean } | undefined)?.jobComplete, false);
      assert.ok(next);
      await rig.decide("dana.officer", "approve");
      assert.equal((await job.getQueryResults())[0].length, 4);
    });
  });

  describe("that nobody decides", () => {
    it("expires: the agent is refused, and an approval comes too late", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const view = await pending();
      assert.equal(view.expiresAt - view.createdAt, EXPIRES_AFTER_MS);
      const answer = job.getQueryResults();
      answer.catch(() => undefined);
      rig.advance(EXPIRES_AFTER_MS + 1);
      const late = rig
        .person("dana.officer")
        .post(`approvals/${view.id}/decisions`, { decision: "approve", reason: "sorry", binding: view.binding });
      await assert.rejects(late, { status: 409 });
      await assert.rejects(answer, { code: 403, message: /Nobody approved this query in time/ });
      const [{ status }] = await job.getMetadata();
      assert.equal(status.state, "DONE");
      assert.equal(status.errorResult.reason, "accessDenied");
    });
  });

  describe("decided by the wrong person", () => {
    const decide = (subject: string, view: { id: string; binding: string }) =>
      rig
        .person(subject)
        .post(`approvals/${view.id}/decisions`, { decision: "approve", reason: "why not", binding: view.binding });

    it("still waits: its sponsor, an auditor and an unseen binding decide nothing", async () => {
      const [job] = await client.createQueryJob(NAMES);
      const view = await pending();
      await assert.rejects(decide("sam.sponsor", view), { status: 403, reason: "own_request" });
      await assert.rejects(decide("avery.auditor", view), { status: 403, reason: "not_approver" });
      await assert.rejects(decide("dana.officer", { id: view.id, binding: "0".repeat(64) }), {
        status: 409,
        reason: "binding_changed",
      });
      assert.equal((await job.getMetadata())[0].status.state, "PENDING");
      const { steps } = await rig
        .person("avery.auditor")
        .get<{ steps: { type: string; data: { request: string; code: string; person: { subject: string } } }[] }>(
          `sessions/${view.session}/replay`,
        );
      assert.deepEqual(
        steps.flatMap(({ type, data }) =>
          type === "approval.refused" ? [[data.request, data.code, data.person.subject]] : [],
        ),
        [
          [view.id, "own_request", "sam.sponsor"],
          [view.id, "not_approver", "avery.auditor"],
        ],
      );
      await job.cancel();
    });
  });
});
