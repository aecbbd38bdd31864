import type { ParquetType } from "hyparquet";
import type { PlainValue } from "../stored-values.ts";
import { malformed } from "./malformed.ts";
import { PlainValues, widthOf } from "./plain-values.ts";

/** Values whose first bytes stand together, then their second ones. https://parquet.apache.org/docs/file-format/data-pages/encodings/#BYTESTREAMSPLIT */
export class SplitValues {
  readonly #bytes: Uint8Array;
  readonly #count: number;
  readonly #one: Uint8Array;
  readonly #value: PlainValues;
  #at = 0;

  /** @param length bytes of each value of a FIXED_LEN_BYTE_ARRAY. Throws UploadError. */
  constructor(bytes: Uint8Array, type: ParquetType, length: number | undefined) {
    const width = widthOf(type, length);
    if (width === undefined || type === "INT96" || bytes.length % width !== 0) throw malformed();
    this.#bytes = bytes;
    this.#count = bytes.length / width;
    this.#one = new Uint8Array(this.#count === 0 ? 0 : width);
    this.#value = new PlainValues(this.#one, type, length);
  }

  /** Bytes are others after the next call. */
  next(): PlainValue {
    if (this.#at >= this.#count) throw malformed();
    for (let index = 0; index < this.#one.length; index++)
      this.#one[index] = this.#bytes[index * this.#count + this.#at] ?? 0;
    this.#at++;
    return this.#value.from(0);
  }
}
