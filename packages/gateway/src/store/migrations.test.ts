import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { leafHash, treeHash } from "@chaperone/ledger";
import { MemoryLog } from "../../../ledger/src/testing/memory-log.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { behalfOf } from "../sessions/session-row.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { LedgerStatements } from "./ledger-statements.ts";
import { migrate } from "./migrations.ts";
import { SqliteConnection } from "./sqlite-dialect.ts";

const A: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "a",
  name: "a",
  groups: [],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

describe("a store of before agents acted for people", () => {
  it("keeps each session with those for whom it was asked", () => {
    const db = new DatabaseSync(":memory:");
    migrate(db, 0, 9);
    const principals: readonly AgentPrincipal[] = [
      A,
      { ...A, onBehalfOf: [{ ...A, subject: 'b "quoted" \\ é/ü' }] },
      {
        ...A,
        onBehalfOf: [
          { ...A, subject: "z" },
          { ...A, subject: "c", issuer: "https://other.example/x" },
        ],
      },
    ];
    for (const [i, principal] of principals.entries())
      db.prepare(
        `INSERT INTO sessions (id, state, connection, project, job_id, issuer, subject, agent_name, principal, door, sealed,
          sql_redacted, request_hmac, job_config, created_at, updated_at)
        VALUES (?, 'done', 'c', 'p', ?, 'i', 'a', 'a', ?, 'd', x'00', '', '', '{}', 0, 0)`,
      ).run(String(i), String(i), JSON.stringify(principal));
    migrate(db, 1);
    const rows = db.prepare("SELECT on_behalf_of FROM sessions ORDER BY id").all();
    assert.deepEqual(
      rows.map((row) => row.on_behalf_of),
      principals.map(behalfOf),
    );
    db.close();
  });
});

describe("a store of before its hashes were in tiles", () => {
  it("has the same tree", async () => {
    const SIZE = 256 * 3 + 7;
    const log = await MemoryLog.ofSize(SIZE);
    const db = new DatabaseSync(":memory:");
    migrate(db, 0, 12);
    const insert = db.prepare("INSERT INTO ledger_entries (idx, time, type, bytes) VALUES (?, 0, 't', ?)");
    for (const [index, entry] of log.entries.entries()) insert.run(index, entry);
    const hash = db.prepare("INSERT INTO ledger_hashes (idx, hash) VALUES (?, ?)");
    for (const [index, stored] of log.stored.entries()) hash.run(index, stored);
    migrate(db, 1);
    assert.deepEqual(
      db
        .prepare("SELECT level, idx FROM ledger_tiles ORDER BY level, idx")
        .all()
        .map(({ level, idx }) => [level, idx]),
      [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
    );
    const reader = new LedgerReader(new SqliteConnection(db).kysely(() => undefined));
    for (const size of [1, 255, 256, 257, 512, 768, SIZE])
      assert.deepEqual(await treeHash(size, reader), await treeHash(size, log), `of ${size}`);
    assert.deepEqual(
      await reader.readHashes(log.stored.map((_, index) => index)),
      log.stored.map((stored) => new Uint8Array(stored)),
    );
    assert.deepEqual(await reader.readHashes([0]), [leafHash(log.entries[0] ?? new Uint8Array())]);
    db.close();
  });

  it("goes on from its last tiles, wherever they end", async () => {
    for (const size of [0, 1, 255, 256, 257, 511, 512]) {
      const log = await MemoryLog.ofSize(size);
      const db = new DatabaseSync(":memory:");
      migrate(db, 0, 12);
      const insert = db.prepare("INSERT INTO ledger_entries (idx, time, type, bytes) VALUES (?, 0, 't', ?)");
      for (const [index, entry] of log.entries.entries()) insert.run(index, entry);
      migrate(db, 1);
      const tree = new LedgerStatements(db).tree();
      assert.deepEqual([tree.size, tree.root()], [size, await treeHash(size, log)], `of ${size}`);
      const next = Buffer.from("next");
      await log.append(next);
      tree.append(next);
      assert.deepEqual(tree.root(), await treeHash(size + 1, log), `after ${size}`);
      db.close();
    }
  });
});

describe("a store of before own jobs were found by their session's id", () => {
  it("keeps its jobs' names apart, and each release with its number", () => {
    const db = new DatabaseSync(":memory:");
    db.exec("PRAGMA foreign_keys = ON");
    migrate(db, 0, 13);
    const session = (id: string, job: string) =>
      db
        .prepare(
          `INSERT INTO sessions (id, state, connection, project, job_id, issuer, subject, agent_name, principal, door, sealed,
            request_hmac, job_config, created_at, updated_at)
          VALUES (?, 'running', 'c', 'p', ?, 'i', 'a', 'a', '{}', 'd', x'00', '', '{}', 0, 0)`,
        )
        .run(id, job);
    session("s1", "chaperone_s1");
    session("s2", "named");
    const releases = [
      { session: "s2", number: 1, started_at: 1, finished_at: 2, rows: 3, bytes: 4, masked: "{}", outcome: "complete" },
      {
        session: "s1",
        number: 2,
        started_at: 5,
        finished_at: null,
        rows: null,
        bytes: null,
        masked: null,
        outcome: "started",
      },
      { session: "s1", number: 1, started_at: 5, finished_at: 6, rows: 0, bytes: 0, masked: "{}", outcome: "aborted" },
    ];
    const insert = db.prepare(
      "INSERT INTO releases VALUES ($session, $number, $started_at, $finished_at, $rows, $bytes, $masked, $outcome)",
    );
    for (const release of releases) insert.run(release);
    migrate(db, 1);
    const kept = db.prepare("SELECT * FROM releases ORDER BY started_at, number DESC").all();
    assert.deepEqual(
      kept.map((row) => ({ ...row })),
      releases,
    );
    assert.throws(
      () =>
        db.prepare("INSERT INTO releases (session, number, started_at, outcome) VALUES ('s2', 1, 0, 'started')").run(),
      /UNIQUE/,
    );
    assert.throws(
      () =>
        db.prepare("INSERT INTO releases (session, number, started_at, outcome) VALUES ('s9', 1, 0, 'started')").run(),
      /FOREIGN KEY/,
    );
    assert.throws(() => session("s3", "named"), /UNIQUE/);
    session("s4", "chaperone_s4");
    db.close();
  });
});
