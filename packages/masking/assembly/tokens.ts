/**
 * Keyed tokens: HMAC-SHA-256 (RFC 2104) of `TYPE\0value`, four at a time. While a row is read, a token's place is reserved and
 * the value queued; rows that were taken are hashed in groups of four.
 */
import { GAP_ENTRIES, GAPS, QUEUE, QUEUE_ENTRIES } from "./layout";
import {
  compress,
  digestOf,
  digestWords,
  lanes,
  loadState,
  outerBlock,
  startBlock,
  stateAt,
  transposeBlock,
} from "./sha256";

/** Quotes and 32 characters. */
export const STRING_TOKEN_BYTES: usize = 34;
/** Quotes and at most the 16 digits of 2^53 - 1. */
export const INT64_TOKEN_BYTES: usize = 18;
/** One block holds the type's name, a zero byte, the value, SHA-256's end mark and length (FIPS 180-4, 5.1.1). */
export const LONGEST_TOKENISED: usize = 64 - 9 - 7;

// Entries: place of the value, its length and form, the key, the place of the token.
const ENTRY: usize = 16;
const LENGTH: u32 = 0xffff;
// What the value is, and how its token is written.
export const STRING_IN_JSON: u32 = 0;
export const INT64_IN_JSON: u32 = 0x1_0000;
export const STRING_IN_AVRO: u32 = 0x2_0000;
/** A varint, whose length isn't said. */
export const INT64_IN_AVRO: u32 = 0x3_0000;
export const BYTES_IN_AVRO: u32 = 0x4_0000;

let queued: i32 = 0;
/** Of the queue, at the row's beginning. */
let rowStart: i32 = 0;
let gaps: i32 = 0;
export let gapBytes: usize = 0;

export function startTokens(): void {
  queued = 0;
  rowStart = 0;
  gaps = 0;
  gapBytes = 0;
}

// @ts-ignore: decorator
@inline export function markTokens(): void {
  rowStart = queued;
}

/** Forgets those of the row that wasn't recognised. */
export function dropTokens(): void {
  queued = rowStart;
}

/** False if the queue is full. */
export function enqueueToken(key: usize, form: u32, start: usize, length: usize, out: usize): bool {
  if (queued == QUEUE_ENTRIES || gaps + queued >= GAP_ENTRIES) return false;
  const entry = QUEUE + <usize>queued * ENTRY;
  store<u32>(entry, <u32>start);
  store<u32>(entry, <u32>length | form, 4);
  store<u32>(entry, <u32>key, 8);
  store<u32>(entry, <u32>out, 12);
  queued++;
  return true;
}

/** Computes all whole groups of four. */
// @ts-ignore: decorator
@inline export function hashReady(): void {
  if (queued >= 4) hash(queued & ~3);
}

/** Computes all that is left. */
export function finishTokens(): void {
  if (queued == 0) return;
  // A group that isn't full hashes its last value more than once, and writes it once.
  hash(queued);
}

function hash(count: i32): void {
  for (let i = 0; i < count; i += 4) {
    for (let lane = 0; lane < 4; lane++) {
      const entry = entryAt(min(i + lane, count - 1));
      prepare(entry, lane);
    }
    transposeBlock();
    loadState(innerKeyOf(i, 0, count), innerKeyOf(i, 1, count), innerKeyOf(i, 2, count), innerKeyOf(i, 3, count));
    compress();
    outerBlock();
    loadState(innerKeyOf(i, 0, count) + 32, innerKeyOf(i, 1, count) + 32, innerKeyOf(i, 2, count) + 32, innerKeyOf(i, 3, count) + 32);
    compress();
    const last = min(4, count - i);
    for (let lane = 0; lane < last; lane++) write(entryAt(i + lane), lane);
  }
  const left = queued - count;
  if (left > 0) memory.copy(QUEUE, QUEUE + <usize>count * ENTRY, <usize>left * ENTRY);
  queued = left;
}

// @ts-ignore: decorator
@inline function entryAt(i: i32): usize {
  return QUEUE + <usize>i * ENTRY;
}

// @ts-ignore: decorator
@inline function innerKeyOf(i: i32, lane: i32, count: i32): usize {
  return <usize>load<u32>(entryAt(min(i + lane, count - 1)), 8);
}

/** From 16 - n on: 16 bytes of which the first n are set. */
const FIRST_BYTES: usize = memory.data<u64>([~0, ~0, 0, 0]);
/** From 16 - n on: 16 bytes of which the one at n is SHA-256's end mark; of n = 16, and n = -16, none. */
const END_MARK: usize = memory.data<u64>([0, 0, 0x80, 0, 0, 0]);

