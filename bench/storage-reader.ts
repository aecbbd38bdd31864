import { DATA_FORMAT, type Format, messages, SERVICE } from "../packages/gateway/src/grpc/bigquery-read.ts";
import { GrpcClient } from "../packages/gateway/src/grpc/client.ts";
import { WIDE_DATASET, WIDE_PROJECT } from "./wide-page.ts";

/** A client of a Storage Read API: one stream a session. */
export class StorageReader {
  readonly #client: GrpcClient;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(endpoint: string, headers: Readonly<Record<string, string>>) {
    this.#client = new GrpcClient({ endpoint, connectMs: 10_000, idleMs: 60_000, messageBytes: 2 ** 28, calls: 32 });
    this.#headers = headers;
  }

  /** The name of a stream of all rows of one of the benchmarks' tables. */
  async open(table: string, format: Format): Promise<string> {
    const name = `projects/${WIDE_PROJECT}/datasets/${WIDE_DATASET}/tables/${table}`;
    const readSession = { table: name, dataFormat: DATA_FORMAT[format] };
    const request = { parent: `projects/${WIDE_PROJECT}`, readSession, maxStreamCount: 1 };
    for await (const answer of this.#call("CreateReadSession", messages.createReadSessionRequest.encode(request)))
      return messages.readSession.decode(answer, "skip").streams?.[0]?.name ?? "";
    throw new Error("no read session");
  }

  /** Messages of ReadRows as they come, each there until the next is asked for. */
  rows(stream: string, offset = 0): AsyncGenerator<Uint8Array> {
    return this.#call("ReadRows", messages.readRowsRequest.encode({ readStream: stream, offset }));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #call(method: string, message: Uint8Array): AsyncGenerator<Uint8Array> {
    return this.#client.call({
      path: `${SERVICE}/${method}`,
      message,
      headers: this.#headers,
      timeoutMs: undefined,
      signal: new AbortController().signal,
    });
  }
}
