import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Call, createGrpcServer } from "../packages/gateway/src/grpc/server.ts";
import { GrpcError } from "../packages/gateway/src/grpc/status.ts";

/** A Storage Read API on loopback that answers as it is told. */
export async function storageStandIn(
  serve: (call: Call) => Promise<void>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createGrpcServer({
    tls: undefined,
    limits: {
      headerBytes: 64_000,
      headerCount: 100,
      connections: 100,
      headersTimeoutMs: 10_000,
      idleTimeoutMs: 600_000,
      bodyTimeoutMs: 60_000,
      callsPerConnection: 1000,
      requestBytes: 1_000_000,
    },
    serve,
    statusOf: () => new GrpcError("internal", "a fault"),
    ended: () => undefined,
  });
  server.http2.listen(0, "127.0.0.1");
  await once(server.http2, "listening");
  return {
    url: `http://127.0.0.1:${(server.http2.address() as AddressInfo).port}`,
    close: () => server.close(1000),
  };
}
