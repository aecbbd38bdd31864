import { MaskingError } from "../masking-error.ts";
import { FlatTable } from "./flat-reader.ts";
import { type FlatObject, int16, int64, table, uint8, writeFlat } from "./flat-writer.ts";

/**
 * Arrow's encapsulated message: 0xFFFFFFFF, the metadata's size, the metadata (a FlatBuffer `Message`), the body.
 * https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
 */

/** `MessageHeader`, format/Message.fbs. */
export const SCHEMA = 1;
export const RECORD_BATCH = 3;
type HeaderType = typeof SCHEMA | typeof RECORD_BATCH;

const NAMES: Readonly<Record<number, string>> = { 0: "no", 1: "a schema", 2: "a dictionary", 3: "a record batch" };
const CONTINUATION = 0xffffffff;
/** MetadataVersion.V5: since Arrow 1.0. V4 has the same layout for the types that BigQuery has. */
const V4 = 3;
const V5 = 4;

export interface ArrowMessage {
  readonly header: FlatTable;
  readonly body: Uint8Array;
}

/** Reads the one message that these bytes are, which must be of this type. */
export function readMessage(bytes: Uint8Array, type: HeaderType): ArrowMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== CONTINUATION)
    throw new MaskingError("syntax", "Not an encapsulated Arrow message");
  const metadataBytes = view.getInt32(4, true);
  if (metadataBytes < 8 || metadataBytes % 8 !== 0 || 8 + metadataBytes > bytes.length)
    throw new MaskingError("syntax", "The Arrow message's metadata has another size than it says");
  const message = FlatTable.root(bytes.subarray(8, 8 + metadataBytes));
  const version = message.int16(0);
  if (version !== V4 && version !== V5) throw new MaskingError("shape", "An Arrow format version that isn't known");
  const found = message.uint8(1);
  if (found !== type)
    throw new MaskingError("shape", `${NAMES[type]} was expected, not ${NAMES[found] ?? "another Arrow message"}`);
  const header = message.table(2);
  const bodyBytes = message.size(3);
  const body = bytes.subarray(8 + metadataBytes);
  if (header === undefined) throw new MaskingError("syntax", "The Arrow message has no header");
  if (bodyBytes !== body.length)
    throw new MaskingError("syntax", "The Arrow message's body has another size than it says");
  return { header, body };
}

/** The metadata of a message with a body of so many bytes, which is written behind it. */
export function writeMetadata(type: HeaderType, header: FlatObject, bodyBytes: number): Buffer {
  const metadata = writeFlat(table(int16(V5), uint8(type), header, int64(bodyBytes)));
  const out = Buffer.alloc(8 + metadata.length);
  out.writeUInt32LE(CONTINUATION, 0);
  out.writeInt32LE(metadata.length, 4);
  metadata.copy(out, 8);
  return out;
}
