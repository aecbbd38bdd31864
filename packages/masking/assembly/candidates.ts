/**
 * Where in a text an identifier may begin, and of which kinds: a superset, 16 bytes at a time, of what the detectors in
 * `src/detectors` find. It decides nothing; they look again at each place. One byte stands for each UTF-16 unit of the text.
 */

/** The text; before it lie zeros, and behind it 64 are written, which belong to nothing. */
export const textAt: usize = 0x1_0000;
export const textBytes: usize = 0x10_0000;
/** Pairs of 32-bit words: the place in the text, and a bit for each kind. In the order of places. */
export const candidatesAt: usize = 0x12_0000;
export const mostCandidates: i32 = 0x1_0000;

// The order of `DETECTORS`.
const SSN: u32 = 1 << 0;
const MBI: u32 = 1 << 1;
const NPI: u32 = 1 << 2;
const DEA: u32 = 1 << 3;
const VIN: u32 = 1 << 4;
const CARD: u32 = 1 << 5;
const PHONE: u32 = 1 << 6;
const EMAIL: u32 = 1 << 7;
const URL: u32 = 1 << 8;
const IPV4: u32 = 1 << 9;
const IPV6: u32 = 1 << 10;
const DATE: u32 = 1 << 11;
const MONTH_FIRST: u32 = 1 << 12;
const DAY_FIRST: u32 = 1 << 13;
const MRN: u32 = 1 << 14;

/** How many of a window's 64 bytes begin something: before them lies one, and behind them seven, that are only looked at. */
const STRIDE: usize = 56;
const BEGINS: u64 = 0x01ff_ffff_ffff_fffe;

let count: i32 = 0;
let full: bool = false;
/** Reads so many bytes; returns how many candidates there are, or -1 if there is no room for them all. */
export function scan(length: usize): i32 {
  count = 0;
  full = false;
  const end = textAt + length;
  endText(end);
  let before: u64 = 0;
  for (let p = textAt - 1; p + 1 < end && !full; p += STRIDE) {
    let others = otherBits(p) & BEGINS;
    while (others != 0) {
      specialAt(p + <usize>ctz(others));
      others &= others - 1;
    }
    const digits = fourBlocks(digitBits(p), digitBits(p + 16), digitBits(p + 32), digitBits(p + 48));
    if ((before | digits | <u64>digitBits(p + 64)) != 0) {
      let months = monthBits(p) & BEGINS;
      while (months != 0) {
        monthAt(p + <usize>ctz(months));
        months &= months - 1;
      }
    }
    before = digits;
    const groups = digits & ~(digits << 1) & BEGINS;
    if (groups == 0) continue;
    let worthy = groups & worthyOf(p, digits);
    while (worthy != 0) {
      const offset = ctz(worthy);
      worthy &= worthy - 1;
      digitGroup(p + <usize>offset, <u32>(digits >> offset), 64 - <i32>offset);
    }
  }
  return full ? -1 : count;
}

/** 64 zeros behind the text. */
// @ts-ignore: decorator
@inline function endText(end: usize): void {
  const zeros = i8x16.splat(0);
  v128.store(end, zeros);
  v128.store(end, zeros, 16);
  v128.store(end, zeros, 32);
  v128.store(end, zeros, 48);
}

/**
 * Where groups of digits may begin an identifier: most begin none, and that is found out for all of a window at once. `d`: which bytes are digits.
 * What is set says no more than that `digitGroup` must look.
 */
