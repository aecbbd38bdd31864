import { type Kysely, sql } from "kysely";
import { type Connected, type Prepared, prepare } from "../store/prepared.ts";
import type { Database } from "../store/schema.ts";
import type { DecidedTexts, SessionTables } from "./tables.ts";

/** The statements of the commands that each query runs; those of the others stand where they are used. */

/**
 * As the index `sessions_waiting` says it, word by word: SQLite uses it only so (https://sqlite.org/partialindex.html). No list: for one of more than
 * two SQLite makes a table in memory at each statement.
 */
export const WAITING = sql<boolean>`(sessions.state = 'received' OR sessions.state = 'analysed' OR sessions.state = 'decided'
  OR sessions.state = 'held' OR sessions.state = 'approved')`;
/** As the index `sessions_running` says it. */
export const RUNNING = sql<boolean>`(sessions.state = 'running' OR sessions.state = 'releasing')`;

/** As the index `releases_started` says it. */
export const STARTED = sql<boolean>`releases.outcome = 'started'`;

interface Id {
  readonly id: string;
}
interface Agent {
  readonly issuer: string;
  readonly subject: string;
}
/** An agent, on behalf of exactly those for whom it acts. */
interface Owner extends Agent {
  readonly onBehalfOf: string;
}

/** As far as a command looks at a session before it changes it. */
export const SESSION_STATE = prepare((db, given: Id) =>
  db.selectFrom("sessions").select(["state", "binding", "issuer", "subject", "principal"]).where("id", "=", given.id),
);

export const UPSTREAM_JOB = prepare((db, given: Id) =>
  db.selectFrom("sessions").select("upstream_job").where("id", "=", given.id),
);

/** As the index `sessions_job` says it. */
export const NAMED_BY_CLIENT = sql<boolean>`job_id <> 'chaperone_' || id`;

interface Named extends Owner {
  readonly project: string;
  readonly jobId: string;
}

const JOB_BY_NAME = prepare((db, given: Named) =>
  db
    .selectFrom("sessions")
    .select("id")
    .where("issuer", "=", given.issuer)
    .where("subject", "=", given.subject)
    .where("on_behalf_of", "=", given.onBehalfOf)
    .where("project", "=", given.project)
    .where("job_id", "=", given.jobId)
    .where(NAMED_BY_CLIENT),
);

const JOB_BY_SESSION = prepare((db, given: Named & Id) =>
  db
    .selectFrom("sessions")
    .select("id")
    .where("id", "=", given.id)
    .where("issuer", "=", given.issuer)
    .where("subject", "=", given.subject)
    .where("on_behalf_of", "=", given.onBehalfOf)
    .where("project", "=", given.project)
    .where("job_id", "=", given.jobId),
);

/** Whether the owner has a job of that name already. */
export function hasJob(on: Connected, named: Named): boolean {
  const id = sessionNamed(named.jobId);
  return (
    (id !== undefined && JOB_BY_SESSION.first(on, { ...named, id }) !== undefined) ||
    JOB_BY_NAME.first(on, named) !== undefined
  );
}

const OWN = "chaperone_";

/** The job id of a session whose client gave none. */
export function ownJobId(session: string): string {
  return `${OWN}${session}`;
}

/** The session whose own job id this is, if there is one. */
export function sessionNamed(jobId: string): string | undefined {
  return jobId.startsWith(OWN) ? jobId.slice(OWN.length) : undefined;
}

export const SAME_REQUEST = prepare((db, given: Owner & { readonly requestId: string }) =>
  db
    .selectFrom("sessions")
    .select(["id", "request_hmac", "created_at", "state", "error", "statement_type", "upstream_job"])
    .where("issuer", "=", given.issuer)
    .where("subject", "=", given.subject)
    .where("on_behalf_of", "=", given.onBehalfOf)
    .where("request_id", "=", given.requestId),
);

/** As the index `sessions_counted` says it. */
const COUNTED_LOAD = sql<boolean>`(request_id IS NULL AND request_hmac <> '')`;

interface OfLoad extends Agent {
  readonly requestHmac: string;
}

