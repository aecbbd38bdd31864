import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import type { Kysely } from "kysely";
import type { LedgerEvent } from "../evidence/event.ts";
import type { Sealer } from "../evidence/seal.ts";
import { CommandError } from "./command.ts";
import type { COMMANDS } from "./commands.ts";
import { StoreError } from "./errors.ts";
import { STORE_LIMITS, type StoreLimits } from "./limits.ts";
import { packed, unpacked } from "./plain-data.ts";
import { askDirectly } from "./prepared.ts";
import {
  type CommandReply,
  type FromWorker,
  type PackedCommand,
  type SentCommand,
  type SentReply,
  SLOT_WAITING,
  SLOT_WITHDRAWN,
  type ToWorker,
  type TypeCounts,
  type WorkerStart,
} from "./protocol.ts";
import type { Database } from "./schema.ts";
import { TextsSent } from "./sent-texts.ts";
import { SqliteConnection } from "./sqlite-dialect.ts";
import { loadKeys, type StatePaths, statePaths } from "./state-directory.ts";
import { wireOf } from "./wires.ts";
import { type CommandRegistry, readIdentity } from "./writer.ts";

export interface StoreOptions {
  /** State directory; made when missing, mode 0700. */
  readonly directory: string;
  /** Directory of `ledger.key` and `seal.key`; the state directory when not given. */
  readonly keyDirectory?: string;
  /** The log's name in its checkpoints: a URL without scheme, such as `chaperone.example.org/ledger`. Fixed at the first start. */
  readonly origin: string;
  readonly limits?: Partial<StoreLimits>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** URL of a module that exports COMMANDS, in place of `commands.ts`. */
  readonly commands?: string;
}

export type InputOf<C extends CommandRegistry, K extends keyof C> = Parameters<C[K]>[1];
export type OutputOf<C extends CommandRegistry, K extends keyof C> = Awaited<ReturnType<C[K]>>;

/** Where events came to stand in the ledger: indexes [firstIndex, firstIndex + count). */
export interface Appended {
  readonly firstIndex: number;
  readonly count: number;
  /** Entries in the ledger, all of them durable. */
  readonly size: number;
}

/** Turns of the loop whose commands go together, unless they take longer than this (I10). */
const TURNS_GATHERED = 4;
const MOST_GATHERING_MS = 5;

interface Pending {
  readonly packed: PackedCommand;
  /** On the clock of `performance.now`. */
  readonly until: number;
  readonly resolve: (reply: Succeeded) => void;
  readonly reject: (error: Error) => void;
  /** The caller was told that its time is up. */
  withdrawn: boolean;
}

type Succeeded = CommandReply & { readonly ok: true };

/**
 * Opens the store in a directory, making it at the first start; resolves once it can be written.
 *
 * Rejects with StoreError: "locked" when another process has it open, "key" for a missing or wrong key file, "corrupt"
 * when ledger and newest checkpoint disagree, "unavailable" for anything the file system refuses.
 */
