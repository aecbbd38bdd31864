import type { ColumnType } from "kysely";

/** Read by all, written by the store alone: no insert or update type exists. */
type StoreOwned<T> = ColumnType<T, never, never>;

/** The ledger and the store's own record of itself. */
export interface LedgerTables {
  meta: {
    key: StoreOwned<string>;
    value: StoreOwned<string>;
  };
  /** `bytes` is the entry; `time`, `type` and `session` repeat what it says, to be searched by. */
  ledger_entries: {
    /** 0-based index in the log. */
    idx: StoreOwned<number>;
    /** Milliseconds since the epoch. */
    time: StoreOwned<number>;
    type: StoreOwned<string>;
    session: StoreOwned<string | null>;
    /** Canonical JSON (RFC 8785), UTF-8. */
    bytes: StoreOwned<Uint8Array>;
  };
  /** Full tiles of the tree (https://c2sp.org/tlog-tiles): 256 hashes of tree level 8 · `level`. What isn't in one yet follows from the newest entries. */
  ledger_tiles: {
    level: StoreOwned<number>;
    idx: StoreOwned<number>;
    /** Of the 256: a hash of the next level's tiles. */
    root: StoreOwned<Uint8Array>;
    hashes: StoreOwned<Uint8Array>;
  };
  checkpoints: {
    size: StoreOwned<number>;
    time: StoreOwned<number>;
    /** Signed note. */
    note: StoreOwned<string>;
  };
}
