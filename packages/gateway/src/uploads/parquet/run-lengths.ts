import { malformed } from "./malformed.ts";

/** Bits of one number: of a dictionary's index, at most 16 million values. */
const MOST_BITS = 24;

/**
 * Small numbers, one after the other: levels, and places in a dictionary. Runs of one number, or numbers packed bit by bit, eight at a time.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
 */
export class RunLengths {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  #at: number;
  /** How many are left of this run, and what each of them is; of packed ones, at which bit the next begins. */
  #left = 0;
  #value: number | undefined;
  #bit = 0;

  /** @param width bits of each number */
  constructor(bytes: Uint8Array, at: number, width: number) {
    if (!(width >= 0 && width <= MOST_BITS)) throw malformed();
    this.#bytes = bytes;
    this.#at = at;
    this.#width = width;
  }

  next(): number {
    if (this.#width === 0) return 0;
    while (this.#left === 0) this.#run();
    this.#left--;
    return this.#value ?? this.#packed();
  }

  #run(): void {
    const header = this.#header();
    const count = Math.floor(header / 2);
    if (header % 2 === 1) {
      this.#value = undefined;
      this.#bit = this.#at * 8;
      this.#left = count * 8;
      this.#at += count * this.#width;
      return;
    }
    let value = 0;
    for (let index = 0; index * 8 < this.#width; index++) value += this.#byte(this.#at++) * 2 ** (8 * index);
    this.#value = value;
    this.#left = count;
  }

  #packed(): number {
    const [at, shift] = [this.#bit >>> 3, this.#bit & 7];
    this.#bit += this.#width;
    let bits = this.#byte(at);
    for (let index = 1; index * 8 < shift + this.#width; index++) bits |= this.#byte(at + index) << (8 * index);
    return (bits >>> shift) & (2 ** this.#width - 1);
  }

  #header(): number {
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.#byte(this.#at++);
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  #byte(at: number): number {
    return this.#bytes[at] ?? lacking();
  }
}

function lacking(): never {
  throw malformed();
}
