import { createHash } from "node:crypto";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Decision } from "../policy/decision.ts";
import { bounded, decidedEvent } from "../sessions/records.ts";
import { FINAL_STATES, type SessionError, type SessionState } from "../sessions/session.ts";
import { behalfOf, principalRecord } from "../sessions/session-row.ts";
import { SEALED_FOR_MANY } from "../sessions/statements.ts";
import type { SessionTables } from "../sessions/tables.ts";
import { type Connected, prepare } from "../store/prepared.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Json } from "./event.ts";
import { tiedTo } from "./shared-seal.ts";

type Row = Pick<SessionTables["sessions"], Exclude<keyof SessionTables["sessions"], "rows_released" | "cells_masked">> &
  Pick<SessionTables["whole_sessions"], "sql_redacted" | "plan" | "decision"> & {
    readonly rows_released: number;
    readonly cells_masked: number;
  };

type Decided = SessionTables["approval_decisions"];
type Without<K extends keyof Decided> = Omit<Decided, K> & Partial<Pick<Decided, K>>;

type Data = Readonly<Record<string, Json>>;
type Facts = Readonly<Record<string, unknown>>;
interface Entry {
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly data: Data;
}

const PAGE = 1000;
/** In place of the SQL of what wasn't understood. */
const NOT_UNDERSTOOD = /^\(not understood: \d+ characters\)$/;

interface OfSession {
  readonly session: string;
}
type From = OfSession & { readonly after: number };

const ROW = prepare((db, { session }: OfSession) =>
  db.selectFrom("whole_sessions").selectAll().where("id", "=", session),
);
const ENTRIES = prepare((db, { session, after }: From) =>
  db
    .selectFrom("ledger_entries")
    .select(["idx", "type", "time", "bytes"])
    .where("session", "=", session)
    .where("idx", ">", after)
    .orderBy("idx")
    .limit(PAGE),
);
const REQUESTS = prepare((db, { session }: OfSession) =>
  db.selectFrom("approval_requests").selectAll().where("session", "=", session),
);
const DECISIONS = prepare((db, { session }: OfSession) =>
  db
    .selectFrom("approval_decisions")
    .innerJoin("approval_requests", "approval_requests.id", "approval_decisions.request")
    .selectAll("approval_decisions")
    .where("approval_requests.session", "=", session),
);
const RELEASES = prepare((db, { session, after }: From) =>
  db
    .selectFrom("releases")
    .selectAll()
    .where("session", "=", session)
    .where("number", ">", after)
    .orderBy("number")
    .limit(PAGE),
);

/**
 * Which of the facts that reports give of a session are others in its rows than in its ledger entries (I8): who, when, what, approved by whom, what was
 * masked. Names of facts, never a value. The walk over the ledger has vouched for the entries.
 */
export function differingFacts(on: Connected, session: string): readonly string[] {
  const row = ROW.first(on, { session }) as Row;
  const told = new Told();
  for (let after = -1; ; ) {
    const page = ENTRIES.all(on, { session, after });
    for (const { type, time, bytes } of page)
      told.hear({ type, time, data: (JSON.parse(Buffer.from(bytes).toString()) as { data: Data }).data });
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.idx;
  }
  return [
    ...fact("asker", () => saysWhoAsked(row, told.received)),
    ...fact("statement", () => saysWhatWasAsked(row, told.analysed)),
    ...fact("sealed text", () => hasSealed(on, row, told.received)),
    ...fact("decision", () => saysWhatWasDecided(row, told.decided)),
    ...fact("end", () => saysHowItEnded(row, told.ended)),
    ...fact("approval requests", () => haveRequests(on, row, told)),
    ...fact("approvals", () => haveDecisions(on, row, told)),
    ...fact("releases", () => haveReleases(on, row, told)),
  ];
}

/** What can't be read says something else too. */
function fact(name: string, holds: () => boolean): readonly string[] {
  try {
    return holds() ? [] : [name];
  } catch {
    return [name];
  }
}

