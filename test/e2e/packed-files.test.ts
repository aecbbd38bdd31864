/** Parquet and Avro files larger than a statement, by the Node client and by bare requests: the one held in memory until it is whole, the other read as it comes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import type { BigQuery } from "@google-cloud/bigquery";
import avsc from "avsc";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig } from "../rig.ts";
import { type LoadAnswer, loadJob, UPLOAD, WorkspaceLoads } from "../workspace-loads.ts";

const HELD = 50_000;
const PARQUET = 4_000_000;
const ROWS = 10_000;

describe("packed files of more than a statement", () => {
  let loads: WorkspaceLoads;
  let rig: Rig;
  let client: BigQuery;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-parquet-"));
    loads = await WorkspaceLoads.start({ upload: `${HELD}B`, load: "40MB", parquet: `${PARQUET}B` });
    ({ rig, client } = loads);
    await client.query(
      "CREATE TABLE workspace.list (id INT64, word STRING, seen TIMESTAMP, n NUMERIC, tags ARRAY<STRING>)",
    );
  });
  beforeEach(async () => {
    await client.query("DELETE FROM workspace.list WHERE TRUE");
  });
  after(async () => {
    await loads.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What DuckDB writes, in more than one row group. */
  async function parquet(query: string, options = ""): Promise<string> {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const path = join(folder, `${Math.random()}.parquet`);
    try {
      await connection.run(`COPY (${query}) TO '${path}' (FORMAT PARQUET, ROW_GROUP_SIZE 4096${options})`);
      return path;
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
  const rows = (more = "") =>
    `SELECT i AS id, md5(i::VARCHAR) AS word, TIMESTAMPTZ '2026-01-01 00:00:00.000001+00' + to_seconds(i) AS seen,
     (i / 4)::DECIMAL(38, 9) AS n, [md5(i::VARCHAR), 't'] AS tags${more} FROM range(${ROWS}) r(i)`;
  async function counted() {
    const sql = `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, COUNT(DISTINCT word) AS w, SUM(ARRAY_LENGTH(tags)) AS t,
      CAST(SUM(n) AS STRING) AS s, CAST(MAX(seen) AS STRING) AS z FROM workspace.list`;
    const [[row]] = (await client.query(sql)) as unknown as [[Record<string, number | string | null>]];
    return row;
  }
  const WHOLE = {
    n: ROWS,
    d: ROWS,
    w: ROWS,
    t: 2 * ROWS,
    s: String((ROWS * (ROWS - 1)) / 8),
    z: "2026-01-01 02:46:39.000001+00",
  };
  const NONE = { n: 0, d: 0, w: 0, t: null, s: null, z: null };
  const load = (more: object = {}) => loadJob("PARQUET", "list", more);
  const send = (path: string, init: RequestInit) => loads.send(path, init);
  const begun = (job: object) => loads.begun(job);
  const piece = (...args: Parameters<WorkspaceLoads["piece"]>) => loads.piece(...args);
  const ended = (answer: LoadAnswer) => loads.ended(answer);
  const readBytes = (path: string) => new Uint8Array(readFileSync(path));

  it("table.load appends one and replaces the table's rows by one, exactly, however it is compressed", async () => {
    const table = client.dataset("workspace").table("list");
    for (const compression of ["snappy", "zstd", "gzip"]) {
      const path = await parquet(rows(), `, COMPRESSION ${compression}`);
      assert.ok(statSync(path).size > 3 * HELD);
      const [job] = await table.load(path, {
        sourceFormat: "PARQUET",
        writeDisposition: "WRITE_TRUNCATE",
        decimalTargetTypes: ["NUMERIC", "BIGNUMERIC"],
      });
      assert.equal(job.status?.state, "DONE");
    }
    assert.deepEqual(await counted(), WHOLE);
    const csv = await begun(loadJob("CSV", "list", { decimalTargetTypes: ["NUMERIC"] }));
    assert.match((await piece(csv, 0, Buffer.from("1,a,,,"), 6)).body, /settings of Parquet and Avro files/);
  });

  it("a smaller one whose rows are more than a statement takes goes the same way, and packs no more than may be loaded", async () => {
    const constant = (n: number) =>
      parquet(`SELECT i AS id, 'w' AS word FROM range(${n}) r(i)`, ", COMPRESSION zstd").then(readBytes);
    const few = await constant(210_000);
    const at = await begun(load());
    assert.equal(await ended(await piece(at, 0, few, few.length)), "");
    assert.equal((await counted())?.n, 210_000);
    const bomb = await parquet(`SELECT 1 AS id, repeat('x', 1000) AS word FROM range(60000)`).then(readBytes);
    assert.ok(bomb.length < HELD, `${bomb.length}`);
    const answer = await piece(await begun(load()), 0, bomb, bomb.length);
    assert.equal(answer.status, 400, answer.body);
    assert.match(answer.body, /unpacks to more than an upload may be/);
    assert.equal((await counted())?.n, 210_000);
  });

  it("is judged before it is held, and refused where it is more than may be", async () => {
    const file = await parquet(rows()).then(readBytes);
    const elsewhere = load({ destinationTable: { projectId: PROJECT, datasetId: "ehr", tableId: "conditions" } });
    assert.equal((await piece(await begun(elsewhere), 0, file.slice(0, 2 * HELD))).status, 403);
    const told = await send(`${UPLOAD}?uploadType=resumable`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-upload-content-length": String(PARQUET + 1) },
      body: JSON.stringify(load()),
    });
    assert.match(told.body, /A Parquet file is read whole, and has at most 4000000 bytes/);
    const at = await begun(load());
    assert.equal((await piece(at, 0, file)).status, 308);
    const rest = await piece(at, file.length, new Uint8Array(PARQUET - file.length + 100_000));
    assert.equal(rest.status, 400, rest.body);
    assert.match(rest.body, /larger than it may be/);
    assert.deepEqual(await counted(), NONE);
  });

  it("waits for room while another of this agent's is held, and has it when that is over", async () => {
    const file = await parquet(rows()).then(readBytes);
    const [one, two] = [await begun(load()), await begun(load({ writeDisposition: "WRITE_TRUNCATE" }))];
    assert.equal((await piece(one, 0, file.slice(0, 2 * HELD))).status, 308);
    const waits = await piece(two, 0, file, file.length);
    assert.equal(waits.status, 503, waits.body);
    assert.match(waits.body, /take all the memory/);
    assert.equal(await ended(await piece(one, 2 * HELD, file.slice(2 * HELD), file.length)), "");
    assert.deepEqual(await counted(), WHOLE);
    assert.equal(await ended(await piece(two, 0, file, file.length)), "");
    assert.deepEqual(await counted(), WHOLE);
    // One that is broken off, and one that nobody goes on with, leave it too.
    const gone = await begun(load());
    assert.equal((await piece(gone, 0, file.slice(0, 2 * HELD))).status, 308);
    assert.equal((await send(gone, { method: "DELETE" })).status, 499);
    const idle = await begun(load());
    assert.equal((await piece(idle, 0, file.slice(0, 2 * HELD))).status, 308);
    rig.advance(3 * 60_000);
    await loads.newToken();
    const last = await begun(load({ writeDisposition: "WRITE_TRUNCATE" }));
    // What the forgotten one held is free when its thread has ended; until then it is said to try again.
    let answer = await piece(last, 0, file, file.length);
    for (let tries = 0; answer.status === 503 && tries < 100; tries++) {
      await delay(50);
      answer = await piece(last, 0, file, file.length);
    }
    assert.equal(await ended(answer), "");
    assert.deepEqual(await counted(), WHOLE);
  });

  it("a row that doesn't fit, a file that breaks off, another type than the table's: nothing is written, no value is said", async () => {
    const late = rows().replace(
      "[md5(i::VARCHAR), 't']",
      "CASE WHEN i = 9000 THEN ['078-05-1120', NULL] ELSE ['t'] END",
    );
    const whole = await parquet(rows()).then(readBytes);
    for (const [file, says] of [
      [await parquet(late).then(readBytes), /Row 9001, field tags: An array holds no NULL/],
      [whole.slice(0, -20), /not a Parquet file/],
      [whole.slice(100), /not a Parquet file/],
      [await parquet(rows().replace("i AS id", "i::VARCHAR AS id")).then(readBytes), /Field id of the Parquet file/],
      [await parquet(rows(", '078-05-1120' AS extra")).then(readBytes), /a member that the table has no field for/],
      [await parquet(rows(", INTERVAL 1 DAY AS u")).then(readBytes), /Field u of the Parquet file has a type/],
    ] as const) {
      const answer = await piece(await begun(load()), 0, file, file.length);
      assert.equal(answer.status, 400, answer.body);
      assert.match(answer.body, says);
      assert.doesNotMatch(answer.body, /078-05/);
    }
    assert.deepEqual(await counted(), NONE);
    const file = await parquet(late).then(readBytes);
    assert.equal(await ended(await piece(await begun(load({ maxBadRecords: 1 })), 0, file, file.length)), "");
    assert.equal((await counted())?.n, ROWS - 1);
  });

  it("has its maps and lists as the table has them, small and large, in whatever encoding", async () => {
    await client.query(
      `CREATE TABLE workspace.nested (id INT64, pairs ARRAY<STRUCT<key STRING, value INT64>>,
       held STRUCT<key_value ARRAY<STRUCT<key STRING, value INT64>>>, words STRUCT<list ARRAY<STRUCT<element STRING>>>, u STRING)`,
    );
    const table = client.dataset("workspace").table("nested");
    const parquetOptions = {
      enableListInference: false,
      enumAsString: true,
      mapTargetType: "ARRAY_OF_STRUCT",
    } as const;
    for (const count of [10, ROWS]) {
      const path = await parquet(
        `SELECT i AS id, MAP {'a': i, 'b': NULL} AS pairs, MAP {'c': i * 2} AS held, [md5(i::VARCHAR), 't'] AS words,
         uuid() AS u FROM range(${count}) r(i)`,
        ", PARQUET_VERSION v2, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1",
      );
      assert.equal(statSync(path).size > 3 * HELD, count === ROWS);
      await table.load(path, { sourceFormat: "PARQUET", writeDisposition: "WRITE_TRUNCATE", parquetOptions });
      const sql = `SELECT COUNT(*) AS n, SUM(p.value) AS pairs, SUM(h.value) AS held, COUNT(DISTINCT w.element) AS words,
        COUNT(DISTINCT u) AS u, MAX(LENGTH(u)) AS length
        FROM workspace.nested, UNNEST(pairs) AS p, UNNEST(held.key_value) AS h, UNNEST(words.list) AS w`;
      const [[row]] = (await client.query(sql)) as unknown as [[Record<string, number>]];
      const sum = (count * (count - 1)) / 2;
      const made = { n: 4 * count, pairs: 2 * sum, held: 8 * sum, words: count + 1, u: count, length: 36 };
      assert.deepEqual(row, made);
    }
  });

  it("leaves nothing of its rows on a disk", async () => {
    const file = await parquet(rows().replace("'t'", "'unmistakablecanaryword'"), ", COMPRESSION uncompressed").then(
      readBytes,
    );
    assert.equal(await ended(await piece(await begun(load()), 0, file, file.length)), "");
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
  });

  it("Avro is loaded small and large, as it comes, and refused where a row doesn't fit", async () => {
    const schema = {
      type: "record",
      name: "Row",
      fields: [
        { name: "id", type: "long" },
        { name: "word", type: ["null", "string"] },
        { name: "seen", type: { type: "long", logicalType: "timestamp-micros" } },
        { name: "n", type: { type: "bytes", logicalType: "decimal", precision: 10, scale: 2 } },
        { name: "tags", type: { type: "array", items: "string" } },
      ],
    };
    const avro = async (count: number, name: string) => {
      const encoder = new avsc.streams.BlockEncoder(schema as avsc.Schema, { codec: "deflate" });
      const parts: Buffer[] = [];
      encoder.on("data", (part: Buffer) => parts.push(part));
      const first = Date.UTC(2026, 0, 1) * 1000 + 1;
      for (let id = 0; id < count; id++) {
        const word = `${id}${Math.sin(id)}`;
        const n = Buffer.alloc(4);
        n.writeInt32BE(id * 25);
        encoder.write({ id, word, seen: first + id * 1_000_000, n, tags: [word, "t"] });
      }
      encoder.end();
      await once(encoder, "end");
      const path = join(folder, name);
      writeFileSync(path, Buffer.concat(parts));
      return path;
    };
    const table = client.dataset("workspace").table("list");
    const logical = { sourceFormat: "AVRO", useAvroLogicalTypes: true };
    await table.load(await avro(10, "few.avro"), logical);
    assert.deepEqual([(await counted())?.n, (await counted())?.s], [10, "11.25"]);
    const many = await avro(ROWS, "many.avro");
    assert.ok(statSync(many).size > 3 * HELD);
    await table.load(many, { ...logical, writeDisposition: "WRITE_TRUNCATE" });
    assert.deepEqual(await counted(), WHOLE);
    await assert.rejects(table.load(many, { sourceFormat: "AVRO" }), /useAvroLogicalTypes/);
    await assert.rejects(table.load(many, { sourceFormat: "ORC" }), /ORC is loaded from Cloud Storage/);
    const bytes = readBytes(many);
    const half = await piece(await begun(load(logical)), 0, bytes.slice(0, 2 * HELD), 2 * HELD);
    assert.equal(half.status, 400, half.body);
    assert.match(half.body, /not an Avro object container file/);
    assert.deepEqual(await counted(), WHOLE);
    // Reading it takes its memory however few bytes it has: the next waits, and has it when that is over.
    const [one, two] = [
      await begun(load(logical)),
      await begun(load({ ...logical, writeDisposition: "WRITE_TRUNCATE" })),
    ];
    assert.equal((await piece(one, 0, bytes.slice(0, 2 * HELD))).status, 308);
    const waits = await piece(two, 0, bytes, bytes.length);
    assert.equal(waits.status, 503, waits.body);
    assert.match(waits.body, /take all the memory/);
    assert.equal(await ended(await piece(one, 2 * HELD, bytes.slice(2 * HELD), bytes.length)), "");
    assert.equal(await ended(await piece(two, 0, bytes, bytes.length)), "");
    assert.deepEqual(await counted(), WHOLE);
  });
});
