import type { Kysely } from "kysely";
import type { LedgerEvent } from "../evidence/event.ts";
import type { Database } from "./schema.ts";

/**
 * What a command may touch. State and ledger entry commit in one transaction: a command reads and writes through `db`
 * and says what happened through `append`; either all of it is durable when the promise of `Store.run` resolves, or none.
 */
export interface StoreTransaction {
  readonly db: Kysely<Database>;
  /** Milliseconds since the epoch; the same for everything in one command. */
  readonly now: number;
  append(event: LedgerEvent): void;
}

/**
 * Runs inside the store's worker. Input and output are structured-cloneable. A thrown CommandError reaches the caller; nothing of the command stays.
 * It may be run again from its beginning, in a transaction that knows nothing of the first run: all it does and remembers is in `db`. One that waits for
 * nothing gives its output at once.
 */
export type Command<I, O> = (tx: StoreTransaction, input: I) => O | Promise<O>;

/** A command's own refusal (lost race, wrong state, not allowed). `code` is stable. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
