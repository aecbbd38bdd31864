import type { Json } from "../evidence/event.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import { type Command, CommandError, type StoreTransaction } from "../store/command.ts";
import { canMove, FINAL_STATES, type SessionError, type SessionState } from "./session.ts";
import {
  COUNT_RELEASED,
  COUNT_RELEASED_AND_END,
  FINISH_RELEASE,
  INSERT_SESSION,
  LAST_RELEASE,
  OPEN_SESSIONS,
  SAME_JOB,
  SAME_REQUEST,
  SESSION_PRINCIPAL,
  SESSION_STATE,
  type SessionChange,
  START_RELEASE,
  updateSession,
} from "./statements.ts";
import { endUses, takeUses, type UsesInput } from "./table-uses.ts";
import type { SessionTables } from "./tables.ts";

type Row = SessionTables["sessions"];

/** JSON for the ledger, by event name. Never a literal, never a result value (I5). */
type EventData = Readonly<Record<string, Json>>;

export interface ReceiveInput {
  readonly id: string;
  readonly connection: string;
  readonly project: string;
  readonly location: string | null;
  readonly jobId: string;
  readonly requestId: string | null;
  readonly issuer: string;
  readonly subject: string;
  readonly onBehalfOf: string;
  readonly agentName: string;
  readonly principal: string;
  readonly door: string;
  readonly sealed: Uint8Array;
  readonly requestHmac: string;
  readonly purpose: string | null;
  readonly jobConfig: string;
  /** Most sessions of this agent that may be unfinished at once (I10). */
  readonly openPerAgent: number;
  readonly data: EventData;
}

/** `existing`: the same requestId came before; nothing was written. */
export interface ReceiveOutput {
  readonly id: string;
  readonly existing: boolean;
}

/** A client's requestId answers with the same session for this long: BigQuery's own bound. */
const REQUEST_ID_WINDOW_MS = 15 * 60 * 1000;

const receive: Command<ReceiveInput, ReceiveOutput> = async (tx, input) => {
  if (input.requestId !== null) {
    const before = await SAME_REQUEST.first(tx, { ...input, requestId: input.requestId });
    if (before !== undefined) {
      if (before.request_hmac !== input.requestHmac)
        throw new CommandError("request_id_reused", "this requestId was used with another query");
      if (tx.now - before.created_at <= REQUEST_ID_WINDOW_MS) return { id: before.id, existing: true };
      const change = { request_id: null };
      await updateSession(change).all(tx, { ...change, id: before.id });
    }
  }
  const twin = await SAME_JOB.first(tx, input);
  if (twin !== undefined) throw new CommandError("duplicate", "a job of this id exists already");
  const open = await OPEN_SESSIONS.first(tx, input);
  if (open === undefined || open.n >= input.openPerAgent)
    throw new CommandError("too_many_open", "too many of this agent's queries are waiting");
  await INSERT_SESSION.all(tx, {
    id: input.id,
    state: "received",
    connection: input.connection,
    project: input.project,
    location: input.location,
    job_id: input.jobId,
    request_id: input.requestId,
    issuer: input.issuer,
    subject: input.subject,
    on_behalf_of: input.onBehalfOf,
    agent_name: input.agentName,
    principal: input.principal,
    door: input.door,
    sealed: input.sealed,
    sql_redacted: "",
    canonical_redacted: null,
    request_hmac: input.requestHmac,
    purpose: input.purpose,
    plan: null,
    decision: null,
    binding: null,
    mask_plan: null,
    dry_run_bytes: null,
    statement_type: null,
    upstream_job: null,
    job_config: input.jobConfig,
    error: null,
    created_at: tx.now,
    updated_at: tx.now,
    expires_at: null,
    finished_at: null,
  });
  tx.append({ type: "session.received", session: input.id, data: input.data });
  return { id: input.id, existing: false };
};

async function load(
  tx: StoreTransaction,
  id: string,
): Promise<{ state: SessionState; binding: string | null; issuer: string; subject: string }> {
  const row = await SESSION_STATE.first(tx, { id });
  if (row === undefined) throw new CommandError("no_session", "no such session");
  return { ...row, state: row.state as SessionState };
}

/** The one way a session changes state: the arrow must exist, and its ledger entry goes with it. */
export async function move(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  to: SessionState,
  data: EventData,
  set: SessionChange = {},
): Promise<void> {
  const change = { ...set, ...arrive(tx, id, from, to, data) };
  await updateSession(change).all(tx, { ...change, id });
}

/**
 * The same, but for the row: returns what the command must write there in the end. SQLite writes the whole row at each update, plan and
 * decision too, so arrows of one transaction share one.
 */
