import type { DatabaseSync } from "node:sqlite";

/** Forward only: a migration that has been released is never changed, a later one is added. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** It makes a table anew that others refer to: what refers to nothing is looked for at its end (https://sqlite.org/lang_altertable.html#otheralter). */
  readonly replacesTables?: true;
  /** What SQL alone can't do, after it. */
  readonly fill?: (db: DatabaseSync) => void;
}

/** The first of them; those that came later stand in `migrations.ts`. */
export const EARLY_MIGRATIONS: readonly Migration[] = [
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
];
