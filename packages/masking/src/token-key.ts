import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import { Ff1 } from "./ff1.ts";

/** Bytes of SHA-256's block. */
const BLOCK = 64;
const DIGEST_BYTES = 32;
/** Bytes of a message that is hashed without an object of its own. */
const SHORT = 1024;

/**
 * HMAC-SHA-256 (RFC 2104) under one key, for many short messages: two one-shot hashes over buffers in which the padded
 * key stands already, a third of what an HMAC object costs.
 */
export class TokenKey {
  /** For long messages. A key that is no KeyObject costs createHmac ten times as much. */
  readonly #key: KeyObject;
  /** Key xor ipad, then the message. */
  readonly #inner = Buffer.alloc(BLOCK + SHORT, 0x36);
  /** Key xor opad, then the inner hash. */
  readonly #outer = Buffer.alloc(BLOCK + DIGEST_BYTES, 0x5c);
  #ff1: Ff1 | undefined;

  /** @param key at most 64 bytes: longer ones HMAC hashes first, which is not done here */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK) throw new RangeError(`a token key has at most ${BLOCK} bytes`);
    this.#key = createSecretKey(key);
    for (const [i, byte] of key.entries()) {
      this.#inner[i] = 0x36 ^ byte;
      this.#outer[i] = 0x5c ^ byte;
    }
  }

  /** The first blocks of HMAC's two hashes (RFC 2104, section 2): the key xor ipad, and xor opad. */
  padded(): { readonly inner: Uint8Array; readonly outer: Uint8Array } {
    return { inner: this.#inner.subarray(0, BLOCK), outer: this.#outer.subarray(0, BLOCK) };
  }

  /** FF1 under AES-256; its key is a MAC under this one, so that one master key is all there is to keep. */
  ff1(): Ff1 {
    this.#ff1 ??= new Ff1(createSecretKey(Buffer.from(this.mac("fpe", "ff1 aes-256 v1"), "latin1")));
    return this.#ff1;
  }

  /** The MAC of `context`, a zero byte, and the message: 32 characters, each standing for a byte, which cost less than a buffer. */
  mac(context: string, message: string | Uint8Array): string {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    const most = (context.length + message.length) * 3 + 1;
    if (most > SHORT) return createHmac("sha256", this.#key).update(`${context}\0`).update(message).digest("binary");
    let end = put(this.#inner, BLOCK, context);
    this.#inner[end++] = 0;
    end = put(this.#inner, end, message);
    this.#outer.write(hash("sha256", this.#inner.subarray(0, end), "binary"), BLOCK, "latin1");
    return hash("sha256", this.#outer, "binary");
  }
}

/** Writes the message as UTF-8 and returns where it ends. Most are short and plain, and then need no call of native code. */
function put(buffer: Buffer, start: number, message: string | Uint8Array): number {
  if (typeof message !== "string") {
    buffer.set(message, start);
    return start + message.length;
  }
  for (let i = 0; i < message.length; i++) {
    const unit = message.charCodeAt(i);
    if (unit >= 0x80) return start + buffer.write(message, start, "utf8");
    buffer[start + i] = unit;
  }
  return start + message.length;
}
