/** Threat-model rows 11, 12, 40 and 44: other agents' jobs, pages, tables, and what a job's description tells. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, approve, assertRefused, pageToken, sessionOfJob } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const P = `\`${PROJECT}.ehr.patients\``;
const JOBS = `/bigquery/v2/projects/${PROJECT}/jobs`;
const QUERIES = `/bigquery/v2/projects/${PROJECT}/queries`;

describe("jobs and pages", () => {
  let rig: Rig;
  let clinic: string;
  let secrets: ProtectedValues;
  let namesToo: ProtectedValues;
  let agent: Attacker;
  let other: Attacker;
  let rogue: Attacker;
  before(async () => {
    clinic = mkdtempSync(join(tmpdir(), "chaperone-clinic-"));
    cpSync(resolve(import.meta.dirname, "../../examples/clinic"), clinic, { recursive: true });
    rig = await startRig({ patients: 40, clinic });
    secrets = await protectedValues(rig);
    namesToo = await protectedValues(rig, { names: true });
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = new Attacker(rig, await rig.token("research-agent"), namesToo);
    rogue = new Attacker(rig, await rig.token("rogue-agent"), namesToo);
  });
  after(async () => {
    for (const a of [agent, other, rogue]) a.close();
    await rig.close();
    rmSync(clinic, { recursive: true, force: true });
  });

  /** A finished job of the care agent's, and a token of its second page. */
  async function finished(sql = `SELECT full_name, ssn FROM ${P}`): Promise<{ job: string; page: string }> {
    const started = await agent.query(sql);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const session = await sessionOfJob(rig, jobReference.jobId);
    assert.equal(session?.state, "held");
    await approve(rig, session.id);
    const first = await agent.results(jobReference.jobId, "maxResults=10&timeoutMs=10000");
    assert.equal(first.status, 200, first.body);
    const page = pageToken(first);
    assert.ok(page);
    return { job: jobReference.jobId, page };
  }

  it("row 44: another agent's job is not there, whatever is asked of it", async () => {
    const { job, page } = await finished();
    const absent = await other.results("chaperone_nothing_of_this_name");
    assertRefused(absent, 404);
    for (const thief of [other, rogue])
      for (const [method, path] of [
        ["GET", `${QUERIES}/${job}`],
        ["GET", `${QUERIES}/${job}?location=US`],
        ["GET", `${QUERIES}/${job}?maxResults=0`],
        ["GET", `${QUERIES}/${job}?pageToken=${encodeURIComponent(page)}`],
        ["GET", `${QUERIES}/${job}?startIndex=0&maxResults=1`],
        ["GET", `${JOBS}/${job}`],
        ["GET", `${JOBS}/${job}?projection=full`],
        ["POST", `${JOBS}/${job}/cancel`],
        ["GET", `${QUERIES}/${job.toUpperCase()}`],
        ["GET", `${QUERIES}/${PROJECT}:US.${job}`],
      ] as const) {
        const answer = await thief.send(method, path);
        assertRefused(answer, 404);
        // The same answer as for a job that nobody has.
        assert.equal(answer.body, absent.body);
      }
    for (const thief of [other, rogue]) {
      const list = await thief.send("GET", `${JOBS}?projection=full`);
      assert.ok(!list.body.includes(job) && !list.body.includes("care-summary"));
      assertRefused(await thief.send("GET", `${JOBS}?allUsers=true`), 403);
    }
    assert.equal((await agent.job(job)).status, 200);
  });

  it("row 44: a job id taken by one agent tells another nothing", async () => {
    const insert = (who: Attacker, jobId: string) =>
      who.send("POST", JOBS, {
        body: {
          jobReference: { projectId: PROJECT, jobId, location: "US" },
          configuration: { query: { query: "SELECT 1", useLegacySql: false } },
        },
      });
    assert.equal((await insert(agent, "shared_name")).status, 200);
    assert.equal((await insert(other, "shared_name")).status, 200);
    assertRefused(await insert(agent, "shared_name"), 409);
    assert.equal(JSON.parse((await other.job("shared_name")).body).configuration.query.query, "SELECT 1");
  });

  it("row 44: a job that is named after a session, or after another's job, doesn't stand before it in the record", async () => {
    const { job } = await finished();
    const session = job.slice("chaperone_".length);
    const auditor = rig.person("avery.auditor");
    type Shown = { session: string; sql: string };
    const before = await auditor.get<Shown>(`sessions/${session}`);
    const insert = (who: Attacker, jobId: string) =>
      who.send("POST", JOBS, {
        body: {
          jobReference: { projectId: PROJECT, jobId, location: "US" },
          configuration: { query: { query: "SELECT 'harmless'", useLegacySql: false } },
        },
      });
    for (const [who, name] of [
      [agent, session],
      [other, session],
      [other, job],
    ] as const)
      assert.equal((await insert(who, name)).status, 200);
    for (const name of [session, job]) {
      assert.deepEqual(await auditor.get<Shown>(`sessions/${name}`), before);
      assert.deepEqual((await auditor.get<{ access: Shown }>(`sessions/${name}/replay`)).access, before);
    }
    assert.match(before.sql, /ssn/);
    // As long as a job's id may be, as some schedulers make them.
    const long = `airflow_${"x".repeat(1016)}`;
    assert.equal((await insert(other, long)).status, 200);
    assert.match((await auditor.get<Shown>(`sessions/${long}`)).sql, /SELECT/);
    // Two of one name, of which nobody can say which is meant.
    for (const who of [agent, other]) assert.equal((await insert(who, "same_name")).status, 200);
    await assert.rejects(auditor.get("sessions/same_name"), { status: 409, message: /Ask for one of their sessions/ });
  });

  it("row 44: one requestId of two agents is two queries, and of two queries is refused", async () => {
    const [mine, theirs] = [
      await agent.query("SELECT 1", { requestId: "r1" }),
      await other.query("SELECT 2", { requestId: "r1" }),
    ];
    assert.equal(mine.status, 200);
    assert.equal(theirs.status, 200);
    assert.notEqual(JSON.parse(mine.body).jobReference.jobId, JSON.parse(theirs.body).jobReference.jobId);
    assertRefused(await agent.query(`SELECT vin FROM ${P}`, { requestId: "r1" }), 400);
  });

  it("row 44: a page token is of one job and one agent, and can't be made, changed or moved", async () => {
    const one = await finished();
    const two = await finished(`SELECT mrn FROM ${P}`);
    const own = await other.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 50)) x", {
      timeoutMs: 10_000,
      maxResults: 10,
    });
    assert.equal(own.status, 200);
    const theirs = JSON.parse(own.body) as { jobReference: { jobId: string }; pageToken: string };
    const raw = Buffer.from(one.page, "base64url");
    const flipped = (at: number) =>
      Buffer.from(raw.map((b, i) => (i === (at + raw.length) % raw.length ? b ^ 1 : b))).toString("base64url");
    for (const [who, job, token] of [
      [agent, two.job, one.page],
      [agent, one.job, two.page],
      [other, theirs.jobReference.jobId, one.page],
      [agent, one.job, theirs.pageToken],
      [agent, one.job, flipped(0)],
      [agent, one.job, flipped(-1)],
      [agent, one.job, flipped(20)],
      [agent, one.job, one.page.slice(0, -4)],
      [agent, one.job, Buffer.from('{"upstream":"x","row":0}').toString("base64url")],
      [agent, one.job, "x"],
      [agent, one.job, "../../x"],
      [agent, one.job, "\u0000"],
    ] as const) {
      const answer = await who.results(job, `pageToken=${encodeURIComponent(token)}`);
      assertRefused(answer, 400);
    }
    // What a token says is sealed: not even base64 shows upstream's own.
    assert.ok(!raw.toString("latin1").includes("upstream"));
    assert.equal((await agent.results(one.job, `pageToken=${encodeURIComponent(one.page)}`)).status, 200);
  });

  it("row 44: a location that isn't the job's finds nothing", async () => {
    const { job } = await finished();
    for (const location of ["EU", "us-east1", "US-", "%00US", "U%53%20"])
      assertRefused(await agent.results(job, `location=${location}`), 404);
    assertRefused(await agent.query("SELECT 1", { location: "EU" }), 400);
  });

  it("row 11: BigQuery's own anonymous table, hidden tables and previews give nothing past policy", async () => {
    const { job } = await finished();
    const upstream = rig.warehouse.requests.findLast((r) => JSON.stringify(r.body).includes("chaperone_"));
    assert.ok(upstream);
    const { destinationTable } = JSON.parse((await agent.job(job)).body).configuration.query;
    assert.equal(destinationTable.datasetId, "_chaperone_results");
    for (const path of [
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients/data`,
      `/bigquery/v2/projects/${PROJECT}/datasets/_anon/tables/anon${job}/data`,
      `/bigquery/v2/projects/${PROJECT}/datasets/_hidden/tables/x/data?maxResults=1`,
      `/projects/${PROJECT}/datasets/ehr/tables/patients/data?selectedFields=ssn`,
    ])
      assertRefused(await agent.send("GET", path));
    for (const table of [`_anon.anon${job}`, `_0123456789abcdef.anon`, "_SESSION.x", "_script0.x"])
      assertRefused(await agent.query(`SELECT * FROM \`${PROJECT}.${table}\``));
    assertRefused(
      await agent.send("POST", "/google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession", { body: {} }),
    );
  });

  it("row 11: a table's description has names and types of what may be described, and no word, row count or partition", async () => {
    for (const [who, table] of [
      [agent, "ehr/tables/patients"],
      [agent, "ehr/tables/encounters"],
      [other, "ehr/tables/conditions"],
      [other, "ehr/tables/patients"],
      [rogue, "ehr/tables/patients"],
      [agent, "billing/tables/claims"],
    ] as const) {
      const answer = await who.send("GET", `/bigquery/v2/projects/${PROJECT}/datasets/${table}?view=FULL`);
      for (const word of [
        "numRows",
        "numBytes",
        `description":`,
        "labels",
        "policyTags",
        "lastModified",
        "etag",
        "selfLink",
        "Social",
      ])
        assert.ok(!answer.body.includes(`"${word}`), `${table}: ${word}`);
      if (who !== agent && table.endsWith("patients")) assertRefused(answer);
      if (table.startsWith("billing")) assertRefused(answer);
    }
    const list = await rogue.send("GET", `/bigquery/v2/projects/${PROJECT}/datasets`);
    assert.ok(!list.body.includes('"ehr"') && !list.body.includes("billing"));
  });

  it("row 40: a job's description carries no plan, no account, nobody else's query", async () => {
    const { job } = await finished(`SELECT full_name, ssn, mrn FROM ${P}`);
    for (const answer of [
      await agent.job(job),
      await agent.send("GET", `${JOBS}/${job}?projection=full&fields=statistics,user_email`),
      await agent.send("GET", `${JOBS}?projection=full`),
    ]) {
      assert.equal(answer.status, 200);
      for (const word of [
        "queryPlan",
        "timeline",
        "user_email",
        "principal_subject",
        "referencedTables",
        "totalSlotMs",
        "totalBytesBilled",
        "slotMillis",
        "finalExecutionDurationMs",
        "sessionInfo",
        "numDmlAffectedRows",
        "selfLink",
        "etag",
        "research-agent",
        "dana",
        "GENERATE_ARRAY",
      ])
        assert.ok(!answer.body.includes(word), `the job tells ${word}`);
    }
  });

  it("row 12: nothing is cached: upstream is told so, and the agent can't ask for it", async () => {
    const answer = await agent.query("SELECT 41 + 1 AS x", { useQueryCache: true, timeoutMs: 10_000 });
    assert.equal(JSON.parse(answer.body).cacheHit, false);
    for (const { body } of rig.warehouse.requests) {
      const query = (body.configuration as { query?: { useQueryCache?: boolean } } | undefined)?.query;
      if (query !== undefined) assert.equal(query.useQueryCache, false);
    }
  });

  it("row 12: policy is asked again at each page: a page of an approved query doesn't come once the policy is stricter", async () => {
    const { job, page } = await finished();
    const file = join(clinic, "policies", "clinical.cedar");
    const text = readFileSync(file, "utf8");
    await rig.restart(() => writeFileSync(file, text.replace('@mask("last4")', '@mask("null")')));
    const next = await agent.results(job, `pageToken=${encodeURIComponent(page)}`);
    assertRefused(next, 403);
    assertRefused(await agent.results(job, "startIndex=0&timeoutMs=10000"), 403);
    // Nor how many rows there are, at any door.
    const results = `/bigquery/v2/projects/${PROJECT}/datasets/_chaperone_results/tables/anon_${job.slice("chaperone_".length)}`;
    assertRefused(await agent.results(job, "maxResults=0&timeoutMs=10000"), 403);
    assertRefused(await agent.send("GET", `${results}/data?maxResults=0`), 403);
    assertRefused(await agent.send("GET", results), 403);
    await rig.restart(() => writeFileSync(file, text));
    assert.equal((await agent.results(job, `pageToken=${encodeURIComponent(page)}`)).status, 200);
    const refusals = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("idx")
      .where("type", "=", "release.refused")
      .execute();
    assert.equal(refusals.length, 5);
  });

  it("row 12: that there are so many rows leaves at no door without a record", async () => {
    const { job } = await finished();
    const results = `/bigquery/v2/projects/${PROJECT}/datasets/_chaperone_results/tables/anon_${job.slice("chaperone_".length)}`;
    for (const [i, ask] of [
      () => agent.results(job, "maxResults=0&timeoutMs=10000"),
      () => agent.send("GET", `${results}/data?maxResults=0`),
      () => agent.send("GET", results),
    ].entries()) {
      assert.match((await ask()).body, /"(totalRows|numRows)":"\d+"/);
      const counted = await rig.gateway.store.db
        .selectFrom("ledger_entries")
        .select("bytes")
        .where("type", "=", "release.counted")
        .where("session", "=", job.slice("chaperone_".length))
        .execute();
      assert.equal(counted.length, i + 1);
    }
  });

  it("row 12: a page that nobody agreed to doesn't come once somebody must", async () => {
    const started = await agent.query(`SELECT day FROM \`${PROJECT}.ops.calendar\` ORDER BY day LIMIT 9`, {
      timeoutMs: 10_000,
      maxResults: 3,
    });
    assert.equal(started.status, 200, started.body);
    const { jobReference } = JSON.parse(started.body) as { jobReference: { jobId: string } };
    const more = `pageToken=${encodeURIComponent(pageToken(started) ?? assert.fail("one page"))}`;
    const file = join(clinic, "policies", "everyone.cedar");
    const text = readFileSync(file, "utf8");
    await rig.restart(() => writeFileSync(file, text.replace("permit (", '@approval("privacy-officers")\npermit (')));
    assertRefused(await agent.results(jobReference.jobId, more), 403);
    await rig.restart(() => writeFileSync(file, text));
    assert.equal((await agent.results(jobReference.jobId, more)).status, 200);
  });

  it("row 12: a looser policy doesn't loosen what was decided", async () => {
    const { job, page } = await finished();
    const file = join(clinic, "policies", "clinical.cedar");
    const text = readFileSync(file, "utf8");
    await rig.restart(() => writeFileSync(file, text.replace('@mask("last4")', '@mask("none")')));
    const next = await agent.results(job, `pageToken=${encodeURIComponent(page)}`);
    assertRefused(next, 403);
    await rig.restart(() => writeFileSync(file, text));
  });

  it("row 48: with the store gone no query runs and no page leaves", async () => {
    const { job, page } = await finished();
    await rig.gateway.store.close();
    const before = rig.warehouse.requests.length;
    for (const answer of [
      await agent.results(job, `pageToken=${encodeURIComponent(page)}`),
      await agent.results(job),
      await agent.query(`SELECT day FROM \`${PROJECT}.ops.calendar\``, { timeoutMs: 1000 }),
      await agent.query(`SELECT ssn FROM ${P}`),
    ]) {
      assertRefused(answer);
      assert.ok(answer.status >= 500);
    }
    assert.equal(rig.warehouse.requests.length, before, "upstream was asked without evidence");
  });
});
