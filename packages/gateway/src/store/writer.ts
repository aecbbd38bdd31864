import { DatabaseSync } from "node:sqlite";
import {
  type Hash,
  type HashReader,
  LedgerError,
  leafHash,
  type NoteSigner,
  noteVerifier,
  openCheckpoint,
  sameHash,
  signCheckpoint,
  storedHashCount,
  storedHashesForEntry,
  storedHashIndex,
  treeHash,
} from "@chaperone/ledger";
import type { Kysely } from "kysely";
import type { LedgerEvent } from "../evidence/event.ts";
import { type Command, CommandError, type StoreTransaction } from "./command.ts";
import { CommandClock } from "./command-clock.ts";
import { type Entry, encodeEvent } from "./entry.ts";
import { StoreError } from "./errors.ts";
import { HASHES_AT_ONCE, LedgerStatements } from "./ledger-statements.ts";
import type { StoreLimits } from "./limits.ts";
import { migrate } from "./migrations.ts";
import { plainCopy } from "./plain-data.ts";
import { askDirectly } from "./prepared.ts";
import { type CommandReply, type QueuedCommand, SLOT_BEGUN, SLOT_WAITING } from "./protocol.ts";
import type { Database } from "./schema.ts";
import { ANY_TABLE, SqliteConnection } from "./sqlite-dialect.ts";
import { loadKeys, type StatePaths, type StoreIdentity } from "./state-directory.ts";

/** Any command, whatever its input and output. */
export type CommandRegistry = Readonly<Record<string, Command<never, unknown>>>;

/** SQLite's primary result codes after which no more can be written, whatever the command. https://sqlite.org/rescode.html */
const SQLITE_FULL = 13;
const UNAVAILABLE = new Set([
  5 /* BUSY */,
  7 /* NOMEM */,
  8 /* READONLY */,
  10 /* IOERR */,
  11 /* CORRUPT */,
  SQLITE_FULL,
  14,
  26,
]);

/** A statement that would end or leave the transaction, which the writer alone may do. */
const TRANSACTION_CONTROL = /^\s*(?:begin|commit|end|rollback|savepoint|release|attach|detach|pragma|vacuum)\b/i;

/**
 * The only writing connection. Commands of a batch share one transaction and one fsync; state, ledger entries, tree hashes
 * and the signed checkpoint over them commit together or not at all (I3).
 */
export class Writer {
  readonly #paths: StatePaths;
  readonly #commands: CommandRegistry;
  readonly #limits: StoreLimits;
  readonly #signer: NoteSigner;
  readonly #clock: CommandClock;
  #db: DatabaseSync;
  #connection: SqliteConnection;
  #statements: LedgerStatements;
  /** Entries committed. */
  #size: number;
  /** Entries including those of the batch being run. */
  #nextSize: number;
  /** Tree hashes made by the batch being run, by stored index; written at its end. A command rolled back leaves some behind; the next entry overwrites them before any is read. */
  readonly #fresh = new Map<number, Hash>();

