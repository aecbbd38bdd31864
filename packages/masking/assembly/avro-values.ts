/**
 * Avro's binary encoding of single values, in its shortest form only: what isn't so, or ends behind the last byte, gives 0, and is the exact
 * implementation's. https://avro.apache.org/docs/1.11.1/specification/#binary-encoding
 */
import { BIGNUMERIC, BOOLEAN, BYTES, DOUBLE, INT, LONG, NUMERIC, STRING } from "./avro-node";

/** Behind the last byte to be read. */
export let inEnd: usize = 0;

export function setEnd(end: usize): void {
  inEnd = end;
}

/** Where the bytes begin of the string or bytes that were passed over last. */
export let contentAt: usize = 0;

/** The top bits of eight bytes: set in all of a varint but the last. */
const MORE: u64 = 0x8080_8080_8080_8080;

// @ts-ignore: decorator
@inline function endOfLong(p: usize): usize {
  const ends = ~load<u64>(p) & MORE;
  if (ends == 0) return endOfLongest(p);
  const last = <usize>(ctz(ends) >> 3);
  if (last > 0 && load<u8>(p + last) == 0) return 0;
  return p + last + 1;
}

/** Of nine or ten bytes, the last of which holds one bit. */
function endOfLongest(p: usize): usize {
  const ninth = load<u8>(p, 8);
  if (ninth < 0x80) return ninth == 0 ? 0 : p + 9;
  return load<u8>(p, 9) == 1 ? p + 10 : 0;
}

// @ts-ignore: decorator
@inline function endOfInt(p: usize): usize {
  const end = endOfLong(p);
  return end - p < 5 || (end - p == 5 && load<u8>(p, 4) < 0x10) ? end : 0;
}

/** Where the count ended that was read last. */
export let countEnd: usize = 0;

/** A count or length of at most four bytes; -1 and an end of 0 if it is longer, or no shortest form. */
export function readCount(p: usize): i32 {
  const word = load<u32>(p);
  const ends = ~word & <u32>MORE;
  const last = <usize>(ctz(ends) >> 3);
  if (ends == 0 || (last > 0 && load<u8>(p + last) == 0)) {
    countEnd = 0;
    return -1;
  }
  countEnd = p + last + 1;
  const own = word & (ends ^ (ends - 1));
  const value = (own & 0x7f) | ((own >> 1) & 0x3f80) | ((own >> 2) & 0x1f_c000) | ((own >> 3) & 0xfe0_0000);
  return <i32>(value >> 1) ^ -(<i32>(value & 1));
}

/** 0 ≤ count < 2^27, written at `out`; returns where it ends. */
export function writeCount(count: u32, out: usize): usize {
  let rest = count << 1;
  for (; rest >= 0x80; rest >>= 7) store<u8>(out++, <u8>(rest | 0x80));
  store<u8>(out, <u8>rest);
  return out + 1;
}

/** Where the string or bytes at `p` begin, behind their length; `endOfContent` is where they end, behind which is nothing to be read if 0. */
// @ts-ignore: decorator
@inline function startOfContent(p: usize): usize {
  const first = <usize>load<u8>(p);
  if (first < 0x80) {
    const end = p + 1 + (first >> 1);
    endOfContent = (first & 1) == 0 && end <= inEnd ? end : 0;
    return p + 1;
  }
  const length = readCount(p);
  const end = countEnd + <usize>length;
  endOfContent = length >= 0 && end <= inEnd ? end : 0;
  return countEnd;
}

let endOfContent: usize = 0;

/** Bits of the bytes, of 16 at `p`, that aren't ASCII and stand before `end`. */
// @ts-ignore: decorator
@inline function notAscii(bytes: v128, p: usize, end: usize): i32 {
  const bits = i8x16.bitmask(bytes);
  return end - p < 16 ? bits & ((1 << <i32>(end - p)) - 1) : bits;
}

// @ts-ignore: decorator
@inline function endOfText(p: usize): usize {
  const start = startOfContent(p);
  const end = endOfContent;
  if (end == 0) return 0;
  contentAt = start;
  let other = 0;
  for (let at = start; at < end; at += 16) other |= notAscii(v128.load(at), at, end);
  return other == 0 || isUtf8(start, end) ? end : 0;
}

