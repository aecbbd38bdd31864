import { QUOTE, STOPS_STRING } from "./bytes.ts";

/** Shorter ranges are copied byte by byte: below it a native call costs more than it saves. */
const SHORT = 64;

const NOTHING = Buffer.alloc(0);

/** The masked bytes of one push, gathered into one buffer. */
export class PageOutput {
  #buffer = NOTHING;
  #length = 0;
  readonly #reuse: boolean;
  /** Bytes given out by `take` so far. */
  taken = 0;

  /** @param reuse what is taken is overwritten by what comes next: no buffer is made for each push */
  constructor(reuse: boolean) {
    this.#reuse = reuse;
  }

  /** Makes room for about so many bytes in advance. */
  expect(bytes: number): void {
    if (this.#length === 0 && this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  copy(chunk: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#reserve(count);
    const buffer = this.#buffer;
    let at = this.#length;
    this.#length += count;
    if (count > SHORT) buffer.set(chunk.subarray(start, end), at);
    else for (let i = start; i < end; i++) buffer[at++] = chunk[i] as number;
  }

  text(text: string): void {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  /** A value in JSON. Masked values are mostly short and plain, and then need no call of native code. */
  json(value: string | null): void {
    if (value === null || value.length > SHORT) {
      this.text(JSON.stringify(value));
      return;
    }
    this.#reserve(value.length + 2);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = QUOTE;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80 || STOPS_STRING[unit] === 1) {
        this.text(JSON.stringify(value));
        return;
      }
      buffer[at++] = unit;
    }
    buffer[at++] = QUOTE;
    this.#length = at;
  }

  /** What was gathered since the last time; undefined if nothing. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const bytes = this.#buffer.subarray(0, this.#length);
    this.taken += this.#length;
    if (!this.#reuse) this.#buffer = NOTHING;
    this.#length = 0;
    return bytes;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
