import type { Rule } from "./rule.ts";

/** RFC 4648 base32, lower case. */
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
/** Ten bits in two characters. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${BASE32[bits >> 5]}${BASE32[bits & 31]}`);
/** Hexadecimal digits that make four characters of base32: 20 bits. */
const GROUP = 5;
const TOKEN_GROUPS = 8;

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
        return String(BigInt(`0x${context.tokenKey.mac(type, value).slice(0, 16)}`) >> 11n || 1n);
      case "BYTES":
        return Buffer.from(context.tokenKey.mac(type, Buffer.from(value, "base64")), "hex").toString("base64");
      default:
        return null;
    }
  },
};

/** The first 160 bits; no padding is needed. */
function base32(hex: string): string {
  let text = "";
  for (let i = 0; i < TOKEN_GROUPS; i++) {
    const bits = Number.parseInt(hex.slice(i * GROUP, (i + 1) * GROUP), 16);
    text += `${PAIRS[bits >> 10]}${PAIRS[bits & 1023]}`;
  }
  return text;
}
