import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { leafHash, treeHash } from "@chaperone/ledger";
import { MemoryLog } from "../../../ledger/src/testing/memory-log.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { TRANSITIONS } from "../sessions/session.ts";
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

describe("a store of before its sessions' conditions were without lists", () => {
  const STATES = Object.keys(TRANSITIONS);
  function before() {
    const db = new DatabaseSync(":memory:");
    migrate(db, 0, 14);
    db.exec("INSERT INTO decided_texts (key, sql_redacted, plan) VALUES ('k', 'SELECT', '[]')");
    const session = db.prepare(
      `INSERT INTO sessions (id, state, connection, project, location, job_id, request_id, issuer, subject, on_behalf_of, agent_name, principal,
        door, sealed, request_hmac, purpose, texts, binding, dry_run_bytes, statement_type, upstream_job, job_config, error, rows_released,
        cells_masked, created_at, updated_at, expires_at, finished_at)
      VALUES (?, ?, 'c', 'p', 'US', ?, ?, 'i', 'a', '[1]', 'n', '{}', 'd', x'0001ff', 'h', 'why', 1, 'b', 5, 'SELECT', 'job', '{"l":1}', 'e', 6,
        7, 8, 9, 10, 11)`,
    );
    // Not in the order of their ids.
    for (const [n, state] of STATES.entries())
      session.run(`s${(n * 7) % 12}`, state, `job ${n}`, n === 0 ? null : `request ${n}`);
    db.exec(`
      INSERT INTO approval_requests (id, session, binding, approvers, needed, state, created_at, expires_at)
        VALUES ('r', 's1', 'b', '[]', 1, 'pending', 0, 1);
      INSERT INTO travelled_classes (connection, "table", path, class, session, since) VALUES ('c', 't', 'p', 'phi', 's2', 0);
      INSERT INTO table_uses (connection, name, session, how, until) VALUES ('c', 't', 's3', 'reads', 0);
      INSERT INTO releases (session, number, started_at, outcome) VALUES ('s4', 1, 0, 'started');
    `);
    return db;
  }
  const all = (db: DatabaseSync, of: string) =>
    db
      .prepare(`SELECT * FROM ${of}`)
      .all()
      .map((row) => Object.fromEntries(Object.entries(row).sort()));

  it("keeps every session as it was, and all that refers to one", () => {
    const db = before();
    const of = ["sessions", "whole_sessions", "approval_requests", "travelled_classes", "table_uses", "releases"];
    const were = of.map((table) => all(db, table));
    assert.equal(were[0]?.length, STATES.length);
    migrate(db, 1);
    for (const [n, table] of of.entries()) assert.deepEqual(all(db, table), were[n], table);
    assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
    assert.equal(db.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    db.close();
  });

  it("has the same conditions", () => {
    const db = before();
    migrate(db, 1);
    for (const state of STATES) db.prepare("UPDATE sessions SET state = ? WHERE id = 's0'").run(state);
    for (const [broken, message] of [
      ["UPDATE sessions SET state = 'odd' WHERE id = 's0'", /CHECK/],
      ["UPDATE sessions SET sealed = 'text' WHERE id = 's0'", /cannot store TEXT/],
      ["UPDATE sessions SET texts = 9 WHERE id = 's0'", /FOREIGN KEY/],
      ["UPDATE sessions SET job_id = 'job 1' WHERE id = 's0'", /UNIQUE/],
      ["UPDATE sessions SET request_id = 'request 1' WHERE id = 's0'", /UNIQUE/],
      ["UPDATE releases SET outcome = 'odd'", /CHECK/],
      ["DELETE FROM sessions WHERE id = 's1'", /FOREIGN KEY/],
      ["INSERT INTO releases (session, number, started_at, outcome) VALUES ('s99', 1, 0, 'started')", /FOREIGN KEY/],
    ] as const)
      assert.throws(() => db.exec(broken), message, broken);
    db.close();
  });

  it("is left as it was where a row refers to nothing", () => {
    const db = before();
    db.exec("PRAGMA foreign_keys = OFF");
    db.exec("INSERT INTO releases (session, number, started_at, outcome) VALUES ('s99', 1, 0, 'started')");
    db.exec("PRAGMA foreign_keys = ON");
    const were = all(db, "whole_sessions");
    assert.throws(() => migrate(db, 1), /refer to nothing/);
    assert.deepEqual(all(db, "whole_sessions"), were);
    assert.equal(db.prepare("SELECT max(number) AS n FROM migrations").get()?.n, 14);
    assert.equal(db.prepare("PRAGMA foreign_keys").get()?.foreign_keys, 1);
    assert.equal(db.isTransaction, false);
    db.close();
  });
});
