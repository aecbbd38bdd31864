import { malformed } from "./malformed.ts";

/** Avro's binary encoding, value by value. https://avro.apache.org/docs/1.12.0/specification/#binary-encoding */
export class Binary {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get at(): number {
    return this.#at;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What of a file that comes in parts may not be here yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw malformed();
  }

  int(): number {
    const value = Number(this.long());
    if (value !== (value | 0)) throw malformed();
    return value;
  }

  float(): number {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  boolean(): boolean {
    const byte = this.#byte();
    if (byte > 1) throw malformed();
    return byte === 1;
  }

  /** Of the length that stands before them. */
  bytes(): Uint8Array {
    return this.fixed(Number(this.long()));
  }

  fixed(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed();
    this.#at++;
    return byte;
  }

  #skip(length: number): number {
    const at = this.#at;
    if (!(length >= 0 && length <= this.left)) throw malformed();
    this.#at += length;
    return at;
  }
}
