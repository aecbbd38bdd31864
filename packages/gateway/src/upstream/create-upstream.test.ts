import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { DEFAULT_LIMITS, type UpstreamLimits } from "../config/index.ts";
import type { AccessTokens, Job, Upstream, UpstreamKind, UpstreamReason } from "./index.ts";
import { createUpstream, UpstreamError } from "./index.ts";

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

type Answer = (request: Seen, response: ServerResponse) => void;

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

interface Setup {
  readonly limits?: Partial<UpstreamLimits>;
  readonly tokens?: AccessTokens;
  readonly billingProject?: string;
  readonly observe?: (call: string, outcome: string) => void;
}

/** A BigQuery that gives these answers one after the other (the last one again and again), and the client under test. */
async function bigQuery(answers: readonly Answer[], { limits, tokens, billingProject, observe }: Setup = {}) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method = "", url = "", headers } = request;
    const one = {
      method,
      url: new URL(url, "http://bigquery.test"),
      headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    seen.push(one);
    answers[Math.min(seen.length, answers.length) - 1]?.(one, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream = createUpstream(
    {
      endpoint,
      credentials: { type: "none" },
      maximumBytesBilled: 1_000_000_000,
      ...(billingProject === undefined ? {} : { billingProject }),
    },
    {
      limits: { ...DEFAULT_LIMITS.upstream, callMs: 3000, dryRunMs: 3000, ...limits },
      random: () => 0,
      ...(tokens === undefined ? {} : { tokens }),
      ...(observe === undefined ? {} : { observe }),
    },
  );
  cleanUp.push(async () => {
    await upstream.close();
    server.closeAllConnections();
    server.close();
  });
  return { upstream, seen, endpoint };
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (_, response) =>
    response
      .writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers })
      .end(JSON.stringify(body));
}

/** A value that BigQuery's messages must not carry to anybody (I9). */
const PHI = "123-45-6789";

function refusal(status: number, reason: string): Answer {
  const message = `Bad int64 value: ${PHI}`;
  return json(
    {
      error: {
        code: status,
        message,
        errors: [{ reason, message, location: PHI, debugInfo: PHI }],
        status: "INVALID_ARGUMENT",
      },
    },
    status,
  );
}

async function fails(call: Promise<unknown>, kind: UpstreamKind, reason: UpstreamReason): Promise<UpstreamError> {
  const error: unknown = await call.then(
    () => assert.fail("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UpstreamError, inspect(error));
  assert.deepEqual([error.kind, error.reason], [kind, reason]);
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error), new RegExp(PHI));
  return error;
}

const PATIENTS = {
  kind: "bigquery#table",
  etag: "v1",
  tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "patients" },
  type: "TABLE",
  schema: { fields: [{ name: "ssn", type: "STRING", mode: "NULLABLE", policyTags: { names: ["p/1"] } }] },
  numRows: "7",
};

const JOB = { projectId: "clinic", jobId: "chaperone_1", location: "EU" };
const QUERY = { project: "clinic", location: "EU", sql: "SELECT 1", labels: { agent: "triage" } };
const QUERY_JOB = { ...QUERY, jobId: "chaperone_1", jobTimeoutMs: 60_000 };

