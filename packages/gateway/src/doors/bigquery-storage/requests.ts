import { childrenOf, type Node, parseExpression, SqlError } from "@chaperone/googlesql";
import {
  type CreateReadSessionRequest,
  DATA_FORMAT,
  type Format,
  messages,
  type ReadRowsRequest,
  type SplitReadStreamRequest,
} from "../../grpc/bigquery-read.ts";
import { ProtobufError } from "../../grpc/protobuf.ts";
import { GrpcError } from "../../grpc/status.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** A read session as it was asked for, understood wholly: what isn't is refused by name (I1). */
export interface AskedRead {
  /** Whose jobs the read is one of. */
  readonly project: string;
  readonly table: { readonly projectId: string; readonly datasetId: string; readonly tableId: string };
  readonly selection: Selection | undefined;
  readonly format: Format;
  /** Of the table's blocks, so many are read; undefined: all. */
  readonly samplePercentage: number | undefined;
  /** One expression of GoogleSQL without a query in it. */
  readonly restriction: string | undefined;
  /** A GoogleSQL literal's text. */
  readonly snapshot: string | undefined;
  readonly streams: number;
  readonly traceId: string | undefined;
}

/** BigQuery's own bound. */
const LONGEST_RESTRICTION = 1_000_000;
const LONGEST_TRACE_ID = 256;
/** `TIMESTAMP_PRECISION_MICROS`; 0 says nothing. */
const MICROS = 1;
/** The last of `CompressionCodec`: LZ4_FRAME, ZSTD. */
const LAST_BUFFER_CODEC = 2;
/** `RESPONSE_COMPRESSION_CODEC_LZ4`; 0 says nothing. */
const RESPONSE_LZ4 = 2;

export function readRequest(bytes: Uint8Array, mostStreams: number): AskedRead {
  const {
    parent,
    readSession,
    maxStreamCount = 0,
    preferredMinStreamCount = 0,
  } = decoded(messages.createReadSessionRequest, bytes);
  const project = /^projects\/([^/]{1,128})$/.exec(parent ?? "")?.[1];
  if (project === undefined) throw invalid("parent is projects/{project_id}.");
  const [, projectId, datasetId, tableId] =
    /^projects\/([^/]{1,128})\/datasets\/([^/]{1,1024})\/tables\/([^/]{1,1024})$/.exec(readSession?.table ?? "") ?? [];
  if (projectId === undefined || datasetId === undefined || tableId === undefined)
    throw invalid("read_session.table is projects/{project_id}/datasets/{dataset_id}/tables/{table_id}.");
  refuseOutput(readSession ?? {});
  const format = formatOf(readSession?.dataFormat);
  if (maxStreamCount < 0 || preferredMinStreamCount < 0) throw invalid("Stream counts are not negative.");
  const options = readSession?.readOptions ?? {};
  checkSerialization(options, format);
  const samplePercentage = options.samplePercentage;
  if (samplePercentage !== undefined && !(samplePercentage >= 0 && samplePercentage <= 100))
    throw invalid("sample_percentage is between 0 and 100.");
  const traceId = readSession?.traceId;
  if ((traceId?.length ?? 0) > LONGEST_TRACE_ID) throw invalid(`trace_id has at most ${LONGEST_TRACE_ID} characters.`);
  const asked = maxStreamCount === 0 ? Math.max(1, preferredMinStreamCount) : maxStreamCount;
  return {
    project,
    table: { projectId, datasetId, tableId },
    format,
    samplePercentage,
    selection: selectionOf(options.selectedFields ?? []),
    restriction: options.rowRestriction === undefined ? undefined : restrictionOf(options.rowRestriction),
    snapshot: snapshotOf(readSession?.tableModifiers?.snapshotTime),
    streams: Math.min(asked, mostStreams),
    traceId,
  };
}

function formatOf(dataFormat: number | undefined): Format {
  switch (dataFormat) {
    case DATA_FORMAT.arrow:
      return "arrow";
    case DATA_FORMAT.avro:
      return "avro";
    default:
      throw invalid("read_session.data_format is ARROW or AVRO.");
  }
}

/**
 * How values are written. Compression is what a client can read, not what it must get: whether a buffer is compressed stands in the buffer,
 * whether a response is in the response. Nothing is compressed here, but a codec that doesn't exist is no wish to be passed over.
 */