function worthyOf(p: usize, d: u64): u64 {
  const letter = letterBits(p);
  const delimiter = delimiterBits(p);
  const slash = equalBits(p, 0x2f);
  const open = equalBits(p, 0x28);
  const second = d >> 1;
  const third = second & (d >> 2);
  const behind = d << 1;
  // Behind the group a delimiter, and digits that may be its second or the delimiter again: at the place of the delimiter.
  const pair = d >> 2;
  const one = (delimiter >> 2) & (d >> 3);
  const two = pair & ((d >> 3) | ((delimiter >> 3) & (d >> 4)));
  const dated = (slash >> 2) & (d >> 3);
  const slashed = pair & ((d >> 3) | (slash >> 3)) & (d >> 4);
  const more = behind & second & ((delimiter & (one | two)) | (slash & (dated | slashed)));
  const spaced = (equalBits(p, 0x2d) >> 1) & (delimiter & (delimiter >> 2)) & (d >> 3);
  const ends = more | (behind & spaced);
  const beside = (letter << 1) | (letter >> 1) | (second & (letter >> 2)) | (third & (letter >> 3));
  return (
    (third & (d >> 3)) |
    (ends >> 1) |
    (second & (ends >> 2)) |
    (third & (ends >> 3)) |
    (beside & longWords(letter | d)) |
    ((letter >> 1) & (d >> 3)) |
    ((open | equalBits(p, 0x2b)) << 1) |
    (open >> 1) |
    (open >> 2)
  );
}

/** Of letters and digits those with seven others in a row, which any part of 17 in a row has in the window, unless it begins before it. */
// @ts-ignore: decorator
@inline function longWords(alphanumeric: u64): u64 {
  let words = alphanumeric & (alphanumeric >> 1);
  words &= words >> 2;
  words &= words >> 4;
  words |= words << 1;
  words |= words << 2;
  words |= words << 4;
  return words | (alphanumeric & ~(alphanumeric + 1));
}

/**
 * Where rows of digits begin, and how long they are: of those whose length has its bit in `lengths`, the highest bit for 31 and more. For a site's
 * own forms of numbers; returns as `scan` does, and writes where it wrote.
 */
export function digitRows(length: usize, lengths: u32): i32 {
  count = 0;
  const end = textAt + length;
  endText(end);
  let digitBefore: u64 = 0;
  for (let p = textAt; p < end; p += 64) {
    const digits = fourBlocks(digitBits(p), digitBits(p + 16), digitBits(p + 32), digitBits(p + 48));
    let groups = digits & ~((digits << 1) | digitBefore);
    digitBefore = digits >> 63;
    while (groups != 0) {
      const s = p + <usize>ctz(groups);
      groups &= groups - 1;
      let e = s + 1;
      while (isDigitAt(e)) e++;
      const size = <u32>(e - s);
      if (((lengths >> min<u32>(size, 31)) & 1) == 0) continue;
      if (count == mostCandidates) return -1;
      const at = candidatesAt + (<usize>count << 3);
      store<u32>(at, <u32>(s - textAt));
      store<u32>(at, size, 4);
      count++;
    }
  }
  return count;
}

// @ts-ignore: decorator
@inline function fourBlocks(a: i32, b: i32, c: i32, d: i32): u64 {
  return <u64>a | (<u64>b << 16) | (<u64>c << 32) | (<u64>d << 48);
}

/** A bit for each of 16 bytes that is a digit. */
// @ts-ignore: decorator
@inline function digitBits(p: usize): i32 {
  const value = i8x16.sub(v128.load(p), i8x16.splat(0x30));
  return i8x16.bitmask(i8x16.eq(i8x16.min_u(value, i8x16.splat(9)), value));
}

/** A bit for each of 64 bytes that is the given one. */
// @ts-ignore: decorator
@inline function equalBits(p: usize, byte: i8): u64 {
  const bytes = i8x16.splat(byte);
  return fourBlocks(
    i8x16.bitmask(i8x16.eq(v128.load(p), bytes)),
    i8x16.bitmask(i8x16.eq(v128.load(p, 16), bytes)),
    i8x16.bitmask(i8x16.eq(v128.load(p, 32), bytes)),
    i8x16.bitmask(i8x16.eq(v128.load(p, 48), bytes)),
  );
}

// @ts-ignore: decorator
@inline function letterBits(p: usize): u64 {
  return fourBlocks(letters(p), letters(p + 16), letters(p + 32), letters(p + 48));
}

