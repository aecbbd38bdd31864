import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { resolve } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verifyStore } from "../../packages/gateway/src/store/verify-store.ts";
import type { Fault } from "../../packages/warehouse/src/misbehave.ts";
import { type ChaperoneProcess, type Surroundings, startSurroundings } from "./gateway-process.ts";

const PROJECT = "demo-clinic";
const CALENDAR = `SELECT * FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 200`;
/** As configured below: what the gateway waits for answers under way after the signal. */
const GRACE_MS = 4_000;
/** Upstream's bounds below, with all retries, and some patience for a busy machine. */
const BOUND_MS = 12_000;

describe("drain, a broken upstream, revocation, races", () => {
  let outside: Surroundings;
  let gateway: ChaperoneProcess;

  before(async () => {
    outside = await startSurroundings({
      patients: 20,
      config: {
        limits: {
          shutdown: { grace: `${GRACE_MS / 1000}s` },
          upstream: { headers: "2s", body_idle: "2s", call: "4s", dry_run: "3s", connect: "1s", retries: 2 },
        },
      },
    });
    gateway = await outside.start();
  });
  afterEach(() => outside.warehouse.calm());
  after(() => outside.close());

  async function call(path: string, body?: object, agent = "care-summary-agent"): Promise<Response> {
    return fetch(`${outside.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${await outside.token(agent)}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function finishedJob(): Promise<string> {
    const answer = await call("jobs", { configuration: { query: { query: CALENDAR, useLegacySql: false } } });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const { jobId } = (JSON.parse(text) as { jobReference: { jobId: string } }).jobReference;
    assert.match(await (await call(`queries/${jobId}?maxResults=0`)).text(), /"jobComplete":true/);
    return jobId;
  }

  function inserts(): number {
    return outside.warehouse.requests.filter(
      ({ method, path, body }) =>
        method === "POST" &&
        /\/(jobs|queries)(\?|$)/.test(path) &&
        (body as { configuration?: { dryRun?: boolean } }).configuration?.dryRun !== true,
    ).length;
  }

  /** A page whose first bytes are here while upstream still dribbles the rest, some ten pieces, with a pause after each. */
  async function pageUnderWay(job: string, milliseconds: number): Promise<{ rest: Promise<string> }> {
    outside.warehouse.misbehave({ kind: "slow-body", target: "results", bytes: 1_500, milliseconds, times: "always" });
    const answer = await call(`queries/${job}?maxResults=200`);
    assert.equal(answer.status, 200);
    return { rest: answer.text() };
  }

  describe("at SIGTERM", () => {
    after(async () => {
      gateway.kill("SIGKILL");
      await gateway.exited;
      gateway = await outside.start();
    });

    it("finishes the page under way, takes no new call, lets waiting clients go, and ends with status 0", async () => {
      const held = { query: `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 1`, useLegacySql: false };
      const waiting = call("queries", { ...held, timeoutMs: 10_000 });
      const job = await finishedJob();
      const { rest } = await pageUnderWay(job, 150);
      const began = performance.now();
      gateway.kill("SIGTERM");
      const page = JSON.parse(await rest) as { rows: unknown[] };
      assert.equal(page.rows.length, 200);
      const answer = await waiting;
      assert.equal(answer.status, 200);
      assert.equal(((await answer.json()) as { jobComplete: boolean }).jobComplete, false);
      await assert.rejects(call("jobs"), "no new connection is taken");
      assert.deepEqual(await gateway.exited, { code: 0, signal: null }, gateway.output());
      assert.ok(performance.now() - began < GRACE_MS + 3_000);
      gateway = await outside.start();
    });

    it("breaks the page that takes longer than the grace: half of it never looks whole", async () => {
      const job = await finishedJob();
      const { rest } = await pageUnderWay(job, 1_200);
      const broke = assert.rejects(rest);
      gateway.kill("SIGTERM");
      await broke;
      assert.deepEqual(await gateway.exited, { code: 0, signal: null }, gateway.output());
      outside.warehouse.calm();
      const audit = await verifyStore(outside.state);
      assert.deepEqual(audit.problems, []);
      gateway = await outside.start();
    });

    it("ends at once at the second signal", async () => {
      const job = await finishedJob();
      const { rest } = await pageUnderWay(job, 1_200);
      const broke = assert.rejects(rest);
      gateway.kill("SIGTERM");
      await sleep(300);
      const began = performance.now();
      gateway.kill("SIGTERM");
      assert.deepEqual(await gateway.exited, { code: 143, signal: null });
      assert.ok(performance.now() - began < 1_500);
      await broke;
    });
  });

  it("answers a broken upstream in time, with an error that says whose fault it is", async () => {
    const faults: [Fault, number[]][] = [
      [{ kind: "status", target: "dryRun", code: 503, times: "always" }, [503]],
      [{ kind: "status", target: "insert", code: 500, times: "always" }, [500, 503]],
      [{ kind: "status", target: "results", code: 502, times: "always" }, [502, 503]],
      [{ kind: "reset", target: "results", afterBytes: 10, times: "always" }, [503]],
      [{ kind: "delay", target: "dryRun", milliseconds: 30_000, times: "always" }, [503, 504]],
      [{ kind: "truncate", target: "results", afterBytes: 60, times: "always" }, [503]],
    ];
    for (const [fault, statuses] of faults) {
      outside.warehouse.misbehave(fault);
      // The first rows come by another call.
      if (fault.target === "results") outside.warehouse.misbehave({ ...fault, target: "query" });
      const began = performance.now();
      // As a client does: ask, and ask again while the job is not complete.
      let answer = await call("queries", { query: CALENDAR, useLegacySql: false, timeoutMs: 9_000 });
      let text = await answer.text();
      const { jobReference } = JSON.parse(text) as { jobReference?: { jobId: string } };
      while (answer.status === 200 && text.includes('"jobComplete":false')) {
        assert.ok(performance.now() - began < BOUND_MS, `${JSON.stringify(fault)} never ends: ${text}`);
        answer = await call(`queries/${jobReference?.jobId}?timeoutMs=5000`);
        text = await answer.text();
      }
      outside.warehouse.calm();
      assert.ok(statuses.includes(answer.status), `${JSON.stringify(fault)}: ${answer.status} ${text}`);
      assert.ok(performance.now() - began < BOUND_MS, `${JSON.stringify(fault)} took too long`);
      assert.match(text, /BigQuery|upstream/i);
      assert.doesNotMatch(text, /ECONN|socket|undici|127\.0\.0\.1/i, "says nothing of the inside");
    }
  });

  it("breaks off, or refuses, when upstream breaks off in the rows", async () => {
    for (const fault of [
      { kind: "reset", target: "results", afterBytes: 9_000, times: "always" },
      { kind: "truncate", target: "results", afterBytes: 9_000, times: "always" },
      { kind: "slow-body", target: "results", bytes: 4_000, milliseconds: 5_000, times: "always" },
    ] as const) {
      const job = await finishedJob();
      outside.warehouse.misbehave(fault);
      const began = performance.now();
      const answer = await call(`queries/${job}?maxResults=200`);
      if (answer.status === 200) await assert.rejects(answer.text(), fault.kind);
      else assert.ok(answer.status >= 400, await answer.text());
      assert.ok(performance.now() - began < BOUND_MS);
      outside.warehouse.calm();
    }
  });

  it("denies a suspended agent within a second, also the pages of what it was already allowed", async () => {
    const job = await finishedJob();
    const sam = outside.person("sam.sponsor");
    const agent = {
      issuer: outside.identityProvider.issuer,
      subject: "care-summary-agent",
      reason: "as the test says",
    };
    await sam.post("agents/suspend", agent);
    const began = performance.now();
    const refused = await Promise.all([
      call(`queries/${job}?maxResults=1`),
      call("queries", { query: CALENDAR, useLegacySql: false }),
      call("jobs"),
    ]);
    assert.ok(performance.now() - began < 1_000);
    assert.deepEqual(
      refused.map(({ status }) => status),
      [403, 403, 403],
    );
    await sam.post("agents/activate", agent);
    assert.equal((await call(`queries/${job}?maxResults=1`)).status, 200);
  });

  it("runs one job for the same request sent twenty times at once", async () => {
    const before = inserts();
    const body = { query: CALENDAR, useLegacySql: false, maxResults: 1, requestId: "twenty-at-once" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => call("queries", body)));
    const jobs = new Set<string>();
    for (const answer of answers) {
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      jobs.add((JSON.parse(text) as { jobReference: { jobId: string } }).jobReference.jobId);
    }
    assert.equal(jobs.size, 1);
    assert.equal(inserts(), before + 1);
    const twins = await Promise.all(
      Array.from({ length: 20 }, () =>
        call("jobs", {
          jobReference: { projectId: PROJECT, jobId: "twin" },
          configuration: { query: { query: CALENDAR, useLegacySql: false } },
        }),
      ),
    );
    assert.deepEqual(twins.map(({ status }) => status).sort(), [200, ...Array.from({ length: 19 }, () => 409)]);
    assert.equal(inserts(), before + 2);
  });
});

describe("an upstream that takes connections and never answers", () => {
  it("is given up in time", async (t) => {
    const sockets = new Set<Socket>();
    const silent: Server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.resume();
      // Half-closed: the other end has said all it will say, and said nothing.
      if (sockets.size % 2 === 0) socket.end();
    });
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const outside = await startSurroundings({
      patients: 10,
      config: {
        connections: [
          {
            name: "silent",
            projects: [PROJECT],
            location: "US",
            endpoint: `http://127.0.0.1:${port}`,
            credentials: { type: "none" },
            catalog: resolve(import.meta.dirname, "../../examples/clinic/catalog.yaml"),
          },
        ],
        limits: { upstream: { headers: "500ms", call: "3s", dry_run: "2s", retries: 2 } },
      },
    });
    t.after(async () => {
      await outside.close();
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    await outside.start();
    const began = performance.now();
    const answer = await fetch(`${outside.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await outside.token("care-summary-agent")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ query: CALENDAR, useLegacySql: false }),
    });
    const text = await answer.text();
    assert.ok([503, 504].includes(answer.status), text);
    assert.match(text, /BigQuery/);
    assert.ok(performance.now() - began < BOUND_MS);
  });
});
