import type { BatchMemory } from "../arrow/batch-memory.ts";
import { MaskingError } from "../masking-error.ts";

const MOST_BYTES = 0x7fffffff;

/** Avro's binary encoding, written one value after the other. */
export class AvroWriter {
  readonly #memory: BatchMemory;
  #out: Buffer;
  #end = 0;

  constructor(memory: BatchMemory, expectedBytes: number) {
    this.#memory = memory;
    this.#out = memory.bytes(Math.ceil(expectedBytes));
  }

  /** What was written is no longer needed. */
  clear(): void {
    this.#end = 0;
  }

  byte(value: number): void {
    this.#room(1);
    this.#out[this.#end++] = value;
  }

  /** 0 ≤ value < 2^31: a branch, a count, a length. */
  small(value: number): void {
    this.#room(5);
    let rest = value * 2;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#out[this.#end++] = (rest % 128) | 0x80;
    this.#out[this.#end++] = rest;
  }

  long(value: bigint): void {
    this.#room(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; rest >= 0x80n; rest >>= 7n) this.#out[this.#end++] = Number(rest & 0x7fn) | 0x80;
    this.#out[this.#end++] = Number(rest);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  withLength(bytes: Uint8Array): void {
    this.small(bytes.length);
    this.raw(bytes);
  }

  /** A view; nothing is to be written any more. */
  take(): Buffer {
    return this.#out.subarray(0, this.#end);
  }

  #room(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#out.length) return;
    if (needed > MOST_BYTES) throw new MaskingError("limit", "Rows grow over two gigabytes");
    const grown = this.#memory.bytes(Math.min(MOST_BYTES, needed * 2));
    this.#out.copy(grown, 0, 0, this.#end);
    this.#out = grown;
  }
}
