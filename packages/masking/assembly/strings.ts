// JSON strings (RFC 8259 section 7), 16 bytes at a time.

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** One bit for each byte at `p` that ends or breaks the plain run of a string: the quote, the backslash, control characters. */
// @ts-ignore: decorator
@inline function stops(bytes: v128): i32 {
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
  const backslashes = i8x16.eq(bytes, i8x16.splat(0x5c));
  const controls = i8x16.eq(i8x16.min_u(bytes, i8x16.splat(0x1f)), bytes);
  return i8x16.bitmask(v128.or(v128.or(quotes, backslashes), controls));
}

/** Length of the escape at `p`, 0 if JSON has no such. */
function escapeLength(p: usize): usize {
  switch (<i32>load<u8>(p, 1)) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return 2;
    case 0x75: {
      for (let i: usize = 2; i < 6; i++) {
        const digit = load<u8>(p + i);
        const letter = digit | 0x20;
        if (!((digit >= 0x30 && digit <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return 0;
      }
      return 6;
    }
    default:
      return 0;
  }
}

/** Copies a string to `p + d` up to the first byte that ends or breaks its plain run, and that one too; returns where it stands. */
// @ts-ignore: decorator
@inline export function copyPlain(p: usize, d: usize): usize {
  while (true) {
    const bytes = v128.load(p);
    v128.store(p + d, bytes);
    const mask = stops(bytes);
    if (mask != 0) return p + <usize>ctz(mask);
    p += 16;
  }
}

/** Copies the rest of a string to `p + d`; returns where its closing quote stands, which is copied too, or 0. */
// @ts-ignore: decorator
@inline export function copyString(p: usize, d: usize): usize {
  while (true) {
    p = copyPlain(p, d);
    const stop = load<u8>(p);
    if (stop == QUOTE) return p;
    if (stop != BACKSLASH) return 0;
    const length = escapeLength(p);
    if (length == 0) return 0;
    store<u64>(p + d, load<u64>(p));
    p += length;
  }
}

/**
 * Four bytes of ASCII from `shown` on are four characters, at the end or the beginning of the text from `start` to `end`. Says whether it surely has more than
 * these beside what fills it up (bytes up to a space): such a one stands on either side of where they are cut off.
 */
// @ts-ignore: decorator
@inline export function isLonger(start: usize, end: usize, shown: usize, last: bool): bool {
  if (last) {
    let p = shown;
    while (p > start && load<u8>(p - 1) <= 0x20) p--;
    return p > start && load<u8>(shown, 3) > 0x20;
  }
  let p = shown + 4;
  while (p < end && load<u8>(p) <= 0x20) p++;
  return p < end && load<u8>(shown) > 0x20;
}

/** The string that `endOfString` saw last has an escape. */
export let hasEscape: bool = false;

export function setEscape(value: bool): void {
  hasEscape = value;
}

/** Where the first byte stands that ends or breaks the plain run from `p` on. */
// @ts-ignore: decorator
@inline export function plainEnd(p: usize): usize {
  while (true) {
    const mask = stops(v128.load(p));
    if (mask != 0) return p + <usize>ctz(mask);
    p += 16;
  }
}

/** Where the closing quote of the string stands whose inside begins at `p`, or 0. */
export function endOfString(p: usize): usize {
  hasEscape = false;
  while (true) {
    p = plainEnd(p);
    const stop = load<u8>(p);
    if (stop == QUOTE) return p;
    if (stop != BACKSLASH) return 0;
    hasEscape = true;
    const length = escapeLength(p);
    if (length == 0) return 0;
    p += length;
  }
}
