/** Loads that are stopped while their file is read: its thread ends and its room is there again, however long it would still have read. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { PROJECT } from "../rig.ts";
import { loadJob, multipart, UPLOAD, WorkspaceLoads } from "../workspace-loads.ts";

const COLUMNS = 200;
/** More values than the load may have: read to its end it is refused for that. */
const ROWS = 120_000;
/** More than is held as a statement's rows. */
const PART = 12_000;
const AGENT = "care-summary-agent";

describe("a load that is stopped while its file is read", () => {
  let loads: WorkspaceLoads;
  let folder: string;
  /** Of few bytes, and rows of NULLs alone, which take long to read and are few bytes again: to none of them comes a piece for BigQuery. */
  let slow: Uint8Array;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-stopped-"));
    loads = await WorkspaceLoads.start({ upload: "10kB", load: "20MB", parquet: "4MB" });
    const columns = Array.from({ length: COLUMNS }, (_, n) => `c${n}`);
    await loads.client.query(`CREATE TABLE workspace.list (${columns.map((name) => `${name} INT64`).join()})`);
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const path = join(folder, "slow.parquet");
    await connection.run(
      `COPY (SELECT ${columns.map((name) => `NULL::BIGINT AS ${name}`).join()} FROM range(${ROWS})) TO '${path}' (FORMAT PARQUET, ROW_GROUP_SIZE 1000000)`,
    );
    connection.closeSync();
    instance.closeSync();
    slow = readFileSync(path);
    assert.ok(slow.length > PART && slow.length < 4_000_000, `${slow.length} bytes`);
  });
  after(async () => {
    await loads.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const job = (jobId: string) => ({
    ...loadJob("PARQUET", "list"),
    jobReference: { projectId: PROJECT, jobId },
  });
  const cancel = (jobId: string) => loads.client.job(jobId, { location: "US" }).cancel();
  /** It reads by now; `call` hasn't been answered. */
  async function running(jobId: string, call?: Promise<unknown>): Promise<void> {
    const early = call?.then((answer) => assert.fail(`answered early: ${JSON.stringify(answer)}`));
    const reads = async () => {
      for (;;) {
        const { job_id: newest, state } = await loads.newest();
        if (newest === jobId && state === "running") return wait(500);
        await wait(50);
      }
    };
    await Promise.race([reads(), ...(early === undefined ? [] : [early])]);
    early?.catch(() => undefined);
  }
  /** Files that are kept whole have room for one of this agent's. */
  async function roomIsBack(jobId: string): Promise<void> {
    const at = await loads.begun(job(jobId));
    let answer = await loads.piece(at, 0, slow.slice(0, PART));
    for (const late = Date.now() + 15_000; answer.status === 503 && Date.now() < late; await wait(100))
      answer = await loads.piece(at, 0, slow.slice(0, PART));
    assert.equal(answer.status, 308, answer.body);
    assert.equal((await loads.send(at, { method: "DELETE" })).status, 499);
    await errorOf(jobId);
  }
  async function errorOf(jobId: string): Promise<string> {
    for (;;) {
      const { job_id: newest, state, error } = await loads.newest();
      assert.equal(newest, jobId);
      if (state !== "running") return error ?? "";
      await wait(50);
    }
  }

  it("by its agent, in its last piece", async () => {
    const last = loads.piece(await loads.begun(job("last")), 0, slow, slow.length);
    await running("last", last);
    await cancel("last");
    const { status, body } = await last;
    assert.equal(status, 403, body);
    assert.match(body, /The job was cancelled/);
    await roomIsBack("after-last");
  });

  it("by its agent, between two pieces", async () => {
    const at = await loads.begun(job("between"));
    assert.equal((await loads.piece(at, 0, slow.slice(0, PART))).status, 308);
    await running("between");
    await cancel("between");
    await roomIsBack("after-between");
    const { status, body } = await loads.piece(at, PART, slow.slice(PART), slow.length);
    assert.equal(status, 403, body);
    assert.match(body, /The job was cancelled/);
  });

  it("by its agent's suspension", async () => {
    const agent = { issuer: loads.rig.identityProvider.issuer, subject: AGENT, reason: "in the middle" };
    const last = loads.piece(await loads.begun(job("suspended")), 0, slow, slow.length);
    await running("suspended", last);
    await loads.rig.person("sam.sponsor").post("agents/suspend", agent);
    const { status, body } = await last;
    assert.equal(status, 403, body);
    assert.match(body, /suspended or revoked/);
    await loads.rig.person("sam.sponsor").post("agents/activate", agent);
    await roomIsBack("after-suspended");
  });

  it("by its client, who sent all of it in one request and went away", async () => {
    const gone = new AbortController();
    const sent = loads
      .send(`${UPLOAD}?uploadType=multipart`, { method: "POST", signal: gone.signal, ...multipart(job("gone"), slow) })
      .catch(() => undefined);
    await running("gone", sent);
    gone.abort();
    await sent;
    assert.match(await errorOf("gone"), /before all of its rows were there/);
    await roomIsBack("after-gone");
  });

  it("by nobody's asking for it any more", async () => {
    const gone = new AbortController();
    const at = await loads.begun(job("left"));
    const sent = loads
      .send(at, {
        method: "PUT",
        signal: gone.signal,
        headers: { "content-range": `bytes 0-${slow.length - 1}/${slow.length}` },
        body: new Uint8Array(slow),
      })
      .catch(() => undefined);
    await running("left", sent);
    gone.abort();
    await sent;
    // Whoever asks how far it is keeps it.
    assert.equal((await loads.piece(at, 0, "", slow.length)).status, 503);
    loads.rig.advance(3 * 60_000);
    await loads.newToken();
    await loads.begun(job("next"));
    assert.match(await errorOf("left"), /before all of its rows were there/);
    await roomIsBack("after-left");
  });
});
