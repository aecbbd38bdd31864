import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const NAMES = `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 6`;
const CALENDAR = `SELECT day, weekday FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 60`;

/** Longest an orderly stop may take while clients wait: far below the grace that it would end in by force. */
const STOP_MS = 5000;

describe("a gateway that is restarted", () => {
  let rig: Rig;
  let client: BigQuery;
  before(async () => {
    rig = await startRig({ config: { approvals: { expires_after: "1m" } } });
    client = await rig.client("care-summary-agent");
  });
  after(() => rig.close());

  async function jobsUpstream(): Promise<number> {
    const answer = await fetch(`${rig.warehouse.url}/bigquery/v2/projects/${PROJECT}/jobs`);
    const { jobs } = (await answer.json()) as { jobs: { jobReference: { jobId: string } }[] };
    return jobs.filter((job) => job.jobReference.jobId.startsWith("chaperone_")).length;
  }

  it("still holds what it held, for the same client to go on waiting and a person to approve", async () => {
    const [job] = await client.createQueryJob(NAMES);
    const answer = job.getQueryResults();
    answer.catch(() => undefined);
    const before = await rig.pending(rig.person("dana.officer"));
    const unused = connect(Number(new URL(rig.url).port), "127.0.0.1");
    unused.on("error", () => undefined);
    await once(unused, "connect");
    const began = performance.now();
    await rig.restart();
    assert.ok(performance.now() - began < STOP_MS, "neither clients that wait nor unused connections keep the gateway");
    assert.equal((await job.getMetadata())[0].status.state, "PENDING");
    const after = await rig.decide("dana.officer", "approve");
    assert.equal(after.id, before.id);
    assert.equal(after.binding, before.binding);
    const [rows] = await answer;
    assert.equal(rows.length, 6);
    for (const row of rows) assert.match(row.ssn, /^XXXXX[0-9]{4}$/);
  });

  it("remembers a denial, and counts the time while it was down: what expired meanwhile is refused", async () => {
    const [denied] = await client.createQueryJob(NAMES);
    await rig.decide("rio.reviewer", "deny", "asked twice already");
    const [late] = await client.createQueryJob(NAMES);
    const view = await rig.pending(rig.person("dana.officer"));
    await rig.restart(() => rig.advance(view.expiresAt - view.createdAt));
    await assert.rejects(denied.getQueryResults(), { code: 403, message: /asked twice already/ });
    assert.equal((await denied.getMetadata())[0].status.errorResult.reason, "accessDenied");
    await assert.rejects(late.getQueryResults(), { code: 403, message: /Nobody approved this query in time/ });
  });

  it("pages on where a client was, and pages a finished job again, with the same masks", async () => {
    const [job] = await client.createQueryJob(NAMES);
    const first = job.getQueryResults({ maxResults: 2, autoPaginate: false });
    await rig.decide("dana.officer", "approve");
    const [rows, next] = await first;
    assert.equal(rows.length, 2);
    assert.ok(next);
    await rig.restart();
    const [more, last] = await job.getQueryResults({ ...next, maxResults: 4, autoPaginate: false });
    assert.equal(more.length, 4);
    assert.equal(last, null);
    assert.deepEqual((await job.getMetadata())[0].status, { state: "DONE" });
    await rig.restart();
    assert.deepEqual((await job.getMetadata())[0].status, { state: "DONE" });
    const [again] = await job.getQueryResults();
    assert.deepEqual(again, [...rows, ...more]);
  });

  it("runs nothing twice: a running job is found again upstream", async () => {
    const before = await jobsUpstream();
    rig.warehouse.misbehave({ kind: "job-delay", milliseconds: 1500 });
    const [job] = await client.createQueryJob(CALENDAR);
    const answer = job.getQueryResults();
    answer.catch(() => undefined);
    await rig.restart();
    const [rows] = await answer;
    assert.equal(rows.length, 60);
    assert.deepEqual((await job.getMetadata())[0].status, { state: "DONE" });
    assert.equal((await jobsUpstream()) - before, 1);
  });

  it("answers a client whose call was under way without an error", async () => {
    const answers = Array.from({ length: 5 }, () => client.query(CALENDAR));
    await rig.restart();
    for (const [rows] of await Promise.all(answers)) assert.equal(rows.length, 60);
  });
});
