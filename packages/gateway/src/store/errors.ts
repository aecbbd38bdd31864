export type StoreErrorCode =
  /** The queue is full. Nothing was done; try again later. */
  | "overloaded"
  /** The call's bound has passed. See `begun`. */
  | "timeout"
  /** The disk is full or failing, or the writer is dead. Nothing was acknowledged. */
  | "unavailable"
  /** The command threw something that is not its own refusal, or broke a constraint. Nothing of it stays. */
  | "failed"
  /** An event is not canonical JSON or is larger than an entry may be. Nothing of its command stays. */
  | "bad_event"
  /** Another process has the store open. */
  | "locked"
  /** What is on disk isn't what a store leaves there: refused rather than repaired. */
  | "corrupt"
  /** A key file is missing, readable by others, or not the key the store was made with. */
  | "key"
  /** The store was closed. */
  | "closed";

/** The store's refusal. Messages hold no value out of the database (I9). */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  /**
   * False: the command did not run and never will. True, with `timeout` only: the command had begun when its time was up;
   * it may yet be committed, and then its entries are in the ledger although the caller was refused.
   */
  readonly begun: boolean;
  constructor(code: StoreErrorCode, message: string, begun = false) {
    super(message);
    this.code = code;
    this.begun = begun;
  }
}
