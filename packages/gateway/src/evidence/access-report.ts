import { setImmediate as turn } from "node:timers/promises";
import { sql } from "kysely";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Decision } from "../policy/decision.ts";
import type { SessionError } from "../sessions/session.ts";
import { sessionNamed } from "../sessions/statements.ts";
import type { Store } from "../store/store.ts";
import { type Behalf, behalvesOf } from "./behalf.ts";

/** The five questions of one session: who, when, what tables and columns, approved by whom, which portion was masked. */
export interface Access {
  readonly session: string;
  readonly job: string;
  readonly state: string;
  readonly who: {
    readonly issuer: string;
    readonly subject: string;
    readonly name: string;
    readonly groups: readonly string[];
    readonly sponsor: { readonly issuer: string; readonly subject: string };
    /** Whom it acts for, nearest first. */
    readonly onBehalfOf: readonly Behalf[];
  };
  readonly purpose: string | null;
  /** RFC 3339. */
  readonly when: { readonly received: string; readonly finished: string | null };
  /** Canonical SQL, literals redacted; the exact text is sealed. */
  readonly sql: string;
  readonly statementType: string | null;
  readonly what: readonly {
    readonly table: string;
    readonly column: string;
    readonly use: string;
    readonly classes: readonly string[];
    readonly mask: string;
    readonly effect: string;
  }[];
  readonly approval: {
    readonly required: boolean;
    readonly state: string | null;
    readonly by: readonly {
      readonly name: string;
      readonly issuer: string;
      readonly subject: string;
      readonly decision: string;
      readonly reason: string;
      readonly at: string;
      /** Of what was asked before something changed: nothing ran by it. */
      readonly superseded: boolean;
    }[];
  };
  readonly masked: {
    readonly rowsReleased: number;
    readonly cellsMasked: number;
    /** Output path → rule and number of cells. */
    readonly columns: Readonly<Record<string, { readonly rule: string; readonly count: number }>>;
  };
  readonly refusal: string | null;
  readonly policies: readonly string[];
  readonly policyVersion: string | null;
}

export interface AccessFilter {
  /** Agent's name or subject. */
  readonly agent?: string | undefined;
  /** Subject of somebody an agent acted for. */
  readonly behalf?: string | undefined;
  /** Milliseconds since the epoch; from inclusive, to exclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/**
 * Which sessions somebody means by this name: a session's own, or else that of a job. Jobs are named by agents, who can name one as another's session or job:
 * the gateway's own names come first, and of those that several gave, all.
 */
export async function sessionsNamed(store: Store, name: string, most: number): Promise<readonly string[]> {
  const own = store.db.selectFrom("sessions").select(["id", "job_id"]);
  for (const id of [name, sessionNamed(name)]) {
    if (id === undefined) continue;
    const found = await own.where("id", "=", id).executeTakeFirst();
    if (found !== undefined && (id === name || found.job_id === name)) return [found.id];
  }
  const jobs = await own.where("job_id", "=", name).orderBy("created_at").orderBy("id").limit(most).execute();
  return jobs.map(({ id }) => id);
}

/** Characters of one answer: a query of 10,000 columns takes two million. */
const MOST_CHARACTERS = 32_000_000;

/** The newest accesses by agent and period, as many as are asked for and make an answer; `more`: there are older ones. */
export async function newestAccesses(
  store: Store,
  filter: AccessFilter,
): Promise<{ readonly accesses: readonly Access[]; readonly more: boolean }> {
  const ids = await newest(store, { ...filter, limit: filter.limit + 1 });
  const found: Access[] = [];
  let room = MOST_CHARACTERS;
  // One after another: a thousand wide queries are more than memory holds.
  for (const id of ids.slice(0, filter.limit)) {
    const access = await accessOf(store, id);
    room -= JSON.stringify(access).length;
    if (room < 0 && found.length > 0) break;
    found.push(access);
  }
  return { accesses: found, more: found.length < ids.length };
}

async function newest(store: Store, { agent, behalf, from, to, limit }: AccessFilter): Promise<readonly string[]> {
  let query = store.db
    .selectFrom("sessions")
    .select("id")
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit);
  if (agent !== undefined) query = query.where((e) => e.or([e("agent_name", "=", agent), e("subject", "=", agent)]));
  if (behalf !== undefined)
    query = query.where(
      sql<boolean>`exists (select 1 from json_each(on_behalf_of) where json_extract(value, '$[1]') = ${behalf})`,
    );
  if (from !== undefined) query = query.where("created_at", ">=", from);
  if (to !== undefined) query = query.where("created_at", "<", to);
  return (await query.execute()).map(({ id }) => id);
}