function job(state: string, more: object = {}) {
  return { jobReference: JOB, status: { state }, configuration: { query: { query: "SELECT 1" } }, ...more };
}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("a table", () => {
  it("is read by its name, plainly, with what analysis needs of it", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)]);
    assert.deepEqual(await upstream.getTable("clinic.ehr.patients"), {
      etag: "v1",
      tableReference: PATIENTS.tableReference,
      type: "TABLE",
      schema: PATIENTS.schema,
    });
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/datasets/ehr/tables/patients");
    assert.equal(seen[0]?.url.searchParams.get("prettyPrint"), "false");
    assert.equal(seen[0]?.headers["accept-encoding"], "identity");
    assert.equal(seen[0]?.headers.authorization, undefined);
  });

  it("that hasn't changed isn't sent again", async () => {
    const { upstream, seen } = await bigQuery([(_, response) => response.writeHead(304).end()]);
    assert.equal(await upstream.getTable("clinic.ehr.patients", "v1"), "not-modified");
    assert.equal(seen[0]?.headers["if-none-match"], "v1");
  });

  it("that doesn't exist is undefined", async () => {
    const { upstream } = await bigQuery([refusal(404, "notFound")]);
    assert.equal(await upstream.getTable("clinic.ehr.patients"), undefined);
  });

  it("of a materialized view has its query", async () => {
    const { upstream } = await bigQuery([
      json({ ...PATIENTS, materializedView: { query: "SELECT 1 AS ssn", lastRefreshTime: "0" } }),
    ]);
    const table = await upstream.getTable("clinic.ehr.patients");
    assert.deepEqual(typeof table === "object" ? table.view : undefined, { query: "SELECT 1 AS ssn" });
  });

  it("other than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([
      json({ ...PATIENTS, tableReference: { ...PATIENTS.tableReference, tableId: "public" } }),
    ]);
    await fails(upstream.getTable("clinic.ehr.patients"), "protocol", "mismatch");
  });

  it("with a name that could reach another resource is never asked for", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)]);
    for (const name of [
      "clinic.ehr.a/../b",
      "clinic.ehr.t?x=1",
      "clinic.ehr.t%2Fdata",
      "clinic.ehr.t$20240101",
      "clinic.ehr.t@-3600000",
      "clinic.ehr/tables/x.t",
      "../../v3.ehr.t",
      "clinic.ehr.t#",
      "clinic.ehr",
      "clinic.ehr.",
      "clinic.ehr.a\nb",
    ]) {
      await fails(upstream.getTable(name), "invalid", "badName");
    }
    await fails(upstream.getJob({ ...JOB, jobId: "../datasets" }), "invalid", "badName");
    await fails(upstream.getJob({ ...JOB, location: "EU&x=1" }), "invalid", "badName");
    assert.equal(seen.length, 0);
  });

  it("list gives names and types", async () => {
    const { upstream } = await bigQuery([
      json({ tables: [{ tableReference: PATIENTS.tableReference, type: "VIEW", id: "x" }], nextPageToken: "n" }),
    ]);
    assert.deepEqual(await upstream.listTables("clinic", "ehr"), {
      tables: [{ name: "clinic.ehr.patients", type: "VIEW" }],
      nextPageToken: "n",
    });
  });
});

describe("a model", () => {
  const model = { projectId: "clinic-prod", datasetId: "ehr", modelId: "risk" };
  it("is asked for by what it gives, and nothing that it learnt is taken", async () => {
    const answer = {
      modelReference: model,
      modelType: "LINEAR_REGRESSION",
      labelColumns: [{ name: "cost", type: { typeKind: "FLOAT64" } }],
      trainingRuns: [
        {
          trainingOptions: { userColumn: "ssn", numClusters: "4" },
          results: [{ clusterInfos: [{ clusterRadius: 4.2 }] }],
        },
      ],
    };
    const { upstream, seen } = await bigQuery([json(answer)]);
    const trainingRuns = [{ trainingOptions: { userColumn: "ssn" } }];
    assert.deepEqual(await upstream.getModel("clinic-prod.ehr.risk"), { ...answer, trainingRuns });
    assert.match(seen[0]?.url.pathname ?? "", /\/projects\/clinic-prod\/datasets\/ehr\/models\/risk$/);
    const fields = seen[0]?.url.searchParams.get("fields") ?? "";
    assert.match(fields, /(^|,)trainingRuns\(trainingOptions\(userColumn,[\w,]+\)\)(,|$)/);
    assert.doesNotMatch(fields, /results|hparam/);
  });
  it("that doesn't exist is undefined, and another than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([
      refusal(404, "notFound"),
      json({ modelReference: { ...model, modelId: "other" } }),
    ]);
    assert.equal(await upstream.getModel("clinic-prod.ehr.risk"), undefined);
    await fails(upstream.getModel("clinic-prod.ehr.risk"), "protocol", "mismatch");
  });
});

