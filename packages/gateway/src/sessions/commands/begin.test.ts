import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CommandError } from "../../store/command.ts";
import { openStore, type Store } from "../../store/store.ts";
import type { SessionError } from "../session.ts";
import { findSession } from "../session-row.ts";
import { AGENT, analysed, ISSUER, PRINCIPAL, received } from "./testing/small-query.ts";

describe("receipt and run in one command", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-begin-"));
  let store: Store;
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => 1000 });
    await store.run("agent.register", AGENT);
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const row = async (id: string) =>
    JSON.stringify(
      (await store.db.selectFrom("whole_sessions").selectAll().where("id", "=", id).executeTakeFirst()) ?? null,
    ).replaceAll(id, "ID");
  const entries = async (id: string) =>
    (
      await store.db.selectFrom("ledger_entries").select("bytes").where("session", "=", id).orderBy("idx").execute()
    ).map(({ bytes }) => Buffer.from(bytes).toString().replaceAll(id, "ID"));

  it("leave the row and the entries that two commands leave", async () => {
    await store.run("session.receive", received("two-steps"));
    await store.run("session.analysed", analysed("two-steps"));
    const begun = await store.run("session.begin", { receive: received("one-step"), analysed: analysed("one-step") });
    assert.deepEqual(begun.received, { id: "one-step", existing: false, at: 1000 });
    assert.equal(begun.analysed?.at, 1000);
    assert.equal(await row("one-step"), await row("two-steps"));
    assert.equal((await entries("one-step")).length, 4);
    assert.deepEqual(await entries("one-step"), await entries("two-steps"));
  });

  it("leave nothing for a request that came before, and are what it began", async () => {
    const same = { requestId: "r", requestHmac: "h" };
    await store.run("session.begin", { receive: received("first", same), analysed: analysed("first") });
    const again = await store.run("session.begin", { receive: received("again", same), analysed: analysed("again") });
    assert.deepEqual(again, { received: { id: "first", existing: true, at: 1000 }, analysed: undefined });
    assert.deepEqual(await entries("again"), []);
  });

  const UNAVAILABLE: SessionError = { reason: "backendError", status: 503, message: "Send it again." };
  const same = (requestId: string) => ({ requestId, requestHmac: "h", openPerAgent: 100 });
  const again = async (first: string) => {
    const id = `${first}, again`;
    const { received: answered } = await store.run("session.begin", {
      receive: received(id, same(first)),
      analysed: analysed(id),
    });
    assert.deepEqual([answered.id, answered.existing], answered.existing ? [first, true] : [id, false]);
    return answered.existing ? "the same" : "a new one";
  };
  const begin = (id: string, type: string, upstreamJob: string) => {
    const its = analysed(id);
    return store.run("session.begin", {
      receive: received(id, same(id)),
      analysed: { ...its, statementType: type, next: { ...its.next, upstreamJob } as typeof its.next },
    });
  };
  const fail = (id: string, error = UNAVAILABLE) => store.run("session.end", { id, state: "failed", error, data: {} });

  it("begin anew where the same request failed for now, and nothing of it or no more than a SELECT went upstream", async () => {
    await store.run("session.receive", received("before its dry run", same("before its dry run")));
    await fail("before its dry run");
    await begin("nobody knows its job", "SELECT", "?");
    await fail("nobody knows its job");
    await begin("by an id of ours", "SELECT", "chaperone_x");
    await fail("by an id of ours");
    for (const id of ["before its dry run", "nobody knows its job", "by an id of ours"]) {
      assert.equal(await again(id), "a new one", id);
      // From then on the newer one is that request.
      await assert.rejects(store.run("session.receive", received("other", { ...same(id), requestHmac: "i" })), {
        code: "request_id_reused",
      });
    }
  });

  it("are the same where it may have written, was refused, was cancelled, runs, or is done", async () => {
    for (const type of ["INSERT", "SCRIPT", "CREATE_TABLE_AS_SELECT", "EXPORT_DATA"]) {
      await begin(type, type, "chaperone_x");
      await fail(type);
      assert.equal(await again(type), "the same", type);
    }
    const far = analysed("calls far away");
    const plan = JSON.stringify([{ kind: "SELECT", effects: [{ kind: "remote_function" }] }]);
    const texts = { key: "far", texts: { ...far.texts.texts, plan } } as typeof far.texts;
    const receive = received("calls far away", same("calls far away"));
    await store.run("session.begin", { receive, analysed: { ...far, texts } });
    await fail("calls far away");
    assert.equal(await again("calls far away"), "the same");
    await begin("refused", "SELECT", "?");
    await fail("refused", { reason: "invalidQuery", status: 400, message: "It is wrong." });
    await begin("too late", "SELECT", "?");
    await fail("too late", { reason: "timeout", status: 504, message: "It took too long." });
    await begin("cancelled", "SELECT", "?");
    await store.run("session.end", { id: "cancelled", state: "cancelled", error: UNAVAILABLE, data: {} });
    await begin("runs", "SELECT", "?");
    await begin("done", "SELECT", "?");
    await store.run("session.end", { id: "done", state: "done", data: {} });
    for (const id of ["refused", "too late", "cancelled", "runs", "done"])
      assert.equal(await again(id), "the same", id);
  });

  it("are refused for an agent that isn't let in, or has too many that wait", async () => {
    const refused = (code: string) => (error: unknown) => error instanceof CommandError && error.code === code;
    const stranger = received("stranger", { principal: JSON.stringify({ ...PRINCIPAL, subject: "b" }) });
    await assert.rejects(
      store.run("session.begin", { receive: stranger, analysed: analysed("stranger") }),
      refused("suspended"),
    );
    const many = received("many", { openPerAgent: 0 });
    await assert.rejects(
      store.run("session.begin", { receive: many, analysed: analysed("many") }),
      refused("too_many_open"),
    );
    for (const id of ["stranger", "many"]) assert.deepEqual([await row(id), await entries(id)], ["null", []]);
  });

  it("are of one job of that name, whoever made the name", async () => {
    const duplicate = (error: unknown) => error instanceof CommandError && error.code === "duplicate";
    await store.run("session.begin", { receive: received("own"), analysed: analysed("own") });
    await store.run("session.receive", received("named", { jobId: "by-client" }));
    // Another's name for a job is the name of none of its own.
    await store.run("session.receive", received("odd", { jobId: "chaperone_nobody", subject: "b" }));
    for (const jobId of ["by-client", "chaperone_own"])
      await assert.rejects(store.run("session.receive", received(`twin of ${jobId}`, { jobId })), duplicate);
    await store.run("session.end", { id: "named", state: "cancelled", data: {} });
    for (const [jobId, id] of [
      ["chaperone_own", "own"],
      ["by-client", "named"],
      ["chaperone_nobody", undefined],
      ["chaperone_named", undefined],
      ["own", undefined],
    ] as const)
      assert.equal((await findSession(store, PRINCIPAL, "p", jobId))?.id, id, jobId);
    const other = { ...PRINCIPAL, subject: "b" };
    assert.equal((await findSession(store, other, "p", "chaperone_nobody"))?.id, "odd");
    assert.equal(await findSession(store, other, "p", "chaperone_own"), undefined);
    assert.equal(await findSession(store, PRINCIPAL, "other", "chaperone_own"), undefined);
  });

  it("are of an agent that is let in when its turn comes, whoever else asked for it before", async () => {
    const { by } = received("");
    const begin = (id: string) =>
      store.run("session.begin", { receive: { ...received(id), by }, analysed: analysed(id) }).then(
        () => "begun",
        (error: unknown) => (error instanceof CommandError ? error.code : "failed"),
      );
    const change = {
      issuer: ISSUER,
      subject: "a",
      reason: "odd",
      by: `person:${ISSUER}#dana`,
    };
    const revoked = { kind: "sponsor", id: JSON.stringify([ISSUER, "dr-a"]), reason: "left", by: change.by } as const;
    // Commands of one turn share a transaction.
    const asked = await Promise.all([
      begin("before"),
      store.run("agent.suspend", change),
      begin("suspended"),
      store.run("agent.activate", change),
      begin("let in again"),
      store.run("credential.revoke", revoked),
      begin("revoked"),
    ]);
    assert.deepEqual(
      [0, 2, 4, 6].map((n) => asked[n]),
      ["begun", "suspended", "begun", "suspended"],
    );
    assert.equal(await begin("in the next transaction"), "suspended");
  });
});
