import type { ColumnType, Generated } from "kysely";

export interface DecidedTexts {
  /** Empty until analysed. */
  sql_redacted: string;
  canonical_redacted: string | null;
  /** Access plan, JSON; null until analysed. */
  plan: string | null;
  /** Decision, JSON; null until decided. */
  decision: string | null;
  /** Output schema with masks, JSON. */
  mask_plan: string | null;
}

/** Times are milliseconds since the epoch. JSON columns hold canonical JSON text without any literal or result value (I5). */
export interface SessionTables {
  sessions: {
    id: string;
    state: string;
    connection: string;
    project: string;
    location: string | null;
    /** The job id the agent sees. */
    job_id: string;
    /** The client's requestId, if any. */
    request_id: string | null;
    issuer: string;
    subject: string;
    /** For whom the agent acts, as `behalfOf` writes it. */
    on_behalf_of: string;
    agent_name: string;
    /** The whole principal, JSON. */
    principal: string;
    door: string;
    /** Sealed: the agent's SQL and its parameters; or, tied to this session, which of `sealed_for_many` it is (evidence/shared-seal.ts). */
    sealed: Uint8Array;
    /** Of what a repeated requestId must repeat; of a load whose rows were counted, what its second upload must. Else empty. */
    request_hmac: string;
    purpose: string | null;
    /** Of `decided_texts`; null until analysed. */
    texts: number | null;
    /** What an approval is bound to (I6). */
    binding: string | null;
    dry_run_bytes: number | null;
    statement_type: string | null;
    /** BigQuery's job reference upstream. */
    upstream_job: string | null;
    job_config: string;
    error: string | null;
    rows_released: Generated<number>;
    cells_masked: Generated<number>;
    created_at: number;
    updated_at: number;
    expires_at: number | null;
    finished_at: number | null;
  };
  /** What analysis and policy made of statements: many sessions' are the same. Written once, never changed. */
  decided_texts: DecidedTexts & {
    id: Generated<number>;
    /** SHA-256 (hex) of all of them. */
    key: string;
  };
  /** What many sessions were sent. Written once, never changed. */
  sealed_for_many: {
    /** SHA-256 (hex) of `sealed`. */
    key: string;
    sealed: Uint8Array;
  };
  /** Sessions with their texts; a view. */
  whole_sessions: SessionTables["sessions"] & DecidedTexts;
  approval_requests: {
    id: string;
    session: string;
    binding: string;
    /** JSON array of group names. */
    approvers: string;
    needed: number;
    state: "pending" | "approved" | "denied" | "expired" | "superseded" | "cancelled";
    created_at: number;
    expires_at: number;
    decided_at: number | null;
  };
  approval_decisions: {
    request: string;
    issuer: string;
    subject: string;
    name: string;
    decision: "approve" | "deny";
    reason: string;
    at: number;
    /** Id of the token that the person came with; null where it wasn't kept yet. */
    token: string | null;
    /** JSON array: thumbprints of what that token was bound to. */
    bound_to: string;
  };
  releases: {
    session: string;
    number: number;
    started_at: number;
    finished_at: number | null;
    rows: number | null;
    bytes: number | null;
    /** JSON: masked cells by output column path and rule. */
    masked: string | null;
    outcome: ColumnType<"started" | "complete" | "aborted", "started" | "complete" | "aborted">;
  };
}