/**
 * The newest load of this kind, whose rows were counted. Its keyed hash is of whoever asks and of the project too (`loadHmac`); asked for by its agent,
 * SQLite would go through all that the agent ever asked.
 */
export const sameLoad = (db: Kysely<Database>, { requestHmac }: OfLoad) =>
  loads(db, requestHmac).where(COUNTED_LOAD).orderBy("created_at", "desc");

/** One of them that waits, the last to expire: where the clock was set back, one that has ended can look newer. */
export const sameLoadWaiting = (db: Kysely<Database>, { issuer, subject, requestHmac }: OfLoad) =>
  loads(db, requestHmac)
    .where(WAITING)
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .orderBy("expires_at", "desc");

const loads = (db: Kysely<Database>, requestHmac: string) =>
  db
    .selectFrom("sessions")
    .select(["id", "state", "error", "job_id", "finished_at"])
    .where("request_hmac", "=", requestHmac)
    .limit(1);

export const SAME_LOAD = prepare(sameLoad);
export const SAME_LOAD_WAITING = prepare(sameLoadWaiting);

/** What a session was analysed to do. */
export const PLAN_OF = prepare((db, given: { readonly id: string }) =>
  db.selectFrom("whole_sessions").select("plan").where("id", "=", given.id),
);

/** How many of an agent's sessions wait for something. */
export const OPEN_SESSIONS = prepare((db, given: Agent) =>
  db
    .selectFrom("sessions")
    .select((e) => e.fn.countAll<number>().as("n"))
    .where("issuer", "=", given.issuer)
    .where("subject", "=", given.subject)
    .where(WAITING),
);

export type NewSession = Omit<SessionTables["sessions"], "rows_released" | "cells_masked">;

export const INSERT_SESSION = prepare((db, given: NewSession) =>
  db.insertInto("sessions").values({
    id: given.id,
    state: given.state,
    connection: given.connection,
    project: given.project,
    location: given.location,
    job_id: given.job_id,
    request_id: given.request_id,
    issuer: given.issuer,
    subject: given.subject,
    on_behalf_of: given.on_behalf_of,
    agent_name: given.agent_name,
    principal: given.principal,
    door: given.door,
    sealed: given.sealed,
    request_hmac: given.request_hmac,
    purpose: given.purpose,
    texts: given.texts,
    binding: given.binding,
    dry_run_bytes: given.dry_run_bytes,
    statement_type: given.statement_type,
    upstream_job: given.upstream_job,
    job_config: given.job_config,
    error: given.error,
    created_at: given.created_at,
    updated_at: given.updated_at,
    expires_at: given.expires_at,
    finished_at: given.finished_at,
  }),
);

export const TEXTS = prepare((db, given: { readonly key: string }) =>
  db.selectFrom("decided_texts").select("id").where("key", "=", given.key),
).remembered("decided_texts");

export const ADD_TEXTS = prepare((db, given: DecidedTexts & { readonly key: string }) =>
  db
    .insertInto("decided_texts")
    .values({
      key: given.key,
      sql_redacted: given.sql_redacted,
      canonical_redacted: given.canonical_redacted,
      plan: given.plan,
      decision: given.decision,
      mask_plan: given.mask_plan,
    })
    .returning("id"),
);

export const SEALED_FOR_MANY = prepare((db, given: { readonly key: string }) =>
  db.selectFrom("sealed_for_many").select("sealed").where("key", "=", given.key),
);

export const HAS_SEALED_FOR_MANY = prepare((db, given: { readonly key: string }) =>
  db.selectFrom("sealed_for_many").select("key").where("key", "=", given.key),
).remembered("sealed_for_many");

export const ADD_SEALED_FOR_MANY = prepare((db, given: { readonly key: string; readonly sealed: Uint8Array }) =>
  db.insertInto("sealed_for_many").values({ key: given.key, sealed: given.sealed }),
);

/** Columns of a session that its life changes. */
export type SessionChange = Partial<Omit<NewSession, "id" | "created_at">>;

const updates = new Map<string, Prepared<SessionChange & Id, unknown>>();

