import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isObject, type JsonObject, objectAt } from "./rest/json.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;

before(async () => {
  warehouse = await startWarehouse({ patients: 300, allowMisbehave: true });
});
after(() => warehouse.close());

interface Reply {
  readonly status: number;
  readonly body: JsonObject;
  readonly text: string;
}

async function call(method: string, path: string, body?: object): Promise<Reply> {
  const response = await fetch(`${warehouse.url}/bigquery/v2/projects/demo-clinic${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed: unknown = JSON.parse(text);
  return { status: response.status, body: isObject(parsed) ? parsed : {}, text };
}

const query = (sql: string, more: object = {}): Promise<Reply> =>
  call("POST", "/queries", { query: sql, useLegacySql: false, ...more });
const PATIENTS = "`demo-clinic`.`ehr`.`patients`";

function reason(reply: Reply): unknown {
  const errors = objectAt(reply.body, "error").errors;
  const first = Array.isArray(errors) ? errors[0] : undefined;
  return isObject(first) ? first.reason : undefined;
}

function rowsOf(reply: Reply): unknown[] {
  const rows = reply.body.rows;
  return Array.isArray(rows) ? rows : [];
}

describe("metadata", () => {
  test("datasets carry their labels, tables their descriptions, labels and policy tags", async () => {
    const datasets = await call("GET", "/datasets");
    assert.match(datasets.text, /"labels":\{"phi":"true"\}/);
    const table = await call("GET", "/datasets/ehr/tables/patients");
    assert.equal(table.body.numRows, "300");
    assert.deepEqual(table.body.labels, { phi: "true" });
    assert.match(table.text, /policyTags\/ssn/);
    assert.equal(typeof table.body.etag, "string");
  });
  test("a table can be made and is there", async () => {
    const made = await call("POST", "/datasets/ops/tables", {
      tableReference: { projectId: "demo-clinic", datasetId: "ops", tableId: "shifts" },
      schema: { fields: [{ name: "who", type: "STRUCT", mode: "REPEATED", fields: [{ name: "id", type: "INT64" }] }] },
    });
    assert.equal(made.status, 200);
    assert.match((await call("GET", "/datasets/ops/tables")).text, /"tableId":"shifts"/);
    const again = await call("POST", "/datasets/ops/tables", {
      tableReference: { tableId: "shifts" },
      schema: { fields: [{ name: "a", type: "STRING" }] },
    });
    assert.deepEqual([again.status, reason(again)], [409, "duplicate"]);
  });
  test("what isn't there is a 404 notFound", async () => {
    const reply = await call("GET", "/datasets/ehr/tables/PATIENTS");
    assert.deepEqual([reply.status, reason(reply)], [404, "notFound"]);
  });
  test("the bare prefix answers too", async () => {
    assert.equal((await fetch(`${warehouse.url}/projects`)).status, 200);
  });
});

describe("queries", () => {
  test("answer with schema before rows and statistics after", async () => {
    const reply = await query(`SELECT patient_id FROM ${PATIENTS} LIMIT 1`);
    assert.deepEqual(Object.keys(reply.body), [
      "kind",
      "schema",
      "jobReference",
      "totalRows",
      "rows",
      "totalBytesProcessed",
      "jobComplete",
      "cacheHit",
    ]);
  });
  test("page through a result without loss", async () => {
    const first = await query(`SELECT patient_id FROM ${PATIENTS} ORDER BY patient_id`, { maxResults: 130 });
    const job = String(objectAt(first.body, "jobReference").jobId);
    const seen = rowsOf(first);
    let token = first.body.pageToken;
    while (typeof token === "string") {
      const page = await call("GET", `/queries/${job}?maxResults=130&pageToken=${token}`);
      seen.push(...rowsOf(page));
      token = page.body.pageToken;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 300 }, (_, i) => ({ f: [{ v: String(i + 1) }] })),
    );
    const middle = await call("GET", `/queries/${job}?startIndex=299`);
    assert.deepEqual(rowsOf(middle), [{ f: [{ v: "300" }] }]);
    const foreign = await query("SELECT 1");
    const other = String(objectAt(foreign.body, "jobReference").jobId);
    assert.equal((await call("GET", `/queries/${other}?pageToken=${String(first.body.pageToken)}`)).status, 400);
  });
  test("`fields` keeps only what it names", async () => {
    const job = String(objectAt((await query("SELECT 1")).body, "jobReference").jobId);
    const reply = await call("GET", `/queries/${job}?fields=jobReference,totalRows,pageToken,rows`);
    assert.deepEqual(Object.keys(reply.body), ["jobReference", "totalRows", "rows"]);
  });
  test("timestamps come in the three formats", async () => {
    const job = String(
      objectAt((await query("SELECT TIMESTAMP '2020-01-01 00:00:00.000001' AS t")).body, "jobReference").jobId,
    );
    const read = async (options: string): Promise<unknown> =>
      rowsOf(await call("GET", `/queries/${job}?${options}`))[0];
    assert.deepEqual(await read(""), { f: [{ v: "1.577836800000001E9" }] });
    assert.deepEqual(await read("formatOptions.useInt64Timestamp=true"), { f: [{ v: "1577836800000001" }] });
    assert.deepEqual(await read("formatOptions.timestampOutputFormat=ISO8601_STRING"), {
      f: [{ v: "2020-01-01T00:00:00.000001Z" }],
    });
  });
  test("the same requestId is the same job", async () => {
    const id = async (): Promise<unknown> =>
      objectAt((await query("SELECT GENERATE_UUID()", { requestId: "r-1" })).body, "jobReference").jobId;
    assert.equal(await id(), await id());
  });
  test("legacy SQL, the default, is refused", async () => {
    assert.equal((await call("POST", "/queries", { query: "SELECT 1" })).status, 400);
  });
  test("maximumBytesBilled holds", async () => {
    const reply = await query(`SELECT ssn FROM ${PATIENTS}`, { maximumBytesBilled: "1" });
    assert.deepEqual([reply.status, reason(reply)], [400, "bytesBilledLimitExceeded"]);
  });
});

describe("jobs", () => {
  const insert = (sql: string, more: object = {}, jobId?: string): Promise<Reply> =>
    call("POST", "/jobs", {
      configuration: { query: { query: sql, useLegacySql: false, ...more }, labels: { team: "a" } },
      ...(jobId === undefined ? {} : { jobReference: { projectId: "demo-clinic", jobId } }),
    });
  const state = (reply: Reply): unknown => objectAt(reply.body, "status").state;

  test("begin PENDING and end DONE, with an anonymous destination table", async () => {
    const begun = await insert("SELECT 1 AS x", {}, "my-job");
    assert.equal(state(begun), "PENDING");
    assert.equal(rowsOf(await call("GET", "/queries/my-job")).length, 1);
    const done = await call("GET", "/jobs/my-job");
    assert.equal(state(done), "DONE");
    assert.deepEqual(objectAt(done.body, "configuration").labels, { team: "a" });
    const destination = objectAt(objectAt(objectAt(done.body, "configuration"), "query"), "destinationTable");
    assert.match(String(destination.datasetId), /^_anon/);
    const data = await call(
      "GET",
      `/datasets/${String(destination.datasetId)}/tables/${String(destination.tableId)}/data`,
    );
    assert.deepEqual([rowsOf(data), "schema" in data.body], [[{ f: [{ v: "1" }] }], false]);
  });
  test("an id taken twice is a duplicate", async () => {
    await insert("SELECT 1", {}, "twice");
    const again = await insert("SELECT 1", {}, "twice");
    assert.deepEqual([again.status, reason(again)], [409, "duplicate"]);
  });
  test("a pending job answers getQueryResults with jobComplete false, and can be cancelled", async () => {
    warehouse.misbehave({ kind: "job-delay", milliseconds: 1000 });
    await insert("SELECT 1", {}, "held");
    const waiting = await call("GET", "/queries/held?timeoutMs=20&maxResults=0");
    assert.deepEqual([waiting.body.jobComplete, "rows" in waiting.body], [false, false]);
    await call("POST", "/jobs/held/cancel");
    const ended = await call("GET", "/jobs/held");
    assert.equal(objectAt(objectAt(ended.body, "status"), "errorResult").reason, "stopped");
  });
  test("a query that fails ends its job with BigQuery's error", async () => {
    await insert("SELECT CAST('x1' AS INT64)", {}, "fails");
    assert.equal((await call("GET", "/queries/fails")).status, 400);
    const status = objectAt((await call("GET", "/jobs/fails")).body, "status");
    assert.deepEqual(status.errorResult, { reason: "invalidQuery", message: "Bad int64 value: x1" });
  });
  test("a dry run names statement, tables and schema and makes no job", async () => {
    const reply = await call("POST", "/jobs", {
      configuration: {
        dryRun: true,
        query: {
          query: `WITH c AS (SELECT ssn AS s FROM ${PATIENTS}) SELECT s, 1 FROM c, \`demo-clinic.ops.calendar\``,
          useLegacySql: false,
        },
      },
    });
    const statistics = objectAt(objectAt(reply.body, "statistics"), "query");
    assert.equal(statistics.statementType, "SELECT");
    assert.deepEqual(statistics.referencedTables, [
      { projectId: "demo-clinic", datasetId: "ehr", tableId: "patients" },
      { projectId: "demo-clinic", datasetId: "ops", tableId: "calendar" },
    ]);
    assert.deepEqual(statistics.schema, {
      fields: [
        { name: "s", type: "STRING", mode: "NULLABLE" },
        { name: "f0_", type: "INTEGER", mode: "NULLABLE" },
      ],
    });
    assert.equal(objectAt(reply.body, "jobReference").jobId, undefined);
  });
  test("CREATE TABLE AS and INSERT write", async () => {
    assert.equal((await query("CREATE TABLE `demo-clinic.ops.copy` AS SELECT 1 AS a, 'x' AS b")).status, 200);
    const inserted = await query("INSERT INTO `demo-clinic.ops.copy` (a, b) VALUES (2, 'y'), (3, NULL)");
    assert.equal(inserted.body.numDmlAffectedRows, "2");
    const rows = rowsOf(await query("SELECT a, b FROM `demo-clinic.ops.copy` ORDER BY a"));
    assert.deepEqual(rows.at(-1), { f: [{ v: "3" }, { v: null }] });
  });
  test("a given destination obeys its write disposition", async () => {
    const destinationTable = { projectId: "demo-clinic", datasetId: "ops", tableId: "kept" };
    const run = async (writeDisposition: string, jobId: string): Promise<number> => {
      await insert("SELECT 1 AS a", { destinationTable, writeDisposition }, jobId);
      return (await call("GET", `/queries/${jobId}`)).status;
    };
    assert.equal(await run("WRITE_EMPTY", "d1"), 200);
    assert.equal(await run("WRITE_APPEND", "d2"), 200);
    assert.equal((await call("GET", "/datasets/ops/tables/kept")).body.numRows, "2");
    assert.equal(await run("WRITE_EMPTY", "d3"), 409);
    assert.equal(await run("WRITE_TRUNCATE", "d4"), 200);
    assert.equal((await call("GET", "/datasets/ops/tables/kept")).body.numRows, "1");
  });
});

