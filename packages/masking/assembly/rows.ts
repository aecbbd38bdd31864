/**
 * The fast half of the row masker: takes whole rows of BigQuery's JSON in exactly the form in which BigQuery writes them, and
 * stops before the first one that is anything else: cut by the end, with whitespace, of another shape, not JSON. What is to
 * become of that one, and which error it is, only the exact implementation says. So nothing is refused here, and nothing is
 * passed that wasn't recognised byte for byte.
 */

import { IN, IN_BYTES, IN_SLACK, JOURNAL, JOURNAL_ENTRIES, OUT, OUT_END, PLAN, PLAN_BYTES, ROOM } from "./layout";
import { full, maskValue, setFull } from "./mask-value";
import {
  actionOf,
  childCount,
  constantLength,
  constantOf,
  countOf,
  DROP,
  firstChild,
  isLeaf,
  isRepeated,
  isWhole,
  NODE_BYTES,
  plainCells,
  REPLACE,
  SHOW,
  setCount,
} from "./node";
import { copyPlain, copyString, endOfString, plainEnd, setEscape } from "./strings";
import { compactGaps, dropTokens, finishTokens, gapBytes, hashReady, markTokens, startTokens } from "./tokens";

export { padKey } from "./tokens";
export { IN as inAt, IN_BYTES as inBytes, IN_SLACK as inSlack, OUT as outAt, PLAN as planAt, PLAN_BYTES as planBytes };

// What BigQuery writes between values, as little-endian words.
const SIX: u64 = 0xffff_ffff_ffff;
/** `{"f":[` */
const RECORD: u64 = 0x5b3a_2266_227b;
/** `{"v":"` */
const CELL_STRING: u64 = 0x223a_2276_227b;
/** `{"v":[` */
const CELL_LIST: u64 = 0x5b3a_2276_227b;
/** `{"v":{` */
const CELL_RECORD: u64 = 0x7b3a_2276_227b;
/** `{"v":nul` */
const CELL_NUL: u64 = 0x6c75_6e3a_2276_227b;
const L: u8 = 0x6c;
const COMMA: u8 = 0x2c;
const CLOSE_LIST: u8 = 0x5d;
const CLOSE_CELL: u8 = 0x7d;
const QUOTE: u8 = 0x22;
/** `"},{"v":`, and then the next string's quote. */
const NEXT_STRING: u64 = 0x3a22_7622_7b2c_7d22;
/** `},` */
const NEXT_CELL: u16 = 0x2c7d;
/** `}]}` */
const LAST_CELL: u32 = 0x7d5d_7d;

/** Where the bytes at a place go: the place plus this. Changes where what is masked has another length. */
let delta: usize = 0;
/** Behind the last byte to be read. */
let inEnd: usize = 0;
let journal: i32 = 0;

/** Where `scan` stopped, behind the last row it took. */
export let stoppedAt: usize = 0;
export let outEnd: usize = 0;

/** It stopped for want of room, and may go on when what came out was taken. */
export function isFull(): bool {
  return full;
}

/** Reads rows from `p` on, at most `maxRows`; `first`: no row came before. Returns how many it took. */
export function scan(p: usize, end: usize, first: bool, maxRows: i32): i32 {
  inEnd = end;
  delta = OUT - p;
  setFull(false);
  startTokens();
  let rows = 0;
  while (rows < maxRows) {
    const before = delta;
    journal = 0;
    markTokens();
    let q = p;
    if (!first) {
      if (load<u8>(q) != COMMA) break;
      store<u8>(q + delta, COMMA);
      q++;
    }
    const head = load<u64>(q);
    if ((head & SIX) != RECORD) break;
    store<u64>(q + delta, head);
    q = cells(PLAN, q + 6);
    if (q == 0) {
      delta = before;
      dropTokens();
      undoCounts();
      break;
    }
    p = q;
    first = false;
    rows++;
    hashReady();
  }
  finishTokens();
  stoppedAt = p;
  outEnd = p + delta;
  if (gapBytes > 0) outEnd = compactGaps(outEnd);
  return rows;
}

/** The cells of a row or STRUCT, from the first one's brace to behind the `]}` that ends them; 0 if they aren't recognised. */
function cells(parent: usize, p: usize): usize {
  let node = firstChild(parent);
  const last = node + (childCount(parent) - 1) * NODE_BYTES;
  let d = delta;
  while (true) {
    const head = load<u64>(p);
    let left = plainCells(node);
    if (left > 0) {
      store<u64>(p + d, head);
      if ((head & SIX) == CELL_STRING) {
        p += 6;
        // As long as strings follow each other, what stands between two is known by one comparison.
        while (true) {
          p = copyPlain(p, d);
          if (--left == 0 || load<u64>(p) != NEXT_STRING || load<u8>(p, 8) != QUOTE) break;
          v128.store(p + d, v128.load(p));
          node += NODE_BYTES;
          p += 9;
        }
        if (load<u8>(p) != QUOTE) {
          p = copyString(p, d);
          if (p == 0) return 0;
        }
        p++;
      } else if (head == CELL_NUL && load<u8>(p, 8) == L) {
        store<u8>(p + d, L, 8);
        p += 9;
      } else {
        return 0;
      }
    } else {
      delta = d;
      p = (head & SIX) == CELL_STRING && isLeaf(node) ? masked(node, p) : cell(node, p);
      if (p == 0) return 0;
      d = delta;
    }
    const tail = load<u32>(p);
    store<u32>(p + d, tail);
    if (node == last) {
      if ((tail & 0xff_ffff) != LAST_CELL) return 0;
      delta = d;
      return p + 3;
    }
    if (<u16>tail != NEXT_CELL) return 0;
    p += 2;
    node += NODE_BYTES;
  }
}

