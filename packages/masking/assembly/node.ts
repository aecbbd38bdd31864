// One field of the plan, as the host writes it: 12 words of 32 bits, little-endian.

export const NODE_BYTES: usize = 48;

/** How many leaves in a row, from this node on, are neither masked nor repeated. */
// @ts-ignore: decorator
@inline export function plainCells(node: usize): u32 {
  return load<u32>(node);
}
/** Neither repeated nor a STRUCT. */
// @ts-ignore: decorator
@inline export function isLeaf(node: usize): bool {
  return load<u64>(node, 4) == 0;
}
// @ts-ignore: decorator
@inline export function isRepeated(node: usize): bool {
  return load<u32>(node, 4) != 0;
}
/** 0 of a leaf. */
// @ts-ignore: decorator
@inline export function childCount(node: usize): usize {
  return load<u32>(node, 8);
}
/** Children stand one behind the other. */
// @ts-ignore: decorator
@inline export function firstChild(node: usize): usize {
  return load<u32>(node, 12);
}
// @ts-ignore: decorator
@inline export function actionOf(node: usize): u32 {
  return load<u32>(node, 16);
}
/** The whole array or STRUCT is replaced by the constant. */
// @ts-ignore: decorator
@inline export function isWhole(node: usize): bool {
  return load<u32>(node, 20) != 0;
}
/** 32 bytes are always there to be read. */
// @ts-ignore: decorator
@inline export function constantOf(node: usize): usize {
  return load<u32>(node, 24);
}
// @ts-ignore: decorator
@inline export function constantLength(node: usize): usize {
  return load<u32>(node, 28);
}
/** Values masked in this scan. */
// @ts-ignore: decorator
@inline export function countOf(node: usize): u32 {
  return load<u32>(node, 32);
}
// @ts-ignore: decorator
@inline export function setCount(node: usize, count: u32): void {
  store<u32>(node, count, 32);
}
/** Of the token's domain: the states of SHA-256 behind the inner and the outer padded key. */
// @ts-ignore: decorator
@inline export function keyOf(node: usize): usize {
  return load<u32>(node, 36);
}

/** Leaves: what becomes of a string. */
export const SHOW: u32 = 0;
/** The constant stands in for it. */
export const REPLACE: u32 = 1;
/** Inside of what is replaced whole: neither written nor counted. */
export const DROP: u32 = 2;
/** The host computes it. */
export const HOST: u32 = 3;
/** Computed here where the value is short and plain, else by the host. */
export const TOKEN_STRING: u32 = 4;
export const TOKEN_INT64: u32 = 5;
export const LAST4: u32 = 6;
export const FIRST4: u32 = 7;
