/**
 * Threat-model rows 9, 43, 44 and 46 by files: what an agent would try with uploads in pieces, and with CSV, whose columns have their
 * places alone.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig } from "../rig.ts";
import { type Answer, Attacker, assertRefused, jobsRunUpstream, withPatients } from "./attacker.ts";
import { type OpenClinic, OWN_AND_TOKENS, openClinic } from "./open-clinic.ts";
import type { ProtectedValues } from "./protected-values.ts";

const POLICY = `
@id("open-write")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"write", Action::"infer"], resource in Dataset::"demo-clinic.workspace");

@id("open-describe")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"describe", resource in Dataset::"demo-clinic.workspace")
unless { resource.path == "hidden" };

${OWN_AND_TOKENS}`;
const V2 = `/bigquery/v2/projects/${PROJECT}`;
const UPLOAD = `/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=resumable`;

describe("an agent that uploads in pieces", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let other: Attacker;
  before(async () => {
    clinic = await openClinic({ "workspace.cedar": () => "", "clinical.cedar": () => "", "open.cedar": () => POLICY });
    ({ rig, secrets, agent } = clinic);
    other = new Attacker(rig, await rig.token("research-agent"), secrets);
    for (const sql of [
      "CREATE TABLE workspace.taken AS SELECT mrn FROM p",
      "CREATE TABLE workspace.words (id INT64, word STRING)",
      "CREATE TABLE workspace.some (hidden STRING, a STRING, b STRING)",
    ]) {
      const loot = await agent.attack(withPatients(sql));
      assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
    }
  });
  after(async () => {
    other.close();
    await clinic.close();
  });

  const load = (table: string, more: object = {}, job: object = {}) => ({
    ...job,
    configuration: {
      load: {
        destinationTable: { projectId: PROJECT, datasetId: "workspace", tableId: table },
        sourceFormat: "CSV",
        ...more,
      },
    },
  });
  const begin = (body: object, headers: Record<string, string> = {}, path = UPLOAD): Promise<Answer> =>
    agent.send("POST", path, { body, headers });
  async function begun(body: object, path = UPLOAD): Promise<string> {
    const answer = await begin(body, {}, path);
    assert.equal(answer.status, 200, answer.body);
    const { pathname, search, origin } = new URL(String(answer.headers.location));
    assert.equal(origin, rig.url);
    return `${pathname}${search}`;
  }
  const piece = (at: string, range: string | undefined, body: string, who = agent): Promise<Answer> =>
    who.send("PUT", at, {
      body,
      headers: { "content-type": "*/*", ...(range === undefined ? {} : { "content-range": range }) },
    });
  /** A whole file, in one piece. */
  async function sent(body: object, file: string): Promise<Answer> {
    return piece(await begun(body), `bytes 0-${file.length - 1}/${file.length}`, file);
  }
  async function done(answer: Answer): Promise<string> {
    assert.equal(answer.status, 200, answer.body);
    const { jobReference } = JSON.parse(answer.body) as { jobReference: { jobId: string } };
    await agent.results(jobReference.jobId);
    return jobReference.jobId;
  }
  async function cells(table: string): Promise<unknown[][]> {
    const answer = await agent.send("GET", `${V2}/datasets/workspace/tables/${table}/data`);
    const { rows = [] } = JSON.parse(answer.body) as { rows?: { f: { v: unknown }[] }[] };
    return rows.map(({ f }) => f.map(({ v }) => v));
  }
  const range = (answer: Answer) => [answer.status, answer.headers.range];

  it("has one job of them, once, also when the last answer is asked for again", async () => {
    for (const path of [UPLOAD, UPLOAD.replace("/upload", "/resumable/upload")]) {
      const at = await begun(load("words", { writeDisposition: "WRITE_TRUNCATE" }), path);
      assert.deepEqual(range(await piece(at, "bytes */*", "")), [308, undefined]);
      assert.deepEqual(range(await piece(at, "bytes 0-3/*", "1,a\n")), [308, "bytes=0-3"]);
      assert.deepEqual(range(await piece(at, "bytes 4-5/8", "2,")), [308, "bytes=0-5"]);
      assert.deepEqual(range(await piece(at, "bytes */8", "")), [308, "bytes=0-5"]);
      const job = await done(await piece(at, "bytes 6-7/8", "b\n"));
      for (const [again, body] of [
        ["bytes 6-7/8", "b\n"],
        ["bytes */8", ""],
      ] as const)
        assert.equal(await done(await piece(at, again, body)), job);
      assert.deepEqual(await cells("words"), [
        ["1", "a"],
        ["2", "b"],
      ]);
      assertRefused(await agent.send("DELETE", at), 400);
    }
  });

  it("row 46: a piece goes where the last one ended and is what its range says, or nothing is kept of it", async () => {
    const before = jobsRunUpstream(rig);
    const at = await begun(load("words"));
    assert.equal((await piece(at, "bytes 0-3/8", "7,x\n")).status, 308);
    for (const other of ["x-goog-upload-command", "x-goog-upload-offset"]) {
      const headers = { "content-type": "*/*", "content-range": "bytes 4-7/8", [other]: "upload, finalize" };
      assertRefused(await agent.send("PUT", at, { body: "8,y\n", headers }), 400);
    }
    for (const [lie, body] of [
      ["bytes 0-3/8", "8,y\n"],
      ["bytes 3-6/8", "\n8,y"],
      ["bytes 5-8/9", "8,y\n"],
      ["bytes 4-7/9", "8,y\n"],
      ["bytes 4-7/7", "8,y\n"],
      ["bytes 4-6/8", "8,y\n"],
      ["bytes 4-11/*", "8,y\n9,z\n"],
      ["bytes 4-9/8", "8,y\n"],
      ["bytes 7-4/8", "8,y\n"],
      ["bytes 4-7", "8,y\n"],
      ["bytes=4-7/8", "8,y\n"],
      ["bytes -1-3/8", "8,y\n"],
      ["bytes 4-7/8, bytes 8-9/10", "8,y\n"],
      ["bytes 0x4-7/8", "8,y\n"],
      ["bytes */8", "8,y\n"],
      ["bytes */2", ""],
      ["bytes */12", ""],
      [undefined, "8,y\n"],
    ] as const)
      assertRefused(await piece(at, lie, body), 400);
    const packed = await fetch(`${rig.url}${at}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${agent.token}`, "content-range": "bytes 4-7/8", "content-encoding": "gzip" },
      body: gzipSync("8,y\n"),
    });
    assert.equal(packed.status, 415);
    assert.deepEqual(range(await piece(at, "bytes */*", "")), [308, "bytes=0-3"]);
    assert.equal(jobsRunUpstream(rig), before);
    assert.equal((await agent.send("DELETE", at)).status, 499);
    assertRefused(await piece(at, "bytes 4-7/8", "8,y\n"), 404);
  });

  it("takes pieces by POST too, and says 308 otherwise, as Go's client wants it", async () => {
    const at = await begun(load("words", { writeDisposition: "WRITE_TRUNCATE" }));
    const post = (range: string, body: string) =>
      agent.send("POST", at, {
        body,
        headers: { "content-type": "text/plain", "content-range": range, "x-guploader-no-308": "yes" },
      });
    const first = await post("bytes 0-3/*", "1,a\n");
    assert.deepEqual([...range(first), first.headers["x-http-status-code-override"]], [200, "bytes=0-3", "308"]);
    await done(await post("bytes 4-7/8", "2,b\n"));
    assert.equal((await cells("words")).length, 2);
  });

  it("row 44: has its own uploads alone, which lie nowhere on disk", async () => {
    const at = await begun(load("words"));
    assert.equal((await piece(at, "bytes 0-19/40", "9,halfacanaryupload\n")).status, 308);
    assert.deepEqual(findInFolder("halfacanaryupload", rig.state), []);
    for (const [who, where] of [
      [other, at],
      [agent, at.replace(/upload_id=.*/, "upload_id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")],
      [agent, at.replace(/&upload_id=.*/, "")],
    ] as const) {
      assertRefused(await piece(where, "bytes 20-39/40", "9,x\n".repeat(5), who), 404);
      assertRefused(await piece(where, "bytes */*", "", who), 404);
      assertRefused(await who.send("DELETE", where), 404);
    }
    assert.deepEqual(range(await piece(at, "bytes */*", "")), [308, "bytes=0-19"]);
    await agent.send("DELETE", at);
  });

  it("row 46: begins a few, of a bounded size", async () => {
    for (const [body, headers] of [
      [load("words"), { "x-upload-content-length": "5000000001" }],
      [load("words"), { "x-upload-content-length": "-1" }],
      [load("words"), { "x-goog-upload-protocol": "resumable" }],
      [{ configuration: { query: { query: "SELECT 1", useLegacySql: false } } }, {}],
      [load("words", { destinationUri: "gs://x/y" }), {}],
      [{}, {}],
    ] as const)
      assertRefused(await begin(body, headers));
    const at: string[] = [];
    for (let n = 0; n < 2; n++) at.push(await begun(load("words")));
    assertRefused(await begin(load("words")), 403);
    assertRefused(await piece(at[0] ?? "", "bytes 0-9/5000000001", "x".repeat(10)), 413);
    assert.match((await piece(at[0] ?? "", undefined, "x".repeat(10_000_001))).body, /A row is longer than/);
    assertRefused(await piece(at[0] ?? "", "bytes */*", ""), 404);
    at.shift();
    for (const one of at) await agent.send("DELETE", one);
    await agent.send("DELETE", await begun(load("words")));
  });

  it("row 46: sends no more than the room that it said it would take", async () => {
    const before = rig.warehouse.requests.length;
    const answer = await begin(load("words"), { "x-upload-content-length": "10" });
    const { pathname, search } = new URL(String(answer.headers.location));
    const refused = await piece(`${pathname}${search}`, undefined, `1,${"w".repeat(997)}\n`.repeat(11_000));
    assertRefused(refused, 400);
    assert.match(refused.body, /isn't as long as/);
    assert.equal(rig.warehouse.requests.length, before, "nothing was begun");
    await agent.send("DELETE", `${pathname}${search}`);
  });

  it("row 43: a guess sent as a file comes back as no token", async () => {
    await done(await sent(load("taken"), `${secrets.sample.mrn}\n`));
    const found = await cells("taken");
    assert.ok(found.length >= 31);
    assert.deepEqual([...new Set(found.flat())], [null]);
  });

  it("row 43: nor does one sent in more rows than a statement takes", async () => {
    await done(await sent(load("taken"), `${secrets.sample.mrn}\n`.repeat(200_001)));
    assert.ok(
      rig.warehouse.requests.some(({ path }) => path.startsWith("/upload/")),
      "the rows went on as they came",
    );
    const found = await cells("taken");
    assert.ok(found.length > 1000);
    assert.deepEqual([...new Set(found.flat())], [null]);
  });

  it("row 9: columns by their places are no way to one that isn't shown, nor is a schema", async () => {
    assert.match((await sent(load("some"), "x,y\n")).body, /Give the schema of the CSV file's columns/);
    const fields = (...names: string[]) => ({ schema: { fields: names.map((name) => ({ name, type: "STRING" })) } });
    for (const names of [["hidden"], ["a", "hidden"], ["a", "A"], ["a", "more"], ["a", "a"]])
      assertRefused(await sent(load("some", fields(...names)), `${names.join(",")}\n`), 400);
    await done(await sent(load("some", fields("b", "a")), "x,y\n"));
    const loot = await agent.attack("SELECT a, b FROM workspace.some");
    assert.deepEqual(loot.rows, [{ f: [{ v: "y" }, { v: "x" }] }]);
  });

  it("row 36: a file that two read as two is refused, and nothing of it is said", async () => {
    const before = jobsRunUpstream(rig);
    for (const [file, says] of [
      ["\ufeff1,a\n", /byte order mark/],
      ["1,a\r2,b\r", /a CR that ends no line/],
      ["1,a\u0000\n", /control character/],
      ['1,"a"078-05-1120\n', /not CSV/],
      ["1,078-05-1120,x\n", /more fields/],
      ["078-05-1120,x\n", /Row 1, field id: Cannot convert value to int64/],
      ["", /no row/],
    ] as const) {
      const body = Buffer.from(file).toString("latin1");
      const answer = await agent.send("PUT", await begun(load("words")), {
        body: file,
        headers: {
          "content-type": "*/*",
          "content-range": body.length === 0 ? "bytes */0" : `bytes 0-${body.length - 1}/${body.length}`,
        },
      });
      assertRefused(answer, 400);
      assert.match(answer.body, says);
      assert.doesNotMatch(answer.body, /078-05|1120/);
    }
    for (const more of [
      { autodetect: true },
      { encoding: "ISO-8859-1" },
      { fieldDelimiter: '"' },
      { parquetOptions: { enumAsString: true } },
      { sourceFormat: "PARQUET", parquetOptions: { mapTargetType: "STRING" } },
      { decimalTargetTypes: ["NUMERIC"] },
      { sourceFormat: "PARQUET", decimalTargetTypes: ["STRING"] },
      { sourceFormat: "NEWLINE_DELIMITED_JSON", skipLeadingRows: 1 },
      { sourceFormat: "PARQUET" },
      { sourceFormat: "PARQUET", nullMarker: "x" },
      { sourceFormat: "ORC" },
      { timePartitioning: { type: "DAY" } },
      { schemaUpdateOptions: ["ALLOW_FIELD_ADDITION"] },
      { hivePartitioningOptions: { mode: "AUTO" } },
    ]) {
      const began = await begin(load("words", more));
      if (began.status !== 200) assertRefused(began, 400);
      else {
        const { pathname, search } = new URL(String(began.headers.location));
        assertRefused(await piece(`${pathname}${search}`, "bytes 0-3/4", "1,a\n"), 400);
      }
    }
    assert.equal(jobsRunUpstream(rig), before);
  });

  it("gets no thread to end the gateway by a file of few bytes that says it has two thousand million values", async () => {
    const before = jobsRunUpstream(rig);
    const list = Buffer.from([0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x07]);
    const footer = Buffer.concat([list, Buffer.alloc(15_900_000, 1)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    const file = Buffer.concat([Buffer.from("PAR1"), footer, length, Buffer.from("PAR1")]);
    const at = await begun(load("words", { sourceFormat: "PARQUET" }));
    const answer = await fetch(`${rig.url}${at}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${await rig.token("care-summary-agent")}` },
      body: file,
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /not a Parquet file/);
    assert.equal((await agent.send("GET", `${V2}/datasets/workspace/tables/words`)).status, 200);
    assert.equal(jobsRunUpstream(rig), before);
  });
});
