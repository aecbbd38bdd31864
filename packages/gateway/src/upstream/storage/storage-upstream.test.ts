import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { DEFAULT_LIMITS } from "../../config/index.ts";
import { UpstreamError } from "../error.ts";
import { createStorageUpstream } from "./storage-upstream.ts";

/** Whoever says UNAVAILABLE is asked again; what UNKNOWN is, nobody knows, and it may be so for ever (https://google.aip.dev/194). */
it("asks again where BigQuery is unavailable, and not where it says UNKNOWN", { timeout: 20_000 }, async (t) => {
  const retries = 2;
  for (const [code, kind, calls] of [
    [14, "unavailable", 1 + retries],
    [13, "unavailable", 1 + retries],
    [2, "refused", 1],
    [3, "invalid", 1],
  ] as const) {
    let asked = 0;
    const server = createServer();
    server.on("stream", (stream) => {
      asked++;
      const head = { ":status": 200, "content-type": "application/grpc", "grpc-status": String(code) };
      stream.respond({ ...head, "grpc-message": "a value of somebody" }, { endStream: true });
    });
    server.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const upstream = createStorageUpstream({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      billingProject: undefined,
      limits: { ...DEFAULT_LIMITS, upstream: { ...DEFAULT_LIMITS.upstream, retries } },
      tokens: { get: async () => undefined, discard: () => {} },
      observe: () => {},
      random: () => 0,
    });
    t.after(() => upstream.close());
    await assert.rejects(
      upstream.createReadSession({
        project: "clinic-project",
        table: { projectId: "clinic-project", datasetId: "ehr", tableId: "patients" },
        selectedFields: [],
        format: "arrow",
        streams: 1,
        signal: AbortSignal.timeout(10_000),
      }),
      (error) => error instanceof UpstreamError && error.kind === kind && !error.message.includes("somebody"),
      `code ${code}`,
    );
    assert.equal(asked, calls, `code ${code}`);
  }
});
