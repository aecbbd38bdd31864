import { createHmac } from "node:crypto";
import type { Rule } from "./rule.ts";

/** RFC 4648 base32, lower case. */
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const TOKEN_BYTES = 20;

/**
 * HMAC-SHA-256 under the domain's key, printed by type: equal values join, guesses can't be checked without the key.
 *
 * - STRING: 32 base32 characters (160 bits)
 * - INT64: 1 to 2^53 - 1. Node's client turns INT64 into a double; a longer token would be rounded, and two people's
 *   tokens made one. Among a million values the chance of any collision is 1 in 18,000.
 * - BYTES: the 32 bytes
 *
 * The type is part of the message: the token of 5 and that of "5" tell nothing of each other.
 */
export const token: Rule = {
  name: "token",
  shows: "equality",
  fits: ["STRING", "INT64", "BYTES"],
  apply(value, type, context) {
    const mac = createHmac("sha256", context.tokenKey).update(`${type}\0`);
    switch (type) {
      case "STRING":
        return base32(mac.update(value).digest().subarray(0, TOKEN_BYTES));
      case "INT64":
        return String(mac.update(value).digest().readBigUInt64BE() >> 11n || 1n);
      case "BYTES":
        return mac.update(Buffer.from(value, "base64")).digest("base64");
      default:
        return null;
    }
  },
};

/** Of whole groups of five bytes, so that no padding is needed. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
  }
  return text;
}
