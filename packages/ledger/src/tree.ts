import { LedgerError } from "./error.ts";
import { EMPTY_TREE_HASH, HASH_SIZE, type Hash, nodeHash } from "./hash.ts";

/**
 * The Merkle tree of RFC 6962 over a storage that only appends.
 *
 * The hash of every complete subtree is stored once and never changes. Level L's n-th hash covers the entries
 * [n·2^L, (n+1)·2^L); level 0 holds the leaf hashes. All levels are interleaved into one sequence: as soon as an entry
 * completes a subtree, that subtree's hash follows the hashes it was made of. For entries 0…3:
 *
 *     stored index   0        1        2        3        4        5        6
 *     level, n       0,0      0,1      1,0      0,2      0,3      1,1      2,0
 *
 * So appending entry n only ever appends hashes, and a tree of n entries has fewer than 2n of them.
 */
export interface HashReader {
  /** The stored hashes at these stored indexes, in the same order. Throws when one is missing. */
  readHashes(indexes: readonly number[]): readonly Hash[] | Promise<readonly Hash[]>;
}

/** Entries [start, end) of the log. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Sizes up to 2^52: all indexes below stay exact in a double. Bit operators would cut at 32 bits; hence the divisions. */
export const MAX_TREE_SIZE = 2 ** 52;

const half = (n: number): number => Math.floor(n / 2);

export function checkTreeSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_TREE_SIZE) {
    throw new LedgerError("range", `tree size ${size} is not an integer between 0 and 2^52`);
  }
}

/**
 * Where the n-th hash of a level is stored.
 *
 * At level 0, entry n comes after n leaves, n/2 nodes of level 1, n/4 of level 2 and so on (rounded down): those are all
 * subtrees complete before it. At level L, the hash is written L places after the last leaf it covers, (n+1)·2^L - 1.
 */
export function storedHashIndex(level: number, n: number): number {
  let leaf = n;
  for (let l = 0; l < level; l++) leaf = 2 * leaf + 1;
  let index = 0;
  for (let rest = leaf; rest > 0; rest = half(rest)) index += rest;
  return index + level;
}

/** Which hash is stored there: the n-th of a level. */
export function storedHashNode(index: number): { readonly level: number; readonly n: number } {
  // A tree of n entries has at most 2n hashes, and nearly as many: entry n's begin at or a little behind 2n.
  let leaf = half(index);
  let first = storedHashIndex(0, leaf);
  while (first > index) first = storedHashIndex(0, --leaf);
  for (let next = storedHashIndex(0, leaf + 1); next <= index; next = storedHashIndex(0, leaf + 1)) {
    leaf++;
    first = next;
  }
  let n = leaf;
  for (let level = 0; level < index - first; level++) n = half(n);
  return { level: index - first, n };
}

/** How many hashes are stored for a tree of this size. */
export function storedHashCount(size: number): number {
  checkTreeSize(size);
  return storedHashIndex(0, size);
}

/**
 * The hashes to store for entry n, in order, beginning at `storedHashIndex(0, n)`: its leaf hash, then the hash of
 * each subtree it completes. It completes as many as n has trailing one bits: each is the right child of a node whose left
 * child is stored already.
 */
export async function storedHashesForEntry(n: number, leaf: Hash, reader: HashReader): Promise<Hash[]> {
  checkTreeSize(n + 1);
  const lefts: number[] = [];
  for (let level = 0, rest = n; rest % 2 === 1; level++, rest = half(rest))
    lefts.push(storedHashIndex(level, rest - 1));
  const stored = [leaf];
  let right = leaf;
  for (const left of await readHashes(reader, lefts)) {
    right = nodeHash(left, right);
    stored.push(right);
  }
  return stored;
}

/** The root of the tree of the first `size` entries: MTH(D[0:size]). */
export async function treeHash(size: number, reader: HashReader): Promise<Hash> {
  checkTreeSize(size);
  if (size === 0) return EMPTY_TREE_HASH;
  const [root] = await rangeHashes([{ start: 0, end: size }], reader);
  if (root === undefined) throw new LedgerError("missing", "no root hash");
  return root;
}

/** The largest power of two smaller than n (n > 1): where RFC 6962 section 2.1 splits a list of n entries. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * MTH(D[start:end]) of each range, reading all stored hashes needed at once. A range must be one that a proof can name:
 * its start is a multiple of the largest complete subtree in it.
 */
export async function rangeHashes(ranges: readonly Range[], reader: HashReader): Promise<Hash[]> {
  const parts = ranges.map(subtreeIndexes);
  const hashes = await readHashes(reader, parts.flat());
  let next = 0;
  return parts.map((indexes) => {
    const own = hashes.slice(next, next + indexes.length);
    next += indexes.length;
    // The rightmost subtrees are the smallest and the deepest: fold from the right.
    return own.reduceRight((right, left) => nodeHash(left, right));
  });
}

/** The stored indexes of the complete subtrees that make up a range, largest (leftmost) first. */
function subtreeIndexes({ start, end }: Range): number[] {
  const indexes: number[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    let width = 1;
    while (width * 2 <= end - at) {
      width *= 2;
      level++;
    }
    if (at % width !== 0) throw new LedgerError("range", `[${start}, ${end}) is not a subtree`);
    indexes.push(storedHashIndex(level, at / width));
    at += width;
  }
  return indexes;
}

async function readHashes(reader: HashReader, indexes: readonly number[]): Promise<readonly Hash[]> {
  if (indexes.length === 0) return [];
  const hashes = await reader.readHashes(indexes);
  if (hashes.length !== indexes.length || hashes.some((hash) => hash.length !== HASH_SIZE)) {
    throw new LedgerError("missing", `${indexes.length} stored hashes were asked for, ${hashes.length} came`);
  }
  return hashes;
}
