import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type Client, credentials, Metadata, makeClientConstructor } from "@grpc/grpc-js";
import { GrpcCallError, GrpcClient } from "./client.ts";
import { type Call, createGrpcServer, type GrpcServer } from "./server.ts";
import { GrpcError } from "./status.ts";

// Our server against Google's client and against bytes that no client sends; our client against our server.

const same = (bytes: Buffer) => bytes;
const Google = makeClientConstructor(
  {
    Call: {
      path: "/test.Service/Call",
      requestStream: false,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  "Service",
);

describe("gRPC", () => {
  let server: GrpcServer;
  let url: string;
  let serve: (call: Call) => Promise<void> = async () => undefined;
  const ended: string[] = [];
  before(async () => {
    server = createGrpcServer({
      tls: undefined,
      limits: {
        headerBytes: 8192,
        headerCount: 40,
        connections: 100,
        headersTimeoutMs: 1000,
        idleTimeoutMs: 10_000,
        bodyTimeoutMs: 500,
        callsPerConnection: 10,
        requestBytes: 1000,
      },
      serve: (call) => serve(call),
      statusOf: () => new GrpcError("internal", "a failure: 100 % ours — \u00fc"),
      ended: (_, status) => ended.push(status),
    });
    server.http2.listen(0, "127.0.0.1");
    await once(server.http2, "listening");
    url = `http://127.0.0.1:${(server.http2.address() as AddressInfo).port}`;
  });
  after(() => server.close(100));

  /** What Google's client gets: messages, and how the call ended. */
  async function google(message: Buffer, options: object = {}, headers: Record<string, string> = {}) {
    const client = new Google(new URL(url).host, credentials.createInsecure()) as unknown as Client & {
      Call(message: Buffer, metadata: Metadata, options: object): AsyncIterable<Buffer>;
    };
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const got: string[] = [];
    try {
      for await (const one of client.Call(message, metadata, options)) got.push(one.toString());
      return { got, code: 0, details: "" };
    } catch (error) {
      const { code, details } = error as { code: number; details: string };
      return { got, code, details };
    } finally {
      client.close();
    }
  }

  const ours = () => new GrpcClient({ endpoint: url, connectMs: 1000, idleMs: 500, messageBytes: 2_000_000, calls: 4 });
  async function read(
    client: GrpcClient,
    message = "hello",
    timeoutMs?: number,
  ): Promise<number[] | GrpcCallError["code"]> {
    const lengths: number[] = [];
    const call = {
      path: "/test.Service/Call",
      message: Buffer.from(message),
      headers: {},
      timeoutMs,
      signal: new AbortController().signal,
    };
    try {
      for await (const one of client.call(call)) lengths.push(one.length);
      return lengths;
    } catch (error) {
      assert.ok(error instanceof GrpcCallError, String(error));
      return error.code;
    }
  }

  it("answers Google's client, and ours", async () => {
    serve = async (call) => {
      const text = Buffer.from(await call.request()).toString();
      for (const part of ["a", "b"]) await call.send([Buffer.from(text), Buffer.from(part)]);
    };
    assert.deepEqual(await google(Buffer.from("hello")), { got: ["helloa", "hellob"], code: 0, details: "" });
    const client = ours();
    assert.deepEqual(await read(client), [6, 6]);
    await client.close();
    assert.equal(await read(client), "closed");
  });

  it("ends with the status and words of the refusal, before or behind a message", async () => {
    serve = async () => {
      throw new GrpcError("notFound", "not ü 100%");
    };
    assert.deepEqual(await google(Buffer.alloc(0)), { got: [], code: 5, details: "not ü 100%" });
    serve = async (call) => {
      await call.send([Buffer.from("one")]);
      throw new Error("the value 078-05-1120");
    };
    assert.deepEqual(await google(Buffer.alloc(0)), { got: ["one"], code: 13, details: "a failure: 100 % ours — ü" });
    const client = ours();
    assert.equal(await read(client), 13);
    await client.close();
  });

  it("stops when the client's deadline is over, or the client is gone", async () => {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<unknown>();
    serve = (call) =>
      new Promise((_, reject) => {
        call.signal.addEventListener("abort", () => {
          stop(call.signal.reason);
          reject(call.signal.reason);
        });
      });
    assert.equal((await google(Buffer.alloc(0), { deadline: Date.now() + 200 })).code, 4);
    assert.ok((await stopped) !== undefined);
    const client = ours();
    assert.equal(await read(client, "x", 200), "timeout");
    await client.close();
  });

  it("doesn't read ahead of a slow reader", async () => {
    let sent = 0;
    serve = async (call) => {
      await call.request();
      for (; sent < 200; sent++) await call.send([Buffer.alloc(1_000_000)]);
    };
    const session = connect(url);
    const stream = session.request(headersOf());
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    await once(stream, "response");
    stream.pause();
    await new Promise((tick) => setTimeout(tick, 300));
    assert.ok(sent < 10, `${sent} MB were sent to nobody`);
    stream.close();
    session.destroy();
  });

  it("refuses what is no gRPC, compressed, too long, cut short or two messages", async () => {
    serve = async (call) => {
      await call.request();
      await call.send([Buffer.from("x")]);
    };
    const cases: readonly [string, Record<string, string>, Buffer, number | string][] = [
      ["no gRPC", { "content-type": "application/json" }, Buffer.alloc(5), "HTTP 415"],
      ["GET", { ":method": "GET" }, Buffer.alloc(0), "HTTP 415"],
      ["JSON messages", { "content-type": "application/grpc+json" }, Buffer.alloc(5), 12],
      ["compressed by header", { "grpc-encoding": "gzip" }, Buffer.alloc(5), 12],
      ["compressed by flag", {}, Buffer.from([1, 0, 0, 0, 0]), 12],
      ["too long", {}, Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 8],
      ["cut short", {}, Buffer.from([0, 0, 0, 0, 9, 1]), 3],
      ["no message", {}, Buffer.alloc(0), 3],
      ["two messages", {}, Buffer.alloc(10), 3],
      ["a deadline of nonsense", { "grpc-timeout": "1x" }, Buffer.alloc(5), 3],
      ["good", {}, Buffer.alloc(5), 0],
    ];
    for (const [name, headers, body, status] of cases) {
      const session = connect(url);
      assert.equal(await statusOf(session, headers, body), status, name);
      session.destroy();
    }
  });

  it("shows every authorization that was sent", async () => {
    let seen: readonly string[] = [];
    serve = async (call) => {
      seen = call.authorization;
      await call.send([Buffer.alloc(0)]);
    };
    await google(Buffer.alloc(0), {}, { authorization: "Bearer a" });
    assert.deepEqual(seen, ["Bearer a"]);
  });
});

function headersOf(more: Record<string, string> = {}): Record<string, string> {
  return {
    ":method": "POST",
    ":path": "/test.Service/Call",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  };
}

/** The call's gRPC status, or HTTP's where there is none. */
function statusOf(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: Buffer,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    session.once("error", reject);
    const stream = session.request(headersOf(headers), { endStream: headers[":method"] === "GET" });
    stream.once("error", reject);
    stream.on("response", (fields) => {
      if (fields[":status"] !== 200) resolve(`HTTP ${fields[":status"]}`);
      else if (fields["grpc-status"] !== undefined) resolve(Number(fields["grpc-status"]));
    });
    stream.on("trailers", (fields) => resolve(Number(fields["grpc-status"])));
    stream.resume();
    if (headers[":method"] !== "GET") stream.end(body);
  });
}
