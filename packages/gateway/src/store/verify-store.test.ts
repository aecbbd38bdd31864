import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { cpSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { noteVerifier, tiledLog, verifyLog, verifyReceipt } from "@chaperone/ledger";
import { exportTiles } from "./export-tiles.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { type TestStore, temporaryDirectory, testStore } from "./testing/temporary-store.ts";
import { verifyStore } from "./verify-store.ts";

const event = (n: number) => ({ type: "test.event", session: `s${n}`, data: { n } });

async function filled(t: TestContext, entries: number): Promise<{ directory: string; store: TestStore }> {
  const directory = temporaryDirectory(t);
  const store = await testStore(t, { directory });
  for (let n = 0; n < 3; n++) await store.append([event(n)]);
  await Promise.all(Array.from({ length: entries - 3 }, (_, n) => store.append([event(n + 3)])));
  return { directory, store };
}

/** Changes the database behind the store's back. */
function tamper(directory: string, sql: string): void {
  const db = new DatabaseSync(join(directory, "chaperone.db"));
  for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all())
    db.exec(`DROP TRIGGER ${name}`);
  db.exec(sql);
  db.close();
}

suite("I8: verifyStore", () => {
  test("finds nothing in a store that runs, nor in one that is closed", async (t) => {
    const { directory, store } = await filled(t, 300);
    const running = await verifyStore(directory);
    assert.deepEqual(running.problems, []);
    assert.equal(running.ok, true);
    assert.equal(running.entries, 300);
    assert.equal(running.vkey, store.vkey);
    await store.close();
    assert.deepEqual(await verifyStore(directory), running);
  });

  test("finds whatever was changed behind the store's back", async (t) => {
    const { directory, store } = await filled(t, 520);
    await store.close();
    const cases: Record<string, RegExp> = {
      "UPDATE ledger_entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 's7', 's8') AS BLOB) WHERE idx = 7":
        /root|stored hash|checkpoint of size/,
      "UPDATE ledger_entries SET session = 's99' WHERE idx = 5": /entry 5 is not canonical or differs from its row/,
      "UPDATE ledger_entries SET time = time + 1 WHERE idx = 6": /entry 6 /,
      "UPDATE ledger_tiles SET hashes = zeroblob(8192) WHERE idx = 1": /stored hash 256 of level 0/,
      "UPDATE ledger_tiles SET root = zeroblob(32) WHERE idx = 1": /stored hash 1 of level 8/,
      "INSERT INTO ledger_tiles VALUES (0, 2, zeroblob(32), zeroblob(8192))": /3 tiles of level 0 are stored/,
      "INSERT INTO ledger_tiles VALUES (1, 0, zeroblob(32), zeroblob(8192))": /1 tiles of level 1 are stored/,
      "INSERT INTO ledger_tiles VALUES (7, 0, zeroblob(32), zeroblob(8192))": /tiles of level 7 are stored/,
      "DELETE FROM ledger_tiles WHERE idx = 0": /1 tiles of level 0 are stored/,
      "UPDATE ledger_tiles SET idx = -1 WHERE idx = 0": /tiles of level 0 are stored/,
      "DELETE FROM ledger_entries WHERE idx = 11": /no entry 11/,
      "DELETE FROM ledger_entries WHERE idx = 519": /speaks of|the log has 519/,
      "DELETE FROM checkpoints WHERE size = 520": /follow the newest checkpoint/,
      "UPDATE checkpoints SET note = replace(note, char(10) || '2' || char(10), char(10) || '3' || char(10)) WHERE size = 2":
        /signature/,
    };
    const { cp } = await import("node:fs/promises");
    for (const [sql, expected] of Object.entries(cases)) {
      const copy = temporaryDirectory(t);
      await cp(directory, copy, { recursive: true });
      tamper(copy, sql);
      const audit = await verifyStore(copy);
      assert.equal(audit.ok, false, sql);
      assert.match(audit.problems.join("\n"), expected, sql);
    }
  });

  test("finds newest entries cut cleanly, given a checkpoint kept elsewhere, and a store with another key", async (t) => {
    const { directory, store } = await filled(t, 3);
    const known = [(await new LedgerReader(store.db).latestCheckpoint()) ?? ""];
    await store.close();
    tamper(directory, "DELETE FROM ledger_entries WHERE idx = 2; DELETE FROM checkpoints WHERE size = 3");
    assert.equal((await verifyStore(directory)).ok, true, "by itself it looks whole");
    assert.equal((await verifyStore(directory, { known })).ok, false);
    const other = await filled(t, 3);
    assert.equal((await verifyStore(directory, { vkey: other.store.vkey })).ok, false);
  });

  test("holds each session's state against its last ledger entry", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory, clock: () => 0 });
    const agent = {
      groups: [],
      issuer: "i",
      name: "n",
      sponsor: { issuer: "i", subject: "o" },
      subject: "s",
      token: "t",
    };
    const received = (job: string) => ({
      ...{ agent, connection: "c", door: "d", job, project: "p", purpose: null },
      sealedSha256: hash("sha256", Buffer.of(0), "hex"),
    });
    const cancelled = { reason: "stopped", message: "m" };
    await store.append([
      { type: "session.received", session: "a", data: received("a") },
      { type: "session.cancelled", session: "a", data: cancelled },
      { type: "session.note", session: "a", data: {} },
      { type: "session.received", session: "b", data: received("b") },
      { type: "session.received", session: "lost", data: {} },
    ]);
    await store.close();
    const { token: tokenId, ...who } = agent;
    const principal = JSON.stringify({ kind: "agent", ...who, tokenId, tokenExpires: 0 });
    const row = (id: string, state: string, finished: number | null = null, error: object | null = null): string =>
      `INSERT INTO sessions (id, state, connection, project, job_id, issuer, subject, agent_name, principal, door, sealed,
       request_hmac, job_config, created_at, updated_at, finished_at, error)
       VALUES ('${id}', '${state}', 'c', 'p', '${id}', 'i', 's', 'n', '${principal}', 'd', x'00', '', '{}', 0, 0, ${finished},
         ${error === null ? null : `'${JSON.stringify({ ...error, status: 403 })}'`});`;
    tamper(directory, row("a", "cancelled", 0, cancelled) + row("b", "approved") + row("unknown", "done"));
    const audit = await verifyStore(directory);
    assert.equal(audit.sessions, 3);
    assert.deepEqual(audit.problems, [
      "session b is approved, its last ledger entry says received",
      "session unknown is done, its last ledger entry says nothing",
      "session lost is in the ledger and not in the store",
    ]);
  });

  test("finds nothing in a store that an earlier version has written and none has opened since", async (t) => {
    const directory = temporaryDirectory(t);
    const store = await testStore(t, { directory, clock: () => 0 });
    const agent = {
      ...{ issuer: "i", subject: "s", name: "n", groups: [], token: "t" },
      sponsor: { issuer: "i", subject: "o" },
    };
    const asked = {
      ...{ connection: "c", door: "d", job: "a", project: "p" },
      sealedSha256: hash("sha256", "", "hex"),
    };
    const request = { request: "r", binding: "b", approvers: ["g"], needed: 2, expiresAt: 9 };
    const person = { issuer: "i", subject: "dana", name: "Dana" };
    await store.append([
      { type: "session.received", session: "a", data: { ...asked, agent, purpose: null } },
      { type: "session.held", session: "a", data: request },
      { type: "approval.decided", session: "a", data: { request: "r", person, decision: "approve", reason: "fine" } },
    ]);
    await store.close();
    const { token: tokenId, ...who } = agent;
    const principal = JSON.stringify({ kind: "agent", ...who, tokenId, tokenExpires: 0 });
    tamper(
      directory,
      `INSERT INTO sessions (id, state, connection, project, job_id, issuer, subject, agent_name, principal, door, sealed,
         request_hmac, job_config, created_at, updated_at)
       VALUES ('a', 'held', 'c', 'p', 'a', 'i', 's', 'n', '${principal}', 'd', x'', '', '{}', 0, 0);
       INSERT INTO approval_requests VALUES ('r', 'a', 'b', '["g"]', 2, 'pending', 0, 9, NULL);
       INSERT INTO approval_decisions (request, issuer, subject, name, decision, reason, at)
       VALUES ('r', 'i', 'dana', 'Dana', 'approve', 'fine', 0)`,
    );
    assert.deepEqual((await verifyStore(directory)).problems, []);
    tamper(
      directory,
      "ALTER TABLE approval_decisions DROP COLUMN token; ALTER TABLE approval_decisions DROP COLUMN bound_to",
    );
    assert.deepEqual((await verifyStore(directory)).problems, []);
    tamper(directory, "UPDATE approval_decisions SET reason = 'other'");
    assert.match((await verifyStore(directory)).problems.join(), /its approvals in the store and in the ledger/);
  });

  test("says so where there is no store", async (t) => {
    await assert.rejects(verifyStore(temporaryDirectory(t)), /there is no store/);
  });
});

