/** Uploads in pieces that are never finished: they end with the gateway, and by themselves, however slowly somebody feeds them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type ChaperoneProcess, type Surroundings, startSurroundings } from "./gateway-process.ts";

const RULES = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action, resource in Dataset::"demo-clinic.workspace");
`;
/** Above this an upload's rows go on as they come. */
const HELD = 50_000;
const GRACE_MS = 4_000;
const REQUESTS = { upload: `${HELD}B`, load: "8MB" };
const ROWS = Buffer.from(`1,"${"w".repeat(90)}"\n`.repeat(2000));

const DESCRIPTION = JSON.stringify({
  configuration: {
    load: {
      destinationTable: { projectId: PROJECT, datasetId: "workspace", tableId: "list" },
      sourceFormat: "CSV",
      schema: {
        fields: [
          { name: "id", type: "INTEGER" },
          { name: "word", type: "STRING" },
        ],
      },
    },
  },
});

function openClinic(): ClinicCopy {
  const clinic = copyClinic();
  clinic.policy("workspace.cedar", () => RULES);
  clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
  return clinic;
}

/** One agent at one gateway. */
class Uploader {
  readonly #url: string;
  readonly #authorization: Readonly<Record<string, string>>;
  constructor(url: string, token: string) {
    this.#url = url;
    this.#authorization = { authorization: `Bearer ${token}` };
  }

  async query(sql: string): Promise<string> {
    const answer = await fetch(`${this.#url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { ...this.#authorization, "content-type": "application/json" },
      body: JSON.stringify({ query: sql, useLegacySql: false }),
    });
    return answer.text();
  }

  /** Where its pieces go. */
  async begin(): Promise<string> {
    const answer = await fetch(`${this.#url}/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=resumable`, {
      method: "POST",
      headers: { ...this.#authorization, "content-type": "application/json" },
      body: DESCRIPTION,
    });
    assert.equal(answer.status, 200, await answer.text());
    const { pathname, search } = new URL(answer.headers.get("location") ?? "");
    return `${this.#url}${pathname}${search}`;
  }

  async piece(at: string, from: number, bytes: Buffer): Promise<number> {
    const range = `bytes ${from}-${from + bytes.length - 1}/*`;
    const headers = { ...this.#authorization, "content-range": range };
    const answer = await fetch(at, { method: "PUT", headers, body: new Uint8Array(bytes) });
    await answer.arrayBuffer();
    return answer.status;
  }
}

describe("a gateway with half an upload", () => {
  let outside: Surroundings;
  let clinic: ClinicCopy;
  before(async () => {
    clinic = openClinic();
    outside = await startSurroundings({
      patients: 5,
      config: {
        policies: join(clinic.folder, "policies"),
        limits: { requests: REQUESTS, shutdown: { grace: `${GRACE_MS / 1000}s` } },
      },
    });
  });
  after(async () => {
    await outside.close();
    clinic.remove();
  });

  it("ends within its grace, and nothing is written then or later", async () => {
    const stopped = async (gateway: ChaperoneProcess) => {
      const begun = performance.now();
      gateway.kill("SIGTERM");
      assert.deepEqual(await gateway.exited, { code: 0, signal: null }, gateway.output());
      return performance.now() - begun;
    };
    let gateway = await outside.start();
    const agent = new Uploader(outside.url, await outside.token("care-summary-agent"));
    await agent.query("CREATE TABLE workspace.list (id INT64, word STRING)");
    const at = await agent.begin();
    assert.equal(await agent.piece(at, 0, ROWS), 308);
    assert.match(await agent.query("INSERT INTO workspace.list (id) VALUES (0)"), /Another query writes a table/);
    // One more is arriving when the signal comes, and its client sends no more of it.
    const arriving = new AbortController();
    const open = fetch(await agent.begin(), {
      method: "PUT",
      headers: {
        authorization: `Bearer ${await outside.token("care-summary-agent")}`,
        "content-range": "bytes 0-99/*",
      },
      body: new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
      }),
      duplex: "half",
      signal: arriving.signal,
    } as RequestInit).catch(() => undefined);
    await sleep(300);
    const took = await stopped(gateway);
    arriving.abort();
    await open;
    assert.ok(took < GRACE_MS + 3_000, `${Math.round(took)} ms`);
    gateway = await outside.start();
    assert.equal(await agent.piece(at, ROWS.length, ROWS), 404);
    // Its end was recorded before the gateway's: the table waits for no restart.
    assert.match(await agent.query("INSERT INTO workspace.list (id) VALUES (0)"), /"jobComplete":true/);
    assert.match(await agent.query("SELECT COUNT(*) AS n FROM workspace.list"), /"v":"1"/);
    assert.ok((await stopped(gateway)) < GRACE_MS);
  });
});

describe("an upload that gets a byte now and then", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  before(async () => {
    clinic = openClinic();
    rig = await startRig({
      patients: 5,
      clinic: clinic.folder,
      config: { limits: { requests: REQUESTS, sessions: { run: "10m" } } },
    });
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  it("ends when its time is over, and frees its table and the agent's room", async () => {
    const agent = new Uploader(rig.url, await rig.token("care-summary-agent"));
    await agent.query("CREATE TABLE workspace.list (id INT64, word STRING)");
    const [large, small] = [await agent.begin(), await agent.begin()];
    assert.equal(await agent.piece(large, 0, ROWS), 308);
    assert.match(await agent.query("INSERT INTO workspace.list (id) VALUES (0)"), /Another query writes a table/);
    // Neither lies idle for two minutes.
    for (let n = 0; n < 10; n++) {
      for (const [at, from] of [
        [large, ROWS.length + n],
        [small, n],
      ] as const)
        assert.equal(await agent.piece(at, from, Buffer.from("1")), 308, `after ${n} minutes`);
      rig.advance(60_000);
    }
    for (const at of [large, small]) assert.equal(await agent.piece(at, ROWS.length, Buffer.from("1")), 404);
    for (let written = ""; !/"jobComplete":true/.test(written); await sleep(100))
      written = await agent.query("INSERT INTO workspace.list (id) VALUES (0)");
    assert.match(await agent.query("SELECT COUNT(*) AS n FROM workspace.list"), /"v":"1"/);
  });
});
