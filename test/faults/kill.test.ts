import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
import { FINAL_STATES, type SessionState } from "../../packages/gateway/src/sessions/session.ts";
import { verifyStore } from "../../packages/gateway/src/store/verify-store.ts";
import { runChaperone, type Surroundings, startSurroundings } from "./gateway-process.ts";

/**
 * kill -9 under load. `CHAPERONE_KILL_ROUNDS` sets how often; without it as often as fits into the budget, since a start
 * takes one second on a quiet machine and many on a busy one. `CHAPERONE_SEED` repeats the moments of a run, as far as
 * time can be repeated.
 */
const ROUNDS = Number(process.env.CHAPERONE_KILL_ROUNDS ?? 0);
const MOST_ROUNDS = 50;
const BUDGET_MS = 30_000;
/** From listening to the kill at most. */
const LIFE_MS = 1_500;
/** One round in so many is killed while it starts. */
const AT_START = 5;

const PROJECT = "demo-clinic";
const FREE = `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 60`;
const HELD = `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\` ORDER BY patient_id LIMIT 20`;

/** A number in [0, 1) from a seed (mulberry32, public domain). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What the clients were told, and so may rely on. */
class Told {
  /** Job id → agent, of every job whose creation was answered. */
  readonly jobs = new Map<string, string>();
  /** Job ids of jobs that a person was told are approved. */
  readonly approved = new Set<string>();
  readonly cancelled = new Set<string>();
  /** `job row`: pages of which at least one byte arrived, and how often. */
  readonly pages = new Map<string, number>();
}

describe("kill -9 under load", () => {
  let outside: Surroundings;
  before(async () => {
    outside = await startSurroundings({
      patients: 40,
      // A job that the warehouse forgot would run again after a restart; BigQuery's outlive any gateway.
      jobsKept: 100_000,
      config: {
        limits: {
          sessions: { open_per_agent: 5000, held_per_agent: 5000, long_poll: "1s" },
        },
      },
    });
  });
  after(() => outside.close());

  it("loses nothing it has acknowledged, runs each job once, and shows no page without its record", async (t) => {
    const seed = Number(process.env.CHAPERONE_SEED ?? randomBytes(4).readUInt32LE());
    t.diagnostic(`CHAPERONE_SEED=${seed}`);
    const random = generator(seed);
    const told = new Told();
    const load = startLoad(outside, told, generator(seed + 1));
    const inserts = new Map<string, number>();
    let rounds = 0;
    const began = Date.now();
    try {
      while (ROUNDS > 0 ? rounds < ROUNDS : rounds < MOST_ROUNDS && (rounds < 2 || Date.now() - began < BUDGET_MS)) {
        rounds++;
        if (rounds % AT_START === 0) {
          const starting = runChaperone(["serve", "--config", outside.configFile]);
          await sleep(random() * LIFE_MS);
          starting.kill("SIGKILL");
          await starting.exited;
        } else {
          const gateway = await outside.start();
          const known = told.jobs.size;
          load.resume();
          // Most rounds die in full work, the others over their first requests.
          if (rounds % 4 !== 0) for (let i = 0; i < 500 && told.jobs.size < known + 3; i++) await sleep(10);
          await sleep(random() * LIFE_MS);
          gateway.kill("SIGKILL");
          await gateway.exited;
        }
        load.pause();
        await load.quiet();
        countInserts(outside, inserts);
        await checkTheDead(outside, told, inserts, `round ${rounds}, seed ${seed}`);
      }
    } finally {
      await load.stop();
    }
    t.diagnostic(
      `${rounds} rounds in ${Math.round((Date.now() - began) / 1000)} s, ${told.jobs.size} jobs, ${[...told.pages.values()].reduce((a, b) => a + b, 0)} pages, ${told.approved.size} approvals`,
    );
    assert.ok(told.jobs.size > 0 && told.pages.size > 0, "there was load");

    // Once more, to stay: what was running or approved goes on by itself, what is held waits.
    const last = await outside.start();
    await finishes(outside, told, inserts);
    await allRun(outside, inserts);
    last.kill("SIGTERM");
    assert.deepEqual(await last.exited, { code: 0, signal: null }, last.output());
    await checkTheDead(outside, told, inserts, `the end, seed ${seed}`);
    checkEachRanOnce(outside, inserts);
  });
});

