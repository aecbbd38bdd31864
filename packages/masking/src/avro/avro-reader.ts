import { isUtf8 } from "node:buffer";
import { MaskingError } from "../masking-error.ts";

/** Bytes of a 64-bit varint; the last of them holds one bit. */
const LONGEST_VARINT = 10;
const INT = 2 ** 31;

/**
 * Reads Avro's binary encoding in place. What isn't there, is longer than it must be, or isn't of its type is refused.
 * https://avro.apache.org/docs/1.11.1/specification/#binary-encoding
 */
export class AvroReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at === this.bytes.length;
  }

  /** Goes over an int or long; the shortest encoding only, for a longer one could carry what no value is. */
  skipVarint(): void {
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const byte = this.#byte();
      if (byte >= 0x80) continue;
      if ((byte === 0 && i > 0) || (i === LONGEST_VARINT - 1 && byte > 1)) break;
      return;
    }
    throw malformed();
  }

  long(): bigint {
    const start = this.at;
    this.skipVarint();
    let value = 0n;
    for (let i = this.at - 1; i >= start; i--) value = (value << 7n) | BigInt((this.bytes[i] as number) & 0x7f);
    return (value >> 1n) ^ -(value & 1n);
  }

  int(): number {
    const value = this.small();
    if (value < -INT || value >= INT) throw malformed();
    return value;
  }

  /** A long that a double holds: a count, a length, a branch. */
  small(): number {
    const first = this.bytes[this.at];
    // Most are one byte long.
    if (first !== undefined && first < 0x80) {
      this.at++;
      return (first >> 1) ^ -(first & 1);
    }
    const value = Number(this.long());
    if (!Number.isSafeInteger(value)) throw malformed();
    return value;
  }

  /** Which of two branches. */
  branch(): 0 | 1 {
    const branch = this.small();
    if (branch !== 0 && branch !== 1) throw malformed();
    return branch;
  }

  skip(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw malformed();
    this.at += bytes;
  }

  boolean(): void {
    if (this.#byte() > 1) throw malformed();
  }

  /** The bytes of a string or of bytes; a view. */
  bytesOfLength(): Buffer {
    const length = this.small();
    if (length < 0) throw malformed();
    const start = this.at;
    this.skip(length);
    return this.bytes.subarray(start, this.at);
  }

  text(): Buffer {
    const text = this.bytesOfLength();
    if (!isUtf8(text)) throw new MaskingError("syntax", "A text is not UTF-8");
    return text;
  }

  #byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw malformed();
    return byte;
  }
}

function malformed(): MaskingError {
  return new MaskingError("syntax", "The Avro rows are malformed, or end too early");
}
