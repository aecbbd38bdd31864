/**
 * The fast half of the Avro masker: takes whole rows, and stops before the first one that it can't take, or that is none: cut by the end,
 * malformed, not of its schema. What is to become of that one, and which error it is, only the exact implementation says. So nothing is
 * refused here, and nothing is passed that wasn't read as it.
 */
import { IN, IN_BYTES, IN_SLACK, JOURNAL, JOURNAL_ENTRIES, OUT, OUT_END, PLAN, PLAN_BYTES, ROOM } from "./layout";
import { full, maskValue, setFull } from "./avro-mask";
import {
  ARRAY,
  childrenEnd,
  countOf,
  elementWorkOf,
  EMPTIED,
  encodingOf,
  firstChild,
  isRepeated,
  MASK,
  NO_UNION,
  NODE_BYTES,
  NULLED,
  RECORD,
  setCount,
  valueBranchOf,
  workOf,
} from "./avro-node";
import { copyValue, countEnd, endOfValue, inEnd, readCount, setEnd, writeCount } from "./avro-values";
import { compactGaps, dropTokens, finishTokens, gapBytes, hashReady, markTokens, startTokens } from "./tokens";

export { padKey } from "./tokens";
export { IN as inAt, IN_BYTES as inBytes, IN_SLACK as inSlack, OUT as outAt, OUT_END as outLimit, PLAN as planAt, PLAN_BYTES as planBytes };

// Branches of what we write.
const NULL: u8 = 0;
const VALUE: u8 = 2;
/** In upstream's union one is this of the other. */
const OTHER_BRANCH: u32 = 2;

/** Where the bytes at a place go: the place plus this. Changes where what is written has another length. */
let delta: usize = 0;
let journal: i32 = 0;

/** Where the row begins that is being read. */
export let rowAt: usize = 0;
/** Where `scan` stopped, behind the last row it took. */
export let stoppedAt: usize = 0;
export let outEnd: usize = 0;

/** It stopped for want of room, and may go on when what came out was taken. */
export function isFull(): bool {
  return full;
}

/** Reads rows from `p` on, at most `maxRows`. Returns how many it took. */
export function scan(p: usize, end: usize, maxRows: i32): i32 {
  setEnd(end);
  delta = OUT - p;
  setFull(false);
  startTokens();
  let rows = 0;
  while (rows < maxRows) {
    const before = delta;
    journal = 0;
    markTokens();
    rowAt = p;
    const q = columns(PLAN, p);
    if (q == 0 || q > end) {
      delta = before;
      dropTokens();
      undoCounts();
      break;
    }
    p = q;
    rows++;
    hashReady();
  }
  finishTokens();
  stoppedAt = p;
  outEnd = p + delta;
  if (gapBytes > 0) outEnd = compactGaps(outEnd);
  return rows;
}

/** The columns of a row, or fields of a record; returns where they end, 0 if they can't be taken. */
function columns(parent: usize, p: usize): usize {
  const last = childrenEnd(parent);
  let d = delta;
  for (let node = firstChild(parent); node < last; node += NODE_BYTES) {
    // So every value begins before the end, and what it is read over it by is less than the slack.
    if (p >= inEnd) return 0;
    const work = workOf(node);
    if (work < ARRAY) {
      const branch = valueBranchOf(node);
      if (branch != NO_UNION) {
        const said = <u32>load<u8>(p);
        if (said != branch) {
          if (said != (branch ^ OTHER_BRANCH)) return 0;
          store<u8>(p + d, NULL);
          p++;
          continue;
        }
        store<u8>(p + d, VALUE);
        p++;
      } else {
        if (!hasRoom(p + d, p)) return 0;
        store<u8>(p + d, VALUE);
        d++;
      }
    }
    if (work < RECORD) {
      p = copyValue(work, p, d);
    } else {
      delta = d;
      p = other(node, work, p, true);
      d = delta;
    }
    if (p == 0) return 0;
  }
  delta = d;
  return p;
}