  constructor(paths: StatePaths, origin: string, commands: CommandRegistry, limits: StoreLimits, now: number) {
    this.#paths = paths;
    this.#commands = commands;
    this.#limits = limits;
    this.#clock = new CommandClock(limits.commandTimeout);
    this.#db = connect(paths, limits);
    try {
      migrate(this.#db, now);
      this.#signer = identify(this.#db, paths, origin);
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#connection = new SqliteConnection(this.#db);
    this.#statements = new LedgerStatements(this.#db);
    this.#size = this.#statements.size();
    this.#nextSize = this.#size;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * That the newest checkpoint covers every entry and agrees with the stored hashes. The full walk is `verifyStore`; this
   * costs a few reads at start. Throws StoreError "corrupt".
   */
  async check(): Promise<void> {
    const note = this.#statements.latestCheckpoint();
    if (note === undefined && this.#size === 0) return;
    try {
      const checkpoint = openCheckpoint(note ?? "", [noteVerifier(this.#signer.vkey)]);
      const root = await treeHash(this.#size, this.#statements);
      if (checkpoint.size === this.#size && sameHash(checkpoint.root, root)) return;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
    throw new StoreError("corrupt", `the ledger of ${this.#size} entries doesn't agree with its newest checkpoint`);
  }

  /**
   * Runs a batch. `slots`: one Int32 a command, by which the caller withdraws those not yet begun. A batch that
   * can't be written is refused whole; throws only when the database can't even be opened again, and then the thread ends.
   */
  async runBatch(commands: readonly QueuedCommand[], slots: Int32Array): Promise<CommandReply[]> {
    const replies: CommandReply[] = [];
    try {
      this.#statements.begin();
      for (const [position, command] of commands.entries()) {
        const withdrawn = Atomics.compareExchange(slots, position, SLOT_WAITING, SLOT_BEGUN) !== SLOT_WAITING;
        replies.push(
          withdrawn ? { ok: false, kind: "store", code: "timeout", message: "" } : await this.#runOne(command),
        );
      }
      if (this.#nextSize > this.#size) {
        this.#writeHashes();
        await this.#writeCheckpoint(commands.at(-1)?.now ?? 0);
      }
      this.#statements.commit();
      this.#size = this.#nextSize;
      return replies.map((reply) => (reply.ok ? { ...reply, size: this.#size } : reply));
    } catch (error) {
      this.#nextSize = this.#size;
      this.#recover(error);
      const message = `nothing was written: ${describe(error)}`;
      return commands.map(() => ({ ok: false, kind: "store", code: "unavailable", message }));
    } finally {
      this.#fresh.clear();
    }
  }

  /** The tables, but for the ledger's, that batches since the last question may have written. */
  takeWritten(): readonly string[] {
    return this.#connection.takeWritten();
  }

  close(): void {
    this.#clock.stop();
    this.#db.close();
  }

  /** One command in its savepoint. Throws only when the whole batch is lost. */
  async #runOne(command: QueuedCommand): Promise<CommandReply> {
    const firstIndex = this.#nextSize;
    this.#statements.savepoint();
    try {
      const { output, entries } = await this.#execute(command);
      for (const entry of entries) await this.#writeEntry(entry);
      this.#statements.release();
      return { ok: true, output, firstIndex, count: entries.length, size: 0 };
    } catch (error) {
      const code = sqliteCode(error);
      // Some failures make SQLite roll back the whole transaction by itself: then the other commands' work is gone as well.
      if (!this.#db.isTransaction || (code !== undefined && code !== SQLITE_FULL && UNAVAILABLE.has(code))) throw error;
      this.#db.exec("ROLLBACK TO command; RELEASE command");
      this.#connection.changed(ANY_TABLE);
      this.#nextSize = firstIndex;
      return refusal(command, error);
    }
  }

  async #execute(command: QueuedCommand): Promise<{ output: unknown; entries: Entry[] }> {
    const entries: Entry[] = [];
    let open = true;
    let badEvent: StoreError | undefined;
    const append = (event: LedgerEvent): void => {
      if (!open) throw new StoreError("failed", "an event was appended after its command had ended");
      try {
        if (entries.length >= this.#limits.eventsPerCommand) {
          throw new StoreError("bad_event", `more than ${this.#limits.eventsPerCommand} events in one command`);
        }
        entries.push(encodeEvent(event, command.now, this.#limits.entryBytes));
      } catch (error) {
        // Remembered, so that a command that catches it fails all the same.
        badEvent ??= error instanceof StoreError ? error : new StoreError("bad_event", "an event is not plain JSON");
        throw badEvent;
      }
    };
    if (command.name === undefined) {
      for (const event of command.input as readonly LedgerEvent[]) append(event);
      return { output: undefined, entries };
    }
    const run = Object.hasOwn(this.#commands, command.name) ? this.#commands[command.name] : undefined;
    if (run === undefined) throw new StoreError("failed", `there is no command ${command.name}`);
    const connection = this.#connection;
    const allow = (sql: string) => {
      // A query the command didn't wait for would else run in the next command's savepoint.
      if (!open) throw new StoreError("failed", "a query ran after its command had ended");
      if (TRANSACTION_CONTROL.test(sql)) throw new StoreError("failed", "a command doesn't control its transaction");
    };
    let db: Kysely<Database> | undefined;
    const tx: StoreTransaction = {
      get db() {
        db ??= connection.kysely(allow);
        return db;
      },
      now: command.now,
      append,
    };
    askDirectly(tx, connection, allow);
    try {
      const output = await this.#clock.within(run(tx, command.input as never));
      if (badEvent !== undefined) throw badEvent;
      // What can't be sent back must fail the command, not the batch.
      return { output: plainCopy(output) ?? structuredClone(output), entries };
    } finally {
      open = false;
    }
  }

  async #writeEntry(entry: Entry): Promise<void> {
    const index = this.#nextSize;
    this.#statements.insertEntry(index, entry);
    const hashes = await storedHashesForEntry(index, leafHash(entry.bytes), this.#reader);
    const first = storedHashIndex(0, index);
    for (const [offset, hash] of hashes.entries()) this.#fresh.set(first + offset, hash);
    this.#nextSize = index + 1;
  }

  /** All that the batch's entries completed, in few statements. */
  #writeHashes(): void {
    const end = storedHashCount(this.#nextSize);
    for (let from = storedHashCount(this.#size); from < end; from += HASHES_AT_ONCE) {
      const hashes: Hash[] = [];
      for (let index = from; index < Math.min(end, from + HASHES_AT_ONCE); index++) {
        const hash = this.#fresh.get(index);
        if (hash === undefined) throw new LedgerError("missing", `the tree hash ${index} was not made`);
        hashes.push(hash);
      }
      this.#statements.insertHashes(from, hashes);
    }
  }

  async #writeCheckpoint(now: number): Promise<void> {
    const root = await treeHash(this.#nextSize, this.#reader);
    const checkpoint = { origin: this.#signer.name, size: this.#nextSize, root, extensions: [] };
    this.#statements.insertCheckpoint(this.#nextSize, now, signCheckpoint(checkpoint, [this.#signer]));
  }

  readonly #reader: HashReader = {
    readHashes: (indexes) => indexes.map((index) => this.#fresh.get(index) ?? this.#statements.hash(index)),
  };

  /** Leaves the connection as if the batch had not been. After an I/O error a connection is not to be trusted: a new one is made. */
  #recover(error: unknown): void {
    try {
      this.#connection.changed(ANY_TABLE);
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      if (sqliteCode(error) === SQLITE_FULL || sqliteCode(error) === 5) return;
    } catch {
      // The connection is given up below.
    }
    this.#db.close();
    this.#db = connect(this.#paths, this.#limits);
    this.#connection = new SqliteConnection(this.#db);
    this.#statements = new LedgerStatements(this.#db);
    if (this.#statements.size() !== this.#size) throw new StoreError("corrupt", "the ledger changed under its writer");
  }
}

function connect(paths: StatePaths, limits: StoreLimits): DatabaseSync {
  const db = new DatabaseSync(paths.database, { timeout: limits.busyTimeout, enableForeignKeyConstraints: true });
  try {
    // FULL: COMMIT returns after fsync of the log, which is what makes an acknowledged entry survive a power cut (I3).
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
    db.exec(`PRAGMA journal_size_limit = 67108864; PRAGMA max_page_count = ${limits.pages}`);
    // Pages that many commits change (the ends of tables and indexes) are then copied to the database once for all of them.
    db.exec("PRAGMA wal_autocheckpoint = 8000");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Binds keys and database to each other, at the first start for ever. */
function identify(db: DatabaseSync, paths: StatePaths, origin: string): NoteSigner {
  const identity = readIdentity(db);
  if (identity !== undefined && identity.origin !== origin) {
    throw new StoreError("key", `the store's ledger is ${identity.origin}, not ${origin}`);
  }
  const { signer, sealer } = loadKeys(paths, origin, identity);
  if (identity === undefined) {
    const insert = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    db.exec("BEGIN IMMEDIATE");
    insert.run("origin", origin);
    insert.run("vkey", signer.vkey);
    insert.run("seal_key_id", sealer.keyId);
    db.exec("COMMIT");
  }
  return signer;
}

/** What the store was made with; undefined before its first start has ended. */
export function readIdentity(db: DatabaseSync): StoreIdentity | undefined {
  const rows = db.prepare("SELECT key, value FROM meta").all();
  const meta = new Map(rows.map((row) => [row.key, String(row.value)]));
  const [origin, vkey, sealKeyId] = [meta.get("origin"), meta.get("vkey"), meta.get("seal_key_id")];
  if (origin === undefined && vkey === undefined && sealKeyId === undefined) return undefined;
  if (origin === undefined || vkey === undefined || sealKeyId === undefined) {
    throw new StoreError("corrupt", "the store has lost part of its record of itself");
  }
  return { origin, vkey, sealKeyId };
}

function refusal(command: QueuedCommand, error: unknown): CommandReply {
  if (error instanceof CommandError) return { ok: false, kind: "command", code: error.code, message: error.message };
  if (error instanceof StoreError) return { ok: false, kind: "store", code: error.code, message: error.message };
  const code = sqliteCode(error) === SQLITE_FULL ? "unavailable" : "failed";
  return { ok: false, kind: "store", code, message: `${command.name ?? "append"}: ${describe(error)}` };
}

/**
 * What may be said of an error. SQLite's messages name tables and columns, never values; a JavaScript error's message may
 * quote what it failed on, so only its kind and place are told (I9).
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return "something that is not an Error was thrown";
  if (sqliteCode(error) !== undefined || error instanceof StoreError || error instanceof LedgerError)
    return error.message;
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return `${error.name} ${place?.trim() ?? ""}`.trim();
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}