describe("a dry run", () => {
  it("says what BigQuery understands", async () => {
    const { upstream, seen } = await bigQuery([
      json({
        jobReference: { projectId: "clinic", location: "EU" },
        status: { state: "DONE" },
        statistics: {
          totalBytesProcessed: "4096",
          query: {
            statementType: "SELECT",
            schema: { fields: [{ name: "n", type: "INTEGER" }] },
            referencedTables: [PATIENTS.tableReference],
            referencedRoutines: [{ projectId: "clinic", datasetId: "ehr", routineId: "f" }],
            totalBytesProcessedAccuracy: "PRECISE",
            undeclaredQueryParameters: [{ name: "id", parameterType: { type: "INT64" } }],
          },
        },
      }),
    ]);
    assert.deepEqual(await upstream.dryRun({ ...QUERY, parameters: [{ name: "a" }], parameterMode: "NAMED" }), {
      outcome: "accepted",
      statementType: "SELECT",
      schema: [{ name: "n", type: "INTEGER" }],
      referencedTables: ["clinic.ehr.patients"],
      referencedRoutines: ["clinic.ehr.f"],
      totalBytesProcessed: 4096,
      totalBytesProcessedAccuracy: "PRECISE",
      undeclaredParameters: ["id"],
      ddlTargetTable: undefined,
    });
    assert.deepEqual(seen[0]?.body, {
      jobReference: { projectId: "clinic", location: "EU" },
      configuration: {
        dryRun: true,
        labels: { agent: "triage" },
        query: {
          query: "SELECT 1",
          useLegacySql: false,
          useQueryCache: false,
          parameterMode: "NAMED",
          queryParameters: [{ name: "a" }],
        },
      },
    });
  });

  it("that BigQuery refuses is a refusal in our own words (I9)", async () => {
    const { upstream, seen } = await bigQuery([refusal(400, "invalidQuery")]);
    const refused = await upstream.dryRun(QUERY);
    assert.deepEqual(refused, {
      outcome: "refused",
      kind: "invalid",
      reason: "invalidQuery",
      message: "BigQuery finds the query invalid, or it failed on a value while running.",
    });
    assert.equal(seen.length, 1);
  });

  it("without statistics confirms nothing (I2)", async () => {
    const { upstream } = await bigQuery([json({ jobReference: JOB, status: { state: "DONE" } })]);
    await fails(upstream.dryRun(QUERY), "protocol", "unexpected");
  });

  it("that BigQuery can't answer now is an error, not a refusal", async () => {
    const { upstream } = await bigQuery([refusal(503, "backendError")]);
    await fails(upstream.dryRun(QUERY), "unavailable", "backendError");
  });
});

describe("a query job", () => {
  it("runs the canonical SQL without cache, within bytes and time", async () => {
    const { upstream, seen } = await bigQuery([json(job("PENDING"))], { billingProject: "clinic" });
    const started = await upstream.insertQueryJob({
      ...QUERY_JOB,
      project: "other",
      maximumBytesBilled: 5_000_000_000,
    });
    assert.equal(started.state, "PENDING");
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/jobs");
    assert.deepEqual(seen[0]?.body, {
      jobReference: JOB,
      configuration: {
        jobTimeoutMs: "60000",
        labels: { agent: "triage" },
        query: { query: "SELECT 1", useLegacySql: false, useQueryCache: false, maximumBytesBilled: "1000000000" },
      },
    });
  });

  it("that is there already is taken up, not started twice", async () => {
    const { upstream, seen } = await bigQuery([refusal(409, "duplicate"), json(job("RUNNING"))]);
    assert.equal((await upstream.insertQueryJob(QUERY_JOB)).state, "RUNNING");
    assert.deepEqual(
      seen.map(({ method }) => method),
      ["POST", "GET"],
    );
  });

  it("whose id runs another statement is refused (I2)", async () => {
    const { upstream } = await bigQuery([
      refusal(409, "duplicate"),
      json(job("RUNNING", { configuration: { query: { query: "SELECT ssn FROM p" } } })),
    ]);
    await fails(upstream.insertQueryJob(QUERY_JOB), "protocol", "mismatch");
  });

  it("whose answer got lost is sent again under the same id", async () => {
    const { upstream, seen } = await bigQuery([
      (_, response) => response.socket?.resetAndDestroy(),
      refusal(503, "backendError"),
      refusal(409, "duplicate"),
      json(job("DONE")),
    ]);
    assert.equal((await upstream.insertQueryJob(QUERY_JOB)).state, "DONE");
    const ids = seen.slice(0, 3).map(({ body }) => (body as { jobReference: { jobId: string } }).jobReference.jobId);
    assert.deepEqual(ids, ["chaperone_1", "chaperone_1", "chaperone_1"]);
  });

  it("that failed has a reason and no message (I9)", async () => {
    const failed = job("DONE", {
      status: { state: "DONE", errorResult: { reason: "invalidQuery", message: PHI }, errors: [{ message: PHI }] },
    });
    const { upstream } = await bigQuery([json(failed)]);
    const answer = (await upstream.getJob(JOB)) as Job;
    assert.equal(answer.failure?.reason, "invalidQuery");
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(PHI));
  });

  it("other than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([json(job("DONE", { jobReference: { ...JOB, jobId: "other" } }))]);
    await fails(upstream.getJob(JOB), "protocol", "mismatch");
  });

  it("that nobody knows is undefined", async () => {
    const { upstream } = await bigQuery([refusal(404, "notFound")]);
    assert.equal(await upstream.getJob(JOB), undefined);
    assert.equal(await upstream.cancelJob(JOB), undefined);
  });

  it("is cancelled in its location", async () => {
    const { upstream, seen } = await bigQuery([json({ job: job("RUNNING") })]);
    assert.equal((await upstream.cancelJob(JOB))?.state, "RUNNING");
    assert.equal(
      `${seen[0]?.method} ${seen[0]?.url.pathname}`,
      "POST /bigquery/v2/projects/clinic/jobs/chaperone_1/cancel",
    );
    assert.equal(seen[0]?.url.searchParams.get("location"), "EU");
  });

  it("is waited for longer than an answer usually takes", async () => {
    const answer = json({ jobReference: JOB, jobComplete: true, totalRows: "12", schema: { fields: [] } });
    const { upstream, seen } = await bigQuery(
      [(request, response) => setTimeout(() => answer(request, response), 300)],
      {
        limits: { headersMs: 100, callMs: 100 },
      },
    );
    const results = await upstream.getQueryResults(JOB, { timeoutMs: 2000 });
    assert.deepEqual([results.complete, results.totalRows], [true, 12]);
    assert.equal(seen[0]?.url.searchParams.get("maxResults"), "0");
    assert.equal(seen[0]?.url.searchParams.get("timeoutMs"), "2000");
  });

  it("is no longer waited for when the caller goes", async () => {
    const { upstream } = await bigQuery([() => {}]);
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 50);
    await assert.rejects(upstream.getQueryResults(JOB, { timeoutMs: 2000, signal: caller.signal }), {
      name: "AbortError",
    });
  });
});

