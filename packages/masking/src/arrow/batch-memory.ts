/** What is taken begins at a multiple of so many bytes. */
const ALIGNED = 8;

/**
 * Memory for what is made of a batch. Reused, it is that of the batch before: each fresh buffer counts as V8's heap, which it then marks again and
 * again, and fresh memory is dear to fill.
 */
export class BatchMemory {
  readonly #reuse: boolean;
  #room = Buffer.alloc(0);
  #taken = 0;

  constructor(each: "reused" | "fresh") {
    this.#reuse = each === "reused";
  }

  /** That is held for the next batch. */
  get byteLength(): number {
    return this.#room.length;
  }

  /** Of what was taken before nobody needs anything. */
  begin(): void {
    // Somewhat more, for batches are of about one size.
    if (this.#taken > this.#room.length) this.#room = Buffer.allocUnsafeSlow(Math.ceil(this.#taken * 1.25));
    this.#taken = 0;
  }

  /** So many bytes of whatever stood there: whoever takes them writes each. */
  bytes(length: number): Buffer {
    if (!this.#reuse) return Buffer.allocUnsafeSlow(length);
    const at = this.#taken;
    this.#taken += Math.ceil(length / ALIGNED) * ALIGNED;
    return this.#taken <= this.#room.length ? this.#room.subarray(at, at + length) : Buffer.allocUnsafeSlow(length);
  }

  zeros(length: number): Buffer {
    return this.bytes(length).fill(0);
  }

  copy(of: Uint8Array): Buffer {
    const bytes = this.bytes(of.length);
    bytes.set(of);
    return bytes;
  }

  /** Likewise so many numbers. */
  integers(length: number): Int32Array {
    const { buffer, byteOffset } = this.bytes(4 * length);
    return new Int32Array(buffer, byteOffset, length);
  }
}
