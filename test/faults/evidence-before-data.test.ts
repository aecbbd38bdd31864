import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Gateway, loadConfig, startGateway, verifyStore } from "../../packages/gateway/src/index.ts";
import { type Surroundings, startSurroundings } from "./gateway-process.ts";

/** SQLite's wait for the write lock (store/limits.ts) and some patience: by then a stalled store has refused. */
const BOUND_MS = 4_000;
const PROJECT = "demo-clinic";
const CALENDAR = `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 500`;
/** What nobody asked before: BigQuery's dry run is heard before the run is recorded. */
const fresh = (limit: number) => CALENDAR.replace("500", String(limit));

describe("evidence before data (I3)", () => {
  let outside: Surroundings;
  let gateway: Gateway;
  const locks: DatabaseSync[] = [];

  before(async () => {
    outside = await startSurroundings({ config: { log: { level: "silent" } } });
    gateway = await startGateway(loadConfig(outside.configFile, { env: {} }));
  });
  afterEach(() => {
    for (const lock of locks.splice(0)) lock.close();
    outside.warehouse.calm();
  });
  after(async () => {
    await gateway.close();
    await outside.close();
  });

  /** Stalls every commit, as a disk that answers no more would, until released. Reads go on. */
  function stallStore(): () => void {
    const lock = new DatabaseSync(join(outside.state, "chaperone.db"), { timeout: 1000 });
    lock.exec("BEGIN IMMEDIATE");
    locks.push(lock);
    return () => lock.exec("ROLLBACK");
  }

  async function call(path: string, body?: object): Promise<Response> {
    return fetch(`${gateway.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${await outside.token("care-summary-agent")}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Jobs the warehouse was asked to run, by id, or by their label where it makes the id. */
  function started(): string[] {
    return outside.warehouse.requests.flatMap(({ method, path, body }) => {
      const { configuration, jobReference, labels } = body as {
        configuration?: { dryRun?: boolean };
        jobReference?: { jobId?: string };
        labels?: { chaperone_job?: string };
      };
      if (method === "POST" && path.endsWith("/queries?prettyPrint=false")) return [labels?.chaperone_job ?? ""];
      return method === "POST" && /\/jobs(\?|$)/.test(path) && configuration?.dryRun !== true
        ? [jobReference?.jobId ?? ""]
        : [];
    });
  }

  function dryRuns(): number {
    return outside.warehouse.requests.filter(
      ({ body }) => (body as { configuration?: { dryRun?: boolean } }).configuration?.dryRun === true,
    ).length;
  }

  async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, `${what} within 10 s`);
      await sleep(5);
    }
  }

  async function finishedJob(): Promise<string> {
    const answer = await call("jobs", { configuration: { query: { query: CALENDAR, useLegacySql: false } } });
    assert.equal(answer.status, 200);
    const { jobReference } = (await answer.json()) as { jobReference: { jobId: string } };
    const waited = await call(`queries/${jobReference.jobId}?maxResults=0`);
    assert.equal(((await waited.json()) as { jobComplete: boolean }).jobComplete, true);
    return jobReference.jobId;
  }

  async function entries(type: string, session: string): Promise<{ idx: number; data: Record<string, unknown> }[]> {
    const rows = await gateway.store.db
      .selectFrom("ledger_entries")
      .select(["idx", "bytes"])
      .where("type", "=", type)
      .where("session", "=", session)
      .orderBy("idx")
      .execute();
    return rows.map(({ idx, bytes }) => ({ idx, data: JSON.parse(Buffer.from(bytes).toString()).data }));
  }

  async function refusedInTime(answer: Promise<Response>): Promise<string> {
    const began = performance.now();
    const response = await answer;
    const text = await response.text();
    assert.equal(response.status, 503, text);
    assert.ok(performance.now() - began < BOUND_MS, `refused within ${BOUND_MS} ms`);
    assert.match(text, /cannot record evidence/);
    return text;
  }

  it("starts no job before its intent is committed", async () => {
    outside.warehouse.misbehave({ kind: "delay", target: "dryRun", milliseconds: 300 });
    const before = { jobs: started().length, dryRuns: dryRuns() };
    let answered = false;
    const answer = call("queries", { query: fresh(400), useLegacySql: false, maxResults: 5 }).finally(() => {
      answered = true;
    });
    await until("the dry run", () => dryRuns() > before.dryRuns);
    const release = stallStore();
    await sleep(700);
    assert.equal(started().length, before.jobs, "no job while the commit waits");
    assert.equal(answered, false);
    release();
    assert.equal((await answer).status, 200);
    const { jobReference } = (await (await answer).json()) as { jobReference: { jobId: string } };
    const [intent] = await entries("session.running", jobReference.jobId.replace("chaperone_", ""));
    assert.deepEqual(intent?.data.upstreamLabel, { chaperone_job: started().at(-1) });
  });

  it("refuses a query in time when its intent can't be committed, and takes it up again when it can", async () => {
    outside.warehouse.misbehave({ kind: "delay", target: "dryRun", milliseconds: 300 });
    const before = { jobs: started().length, dryRuns: dryRuns() };
    const body = { query: fresh(300), useLegacySql: false, maxResults: 5, requestId: "stalled-once" };
    const answer = call("queries", body);
    await until("the dry run", () => dryRuns() > before.dryRuns);
    const release = stallStore();
    await refusedInTime(answer);
    assert.equal(started().length, before.jobs, "no job");
    release();
    // The client sends the same request again, as the official ones do at a 503.
    const again = await call("queries", body);
    const text = await again.text();
    assert.equal(again.status, 200, text);
    assert.equal((JSON.parse(text) as { rows?: unknown[] }).rows?.length, 5, text);
    assert.equal(started().length, before.jobs + 1, "one job for both tries");
  });

  it("of a statement that was asked before, lets upstream hear nothing before all is committed, and sends no job that its dry run doesn't allow", async () => {
    const body = { query: fresh(200), useLegacySql: false, maxResults: 5 };
    assert.equal((await call("queries", body)).status, 200);
    const before = { jobs: started().length, requests: outside.warehouse.requests.length };
    const release = stallStore();
    const answer = call("queries", body);
    await sleep(700);
    assert.equal(outside.warehouse.requests.length, before.requests, "upstream heard of it");
    release();
    const { jobReference } = (await (await answer).json()) as { jobReference: { jobId: string } };
    assert.equal(started().length, before.jobs + 1);
    const session = jobReference.jobId.replace("chaperone_", "");
    const arrows = await Promise.all(
      ["received", "analysed", "decided", "running"].map((state) => entries(`session.${state}`, session)),
    );
    const places = arrows.flat().map(({ idx }) => idx);
    assert.deepEqual(
      places,
      places.map((_, i) => (places[0] ?? 0) + i),
      "each arrow has its entry, in order",
    );
    outside.warehouse.misbehave({ kind: "dry-run", statementType: "INSERT" });
    const refused = await call("queries", body);
    assert.ok(refused.status >= 400);
    assert.equal(started().length, before.jobs + 1, "no job");
    const last = await gateway.store.db.selectFrom("sessions").select("state").orderBy("id", "desc").executeTakeFirst();
    assert.equal(last?.state, "failed");
  });

  it("leaves no session behind that nobody works on, when the first commit can't be made", async () => {
    const release = stallStore();
    const before = { jobs: started().length, dryRuns: dryRuns() };
    await refusedInTime(call("queries", { query: CALENDAR, useLegacySql: false }));
    assert.equal(dryRuns(), before.dryRuns, "upstream heard nothing of it");
    assert.equal(started().length, before.jobs);
    release();
    assert.equal((await call("queries", { query: CALENDAR, useLegacySql: false, maxResults: 1 })).status, 200);
    const open = await gateway.store.db
      .selectFrom("sessions")
      .select("id")
      .where("state", "in", ["received", "analysed", "decided", "approved"])
      .execute();
    assert.deepEqual(open, []);
  });

  it("shows no byte of a page before its release record is committed", async () => {
    const job = await finishedJob();
    const release = stallStore();
    let begun = false;
    const page = call(`queries/${job}?maxResults=5`).then((response) => {
      begun = true;
      return response.text();
    });
    await sleep(600);
    assert.equal(begun, false, "not even the answer's head");
    release();
    assert.equal((JSON.parse(await page) as { rows: unknown[] }).rows.length, 5);
    const session = job.replace("chaperone_", "");
    const [started] = await entries("release.started", session);
    const [finished] = await entries("release.finished", session);
    assert.ok(started !== undefined && finished !== undefined && started.idx < finished.idx);
    assert.equal(started.data.fromRow, 0);
    assert.equal(finished.data.rows, 5);
  });

  it("shows no byte of a page that comes slowly before its release record is committed", async () => {
    const job = await finishedJob();
    outside.warehouse.misbehave({ kind: "slow-body", target: "results", bytes: 2_000, milliseconds: 100 });
    const release = stallStore();
    let begun = false;
    const page = call(`queries/${job}?maxResults=200`).then((response) => {
      begun = true;
      return response.text();
    });
    await sleep(900);
    assert.equal(begun, false);
    release();
    assert.equal((JSON.parse(await page) as { rows: unknown[] }).rows.length, 200);
  });

  it("refuses a page in time when its release can't be committed, and gives it when it can", async () => {
    const job = await finishedJob();
    const release = stallStore();
    const text = await refusedInTime(call(`queries/${job}?maxResults=5`));
    assert.doesNotMatch(text, /"rows"/);
    release();
    const answer = (await (await call(`queries/${job}?maxResults=5`)).json()) as { rows: unknown[] };
    assert.equal(answer.rows.length, 5);
  });

  it("breaks the connection when what a page showed can't be recorded: half evidence never looks whole", async () => {
    const job = await finishedJob();
    outside.warehouse.misbehave({ kind: "slow-body", target: "results", bytes: 2_000, milliseconds: 100 });
    const response = await call(`queries/${job}?maxResults=200`);
    assert.equal(response.status, 200);
    const release = stallStore();
    await assert.rejects(response.text(), "the body never ends properly");
    release();
    // It was shown all the same: reports say so as soon as it can be recorded.
    const session = job.replace("chaperone_", "");
    await until("its end in the ledger", async () => (await entries("release.finished", session)).length > 0);
    const [finished] = await entries("release.finished", session);
    assert.equal(finished?.data.outcome, "aborted");
    const { masked } = await outside
      .person("avery.auditor")
      .get<{ masked: { rowsReleased: number } }>(`sessions/${session}`);
    assert.ok(masked.rowsReleased > 0);
    assert.equal(masked.rowsReleased, finished.data.rows);
  });

  it("takes no decision that it can't record", async () => {
    const query = `SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;
    const answer = await call("jobs", { configuration: { query: { query, useLegacySql: false } } });
    assert.equal(((await answer.json()) as { status: { state: string } }).status.state, "PENDING");
    const dana = outside.person("dana.officer");
    const { approvals } = await dana.get<{ approvals: { id: string }[] }>("approvals?state=pending");
    const id = approvals[0]?.id ?? "";
    const { binding } = await dana.get<{ binding: string }>(`approvals/${id}`);
    const jobs = started().length;
    const release = stallStore();
    const decision = { decision: "approve", reason: "as the test says", binding };
    await assert.rejects(dana.post(`approvals/${id}/decisions`, decision), /cannot record evidence/);
    release();
    assert.equal(started().length, jobs);
    const { state } = await dana.get<{ state: string }>(`approvals/${id}`);
    assert.equal(state, "pending");
    await dana.post(`approvals/${id}/decisions`, decision);
    await until("the job", () => started().length === jobs + 1);
  });

  it("has a ledger that verifies after all of it", async () => {
    const audit = await verifyStore(outside.state);
    assert.deepEqual(audit.problems, []);
  });
});

