import type { ParquetType } from "hyparquet";
import type { PlainValue } from "../stored-values.ts";
import { malformed } from "./malformed.ts";

/** Bytes of one value, where all have as many. */
const WIDTHS: Readonly<Partial<Record<ParquetType, number>>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 };

/** Values one after the other. https://parquet.apache.org/docs/file-format/data-pages/encodings/#PLAIN */
export class PlainValues {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #type: ParquetType;
  readonly #width: number | undefined;
  #at = 0;

  /** @param length bytes of each value of a FIXED_LEN_BYTE_ARRAY */
  constructor(bytes: Uint8Array, type: ParquetType, length: number | undefined) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#type = type;
    this.#width = widthOf(type, length);
  }

  next(): PlainValue {
    const at = this.#at;
    if (this.#type === "BOOLEAN") {
      this.#at++;
      return (((this.#bytes[at >>> 3] ?? lacking()) >>> (at & 7)) & 1) === 1;
    }
    this.#at = this.endOf(at);
    return this.from(at);
  }

  /** Where the value ends that begins here. */
  endOf(at: number): number {
    const end =
      this.#width !== undefined
        ? at + this.#width
        : at + 4 <= this.#bytes.length
          ? at + 4 + this.#view.getUint32(at, true)
          : lacking();
    return end <= this.#bytes.length ? end : lacking();
  }

  /** The value that begins here; not of BOOLEAN. */
  from(at: number): PlainValue {
    switch (this.#type) {
      case "INT32":
        return this.#view.getInt32(at, true);
      case "INT64":
        return this.#view.getBigInt64(at, true);
      case "FLOAT":
        return this.#view.getFloat32(at, true);
      case "DOUBLE":
        return this.#view.getFloat64(at, true);
      case "BYTE_ARRAY":
        return this.#bytes.subarray(at + 4, this.endOf(at));
      case "INT96":
      case "FIXED_LEN_BYTE_ARRAY":
        return this.#bytes.subarray(at, this.endOf(at));
      case "BOOLEAN":
        throw malformed();
    }
  }
}

/** The values of a dictionary page, by their places. They stay bytes: a million numbers are no million objects. */
export class Dictionary {
  readonly size: number;
  readonly #values: PlainValues;
  readonly #width: number | undefined;
  readonly #starts: Uint32Array | undefined;

  constructor(bytes: Uint8Array, type: ParquetType, length: number | undefined, size: number) {
    this.size = size;
    this.#values = new PlainValues(bytes, type, length);
    this.#width = widthOf(type, length);
    if (this.#width !== undefined) {
      if (size * this.#width > bytes.length) throw malformed();
      return;
    }
    // Each text has its length before it.
    if (type !== "BYTE_ARRAY" || size * 4 > bytes.length) throw malformed();
    this.#starts = new Uint32Array(size);
    for (let index = 0, at = 0; index < size; index++, at = this.#values.endOf(at)) this.#starts[index] = at;
  }

  at(index: number): PlainValue {
    if (index >= this.size) throw malformed();
    return this.#values.from(this.#width === undefined ? (this.#starts?.[index] ?? lacking()) : index * this.#width);
  }
}

/** undefined: each value has its own, or, of BOOLEAN, none. Throws UploadError. */
export function widthOf(type: ParquetType, length: number | undefined): number | undefined {
  if (type !== "FIXED_LEN_BYTE_ARRAY") return WIDTHS[type];
  if (!(length !== undefined && length > 0)) throw malformed();
  return length;
}

function lacking(): never {
  throw malformed();
}
