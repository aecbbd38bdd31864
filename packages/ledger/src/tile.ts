import { LedgerError } from "./error.ts";
import { HASH_SIZE, type Hash } from "./hash.ts";
import { checkTreeSize, type HashReader, storedHashIndex } from "./tree.ts";

/**
 * The log as static files, to be served by anything and verified by anyone: https://c2sp.org/tlog-tiles
 *
 * A tile of level L holds up to 256 consecutive hashes of tree level 8·L; the seven levels between follow from them.
 */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;

/** What the 16-bit length before each entry of a bundle can say. */
export const MAX_ENTRY_SIZE = 65_535;

/** A tile, or an entry bundle when `level` is "entries". */
export interface Tile {
  readonly level: number | "entries";
  /** Position among the tiles of its level. */
  readonly index: number;
  /** Hashes or entries in it, 1…256; below 256 it is partial. */
  readonly width: number;
}

/** Path below the log's prefix: `tile/0/x001/234`, `tile/entries/005.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  let elements = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    elements = `x${String(rest % 1000).padStart(3, "0")}/${elements}`;
  }
  return `tile/${level}/${elements}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Reads a path that `tilePath` could have written. Throws LedgerError "malformed" for any other. */
export function parseTilePath(path: string): Tile {
  const match = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  const [, levelText, elements, widthText] = match ?? [];
  if (levelText === undefined || elements === undefined) throw new LedgerError("malformed", "not the path of a tile");
  const tile: Tile = {
    level: levelText === "entries" ? "entries" : Number(levelText),
    index: Number(elements.replace(/[x/]/g, "")),
    width: widthText === undefined ? TILE_WIDTH : Number(widthText),
  };
  // One path a tile: not `x000/001`, not `.p/256`, no level past 63.
  if (tilePath(tile) !== path || (tile.level !== "entries" && tile.level > 63) || tile.width > TILE_WIDTH) {
    throw new LedgerError("malformed", "not the path of a tile");
  }
  return tile;
}

/**
 * Every tile and entry bundle of a tree of this size, the partial ones at their widths for this size; with `from`, only
 * those that a tree of that earlier size did not have already.
 */
export function* tilesOfTree(size: number, from = 0): Generator<Tile> {
  checkTreeSize(size);
  yield* tilesOfLevel("entries", size, from);
  for (let level = 0, now = size, before = from; now > 0; level++) {
    yield* tilesOfLevel(level, now, before);
    now = Math.floor(now / TILE_WIDTH);
    before = Math.floor(before / TILE_WIDTH);
  }
}

function* tilesOfLevel(level: Tile["level"], hashes: number, before: number): Generator<Tile> {
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < hashes; index++) {
    const width = Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH);
    if (index * TILE_WIDTH + width > before) yield { level, index, width };
  }
}

/** The bytes of a tile of hashes. */
export async function readTile({ level, index, width }: Tile, reader: HashReader): Promise<Uint8Array> {
  if (level === "entries") throw new LedgerError("range", "an entry bundle holds no hashes");
  const indexes = Array.from({ length: width }, (_, i) => storedHashIndex(level * TILE_HEIGHT, index * TILE_WIDTH + i));
  return Buffer.concat(await reader.readHashes(indexes));
}

/** The hashes of a tile. Throws LedgerError "malformed" unless there are `width`. */
export function decodeTile(bytes: Uint8Array, width: number): Hash[] {
  if (bytes.length !== width * HASH_SIZE)
    throw new LedgerError("malformed", `a tile of width ${width} has other bytes`);
  return Array.from({ length: width }, (_, i) => bytes.slice(i * HASH_SIZE, (i + 1) * HASH_SIZE));
}

/** Entries, each after its length as a big-endian uint16. Throws LedgerError "range" for one over 65,535 bytes. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_SIZE) throw new LedgerError("range", `an entry has at most ${MAX_ENTRY_SIZE} bytes`);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The entries of a bundle. Throws LedgerError "malformed" unless there are exactly `width` and no byte is left. */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + 2;
    const end = start <= bytes.length ? start + view.getUint16(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new LedgerError("malformed", "an entry bundle ends within an entry");
    entries.push(bytes.slice(start, end));
    at = end;
  }
  if (entries.length !== width) {
    throw new LedgerError("malformed", `an entry bundle of width ${width} has ${entries.length} entries`);
  }
  return entries;
}
