import { readLz4Frame } from "../compression/lz4-frame.ts";
import { readZstd } from "../compression/zstd.ts";
import { MaskingError } from "../masking-error.ts";
import type { FlatTable } from "./flat-reader.ts";

const NOTHING = new Uint8Array(0);

/** `CompressionType`, format/Message.fbs. */
const LZ4_FRAME = 0;
const ZSTD = 1;
/** `BodyCompressionMethod`: each buffer by itself. */
const BUFFER = 0;
/** Before a compressed buffer: how long it is uncompressed; -1 says that it isn't compressed. */
const LENGTH_BYTES = 8;
const AS_IT_IS = -1n;
/** LZ4 makes no more of a byte than this. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
const LZ4_MOST = 255;

/**
 * The buffers of a record batch's body, one after the other. They must follow each other without overlapping, for one that is shown could
 * else lie over one that is masked. Compressed ones are unpacked within what they say they hold, and all of them within one bound.
 * https://arrow.apache.org/docs/format/Columnar.html#compression
 */
export class BodyBuffers {
  readonly #places: readonly (readonly [number, number])[];
  readonly #body: Uint8Array;
  readonly #codec: number | undefined;
  /** Bytes that may still be unpacked. */
  #room: number;
  #next = 0;
  #reached = 0;

  constructor(header: FlatTable, body: Uint8Array, maxBytes: number) {
    this.#places = header.pairs(2);
    this.#body = body;
    this.#codec = codecOf(header);
    this.#room = maxBytes;
  }

  get allTaken(): boolean {
    return this.#next === this.#places.length;
  }

  /** The next one has no bytes. */
  get nextIsEmpty(): boolean {
    return (this.#places[this.#next]?.[1] ?? 0) === 0;
  }

  /** The next buffer's first bytes: those that are needed. Throws what `refuse` makes of the reason. */
  take(needed: number, refuse: (what: string) => MaskingError): Uint8Array {
    const place = this.#places[this.#next++];
    if (place === undefined) throw refuse("the batch has fewer buffers than its schema");
    const [offset, length] = place;
    if (length > 0) {
      if (offset < this.#reached || offset + length > this.#body.length)
        throw refuse("a buffer lies over another or outside of the batch");
      this.#reached = offset + length;
    }
    const raw = this.#body.subarray(offset, offset + length);
    const bytes = this.#codec === undefined || length === 0 ? raw : this.#unpack(raw, this.#codec, needed, refuse);
    if (bytes.length < needed) throw refuse("a buffer is shorter than its values");
    return needed === 0 ? NOTHING : bytes.subarray(0, needed);
  }

  #unpack(raw: Uint8Array, codec: number, needed: number, refuse: (what: string) => MaskingError): Uint8Array {
    if (raw.length < LENGTH_BYTES) throw refuse("a compressed buffer doesn't say how long it is");
    const said = new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getBigInt64(0, true);
    const packed = raw.subarray(LENGTH_BYTES);
    if (said === AS_IT_IS) return packed;
    // Of what isn't needed nothing is unpacked.
    if (needed === 0) return NOTHING;
    const size = Number(said);
    if (size < needed) throw refuse("a buffer is shorter than its values");
    if (size > this.#room) throw new MaskingError("limit", "The batch unpacks to more bytes than allowed");
    if (codec === LZ4_FRAME && size > packed.length * LZ4_MOST)
      throw refuse("a compressed buffer can't hold what it says");
    this.#room -= size;
    const bytes = codec === LZ4_FRAME ? readLz4Frame(packed, size) : readZstd(packed, size);
    if (bytes === undefined) throw refuse("a compressed buffer doesn't unpack to what it says");
    return bytes;
  }
}

function codecOf(header: FlatTable): number | undefined {
  const compression = header.table(3);
  if (compression === undefined) return undefined;
  const codec = compression.uint8(0);
  if ((codec !== LZ4_FRAME && codec !== ZSTD) || compression.uint8(1) !== BUFFER)
    throw new MaskingError("shape", "A compression of Arrow's that isn't known");
  return codec;
}