describe("rows", () => {
  const page = JSON.stringify({ rows: [{ f: [{ v: "a" }] }], jobComplete: true });
  const rowsAnswer: Answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end(page);

  it("come as BigQuery wrote them", async () => {
    const { upstream, seen } = await bigQuery([rowsAnswer]);
    const { body, status } = await upstream.streamQueryResults(JOB, {
      pageToken: "t",
      maxResults: 10,
      formatOptions: { useInt64Timestamp: true },
    });
    assert.deepEqual([status, await read(body)], [200, page]);
    assert.deepEqual(Object.fromEntries(seen[0]?.url.searchParams ?? []), {
      location: "EU",
      pageToken: "t",
      maxResults: "10",
      "formatOptions.useInt64Timestamp": "true",
      prettyPrint: "false",
    });
  });

  it("of a table come as BigQuery wrote them", async () => {
    const { upstream, seen } = await bigQuery([rowsAnswer]);
    assert.equal(
      await read((await upstream.streamTableData("clinic.ehr.patients", { startIndex: 5, selectedFields: "a" })).body),
      page,
    );
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/datasets/ehr/tables/patients/data");
  });

  it("aren't read faster than they are taken", async () => {
    let sent = 0;
    const { upstream } = await bigQuery(
      [
        async (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          response.setMaxListeners(0);
          const chunk = Buffer.alloc(64 * 1024, " ");
          for (; sent < 1000 && !response.destroyed; sent++)
            if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
          response.end();
        },
      ],
      { limits: { pageBytes: 100_000_000 } },
    );
    const rows = await upstream.streamQueryResults(JOB, {});
    const iterator = rows.body[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(sent < 900, `${sent} of 1000 chunks were taken though nobody reads`);
    rows.cancel();
  });

  it("that break off are an error, not an end", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).write('{"rows":[');
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
      },
    ]);
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "unavailable", "connectionFailed");
  });

  it("that are fewer bytes than announced are an error", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write('{"rows":[]}');
        setTimeout(() => response.socket?.end(), 20);
      },
    ]);
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "unavailable", "connectionFailed");
  });

  it("of an answer that ends nowhere in particular are refused: half of them would look whole", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.useChunkedEncodingByDefault = false;
        response.removeHeader("content-length");
        response.writeHead(200, { "content-type": "application/json", connection: "close" }).end('{"rows":[]}');
      },
    ]);
    await fails(upstream.streamQueryResults(JOB, {}), "protocol", "unexpected");
  });

  it("that stall are an error", async () => {
    const { upstream } = await bigQuery(
      [(_, response) => void response.writeHead(200, { "content-type": "application/json" }).write('{"rows":[')],
      { limits: { bodyIdleMs: 100 } },
    );
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "timeout", "answerTimeout");
  });

  it("that trickle for ever are an error", async () => {
    const { upstream } = await bigQuery(
      [
        (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const trickle = setInterval(() => response.write(" "), 20);
          response.on("close", () => clearInterval(trickle));
        },
      ],
      { limits: { pageMs: 200 } },
    );
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "timeout", "answerTimeout");
  });

  it("beyond a page's bound are an error", async () => {
    const { upstream } = await bigQuery([json({ rows: "x".repeat(5000) })], { limits: { pageBytes: 1000 } });
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "protocol", "oversized");
  });

  it("end when the caller goes", async () => {
    const { upstream } = await bigQuery([
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).write(" "),
    ]);
    const caller = new AbortController();
    const { body } = await upstream.streamQueryResults(JOB, { signal: caller.signal });
    setTimeout(() => caller.abort(), 30);
    await assert.rejects(read(body), { name: "AbortError" });
  });

  it("that are refused are an error before the first byte", async () => {
    const { upstream } = await bigQuery([refusal(403, "accessDenied")]);
    const error = await fails(upstream.streamQueryResults(JOB, {}), "denied", "accessDenied");
    assert.equal(error.httpStatus, 403);
  });
});