interface Load {
  resume(): void;
  pause(): void;
  /** Resolves when no client has a call under way. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

function startLoad(outside: Surroundings, told: Told, random: () => number): Load {
  let running = false;
  let stopped = false;
  let underWay = 0;
  const agents = ["care-summary-agent", "care-summary-agent", "research-agent"];

  async function client(agent: string, number: number): Promise<void> {
    const token = await outside.token(agent);
    const call = async (path: string, body?: object): Promise<{ status: number; text: string; whole: boolean }> => {
      const response = await fetch(`${outside.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      // Read piece by piece: what arrived before the kill counts as shown.
      let text = "";
      try {
        for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>)
          text += Buffer.from(chunk as Uint8Array).toString("latin1");
        return { status: response.status, text, whole: true };
      } catch {
        return { status: response.status, text, whole: false };
      }
    };
    const page = async (job: string, from: number): Promise<boolean> => {
      const { status, text, whole } = await call(`queries/${job}?startIndex=${from}&maxResults=20`);
      if (status === 200 && text.includes('"rows":[')) {
        const key = `${job} ${from}`;
        told.pages.set(key, (told.pages.get(key) ?? 0) + 1);
      }
      return whole && status === 200 && text.includes('"rows":[');
    };
    for (let i = 0; !stopped; i++) {
      if (!running) {
        await sleep(10);
        continue;
      }
      underWay++;
      try {
        const job = `kill_${number}_${i}_${Math.floor(random() * 1e9)}`;
        const held = agent === "care-summary-agent" && random() < 0.5;
        const created = await call("jobs", {
          jobReference: { projectId: PROJECT, jobId: job },
          configuration: { query: { query: held ? HELD : FREE, useLegacySql: false } },
        });
        if (created.status === 200 && created.whole) {
          told.jobs.set(job, agent);
          if (held && random() < 0.1) {
            const cancelled = await call(`jobs/${job}/cancel`, {});
            if (cancelled.status === 200 && cancelled.whole) told.cancelled.add(job);
          } else if (!held) {
            for (const from of [0, 20, 40]) if (!(await page(job, from))) break;
          }
        }
      } catch {
        await sleep(20);
      } finally {
        underWay--;
      }
    }
  }

  /** The official client, which retries by itself. */
  async function official(): Promise<void> {
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: await outside.token("care-summary-agent") });
    const bigquery = new BigQuery({ projectId: PROJECT, apiEndpoint: outside.url, authClient, autoRetry: false });
    while (!stopped) {
      if (!running) {
        await sleep(10);
        continue;
      }
      underWay++;
      await bigquery.query({ query: FREE }).catch(() => sleep(20));
      underWay--;
    }
  }

  async function approver(): Promise<void> {
    const dana = outside.person("dana.officer");
    while (!stopped) {
      if (!running) {
        await sleep(10);
        continue;
      }
      underWay++;
      try {
        const { approvals } = await dana.get<{ approvals: { id: string }[] }>("approvals?state=pending");
        const one = approvals[Math.floor(random() * approvals.length)];
        if (one !== undefined && random() < 0.8) {
          const view = await dana.get<{ binding: string; session: string }>(`approvals/${one.id}`);
          const decision = { decision: "approve", reason: "under load", binding: view.binding };
          await dana.post(`approvals/${one.id}/decisions`, decision);
          told.approved.add(view.session);
        }
      } catch {
        // Killed meanwhile, or cancelled by its agent.
      }
      underWay--;
      await sleep(30);
    }
  }

  const work = Promise.all([...agents.map(client), official(), approver()]);
  const quiet = async () => {
    while (underWay > 0) await sleep(5);
  };
  return {
    resume() {
      running = true;
    },
    pause() {
      running = false;
    },
    quiet,
    async stop() {
      stopped = true;
      await work;
    },
  };
}

/** Requests that were counted. */
const counted = new WeakSet<object>();