interface Request {
  /** All that stays as it was asked, as canonical JSON. */
  readonly asked: string;
  state: SessionTables["approval_requests"]["state"];
}

/** What the entries of a session say, in order. */
class Told {
  received: Entry | undefined;
  analysed: Data | undefined;
  decided: Data | undefined;
  ended: Entry | undefined;
  readonly requests = new Map<string, Request>();
  readonly decisions = new Set<string>();
  /** By number, as canonical JSON. */
  readonly releases = new Map<number, string>();
  readonly #started = new Map<number, number>();
  rows = 0;

  hear(entry: Entry): void {
    const { type, time, data } = entry;
    const state = type.startsWith("session.") ? type.slice("session.".length) : "";
    if (FINAL_STATES.has(state as SessionState)) this.ended = entry;
    switch (type) {
      case "session.received":
        this.received = entry;
        return;
      case "session.analysed":
      case "session.analysed-anew":
        this.analysed = data;
        return;
      case "session.decided":
      case "session.decided-anew":
        this.decided = data;
        return;
      case "session.held":
        this.#all(["pending", "approved"], "superseded");
        this.requests.set(String(data.request), { asked: askedOf({ ...data, at: time }), state: "pending" });
        return;
      case "session.approved":
      case "session.expired":
        this.#one(data.request, state as "approved" | "expired");
        return;
      case "session.denied":
      case "session.failed":
      case "session.cancelled":
      case "session.done":
        // A person's no names what it was to.
        if (data.request !== undefined) this.#one(data.request, "denied");
        else this.#all(["pending"], "cancelled");
        return;
      case "approval.decided":
        this.decisions.add(decisionOf({ ...data, at: time }));
        return;
      case "release.started":
        this.#started.set(Number(data.number), time);
        this.releases.set(Number(data.number), releaseOf({ outcome: "started", startedAt: time }));
        return;
      case "release.finished": {
        const number = Number(data.number);
        const { outcome, rows, bytes, masked, maskedSha256 } = data;
        this.rows += Number(rows);
        const how = { outcome, rows, bytes, finishedAt: time, startedAt: this.#started.get(number) ?? null };
        this.releases.set(number, releaseOf({ ...how, masked: maskedSha256 ?? sha256(canonicalJson(masked ?? null)) }));
        return;
      }
    }
  }

  #one(request: Json | undefined, state: Request["state"]): void {
    const known = this.requests.get(String(request));
    if (known !== undefined) known.state = state;
  }

  #all(from: readonly Request["state"][], to: Request["state"]): void {
    for (const request of this.requests.values()) if (from.includes(request.state)) request.state = to;
  }
}

function saysWhoAsked(row: Row, received: Entry | undefined): boolean {
  if (received === undefined) return false;
  const { time, data } = received;
  const principal = JSON.parse(row.principal) as AgentPrincipal;
  const { issuer, subject, name } = principal;
  return (
    same([row.issuer, row.subject, row.agent_name, row.on_behalf_of], [issuer, subject, name, behalfOf(principal)]) &&
    same(principalRecord(principal), data.agent) &&
    same((principal.onBehalfOf ?? []).map(principalRecord), data.onBehalfOf ?? []) &&
    same(
      [row.created_at, row.job_id, row.connection, row.project, row.door, row.purpose],
      [time, data.job, data.connection, data.project, data.door, data.purpose],
    )
  );
}

function saysWhatWasAsked(row: Row, analysed: Data | undefined): boolean {
  const { sql_redacted: sql, plan, statement_type: type } = row;
  if (analysed === undefined) return plan === null && type === null && (sql === "" || NOT_UNDERSTOOD.test(sql));
  const { sql: whole, sqlSha256: hash, sqlCharacters: length, statementType, planSha256 } = analysed;
  return (
    same(bounded("sql", sql, sql), whole === undefined ? { sqlSha256: hash, sqlCharacters: length } : { sql: whole }) &&
    // The agent isn't told of what kind a statement is over tables that are hidden from it (sessions/hidden-tables.ts): that one never ran.
    (type === statementType || (type === null && row.error !== null && row.upstream_job === null)) &&
    sha256(canonicalJson(JSON.parse(plan ?? "null"))) === planSha256
  );
}

