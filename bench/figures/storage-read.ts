import { messages } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { startGatewayUnderTest } from "../gateway-under-test.ts";
import { pinToOneCore, type ServerProcess, startProcess } from "../processes.ts";
import { StorageReader } from "../storage-reader.ts";
import { STREAM_ROWS, UNKEYED_TABLE, WIDE_PROJECT, WIDE_TABLE } from "../wide-page.ts";

interface Run {
  readonly megabytesPerSecond: number;
  readonly megabytesPerCpuSecond: number;
}

/** Reads the same stream again and again through one server. */
class Reader extends StorageReader {
  readonly #server: ServerProcess;

  constructor(url: string, server: ServerProcess, headers: Readonly<Record<string, string>>) {
    super(url, headers);
    this.#server = server;
  }

  async read(stream: string): Promise<Run> {
    const cpu = await this.#server.cpuSeconds();
    const began = performance.now();
    let [bytes, rows] = [0, 0];
    for await (const message of this.rows(stream)) {
      bytes += message.length;
      rows += messages.readRowsResponse.decode(message, "skip").rowCount ?? 0;
    }
    if (rows !== STREAM_ROWS) throw new Error(`a stream of ${rows} rows is not the whole stream`);
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = (await this.#server.cpuSeconds()) - cpu;
    return { megabytesPerSecond: bytes / 1e6 / seconds, megabytesPerCpuSecond: bytes / 1e6 / cpuSeconds };
  }
}

export const storageRead: Group = {
  name: "storage-read",
  title: `a stream of ${STREAM_ROWS} rows in Arrow, and in Avro: identified, judged, recorded, 3 of 10 columns masked / an HTTP/2 pipe of the same bytes`,
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
      const piped = { arrow: await plain.open(WIDE_TABLE, "arrow"), avro: await plain.open(WIDE_TABLE, "avro") };
      const streams = [
        ["storage-read, one a token", WIDE_TABLE, "arrow", 0.4],
        ["storage-read, none with a key", UNKEYED_TABLE, "arrow", 0.75],
        ["storage-read in Avro, one a token", WIDE_TABLE, "avro", null],
        ["storage-read in Avro, none with a key", UNKEYED_TABLE, "avro", null],
      ] as const;
      for (const [name, table, format, floor] of streams) {
        const stream = await masked.open(table, format);
        const { ours, theirs } = await inPairs(
          quick ? 5 : 15,
          2,
          () => masked.read(stream),
          () => plain.read(piped[format]),
        );
        const rate = (runs: readonly Run[]) => runs.map((run) => run.megabytesPerSecond);
        const cpu = (runs: readonly Run[]) => runs.map((run) => run.megabytesPerCpuSecond);
        figures.push(
          figure(`${name}: throughput`, "MB/s", rate(ours), rate(theirs)),
          figure(`${name}: per cpu s`, "MB/cpu s", cpu(ours), cpu(theirs), floor),
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