/** Jobs the warehouse was asked to run, and how often each: `requests` forgets its oldest, so it is read at each round. */
function countInserts(outside: Surroundings, inserts: Map<string, number>): void {
  for (const request of outside.warehouse.requests) {
    if (counted.has(request)) continue;
    counted.add(request);
    const { method, path, body } = request;
    const { configuration, jobReference, labels } = body as {
      configuration?: { dryRun?: boolean };
      jobReference?: { jobId?: string };
      labels?: { chaperone_job?: string };
    };
    const label = `label ${labels?.chaperone_job}`;
    if (method === "POST" && /\/queries(\?|$)/.test(path)) inserts.set(label, (inserts.get(label) ?? 0) + 1);
    if (method === "POST" && /\/jobs(\?|$)/.test(path) && configuration?.dryRun !== true)
      inserts.set(jobReference?.jobId ?? "", (inserts.get(jobReference?.jobId ?? "") ?? 0) + 1);
  }
}

const AFTER_APPROVAL: readonly SessionState[] = ["approved", "running", "releasing", "done"];

/** What must hold of a store whose gateway was just killed. */
async function checkTheDead(
  outside: Surroundings,
  told: Told,
  inserts: ReadonlyMap<string, number>,
  when: string,
): Promise<void> {
  const audit = await verifyStore(outside.state);
  assert.deepEqual(audit.problems, [], when);
  const db = new DatabaseSync(join(outside.state, "chaperone.db"), { readOnly: true });
  try {
    const sessions = db
      .prepare("SELECT id, job_id, subject, state, error, sealed, mask_plan FROM whole_sessions")
      .all();
    const byJob = new Map(sessions.map((row) => [`${row.job_id}`, row]));
    const byId = new Map(sessions.map((row) => [`${row.id}`, row]));
    for (const [job, agent] of told.jobs) {
      const row = byJob.get(job);
      assert.ok(row !== undefined, `${when}: job ${job} was acknowledged and is gone`);
      assert.equal(row.subject, agent, when);
      assert.ok(row.sealed instanceof Uint8Array && row.mask_plan !== null, `${when}: job ${job} is whole`);
      assert.ok(
        !["received", "analysed", "decided"].includes(String(row.state)),
        `${when}: job ${job} was acknowledged as further than ${row.state}`,
      );
      if (told.cancelled.has(job)) assert.equal(row.state, "cancelled", when);
    }
    for (const session of told.approved) {
      const { state, error } = byId.get(session) ?? {};
      assert.ok(
        AFTER_APPROVAL.includes(`${state}` as SessionState),
        `${when}: ${session} was approved and is ${state}: ${error}`,
      );
    }

    const ledger = db
      .prepare("SELECT session, type, bytes FROM ledger_entries WHERE type IN ('release.started', 'session.running')")
      .all()
      .map((row) => ({
        session: String(row.session),
        type: String(row.type),
        data: JSON.parse(Buffer.from(row.bytes as Uint8Array).toString()).data as Record<string, unknown>,
      }));
    const released = new Map<string, number>();
    const intended = new Set<string>();
    for (const { session, type, data } of ledger) {
      const label = (data.upstreamLabel as { chaperone_job?: string } | undefined)?.chaperone_job;
      if (type === "session.running") intended.add(label === undefined ? String(data.upstreamJob) : `label ${label}`);
      else {
        const key = `${byId.get(session)?.job_id} ${data.fromRow}`;
        released.set(key, (released.get(key) ?? 0) + 1);
      }
    }
    for (const [key, count] of told.pages)
      assert.ok((released.get(key) ?? 0) >= count, `${when}: page ${key} was shown without its record`);
    for (const job of inserts.keys())
      assert.ok(intended.has(job), `${when}: upstream was asked to run ${job} before its intent was durable`);
  } finally {
    db.close();
  }
}

