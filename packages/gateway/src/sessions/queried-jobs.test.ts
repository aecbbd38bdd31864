import assert from "node:assert/strict";
import { test } from "node:test";
import { UpstreamError } from "../upstream/error.ts";
import type { Connection } from "./connection.ts";
import type { Endings } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import { QueriedJobs } from "./queried-jobs.ts";
import { NOT_NAMED, type SessionRow } from "./session-row.ts";

const BROKEN = new UpstreamError("answerTimeout");

for (const [what, first] of [
  ["is listed late", async () => undefined],
  ["is asked for in vain at first", async () => Promise.reject(BROKEN)],
] as const) {
  test(`a job that ${what} is found all the same, where the answer to its query broke off`, async () => {
    const named: unknown[] = [];
    const ended: unknown[] = [];
    const store = { run: async (_: string, input: unknown) => void named.push(input) };
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
