import type { ColumnMetaData } from "hyparquet";
import { UploadError } from "./upload-error.ts";

/**
 * What the pages of a Parquet file may come to. A page says of itself how many values it holds and what it unpacks to, and a reader makes
 * room for that: so the pages' headers are looked at before anything is unpacked (I10).
 */
export const PARQUET_BOUNDS = { values: 2_000_000, unpackedBytes: 32_000_000 } as const;

/** PLAIN, PLAIN_DICTIONARY, RLE and RLE_DICTIONARY. Of the others, some make long values of few bytes. */
const ENCODINGS: ReadonlySet<number | undefined> = new Set([0, 2, 3, 8]);

/** https://parquet.apache.org/docs/file-format/data-pages, in Thrift's compact protocol. */
interface PageHeader {
  readonly unpacked: number;
  readonly packed: number;
  readonly values: number;
  readonly encoding: number;
}

/** Adds up what all column chunks' pages say of themselves. Throws UploadError past the bounds. */
export class PageTally {
  #values = 0;
  #bytes = 0;

  add(file: Uint8Array, chunk: ColumnMetaData): void {
    // Where the reader begins: pages that it doesn't read say nothing of those it does.
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    if (!(start >= 4 && end > start && end <= file.length)) throw malformed();
    const reader = new Compact(file.subarray(start, end));
    while (!reader.ended()) {
      const page = headerOf(reader);
      if (page.packed < 0 || page.unpacked < 0 || page.values < 0) throw malformed();
      if (!ENCODINGS.has(page.encoding))
        throw new UploadError("A column of the Parquet file is encoded neither plainly nor by a dictionary.");
      this.#values += page.values;
      this.#bytes += page.unpacked;
      if (this.#values > PARQUET_BOUNDS.values || this.#bytes > PARQUET_BOUNDS.unpackedBytes)
        throw new UploadError("The Parquet file unpacks to more than an upload may hold; load it from Cloud Storage.");
      reader.skip(page.packed);
    }
  }
}

/** By a page's kind: where its own header stands, and in it the encoding. DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2. */
const KINDS: ReadonlyMap<unknown, { readonly header: number; readonly encoding: number }> = new Map([
  [0, { header: 5, encoding: 2 }],
  [2, { header: 7, encoding: 2 }],
  [3, { header: 8, encoding: 4 }],
]);
const V2 = 8;

function headerOf(reader: Compact): PageHeader {
  const fields = reader.struct(0);
  // A header of another kind may stand beside it, and is not read.
  const kind = KINDS.get(fields.get(1));
  const inner = kind === undefined ? undefined : fields.get(kind.header);
  if (kind === undefined || !(inner instanceof Map)) throw malformed();
  const header = {
    unpacked: number(fields.get(2)),
    packed: number(fields.get(3)),
    values: number(inner.get(1)),
    encoding: number(inner.get(kind.encoding)),
  };
  if (kind.header === V2) checkParts(inner, header);
  return header;
}

/** The reader takes NULLs off the values, and levels off the unpacked bytes: less than none would add to them. */
function checkParts(inner: Fields, { values, packed }: PageHeader): void {
  const [nulls, definition, repetition] = [2, 5, 6].map((id) => number(inner.get(id))) as [number, number, number];
  if (nulls < 0 || nulls > values || definition < 0 || repetition < 0 || definition + repetition > packed)
    throw malformed();
}

function number(value: unknown): number {
  if (typeof value !== "number") throw malformed();
  return value;
}

type Fields = Map<number, unknown>;
/** A page's header nests two structures, and statistics. */
const DEEPEST = 4;

/** As much of the compact protocol as page headers have. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
class Compact {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  ended(): boolean {
    return this.#at >= this.#bytes.length - 1;
  }

  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length) throw malformed();
  }

  struct(depth: number): Fields {
    if (depth > DEEPEST) throw malformed();
    const fields: Fields = new Map();
    for (let id = 0; ; ) {
      const byte = this.#byte();
      if ((byte & 0x0f) === 0) return fields;
      const delta = byte >> 4;
      if (delta === 0) throw malformed();
      id += delta;
      fields.set(id, this.#value(byte & 0x0f, depth));
    }
  }

  #value(type: number, depth: number): unknown {
    switch (type) {
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5: {
        const raw = this.#varint(5);
        return Number((raw >> 1n) ^ -(raw & 1n));
      }
      case 6:
        return this.#varint(10);
      case 7:
        return this.skip(8);
      case 8:
        return this.skip(Number(this.#varint(5)));
      case 12:
        return this.struct(depth + 1);
      default:
        throw malformed();
    }
  }

  #varint(most: number): bigint {
    let value = 0n;
    for (let index = 0; index < most; index++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed();
    this.#at++;
    return byte;
  }
}

function malformed(): UploadError {
  return new UploadError("The upload is not a Parquet file that can be read here.");
}