export async function openStore<C extends CommandRegistry = typeof COMMANDS>(options: StoreOptions): Promise<Store<C>> {
  const paths = statePaths(resolve(options.directory), options.keyDirectory && resolve(options.keyDirectory));
  const limits = { ...STORE_LIMITS, ...options.limits };
  const clock = options.clock ?? Date.now;
  const commands = options.commands ?? new URL("./commands.ts", import.meta.url).href;
  const start: WorkerStart = { paths, origin: options.origin, limits, now: clock(), commands };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start, name: "store" });
  const size = await new Promise<number>((opened, refused) => {
    worker.once("message", (message: FromWorker) => {
      if (message.kind === "ready") opened(message.size);
      else refused(new StoreError(message.kind === "refused" ? message.code : "unavailable", refusalText(message)));
    });
    worker.once("error", () => refused(new StoreError("unavailable", "the store's writer could not be started")));
    worker.once("exit", () => refused(new StoreError("unavailable", "the store's writer ended at its start")));
  });
  try {
    return new Store<C>(paths, worker, limits, clock, size);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function refusalText(message: FromWorker): string {
  return message.kind === "refused" ? message.message : "the store's writer spoke out of turn";
}

/** State and evidence, committed together. One per process and directory. */
export class Store<C extends CommandRegistry = typeof COMMANDS> {
  /** Reads only, on a connection of its own. Sees everything whose `run` or `append` has resolved. */
  readonly db: Kysely<Database>;
  /** Seals SQL literals and parameters with the store's key. */
  readonly sealer: Sealer;
  /** The ledger's public verifier key. */
  readonly vkey: string;
  /** The log's name. */
  readonly origin: string;
  readonly #worker: Worker;
  readonly #limits: StoreLimits;
  readonly #clock: () => number;
  readonly #reader: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #listeners = new Set<(size: number, types: TypeCounts) => void>();
  readonly #texts = new TextsSent();
  #queue: Pending[] = [];
  #flight: { readonly commands: Pending[]; readonly slots: Int32Array } | undefined;
  #size: number;
  #refusal: StoreError | undefined;
  /** Rings when the time of the call that has waited longest is up: one timer for all of them. */
  #bell: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  /** Use `openStore`. */
  constructor(paths: StatePaths, worker: Worker, limits: StoreLimits, clock: () => number, size: number) {
    this.#worker = worker;
    this.#limits = limits;
    this.#clock = clock;
    this.#size = size;
    this.#reader = new DatabaseSync(paths.database, { readOnly: true, timeout: limits.busyTimeout });
    this.#connection = new SqliteConnection(this.#reader);
    this.db = this.#connection.kysely(() => undefined);
    askDirectly(this, this.#connection, () => undefined);
    const identity = readIdentity(this.#reader);
    if (identity === undefined) throw new StoreError("corrupt", "the store has no record of itself");
    this.vkey = identity.vkey;
    this.origin = identity.origin;
    this.sealer = loadKeys(paths, identity.origin, identity).sealer;
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.on("error", () => this.#die());
    worker.on("exit", () => this.#die());
  }

  /** Entries in the ledger, all of them durable. */
  get size(): number {
    return this.#size;
  }

  /**
   * Runs a command. When it resolves, the command's state and events are on disk.
   *
   * Rejects with the command's own CommandError, or StoreError: "overloaded" (refused at once), "unavailable", "failed",
   * "bad_event", "closed", or "timeout". After a timeout with `begun` false the command never runs; with `begun` true it
   * may yet be committed, and is then in the ledger although the caller was told no.
   */
  run<K extends keyof C & string>(name: K, input: InputOf<C, K>): Promise<OutputOf<C, K>> {
    // The writer ran the command of that name: its output is that command's.
    return new Promise((resolve, reject) =>
      this.#enqueue(name, input, ({ output }) => resolve(output as OutputOf<C, K>), reject),
    );
  }

  /** Writes evidence that changes no state, all events or none. Rejects as `run` does. */
  async append(events: readonly LedgerEvent[]): Promise<Appended> {
    const { firstIndex, count } = await new Promise<Succeeded>((resolve, reject) =>
      this.#enqueue(undefined, events, resolve, reject),
    );
    return { firstIndex, count, size: this.#size };
  }

  /** Calls the listener after each commit that made the ledger grow, with its size and how many of each type are new. Returns the way to stop. */
  onGrowth(listener: (size: number, types: TypeCounts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Refuses new commands, finishes those waiting, closes the files. */
  async close(): Promise<void> {
    if (this.#refusal?.code === "closed") return;
    const dead = this.#refusal !== undefined;
    this.#refusal = new StoreError("closed", "the store is closed");
    if (dead) {
      this.#reader.close();
      return;
    }
    if (this.#flight !== undefined || this.#queue.length > 0) {
      await new Promise<void>((drained) => {
        this.#drained = drained;
      });
    }
    const exited = new Promise((exit) => this.#worker.once("exit", exit));
    this.#post({ kind: "close" });
    await exited;
    this.#reader.close();
  }

  /** Throws for what can't be copied. */
  #enqueue(
    name: string | undefined,
    input: unknown,
    resolve: (reply: Succeeded) => void,
    reject: (error: Error) => void,
  ): void {
    if (this.#refusal !== undefined) {
      reject(this.#refusal);
      return;
    }
    if (this.#queue.length >= this.#limits.queue) {
      reject(new StoreError("overloaded", `${this.#queue.length} writes are waiting; try again later`));
      return;
    }
    // Copied now: what the caller changes afterwards is not what it asked for.
    const packed = written(name, input, this.#clock());
    const until = performance.now() + this.#limits.callTimeout;
    this.#queue.push({ packed, until, resolve, reject, withdrawn: false });
    this.#bell ??= setTimeout(() => this.#ring(), this.#limits.callTimeout).unref();
    if (this.#queue.length === 1 && this.#flight === undefined) this.#sendSoon();
  }

  /**
   * Some turns of the loop later, so that what the events of all of them ask for travels, and is committed, together: a commit costs what a dozen commands do.
   * Where there is little to do, turns take no time.
   */
  #sendSoon(): void {
    const began = performance.now();
    const turn = (left: number): void => {
      setImmediate(() => {
        if (left > 1 && performance.now() - began < MOST_GATHERING_MS) turn(left - 1);
        else this.#send();
      });
    };
    turn(TURNS_GATHERED);
  }

  #send(): void {
    if (this.#flight !== undefined) return;
    if (this.#queue.length === 0) {
      // All that waited was withdrawn.
      this.#drained?.();
      return;
    }
    const commands = this.#queue.slice(0, this.#limits.batch);
    this.#queue = this.#queue.slice(commands.length);
    const slots = new Int32Array(new SharedArrayBuffer(4 * commands.length));
    this.#flight = { commands, slots };
    this.#post({ kind: "batch", commands: commands.map(({ packed }) => this.#sent(packed)), slots });
  }

  /** Made only of what goes now: what is withdrawn before was never sent. */
  #sent(command: PackedCommand): SentCommand {
    if ("name" in command) return command;
    const texts = this.#texts.of(command[2]);
    return command.length === 4 ? [command[0], command[1], texts, command[3]] : [command[0], command[1], texts];
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.kind !== "done") return;
    const commands = this.#flight?.commands ?? [];
    this.#flight = undefined;
    // Before anybody hears that it was written.
    for (const table of message.written) this.#connection.changed(table);
    const grown = message.size > this.#size;
    this.#size = message.size;
    for (const [position, pending] of commands.entries()) {
      const reply = read(message.replies[position]);
      if (reply === undefined) pending.reject(new StoreError("unavailable", "the store's writer gave no answer"));
      else if (reply.ok) pending.resolve(reply);
      else if (reply.kind === "command") pending.reject(new CommandError(reply.code, reply.message));
      else pending.reject(new StoreError(reply.code, reply.message));
    }
    if (grown) for (const listener of this.#listeners) listener(this.#size, message.types);
    if (this.#queue.length > 0) this.#sendSoon();
    else this.#drained?.();
  }

  #ring(): void {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const pending of [...(this.#flight?.commands ?? []), ...this.#queue]) {
      if (pending.withdrawn) continue;
      if (pending.until <= now) this.#withdraw(pending);
      else next = Math.min(next, pending.until);
    }
    this.#bell = next === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.#ring(), next - now).unref();
  }

  /** A call's time is up. */
  #withdraw(pending: Pending): void {
    pending.withdrawn = true;
    const bound = `${this.#limits.callTimeout} ms`;
    const waiting = this.#queue.indexOf(pending);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    const position = this.#flight?.commands.indexOf(pending) ?? -1;
    const begun =
      this.#flight !== undefined &&
      position >= 0 &&
      Atomics.compareExchange(this.#flight.slots, position, SLOT_WAITING, SLOT_WITHDRAWN) !== SLOT_WAITING;
    const text = begun ? `no answer within ${bound}; the write may yet be committed` : `not begun within ${bound}`;
    pending.reject(new StoreError("timeout", text, begun));
  }

  /** The writer is gone: nothing can be recorded, so nothing may be done (I3). */
  #die(): void {
    this.#refusal ??= new StoreError("unavailable", "the store's writer has died; restart the gateway");
    for (const pending of [...(this.#flight?.commands ?? []), ...this.#queue]) {
      const begun = this.#flight?.commands.includes(pending) ?? false;
      pending.reject(new StoreError("unavailable", "the store's writer died before it answered", begun));
    }
    this.#flight = undefined;
    this.#queue = [];
    this.#drained?.();
  }
}

/** By its wire, or packed; of what can't be, structuredClone makes a copy, or says that it can't, in words that would quote what it failed on (I9). */
function written(name: string | undefined, input: unknown, now: number): PackedCommand {
  try {
    const wired = name === undefined ? undefined : wireOf(name)?.write(input as never);
    if (name !== undefined && wired !== undefined) return [name, now, wired.packed, wired.own];
    const small = packed(input);
    return small !== undefined ? [name, now, small] : { name, now, input: structuredClone(input) };
  } catch {
    throw new StoreError("failed", "a command's input is not plain data");
  }
}

function read(reply: SentReply | undefined): CommandReply | undefined {
  if (reply === undefined || (typeof reply === "object" && "ok" in reply)) return reply;
  return { ok: true, output: reply === "" ? undefined : unpacked(reply), firstIndex: 0, count: 0 };
}
