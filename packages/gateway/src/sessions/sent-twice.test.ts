import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { sealer } from "../evidence/seal.ts";
import { openStore, type Store } from "../store/store.ts";
import { AGENT, PRINCIPAL, received } from "./commands/testing/small-query.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { loadHmac } from "./receive.ts";
import { SentTwice } from "./sent-twice.ts";
import { type SessionRow, sessionById } from "./session-row.ts";
import type { Submission } from "./statement.ts";
import { sameLoad, sameLoadWaiting } from "./statements.ts";

const SEALER = sealer(Buffer.alloc(32, 1));
const CONNECTION = { name: "c", location: "US" } as Connection;
const load = (test: string): Submission => ({
  door: "bigquery-rest",
  project: "p",
  location: "US",
  jobId: undefined,
  requestId: undefined,
  statement: { sql: "INSERT", parameterMode: "NAMED", parameters: [], defaultDataset: undefined },
  asked: { kind: "load", configuration: {}, sentOn: { table: "p.d.t", schema: null, write: "WRITE_APPEND" } },
  dryRun: false,
  maximumBytesBilled: undefined,
  jobTimeoutMs: undefined,
  labels: { test },
});

describe("a load that is sent twice", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-twice-"));
  let store: Store;
  let now = Date.now();
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => now });
    await store.run("agent.register", AGENT);
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  /** `submit`: what becomes of what is submitted; `asks`: whether a person would have to agree. */
  function twice(submit: (submission: Submission) => Promise<SessionRow>, asks = true) {
    const ended: string[] = [];
    const options = {
      store,
      sealer: SEALER,
      clock: () => now,
      limits: { runMs: 60_000 },
      approvals: { expiresAfterMs: 60_000, defaultApprovers: [] },
    };
    const loads = new SentTwice(options as unknown as EngineOptions, {
      asks: async () => asks,
      submit: (_, __, submission) => submit(submission),
      start: async () => assert.fail("nothing starts"),
      sendOn: async () => assert.fail("nothing is sent on"),
      breakOff: async ({ id }, { message }) => void ended.push(`${id}: ${message}`),
    });
    return { begin: (submission: Submission) => loads.begin(PRINCIPAL, CONNECTION, submission), ended };
  }
  /** A session of that load whose rows were counted. */
  async function counted(id: string, submission: Submission): Promise<SessionRow> {
    const requestHmac = loadHmac(SEALER, PRINCIPAL, CONNECTION, submission);
    await store.run("session.receive", received(id, { requestHmac, openPerAgent: 100 }));
    return sessionById(store, id);
  }
  const never = async () => assert.fail("nothing is submitted");

  it("isn't counted where nobody has to agree", async () => {
    assert.equal(await twice(never, false).begin(load("free")), undefined);
  });

  it("is submitted with what was counted, however it was cut", async () => {
    const submitted: Submission[] = [];
    const { begin } = twice(async (submission) => {
      submitted.push(submission);
      return counted(`cut-${submitted.length}`, load(`cut-${submitted.length}`));
    });
    for (const parts of [["{}\n{}\n"], ["{", "}\n", "{}\n"]]) {
      const way = await begin(load("cut"));
      for (const part of parts) await way?.add(Buffer.from(part));
      await assert.rejects(way?.finish(2) ?? Promise.resolve(), /2 rows were read, counted and dropped/);
    }
    const [one, two] = submitted.map(({ statement }) => statement.rows);
    assert.deepEqual(one, two);
    assert.deepEqual([one?.rows, one?.bytes], [2, 6]);
  });

  it("is asked for once, where two were counted at once", async () => {
    const submission = load("both");
    const { begin } = twice(() => counted("both-1", submission));
    const [one, two] = [await begin(submission), await begin(submission)];
    await assert.rejects(one?.finish(1) ?? Promise.resolve(), /read, counted and dropped/);
    await assert.rejects(two?.finish(1) ?? Promise.resolve(), /This load waits for a person/);
    await assert.rejects(begin(submission), /This load waits for a person/);
  });

  it("that nobody has to agree to by the time it was counted doesn't run without its rows", async () => {
    const running = { id: "by-then", state: "running", error: null } as SessionRow;
    const { begin, ended } = twice(async () => running);
    const way = await begin(load("by-then"));
    await assert.rejects(way?.finish(1) ?? Promise.resolve(), /nobody has to agree any more. Nothing was written/);
    assert.match(ended.join(), /^by-then: What policy says/);
  });

  it("isn't counted for ever, nor for an agent that is suspended", async () => {
    const way = await twice(never).begin(load("long"));
    await way?.goesOn();
    const { issuer, subject } = AGENT;
    await store.run("agent.suspend", { issuer, subject, reason: "odd", by: "config" });
    await assert.rejects(way?.goesOn() ?? Promise.resolve(), /suspended or revoked/);
    await assert.rejects(way?.finish(1) ?? Promise.resolve(), /suspended or revoked/);
    await store.run("agent.activate", { issuer, subject, reason: "explained", by: "config" });
    await way?.goesOn();
    now += 61_000;
    await assert.rejects(way?.finish(1) ?? Promise.resolve(), /took longer than it may/);
  });

  it("that was denied is told so once, and not long after", async () => {
    const submission = load("denied");
    const error = { reason: "accessDenied", status: 403, message: "Denied by Dana: no." } as const;
    const deny = async (id: string) => {
      await counted(id, submission);
      await store.run("session.end", { id, state: "denied", error, data: {} });
    };
    await deny("denied-1");
    const { begin } = twice(never);
    await assert.rejects(begin(submission), /Denied by Dana: no. Nothing was written. Sent once more/);
    assert.notEqual(await begin(submission), undefined);
    now += 1000;
    await deny("denied-2");
    now += 61_000;
    assert.notEqual(await begin(submission), undefined);
  });

  it("is found where it waits, though the clock was set back since another of its kind", async () => {
    const submission = load("back");
    await counted("back-1", submission);
    await store.run("session.end", { id: "back-1", state: "cancelled", data: {} });
    now -= 3_600_000;
    await counted("back-2", submission);
    await assert.rejects(twice(never).begin(submission), /waits for a person, as job .*back-2/);
    now += 3_600_000;
  });

  it("is found without looking at whatever else its agent has asked", () => {
    const db = new DatabaseSync(join(directory, "chaperone.db"), { readOnly: true });
    const of = { issuer: "i", subject: "s", requestHmac: "h" };
    const plans = [sameLoad(store.db, of), sameLoadWaiting(store.db, of)].map((query) => {
      const { sql, parameters } = query.compile();
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(parameters as readonly string[]));
      return plan.map(({ detail }) => detail);
    });
    db.close();
    assert.deepEqual(plans, [
      ["SEARCH sessions USING INDEX sessions_counted (request_hmac=?)"],
      ["SEARCH sessions USING INDEX sessions_waiting (issuer=? AND subject=?)"],
    ]);
  });
});
