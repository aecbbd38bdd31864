import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FrameError, frame } from "./frames.ts";
import { MessageRoom } from "./message-room.ts";

const MESSAGES = [0, 1, 4, 5, 6, 70_000, 3, 200_000, 0, 12].map((length, i) =>
  Buffer.from(Array.from({ length }, (_, k) => (i * 31 + k * 7) % 256)),
);
const BYTES = Buffer.concat(MESSAGES.map((message) => frame([message])));

const fault = (name: string) => (error: unknown) => error instanceof FrameError && error.fault === name;

/** What comes out of these bytes, in pieces of so many, when messages are taken after every `each`th piece. */
function taken(bytes: Buffer, size: number, each: number, maxBytes = 1_000_000): Buffer[] {
  const room = new MessageRoom(maxBytes);
  const out: Buffer[] = [];
  let held: { message: Uint8Array; was: Buffer } | undefined;
  const take = (): boolean => {
    // Whoever takes its time with a message finds it as it was.
    if (held !== undefined) assert.ok(held.was.equals(held.message));
    const whole = room.isWhole;
    const message = room.take();
    assert.equal(message !== undefined, whole);
    held = message === undefined ? undefined : { message, was: Buffer.from(message) };
    if (held !== undefined) out.push(held.was);
    return held !== undefined;
  };
  // The same memory for each piece, as on a connection.
  const piece = Buffer.alloc(size);
  for (let at = 0, count = 1; at < bytes.length; at += size, count++) {
    const length = bytes.copy(piece, 0, at, at + size);
    room.add(piece.subarray(0, length));
    if (count % each === 0) take();
  }
  while (take());
  assert.ok(room.isEmpty);
  return out;
}

describe("the messages of a call", () => {
  it("are whole whatever the pieces they come in, and whenever they are taken", () => {
    const few = MESSAGES.slice(0, 5);
    const short = Buffer.concat(few.map((message) => frame([message])));
    for (const each of [1, 2, 3, 7, 1000]) {
      for (const size of [1, 2, 3, 5, 7]) assert.deepEqual(taken(short, size, each), few, `${size} ${each}`);
      for (const size of [11, 4096, 16_384, 65_537, BYTES.length])
        assert.deepEqual(taken(BYTES, size, each), MESSAGES, `${size} ${each}`);
    }
  });

  it("are refused where they are compressed or too long, behind those that are whole", () => {
    assert.throws(() => taken(Buffer.from([1, 0, 0, 0, 0]), 9, 1), fault("compressed"));
    assert.throws(() => taken(Buffer.from([0, 0, 0, 0, 9]), 9, 1, 8), fault("oversized"));
    const room = new MessageRoom(8);
    room.add(Buffer.from([0, 0, 0, 0, 1, 65, 1, 0, 0, 0, 0]));
    assert.equal(Buffer.from(room.take() ?? []).toString(), "A");
    assert.throws(() => room.isWhole, fault("compressed"));
    assert.throws(() => room.take(), fault("compressed"));
    room.clear();
    room.add(Buffer.from([0, 0, 0, 0, 1]));
    assert.equal(room.take(), undefined);
    assert.ok(!room.isEmpty);
  });

  it("take no memory for one of which only the length came", () => {
    const room = new MessageRoom(2 ** 31);
    room.add(Buffer.from([0, 0x10, 0, 0, 0, 1]));
    assert.equal(room.take(), undefined);
    assert.ok(room.byteLength < 1_000_000);
  });

  it("lie in the same memory, however many there are", () => {
    const room = new MessageRoom(1_000_000);
    const one = frame([Buffer.alloc(99_995)]);
    for (let i = 0; i < 1000; i++) {
      room.add(one.subarray(0, 70_000));
      if (i > 0) assert.equal(room.take()?.length, 99_995);
      room.add(one.subarray(70_000));
    }
    assert.ok(room.byteLength < 800_000, `${room.byteLength} bytes`);
  });
});