// @ts-ignore: decorator
@inline function letters(p: usize): i32 {
  const value = i8x16.sub(v128.or(v128.load(p), i8x16.splat(0x20)), i8x16.splat(0x61));
  return i8x16.bitmask(i8x16.eq(i8x16.min_u(value, i8x16.splat(25)), value));
}

// @ts-ignore: decorator
@inline function delimiterBits(p: usize): u64 {
  return fourBlocks(delimiters(p), delimiters(p + 16), delimiters(p + 32), delimiters(p + 48));
}

/** Space, dash, dot or underscore. */
// @ts-ignore: decorator
@inline function delimiters(p: usize): i32 {
  const bytes = v128.load(p);
  const spaces = v128.or(i8x16.eq(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x5f)));
  const dashes = v128.or(i8x16.eq(bytes, i8x16.splat(0x2d)), i8x16.eq(bytes, i8x16.splat(0x2e)));
  return i8x16.bitmask(v128.or(spaces, dashes));
}

// @ts-ignore: decorator
@inline function otherBits(p: usize): u64 {
  return fourBlocks(others(p), others(p + 16), others(p + 32), others(p + 48));
}

/** A bit for each `@`, each colon, and each w behind another w. */
// @ts-ignore: decorator
@inline function others(p: usize): i32 {
  const bytes = v128.load(p);
  const marks = v128.or(i8x16.eq(bytes, i8x16.splat(0x40)), i8x16.eq(bytes, i8x16.splat(0x3a)));
  const w = i8x16.splat(0x77);
  const space = i8x16.splat(0x20);
  const doubled = v128.and(i8x16.eq(v128.or(bytes, space), w), i8x16.eq(v128.or(v128.load(p - 1), space), w));
  return i8x16.bitmask(v128.or(marks, doubled));
}

// @ts-ignore: decorator
@inline function monthBits(p: usize): u64 {
  return fourBlocks(months(p), months(p + 16), months(p + 32), months(p + 48));
}

/**
 * Where the first three letters of a month may stand, in either case: each letter has, by its place in the alphabet, a bit for each group of months that
 * has it there (Hyperscan's Teddy). jan, jun, jul 1; mar, may 2; feb, sep 4; apr 8; aug 16; oct 32; nov 64; dec 128.
 */
// @ts-ignore: decorator
@inline function months(p: usize): i32 {
  //                   `p aq br cs dt eu fv gw hx iy jz k  l  m  n  o
  const first = i8x16(0, 24, 0, 4, -128, 0, 4, 0, 0, 0, 1, 0, 0, 2, 64, 32);
  const second = i8x16(8, 3, 0, 32, 0, -107, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64);
  const third = i8x16(4, 0, 14, -128, 32, 0, 64, 16, 0, 2, 0, 0, 1, 0, 1, 0);
  const low = i8x16.splat(0xf);
  const found = v128.and(
    v128.and(
      i8x16.swizzle(first, v128.and(v128.load(p), low)),
      i8x16.swizzle(second, v128.and(v128.load(p, 1), low)),
    ),
    i8x16.swizzle(third, v128.and(v128.load(p, 2), low)),
  );
  return ~i8x16.bitmask(i8x16.eq(found, i8x16.splat(0))) & 0xffff;
}

function specialAt(place: usize): void {
  const byte = load<u8>(place);
  if (byte == 0x40) emailBefore(place);
  else if (byte == 0x3a) colonAt(place);
  else if (load<u8>(place + 1) == 0x2e && (load<u8>(place - 2) | 0x20) == 0x77) add(place - 2, URL);
}

