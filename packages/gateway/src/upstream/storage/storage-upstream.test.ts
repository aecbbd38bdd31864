import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { it, type TestContext } from "node:test";
import { DEFAULT_LIMITS } from "../../config/index.ts";
import { messages } from "../../grpc/bigquery-read.ts";
import { frame } from "../../grpc/frames.ts";
import { UpstreamError } from "../error.ts";
import { createStorageUpstream, type ReadRequest } from "./storage-upstream.ts";

const READ: ReadRequest = {
  project: "clinic-project",
  table: { projectId: "clinic-project", datasetId: "ehr", tableId: "patients" },
  selectedFields: [],
  format: "arrow",
  streams: 2,
  signal: AbortSignal.timeout(15_000),
};

async function listening(t: TestContext, server: Http2Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
}

function upstreamAt(server: Http2Server, retries: number) {
  return createStorageUpstream({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    billingProject: undefined,
    limits: { ...DEFAULT_LIMITS, upstream: { ...DEFAULT_LIMITS.upstream, retries } },
    tokens: { get: async () => undefined, discard: () => {} },
    observe: () => {},
    random: () => 0,
  });
}

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
    await listening(t, server);
    const upstream = upstreamAt(server, retries);
    t.after(() => upstream.close());
    await assert.rejects(
      upstream.createReadSession(READ),
      (error) => error instanceof UpstreamError && error.kind === kind && !error.message.includes("somebody"),
      `code ${code}`,
    );
    assert.equal(asked, calls, `code ${code}`);
  }
});

const session = (...streams: readonly string[]) =>
  messages.readSession.pieces({
    arrowSchema: { serializedSchema: Buffer.from("schema") },
    streams: streams.map((name) => ({ name: `projects/p/locations/us/sessions/s/streams/${name}` })),
  });
const HEAD = { ":status": 200, "content-type": "application/grpc" };

/** A server that answers every call so. */
async function answering(t: TestContext, answer: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    answer(stream);
  });
  await listening(t, server);
  const upstream = upstreamAt(server, 0);
  t.after(() => upstream.close());
  return upstream;
}

it("lets an answer that must be one message go at its second one, where all were held until it ended", {
  timeout: 20_000,
}, async (t) => {
  let closed: Promise<unknown> | undefined;
  const upstream = await answering(t, (stream) => {
    closed = once(stream, "close");
    stream.respond(HEAD);
    const more = (): void => {
      if (!stream.destroyed) stream.write(frame(session("a")), () => setImmediate(more));
    };
    more();
  });
  await assert.rejects(upstream.createReadSession(READ), { reason: "unexpected" });
  await closed;
});

it("takes no read session that names one stream twice, whose rows would be read twice and others not at all", async (t) => {
  const upstreamOf = (...streams: readonly string[]) =>
    answering(t, (stream) => {
      stream.respond(HEAD, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(frame(session(...streams)));
    });
  const two = await (await upstreamOf("a", "b")).createReadSession(READ);
  assert.equal(two.streams.length, 2);
  await assert.rejects((await upstreamOf("a", "a")).createReadSession(READ), { reason: "unexpected" });
});

it("takes no split into one stream twice", async (t) => {
  const name = (part: string) => `projects/p/locations/us/sessions/s/streams/${part}`;
  const splitInto = async (primary: string, remainder: string) => {
    const upstream = await answering(t, (stream) => {
      stream.respond(HEAD, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      const parts = { primaryStream: { name: name(primary) }, remainderStream: { name: name(remainder) } };
      stream.end(frame(messages.splitReadStreamResponse.pieces(parts)));
    });
    return upstream.split(name("s"), 0.5, READ.signal);
  };
  assert.deepEqual(await splitInto("a", "b"), [name("a"), name("b")]);
  await assert.rejects(splitInto("a", "a"), { reason: "unexpected" });
});
