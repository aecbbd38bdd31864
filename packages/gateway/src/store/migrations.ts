import type { DatabaseSync } from "node:sqlite";
import { TiledTree } from "@chaperone/ledger";
import { EARLY_MIGRATIONS, type Migration } from "./early-migrations.ts";
import { StoreError } from "./errors.ts";

const MIGRATIONS: readonly Migration[] = [
  ...EARLY_MIGRATIONS,
  {
    number: 10,
    name: "on-behalf-of",
    sql: `
      -- For whom the agent acts, as \`behalfOf\` writes it: what was asked for one is nobody else's (I4).
      ALTER TABLE sessions ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '[]';
      UPDATE sessions SET on_behalf_of = (
          SELECT json_group_array(json_array(json_extract(value, '$.issuer'), json_extract(value, '$.subject')))
          FROM json_each(principal, '$.onBehalfOf'))
        WHERE json_extract(principal, '$.onBehalfOf') IS NOT NULL;
      DROP INDEX sessions_job;
      DROP INDEX sessions_request;
      CREATE UNIQUE INDEX sessions_job ON sessions (issuer, subject, on_behalf_of, project, job_id);
      CREATE UNIQUE INDEX sessions_request ON sessions (issuer, subject, on_behalf_of, request_id) WHERE request_id IS NOT NULL;

      CREATE TABLE delegated_tokens (
        issuer TEXT NOT NULL,
        token TEXT NOT NULL,
        actor TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (issuer, token)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX delegated_tokens_by_actor ON delegated_tokens (actor);
      CREATE INDEX delegated_tokens_by_until ON delegated_tokens (until);
    `,
  },
  {
    number: 11,
    name: "decided-texts",
    sql: `
      -- What analysis and policy made of a statement, once for all sessions of which they made the same: SQLite writes a whole row at each
      -- change of a session, and these are most of it.
      CREATE TABLE decided_texts (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        sql_redacted TEXT NOT NULL,
        canonical_redacted TEXT,
        plan TEXT,
        decision TEXT,
        mask_plan TEXT
      ) STRICT;
      INSERT INTO decided_texts (key, sql_redacted, canonical_redacted, plan, decision, mask_plan)
        SELECT 'session ' || id, sql_redacted, canonical_redacted, plan, decision, mask_plan FROM sessions;
      ALTER TABLE sessions ADD COLUMN texts INTEGER REFERENCES decided_texts (id);
      UPDATE sessions SET texts = (SELECT t.id FROM decided_texts AS t WHERE t.key = 'session ' || sessions.id);
      ALTER TABLE sessions DROP COLUMN sql_redacted;
      ALTER TABLE sessions DROP COLUMN canonical_redacted;
      ALTER TABLE sessions DROP COLUMN plan;
      ALTER TABLE sessions DROP COLUMN decision;
      ALTER TABLE sessions DROP COLUMN mask_plan;
      CREATE VIEW whole_sessions AS
        SELECT s.*, coalesce(t.sql_redacted, '') AS sql_redacted, t.canonical_redacted, t.plan, t.decision, t.mask_plan
        FROM sessions AS s LEFT JOIN decided_texts AS t ON t.id = s.texts;
    `,
  },
  {
    number: 12,
    name: "indexes-that-are-asked",
    sql: `
      -- Nobody asked it: SQLite takes a partial index only where the question says the same, in literals.
      DROP INDEX sessions_open;
      DROP INDEX sessions_by_state;
      -- Entries are in the order of their time.
      DROP INDEX ledger_entries_by_time;
      -- What waits for the gateway or for a person, as \`WAITING\` asks: an agent's own, and what the clock expires.
      CREATE INDEX sessions_waiting ON sessions (issuer, subject, state, expires_at)
        WHERE state IN ('received', 'analysed', 'decided', 'held', 'approved');
      -- What runs, as \`RUNNING\` asks: to be closed when nobody reads it any more.
      CREATE INDEX sessions_running ON sessions (updated_at) WHERE state IN ('running', 'releasing');
    `,
  },
  {
    number: 13,
    name: "ledger-tiles",
    sql: `
      -- Full tiles, in place of a row for each hash: what isn't in one yet follows from the newest entries, of which each level has fewer than 256.
      CREATE TABLE ledger_tiles (
        level INTEGER NOT NULL,
        idx INTEGER NOT NULL,
        root BLOB NOT NULL CHECK (length(root) = 32),
        hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
        PRIMARY KEY (level, idx)
      ) STRICT;
      CREATE TRIGGER ledger_tiles_only_grow_u BEFORE UPDATE ON ledger_tiles BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER ledger_tiles_only_grow_d BEFORE DELETE ON ledger_tiles BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      DROP TABLE ledger_hashes;
    `,
    fill(db) {
      const insert = db.prepare("INSERT INTO ledger_tiles (level, idx, root, hashes) VALUES (?, ?, ?, ?)");
      const tree = new TiledTree(0, []);
      for (const { bytes } of db.prepare("SELECT bytes FROM ledger_entries ORDER BY idx").iterate()) {
        if (!(bytes instanceof Uint8Array)) throw new StoreError("corrupt", "a ledger entry has no bytes");
        tree.append(bytes);
        for (const { level, index, root, hashes } of tree.takeFull()) insert.run(level, index, root, hashes);
      }
    },
  },
  {
    number: 14,
    name: "fewer-index-entries",
    sql: `
      -- Most jobs are named after their session, and found by its id. What is in the index are names that clients gave, as \`NAMED_BY_CLIENT\` says.
      DROP INDEX sessions_job;
      CREATE UNIQUE INDEX sessions_job ON sessions (issuer, subject, on_behalf_of, project, job_id) WHERE job_id <> 'chaperone_' || id;

      -- The same table, in the order of its key: one tree in place of two. For a list of three SQLite makes a table in memory at each statement.
      CREATE TABLE releases_by_key (
        session TEXT NOT NULL REFERENCES sessions (id),
        number INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        rows INTEGER,
        bytes INTEGER,
        masked TEXT,
        outcome TEXT NOT NULL CHECK (outcome = 'complete' OR outcome = 'started' OR outcome = 'aborted'),
        PRIMARY KEY (session, number)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO releases_by_key SELECT session, number, started_at, finished_at, rows, bytes, masked, outcome FROM releases;
      DROP TABLE releases;
      ALTER TABLE releases_by_key RENAME TO releases;
    `,
  },
  {
    number: 15,
    name: "conditions-without-lists",
    replacesTables: true,
    sql: `
      -- For a list of more than two SQLite makes a table in memory at each statement that asks or checks it, which took a third of what a session's
      -- statements do. The same conditions, and the states first in which most changes end.
      DROP VIEW whole_sessions;
      CREATE TABLE sessions_anew (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state = 'done' OR state = 'running' OR state = 'releasing' OR state = 'received' OR state = 'analysed'
          OR state = 'decided' OR state = 'held' OR state = 'approved' OR state = 'denied' OR state = 'expired' OR state = 'failed'
          OR state = 'cancelled'),
        connection TEXT NOT NULL,
        project TEXT NOT NULL,
        location TEXT,
        job_id TEXT NOT NULL,
        request_id TEXT,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        on_behalf_of TEXT NOT NULL DEFAULT '[]',
        agent_name TEXT NOT NULL,
        principal TEXT NOT NULL,
        door TEXT NOT NULL,
        sealed BLOB NOT NULL,
        request_hmac TEXT NOT NULL,
        purpose TEXT,
        texts INTEGER REFERENCES decided_texts (id),
        binding TEXT,
        dry_run_bytes INTEGER,
        statement_type TEXT,
        upstream_job TEXT,
        job_config TEXT NOT NULL,
        error TEXT,
        rows_released INTEGER NOT NULL DEFAULT 0,
        cells_masked INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        expires_at INTEGER,
        finished_at INTEGER
      ) STRICT;
      INSERT INTO sessions_anew (
          id, state, connection, project, location, job_id, request_id, issuer, subject, on_behalf_of, agent_name,
          principal, door, sealed, request_hmac, purpose, texts, binding, dry_run_bytes, statement_type, upstream_job,
          job_config, error, rows_released, cells_masked, created_at, updated_at, expires_at, finished_at)
        SELECT
          id, state, connection, project, location, job_id, request_id, issuer, subject, on_behalf_of, agent_name,
          principal, door, sealed, request_hmac, purpose, texts, binding, dry_run_bytes, statement_type, upstream_job,
          job_config, error, rows_released, cells_masked, created_at, updated_at, expires_at, finished_at
        FROM sessions ORDER BY rowid;
      DROP TABLE sessions;
      ALTER TABLE sessions_anew RENAME TO sessions;
      CREATE UNIQUE INDEX sessions_job ON sessions (issuer, subject, on_behalf_of, project, job_id) WHERE job_id <> 'chaperone_' || id;
      CREATE UNIQUE INDEX sessions_request ON sessions (issuer, subject, on_behalf_of, request_id) WHERE request_id IS NOT NULL;
      CREATE INDEX sessions_by_agent ON sessions (issuer, subject, created_at);
      CREATE INDEX sessions_by_time ON sessions (created_at);
      -- The state last: by it SQLite would look for each of the five apart.
      CREATE INDEX sessions_waiting ON sessions (issuer, subject, expires_at, state)
        WHERE state = 'received' OR state = 'analysed' OR state = 'decided' OR state = 'held' OR state = 'approved';
      CREATE INDEX sessions_running ON sessions (updated_at) WHERE state = 'running' OR state = 'releasing';
      CREATE VIEW whole_sessions AS
        SELECT s.*, coalesce(t.sql_redacted, '') AS sql_redacted, t.canonical_redacted, t.plan, t.decision, t.mask_plan
        FROM sessions AS s LEFT JOIN decided_texts AS t ON t.id = s.texts;
    `,
  },
  {
    number: 16,
    name: "sealed-for-many",
    sql: `
      -- What many sessions were sent, sealed once; they keep which it is (evidence/shared-seal.ts). Never changed.
      CREATE TABLE sealed_for_many (
        key TEXT PRIMARY KEY,
        sealed BLOB NOT NULL
      ) STRICT;
    `,
  },
  {
    number: 17,
    name: "releases-that-are-open",
    sql: `
      -- What a crash broke off, as \`STARTED\` asks at each start: without it, all pages that ever were are gone through.
      CREATE INDEX releases_started ON releases (session, number) WHERE outcome = 'started';
    `,
  },
  {
    number: 18,
    name: "approvals-by-token",
    sql: `
      -- What whoever decided came with: an approval counts only while that isn't revoked.
      ALTER TABLE approval_decisions ADD COLUMN token TEXT;
      ALTER TABLE approval_decisions ADD COLUMN bound_to TEXT NOT NULL DEFAULT '[]';
    `,
  },
  {
    number: 19,
    name: "loads-sent-again",
    sql: `
      -- Loads whose rows were counted, as \`COUNTED_LOAD\` asks: their second upload finds them by it.
      CREATE INDEX sessions_counted ON sessions (request_hmac, created_at) WHERE request_id IS NULL AND request_hmac <> '';
    `,
  },
];

