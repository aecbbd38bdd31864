import { malformed } from "./malformed.ts";

/** Levels as the oldest writers have them: bit by bit, the highest bit first. https://parquet.apache.org/docs/file-format/data-pages/encodings/#BITPACKED */
export class PackedLevels {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  #bit: number;

  /** @param width bits of each level, at most 8 */
  constructor(bytes: Uint8Array, at: number, width: number) {
    this.#bytes = bytes;
    this.#bit = at * 8;
    this.#width = width;
  }

  next(): number {
    const [at, shift] = [Math.floor(this.#bit / 8), this.#bit % 8];
    this.#bit += this.#width;
    const byte = this.#bytes[at];
    if (byte === undefined) throw malformed();
    return (((byte << 8) | (this.#bytes[at + 1] ?? 0)) >> (16 - shift - this.#width)) & (2 ** this.#width - 1);
  }
}