/** Keeps the order: most come in it, and the others belong a few places back. */
function add(place: usize, kinds: u32): void {
  const start = <u32>(place - textAt);
  let i = count;
  while (i > 0 && load<u32>(candidatesAt + (<usize>(i - 1) << 3)) > start) i--;
  if (i > 0 && load<u32>(candidatesAt + (<usize>(i - 1) << 3)) == start) {
    const at = candidatesAt + (<usize>(i - 1) << 3) + 4;
    store<u32>(at, load<u32>(at) | kinds);
    return;
  }
  if (count == mostCandidates) {
    full = true;
    return;
  }
  const at = candidatesAt + (<usize>i << 3);
  if (i < count) memory.copy(at + 8, at, <usize>(count - i) << 3);
  store<u32>(at, start);
  store<u32>(at, kinds, 4);
  count++;
}

// @ts-ignore: decorator
@inline function isDigitByte(byte: u8): bool {
  return <u32>byte - 0x30 < 10;
}
// @ts-ignore: decorator
@inline function isDigitAt(p: usize): bool {
  return isDigitByte(load<u8>(p));
}
// @ts-ignore: decorator
@inline function isLetterAt(p: usize): bool {
  return (<u32>load<u8>(p) | 0x20) - 0x61 < 26;
}
// @ts-ignore: decorator
@inline function isAlphanumericAt(p: usize): bool {
  return isDigitAt(p) || isLetterAt(p);
}
// @ts-ignore: decorator
@inline function isHexAt(p: usize): bool {
  return isDigitAt(p) || (<u32>load<u8>(p) | 0x20) - 0x61 < 6;
}
function areDigits(p: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (!isDigitAt(p + i)) return false;
  return true;
}
/** Space, dash, dot or underscore. */
// @ts-ignore: decorator
@inline function isDelimiter(byte: u8): bool {
  return byte == 0x20 || byte == 0x2d || byte == 0x2e || byte == 0x5f;
}
/** A dash between spaces, and a digit. */
// @ts-ignore: decorator
@inline function spacedDash(p: usize): bool {
  return (load<u32>(p) & 0xff_ffff) == 0x20_2d20 && isDigitAt(p + 3);
}

/**
 * Everything that begins with, or is known by, digits: those from `s` on, which none precede. `bits`: which of the bytes from there on are
 * digits; `known` of them are told.
 */
function digitGroup(s: usize, told: u32, known: i32): void {
  const bits = known >= 8 ? told : nextBits(s);
  const length = <i32>ctz(~bits);
  if (length > 3) {
    longGroup(s, length);
    return;
  }
  const e = s + length;
  const next = load<u8>(e);
  const before = load<u8>(s - 1);
  let kinds: u32 = 0;
  // Digits after one delimiter: else nothing of numbers in groups begins here.
  if ((bits >> (length + 1)) & 1) {
    if (isDelimiter(next)) kinds |= delimited(s, e, length, next);
    if (length < 3 && (next == 0x2f || isDelimiter(next)) && shortDate(e, next)) kinds |= DATE;
  }
  if (before == 0x2b) add(s - 1, PHONE);
  if (length == 3) {
    if (next == 0x20 && spacedDash(e)) kinds |= SSN | PHONE;
    if (before == 0x28 && next == 0x29) add(s - 1, PHONE);
  } else {
    if (length == 1) {
      if ((bits >> 3) & 1 && isLetterAt(e) && !isAlphanumericAt(s - 1)) kinds |= MBI;
      // 1(312), 1 (312)
      if (load<u8>(s) == 0x31 && (next == 0x28 || (isDelimiter(next) && load<u8>(e + 1) == 0x28))) kinds |= PHONE;
    }
  }
  if (isLetterAt(e) || isLetterAt(s - 1)) vehicle(s, e);
  if (kinds != 0) add(s, kinds);
}

function nextBits(s: usize): u32 {
  return digitBits(s);
}

