import { constants, crc32, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { snappyUncompress } from "hyparquet";
import { UploadError } from "../upload-error.ts";
import { Binary } from "./binary.ts";
import { malformed } from "./malformed.ts";

/** Bytes of what a file says at its beginning; of a block, and of what it unpacks to (I10). */
const MOST_HEADER = 1_000_000;
const MOST_BLOCK = 16_000_000;
const MOST_UNPACKED = 32_000_000;
const MAGIC = Buffer.from("Obj\x01", "latin1");
const SYNC_BYTES = 16;
/** A number's bytes, at most. */
const LONG_BYTES = 10;

export interface AvroHeader {
  readonly schema: unknown;
  readonly codec: string;
}

export interface AvroBlock {
  readonly rows: bigint;
  readonly bytes: Uint8Array;
}

/**
 * The header and the blocks of an object container file that comes in parts, cut anywhere. Holds no more than one block and one part.
 * https://avro.apache.org/docs/1.12.0/specification/#object-container-files
 */
export class AvroBlocks {
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  /** Bytes that must be here before it is looked again. */
  #wanted = 0;
  #sync: Uint8Array | undefined;
  header: AvroHeader | undefined;

  *add(bytes: Uint8Array): Generator<AvroBlock> {
    if (bytes.length > 0) this.#parts.push(bytes);
    this.#size += bytes.length;
    if (this.#size < this.#wanted) return;
    let held = this.#held();
    if (this.header === undefined) held = this.#begin(held);
    if (this.header !== undefined)
      for (;;) {
        const found = this.#block(held);
        if (found === undefined) break;
        held = held.subarray(found.end);
        yield { rows: found.rows, bytes: unpack(this.header.codec, found.packed) };
      }
    this.#keep(held);
  }

  /** Throws UploadError where the file isn't whole. */
  end(): void {
    if (this.header === undefined || this.#size > 0) throw malformed();
  }

  #held(): Uint8Array {
    const held = Buffer.concat(this.#parts.splice(0));
    this.#size = 0;
    return new Uint8Array(held.buffer, held.byteOffset, held.length);
  }

  #keep(held: Uint8Array): void {
    if (held.length === 0) return;
    this.#parts.unshift(held);
    this.#size += held.length;
  }

  /** What is behind the header, as soon as that is here. */
  #begin(held: Uint8Array): Uint8Array {
    if (held.length >= MAGIC.length && !MAGIC.equals(held.subarray(0, MAGIC.length))) throw malformed();
    const end = headerEnd(held);
    if (end === undefined) {
      if (held.length > MOST_HEADER) throw malformed();
      return held;
    }
    const told = metadataOf(new Binary(held.subarray(MAGIC.length, end)));
    this.header = {
      schema: JSON.parse(told.get("avro.schema") ?? "") as unknown,
      codec: told.get("avro.codec") ?? "null",
    };
    this.#sync = held.slice(end, end + SYNC_BYTES);
    return held.subarray(end + SYNC_BYTES);
  }

  #block(held: Uint8Array): { readonly rows: bigint; readonly packed: Uint8Array; readonly end: number } | undefined {
    this.#wanted = 0;
    if (held.length === 0) return undefined;
    const from = new Binary(held);
    const [rows, size] = [longIn(from), longIn(from)];
    if (rows === undefined || size === undefined) return undefined;
    if (rows < 0n || size < 0n || size > MOST_BLOCK)
      throw new UploadError(`A block of the Avro file has more than ${MOST_BLOCK} bytes; write smaller ones.`);
    const packed = { from: from.at, to: from.at + Number(size) };
    const end = packed.to + SYNC_BYTES;
    if (held.length < end) {
      this.#wanted = end;
      return undefined;
    }
    if (this.#sync === undefined || !Buffer.from(held.subarray(packed.to, end)).equals(this.#sync)) throw malformed();
    return { rows, packed: held.subarray(packed.from, packed.to), end };
  }
}

/** undefined: it isn't all here yet. */
function longIn(from: Binary): bigint | undefined {
  if (from.left >= LONG_BYTES) return from.long();
  try {
    return from.long();
  } catch {
    return undefined;
  }
}

/** Where the sync marker begins; undefined: it isn't all here yet. */
function headerEnd(held: Uint8Array): number | undefined {
  if (held.length < MAGIC.length) return undefined;
  const from = new Binary(held.subarray(MAGIC.length));
  try {
    metadataOf(from);
  } catch {
    return undefined;
  }
  return from.left < SYNC_BYTES ? undefined : MAGIC.length + from.at;
}

/** A map of bytes. */
function metadataOf(from: Binary): ReadonlyMap<string, string> {
  const told = new Map<string, string>();
  const text = () => new TextDecoder("utf-8", { fatal: true }).decode(from.bytes());
  for (let count = from.long(); count !== 0n; count = from.long()) {
    if (count < 0n) from.long();
    for (let left = count < 0n ? -count : count; left > 0n; left--) {
      const name = text();
      if (told.has(name)) throw malformed();
      told.set(name, text());
    }
  }
  return told;
}

/** Throws whatever. Never makes more than may be. */
function unpack(codec: string, packed: Uint8Array): Uint8Array {
  const most = { maxOutputLength: MOST_UNPACKED };
  switch (codec) {
    case "null":
      return packed;
    case "deflate":
      return inflateRawSync(packed, most);
    case "zstandard":
      return zstdDecompressSync(packed, { ...most, params: { [constants.ZSTD_d_windowLogMax]: 24 } });
    case "snappy": {
      // The size it unpacks to stands first, a checksum last.
      const body = packed.subarray(0, -4);
      const bytes = new Uint8Array(sizeOfSnappy(body));
      snappyUncompress(body, bytes);
      const view = new DataView(packed.buffer, packed.byteOffset + body.length, 4);
      if (crc32(bytes) !== view.getUint32(0)) throw malformed();
      return bytes;
    }
    default:
      throw new UploadError("The Avro file is compressed other than by Deflate, Snappy or Zstandard.");
  }
}

function sizeOfSnappy(body: Uint8Array): number {
  let size = 0;
  for (let index = 0; index < 5; index++) {
    const byte = body[index] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  if (size > MOST_UNPACKED) throw new UploadError("A block of the Avro file unpacks to more than it may.");
  return size;
}
