import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import type { Fault } from "../../packages/warehouse/src/misbehave.ts";
import { filesBelow, findCanary, findInFolder } from "./find-canary.ts";
import { type ChaperoneProcess, runChaperone, type Surroundings, startSurroundings } from "./gateway-process.ts";

const PROJECT = "demo-clinic";
const PATIENTS = `\`${PROJECT}.ehr.patients\``;
/** In every protected value of the warehouse. */
const DATA = `zq${randomBytes(6).toString("hex")}data`;
/** In every literal and parameter that agents send, and in every field of requests that are no requests. */
const ASKED = `zq${randomBytes(6).toString("hex")}asked`;
/** Every patient's number begins with it. */
const NUMBER = `7${String(randomBytes(6).readUIntBE(0, 6)).padStart(9, "3").slice(0, 9)}`;
/** Throws, when told to, an error that quotes a value, where nobody catches it. */
const CRASH = `data:text/javascript,process.on("SIGUSR2",()=>{const e=new Error("row ${DATA} is bad");e.row="${DATA}";setImmediate(()=>{throw e})})`;

/** SQL that is refused at some place, with a literal at or near that place. */
const BROKEN = [
  `SELECT '${ASKED}`,
  `SELECT "${ASKED}`,
  `SELECT '''${ASKED}`,
  `SELECT '${ASKED}' '${ASKED}'`,
  `SELECT * FROM '${ASKED}'`,
  `SELECT r'${ASKED}\\`,
  `SELECT '\\q${ASKED}'`,
  `SELECT b'\\u0041${ASKED}'`,
  `SELECT '${ASKED}' + 1`,
  `SELECT -'${ASKED}'`,
  `SELECT NOT '${ASKED}'`,
  `SELECT CAST('${ASKED}' AS INT64)`,
  `SELECT CAST('${ASKED}' AS DATE FORMAT '${ASKED}')`,
  `SELECT DATE '${ASKED}'`,
  `SELECT TIMESTAMP '${ASKED}'`,
  `SELECT NUMERIC '${ASKED}'`,
  `SELECT JSON '{"${ASKED}'`,
  `SELECT RANGE<DATE> '[${ASKED})'`,
  `SELECT INTERVAL '${ASKED}' DAY`,
  `SELECT EXTRACT('${ASKED}' FROM CURRENT_DATE())`,
  `SELECT full_name FROM ${PATIENTS} WHERE '${ASKED}'`,
  `SELECT full_name FROM ${PATIENTS} LIMIT '${ASKED}'`,
  `SELECT ERROR('${ASKED}')`,
  `SELECT NO_SUCH_FUNCTION('${ASKED}')`,
  `SELECT * FROM EXTERNAL_QUERY('${ASKED}', '${ASKED}')`,
  `SELECT full_name FROM ${PATIENTS} WHERE full_name IN ('${ASKED}', 1)`,
  `SELECT @@session.${"x"} = '${ASKED}'`,
  `SELECT @missing || '${ASKED}'`,
  `SELECT 1 -- ${ASKED}\n FROM FROM`,
  `SELECT 1 /* ${ASKED}`,
  `DECLARE x STRING DEFAULT '${ASKED}'; SELECT x`,
  `EXECUTE IMMEDIATE '${ASKED}'`,
  `EXPORT DATA OPTIONS (uri = 'gs://${ASKED}/*') AS SELECT 1`,
  `INSERT INTO ${PATIENTS} (full_name) VALUES ('${ASKED}')`,
  `SELECT 1${ASKED}`,
  `SELECT 0x${ASKED}`,
  `SELECT $${ASKED}`,
  `SELECT '${ASKED}' AS a, '${ASKED}' AS a FROM ${PATIENTS} p JOIN ${PATIENTS} q USING (a)`,
];

