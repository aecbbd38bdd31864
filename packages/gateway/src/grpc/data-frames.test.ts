import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BrokenConnection, DataFrames, windowUpdate } from "./data-frames.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const DATA = 0;
const HEADERS = 1;
const END_STREAM = 1;
const PADDED = 8;

function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** What a reader of these bytes is given who takes DATA of streams 1 and 3. */
function split(bytes: Buffer, size: number) {
  const got = { other: [] as Uint8Array[], data: new Map<number, Uint8Array[]>(), counted: new Map<number, number>() };
  const frames = new DataFrames(
    {
      other: (some) => got.other.push(Buffer.from(some)),
      takes: (stream) => stream === 1 || stream === 3,
      data: (stream, some, counted) => {
        got.data.set(stream, [...(got.data.get(stream) ?? []), Buffer.from(some)]);
        got.counted.set(stream, (got.counted.get(stream) ?? 0) + counted);
      },
    },
    16_384,
  );
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) frames.add(piece.subarray(0, bytes.copy(piece, 0, at, at + size)));
  return {
    other: Buffer.concat(got.other),
    data: new Map([...got.data].map(([stream, some]) => [stream, Buffer.concat(some)])),
    counted: got.counted,
  };
}

describe("DATA frames", () => {
  it(`are taken out of all others, padding counted, at every size of piece (SEED=${SEED})`, () => {
    let state = SEED >>> 0;
    const next = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let round = 0; round < 60; round++) {
      const all: Buffer[] = [];
      const other: Buffer[] = [];
      const data = new Map<number, Buffer>();
      const counted = new Map<number, number>();
      for (let i = next(12); i >= 0; i--) {
        const stream = next(5);
        const payload = Buffer.from(Array.from({ length: next(3) === 0 ? 0 : next(60) }, () => next(256)));
        const flags = next(2) * END_STREAM;
        const padding = next(3) === 0 ? next(9) : -1;
        if (next(3) > 0 && (stream === 1 || stream === 3)) {
          const sent =
            padding < 0 ? payload : Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding, 7)]);
          all.push(frameOf(DATA, flags | (padding < 0 ? 0 : PADDED), stream, sent));
          if (sent.length > 0) {
            data.set(stream, Buffer.concat([data.get(stream) ?? Buffer.alloc(0), payload]));
            counted.set(stream, (counted.get(stream) ?? 0) + sent.length);
          }
          if (flags === END_STREAM) other.push(frameOf(DATA, END_STREAM, stream, Buffer.alloc(0)));
        } else {
          const one = frameOf(stream === 1 || stream === 3 ? HEADERS : next(11), flags, stream, payload);
          all.push(one);
          other.push(one);
        }
      }
      const bytes = Buffer.concat(all);
      for (const size of [1, 2, 3, 5, 8, 13, 64, Math.max(1, bytes.length)]) {
        const got = split(bytes, size);
        assert.deepEqual(got, { other: Buffer.concat(other), data, counted }, `pieces of ${size}`);
      }
    }
  });

  it("break the connection where they are longer than allowed, or shorter than their padding", () => {
    const broken = (bytes: Buffer) => {
      for (const size of [1, 4, bytes.length]) assert.throws(() => split(bytes, size), BrokenConnection);
    };
    broken(frameOf(DATA, 0, 1, Buffer.alloc(16_385)));
    broken(frameOf(DATA, PADDED, 1, Buffer.alloc(0)));
    broken(frameOf(DATA, PADDED, 1, Buffer.from([3, 0, 0])));
    assert.deepEqual(split(frameOf(DATA, PADDED, 1, Buffer.from([2, 0, 0])), 4).counted.get(1), 3);
  });

  it("are allowed by WINDOW_UPDATE (RFC 9113, 6.9)", () => {
    assert.equal(windowUpdate(5, 0x7fffffff).toString("hex"), "00000408000000000" + "57fffffff");
  });
});
