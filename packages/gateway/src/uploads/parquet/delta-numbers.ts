import { malformed } from "./malformed.ts";

/** Numbers of a block are a multiple of the first, of a miniblock of the second. */
const [BLOCK, MINIBLOCK] = [128, 32];

/**
 * Whole numbers, each by what it is more than the one before. Nothing is made of them but one number at a time: of a few bytes there may be
 * two thousand million. https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
 */
export class DeltaNumbers {
  readonly #bytes: Uint8Array;
  readonly #bits: 32 | 64;
  readonly #miniblocks: number;
  readonly #inMiniblock: number;
  /** Where the first block begins. */
  readonly #begin: number;
  readonly count: number;
  #at: number;
  #left: number;
  #value: bigint;
  #isFirst = true;
  #least = 0n;
  /** Where the widths of this block's miniblocks stand, how many of these are left, and how many numbers of this one. */
  #widths = 0;
  #miniblocksLeft = 0;
  #numbersLeft = 0;
  #width = 0;
  #bit = 0;

  /** @param bits of each number, in two's complement
   * @param most numbers that there may be. Throws UploadError. */
  constructor(bytes: Uint8Array, at: number, bits: 32 | 64, most: number) {
    this.#bytes = bytes;
    this.#bits = bits;
    this.#at = at;
    const block = this.#unsigned();
    this.#miniblocks = this.#unsigned();
    this.#inMiniblock = block / this.#miniblocks;
    this.count = this.#unsigned();
    if (!(block >= BLOCK && block % BLOCK === 0 && this.#inMiniblock % MINIBLOCK === 0)) throw malformed();
    if (this.count > most) throw malformed();
    this.#value = BigInt.asIntN(bits, this.#signed());
    this.#left = this.count;
    this.#begin = this.#at;
  }

  next(): bigint {
    if (this.#left === 0) throw malformed();
    this.#left--;
    if (this.#isFirst) {
      this.#isFirst = false;
      return this.#value;
    }
    while (this.#numbersLeft === 0) this.#nextMiniblock();
    this.#numbersLeft--;
    // Differences wrap around, as those do that they were made by.
    this.#value = BigInt.asIntN(this.#bits, this.#value + this.#least + this.#packed());
    return this.#value;
  }

  /** Where what comes after them begins. Asks each miniblock for its size alone. */
  end(): number {
    const walk = { at: this.#begin };
    for (let left = this.count - 1; left > 0; ) {
      const widths = this.#afterNumber(walk.at);
      walk.at = widths + this.#miniblocks;
      for (let index = 0; index < this.#miniblocks && left > 0; index++, left -= this.#inMiniblock)
        walk.at += this.#sizeOf(this.#widthAt(widths + index), walk.at);
    }
    return walk.at;
  }

  #nextMiniblock(): void {
    if (this.#miniblocksLeft === 0) {
      this.#least = this.#signed();
      this.#widths = this.#at;
      this.#at += this.#miniblocks;
      this.#miniblocksLeft = this.#miniblocks;
    }
    this.#width = this.#widthAt(this.#widths + this.#miniblocks - this.#miniblocksLeft);
    this.#miniblocksLeft--;
    this.#numbersLeft = this.#inMiniblock;
    this.#bit = this.#at * 8;
    this.#at += this.#sizeOf(this.#width, this.#at);
  }

  #widthAt(at: number): number {
    const width = this.#byte(at);
    if (width > this.#bits) throw malformed();
    return width;
  }

  /** Bytes of a miniblock, which is whole, also where fewer numbers are left. */
  #sizeOf(width: number, at: number): number {
    const size = (this.#inMiniblock / 8) * width;
    if (at + size > this.#bytes.length) throw malformed();
    return size;
  }

  #packed(): bigint {
    const [bit, width] = [this.#bit, this.#width];
    this.#bit += width;
    if (width <= 32) return BigInt(this.#bitsAt(bit, width));
    return (BigInt(this.#bitsAt(bit + 32, width - 32)) << 32n) | BigInt(this.#bitsAt(bit, 32));
  }

  /** @param width at most 32 */
  #bitsAt(bit: number, width: number): number {
    const [at, shift] = [Math.floor(bit / 8), bit % 8];
    let bits = 0;
    for (let index = 0; index * 8 < shift + width; index++) bits += this.#byte(at + index) * 2 ** (8 * index);
    return Math.floor(bits / 2 ** shift) % 2 ** width;
  }

  #unsigned(): number {
    const value = this.#number();
    if (value > 0x7fff_ffffn) throw malformed();
    return Number(value);
  }

  #signed(): bigint {
    const value = this.#number();
    return (value >> 1n) ^ -(value & 1n);
  }

  #number(): bigint {
    const end = this.#afterNumber(this.#at);
    let value = 0n;
    for (let at = end - 1; at >= this.#at; at--) value = (value << 7n) | BigInt(this.#byte(at) & 0x7f);
    this.#at = end;
    return BigInt.asUintN(64, value);
  }

  #afterNumber(begin: number): number {
    for (let at = begin; at < begin + 10; at++) if (this.#byte(at) < 0x80) return at + 1;
    throw malformed();
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw malformed();
    return byte;
  }
}
