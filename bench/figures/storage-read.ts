import { messages, SERVICE } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { GrpcClient } from "../../packages/gateway/src/grpc/client.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { startGatewayUnderTest } from "../gateway-under-test.ts";
import { pinToOneCore, type ServerProcess, startProcess } from "../processes.ts";
import { STREAM_ROWS, UNKEYED_TABLE, WIDE_DATASET, WIDE_PROJECT, WIDE_TABLE } from "../wide-page.ts";

interface Run {
  readonly megabytesPerSecond: number;
  readonly megabytesPerCpuSecond: number;
}

/** Reads the same stream again and again through one server. */
class Reader {
  readonly #client: GrpcClient;
  readonly #server: ServerProcess;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, server: ServerProcess, headers: Readonly<Record<string, string>>) {
    this.#client = new GrpcClient({
      endpoint: url,
      connectMs: 10_000,
      idleMs: 60_000,
      messageBytes: 2 ** 28,
      calls: 32,
    });
    this.#server = server;
    this.#headers = headers;
  }

  async open(table: string): Promise<string> {
    const name = `projects/${WIDE_PROJECT}/datasets/${WIDE_DATASET}/tables/${table}`;
    const request = {
      parent: `projects/${WIDE_PROJECT}`,
      readSession: { table: name, dataFormat: 2 },
      maxStreamCount: 1,
    };
    const answer = this.#call("CreateReadSession", messages.createReadSessionRequest.encode(request));
    for await (const bytes of answer) return messages.readSession.decode(bytes, "skip").streams?.[0]?.name ?? "";
    throw new Error("no read session");
  }

  async read(stream: string): Promise<Run> {
    const cpu = await this.#server.cpuSeconds();
    const began = performance.now();
    let [bytes, rows] = [0, 0];
    for await (const message of this.#call("ReadRows", messages.readRowsRequest.encode({ readStream: stream }))) {
      bytes += message.length;
      rows += messages.readRowsResponse.decode(message, "skip").rowCount ?? 0;
    }
    if (rows !== STREAM_ROWS) throw new Error(`a stream of ${rows} rows is not the whole stream`);
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = (await this.#server.cpuSeconds()) - cpu;
    return { megabytesPerSecond: bytes / 1e6 / seconds, megabytesPerCpuSecond: bytes / 1e6 / cpuSeconds };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #call(method: string, message: Uint8Array): AsyncIterable<Uint8Array> {
    return this.#client.call({
      path: `${SERVICE}/${method}`,
      message,
      headers: this.#headers,
      timeoutMs: undefined,
      signal: new AbortController().signal,
    });
  }
}

export const storageRead: Group = {
  name: "storage-read",
  title: `a stream of ${STREAM_ROWS} rows in Arrow: identified, judged, recorded, 3 of 10 columns masked / an HTTP/2 pipe of the same bytes`,
  async measure(quick) {
    const storage = await startProcess("fixed-storage");
    const upstream = await startProcess("fixed-warehouse", ["1", String(STREAM_ROWS)]);
    const pipe = await startProcess("http2-pipe", [storage.url]);
    const gateway = await startGatewayUnderTest(upstream.url, WIDE_PROJECT, storage.url);
    // The same core for both, which take turns: more cores help neither.
    pinToOneCore(pipe);
    pinToOneCore(gateway);
    const plain = new Reader(pipe.url, pipe, {});
    const masked = new Reader(gateway.storageUrl ?? "", gateway, { authorization: gateway.authorization });
    const figures: Figure[] = [];
    try {
      const piped = await plain.open(WIDE_TABLE);
      const tables = [
        ["one a token", WIDE_TABLE, 0.4],
        ["none with a key", UNKEYED_TABLE, 0.75],
      ] as const;
      for (const [what, table, floor] of tables) {
        const stream = await masked.open(table);
        const { ours, theirs } = await inPairs(
          quick ? 5 : 15,
          2,
          () => masked.read(stream),
          () => plain.read(piped),
        );
        const rate = (runs: readonly Run[]) => runs.map((run) => run.megabytesPerSecond);
        const cpu = (runs: readonly Run[]) => runs.map((run) => run.megabytesPerCpuSecond);
        figures.push(
          figure(`storage-read, ${what}: throughput`, "MB/s", rate(ours), rate(theirs)),
          figure(`storage-read, ${what}: per cpu s`, "MB/cpu s", cpu(ours), cpu(theirs), floor),
        );
      }
      return figures;
    } finally {
      await masked.close();
      await plain.close();
      await gateway.close();
      await pipe.close();
      await upstream.close();
      await storage.close();
    }
  },
};
