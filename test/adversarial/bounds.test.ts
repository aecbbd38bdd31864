/** Threat-model row 46 and I10 at the REST door: what an agent's few bytes, or its not reading, may take of the gateway. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertRefused, jobsRunUpstream } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const BASE = `/bigquery/v2/projects/${PROJECT}`;
const LONG = 1_000_000;
/** For sending and taking megabytes: who does it, with all else in this process, has long enough on a busy machine. */
const TAKE_MS = 12_000;

describe("row 46: an agent that takes more than it gives", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  before(async () => {
    rig = await startRig({
      patients: 12,
      config: {
        limits: {
          upstream: { page: "2s" },
          requests: { headers_timeout: "1s", body_timeout: `${TAKE_MS / 1000}s`, in_flight: 4 },
        },
      },
    });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "numbers" },
        schema: { fields: [{ name: "text", type: "STRING" }] },
      },
      Array.from({ length: 60_000 }, () => ({ text: "x".repeat(200) })),
    );
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  it("by a name that no entry of the ledger holds: it is refused, recorded, and over", async () => {
    for (const letter of ["x", "\u001b", "\u{1f600}"]) {
      const name = `\`${letter.repeat(100_000)}\``;
      for (const sql of [`SELECT ${name}`, `SELECT ${name}(1)`, `SELECT 1 FROM ${name}`, `SELECT CAST(1 AS ${name})`]) {
        const answer = await agent.query(sql);
        assert.ok(answer.status === 400 || answer.status === 403, `${answer.status} ${answer.body.slice(0, 200)}`);
        assert.ok(answer.body.length < 200_000);
      }
    }
    const sessions = await rig.gateway.store.db.selectFrom("sessions").select(["state", "error"]).execute();
    assert.deepEqual([...new Set(sessions.map(({ state }) => state))].sort(), ["denied", "failed"]);
  });

  async function releases(job: string): Promise<readonly string[]> {
    const rows = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .innerJoin("sessions", "sessions.id", "ledger_entries.session")
      .select(["ledger_entries.type", "ledger_entries.idx"])
      .where("sessions.job_id", "=", job)
      .where("ledger_entries.type", "like", "release.%")
      .orderBy("ledger_entries.idx")
      .execute();
    return rows.map(({ type }) => type);
  }

  async function until(what: string, done: () => Promise<boolean> | boolean): Promise<void> {
    for (let i = 0; i < 400; i++) {
      if (await done()) return;
      await new Promise((tick) => setTimeout(tick, 50));
    }
    assert.fail(what);
  }

  /** A connection on which a request is sent, and nothing read but the answer's first bytes. */
  function unread(path: string) {
    const { hostname, port } = new URL(rig.url);
    const socket = connect(Number(port), hostname);
    let closed = false;
    socket.on("error", () => undefined);
    socket.once("close", () => {
      closed = true;
    });
    const begun = new Promise<void>((first) =>
      socket.once("data", () => {
        socket.pause();
        first();
      }),
    );
    socket.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${agent.token}\r\n\r\n`);
    return {
      begun,
      /** What was sent is read at last, and the connection with it: paused, its end isn't seen. */
      async ended() {
        socket.resume();
        await until("the connection stays", () => closed);
      },
      destroy: () => socket.destroy(),
    };
  }

  it("a page that nobody takes ends with its time, and so does its release", async () => {
    const started = await agent.query(`SELECT * FROM \`${PROJECT}.ops.numbers\``, { maxResults: 0, timeoutMs: 10_000 });
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const reader = unread(`${BASE}/queries/${jobReference.jobId}?timeoutMs=10000`);
    await until("the page doesn't begin", async () => (await releases(jobReference.jobId)).includes("release.started"));
    await until("the page doesn't end", async () => (await releases(jobReference.jobId)).includes("release.finished"));
    await reader.ended();
    reader.destroy();
  });

  it("forms that arrive for ever, of anybody, leave the places of agents free", async () => {
    const { hostname, port } = new URL(rig.url);
    const sockets = ["/token", "/introspect"].flatMap((path) =>
      Array.from({ length: 6 }, () => {
        const socket = connect(Number(port), hostname);
        socket.on("error", () => undefined);
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken=`,
        );
        return socket;
      }),
    );
    await new Promise((arrived) => setTimeout(arrived, 500));
    const answer = await agent.send("GET", `${BASE}/jobs?maxResults=1`);
    for (const socket of sockets) socket.destroy();
    assert.equal(answer.status, 200, answer.body);
  });

  it("a list of jobs ends where it grows long, goes on after that, and isn't kept for who doesn't take it", async () => {
    const wanted = new Set<string>();
    for (let i = 0; i < 14; i++) {
      const answer = await agent.send("POST", `${BASE}/jobs`, {
        body: {
          jobReference: { projectId: PROJECT, jobId: `long-${i}` },
          configuration: {
            dryRun: true,
            query: { query: `SELECT ${i} AS n /* ${"x".repeat(LONG)} */`, useLegacySql: false },
          },
        },
      });
      assert.equal(answer.status, 200, answer.body.slice(0, 200));
      wanted.add(`long-${i}`);
    }
    let token = "";
    let pages = 0;
    do {
      const { body } = await agent.send(
        "GET",
        `${BASE}/jobs?maxResults=1000${token === "" ? "" : `&pageToken=${token}`}`,
      );
      assert.ok(body.length < 12 * LONG, `a list of ${body.length} characters`);
      const { jobs, nextPageToken = "" } = JSON.parse(body) as {
        jobs: { jobReference: { jobId: string } }[];
        nextPageToken?: string;
      };
      for (const { jobReference } of jobs) wanted.delete(jobReference.jobId);
      token = nextPageToken;
      pages++;
    } while (token !== "");
    assert.equal(wanted.size, 0);
    assert.ok(pages > 1);
    const reader = unread(`${BASE}/jobs?maxResults=1000`);
    await reader.begun;
    // The gateway's own time began before its answer did.
    await new Promise((late) => setTimeout(late, TAKE_MS + 500));
    await reader.ended();
    reader.destroy();
  });

  it("an upload of few bytes that would be many values is refused", async () => {
    const fields = Array.from({ length: 1000 }, (_, i) => ({ name: `c${i}`, type: "STRING" }));
    const destinationTable = { projectId: PROJECT, datasetId: "workspace", tableId: "wide" };
    const record = [{ name: "r", type: "RECORD", mode: "REPEATED", fields }];
    const empty = (count: number) => `{"r":[${Array.from({ length: count }, () => "{}")}]}`;
    const uploads: readonly (readonly [object, string])[] = [
      [{ sourceFormat: "NEWLINE_DELIMITED_JSON", schema: { fields: record } }, empty(100_000)],
      [{ sourceFormat: "NEWLINE_DELIMITED_JSON", schema: { fields: record } }, `${empty(300)}\n`.repeat(1000)],
    ];
    const before = jobsRunUpstream(rig);
    for (const [load, data] of uploads) {
      const description = JSON.stringify({ configuration: { load: { destinationTable, ...load } } });
      const answer = await agent.send("POST", `/upload${BASE}/jobs?uploadType=multipart`, {
        headers: { "content-type": "multipart/related; boundary=b" },
        body: `--b\r\nContent-Type: application/json\r\n\r\n${description}\r\n--b\r\nContent-Type: text/plain\r\n\r\n${data}\r\n--b--\r\n`,
      });
      assertRefused(answer);
      // A person would have to agree: its rows are counted for them, as far as they are read.
      assert.match(answer.body, /there are more values than are read at once/);
    }
    assert.equal(jobsRunUpstream(rig), before);
  });

  it("a name that BigQuery can't have is refused as one, whatever is asked of it", async () => {
    const before = rig.warehouse.requests.length;
    for (const path of [
      "datasets/ehr.patients",
      "datasets/x$y",
      "datasets/x-y/tables",
      "datasets/ehr/routines/a.b",
      "datasets/ehr.patients/tables/x",
      "datasets/ehr/tables/a.b",
      "datasets/ehr/tables/patients$20240101",
      "datasets/ehr/tables/INFORMATION_SCHEMA.TABLES",
      "datasets/ehr/tables/patients$20240101/data",
    ]) {
      assertRefused(await agent.send("GET", `${BASE}/${path}`), 400);
      const method = /tables\/[^/]+$/.test(path) ? "DELETE" : undefined;
      if (method !== undefined) assertRefused(await agent.send(method, `${BASE}/${path}`), 400);
    }
    assert.equal(rig.warehouse.requests.length, before);
  });

  it("a member named __proto__ is refused, where others would be taken too", async () => {
    const query = (more: string) => `{"query":"SELECT @s.a AS x","useLegacySql":false,"parameterMode":"NAMED",${more}}`;
    const type = '{"type":"STRUCT","structTypes":[{"name":"a","type":{"type":"STRING"}}]}';
    const value = '{"structValues":{"a":{"value":"1"},"KEY":{"value":"2"}}}';
    for (const key of ["__proto__", "__pr\\u006fto__", "\\u005f_proto__"])
      for (const body of [
        query(`"queryParameters":[{"name":"s","parameterType":${type},"parameterValue":${value.replace("KEY", key)}}]`),
        query(`"labels":{"${key}":"x"}`),
        query(`"${key}":{"dryRun":true}`),
      ]) {
        const answer = await agent.send("POST", `${BASE}/queries`, { body });
        assertRefused(answer, 400);
        assert.match(answer.body, /__proto__/);
      }
  });

  it("parameters of types without end, and labels without number, are refused", async () => {
    const nested = (levels: number, around: (inner: unknown) => unknown) =>
      Array.from({ length: levels }).reduce((inner: unknown) => around(inner), { type: "STRING" });
    const typed = (parameterType: unknown) => ({
      parameterMode: "NAMED",
      queryParameters: [{ name: "a", parameterType }],
    });
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, "b"]));
    for (const levels of [60, 100, 1000])
      for (const more of [
        typed(nested(levels, (inner) => ({ type: "ARRAY", arrayType: inner }))),
        typed(nested(levels, (inner) => ({ type: "STRUCT", structTypes: [{ name: "a", type: inner }] }))),
        { labels: many },
      ])
        assertRefused(await agent.query("SELECT 1 AS x", more), 400);
    const taken = typed(nested(14, (inner) => ({ type: "STRUCT", structTypes: [{ name: "a", type: inner }] })));
    assert.equal((await agent.query("SELECT 1 AS x", taken)).status, 200);
  });
});
