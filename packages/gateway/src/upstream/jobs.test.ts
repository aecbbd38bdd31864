import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Job } from "./index.ts";
import {
  bigQuery,
  fails,
  JOB,
  job,
  json,
  PATIENTS,
  PHI,
  QUERY,
  QUERY_JOB,
  refusal,
} from "./testing/answering-bigquery.ts";

describe("a dry run", () => {
  it("says what BigQuery understands", async () => {
    const { upstream, seen } = await bigQuery([
      json({
        jobReference: { projectId: "clinic", location: "EU" },
        status: { state: "DONE" },
        statistics: {
          totalBytesProcessed: "4096",
          query: {
            statementType: "SELECT",
            schema: { fields: [{ name: "n", type: "INTEGER" }] },
            referencedTables: [PATIENTS.tableReference],
            referencedRoutines: [{ projectId: "clinic", datasetId: "ehr", routineId: "f" }],
            totalBytesProcessedAccuracy: "PRECISE",
            undeclaredQueryParameters: [{ name: "id", parameterType: { type: "INT64" } }],
          },
        },
      }),
    ]);
    assert.deepEqual(await upstream.dryRun({ ...QUERY, parameters: [{ name: "a" }], parameterMode: "NAMED" }), {
      outcome: "accepted",
      statementType: "SELECT",
      schema: [{ name: "n", type: "INTEGER" }],
      referencedTables: ["clinic.ehr.patients"],
      referencedRoutines: ["clinic.ehr.f"],
      totalBytesProcessed: 4096,
      totalBytesProcessedAccuracy: "PRECISE",
      undeclaredParameters: ["id"],
      ddlTargetTable: undefined,
    });
    assert.deepEqual(seen[0]?.body, {
      jobReference: { projectId: "clinic", location: "EU" },
      configuration: {
        dryRun: true,
        labels: { agent: "triage" },
        query: {
          query: "SELECT 1",
          useLegacySql: false,
          useQueryCache: false,
          parameterMode: "NAMED",
          queryParameters: [{ name: "a" }],
        },
      },
    });
  });

  it("that BigQuery refuses is a refusal in our own words (I9)", async () => {
    const { upstream, seen } = await bigQuery([refusal(400, "invalidQuery")]);
    const refused = await upstream.dryRun(QUERY);
    assert.deepEqual(refused, {
      outcome: "refused",
      kind: "invalid",
      reason: "invalidQuery",
      message: "BigQuery finds the query invalid, or it failed on a value while running.",
    });
    assert.equal(seen.length, 1);
  });

  it("without statistics confirms nothing (I2)", async () => {
    const { upstream } = await bigQuery([json({ jobReference: JOB, status: { state: "DONE" } })]);
    await fails(upstream.dryRun(QUERY), "protocol", "unexpected");
  });

  it("of another location says nothing of this one's tables (I2)", async () => {
    const said = { status: { state: "DONE" }, statistics: { query: { statementType: "SELECT" } } };
    const { upstream } = await bigQuery([json({ jobReference: { projectId: "clinic", location: "US" }, ...said })]);
    await fails(upstream.dryRun(QUERY), "protocol", "mismatch");
  });

  it("that BigQuery can't answer now is an error, not a refusal", async () => {
    const { upstream } = await bigQuery([refusal(503, "backendError")]);
    await fails(upstream.dryRun(QUERY), "unavailable", "backendError");
  });
});

