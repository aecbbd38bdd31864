import type { Kysely } from "kysely";
import type { LedgerEvent } from "../evidence/event.ts";
import type { StoreTransaction } from "./command.ts";
import { type Entry, entryOf } from "./entry.ts";
import { StoreError } from "./errors.ts";
import type { StoreLimits } from "./limits.ts";
import { askDirectly } from "./prepared.ts";
import type { Database } from "./schema.ts";
import type { SqliteConnection } from "./sqlite-dialect.ts";

/** A statement that would end or leave the transaction, which the writer alone may do. */
const TRANSACTION_CONTROL = /^\s*(?:begin|commit|end|rollback|savepoint|release|attach|detach|pragma|vacuum)\b/i;

/** What one command sees of the writer's transaction, until it ends. */
export class CommandTransaction implements StoreTransaction {
  readonly now: number;
  readonly entries: Entry[] = [];
  readonly #connection: SqliteConnection;
  readonly #limits: StoreLimits;
  #db: Kysely<Database> | undefined;
  #open = true;
  #badEvent: StoreError | undefined;

  constructor(connection: SqliteConnection, now: number, limits: StoreLimits) {
    this.#connection = connection;
    this.now = now;
    this.#limits = limits;
    askDirectly(this, connection, this.#allow);
  }

  get db(): Kysely<Database> {
    this.#db ??= this.#connection.kysely(this.#allow);
    return this.#db;
  }

  /** Commands take it apart from the rest. */
  readonly append = (event: LedgerEvent): void => {
    if (!this.#open) throw new StoreError("failed", "an event was appended after its command had ended");
    try {
      if (this.entries.length >= this.#limits.eventsPerCommand) {
        throw new StoreError("bad_event", `more than ${this.#limits.eventsPerCommand} events in one command`);
      }
      this.entries.push(entryOf(event, this.now, this.#limits.entryBytes));
    } catch (error) {
      // Remembered, so that a command that catches it fails all the same.
      this.#badEvent ??=
        error instanceof StoreError ? error : new StoreError("bad_event", "an event is not plain JSON");
      throw this.#badEvent;
    }
  };

  /** The command has given its output. Throws where one of its events could not be written. */
  end(): void {
    this.#open = false;
    if (this.#badEvent !== undefined) throw this.#badEvent;
  }

  /** The command has failed. */
  close(): void {
    this.#open = false;
  }

  readonly #allow = (sql: string): void => {
    // A query the command didn't wait for would else run in the next command's transaction.
    if (!this.#open) throw new StoreError("failed", "a query ran after its command had ended");
    if (TRANSACTION_CONTROL.test(sql)) throw new StoreError("failed", "a command doesn't control its transaction");
  };
}