/** What an upstream may do to an answer, quoting values where it can. */
const FAULTS: readonly Fault[] = [
  { kind: "job-error", message: `Bad int64 value: ${DATA}` },
  { kind: "job-error", reason: "backendError", message: `Row ${DATA} failed` },
  ...(["results", "insert", "dryRun"] as const).map(
    (target): Fault => ({ kind: "status", target, code: 400, reason: DATA, message: `Bad value ${DATA}` }),
  ),
  { kind: "status", target: "results", code: 403, message: `Access denied to ${DATA}` },
  { kind: "reset", target: "results", afterBytes: 900 },
  { kind: "truncate", target: "results", afterBytes: 900 },
  { kind: "extra-cell", target: "results" },
  { kind: "extra-column", target: "results" },
  { kind: "missing-column", target: "results" },
  { kind: "reordered-columns", target: "results" },
  { kind: "schema-after-rows", target: "results" },
  { kind: "wrong-type", target: "results", type: "INTEGER" },
  { kind: "extra-rows", target: "results", count: 3 },
  { kind: "gzip", target: "results" },
  { kind: "dry-run", schema: ["full_name", "ssn"].map((name) => ({ name, type: DATA })) },
  { kind: "dry-run", schema: [DATA, "ssn"].map((name) => ({ name, type: "STRING" })) },
  { kind: "dry-run", statementType: DATA },
  { kind: "dry-run", referencedTables: [{ projectId: PROJECT, datasetId: "ehr", tableId: "notes" }] },
];

