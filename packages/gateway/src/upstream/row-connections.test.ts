import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { DEFAULT_LIMITS } from "../config/index.ts";
import { createUpstream } from "./index.ts";

const JOB = { projectId: "clinic", jobId: "chaperone_1", location: "EU" };

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

/** Bytes of which no 64 KB are like others: memory that is used again too early shows. */
function pageOf(number: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 32)
    createHash("sha256")
      .update(`${number}/${at}`)
      .digest()
      .copy(bytes, at, 0, Math.min(32, length - at));
  return bytes;
}

/** An upstream on a raw socket: `answer` says in which pieces the n-th answer goes out. */
async function upstreamOf(answer: (number: number) => readonly Buffer[], atOnce = 1) {
  let asked = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", async (request) => {
      if (!request.includes("\r\n\r\n")) return;
      for (const piece of answer(asked++)) {
        if (!socket.write(piece)) await once(socket, "drain");
        else await turn();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream = createUpstream(
    {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { type: "none" },
      maximumBytesBilled: 1_000_000_000,
    },
    { limits: { ...DEFAULT_LIMITS.upstream, connections: atOnce, retries: 0 } },
  );
  cleanUp.push(async () => {
    await upstream.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { upstream, connections: () => sockets.size };
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-filler: ";

function head(filler: string, rest: string): Buffer {
  return Buffer.from(`${HEAD}${filler}\r\n${rest}\r\n\r\n`);
}

function lines(text: Buffer): Buffer[] {
  return text
    .toString()
    .split(/(?<=\n)/)
    .map((line) => Buffer.from(line));
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

describe("rows over one connection", () => {
  const LENGTH = 1_500_000;

  for (const [how, pieces] of [
    ["at once", (page: Buffer) => [head("a", `content-length: ${page.length}`), page]],
    [
      "with the head line by line",
      (page: Buffer) => [...lines(head("b", `x-more: ${"m".repeat(20)}\r\ncontent-length: ${page.length}`)), page],
    ],
    ["in pieces of 1,000 bytes", (page: Buffer) => [head("c", `content-length: ${page.length}`), ...cut(page, 1000)]],
    [
      "in chunks of 777 bytes",
      (page: Buffer) => [
        head("d", "transfer-encoding: chunked"),
        Buffer.concat(
          cut(page, 777).flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
        ),
        Buffer.from("0\r\n\r\n"),
      ],
    ],
  ] as const) {
    it(`come whole, ${how}, to readers that are quick, slow and in between`, async () => {
      const pages = [0, 1, 2, 3].map((number) => pageOf(number, LENGTH));
      const { upstream, connections } = await upstreamOf((number) => pieces(pages[number] as Buffer));
      for (const page of pages) {
        const { body } = await upstream.streamQueryResults(JOB, {});
        const seen: Buffer[] = [];
        let number = 0;
        for await (const piece of body) {
          if (page !== pages[0]) await (number++ % 2 === 0 ? wait(15) : turn());
          seen.push(Buffer.from(piece));
        }
        assert.ok(Buffer.concat(seen).equals(page), "other bytes than were sent");
      }
      assert.equal(connections(), 1, "the connection was not used again");
    });
  }

  it("come whole where answers are small, however their heads are cut", async () => {
    const rows = (number: number) => Buffer.from(`{"rows":[${number}],"filler":"${"r".repeat(200 + number)}"}`);
    const cuts = [[], [20], [70], [20, 70], [70, 75], [10, 40, 70], [30, 60, 90, 120]];
    const { upstream, connections } = await upstreamOf((number) => {
      // Long values and many headers: undici keeps them as they were read until the head is whole.
      const more = `x-more: ${"m".repeat(150)}${number}\r\ncontent-length: ${rows(number).length}`;
      const bytes = Buffer.concat([head("h".repeat(40), more), rows(number)]);
      const at = [0, ...(cuts[number % cuts.length] ?? []), bytes.length];
      return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
    });
    const whole = new Map<number, Buffer>();
    for (let number = 0; number < 10 * cuts.length; number++) {
      const seen: Buffer[] = [];
      const answer = await upstream.streamQueryResults(JOB, {});
      if (answer.whole !== undefined) whole.set(number, answer.whole);
      for await (const piece of answer.body) seen.push(Buffer.from(piece));
      assert.equal(Buffer.concat(seen).toString(), rows(number).toString());
    }
    // What came at once stays as it was, though its memory has been used again since.
    assert.ok(whole.size > 0);
    for (const [number, bytes] of whole) assert.equal(bytes.toString(), rows(number).toString());
    assert.equal(connections(), 1, "the connection was not used again");
  });

  it("go on after one that was left in the middle", async () => {
    const page = pageOf(9, LENGTH);
    const { upstream } = await upstreamOf(() => [head("e", `content-length: ${LENGTH}`), page]);
    for await (const _ of (await upstream.streamQueryResults(JOB, {})).body) break;
    const left = await upstream.streamQueryResults(JOB, {});
    left.cancel();
    const seen: Buffer[] = [];
    for await (const piece of (await upstream.streamQueryResults(JOB, {})).body) seen.push(Buffer.from(piece));
    assert.ok(Buffer.concat(seen).equals(page));
  });
});

describe("rows over several connections", () => {
  it("are each reader's own, though memory goes from one that left to another that reads", async () => {
    const LENGTH = 1_000_000;
    const pages = Array.from({ length: 16 }, (_, number) => pageOf(number, LENGTH));
    const { upstream } = await upstreamOf(
      (number) => [head("f", `content-length: ${LENGTH}`), ...cut(pages[number] as Buffer, 50_000)],
      4,
    );
    const left = new Set(pages.map((page) => page.toString("latin1")));
    /** Every third goes away in the middle of its page: by itself, or by its signal. */
    async function read(number: number): Promise<void> {
      const gone = new AbortController();
      const { body } = await upstream.streamQueryResults(JOB, { signal: gone.signal });
      const seen: Buffer[] = [];
      let pieces = 0;
      try {
        for await (const piece of body) {
          const before = Buffer.from(piece);
          await (number % 2 === 0 ? wait(3) : turn());
          assert.ok(piece.equals(before), "a piece changed while it was held");
          seen.push(before);
          if (number % 3 !== 0 || ++pieces < 2) continue;
          if (number % 2 === 0) break;
          gone.abort();
          // Whoever held a piece when its signal fired may hold it still.
          await wait(20);
          assert.ok(piece.equals(before), "a piece changed after its reader's signal");
        }
      } catch (error) {
        if (!gone.signal.aborted || error instanceof assert.AssertionError) throw error;
      }
      const text = Buffer.concat(seen).toString("latin1");
      const page = [...left].find((one) => one.startsWith(text));
      assert.ok(page !== undefined, "other bytes than were sent");
      left.delete(page);
    }
    for (let from = 0; from < pages.length; from += 4)
      await Promise.all([from, from + 1, from + 2, from + 3].map((number) => read(number)));
  });
});
