import { readCheckpointUnverified } from "./checkpoint.ts";
import { LedgerError } from "./error.ts";
import type { Hash } from "./hash.ts";
import { decodeEntryBundle, decodeTile, TILE_HEIGHT, TILE_WIDTH, type Tile, tilePath } from "./tile.ts";
import type { LogSource, NodePosition } from "./verify-log.ts";

/** Tiles kept in memory: the one being compared at each level, and some. */
const TILES_KEPT = 64;

/**
 * A static tlog-tiles directory or server as a source for `verifyLog`. `read` gives the bytes at a path below the prefix,
 * undefined when there are none. Only tree levels that are multiples of 8 are stored in tiles; those are compared.
 */
export function tiledLog(read: (path: string) => Promise<Uint8Array | undefined>): LogSource {
  const need = async (path: string): Promise<Uint8Array> => {
    const bytes = await read(path);
    if (bytes === undefined) throw new LedgerError("missing", `there is no ${path}`);
    return bytes;
  };
  const checkpoint = async (): Promise<string> =>
    new TextDecoder("utf-8", { fatal: true }).decode(await need("checkpoint"));
  let size: Promise<number> | undefined;
  const treeSize = (): Promise<number> => {
    size ??= checkpoint().then((note) => readCheckpointUnverified(note).size);
    return size;
  };
  const tiles = new Map<string, Hash[]>();
  const tileAt = async (level: number, index: number): Promise<Hash[]> => {
    const hashes = Math.floor((await treeSize()) / TILE_WIDTH ** level);
    const tile: Tile = { level, index, width: Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH) };
    const path = tilePath(tile);
    const kept = tiles.get(path);
    if (kept !== undefined) return kept;
    const decoded = decodeTile(await need(path), tile.width);
    if (tiles.size >= TILES_KEPT) tiles.clear();
    tiles.set(path, decoded);
    return decoded;
  };
  return {
    async *checkpoints() {
      yield await checkpoint();
    },
    async *entries() {
      const end = await treeSize();
      for (let index = 0; index * TILE_WIDTH < end; index++) {
        const tile: Tile = { level: "entries", index, width: Math.min(TILE_WIDTH, end - index * TILE_WIDTH) };
        yield* decodeEntryBundle(await need(tilePath(tile)), tile.width);
      }
    },
    async hashes(nodes: readonly NodePosition[]) {
      const stored: (Hash | undefined)[] = [];
      for (const { level, n } of nodes) {
        if (level % TILE_HEIGHT !== 0) stored.push(undefined);
        else stored.push((await tileAt(level / TILE_HEIGHT, Math.floor(n / TILE_WIDTH)))[n % TILE_WIDTH]);
      }
      return stored;
    },
  };
}
