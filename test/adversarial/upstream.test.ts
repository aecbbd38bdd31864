/**
 * An upstream that lies (I2, I9): whatever BigQuery, or somebody in its place, answers, no true value arrives, an answer that
 * broke off doesn't look whole, and where the answer disagrees with the analysis an alarm is in the ledger.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Warehouse } from "../../packages/warehouse/src/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import {
  type Answer,
  Attacker,
  approve,
  assertRefused,
  jobsRunUpstream,
  newestSession,
  pageToken,
  sessionOfJob,
} from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

type Fault = Parameters<Warehouse["misbehave"]>[0];
const P = `\`${PROJECT}.ehr.patients\``;
/** Columns of which the mask shows a part, all and nothing. */
const SQL = `SELECT full_name, ssn, mrn, birth_date, phone FROM ${P}`;

describe("an upstream that lies", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({
      patients: 40,
      config: { limits: { upstream: { body_idle: "1s", headers: "2s", call: "4s", dry_run: "3s" } } },
    });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
  });
  afterEach(() => rig.warehouse.calm());
  after(async () => {
    agent.close();
    await rig.close();
  });

  async function approved(sql = SQL): Promise<{ job: string; session: string }> {
    const started = await agent.query(sql);
    assert.equal(started.status, 200, started.body);
    const job = (JSON.parse(started.body) as { jobReference: { jobId: string } }).jobReference.jobId;
    const session = await sessionOfJob(rig, job);
    assert.equal(session?.state, "held");
    await approve(rig, session.id);
    return { job, session: session.id };
  }
  /** Approved, run and seen to be complete, so that the next call asks for rows. */
  async function ready(sql = SQL): Promise<{ job: string; session: string }> {
    const of = await approved(sql);
    const waited = await agent.results(of.job, "maxResults=0&timeoutMs=10000");
    assert.equal(waited.status, 200, waited.body);
    return of;
  }
  async function alarms(session: string): Promise<number> {
    const found = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("idx")
      .where("session", "=", session)
      .where("type", "=", "alarm.raised")
      .execute();
    return found.length;
  }
  const brokenOrRefused = (answer: Answer, what: string) => {
    if (answer.status === 200)
      assert.equal(answer.whole, false, `${what}: a whole answer: ${answer.body.slice(0, 200)}`);
    else assertRefused(answer);
  };

  const lies: readonly [string, Fault][] = [
    ["an extra column", { kind: "extra-column" }],
    ["a missing column", { kind: "missing-column" }],
    ["columns in another order", { kind: "reordered-columns" }],
    ["a column of another type", { kind: "wrong-type", column: "ssn", type: "INTEGER" }],
    ["a masked column that says it is a record", { kind: "wrong-type", column: "mrn", type: "RECORD" }],
    ["an extra cell in each row", { kind: "extra-cell" }],
    ["the schema after the rows", { kind: "schema-after-rows" }],
  ];
  for (const [what, fault] of lies)
    it(`${what}: nothing arrives, and an alarm is raised`, async () => {
      const { job, session } = await ready();
      rig.warehouse.misbehave({ ...fault, target: "results", times: "always" } as Fault);
      const answer = await agent.results(job);
      brokenOrRefused(answer, what);
      assert.ok((await alarms(session)) > 0, "no alarm in the ledger");
      rig.warehouse.calm();
      const again = await agent.results(job);
      assertRefused(again, 403);
    });

  it("an answer that isn't trusted is refused at once, and as that of a query that ran", async () => {
    const { job } = await ready();
    rig.warehouse.misbehave({ kind: "extra-column", target: "results" });
    const answer = await agent.results(job);
    // Not a status for which clients send it again.
    assertRefused(answer, 403);
    assert.match(answer.body, /BigQuery's answer does not agree.*The query did run/);
    assert.doesNotMatch(answer.body, /dry run/);
    assert.equal((await agent.results(job)).body, answer.body);
  });

  it("a lie on a page that is read again, after the result was all read, raises an alarm too", async () => {
    const { job, session } = await ready();
    assert.equal((await agent.results(job)).status, 200);
    assert.equal((await sessionOfJob(rig, job))?.state, "done");
    rig.warehouse.misbehave({ kind: "extra-column", target: "results", times: "always" });
    brokenOrRefused(await agent.results(job), "a lie on the second reading");
    assert.ok((await alarms(session)) > 0, "no alarm in the ledger");
  });

  it("a lie on the second page breaks that page", async () => {
    const { job } = await ready();
    const first = await agent.results(job, "maxResults=10");
    const token = pageToken(first);
    assert.ok(token);
    rig.warehouse.misbehave({ kind: "reordered-columns", target: "results", times: "always" });
    brokenOrRefused(await agent.results(job, `pageToken=${encodeURIComponent(token)}`), "second page");
  });

  it("more rows than the result has are cut off or refused, and masked all the same", async () => {
    const { job } = await ready();
    rig.warehouse.misbehave({ kind: "extra-rows", count: 500, target: "results", times: "always" });
    const answer = await agent.results(job);
    if (answer.status === 200 && answer.whole) {
      const { rows } = JSON.parse(answer.body) as { rows: unknown[] };
      assert.ok(rows.length <= 40, `${rows.length} rows`);
    }
  });

  for (const afterBytes of [1, 40, 700, 2500])
    for (const kind of ["reset", "truncate"] as const)
      it(`${kind} after ${afterBytes} bytes: the answer doesn't look whole`, async () => {
        const { job } = await ready();
        rig.warehouse.misbehave({ kind, afterBytes, target: "results", times: "always" });
        const answer = await agent.results(job);
        brokenOrRefused(answer, `${kind} after ${afterBytes}`);
        if (answer.status === 200) assert.throws(() => JSON.parse(answer.body), "half an answer is whole JSON");
        const releases = await rig.gateway.store.db
          .selectFrom("releases")
          .select("outcome")
          .where("session", "=", (await sessionOfJob(rig, job))?.id ?? "")
          .execute();
        assert.ok(
          releases.every(({ outcome }) => outcome === "aborted"),
          JSON.stringify(releases),
        );
      });

  it("a body that dribbles past the limit is cut, and one in gzip though nobody asked is not shown as it is", async () => {
    const slow = await ready();
    rig.warehouse.misbehave({ kind: "slow-body", bytes: 50, milliseconds: 3000, target: "results", times: "always" });
    brokenOrRefused(await agent.results(slow.job), "slow body");
    rig.warehouse.calm();
    const packed = await ready();
    rig.warehouse.misbehave({ kind: "gzip", target: "results", times: "always" });
    brokenOrRefused(await agent.results(packed.job), "gzip");
  });

  it("an error's message that holds a value stays with the gateway", async () => {
    const { ssn, fullName } = secrets.sample;
    const message = `Bad int64 value: ${ssn} of ${fullName}; https://evil.example`;
    for (const reason of ["invalidQuery", "backendError", "internalError"] as const) {
      rig.warehouse.misbehave({ kind: "job-error", reason, message, times: "always" });
      const { job, session } = await approved();
      const answer = await agent.results(job);
      assertRefused(answer);
      const described = await agent.job(job);
      for (const a of [answer, described]) assert.ok(!a.body.includes(fullName) && !a.body.includes("evil.example"));
      assert.equal((await sessionOfJob(rig, job))?.state, "failed");
      const entries = await rig.gateway.store.db
        .selectFrom("ledger_entries")
        .select("bytes")
        .where("session", "=", session)
        .execute();
      for (const { bytes } of entries)
        assert.ok(!Buffer.from(bytes).toString().includes(ssn), "the value is in the ledger");
      rig.warehouse.calm();
    }
    for (const code of [400, 403, 404, 409, 500, 503])
      for (const target of ["results", "dryRun"] as const) {
        const of = target === "results" ? await ready() : undefined;
        rig.warehouse.misbehave({ kind: "status", code, reason: "invalidQuery", message, target, times: "always" });
        const answer = of === undefined ? await agent.query(SQL) : await agent.results(of.job);
        assertRefused(answer);
        assert.ok(!answer.body.includes(fullName) && !answer.body.includes("evil.example"));
        rig.warehouse.calm();
      }
  });

  const dryRuns: readonly [string, Extract<Fault, { kind: "dry-run" }>][] = [
    [
      "another type",
      {
        kind: "dry-run",
        schema: ["full_name", "ssn", "mrn", "birth_date", "phone"].map((name) => ({
          name,
          type: "STRING",
          mode: "NULLABLE",
        })),
      },
    ],
    ["fewer columns", { kind: "dry-run", schema: [{ name: "full_name", type: "STRING" }] }],
    ["another statement type", { kind: "dry-run", statementType: "INSERT" }],
    ["a script", { kind: "dry-run", statementType: "SCRIPT" }],
    [
      "another table",
      { kind: "dry-run", referencedTables: [{ projectId: PROJECT, datasetId: "billing", tableId: "claims" }] },
    ],
    [
      "one table more",
      {
        kind: "dry-run",
        referencedTables: [
          { projectId: PROJECT, datasetId: "ehr", tableId: "patients" },
          { projectId: PROJECT, datasetId: "ehr", tableId: "notes" },
        ],
      },
    ],
    ["no table", { kind: "dry-run", referencedTables: [] }],
  ];
  for (const [what, fault] of dryRuns)
    it(`a dry run that says ${what} stops the query before a person is asked, with an alarm`, async () => {
      const before = jobsRunUpstream(rig);
      rig.warehouse.misbehave({ ...fault, times: "always" });
      const answer = await agent.query(SQL);
      assertRefused(answer, 403);
      rig.warehouse.calm();
      const session = await rig.gateway.store.db
        .selectFrom("sessions")
        .select(["id", "state"])
        .orderBy("created_at", "desc")
        .limit(1)
        .executeTakeFirstOrThrow();
      assert.equal(session.state, "denied");
      assert.ok((await alarms(session.id)) > 0, "no alarm in the ledger");
      assert.equal(jobsRunUpstream(rig), before);
    });

  it("a dry run that says the query is free doesn't lift the bound on what it may bill", async () => {
    rig.warehouse.misbehave({ kind: "dry-run", totalBytesProcessed: "-1", times: "always" });
    const answer = await agent.query(SQL);
    if (answer.status === 200) {
      const job = (JSON.parse(answer.body) as { jobReference: { jobId: string } }).jobReference.jobId;
      await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/${job}/cancel`);
    } else assertRefused(answer);
    rig.warehouse.calm();
    const inserts = rig.warehouse.requests.flatMap(({ body }) => {
      const { dryRun, query } = (body.configuration ?? {}) as {
        dryRun?: boolean;
        query?: { maximumBytesBilled?: string };
      };
      if (typeof body.query === "string") return [body.maximumBytesBilled];
      return query === undefined || dryRun === true ? [] : [query.maximumBytesBilled];
    });
    assert.ok(inserts.length > 0);
    for (const bound of inserts) assert.match(String(bound), /^[1-9]\d*$/);
  });

  /** A query that nobody must agree to: its first page comes by the call that waits for its job. */
  const AT_ONCE = `SELECT day, weekday FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 100`;
  const atOnce = (more = {}) => agent.query(AT_ONCE, { timeoutMs: 10_000, ...more });

  it("waits and gets the first page by one call", async () => {
    const calls = () => rig.warehouse.requests.filter(({ path }) => /\/queries\b/.test(path)).length;
    const before = calls();
    const ran = jobsRunUpstream(rig);
    const answer = await atOnce();
    assert.equal(answer.status, 200, answer.body);
    assert.equal((JSON.parse(answer.body) as { rows: unknown[] }).rows.length, 100);
    assert.deepEqual([calls(), jobsRunUpstream(rig)], [before + 1, ran + 1]);
    const session = await newestSession(rig);
    assert.equal(session?.state, "done");
    const { jobReference } = JSON.parse(answer.body) as { jobReference: { jobId: string } };
    const again = await agent.results(jobReference.jobId);
    assert.equal((JSON.parse(again.body) as { rows: unknown[] }).rows.length, 100);
  });

  it("waits on, and says so, where the job takes longer than the client waits", async () => {
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 1500, times: 1 });
    const early = await atOnce({ timeoutMs: 300 });
    assert.equal(early.status, 200, early.body);
    const { jobComplete, jobReference } = JSON.parse(early.body) as {
      jobComplete: boolean;
      jobReference: { jobId: string };
    };
    assert.equal(jobComplete, false);
    const late = await agent.results(jobReference.jobId);
    assert.equal((JSON.parse(late.body) as { rows: unknown[] }).rows.length, 100);
  });

  it("answers when the client's wait is over, though upstream says nothing", async () => {
    rig.warehouse.misbehave({ kind: "delay", milliseconds: 6000, target: "query", times: "always" });
    const began = performance.now();
    const early = await atOnce({ timeoutMs: 300 });
    assert.ok(performance.now() - began < 5000, "it waited for upstream");
    assert.equal(early.status, 200, early.body);
    assert.equal((JSON.parse(early.body) as { jobComplete: boolean }).jobComplete, false);
  });

  it("gives nothing to an agent that is suspended while its job runs", async () => {
    const change = (to: string) =>
      rig.person("sam.sponsor").post(`agents/${to}`, {
        issuer: rig.identityProvider.issuer,
        subject: "care-summary-agent",
        reason: "as the test says",
      });
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 3000, times: 1 });
    const earlier = (await newestSession(rig))?.id;
    const waiting = atOnce();
    for (let now = await newestSession(rig); now?.id === earlier || now?.state !== "running"; ) {
      await new Promise((look) => setTimeout(look, 50));
      now = await newestSession(rig);
    }
    await change("suspend");
    assertRefused(await waiting, 403);
    await change("activate");
  });

  for (const [what, fault] of lies.filter(([, { kind }]) => kind !== "wrong-type"))
    it(`${what} on the first page: nothing arrives, and an alarm is raised`, async () => {
      rig.warehouse.misbehave({ ...fault, target: "query", times: "always" } as Fault);
      brokenOrRefused(await atOnce(), what);
      const session = await newestSession(rig);
      assert.ok((await alarms(session?.id ?? "")) > 0, "no alarm in the ledger");
      assert.equal(session?.state, "failed");
    });

  it("more rows on the first page than the result has are refused", async () => {
    rig.warehouse.misbehave({ kind: "extra-rows", count: 5, target: "query", times: "always" });
    brokenOrRefused(await atOnce(), "extra rows");
    assert.ok((await alarms((await newestSession(rig))?.id ?? "")) > 0, "no alarm in the ledger");
  });

  for (const afterBytes of [1, 40, 300, 2500])
    for (const kind of ["reset", "truncate"] as const)
      it(`${kind} after ${afterBytes} bytes of the first page: the answer doesn't look whole`, async () => {
        for (const target of ["query", "results"] as const)
          rig.warehouse.misbehave({ kind, afterBytes, target, times: "always" });
        brokenOrRefused(await atOnce(), `${kind} after ${afterBytes}`);
      });

  it("no page that began lacks the record of its end", async () => {
    const releases = await rig.gateway.store.db.selectFrom("releases").selectAll().execute();
    assert.ok(releases.length > 0);
    for (const release of releases) assert.notEqual(release.outcome, "started");
  });

  it("after all this an honest answer arrives whole and masked", async () => {
    const { job } = await ready();
    const answer = await agent.results(job);
    assert.equal(answer.status, 200);
    const { rows } = JSON.parse(answer.body) as { rows: { f: { v: string | null }[] }[] };
    assert.equal(rows.length, 40);
    for (const { f } of rows) assert.match(String(f[1]?.v), /^XXXXX\d{4}$/);
  });
});
