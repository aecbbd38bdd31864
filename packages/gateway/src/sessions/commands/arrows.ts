/** How every command reads a session's state and changes it. */
import type { CanonicalText, Json } from "../../evidence/event.ts";
import { CommandError, type StoreTransaction } from "../../store/command.ts";
import { canMove, FINAL_STATES, type SessionState } from "../session.ts";
import { SESSION_STATE, type SessionChange, updateSession } from "../statements.ts";
import type { SessionTables } from "../tables.ts";

/** JSON for the ledger, by event name. Never a literal, never a result value (I5). */
export type EventData = Readonly<Record<string, Json>>;

type Row = SessionTables["sessions"];

export function load(
  tx: StoreTransaction,
  id: string,
): { state: SessionState; binding: string | null; issuer: string; subject: string; principal: string } {
  const row = SESSION_STATE.first(tx, { id });
  if (row === undefined) throw new CommandError("no_session", "no such session");
  return { ...row, state: row.state as SessionState };
}

/** The one way a session changes state: the arrow must exist, and its ledger entry goes with it. */
export function move(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  to: SessionState,
  data: EventData | CanonicalText,
  set: SessionChange = {},
): void {
  const change = { ...set, ...arrive(tx, id, from, to, data) };
  updateSession(change).all(tx, { ...change, id });
}

/**
 * The same, but for the row: returns what the command must write there in the end. SQLite writes the whole row at each update, plan and
 * decision too, so arrows of one transaction share one.
 */
export function arrive(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  to: SessionState,
  data: EventData | CanonicalText,
): Pick<Row, "state" | "updated_at"> & { readonly finished_at?: number } {
  if (!canMove(from, to)) throw new CommandError("bad_transition", `a session cannot go from ${from} to ${to}`);
  tx.append({ type: `session.${to}`, session: id, data });
  return { state: to, updated_at: tx.now, ...(FINAL_STATES.has(to) ? { finished_at: tx.now } : {}) };
}