/** Throws for a session that isn't there. */
export async function accessOf(store: Store, session: string): Promise<Access> {
  const row = await store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where("id", "=", session)
    .executeTakeFirstOrThrow();
  const principal = JSON.parse(row.principal) as AgentPrincipal;
  const decision = JSON.parse(row.decision ?? "null") as Decision | null;
  const request = await store.db
    .selectFrom("approval_requests")
    .select(["id", "state"])
    .where("session", "=", row.id)
    .orderBy("created_at", "desc")
    .executeTakeFirst();
  const decisions = await store.db
    .selectFrom("approval_decisions")
    .innerJoin("approval_requests", "approval_requests.id", "approval_decisions.request")
    .select([
      "approval_decisions.name",
      "approval_decisions.issuer",
      "approval_decisions.subject",
      "approval_decisions.decision",
      "approval_decisions.reason",
      "approval_decisions.at",
      "approval_requests.state",
    ])
    .where("approval_requests.session", "=", row.id)
    .orderBy("approval_decisions.at")
    .execute();
  const error = JSON.parse(row.error ?? "null") as SessionError | null;
  return {
    session: row.id,
    job: row.job_id,
    state: row.state,
    who: {
      issuer: row.issuer,
      subject: row.subject,
      name: row.agent_name,
      groups: principal.groups,
      sponsor: principal.sponsor,
      onBehalfOf: behalvesOf(principal),
    },
    purpose: row.purpose,
    when: { received: iso(row.created_at), finished: row.finished_at === null ? null : iso(row.finished_at) },
    sql: row.sql_redacted,
    statementType: row.statement_type,
    what: (decision?.uses ?? []).map((u) => ({
      table: u.table,
      column: u.path,
      use: u.action,
      classes: u.classes,
      mask: u.mask.rule,
      effect: u.effect,
    })),
    approval: {
      required: request !== undefined,
      state: request?.state ?? null,
      by: decisions.map(({ state, at, ...d }) => ({ ...d, at: iso(at), superseded: state === "superseded" })),
    },
    masked: {
      rowsReleased: row.rows_released,
      cellsMasked: row.cells_masked,
      columns: await maskedColumns(store, row.id),
    },
    refusal: error?.message ?? null,
    policies: decision?.policies ?? [],
    policyVersion: decision?.policyVersion ?? null,
  };
}

type Masked = Readonly<Record<string, { readonly rule: string; readonly count: number }>>;

/** Releases read at once: agents choose how many pages a result has. */
const PAGE = 100;

async function maskedColumns(store: Store, session: string): Promise<Masked> {
  const total = new Map<string, { rule: string; count: number }>();
  for (let after = 0; ; ) {
    const pages = await store.db
      .selectFrom("releases")
      .select(["number", "masked"])
      .where("session", "=", session)
      .where("number", ">", after)
      .orderBy("number")
      .limit(PAGE)
      .execute();
    for (const { masked } of pages)
      for (const [path, { rule, count }] of Object.entries(JSON.parse(masked ?? "{}") as Masked))
        total.set(path, { rule, count: (total.get(path)?.count ?? 0) + count });
    const last = pages.at(-1);
    if (last === undefined || pages.length < PAGE) return Object.fromEntries(total);
    after = last.number;
    await turn();
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