/** As above, of four digits or more. */
function longGroup(s: usize, least: i32): void {
  let e = s + least;
  while (isDigitAt(e)) e++;
  const length = <i32>(e - s);
  const next = load<u8>(e);
  let kinds: u32 = 0;
  if (isDelimiter(next)) kinds |= delimited(s, e, length, next);
  if (next == 0x20 && length <= 7 && spacedDash(e)) kinds |= PHONE;
  if (load<u8>(s - 1) == 0x2b) add(s - 1, PHONE);
  switch (length) {
    case 4:
      if ((next == 0x2f || isDelimiter(next)) && shortDate(e, next)) kinds |= DATE;
      // 2024-03
      if ((next == 0x2f || next == 0x2d) && areDigits(e + 1, 2)) kinds |= DATE;
      break;
    case 7:
      if (isLetterAt(s - 1) && isLetterAt(s - 2)) add(s - 2, DEA);
      break;
    case 8:
      kinds |= DATE;
      if (load<u8>(s) == 0x39 && isLetterAt(s - 1)) add(s - 1, DEA);
      break;
    case 9:
      kinds |= SSN;
      break;
    case 10:
      kinds |= NPI | PHONE | DATE;
      break;
    case 11:
      kinds |= PHONE;
      break;
    case 12:
      kinds |= DATE;
      break;
    case 14:
      kinds |= CARD | DATE;
      break;
    default:
      if (length >= 13 && length <= 19) kinds |= CARD;
  }
  if (length <= 12) recordWord(s);
  if (isLetterAt(e) || isLetterAt(s - 1)) vehicle(s, e);
  if (kinds != 0) add(s, kinds);
}

/** A group with space, dash or dot behind it. */
function delimited(s: usize, e: usize, length: i32, next: u8): u32 {
  const after = e + 1;
  if (!isDigitAt(after)) return 0;
  let kinds: u32 = 0;
  if (length <= 3 && next == 0x2e && isAddress(after)) kinds |= IPV4;
  if (!isDigitAt(after + 1)) return kinds;
  if (length == 3 && load<u8>(after + 2) == next && isDigitAt(after + 3)) kinds |= SSN;
  if (!isDigitAt(after + 2)) return kinds;
  // 312-555 …, 312555-0123, and with a 1 before them.
  if (length == 3 || length == 6) kinds |= PHONE;
  else if ((length == 1 || length == 4 || length == 7) && load<u8>(s) == 0x31) kinds |= PHONE;
  if (length == 4 && isDigitAt(after + 3)) kinds |= CARD;
  return kinds;
}

/** The second group of a dotted address, with a third. */
function isAddress(p: usize): bool {
  let q = p;
  while (isDigitAt(q) && q < p + 3) q++;
  return load<u8>(q) == 0x2e && isDigitAt(q + 1);
}

/** Behind a delimiter, one or two digits and the delimiter again; or, behind a slash or a dash, four digits. */
function shortDate(e: usize, delimiter: u8): bool {
  if (!isDigitAt(e + 1)) return false;
  if (load<u8>(e + 2) == delimiter && isDigitAt(e + 3)) return true;
  if (!isDigitAt(e + 2)) return false;
  if (load<u8>(e + 3) == delimiter && isDigitAt(e + 4)) return true;
  return (delimiter == 0x2f || delimiter == 0x2d) && areDigits(e + 3, 2);
}

/** The first three letters of the months, each at its hash. */
const FIRST: usize = memory.data<u32>([
  0, 0x62_6566, 0x70_6573, 0x6e_616a, 0, 0x63_6564, 0x67_7561, 0, 0, 0x6e_756a, 0, 0x79_616d, 0x72_7061, 0, 0, 0x74_636f,
  0, 0, 0, 0, 0, 0, 0x6c_756a, 0x76_6f6e, 0, 0x72_616d, 0, 0, 0, 0, 0, 0,
]);
/** The last three letters of their names, whole or short, each at its hash. */
const LAST: usize = memory.data<u32>([
  0x6c_756a, 0x79_7261, 0x74_7375, 0, 0, 0, 0, 0x6c_6972, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0x72_6562, 0x62_6566, 0, 0, 0, 0x70_6573, 0, 0, 0, 0x67_7561, 0x65_6e75, 0, 0, 0, 0x79_6c75,
  0, 0, 0x72_616d, 0, 0x63_6564, 0, 0, 0, 0, 0x76_6f6e, 0, 0, 0, 0x72_7061, 0x74_636f, 0x79_616d,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6e_756a, 0, 0x6e_616a, 0, 0x74_7065, 0x68_6372,
]);

