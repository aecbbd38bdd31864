import type { StoreErrorCode } from "./errors.ts";
import type { StoreLimits } from "./limits.ts";
import type { Packed } from "./plain-data.ts";
import type { Sent } from "./sent-texts.ts";
import type { StatePaths } from "./state-directory.ts";

/** What the main thread and the writer's thread say to each other. */

export interface QueuedCommand {
  /** Of the registry; undefined: append `input`, an array of events. */
  readonly name: string | undefined;
  readonly input: unknown;
  /** Milliseconds since the epoch at which it was queued. */
  readonly now: number;
}

/** A queued command, ready to go: by its wire, with texts of its own; packed; or, where its input can't be, as it is. */
export type PackedCommand =
  | readonly [name: string, now: number, input: Packed, own: readonly string[]]
  | readonly [name: string | undefined, now: number, input: Packed]
  | QueuedCommand;

/** The same on its way. */
export type SentCommand =
  | readonly [name: string, now: number, input: Sent, own: readonly string[]]
  | readonly [name: string | undefined, now: number, input: Sent]
  | QueuedCommand;

/** `firstIndex`, `count`: where its entries came to stand. */
export type CommandReply =
  | { readonly ok: true; readonly output: unknown; readonly firstIndex: number; readonly count: number }
  | { readonly ok: false; readonly kind: "command"; readonly code: string; readonly message: string }
  | { readonly ok: false; readonly kind: "store"; readonly code: StoreErrorCode; readonly message: string };

/** A reply on its way: what a command gave that succeeded, packed, "" where that is nothing; every other as it is. */
export type SentReply = Packed | CommandReply;

/** A command's slot in the shared array: whoever changes it first, by compare-and-exchange, has decided. */
export const SLOT_WAITING = 0;
export const SLOT_BEGUN = 1;
export const SLOT_WITHDRAWN = 2;

export interface WorkerStart {
  readonly paths: StatePaths;
  readonly origin: string;
  readonly limits: StoreLimits;
  readonly now: number;
  /** URL of the module that exports COMMANDS. */
  readonly commands: string;
}

/** How many entries of each type. */
export type TypeCounts = readonly (readonly [type: string, count: number])[];

export type ToWorker =
  | { readonly kind: "batch"; readonly commands: readonly SentCommand[]; readonly slots: Int32Array }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "ready"; readonly size: number }
  | { readonly kind: "refused"; readonly code: StoreErrorCode; readonly message: string }
  | {
      readonly kind: "done";
      readonly replies: readonly SentReply[];
      /** Entries in the ledger after the batch. */
      readonly size: number;
      /** Of those that the batch added. */
      readonly types: TypeCounts;
      /** Tables that were written, so that nothing read of them before is remembered. */
      readonly written: readonly string[];
    };
