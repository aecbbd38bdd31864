/** Threat-model row 46 and I10: requests that two readers would read differently, or that are too large, too slow or too strange. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertRefused, jobsRunUpstream } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";
import { rawExchange, statuses } from "./raw-http.ts";

const QUERIES = `/bigquery/v2/projects/${PROJECT}/queries`;
const JOBS = `/bigquery/v2/projects/${PROJECT}/jobs`;
const PUBLIC = `SELECT COUNT(*) AS n FROM \`${PROJECT}.ops.calendar\``;
const PROTECTED = `SELECT vin FROM \`${PROJECT}.ehr.patients\``;
const MEGABYTE = 1024 * 1024;

describe("row 46: HTTP tricks", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let other: string;
  before(async () => {
    rig = await startRig({
      patients: 30,
      config: { limits: { requests: { headers_timeout: "1s", body_timeout: "2s" } } },
    });
    secrets = await protectedValues(rig);
    agent = new Attacker(rig, await rig.token("care-summary-agent"), secrets);
    other = await rig.token("research-agent");
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  const body = (sql: string) => JSON.stringify({ query: sql, useLegacySql: false });
  const post = (path: string, content: string, headers: readonly string[] = [], version = "1.1") =>
    [
      `POST ${path} HTTP/${version}`,
      "Host: gateway",
      `Authorization: Bearer ${agent.token}`,
      "Content-Type: application/json",
      ...(headers.some((h) => /^(content-length|transfer-encoding):/i.test(h))
        ? []
        : [`Content-Length: ${Buffer.byteLength(content)}`]),
      ...headers,
      "",
      content,
    ].join("\r\n");
  const get = (target: string, headers: readonly string[] = [], method = "GET") =>
    [
      `${method} ${target} HTTP/1.1`,
      "Host: gateway",
      `Authorization: Bearer ${agent.token}`,
      "Connection: close",
      ...headers,
      "",
      "",
    ].join("\r\n");

  async function refusedRaw(text: string | Uint8Array, options = {}): Promise<string> {
    const before = jobsRunUpstream(rig);
    const { bytes } = await rawExchange(rig.url, text, options);
    secrets.assertAbsent(bytes, "raw");
    const [status = 0] = statuses(bytes);
    assert.ok(status >= 400, `answered ${bytes.slice(0, 300)}`);
    assert.ok(!/"rows"/.test(bytes));
    assert.equal(jobsRunUpstream(rig), before, "something ran upstream");
    return bytes;
  }

  it("the plain request, for comparison, is answered", async () => {
    const { bytes } = await rawExchange(rig.url, post(QUERIES, body(PUBLIC), ["Connection: close"]));
    assert.deepEqual(statuses(bytes), [200]);
    assert.match(bytes, /"rows":\[/);
  });

  it("a header that must come once is refused when it comes twice", async () => {
    for (const twice of [
      `Authorization: Bearer ${other}`,
      "Authorization: Basic eDp5",
      "Host: elsewhere",
      "Content-Type: text/plain",
      "Content-Encoding: gzip\r\nContent-Encoding: identity",
      "content-length: 5",
    ])
      await refusedRaw(
        post(QUERIES, body(PUBLIC), [twice, "Connection: close"]).replace(/^(Content-Length: \d+\r\n)?/m, "$1"),
      );
  });

  it("a method override is refused, in each of its spellings", async () => {
    for (const name of ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X-HTTP-METHOD-OVERRIDE"])
      assertRefused(
        await agent.send("POST", QUERIES, { body: { query: PUBLIC, useLegacySql: false }, headers: { [name]: "GET" } }),
        400,
      );
    assertRefused(
      await agent.send("POST", QUERIES, {
        body: { query: PUBLIC, useLegacySql: false },
        headers: { "x-goog-iam-authorization-token": other },
      }),
      400,
    );
  });

  it("a condition that no answer here lets anybody keep is refused, and what it guards isn't done", async () => {
    const dataset = `/bigquery/v2/projects/${PROJECT}/datasets`;
    const table = { tableReference: { tableId: "conditional" }, schema: { fields: [{ name: "a", type: "STRING" }] } };
    for (const [method, path, sent] of [
      ["POST", QUERIES, { query: PUBLIC, useLegacySql: false }],
      ["POST", `${dataset}/workspace/tables`, table],
      ["PATCH", `${dataset}/workspace/tables/list`, { description: "x" }],
      ["DELETE", `${dataset}/workspace/tables/list`, undefined],
      ["DELETE", `${dataset}/workspace`, undefined],
      ["PUT", `${dataset}/workspace/routines/f`, {}],
      ["DELETE", `${dataset}/workspace/routines/f`, undefined],
      ["DELETE", `${dataset}/workspace/models/m`, undefined],
      ["PUT", `${dataset}/workspace/tables/list/rowAccessPolicies/r`, {}],
      ["DELETE", `${dataset}/workspace/tables/list/rowAccessPolicies/r`, undefined],
      ["POST", `/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=resumable`, {}],
    ] as const)
      for (const name of ["If-Match", "If-None-Match", "If-Unmodified-Since", "if-modified-since"]) {
        const answer = await agent.send(method, path, { body: sent, headers: { [name]: '"x"' } });
        assertRefused(answer, 400);
        assert.match(answer.body, /no etag/, `${method} ${path} ${name}`);
      }
    const read = (name: string) =>
      agent.send("GET", `${dataset}/directory/tables/providers`, { headers: { [name]: '"x"' } });
    for (const name of ["If-Match", "If-Unmodified-Since"]) assertRefused(await read(name), 400);
    // A copy that a reader has is never the answer.
    for (const name of ["If-None-Match", "If-Modified-Since"]) assert.equal((await read(name)).status, 200);
  });

  it("forwarding headers and Host change neither who asks nor where the evidence says the request came from", async () => {
    const forged = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-host": "bigquery.googleapis.com",
      "x-forwarded-proto": "https",
      "x-forwarded-user": "dana.officer",
      "x-real-ip": "203.0.113.9",
      "x-original-url": "/api/v1/approvals",
      "x-rewrite-url": "/api/v1/approvals",
      "x-remote-user": "dana.officer",
      "x-goog-authenticated-user-email": "dana@clinic.example",
      "x-goog-user-project": "evil",
      forwarded: "for=203.0.113.9;host=evil.example",
      host: "bigquery.googleapis.com",
    };
    assertRefused(await agent.send("GET", "/api/v1/approvals", { headers: forged }), 401);
    assertRefused(
      await agent.send("GET", "/bigquery/v2/projects", { headers: { ...forged, authorization: "Bearer x.y.z" } }),
      401,
    );
    const answer = await agent.send("GET", "/bigquery/v2/projects", { headers: forged });
    assert.equal(answer.status, 200);
    const entries = await rig.gateway.store.db.selectFrom("ledger_entries").select("bytes").execute();
    for (const { bytes } of entries) assert.ok(!Buffer.from(bytes).toString().includes("203.0.113.9"));
  });

  it("a path that is not plainly one of ours is refused, whoever would resolve it to one", async () => {
    for (const target of [
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients/data`,
      `/projects/${PROJECT}/datasets/ehr/tables/patients/data`,
      `/bigquery/v2/projects/${PROJECT}/queries/%2e%2e/datasets/ehr/tables/patients/data`,
      `/bigquery/v2/projects/${PROJECT}/queries/../datasets/ehr/tables/patients/data`,
      `/bigquery/v2/projects/${PROJECT}%2fdatasets%2fehr%2ftables%2fpatients%2fdata`,
      `//bigquery/v2/projects/${PROJECT}/jobs`,
      `/bigquery/v2//projects/${PROJECT}/jobs`,
      `/bigquery/v2/projects/${PROJECT}/jobs/`,
      `/bigquery/v2/projects/${PROJECT}/jobs;a=b`,
      `/bigquery/v2/projects/${PROJECT};/jobs`,
      `/bigquery/v2/./projects/${PROJECT}/jobs`,
      `/bigquery/v2/projects/${PROJECT}/jobs%00`,
      `/bigquery/v2/projects/${PROJECT}/jobs%0d%0aX:y`,
      `/bigquery/v2\\projects\\${PROJECT}\\jobs`,
      `/BigQuery/v2/projects/${PROJECT}/jobs`,
      `/bigquery/V2/projects/${PROJECT}/jobs`,
      `/bigquery/v2/projects/${PROJECT}/Jobs`,
      `/bigquery/v2/projects/other/queries/x`,
      `http://bigquery.googleapis.com/bigquery/v2/projects/${PROJECT}/jobs`,
      `http://gateway/bigquery/v2/projects/${PROJECT}/jobs`,
      `/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=media`,
      `/resumable/upload/bigquery/v2/projects/${PROJECT}/jobs`,
      "/batch/bigquery/v2",
      "/mcp",
      "/bigquery/v2/projects/x/../../../api/v1/approvals",
      `/bigquery/v2/projects/${PROJECT}/serviceAccount`,
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients/rowAccessPolicies`,
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients:getIamPolicy`,
      "*",
      "/",
      "/..",
      "/.well-known/openid-configuration",
    ])
      await refusedRaw(get(target));
  });

  it("a project that is not served has nothing to list or to run in", async () => {
    for (const project of [PROJECT.toUpperCase(), "-", "other", "_", `${PROJECT}.`]) {
      const list = await agent.send("GET", `/bigquery/v2/projects/${project}/jobs`);
      if (list.status === 200) assert.equal(list.body, '{"kind":"bigquery#jobList","jobs":[]}');
      const asked = { body: { query: PUBLIC, useLegacySql: false } };
      assertRefused(await agent.send("POST", `/bigquery/v2/projects/${project}/queries`, asked), 403);
      assertRefused(await agent.send("GET", `/bigquery/v2/projects/${project}/datasets`), 403);
    }
  });

  it("the people's API by a detour is still the people's API", async () => {
    for (const target of [
      "/api/v1/../v1/approvals",
      "/api/v1/%61pprovals",
      "/api/v1//approvals",
      "/api/v1/./approvals",
      "/API/v1/approvals",
      "/api/v1/approvals;x",
      "/api/v1/whoami",
    ])
      await refusedRaw(get(target));
  });

  it("methods that are not served are refused", async () => {
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "LOCK"])
      await refusedRaw(get(JOBS, [], method));
    const head = await rawExchange(rig.url, get(JOBS, [], "HEAD"));
    assert.ok(statuses(head.bytes).every((s) => s >= 400));
    const tunnel = await rawExchange(rig.url, `CONNECT bigquery.googleapis.com:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.ok(!tunnel.bytes.startsWith("HTTP/1.1 200"));
    for (const target of [
      `${JOBS}/x/delete`,
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients`,
      `/bigquery/v2/projects/${PROJECT}/datasets/ehr`,
    ])
      await refusedRaw(get(target, [], "DELETE"));
    await refusedRaw(
      post(`/bigquery/v2/projects/${PROJECT}/datasets/ehr/tables/patients/insertAll`, "{}", ["Connection: close"]),
    );
    await refusedRaw(post(`/bigquery/v2/projects/${PROJECT}/datasets`, "{}", ["Connection: close"]));
    await refusedRaw(
      get(JOBS, [
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Connection: Upgrade, HTTP2-Settings",
      ]).replace("/jobs ", "/nothing "),
    );
  });

  it("a query parameter that is unknown, twice, a credential or a callback is refused", async () => {
    for (const parameters of [
      `access_token=${other}`,
      "oauth_token=x",
      "key=x",
      "callback=steal",
      "alt=media",
      "alt=proto",
      "alt=json&alt=media",
      "$.xgafv=2",
      "%24.xgafv=2",
      "uploadType=media",
      "maxResults=1&maxResults=1000",
      "maxResults=-1",
      "maxResults=1e9",
      "maxResults=0x10",
      "%61ccess_token=x",
      "allUsers=true",
      "allusers=true&x=1",
      "upload_protocol=raw",
      "__proto__=x",
      "constructor=x",
    ])
      await refusedRaw(get(`${JOBS}?${parameters}`));
    for (const parameters of ["access_token=x", "dryRun=false", "query=SELECT+1", "useLegacySql=true"])
      await refusedRaw(post(`${QUERIES}?${parameters}`, body(PUBLIC), ["Connection: close"]));
  });

  it("nobody else's page may read the answers: no cross-origin header, nothing to be sniffed or cached", async () => {
    const answer = await agent.send("GET", "/bigquery/v2/projects", { headers: { origin: "https://evil.example" } });
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.match(String(answer.headers["content-type"]), /^application\/json/);
  });

  it("a body of 100 MB is refused after little of it was read, declared or not", async () => {
    function* flood(chunked: boolean): Generator<Uint8Array> {
      const block = Buffer.alloc(64 * 1024, 0x20);
      for (let sent = 0; sent < 100 * MEGABYTE; sent += block.length)
        yield chunked
          ? Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from("\r\n")])
          : block;
    }
    for (const header of [`Content-Length: ${100 * MEGABYTE}`, "Transfer-Encoding: chunked"]) {
      const { bytes, sent } = await rawExchange(rig.url, post(QUERIES, "", [header]), {
        body: flood(header.startsWith("T")),
      });
      if (bytes !== "") assert.deepEqual(statuses(bytes), [413]);
      assert.ok(sent < 50 * MEGABYTE, `${sent} bytes were taken`);
    }
  });

  it("a slow head and a slow body are cut off", async () => {
    const began = Date.now();
    const [head, trickle] = await Promise.all([
      rawExchange(rig.url, `POST ${QUERIES} HTTP/1.1\r\nHost: x\r\nX-Slow: `, { silenceMs: 8000 }),
      rawExchange(rig.url, post(QUERIES, '{"query": "', ["Content-Length: 1000"]), { silenceMs: 8000 }),
    ]);
    assert.ok(head.closed && trickle.closed, "still open");
    assert.ok(Date.now() - began < 8000);
    for (const { bytes } of [head, trickle]) assert.ok(statuses(bytes).every((status) => status >= 400));
  });

  it("a body by gzip, as the Java client sends it, counts by what it unpacks to, and must be whole", async () => {
    const sent = (packed: Uint8Array) =>
      Buffer.concat([
        Buffer.from(
          post(QUERIES, "", [`Content-Length: ${packed.length}`, "Content-Encoding: gzip", "Connection: close"]),
        ),
        packed,
      ]);
    const packed = gzipSync(body(PUBLIC));
    const { bytes } = await rawExchange(rig.url, sent(packed));
    assert.deepEqual(statuses(bytes), [200]);
    assert.match(bytes, /"rows":\[/);
    // 20 MB of spaces are 20 KB on the wire.
    assert.deepEqual(statuses(await refusedRaw(sent(gzipSync(Buffer.alloc(20 * MEGABYTE, 0x20))))), [413]);
    for (const broken of [packed.subarray(0, -6), packed.with(-5, 0xff), Buffer.from(body(PUBLIC)), gzipSync(packed)])
      assert.deepEqual(statuses(await refusedRaw(sent(broken))), [400]);
  });

  it("a body in another content encoding, another type or another charset is refused", async () => {
    for (const header of [
      "Content-Encoding: deflate",
      "Content-Encoding: identity, gzip",
      "Content-Encoding: br",
      "Transfer-Encoding: gzip, chunked",
    ])
      await refusedRaw(post(QUERIES, body(PUBLIC), [header, "Connection: close"]));
    for (const type of [
      "text/plain",
      "application/json; charset=utf-16",
      "application/json; charset=utf-7",
      "multipart/related",
      "application/x-www-form-urlencoded",
      "application/json, text/plain",
    ])
      await refusedRaw(
        post(QUERIES, body(PUBLIC), ["Connection: close"]).replace(
          "Content-Type: application/json",
          `Content-Type: ${type}`,
        ),
      );
  });

  it("a body that is not UTF-8, not JSON or not an object is refused", async () => {
    const before = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.from(post(QUERIES, "", [`Content-Length: ${bytes.length}`, "Connection: close"])), bytes]);
    const query = Buffer.from(body(PUBLIC));
    await refusedRaw(before(Buffer.concat([query.subarray(0, 20), Buffer.from([0xff, 0xfe]), query.subarray(20)])));
    await refusedRaw(before(Buffer.concat([query.subarray(0, 20), Buffer.from([0xc0, 0xaf]), query.subarray(20)])));
    await refusedRaw(
      before(Buffer.concat([query.subarray(0, 20), Buffer.from([0xed, 0xa0, 0x80]), query.subarray(20)])),
    );
    await refusedRaw(before(Buffer.from(body(PUBLIC), "utf16le")));
    for (const text of [
      "",
      "null",
      "[]",
      '"x"',
      "1",
      "{}",
      "{",
      `${body(PUBLIC)}{}`,
      `${body(PUBLIC)};`,
      body(PUBLIC).replace('"', "'"),
      `/**/${body(PUBLIC)}`,
      '{"query": NaN, "useLegacySql": false}',
      '{"query": ["SELECT 1"], "useLegacySql": false}',
      '{"query": {"toString": 1}, "useLegacySql": false}',
    ])
      assertRefused(await agent.send("POST", QUERIES, { body: text }), 400);
  });

  it("deep and wide JSON is refused, and the gateway lives", async () => {
    for (const text of [
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
      `{"useLegacySql":false,"query":"SELECT 1","queryParameters":[{"parameterType":${'{"type":"ARRAY","arrayType":'.repeat(5000)}{"type":"INT64"}${"}".repeat(5000)}}]}`,
      `{"useLegacySql":false,"query":"SELECT 1","queryParameters":[{"parameterType":{"type":"ARRAY"},"parameterValue":${'{"arrayValues":['.repeat(5000)}{"value":"1"}${"]}".repeat(5000)}}]}`,
      `{"useLegacySql":false,"query":"SELECT 1","labels":{${Array.from({ length: 50_000 }, (_, i) => `"l${i}":"x"`).join(",")}},"x":1}`,
      body(`SELECT ${"(".repeat(100_000)}1${")".repeat(100_000)}`),
      body(`SELECT ${Array.from({ length: 20_000 }, () => "1").join("+")}`),
      body(`SELECT ${"-".repeat(2)} ${"x".repeat(1_000_000)}`),
      body(`SELECT ${"NOT ".repeat(100_000)} TRUE`),
      body(`${"SELECT * FROM (".repeat(20_000)}SELECT 1${")".repeat(20_000)}`),
    ])
      assertRefused(await agent.send("POST", QUERIES, { body: text }));
    assert.equal((await agent.send("GET", "/bigquery/v2/projects")).status, 200);
  });

  it("of two keys of one name the one that is analysed is the one that runs", async () => {
    const twice = (first: string, second: string) =>
      `{"useLegacySql":false,"timeoutMs":10000,"query":${JSON.stringify(first)},"\\u0071uery":${JSON.stringify(second)}}`;
    assertRefused(await agent.send("POST", QUERIES, { body: twice(PUBLIC, PROTECTED) }), 403);
    const before = rig.warehouse.requests.length;
    const answer = await agent.send("POST", QUERIES, { body: twice(PROTECTED, PUBLIC) });
    const ran = rig.warehouse.requests.slice(before).filter((r) => r.method === "POST");
    for (const request of ran) assert.ok(!JSON.stringify(request.body).includes("vin"));
    if (answer.status === 200) assert.match(answer.body, /"name":"n"/);
    assertRefused(
      await agent.send("POST", QUERIES, { body: `{"query":"SELECT 1","useLegacySql":false,"useLegacySql":true}` }),
      400,
    );
  });

  it("a default dataset that is no plain name is refused before it is looked for", async () => {
    for (const datasetId of ["", "ehr`.x", "ehr.patients", "ehr:x", "../ehr", "e\u0000"])
      assertRefused(
        await agent.send("POST", QUERIES, {
          body: { query: "SELECT 1", useLegacySql: false, defaultDataset: { datasetId } },
        }),
        400,
      );
    for (const projectId of ["", "demo-clinic.", "x`y", "a:b:c", "../demo-clinic", "demo clinic", "demo-clinic\u0000"])
      assertRefused(
        await agent.send("POST", QUERIES, {
          body: {
            query: "SELECT * FROM providers",
            useLegacySql: false,
            defaultDataset: { projectId, datasetId: "directory" },
          },
        }),
        400,
      );
    for (const sql of ["SELECT * FROM `a:b:c`.d.t", "SELECT `a:b:c`.d.f()", "DROP TABLE `a:b:c`.d.t"])
      assertRefused(await agent.query(sql), 403);
  });

  it("half of a pair of surrogates is refused wherever it stands, and is no failure of the gateway's", async () => {
    for (const [path, text] of [
      [QUERIES, `{"query":"SELECT '\\ud800' AS x","useLegacySql":false}`],
      [QUERIES, `{"query":"SELECT '\\uDC00\\ud83d' AS x","useLegacySql":false}`],
      [
        QUERIES,
        `{"query":"SELECT @p AS x","useLegacySql":false,"queryParameters":[{"name":"p","parameterType":{"type":"STRING"},"parameterValue":{"value":"\\udbff"}}]}`,
      ],
      [JOBS, `{"configuration":{"query":{"query":"SELECT '\\ud800'","useLegacySql":false}}}`],
      [JOBS, `{"configuration":{"query":{"query":"SELECT 1","useLegacySql":false,"types":{"\\udfff":1}}}}`],
      [
        `/bigquery/v2/projects/${PROJECT}/datasets/workspace/tables`,
        `{"tableReference":{"tableId":"v"},"view":{"query":"SELECT '\\ud800' AS x","useLegacySql":false}}`,
      ],
    ] as const) {
      const answer = await agent.send("POST", path, { body: text });
      assertRefused(answer, 400);
      assert.match(answer.body, /half of a pair/);
    }
    const whole = `{"query":"SELECT '\\ud83d\\ude00' AS x","useLegacySql":false,"timeoutMs":10000}`;
    const answer = await agent.send("POST", QUERIES, { body: whole });
    assert.match(Buffer.from(answer.body, "latin1").toString(), /"v":"\u{1f600}"/u);
  });

  it("a bound of nothing is refused: nobody says whether it would be none", async () => {
    for (const none of [0, "0", "000"]) {
      assertRefused(
        await agent.send("POST", QUERIES, { body: { query: PUBLIC, useLegacySql: false, maximumBytesBilled: none } }),
        400,
      );
      const query = { query: PUBLIC, useLegacySql: false };
      for (const configuration of [{ query, jobTimeoutMs: none }, { query: { ...query, maximumBytesBilled: none } }])
        assertRefused(await agent.send("POST", JOBS, { body: { configuration } }), 400);
    }
  });

  it("a field that moves data, or that nobody knows, is refused by its name", async () => {
    const unknown: Readonly<Record<string, unknown>> = {
      destinationTable: { projectId: PROJECT, datasetId: "ops", tableId: "t" },
      tableDefinitions: { x: { sourceUris: ["gs://evil/x"] } },
      externalTableDefinitions: {},
      userDefinedFunctionResources: [{ inlineCode: "throw 1" }],
      createSession: true,
      connectionProperties: [{ key: "session_id", value: "x" }],
      scriptOptions: { statementTimeoutMs: "1" },
      writeDisposition: "WRITE_TRUNCATE",
      createDisposition: "CREATE_IF_NEEDED",
      schemaUpdateOptions: ["ALLOW_FIELD_ADDITION"],
      destinationEncryptionConfiguration: { kmsKeyName: "k" },
      timePartitioning: { type: "DAY" },
      clustering: { fields: ["a"] },
      continuous: true,
      writeIncrementalResults: true,
      preserveNulls: true,
      systemVariables: {},
      jobCreationMode: "EVIL",
      reservation: "r",
      impersonateServiceAccount: "x",
      destinationtable: {},
      DestinationTable: {},
      constructor: { prototype: {} },
      toString: "x",
    };
    for (const [field, value] of Object.entries(unknown)) {
      const answer = await agent.send("POST", QUERIES, {
        body: { query: PUBLIC, useLegacySql: false, [field]: value },
      });
      assertRefused(answer, 400);
      assert.doesNotMatch(answer.body, /native code|object Object/);
      const inserted = await agent.send("POST", JOBS, {
        body: { configuration: { query: { query: PUBLIC, useLegacySql: false, [field]: value } } },
      });
      assertRefused(inserted, 400);
    }
    for (const text of [
      `{"query":"SELECT 1","useLegacySql":false,"__proto__":{"destinationTable":{}}}`,
      `{"configuration":{"query":{"query":"SELECT 1","useLegacySql":false},"__proto__":{"load":{}}}}`,
    ]) {
      const before = jobsRunUpstream(rig);
      const answer = await agent.send("POST", text.includes("configuration") ? JOBS : QUERIES, { body: text });
      if (answer.status === 200) continue; // dropped by JSON's own reader: the object has no such property
      assertRefused(answer, 400);
      assert.equal(jobsRunUpstream(rig), before);
    }
  });

  it("jobs of several kinds, legacy SQL, batch priority and jobs of another project are refused", async () => {
    const table = { projectId: PROJECT, datasetId: "ehr", tableId: "patients" };
    for (const configuration of [
      { extract: { sourceTable: table, destinationUris: ["gs://evil/x"] } },
      { query: { query: PUBLIC } },
      { query: { query: PUBLIC, useLegacySql: true } },
      { query: { query: PUBLIC, useLegacySql: "false" } },
      { query: { query: PUBLIC, useLegacySql: false }, extract: { sourceTable: table } },
      { jobType: "LOAD", query: { query: PUBLIC, useLegacySql: false } },
      { jobType: "constructor", query: { query: PUBLIC, useLegacySql: false } },
      { query: { query: PUBLIC, useLegacySql: false, priority: "BATCH" } },
      {},
    ])
      assertRefused(await agent.send("POST", JOBS, { body: { configuration } }), 400);
    for (const jobReference of [
      { projectId: "other" },
      { jobId: "../x" },
      { jobId: "a b" },
      { jobId: "x".repeat(2000) },
      { location: "EU" },
    ])
      assertRefused(
        await agent.send("POST", JOBS, {
          body: { jobReference, configuration: { query: { query: PUBLIC, useLegacySql: false } } },
        }),
        400,
      );
  });

  it("a request inside a request is never answered", async () => {
    const smuggled = `GET /bigquery/v2/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${other}\r\n\r\n`;
    for (const headers of [
      ["Content-Length: 4", "Transfer-Encoding: chunked"],
      ["Transfer-Encoding: chunked", "Content-Length: 0"],
      ["Transfer-Encoding: xchunked"],
      ["Transfer-Encoding : chunked"],
      ["Transfer-Encoding: chunked, identity"],
      ["Transfer-Encoding:\tchunked\r\nTransfer-Encoding: identity"],
      ["Content-Length: 4\r\nContent-Length: 5"],
      ["Content-Length: +4"],
      ["Content-Length: 4, 4"],
      ["Content-Length: 0x4"],
      ["Content-Length: -1"],
      ["X: y\nTransfer-Encoding: chunked"],
      ["X: y\rTransfer-Encoding: chunked"],
    ]) {
      const { bytes } = await rawExchange(
        rig.url,
        post(
          QUERIES,
          `0\r\n\r\n${smuggled}`,
          headers.some((h) => /content-length/i.test(h)) ? headers : [...headers, "Content-Length: 4"],
        ),
        { silenceMs: 1000 },
      );
      secrets.assertAbsent(bytes, headers.join());
      assert.ok(!/^HTTP\/1\.1 2/m.test(bytes), `${headers.join()}: ${bytes.slice(0, 200)}`);
      assert.ok(!bytes.includes("projectList"), `the smuggled request was answered: ${headers.join()}`);
    }
  });

  it("malformed chunks, bare line feeds, folded headers and header bombs are refused", async () => {
    const chunked = (chunks: string) => post(QUERIES, chunks, ["Transfer-Encoding: chunked", "Connection: close"]);
    for (const text of [
      chunked("zz\r\nhello\r\n0\r\n\r\n"),
      chunked("5;ext=\nhello\r\n0\r\n\r\n"),
      chunked("fffffffffffffffff\r\nhello"),
      chunked("-5\r\nhello\r\n0\r\n\r\n"),
      post(QUERIES, body(PUBLIC), ["X-Folded: a\r\n b: c", "Connection: close"]).replaceAll("\r\n", "\n"),
      get(JOBS, [`X-Big: ${"x".repeat(100_000)}`]),
      get(JOBS, ["X\0Y: z"]),
      get(JOBS, ["Bad Header: x"]),
      get(JOBS, [": x"]),
      get(JOBS).replace("HTTP/1.1", "HTTP/1.2"),
      get(JOBS).replace("HTTP/1.1", "HTTP/2.0"),
      get(JOBS).replace("Host: gateway\r\n", ""),
      get(`${JOBS}\r\nX: y`),
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
      `\u0016\u0003\u0001\u0002\u0000`,
    ]) {
      const { bytes } = await rawExchange(rig.url, text, { silenceMs: 1500 });
      secrets.assertAbsent(bytes, text.slice(0, 40));
      assert.ok(!/^HTTP\/1\.1 2/m.test(bytes), `${JSON.stringify(text.slice(-60))}: ${bytes.slice(0, 100)}`);
    }
  });

  it("many headers do not hide a second Authorization behind the limit", async () => {
    const many = Array.from({ length: 300 }, (_, i) => `X-${i}: y`);
    const { bytes } = await rawExchange(rig.url, get(JOBS, [...many, `Authorization: Bearer ${other}`]));
    const [status = 0] = statuses(bytes);
    // Headers past the limit may be dropped: then the answer is that of the first credential, and of no other.
    if (status === 200) assert.ok(bytes.includes('"bigquery#jobList"'));
    else assert.ok(status >= 400);
    secrets.assertAbsent(bytes, "many headers");
  });

  it("pipelined requests of two agents get each its own answer", async () => {
    const own = await agent.query(PUBLIC, { timeoutMs: 10_000 });
    const { jobReference } = JSON.parse(own.body) as { jobReference: { jobId: string } };
    const ask = (token: string) =>
      `GET ${JOBS}/${jobReference.jobId} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const { bytes } = await rawExchange(rig.url, ask(agent.token) + ask(agent.token) + ask(other) + ask(agent.token), {
      silenceMs: 1500,
    });
    assert.deepEqual(statuses(bytes).slice(0, 3), [200, 200, 404]);
    assert.equal(bytes.split('bigquery#job"').length - 1 <= 3, true);
  });

  it("HTTP/1.0, in which a broken answer looks like a whole one, is refused", async () => {
    await refusedRawVersion("1.0");
    await refusedRawVersion("0.9");
  });

  async function refusedRawVersion(version: string): Promise<void> {
    const { bytes } = await rawExchange(rig.url, post(QUERIES, body(PUBLIC), [], version), { silenceMs: 1500 });
    assert.ok(!/^HTTP\/1\.[01] 2/m.test(bytes), bytes.slice(0, 200));
    assert.ok(!bytes.includes('"rows"'));
  }

  it("after all this the gateway answers as before", async () => {
    const answer = await agent.query(PUBLIC, { timeoutMs: 10_000 });
    assert.equal(answer.status, 200);
  });
});
