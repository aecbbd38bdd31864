import type { PlanStatement } from "@chaperone/googlesql";
import type { ExpressionBuilder } from "kysely";
import type { Json } from "../evidence/event.ts";
import { SealError, type Sealer } from "../evidence/seal.ts";
import { keyOfTied, openForMany } from "../evidence/shared-seal.ts";
import type { AgentPrincipal, Principal } from "../identity/principal.ts";
import type { Decision } from "../policy/decision.ts";
import { prepare } from "../store/prepared.ts";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { JobReference } from "../upstream/upstream.ts";
import type { Connection } from "./connection.ts";
import type { MaskPlan } from "./mask-plan.ts";
import type { SessionState } from "./session.ts";
import type { AskedJob, Statement } from "./statement.ts";
import { NAMED_BY_CLIENT, SEALED_FOR_MANY, sessionNamed } from "./statements.ts";
import type { SessionTables } from "./tables.ts";

export type SessionRow = Omit<SessionTables["whole_sessions"], "state" | "rows_released" | "cells_masked"> & {
  readonly state: SessionState;
  readonly rows_released: number;
  readonly cells_masked: number;
};

/** What is kept sealed of a session. */
export interface SealedStatement {
  readonly statement: Statement;
  readonly maximumBytesBilled: number | null;
  readonly jobTimeoutMs: number | null;
  readonly dryRun: boolean;
  readonly asked?: AskedJob;
}

/** Which of an agent's sessions: at most `limit`, created between `from` and `to` (milliseconds, inclusive), older than `after`. */
export interface ListPage {
  readonly limit: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly after: { readonly createdAt: number; readonly id: string } | undefined;
}

/** For whom an agent acts, in order, as a session's row says it. */
export function behalfOf({ onBehalfOf = [] }: AgentPrincipal): string {
  return JSON.stringify(
    onBehalfOf.map(({ kind, issuer, subject }) =>
      kind === "person" ? [issuer, subject, "person"] : [issuer, subject],
    ),
  );
}

/** Whose sessions these are: the agent's, on behalf of exactly those for whom it acts now. For another it is another's (threat-model row 44). */
export function ownedBy(principal: AgentPrincipal) {
  return (e: ExpressionBuilder<Database, "sessions" | "whole_sessions">) =>
    e.and({ issuer: principal.issuer, subject: principal.subject, on_behalf_of: behalfOf(principal) });
}

/** The agent's own session of this job id, or undefined: other agents' jobs don't exist for it (I9). */
export async function findSession(
  store: Store,
  principal: AgentPrincipal,
  project: string,
  jobId: string,
): Promise<SessionRow | undefined> {
  const id = sessionNamed(jobId);
  const own = id === undefined ? undefined : await findSessionById(store, principal, project, id);
  if (own?.job_id === jobId) return own;
  const row = await store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where(ownedBy(principal))
    .where("project", "=", project)
    .where("job_id", "=", jobId)
    .where(NAMED_BY_CLIENT)
    .executeTakeFirst();
  return row as SessionRow | undefined;
}

/** The agent's own session of this id, or undefined. */
export async function findSessionById(
  store: Store,
  principal: AgentPrincipal,
  project: string,
  id: string,
): Promise<SessionRow | undefined> {
  const row = await store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where("id", "=", id)
    .where(ownedBy(principal))
    .where("project", "=", project)
    .executeTakeFirst();
  return row as SessionRow | undefined;
}

/** The agent's own sessions, newest first, from after `after` on. */
export async function listSessions(
  store: Store,
  principal: AgentPrincipal,
  project: string,
  page: ListPage,
): Promise<SessionRow[]> {
  const { from, to, after } = page;
  let query = store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where(ownedBy(principal))
    .where("project", "=", project)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.limit);
  if (from !== undefined) query = query.where("created_at", ">=", from);
  if (to !== undefined) query = query.where("created_at", "<=", to);
  if (after !== undefined)
    query = query.where((e) =>
      e.or([
        e("created_at", "<", after.createdAt),
        e.and([e("created_at", "=", after.createdAt), e("id", "<", after.id)]),
      ]),
    );
  return (await query.execute()) as SessionRow[];
}

const PROGRESS = prepare((db, given: { readonly id: string }) =>
  db
    .selectFrom("sessions")
    .select([
      "state",
      "error",
      "upstream_job",
      "binding",
      "dry_run_bytes",
      "rows_released",
      "cells_masked",
      "updated_at",
      "expires_at",
      "finished_at",
    ])
    .where("id", "=", given.id),
);

/** What of a session changes after it was decided; all else only with its binding. */
export type Progress = Pick<
  SessionRow,
  | "state"
  | "error"
  | "upstream_job"
  | "binding"
  | "dry_run_bytes"
  | "rows_released"
  | "cells_masked"
  | "updated_at"
  | "expires_at"
  | "finished_at"
>;

/** How far a session is: what there is to see of it while one waits. */
export async function progressOf(store: Store, id: string): Promise<Progress> {
  return found(await PROGRESS.first(store, { id })) as Progress;
}

/** The session as it is now. Of one that was decided before, and is what it was, only its progress is new: plan and decision are large. */
export async function sessionNow(store: Store, now: Progress, before: SessionRow): Promise<SessionRow> {
  if (now.binding === null || now.binding === "" || now.binding !== before.binding)
    return sessionById(store, before.id);
  const row = { ...before, ...now };
  const known = read.get(before);
  if (known !== undefined) read.set(row, known);
  return row;
}

