import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { openStore, type Store } from "../store/store.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { FirstRowsQuery } from "../upstream/upstream.ts";
import { AGENT, analysed, received } from "./commands/testing/small-query.ts";
import type { Connection } from "./connection.ts";
import type { Endings } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import { QueriedJobs } from "./queried-jobs.ts";
import { NOT_NAMED, type SessionRow, sessionById } from "./session-row.ts";

const BROKEN = new UpstreamError("answerTimeout");

for (const [what, first] of [
  ["is listed late", async () => undefined],
  ["is asked for in vain at first", async () => Promise.reject(BROKEN)],
] as const) {
  test(`a job that ${what} is found all the same, where the answer to its query broke off`, async () => {
    const named: unknown[] = [];
    const ended: unknown[] = [];
    const store = {
      run: async (_: string, input: { readonly upstreamJob: string }) => {
        named.push(input);
        return { upstreamJob: input.upstreamJob };
      },
    };
    const endings = { end: async (...of: unknown[]) => void ended.push(of) };
    const answers = [first, async () => ({ projectId: "p", jobId: "job_1", location: "US" })];
    const connection = { location: "US", upstream: { jobOfLabel: () => answers.shift()?.() } };
    const jobs = new QueriedJobs(
      { store } as unknown as EngineOptions,
      endings as unknown as Endings,
      {} as unknown as JobFollower,
    );
    const row = { id: "s1", project: "p", created_at: 0, upstream_job: NOT_NAMED, dry_run_bytes: null };
    const after = await jobs.failed(row as unknown as SessionRow, connection as unknown as Connection, BROKEN);
    assert.equal(after.upstream_job, "job_1");
    assert.deepEqual(named, [{ id: "s1", upstreamJob: "job_1", dryRunBytes: null }]);
    assert.deepEqual(ended, []);
  });
}

describe("which job a session's is", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-queried-"));
  let store: Store;
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger" });
    await store.run("agent.register", AGENT);
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  /** A session that runs, whose query `jobs.query` runs; what is looked for finds what `find` says. */
  async function running(id: string, find: () => Promise<string | undefined>) {
    const its = analysed(id);
    if (its.next.state !== "running") throw new Error("it runs");
    const next = { ...its.next, upstreamJob: NOT_NAMED };
    await store.run("session.begin", { receive: received(id, { openPerAgent: 100 }), analysed: { ...its, next } });
    const followed: (string | null)[] = [];
    const cancelled: string[] = [];
    const connection = {
      location: "US",
      upstream: {
        jobOfLabel: async () => {
          const jobId = await find();
          return jobId === undefined ? undefined : { projectId: "p", jobId, location: "US" };
        },
        cancelJob: async ({ jobId }: { readonly jobId: string }) => void cancelled.push(jobId),
      },
    };
    const jobs = new QueriedJobs(
      { store } as unknown as EngineOptions,
      { end: (of: string) => store.run("session.end", { id: of, state: "failed", data: {} }) } as unknown as Endings,
      { follow: (row: SessionRow) => void followed.push(row.upstream_job) } as unknown as JobFollower,
    );
    const row = await sessionById(store, id);
    jobs.keep(id, {} as FirstRowsQuery);
    return { jobs, row, connection: connection as unknown as Connection, followed, cancelled };
  }
  it("is an unknown outcome where there are more jobs than are looked through", async () => {
    const many = async () => Promise.reject(new UpstreamError("tooManyJobs"));
    const { jobs, row, connection, followed } = await running("too-many", many);
    await jobs.goOn(row, connection);
    assert.deepEqual([followed, (await sessionById(store, row.id)).state], [[], "failed"]);
    assert.deepEqual((await recorded(row.id)).named, []);
  });

  async function recorded(session: string) {
    const entries = await store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("session", "=", session)
      .where("type", "=", "session.job-named")
      .orderBy("idx")
      .execute();
    const { upstream_job, dry_run_bytes } = await sessionById(store, session);
    const named = entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).data.upstreamJob as string);
    return { upstream_job, dry_run_bytes, named };
  }
  const broken = async () => Promise.reject(BROKEN);

  it("is recorded once where both who goes on with it and who cancels it look for it", async () => {
    const { jobs, row, connection, followed, cancelled } = await running("two-find-it", async () => "job_1");
    jobs.take(row.id);
    // Each has read its row before the other names its job.
    await Promise.all([jobs.goOn(row, connection), jobs.cancel(row, connection)]);
    assert.deepEqual(await recorded(row.id), { upstream_job: "job_1", dry_run_bytes: 7, named: ["job_1"] });
    assert.deepEqual([followed, cancelled], [["job_1"], ["job_1"]]);
  });

  it("is what was found first, also for who would begin one under an id of ours", async () => {
    const { jobs, row } = await running("found-first", async () => undefined);
    // As the door and upkeep may have read it, before either names its job.
    const [door, upkeep] = [row, { ...row, dry_run_bytes: 8 }];
    const named = await Promise.all([jobs.name(door, "job_1"), jobs.unsent(upkeep)]);
    assert.deepEqual(
      named.map((of) => of?.upstream_job),
      ["job_1", "job_1"],
    );
    assert.deepEqual(await recorded(row.id), { upstream_job: "job_1", dry_run_bytes: 7, named: ["job_1"] });
    assert.equal(jobs.take(row.id), undefined);
  });

  it("is asked of no session that has none", async () => {
    await store.run("session.receive", received("has-none", { openPerAgent: 100 }));
    for (const id of ["has-none", "nobody"])
      await assert.rejects(store.run("session.job-named", { id, upstreamJob: "job_1", dryRunBytes: null }), {
        code: "wrong_state",
      });
  });

  it("isn't kept in mind any more once it is recorded, whatever became of its page", async () => {
    const { jobs, row } = await running("page-refused", async () => undefined);
    jobs.take(row.id);
    const refused = new Error("the page was refused");
    await assert.rejects(
      jobs.during(row.id, async () => {
        assert.equal(await jobs.unsent(row), undefined);
        await jobs.name(row, "job_1");
        throw refused;
      }),
      refused,
    );
    assert.equal((await jobs.unsent(row))?.upstream_job, "job_1");
  });

  it("is looked for again where looking failed, before or after a restart, and none is begun meanwhile", async () => {
    const answers = [broken, broken, broken, async () => "job_1"];
    const { jobs, row, connection, followed } = await running("looked-again", () => answers.shift()?.() ?? broken());
    await assert.rejects(jobs.goOn(row, connection), BROKEN);
    assert.equal(await jobs.unsent(row), undefined);
    await jobs.goOn(row, connection);
    assert.deepEqual([followed, (await recorded(row.id)).named], [["job_1"], ["job_1"]]);
  });

  it("is looked for again where it was found and that couldn't be recorded", async (t) => {
    const { jobs, row, connection, followed } = await running("not-recorded", async () => "job_1");
    jobs.take(row.id);
    const full = t.mock.method(store, "run", async () => Promise.reject(new Error("the disk is full")));
    await assert.rejects(jobs.goOn(row, connection), /the disk is full/);
    full.mock.restore();
    assert.equal(await jobs.unsent(row), undefined);
    await jobs.goOn(row, connection);
    assert.deepEqual([followed, (await recorded(row.id)).named], [["job_1"], ["job_1"]]);
  });
});