/** The first three letters of a month's name. */
// @ts-ignore: decorator
@inline function isMonth(p: usize): bool {
  const letters = (load<u32>(p) & 0xff_ffff) | 0x20_2020;
  return load<u32>(FIRST + <usize>((letters * <u32>0xd6b5_cb35) >> 27 << 2)) == letters;
}

/** The last three letters of a month's name, of which `p` is the last. */
// @ts-ignore: decorator
@inline function endsMonth(p: usize): bool {
  const letters = (load<u32>(p - 2) & 0xff_ffff) | 0x20_2020;
  return load<u32>(LAST + <usize>((letters * <u32>0x968c_7545) >> 26 << 2)) == letters;
}

/** `5 March`, `5th of March`, `5-Mar`, `5/Mar`. */
function monthBehind(e: usize): bool {
  if (monthFrom(e)) return true;
  switch ((<u32>load<u16>(e)) | 0x2020) {
    case 0x7473:
    case 0x646e:
    case 0x6472:
    case 0x6874:
      return monthFrom(e + 2);
    default:
      return false;
  }
}

function monthFrom(p: usize): bool {
  let q = p;
  while (q < p + 2 && (load<u8>(q) == 0x20 || load<u8>(q) == 0x2d || load<u8>(q) == 0x2f)) q++;
  if (isMonth(q)) return true;
  // `of`
  if (((<u32>load<u16>(q)) | 0x2020) != 0x666f || load<u8>(q + 2) != 0x20) return false;
  q += 3;
  return isMonth(q) || (load<u8>(q) == 0x20 && isMonth(q + 1));
}

/** What begins with a month, or with the day before one. */
function monthAt(p: usize): void {
  if (!isMonth(p)) return;
  dayBefore(p);
  // `March 5`, `Mar. 5`, `March, 2024`, `Mar-05`.
  if (isAlphanumericAt(p - 1)) return;
  let q = p + 3;
  while (q < p + 10 && isLetterAt(q)) q++;
  if (!endsMonth(q - 1)) return;
  if ((load<u8>(q) == 0x2d || load<u8>(q) == 0x2f) && isDigitAt(q + 1)) {
    add(p, MONTH_FIRST);
    return;
  }
  if (load<u8>(q) == 0x2e) q++;
  if (load<u8>(q) == 0x2c) q++;
  const most = q + 2;
  while (q < most && load<u8>(q) == 0x20) q++;
  // `March of 2024`, `March the 5th`.
  if (((<u32>load<u16>(q)) | 0x2020) == 0x666f) q = spacesFrom(q + 2);
  else if (((load<u32>(q) & 0xff_ffff) | 0x20_2020) == 0x65_6874) q = spacesFrom(q + 3);
  if (isDigitAt(q)) add(p, MONTH_FIRST);
}

/** Behind one space or two. */
function spacesFrom(p: usize): usize {
  if (load<u8>(p) != 0x20) return p;
  return load<u8>(p + 1) == 0x20 ? p + 2 : p + 1;
}

/** A digit as far before a month as it may stand: `5th  of  March`. */
function dayBefore(p: usize): void {
  const least = p - 9;
  let e = p;
  while (e > least && !isDigitAt(e - 1)) e--;
  if (e == least || !monthBehind(e)) return;
  const s = isDigitAt(e - 2) ? e - 2 : e - 1;
  if (!isDigitAt(s - 1)) add(s, DAY_FIRST);
}

/** The last letters of what stands before a record number: c, d, m, n, o, r, s, t. */
const ENDS: u32 = (1 << 2) | (1 << 3) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17) | (1 << 18) | (1 << 19);

