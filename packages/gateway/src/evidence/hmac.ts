import { createHash, createHmac, hash } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
/** Bytes of a text for which there is room. */
const SHORT = 1024;

/**
 * HMAC-SHA-256 (RFC 2104) of texts under one key, hex. Of short ones by two calls of Node's one-shot hash: an object for each, as createHmac makes, costs several times what is
 * hashed.
 */
export function hmacSha256(key: Uint8Array): (text: string) => string {
  const block = Buffer.alloc(BLOCK);
  block.set(key.length > BLOCK ? createHash("sha256").update(key).digest() : key);
  const inner = Buffer.alloc(BLOCK + SHORT);
  const outer = Buffer.alloc(BLOCK + DIGEST);
  for (const [at, byte] of block.entries()) {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return (text) => {
    // A character takes at most three bytes.
    if (text.length > SHORT / 3) return createHmac("sha256", block).update(text, "utf8").digest("hex");
    const end = BLOCK + inner.write(text, BLOCK, "utf8");
    outer.write(hash("sha256", inner.subarray(0, end), "hex"), BLOCK, "hex");
    // Texts hold literals (I5).
    inner.fill(0, BLOCK, end);
    return hash("sha256", outer, "hex");
  };
}
