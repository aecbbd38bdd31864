import { type Cipheriv, createCipheriv, type KeyObject } from "node:crypto";

const BLOCK = 16;
const ROUNDS = 10;
/** NIST SP 800-38G Rev. 1 (2nd draft), 5.1: the smallest domain, radix^minlen. */
const SMALLEST_DOMAIN = 1_000_000;
const LARGEST_RADIX = 2 ** 16;
/** The standard allows 2^32; no identifier needs more, and time grows with the square (I10). */
const LONGEST = 256;
const LONGEST_TWEAK = 256;

/**
 * FF1, NIST SP 800-38G Rev. 1, algorithm 7: encrypts a list of numerals below `radix` into another of the same length. A permutation
 * of all such lists: different ones stay different.
 * https://csrc.nist.gov/pubs/sp/800/38/g/r1/2pd
 */
export class Ff1 {
  readonly #cipher: Cipheriv;
  readonly #blocks = new Map<string, Buffer>();

  /** @param key an AES key of 16, 24 or 32 bytes */
  constructor(key: KeyObject) {
    // One block at a time, each for itself, is what CIPH of the standard is; chaining is done below.
    this.#cipher = createCipheriv(`aes-${(key.symmetricKeySize ?? 0) * 8}-ecb`, key, null).setAutoPadding(false);
  }

  /** Undefined for lists that the standard's limits leave out: fewer than a million of that length, or too long. */
  encrypt(numerals: readonly number[], radix: number, tweak: Uint8Array): readonly number[] | undefined {
    const n = numerals.length;
    if (radix < 2 || radix > LARGEST_RADIX || n < 2 || n > LONGEST || tweak.length > LONGEST_TWEAK) return undefined;
    if (radix ** n < SMALLEST_DOMAIN) return undefined;
    // Steps 1 to 5, with the standard's names.
    const u = Math.floor(n / 2);
    const v = n - u;
    const bigRadix = BigInt(radix);
    const modulus = [bigRadix ** BigInt(u), bigRadix ** BigInt(v)] as const;
    let a = numberOf(numerals.slice(0, u), bigRadix);
    let b = numberOf(numerals.slice(u), bigRadix);
    const bytes = byteLength(modulus[1] - 1n);
    const d = 4 * Math.ceil(bytes / 4) + 4;
    const first = this.#firstBlock(radix, u, n, tweak.length);
    const q = Buffer.alloc(Math.ceil((tweak.length + bytes + 1) / BLOCK) * BLOCK);
    q.set(tweak);
    const roundAt = q.length - bytes - 1;
    // Step 6.
    for (let i = 0; i < ROUNDS; i++) {
      q[roundAt] = i;
      put(b, q, roundAt + 1, bytes);
      const m = modulus[i % 2 === 0 ? 0 : 1];
      const c = (a + this.#stream(this.#mac(first, q), d)) % m;
      a = b;
      b = c;
    }
    return [...numeralsOf(a, bigRadix, u), ...numeralsOf(b, bigRadix, v)];
  }

  /** The block P, encrypted: the same for all lists of one length, radix and tweak length. */
  #firstBlock(radix: number, u: number, n: number, t: number): Buffer {
    const name = `${radix} ${n} ${t}`;
    const known = this.#blocks.get(name);
    if (known !== undefined) return known;
    const p = Buffer.alloc(BLOCK);
    p.set([1, 2, 1]);
    p.writeUIntBE(radix, 3, 3);
    p.set([10, u % 256], 6);
    p.writeUInt32BE(n, 8);
    p.writeUInt32BE(t, 12);
    const block = this.#encrypted(p);
    if (this.#blocks.size < LONGEST) this.#blocks.set(name, block);
    return block;
  }

  /** PRF, algorithm 6: the last block of CBC behind the first one. */
  #mac(first: Buffer, q: Buffer): Buffer {
    let y = first;
    for (let at = 0; at < q.length; at += BLOCK) {
      const x = Buffer.alloc(BLOCK);
      for (let j = 0; j < BLOCK; j++) x[j] = (y[j] as number) ^ (q[at + j] as number);
      y = this.#encrypted(x);
    }
    return y;
  }

  /** The number y of step 6.iv: the first d bytes of R and of the encrypted blocks R xor 1, R xor 2 … */
  #stream(r: Buffer, d: number): bigint {
    let hex = r.toString("hex");
    for (let j = 1; hex.length < 2 * d; j++) {
      const x = Buffer.from(r);
      x.writeUInt32BE((x.readUInt32BE(12) ^ j) >>> 0, 12);
      hex += this.#encrypted(x).toString("hex");
    }
    return BigInt(`0x${hex.slice(0, 2 * d)}`);
  }

  #encrypted(block: Buffer): Buffer {
    return this.#cipher.update(block);
  }
}

function byteLength(value: bigint): number {
  return Math.ceil(value.toString(2).length / 8);
}

function numberOf(numerals: readonly number[], radix: bigint): bigint {
  return numerals.reduce((sum, numeral) => sum * radix + BigInt(numeral), 0n);
}

function numeralsOf(value: bigint, radix: bigint, length: number): number[] {
  const numerals = new Array<number>(length).fill(0);
  for (let i = length - 1, rest = value; i >= 0; i--, rest /= radix) numerals[i] = Number(rest % radix);
  return numerals;
}

function put(value: bigint, buffer: Buffer, at: number, bytes: number): void {
  buffer.write(value.toString(16).padStart(2 * bytes, "0"), at, "hex");
}
