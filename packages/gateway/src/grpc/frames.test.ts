import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { FrameError, frame, framed, readFrames } from "./frames.ts";

/** `bytes` in chunks of so many. */
const inChunks = (bytes: Buffer, size: number) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
    { objectMode: false },
  );

async function copies(stream: Readable, maxBytes = 1_000_000): Promise<Buffer[]> {
  const out: Buffer[] = [];
  for await (const message of readFrames(stream, maxBytes)) {
    // Whoever takes its time with a message finds it as it was.
    const before = Buffer.from(message);
    await new Promise(setImmediate);
    assert.deepEqual(Buffer.from(message), before);
    out.push(before);
  }
  return out;
}

describe("gRPC's frames", () => {
  const messages = [0, 1, 4, 5, 6, 70_000, 3, 200_000, 0, 12].map((length, i) =>
    Buffer.from(Array.from({ length }, (_, k) => (i * 31 + k * 7) % 256)),
  );
  const all = Buffer.concat(messages.map((message) => frame([message])));

  it("are read whatever the chunks they come in", async () => {
    const [few, short] = [messages.slice(0, 5), Buffer.concat(messages.slice(0, 5).map((message) => frame([message])))];
    for (const size of [1, 2, 3, 5, 7]) assert.deepEqual(await copies(inChunks(short, size)), few);
    for (const size of [4096, 16_384, 65_537, all.length])
      assert.deepEqual(await copies(inChunks(all, size)), messages);
  });

  it("are refused where they are cut, compressed or too long, and tell when the stream fails", async () => {
    const fault = (name: string) => (error: unknown) => error instanceof FrameError && error.fault === name;
    for (const cut of [1, 4, 6, all.length - 1])
      await assert.rejects(copies(inChunks(all.subarray(0, cut), 4096)), fault("truncated"));
    await assert.rejects(copies(inChunks(Buffer.from([1, 0, 0, 0, 0]), 9)), fault("compressed"));
    await assert.rejects(copies(inChunks(Buffer.from([0, 0, 0, 0, 9]), 9), 8), fault("oversized"));
    // The second message's prefix, when the first was already taken.
    await assert.rejects(copies(inChunks(Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0]), 99)), fault("compressed"));
    const failing = new Readable({ read: () => undefined });
    failing.push(Buffer.from([0, 0, 0, 0, 9, 1]));
    setImmediate(() => failing.destroy(new Error("gone")));
    await assert.rejects(copies(failing), /gone/);
    await assert.rejects(copies(new Readable({ read: () => undefined }).destroy()), /closed/);
    const closing = new Readable({ read: () => undefined });
    setImmediate(() => closing.destroy());
    await assert.rejects(copies(closing), /closed/);
  });

  it("are none of a stream that has ended already", async () => {
    const stream = Readable.from([]);
    stream.resume();
    await once(stream, "end");
    assert.deepEqual(await copies(stream), []);
  });

  it("take no memory for a message of which only the length came", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const stream = new Readable({ read: () => undefined });
    stream.push(Buffer.from([0, 0x10, 0, 0, 0, 1]));
    const reading = copies(stream, 2 ** 31);
    await new Promise(setImmediate);
    assert.ok(process.memoryUsage().arrayBuffers - before < 16_000_000);
    stream.push(null);
    await assert.rejects(reading, FrameError);
  });

  it("leave no more dead buffers than V8 bears without marking its whole heap", async () => {
    const message = frame([Buffer.alloc(2 ** 20)]);
    function* chunks(): Generator<Buffer> {
      for (let i = 0; i < 256; i++)
        for (let at = 0; at < message.length; at += 65_536) {
          const chunk = Buffer.allocUnsafeSlow(Math.min(65_536, message.length - at));
          message.copy(chunk, 0, at);
          yield chunk;
        }
    }
    const before = process.memoryUsage().arrayBuffers;
    let [most, count] = [0, 0];
    for await (const _ of readFrames(Readable.from(chunks(), { objectMode: false }), 2 ** 21)) {
      count++;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    assert.equal(count, 256);
    assert.ok(most < 40 * 2 ** 20, `${most} bytes`);
  });

  it("are the same bytes in pieces, long ones as they are", () => {
    for (const lengths of [[], [0], [5, 5], [5000], [1, 9000, 2, 3, 9000], [9000, 9000, 4]]) {
      const pieces = lengths.map((length, i) => Buffer.alloc(length, i + 1));
      const written = framed(pieces);
      assert.deepEqual(Buffer.concat(written), frame(pieces));
      for (const piece of pieces) if (piece.length >= 5000) assert.ok(written.includes(piece));
    }
  });
});
