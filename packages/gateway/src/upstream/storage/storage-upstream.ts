import { setTimeout as delay } from "node:timers/promises";
import type { Limits } from "../../config/index.ts";
import {
  DATA_FORMAT,
  type Format,
  messages,
  type ReadSession as ReadSessionMessage,
  SERVICE,
} from "../../grpc/bigquery-read.ts";
import { GrpcCallError, GrpcClient } from "../../grpc/client.ts";
import { ProtobufError } from "../../grpc/protobuf.ts";
import type { AccessTokens } from "../access-tokens.ts";
import { UpstreamError, type UpstreamReason } from "../error.ts";
import { tablePath } from "../names.ts";
import type { ObserveCall } from "../observed.ts";
import { isWorthRetrying, waitBefore } from "../retry.ts";
import type { TableReference } from "../upstream.ts";

/**
 * BigQuery's Storage Read API as the gateway uses it; compression isn't asked for. Every promise rejects with UpstreamError, or the
 * caller's own abort reason; no text of BigQuery's comes through (I9).
 * https://cloud.google.com/bigquery/docs/reference/storage/rpc
 */
export interface StorageUpstream {
  /** `project`: the one that is billed, before the connection's own. */
  createReadSession(read: ReadRequest): Promise<ReadSession>;
  /** From this row of the stream on. The first batch has the schema. A batch holds until the next is asked for. */
  readRows(stream: string, format: Format, offset: number, signal: AbortSignal): AsyncIterable<Batch>;
  /** undefined: it can't be split. */
  split(stream: string, fraction: number, signal: AbortSignal): Promise<readonly [string, string] | undefined>;
  close(): Promise<void>;
}

export interface ReadRequest {
  readonly project: string;
  readonly table: TableReference;
  /** Top-level columns; empty: all. */
  readonly selectedFields: readonly string[];
  readonly format: Format;
  readonly streams: number;
  readonly signal: AbortSignal;
}

