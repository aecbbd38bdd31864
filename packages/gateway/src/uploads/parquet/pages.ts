import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import { type ColumnMetaData, type CompressionCodec, snappyUncompress } from "hyparquet";
import { UploadError } from "../upload-error.ts";
import { hadoopLz4, lz4Block } from "./lz4.ts";
import { malformed } from "./malformed.ts";

/** What stands unpacked at once of all columns: of each the page that is read, and its dictionary (I10). */
export const MOST_UNPACKED = 128_000_000;

/** A page that is here, unpacked, but for its levels where they stand before what was packed. */
export interface Page {
  readonly kind: "dictionary" | "data" | "data-v2";
  readonly values: number;
  readonly encoding: Encoding;
  /** Of `data-v2`, whose levels stand apart; those of `data` are in its bytes, as runs or, of the oldest writers, packed bit by bit. */
  readonly levels: { readonly repetition: Uint8Array; readonly definition: Uint8Array };
  readonly levelForms: { readonly repetition: LevelForm; readonly definition: LevelForm };
  readonly bytes: Uint8Array;
}

export type Encoding =
  | "plain"
  | "dictionary"
  | "run-lengths"
  | "delta-numbers"
  | "delta-length-bytes"
  | "delta-bytes"
  | "split";
export type LevelForm = "runs" | "packed" | "unknown";

/** https://parquet.apache.org/docs/file-format/data-pages/encodings */
const ENCODINGS: ReadonlyMap<unknown, Encoding> = new Map([
  [0, "plain"],
  [2, "dictionary"],
  [3, "run-lengths"],
  [5, "delta-numbers"],
  [6, "delta-length-bytes"],
  [7, "delta-bytes"],
  [8, "dictionary"],
  [9, "split"],
]);

/** RLE, and BIT_PACKED, which is nothing but levels. */
const LEVEL_FORMS: ReadonlyMap<unknown, LevelForm> = new Map([
  [3, "runs"],
  [4, "packed"],
]);

/** By a page's kind: where its own header stands, and in it the encoding. DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2. */
const KINDS: ReadonlyMap<unknown, { readonly kind: Page["kind"]; readonly header: number; readonly encoding: number }> =
  new Map([
    [0, { kind: "data", header: 5, encoding: 2 }],
    [2, { kind: "dictionary", header: 7, encoding: 2 }],
    [3, { kind: "data-v2", header: 8, encoding: 4 }],
  ]);
const NONE = new Uint8Array();
/** No codec makes more of bytes than they were, but for a few; what comes of them is counted, what they are is copied. */
const SLACK = 1024;

/** What the pages that stand unpacked come to. A page says of itself what it unpacks to: so it is asked before that is done. */
export class Unpacked {
  #bytes = 0;

  /** @param instead bytes that stand no longer. Throws UploadError. */
  add(bytes: number, instead: number): void {
    this.#bytes += bytes - instead;
    if (this.#bytes > MOST_UNPACKED)
      throw new UploadError(
        "Pages of the Parquet file's columns unpack to more than may stand at once; write it with smaller pages, or load it from Cloud Storage.",
      );
  }
}

/** One column's pages in one row group, in their order. https://parquet.apache.org/docs/file-format/data-pages */
export class ChunkPages {
  readonly #reader: Compact;
  readonly #bytes: Uint8Array;
  readonly #codec: CompressionCodec;
  readonly #unpacked: Unpacked;

  constructor(file: Uint8Array, chunk: ColumnMetaData, unpacked: Unpacked) {
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    if (!(start >= 4 && end > start && end <= file.length)) throw malformed();
    this.#bytes = file.subarray(start, end);
    this.#reader = new Compact(this.#bytes);
    this.#codec = chunk.codec;
    this.#unpacked = unpacked;
  }

  /** The next page, of which `instead` bytes of another no longer stand. Throws UploadError. */
  next(instead: (kind: "dictionary" | "data") => number): Page | undefined {
    if (this.#reader.at >= this.#bytes.length) return undefined;
    const fields = this.#reader.struct(0);
    // A header of another kind may stand beside it, and is not read.
    const kind = KINDS.get(fields.get(1));
    const inner = kind === undefined ? undefined : fields.get(kind.header);
    if (kind === undefined || !(inner instanceof Map)) throw malformed();
    const header = {
      unpacked: count(fields.get(2)),
      packed: count(fields.get(3)),
      values: count(inner.get(1)),
      encoding: ENCODINGS.get(inner.get(kind.encoding)),
    };
    const { encoding } = header;
    if (encoding === undefined)
      throw new UploadError("A column of the Parquet file is encoded in a way that isn't read here.");
    if (kind.kind === "dictionary" && encoding !== "plain" && encoding !== "dictionary") throw malformed();
    if (header.packed > 2 * header.unpacked + SLACK) throw malformed();
    const start = this.#reader.at;
    this.#reader.skip(header.packed);
    this.#unpacked.add(header.unpacked, instead(kind.kind === "dictionary" ? "dictionary" : "data"));
    // A copy: what is read of it may be kept, and the file still grew a moment ago.
    const packed = this.#bytes.slice(start, start + header.packed);
    const form = (id: number) => (kind.kind === "data-v2" ? "runs" : (LEVEL_FORMS.get(inner.get(id)) ?? "unknown"));
    const levelForms = { definition: form(3), repetition: form(4) };
    const page = { kind: kind.kind, values: header.values, encoding, levelForms };
    if (kind.kind !== "data-v2")
      return { ...page, levels: { repetition: NONE, definition: NONE }, bytes: this.#unpack(packed, header.unpacked) };
    const [definition, repetition] = [5, 6].map((id) => count(inner.get(id))) as [number, number];
    const levels = definition + repetition;
    if (levels > packed.length || levels > header.unpacked) throw malformed();
    const rest = packed.subarray(levels);
    const isPacked = inner.get(7) !== false;
    if (!isPacked && header.packed !== header.unpacked) throw malformed();
    return {
      ...page,
      levels: { repetition: packed.subarray(0, repetition), definition: packed.subarray(repetition, levels) },
      bytes: isPacked ? this.#unpack(rest, header.unpacked - levels) : rest,
    };
  }

  #unpack(packed: Uint8Array, size: number): Uint8Array {
    const bytes = size === 0 ? NONE : unpack(this.#codec, packed, size);
    if (bytes.length !== size) throw malformed();
    return bytes;
  }
}

/** Throws whatever. Never makes more than `size` bytes. */
function unpack(codec: CompressionCodec, packed: Uint8Array, size: number): Uint8Array {
  const most = { maxOutputLength: size };
  switch (codec) {
    case "UNCOMPRESSED":
      return packed;
    case "SNAPPY": {
      const bytes = new Uint8Array(size);
      snappyUncompress(packed, bytes);
      return bytes;
    }
    case "GZIP":
      return gunzipSync(packed, most);
    case "BROTLI":
      return brotliDecompressSync(packed, most);
    case "ZSTD":
      return zstdDecompressSync(packed, { ...most, params: { [constants.ZSTD_d_windowLogMax]: MOST_WINDOW_LOG } });
    case "LZ4_RAW":
      return lz4Block(packed, size);
    case "LZ4":
      return hadoopLz4(packed, size);
    case "LZO":
      throw new UploadError("The Parquet file is compressed other than by Snappy, GZIP, Brotli, Zstandard or LZ4.");
  }
}

/** Zstandard holds this much of what it made: 16 MB. */
const MOST_WINDOW_LOG = 24;

function count(value: unknown): number {
  if (typeof value !== "number" || value < 0) throw malformed();
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

  get at(): number {
    return this.#at;
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
