// One column, field or element of Avro's plan, as the host writes it: 12 words of 32 bits, little-endian.

export const NODE_BYTES: usize = 48;

/** What is to be done where the column stands: how a shown value is encoded, or one of what follows them. */
// @ts-ignore: decorator
@inline export function workOf(node: usize): u32 {
  return load<u32>(node);
}
/** The same for one element of an array. */
// @ts-ignore: decorator
@inline export function elementWorkOf(node: usize): u32 {
  return load<u32>(node, 4);
}
/** How a value is encoded, whatever becomes of it. */
// @ts-ignore: decorator
@inline export function encodingOf(node: usize): u32 {
  return load<u32>(node, 8);
}
/** The byte that says in upstream's union that a value follows; of an array, before each element. */
// @ts-ignore: decorator
@inline export function valueBranchOf(node: usize): u32 {
  return load<u32>(node, 12);
}
// @ts-ignore: decorator
@inline export function isRepeated(node: usize): bool {
  return load<u32>(node, 16) != 0;
}
/** Children stand one behind the other: where the first is. */
// @ts-ignore: decorator
@inline export function firstChild(node: usize): usize {
  return load<u32>(node, 20);
}
// @ts-ignore: decorator
@inline export function childrenEnd(node: usize): usize {
  return load<u32>(node, 24);
}
// @ts-ignore: decorator
@inline export function actionOf(node: usize): u32 {
  return load<u32>(node, 28);
}
/** What stands in for a value, without its branch; 32 bytes are always there to be read. */
// @ts-ignore: decorator
@inline export function constantOf(node: usize): usize {
  return load<u32>(node, 32);
}
/** 0: NULL stands in for it. */
// @ts-ignore: decorator
@inline export function constantLength(node: usize): usize {
  return load<u32>(node, 36);
}
/** Values masked in this scan. */
// @ts-ignore: decorator
@inline export function countOf(node: usize): u32 {
  return load<u32>(node, 40);
}
// @ts-ignore: decorator
@inline export function setCount(node: usize, count: u32): void {
  store<u32>(node, count, 40);
}
/** Of the token's domain: the states of SHA-256 behind the inner and the outer padded key. */
// @ts-ignore: decorator
@inline export function keyOf(node: usize): usize {
  return load<u32>(node, 44);
}

/** There is no union. */
export const NO_UNION: u32 = 0xff;

// Encodings. A record is a STRUCT, a RANGE, or the row.
export const BOOLEAN: u32 = 0;
export const INT: u32 = 1;
export const LONG: u32 = 2;
export const DOUBLE: u32 = 3;
export const STRING: u32 = 4;
export const BYTES: u32 = 5;
/** At most 16 bytes. */
export const NUMERIC: u32 = 6;
/** At most 32. */
export const BIGNUMERIC: u32 = 7;
export const RECORD: u32 = 8;
// Further work.
export const MASK: u32 = 9;
/** A STRUCT that becomes NULL whole. */
export const NULLED: u32 = 10;
export const ARRAY: u32 = 11;
/** An array that becomes empty. */
export const EMPTIED: u32 = 12;

// Actions.
/** The constant stands in for it. */
export const REPLACE: u32 = 1;
/** The host computes it. */
export const HOST: u32 = 2;
// Computed here where the value is short and plain, else by the host.
export const TOKEN_STRING: u32 = 3;
export const TOKEN_INT64: u32 = 4;
export const TOKEN_BYTES: u32 = 5;
export const LAST4: u32 = 6;
export const FIRST4: u32 = 7;
