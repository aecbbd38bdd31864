import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { BigQuery, Job } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const ROWS = 200;
const PAGE = 10;
const PAGES = ROWS / PAGE;
/** More rows than the warehouse puts on one page. */
const BIG = 120_000;
const NAMES = `SELECT patient_id, full_name, address.zip FROM \`${PROJECT}.ehr.patients\` ORDER BY patient_id LIMIT ${ROWS}`;

describe("a result of many pages", () => {
  let rig: Rig;
  let client: BigQuery;
  /** Finished, 200 rows with masks. */
  let job: Job;
  let all: Record<string, unknown>[];
  before(async () => {
    rig = await startRig({ patients: 1500 });
    client = await rig.client("care-summary-agent");
    [job] = await client.createQueryJob(NAMES);
    await rig.decide("dana.officer", "approve");
    [all] = await job.getQueryResults();
  });
  after(() => rig.close());

  it("comes whole in one page, masked in every row", () => {
    assert.equal(all.length, ROWS);
    for (const { patient_id, zip } of all) {
      assert.equal(typeof patient_id, "number");
      assert.match(String(zip), /^\d{3}/);
    }
    assert.equal(new Set(all.map((row) => row.patient_id)).size, ROWS);
  });

  it("comes in 20 pages by pageToken, each as asked and all the same rows in the same order", async () => {
    const pages: unknown[][] = [];
    let query: Record<string, unknown> | null = { maxResults: PAGE, autoPaginate: false };
    const tokens = new Set<unknown>();
    while (query !== null) {
      const [rows, next, answer]: [unknown[], Record<string, unknown> | null, { totalRows?: string | null }?] =
        (await job.getQueryResults(query)) as never;
      assert.equal(answer?.totalRows, String(ROWS));
      pages.push(rows);
      query = next;
      if (next !== null) tokens.add(next.pageToken);
    }
    assert.equal(pages.length, PAGES);
    assert.equal(tokens.size, PAGES - 1);
    for (const page of pages) assert.equal(page.length, PAGE);
    assert.deepEqual(pages.flat(), all);
  });

  it("gives a page again for the same token", async () => {
    const [, next] = (await job.getQueryResults({ maxResults: PAGE, autoPaginate: false })) as unknown as [
      unknown,
      { pageToken: string },
    ];
    const once = await job.getQueryResults({ pageToken: next.pageToken, maxResults: PAGE, autoPaginate: false });
    const twice = await job.getQueryResults({ pageToken: next.pageToken, maxResults: PAGE, autoPaginate: false });
    assert.deepEqual(once[0], twice[0]);
    assert.deepEqual(once[0], all.slice(PAGE, 2 * PAGE));
  });

  it("comes by startIndex", async () => {
    const [rows] = await job.getQueryResults({ startIndex: "195", maxResults: PAGE, autoPaginate: false });
    assert.deepEqual(rows, all.slice(195));
    const [none, next] = await job.getQueryResults({ startIndex: "100000", autoPaginate: false });
    assert.deepEqual(none, []);
    assert.equal(next, null);
  });

  it("comes whole by client.query with autoPaginate", async () => {
    const pages = countPages();
    const answer = client.query({ query: NAMES, maxResults: 25 }, { autoPaginate: true });
    await rig.decide("dana.officer", "approve");
    const [rows] = await answer;
    assert.equal(rows.length, ROWS);
    assert.deepEqual(rows, all);
    // The client asks for small pages in its first call only.
    assert.equal(pages(), 2);
  });

  it("comes whole by Job.getQueryResultsStream", async () => {
    const rows: unknown[] = [];
    for await (const row of job.getQueryResultsStream()) rows.push(row);
    assert.deepEqual(rows, all);
  });

  it("comes whole by BigQuery.createQueryStream", async () => {
    const rows: unknown[] = [];
    const read = (async () => {
      for await (const row of client.createQueryStream({ query: NAMES })) rows.push(row);
    })();
    await rig.decide("dana.officer", "approve");
    await read;
    assert.deepEqual(rows, all);
  });

  it("ends a stream early when its reader has enough, and the job stays readable", async () => {
    let seen = 0;
    for await (const row of job.getQueryResultsStream()) {
      assert.ok(row);
      if (++seen === 7) break;
    }
    assert.deepEqual((await job.getQueryResults())[0], all);
  });

  it("refuses a page token of another job, a made-up one, and one of another agent's job", async () => {
    const [other] = await client.createQueryJob(`SELECT day FROM \`${PROJECT}.ops.calendar\` LIMIT 30`);
    const [, next] = (await other.getQueryResults({ maxResults: 3, autoPaginate: false })) as unknown as [
      unknown,
      { pageToken: string },
    ];
    const foreign = job.getQueryResults({ pageToken: next.pageToken, maxResults: PAGE, autoPaginate: false });
    await assert.rejects(foreign, { code: 400, message: /not one of this job/ });
    await assert.rejects(job.getQueryResults({ pageToken: "AAAA", autoPaginate: false }), { code: 400 });
    const stranger = await rig.client("research-agent");
    await assert.rejects(
      stranger.job(other.id ?? "", { location: "US" }).getQueryResults({ pageToken: next.pageToken }),
      { code: 404 },
    );
  });

  it("records a release for every page, and of each how many rows left", async () => {
    const jobId = `paged-${randomUUID()}`;
    const [paged] = await client.createQueryJob({ query: NAMES, jobId });
    await rig.decide("dana.officer", "approve");
    let query: Record<string, unknown> | null = { maxResults: 50, autoPaginate: false };
    while (query !== null) {
      const page: unknown[] = await paged.getQueryResults(query);
      query = page[1] as Record<string, unknown> | null;
    }
    const { steps } = await rig
      .person("avery.auditor")
      .get<{ steps: { type: string; data: { rows?: number } }[] }>(`sessions/${jobId}/replay`);
    const finished = steps.filter((step) => step.type === "release.finished");
    assert.deepEqual(
      finished.map((step) => step.data.rows),
      [50, 50, 50, 50],
    );
    assert.equal(steps.at(-1)?.type, "session.done");
  });

  /** Counts calls for rows that reach the warehouse from now on. */
  function countPages(): () => number {
    const calls = () =>
      rig.warehouse.requests.filter((r) => r.path.includes("/queries/") && !/[?&]maxResults=0(&|$)/.test(r.path))
        .length;
    const before = calls();
    return () => calls() - before;
  }

  describe("bounded by policy", () => {
    it("shows no more rows than limit_rows, whatever is asked for", async () => {
      // ssn carries @limit_rows("100").
      const [limited] = await client.createQueryJob(`SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 150`);
      const shown = await rig.decide("dana.officer", "approve");
      assert.equal(shown.limitRows, 100);
      const [rows, , answer] = await limited.getQueryResults({ autoPaginate: false });
      assert.equal(rows.length, 100);
      assert.equal((answer as { totalRows?: string }).totalRows, "100");
      assert.equal((await limited.getQueryResults({ startIndex: "95", autoPaginate: false }))[0].length, 5);
      assert.equal((await limited.getQueryResults({ startIndex: "100", autoPaginate: false }))[0].length, 0);
      assert.equal((await limited.getQueryResults({ startIndex: "149", maxResults: 1 }))[0].length, 0);
      let count = 0;
      for await (const row of limited.getQueryResultsStream({ maxResults: 30 })) if (row) count++;
      assert.ok(count <= 100);
    });
  });

  describe("larger than one page of BigQuery", () => {
    it("flows to a slow reader, page after page, complete", { timeout: 60_000 }, async () => {
      const [big] = await client.createQueryJob(
        `SELECT b.beds FROM \`${PROJECT}.ops.calendar\` AS a CROSS JOIN \`${PROJECT}.ops.bed_census\` AS b LIMIT ${BIG}`,
      );
      const pages = countPages();
      let count = 0;
      for await (const row of big.getQueryResultsStream()) {
        assert.ok(row.beds > 0);
        if (++count % 10_000 === 0) await sleep(20);
      }
      assert.equal(count, BIG);
      assert.equal(pages(), 2);
    });

    it("stops where a reader stops: what never left is not recorded as shown", { timeout: 60_000 }, async () => {
      const rows = 20_000;
      const [big] = await client.createQueryJob(
        `SELECT REPEAT(a.weekday, 100) AS filler
           FROM \`${PROJECT}.ops.calendar\` AS a CROSS JOIN \`${PROJECT}.ops.bed_census\` AS b LIMIT ${rows}`,
      );
      const gone = new AbortController();
      const answer = await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries/${big.id}?location=US`, {
        headers: { authorization: `Bearer ${await rig.token("care-summary-agent")}` },
        signal: gone.signal,
      });
      assert.ok((await answer.body?.getReader().read())?.value);
      await sleep(300);
      gone.abort();
      const released = await finishedRelease(big.id ?? "");
      assert.equal(released.outcome, "aborted");
      assert.ok(released.rows > 0 && released.rows < rows, `${released.rows} rows`);
    });
  });

  async function finishedRelease(job: string): Promise<{ outcome: string; rows: number }> {
    const auditor = rig.person("avery.auditor");
    for (let tries = 0; tries < 100; tries++) {
      const { steps } = await auditor.get<{ steps: { type: string; data: { outcome: string; rows: number } }[] }>(
        `sessions/${job}/replay`,
      );
      const found = steps.find((step) => step.type === "release.finished");
      if (found !== undefined) return found.data;
      await sleep(50);
    }
    throw new Error("the release was never recorded as finished");
  }
});