describe("a disk that is full (I3)", () => {
  it("releases nothing and starts nothing; with room again it goes on where it was", async (t) => {
    const outside = await startSurroundings({ patients: 20, config: { log: { level: "silent" } } });
    t.after(() => outside.close());
    const config = loadConfig(outside.configFile, { env: {} });
    const token = await outside.token("care-summary-agent");
    const ask = (url: string) =>
      fetch(`${url}/bigquery/v2/projects/${PROJECT}/queries`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ query: CALENDAR, useLegacySql: false, maxResults: 2 }),
      });

    const first = await startGateway(config);
    assert.equal((await ask(first.url)).status, 200);
    await first.close();
    const file = new DatabaseSync(join(outside.state, "chaperone.db"), { readOnly: true });
    const pages = Number(file.prepare("PRAGMA page_count").get()?.page_count) + 5;
    file.close();
    const store = { ...config.limits.store, pages };
    const small = await startGateway({ ...config, limits: { ...config.limits, store } });
    let refusal: Response | undefined;
    for (let i = 0; i < 50 && refusal === undefined; i++) {
      const asked = outside.warehouse.requests.length;
      const answer = await ask(small.url);
      const text = await answer.text();
      if (answer.status !== 200) {
        refusal = answer;
        assert.match(text, /cannot record evidence/);
        assert.doesNotMatch(text, /"rows"/);
        assert.ok(outside.warehouse.requests.length - asked <= 2, "a refused query costs upstream little");
      }
    }
    assert.equal(refusal?.status, 503);
    await small.close();

    const roomy = await startGateway(config);
    t.after(() => roomy.close());
    assert.equal((await ask(roomy.url)).status, 200);
    assert.deepEqual((await verifyStore(outside.state)).problems, []);
  });
});
