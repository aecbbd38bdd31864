import { isUtf8 } from "node:buffer";

/** Checks that a stream is UTF-8 (RFC 3629), however its characters are cut. */
export class Utf8Check {
  /** The bytes of a character whose rest is still to come. */
  #open: number[] = [];

  /** True while nothing is wrong. */
  accept(chunk: Uint8Array): boolean {
    let start = 0;
    while (this.#open.length > 0 && start < chunk.length) {
      const byte = chunk[start++] as number;
      if ((byte & 0xc0) !== 0x80) return false;
      this.#open.push(byte);
      if (this.#open.length === lengthOf(this.#open[0] as number)) {
        if (!isUtf8(Uint8Array.from(this.#open))) return false;
        this.#open = [];
      }
    }
    const end = Math.max(start, startOfOpenCharacter(chunk));
    if (!isUtf8(chunk.subarray(start, end))) return false;
    for (const byte of chunk.subarray(end)) this.#open.push(byte);
    return true;
  }

  /** True if no character is left open. */
  get complete(): boolean {
    return this.#open.length === 0;
  }
}

/** Length of the character that a lead byte opens. */
function lengthOf(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** Where the character begins that the chunk's end cuts; the chunk's length if it cuts none. */
function startOfOpenCharacter(chunk: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, chunk.length); back++) {
    const byte = chunk[chunk.length - back] as number;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return lengthOf(byte) > back ? chunk.length - back : chunk.length;
  }
  return chunk.length;
}
