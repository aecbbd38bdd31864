import { bool, bytes, double, integer, many, message, one, string, strings } from "./protobuf.ts";

/**
 * The messages of `google.cloud.bigquery.storage.v1.BigQueryRead` that the gateway reads or writes, written from the public reference.
 * What isn't here is refused in a request and skipped in an answer.
 * https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1
 */
export const SERVICE = "/google.cloud.bigquery.storage.v1.BigQueryRead";

export type Format = "arrow" | "avro";
/** `DataFormat`. */
export const DATA_FORMAT: Readonly<Record<Format, number>> = { avro: 1, arrow: 2 };

const timestamp = message("Timestamp", { seconds: integer(1), nanos: integer(2) });

const tableModifiers = message("TableModifiers", { snapshotTime: one(1, timestamp) });

const readOptions = message("TableReadOptions", {
  selectedFields: strings(1),
  rowRestriction: string(2),
  arrowSerializationOptions: one(
    3,
    message("ArrowSerializationOptions", { bufferCompression: integer(2), picosTimestampPrecision: integer(3) }),
  ),
  avroSerializationOptions: one(
    4,
    message("AvroSerializationOptions", { enableDisplayNameAttribute: bool(1), picosTimestampPrecision: integer(2) }),
  ),
  samplePercentage: double(5),
  responseCompressionCodec: integer(6),
});

const arrowSchema = message("ArrowSchema", { serializedSchema: bytes(1) });
const avroSchema = message("AvroSchema", { schema: string(1) });
const readStream = message("ReadStream", { name: string(1) });

const readSession = message("ReadSession", {
  name: string(1),
  expireTime: one(2, timestamp),
  dataFormat: integer(3),
  avroSchema: one(4, avroSchema),
  arrowSchema: one(5, arrowSchema),
  table: string(6),
  tableModifiers: one(7, tableModifiers),
  readOptions: one(8, readOptions),
  streams: many(10, readStream),
  traceId: string(13),
  estimatedRowCount: integer(14),
});

export const messages = {
  createReadSessionRequest: message("CreateReadSessionRequest", {
    parent: string(1),
    readSession: one(2, readSession),
    maxStreamCount: integer(3),
    preferredMinStreamCount: integer(4),
  }),
  readSession,
  readRowsRequest: message("ReadRowsRequest", { readStream: string(1), offset: integer(2) }),
  readRowsResponse: message("ReadRowsResponse", {
    avroRows: one(3, message("AvroRows", { serializedBinaryRows: bytes(1), rowCount: integer(2) })),
    arrowRecordBatch: one(4, message("ArrowRecordBatch", { serializedRecordBatch: bytes(1), rowCount: integer(2) })),
    rowCount: integer(6),
    avroSchema: one(7, avroSchema),
    arrowSchema: one(8, arrowSchema),
    uncompressedByteSize: integer(9),
  }),
  splitReadStreamRequest: message("SplitReadStreamRequest", { name: string(1), fraction: double(2) }),
  splitReadStreamResponse: message("SplitReadStreamResponse", {
    primaryStream: one(1, readStream),
    remainderStream: one(2, readStream),
  }),
} as const;

type MessageValue<M> = M extends { decode(...args: never[]): infer T } ? T : never;
export type CreateReadSessionRequest = MessageValue<typeof messages.createReadSessionRequest>;
export type ReadSession = MessageValue<typeof messages.readSession>;
export type ReadRowsRequest = MessageValue<typeof messages.readRowsRequest>;

export type SplitReadStreamRequest = MessageValue<typeof messages.splitReadStreamRequest>;