const SESSION = prepare((db, given: { readonly id: string }) =>
  db.selectFrom("whole_sessions").selectAll().where("id", "=", given.id),
);

export async function sessionById(store: Store, id: string): Promise<SessionRow> {
  return found(await SESSION.first(store, { id })) as SessionRow;
}

function found<T>(row: T | undefined): T {
  if (row === undefined) throw new Error("there is no such session");
  return row;
}

/** What a row's texts say. */
interface Read {
  decision?: Decision | null;
  maskPlan?: MaskPlan | null;
  statements?: readonly PlanStatement[];
  principal?: AgentPrincipal;
  sealed?: SealedStatement;
}

/** Read once of a row, or known before it was written. Kept as long as the row. */
const read = new WeakMap<SessionRow, Read>();

function readOf(row: SessionRow): Read {
  const known = read.get(row);
  if (known !== undefined) return known;
  const fresh: Read = {};
  read.set(row, fresh);
  return fresh;
}

/** What the row was just written from: nobody needs to read it out of its texts. */
export function knownOf(row: SessionRow, known: Required<Read>): void {
  read.set(row, known);
}

/** What was decided; null before that. */
export function decisionOf(row: SessionRow): Decision | null {
  const of = readOf(row);
  if (of.decision === undefined) of.decision = JSON.parse(row.decision ?? "null") as Decision | null;
  return of.decision;
}

/** How many rows of a result may leave in all, and under which masks: fixed when the query was decided. */
export function rowLimit(row: SessionRow): number {
  const decision = decisionOf(row);
  return (decision?.effect === "permit" ? decision.obligations.limitRows : undefined) ?? Number.POSITIVE_INFINITY;
}

/** The result's columns with their masks; null before that is decided. */
export function writtenMaskPlan(row: SessionRow): MaskPlan | null {
  const of = readOf(row);
  if (of.maskPlan === undefined) of.maskPlan = JSON.parse(row.mask_plan ?? "null") as MaskPlan | null;
  return of.maskPlan;
}

/** The statements as they were analysed; none before that. */
export function statementsOf(row: SessionRow): readonly PlanStatement[] {
  const of = readOf(row);
  of.statements ??= JSON.parse(row.plan ?? "[]") as readonly PlanStatement[];
  return of.statements;
}

/** The agent's own statement, unsealed. */
export function openStatement(by: Opening, row: SessionRow): SealedStatement {
  const of = readOf(row);
  of.sealed ??= openSealed(by, row);
  return of.sealed;
}

interface Opening {
  readonly store: Store;
  readonly sealer: Sealer;
}

/** What a session's row keeps sealed. @throws SealError */
export function openSealed(
  { store, sealer }: Opening,
  { id, sealed: kept }: { readonly id: string; readonly sealed: Uint8Array },
): SealedStatement {
  const key = keyOfTied(sealer, kept, id);
  if (key === undefined) return JSON.parse(sealer.open(kept, id)) as SealedStatement;
  const found = SEALED_FOR_MANY.first(store, { key });
  if (found === undefined) throw new SealError("missing", "what was sealed for many is not stored");
  return JSON.parse(openForMany(sealer, { key, sealed: found.sealed })) as SealedStatement;
}

/** Stands in a session's row for the id of its job while BigQuery hasn't said which it is. No job is named so. */
export const NOT_NAMED = "?";

/** Whether the job has an id of the gateway's own: then it can be asked for again, and runs once. */
export function isNamedByUs({ upstream_job: job }: SessionRow): boolean {
  return job === null || job.startsWith("chaperone_");
}

/** Where a session's job runs upstream, once it is known which it is. */
export function upstreamJob(row: SessionRow, connection: Connection): JobReference {
  if (row.upstream_job === NOT_NAMED) throw new Error("nobody knows yet which job it is");
  return {
    projectId: connection.billingProject ?? row.project,
    jobId: row.upstream_job ?? `chaperone_${row.id}`,
    location: connection.location,
  };
}

/** Whose query of which project is being processed. */
export interface Processed {
  readonly id: string;
  readonly principal: AgentPrincipal;
  readonly project: string;
  readonly purpose: string | null;
}

export function processed(row: SessionRow): Processed {
  return { id: row.id, principal: principalOf(row), project: row.project, purpose: row.purpose };
}

export function principalOf(row: SessionRow): AgentPrincipal {
  const of = readOf(row);
  of.principal ??= JSON.parse(row.principal) as AgentPrincipal;
  return of.principal;
}

/** Names a job's session. */
export const JOB_LABEL = "chaperone_job";

export function jobLabel(session: string): string {
  return label(session);
}

function label(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "-")
    .slice(0, 63);
}

/** Labels by which BigQuery's own audit log can be joined with the ledger: lower case, at most 63 characters. */
export function attribution(row: SessionRow): Record<string, string> {
  const behalf = principalOf(row).onBehalfOf?.at(-1);
  return {
    chaperone_agent: label(row.agent_name),
    ...(behalf === undefined ? {} : { chaperone_on_behalf_of: label(behalf.subject) }),
    [JOB_LABEL]: jobLabel(row.id),
  };
}

/** Who asks or for whom, as the ledger names them. */
export function principalRecord(principal: Principal): { readonly [key: string]: Json } {
  const { kind, issuer, subject, name, groups, tokenId } = principal;
  // In the order in which it is written.
  return {
    groups: [...groups],
    issuer,
    ...(kind === "person" ? { kind } : {}),
    name,
    ...(kind === "person" ? {} : { sponsor: { ...principal.sponsor } }),
    subject,
    token: tokenId,
  };
}