function checkSerialization(
  options: NonNullable<NonNullable<CreateReadSessionRequest["readSession"]>["readOptions"]>,
  format: Format,
): void {
  const { arrowSerializationOptions: arrow, avroSerializationOptions: avro, responseCompressionCodec = 0 } = options;
  if (arrow !== undefined && format !== "arrow")
    throw invalid("arrow_serialization_options are not for data format AVRO.");
  if (avro !== undefined && format !== "avro")
    throw invalid("avro_serialization_options are not for data format ARROW.");
  const bufferCodec = arrow?.bufferCompression ?? 0;
  if (bufferCodec < 0 || bufferCodec > LAST_BUFFER_CODEC) throw invalid("buffer_compression is LZ4_FRAME or ZSTD.");
  if (responseCompressionCodec !== 0 && responseCompressionCodec !== RESPONSE_LZ4)
    throw invalid("response_compression_codec is LZ4.");
  if (((format === "arrow" ? arrow : avro)?.picosTimestampPrecision ?? 0) > MICROS)
    throw new GrpcError("unimplemented", "Chaperone serves timestamps in microseconds only, as masks read them.");
  if (avro?.enableDisplayNameAttribute === true)
    throw new GrpcError("unimplemented", "Chaperone does not serve enable_display_name_attribute; ask for ARROW.");
}

export function rowsRequest(bytes: Uint8Array): Required<ReadRowsRequest> {
  const { readStream = "", offset = 0 } = decoded(messages.readRowsRequest, bytes);
  if (offset < 0) throw invalid("offset is not negative.");
  return { readStream, offset };
}

const HALF = 0.5;

export function splitRequest(bytes: Uint8Array): Required<SplitReadStreamRequest> {
  const { name = "", fraction = HALF } = decoded(messages.splitReadStreamRequest, bytes);
  if (!(fraction > 0 && fraction < 1)) throw invalid("fraction is between 0 and 1.");
  return { name, fraction };
}

function decoded<T>(message: { decode(bytes: Uint8Array, unknown: "refuse"): T }, bytes: Uint8Array): T {
  try {
    return message.decode(bytes, "refuse");
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (error.code === "unknown") throw new GrpcError("unimplemented", `${error.message}; leave it out.`);
    throw invalid("The request is malformed.");
  }
}

/** Fields that only an answer has. */
function refuseOutput(session: NonNullable<CreateReadSessionRequest["readSession"]>): void {
  const { name, expireTime, arrowSchema, avroSchema, streams, estimatedRowCount } = session;
  for (const [field, value] of Object.entries({
    name,
    expireTime,
    arrowSchema,
    avroSchema,
    streams,
    estimatedRowCount,
  }))
    if (value !== undefined) throw invalid(`read_session.${field} is an answer's, not a request's.`);
}

/**
 * `row_restriction` goes behind WHERE: it must be an expression from end to end, and BigQuery takes none with a query in it.
 * https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#tablereadoptions
 */
function restrictionOf(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  if (text.length > LONGEST_RESTRICTION) throw invalid("row_restriction is over 1 MB.");
  let expression: Node;
  try {
    expression = parseExpression(text);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw invalid(`row_restriction is not understood: ${error.message}`);
  }
  for (const left: Node[] = [expression]; left.length > 0; ) {
    const node = left.pop();
    if (node === undefined) break;
    if (node.kind === "Query") throw invalid("row_restriction has a subquery; send the read as a query.");
    // One by one: a list may have more members than a call takes arguments.
    for (const child of childrenOf(node)) left.push(child);
  }
  return text;
}

const MOST_SECONDS = 253_402_300_799;

function snapshotOf(time: { readonly seconds?: number; readonly nanos?: number } | undefined): string | undefined {
  if (time === undefined) return undefined;
  const { seconds = 0, nanos = 0 } = time;
  if (seconds < 0 || seconds > MOST_SECONDS || nanos < 0 || nanos > 999_999_999 || nanos % 1000 !== 0)
    throw invalid("snapshot_time is not a time in whole microseconds.");
  const micros = String(nanos / 1000).padStart(6, "0");
  return `TIMESTAMP '${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}+00:00'`;
}

function invalid(message: string): GrpcError {
  return new GrpcError("invalidArgument", message);
}
