import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let client: BigQuery;

before(async () => {
  warehouse = await startWarehouse({ patients: 2500 });
  // Without this the client looks for a cloud's metadata server, on the network.
  process.env.METADATA_SERVER_DETECTION = "none";
  // The client takes an endpoint without credentials only from this variable, read in its constructor.
  process.env.BIGQUERY_EMULATOR_HOST = `${warehouse.url}/bigquery/v2`;
  client = new BigQuery({ projectId: "demo-clinic" });
  delete process.env.BIGQUERY_EMULATOR_HOST;
});
after(() => warehouse.close());

test("the official client reads nested rows and types", async () => {
  const [rows] = await client.query({
    query:
      "SELECT patient_id, address, contacts, created_at, birth_date, balance, active FROM ehr.patients WHERE patient_id = @id",
    params: { id: 3 },
  });
  const row = rows[0];
  assert.equal(row.patient_id, 3);
  assert.equal(typeof row.address.zip, "string");
  assert.ok(Array.isArray(row.contacts));
  assert.match(row.created_at.value, /^\d{4}-\d\d-\d\dT/);
  assert.match(row.birth_date.value, /^\d{4}-\d\d-\d\d$/);
  assert.match(row.balance.toFixed(), /^\d+(\.\d+)?$/);
  assert.equal(typeof row.active, "boolean");
});

test("it pages through 2,500 rows", async () => {
  const [rows] = await client.query({ query: "SELECT patient_id FROM ehr.patients ORDER BY 1", maxResults: 1000 });
  assert.deepEqual(
    rows.map((row: { patient_id: number }) => row.patient_id),
    Array.from({ length: 2500 }, (_, i) => i + 1),
  );
});

test("it binds parameters of every shape", async () => {
  const [rows] = await client.query({
    query: "SELECT @s AS s, @n AS n, @d AS d, ARRAY_LENGTH(@list) AS l, @st.a AS a",
    params: { s: "o'clock", n: 1.5, d: BigQuery.date("2020-01-02"), list: [1, 2, 3], st: { a: "x" } },
  });
  assert.deepEqual(JSON.parse(JSON.stringify(rows[0])), {
    s: "o'clock",
    n: 1.5,
    d: { value: "2020-01-02" },
    l: 3,
    a: "x",
  });
});

test("it dry-runs", async () => {
  const [job] = await client.createQueryJob({ query: "SELECT ssn FROM ehr.patients", dryRun: true });
  assert.equal(job.metadata.statistics.query.statementType, "SELECT");
});

test("it sees a job run and cancels it", async () => {
  const [job] = await client.createQueryJob(
    "SELECT COUNT(*) FROM ehr.patients a, ehr.patients b, ehr.patients c WHERE a.ssn < b.ssn AND b.ssn < c.ssn",
  );
  await job.cancel();
  await assert.rejects(job.getQueryResults(), /cancelled/);
});

test("it raises BigQuery's errors with their code", async () => {
  await assert.rejects(client.query("SELECT ssn FROM ehr.nowhere"), { code: 404 });
  await assert.rejects(client.query("SELECT nope FROM ehr.patients"), { code: 400 });
});

test("it lists datasets and reads a table's rows", async () => {
  const [datasets] = await client.getDatasets();
  assert.deepEqual(
    datasets.map((dataset) => dataset.id),
    ["ehr", "billing", "directory", "research", "ops", "workspace"],
  );
  const [rows] = await client.dataset("ops").table("calendar").getRows({ maxResults: 2 });
  assert.equal(rows.length, 2);
});
