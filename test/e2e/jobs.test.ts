import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const DAYS = `SELECT day FROM \`${PROJECT}.ops.calendar\` LIMIT 3`;

interface Answer {
  readonly status: number;
  readonly body: { readonly jobReference?: { readonly jobId: string }; readonly error?: { readonly message: string } };
}

describe("jobs", () => {
  let rig: Rig;
  let client: BigQuery;
  let other: BigQuery;
  before(async () => {
    rig = await startRig();
    client = await rig.client("care-summary-agent");
    other = await rig.client("research-agent");
  });
  after(() => rig.close());

  async function call(agent: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      method,
      headers: { authorization: `Bearer ${await rig.token(agent)}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  }

  it("are listed to the agent whose they are, newest first, and to no other", async () => {
    const ids = ["first", "second", "third"].map((name) => `${name}-${randomUUID()}`);
    for (const jobId of ids) await (await client.createQueryJob({ query: DAYS, jobId }))[0].getQueryResults();
    const mine = (await client.getJobs())[0].map((job) => job.id);
    assert.deepEqual(mine.slice(0, 3), ids.toReversed());
    await other.query(DAYS);
    const theirs = (await other.getJobs())[0].map((job) => job.id);
    assert.equal(theirs.length, 1);
    for (const id of ids) assert.ok(!theirs.includes(id));
    await assert.rejects(client.getJobs({ allUsers: true }), { code: 403 });
  });

  it("are listed in pages", async () => {
    for (let i = 0; i < 3; i++) await client.query(DAYS);
    const all = (await client.getJobs())[0].map((job) => job.id);
    const paged: unknown[] = [];
    let query: Record<string, unknown> | null = { maxResults: 2, autoPaginate: false };
    while (query !== null) {
      const page: unknown[] = await client.getJobs(query);
      const jobs = page[0] as { id: string }[];
      assert.ok(jobs.length <= 2);
      paged.push(...jobs.map((job) => job.id));
      query = (page[1] as Record<string, unknown> | undefined) ?? null;
    }
    assert.deepEqual(paged, all);
  });

  it("are listed by state", async () => {
    const [held] = await client.createQueryJob(`SELECT full_name FROM \`${PROJECT}.ehr.patients\``);
    const pending = (await client.getJobs({ stateFilter: ["pending"] }))[0];
    assert.deepEqual(
      pending.map((job) => job.id),
      [held.id],
    );
    const done = (await client.getJobs({ stateFilter: ["done", "running"] }))[0].map((job) => job.id);
    assert.ok(done.length > 0 && !done.includes(held.id));
    await held.cancel();
  });

  it("do not exist for another agent, whichever way it asks", async () => {
    const [job] = await client.createQueryJob(DAYS);
    const same = other.job(job.id ?? "", { location: "US" });
    await assert.rejects(same.getMetadata(), { code: 404 });
    await assert.rejects(same.getQueryResults(), { code: 404 });
    await assert.rejects(same.cancel(), { code: 404 });
    await assert.rejects(client.job("no-such-job", { location: "US" }).getMetadata(), { code: 404 });
  });

  it("take an id once: the same again is 409", async () => {
    const jobId = `once-${randomUUID()}`;
    await client.createQueryJob({ query: DAYS, jobId });
    await assert.rejects(client.createQueryJob({ query: DAYS, jobId }), { code: 409 });
    assert.ok(await other.createQueryJob({ query: DAYS, jobId }), "another agent's ids are its own");
  });

  it("are one for one requestId", async () => {
    const requestId = randomUUID();
    const ask = (query: string) =>
      call("care-summary-agent", "POST", "queries", { query, useLegacySql: false, requestId });
    const [first, second] = [await ask(DAYS), await ask(DAYS)];
    assert.equal(first.status, 200);
    assert.deepEqual(second.body.jobReference, first.body.jobReference);
    assert.equal((await ask(`${DAYS} OFFSET 1`)).status, 400);
    const stranger = await call("research-agent", "POST", "queries", { query: DAYS, useLegacySql: false, requestId });
    assert.equal(stranger.status, 200);
    assert.notDeepEqual(stranger.body.jobReference, first.body.jobReference);
  });

  it("are one for one requestId also when both calls come at once", async () => {
    const requestId = randomUUID();
    const ask = () => call("care-summary-agent", "POST", "queries", { query: DAYS, useLegacySql: false, requestId });
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.equal(new Set(answers.map((a) => a.body.jobReference?.jobId)).size, 1);
    for (const { status } of answers) assert.equal(status, 200);
  });

  it("show their own SQL and labels, and neither plan nor account; the destination is a name of the gateway's own", async () => {
    const [job] = await client.createQueryJob({ query: DAYS, labels: { purpose: "rota" } });
    await job.getQueryResults();
    const [metadata] = await job.getMetadata();
    assert.equal(metadata.configuration.query.query, DAYS);
    assert.deepEqual(metadata.configuration.labels, { purpose: "rota" });
    assert.equal(metadata.configuration.query.destinationTable.datasetId, "_chaperone_results");
    const text = JSON.stringify(metadata);
    for (const hidden of ["queryPlan", "user_email", "referencedTables", "upstream"])
      assert.ok(!text.includes(hidden), hidden);
  });

  it("that fail upstream say so without BigQuery's own words, which can hold data", async () => {
    rig.warehouse.misbehave({ kind: "job-error", message: "Bad int64 value: 123-45-6789" });
    const [job] = await client.createQueryJob(DAYS);
    await assert.rejects(job.getQueryResults(), (error: { code: number; message: string }) => {
      assert.equal(error.code, 400);
      assert.ok(!error.message.includes("123-45-6789"));
      return true;
    });
    const [{ status }] = await job.getMetadata();
    assert.equal(status.errorResult.reason, "invalidQuery");
    assert.ok(!JSON.stringify(status).includes("123-45-6789"));
  });

  describe("and doors", () => {
    it("agents' tokens are refused at the console API", async () => {
      for (const path of ["whoami", "approvals", "sessions", "agents"]) {
        const response = await fetch(`${rig.url}/api/v1/${path}`, {
          headers: { authorization: `Bearer ${await rig.token("care-summary-agent")}` },
        });
        assert.equal(response.status, 401, path);
      }
    });

    it("people's tokens are refused at the BigQuery door, and no token anywhere", async () => {
      const { loginAsDemoPerson } = await import("../../packages/cli/src/login/index.ts");
      const token = await loginAsDemoPerson(rig.identityProvider.issuer, "dana.officer");
      for (const [path, authorization] of [
        [`/bigquery/v2/projects/${PROJECT}/jobs`, `Bearer ${token}`],
        [`/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables`, `Bearer ${token}`],
        [`/bigquery/v2/projects/${PROJECT}/jobs`, undefined],
        ["/api/v1/approvals", undefined],
        ["/api/v1/approvals", "Bearer nonsense"],
      ] as const) {
        const response = await fetch(`${rig.url}${path}`, {
          headers: authorization === undefined ? {} : { authorization },
        });
        assert.equal(response.status, 401, path);
      }
    });

    it("an agent of no policy sees nothing", async () => {
      const rogue = await rig.client("rogue-agent");
      const query = rogue.query(`SELECT full_name FROM \`${PROJECT}.ehr.patients\``);
      // To it there is no such table.
      await assert.rejects(query, { code: 400, message: /was not found or is not available/ });
    });
  });
});
