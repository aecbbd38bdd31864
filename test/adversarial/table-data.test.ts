/** Threat-model rows 11, 12 and 44, at tabledata.list: other agents' results, tables read without SQL, tokens moved about. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type Answer, Attacker, approve, assertRefused, pageToken, sessionOfJob } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const V2 = `/bigquery/v2/projects/${PROJECT}`;
const PATIENTS = `${V2}/datasets/ehr/tables/patients`;
const CALENDAR = `${V2}/datasets/ops/tables/calendar`;

interface Listed {
  readonly totalRows: string;
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
  readonly schema?: unknown;
}

function listed(answer: Answer): Listed {
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body) as Listed;
}

describe("tables read without SQL", () => {
  let rig: Rig;
  let clinic: string;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let other: Attacker;
  let rogue: Attacker;
  before(async () => {
    clinic = mkdtempSync(join(tmpdir(), "chaperone-clinic-"));
    cpSync(resolve(import.meta.dirname, "../../examples/clinic"), clinic, { recursive: true });
    rig = await startRig({ patients: 40, clinic, config: { limits: { sessions: { long_poll: "1s" } } } });
    secrets = await protectedValues(rig);
    const namesToo = await protectedValues(rig, { names: true });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = new Attacker(rig, await rig.token("research-agent"), namesToo);
    rogue = new Attacker(rig, await rig.token("rogue-agent"), namesToo);
  });
  after(async () => {
    for (const a of [agent, other, rogue]) a.close();
    await rig.close();
    rmSync(clinic, { recursive: true, force: true });
  });

  /** The path of a finished job's result, and the job. */
  async function result(sql: string): Promise<{ path: string; job: string }> {
    const started = await agent.query(sql);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(rig, jobReference.jobId);
    if (session?.state === "held") await approve(rig, session.id);
    assert.equal((await agent.results(jobReference.jobId, "maxResults=0&timeoutMs=10000")).status, 200);
    const job = JSON.parse((await agent.job(jobReference.jobId)).body) as {
      configuration: { query: { destinationTable: { projectId: string; datasetId: string; tableId: string } } };
    };
    const { projectId, datasetId, tableId } = job.configuration.query.destinationTable;
    assert.equal(projectId, PROJECT);
    return { path: `${V2}/datasets/${datasetId}/tables/${tableId}`, job: jobReference.jobId };
  }

  const MASKED = `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\``;

  it("row 11: a result's table gives its agent the job's masked pages, byte for byte", async () => {
    const { path, job } = await result(MASKED);
    const pages: unknown[] = [];
    let token: string | undefined;
    do {
      const more = token === undefined ? "" : `&pageToken=${encodeURIComponent(token)}`;
      const answer = await agent.send("GET", `${path}/data?maxResults=15${more}`);
      const { rows = [], totalRows, schema } = listed(answer);
      assert.equal(totalRows, "40");
      assert.equal(schema, undefined);
      pages.push(...rows);
      token = pageToken(answer);
    } while (token !== undefined);
    const { rows } = listed(await agent.results(job));
    assert.deepEqual(pages, rows);
    for (const { f } of rows ?? []) assert.match(String(f[1]?.v), /^\*+-?\**-?\d{4}$|^\D*\d{4}$/);
    const described = JSON.parse((await agent.send("GET", path)).body) as { schema: { fields: { name: string }[] } };
    assert.deepEqual(
      described.schema.fields.map(({ name }) => name),
      ["full_name", "ssn"],
    );
  });

  it("rows 11, 44: to anybody else, and under any other name, there is no such table", async () => {
    const { path } = await result(MASKED);
    const absent = await other.send("GET", `${V2}/datasets/_chaperone_results/tables/anon_nothing/data`);
    assertRefused(absent, 404);
    for (const thief of [other, rogue])
      for (const target of [
        `${path}/data`,
        path,
        `${path}/data?startIndex=0&maxResults=1`,
        `${path}/data?maxResults=0`,
        `${path}/data?selectedFields=ssn`,
        `${path}x/data`,
        path.replace("anon_", ""),
        path.replace("_chaperone_results", "_CHAPERONE_RESULTS"),
      ]) {
        const answer = await thief.send("GET", target);
        assertRefused(answer);
        assert.ok([403, 404].includes(answer.status));
        if (target.startsWith(path)) assert.equal(answer.body, absent.body, target);
      }
    assertRefused(await agent.send("GET", `${path}/data?selectedFields=ssn`), 400);
    assertRefused(
      await agent.query(`SELECT * FROM \`${path.replace(/.*datasets\/(.*)\/tables\/(.*)/, `${PROJECT}.$1.$2`)}\``),
    );
  });

  it("row 11: a result's table isn't there before its job is done, nor when it was denied", async () => {
    const started = await agent.query(MASKED);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(rig, jobReference.jobId);
    assert.ok(session);
    const path = `${V2}/datasets/_chaperone_results/tables/anon_${session.id}`;
    assertRefused(await agent.send("GET", `${path}/data`), 404);
    await rig.decide("dana.officer", "deny");
    assertRefused(await agent.send("GET", `${path}/data`), 404);
    assertRefused(await agent.send("GET", path), 404);
  });

  it("row 11: BigQuery's own destination is told to nobody, and what it is called opens nothing", async () => {
    const { job } = await result(MASKED);
    const session = await sessionOfJob(rig, job);
    const upstream = await fetch(`${rig.warehouse.url}/bigquery/v2/projects/${PROJECT}/jobs/chaperone_${session?.id}`);
    const { destinationTable } = (
      (await upstream.json()) as {
        configuration: { query: { destinationTable: { datasetId: string; tableId: string } } };
      }
    ).configuration.query;
    const told = await agent.job(job);
    assert.ok(!told.bytes.includes(destinationTable.tableId));
    assertRefused(
      await agent.send("GET", `${V2}/datasets/${destinationTable.datasetId}/tables/${destinationTable.tableId}/data`),
    );
  });

  it("a table is read as the query that says the same: masks, one approval, and then anew", async () => {
    const path = `${PATIENTS}/data?selectedFields=mrn,full_name,ssn`;
    const first = await agent.send("GET", path);
    assertRefused(first, 403);
    assert.match(first.body, /A person must agree .* waits as job (chaperone_[\w-]+)\./);
    const again = await agent.send("GET", path);
    assert.equal(again.body, first.body);
    await rig.decide("dana.officer", "approve");
    const { rows = [], totalRows } = listed(await agent.send("GET", path));
    assert.equal(totalRows, "40");
    assert.equal(rows.length, 40);
    for (const { f } of rows) assert.equal(f.length, 3);
    // What was approved was one read.
    assertRefused(await agent.send("GET", path), 403);
    await rig.decide("dana.officer", "deny");
  });

  it("a table without a permit for each field is refused, whole or in part", async () => {
    assertRefused(await agent.send("GET", `${PATIENTS}/data`), 403);
    assertRefused(await agent.send("GET", `${PATIENTS}/data?selectedFields=race`), 403);
    // Of what it may not even know.
    for (const unknowing of [other, rogue])
      assertRefused(await unknowing.send("GET", `${PATIENTS}/data?selectedFields=full_name`), 404);
    assertRefused(await agent.send("GET", `${V2}/datasets/billing/tables/claims/data`), 404);
  });

  it("no name of a table or field becomes more SQL than a name", async () => {
    for (const fields of [
      "ssn,mrn",
      "ssn,ssn",
      "address.zip",
      "*",
      "ssn%20AS%20full_name",
      "%60ssn%60",
      "full_name,%60%20FROM%20x%3B--",
      "(SELECT%201)",
      ",",
    ])
      assertRefused(await agent.send("GET", `${PATIENTS}/data?selectedFields=${fields}`), 400);
    for (const table of [
      "patients$20240101",
      "patients$__UNPARTITIONED__",
      "patients.ssn",
      "INFORMATION_SCHEMA.TABLES",
    ])
      assertRefused(await agent.send("GET", `${V2}/datasets/ehr/tables/${table}/data`));
    assertRefused(await agent.send("GET", `${PATIENTS}/data?selectedFields=ssn&selectedFields=mrn`), 400);
  });

  it("row 44: a page token is of one read and one agent", async () => {
    const first = await agent.send("GET", `${CALENDAR}/data?maxResults=5`);
    const token = pageToken(first);
    assert.ok(token);
    const second = await agent.send("GET", `${CALENDAR}/data?maxResults=5&pageToken=${encodeURIComponent(token)}`);
    assert.notDeepEqual(listed(second).rows, listed(first).rows);
    const of = (path: string, text: string) => `${path}/data?pageToken=${encodeURIComponent(text)}`;
    assertRefused(await other.send("GET", of(CALENDAR, token)), 400);
    assertRefused(await agent.send("GET", of(`${V2}/datasets/ops/tables/bed_census`, token)), 400);
    assertRefused(await agent.send("GET", `${of(CALENDAR, token)}&selectedFields=day`), 400);
    const [session = "", sealed = ""] = token.split(".");
    const held = await agent.send("GET", `${PATIENTS}/data?selectedFields=full_name,ssn`);
    assertRefused(held, 403);
    const [, job = ""] = /job (chaperone_[\w-]+)/.exec(held.body) ?? [];
    const waiting = await sessionOfJob(rig, job);
    for (const forged of [
      sealed,
      session,
      `${session}.`,
      `${waiting?.id}.${sealed}`,
      `${session}.${sealed}x`,
      "..",
      ".",
    ])
      assertRefused(await agent.send("GET", of(CALENDAR, forged)), 400);
    assertRefused(await agent.send("GET", of(PATIENTS, `${waiting?.id}.${sealed}`)));
    await rig.decide("dana.officer", "deny");
  });

  it("row 12: a page after the policy changed is refused", async () => {
    const { path } = await result(MASKED);
    const first = await agent.send("GET", `${path}/data?maxResults=10`);
    const token = pageToken(first);
    assert.ok(token);
    await rig.restart(() => writeFileSync(join(clinic, "policies/zz-forbid.cedar"), FORBID));
    assertRefused(await agent.send("GET", `${path}/data?maxResults=10&pageToken=${encodeURIComponent(token)}`), 403);
    await rig.restart(() => rmSync(join(clinic, "policies/zz-forbid.cedar")));
  });

  it("what upstream answers otherwise than agreed leaves nothing, and alarms", async () => {
    rig.warehouse.misbehave({ kind: "reordered-columns", target: "results", times: "always" });
    const answer = await agent.send("GET", `${V2}/datasets/ops/tables/bed_census/data`);
    assert.notEqual(answer.status, 200);
    rig.warehouse.calm();
  });

  it("row 44: no page comes once the agent is suspended, of a result or of a table", async () => {
    const { path } = await result(MASKED);
    const targets: string[] = [];
    for (const table of [path, CALENDAR]) {
      const token = pageToken(await agent.send("GET", `${table}/data?maxResults=5`));
      assert.ok(token);
      targets.push(`${table}/data?maxResults=5&pageToken=${encodeURIComponent(token)}`);
    }
    for (const target of targets) assert.equal((await agent.send("GET", target)).status, 200);
    await rig.person("sam.sponsor").post("agents/suspend", {
      issuer: rig.identityProvider.issuer,
      subject: "care-summary-agent",
      reason: "as the test says",
    });
    for (const target of targets) assertRefused(await agent.send("GET", target), 403);
  });
});

const FORBID = `@id("no-ssn")
forbid (principal, action == Action::"read", resource)
when { resource in DataClass::"phi.ssn" };
`;
