import { hash } from "node:crypto";

/** A SHA-256 hash, 32 bytes. */
export type Hash = Uint8Array;

export const HASH_SIZE = 32;

/**
 * Domain separation of leaves and nodes: without it, the two children of a node, read as one leaf, would have the node's
 * hash, and a proof for an entry nobody wrote could be made. https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export const LEAF_HASH_PREFIX = 0x00;
export const NODE_HASH_PREFIX = 0x01;

function sha256(bytes: Uint8Array): Hash {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

/** MTH({}): the hash of a tree with no entries is the hash of no bytes. */
export const EMPTY_TREE_HASH: Hash = sha256(new Uint8Array(0));

/** MTH({d}) = SHA-256(0x00 || d), the hash of one entry. https://www.rfc-editor.org/rfc/rfc6962#section-2.1 */
export function leafHash(entry: Uint8Array): Hash {
  const input = new Uint8Array(1 + entry.length);
  input[0] = LEAF_HASH_PREFIX;
  input.set(entry, 1);
  return sha256(input);
}

/** SHA-256(0x01 || left || right), the hash of an interior node. https://www.rfc-editor.org/rfc/rfc6962#section-2.1 */
export function nodeHash(left: Hash, right: Hash): Hash {
  const input = new Uint8Array(1 + 2 * HASH_SIZE);
  input[0] = NODE_HASH_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + HASH_SIZE);
  return sha256(input);
}

export function sameHash(a: Hash, b: Hash): boolean {
  return a.length === b.length && a.every((byte, position) => byte === b[position]);
}

/** Standard base64 (RFC 4648 section 4), as all C2SP formats write hashes. */
export function hashToBase64(value: Hash): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64");
}