function saysWhatWasDecided(row: Row, decided: Data | undefined): boolean {
  if (decided === undefined) return row.decision === null;
  const { binding, ...rest } = decided;
  const decision = JSON.parse(row.decision ?? "null") as Decision;
  return decidedEvent(decision, undefined) === canonicalJson(rest) && (binding ?? "") === row.binding;
}

function saysHowItEnded(row: Row, ended: Entry | undefined): boolean {
  const { reason, message } = JSON.parse(row.error ?? "{}") as Partial<SessionError>;
  return same(
    [row.finished_at, reason ?? null, message ?? null],
    [ended?.time ?? null, ended?.data.reason ?? null, ended?.data.message ?? null],
  );
}

/** The exact text, which nobody reads without its key, is the one that came. */
function hasSealed(on: Connected, { sealed }: Row, received: Entry | undefined): boolean {
  const key = tiedTo(sealed);
  const bytes = key === undefined ? sealed : SEALED_FOR_MANY.first(on, { key })?.sealed;
  return bytes !== undefined && sha256(bytes) === received?.data.sealedSha256;
}

function haveRequests(on: Connected, { id: session }: Row, { requests }: Told): boolean {
  const rows = REQUESTS.all(on, { session });
  const found = rows.filter(({ id, approvers, state, created_at: at, expires_at: expiresAt, needed, binding }) => {
    const told = requests.get(id);
    const asked = { request: id, binding, approvers: JSON.parse(approvers), needed, expiresAt, at };
    return told?.state === state && told.asked === askedOf(asked);
  });
  return rows.length === requests.size && found.length === rows.length;
}

function haveDecisions(on: Connected, { id: session }: Row, { decisions }: Told): boolean {
  // A store that no gateway of this version has opened yet says nothing of what people came with.
  const rows: readonly Without<"token" | "bound_to">[] = DECISIONS.all(on, { session });
  const said = rows.map(({ issuer, subject, name, bound_to = "[]", ...rest }) =>
    decisionOf({ ...rest, person: { issuer, subject, name }, boundTo: JSON.parse(bound_to) }),
  );
  return said.length === decisions.size && said.every((one) => decisions.has(one));
}

function haveReleases(on: Connected, row: Row, { releases, rows }: Told): boolean {
  let [found, cells] = [0, 0];
  for (let after = 0; ; ) {
    const page = RELEASES.all(on, { session: row.id, after });
    for (const { number, outcome, rows, bytes, masked, started_at: startedAt, finished_at: finishedAt } of page) {
      const cellsOf = JSON.parse(masked ?? "{}") as Readonly<Record<string, { readonly count: number }>>;
      for (const { count } of Object.values(cellsOf)) cells += count;
      const how = outcome === "started" ? { outcome, startedAt } : { outcome, rows, bytes, finishedAt, startedAt };
      const hidden = outcome === "started" ? {} : { masked: sha256(canonicalJson(cellsOf)) };
      if (releases.get(number) !== releaseOf({ ...how, ...hidden })) return false;
      found++;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.number;
  }
  return found === releases.size && row.rows_released === rows && row.cells_masked === cells;
}

function askedOf({ request, binding, approvers, needed, expiresAt, at }: Facts): string {
  return text([request, binding, approvers, needed, expiresAt, at]);
}

function decisionOf({ request, person, decision, reason, at, token, boundTo = [] }: Facts): string {
  return text([request, person, decision, reason, at, token, boundTo]);
}

function releaseOf({ outcome, rows, bytes, masked, startedAt, finishedAt }: Facts): string {
  return text([outcome, rows, bytes, masked, startedAt, finishedAt]);
}

function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

/** A member that isn't there is one that is null: of two that are compared it means the same. */
function text(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value ?? null)) as Json);
}

function sha256(of: string | Uint8Array): string {
  return createHash("sha256").update(of).digest("hex");
}