function arrive(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  to: SessionState,
  data: EventData,
): Pick<Row, "state" | "updated_at"> & { readonly finished_at?: number } {
  if (!canMove(from, to)) throw new CommandError("bad_transition", `a session cannot go from ${from} to ${to}`);
  tx.append({ type: `session.${to}`, session: id, data });
  return { state: to, updated_at: tx.now, ...(FINAL_STATES.has(to) ? { finished_at: tx.now } : {}) };
}

export interface AnalysedInput {
  readonly id: string;
  readonly sqlRedacted: string;
  readonly canonicalRedacted: string | null;
  readonly statementType: string | null;
  readonly plan: string | null;
  readonly analysed: EventData;
  /** What policy and the dry run made of it; absent when the text was not understood. */
  readonly decided?: {
    readonly decision: string;
    readonly binding: string;
    readonly maskPlan: string;
    readonly dryRunBytes: number | null;
    readonly data: EventData;
  };
  readonly next:
    | {
        readonly state: "running";
        readonly upstreamJob: string;
        readonly travelling: readonly TravellingClasses[];
        readonly uses: UsesInput;
        readonly data: EventData;
      }
    | { readonly state: "held"; readonly request: HoldInput }
    | { readonly state: "done"; readonly data: EventData }
    | { readonly state: "denied" | "failed"; readonly error: SessionError; readonly alarm?: EventData };
}

export interface HoldInput {
  readonly requestId: string;
  readonly binding: string;
  readonly approvers: readonly string[];
  readonly needed: number;
  /** Counted from the moment at which the request is stored. */
  readonly expiresAfterMs: number;
  /** Most sessions held at once, of this agent and in all (I10). */
  readonly heldPerAgent: number;
  readonly heldInAll: number;
  readonly data: EventData;
}

async function hold(
  tx: StoreTransaction,
  session: string,
  from: SessionState,
  input: HoldInput,
  set: Partial<Pick<Row, DecidedColumn>> = {},
): Promise<void> {
  const { issuer, subject } = await load(tx, session);
  const held = await tx.db
    .selectFrom("sessions")
    .select((e) => [
      e.fn.countAll<number>().as("all"),
      e.fn.sum<number | null>(e.case().when(e.and({ issuer, subject })).then(1).else(0).end()).as("own"),
    ])
    .where("state", "=", "held")
    .where("id", "!=", session)
    .executeTakeFirstOrThrow();
  if (held.all >= input.heldInAll || (held.own ?? 0) >= input.heldPerAgent)
    throw new CommandError("too_many_held", "too many queries are waiting for approval");
  const expiresAt = tx.now + input.expiresAfterMs;
  await tx.db
    .insertInto("approval_requests")
    .values({
      id: input.requestId,
      session,
      binding: input.binding,
      approvers: JSON.stringify(input.approvers),
      needed: input.needed,
      state: "pending",
      created_at: tx.now,
      expires_at: expiresAt,
      decided_at: null,
    })
    .execute();
  await move(
    tx,
    session,
    from,
    "held",
    {
      ...input.data,
      request: input.requestId,
      binding: input.binding,
      approvers: [...input.approvers],
      needed: input.needed,
      expiresAt,
    },
    { ...set, binding: input.binding, expires_at: expiresAt },
  );
}

/** What analysis and decision leave in a session's row. */
type DecidedColumn =
  | "sql_redacted"
  | "canonical_redacted"
  | "statement_type"
  | "plan"
  | "decision"
  | "binding"
  | "mask_plan"
  | "dry_run_bytes";

/** Nothing begins to run for an agent that was suspended or revoked since it asked. @throws CommandError `suspended` */
async function checkAdmitted(tx: StoreTransaction, session: string): Promise<void> {
  const row = await SESSION_PRINCIPAL.first(tx, { id: session });
  if (row === undefined) throw new CommandError("no_session", "no such session");
  if (!(await stillAdmitted(tx, JSON.parse(row.principal) as AgentPrincipal, tx.now)))
    throw new CommandError("suspended", "the agent is not active");
}

