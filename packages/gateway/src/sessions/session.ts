/** The life of one query. Each arrow of the state machine is one ledger entry, written before its effect (I3). */

export type SessionState =
  | "received"
  | "analysed"
  | "decided"
  | "held"
  | "approved"
  | "running"
  | "releasing"
  | "done"
  | "denied"
  | "expired"
  | "failed"
  | "cancelled";

export const FINAL_STATES: ReadonlySet<SessionState> = new Set(["done", "denied", "expired", "failed", "cancelled"]);

/** Every arrow there is. What isn't here can't happen. Releases after `done` (a client paging again) are recorded as releases and change no state. */
export const TRANSITIONS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  received: ["analysed", "denied", "failed", "cancelled"],
  analysed: ["decided", "failed", "cancelled"],
  // `done` straight from `decided`: a dry run the agent asked for.
  decided: ["held", "running", "denied", "failed", "cancelled", "done"],
  // `held` to `held`: something the approval was bound to changed, so it is asked again (I6).
  held: ["approved", "held", "denied", "expired", "failed", "cancelled"],
  approved: ["running", "held", "denied", "expired", "failed", "cancelled"],
  running: ["releasing", "done", "failed", "cancelled"],
  releasing: ["done", "failed", "cancelled"],
  done: [],
  denied: [],
  expired: [],
  failed: [],
  cancelled: [],
};

/** True when the arrow exists. */
export function canMove(from: SessionState, to: SessionState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** Why a session ended without rows, in BigQuery's terms: `reason` is one of BigQuery's error reasons, `message` is ours and holds no data (I9). */
export interface SessionError {
  readonly reason:
    | "invalid"
    | "accessDenied"
    | "invalidQuery"
    | "notFound"
    | "stopped"
    | "backendError"
    | "quotaExceeded"
    | "timeout";
  readonly message: string;
  /** HTTP status the door answers with. */
  readonly status: number;
}

/** Characters of a message that an entry carries, in whatever way JSON and UTF-8 write them: names in it can be as long as a statement. */
const MOST_CHARACTERS = 8000;

/** The same in words that an entry holds: what can't be recorded can't be told, and a session that can't be ended would be open for ever. */
export function recordable(error: SessionError): SessionError {
  if (error.message.length <= MOST_CHARACTERS) return error;
  // Half of a pair of surrogates is no text.
  const begin = error.message.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
  return { ...error, message: `${begin}…` };
}