/** A cell that is masked, repeated or a STRUCT, from its brace to behind its value. */
function cell(node: usize, p: usize): usize {
  const repeated = isRepeated(node);
  if (!repeated && isNull(p)) {
    store<u64>(p + delta, load<u64>(p));
    store<u8>(p + delta, L, 8);
    return p + 9;
  }
  if (!repeated && childCount(node) == 0) return masked(node, p);
  const out = p + delta + 5;
  const after = repeated ? list(node, p) : struct(node, p);
  if (after == 0 || !isWhole(node)) return after;
  // Checked, and dropped. An array without elements has hidden nothing.
  if (!repeated || after - p > 7) {
    if (!raise(node)) return 0;
  }
  if (!hasRoom(out, after)) return 0;
  delta = putConstant(node, out) - after;
  return after;
}

// @ts-ignore: decorator
@inline function isNull(p: usize): bool {
  return load<u64>(p) == CELL_NUL && load<u8>(p, 8) == L;
}

function struct(node: usize, p: usize): usize {
  if ((load<u64>(p) & SIX) != CELL_RECORD || (load<u64>(p, 5) & SIX) != RECORD) return 0;
  store<u64>(p + delta, load<u64>(p));
  store<u64>(p + delta, load<u64>(p, 5), 5);
  return cells(node, p + 11);
}

/** `{"v":[{"v":x},{"v":y}]`: BigQuery's arrays hold no NULL. */
function list(node: usize, p: usize): usize {
  const head = load<u64>(p);
  if ((head & SIX) != CELL_LIST) return 0;
  store<u64>(p + delta, head);
  p += 6;
  if (load<u8>(p) == CLOSE_LIST) return p + 1;
  const isStruct = childCount(node) > 0;
  while (true) {
    p = isStruct ? struct(node, p) : masked(node, p);
    if (p == 0) return 0;
    const tail = load<u16>(p);
    store<u16>(p + delta, tail);
    p += 2;
    if (<u8>tail != CLOSE_CELL) return 0;
    if (<u8>(tail >> 8) == CLOSE_LIST) return p;
    if (<u8>(tail >> 8) != COMMA) return 0;
  }
}

/** A leaf that holds a string. */
function masked(node: usize, p: usize): usize {
  const head = load<u64>(p);
  if ((head & SIX) != CELL_STRING) return 0;
  const action = actionOf(node);
  if (action == SHOW) {
    store<u64>(p + delta, head);
    const quote = copyString(p + 6, delta);
    return quote == 0 ? 0 : quote + 1;
  }
  const start = p + 6;
  // Most are short and plain.
  let end = plainEnd(start);
  if (load<u8>(end) == QUOTE) setEscape(false);
  else {
    end = endOfString(start);
    if (end == 0) return 0;
  }
  if (action == DROP) return end + 1;
  const out = p + delta + 5;
  const after = end + 1;
  if (!hasRoom(out, after)) return 0;
  store<u64>(p + delta, head);
  const outAfter = action == REPLACE ? putConstant(node, out) : maskValue(node, action, start, end, out);
  if (outAfter == 0 || !raise(node)) return 0;
  delta = outAfter - after;
  return after;
}

// @ts-ignore: decorator
@inline function putConstant(node: usize, out: usize): usize {
  const constant = constantOf(node);
  v128.store(out, v128.load(constant));
  v128.store(out, v128.load(constant, 16), 16);
  return out + constantLength(node);
}

/** What is shown is no longer than what is still to be read; beside it, one masked value must fit. */
// @ts-ignore: decorator
@inline function hasRoom(out: usize, after: usize): bool {
  // What is dropped may lie behind `out`: then the room there is even more.
  if (out + ROOM + (inEnd - after) <= OUT_END) return true;
  setFull(true);
  return false;
}

// @ts-ignore: decorator
@inline function raise(node: usize): bool {
  if (journal == JOURNAL_ENTRIES) return false;
  store<u32>(JOURNAL + (<usize>journal << 2), <u32>node);
  journal++;
  setCount(node, countOf(node) + 1);
  return true;
}

function undoCounts(): void {
  for (let i = 0; i < journal; i++) {
    const node = <usize>load<u32>(JOURNAL + (<usize>i << 2));
    setCount(node, countOf(node) - 1);
  }
}
