import { SERVICE } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { GrpcClient } from "../../packages/gateway/src/grpc/client.ts";
import { storageStandIn } from "../storage-stand-in.ts";

/** A Storage Read API before another that answers a ReadRows that it has seen from memory, so that a test has time for many. */
export async function replayedStorage(endpoint: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const client = new GrpcClient({ endpoint, connectMs: 10_000, idleMs: 60_000, messageBytes: 2 ** 28, calls: 32 });
  const known = new Map<string, readonly Uint8Array[]>();
  const server = await storageStandIn(async (call) => {
    const message = await call.request();
    const key = `${call.path} ${Buffer.from(message).toString("latin1")}`;
    let answers = known.get(key);
    if (answers === undefined) {
      const came: Uint8Array[] = [];
      const { path } = call;
      const signal = AbortSignal.timeout(60_000);
      // One holds until the next is asked for.
      for await (const answer of client.call({ path, message, headers: {}, timeoutMs: undefined, signal }))
        came.push(Uint8Array.from(answer));
      answers = came;
      if (path === `${SERVICE}/ReadRows`) known.set(key, answers);
    }
    for (const answer of answers) await call.send([answer]);
  });
  return {
    url: server.url,
    async close() {
      await client.close();
      await server.close();
    },
  };
}