describe("a query job", () => {
  it("runs the canonical SQL without cache, within bytes and time", async () => {
    const { upstream, seen } = await bigQuery([json(job("PENDING"))], { billingProject: "clinic" });
    const started = await upstream.insertQueryJob({
      ...QUERY_JOB,
      project: "other",
      maximumBytesBilled: 5_000_000_000,
    });
    assert.equal(started.state, "PENDING");
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/jobs");
    assert.deepEqual(seen[0]?.body, {
      jobReference: JOB,
      configuration: {
        jobTimeoutMs: "60000",
        labels: { agent: "triage" },
        query: { query: "SELECT 1", useLegacySql: false, useQueryCache: false, maximumBytesBilled: "1000000000" },
      },
    });
  });

  it("that is there already is taken up, not started twice", async () => {
    const { upstream, seen } = await bigQuery([refusal(409, "duplicate"), json(job("RUNNING"))]);
    assert.equal((await upstream.insertQueryJob(QUERY_JOB)).state, "RUNNING");
    assert.deepEqual(
      seen.map(({ method }) => method),
      ["POST", "GET"],
    );
  });

  it("whose id runs another statement is refused (I2)", async () => {
    const { upstream } = await bigQuery([
      refusal(409, "duplicate"),
      json(job("RUNNING", { configuration: { query: { query: "SELECT ssn FROM p" } } })),
    ]);
    await fails(upstream.insertQueryJob(QUERY_JOB), "protocol", "mismatch");
  });

  it("whose answer got lost is sent again under the same id", async () => {
    const { upstream, seen } = await bigQuery([
      (_, response) => response.socket?.resetAndDestroy(),
      refusal(503, "backendError"),
      refusal(409, "duplicate"),
      json(job("DONE")),
    ]);
    assert.equal((await upstream.insertQueryJob(QUERY_JOB)).state, "DONE");
    const ids = seen.slice(0, 3).map(({ body }) => (body as { jobReference: { jobId: string } }).jobReference.jobId);
    assert.deepEqual(ids, ["chaperone_1", "chaperone_1", "chaperone_1"]);
  });

  it("that failed has a reason and no message (I9)", async () => {
    const failed = job("DONE", {
      status: { state: "DONE", errorResult: { reason: "invalidQuery", message: PHI }, errors: [{ message: PHI }] },
    });
    const { upstream } = await bigQuery([json(failed)]);
    const answer = (await upstream.getJob(JOB)) as Job;
    assert.equal(answer.failure?.reason, "invalidQuery");
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(PHI));
  });

  it("other than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([json(job("DONE", { jobReference: { ...JOB, jobId: "other" } }))]);
    await fails(upstream.getJob(JOB), "protocol", "mismatch");
  });

  it("of another location is another, whatever call answers it", async () => {
    const elsewhere = { jobReference: { ...JOB, location: "US" } };
    const done = job("DONE", elsewhere);
    const answers = [done, done, { job: done }, { ...elsewhere, jobComplete: true, totalRows: "1" }];
    const { upstream } = await bigQuery(answers.map((answer) => json(answer)));
    for (const call of [
      () => upstream.insertQueryJob(QUERY_JOB),
      () => upstream.getJob(JOB),
      () => upstream.cancelJob(JOB),
      () => upstream.getQueryResults(JOB, { timeoutMs: 0 }),
    ])
      await fails(call(), "protocol", "mismatch");
  });

  it("is in its location however BigQuery writes it, and where it says none", async () => {
    const { location: _, ...nowhere } = JOB;
    const { upstream } = await bigQuery([
      json(job("DONE", { jobReference: { ...JOB, location: "eu" } })),
      json(job("DONE", { jobReference: nowhere })),
    ]);
    assert.equal((await upstream.getJob(JOB))?.state, "DONE");
    assert.equal((await upstream.getJob(JOB))?.state, "DONE");
  });

  it("that nobody knows is undefined", async () => {
    const { upstream } = await bigQuery([refusal(404, "notFound")]);
    assert.equal(await upstream.getJob(JOB), undefined);
    assert.equal(await upstream.cancelJob(JOB), undefined);
  });

  it("is cancelled in its location", async () => {
    const { upstream, seen } = await bigQuery([json({ job: job("RUNNING") })]);
    assert.equal((await upstream.cancelJob(JOB))?.state, "RUNNING");
    assert.equal(
      `${seen[0]?.method} ${seen[0]?.url.pathname}`,
      "POST /bigquery/v2/projects/clinic/jobs/chaperone_1/cancel",
    );
    assert.equal(seen[0]?.url.searchParams.get("location"), "EU");
  });

  it("is waited for longer than an answer usually takes", async () => {
    const answer = json({ jobReference: JOB, jobComplete: true, totalRows: "12", schema: { fields: [] } });
    const { upstream, seen } = await bigQuery(
      [(request, response) => setTimeout(() => answer(request, response), 300)],
      {
        limits: { headersMs: 100, callMs: 100 },
      },
    );
    const results = await upstream.getQueryResults(JOB, { timeoutMs: 2000 });
    assert.deepEqual([results.complete, results.totalRows], [true, 12]);
    assert.equal(seen[0]?.url.searchParams.get("maxResults"), "0");
    assert.equal(seen[0]?.url.searchParams.get("timeoutMs"), "2000");
  });

  it("is no longer waited for when the caller goes", async () => {
    const { upstream } = await bigQuery([() => {}]);
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 50);
    await assert.rejects(upstream.getQueryResults(JOB, { timeoutMs: 2000, signal: caller.signal }), {
      name: "AbortError",
    });
  });
});
