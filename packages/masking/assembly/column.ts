/**
 * Texts of a whole column, by their offsets: keyed tokens, four at a time, as `tokens.ts` makes them within JSON's rows, and the parts that
 * `last4` and `first4` show. Each value becomes as many bytes as every other, and a NULL none.
 */
import { IN, IN_BYTES, OUT, PLAN, QUEUE_ENTRIES } from "./layout";
import { isLonger } from "./strings";
import { hashStrings, LONGEST_TOKENISED, prepareString } from "./tokens";

export { padKey } from "./tokens";
export { IN as inAt, IN_BYTES as inBytes, OUT as outAt, PLAN as keyAt, QUEUE_ENTRIES as mostValues };

const KEY_BYTES: usize = 64;
/** Behind the key: a bit for each value, unset where it is NULL. */
export const validAt: usize = PLAN + KEY_BYTES;
/** Behind the bits: where in the column each value begins, and the last one ends; afterwards the same of what was written. */
export const offsetsAt: usize = validAt + <usize>QUEUE_ENTRIES / 8;

const TOKEN_BYTES: usize = 32;
const SHOWN: usize = 4;
const PART_BYTES: usize = 5 + SHOWN;
const XXXXX: u64 = 0x58_5858_5858;
/** Set in none of four bytes of ASCII. */
const NOT_ASCII: u32 = 0x8080_8080;

// @ts-ignore: decorator
@inline function isNull(i: i32): bool {
  return (load<u8>(validAt + <usize>(i >> 3)) & (1 << (i & 7))) == 0;
}

/**
 * The tokens of so many values, without quotes, from OUT on; returns how many were written, or -1 if a value is longer than `longest` or
 * than one block takes. `end`: of what is written before.
 */
export function tokens(count: i32, nulls: bool, longest: usize, end: usize): i32 {
  const most = min(longest, LONGEST_TOKENISED);
  const first = <usize>load<u32>(offsetsAt);
  let start = IN;
  let written: usize = 0;
  let lane = 0;
  for (let i = 0; i < count; i++) {
    const place = offsetsAt + (<usize>(i + 1) << 2);
    const stop = IN + <usize>load<u32>(place) - first;
    if (!nulls || !isNull(i)) {
      if (stop - start > most) return -1;
      prepareString(lane++, start, stop - start);
      written++;
      if (lane == 4) {
        hashStrings(PLAN, OUT + (written - 4) * TOKEN_BYTES);
        lane = 0;
      }
    }
    store<u32>(place, <u32>(end + written * TOKEN_BYTES));
    start = stop;
  }
  // In lanes that have none another value is hashed again, behind what was written.
  if (lane > 0) hashStrings(PLAN, OUT + (written - lane) * TOKEN_BYTES);
  return <i32>written;
}

/** Likewise the last or first four bytes of each value, and XXXXX for the others; -1 also if a value may have no more, or one of the four isn't ASCII. */
export function parts(count: i32, nulls: bool, longest: usize, end: usize, last: bool): i32 {
  const first = <usize>load<u32>(offsetsAt);
  let start = IN;
  let out = OUT;
  for (let i = 0; i < count; i++) {
    const place = offsetsAt + (<usize>(i + 1) << 2);
    const stop = IN + <usize>load<u32>(place) - first;
    if (!nulls || !isNull(i)) {
      const length = stop - start;
      if (length <= SHOWN || length > longest) return -1;
      const from = last ? stop - SHOWN : start;
      const shown = load<u32>(from);
      if ((shown & NOT_ASCII) != 0 || !isLonger(start, stop, from, last)) return -1;
      store<u64>(out, last ? XXXXX | ((<u64>shown) << 40) : <u64>shown | (XXXXX << 32));
      store<u8>(out, last ? <u8>(shown >> 24) : <u8>XXXXX, 8);
      out += PART_BYTES;
    }
    store<u32>(place, <u32>(end + (out - OUT)));
    start = stop;
  }
  return <i32>((out - OUT) / PART_BYTES);
}
