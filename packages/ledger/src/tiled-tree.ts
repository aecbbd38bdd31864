import { hash as digest } from "node:crypto";
import { LedgerError } from "./error.ts";
import { EMPTY_TREE_HASH, HASH_SIZE, type Hash, LEAF_HASH_PREFIX, NODE_HASH_PREFIX, nodeHash } from "./hash.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "./tile.ts";
import { checkTreeSize, MAX_TREE_SIZE } from "./tree.ts";

/** Levels of the largest tree. */
const LEVELS = Math.log2(MAX_TREE_SIZE) + 1;

/** A tile of 256 hashes, which never changes any more. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
  /** Of the 256: a hash of the next level's tiles. */
  readonly root: Hash;
}

/** How many hashes of a tile level a tree of this size has in its last tile; 0 where that is full. */
export function partialWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
}

/** How many tile levels a tree of this size has anything in. */
export function tileLevels(size: number): number {
  let levels = 0;
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) levels++;
  return levels;
}

/** The hash of a complete subtree of `width` (a power of two) consecutive hashes of a tile, from the one at `from` on. */
export function subtreeHash(tile: Uint8Array, from: number, width: number): Hash {
  if (width === 1) return new Uint8Array(tile.subarray(from * HASH_SIZE, (from + 1) * HASH_SIZE));
  const half = width / 2;
  return nodeHash(subtreeHash(tile, from, half), subtreeHash(tile, from + half, half));
}

/**
 * The tree of RFC 6962 as it grows, of which only full tiles need to be stored: what isn't in one yet is in memory, and made again from the newest
 * entries at the next start. An entry costs its leaf's hash and, on average, one node's.
 */
export class TiledTree {
  #size: number;
  /** By tree level: the complete subtree that has no sibling yet. It is there where the size has that bit. */
  readonly #edge = Buffer.alloc(LEVELS * HASH_SIZE);
  /** By tile level: the last tile, not full. */
  readonly #partial: Uint8Array[] = [];
  #full: FullTile[] = [];
  /** What is being hashed: a leaf's input, and a node's. */
  #leaf = Buffer.alloc(4096);
  readonly #pair = Buffer.alloc(1 + 2 * HASH_SIZE);
  readonly #hash = Buffer.alloc(HASH_SIZE);

  /** `partial`: by tile level, the `partialWidth` hashes of the last tile. Throws LedgerError "missing" where they are others in number. */
  constructor(size: number, partial: readonly Uint8Array[]) {
    checkTreeSize(size);
    this.#size = size;
    this.#leaf[0] = LEAF_HASH_PREFIX;
    this.#pair[0] = NODE_HASH_PREFIX;
    for (let level = 0; level < tileLevels(size); level++) {
      const hashes = partial[level];
      const width = partialWidth(size, level);
      if (hashes?.length !== width * HASH_SIZE)
        throw new LedgerError("missing", `the last tile of level ${level} has not ${width} hashes`);
      const tile = new Uint8Array(TILE_WIDTH * HASH_SIZE);
      tile.set(hashes);
      this.#partial[level] = tile;
      for (let height = TILE_HEIGHT - 1, from = 0; height >= 0; height--) {
        const subtree = 2 ** height;
        if ((width & subtree) === 0) continue;
        this.#edge.set(subtreeHash(tile, from, subtree), (level * TILE_HEIGHT + height) * HASH_SIZE);
        from += subtree;
      }
    }
  }

  /** Entries in it. */
  get size(): number {
    return this.#size;
  }

  append(entry: Uint8Array): void {
    checkTreeSize(this.#size + 1);
    if (this.#leaf.length <= entry.length) {
      this.#leaf = Buffer.alloc(2 * entry.length);
      this.#leaf[0] = LEAF_HASH_PREFIX;
    }
    this.#leaf.set(entry, 1);
    this.#digest(this.#leaf.subarray(0, 1 + entry.length));
    let n = this.#size;
    for (let level = 0; ; level++) {
      if (level % TILE_HEIGHT === 0) this.#keep(level / TILE_HEIGHT, n);
      const at = level * HASH_SIZE;
      if (n % 2 === 0) {
        this.#edge.set(this.#hash, at);
        break;
      }
      this.#edge.copy(this.#pair, 1, at, at + HASH_SIZE);
      this.#hash.copy(this.#pair, 1 + HASH_SIZE);
      this.#digest(this.#pair);
      n = (n - 1) / 2;
    }
    this.#size++;
  }

  /** MTH of all entries. */
  root(): Hash {
    let root: Hash | undefined;
    for (let level = 0, rest = this.#size; rest > 0; level++, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const subtree = this.#edge.subarray(level * HASH_SIZE, (level + 1) * HASH_SIZE);
      // The rightmost subtrees are the smallest and the deepest.
      root = root === undefined ? new Uint8Array(subtree) : nodeHash(subtree, root);
    }
    return root ?? EMPTY_TREE_HASH;
  }

  /** The tiles that became full since this was asked last. */
  takeFull(): readonly FullTile[] {
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    return full;
  }

  /** The hash just made is the n-th of a tile level. */
  #keep(level: number, n: number): void {
    // Whose 256 it is of was filled by this very entry.
    const below = level === 0 ? undefined : this.#full.pop();
    if (below !== undefined) this.#full.push({ ...below, root: new Uint8Array(this.#hash) });
    let tile = this.#partial[level];
    if (tile === undefined) {
      tile = new Uint8Array(TILE_WIDTH * HASH_SIZE);
      this.#partial[level] = tile;
    }
    const position = n % TILE_WIDTH;
    tile.set(this.#hash, position * HASH_SIZE);
    if (position < TILE_WIDTH - 1) return;
    this.#partial[level] = new Uint8Array(TILE_WIDTH * HASH_SIZE);
    this.#full.push({ level, index: (n - position) / TILE_WIDTH, hashes: tile, root: EMPTY_TREE_HASH });
  }

  /** As text of bytes: an array for each would cost as much as the hash. */
  #digest(input: Uint8Array): void {
    this.#hash.write(digest("sha256", input, "binary"), 0, HASH_SIZE, "binary");
  }
}
