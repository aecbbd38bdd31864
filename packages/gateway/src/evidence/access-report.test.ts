import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AGENT, analysed, received } from "../sessions/commands/testing/small-query.ts";
import { openStore, type Store } from "../store/store.ts";
import { newestAccesses, sessionsNamed } from "./access-report.ts";

describe("what an auditor asks for by name", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-report-"));
  let now = 0;
  let store: Store;
  const receive = async (id: string, jobId = `chaperone_${id}`, subject = "a") => {
    now += 1000;
    await store.run("session.receive", received(id, { jobId, subject, openPerAgent: 100 }));
  };
  before(async () => {
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => now });
    await store.run("agent.register", AGENT);
    await receive("first");
    await receive("second", "nightly");
    await receive("third", "nightly", "b");
    // Later ones that would stand before them.
    await receive("as-session", "first");
    await receive("as-own-job", "chaperone_first", "b");
    await receive("as-client-job", "second", "b");
    await receive("of-nobody", "chaperone_nobody");
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  it("is the session of that name, or that of its job, whatever agents named theirs", async () => {
    for (const [name, ...sessions] of [
      ["first", "first"],
      ["chaperone_first", "first"],
      ["second", "second"],
      ["as-session", "as-session"],
      ["chaperone_nobody", "of-nobody"],
      ["nightly", "second", "third"],
      ["chaperone_second"],
      ["nobody"],
    ] as const)
      assert.deepEqual(await sessionsNamed(store, name, 10), sessions, name);
    assert.deepEqual(await sessionsNamed(store, "nightly", 1), ["second"]);
  });

  it("is said to be not all where there is more", async () => {
    const listed = async (limit: number, more = {}) => {
      const { accesses, more: left } = await newestAccesses(store, { ...more, limit });
      return [accesses.map(({ session }) => session), left];
    };
    assert.deepEqual(await listed(2), [["of-nobody", "as-client-job"], true]);
    assert.deepEqual(await listed(2, { to: 2001 }), [["second", "first"], false]);
    assert.deepEqual((await listed(7))[1], false);
    assert.deepEqual((await listed(6))[1], true);
  });
});

describe("an auditor's list of very wide queries", () => {
  it("is as many as make an answer, and says that there are more", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "chaperone-report-"));
    const store = await openStore({ directory, origin: "test.example/ledger" });
    t.after(async () => {
      await store.close();
      rmSync(directory, { recursive: true });
    });
    const uses = Array.from({ length: 10_000 }, (_, n) => ({
      table: "clinic.ehr.patients",
      path: `column_${String(n).padStart(60, "0")}`,
      action: "read",
      classes: ["phi.other_unique"],
      mask: { rule: "null" },
      effect: "permit",
    }));
    const texts = {
      ...{ sql_redacted: "SELECT *", canonical_redacted: null, mask_plan: null, plan: "[]" },
      decision: JSON.stringify({ policies: [], policyVersion: "v", uses }),
    };
    await store.run("agent.register", AGENT);
    for (let n = 0; n < 30; n++) {
      const id = `wide-${n}`;
      const analysedSo = { ...analysed(id), texts: { key: "wide", texts } };
      await store.run("session.begin", { receive: received(id, { openPerAgent: 100 }), analysed: analysedSo });
    }
    const { accesses, more } = await newestAccesses(store, { limit: 1000 });
    assert.equal(more, true);
    assert.ok(accesses.length >= 10 && accesses.length < 20, String(accesses.length));
    assert.ok(accesses.every(({ what }) => what.length === 10_000));
    assert.ok(JSON.stringify(accesses).length < 32_100_000);
    assert.equal((await newestAccesses(store, { limit: 3 })).accesses.length, 3);
  });
});
