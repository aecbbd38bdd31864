/** Small SELECTs run by one call upstream, under a job id that BigQuery makes: what happens where that isn't known yet. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../packages/warehouse/src/index.ts";
import { Attacker, newestSession, sessionOfJob } from "../adversarial/attacker.ts";
import { protectedValues } from "../adversarial/protected-values.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const DAYS = `SELECT day, weekday FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 20`;

interface QueryAnswer {
  readonly jobComplete: boolean;
  readonly jobReference: { readonly jobId: string };
  readonly rows?: readonly unknown[];
}

describe("a SELECT that jobs.query runs", () => {
  let rig: Rig;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({ patients: 30 });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), await protectedValues(rig));
  });
  afterEach(() => rig.warehouse.calm());
  after(async () => {
    agent.close();
    await rig.close();
  });

  const ask = async (more = {}): Promise<QueryAnswer> => {
    const answer = await agent.query(DAYS, { timeoutMs: 10_000, ...more });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body) as QueryAnswer;
  };
  const sent = () => rig.warehouse.requests.filter(({ method, path }) => method === "POST" && /\/queries\?/.test(path));
  const inserted = () =>
    rig.warehouse.requests.filter(
      ({ method, path, body }) =>
        method === "POST" &&
        /\/jobs\?/.test(path) &&
        (body.configuration as { dryRun?: boolean } | undefined)?.dryRun !== true,
    );
  const cancelled = () => rig.warehouse.requests.filter(({ path }) => /\/cancel\?/.test(path)).map(({ path }) => path);
  const upstreamJob = async (id: string) =>
    (
      await rig.gateway.store.db
        .selectFrom("sessions")
        .select("upstream_job")
        .where("id", "=", id)
        .executeTakeFirstOrThrow()
    ).upstream_job;
  const entries = async (session: string) => {
    const rows = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select(["type", "bytes"])
      .where("session", "=", session)
      .orderBy("idx")
      .execute();
    return rows.map(({ type, bytes }) => ({
      type,
      data: JSON.parse(Buffer.from(bytes).toString()).data as Record<string, unknown>,
    }));
  };
  /** Until the newest session is another than before, and its query is with BigQuery. */
  async function nextSent(before: number): Promise<string> {
    const deadline = Date.now() + 15_000;
    while (sent().length === before) {
      assert.ok(Date.now() < deadline, "nothing was sent");
      await sleep(20);
    }
    return (await newestSession(rig))?.id ?? "";
  }

  it("is one call, which carries its bounds and its session's label; the ledger says which job it became", async () => {
    // The first one of a warehouse that has just begun can take longer than the call waits.
    await ask();
    const before = { sent: sent().length, inserted: inserted().length };
    const { jobReference, rows } = await ask();
    assert.equal(rows?.length, 20);
    assert.deepEqual([sent().length, inserted().length], [before.sent + 1, before.inserted]);
    const session = jobReference.jobId.replace("chaperone_", "");
    const { body } = sent().at(-1) ?? {};
    assert.equal(body?.jobCreationMode, "JOB_CREATION_REQUIRED");
    assert.equal(body?.useQueryCache, false);
    assert.match(String(body?.maximumBytesBilled), /^[1-9]\d*$/);
    assert.match(String(body?.jobTimeoutMs), /^[1-9]\d*$/);
    const label = (body?.labels as { chaperone_job?: string } | undefined)?.chaperone_job;
    assert.equal(label, session.toLowerCase());
    const ledger = await entries(session);
    assert.deepEqual(
      ledger.map(({ type }) => type),
      [
        "session.received",
        "session.analysed",
        "session.decided",
        "session.running",
        "session.releasing",
        "release.started",
        "release.finished",
        "session.done",
      ],
    );
    const job = await upstreamJob(session);
    assert.match(String(job), /^job_/);
    assert.deepEqual(ledger[3]?.data.upstreamLabel, { chaperone_job: label });
    assert.equal(ledger[4]?.data.upstreamJob, job);
  });

  it("that takes longer is waited for by the job's id, and isn't sent again", async () => {
    const before = sent().length;
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 1500, times: 1 });
    const { rows, jobReference } = await ask();
    assert.equal(rows?.length, 20);
    assert.equal(sent().length, before + 1);
    const ledger = await entries(jobReference.jobId.replace("chaperone_", ""));
    assert.ok(ledger.some(({ type }) => type === "session.job-named"));
  });

  it("that is cancelled before anybody knows its job is cancelled as soon as that is known", async () => {
    const before = { sent: sent().length, cancelled: cancelled().length };
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 4000, times: 1 });
    const waiting = agent.query(DAYS, { timeoutMs: 10_000 });
    const session = await nextSent(before.sent);
    const answer = await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/chaperone_${session}/cancel`);
    assert.equal(answer.status, 200, answer.body);
    assert.equal((await waiting).status, 403);
    const job = await upstreamJob(session);
    assert.match(String(job), /^job_/);
    assert.ok(cancelled().length > before.cancelled && cancelled().at(-1)?.includes(`/${job}/`));
    assert.equal((await newestSession(rig))?.state, "cancelled");
  });

  /** Asks what was asked before, and does this while BigQuery's word on it is waited for. */
  async function whileConfirmed(what: (session: string) => Promise<void>) {
    await ask();
    const before = { id: (await newestSession(rig))?.id, sent: sent().length };
    // Long enough for a busy machine to see the session, and do this.
    rig.warehouse.misbehave({ kind: "delay", target: "dryRun", milliseconds: 4000, times: 1 });
    const waiting = agent.query(DAYS, { timeoutMs: 10_000 });
    let now = await newestSession(rig);
    for (const deadline = Date.now() + 3500; now?.id === before.id && Date.now() < deadline; await sleep(20))
      now = await newestSession(rig);
    assert.equal(now?.state, "running");
    await what(now?.id ?? "");
    const { status } = await waiting;
    return { status, sent: sent().length - before.sent, state: (await newestSession(rig))?.state };
  }

  it("that is cancelled while BigQuery is asked about it isn't sent", async () => {
    const after = await whileConfirmed(async (session) => {
      const answer = await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/chaperone_${session}/cancel`);
      assert.equal(answer.status, 200, answer.body);
    });
    assert.deepEqual(after, { status: 403, sent: 0, state: "cancelled" });
  });

  it("whose agent is suspended while BigQuery is asked about it isn't sent", async () => {
    const sponsor = rig.person("sam.sponsor");
    const who = { issuer: rig.identityProvider.issuer, subject: "care-summary-agent", reason: "a test" };
    const after = await whileConfirmed(async () => {
      await sponsor.post("agents/suspend", who);
    });
    await sponsor.post("agents/activate", who);
    assert.deepEqual(after, { status: 403, sent: 0, state: "failed" });
  });

  it("whose answer broke off is found by its label, and isn't sent again", async () => {
    const before = sent().length;
    rig.warehouse.misbehave({ kind: "reset", afterBytes: 0, target: "query", times: 1 });
    const { rows } = await ask();
    assert.equal(rows?.length, 20);
    assert.equal(sent().length, before + 1);
  });

  it("that BigQuery refuses has failed, without BigQuery's words", async () => {
    rig.warehouse.misbehave({ kind: "job-error", message: "Bad value 123-45-6789", times: 1 });
    const answer = await agent.query(DAYS, { timeoutMs: 10_000 });
    assert.equal(answer.status, 400);
    assert.doesNotMatch(answer.body, /Bad value/);
    assert.equal((await newestSession(rig))?.state, "failed");
  });

  /** What is asked while BigQuery's first answer to it fails so. */
  async function whileFailing(fault: Fault, during: (session: string) => Promise<void> = async () => {}, more = {}) {
    await ask();
    const before = { sent: sent().length, inserted: inserted().length };
    rig.warehouse.misbehave({ ...fault, target: "insert", times: 1 });
    const waiting = agent.query(DAYS, { timeoutMs: 10_000, ...more });
    await during(await nextSent(before.sent));
    const answer = await waiting;
    const session = await newestSession(rig);
    const jobs = inserted()
      .slice(before.inserted)
      .map(({ body }) => (body.jobReference as { jobId: string }).jobId);
    return { answer, session, jobs, sent: sent().length - before.sent };
  }

  for (const [how, fault] of Object.entries({
    "on a connection that it closed": { kind: "hang-up" },
    "while it has trouble": { kind: "status", code: 503 },
  } satisfies Record<string, Fault>))
    it(`that BigQuery never got, ${how}, runs under an id of ours, which is recorded before it is sent`, async () => {
      const { answer, session, jobs, sent } = await whileFailing(fault);
      assert.equal(answer.status, 200, answer.body);
      assert.equal((JSON.parse(answer.body) as QueryAnswer).rows?.length, 20);
      assert.equal(sent, 1);
      assert.deepEqual(jobs, [`chaperone_${session?.id}`]);
      assert.equal(await upstreamJob(session?.id ?? ""), jobs[0]);
      const ledger = await entries(session?.id ?? "");
      const named = ledger.findIndex(({ type }) => type === "session.job-named");
      assert.deepEqual(ledger[named]?.data, { upstreamJob: jobs[0] });
      assert.ok(ledger.findIndex(({ type }) => type === "release.started") > named);
    });

  it("that BigQuery never got isn't run for an agent that was suspended meanwhile, nor when it was cancelled", async () => {
    const sponsor = rig.person("sam.sponsor");
    const who = { issuer: rig.identityProvider.issuer, subject: "care-summary-agent", reason: "a test" };
    const suspended = await whileFailing({ kind: "hang-up" }, async () => {
      await sponsor.post("agents/suspend", who);
    });
    await sponsor.post("agents/activate", who);
    assert.deepEqual([suspended.session?.state, suspended.jobs, suspended.sent], ["failed", [], 1]);
    assert.ok(suspended.answer.status >= 400, suspended.answer.body);
    const cancelled = await whileFailing({ kind: "hang-up" }, async (session) => {
      const answer = await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/chaperone_${session}/cancel`);
      assert.equal(answer.status, 200, answer.body);
    });
    assert.deepEqual([cancelled.session?.state, cancelled.jobs, cancelled.sent], ["cancelled", [], 1]);
  });

  it("that BigQuery never got isn't run where it is cancelled while BigQuery is asked about it once more", async () => {
    const cancelled = await whileFailing({ kind: "hang-up" }, async (session) => {
      rig.warehouse.misbehave({ kind: "delay", target: "dryRun", milliseconds: 4000, times: 1 });
      // Its job has a name then, and its dry run is on its way.
      for (
        const deadline = Date.now() + 10_000;
        (await upstreamJob(session)) !== `chaperone_${session}`;
        await sleep(20)
      )
        assert.ok(Date.now() < deadline, "it was not named");
      const answer = await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/chaperone_${session}/cancel`);
      assert.equal(answer.status, 200, answer.body);
    });
    assert.deepEqual([cancelled.session?.state, cancelled.jobs, cancelled.sent], ["cancelled", [], 1]);
    assert.ok(cancelled.answer.status >= 400, cancelled.answer.body);
  });

  it("that BigQuery never got isn't run again where nobody can say whether it did", async () => {
    const lists = rig.warehouse.requests.filter(({ path }) => /\/jobs\?.*projection/.test(path)).length;
    rig.warehouse.misbehave({ kind: "hang-up", target: "list", times: "always" });
    const { answer, session, jobs } = await whileFailing({ kind: "hang-up" }, undefined, {
      requestId: "unknown-outcome",
    });
    assert.equal(answer.status, 503, answer.body);
    assert.deepEqual([session?.state, jobs], ["failed", []]);
    assert.ok(rig.warehouse.requests.filter(({ path }) => /\/jobs\?.*projection/.test(path)).length > lists);
    // Its client sends it again by itself, under the requestId that it had.
    rig.warehouse.calm();
    const again = await ask({ requestId: "unknown-outcome" });
    assert.equal(again.rows?.length, 20);
    assert.notEqual(again.jobReference.jobId, `chaperone_${session?.id}`);
    assert.deepEqual((await ask({ requestId: "unknown-outcome" })).jobReference, again.jobReference);
  });

  it("that BigQuery got, and lists only once it runs under an id of ours, is stopped", async () => {
    await ask();
    const before = { inserted: inserted().length, cancelled: cancelled().length };
    rig.warehouse.misbehave({ kind: "reset", afterBytes: 0, target: "query", times: 1 });
    rig.warehouse.misbehave({ kind: "unlisted", times: 3 });
    const { rows, jobReference } = await ask();
    assert.equal(rows?.length, 20);
    assert.equal(inserted().length, before.inserted + 1);
    assert.equal(await upstreamJob(jobReference.jobId.replace("chaperone_", "")), jobReference.jobId);
    for (const deadline = Date.now() + 10_000; cancelled().length === before.cancelled; await sleep(20))
      assert.ok(Date.now() < deadline, "nothing was stopped");
    assert.match(String(cancelled().at(-1)), /\/jobs\/job_[^/]+\/cancel/);
    assert.equal(cancelled().length, before.cancelled + 1);
  });

  /** As if the gateway had died while BigQuery had the request. */
  async function restarted(
    change: (store: DatabaseSync, session: string) => void,
  ): Promise<Awaited<ReturnType<typeof sessionOfJob>>> {
    const { jobReference } = await ask();
    const session = jobReference.jobId.replace("chaperone_", "");
    await rig.restart(() => {
      const store = new DatabaseSync(join(rig.state, "chaperone.db"));
      store
        .prepare("UPDATE sessions SET state = 'running', upstream_job = '?', finished_at = NULL WHERE id = ?")
        .run(session);
      store.prepare("DELETE FROM releases WHERE session = ?").run(session);
      change(store, session);
      store.close();
    });
    const deadline = Date.now() + 15_000;
    for (;;) {
      const now = await sessionOfJob(rig, jobReference.jobId);
      if (now?.state !== "running" || (await upstreamJob(session)) !== "?" || Date.now() > deadline) return now;
      await sleep(50);
    }
  }

  it("is found again after a restart, and not sent", async () => {
    const before = sent().length;
    const session = await restarted(() => undefined);
    assert.equal(session?.state, "running");
    assert.match(String(await upstreamJob(session?.id ?? "")), /^job_/);
    assert.equal(sent().length, before + 1);
    const page = await agent.results(`chaperone_${session?.id}`);
    assert.equal((JSON.parse(page.body) as QueryAnswer).rows?.length, 20);
  });

  it("that isn't found after a restart has failed with an unknown outcome, and isn't sent", async () => {
    const before = sent().length;
    const session = await restarted((store, id) => {
      // The label of a session that was never sent.
      store.prepare("UPDATE sessions SET created_at = ? WHERE id = ?").run(Date.now() + 3_600_000, id);
    });
    assert.equal(session?.state, "failed");
    assert.match(session?.error ?? "", /outcome is unknown/);
    assert.equal(sent().length, before + 1);
  });
});
