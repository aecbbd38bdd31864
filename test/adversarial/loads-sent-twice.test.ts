/** Threat-model row 47 by large loads, whose rows are kept nowhere while a person decides: getting others written than those that were agreed to. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { findInFolder } from "../faults/find-canary.ts";
import { PROJECT, type Rig } from "../rig.ts";
import { type LoadAnswer, loadJob, multipart, UPLOAD, WorkspaceLoads } from "../workspace-loads.ts";

/** Above this an upload's rows go on as they come. */
const HELD = 50_000;
const MINUTE = 60_000;
const EXPIRES = 20 * MINUTE;
const ASKS = (who: string) => `
@id("agreed-with-a-person")
@approval("${who}")
permit (principal, action == Action::"write", resource in Table::"demo-clinic.workspace.agreed");

@id("research-knows-it")
@approval("none")
permit (principal in Group::"research-agents", action == Action::"describe", resource in Table::"demo-clinic.workspace.agreed");
`;
const SCHEMA = {
  fields: [
    { name: "id", type: "INTEGER" },
    { name: "word", type: "STRING" },
  ],
};
const WORD = "w".repeat(90);
const ROWS = Array.from({ length: 1000 }, (_, n) => `${n},"${WORD}"`);
const FILE = `${ROWS.join("\n")}\n`;

