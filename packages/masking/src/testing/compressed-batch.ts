import { FlatTable } from "../arrow/flat-reader.ts";
import { int64, pairs, table, uint8 } from "../arrow/flat-writer.ts";
import { RECORD_BATCH, readMessage, writeMetadata } from "../arrow/message.ts";

/** How buffers are packed, by Arrow's numbers. */
export type Codec = "lz4" | "zstd";
const CODECS: Readonly<Record<string, number>> = { lz4: 0, zstd: 1 };

/** The record batch with each buffer packed as Arrow's format says, or left as it is where `pack` gives nothing. */
export function compressedBatch(
  batch: Uint8Array,
  codec: Codec,
  pack: (buffer: Uint8Array) => Uint8Array | undefined,
  said: (length: number) => number = (length) => length,
): Buffer {
  const { header, body } = readMessage(batch, RECORD_BATCH);
  const places: [number, number][] = [];
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [offset, length] of header.pairs(2)) {
    const raw = body.subarray(offset, offset + length);
    const packed = length === 0 ? undefined : pack(raw);
    const prefix = Buffer.alloc(8);
    prefix.writeBigInt64LE(packed === undefined ? -1n : BigInt(said(length)));
    const bytes = length === 0 ? Buffer.alloc(0) : Buffer.concat([prefix, packed ?? raw]);
    const padding = Buffer.alloc((8 - (bytes.length % 8)) % 8);
    places.push([end, bytes.length]);
    parts.push(bytes, padding);
    end += bytes.length + padding.length;
  }
  const compression = table(uint8(CODECS[codec] ?? 7), uint8(0));
  const written = table(int64(header.size(0)), pairs(header.pairs(1)), pairs(places), compression);
  return Buffer.concat([writeMetadata(RECORD_BATCH, written, end), ...parts]);
}

/** The messages of an Arrow stream: its schema and its one batch. */
export function streamMessages(stream: Uint8Array): { readonly schema: Uint8Array; readonly batch: Uint8Array } {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const schemaEnd = 8 + view.getInt32(4, true);
  const metadataEnd = schemaEnd + 8 + view.getInt32(schemaEnd + 4, true);
  const bodyBytes = FlatTable.root(stream.subarray(schemaEnd + 8, metadataEnd)).size(3);
  return { schema: stream.subarray(0, schemaEnd), batch: stream.subarray(schemaEnd, metadataEnd + bodyBytes) };
}
