import { malformed } from "./malformed.ts";

/** Values in what a file says of itself, a list's and a structure's own among them: each becomes an object or more (I10). */
const MOST_VALUES = 4_000_000;
/** Structures and lists in each other; statistics and logical types nest half as deep. */
const DEEPEST = 16;

/** By a value's type in the compact protocol. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
] as const;

/**
 * Throws unless what a file says of itself is whole, of as many values as it says and not nested deep. Asked before hyparquet reads it, which makes
 * room for a list by the length that this says of itself: one of 2^31 values ended the process, not only its thread.
 */
export function requireWhole(footer: Uint8Array): void {
  const walk = new Walk(footer);
  walk.structure(0);
}

class Walk {
  readonly #bytes: Uint8Array;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  structure(depth: number): void {
    for (;;) {
      const byte = this.#byte();
      const type = byte & 0x0f;
      if (type === STOP) return;
      if (byte >> 4 === 0) this.#number(5);
      // A field that is true or false has no more than its type.
      if (type !== TRUE && type !== FALSE) this.#value(type, depth);
      this.#count();
    }
  }

  #value(type: number, depth: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        this.#skip(1);
        return;
      case I16:
      case I32:
        this.#number(5);
        return;
      case I64:
        this.#number(10);
        return;
      case DOUBLE:
        this.#skip(8);
        return;
      case BINARY:
        this.#skip(this.#length());
        return;
      case LIST:
        this.#list(depth + 1);
        return;
      case STRUCT:
        if (depth >= DEEPEST) throw malformed();
        this.structure(depth + 1);
        return;
      default:
        throw malformed();
    }
  }

  #list(depth: number): void {
    if (depth > DEEPEST) throw malformed();
    const byte = this.#byte();
    const length = byte >> 4 === 15 ? this.#length() : byte >> 4;
    // None of them is less than a byte.
    if (length > this.#bytes.length - this.#at) throw malformed();
    for (let left = length; left > 0; left--) {
      this.#count();
      this.#value(byte & 0x0f, depth);
    }
  }

  #count(): void {
    if (++this.#values > MOST_VALUES) throw malformed();
  }

  #length(): number {
    const length = this.#number(5);
    if (length > 0x7fff_ffff) throw malformed();
    return length;
  }

  /** @param most bytes of it */
  #number(most: number): number {
    let value = 0;
    for (let index = 0; index < most; index++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.#at) throw malformed();
    this.#at += count;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed();
    this.#at++;
    return byte;
  }
}