export interface ReadSession {
  readonly streams: readonly string[];
  /** Arrow's schema message, or Avro's schema as JSON. */
  readonly schema: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

export interface Batch {
  readonly schema: Uint8Array | undefined;
  /** An Arrow record batch, or Avro rows. */
  readonly batch: Uint8Array;
  /** As BigQuery says. */
  readonly rows: number;
}

export interface StorageUpstreamOptions {
  readonly endpoint: string;
  readonly billingProject: string | undefined;
  readonly limits: Pick<Limits, "upstream" | "storageRead">;
  readonly tokens: AccessTokens;
  readonly observe: ObserveCall;
  /** Jitter of retries, 0 ≤ x < 1. */
  readonly random?: () => number;
}

const STREAM_NAME =
  /^projects\/[^\s/]{1,200}\/locations\/[^\s/]{1,64}\/sessions\/[^\s/]{1,600}\/streams\/[^\s/]{1,600}$/;

export function createStorageUpstream(options: StorageUpstreamOptions): StorageUpstream {
  const { limits, tokens, observe, billingProject, random = Math.random } = options;
  const client = new GrpcClient({
    endpoint: options.endpoint,
    connectMs: limits.upstream.connectMs,
    idleMs: limits.upstream.bodyIdleMs,
    messageBytes: limits.storageRead.messageBytes,
    calls: limits.storageRead.reads,
  });

  async function* call(
    method: string,
    message: Uint8Array,
    route: string,
    timeoutMs: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const token = await tokens.get();
    const start = performance.now();
    const tell = (outcome: Parameters<ObserveCall>[1]) =>
      observe(`storage.${method}`, outcome, (performance.now() - start) / 1000);
    try {
      yield* client.call({
        path: `${SERVICE}/${method}`,
        message,
        // Google routes by it: https://google.aip.dev/client-libraries/4222
        headers: {
          "x-goog-request-params": route,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        timeoutMs,
        signal,
      });
      tell("ok");
    } catch (error) {
      if (!(error instanceof GrpcCallError)) {
        tell("aborted");
        throw error;
      }
      if (error.code === UNAUTHENTICATED && token !== undefined) tokens.discard(token);
      const known = new UpstreamError(reasonOf(error.code));
      tell(known.kind);
      throw known;
    }
  }

  /** Safe to repeat: what it makes is a session to read, which costs nothing until it is read. */
  async function unary(method: string, message: Uint8Array, route: string, signal: AbortSignal): Promise<Uint8Array> {
    const deadline = Date.now() + limits.upstream.callMs;
    for (let tries = 0; ; tries++) {
      try {
        let only: Uint8Array | undefined;
        for await (const answer of call(method, message, route, deadline - Date.now(), signal)) {
          // Of more than one none can be trusted, and what doesn't end isn't held.
          if (only !== undefined) throw new UpstreamError("unexpected");
          only = Uint8Array.from(answer);
        }
        if (only === undefined) throw new UpstreamError("unexpected");
        return only;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const wait = waitBefore(tries + 1, random());
        // A token that was refused is another one the next time.
        const again = isWorthRetrying(error) || (error.reason === "authError" && tries === 0);
        if (!again || tries >= limits.upstream.retries || Date.now() + wait >= deadline) throw error;
        await delay(wait, undefined, { signal });
      }
    }
  }

  return {
    async createReadSession({ project, table, selectedFields, format, streams, signal }) {
      const name = decodeURIComponent(tablePath(table)).slice(1);
      const answer = decoded(
        messages.readSession,
        await unary(
          "CreateReadSession",
          messages.createReadSessionRequest.encode({
            parent: `projects/${billingProject ?? project}`,
            readSession: { table: name, dataFormat: DATA_FORMAT[format], readOptions: { selectedFields } },
            maxStreamCount: streams,
          }),
          `read_session.table=${encodeURIComponent(name)}`,
          signal,
        ),
      );
      const schema = schemaOf(answer, format);
      const names = (answer.streams ?? []).map((stream) => streamName(stream.name));
      // An empty table has none, or one without rows.
      if (schema === undefined || names.length > streams || new Set(names).size < names.length)
        throw new UpstreamError("unexpected");
      const seconds = answer.expireTime?.seconds;
      return { streams: names, schema, expiresAt: seconds === undefined ? undefined : seconds * 1000 };
    },

    async *readRows(stream, format, offset, signal) {
      const request = messages.readRowsRequest.encode({ readStream: stream, offset });
      const route = `read_stream=${encodeURIComponent(stream)}`;
      for await (const bytes of call("ReadRows", request, route, undefined, signal)) {
        const answer = decoded(messages.readRowsResponse, bytes);
        const { arrowRecordBatch, avroRows } = answer;
        // Both, or the other than was asked for.
        if ((format === "arrow" ? avroRows : arrowRecordBatch) !== undefined) throw new UpstreamError("unexpected");
        const batch = format === "arrow" ? arrowRecordBatch?.serializedRecordBatch : avroRows?.serializedBinaryRows;
        // Compressed though nobody asked for it.
        if ((answer.uncompressedByteSize ?? 0) !== 0) throw new UpstreamError("encoded");
        if (batch === undefined) {
          // Heartbeats and progress carry no rows.
          if ((answer.rowCount ?? 0) !== 0) throw new UpstreamError("unexpected");
          continue;
        }
        yield { schema: schemaOf(answer, format), batch, rows: answer.rowCount ?? 0 };
      }
    },

    async split(stream, fraction, signal) {
      const answer = decoded(
        messages.splitReadStreamResponse,
        await unary(
          "SplitReadStream",
          messages.splitReadStreamRequest.encode({ name: stream, fraction }),
          `name=${encodeURIComponent(stream)}`,
          signal,
        ),
      );
      const { primaryStream, remainderStream } = answer;
      if (primaryStream?.name === undefined || remainderStream?.name === undefined) return undefined;
      if (primaryStream.name === remainderStream.name) throw new UpstreamError("unexpected");
      return [streamName(primaryStream.name), streamName(remainderStream.name)];
    },

    close: () => client.close(),
  };
}

function decoded<T>(message: { decode(bytes: Uint8Array, unknown: "skip"): T }, bytes: Uint8Array): T {
  try {
    return message.decode(bytes, "skip");
  } catch (error) {
    if (error instanceof ProtobufError) throw new UpstreamError("unexpected");
    throw error;
  }
}

function schemaOf(
  answer: Pick<ReadSessionMessage, "arrowSchema" | "avroSchema">,
  format: Format,
): Uint8Array | undefined {
  if (format === "arrow") return answer.arrowSchema?.serializedSchema;
  return answer.avroSchema?.schema === undefined ? undefined : Buffer.from(answer.avroSchema.schema);
}

function streamName(name: string | undefined): string {
  if (name === undefined || !STREAM_NAME.test(name)) throw new UpstreamError("unexpected");
  return name;
}

const UNAUTHENTICATED = 16;

/** https://grpc.io/docs/guides/status-codes/ */
function reasonOf(code: GrpcCallError["code"]): UpstreamReason {
  switch (code) {
    case "connection":
      return "connectionFailed";
    case "timeout":
    case 4:
      return "answerTimeout";
    case "oversized":
      return "oversized";
    case "closed":
      return "closed";
    case "protocol":
      return "unexpected";
    case 3:
    case 11:
      return "invalidArgument";
    case 5:
      return "notFound";
    case 7:
      return "accessDenied";
    case 8:
      return "rateLimitExceeded";
    case 12:
      return "notImplemented";
    case UNAUTHENTICATED:
      return "authError";
    case 1:
    case 10:
    case 13:
    case 14:
      return "backendError";
    default:
      return "unknown";
  }
}