describe("no PHI at rest (I5)", () => {
  let outside: Surroundings;
  let gateway: ChaperoneProcess;
  /** Logs, metrics, audit and command output, by name: looked through at the end. */
  const heard = new Map<string, string>();
  /** Answers that are no success. They hold no data (I9); the agent's own words may be said back to it. */
  const refusals = new Map<string, string>();
  /** What agents were shown, to know that the canaries were where they should have been. */
  let shown = "";

  before(async () => {
    outside = await startSurroundings({ patients: 30, config: { log: { level: "trace" } } });
    await plant();
    gateway = await outside.start({ nodeArguments: ["--import", CRASH] });
  });
  after(() => outside.close());

  async function plant(): Promise<void> {
    const { warehouse } = outside;
    const table = (name: string) => warehouse.duckName(`${PROJECT}.ehr.${name}`);
    const texts = ["first_name", "last_name", "full_name", "ssn", "mrn", "phone", "email", "photo_url", "other_id"];
    const set = texts.map((column) => `${column} = '${DATA}-' || ${column}`);
    await warehouse.sql(
      `UPDATE ${table("patients")} SET ${set.join(", ")}, patient_id = ${NUMBER}000 + patient_id % 1000`,
    );
    await warehouse.sql(`UPDATE ${table("notes")} SET text = '${DATA} ' || text`);
    await warehouse.sql(`UPDATE ${table("conditions")} SET description = '${DATA} ' || description`);
  }

  async function call(path: string, init: RequestInit & { agent?: string } = {}): Promise<Response> {
    return fetch(`${outside.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${await outside.token(init.agent ?? "care-summary-agent")}`,
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...init.headers,
      },
    });
  }
  const post = (path: string, body: unknown, agent?: string) =>
    call(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(agent === undefined ? {} : { agent }),
    });

  async function keep(name: string, response: Promise<Response>): Promise<{ status: number; text: string }> {
    const answer = await response;
    const text = await answer.text().catch(() => "");
    if (answer.status === 200) shown += text;
    else refusals.set(`${name}: status ${answer.status}`, text);
    return { status: answer.status, text };
  }

  /** Submits, has it approved if it is held, and gives the job's id; undefined when it was refused. */
  async function job(name: string, query: string, more: object = {}): Promise<string | undefined> {
    const { status, text } = await keep(
      name,
      post("jobs", { configuration: { query: { query, useLegacySql: false, ...more } } }),
    );
    if (status !== 200) return undefined;
    const { jobReference, status: state } = JSON.parse(text) as {
      jobReference: { jobId: string };
      status: { state: string };
    };
    if (state.state === "PENDING") await decide("approve");
    return jobReference.jobId;
  }

  async function decide(decision: "approve" | "deny"): Promise<void> {
    const dana = outside.person("dana.officer");
    const { approvals } = await dana.get<{ approvals: { id: string }[] }>("approvals?state=pending");
    for (const { id } of approvals) {
      const { binding } = await dana.get<{ binding: string }>(`approvals/${id}`);
      await dana.post(`approvals/${id}/decisions`, { decision, reason: "as the test says", binding });
    }
  }

  const rows = (name: string, id: string | undefined, query = "") =>
    keep(name, call(`queries/${id}?timeoutMs=10000${query}`));

  it("runs queries that are permitted, held, approved, masked, paged, with literals and parameters", async () => {
    const condition = `\`${PROJECT}.ehr.conditions\``;
    const first = await job(
      "approved",
      `SELECT p.full_name, p.ssn, p.mrn, p.email, p.patient_id, c.description FROM ${PATIENTS} p JOIN ${condition} c ON c.encounter_id = c.encounter_id WHERE c.code != '${ASKED}' LIMIT 20`,
    );
    await rows("approved", first);
    const paged = await job("paged", `SELECT full_name, ssn, '${ASKED}' AS mark FROM ${PATIENTS} LIMIT 9`);
    for (let token: string | undefined = ""; token !== undefined; ) {
      const { text } = await rows("paged", paged, `&maxResults=4${token === "" ? "" : `&pageToken=${token}`}`);
      token = (JSON.parse(text) as { pageToken?: string }).pageToken;
    }
    await rows("another client's page token", paged, `&pageToken=${ASKED}`);
    const parameter = (value: string) => ({
      parameterMode: "NAMED",
      queryParameters: [{ name: "p", parameterType: { type: "STRING" }, parameterValue: { value } }],
    });
    const asked = await job("parameters", `SELECT full_name, @p AS mark FROM ${PATIENTS} LIMIT 2`, parameter(ASKED));
    await rows("parameters", asked);
    await keep("as a job", call(`jobs/${asked}`));
    await keep("as jobs", call("jobs?projection=full"));
    assert.ok(shown.includes(DATA), "names are shown to whom policy shows them");
    assert.ok(shown.includes(ASKED), "the agent is shown its own literals");
  });

  it("denies, cancels, lets a person deny, and dry-runs", async () => {
    for (const agent of ["rogue-agent", "research-agent"])
      await keep(
        agent,
        post("queries", { query: `SELECT ssn FROM ${PATIENTS} WHERE ssn = '${ASKED}'`, useLegacySql: false }, agent),
      );
    await keep(
      "infer",
      post("queries", { query: `SELECT full_name FROM ${PATIENTS} WHERE ssn LIKE '${ASKED}%'`, useLegacySql: false }),
    );
    const held = {
      configuration: { query: { query: `SELECT ssn, '${ASKED}' FROM ${PATIENTS}`, useLegacySql: false } },
    };
    const { text } = await keep("cancelled", post("jobs", held));
    await keep("cancelled", post(`jobs/${JSON.parse(text).jobReference.jobId}/cancel`, {}));
    await keep("denied by a person", post("jobs", held));
    await decide("deny");
    await keep("dry run", post("jobs", { configuration: { dryRun: true, ...held.configuration } }));
  });

  it("refuses SQL that is broken at a literal", async () => {
    for (const query of BROKEN) {
      const { status } = await keep(query, post("queries", { query, useLegacySql: false, timeoutMs: 0 }));
      if (status === 200) await decide("deny");
    }
    const odd = { name: ASKED, parameterType: { type: "INT64" }, parameterValue: { value: ASKED } };
    const query = "SELECT @p";
    for (const queryParameters of [[odd], [{ ...odd, name: "p" }], [{ ...odd, parameterType: { type: "DATE" } }]])
      await keep(
        "a parameter of another type",
        post("queries", { query, useLegacySql: false, parameterMode: "NAMED", queryParameters }),
      );
  });

  it("meets an upstream that quotes values in errors, breaks off and lies", async () => {
    for (const fault of FAULTS) {
      outside.warehouse.misbehave(fault);
      const name = `upstream: ${JSON.stringify(fault)}`;
      const id = await job(name, `SELECT full_name, ssn FROM ${PATIENTS} LIMIT 20`);
      if (id !== undefined) {
        await call(`queries/${id}?timeoutMs=10000`)
          .then(async (answer) => {
            if (answer.status !== 200) refusals.set(name, await answer.text());
            else await answer.text();
          })
          .catch(() => undefined);
        await keep(`${name}, later`, call(`jobs/${id}`));
      }
      outside.warehouse.calm();
    }
  });

  // What is no canary's place: names that the agent itself gives — labels, job ids, request ids, aliases, tables. They are kept
  // in the clear, as the name of its job.
  it("refuses requests that are none, with canaries in every place", async () => {
    const body = { query: "SELECT 1", useLegacySql: false };
    const fields = [
      "kind query useLegacySql defaultDataset parameterMode queryParameters maximumBytesBilled useQueryCache dryRun",
      "location maxResults timeoutMs requestId jobCreationMode formatOptions",
    ].flatMap((line) => line.split(" "));
    for (const field of fields) {
      for (const value of [{ [ASKED]: ASKED }, [ASKED], `${ASKED} ${ASKED}`])
        await keep(`field ${field}`, post("queries", { ...body, [field]: value }));
    }
    await keep("unknown field", post("queries", { ...body, [ASKED]: ASKED }));
    await keep("no JSON", post("queries", `{"query": "${ASKED}`));
    await keep("labels", post("queries", { ...body, labels: { [`${ASKED} x`]: `${ASKED} x` } }));
    await keep(
      "text body",
      call("queries", { method: "POST", body: ASKED, headers: { "content-type": "text/plain" } }),
    );
    await keep("path", call(`${ASKED}/${ASKED}`));
    await keep("escaped path", call(`jobs/%7e${ASKED}`));
    await keep("job", call(`jobs/${ASKED}`));
    await keep("dataset", call(`datasets/${ASKED}/tables/${ASKED}`));
    await keep("query", call(`jobs?${ASKED}=${ASKED}`));
    await keep("number", call(`jobs?maxResults=${ASKED}`));
    await keep("access_token", call(`jobs?access_token=${ASKED}`));
    await keep("method", call("jobs", { method: "DELETE", headers: { "x-http-method-override": ASKED } }));
    const jwt = [{ alg: ASKED, kid: ASKED }, { iss: ASKED, sub: ASKED }, ASKED]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    for (const authorization of [`Bearer ${ASKED}`, `Bearer ${jwt}`, `Basic ${btoa(`${ASKED}:${ASKED}`)}`, ASKED])
      await keep("credential", call("jobs", { headers: { authorization } }));
    const dana = `Bearer ${await loginAsDemoPerson(outside.identityProvider.issuer, "dana.officer")}`;
    for (const [method, path, content] of [
      ["GET", `approvals/${ASKED}`, undefined],
      ["GET", `approvals?state=${ASKED}`, undefined],
      ["POST", `approvals/${ASKED}/decisions`, { decision: ASKED, reason: ASKED, binding: ASKED }],
      ["POST", `approvals/${ASKED}/decisions`, { decision: "approve", reason: ASKED, binding: "0".repeat(64) }],
      ["POST", "agents/suspend", { issuer: ASKED, subject: ASKED, reason: ASKED }],
    ] as const)
      await keep(
        `console ${path}`,
        fetch(`${outside.url}/api/v1/${path}`, {
          method,
          headers: { authorization: dana, "content-type": "application/json" },
          ...(content === undefined ? {} : { body: JSON.stringify(content) }),
        }),
      );
  });

  it("tells auditors what happened without a value", async () => {
    const login = join(outside.state, "..", `login-${ASKED.slice(0, 6)}-${process.pid}.json`);
    const accessToken = await loginAsDemoPerson(outside.identityProvider.issuer, "avery.auditor");
    const { issuer } = outside.identityProvider;
    const saved = { issuer, clientId: "chaperone-console", accessToken, expiresAt: Date.now() + 600_000 };
    writeFileSync(login, JSON.stringify(saved), { mode: 0o600 });
    const avery = outside.person("avery.auditor");
    const { accesses } = await avery.get<{ accesses: { session: string }[] }>("sessions");
    heard.set("sessions", JSON.stringify(accesses));
    for (const { session } of accesses)
      heard.set(`replay ${session}`, JSON.stringify(await avery.get(`sessions/${session}/replay`)));
    const found = await avery.get<{ approvals: { id: string }[] }>("approvals?state=all");
    heard.set("approvals, seen by who doesn't approve", JSON.stringify(found));
    for (const { id } of found.approvals)
      heard.set(`approval ${id}, seen by who doesn't approve`, JSON.stringify(await avery.get(`approvals/${id}`)));
    const env = { CHAPERONE_TOKEN_FILE: login, CHAPERONE_GATEWAY: outside.url };
    const last = accesses.at(-1)?.session ?? "";
    const commands = [
      ["sessions", "list"],
      ["sessions", "replay", last],
      ["audit", "verify", "--state", outside.state],
    ];
    const ran = commands.map((command) => runChaperone(command, { env }));
    for (const [index, command] of ran.entries()) {
      const { code } = await command.exited;
      assert.equal(code, 0, command.output());
      heard.set(`chaperone ${commands[index]?.join(" ")}`, command.output());
    }
    rmSync(login);
  });

  it("crashes in the middle of a page, by an error that quotes a value and by kill -9, and stops by SIGTERM", async () => {
    for (const signal of ["SIGUSR2", "SIGKILL"] as const) {
      const id = await job("crash", `SELECT full_name, ssn FROM ${PATIENTS} LIMIT 30`);
      outside.warehouse.misbehave({
        kind: "slow-body",
        target: "results",
        bytes: 400,
        milliseconds: 200,
        times: "always",
      });
      const answer = await call(`queries/${id}?timeoutMs=10000`);
      assert.equal(answer.status, 200);
      const broke = assert.rejects(answer.text(), "a page that was under way never looks whole");
      await sleep(300);
      gateway.kill(signal);
      const ended = await gateway.exited;
      assert.equal(signal === "SIGKILL" ? ended.signal : ended.code, signal === "SIGKILL" ? "SIGKILL" : 1);
      await broke;
      heard.set(`log until ${signal}`, gateway.output());
      outside.warehouse.calm();
      heard.set(`files after ${signal}`, findInFolder(DATA, outside.state).join("\n"));
      if (signal === "SIGUSR2") {
        assert.match(gateway.output(), /an error that nobody caught/);
        gateway = await outside.start();
      }
    }
    gateway = await outside.start();
    const metrics = await (await fetch(`${outside.url}/metrics`)).text();
    assert.match(metrics, /chaperone_/);
    heard.set("metrics", metrics);
  });

  it("left no value anywhere", async () => {
    // Looked at while the gateway runs, so that -wal and -shm are there.
    const files = filesBelow(outside.state).map((file) => file.slice(outside.state.length + 1));
    for (const file of ["chaperone.db", "chaperone.db-wal", "chaperone.db-shm", "seal.key", "ledger.key", "token.key"])
      assert.ok(files.includes(file), `${file} is among ${files.join(", ")}`);
    const found = [DATA, ASKED, NUMBER].flatMap((canary) => findInFolder(canary, outside.state));
    assert.deepEqual(found, [], "in the state directory");
    heard.set("log of the last", gateway.output());
    for (const [name, text] of heard)
      for (const canary of [DATA, ASKED, NUMBER])
        assert.deepEqual(findCanary(canary, Buffer.from(text)), [], `${name} holds ${canary}: ${text.slice(0, 2000)}`);
    for (const [name, text] of refusals)
      for (const canary of [DATA, NUMBER]) assert.deepEqual(findCanary(canary, Buffer.from(text)), [], name);
    gateway.kill("SIGTERM");
    assert.equal((await gateway.exited).code, 0);
    assert.deepEqual(
      [DATA, ASKED, NUMBER].flatMap((canary) => findInFolder(canary, outside.state)),
      [],
    );
  });

  it("would have been found: a value planted in a copy is, in each form", () => {
    const copy = mkdtempSync(join(tmpdir(), "chaperone-planted-"));
    try {
      cpSync(outside.state, copy, { recursive: true });
      assert.deepEqual(findInFolder(DATA, copy), []);
      const db = new DatabaseSync(join(copy, "chaperone.db"));
      db.prepare("UPDATE sessions SET purpose = ? WHERE id = (SELECT min(id) FROM sessions)").run(DATA);
      db.close();
      assert.notDeepEqual(findInFolder(DATA, copy), []);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
    assert.ok(!existsSync(copy));
    const text = `name: ${DATA}!`;
    for (const [form, bytes] of Object.entries({
      plain: Buffer.from(text.toUpperCase()),
      "UTF-16LE": Buffer.from(`${text}`, "utf16le"),
      "UTF-16BE": Buffer.from(text, "utf16le").swap16(),
      hexadecimal: Buffer.from(Buffer.from(text).toString("hex")),
      "percent-encoded": Buffer.from(Buffer.from(text).toString("hex").replace(/../g, "%$&")),
    }))
      assert.ok(findCanary(DATA, bytes).includes(form), form);
    for (const before of ["", "x", "xx", "xxx"])
      for (const encoding of ["base64", "base64url"] as const)
        assert.ok(findCanary(DATA, Buffer.from(Buffer.from(`${before}${text}`).toString(encoding))).includes(encoding));
    assert.deepEqual(findCanary(DATA, readFileSync(import.meta.filename)), []);
  });
});
