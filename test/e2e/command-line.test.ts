import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { BigQuery, Job } from "@google-cloud/bigquery";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import type { Access, ApprovalSummary } from "../../packages/gateway/src/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const MAIN = resolve(import.meta.dirname, "../../packages/cli/src/main.ts");
const SSN = `SELECT full_name, ssn FROM \`${PROJECT}.ehr.patients\` WHERE 'a literal' != '' LIMIT 4`;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

describe("the chaperone command", () => {
  let rig: Rig;
  let client: BigQuery;
  const folder = mkdtempSync(join(tmpdir(), "chaperone-cli-"));
  before(async () => {
    rig = await startRig();
    client = await rig.client("care-summary-agent");
    await Promise.all(["dana.officer", "sam.sponsor", "avery.auditor"].map(logIn));
  });
  after(async () => {
    await rig.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const tokenFile = (subject: string) => join(folder, `${subject}.json`);

  async function logIn(subject: string): Promise<void> {
    const { issuer } = rig.identityProvider;
    const login = {
      issuer,
      clientId: "chaperone-console",
      accessToken: await loginAsDemoPerson(issuer, subject),
      expiresAt: Date.now() + 600_000,
    };
    writeFileSync(tokenFile(subject), JSON.stringify(login), { mode: 0o600 });
  }

  /** Runs the command in a process of its own, which knows nothing but this. */
  async function chaperone(args: readonly string[], options: { as?: string; input?: string } = {}): Promise<Ended> {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        CHAPERONE_GATEWAY: rig.url,
        ...(options.as === undefined ? {} : { CHAPERONE_TOKEN_FILE: tokenFile(options.as) }),
      },
    });
    child.stdin.end(options.input ?? "");
    const closed = new Promise<number | null>((done) => child.once("close", done));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { status: await closed, out, err };
  }

  async function done(args: readonly string[], options: { as?: string; input?: string } = {}): Promise<string> {
    const { status, out, err } = await chaperone(args, options);
    assert.equal(status, 0, err);
    assert.equal(err, "");
    return out;
  }

  describe("approvals", () => {
    it("lists, shows and approves a request", async () => {
      const [job] = await client.createQueryJob({ query: SSN, labels: { purpose: "care-summary" } });
      const as = "dana.officer";
      const [json, list] = await Promise.all([
        done(["approvals", "list", "--json"], { as }),
        done(["approvals", "list"], { as }),
      ]);
      const [request, ...more] = JSON.parse(json) as ApprovalSummary[];
      assert.ok(request);
      assert.deepEqual(more, []);
      assert.match(list, /^REQUEST +STATE +AGENT/);
      assert.ok(list.includes(request.id) && list.includes("care-summary"));

      const page = await done(["approvals", "show", request.id], { as });
      assert.match(page, /ssn +phi\.ssn +read +last4/);
      assert.match(page, /a literal/);
      const [binding = ""] = /[0-9a-f]{64}/.exec(page.slice(page.indexOf("Binding"))) ?? [];

      const approve = ["approvals", "approve", request.id, "--reason", "treatment relation on file", "--binding"];
      const wrong = await chaperone([...approve, "0".repeat(64)], { as });
      assert.equal(wrong.status, 1);
      assert.match(wrong.err, /not the one you were shown/);
      assert.equal(await done([...approve, binding], { as }), "Recorded: the request is approved.\n");
      assert.equal((await job.getQueryResults())[0].length, 4);
      assert.ok((await done(["approvals", "list", "--state", "approved"], { as })).includes(request.id));
    });

    it("denies with a reason that the agent reads", async () => {
      const [job] = await client.createQueryJob(SSN);
      const { id } = await rig.pending(rig.person("dana.officer"));
      const said = await done(["approvals", "deny", id, "--reason", "ask the board"], { as: "dana.officer" });
      assert.equal(said, "Recorded: the request is denied.\n");
      await assert.rejects(job.getQueryResults(), { code: 403, message: /ask the board/ });
    });

    it("withholds literals from those who oversee, and decides nothing for them", async () => {
      const as = "avery.auditor";
      const [job] = await client.createQueryJob(SSN);
      const { id } = await rig.pending(rig.person("dana.officer"));
      const [page, decided] = await Promise.all([
        done(["approvals", "show", id], { as }),
        chaperone(["approvals", "approve", id, "--reason", "let it"], { as }),
      ]);
      assert.ok(!page.includes("a literal"));
      assert.equal(decided.status, 1);
      assert.equal(decided.out, "");
      assert.match(decided.err, /^chaperone: deciding this needs one of the groups: privacy-officers/);
      assert.equal((await job.getMetadata())[0].status.state, "PENDING");
      await job.cancel();
    });

    it("says what is wrong in a line: no login, no gateway, no such request, not one's room, wrong usage", async () => {
      const as = "dana.officer";
      await Promise.all(
        (
          [
            [["approvals", "list"], {}, /log ?in/i, 1],
            [["approvals", "list", "--gateway", "http://127.0.0.1:9"], { as }, /No gateway answers/, 1],
            [["approvals", "show", "req_nothing"], { as }, /Not found/, 1],
            [["sessions", "list"], { as }, /auditors/, 1],
            [["approvals", "approve", "req_nothing"], { as }, /--reason/, 2],
            [["audit", "verify", "--state", "/nowhere/\u001b[2Jx"], {}, /no store in \/nowhere\/\\u001b\[2Jx/, 1],
          ] as const
        ).map(async ([args, options, expected, status]) => {
          const ended = await chaperone(args, options);
          assert.equal(ended.status, status, ended.err);
          assert.match(ended.err, expected);
          assert.ok(!ended.err.includes("    at "), `a stack trace for ${args.join(" ")}`);
        }),
      );
    });
  });

  describe("sessions", () => {
    const as = "avery.auditor";
    let job: Job;
    before(async () => {
      [job] = await client.createQueryJob({ query: SSN, labels: { purpose: "care-summary" } });
      await rig.decide("dana.officer", "approve", "for the summary");
      await job.getQueryResults();
    });

    it("lists as a table, as JSON and as CSV", async () => {
      const [table, json, csv, none, nobody] = await Promise.all([
        done(["sessions", "list", "--agent", "care-summary-agent"], { as }),
        done(["sessions", "list", "--agent", "care-summary-agent", "--format", "json"], { as }),
        done(["sessions", "list", "--format", "csv"], { as }),
        done(["sessions", "list", "--to", "2000-01-01"], { as }),
        done(["sessions", "list", "--on-behalf-of", "casey.clinician"], { as }),
      ]);
      assert.match(table, /^SESSION +WHO +FOR +WHEN +STATE/);
      const all = JSON.parse(json) as Access[];
      const mine = all.find((a) => a.job === job.id);
      assert.equal(mine?.state, "done");
      assert.equal(mine?.masked.rowsReleased, 4);
      assert.deepEqual(mine?.masked.columns.ssn, { rule: "last4", count: 4 });
      const lines = csv.trimEnd().split("\r\n");
      assert.match(lines[0] ?? "", /^SESSION,WHO,FOR,WHEN/);
      assert.equal(lines.length, 1 + all.length);
      assert.deepEqual([none, nobody], ["No sessions.\n", "No sessions.\n"]);
    });

    it("takes no time that another machine would read otherwise", async () => {
      const refused = await Promise.all(
        ["2026-11-01T08:00", "11/01/2026", "1", "2026-11-01T08:00:00", "tomorrow"].map((time) =>
          chaperone(["sessions", "list", "--from", time], { as }),
        ),
      );
      for (const { status, err } of refused) assert.match(`${status} ${err}`, /^1 .*RFC 3339/);
      for (const time of ["2026-11-01", "2026-11-01T08:00Z", "2026-11-01T08:00:00.5+02:00"])
        await done(["sessions", "list", "--from", time], { as });
    });

    it("shows one session, by its id or its job's", async () => {
      const [page, json] = await Promise.all([
        done(["sessions", "show", job.id ?? ""], { as }),
        done(["sessions", "show", job.id ?? "", "--json"], { as }),
      ]);
      assert.match(page, /^Session +\S+ +done/);
      assert.match(page, /approve by Dana Officer .*for the summary/);
      assert.match(page, /ssn: last4, 4 cells/);
      const access = JSON.parse(json) as Access;
      assert.ok(page.includes(access.session));
      assert.equal(await done(["sessions", "show", access.session], { as }), page);
    });

    it("replays what happened, in order, without a value", async () => {
      const [page, json] = await Promise.all([
        done(["sessions", "replay", job.id ?? ""], { as }),
        done(["sessions", "replay", job.id ?? "", "--json"], { as }),
      ]);
      const { steps } = JSON.parse(json) as { steps: { type: string }[] };
      assert.deepEqual(
        steps.map((s) => s.type),
        [
          "session.received",
          "session.analysed",
          "session.decided",
          "session.held",
          "approval.shown",
          "approval.decided",
          "session.approved",
          "session.running",
          "session.releasing",
          "release.started",
          "release.finished",
          "session.done",
        ],
      );
      for (const step of steps) assert.ok(page.includes(step.type));
      assert.ok(!page.includes("a literal"));
      assert.ok(!/\d{3}-\d{2}-\d{4}/.test(page));
    });
  });

  describe("agents", () => {
    const set = (action: "suspend" | "activate", agent: string, as: string) =>
      chaperone(["agents", action, agent, "--issuer", rig.identityProvider.issuer, "--reason", "an incident"], { as });

    it("lists them; suspends one from its next request and its next page on; lets it in again", async () => {
      const agent = await rig.client("research-agent");
      const [job] = await agent.createQueryJob(`SELECT day FROM \`${PROJECT}.ops.calendar\` LIMIT 30`);
      const [first, next] = await job.getQueryResults({ maxResults: 10, autoPaginate: false });
      assert.equal(first.length, 10);

      assert.equal((await set("suspend", "research-agent", "sam.sponsor")).out, "The agent is suspended.\n");
      await assert.rejects(job.getQueryResults({ ...next, maxResults: 10, autoPaginate: false }), { code: 403 });
      await assert.rejects(agent.query("SELECT 1"), { code: 403, message: /suspended/ });
      await assert.rejects(agent.getDatasets(), { code: 403 });
      assert.match(await done(["agents", "list"], { as: "avery.auditor" }), /Research agent +suspended/);

      assert.equal((await set("activate", "research-agent", "sam.sponsor")).out, "The agent is active.\n");
      const [more] = await job.getQueryResults({ ...next, maxResults: 10, autoPaginate: false });
      assert.equal(more.length, 10);
    });

    it("does not run what was approved for an agent that is suspended meanwhile", async () => {
      const [job] = await client.createQueryJob(SSN);
      assert.equal((await set("suspend", "care-summary-agent", "sam.sponsor")).status, 0);
      const { session } = await rig.decide("dana.officer", "approve");
      assert.equal((await set("activate", "care-summary-agent", "sam.sponsor")).status, 0);
      await assert.rejects(job.getQueryResults(), { code: 403, message: /suspended or revoked/ });
      assert.ok(!rig.warehouse.requests.some((r) => JSON.stringify(r.body).includes(session)));
    });

    it("enters one with a key, writes its credential once, lists and revokes the key", async () => {
      const out = join(folder, "care.json");
      const args = ["agents", "add", "care", "--sponsor", "avery.auditor", "--out", out];
      const issuer = ["--sponsor-issuer", rig.identityProvider.issuer];
      const added = await done([...args, ...issuer, "--group", "clinical-agents"], { as: "sam.sponsor" });
      const credential = JSON.parse(readFileSync(out, "utf8"));
      assert.match(credential.private_key, /^-----BEGIN PRIVATE KEY-----/);
      assert.equal(credential.client_email, "care@chaperone.demo.example");
      assert.match(added, /GOOGLE_APPLICATION_CREDENTIALS=.*care\.json/);
      assert.ok(!added.includes("PRIVATE KEY"), "the key is on the screen");
      assert.equal((await chaperone([...args, ...issuer], { as: "sam.sponsor" })).status, 1, "written over");
      const kid: string = credential.private_key_id;
      assert.match(await done(["agents", "keys"], { as: "avery.auditor" }), new RegExp(kid));
      const revoke = ["agents", "revoke-key", kid, "--reason", "an incident"];
      assert.equal((await chaperone(revoke, { as: "avery.auditor" })).status, 1);
      assert.match(await done(revoke, { as: "sam.sponsor" }), /revoked/);
      for (const [what, said] of [
        [["sponsor", "sam"], /--sponsor-issuer/],
        [["isuer", "https://x"], /one of token, issuer/],
        [["issuer", "https://x"], /no issuer of the configuration/i],
      ] as const) {
        const wrong = await chaperone(["agents", "revoke", ...what, "--reason", "a typo"], { as: "sam.sponsor" });
        assert.equal(wrong.status, 1);
        assert.match(wrong.err, said);
      }
    });

    it("is for administrators, and for agents there are", async () => {
      const [auditor, nobody] = await Promise.all([
        set("suspend", "research-agent", "avery.auditor"),
        set("suspend", "nobody", "sam.sponsor"),
      ]);
      assert.equal(auditor.status, 1);
      assert.match(auditor.err, /data-platform/);
      assert.equal(nobody.status, 1);
      assert.match(nobody.err, /Not found: agent/);
    });
  });

  it("config check accepts the running configuration, and says where another is wrong", async () => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, "state_directory: .\nconnectons: []\n");
    const [right, wrong] = await Promise.all([
      done(["config", "check", rig.configFile]),
      chaperone(["config", "check", file]),
    ]);
    assert.match(right, /is valid: 1 connection\(s\) to demo-clinic, 1 issuer/);
    assert.equal(wrong.status, 1);
    assert.match(wrong.err, /wrong\.yaml:2:1.*connectons/s);

    const policies = join(folder, "broken-policies");
    mkdirSync(policies);
    writeFileSync(join(policies, "a.cedar"), "permit (principal, action, resource);\n");
    const config = readFileSync(rig.configFile, "utf8").replace(/^policies: .*$/m, `policies: ${policies}`);
    const pointed = join(folder, "pointed.yaml");
    writeFileSync(pointed, config);
    const unnamed = await chaperone(["config", "check", pointed]);
    assert.equal(unnamed.status, 1);
    assert.match(unnamed.err, /a\.cedar:1.*@id/s);

    const keyless = join(folder, "keyless.yaml");
    writeFileSync(
      keyless,
      `connections:
  - { name: clinic, projects: [clinic-prod], location: EU, credentials: { type: service_account_key, file: nowhere.json } }
issuers:
  - { name: company, issuer: https://login.example.com, audiences: { agents: [chaperone] } }
state_directory: keyless
`,
    );
    for (const command of [
      ["config", "check", keyless],
      ["serve", "--config", keyless],
    ]) {
      const missing = await chaperone(command);
      assert.equal(missing.status, 1);
      assert.match(missing.err, /nowhere\.json:1:1: credentials\.file: can't be read: there is no such file/);
    }
  });

  describe("analyze", () => {
    const tables = join(folder, "tables.json");
    before(() =>
      writeFileSync(
        tables,
        JSON.stringify([
          {
            tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
            schema: {
              fields: [
                { name: "ssn", type: "STRING" },
                { name: "id", type: "INTEGER" },
              ],
            },
          },
          {
            tableReference: { projectId: "p", datasetId: "d", tableId: "v" },
            type: "VIEW",
            view: { query: "SELECT ssn AS s FROM d.t" },
            schema: { fields: [{ name: "s", type: "STRING" }] },
          },
        ]),
      ),
    );
    const analyze = (flags: string[], input: string) =>
      chaperone(["analyze", "--tables", tables, "--project", "p", "--dataset", "d", ...flags], { input });

    it("prints the plan for people and as JSON", async () => {
      const sql = "SELECT ssn AS s FROM t WHERE id = 1";
      const [page, json] = await Promise.all([analyze([], sql), analyze(["--json"], sql)]);
      assert.equal(page.status, 0, page.err);
      assert.match(page.out, /s +STRING +p\.d\.t\.ssn \(copy\); steered by p\.d\.t\.id/);
      const plan = JSON.parse(json.out);
      assert.equal(plan.understood, true);
      assert.deepEqual(plan.statements[0].outputs[0].explicit, [{ column: "p.d.t.ssn", via: "copy" }]);
      assert.deepEqual(plan.statements[0].outputs[0].implicit, ["p.d.t.id"]);
    });

    it("looks through procedures", async () => {
      const routines = tables.replace(/\.json$/, "-procedures.json");
      writeFileSync(
        routines,
        JSON.stringify([
          {
            routineReference: { projectId: "p", datasetId: "d", routineId: "g" },
            routineType: "PROCEDURE",
            arguments: [{ name: "x", mode: "OUT", dataType: { typeKind: "STRING" } }],
            definitionBody: "BEGIN SET x = (SELECT MAX(ssn) FROM d.t); END",
          },
        ]),
      );
      const sql = "DECLARE x STRING; CALL d.g(x); SELECT x";
      const { status, out } = await analyze(["--routines", routines], sql);
      assert.equal(status, 0, out);
      assert.match(out, /Calls: p\.d\.g\n/);
      assert.match(out, /x +STRING +p\.d\.t\.ssn \(copy\)/);
    });

    it("takes models, and without them refuses their functions", async () => {
      const models = tables.replace(/\.json$/, "-models.json");
      writeFileSync(
        models,
        JSON.stringify([
          {
            modelReference: { projectId: "p", datasetId: "d", modelId: "m" },
            modelType: "LINEAR_REGRESSION",
            featureColumns: [{ name: "ssn", type: { typeKind: "STRING" } }],
            labelColumns: [{ name: "cost", type: { typeKind: "FLOAT64" } }],
          },
        ]),
      );
      const sql = "SELECT predicted_cost FROM ML.PREDICT(MODEL d.m, (SELECT ssn FROM d.t))";
      const { status, out } = await analyze(["--models", models], sql);
      assert.equal(status, 0, out);
      assert.match(out, /predicted_cost +FLOAT64 +p\.d\.m\.\* \(\w+\), p\.d\.t\.ssn \(transform\)/);
      const without = await analyze([], sql);
      assert.equal(without.status, 1, without.out);
      assert.match(without.out, /Model p\.d\.m was not found/);
    });

    it("looks through views and functions", async () => {
      const routines = tables.replace(/\.json$/, "-routines.json");
      writeFileSync(
        routines,
        JSON.stringify([
          {
            routineReference: { projectId: "p", datasetId: "d", routineId: "f" },
            routineType: "SCALAR_FUNCTION",
            arguments: [{ name: "x", argumentKind: "ANY_TYPE" }],
            definitionBody: "x",
          },
        ]),
      );
      const { status, out } = await analyze(["--routines", routines], "SELECT d.f(s) AS s FROM v");
      assert.equal(status, 0, out);
      assert.match(out, /Through views: p\.d\.v\nCalls: p\.d\.f\n/);
      assert.match(out, /s +STRING +p\.d\.t\.ssn \(copy\)/);
    });

    it("says what it refuses, with status 1", async () => {
      const { status, out } = await analyze(["--json"], "SELECT nothing FROM t");
      assert.equal(status, 1);
      assert.equal(JSON.parse(out).refusal.code, "name");
    });

    it("writes JSON in which nothing is unseen, of whatever names a query has", async () => {
      const name = "a\u202eb\u009b2J";
      const sql = `SELECT id AS \`${name}\` FROM t`;
      const [whole, line] = await Promise.all([
        analyze(["--json"], sql),
        analyze(["--jsonl"], JSON.stringify({ id: name, sql })),
      ]);
      for (const out of [whole.out, line.out]) assert.doesNotMatch(out, /[\u202e\u009b]/);
      assert.equal(JSON.parse(whole.out).statements[0].outputs[0].name, name);
      assert.equal(JSON.parse(line.out).plan.statements[0].outputs[0].name, name);
      assert.equal(JSON.parse(line.out).id, name);
    });

    it("reads and writes one JSON object a line", async () => {
      const lines = [
        { id: 1, sql: "SELECT id FROM t" },
        { id: "b", sql: "SELEC" },
        { id: 3, sql: "SELECT COUNT(*) FROM p.d.t" },
      ];
      const { status, out } = await analyze(["--jsonl"], lines.map((line) => JSON.stringify(line)).join("\n"));
      assert.equal(status, 0);
      const answers = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        answers.map((a) => [a.id, a.plan.understood]),
        [
          [1, true],
          ["b", false],
          [3, true],
        ],
      );
    });

    it("stops at a line that is none, and says so", async () => {
      const { status, err } = await analyze(["--jsonl"], "\nnot JSON\n");
      assert.equal(status, 1);
      assert.match(err, /line 2: each line is a JSON object/);
    });
  });
});
