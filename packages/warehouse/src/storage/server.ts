/** google.cloud.bigquery.storage.v1.BigQueryRead over gRPC, by Google's own library. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { type ErrorReason, fromDuckDb, WarehouseError } from "../errors.ts";
import type { RecordedRequest } from "../server.ts";
import { decoder, encoder, type ReadRowsResponse } from "./messages.ts";
import type { ReadSessions } from "./read-sessions.ts";

const SERVICE = "/google.cloud.bigquery.storage.v1.BigQueryRead";
/** Batches of BigQuery's reach 128 MB. */
const MAX_MESSAGE = 128 * 1024 * 1024;

const DEFINITION: ServiceDefinition = Object.fromEntries(
  (
    [
      ["CreateReadSession", "CreateReadSessionRequest", "ReadSession", false],
      ["ReadRows", "ReadRowsRequest", "ReadRowsResponse", true],
      ["SplitReadStream", "SplitReadStreamRequest", "SplitReadStreamResponse", false],
    ] as const
  ).map(([name, request, response, streams]) => [
    name,
    {
      path: `${SERVICE}/${name}`,
      requestStream: false,
      responseStream: streams,
      requestSerialize: encoder(request),
      requestDeserialize: decoder(request),
      responseSerialize: encoder(response),
      responseDeserialize: decoder(response),
    },
  ]),
);

export interface StorageServerOptions {
  readonly host: string;
  readonly port: number;
  /** Then each call needs `authorization: Bearer <token>`. */
  readonly token: string | undefined;
  readonly record: (request: RecordedRequest) => void;
}

export interface StorageServer {
  readonly port: number;
  close(): void;
}

export async function startStorageServer(
  sessions: ReadSessions,
  options: StorageServerOptions,
): Promise<StorageServer> {
  const server = new Server({ "grpc.max_send_message_length": MAX_MESSAGE });

  const admit = (name: string, metadata: Metadata, request: object): void => {
    options.record({
      method: "GRPC",
      path: `${SERVICE}/${name}`,
      headers: Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)])),
      body: { ...request },
    });
    if (options.token !== undefined && metadata.get("authorization")[0] !== `Bearer ${options.token}`)
      throw new WarehouseError("authError", "Request had invalid authentication credentials.");
  };

  const unary =
    <I extends object, O>(name: string, work: (request: I) => Promise<O> | O): handleUnaryCall<I, O> =>
    (call, answer) => {
      (async () => {
        admit(name, call.metadata, call.request);
        return work(call.request);
      })().then(
        (response) => answer(null, response),
        (error: unknown) => answer(statusOf(error)),
      );
    };

  const readRows: handleServerStreamingCall<object, ReadRowsResponse> = (call) => {
    // What the client doesn't take isn't read.
    const write = (response: ReadRowsResponse): Promise<void> =>
      new Promise((resolve, reject) => {
        const gone = (): void => reject(new WarehouseError("stopped", "The client went away"));
        if (call.cancelled) return gone();
        if (call.write(response)) return resolve();
        call.once("cancelled", gone);
        call.once("drain", () => {
          call.off("cancelled", gone);
          resolve();
        });
      });
    (async () => {
      admit("ReadRows", call.metadata, call.request);
      await sessions.read(call.request, write);
    })().then(
      () => call.end(),
      (error: unknown) => call.emit("error", statusOf(error)),
    );
  };

  server.addService(DEFINITION, {
    CreateReadSession: unary("CreateReadSession", (request) => sessions.create(request)),
    ReadRows: readRows,
    SplitReadStream: unary("SplitReadStream", (request) => sessions.split(request)),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

const STATUS: Readonly<Record<ErrorReason, status>> = {
  invalid: status.INVALID_ARGUMENT,
  invalidQuery: status.INVALID_ARGUMENT,
  required: status.INVALID_ARGUMENT,
  bytesBilledLimitExceeded: status.INVALID_ARGUMENT,
  stopped: status.CANCELLED,
  authError: status.UNAUTHENTICATED,
  accessDenied: status.PERMISSION_DENIED,
  notFound: status.NOT_FOUND,
  duplicate: status.ALREADY_EXISTS,
  internalError: status.INTERNAL,
  backendError: status.UNAVAILABLE,
};

function statusOf(error: unknown): { code: status; details: string } {
  const { reason, message } = fromDuckDb(error);
  return { code: STATUS[reason], details: message };
}
