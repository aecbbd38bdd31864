import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bigQuery, fails, json, QUERY, read, refusal } from "./testing/answering-bigquery.ts";

const RUN = { ...QUERY, jobTimeoutMs: 60_000 };
const PAGE = { waitMs: 500, maxResults: 10, formatOptions: { useInt64Timestamp: true } };

describe("a query that BigQuery names and runs in one call", () => {
  it("carries all that an inserted job does, with a job always, and no result from before", async () => {
    const { upstream, seen } = await bigQuery([json({ jobComplete: true })], { billingProject: "payer" });
    const { body } = await upstream.queryRows({ ...RUN, parameters: [{ name: "a" }], maximumBytesBilled: 9 }, PAGE);
    assert.equal(await read(body), '{"jobComplete":true}');
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/payer/queries");
    assert.deepEqual(seen[0]?.body, {
      query: "SELECT 1",
      location: "EU",
      useLegacySql: false,
      useQueryCache: false,
      jobCreationMode: "JOB_CREATION_REQUIRED",
      maximumBytesBilled: "9",
      jobTimeoutMs: "60000",
      timeoutMs: 500,
      maxResults: 10,
      formatOptions: { useInt64Timestamp: true },
      labels: { agent: "triage" },
      parameterMode: "NAMED",
      queryParameters: [{ name: "a" }],
    });
  });

  it("is bounded by the connection's own maximum", async () => {
    const { upstream, seen } = await bigQuery([json({})]);
    await upstream.queryRows({ ...RUN, maximumBytesBilled: 9e15 }, PAGE);
    const body = seen[0]?.body as { readonly maximumBytesBilled: string } | undefined;
    assert.equal(body?.maximumBytesBilled, "1000000000");
  });

  for (const [status, reason] of [
    [503, "backendError"],
    [500, "internalError"],
    [502, "badGateway"],
  ] as const)
    it(`isn't sent again after ${reason}: it may run`, async () => {
      const { upstream, seen } = await bigQuery([refusal(status, reason)]);
      await fails(upstream.queryRows(RUN, PAGE), "unavailable", reason);
      assert.equal(seen.length, 1);
    });

  it("isn't sent again where the connection broke off: it may run", async () => {
    const { upstream, seen } = await bigQuery([(_, response) => response.socket?.destroy()]);
    await fails(upstream.queryRows(RUN, PAGE), "unavailable", "connectionFailed");
    assert.equal(seen.length, 1);
  });

  it("is sent again where BigQuery didn't take it", async () => {
    const { upstream, seen } = await bigQuery([refusal(429, "rateLimitExceeded"), json({})]);
    await upstream.queryRows(RUN, PAGE);
    assert.equal(seen.length, 2);
  });
});

describe("the job of a label", () => {
  const LABEL = { project: "clinic", location: "EU", label: ["chaperone_job", "s1"], since: 100_000 } as const;
  const listed = (jobId: string, label: string, projectId = "clinic") => ({
    jobReference: { projectId, jobId, location: "EU" },
    configuration: { labels: { chaperone_job: label } },
  });

  it("is looked for among the account's own jobs since then, page by page", async () => {
    const { upstream, seen } = await bigQuery([
      json({ jobs: [listed("a", "s0")], nextPageToken: "n" }),
      json({ jobs: [{ jobReference: { projectId: "clinic", jobId: "b" } }, listed("c", "s1")] }),
    ]);
    assert.deepEqual(await upstream.jobOfLabel(LABEL), { projectId: "clinic", jobId: "c", location: "EU" });
    const [first, second] = seen.map(({ url }) => url);
    assert.equal(first?.pathname, "/bigquery/v2/projects/clinic/jobs");
    assert.equal(first?.searchParams.get("projection"), "full");
    assert.equal(first?.searchParams.get("allUsers"), null);
    assert.equal(first?.searchParams.get("minCreationTime"), "40000");
    assert.equal(second?.searchParams.get("pageToken"), "n");
  });

  it("is undefined where there is none", async () => {
    const { upstream } = await bigQuery([json({})]);
    assert.equal(await upstream.jobOfLabel(LABEL), undefined);
  });

  it("is another than one that is known already", async () => {
    const { upstream } = await bigQuery([json({ jobs: [listed("b", "s1"), listed("c", "s1")] })]);
    assert.equal((await upstream.jobOfLabel({ ...LABEL, except: "b" }))?.jobId, "c");
    const { upstream: other } = await bigQuery([json({ jobs: [listed("b", "s1")] })]);
    assert.equal(await other.jobOfLabel({ ...LABEL, except: "b" }), undefined);
  });

  it("isn't another project's", async () => {
    const { upstream } = await bigQuery([json({ jobs: [listed("c", "s1", "other")] })]);
    await fails(upstream.jobOfLabel(LABEL), "protocol", "mismatch");
  });

  it("isn't said not to be there while there are more pages than are looked through", async () => {
    const { upstream, seen } = await bigQuery([json({ jobs: [listed("a", "s0")], nextPageToken: "n" })]);
    await fails(upstream.jobOfLabel(LABEL), "refused", "tooManyJobs");
    const asked = seen.map(({ url }) => Number(url.searchParams.get("maxResults")));
    assert.equal(
      asked.reduce((sum, jobs) => sum + jobs, 0),
      2000,
    );
  });
});