/** An integer's text, with room for loads that run over. */
const DIGITS: usize = memory.data(20 + 64);

function prepare(entry: usize, lane: i32): void {
  const start = <usize>load<u32>(entry);
  const tagged = load<u32>(entry, 4);
  const length = <usize>(tagged & LENGTH);
  switch (tagged & ~LENGTH) {
    case STRING_IN_JSON:
    case STRING_IN_AVRO:
      prepareString(lane, start, length);
      break;
    case INT64_IN_JSON:
      prepareInt64(lane, start, length);
      break;
    case INT64_IN_AVRO:
      prepareInt64(lane, DIGITS, signed(start, DIGITS));
      break;
    case BYTES_IN_AVRO:
      prepareBytes(lane, start, length);
      break;
  }
}

/** The text of the varint at `p`, of 64 bits in zig-zag; returns how long it is. */
function signed(p: usize, out: usize): usize {
  let value: u64 = 0;
  let shift: u64 = 0;
  while (true) {
    const byte = <u64>load<u8>(p++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  if ((value & 1) == 0) return decimal(value >> 1, out);
  store<u8>(out, 0x2d);
  return 1 + decimal((value >> 1) + 1, out + 1);
}

/** The lane's block of `STRING\0` and the value. */
// @ts-ignore: decorator
@inline export function prepareString(lane: i32, start: usize, length: usize): void {
  const prefix = i8x16(0x53, 0x54, 0x52, 0x49, 0x4e, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const first = i8x16.shuffle(prefix, v128.load(start), 0, 1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21, 22, 23, 24);
  fillBlock(lane, first, start + 9, 7 + <i32>length);
}

/** Of `INT64\0`. */
function prepareInt64(lane: i32, start: usize, length: usize): void {
  const prefix = i8x16(0x49, 0x4e, 0x54, 0x36, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const first = i8x16.shuffle(prefix, v128.load(start), 0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25);
  fillBlock(lane, first, start + 10, 6 + <i32>length);
}

/** Of `BYTES\0`. */
function prepareBytes(lane: i32, start: usize, length: usize): void {
  const prefix = i8x16(0x42, 0x59, 0x54, 0x45, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const first = i8x16.shuffle(prefix, v128.load(start), 0, 1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25);
  fillBlock(lane, first, start + 10, 6 + <i32>length);
}

/**
 * The one block behind the padded key: the message of so many bytes, the end mark, zeros, and how many bits there were with the key's block. The
 * message's first 16 bytes are given, the others begin at `next`; what is loaded behind its end is masked out.
 */
// @ts-ignore: decorator
@inline function fillBlock(lane: i32, first: v128, next: usize, bytes: i32): void {
  const block = startBlock(lane);
  v128.store(block, ended(first, bytes));
  v128.store(block, ended(v128.load(next), bytes - 16), 16);
  v128.store(block, ended(v128.load(next, 16), bytes - 32), 32);
  v128.store(block, i32x4.replace_lane(ended(v128.load(next, 32), bytes - 48), 3, bswap((64 + bytes) << 3)), 48);
}

/** The first `left` bytes, the end mark and zeros; `left` may be less than none, or more than all. */
// @ts-ignore: decorator
@inline function ended(bytes: v128, left: i32): v128 {
  const shown = <usize>(16 - max(0, min(16, left)));
  const marked = <usize>(16 - max(-16, min(16, left)));
  return v128.or(v128.and(bytes, v128.load(FIRST_BYTES + shown)), v128.load(END_MARK + marked));
}

/** 32, as Avro writes a length. */
const LENGTH_32: u8 = 64;
/** Of a varint of 54 bits. */
const AVRO_INT64_BYTES: usize = 8;

function write(entry: usize, lane: i32): void {
  const out = <usize>load<u32>(entry, 12);
  switch (load<u32>(entry, 4) & ~LENGTH) {
    case STRING_IN_JSON: {
      store<u8>(out, 0x22);
      writeString(lane, out + 1);
      store<u8>(out, 0x22, 33);
      break;
    }
    case INT64_IN_JSON: {
      store<u8>(out, 0x22);
      const digits = decimal(int64Of(lane), out + 1);
      store<u8>(out + 1 + digits, 0x22);
      leaveGap(out + 2 + digits, INT64_TOKEN_BYTES - 2 - digits);
      break;
    }
    case STRING_IN_AVRO: {
      store<u8>(out, LENGTH_32);
      writeString(lane, out + 1);
      break;
    }
    case INT64_IN_AVRO: {
      let rest = int64Of(lane) << 1;
      let at = out;
      for (; rest >= 0x80; rest >>= 7) store<u8>(at++, <u8>(rest | 0x80));
      store<u8>(at++, <u8>rest);
      leaveGap(at, out + AVRO_INT64_BYTES - at);
      break;
    }
    case BYTES_IN_AVRO: {
      store<u8>(out, LENGTH_32);
      const digest = stateAt(lane, 8);
      v128.store(out, v128.load(digest), 1);
      v128.store(out, v128.load(digest, 16), 17);
      break;
    }
  }
}

// @ts-ignore: decorator
@inline function writeString(lane: i32, out: usize): void {
  const digest = stateAt(lane, 5);
  v128.store(out, base32(v128.load(digest)));
  v128.store(out, base32(v128.load(digest, 10)), 16);
}

/** 1 to 2^53 - 1. */
// @ts-ignore: decorator
@inline function int64Of(lane: i32): u64 {
  return max<u64>(1, bswap(load<u64>(stateAt(lane, 2))) >> 11);
}

function leaveGap(at: usize, unused: usize): void {
  if (unused == 0) return;
  const gap = GAPS + <usize>gaps * 8;
  store<u32>(gap, <u32>at);
  store<u32>(gap, <u32>unused, 4);
  gaps++;
  gapBytes += unused;
}

/** The tokens of the four strings that were prepared, without quotes, at `out` one behind the other. */
export function hashStrings(key: usize, out: usize): void {
  transposeBlock();
  loadState(key, key, key, key);
  compress();
  outerBlock();
  const outer = key + 32;
  loadState(outer, outer, outer, outer);
  compress();
  const fifth = digestWords(4);
  storeString(out, digestOf(0), i8x16.shuffle(fifth, fifth, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  storeString(out + 32, digestOf(1), i8x16.shuffle(fifth, fifth, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  storeString(out + 64, digestOf(2), i8x16.shuffle(fifth, fifth, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  storeString(out + 96, digestOf(3), i8x16.shuffle(fifth, fifth, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

/** `begin`: a digest's first 16 bytes; `end`: the four behind them. */
// @ts-ignore: decorator
@inline function storeString(out: usize, begin: v128, end: v128): void {
  v128.store(out, base32(begin));
  v128.store(out, base32(i8x16.shuffle(begin, end, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 0, 0, 0, 0, 0)), 16);
}

/** 80 bits as 16 characters of RFC 4648's alphabet in lower case. */
// @ts-ignore: decorator
@inline function base32(bytes: v128): v128 {
  // For each character the two bytes in which its five bits lie; a product moves them to the top.
  const shifts = i16x8(1, 1 << 5, 1 << 2, 1 << 7, 1 << 4, 1 << 1, 1 << 6, 1 << 3);
  const low = i8x16.shuffle(bytes, bytes, 1, 0, 1, 0, 2, 1, 2, 1, 3, 2, 4, 3, 4, 3, 5, 4);
  const high = i8x16.shuffle(bytes, bytes, 6, 5, 6, 5, 7, 6, 7, 6, 8, 7, 9, 8, 9, 8, 10, 9);
  const values = i8x16.narrow_i16x8_u(
    i16x8.shr_u(i16x8.mul(low, shifts), 11),
    i16x8.shr_u(i16x8.mul(high, shifts), 11),
  );
  // `a` to `z`, then `2` to `7`.
  const digits = i8x16.gt_s(values, i8x16.splat(25));
  return i8x16.add(i8x16.add(values, i8x16.splat(0x61)), v128.and(digits, i8x16.splat(0x32 - 26 - 0x61)));
}

/** Returns how many digits it wrote. */
function decimal(value: u64, out: usize): usize {
  let length: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) length++;
  let rest = value;
  for (let i = length; i > 0; i--) {
    store<u8>(out + i - 1, 0x30 + <u8>(rest % 10));
    rest /= 10;
  }
  return length;
}

/** Closes the gaps that numbers left; the new end. */
export function compactGaps(end: usize): usize {
  let to = <usize>load<u32>(GAPS);
  for (let i = 0; i < gaps; i++) {
    const gap = GAPS + <usize>i * 8;
    const from = <usize>load<u32>(gap) + <usize>load<u32>(gap, 4);
    const until = i + 1 < gaps ? <usize>load<u32>(gap, 8) : end;
    memory.copy(to, from, until - from);
    to += until - from;
  }
  return to;
}

/** Makes of a padded key's block (64 bytes at `at`) the state behind it, 8 words in its place. */
export function padKey(at: usize): void {
  for (let lane = 0; lane < 4; lane++) memory.copy(startBlock(lane), at, 64);
  transposeBlock();
  lanes();
  compress();
  for (let i: usize = 0; i < 8; i++) store<u32>(at + i * 4, bswap(load<u32>(stateAt(0, 8) + i * 4)));
}