describe("a hostile or broken answer", () => {
  const call = (upstream: Upstream) => upstream.getTable("clinic.ehr.patients");
  const raw =
    (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
    (_, response) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);

  for (const [what, answer, kind, reason] of [
    ["compressed", raw(gzipSync(JSON.stringify(PATIENTS)), { "content-encoding": "gzip" }), "protocol", "encoded"],
    ["in HTML", raw("<html>", { "content-type": "text/html" }), "protocol", "notJson"],
    ["cut JSON", raw('{"tableReference":'), "protocol", "notJson"],
    ["not UTF-8", raw(Buffer.from([0x22, 0xff, 0x22])), "protocol", "notJson"],
    ["another shape", raw('{"tableReference":"patients"}'), "protocol", "unexpected"],
    ["null", raw("null"), "protocol", "unexpected"],
    [
      "a schema nested without end",
      raw(
        `{"tableReference":${JSON.stringify(PATIENTS.tableReference)},"schema":${'{"fields":[{"name":"a","type":"RECORD","fields":['.repeat(20_000)}${"]}]}".repeat(20_000)}}`,
      ),
      "protocol",
      "unexpected",
    ],
    ["a 201", json(PATIENTS, 201), "protocol", "unknown"],
    ["a 304 nobody asked for", raw("", {}, 304), "protocol", "redirected"],
    ["an error in HTML", raw(`<p>${PHI}</p>`, { "content-type": "text/html" }, 400), "invalid", "unknown"],
    ["an unknown reason", refusal(400, PHI), "invalid", "unknown"],
    ["a reason that is only ours", refusal(400, "mismatch"), "invalid", "unknown"],
    ["a reason that every object has", refusal(400, "constructor"), "invalid", "unknown"],
  ] as const) {
    it(`(${what}) is refused and nothing of it used`, async () => {
      const { upstream } = await bigQuery([answer], { limits: { retries: 0 } });
      await fails(call(upstream), kind, reason);
    });
  }

  it("(larger than its bound) is refused without being read to its end", async () => {
    const { upstream } = await bigQuery([json({ ...PATIENTS, description: "x".repeat(200_000) })], {
      limits: { jsonBytes: 100_000 },
    });
    await fails(call(upstream), "protocol", "oversized");
  });

  it("(a redirect) is never followed, so that no token gets elsewhere", async () => {
    const elsewhere = await bigQuery([json(PATIENTS)]);
    const tokens: AccessTokens = { get: async () => "secret-token", discard: () => {} };
    const { upstream, seen } = await bigQuery(
      [raw("", { location: `${elsewhere.endpoint}/bigquery/v2/projects/clinic/datasets/ehr/tables/patients` }, 307)],
      { tokens },
    );
    await fails(call(upstream), "protocol", "redirected");
    assert.equal(seen.length, 1);
    assert.equal(elsewhere.seen.length, 0);
  });

  it("(none at all) is waited for only so long", async () => {
    const { upstream, seen } = await bigQuery([() => {}], { limits: { headersMs: 100, retries: 1 } });
    await fails(call(upstream), "timeout", "answerTimeout");
    assert.equal(seen.length, 2);
  });

  it("(trickling) is waited for only so long", async () => {
    const { upstream } = await bigQuery(
      [
        (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const trickle = setInterval(() => response.write(" "), 20);
          response.on("close", () => clearInterval(trickle));
        },
      ],
      { limits: { callMs: 200 } },
    );
    await fails(call(upstream), "timeout", "answerTimeout");
  });

  it("(broken HTTP) is refused", async () => {
    const { upstream } = await bigQuery([(_, response) => response.socket?.end("HTTP/1.1 2x0 OK\r\n\r\n")]);
    await fails(call(upstream), "protocol", "unexpected");
  });
});