// @ts-ignore: decorator
@inline function copyText(p: usize, d: usize): usize {
  const start = startOfContent(p);
  const end = endOfContent;
  if (end == 0) return 0;
  store<u32>(p + d, load<u32>(p));
  let other = 0;
  for (let at = start; at < end; at += 16) {
    const bytes = v128.load(at);
    v128.store(at + d, bytes);
    other |= notAscii(bytes, at, end);
  }
  return other == 0 || isUtf8(start, end) ? end : 0;
}

// @ts-ignore: decorator
@inline function endOfBytes(p: usize): usize {
  contentAt = startOfContent(p);
  return endOfContent;
}

// @ts-ignore: decorator
@inline function endOfDecimal(p: usize, most: usize): usize {
  const twice = <usize>load<u8>(p);
  const end = p + 1 + (twice >> 1);
  return twice != 0 && (twice & 1) == 0 && twice <= most * 2 && end <= inEnd ? end : 0;
}

// @ts-ignore: decorator
@inline function copyShort(p: usize, end: usize, d: usize): usize {
  v128.store(p + d, v128.load(p));
  return end;
}

/** Where the value at `p` ends. */
export function endOfValue(encoding: u32, p: usize): usize {
  switch (encoding) {
    case BOOLEAN:
      return load<u8>(p) > 1 ? 0 : p + 1;
    case INT:
      return endOfInt(p);
    case LONG:
      return endOfLong(p);
    case DOUBLE:
      return p + 8;
    case STRING:
      return endOfText(p);
    case BYTES:
      return endOfBytes(p);
    case NUMERIC:
      return endOfDecimal(p, 16);
    case BIGNUMERIC:
      return endOfDecimal(p, 32);
    default:
      return 0;
  }
}

/** Copies the value at `p` to `p + d`, and maybe some of what follows; returns where it ends. */
// @ts-ignore: decorator
@inline export function copyValue(encoding: u32, p: usize, d: usize): usize {
  switch (encoding) {
    case BOOLEAN:
      store<u8>(p + d, load<u8>(p));
      return load<u8>(p) > 1 ? 0 : p + 1;
    case INT:
      return copyShort(p, endOfInt(p), d);
    case LONG:
      return copyShort(p, endOfLong(p), d);
    case DOUBLE:
      return copyShort(p, p + 8, d);
    case STRING:
      return copyText(p, d);
    case BYTES: {
      const start = startOfContent(p);
      store<u32>(p + d, load<u32>(p));
      const end = endOfContent;
      for (let at = start; at < end; at += 16) v128.store(at + d, v128.load(at));
      return end;
    }
    case NUMERIC:
    case BIGNUMERIC:
      v128.store(p + d, v128.load(p));
      v128.store(p + d, v128.load(p, 16), 16);
      store<u8>(p + d, load<u8>(p, 32), 32);
      return endOfDecimal(p, encoding == NUMERIC ? 16 : 32);
    default:
      return 0;
  }
}

// @ts-ignore: decorator
@inline function follows(p: usize, from: u8, to: u8): bool {
  const byte = load<u8>(p);
  return byte >= from && byte <= to;
}

/** https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506, table 3-7 */
function isUtf8(p: usize, end: usize): bool {
  while (p < end) {
    const first = load<u8>(p);
    if (first < 0x80) {
      p++;
      continue;
    }
    const left = end - p;
    if (first < 0xe0) {
      if (first < 0xc2 || left < 2 || !follows(p + 1, 0x80, 0xbf)) return false;
      p += 2;
    } else if (first < 0xf0) {
      if (left < 3 || !follows(p + 1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf)) return false;
      if (!follows(p + 2, 0x80, 0xbf)) return false;
      p += 3;
    } else {
      if (first > 0xf4 || left < 4) return false;
      if (!follows(p + 1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf)) return false;
      if (!follows(p + 2, 0x80, 0xbf) || !follows(p + 3, 0x80, 0xbf)) return false;
      p += 4;
    }
  }
  return true;
}
