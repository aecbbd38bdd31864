/** A query that came: its session, or the one of the same request. */

import type { PlanStatement } from "@chaperone/googlesql";
import type { CanonicalText } from "../../evidence/event.ts";
import { CommandError, type StoreTransaction } from "../../store/command.ts";
import type { SessionError } from "../session.ts";
import {
  ADD_SEALED_FOR_MANY,
  HAS_SEALED_FOR_MANY,
  hasJob,
  INSERT_SESSION,
  type NewSession,
  OPEN_SESSIONS,
  ownJobId,
  PLAN_OF,
  SAME_REQUEST,
  updateSession,
} from "../statements.ts";
import type { EventData } from "./arrows.ts";

/** Who asks, and by which way: the same for many sessions. */
export interface AskedBy {
  readonly connection: string;
  readonly project: string;
  readonly location: string | null;
  readonly issuer: string;
  readonly subject: string;
  readonly onBehalfOf: string;
  readonly agentName: string;
  readonly principal: string;
  readonly door: string;
  readonly purpose: string | null;
  readonly jobConfig: string;
  /** Most sessions of this agent that may be unfinished at once (I10). */
  readonly openPerAgent: number;
}

export interface ReceiveInput {
  readonly id: string;
  readonly jobId: string;
  readonly requestId: string | null;
  /** Base64. */
  readonly sealed: string;
  /** Where that is tied to what is sealed for many: its key, and itself in Base64 unless it is known to be stored. */
  readonly forMany?: { readonly key: string; readonly sealed?: string };
  /** Empty without a requestId, but of a load whose rows were counted. */
  readonly requestHmac: string;
  readonly by: AskedBy;
  readonly data: EventData | CanonicalText;
}

/** `existing`: the same requestId came before; nothing was written. */
export interface ReceiveOutput {
  readonly id: string;
  readonly existing: boolean;
  /** When it came, milliseconds since the epoch. */
  readonly at: number;
}

/** A client's requestId answers with the same session for this long, unless that is to be sent again: BigQuery's own bound. */
const REQUEST_ID_WINDOW_MS = 15 * 60 * 1000;

export function receive(tx: StoreTransaction, input: ReceiveInput): ReceiveOutput {
  const before = sameRequest(tx, input);
  if (before !== undefined) return before;
  INSERT_SESSION.all(tx, newSession(input, tx.now));
  return record(tx, input);
}

/** Its entry, and what it shares with others. The row is written by whoever calls. */
export function record(tx: StoreTransaction, input: ReceiveInput): ReceiveOutput {
  const { forMany } = input;
  if (forMany !== undefined && HAS_SEALED_FOR_MANY.first(tx, forMany) === undefined) {
    const { key, sealed } = forMany;
    if (sealed === undefined) throw new CommandError("no_statement", "what was sealed for many isn't stored");
    ADD_SEALED_FOR_MANY.all(tx, { key, sealed: Buffer.from(sealed, "base64") });
  }
  tx.append({ type: "session.received", session: input.id, data: input.data });
  return { id: input.id, existing: false, at: tx.now };
}

/** The session of the same request, if one came before. @throws CommandError where another may not be received */
export function sameRequest(tx: StoreTransaction, input: ReceiveInput): ReceiveOutput | undefined {
  const { by } = input;
  if (input.requestId !== null) {
    const before = SAME_REQUEST.first(tx, { ...by, requestId: input.requestId });
    if (before !== undefined) {
      if (before.request_hmac !== input.requestHmac)
        throw new CommandError("request_id_reused", "this requestId was used with another query");
      if (tx.now - before.created_at <= REQUEST_ID_WINDOW_MS && !isToBeSentAgain(tx, before))
        return { id: before.id, existing: true, at: before.created_at };
      const change = { request_id: null };
      updateSession(change).all(tx, { ...change, id: before.id });
    }
  }
  // A name that was made of a new id is nobody's: 128 random bits are in it.
  if (input.jobId !== ownJobId(input.id) && hasJob(tx, { ...by, jobId: input.jobId }))
    throw new CommandError("duplicate", "a job of this id exists already");
  const open = OPEN_SESSIONS.first(tx, by);
  if (open === undefined || open.n >= by.openPerAgent)
    throw new CommandError("too_many_open", "too many of this agent's queries are waiting");
  return undefined;
}

/** Its client was told to send it again: it failed for now, and nothing but a SELECT that only reads ever went upstream of it. */
function isToBeSentAgain(tx: StoreTransaction, row: Failing): boolean {
  if (row.state !== "failed" || row.error === null) return false;
  if ((JSON.parse(row.error) as SessionError).status !== 503) return false;
  return row.upstream_job === null || (row.statement_type === "SELECT" && hasNoEffect(tx, row.id));
}

type Failing = Pick<NewSession, "id" | "state" | "error" | "statement_type" | "upstream_job">;

/** Or what it calls far away would be called twice. */
function hasNoEffect(tx: StoreTransaction, id: string): boolean {
  const plan = PLAN_OF.first(tx, { id })?.plan ?? null;
  if (plan === null) return false;
  return (JSON.parse(plan) as readonly PlanStatement[]).every(({ effects }) => effects.length === 0);
}

/** Its row when it came at `now`. */
export function newSession(input: ReceiveInput, now: number): NewSession {
  const { by } = input;
  return {
    id: input.id,
    state: "received",
    connection: by.connection,
    project: by.project,
    location: by.location,
    job_id: input.jobId,
    request_id: input.requestId,
    issuer: by.issuer,
    subject: by.subject,
    on_behalf_of: by.onBehalfOf,
    agent_name: by.agentName,
    principal: by.principal,
    door: by.door,
    sealed: Buffer.from(input.sealed, "base64"),
    request_hmac: input.requestHmac,
    purpose: by.purpose,
    texts: null,
    binding: null,
    dry_run_bytes: null,
    statement_type: null,
    upstream_job: null,
    job_config: by.jobConfig,
    error: null,
    created_at: now,
    updated_at: now,
    expires_at: null,
    finished_at: null,
  };
}
