/** Load jobs of more rows than a statement takes, by the Node client and by bare requests: whole or not at all, whatever breaks. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { BigQuery } from "@google-cloud/bigquery";
import { jobsRunUpstream } from "../adversarial/attacker.ts";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig } from "../rig.ts";
import { type LoadAnswer, loadJob, multipart, UPLOAD, WorkspaceLoads } from "../workspace-loads.ts";

const SCHEMA = {
  fields: [
    { name: "id", type: "INTEGER" },
    { name: "word", type: "STRING" },
  ],
};
/** Above this an upload's rows go on as they come: low, so that the files needn't be large. */
const HELD = 50_000;
const WORD = "w".repeat(90);
/** Rows of some 100 bytes each. */
const lines = (from: number, to: number, word = WORD) =>
  Array.from({ length: to - from }, (_, n) => `${from + n},"${word}"\n`).join("");
/** More than one piece on its way to BigQuery, and less than two. */
const PIECE_AND_A_HALF = 60_000;

describe("loads of more than a statement takes", () => {
  let loads: WorkspaceLoads;
  let rig: Rig;
  let client: BigQuery;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-load-"));
    loads = await WorkspaceLoads.start({ upload: `${HELD}B`, load: "8MB" });
    ({ rig, client } = loads);
    await client.query("CREATE TABLE workspace.list (id INT64, word STRING)");
  });
  beforeEach(async () => {
    await client.query("DELETE FROM workspace.list WHERE TRUE");
  });
  after(async () => {
    await loads.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function counted(table = "list") {
    const sql = `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, MIN(id) AS a, MAX(id) AS z FROM workspace.${table}`;
    const [[row]] = (await client.query(sql)) as unknown as [[Record<string, number | null>]];
    return row;
  }
  const whole = (rows: number) => ({ n: rows, d: rows, a: 0, z: rows - 1 });
  const none = { n: 0, d: 0, a: null, z: null };
  const load = (more: object = {}, tableId = "list", job: object = {}) => loadJob("CSV", tableId, more, job);
  const send = (path: string, init: RequestInit) => loads.send(path, init);
  const begun = (job: object) => loads.begun(job);
  const piece = (...args: Parameters<WorkspaceLoads["piece"]>) => loads.piece(...args);
  const ended = (answer: LoadAnswer) => loads.ended(answer);
  const newest = () => loads.newest();
  const inOne = (job: object, file: string) =>
    send(`${UPLOAD}?uploadType=multipart`, { method: "POST", ...multipart(job, file) });
  const madeUpstream = () => rig.warehouse.requests.filter(({ path }) => path.startsWith("/upload/")).length;

  it("table.load makes a table, appends to it, replaces its rows, of a file of some megabytes", async () => {
    const table = client.dataset("workspace").table("large");
    const path = join(folder, "large.csv");
    writeFileSync(path, lines(0, PIECE_AND_A_HALF));
    await table.load(path, { sourceFormat: "CSV", schema: SCHEMA });
    assert.deepEqual(await counted("large"), whole(PIECE_AND_A_HALF));
    await table.load(path, { sourceFormat: "CSV" });
    assert.equal((await counted("large"))?.n, 2 * PIECE_AND_A_HALF);
    const [job] = await table.load(path, { sourceFormat: "CSV", writeDisposition: "WRITE_TRUNCATE" });
    assert.equal(job.status?.state, "DONE");
    // Its own rows alone: nothing of those that were there before, nor of bytes.
    assert.deepEqual(job.statistics?.load, { inputFiles: "1", outputRows: String(PIECE_AND_A_HALF) });
    assert.deepEqual(await counted("large"), whole(PIECE_AND_A_HALF));
    const jsonPath = join(folder, "large.json");
    writeFileSync(jsonPath, Array.from({ length: 2000 }, (_, id) => `{"WORD":"${WORD}","id":"${id}"}\n`).join(""));
    await table.load(jsonPath, { sourceFormat: "NEWLINE_DELIMITED_JSON", writeDisposition: "WRITE_TRUNCATE" });
    assert.deepEqual(await counted("large"), whole(2000));
  });

  it("is judged before its first row is read, and denied without one sent on", async () => {
    const [sent, jobs] = [madeUpstream(), jobsRunUpstream(rig)];
    const elsewhere = load({ destinationTable: { projectId: PROJECT, datasetId: "ehr", tableId: "conditions" } });
    const absent = load({
      schema: SCHEMA,
      destinationTable: { projectId: PROJECT, datasetId: "ops", tableId: "mine" },
    });
    for (const job of [elsewhere, absent, load({ createDisposition: "CREATE_NEVER", schema: SCHEMA }, "absent")]) {
      const answer = await inOne(job, lines(0, 2000));
      assert.ok([403, 404].includes(answer.status), answer.body);
    }
    assert.deepEqual([madeUpstream(), jobsRunUpstream(rig)], [sent, jobs]);
  });

  it("where a person must agree, nothing is done before, and the agent is told so", async () => {
    await loads.rules((rules) => rules.replace("none", "privacy-officers"));
    const sent = madeUpstream();
    const answer = await inOne(load(), lines(0, 2000));
    await loads.rules((rules) => rules);
    assert.equal(answer.status, 403);
    assert.match(answer.body, /A person must agree to this load/);
    const { job_id: job, state } = await newest();
    assert.equal(state, "held");
    assert.equal(madeUpstream(), sent);
    await client.job(job, { location: "US" }).cancel();
  });

  it("waits by way of a table that needs nobody: the copy from there is asked for, and done when somebody agreed", async () => {
    await client.query("CREATE TABLE workspace.agreed (id INT64, word STRING)");
    const asks = `
@id("agreed-with-a-person")
@approval("privacy-officers")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Table::"demo-clinic.workspace.agreed");
`;
    await loads.rules((rules) => rules + asks);
    const file = lines(0, 2000);
    const answer = await inOne(load({}, "agreed"), file);
    assert.equal(answer.status, 403, answer.body);
    await client.job((await newest()).job_id, { location: "US" }).cancel();
    assert.equal(await ended(await inOne(load(), file)), "");
    const [copy] = await client.createQueryJob("INSERT INTO workspace.agreed SELECT * FROM workspace.list");
    await rig.decide("dana.officer", "approve");
    await copy.getQueryResults();
    assert.deepEqual(await counted("agreed"), whole(2000));
    const [{ statistics }] = await copy.getMetadata();
    assert.deepEqual(
      [statistics.load, statistics.query.numDmlAffectedRows, statistics.query.dmlStats],
      [undefined, undefined, undefined],
    );
    await loads.rules((rules) => rules);
  });

  it("refused in pieces, leaves its room to the next", async () => {
    const elsewhere = load({ destinationTable: { projectId: PROJECT, datasetId: "ehr", tableId: "conditions" } });
    // One more than an agent may have at once.
    for (let n = 0; n < 5; n++) {
      const at = await begun(elsewhere);
      assert.equal((await piece(at, 0, lines(0, 2000))).status, 403);
      assert.equal((await piece(at, 0, "")).status, 404);
    }
  });

  it("a dry run says what it would be allowed, and loads nothing", async () => {
    const sent = madeUpstream();
    assert.equal(await ended(await inOne(load({}, "list", { dryRun: true }), lines(0, 2000))), "");
    assert.equal(madeUpstream(), sent);
    assert.deepEqual(await counted(), none);
  });

  it("goes on where the client broke off in the middle of a piece", async () => {
    const file = Buffer.from(lines(0, 5000));
    const at = await begun(load());
    await new Promise<void>((gone) => {
      const call = httpRequest(`${rig.url}${at}`, {
        method: "PUT",
        headers: { authorization: loads.authorization, "content-range": `bytes 0-${file.length - 1}/${file.length}` },
      });
      call.once("error", () => gone());
      call.write(file.subarray(0, 300_001), () => setTimeout(() => call.destroy(new Error("gone")), 300));
    });
    let answer = await piece(at, 0, "", file.length);
    while (answer.status === 503) answer = await piece(at, 0, "", file.length);
    assert.equal(answer.status, 308, answer.body);
    const [, last] = /^bytes=0-(\d+)$/.exec(answer.range ?? "") ?? [];
    const from = Number(last) + 1;
    assert.ok(from > HELD && from <= 300_001, `${from} bytes are there`);
    assert.deepEqual(await counted(), none);
    assert.equal(await ended(await piece(at, from, file.subarray(from), file.length)), "");
    assert.deepEqual(await counted(), whole(5000));
  });

  it("writes nothing where the client sends one request and goes away", async () => {
    await new Promise<void>((gone) => {
      const { body, headers } = multipart(load(), lines(0, 5000));
      const call = httpRequest(`${rig.url}${UPLOAD}?uploadType=multipart`, {
        method: "POST",
        headers: { authorization: loads.authorization, ...headers, "content-length": body.length },
      });
      call.once("error", () => gone());
      call.write(body.slice(0, body.length - 20), () => setTimeout(() => call.destroy(new Error("gone")), 500));
    });
    for (;;) {
      const { state, error } = await newest();
      if (state === "running") {
        await new Promise((tick) => setTimeout(tick, 50));
        continue;
      }
      assert.equal(state, "failed");
      assert.match(error ?? "", /ended before all of its rows were there/);
      break;
    }
    assert.deepEqual(await counted(), none);
  });

  it("a restart keeps how many rows were loaded", async () => {
    assert.equal(await ended(await inOne(load(), lines(0, 2000))), "");
    const { job_id: jobId } = await newest();
    const told = async () => (await client.job(jobId, { location: "US" }).getMetadata())[0].statistics;
    const before = await told();
    assert.deepEqual(before.load, { inputFiles: "1", outputRows: "2000" });
    await rig.restart();
    assert.deepEqual(await told(), before);
    const [jobs] = await client.getJobs({ maxResults: 1 });
    assert.deepEqual(jobs[0]?.metadata?.statistics?.load, before.load);
  });

  it("a restart forgets the rows: the job has failed, nothing is written, the table is free", async () => {
    const at = await begun(load());
    assert.equal((await piece(at, 0, lines(0, 2000))).status, 308);
    const { id, state } = await newest();
    assert.equal(state, "running");
    await rig.restart();
    assert.equal((await piece(at, 0, "")).status, 404);
    for (let now = "running"; now === "running"; ) {
      await new Promise((tick) => setTimeout(tick, 200));
      const db = rig.gateway.store.db;
      now = (await db.selectFrom("whole_sessions").select("state").where("id", "=", id).executeTakeFirstOrThrow())
        .state;
      if (now !== "running") assert.equal(now, "failed");
    }
    await client.query("INSERT INTO workspace.list (id) VALUES (0)");
    assert.deepEqual(await counted(), whole(1));
  });

  it("one that nobody goes on with ends by itself, and frees its table", async () => {
    const at = await begun(load());
    assert.equal((await piece(at, 0, lines(0, 2000))).status, 308);
    await assert.rejects(client.query("INSERT INTO workspace.list (id) VALUES (0)"), /Another query writes a table/);
    rig.advance(3 * 60_000);
    assert.equal((await piece(at, 0, "")).status, 404);
    while ((await newest()).state === "running") await new Promise((tick) => setTimeout(tick, 50));
    await client.query("INSERT INTO workspace.list (id) VALUES (0)");
    assert.deepEqual(await counted(), whole(1));
  });

  it("BigQuery's trouble on the way is waited out; what it refuses is the end", async () => {
    const file = lines(0, PIECE_AND_A_HALF);
    rig.warehouse.misbehave({ kind: "status", code: 503, target: "upload", times: 2 });
    assert.equal(await ended(await inOne(load(), file)), "");
    rig.warehouse.misbehave({ kind: "partial-piece", bytes: 1_000_000 });
    assert.equal(await ended(await inOne(load({ writeDisposition: "WRITE_TRUNCATE" }), file)), "");
    assert.deepEqual(await counted(), whole(PIECE_AND_A_HALF));
    const at = await begun(load());
    assert.equal((await piece(at, 0, lines(0, 1000))).status, 308);
    rig.warehouse.misbehave({ kind: "status", code: 403, reason: "accessDenied", target: "upload", times: "always" });
    const refused = await piece(at, lines(0, 1000).length, lines(1000, PIECE_AND_A_HALF));
    rig.warehouse.calm();
    assert.equal(refused.status, 403, refused.body);
    assert.equal((await newest()).state, "failed");
    assert.deepEqual(await counted(), whole(PIECE_AND_A_HALF));
  });

  it("a job that fails upstream fails without a word of BigQuery's", async () => {
    rig.warehouse.misbehave({ kind: "job-error", message: "Bad value: 078-05-1120", target: "job" });
    const error = await ended(await inOne(load(), lines(0, 2000)));
    assert.match(error, /Its own message is withheld/);
    const failed = await client.job((await newest()).job_id, { location: "US" }).getMetadata();
    assert.equal(failed[0].statistics.load, undefined);
    assert.deepEqual(await counted(), none);
  });

  it("a row that doesn't fit ends it, late as it comes, and is named without its value", async () => {
    const bad = `${lines(0, PIECE_AND_A_HALF)}secretvalue,x\n`;
    const answer = await inOne(load(), bad);
    assert.equal(answer.status, 400);
    assert.match(answer.body, new RegExp(`Row ${PIECE_AND_A_HALF + 1}, field id: Cannot convert value to int64`));
    assert.doesNotMatch(answer.body, /secretvalue/);
    assert.equal((await newest()).state, "failed");
    assert.deepEqual(await counted(), none);
    assert.equal(await ended(await inOne(load({ maxBadRecords: 1 }), bad)), "");
    assert.deepEqual(await counted(), whole(PIECE_AND_A_HALF));
    const latin1 = Buffer.concat([Buffer.from(lines(0, 2000)), Buffer.from("9,\xe9\n", "latin1")]);
    const at = await begun(load());
    assert.match((await piece(at, 0, latin1, latin1.length)).body, /not UTF-8/);
  });

  it("row 46: what it unpacks to counts, and no more is read than may be", async () => {
    const zip = (file: string) => {
      const { body, headers } = multipart(load(), file);
      const packed = { ...headers, "content-encoding": "gzip" };
      return send(`${UPLOAD}?uploadType=multipart`, { method: "POST", body: gzipSync(body), headers: packed });
    };
    assert.equal(await ended(await zip(lines(0, 5000))), "");
    assert.deepEqual(await counted(), whole(5000));
    const bomb = await zip(`1,${"x".repeat(1000)}\n`.repeat(100_000));
    assert.equal(bomb.status, 413, bomb.body);
    assert.deepEqual(await counted(), whole(5000));
  });

  it("two at once go to two tables; of one table they come after each other", async () => {
    await client.query("CREATE OR REPLACE TABLE workspace.other (id INT64, word STRING)");
    const [one, two] = [await begun(load()), await begun(load({}, "other"))];
    const file = lines(0, 3000);
    const half = file.length / 2;
    assert.equal((await piece(one, 0, file.slice(0, half))).status, 308);
    assert.equal((await piece(two, 0, file.slice(0, half))).status, 308);
    const again = await inOne(load(), file);
    assert.equal(again.status, 503, again.body);
    assert.equal(await ended(await piece(one, half, file.slice(half), file.length)), "");
    const third = await begun(load());
    assert.equal(await ended(await piece(two, half, file.slice(half), file.length)), "");
    assert.equal(await ended(await piece(third, 0, file, file.length)), "");
    assert.deepEqual(await counted("other"), whole(3000));
    assert.equal((await counted())?.n, 6000);
  });

  it("ends at once when it is cancelled", async () => {
    const at = await begun({ ...load(), jobReference: { projectId: PROJECT, jobId: "cancelledload" } });
    assert.equal((await piece(at, 0, lines(0, 2000))).status, 308);
    await client.job("cancelledload", { location: "US" }).cancel();
    const rest = await piece(at, lines(0, 2000).length, lines(2000, 3000), lines(0, 3000).length);
    assert.equal(rest.status, 403, rest.body);
    assert.deepEqual(await counted(), none);
  });

  it("whoever is suspended while the rows arrive has none written", async () => {
    const agent = { issuer: rig.identityProvider.issuer, subject: "care-summary-agent", reason: "in the middle" };
    const file = lines(0, 3000);
    const at = await begun(load());
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = httpRequest(`${rig.url}${at}`, {
        method: "PUT",
        headers: { authorization: loads.authorization, "content-range": `bytes 0-${file.length - 1}/${file.length}` },
      });
      call.once("response", (response) => resolve(response.resume().statusCode)).once("error", reject);
      call.write(file.slice(0, 200_000), async () => {
        while ((await newest()).state !== "running") await new Promise((tick) => setTimeout(tick, 50));
        await rig.person("sam.sponsor").post("agents/suspend", agent);
        call.end(file.slice(200_000));
      });
    });
    await rig.person("sam.sponsor").post("agents/activate", agent);
    assert.equal(status, 403);
    assert.equal((await newest()).state, "failed");
    assert.deepEqual(await counted(), none);
  });

  it("leaves who, what and how much on record, and no row anywhere", async () => {
    assert.equal(await ended(await inOne(load(), lines(0, 2000, "unmistakablecanaryword"))), "");
    const { id, statement_type: type, sql_redacted: sql } = await newest();
    assert.equal(type, "INSERT");
    assert.match(sql ?? "", /INSERT INTO/);
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
    const { db } = rig.gateway.store;
    const entries = await db.selectFrom("ledger_entries").select("bytes").where("session", "=", id).execute();
    const text = entries.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n");
    assert.match(text, /"rowsWritten":2000/);
  });
});