// @ts-ignore: decorator
@inline function isBetween(byte: u8): bool {
  return (
    byte == 0x20 ||
    byte == 0x22 ||
    byte == 0x23 ||
    byte == 0x27 ||
    byte == 0x28 ||
    byte == 0x2d ||
    byte == 0x2e ||
    byte == 0x3a ||
    byte == 0x3d ||
    byte == 0x5b ||
    byte == 0x5f
  );
}

/** Words before a number that say it is a record's: those that begin with mrn, mr and #, med, cha, pat, acc. */
function recordWord(s: usize): void {
  let p = s - 1;
  if (load<u8>(p) == 0x2d) {
    // 555-0123
    if (isDigitAt(p - 1)) return;
  } else if (!isLetterAt(p)) {
    while (p > s - 16 && isBetween(load<u8>(p))) p--;
    // mrn, rec, record, id, number, no, num, chart, account, is
    const letter = (<u32>load<u8>(p) | 0x20) - 0x61;
    if (letter >= 26 || ((ENDS >> letter) & 1) == 0) return;
  }
  const least = s - 44;
  for (let p = s - 2; p > least; p--) {
    if (!isLetterAt(p) || isAlphanumericAt(p - 1)) continue;
    switch ((load<u32>(p) & 0xff_ffff) | 0x20_2020) {
      case 0x6e_726d:
      case 0x23_726d:
      case 0x20_726d:
      case 0x64_656d:
      case 0x61_6863:
      case 0x74_6170:
      case 0x63_6361:
        add(p, MRN);
    }
  }
}

/** A run of 17 letters and digits. */
function vehicle(s: usize, e: usize): void {
  let from = s;
  while (from > s - 17 && isAlphanumericAt(from - 1)) from--;
  let to = e;
  while (to < from + 18 && isAlphanumericAt(to)) to++;
  if (to - from == 17) add(from, VIN);
}

/** What may stand before an @: letters, digits, what is beyond ASCII, and of its signs those that RFC 5321 takes. */
function isLocalPart(byte: u8): bool {
  if (byte >= 0x80 || (<u32>byte | 0x20) - 0x61 < 26 || isDigitByte(byte)) return true;
  if (byte < 0x40) return ((LOCAL_SIGNS >> byte) & 1) != 0;
  return byte == 0x5e || byte == 0x5f || byte == 0x60 || (byte >= 0x7b && byte <= 0x7e);
}

/** `!#$%&'*+-./=?` */
const LOCAL_SIGNS: u64 =
  (<u64>1 << 0x21) |
  (<u64>1 << 0x23) |
  (<u64>1 << 0x24) |
  (<u64>1 << 0x25) |
  (<u64>1 << 0x26) |
  (<u64>1 << 0x27) |
  (<u64>1 << 0x2a) |
  (<u64>1 << 0x2b) |
  (<u64>1 << 0x2d) |
  (<u64>1 << 0x2e) |
  (<u64>1 << 0x2f) |
  (<u64>1 << 0x3d) |
  (<u64>1 << 0x3f);

function emailBefore(p: usize): void {
  let from = p;
  while (isLocalPart(load<u8>(from - 1))) from--;
  if (from < p) add(from, EMAIL);
}

/** `http://`, or the first colon of an IPv6 address. */
function colonAt(p: usize): void {
  if (load<u16>(p, 1) == 0x2f2f) {
    if ((load<u8>(p - 4) | 0x20) == 0x68) add(p - 4, URL);
    if ((load<u8>(p - 5) | 0x20) == 0x68) add(p - 5, URL);
    if ((load<u8>(p - 3) | 0x20) == 0x66) add(p - 3, URL);
    return;
  }
  let q = p + 1;
  while (q < p + 5 && isHexAt(q)) q++;
  if (load<u8>(q) != 0x3a) return;
  let from = p;
  while (from > p - 4 && isHexAt(from - 1)) from--;
  if (!isAlphanumericAt(from - 1)) add(from, IPV6);
}