/**
 * Brings the database to this program's schema, each migration in its own transaction, and records what was done.
 * `upTo`: the last one, in tests of a later one. Throws StoreError "corrupt" for a database that a newer program, or none of ours, has written.
 */
export function migrate(db: DatabaseSync, now: number, upTo = MIGRATIONS.length): void {
  db.exec(
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
  );
  const applied = db.prepare("SELECT number, name FROM migrations ORDER BY number").all();
  for (const [position, row] of applied.entries()) {
    const known = MIGRATIONS[position];
    if (known === undefined || known.number !== row.number || known.name !== row.name) {
      throw new StoreError("corrupt", `the store has migration ${row.number} "${row.name}", which is not known here`);
    }
  }
  for (const migration of MIGRATIONS.slice(applied.length, upTo)) {
    if (migration.replacesTables === true) withoutForeignKeys(db, () => apply(db, migration, now));
    else apply(db, migration, now);
  }
}

function apply(db: DatabaseSync, { number, name, sql, fill, replacesTables }: Migration, now: number): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(sql);
    fill?.(db);
    if (replacesTables === true && db.prepare("PRAGMA foreign_key_check").get() !== undefined)
      throw new StoreError("corrupt", `migration ${number} "${name}" would leave rows that refer to nothing`);
    db.prepare("INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)").run(number, name, now);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** SQLite takes this setting outside of transactions alone. */
function withoutForeignKeys(db: DatabaseSync, change: () => void): void {
  const before = db.prepare("PRAGMA foreign_keys").get()?.foreign_keys;
  db.exec("PRAGMA foreign_keys = OFF");
  try {
    change();
  } finally {
    if (before === 1) db.exec("PRAGMA foreign_keys = ON");
  }
}
