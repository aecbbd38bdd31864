const NOTHING = Buffer.alloc(0);
/** What is held is mostly short. */
const LEAST = 256;

/** Bytes kept from one chunk to the next, for one cell or one envelope member at a time. Whoever appends bounds them. */
export class HeldBytes {
  #buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2, LEAST));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** The bytes as text; holds nothing afterwards. */
  takeText(): string {
    const text = this.#buffer.toString("utf8", 0, this.#length);
    this.#length = 0;
    return text;
  }

  /** The bytes; holds nothing afterwards. They stay as they are until more is held. */
  takeBytes(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** As if the range were appended and the text taken; copies nothing where nothing is held. */
  takeTextWith(chunk: Uint8Array, start: number, end: number): string {
    if (this.#length === 0) return asBuffer(chunk).toString("utf8", start, end);
    this.append(chunk, start, end);
    return this.takeText();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