/** From `received` to where analysis, policy and dry run lead; every arrow in one transaction, before its effect (I3). */
const analysed: Command<AnalysedInput, void> = async (tx, input) => {
  const { state } = await load(tx, input.id);
  if (state !== "received") throw new CommandError("wrong_state", `the session is ${state}`);
  const texts = {
    sql_redacted: input.sqlRedacted,
    canonical_redacted: input.canonicalRedacted,
    statement_type: input.statementType,
  };
  const { next, decided } = input;
  if (decided === undefined) {
    if (next.state !== "denied" && next.state !== "failed") throw new CommandError("bad_transition", "not decided");
    if (input.plan !== null)
      await move(tx, input.id, "received", "analysed", input.analysed, { ...texts, plan: input.plan });
    await refuse(
      tx,
      input.id,
      input.plan === null ? "received" : "analysed",
      next,
      { ...texts, plan: input.plan },
      input.plan === null ? input.analysed : {},
    );
    return;
  }
  arrive(tx, input.id, "received", "analysed", input.analysed);
  arrive(tx, input.id, "analysed", "decided", decided.data);
  // All cases below write it.
  const set = {
    ...texts,
    plan: input.plan,
    decision: decided.decision,
    binding: decided.binding,
    mask_plan: decided.maskPlan,
    dry_run_bytes: decided.dryRunBytes,
  };
  switch (next.state) {
    case "running":
      await checkAdmitted(tx, input.id);
      await takeUses(tx, input.id, next.uses);
      await travel(tx, input.id, next.travelling);
      await move(tx, input.id, "decided", "running", next.data, { ...set, upstream_job: next.upstreamJob });
      return;
    case "held":
      await hold(tx, input.id, "decided", next.request, set);
      return;
    case "done":
      await move(tx, input.id, "decided", "done", next.data, set);
      return;
    default:
      await refuse(tx, input.id, "decided", next, set, {});
  }
};

async function refuse(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  next: { state: "denied" | "failed"; error: SessionError; alarm?: EventData },
  set: Partial<Row>,
  data: EventData,
): Promise<void> {
  if (next.alarm !== undefined) tx.append({ type: "alarm.raised", session: id, data: next.alarm });
  await move(
    tx,
    id,
    from,
    next.state,
    { ...data, reason: next.error.reason, message: next.error.message },
    { ...set, error: JSON.stringify(next.error) },
  );
}

/** A column that the session is about to write values of these classes into (threat-model C4). */
export interface TravellingClasses {
  /** `project.dataset.table`. */
  readonly table: string;
  /** In lower case; `*`: that rows exist. */
  readonly path: string;
  readonly classes: readonly string[];
}

