import { LONGEST_TOKENISED, BYTES_IN_AVRO, enqueueToken, INT64_IN_AVRO, STRING_IN_AVRO } from "./tokens";
import {
  actionOf,
  constantLength,
  constantOf,
  FIRST4,
  keyOf,
  LAST4,
  REPLACE,
  TOKEN_BYTES,
  TOKEN_INT64,
  TOKEN_STRING,
} from "./avro-node";
import { contentAt } from "./avro-values";
import { isLonger } from "./strings";

/** Writes the masked value at `out`, and returns where it ends: at `out` if it is NULL; 0 if the row must be left to the exact implementation; 1 for want of room. */
// @ts-ignore: decorator
@external("host", "mask")
declare function host(node: usize, start: usize, end: usize, out: usize): usize;

/** No more can come out before what came out is taken. */
export let full: bool = false;

export function setFull(value: bool): void {
  full = value;
}

/** A text or bytes of 32, with their length. */
const TOKEN_ROOM: usize = 33;
/** Of 2^54. */
const LONG_ROOM: usize = 8;
/** The length of nine, as Avro writes it. */
const NINE: u8 = 18;
/** `XXXXX` */
const XXXX: u32 = 0x5858_5858;
const X: u8 = 0x58;
const HIGH_BITS: u32 = 0x8080_8080;

/** What stands in for the value from `start` to `end`, written at `out`; returns where it ends: `out` if it is NULL, 0 if it can't be said here. */
export function maskValue(node: usize, start: usize, end: usize, out: usize): usize {
  const length = end - contentAt;
  switch (actionOf(node)) {
    case REPLACE: {
      const constant = constantOf(node);
      v128.store(out, v128.load(constant));
      v128.store(out, v128.load(constant, 16), 16);
      return out + constantLength(node);
    }
    case TOKEN_STRING:
      if (length <= LONGEST_TOKENISED) return token(node, STRING_IN_AVRO, contentAt, length, out, TOKEN_ROOM);
      break;
    case TOKEN_BYTES:
      if (length <= LONGEST_TOKENISED) return token(node, BYTES_IN_AVRO, contentAt, length, out, TOKEN_ROOM);
      break;
    case TOKEN_INT64:
      return token(node, INT64_IN_AVRO, start, 0, out, LONG_ROOM);
    // A character of ASCII is one byte: four such bytes are the four characters.
    case LAST4:
      if (length > 4) {
        const last = load<u32>(end - 4);
        if ((last & HIGH_BITS) == 0 && isLonger(contentAt, end, end - 4, true)) {
          store<u8>(out, NINE);
          store<u32>(out, XXXX, 1);
          store<u8>(out, X, 5);
          store<u32>(out, last, 6);
          return out + 10;
        }
      }
      break;
    case FIRST4:
      if (length > 4) {
        const first = load<u32>(contentAt);
        if ((first & HIGH_BITS) == 0 && isLonger(contentAt, end, contentAt, false)) {
          store<u8>(out, NINE);
          store<u32>(out, first, 1);
          store<u32>(out, XXXX, 5);
          store<u8>(out, X, 9);
          return out + 10;
        }
      }
      break;
  }
  const after = host(node, start, end, out);
  if (after != 1) return after;
  full = true;
  return 0;
}

function token(node: usize, form: u32, start: usize, length: usize, out: usize, room: usize): usize {
  if (enqueueToken(keyOf(node), form, start, length, out)) return out + room;
  full = true;
  return 0;
}