describe("row 47: rows other than those that a person agreed to", () => {
  let loads: WorkspaceLoads;
  let rig: Rig;
  before(async () => {
    loads = await WorkspaceLoads.start({ upload: `${HELD}B`, load: "8MB" }, { approvals: { expires_after: "20m" } });
    ({ rig } = loads);
    await loads.client.query("CREATE TABLE workspace.agreed (id INT64, word STRING)");
    await loads.rules((rules) => rules + ASKS("privacy-officers"));
  });
  after(() => loads.close());

  /** Each test's loads are its own kind: their label is another. */
  let test = 0;
  const load = (more: object = {}, job: object = {}) =>
    loadJob("CSV", "agreed", { schema: SCHEMA, ...more }, { labels: { test: `t${test}` }, ...job });
  const inOne = (file: string, job: object = load(), as?: string) => {
    const { body, headers } = multipart(job, file);
    const who = as === undefined ? {} : { authorization: `Bearer ${as}` };
    return loads.send(`${UPLOAD}?uploadType=multipart`, { method: "POST", body, headers: { ...headers, ...who } });
  };
  const refused = (answer: LoadAnswer, says: RegExp) => {
    assert.ok(answer.status === 403 || answer.status === 400, `${answer.status} ${answer.body}`);
    assert.match(answer.body, says);
  };
  const COUNTED = /were read, counted and dropped/;
  const WAITS = /This load waits for a person/;
  const session = (id: string) =>
    rig.gateway.store.db.selectFrom("whole_sessions").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const newestLoad = () =>
    rig.gateway.store.db
      .selectFrom("sessions")
      .selectAll()
      .where("request_hmac", "!=", "")
      .orderBy("created_at", "desc")
      .executeTakeFirstOrThrow();
  const madeUpstream = () =>
    rig.warehouse.requests.filter(({ path, method }) => path.startsWith("/upload/") && method === "POST").length;
  async function counted(): Promise<number> {
    const [[row]] = (await loads.client.query("SELECT COUNT(*) AS n FROM workspace.agreed")) as unknown as [
      [{ n: number }],
    ];
    return row.n;
  }
  /** Rows that were there before the test's load was agreed to. */
  let there = 0;
  const written = async () => (await counted()) - there;
  /** A load of a kind of its own, which somebody agreed to. */
  async function approved(file = FILE, job?: object): Promise<string> {
    test++;
    there = await counted();
    refused(await inOne(file, job ?? load()), COUNTED);
    const { session: id } = await rig.decide("dana.officer", "approve");
    assert.equal((await session(id)).state, "approved");
    return id;
  }

  for (const [name, file] of [
    ["one byte of one value", FILE.replace("500,", "501,")],
    ["their order", `${[...ROWS].reverse().join("\n")}\n`],
    ["two of them exchanged", `${[ROWS[1], ROWS[0], ...ROWS.slice(2)].join("\n")}\n`],
    ["one fewer", `${ROWS.slice(1).join("\n")}\n`],
    ["one more", `${FILE}${ROWS[0]}\n`],
    ["one twice in place of another", `${[...ROWS.slice(0, -1), ROWS[0]].join("\n")}\n`],
    ["many more", FILE.repeat(20)],
    ["a NULL in place of nothing", FILE.replace(`"${WORD}"`, "")],
  ] as const)
    it(`aren't written: ${name}`, async () => {
      const id = await approved();
      const answer = await inOne(file);
      refused(answer, /not the rows that a person agreed to/);
      const { state, error } = await session(id);
      assert.equal(state, "failed");
      assert.match(error ?? "", /Nothing was written/);
      assert.equal(await written(), 0);
      refused(await inOne(FILE), COUNTED);
      assert.notEqual((await newestLoad()).id, id, "the approval is used up");
      assert.equal(await written(), 0);
    });

  it("are the same where the file says the same in other bytes", async () => {
    const id = await approved();
    const other = FILE.replaceAll('"', "").replaceAll("\n", "\r\n");
    assert.equal(await loads.ended(await inOne(other)), "");
    assert.equal((await session(id)).state, "done");
    assert.equal(await written(), ROWS.length);
  });

  it("aren't written by another agent, nor by one of other groups", async () => {
    const id = await approved();
    const sent = madeUpstream();
    refused(await inOne(FILE, load(), await rig.token("research-agent")), COUNTED);
    const theirs = await newestLoad();
    assert.notEqual(theirs.id, id);
    assert.equal(theirs.state, "held");
    assert.notEqual(theirs.request_hmac, (await session(id)).request_hmac);
    assert.equal((await session(id)).state, "approved");
    assert.equal(madeUpstream(), sent);
    assert.equal(await loads.ended(await inOne(FILE)), "");
    assert.equal((await session(id)).state, "done");
  });

  it("aren't written with other settings", async () => {
    const id = await approved();
    const sent = madeUpstream();
    await loads.client.query("CREATE OR REPLACE TABLE workspace.other (id INT64, word STRING)");
    for (const job of [
      load({ writeDisposition: "WRITE_TRUNCATE" }),
      load({ maxBadRecords: 1 }),
      load({ ignoreUnknownValues: true }),
      load({ nullMarker: "0" }),
      load({ skipLeadingRows: 1 }),
      load({ schema: { fields: [...SCHEMA.fields].reverse() }, maxBadRecords: 5000 }),
      load({}, { labels: { test: `t${test}`, purpose: "research" } }),
      load({}, { jobTimeoutMs: "60000" }),
    ]) {
      const answer = await inOne(FILE, job);
      assert.notEqual(answer.status, 200, JSON.stringify(job));
      assert.equal((await session(id)).state, "approved");
    }
    assert.equal(madeUpstream(), sent);
    assert.equal(await written(), 0);
    assert.equal(
      await loads.ended(await inOne(FILE, { ...load(), jobReference: { projectId: PROJECT, jobId: "othername" } })),
      "",
    );
    assert.equal((await session(id)).state, "done", "the job's name is made anew by clients");
  });

  it("aren't written twice: two that come at once are one load", async () => {
    const id = await approved();
    const answers = await Promise.all([inOne(FILE), inOne(FILE), inOne(FILE)]);
    const [done, ...others] = answers.sort((a, b) => a.status - b.status);
    assert.ok(done);
    assert.equal(await loads.ended(done), "");
    for (const answer of others) refused(answer, /under way already|were read, counted and dropped/);
    assert.equal((await session(id)).state, "done");
    assert.equal(await written(), ROWS.length);
  });

  it("aren't written after one time: an approval is used once", async () => {
    const id = await approved();
    assert.equal(await loads.ended(await inOne(FILE)), "");
    refused(await inOne(FILE), COUNTED);
    refused(await inOne(FILE), WAITS);
    const again = await newestLoad();
    assert.notEqual(again.id, id);
    assert.equal(again.state, "held");
    assert.equal(await written(), ROWS.length);
  });

  it("aren't written when the upload breaks off, and not later", async () => {
    const id = await approved();
    const at = await loads.begun(load());
    assert.equal((await loads.piece(at, 0, FILE.slice(0, 60_000))).status, 308);
    assert.equal((await session(id)).state, "running");
    refused(await inOne(FILE), /under way already/);
    assert.equal((await loads.send(at, { method: "DELETE" })).status, 499);
    assert.equal((await session(id)).state, "failed");
    assert.equal(await written(), 0);
    refused(await inOne(FILE), COUNTED);
  });

  it("aren't written where a row can't be read the second time", async () => {
    const id = await approved();
    refused(await inOne(`${FILE}x,y\n`), /Row 1001, field id/);
    assert.equal((await session(id)).state, "failed");
    assert.equal(await written(), 0);
  });

  it("aren't written once it has been cancelled", async () => {
    const id = await approved();
    await loads.client.job((await session(id)).job_id, { location: "US" }).cancel();
    refused(await inOne(FILE), COUNTED);
    assert.equal((await session(id)).state, "cancelled");
    assert.equal(await written(), 0);
  });

  it("wait where the table is another's at the moment, and are written after that", async () => {
    const id = await approved();
    const at = await loads.begun(loadJob("CSV", "agreed", { schema: SCHEMA }, { labels: { test: "first" } }));
    refused(await loads.piece(at, 0, FILE, FILE.length), COUNTED);
    await rig.decide("dana.officer", "approve");
    const first = await loads.begun(loadJob("CSV", "agreed", { schema: SCHEMA }, { labels: { test: "first" } }));
    assert.equal((await loads.piece(first, 0, FILE.slice(0, 60_000))).status, 308);
    refused(await inOne(FILE), /Another query writes a table/);
    assert.equal((await session(id)).state, "approved");
    await loads.send(first, { method: "DELETE" });
    assert.equal(await loads.ended(await inOne(FILE)), "");
    assert.equal((await session(id)).state, "done");
  });

  it("aren't written for an agent that was suspended since", async () => {
    const id = await approved();
    const agent = { issuer: rig.identityProvider.issuer, subject: "care-summary-agent", reason: "in between" };
    await rig.person("sam.sponsor").post("agents/suspend", agent);
    assert.ok((await inOne(FILE)).status >= 400);
    await rig.person("sam.sponsor").post("agents/activate", agent);
    assert.equal((await session(id)).state, "approved");
    assert.equal(await loads.ended(await inOne(FILE)), "");
  });

  it("aren't counted to the end for one that is suspended meanwhile", async () => {
    test++;
    const agent = { issuer: rig.identityProvider.issuer, subject: "care-summary-agent", reason: "in the middle" };
    const before = (await newestLoad()).id;
    const at = await loads.begun(load());
    assert.equal((await loads.piece(at, 0, FILE.slice(0, 60_000))).status, 308);
    await rig.person("sam.sponsor").post("agents/suspend", agent);
    assert.ok((await loads.piece(at, 60_000, FILE.slice(60_000), FILE.length)).status >= 400);
    await rig.person("sam.sponsor").post("agents/activate", agent);
    assert.equal((await newestLoad()).id, before, "nothing is asked for");
  });

  it("aren't what is agreed to by whoever was shown others", async () => {
    test++;
    refused(await inOne(FILE), COUNTED);
    const shown = await rig.pending(rig.person("dana.officer"));
    await loads.client.job((await newestLoad()).job_id, { location: "US" }).cancel();
    refused(await inOne(FILE.replace("500,", "501,")), COUNTED);
    const now = await rig.pending(rig.person("dana.officer"));
    assert.equal(now.rows?.rows, shown.rows?.rows);
    assert.notEqual(now.rows?.digest, shown.rows?.digest);
    assert.notEqual(now.binding, shown.binding);
    const decision = { decision: "approve", reason: "as shown before", binding: shown.binding };
    await assert.rejects(rig.person("dana.officer").post(`approvals/${now.id}/decisions`, decision), { status: 409 });
  });

  it("are nowhere: neither they nor what could be guessed by", async () => {
    const canary = FILE.replace(WORD, "unmistakablecanaryword".padEnd(90, "w"));
    const id = await approved(canary);
    const view = await rig
      .person("dana.officer")
      .get<{ rows: { digest: string } }>(
        `approvals/${(await rig.gateway.store.db.selectFrom("approval_requests").select("id").where("session", "=", id).executeTakeFirstOrThrow()).id}`,
      );
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
    const lines = canary
      .trimEnd()
      .split("\n")
      .map((row) => row.split(","))
      .map(([n, word]) => `{"id":"${n}","word":${word}}\n`)
      .join("");
    const digest = createHash("sha256").update(lines).digest("hex");
    assert.notEqual(view.rows.digest, digest, "it is keyed");
    assert.deepEqual(findInFolder(digest, rig.state), []);
    const mine = await loads.send(
      `/bigquery/v2/projects/${PROJECT}/jobs/${(await session(id)).job_id}?location=US`,
      {},
    );
    assert.equal(mine.status, 200, mine.body);
    assert.doesNotMatch(mine.body, new RegExp(view.rows.digest));
    assert.equal(await loads.ended(await inOne(canary)), "");
    assert.deepEqual(findInFolder("unmistakablecanaryword", rig.state), []);
  });

  it("aren't written under another policy than the one that was agreed under: a person is asked again", async () => {
    const id = await approved();
    const { binding } = await session(id);
    await loads.rules((rules) => `${rules}${ASKS("2 of privacy-officers")}`);
    const sent = madeUpstream();
    refused(await inOne(FILE), /a person is asked again/);
    assert.equal(madeUpstream(), sent);
    const held = await session(id);
    assert.equal(held.state, "held");
    assert.notEqual(held.binding, binding);
    const { rows } = await rig.decide("dana.officer", "approve");
    assert.equal(rows?.rows, ROWS.length, "what is asked again says the rows too");
    refused(await inOne(FILE), WAITS);
    await rig.decide("rio.reviewer", "approve");
    assert.equal(await loads.ended(await inOne(FILE)), "");
    assert.equal((await session(id)).state, "done");
    await loads.rules((rules) => rules + ASKS("privacy-officers"));
  });

  it("aren't written where policy denies it since", async () => {
    const id = await approved();
    await loads.rules((rules) => rules.replace('Action::"write", ', ""));
    refused(await inOne(FILE), /./);
    assert.equal((await session(id)).state, "denied");
    await loads.rules((rules) => rules + ASKS("privacy-officers"));
    assert.equal(await written(), 0);
  });

  it("are asked for anew once it was denied, and the agent told so", async () => {
    test++;
    refused(await inOne(FILE), COUNTED);
    const { session: id } = await rig.decide("dana.officer", "deny", "no such load was agreed");
    const told = await inOne(FILE);
    refused(told, /no such load was agreed/);
    assert.match(told.body, /asked for anew/);
    refused(await inOne(FILE), COUNTED);
    assert.notEqual((await newestLoad()).id, id);
    await rig.decide("dana.officer", "deny");
  });

  it("aren't written on the word of a person who was revoked since", async () => {
    test++;
    refused(await inOne(FILE), COUNTED);
    const { session: id } = await rig.decide("rio.reviewer", "approve");
    const { issuer } = rig.identityProvider;
    await rig.gateway.store.run("credential.revoke", {
      kind: "sponsor",
      id: JSON.stringify([issuer, "rio.reviewer"]),
      by: `person:${issuer}#avery.auditor`,
      reason: "the account was stolen",
    });
    refused(await inOne(FILE), /who approved it was revoked since/);
    assert.equal((await session(id)).state, "denied");
    refused(await inOne(FILE), COUNTED);
  });

  it("aren't written after it has expired, and the agent is told so; those that began before may still come", async () => {
    const late = await approved();
    const lateLoad = load();
    const early = await approved();
    const at = await loads.begun(load());
    assert.equal((await loads.piece(at, 0, FILE.slice(0, 60_000))).status, 308);
    for (let passed = 0; passed <= EXPIRES; passed += MINUTE) {
      rig.advance(MINUTE);
      await loads.newToken();
      assert.equal((await loads.piece(at, 0, "", FILE.length)).status, 308);
    }
    refused(await inOne(FILE, lateLoad), /Nobody approved this query in time|the approval has expired/);
    assert.ok(["expired", "denied"].includes((await session(late)).state));
    assert.equal((await loads.piece(at, 60_000, FILE.slice(60_000), FILE.length)).status, 200);
    while ((await session(early)).state === "running") await new Promise((tick) => setTimeout(tick, 50));
    assert.equal((await session(early)).state, "done");
  });
});
