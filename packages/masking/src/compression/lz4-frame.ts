import { xxh32 } from "./xxh32.ts";

const MAGIC = 0x184d2204;
const VERSION = 0b01;
/** Of a frame's header: magic, flags, block size, checksum. */
const LEAST_BYTES = 7;
const UNCOMPRESSED = 0x8000_0000;
/** A match is at least so long; a token's half that is full says that more bytes of length follow. */
const SHORTEST_MATCH = 4;
const MORE = 15;
/** Longest way back to what is repeated. */
const WINDOW = 65_535;

/**
 * The bytes of one LZ4 frame, which must be exactly `size` of them; undefined for what is no such frame. Only so much memory is taken:
 * what would grow beyond it is refused before it is written. Every length and checksum is verified; dictionaries, skippable and
 * legacy frames, and bytes behind the end are refused.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function readLz4Frame(frame: Uint8Array, size: number): Uint8Array | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < LEAST_BYTES || view.getUint32(0, true) !== MAGIC) return undefined;
  const flags = view.getUint8(4);
  const [independent, blockSums, hasSize, contentSum] = [5, 4, 3, 2].map((bit) => ((flags >> bit) & 1) === 1);
  // Bit 1 is reserved; bit 0 names a dictionary.
  if (flags >> 6 !== VERSION || (flags & 0b11) !== 0) return undefined;
  const blockCode = view.getUint8(5);
  const blockBytes = 2 ** (8 + 2 * (blockCode >> 4));
  if ((blockCode & 0x8f) !== 0 || blockCode >> 4 < 4) return undefined;
  let at = 6 + (hasSize ? 8 : 0);
  if (at + 1 > frame.length) return undefined;
  if (hasSize && view.getBigUint64(6, true) !== BigInt(size)) return undefined;
  if (view.getUint8(at) !== ((xxh32(frame.subarray(4, at)) >>> 8) & 0xff)) return undefined;
  at++;
  const out = new Uint8Array(size);
  let end = 0;
  for (;;) {
    if (at + 4 > frame.length) return undefined;
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const length = word & (UNCOMPRESSED - 1);
    const after = at + length + (blockSums ? 4 : 0);
    if (length === 0 || length > blockBytes || after > frame.length) return undefined;
    const block = frame.subarray(at, at + length);
    if (blockSums && view.getUint32(at + length, true) !== xxh32(block)) return undefined;
    const most = Math.min(size, end + blockBytes);
    if (word >= UNCOMPRESSED) {
      if (end + length > most) return undefined;
      out.set(block, end);
      end += length;
    } else {
      const grown = readBlock(block, out, end, most, independent ? end : 0);
      if (grown === undefined) return undefined;
      end = grown;
    }
    at = after;
  }
  if (contentSum) {
    if (at + 4 > frame.length || view.getUint32(at, true) !== xxh32(out.subarray(0, end))) return undefined;
    at += 4;
  }
  return end === size && at === frame.length ? out : undefined;
}

/**
 * One block's bytes into `out` from `end` on, to `most` at the furthest, repeating nothing from before `first`; where they end.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
function readBlock(block: Uint8Array, out: Uint8Array, end: number, most: number, first: number): number | undefined {
  let at = 0;
  let to = end;
  for (;;) {
    const token = block[at++];
    if (token === undefined) return undefined;
    let literals = token >> 4;
    if (literals === MORE)
      for (let byte = 255; byte === 255; literals += byte) {
        byte = block[at++] ?? -1;
        if (byte < 0) return undefined;
      }
    if (at + literals > block.length || to + literals > most) return undefined;
    // A call for a few bytes costs more than they do.
    if (literals > 32) out.set(block.subarray(at, at + literals), to);
    else for (let i = 0; i < literals; i++) out[to + i] = block[at + i] as number;
    at += literals;
    to += literals;
    // The last sequence has literals alone.
    if (at === block.length) return to;
    if (at + 2 > block.length) return undefined;
    const back = (block[at] as number) | ((block[at + 1] as number) << 8);
    at += 2;
    let length = (token & MORE) + SHORTEST_MATCH;
    if ((token & MORE) === MORE)
      for (let byte = 255; byte === 255; length += byte) {
        byte = block[at++] ?? -1;
        if (byte < 0) return undefined;
      }
    if (back === 0 || back > WINDOW || to - back < first || to + length > most) return undefined;
    if (length > 32 && back >= length) out.copyWithin(to, to - back, to - back + length);
    // What is repeated may reach into itself.
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - back] as number;
    to += length;
  }
}