describe("trying again", () => {
  it("gets over trouble that passes", async () => {
    const outcomes: string[] = [];
    const { upstream, seen } = await bigQuery(
      [
        refusal(503, "backendError"),
        refusal(429, "rateLimitExceeded"),
        (_, response) => response.socket?.destroy(),
        json(PATIENTS),
      ],
      { observe: (name, outcome) => outcomes.push(`${name} ${outcome}`) },
    );
    assert.equal(typeof (await upstream.getTable("clinic.ehr.patients")), "object");
    assert.equal(seen.length, 4);
    assert.deepEqual(outcomes, ["tables.get ok"]);
  });

  it("ends after its bound", async () => {
    const { upstream, seen } = await bigQuery([refusal(503, "backendError")], { limits: { retries: 2 } });
    await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "backendError");
    assert.equal(seen.length, 3);
  });

  for (const [status, reason, kind] of [
    [400, "invalid", "invalid"],
    [403, "accessDenied", "denied"],
    [403, "quotaExceeded", "rate-limited"],
    [412, "conditionNotMet", "refused"],
  ] as const) {
    it(`isn't done for ${reason}`, async () => {
      const { upstream, seen } = await bigQuery([refusal(status, reason)]);
      await fails(upstream.getTable("clinic.ehr.patients"), kind, reason);
      assert.equal(seen.length, 1);
    });
  }

  it("isn't done after close", async () => {
    const { upstream } = await bigQuery([() => {}]);
    const waiting = fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "closed");
    setTimeout(() => upstream.close(), 50);
    await waiting;
  });

  it("gives up on a machine where nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const upstream = createUpstream(
      { endpoint: `http://127.0.0.1:${port}`, credentials: { type: "none" }, maximumBytesBilled: 1 },
      { random: () => 0 },
    );
    cleanUp.push(() => upstream.close());
    const error = await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "connectionFailed");
    assert.equal(error.code, "ECONNREFUSED");
  });
});

describe("the gateway's token", () => {
  it("goes with each call, and is replaced once when it is refused", async () => {
    let current = "old";
    const tokens: AccessTokens = {
      get: async () => current,
      discard: (token) => {
        if (token === current) current = "new";
      },
    };
    const { upstream, seen } = await bigQuery([refusal(401, "authError"), json(PATIENTS)], { tokens });
    await upstream.getTable("clinic.ehr.patients");
    assert.deepEqual(
      seen.map(({ headers }) => headers.authorization),
      ["Bearer old", "Bearer new"],
    );
  });

  it("that stays refused is an error after the second try", async () => {
    const { upstream, seen } = await bigQuery([refusal(401, "authError")], {
      tokens: { get: async () => "t", discard: () => {} },
    });
    await fails(upstream.getTable("clinic.ehr.patients"), "denied", "authError");
    assert.equal(seen.length, 2);
  });

  it("that can't be had is an error without a call", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)], {
      tokens: { get: () => Promise.reject(new UpstreamError("credentialsUnavailable")), discard: () => {} },
    });
    await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "credentialsUnavailable");
    assert.equal(seen.length, 0);
  });
});
