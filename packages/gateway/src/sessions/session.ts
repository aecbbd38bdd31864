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

/** Every arrow there is. What isn't here can't happen. */
export const TRANSITIONS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  received: ["analysed", "denied", "failed", "cancelled"],
  analysed: ["decided", "denied", "failed", "cancelled"],
  decided: ["held", "running", "denied", "failed", "cancelled"],
  held: ["approved", "held", "denied", "expired", "failed", "cancelled"],
  approved: ["running", "held", "denied", "failed", "cancelled"],
  running: ["releasing", "done", "failed", "cancelled"],
  releasing: ["releasing", "done", "failed", "cancelled"],
  done: ["releasing"],
  denied: [],
  expired: [],
  failed: [],
  cancelled: [],
};
