import {
  formatReceipt,
  type Hash,
  type HashReader,
  type InclusionProof,
  inclusionProof,
  LedgerError,
  readCheckpointUnverified,
} from "@chaperone/ledger";
import type { Kysely } from "kysely";
import { LedgerTiles } from "./ledger-tiles.ts";
import type { Database } from "./schema.ts";

/** Most rows one call gives (I10). */
export const LEDGER_PAGE = 1_000;

export interface LedgerEntry {
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly type: string;
  readonly session: string | null;
  /** Canonical JSON: what the leaf hash is of. */
  readonly bytes: Uint8Array;
}

/** The ledger to read from: `new LedgerReader(store.db)`. Throws LedgerError "range" or "missing" for what isn't there. */
export class LedgerReader implements HashReader {
  readonly #db: Kysely<Database>;
  readonly #tiles: LedgerTiles;

  constructor(db: Kysely<Database>) {
    this.#db = db;
    this.#tiles = new LedgerTiles(db);
  }

  /** Entries [from, to), at most 1,000; fewer where the ledger ends. Throws when one in between is missing. */
  async entries(from: number, to: number): Promise<LedgerEntry[]> {
    const rows = await this.#db
      .selectFrom("ledger_entries")
      .select(["idx as index", "time", "type", "session", "bytes"])
      .where("idx", ">=", from)
      .where("idx", "<", to)
      .orderBy("idx")
      .limit(LEDGER_PAGE)
      .execute();
    const gap = rows.findIndex(({ index }, position) => index !== from + position);
    if (gap >= 0) throw new LedgerError("missing", `there is no entry ${from + gap}`);
    return rows;
  }

  /** The newest signed checkpoint; undefined while the ledger is empty. */
  async latestCheckpoint(): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom("checkpoints")
      .select("note")
      .orderBy("size", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.note;
  }

  /** Signed checkpoints of trees larger than `size`, smallest first, at most 1,000. */
  async checkpointsAfter(
    size: number,
  ): Promise<{ readonly size: number; readonly time: number; readonly note: string }[]> {
    return this.#db
      .selectFrom("checkpoints")
      .select(["size", "time", "note"])
      .where("size", ">", size)
      .orderBy("size")
      .limit(LEDGER_PAGE)
      .execute();
  }

  /** Proof that the entry is in the tree of that size. */
  async inclusionProof(index: number, size: number): Promise<InclusionProof> {
    return inclusionProof(index, size, this);
  }

  /** The receipt of one entry (`.tlog-proof`): with the entry's bytes and the ledger's public key it proves the entry offline. */
  async receipt(index: number): Promise<string> {
    const checkpoint = await this.latestCheckpoint();
    if (checkpoint === undefined) throw new LedgerError("range", "the ledger is empty");
    const { size } = readCheckpointUnverified(checkpoint);
    return formatReceipt({ index, proof: await inclusionProof(index, size, this), checkpoint });
  }

  readHashes(indexes: readonly number[]): Promise<Hash[]> {
    return this.#tiles.readHashes(indexes);
  }
}