describe("tabledata.list", () => {
  test("pages, selects fields and gives no schema", async () => {
    const page = await call(
      "GET",
      "/datasets/ehr/tables/patients/data?maxResults=2&startIndex=1&selectedFields=patient_id,active",
    );
    assert.deepEqual(Object.keys(page.body), ["kind", "etag", "totalRows", "pageToken", "rows"]);
    assert.match(page.text, /"rows":\[\{"f":\[\{"v":"2"\},\{"v":"(true|false)"\}\]\}/);
  });
});

describe("authentication", () => {
  test("with a token, only its bearer gets in", async () => {
    const guarded = await startWarehouse({ empty: true, token: "secret" });
    const get = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${guarded.url}/bigquery/v2/projects`, { headers });
    assert.equal((await get({})).status, 401);
    assert.equal((await get({ authorization: "Bearer wrong" })).status, 401);
    assert.equal((await get({ authorization: "Bearer secret" })).status, 200);
    await guarded.close();
  });
});

describe("misbehaviour", () => {
  const two = "SELECT 1 AS a, 'x' AS b";
  const names = (reply: Reply): unknown => {
    const fields = objectAt(reply.body, "schema").fields;
    return Array.isArray(fields)
      ? fields.map((f) => (isObject(f) ? `${String(f.name)} ${String(f.type)}` : ""))
      : undefined;
  };
  test("a one-shot fault strikes once", async () => {
    warehouse.misbehave({ kind: "wrong-type", column: "b", type: "INT64" });
    assert.deepEqual(names(await query(two)), ["a INTEGER", "b INTEGER"]);
    assert.deepEqual(names(await query(two)), ["a INTEGER", "b STRING"]);
  });
  test("columns can be added, dropped and turned round, with their cells", async () => {
    warehouse.misbehave({ kind: "extra-column" });
    assert.match((await query(two)).text, /"v":"surprise"/);
    warehouse.misbehave({ kind: "missing-column" });
    assert.deepEqual(rowsOf(await query(two)), [{ f: [{ v: "1" }] }]);
    warehouse.misbehave({ kind: "reordered-columns" });
    assert.deepEqual(rowsOf(await query(two)), [{ f: [{ v: "x" }, { v: "1" }] }]);
  });
  test("rows can have a cell too many or come beyond totalRows", async () => {
    warehouse.misbehave({ kind: "extra-cell" });
    assert.deepEqual(rowsOf(await query(two)), [{ f: [{ v: "1" }, { v: "x" }, { v: "surprise" }] }]);
    warehouse.misbehave({ kind: "extra-rows", count: 2 });
    const reply = await query(two);
    assert.deepEqual([reply.body.totalRows, rowsOf(reply).length], ["1", 3]);
  });
  test("schema can come after rows", async () => {
    warehouse.misbehave({ kind: "schema-after-rows" });
    const keys = Object.keys((await query(two)).body);
    assert.ok(keys.indexOf("schema") > keys.indexOf("rows"));
  });
  test("the body can be cut on the wire or end early", async () => {
    warehouse.misbehave({ kind: "reset", afterBytes: 50 });
    await assert.rejects(query(two));
    warehouse.misbehave({ kind: "truncate", afterBytes: 50 });
    await assert.rejects(query(two), SyntaxError);
  });
  test("statuses, job errors, lying dry runs and gzip", async () => {
    warehouse.misbehave({ kind: "status", code: 503 });
    assert.equal((await query(two)).status, 503);
    warehouse.misbehave({ kind: "job-error", message: "Bad int64 value: 123-45-6789" });
    assert.match((await query(two)).text, /123-45-6789/);
    warehouse.misbehave({ kind: "dry-run", statementType: "SCRIPT", referencedTables: [] });
    const lie = await call("POST", "/jobs", {
      configuration: { dryRun: true, query: { query: two, useLegacySql: false } },
    });
    assert.equal(objectAt(objectAt(lie.body, "statistics"), "query").statementType, "SCRIPT");
    warehouse.misbehave({ kind: "gzip" });
    assert.equal(rowsOf(await query(two)).length, 1);
  });
  test("a slow body arrives whole", async () => {
    warehouse.misbehave({ kind: "slow-body", bytes: 100, milliseconds: 5 });
    assert.equal(rowsOf(await query(two)).length, 1);
  });
  test("over HTTP only when allowed", async () => {
    const arm = (url: string): Promise<Response> =>
      fetch(`${url}/_misbehave`, { method: "POST", body: JSON.stringify({ kind: "status", code: 500 }) });
    assert.equal((await arm(warehouse.url)).status, 200);
    assert.equal((await query(two)).status, 500);
    const strict = await startWarehouse({ empty: true });
    assert.equal((await arm(strict.url)).status, 404);
    await strict.close();
  });
});
