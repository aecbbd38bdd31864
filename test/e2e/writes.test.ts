/** What an agent writes: held, approved, written once, its classes with it; and read back under them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import type { Access, ReplayStep } from "../../packages/gateway/src/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const LIST = `CREATE TABLE workspace.list AS
  SELECT p.full_name AS who, p.ssn AS number, c.code FROM ehr.patients p JOIN ehr.conditions c USING (patient_id)`;

describe("an agent that writes", () => {
  let rig: Rig;
  let client: BigQuery;
  before(async () => {
    rig = await startRig({ patients: 200 });
    client = await rig.client("care-summary-agent");
  });
  after(() => rig.close());

  const run = async (query: string, approved = true) => {
    const answer = client.query({ query, defaultDataset: { datasetId: "workspace", projectId: PROJECT } });
    answer.catch(() => undefined);
    const view = approved ? await rig.decide("dana.officer", "approve") : undefined;
    const [rows] = await answer;
    return { rows: rows as Record<string, unknown>[], view };
  };
  const steps = async (session: string) =>
    (await rig.person("avery.auditor").get<{ steps: ReplayStep[] }>(`sessions/${session}/replay`)).steps;

  it("is held; the reviewer sees what would be written where; it runs once and answers no rows", async () => {
    const { rows, view } = await run(LIST);
    assert.deepEqual(rows, []);
    assert.equal(view?.statementType, "CREATE_TABLE_AS_SELECT");
    const [write] = view?.writes ?? [];
    assert.equal(write?.table, `${PROJECT}.workspace.list`);
    assert.equal(write?.mode, "create");
    assert.deepEqual(
      write?.columns.map(({ name, explicit }) => [name, explicit.map(({ column }) => column)]),
      [
        ["who", [`${PROJECT}.ehr.patients.full_name`]],
        ["number", [`${PROJECT}.ehr.patients.ssn`]],
        ["code", [`${PROJECT}.ehr.conditions.code`]],
      ],
    );
    const written = view?.uses.filter(({ action }) => action === "write") ?? [];
    assert.deepEqual(
      written.map(({ path, classes }) => [path, classes.includes("phi.ssn"), classes.includes("phi.name")]),
      [
        ["*", false, false],
        ["code", false, false],
        ["number", true, false],
        ["who", false, true],
      ],
    );
  });

  it("leaves a record: which classes travelled before the job started, how many rows were written", async () => {
    const { accesses } = await rig.person("avery.auditor").get<{ accesses: Access[] }>("sessions");
    const access = accesses.find(({ statementType }) => statementType === "CREATE_TABLE_AS_SELECT");
    assert.equal(access?.state, "done");
    const replayed = await steps(access?.session ?? "");
    const running = replayed.find(({ type }) => type === "session.running")?.data ?? {};
    assert.deepEqual(
      (running.travelling as { column: string; classes: string[] }[]).map(({ column, classes }) => [
        column.replace(`${PROJECT}.workspace.list.`, ""),
        classes,
      ]),
      [
        ["*", ["phi"]],
        ["who", ["phi.name"]],
        ["number", ["phi.ssn"]],
        ["code", ["phi.clinical.diagnosis"]],
      ],
    );
  });

  it("reads it back under the masks of what it wrote, whatever the columns are called", async () => {
    const { rows, view } = await run("SELECT who, number FROM list LIMIT 5");
    assert.equal(rows.length, 5);
    // An SSN that agents could have written beside shows nothing (threat-model row 43).
    for (const { number } of rows) assert.equal(number, null);
    assert.ok(view?.uses.some(({ path, classes }) => path === "number" && classes.includes("phi.ssn")));
  });

  it("may not filter by what became an SSN there", async () => {
    await assert.rejects(run("SELECT COUNT(*) AS n FROM list WHERE number < '5'", false), (error: Error) =>
      /infer of .*list\.number \(phi\.ssn\)/.test(error.message),
    );
  });

  it("takes the classes on, from table to table and by INSERT, UPDATE and MERGE", async () => {
    await run("CREATE TABLE workspace.plain (a STRING, b STRING)");
    await run("INSERT INTO workspace.plain (a, b) VALUES ('x', 'y')");
    const before = await run("SELECT a, b FROM plain", false);
    assert.deepEqual(before.rows, [{ a: "x", b: "y" }]);
    await run("INSERT INTO workspace.plain (a) SELECT number FROM list LIMIT 2");
    const { rows } = await run("SELECT a FROM plain");
    for (const { a } of rows) assert.doesNotMatch(String(a), /^\d{3}-\d{2}-\d{4}$/);
    // `a` may hold SSNs now: a filter on it is a search among them.
    await assert.rejects(run("UPDATE workspace.plain SET b = 'found' WHERE a = 'x'", false), /infer of .*plain\.a/);
  });

  it("doesn't learn how many rows it wrote", async () => {
    const [job] = await client.createQueryJob({ query: "INSERT INTO workspace.plain (b) VALUES ('z')" });
    await rig.decide("dana.officer", "approve");
    const [, , answer] = await job.getQueryResults({ autoPaginate: false });
    assert.doesNotMatch(JSON.stringify(answer), /numDml|dmlStats|totalRows/);
    const [metadata] = await job.getMetadata();
    assert.equal(metadata.statistics.query.statementType, "INSERT");
    assert.doesNotMatch(JSON.stringify(metadata), /numDml|dmlStats/);
    const { accesses } = await rig.person("avery.auditor").get<{ accesses: Access[] }>("sessions");
    const replayed = await steps(accesses.find(({ job: id }) => id === job.id)?.session ?? "");
    assert.equal(replayed.find(({ type }) => type === "session.done")?.data.rowsWritten, 1);
  });

  it("keeps the classes over a restart", async () => {
    await rig.restart();
    const { rows } = await run("SELECT number FROM list LIMIT 1");
    assert.equal(rows[0]?.number, null);
  });

  it("writes nowhere else, and changes nothing of the record", async () => {
    for (const query of [
      "CREATE TABLE ops.mine AS SELECT 1 AS x",
      "INSERT INTO ops.calendar (weekday) SELECT full_name FROM ehr.patients",
      "UPDATE ehr.patients SET full_name = 'x' WHERE TRUE",
      "DELETE FROM ehr.patients WHERE TRUE",
      "DROP TABLE ehr.patients",
      "TRUNCATE TABLE ehr.patients",
      "ALTER TABLE ehr.patients RENAME COLUMN ssn TO harmless",
    ])
      await assert.rejects(run(query, false), { code: 403 }, query);
  });
});
