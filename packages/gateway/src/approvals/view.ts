import { type Change, type PlanStatement, parse, redact, type Write } from "@chaperone/googlesql";
import { sql } from "kysely";
import { type Behalf, behalvesOf } from "../evidence/behalf.ts";
import type { Json } from "../evidence/event.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Decision, OutputMask, UseDecision } from "../policy/decision.ts";
import { openSealed } from "../sessions/session-row.ts";
import type { CountedRows } from "../sessions/statement.ts";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

export type RequestState = Database["approval_requests"]["state"];

/** One line of the inbox. */
export interface ApprovalSummary {
  readonly id: string;
  readonly session: string;
  readonly state: RequestState;
  readonly agent: string;
  /** Names of those it acts for, nearest first. */
  readonly for: readonly string[];
  readonly purpose: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly approvers: readonly string[];
  readonly needed: number;
  readonly tables: readonly string[];
  readonly classes: readonly string[];
  readonly dryRunBytes: number | null;
}

/** All a person needs to decide, without reading SQL blindly. */
export interface ApprovalView extends ApprovalSummary {
  /** What the decision will be bound to (I6): send it back with the decision. */
  readonly binding: string;
  readonly principal: {
    readonly issuer: string;
    readonly subject: string;
    readonly groups: readonly string[];
    readonly sponsor: { readonly issuer: string; readonly subject: string };
  };
  /** Whom it acts for, nearest first (RFC 8693, `act`). */
  readonly onBehalfOf: readonly Behalf[];
  readonly connection: string;
  readonly statementType: string | null;
  /** Canonical SQL with its literals replaced by numbered marks. */
  readonly sql: string;
  /** The literals apart, in the order of their marks. Data of the agent's: show it as text, never as markup (threat-model row 49). */
  readonly literals: readonly string[];
  readonly parameters: readonly Json[];
  /** Of a load whose rows are kept nowhere: what was counted of them, which those that come must be. */
  readonly rows: CountedRows | null;
  /** What it would write, and into which columns. */
  readonly writes: readonly Write[];
  /** Routines, models, datasets, labels and the like that it makes, changes or drops. */
  readonly changes: readonly Change[];
  /** Table × column × class × use × mask, with the policies that fired. */
  readonly uses: readonly UseDecision[];
  readonly outputs: readonly OutputMask[];
  readonly limitRows: number | null;
  readonly policies: readonly string[];
  readonly policyVersion: string;
  readonly decisions: readonly {
    readonly by: string;
    readonly issuer: string;
    readonly subject: string;
    readonly decision: "approve" | "deny";
    readonly reason: string;
    readonly at: number;
  }[];
}

const OF_SUMMARY = [
  "approval_requests.id",
  "approval_requests.session",
  "approval_requests.state",
  "approval_requests.binding",
  "approval_requests.approvers",
  "approval_requests.needed",
  "approval_requests.created_at",
  "approval_requests.expires_at",
  "sessions.agent_name",
  "sessions.principal",
  "sessions.purpose",
  "sessions.decision",
  "sessions.dry_run_bytes",
] as const;

function requests(store: Store) {
  return store.db
    .selectFrom("approval_requests")
    .innerJoin("whole_sessions as sessions", "sessions.id", "approval_requests.session")
    .select(OF_SUMMARY);
}

type Row = Awaited<ReturnType<ReturnType<typeof requests>["executeTakeFirstOrThrow"]>>;

export interface ApprovalFilter {
  readonly state?: RequestState | undefined;
  /** Those that one of these groups may decide. */
  readonly groups?: readonly string[] | undefined;
  readonly limit: number;
}

/** Requests, newest first, at most `limit`; `more`: there are older ones. */
export async function listApprovals(
  store: Store,
  { state, groups, limit }: ApprovalFilter,
): Promise<{ readonly approvals: readonly ApprovalSummary[]; readonly more: boolean }> {
  let query = store.db
    .selectFrom("approval_requests")
    .select("id")
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (state !== undefined) query = query.where("state", "=", state);
  if (groups !== undefined)
    query = query.where(
      sql<boolean>`exists (select 1 from json_each(approvers) where value in (select value from json_each(${JSON.stringify(groups)})))`,
    );
  const ids = await query.execute();
  const approvals: ApprovalSummary[] = [];
  // One after another: what was decided of a thousand wide queries is more than memory holds.
  for (const { id } of ids.slice(0, limit))
    approvals.push(summary(await requests(store).where("approval_requests.id", "=", id).executeTakeFirstOrThrow()));
  return { approvals, more: ids.length > limit };
}

/** One request, with its literals unsealed: the caller records that they were shown. undefined: no such request. */
export async function showApproval(store: Store, id: string): Promise<ApprovalView | undefined> {
  const row = await requests(store)
    .select([
      "sessions.connection",
      "sessions.plan",
      "sessions.statement_type",
      "sessions.canonical_redacted",
      "sessions.sealed",
    ])
    .where("approval_requests.id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const decisions = await store.db
    .selectFrom("approval_decisions")
    .selectAll()
    .where("request", "=", id)
    .orderBy("at")
    .execute();
  const principal = JSON.parse(row.principal) as AgentPrincipal;
  const decision = JSON.parse(row.decision ?? "null") as Decision;
  const { statement } = openSealed({ store, sealer: store.sealer }, { id: row.session, sealed: row.sealed });
  return {
    ...summary(row),
    binding: row.binding,
    principal: {
      issuer: principal.issuer,
      subject: principal.subject,
      groups: principal.groups,
      sponsor: principal.sponsor,
    },
    onBehalfOf: behalvesOf(principal),
    connection: row.connection,
    statementType: row.statement_type,
    sql: row.canonical_redacted ?? "",
    literals: redact(parse(statement.sql)).literals,
    parameters: statement.parameters,
    rows: statement.rows ?? null,
    changes: (JSON.parse(row.plan ?? "[]") as readonly PlanStatement[]).flatMap(({ changes = [] }) => changes),
    writes: (JSON.parse(row.plan ?? "[]") as readonly PlanStatement[]).flatMap(({ writes }) => writes),
    uses: decision.uses,
    outputs: decision.effect === "permit" ? decision.obligations.masks : [],
    limitRows: decision.effect === "permit" ? (decision.obligations.limitRows ?? null) : null,
    policies: decision.policies,
    policyVersion: decision.policyVersion,
    decisions: decisions.map((d) => ({
      by: d.name,
      issuer: d.issuer,
      subject: d.subject,
      decision: d.decision,
      reason: d.reason,
      at: d.at,
    })),
  };
}

function summary(row: Row): ApprovalSummary {
  const decision = JSON.parse(row.decision ?? "null") as Decision | null;
  const uses = decision?.uses ?? [];
  return {
    id: row.id,
    session: row.session,
    state: row.state,
    agent: row.agent_name,
    for: behalvesOf(JSON.parse(row.principal) as AgentPrincipal).map(({ name }) => name),
    purpose: row.purpose,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    approvers: JSON.parse(row.approvers) as string[],
    needed: row.needed,
    tables: [...new Set(uses.map((u) => u.table))].sort(),
    classes: [...new Set(uses.flatMap((u) => u.classes))].sort(),
    dryRunBytes: row.dry_run_bytes,
  };
}
