import { LedgerError } from "./error.ts";
import { HASH_SIZE, type Hash, nodeHash, sameHash } from "./hash.ts";
import { checkTreeSize, type HashReader, type Range, rangeHashes, splitPoint } from "./tree.ts";

/** From the leaf's sibling up to the root's child, at most one hash a level. */
export type InclusionProof = readonly Hash[];

/** That the tree of an older size is a prefix of the tree of a newer one. */
export type ConsistencyProof = readonly Hash[];

/** PATH(index, D[size]): proof that the entry is in the tree of that size. https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1 */
export async function inclusionProof(index: number, size: number, reader: HashReader): Promise<InclusionProof> {
  checkIndex(index, size);
  // PATH(m, D[n]) = PATH(m, D[0:k]) : MTH(D[k:n])       for m < k
  //               = PATH(m - k, D[k:n]) : MTH(D[0:k])   for m >= k
  const siblings: Range[] = [];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      siblings.unshift({ start: middle, end });
      end = middle;
    } else {
      siblings.unshift({ start, end: middle });
      start = middle;
    }
  }
  return rangeHashes(siblings, reader);
}

/** PROOF(older, D[newer]). https://www.rfc-editor.org/rfc/rfc6962#section-2.1.2 */
export async function consistencyProof(older: number, newer: number, reader: HashReader): Promise<ConsistencyProof> {
  checkSizes(older, newer);
  if (older === 0 || older === newer) return [];
  // SUBPROOF(m, D[n], b) = SUBPROOF(m, D[0:k], b) : MTH(D[k:n])            for m <= k
  //                      = SUBPROOF(m - k, D[k:n], false) : MTH(D[0:k])    for m > k
  // until m = n: nothing when b (the verifier has that hash, it is the older root), else MTH(D[0:m]).
  const ranges: Range[] = [];
  let start = 0;
  let end = newer;
  while (end !== older) {
    const middle = start + splitPoint(end - start);
    if (older <= middle) {
      ranges.unshift({ start: middle, end });
      end = middle;
    } else {
      ranges.unshift({ start, end: middle });
      start = middle;
    }
  }
  if (start > 0) ranges.unshift({ start, end });
  return rangeHashes(ranges, reader);
}

/**
 * Throws LedgerError "proof" unless the proof leads from the leaf to the root.
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
 */
export function verifyInclusion(proof: InclusionProof, index: number, size: number, leaf: Hash, root: Hash): void {
  checkIndex(index, size);
  checkHashes([...proof, leaf, root]);
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0) throw new LedgerError("proof", "the inclusion proof is too long");
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = fn / 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      r = nodeHash(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw new LedgerError("proof", "the inclusion proof is too short");
  if (!sameHash(r, root)) throw new LedgerError("proof", `entry ${index} is not in the tree of size ${size}`);
}

/**
 * Throws LedgerError "proof" unless the proof shows that the older tree is the beginning of the newer.
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2
 */
export function verifyConsistency(
  proof: ConsistencyProof,
  older: number,
  newer: number,
  olderRoot: Hash,
  newerRoot: Hash,
): void {
  checkSizes(older, newer);
  checkHashes([...proof, olderRoot, newerRoot]);
  const inconsistent = new LedgerError(
    "proof",
    `the tree of size ${older} is not the beginning of that of size ${newer}`,
  );
  if (older === 0 || older === newer) {
    // Nothing to prove: every tree begins with the empty one, and with itself.
    if (proof.length !== 0 || (older === newer && !sameHash(olderRoot, newerRoot))) throw inconsistent;
    return;
  }
  // A complete older tree is itself a node of the newer one, so the proof leaves it out.
  const path = isPowerOfTwo(older) ? [olderRoot, ...proof] : proof;
  let fn = older - 1;
  let sn = newer - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  const [first, ...rest] = path;
  if (first === undefined) throw inconsistent;
  let fr = first;
  let sr = first;
  for (const c of rest) {
    if (sn === 0) throw inconsistent;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn = fn / 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0 || !sameHash(fr, olderRoot) || !sameHash(sr, newerRoot)) throw inconsistent;
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n)) && 2 ** Math.round(Math.log2(n)) === n;
}

function checkIndex(index: number, size: number): void {
  checkTreeSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new LedgerError("range", `a tree of size ${size} has no entry ${index}`);
  }
}

function checkSizes(older: number, newer: number): void {
  checkTreeSize(older);
  checkTreeSize(newer);
  if (older > newer) throw new LedgerError("range", `size ${older} is not older than ${newer}`);
}

function checkHashes(hashes: readonly Hash[]): void {
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) throw new LedgerError("malformed", "a hash is 32 bytes");
}