suite("I8: a third party", () => {
  test("verifies any entry offline by its receipt", async (t) => {
    const { store } = await filled(t, 50);
    const ledger = new LedgerReader(store.db);
    const verifiers = [noteVerifier(store.vkey)];
    for (const { index, bytes } of await ledger.entries(0, 50)) {
      const receipt = await ledger.receipt(index);
      assert.equal(verifyReceipt(receipt, bytes, verifiers).index, index);
      assert.throws(() => verifyReceipt(receipt, Buffer.concat([bytes, Buffer.of(32)]), verifiers));
    }
    await assert.rejects(ledger.receipt(50), /no entry 50/);
  });

  test("audits the exported tiles whole, and again after the log has grown", async (t) => {
    const { directory, store } = await filled(t, 300);
    const folder = temporaryDirectory(t);
    const source = () => tiledLog((path) => readFile(join(folder, path)).catch(() => undefined));
    const audit = () => verifyLog(source(), { verifiers: [noteVerifier(store.vkey)] });
    assert.deepEqual(await exportTiles(directory, folder), { entries: 300, files: 6 });
    assert.deepEqual((await audit()).problems, []);
    const earlier = await readFile(join(folder, "checkpoint"), "utf8");
    await Promise.all(Array.from({ length: 230 }, (_, n) => store.append([event(n)])));
    await exportTiles(directory, folder);
    const later = await verifyLog(source(), { verifiers: [noteVerifier(store.vkey)], known: [earlier] });
    assert.deepEqual([later.problems, later.size], [[], 530]);
  });

  test("exports nothing over what was exported of a ledger that has lost entries since, or of another", async (t) => {
    const { directory, store } = await filled(t, 300);
    const [folder, backup] = [temporaryDirectory(t), temporaryDirectory(t)];
    const checkpoint = () => readFile(join(folder, "checkpoint"), "utf8");
    await store.close();
    cpSync(directory, backup, { recursive: true });
    const goOn = async (at: string, from: number, entries: number) => {
      const opened = await testStore(t, { directory: at });
      await Promise.all(Array.from({ length: entries }, (_, n) => opened.append([event(from + n)])));
      await opened.close();
    };
    await goOn(directory, 1000, 20);
    await exportTiles(directory, folder);
    const kept = await checkpoint();
    await assert.rejects(exportTiles(backup, folder), /of its 320 entries some were taken away/);
    await goOn(backup, 2000, 40);
    await assert.rejects(exportTiles(backup, folder), /of its 320 entries some were taken away/);
    const { directory: other } = await filled(t, 400);
    await assert.rejects(exportTiles(other, folder), /no checkpoint of this ledger/);
    assert.equal(await checkpoint(), kept);
    const source = tiledLog((path) => readFile(join(folder, path)).catch(() => undefined));
    assert.deepEqual((await verifyLog(source, { verifiers: [noteVerifier(store.vkey)] })).problems, []);
  });

  test("takes no file for its own that an export left which never came to its checkpoint", async (t) => {
    const { directory, store } = await filled(t, 300);
    const folder = temporaryDirectory(t);
    await exportTiles(directory, folder);
    await Promise.all(Array.from({ length: 230 }, (_, n) => store.append([event(n)])));
    for (const path of ["tile/0/001", "tile/entries/001"]) writeFileSync(join(folder, path), "of another history");
    await exportTiles(directory, folder);
    const source = tiledLog((path) => readFile(join(folder, path)).catch(() => undefined));
    assert.deepEqual((await verifyLog(source, { verifiers: [noteVerifier(store.vkey)] })).problems, []);
  });
});
