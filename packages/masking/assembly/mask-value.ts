import { FIRST4, keyOf, LAST4, TOKEN_INT64, TOKEN_STRING } from "./node";
import { hasEscape, isLonger } from "./strings";
import {
  enqueueToken,
  INT64_IN_JSON,
  INT64_TOKEN_BYTES,
  LONGEST_TOKENISED,
  STRING_IN_JSON,
  STRING_TOKEN_BYTES,
} from "./tokens";

/** Writes the masked value, in JSON, at `out`, and returns where it ends; 0 if the row must be left to the exact implementation. */
// @ts-ignore: decorator
@external("host", "mask")
declare function host(node: usize, start: usize, end: usize, hasEscape: bool, out: usize): usize;

/** No more can come out before what came out is taken. */
export let full: bool = false;

export function setFull(value: bool): void {
  full = value;
}

const QUOTE: u8 = 0x22;
/** `XXXX` */
const XXXX: u32 = 0x5858_5858;
const HIGH_BITS: u32 = 0x8080_8080;

/** What stands in for the string from `start` to `end`, written at `out`; returns where it ends, 0 if it can't be said here. */
export function maskValue(node: usize, action: u32, start: usize, end: usize, out: usize): usize {
  if (!hasEscape) {
    const length = end - start;
    switch (action) {
      case TOKEN_STRING:
      case TOKEN_INT64:
        if (length <= LONGEST_TOKENISED) return token(node, action == TOKEN_INT64, start, length, out);
        break;
      // A character of ASCII is one byte, in UTF-8 as in JSON: four such bytes are the four characters.
      case LAST4:
        if (length > 4) {
          const last = load<u32>(end - 4);
          if ((last & HIGH_BITS) == 0 && isLonger(start, end, end - 4, true)) {
            store<u8>(out, QUOTE);
            store<u32>(out, XXXX, 1);
            store<u8>(out, 0x58, 5);
            store<u32>(out, last, 6);
            store<u8>(out, QUOTE, 10);
            return out + 11;
          }
        }
        break;
      case FIRST4:
        if (length > 4) {
          const first = load<u32>(start);
          if ((first & HIGH_BITS) == 0 && isLonger(start, end, start, false)) {
            store<u8>(out, QUOTE);
            store<u32>(out, first, 1);
            store<u32>(out, XXXX, 5);
            store<u8>(out, 0x58, 9);
            store<u8>(out, QUOTE, 10);
            return out + 11;
          }
        }
        break;
    }
  }
  return host(node, start, end, hasEscape, out);
}

function token(node: usize, isInt64: bool, start: usize, length: usize, out: usize): usize {
  if (!enqueueToken(keyOf(node), isInt64 ? INT64_IN_JSON : STRING_IN_JSON, start, length, out)) {
    full = true;
    return 0;
  }
  return out + (isInt64 ? INT64_TOKEN_BYTES : STRING_TOKEN_BYTES);
}
