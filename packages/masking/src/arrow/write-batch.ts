import type { BatchMemory } from "./batch-memory.ts";
import type { Column } from "./column.ts";
import { int64, pairs, table } from "./flat-writer.ts";
import { RECORD_BATCH, writeMetadata } from "./message.ts";
import type { Values } from "./read-batch.ts";

const NOTHING = new Uint8Array(0);

/** A record batch message of these values, uncompressed; what stands between buffers is zeros. */
export function writeBatch(
  columns: readonly Column[],
  rows: number,
  values: readonly Values[],
  memory: BatchMemory,
): Buffer {
  const nodes: [number, number][] = [];
  const places: [number, number][] = [];
  const buffers: Uint8Array[] = [];
  let bodyBytes = 0;
  const buffer = (bytes: Uint8Array): void => {
    places.push([bodyBytes, bytes.length]);
    buffers.push(bytes);
    bodyBytes += padded(bytes.length);
  };
  const put = (column: Column, { length, nulls, valid, offsets, data, children }: Values): void => {
    nodes.push([length, nulls]);
    buffer(valid ?? NOTHING);
    const { kind } = column.layout;
    if (kind === "bytes" || kind === "list")
      buffer(new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength));
    if (kind !== "list" && kind !== "struct") buffer(data);
    for (const [i, child] of column.children.entries()) put(child, children[i] as Values);
  };
  for (const [i, column] of columns.entries()) put(column, values[i] as Values);
  const metadata = writeMetadata(RECORD_BATCH, table(int64(rows), pairs(nodes), pairs(places)), bodyBytes);
  const out = memory.bytes(metadata.length + bodyBytes);
  metadata.copy(out);
  // Each byte is written: memory that was used before shows nothing of then.
  let end = metadata.length;
  for (const bytes of buffers) {
    out.set(bytes, end);
    out.fill(0, end + bytes.length, end + padded(bytes.length));
    end += padded(bytes.length);
  }
  return out;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
