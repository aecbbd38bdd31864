import { DatabaseSync } from "node:sqlite";
import {
  LedgerError,
  type NoteSigner,
  noteVerifier,
  openCheckpoint,
  sameHash,
  signCheckpoint,
  type TiledTree,
} from "@chaperone/ledger";
import type { LedgerEvent } from "../evidence/event.ts";
import { type Command, CommandError } from "./command.ts";
import { CommandClock } from "./command-clock.ts";
import { CommandTransaction } from "./command-transaction.ts";
import { type Entry, EntryBytes, entryOf } from "./entry.ts";
import { StoreError } from "./errors.ts";
import { ENTRIES_AT_ONCE, LedgerStatements } from "./ledger-statements.ts";
import type { StoreLimits } from "./limits.ts";
import { migrate } from "./migrations.ts";
import { packed, unpacked } from "./plain-data.ts";
import {
  type CommandReply,
  type QueuedCommand,
  type SentCommand,
  type SentReply,
  SLOT_BEGUN,
  SLOT_WAITING,
  SLOT_WITHDRAWN,
  type TypeCounts,
} from "./protocol.ts";
import { TextsHeard } from "./sent-texts.ts";
import { ANY_TABLE, SqliteConnection } from "./sqlite-dialect.ts";
import { loadKeys, type StatePaths, type StoreIdentity } from "./state-directory.ts";
import { wireOf } from "./wires.ts";

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

/** A clock that is kept in time goes back by less. */
const CLOCK_TOLERANCE_MS = 1000;

/** How the commands of a batch are kept apart: by nothing while all goes well; by savepoints once one failed that had written. */
type Apart = "not" | "by savepoints";

