import type { DatabaseSync } from "node:sqlite";
import { TiledTree } from "@chaperone/ledger";
import { StoreError } from "./errors.ts";

/** Forward only: a migration that has been released is never changed, a later one is added. */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** What SQL alone can't do, after it. */
  readonly fill?: (db: DatabaseSync) => void;
}

const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: "ledger",
    sql: `
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE ledger_entries (
        idx INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        type TEXT NOT NULL,
        session TEXT,
        bytes BLOB NOT NULL CHECK (length(bytes) <= 65535)
      ) STRICT;
      CREATE INDEX ledger_entries_by_session ON ledger_entries (session, idx) WHERE session IS NOT NULL;
      CREATE INDEX ledger_entries_by_time ON ledger_entries (time);

      CREATE TABLE ledger_hashes (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;

      CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note TEXT NOT NULL) STRICT;

      -- The ledger only grows (I8). Proofs are what an auditor believes; this stops our own mistakes.
      CREATE TRIGGER ledger_entries_only_grow_u BEFORE UPDATE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER ledger_entries_only_grow_d BEFORE DELETE ON ledger_entries BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER ledger_hashes_only_grow_u BEFORE UPDATE ON ledger_hashes BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER ledger_hashes_only_grow_d BEFORE DELETE ON ledger_hashes BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER checkpoints_only_grow_u BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
      CREATE TRIGGER checkpoints_only_grow_d BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
    `,
  },
  {
    number: 2,
    name: "sessions",
    sql: `
      CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('received', 'analysed', 'decided', 'held', 'approved', 'running',
          'releasing', 'done', 'denied', 'expired', 'failed', 'cancelled')),
        connection TEXT NOT NULL,
        project TEXT NOT NULL,
        location TEXT,
        job_id TEXT NOT NULL,
        request_id TEXT,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        agent_name TEXT NOT NULL,
        principal TEXT NOT NULL,
        door TEXT NOT NULL,
        sealed BLOB NOT NULL,
        sql_redacted TEXT NOT NULL,
        canonical_redacted TEXT,
        request_hmac TEXT NOT NULL,
        purpose TEXT,
        plan TEXT,
        decision TEXT,
        binding TEXT,
        mask_plan TEXT,
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
      -- A job id is the agent's own name for its job (I4): two agents may use the same.
      CREATE UNIQUE INDEX sessions_job ON sessions (issuer, subject, project, job_id);
      -- A client that repeats a request gets the same job.
      CREATE UNIQUE INDEX sessions_request ON sessions (issuer, subject, request_id) WHERE request_id IS NOT NULL;
      CREATE INDEX sessions_by_agent ON sessions (issuer, subject, created_at);
      CREATE INDEX sessions_by_time ON sessions (created_at);
      -- What a restart resumes and what the clock expires; finished sessions are not in it.
      CREATE INDEX sessions_open ON sessions (state, expires_at)
        WHERE state NOT IN ('done', 'denied', 'expired', 'failed', 'cancelled');

      CREATE TABLE approval_requests (
        id TEXT PRIMARY KEY,
        session TEXT NOT NULL REFERENCES sessions (id),
        binding TEXT NOT NULL,
        approvers TEXT NOT NULL,
        needed INTEGER NOT NULL CHECK (needed >= 1),
        state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'superseded', 'cancelled')),
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        decided_at INTEGER
      ) STRICT;
      CREATE INDEX approval_requests_by_session ON approval_requests (session);
      CREATE INDEX approval_requests_pending ON approval_requests (expires_at) WHERE state = 'pending';

      -- One person counts once (I7).
      CREATE TABLE approval_decisions (
        request TEXT NOT NULL REFERENCES approval_requests (id),
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('approve', 'deny')),
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (request, issuer, subject)
      ) STRICT;

      CREATE TABLE releases (
        session TEXT NOT NULL REFERENCES sessions (id),
        number INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        rows INTEGER,
        bytes INTEGER,
        masked TEXT,
        outcome TEXT NOT NULL CHECK (outcome IN ('started', 'complete', 'aborted')),
        PRIMARY KEY (session, number)
      ) STRICT;
    `,
  },
  {
    number: 3,
    name: "agents",
    sql: `
      CREATE TABLE agents (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        name TEXT NOT NULL,
        sponsor_issuer TEXT NOT NULL,
        sponsor_subject TEXT NOT NULL,
        groups TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
        registered_by TEXT NOT NULL,
        registered_at INTEGER NOT NULL,
        last_seen_at INTEGER,
        PRIMARY KEY (issuer, subject)
      ) STRICT;
      CREATE INDEX agents_by_sponsor ON agents (sponsor_issuer, sponsor_subject);
    `,
  },
  {
    number: 4,
    name: "travelled-classes",
    sql: `
      -- What a column may hold since a session wrote into it. Written before the job starts; never taken back by a later write.
      CREATE TABLE travelled_classes (
        connection TEXT NOT NULL,
        "table" TEXT NOT NULL,
        path TEXT NOT NULL,
        class TEXT NOT NULL,
        session TEXT NOT NULL REFERENCES sessions (id),
        since INTEGER NOT NULL,
        PRIMARY KEY (connection, "table", path, class)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 5,
    name: "agent-keys",
    sql: `
      CREATE TABLE agent_keys (
        kid TEXT PRIMARY KEY,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        jwk TEXT NOT NULL,
        made_by TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked_at INTEGER,
        FOREIGN KEY (issuer, subject) REFERENCES agents (issuer, subject)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX agent_keys_by_agent ON agent_keys (issuer, subject);

      CREATE TABLE revocations (
        kind TEXT NOT NULL CHECK (kind IN ('token', 'issuer', 'sponsor')),
        id TEXT NOT NULL,
        by TEXT NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 6,
    name: "table-uses",
    sql: `
      -- Which tables, views and routines a session uses, and until when its job may run. Kept for a day.
      CREATE TABLE table_uses (
        connection TEXT NOT NULL,
        name TEXT NOT NULL,
        session TEXT NOT NULL REFERENCES sessions (id),
        how TEXT NOT NULL CHECK (how IN ('reads', 'writes')),
        until INTEGER NOT NULL,
        PRIMARY KEY (connection, name, session, how)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 7,
    name: "used-assertions",
    sql: `
      CREATE TABLE used_assertions (
        kid TEXT NOT NULL REFERENCES agent_keys (kid),
        jti TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (kid, jti)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 8,
    name: "proof-keys",
    sql: `
      CREATE TABLE used_proofs (
        jkt TEXT NOT NULL,
        jti TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (jkt, jti)
      ) STRICT, WITHOUT ROWID;

      CREATE INDEX used_proofs_by_until ON used_proofs (until);

      CREATE TABLE revocations_of_all (
        kind TEXT NOT NULL CHECK (kind IN ('token', 'issuer', 'sponsor', 'proof-key')),
        id TEXT NOT NULL,
        by TEXT NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
      ) STRICT, WITHOUT ROWID;

      INSERT INTO revocations_of_all SELECT kind, id, by, reason, at FROM revocations;
      DROP TABLE revocations;
      ALTER TABLE revocations_of_all RENAME TO revocations;
    `,
  },
  {
    number: 9,
    name: "open-sessions-of-an-agent",
    sql: `
      -- Each statement asks how many of the agent's are open, however many it ever had.
      CREATE INDEX sessions_by_state ON sessions (issuer, subject, state);
    `,
  },
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
  for (const { number, name, sql, fill } of MIGRATIONS.slice(applied.length, upTo)) {
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(sql);
      fill?.(db);
      db.prepare("INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)").run(number, name, now);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}