/** What isn't simply shown; `branched`: its branch was written before it. */
function other(node: usize, work: u32, p: usize, branched: bool): usize {
  switch (work) {
    case RECORD:
      return columns(node, p);
    case MASK: {
      const end = endOf(node, p);
      const out = p + delta;
      if (end == 0 || !hasRoom(out, end)) return 0;
      const outAfter = maskValue(node, p, end, out);
      if (outAfter == 0 || !raise(node)) return 0;
      if (outAfter == out) {
        // BigQuery's arrays hold no NULL.
        if (!branched) return 0;
        store<u8>(out - 1, NULL);
      }
      delta = outAfter - end;
      return end;
    }
    case NULLED: {
      const end = endOf(node, p);
      if (end == 0 || !raise(node)) return 0;
      const out = p + delta;
      store<u8>(out - 1, NULL);
      delta = out - end;
      return end;
    }
    case ARRAY:
      return array(node, p);
    case EMPTIED: {
      const end = endOfArray(node, p);
      if (end == 0) return 0;
      // One without elements has hidden nothing.
      if (load<u8>(p) != 0 && !raise(node)) return 0;
      const out = p + delta;
      store<u8>(out, 0);
      delta = out + 1 - end;
      return end;
    }
    default:
      return 0;
  }
}

/** Blocks of elements, each with its count (negative: its size follows), to an empty one. */
function array(node: usize, p: usize): usize {
  const work = elementWorkOf(node);
  const branch = valueBranchOf(node);
  while (true) {
    if (p >= inEnd) return 0;
    const out = p + delta;
    const count = blockAt(p);
    if (countEnd == 0) return 0;
    p = countEnd;
    delta = writeCount(count, out) - p;
    if (count == 0) return p;
    for (let i: u32 = 0; i < count; i++) {
      if (p >= inEnd) return 0;
      if (branch != NO_UNION) {
        if (<u32>load<u8>(p) != branch) return 0;
        p++;
        delta--;
      }
      p = work < RECORD ? copyValue(work, p, delta) : other(node, work, p, false);
      if (p == 0) return 0;
    }
  }
}

/** The number of elements in the block at `p`; where they begin is `countEnd`, 0 if that can't be said. */
function blockAt(p: usize): u32 {
  const count = readCount(p);
  if (countEnd == 0 || count >= 0) return count;
  // The size serves whoever skips the block; here each element is read.
  if (readCount(countEnd) < 0) countEnd = 0;
  return -count;
}

/** Where a value ends that isn't shown; 0 if it isn't one. */
function endOf(node: usize, p: usize): usize {
  const encoding = encodingOf(node);
  if (encoding != RECORD) return endOfValue(encoding, p);
  const last = childrenEnd(node);
  for (let child = firstChild(node); child < last; child += NODE_BYTES) {
    if (p >= inEnd) return 0;
    if (isRepeated(child)) {
      p = endOfArray(child, p);
    } else {
      const branch = valueBranchOf(child);
      if (branch != NO_UNION) {
        const said = <u32>load<u8>(p);
        p++;
        if (said == (branch ^ OTHER_BRANCH)) continue;
        if (said != branch) return 0;
      }
      p = endOf(child, p);
    }
    if (p == 0) return 0;
  }
  return p;
}

function endOfArray(node: usize, p: usize): usize {
  const branch = valueBranchOf(node);
  while (true) {
    if (p >= inEnd) return 0;
    const count = blockAt(p);
    if (countEnd == 0 || count == 0) return countEnd;
    p = countEnd;
    for (let i: u32 = 0; i < count; i++) {
      if (p >= inEnd) return 0;
      if (branch != NO_UNION) {
        if (<u32>load<u8>(p) != branch) return 0;
        p++;
      }
      p = endOf(node, p);
      if (p == 0) return 0;
    }
  }
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
