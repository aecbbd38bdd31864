import type { Rule } from "./rule.ts";

/** RFC 4648 base32, lower case. */
const BASE32 = Buffer.from("abcdefghijklmnopqrstuvwxyz234567");
const TOKEN_BYTES = 20;
const TOKEN_CHARACTERS = 32;

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
    switch (type) {
      case "STRING":
        return base32(context.tokenKey.mac(type, value));
      case "INT64":
        return String(bytes(context.tokenKey.mac(type, value)).readBigUInt64BE() >> 11n || 1n);
      case "BYTES":
        return bytes(context.tokenKey.mac(type, Buffer.from(value, "base64"))).toString("base64");
      default:
        return null;
    }
  },
};

function bytes(mac: string): Buffer {
  return Buffer.from(mac, "latin1");
}

const scratch = Buffer.alloc(TOKEN_CHARACTERS);

/** Of whole groups of five bytes, so that no padding is needed. */
function base32(mac: string): string {
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < TOKEN_BYTES; i++) {
    held = ((held << 8) | mac.charCodeAt(i)) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      scratch[at++] = BASE32[(held >> bits) & 31] as number;
    }
  }
  return scratch.toString("latin1");
}
