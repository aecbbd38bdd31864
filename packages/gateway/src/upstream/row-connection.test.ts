/** Calls for rows over the gateway's own connections: what others could do to them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net, { type AddressInfo, createServer, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import { hasOpenssl, TestAuthority } from "../../../../test/certificates.ts";
import { DEFAULT_LIMITS, type UpstreamLimits } from "../config/index.ts";
import { createUpstream, type Upstream } from "./index.ts";
import { fails, JOB, QUERY, read } from "./testing/answering-bigquery.ts";

const RUN = { ...QUERY, jobTimeoutMs: 60_000 };

function answer(body: string, more = ""): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

interface Raw {
  readonly upstream: Upstream;
  readonly endpoint: string;
  /** What came on each connection, in order. */
  readonly requests: string[][];
}

/** An upstream on raw sockets: `serve` gets each request as it came, on which connection, and how many came there before. */
async function raw(
  t: TestContext,
  serve: (socket: Socket, request: string, connection: number, number: number) => unknown,
  { limits, tls, host = "127.0.0.1" }: { limits?: Partial<UpstreamLimits>; tls?: object; host?: string } = {},
): Promise<Raw> {
  const requests: string[][] = [];
  const sockets = new Set<Socket>();
  const connected = (socket: Socket) => {
    const own: string[] = [];
    const connection = requests.push(own) - 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    let held = "";
    socket.on("data", (bytes: Buffer) => {
      held += bytes.toString();
      const head = held.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/.exec(held)?.[1] ?? 0);
      if (head < 0 || Buffer.byteLength(held) < head + 4 + length) return;
      const request = held;
      held = "";
      void serve(socket, request, connection, own.push(request) - 1);
    });
  };
  const server = tls === undefined ? createServer(connected) : createTlsServer(tls, connected);
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const endpoint = `${tls === undefined ? "http" : "https"}://${host}:${port}/below/`;
  const upstream = createUpstream(
    { endpoint, credentials: { type: "none" }, maximumBytesBilled: 1_000_000_000 },
    { limits: { ...DEFAULT_LIMITS.upstream, retries: 0, ...limits }, random: () => 0 },
  );
  t.after(async () => {
    await upstream.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { upstream, endpoint, requests };
}

const rows = async (upstream: Upstream) => read((await upstream.streamQueryResults(JOB, {})).body);

describe("a call for rows", () => {
  it("is written as HTTP/1.1 has it, and its body as it is", async (t) => {
    const { upstream, requests } = await raw(t, (socket) => socket.write(answer("{}")));
    const sql = "SELECT 'ä€𝄞' -- \u0000\r\n\r\nGET / HTTP/1.1";
    await upstream.queryRows({ ...RUN, sql }, { waitMs: 500 });
    await rows(upstream);
    const [post = "", get = ""] = requests[0] ?? [];
    const [head = "", body = ""] = post.split("\r\n\r\n");
    assert.equal(
      head,
      `POST /below/bigquery/v2/projects/clinic/queries?prettyPrint=false HTTP/1.1\r\nhost: 127.0.0.1:${/host: .*:(\d+)/.exec(head)?.[1]}\r\nconnection: keep-alive\r\naccept: application/json\r\naccept-encoding: identity\r\nuser-agent: chaperone\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`,
    );
    assert.equal((JSON.parse(body) as { query: string }).query, sql);
    assert.match(
      get,
      /^GET \/below\/bigquery\/v2\/projects\/clinic\/queries\/chaperone_1\?location=EU&prettyPrint=false HTTP\/1\.1\r\n/,
    );
    assert.doesNotMatch(get, /content-/);
  });

  it("whose token could be more than a header is not written", async (t) => {
    const { upstream, requests } = await raw(t, (socket) => socket.write(answer("{}")));
    const tokens = { get: async () => "a\r\nx-evil: 1", discard: () => undefined };
    const endpoint = `http://127.0.0.1:1`;
    const other = createUpstream({ endpoint, credentials: { type: "none" }, maximumBytesBilled: 1 }, { tokens });
    t.after(() => other.close());
    await assert.rejects(other.streamQueryResults(JOB, {}));
    await rows(upstream);
    assert.equal(requests.length, 1);
  });
});

describe("the gateway's token", () => {
  it("is each connection's own, and the one of now, however calls take turns", async (t) => {
    const raws = await Promise.all([0, 1].map(() => raw(t, (socket) => socket.write(answer("{}")))));
    const current = ["a1", "b1"];
    const upstreams = raws.map(({ endpoint }, i) => {
      const tokens = { get: async () => current[i], discard: () => undefined };
      const made = createUpstream({ endpoint, credentials: { type: "none" }, maximumBytesBilled: 1 }, { tokens });
      t.after(() => made.close());
      return made;
    });
    const expected: string[][] = [[], []];
    for (const after of ["a2", "a2", "a3"]) {
      for (const [i, upstream] of upstreams.entries()) {
        await rows(upstream);
        await upstream.queryRows(RUN, { waitMs: 500 });
        expected[i]?.push(`Bearer ${current[i]}`, `Bearer ${current[i]}`);
      }
      current[0] = after;
    }
    const sent = raws.map(({ requests }) => requests.flat().map((one) => /^authorization: (.*)\r$/m.exec(one)?.[1]));
    assert.deepEqual(sent, expected);
  });
});

describe("a kept connection", () => {
  for (const [what, late] of [
    ["together with the answer before", 0],
    ["later", 30],
  ] as const)
    it(`on which something came unasked, ${what}, is closed, and nobody is given it`, async (t) => {
      const { upstream, requests } = await raw(t, async (socket, _, connection) => {
        if (connection > 0) return socket.write(answer('"own"'));
        const evil = answer('"another\'s"');
        if (late === 0) return socket.write(answer('"first"') + evil);
        socket.write(answer('"first"'));
        await wait(late);
        return socket.write(evil);
      });
      assert.equal(await rows(upstream), '"first"');
      await wait(2 * late);
      assert.equal(await rows(upstream), '"own"');
      assert.deepEqual(
        requests.map(({ length }) => length),
        [1, 1],
      );
    });

  it("isn't used again where the answer came before the request was written", async (t) => {
    const requests: number[] = [];
    const server = createServer((socket) => {
      const connection = requests.push(0) - 1;
      socket.on("error", () => undefined);
      socket.once("data", () => {
        requests[connection] = 1;
        socket.pause();
        socket.write(answer(`"${connection}"`));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const upstream = createUpstream(
      {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: { type: "none" },
        maximumBytesBilled: 1,
      },
      { limits: { ...DEFAULT_LIMITS.upstream, retries: 0 } },
    );
    t.after(async () => {
      await upstream.close();
      server.close();
    });
    const sql = `SELECT '${"x".repeat(30_000_000)}'`;
    assert.equal(await read((await upstream.queryRows({ ...RUN, sql }, { waitMs: 500 })).body), '"0"');
    assert.equal(await rows(upstream), '"1"');
  });

  it("isn't used again where a call was left before its answer", async (t) => {
    const { upstream, requests } = await raw(t, (socket, _, connection) => {
      if (connection > 0) socket.write(answer('"own"'));
    });
    const gone = new AbortController();
    const left = upstream.streamQueryResults(JOB, { signal: gone.signal });
    await wait(50);
    gone.abort();
    await assert.rejects(left, { name: "AbortError" });
    assert.equal(await rows(upstream), '"own"');
    assert.deepEqual(
      requests.map(({ length }) => length),
      [1, 1],
    );
  });
});

describe("an answer with rows", () => {
  it("that doesn't begin is waited for only so long, and a query isn't sent again", async (t) => {
    const { upstream, requests } = await raw(t, () => undefined, { limits: { headersMs: 50, retries: 3 } });
    await fails(upstream.queryRows(RUN, { waitMs: 0 }), "timeout", "answerTimeout");
    assert.deepEqual(
      requests.map(({ length }) => length),
      [1],
    );
  });

  it("whose head goes on for ever is refused", async (t) => {
    const { upstream } = await raw(t, (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${`x: ${"1".repeat(1000)}\r\n`.repeat(100)}`),
    );
    await fails(rows(upstream), "protocol", "oversized");
  });

  it("that is broken in the middle of its chunks is an error, not an end", async (t) => {
    const { upstream } = await raw(t, (socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"rows":[\r\nzz\r\n',
      ),
    );
    await fails(rows(upstream), "protocol", "unexpected");
  });
});

describe("more calls than connections", () => {
  it("wait for one, and none is opened beyond the bound", async (t) => {
    let open = 0;
    let most = 0;
    const { upstream, requests } = await raw(
      t,
      async (socket, _, connection, number) => {
        most = Math.max(most, ++open);
        await wait(5);
        open--;
        // Half of them go away: others take their places.
        if ((connection + number) % 3 === 2) socket.destroy();
        else socket.write(answer(`"${connection}/${number}"`));
      },
      { limits: { connections: 3 } },
    );
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        upstream.streamQueryResults(JOB, { agent: `a${i}` }).then(({ body }) => read(body)),
      ),
    );
    const answered = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    assert.equal(new Set(answered).size, answered.length, "an answer was given twice");
    assert.ok(answered.length >= 20 && most <= 3, `${answered.length} answered, ${most} at once`);
    assert.equal(requests.flat().length, 40);
  });

  it("take one that was opened for a call that was left meanwhile", async (t) => {
    const { upstream, requests } = await raw(t, (socket) => socket.write(answer('"own"')), {
      limits: { connections: 1 },
    });
    const gone = new AbortController();
    const { connect } = net;
    t.mock.method(net, "connect", (options: NetConnectOpts) => {
      const socket = connect(options);
      gone.abort();
      return socket;
    });
    const left = upstream.streamQueryResults(JOB, { signal: gone.signal });
    const waits = rows(upstream);
    await assert.rejects(left, { name: "AbortError" });
    assert.equal(await waits, '"own"');
    assert.deepEqual(
      requests.map(({ length }) => length),
      [1],
    );
  });

  it("are all told when the client is closed", async (t) => {
    const { upstream } = await raw(t, () => undefined, { limits: { connections: 1, retries: 2 } });
    const all = ["a", "b"].map((agent) =>
      assert.rejects(upstream.streamQueryResults(JOB, { agent, signal: AbortSignal.timeout(5000) }), {
        reason: "closed",
      }),
    );
    await wait(20);
    await upstream.close();
    await all[0];
    void all[1]?.catch(() => undefined);
  });
});

describe("rows by TLS", () => {
  it("come from whoever has a certificate that is known, and from nobody else", {
    skip: !hasOpenssl && "no openssl",
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "chaperone-rows-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const authority = new TestAuthority(folder);
    const pair = authority.issue("upstream");
    const tls = { cert: readFileSync(pair.cert), key: readFileSync(pair.key), ALPNProtocols: ["h2", "http/1.1"] };
    const page = JSON.stringify({ rows: "r".repeat(3_000_000) });
    const serve = (socket: Socket) => socket.write(answer(page));
    const { upstream, requests } = await raw(t, serve, { tls, host: "localhost" });
    await fails(rows(upstream), "unavailable", "connectionFailed");
    assert.equal(requests.flat().length, 0);
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, authority.pem.toString()]);
    t.after(() => setDefaultCACertificates(before));
    for (const host of ["localhost", "127.0.0.1"]) {
      const known = await raw(t, serve, { tls, host });
      for (const _ of [1, 2, 3]) {
        let seen = "";
        for await (const piece of (await known.upstream.streamQueryResults(JOB, {})).body) {
          seen += piece.toString();
          await wait(5);
        }
        assert.ok(seen === page, "other bytes than were sent");
      }
      assert.deepEqual(
        known.requests.map(({ length }) => length),
        [3],
      );
    }
  });
});
