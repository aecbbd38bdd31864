/** Every bound of the store (I10). */
export interface StoreLimits {
  /** Commands waiting; more are refused at once. */
  readonly queue: number;
  /** Commands committed in one transaction. */
  readonly batch: number;
  /** From `run` to its answer, milliseconds. */
  readonly callTimeout: number;
  /** One command's own work inside the writer, milliseconds. Shorter than `callTimeout`: one slow command must not fail all behind it. */
  readonly commandTimeout: number;
  /** Waiting for SQLite's lock, milliseconds. Only a reader's checkpoint can hold it, since there is one writer. */
  readonly busyTimeout: number;
  /** Bytes of one ledger entry: what an entry bundle's 16-bit length can say. https://c2sp.org/tlog-tiles */
  readonly entryBytes: number;
  /** Events one command may append. */
  readonly eventsPerCommand: number;
  /** Size of the database file in its pages (8192 bytes; 4096 in one made before); SQLite's own most. Past it the store is full and refuses. */
  readonly pages: number;
}

export const STORE_LIMITS: StoreLimits = {
  queue: 4096,
  batch: 256,
  callTimeout: 5_000,
  commandTimeout: 2_000,
  busyTimeout: 1_000,
  entryBytes: 65_535,
  eventsPerCommand: 256,
  pages: 4_294_967_294,
};
