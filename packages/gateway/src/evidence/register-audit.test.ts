/** Somebody who can write to the database lets an agent in again, and leaves the ledger as it is (I8). */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { openStore } from "../store/store.ts";
import { verifyStore } from "../store/verify-store.ts";

describe("a register that was altered beside its ledger", () => {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-register-"));
  const sponsor = { issuer: "https://people.example", subject: "sam" };
  const agent = {
    issuer: "https://idp.example",
    subject: "a",
    name: "A",
    sponsor,
    groups: ["g"],
    registeredBy: "config",
  };
  before(async () => {
    let now = 1000;
    const store = await openStore({ directory, origin: "test.example/ledger", clock: () => now++ });
    await store.run("agent.register", agent);
    await store.run("agent.register", { ...agent, subject: "b" });
    await store.run("agent.register", { ...agent, subject: "b", name: "Another name", groups: [] });
    const change = { issuer: agent.issuer, subject: "a", reason: "r", by: "person:x#y" };
    await store.run("agent.suspend", { ...change, subject: "b" });
    await store.run("agent.activate", { ...change, subject: "b" });
    await store.run("agent.suspend", change);
    const key = { jwk: "{}", expiresAt: 9_000_000 };
    const added = { ...agent, subject: "k", registeredBy: "person:x#y" };
    for (const kid of ["k1", "k2"]) await store.run("agent.add", { agent: added, key: { ...key, kid } });
    await store.run("agent.key-revoke", { kid: "k2", reason: "lost", by: "person:x#y" });
    for (const id of ["t1", "t2"])
      await store.run("credential.revoke", { kind: "token", id, reason: "stolen", by: "person:x#y" });
    await store.run("agent.seen", { issuer: agent.issuer, subject: "b" });
    await store.close();
  });
  after(() => rmSync(directory, { recursive: true }));

  async function problemsOf(sql: string): Promise<readonly string[]> {
    const copy = mkdtempSync(join(tmpdir(), "chaperone-register-"));
    try {
      cpSync(directory, copy, { recursive: true });
      const db = new DatabaseSync(join(copy, "chaperone.db"), { enableForeignKeyConstraints: false });
      db.exec(sql);
      assert.ok(sql === "" || Number(db.prepare("SELECT changes() AS n").get()?.n) > 0, sql);
      db.close();
      return (await verifyStore(copy)).problems;
    } finally {
      rmSync(copy, { recursive: true });
    }
  }

  it("is whole as it was written", async () => {
    assert.deepEqual(await problemsOf(""), []);
  });

  const another = /^(agent|key|revocation) .*: the store and the ledger don't say the same of it$/;
  const less = /^(agent|key|revocation) .* is in the ledger and not in the store$/;
  const more = /^(agent|key|revocation) .* is in the store and not in the ledger$/;
  for (const [what, sql, problem] of [
    ["let in again", "UPDATE agents SET status = 'active' WHERE subject = 'a'", another],
    ["of another sponsor", "UPDATE agents SET sponsor_subject = 'other' WHERE subject = 'b'", another],
    ["of other groups", `UPDATE agents SET groups = '["g"]' WHERE subject = 'b'`, another],
    ["of groups that are none", "UPDATE agents SET groups = '[' WHERE subject = 'b'", another],
    ["by another name", "UPDATE agents SET name = 'A' WHERE subject = 'b'", another],
    ["entered by another", "UPDATE agents SET registered_by = 'config' WHERE subject = 'k'", another],
    ["entered at another time", "UPDATE agents SET registered_at = 1 WHERE subject = 'k'", another],
    ["an agent less", "DELETE FROM agents WHERE subject = 'a'", less],
    [
      "an agent more",
      "INSERT INTO agents SELECT issuer, 'z', name, sponsor_issuer, sponsor_subject, groups, status, registered_by, registered_at, last_seen_at FROM agents WHERE subject = 'a'",
      more,
    ],
    ["a key good again", "UPDATE agent_keys SET revoked_at = NULL WHERE kid = 'k2'", another],
    ["a key good for longer", "UPDATE agent_keys SET expires_at = expires_at + 1 WHERE kid = 'k1'", another],
    ["a key of another", "UPDATE agent_keys SET subject = 'b' WHERE kid = 'k1'", another],
    ["a key less", "DELETE FROM agent_keys WHERE kid = 'k1'", less],
    ["a revocation less", "DELETE FROM revocations WHERE id = 't1'", less],
    ["revoked by another", "UPDATE revocations SET by = 'x' WHERE id = 't1'", another],
    ["a revocation more", "INSERT INTO revocations SELECT kind, 't3', by, reason, at FROM revocations LIMIT 1", more],
  ] as const)
    it(`is known by it: ${what}`, async () => {
      const problems = await problemsOf(sql);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
});