/**
 * The only writing connection. Commands of a batch share one transaction and one fsync; state, ledger entries, full tiles
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
  /** Of all entries committed. */
  #tree: TiledTree;
  #size: number;
  /** What the commands of the batch being run have appended. */
  #entries: Entry[] = [];
  /** Milliseconds since the epoch: the latest since the clock was set back. */
  #newest: number;
  /** Of the entries committed since this was asked last, how many are of each type. */
  #types = new Map<string, number>();
  readonly #bytes = new EntryBytes();
  readonly #texts = new TextsHeard();

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
    try {
      this.#tree = this.#checkedTree();
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#size = this.#tree.size;
    this.#newest = this.#statements.newestTime() ?? Number.NEGATIVE_INFINITY;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * The tree of what is stored, if the newest checkpoint covers every entry of it. The full walk is `verifyStore`; this
   * costs a few reads at start. Throws StoreError "corrupt".
   */
  #checkedTree(): TiledTree {
    let size = 0;
    try {
      const tree = this.#statements.tree();
      size = tree.size;
      const note = this.#statements.latestCheckpoint();
      if (note === undefined && size === 0) return tree;
      const checkpoint = openCheckpoint(note ?? "", [noteVerifier(this.#signer.vkey)]);
      if (checkpoint.size === size && sameHash(checkpoint.root, tree.root())) return tree;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
    throw new StoreError("corrupt", `the ledger of ${size} entries doesn't agree with its newest checkpoint`);
  }

  /**
   * Runs a batch. `slots`: one Int32 a command, by which the caller withdraws those not yet begun. A batch that
   * can't be written is refused whole; throws only when the database can't even be opened again, and then the thread ends.
   */
  async runBatch(sent: readonly SentCommand[], slots: Int32Array): Promise<SentReply[]> {
    const commands = sent.map((command) => queued(command, this.#texts));
    try {
      const replies =
        (await this.#runAll(commands, slots, "not")) ?? (await this.#runAll(commands, slots, "by savepoints"));
      if (replies !== undefined) return replies;
      throw new StoreError("failed", "commands kept apart can't spoil each other");
    } catch (error) {
      this.#recover(error);
      const message = `nothing was written: ${describe(error)}`;
      return commands.map(() => ({ ok: false, kind: "store", code: "unavailable", message }));
    } finally {
      this.#entries = [];
    }
  }

  /** A transaction of all of them. undefined: one that nothing kept apart from the others failed after it had written, and nothing is left of any. */
  async #runAll(commands: readonly QueuedCommand[], slots: Int32Array, apart: Apart): Promise<SentReply[] | undefined> {
    const replies: SentReply[] = [];
    this.#entries = [];
    let newest = this.#newest;
    this.#statements.begin();
    for (let position = 0; position < commands.length; position++) {
      const command = commands[position];
      const withdrawn = Atomics.compareExchange(slots, position, SLOT_WAITING, SLOT_BEGUN) === SLOT_WITHDRAWN;
      if (command === undefined || withdrawn) {
        replies.push({ ok: false, kind: "store", code: "timeout", message: "" });
        continue;
      }
      if (command.now >= newest - CLOCK_TOLERANCE_MS) newest = Math.max(newest, command.now);
      else {
        this.#entries.push(this.#setBack(newest, command.now));
        newest = command.now;
      }
      const running = this.#runOne(command, apart);
      const reply = running instanceof Promise ? await running : running;
      if (reply === undefined) {
        this.#db.exec("ROLLBACK");
        this.#connection.changed(ANY_TABLE);
        return undefined;
      }
      replies.push(reply);
    }
    const last = commands.at(-1);
    if (this.#entries.length > 0 && last !== undefined) this.#writeEntries(last.now);
    this.#statements.commit();
    this.#size = this.#tree.size;
    if (this.#entries.length > 0) this.#newest = newest;
    for (const { type } of this.#entries) this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    return replies;
  }

  close(): void {
    this.#clock.stop();
    this.#db.close();
  }

  /** The tables written since this was asked last. */
  takeWritten(): readonly string[] {
    return this.#connection.takeWritten();
  }

  /** How many entries of each type were committed since this was asked last. */
  takeTypes(): TypeCounts {
    const types = [...this.#types];
    this.#types = new Map();
    return types;
  }

  /** Not a promise where the command waited for nothing. undefined: it failed, and what it had written stays until the transaction is over. */
  #runOne(command: QueuedCommand, apart: Apart): SentReply | undefined | Promise<SentReply | undefined> {
    const writes = this.#connection.writes;
    if (apart === "by savepoints") this.#statements.savepoint();
    const tx = new CommandTransaction(this.#connection, command.now, this.#limits);
    const ended = (output: unknown): SentReply => {
      tx.end();
      const firstIndex = this.#size + this.#entries.length;
      const reply = replyOf(command, output, firstIndex, tx.entries.length);
      if (apart === "by savepoints") this.#statements.release();
      for (const entry of tx.entries) this.#entries.push(entry);
      return reply;
    };
    const failed = (error: unknown): SentReply | undefined => {
      tx.close();
      const code = sqliteCode(error);
      // Some failures make SQLite roll back the whole transaction by itself: then the other commands' work is gone as well.
      if (!this.#db.isTransaction || (code !== undefined && code !== SQLITE_FULL && UNAVAILABLE.has(code))) throw error;
      if (apart === "by savepoints") {
        this.#db.exec("ROLLBACK TO command; RELEASE command");
        this.#connection.changed(ANY_TABLE);
      } else if (this.#connection.writes !== writes) return undefined;
      return refusal(command, error);
    };
    try {
      const output = this.#begin(command, tx);
      if (output instanceof Promise) return this.#clock.within(output).then(ended).catch(failed);
      return ended(output);
    } catch (error) {
      return failed(error);
    }
  }

  #begin({ name, input }: QueuedCommand, tx: CommandTransaction): unknown {
    if (name === undefined) {
      for (const event of input as readonly LedgerEvent[]) tx.append(event);
      return undefined;
    }
    const run = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (run === undefined) throw new StoreError("failed", `there is no command ${name}`);
    return run(tx, input as never);
  }

  /** The clock was set back: the times of what follows are not after those of what went before, and nobody is to read an order out of them. */
  #setBack(newest: number, now: number): Entry {
    const data = { before: new Date(newest).toISOString() };
    return entryOf({ type: "clock.set-back", data }, now, this.#limits.entryBytes);
  }

  /** The batch's entries, the tiles they filled, and the signed checkpoint over all. */
  #writeEntries(now: number): void {
    for (let from = 0; from < this.#entries.length; from += ENTRIES_AT_ONCE) {
      const entries = this.#entries.slice(from, from + ENTRIES_AT_ONCE);
      const bytes = this.#bytes.of(entries);
      this.#statements.insertEntries(this.#tree.size, entries, bytes);
      for (const entry of bytes) this.#tree.append(entry);
    }
    for (const tile of this.#tree.takeFull()) this.#statements.insertTile(tile);
    const checkpoint = { origin: this.#signer.name, size: this.#tree.size, root: this.#tree.root(), extensions: [] };
    this.#statements.insertCheckpoint(this.#tree.size, now, signCheckpoint(checkpoint, [this.#signer]));
  }

  /** Leaves connection and tree as if the batch had not been. After an I/O error a connection is not to be trusted: a new one is made. */
  #recover(error: unknown): void {
    try {
      this.#connection.changed(ANY_TABLE);
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      if (sqliteCode(error) === SQLITE_FULL || sqliteCode(error) === 5) {
        this.#tree = this.#checkedTree();
        return;
      }
    } catch {
      // The connection is given up below.
    }
    this.#db.close();
    this.#db = connect(this.#paths, this.#limits);
    this.#connection = new SqliteConnection(this.#db);
    this.#statements = new LedgerStatements(this.#db);
    this.#tree = this.#checkedTree();
    if (this.#tree.size !== this.#size) throw new StoreError("corrupt", "the ledger changed under its writer");
  }
}

function connect(paths: StatePaths, limits: StoreLimits): DatabaseSync {
  const db = new DatabaseSync(paths.database, { timeout: limits.busyTimeout, enableForeignKeyConstraints: true });
  try {
    // Of a database that is made now. Most entries are of a few hundred to two thousand bytes: in pages of 4096 a third would stay empty, and
    // each page costs two writes to the log, its checksum, and a read and a write when it is copied.
    db.exec("PRAGMA page_size = 8192");
    // FULL: COMMIT returns after fsync of the log, which is what makes an acknowledged entry survive a power cut (I3).
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF");
    db.exec(`PRAGMA journal_size_limit = 67108864; PRAGMA max_page_count = ${limits.pages}`);
    // Sessions are read and written again while many entries go by.
    db.exec("PRAGMA cache_size = -16000");
    // Pages that many commits change (the ends of tables and indexes) are then copied to the database once for all of them.
    db.exec("PRAGMA wal_autocheckpoint = 4000");
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
    throw new StoreError(
      "key",
      `the ledger here is named ${identity.origin}, and this configuration would name it ${origin}: a ledger keeps its name, so set public_url to what it was, or begin with another state_directory`,
    );
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

function queued(sent: SentCommand, texts: TextsHeard): QueuedCommand {
  if ("name" in sent) return sent;
  const packed = texts.of(sent[2]);
  if (sent.length === 3) return { name: sent[0], now: sent[1], input: unpacked(packed) };
  const [name, now, , own] = sent;
  const wire = wireOf(name);
  if (wire === undefined) throw new StoreError("failed", `no input of ${name} travels so`);
  return { name, now, input: wire.read({ packed, own }) };
}

/** Throws for an output that can't be sent. */
function replyOf({ name }: QueuedCommand, output: unknown, firstIndex: number, count: number): SentReply {
  if (name === undefined) return { ok: true, output, firstIndex, count };
  if (output === undefined) return "";
  return packed(output) ?? { ok: true, output: structuredClone(output), firstIndex, count };
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
