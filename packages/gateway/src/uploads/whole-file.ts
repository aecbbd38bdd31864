import type { TableFieldSchema } from "@chaperone/googlesql";
import type { SentValue } from "../sessions/sent-value.ts";
import { requireTypes } from "./file-types.ts";
import { ParquetRows } from "./parquet/rows.ts";
import { UploadError } from "./upload-error.ts";

/**
 * The rows of a Parquet file that comes in parts: they begin where it ends, so it is kept until then, in memory that grows with it and is
 * not moved. In memory alone: nothing of an upload lies on a disk (I5).
 */
export class WholeFile {
  readonly #buffer: ArrayBuffer;
  readonly #fields: readonly TableFieldSchema[];
  readonly #most: number;
  #size = 0;

  /** @param most bytes of the file
   * @param mostValues of all its rows */
  constructor(fields: readonly TableFieldSchema[], most: number, mostValues: number) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: most });
    this.#fields = fields;
    this.#most = mostValues;
  }

  add(bytes: Uint8Array): Iterable<SentValue> {
    const size = this.#size + bytes.length;
    if (size > this.#buffer.maxByteLength)
      throw new UploadError("The Parquet file is larger than it may be; load it from Cloud Storage.");
    this.#buffer.resize(size);
    new Uint8Array(this.#buffer).set(bytes, this.#size);
    this.#size = size;
    return [];
  }

  *end(): Generator<SentValue> {
    const most = { values: this.#most, characters: this.#most };
    const rows = new ParquetRows(new Uint8Array(this.#buffer), this.#fields, most);
    requireTypes("Parquet", rows.fields, this.#fields);
    yield* rows.rows();
  }
}
