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
