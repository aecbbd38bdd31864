/** Load jobs of more rows than a statement takes, for which a person must agree: counted the first time, written the second. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import type { BigQuery } from "@google-cloud/bigquery";
import avsc from "avsc";
import { approvalPage } from "../../packages/cli/src/print/approval.ts";
import { replayPage } from "../../packages/cli/src/print/session.ts";
import { differingFacts } from "../../packages/gateway/src/evidence/session-audit.ts";
import type { ReplayStep } from "../../packages/gateway/src/index.ts";
import { findInFolder } from "../faults/find-canary.ts";
import type { Rig } from "../rig.ts";
import { type LoadAnswer, loadJob, multipart, UPLOAD, WorkspaceLoads } from "../workspace-loads.ts";

/** Above this an upload's rows go on as they come: low, so that the files needn't be large. */
const HELD = 50_000;
const WORD = "w".repeat(90);
const lines = (from: number, to: number, word = WORD) =>
  Array.from({ length: to - from }, (_, n) => `${from + n},"${word}"\n`).join("");
const asJson = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `{"word":"${WORD}","id":${from + n}}\n`).join("");
/** More than one piece on its way to BigQuery, and less than two. */
const PIECE_AND_A_HALF = 60_000;
const ASKS = ["agreed", "made"]
  .map(
    (table) => `
@id("${table}-with-a-person")
@approval("privacy-officers")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Table::"demo-clinic.workspace.${table}");
`,
  )
  .join("");

