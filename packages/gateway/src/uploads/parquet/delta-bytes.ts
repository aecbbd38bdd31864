import { MOST_VALUE_BYTES } from "../stored-values.ts";
import { UploadError } from "../upload-error.ts";
import { DeltaNumbers } from "./delta-numbers.ts";
import { malformed } from "./malformed.ts";

/** Texts or bytes one after the other, behind the lengths of all. https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTALENGTH */
export class DeltaLengthBytes {
  readonly #bytes: Uint8Array;
  readonly #lengths: DeltaNumbers;
  #at: number;

  /** @param most values that there may be. Throws UploadError. */
  constructor(bytes: Uint8Array, at: number, most: number) {
    this.#bytes = bytes;
    this.#lengths = new DeltaNumbers(bytes, at, 32, most);
    this.#at = this.#lengths.end();
  }

  get count(): number {
    return this.#lengths.count;
  }

  next(): Uint8Array {
    const [at, length] = [this.#at, Number(this.#lengths.next())];
    if (!(length >= 0 && length <= this.#bytes.length - at)) throw malformed();
    this.#at = at + length;
    return this.#bytes.subarray(at, this.#at);
  }
}

/** Values that say how much of the one before they begin with, and the rest. https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTASTRING */
export class DeltaBytes {
  readonly #prefixes: DeltaNumbers;
  readonly #rests: DeltaLengthBytes;
  /** The value that came last. No value has more bytes than all rests have. */
  readonly #last: Uint8Array;
  #length = 0;

  /** @param most values that there may be. Throws UploadError. */
  constructor(bytes: Uint8Array, most: number) {
    this.#prefixes = new DeltaNumbers(bytes, 0, 32, most);
    this.#rests = new DeltaLengthBytes(bytes, this.#prefixes.end(), most);
    if (this.#rests.count !== this.#prefixes.count) throw malformed();
    this.#last = new Uint8Array(Math.min(bytes.length, MOST_VALUE_BYTES));
  }

  /** Is another after the next call. */
  next(): Uint8Array {
    const [prefix, rest] = [Number(this.#prefixes.next()), this.#rests.next()];
    if (!(prefix >= 0 && prefix <= this.#length)) throw malformed();
    this.#length = prefix + rest.length;
    if (this.#length > MOST_VALUE_BYTES)
      throw new UploadError(
        "The Parquet file holds a value of more bytes than a row may have; load such rows from Cloud Storage.",
      );
    this.#last.set(rest, prefix);
    return this.#last.subarray(0, this.#length);
  }
}