/** The statement that sets just these columns; which there are is written in the commands, so there are few. */
export function updateSession(change: SessionChange): Prepared<SessionChange & Id, unknown> {
  const columns = Object.keys(change) as (keyof SessionChange)[];
  const key = columns.join();
  const known = updates.get(key);
  if (known !== undefined) return known;
  const statement = prepare((db, given: SessionChange & Id) =>
    db
      .updateTable("sessions")
      .set(Object.fromEntries(columns.map((column) => [column, given[column]])))
      .where("id", "=", given.id),
  );
  updates.set(key, statement);
  return statement;
}

interface Release {
  readonly session: string;
  readonly number: number;
}

export const LAST_RELEASE = prepare((db, given: { readonly session: string }) =>
  db
    .selectFrom("releases")
    .select((e) => e.fn.max("number").as("n"))
    .where("session", "=", given.session),
);

export const START_RELEASE = prepare((db, given: Release & { readonly started_at: number }) =>
  db.insertInto("releases").values({
    session: given.session,
    number: given.number,
    started_at: given.started_at,
    finished_at: null,
    rows: null,
    bytes: null,
    masked: null,
    outcome: "started",
  }),
);

export const WHOLE_RELEASE = prepare((db, given: Omit<ReleaseEnd, "outcome"> & { readonly started_at: number }) =>
  db.insertInto("releases").values({
    session: given.session,
    number: given.number,
    started_at: given.started_at,
    finished_at: given.finished_at,
    rows: given.rows,
    bytes: given.bytes,
    masked: given.masked,
    outcome: "complete",
  }),
);

interface ReleaseEnd extends Release {
  readonly finished_at: number;
  readonly rows: number;
  readonly bytes: number;
  readonly masked: string;
  readonly outcome: "complete" | "aborted";
}

export const FINISH_RELEASE = prepare((db, given: ReleaseEnd) =>
  db
    .updateTable("releases")
    .set({
      finished_at: given.finished_at,
      rows: given.rows,
      bytes: given.bytes,
      masked: given.masked,
      outcome: given.outcome,
    })
    .where("session", "=", given.session)
    .where("number", "=", given.number)
    .where("outcome", "=", "started"),
);

interface Shown extends Id {
  readonly rows: number;
  readonly cells: number;
}

export const COUNT_RELEASED = prepare((db, given: Shown) =>
  db
    .updateTable("sessions")
    .set((e) => ({
      rows_released: e("rows_released", "+", given.rows),
      cells_masked: e("cells_masked", "+", given.cells),
    }))
    .where("id", "=", given.id),
);

interface Moved {
  readonly state: string;
  readonly updated_at: number;
  readonly finished_at: number | null;
}

/** The same, with the session's next state, since each update writes the whole row. */
export const COUNT_RELEASED_AND_MOVE = prepare((db, given: Shown & Moved) =>
  db
    .updateTable("sessions")
    .set((e) => ({
      state: given.state,
      updated_at: given.updated_at,
      finished_at: given.finished_at,
      rows_released: e("rows_released", "+", given.rows),
      cells_masked: e("cells_masked", "+", given.cells),
    }))
    .where("id", "=", given.id),
);

interface NamedAndMoved extends Shown, Moved {
  readonly upstream_job: string;
  readonly dry_run_bytes: number | null;
}

/** And with the id of its job. */
export const COUNT_RELEASED_NAME_AND_MOVE = prepare((db, given: NamedAndMoved) => countNameAndMove(db, given));

/** The same of a session that runs: of any other nothing is changed. */
export const COUNT_RELEASED_NAME_AND_MOVE_RUNNING = prepare((db, given: NamedAndMoved) =>
  countNameAndMove(db, given).where("state", "=", "running"),
);

function countNameAndMove(db: Kysely<Database>, given: NamedAndMoved) {
  return db
    .updateTable("sessions")
    .set((e) => ({
      state: given.state,
      upstream_job: given.upstream_job,
      dry_run_bytes: given.dry_run_bytes,
      updated_at: given.updated_at,
      finished_at: given.finished_at,
      rows_released: e("rows_released", "+", given.rows),
      cells_masked: e("cells_masked", "+", given.cells),
    }))
    .where("id", "=", given.id);
}