describe("a load of more than a statement takes, for which a person must agree", () => {
  let loads: WorkspaceLoads;
  let rig: Rig;
  let client: BigQuery;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-twice-"));
    loads = await WorkspaceLoads.start({ upload: `${HELD}B`, load: "20MB" });
    ({ rig, client } = loads);
    await client.query("CREATE TABLE workspace.agreed (id INT64, word STRING)");
    await loads.rules((rules) => rules + ASKS);
  });
  after(async () => {
    await loads.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const load = (format: string, more: object = {}, job: object = {}) => loadJob(format, "agreed", more, job);
  const inOne = (job: object, file: Uint8Array | string) =>
    loads.send(`${UPLOAD}?uploadType=multipart`, { method: "POST", ...multipart(job, file) });
  const inPieces = async (job: object, file: string): Promise<LoadAnswer> => {
    const at = await loads.begun(job);
    const half = Math.floor(file.length / 2);
    const first = await loads.piece(at, 0, file.slice(0, half));
    return first.status === 308 ? loads.piece(at, half, file.slice(half), file.length) : first;
  };
  const madeUpstream = () => rig.warehouse.requests.filter(({ path }) => path.startsWith("/upload/")).length;
  async function counted() {
    const sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM workspace.agreed";
    const [[row]] = (await client.query(sql)) as unknown as [[{ n: number; d: number }]];
    return row;
  }
  const session = async (id: string) => {
    const { db } = rig.gateway.store;
    return db.selectFrom("whole_sessions").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  };

  const refused = (answer: LoadAnswer, says: RegExp) => {
    assert.equal(answer.status, 403, answer.body);
    assert.match(answer.body, says);
  };
  const COUNTED = /were read, counted and dropped/;
  const WAITS = /This load waits for a person/;
  const cancelled = async (id: string) => client.job((await session(id)).job_id, { location: "US" }).cancel();

  it("is counted, agreed to, and written when it is sent again", async () => {
    const rows = asJson(0, PIECE_AND_A_HALF);
    const job = load("NEWLINE_DELIMITED_JSON", { writeDisposition: "WRITE_TRUNCATE" });
    const sent = madeUpstream();
    const first = await inOne(job, rows);
    refused(first, /A person must agree to this load/);
    assert.match(first.body, /60000 rows were read, counted and dropped/);
    assert.match(first.body, /send the same file again/);
    const held = await loads.newest();
    assert.equal(held.state, "held");
    assert.match(first.body, new RegExp(held.job_id));
    refused(await inOne(job, rows), WAITS);
    assert.equal(madeUpstream(), sent, "nothing of it goes to BigQuery before somebody agreed");
    const view = await rig.decide("dana.officer", "approve");
    assert.equal(view.session, held.id);
    const { digest = "", bytes, rows: count } = view.rows ?? {};
    assert.deepEqual([count, digest.length], [PIECE_AND_A_HALF, 64]);
    assert.match(approvalPage(view), new RegExp(`rows: 60000, ${bytes} bytes as JSON, digest ${digest}`));
    assert.equal((await session(held.id)).state, "approved");
    assert.equal(madeUpstream(), sent, "nor then, before its rows come");
    const second = await inPieces(job, rows);
    assert.equal(await loads.ended(second), "");
    assert.equal((await session(held.id)).state, "done");
    assert.equal((await loads.newest()).id, held.id, "both uploads are one session");
    assert.deepEqual(await counted(), { n: PIECE_AND_A_HALF, d: PIECE_AND_A_HALF });
    const [{ statistics }] = await client.job(held.job_id, { location: "US" }).getMetadata();
    assert.deepEqual(statistics.load, { inputFiles: "1", outputRows: "60000" });
    const { steps } = await rig.person("avery.auditor").get<{ steps: ReplayStep[] }>(`sessions/${held.id}/replay`);
    assert.match(replayPage(steps), new RegExp(`for 60000 rows, digest ${digest.slice(0, 16)}`));
    assert.deepEqual(
      steps.map(({ type }) => type),
      [
        "session.received",
        "session.analysed",
        "session.decided",
        "session.held",
        "approval.shown",
        "approval.decided",
        "session.approved",
        "session.running",
        "session.done",
      ],
    );
    assert.deepEqual(differingFacts(rig.gateway.store, held.id), []);
  });

  /** Written by DuckDB, in row groups of so many rows. */
  async function parquet(size: number, compression: string): Promise<Uint8Array> {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const path = join(folder, `${size}-${compression}.parquet`);
    try {
      await connection.run(
        `COPY (SELECT i AS id, md5(i::VARCHAR) AS word FROM range(4000) r(i)) TO '${path}' (FORMAT PARQUET, ROW_GROUP_SIZE ${size}, COMPRESSION ${compression})`,
      );
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    return new Uint8Array(readFileSync(path));
  }

  /** In blocks of so many rows. */
  async function avro(size: number): Promise<Uint8Array> {
    const fields = ["id", "word"].map((name) => ({ name, type: name === "id" ? "long" : "string" }));
    const encoder = new avsc.streams.BlockEncoder({ type: "record", name: "row", fields } as avsc.Schema, {
      blockSize: size * 100,
    });
    const chunks: Buffer[] = [];
    encoder.on("data", (chunk: Buffer) => chunks.push(chunk));
    const ended = once(encoder, "end");
    for (let id = 0; id < 2000; id++) encoder.write({ id, word: WORD });
    encoder.end();
    await ended;
    return new Uint8Array(Buffer.concat(chunks));
  }

  for (const [format, first, second] of [
    ["CSV", async () => Buffer.from(lines(0, 2000)), async () => Buffer.from(lines(0, 2000).replaceAll("\n", "\r\n"))],
    ["AVRO", () => avro(10), () => avro(900)],
    ["PARQUET", () => parquet(4000, "zstd"), () => parquet(2048, "uncompressed")],
  ] as const)
    it(`${format}: is the same load where the file is written anew in another form of the same rows`, async () => {
      const [one, two] = [await first(), await second()];
      assert.notDeepEqual(one, two);
      const job = load(format, { writeDisposition: "WRITE_TRUNCATE" });
      refused(await inOne(job, one), COUNTED);
      const { session: id, rows } = await rig.decide("dana.officer", "approve");
      assert.equal(await loads.ended(await inOne(job, two)), "");
      assert.equal((await session(id)).state, "done");
      assert.equal((await counted())?.n, rows?.rows);
    });

  it("makes its table, where policy lets it", async () => {
    const schema = { fields: ["id", "word"].map((name) => ({ name, type: name === "id" ? "INTEGER" : "STRING" })) };
    const job = loadJob("CSV", "made", { schema });
    refused(await inOne(job, lines(0, 2000)), COUNTED);
    const { session: id } = await rig.decide("dana.officer", "approve");
    assert.equal(await loads.ended(await inOne(job, lines(0, 2000))), "");
    assert.equal((await session(id)).state, "done");
    const [[row]] = (await client.query("SELECT COUNT(*) AS n FROM workspace.made")) as unknown as [[object]];
    assert.deepEqual(row, { n: 2000 });
  });

  it("says at once what is wrong with its file, and asks nobody", async () => {
    const before = (await loads.newest()).id;
    const bad = await inOne(load("CSV"), `${lines(0, 2000)}secretvalue,x\n`);
    assert.equal(bad.status, 400);
    assert.match(bad.body, /Row 2001, field id/);
    assert.doesNotMatch(bad.body, /secretvalue/);
    assert.equal((await loads.newest()).id, before);
  });

  it("a dry run asks nobody and counts nothing", async () => {
    assert.equal(await loads.ended(await inOne(load("CSV", {}, { dryRun: true }), lines(0, 2000))), "");
    assert.equal((await loads.newest()).state, "done");
  });

  it("goes on over a restart, whatever state it is in", async () => {
    const rows = lines(0, 2000);
    const job = load("CSV", { writeDisposition: "WRITE_TRUNCATE", maxBadRecords: 3 });
    const before = (await loads.newest()).id;
    // While it is counted: nothing was asked, nothing is left.
    let at = await loads.begun(job);
    assert.equal((await loads.piece(at, 0, rows.slice(0, 60_000))).status, 308);
    await rig.restart();
    assert.equal((await loads.piece(at, 60_000, rows.slice(60_000), rows.length)).status, 404);
    assert.equal((await loads.newest()).id, before);
    // Held.
    refused(await inOne(job, rows), COUNTED);
    const { id } = await loads.newest();
    await rig.restart();
    refused(await inOne(job, rows), WAITS);
    // Approved, not begun.
    await rig.decide("dana.officer", "approve");
    await rig.restart();
    assert.equal((await session(id)).state, "approved");
    // While its rows go on: what was agreed to is used up.
    at = await loads.begun(job);
    assert.equal((await loads.piece(at, 0, rows.slice(0, 60_000))).status, 308);
    assert.equal((await session(id)).state, "running");
    await rig.restart();
    assert.equal((await loads.piece(at, 60_000, rows.slice(60_000), rows.length)).status, 404);
    while ((await session(id)).state === "running") await new Promise((tick) => setTimeout(tick, 100));
    assert.equal((await session(id)).state, "failed");
    refused(await inOne(job, rows), COUNTED);
    const again = (await loads.newest()).id;
    assert.notEqual(again, id);
    await cancelled(again);
    // Denied: told once, and then asked anew.
    refused(await inOne(job, rows), COUNTED);
    await rig.decide("dana.officer", "deny", "not this week");
    await rig.restart();
    refused(await inOne(job, rows), /not this week/);
    refused(await inOne(job, rows), COUNTED);
    await cancelled((await loads.newest()).id);
  });

  it("is written at once where nobody has to agree any more", async () => {
    const rows = lines(0, 2000);
    const job = load("CSV", { writeDisposition: "WRITE_TRUNCATE", maxBadRecords: 4 });
    refused(await inOne(job, rows), COUNTED);
    const { id } = await loads.newest();
    await cancelled(id);
    await loads.rules((rules) => rules);
    assert.equal(await loads.ended(await inOne(job, rows)), "");
    assert.deepEqual(await counted(), { n: 2000, d: 2000 });
    await loads.rules((rules) => rules + ASKS);
  });

  it("table.load of the Node client is told, and loads when somebody agreed", async () => {
    const path = join(folder, "agreed.csv");
    writeFileSync(path, lines(0, 2000));
    const table = client.dataset("workspace").table("agreed");
    const go = () => table.load(path, { sourceFormat: "CSV", writeDisposition: "WRITE_TRUNCATE" });
    await assert.rejects(go(), { code: 403, message: COUNTED });
    await rig.decide("dana.officer", "approve");
    const [job] = await go();
    assert.equal(job.status?.state, "DONE");
    assert.deepEqual(await counted(), { n: 2000, d: 2000 });
  });

  it("leaves no row anywhere", async () => {
    const rows = lines(0, 2000, "unmistakablecanaryword".padEnd(60, "w"));
    const job = load("CSV", { maxBadRecords: 5 });
    refused(await inOne(job, rows), COUNTED);
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
    await rig.decide("dana.officer", "approve");
    assert.equal(await loads.ended(await inOne(job, rows)), "");
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
  });
});
