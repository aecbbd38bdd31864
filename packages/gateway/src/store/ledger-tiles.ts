import {
  HASH_SIZE,
  type Hash,
  type HashReader,
  LedgerError,
  leafHash,
  storedHashNode,
  subtreeHash,
  TILE_HEIGHT,
  TILE_WIDTH,
} from "@chaperone/ledger";
import type { Kysely } from "kysely";
import type { Database } from "./schema.ts";

/** Full tiles kept in memory, 8 KB each. */
const TILES_KEPT = 64;

/** The tree's hashes out of its full tiles; those of a tile that isn't full yet are made of what is below it. */
export class LedgerTiles implements HashReader {
  readonly #db: Kysely<Database>;
  readonly #full = new Map<string, Uint8Array>();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async readHashes(indexes: readonly number[]): Promise<Hash[]> {
    const hashes: Hash[] = [];
    // Only within this call: a tile that isn't full grows.
    const read = new Map<string, Uint8Array>();
    for (const stored of indexes) {
      const { level, n } = storedHashNode(stored);
      const tileLevel = Math.floor(level / TILE_HEIGHT);
      const width = 2 ** (level % TILE_HEIGHT);
      const index = Math.floor((n * width) / TILE_WIDTH);
      const key = `${tileLevel}/${index}`;
      const tile = read.get(key) ?? (await this.full(tileLevel, index)) ?? (await this.#growing(tileLevel, index));
      read.set(key, tile);
      const from = (n * width) % TILE_WIDTH;
      if (tile.length < (from + width) * HASH_SIZE)
        throw new LedgerError("missing", `the tree hash ${n} of level ${level} is not there`);
      hashes.push(subtreeHash(tile, from, width));
    }
    return hashes;
  }

  /** The hashes of a full tile; undefined where it isn't stored. */
  async full(level: number, index: number): Promise<Uint8Array | undefined> {
    const key = `${level}/${index}`;
    const known = this.#full.get(key);
    if (known !== undefined) return known;
    const row = await this.#db
      .selectFrom("ledger_tiles")
      .select("hashes")
      .where("level", "=", level)
      .where("idx", "=", index)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (this.#full.size >= TILES_KEPT) this.#full.clear();
    this.#full.set(key, row.hashes);
    return row.hashes;
  }

  async #growing(level: number, index: number): Promise<Uint8Array> {
    const from = index * TILE_WIDTH;
    const rows: { readonly idx: number; readonly hash: Hash }[] =
      level === 0
        ? (
            await this.#db
              .selectFrom("ledger_entries")
              .select(["idx", "bytes"])
              .where("idx", ">=", from)
              .where("idx", "<", from + TILE_WIDTH)
              .orderBy("idx")
              .execute()
          ).map(({ idx, bytes }) => ({ idx, hash: leafHash(bytes) }))
        : await this.#db
            .selectFrom("ledger_tiles")
            .select(["idx", "root as hash"])
            .where("level", "=", level - 1)
            .where("idx", ">=", from)
            .where("idx", "<", from + TILE_WIDTH)
            .orderBy("idx")
            .execute();
    if (rows.some(({ idx }, position) => idx !== from + position))
      throw new LedgerError("missing", `tile ${index} of level ${level} has a gap`);
    return Buffer.concat(rows.map(({ hash }) => hash));
  }
}