/** Every job that was not held, denied or cancelled comes to its end; held ones are still held and can be approved. */
async function finishes(outside: Surroundings, told: Told, inserts: ReadonlyMap<string, number>): Promise<void> {
  const db = new DatabaseSync(join(outside.state, "chaperone.db"), { readOnly: true });
  const states = () =>
    db.prepare("SELECT id, job_id, subject, state FROM sessions").all() as {
      id: string;
      job_id: string;
      subject: string;
      state: SessionState;
    }[];
  try {
    const deadline = Date.now() + 20_000;
    let between = states();
    while (between.length > 0) {
      between = states().filter(({ state }) => ["received", "analysed", "decided", "approved"].includes(state));
      assert.ok(Date.now() < deadline, `${between.length} sessions hang, the first ${between[0]?.state}`);
      await sleep(50);
    }
    const started = states().filter((row) => row.state === "running" || row.state === "releasing");
    for (const { id, job_id, subject, state } of started.slice(0, 60)) {
      // An answer comes within a second, complete or not; a job that is known by its label alone is looked for longer.
      for (const until = Date.now() + 10_000; ; ) {
        const answer = await fetch(
          `${outside.url}/bigquery/v2/projects/${PROJECT}/queries/${job_id}?maxResults=5&timeoutMs=10000`,
          { headers: { authorization: `Bearer ${await outside.token(subject)}` } },
        );
        const text = await answer.text();
        // Of a SELECT that BigQuery never got.
        if (answer.status === 503 && /The outcome is unknown/.test(text) && !inserts.has(labelOf(id))) break;
        assert.equal(answer.status, 200, text);
        if ((JSON.parse(text) as { jobComplete: boolean }).jobComplete) break;
        assert.ok(Date.now() < until, `${job_id} was ${state}: ${text}`);
      }
    }
    const open = db.prepare("SELECT count(*) AS n FROM releases WHERE outcome = 'started'").get();
    assert.equal(open?.n, 0, "every page that a kill broke off has its end recorded");
    const held = states().filter(({ state }) => state === "held");
    const dana = outside.person("dana.officer");
    const { approvals } = await dana.get<{ approvals: { id: string; session: string }[] }>("approvals?state=pending");
    const asked = new Set(approvals.map(({ session }) => session));
    // The inbox shows at most 1000.
    if (held.length < 1000) for (const { id } of held) assert.ok(asked.has(id), `${id} is held and asks nobody`);
    const [one] = approvals;
    if (one !== undefined) {
      const { binding } = await dana.get<{ binding: string }>(`approvals/${one.id}`);
      await dana.post(`approvals/${one.id}/decisions`, { decision: "approve", reason: "after all kills", binding });
      told.approved.add(one.session);
    }
  } finally {
    db.close();
  }
}

/** Waits until every session that is to run, the one approved last too, has asked upstream to: on a busy machine that takes a while. */
async function allRun(outside: Surroundings, inserts: Map<string, number>): Promise<void> {
  const db = new DatabaseSync(join(outside.state, "chaperone.db"), { readOnly: true });
  try {
    const deadline = Date.now() + 30_000;
    for (;;) {
      countInserts(outside, inserts);
      const rows = db
        .prepare("SELECT id, upstream_job FROM sessions WHERE state IN ('approved', 'running', 'releasing')")
        .all();
      const asked = rows.every((row) => inserts.has(`${row.upstream_job}`) || inserts.has(labelOf(row.id)));
      if (asked || Date.now() > deadline) return;
      await sleep(100);
    }
  } finally {
    db.close();
  }
}

/** As jobs are counted whose ids BigQuery made. */
function labelOf(session: unknown): string {
  return `label ${String(session).toLowerCase()}`;
}

/** A second insert under the same id is a question whether the first arrived; two ids for one session would be two jobs. What BigQuery named is sent once. */
function checkEachRanOnce(outside: Surroundings, inserts: ReadonlyMap<string, number>): void {
  const db = new DatabaseSync(join(outside.state, "chaperone.db"), { readOnly: true });
  try {
    const rows = db.prepare("SELECT id, state, upstream_job FROM sessions").all();
    const owner = new Map(rows.map((row) => [`${row.upstream_job}`, String(row.id)]));
    for (const { id } of rows) owner.set(labelOf(id), String(id));
    for (const [job, times] of inserts) if (job.startsWith("label ")) assert.equal(times, 1, `${job} was sent again`);
    const jobsOf = new Map<string, number>();
    for (const job of inserts.keys()) {
      const session = owner.get(job);
      assert.ok(session !== undefined, `upstream ran ${job}, which is no session's`);
      jobsOf.set(session, (jobsOf.get(session) ?? 0) + 1);
    }
    for (const { id, state, upstream_job } of rows) {
      const ran = jobsOf.get(String(id)) ?? 0;
      assert.ok(ran <= 1, `session ${id} ran ${ran} jobs`);
      if (upstream_job === null) assert.equal(ran, 0, `session ${id} is ${state} and ran`);
      else if (!FINAL_STATES.has(state as SessionState))
        assert.equal(ran, 1, `session ${id} is ${state} and never ran`);
    }
  } finally {
    db.close();
  }
}
