import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { hasOpenssl, TestAuthority } from "../../../../test/certificates.ts";
import { GrpcCallError, GrpcClient } from "./client.ts";
import { frame } from "./frames.ts";
import { type Call, createGrpcServer } from "./server.ts";
import { GrpcError } from "./status.ts";

const WINDOW = 4 * 1024 * 1024;

function clientOf(t: TestContext, url: string, idleMs = 5000): GrpcClient {
  const client = new GrpcClient({ endpoint: url, connectMs: 2000, idleMs, messageBytes: 20_000_000, calls: 8 });
  t.after(() => client.close());
  return client;
}

function call(client: GrpcClient, message = ""): AsyncGenerator<Uint8Array> {
  const signal = AbortSignal.timeout(30_000);
  return client.call({ path: "/a.B/C", message: Buffer.from(message), headers: {}, timeoutMs: undefined, signal });
}

async function listening(t: TestContext, server: Pick<Server, "listen" | "address" | "close" | "once">) {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  t.after(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serving(
  t: TestContext,
  serve: (call: Call) => Promise<void>,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<{ readonly port: number; readonly session: () => ServerHttp2Session }> {
  const server = createGrpcServer({
    tls,
    limits: {
      headerBytes: 8192,
      headerCount: 40,
      connections: 100,
      headersTimeoutMs: 1000,
      idleTimeoutMs: 10_000,
      bodyTimeoutMs: 500,
      callsPerConnection: 20,
      requestBytes: 1000,
    },
    serve,
    statusOf: () => new GrpcError("internal", "a fault"),
    ended: () => undefined,
  });
  let session: ServerHttp2Session | undefined;
  server.http2.on("session", (one: ServerHttp2Session) => {
    session = one;
  });
  const port = await listening(t, server.http2);
  t.after(() => server.close(100));
  return {
    port,
    session: () => {
      assert.ok(session !== undefined);
      return session;
    },
  };
}

const code = (wanted: GrpcCallError["code"]) => (error: unknown) =>
  error instanceof GrpcCallError && error.code === wanted;

async function lengths(answer: AsyncIterable<Uint8Array>): Promise<number[]> {
  const out: number[] = [];
  for await (const message of answer) out.push(message.length);
  return out;
}

describe("a client's connection", () => {
  it("isn't over well that says so before its messages, and breaks off", async (t) => {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "0" });
      // The end without trailers of an answer that might have had more.
      stream.end(frame([Buffer.from("first")]));
    });
    const port = await listening(t, server);
    const answers = call(clientOf(t, `http://127.0.0.1:${port}`));
    assert.equal(Buffer.from((await answers.next()).value as Uint8Array).toString(), "first");
    await assert.rejects(answers.next(), code("connection"));
  });

  it("gives each of many calls its own messages, longer than the window too", async (t) => {
    const sizes = [0, 5, 1_000_000, 9_000_000, 16_384, 16_379, 1, 3_000_000];
    const { port } = await serving(t, async (one) => {
      const byte = Number(Buffer.from(await one.request()).toString());
      for (const size of sizes) await one.send([Buffer.alloc(size, byte)]);
    });
    const client = clientOf(t, `http://127.0.0.1:${port}`);
    // Twice, the second time in memory of the first.
    for (let round = 0; round < 2; round++)
      await Promise.all(
        [1, 2, 3, 4, 5].map(async (byte) => {
          let i = 0;
          for await (const message of call(client, String(byte))) {
            if (byte === 2) await new Promise((tick) => setTimeout(tick, 5));
            assert.ok(Buffer.alloc(sizes[i++] ?? -1, byte).equals(message));
          }
          assert.equal(i, sizes.length);
        }),
      );
  });

  it("holds of a slow reader no more than the window, and lets others read meanwhile", async (t) => {
    let sent = 0;
    const { port, session } = await serving(t, async (one) => {
      const slow = Buffer.from(await one.request()).toString() === "slow";
      for (let i = 0; i < 60; i++) {
        await one.send([Buffer.alloc(1_000_000)]);
        if (slow) sent++;
      }
    });
    const client = clientOf(t, `http://127.0.0.1:${port}`, 500);
    const slow = call(client, "slow");
    assert.equal((await slow.next()).value?.length, 1_000_000);
    assert.deepEqual(await lengths(call(client, "fast")), Array(60).fill(1_000_000));
    // Longer than idleMs, and than nothing is read: no silence of the server's, whose pings are answered.
    const answered = await new Promise((resolve) => {
      session().ping((error) => resolve(error));
    });
    assert.equal(answered, null);
    assert.ok(sent <= WINDOW / 1_000_000 + 3, `${sent} MB were sent to nobody`);
    assert.equal((await lengths(slow)).length, 59);
  });

  it("ends a call whose server is silent, or breaks off, or sends more than it may", async (t) => {
    const { port, session } = await serving(t, async (one) => {
      await one.send([Buffer.from("x")]);
      await new Promise((_, reject) => one.signal.addEventListener("abort", () => reject(one.signal.reason)));
    });
    const client = clientOf(t, `http://127.0.0.1:${port}`, 300);
    await assert.rejects(lengths(call(client)), code("timeout"));
    const broken = call(client);
    await broken.next();
    session().destroy();
    await assert.rejects(lengths(broken), code("connection"));
    // And the next call comes by another connection.
    assert.equal((await call(client).next()).value?.length, 1);

    const flooding = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      const header = (length: number, type: number, flags: number, stream: number) => {
        const out = Buffer.alloc(9);
        out.writeUIntBE(length, 0, 3);
        out.set([type, flags], 3);
        out.writeUInt32BE(stream, 5);
        return out;
      };
      socket.write(header(0, 4, 0, 0));
      socket.once("data", () =>
        setTimeout(() => {
          // `:status: 200` of HPACK's table.
          socket.write(Buffer.concat([header(1, 1, 4, 1), Buffer.from([0x88])]));
          const whole = frame([Buffer.alloc(16_384 - 5)]);
          for (let i = 0; i < 2 * (WINDOW / 16_384); i++) socket.write(Buffer.concat([header(16_384, 0, 0, 1), whole]));
        }, 100),
      );
    });
    const flooded = clientOf(t, `http://127.0.0.1:${await listening(t, flooding)}`);
    const answer = call(flooded);
    await answer.next();
    await new Promise((tick) => setTimeout(tick, 2000));
    await assert.rejects(lengths(answer), code("protocol"));
  });

  it("stays the one for all calls when the one before ends at last", async (t) => {
    const { port, session } = await serving(t, async (one) => {
      const isLong = Buffer.from(await one.request()).toString() === "long";
      await one.send([Buffer.from("x")]);
      if (isLong)
        await new Promise((_, reject) => one.signal.addEventListener("abort", () => reject(one.signal.reason)));
    });
    const client = clientOf(t, `http://127.0.0.1:${port}`);
    const long = call(client, "long");
    await long.next();
    const first = session();
    // The server lets what it has begun go on, and takes nothing more by it.
    first.goaway();
    while (session() === first) await lengths(call(client)).catch(() => undefined);
    const second = session();
    const gone = once(first, "close");
    await long.return(undefined);
    await gone;
    for (let i = 0; i < 5; i++) assert.deepEqual(await lengths(call(client)), [1]);
    assert.ok(session() === second);
    // What is closed leaves none of them.
    const left = call(client, "long");
    await left.next();
    second.goaway();
    while (session() === second) await lengths(call(client)).catch(() => undefined);
    const both = [second, session()].map((one) => once(one, "close"));
    await client.close();
    await Promise.all(both);
    await assert.rejects(left.next(), code("connection"));
  });

  it("goes by another connection where the other side of the first is gone without a word", async (t) => {
    const { port } = await serving(t, async (one) => one.send([Buffer.from("x")]));
    const sockets: Socket[] = [];
    let isGone = false;
    const between = createTcpServer((socket) => {
      const there = connectTcp(port, "127.0.0.1");
      sockets.push(socket);
      for (const one of [socket, there]) one.on("error", () => undefined);
      const first = sockets.length === 1;
      socket.on("data", (bytes) => !(first && isGone) && there.write(bytes));
      there.on("data", (bytes) => !(first && isGone) && socket.write(bytes));
      socket.once("close", () => there.destroy());
    });
    const client = clientOf(t, `http://127.0.0.1:${await listening(t, between)}`, 200);
    assert.deepEqual(await lengths(call(client)), [1]);
    isGone = true;
    const closed = once(sockets[0] as Socket, "close", { signal: AbortSignal.timeout(10_000) });
    await assert.rejects(lengths(call(client)), code("timeout"));
    await closed;
    assert.deepEqual(await lengths(call(client)), [1]);
    assert.equal(sockets.length, 2);
  });

  it("tells an answer that is no gRPC by its HTTP status", async (t) => {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.respond({ ":status": 503, "content-type": "text/html" }, { endStream: true });
    });
    const client = clientOf(t, `http://127.0.0.1:${await listening(t, server)}`);
    await assert.rejects(lengths(call(client)), code(14));
    await assert.rejects(lengths(call(clientOf(t, "http://127.0.0.1:1"))), code("connection"));
  });

  it("is TLS with a certificate that is known, and HTTP/2", { skip: !hasOpenssl && "no openssl" }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "chaperone-connection-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const authority = new TestAuthority(folder);
    const pair = authority.issue("upstream");
    const tls = { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const { port } = await serving(
      t,
      async (one) => {
        const text = await one.request();
        for (let i = 0; i < 9; i++) await one.send([text, Buffer.alloc(500_000)]);
      },
      tls,
    );
    await assert.rejects(lengths(call(clientOf(t, `https://localhost:${port}`))), code("connection"));
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, authority.pem.toString()]);
    t.after(() => setDefaultCACertificates(before));
    for (const host of ["localhost", "127.0.0.1"])
      assert.deepEqual(await lengths(call(clientOf(t, `https://${host}:${port}`), "abc")), Array(9).fill(500_003));
    const other = createTlsServer({ ...tls, ALPNProtocols: ["http/1.1"] });
    other.on("tlsClientError", () => undefined);
    await assert.rejects(
      lengths(call(clientOf(t, `https://localhost:${await listening(t, other)}`))),
      code("connection"),
    );
  });
});
