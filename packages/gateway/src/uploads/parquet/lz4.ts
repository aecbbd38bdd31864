import { UploadError } from "../upload-error.ts";
import { malformed } from "./malformed.ts";

/** What a run of bytes that stood before is more than. */
const LEAST_RUN = 4;
/** Of a length, that more of it follows: in four bits, and in each byte after them. */
const [MORE, MORE_BYTE] = [15, 255];

/** One block of LZ4, of exactly this many bytes. Throws UploadError. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
export function lz4Block(packed: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (unpackInto(bytes, packed) !== size) throw malformed();
  return bytes;
}

/**
 * What the codec LZ4 stands for, beside LZ4_RAW: Hadoop's blocks, each with its sizes before it or, of older writers, one that has none.
 * Throws UploadError. https://github.com/apache/parquet-format/blob/master/Compression.md#lz4
 */
export function hadoopLz4(packed: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  try {
    unpackBlocks(bytes, packed);
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    if (unpackInto(bytes, packed) !== size) throw malformed();
  }
  return bytes;
}

function unpackBlocks(bytes: Uint8Array, packed: Uint8Array): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const number = (at: number) => (at + 4 <= packed.length ? view.getUint32(at) : lacking());
  let [at, made] = [0, 0];
  while (at < packed.length) {
    const end = made + number(at);
    at += 4;
    if (end > bytes.length) throw malformed();
    // A block may be packed in several parts.
    while (made < end) {
      const next = at + 4 + number(at);
      if (next > packed.length) throw malformed();
      const part = unpackInto(bytes.subarray(made, end), packed.subarray(at + 4, next));
      if (part === 0) throw malformed();
      made += part;
      at = next;
    }
  }
  if (made !== bytes.length) throw malformed();
}

/** How many bytes it came to. */
function unpackInto(bytes: Uint8Array, packed: Uint8Array): number {
  let [at, made] = [0, 0];
  const lengthOf = (bits: number): number => {
    if (bits < MORE) return bits;
    for (let length = bits; ; ) {
      const byte = packed[at++] ?? lacking();
      length += byte;
      if (byte < MORE_BYTE) return length;
    }
  };
  while (at < packed.length) {
    const token = packed[at++] ?? lacking();
    const literal = lengthOf(token >> 4);
    if (literal > packed.length - at || literal > bytes.length - made) throw malformed();
    bytes.set(packed.subarray(at, at + literal), made);
    at += literal;
    made += literal;
    // The last has nothing behind its bytes.
    if (at === packed.length) break;
    const back = (packed[at] ?? lacking()) + 256 * (packed[at + 1] ?? lacking());
    at += 2;
    const run = LEAST_RUN + lengthOf(token & MORE);
    if (!(back > 0 && back <= made) || run > bytes.length - made) throw malformed();
    // It may go on into what it makes: then that is had again, twice as much each time.
    for (const [start, end] = [made - back, made + run]; made < end; ) {
      const part = Math.min(end - made, made - start);
      bytes.copyWithin(made, start, start + part);
      made += part;
    }
  }
  return made;
}

function lacking(): never {
  throw malformed();
}