/** In the transaction that starts the run: whoever can read what it wrote finds the classes already there. */
async function travel(tx: StoreTransaction, session: string, columns: readonly TravellingClasses[]): Promise<void> {
  if (columns.length === 0) return;
  const { connection } = await tx.db
    .selectFrom("sessions")
    .select("connection")
    .where("id", "=", session)
    .executeTakeFirstOrThrow();
  for (const { table, path, classes } of columns) {
    for (const dataClass of classes) {
      await tx.db
        .insertInto("travelled_classes")
        .values({ connection, table, path, class: dataClass, session, since: tx.now })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }
}

export interface StartInput {
  readonly id: string;
  /** Recomputed just now from principal, statement, plan, schema, masks and policy (I6). */
  readonly binding: string;
  readonly upstreamJob: string;
  readonly travelling: readonly TravellingClasses[];
  readonly uses: UsesInput;
  readonly data: EventData;
}

/** `approved` to `running`, only if what was approved is exactly what would run, once. */
const start: Command<StartInput, void> = async (tx, input) => {
  const { state } = await load(tx, input.id);
  if (state !== "approved") throw new CommandError("wrong_state", `the session is ${state}`);
  const request = await tx.db
    .selectFrom("approval_requests")
    .select(["id", "binding", "expires_at"])
    .where("session", "=", input.id)
    .where("state", "=", "approved")
    .executeTakeFirst();
  if (request === undefined) throw new CommandError("not_approved", "no approval stands for this session");
  if (request.expires_at <= tx.now) throw new CommandError("expired", "the approval has expired");
  if (request.binding !== input.binding)
    throw new CommandError("binding_changed", "what was approved is not what would run");
  await checkAdmitted(tx, input.id);
  await takeUses(tx, input.id, input.uses);
  await travel(tx, input.id, input.travelling);
  await move(
    tx,
    input.id,
    "approved",
    "running",
    { ...input.data, request: request.id, binding: input.binding },
    { upstream_job: input.upstreamJob },
  );
};

/** The approval no longer fits: ask again, with what holds now (I6). */
const askAgain: Command<
  {
    readonly id: string;
    readonly request: HoldInput;
    readonly decision: string;
    readonly maskPlan: string;
    readonly plan: string;
    readonly dryRunBytes: number | null;
  },
  void
> = async (tx, input) => {
  const { state } = await load(tx, input.id);
  if (state !== "approved" && state !== "held") throw new CommandError("wrong_state", `the session is ${state}`);
  await tx.db
    .updateTable("approval_requests")
    .set({ state: "superseded", decided_at: tx.now })
    .where("session", "=", input.id)
    .where("state", "in", ["pending", "approved"])
    .execute();
  await tx.db
    .updateTable("sessions")
    .set({ decision: input.decision, mask_plan: input.maskPlan, plan: input.plan, dry_run_bytes: input.dryRunBytes })
    .where("id", "=", input.id)
    .execute();
  await hold(tx, input.id, state, input.request);
};

export interface EndInput {
  readonly id: string;
  readonly state: "done" | "denied" | "failed" | "cancelled";
  readonly error?: SessionError;
  readonly alarm?: EventData;
  readonly data: EventData;
}

/** Ends a session. Ending one that has ended already changes nothing and says so. */
const end: Command<EndInput, { ended: boolean }> = async (tx, input) => {
  const { state } = await load(tx, input.id);
  // An alarm is one whatever the state: a finished session's rows can be paged again, and upstream can lie then too.
  if (input.alarm !== undefined) tx.append({ type: "alarm.raised", session: input.id, data: input.alarm });
  if (FINAL_STATES.has(state)) return { ended: false };
  await tx.db
    .updateTable("approval_requests")
    .set({ state: "cancelled", decided_at: tx.now })
    .where("session", "=", input.id)
    .where("state", "=", "pending")
    .execute();
  const { error } = input;
  await move(
    tx,
    input.id,
    state,
    input.state,
    { ...input.data, ...(error === undefined ? {} : { reason: error.reason, message: error.message }) },
    error === undefined ? {} : { error: JSON.stringify(error) },
  );
  return { ended: true };
};

export interface ReleaseStartInput {
  readonly session: string;
  readonly data: EventData;
}

/** The release record of a page: durable before the page's first byte (I3). */
const releaseStart: Command<ReleaseStartInput, { number: number }> = async (tx, input) => {
  const { state } = await load(tx, input.session);
  if (state !== "running" && state !== "releasing" && state !== "done")
    throw new CommandError("wrong_state", `the session is ${state}`);
  const { session } = input;
  const last = await LAST_RELEASE.first(tx, { session });
  const number = (last?.n ?? 0) + 1;
  await START_RELEASE.all(tx, { session, number, started_at: tx.now });
  if (state === "running") await move(tx, input.session, state, "releasing", { release: number });
  tx.append({ type: "release.started", session: input.session, data: { ...input.data, number } });
  return { number };
};

export interface ReleaseFinishInput {
  readonly session: string;
  readonly number: number;
  readonly outcome: "complete" | "aborted";
  readonly rows: number;
  readonly bytes: number;
  /** Masked cells: output path → rule and count. */
  readonly masked: Readonly<Record<string, { readonly rule: string; readonly count: number }>>;
  /** True when this was the result's last page. */
  readonly last: boolean;
}

/** What a page showed and hid. An aborted page keeps what was sent before the break. */
const releaseFinish: Command<ReleaseFinishInput, void> = async (tx, input) => {
  const { state } = await load(tx, input.session);
  const cells = Object.values(input.masked).reduce((sum, m) => sum + m.count, 0);
  await FINISH_RELEASE.all(tx, {
    session: input.session,
    number: input.number,
    finished_at: tx.now,
    rows: input.rows,
    bytes: input.bytes,
    masked: JSON.stringify(input.masked),
    outcome: input.outcome,
  });
  tx.append({
    type: "release.finished",
    session: input.session,
    data: { number: input.number, outcome: input.outcome, rows: input.rows, bytes: input.bytes, masked: input.masked },
  });
  const done = input.last && input.outcome === "complete" && state === "releasing";
  const shown = { id: input.session, rows: input.rows, cells };
  if (!done) await COUNT_RELEASED.all(tx, shown);
  else {
    const arrived = arrive(tx, input.session, state, "done", {});
    await COUNT_RELEASED_AND_END.all(tx, { ...shown, ...arrived, finished_at: tx.now });
  }
};

/** Pages that a crash broke off: their end is unknown, so all that was announced counts as shown. At start, before the first request. */
const releaseRecover: Command<Record<string, never>, { recovered: number }> = async (tx) => {
  const open = await tx.db
    .selectFrom("releases")
    .select(["session", "number"])
    .where("outcome", "=", "started")
    .orderBy("session")
    .orderBy("number")
    .execute();
  for (const { session, number } of open) {
    await tx.db
      .updateTable("releases")
      .set({ finished_at: tx.now, outcome: "aborted" })
      .where("session", "=", session)
      .where("number", "=", number)
      .execute();
    tx.append({
      type: "release.finished",
      session,
      data: { number, outcome: "aborted", rows: null, bytes: null, masked: {}, brokenOff: true },
    });
  }
  return { recovered: open.length };
};

/** The job is over upstream; its rows may still be fetched. */
const jobOver: Command<{ readonly id: string }, void> = (tx, { id }) => endUses(tx, id);

export const sessionCommands = {
  "session.job-over": jobOver,
  "session.receive": receive,
  "session.analysed": analysed,
  "session.start": start,
  "session.ask-again": askAgain,
  "session.end": end,
  "release.start": releaseStart,
  "release.finish": releaseFinish,
  "release.recover": releaseRecover,
};
