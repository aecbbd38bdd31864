/**
 * A record batch with each of its buffers compressed. Apache's library for JavaScript writes compressed batches that others can't read,
 * so its message is taken apart and written anew.
 * https://arrow.apache.org/docs/format/Columnar.html#compression
 */
import { zstdCompressSync } from "node:zlib";
import { BodyCompression } from "apache-arrow/fb/body-compression";
import { BodyCompressionMethod } from "apache-arrow/fb/body-compression-method";
import { Buffer as BufferPlace } from "apache-arrow/fb/buffer";
import { CompressionType } from "apache-arrow/fb/compression-type";
import { FieldNode } from "apache-arrow/fb/field-node";
import { Message } from "apache-arrow/fb/message";
import { RecordBatch } from "apache-arrow/fb/record-batch";
import { Builder, ByteBuffer } from "flatbuffers";
import { compressFrameSync } from "lz4-napi";

export type Codec = "LZ4_FRAME" | "ZSTD";

const ALIGNMENT = 8;
/** Of an encapsulated message: the mark, and the metadata's size. */
const PREFIX_BYTES = 8;

export function compressBatch(batch: Buffer, codec: Codec): Buffer {
  const metadataBytes = batch.readInt32LE(4);
  const body = batch.subarray(PREFIX_BYTES + metadataBytes);
  const message = Message.getRootAsMessage(new ByteBuffer(batch.subarray(PREFIX_BYTES, PREFIX_BYTES + metadataBytes)));
  const header = message.header(new RecordBatch()) as RecordBatch;
  const places: [number, number][] = [];
  const parts: Buffer[] = [];
  let end = 0;
  for (let i = 0; i < header.buffersLength(); i++) {
    const place = header.buffers(i);
    const [offset, length] = [Number(place?.offset() ?? 0), Number(place?.length() ?? 0)];
    const packed = length === 0 ? Buffer.alloc(0) : compressed(body.subarray(offset, offset + length), codec);
    places.push([end, packed.length]);
    parts.push(packed, Buffer.alloc(-packed.length & (ALIGNMENT - 1)));
    end += parts.at(-2)?.length ?? 0;
    end += parts.at(-1)?.length ?? 0;
  }
  const metadata = metadataOf(message, header, places, codec, end);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(0xffffffff, 0);
  prefix.writeInt32LE(metadata.length, 4);
  return Buffer.concat([prefix, metadata, ...parts]);
}

/** With its length before it; one that would grow is left as it is, which a length of -1 says. */
function compressed(bytes: Buffer, codec: Codec): Buffer {
  const packed = codec === "LZ4_FRAME" ? compressFrameSync(bytes) : zstdCompressSync(bytes);
  const smaller = packed.length < bytes.length;
  const length = Buffer.alloc(8);
  length.writeBigInt64LE(smaller ? BigInt(bytes.length) : -1n);
  return Buffer.concat([length, smaller ? packed : bytes]);
}

function metadataOf(
  message: Message,
  header: RecordBatch,
  places: readonly (readonly [number, number])[],
  codec: Codec,
  bodyBytes: number,
): Buffer {
  const builder = new Builder(1024);
  // FlatBuffers are written from their end.
  RecordBatch.startNodesVector(builder, header.nodesLength());
  for (let i = header.nodesLength() - 1; i >= 0; i--) {
    const node = header.nodes(i);
    FieldNode.createFieldNode(builder, node?.length() ?? 0n, node?.nullCount() ?? 0n);
  }
  const nodes = builder.endVector();
  RecordBatch.startBuffersVector(builder, places.length);
  for (const [offset, length] of places.toReversed()) BufferPlace.createBuffer(builder, BigInt(offset), BigInt(length));
  const buffers = builder.endVector();
  const type = codec === "LZ4_FRAME" ? CompressionType.LZ4_FRAME : CompressionType.ZSTD;
  const compression = BodyCompression.createBodyCompression(builder, type, BodyCompressionMethod.BUFFER);
  RecordBatch.startRecordBatch(builder);
  RecordBatch.addLength(builder, header.length());
  RecordBatch.addNodes(builder, nodes);
  RecordBatch.addBuffers(builder, buffers);
  RecordBatch.addCompression(builder, compression);
  const batch = RecordBatch.endRecordBatch(builder);
  Message.startMessage(builder);
  Message.addVersion(builder, message.version());
  Message.addHeaderType(builder, message.headerType());
  Message.addHeader(builder, batch);
  Message.addBodyLength(builder, BigInt(bodyBytes));
  builder.finish(Message.endMessage(builder));
  const bytes = Buffer.from(builder.asUint8Array());
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (ALIGNMENT - 1))]);
}
