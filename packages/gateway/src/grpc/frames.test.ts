import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frame, framed } from "./frames.ts";

describe("gRPC's frames", () => {
  it("are the same bytes in pieces, long ones as they are", () => {
    for (const lengths of [[], [0], [5, 5], [5000], [1, 9000, 2, 3, 9000], [9000, 9000, 4]]) {
      const pieces = lengths.map((length, i) => Buffer.alloc(length, i + 1));
      const written = framed(pieces);
      assert.deepEqual(Buffer.concat(written), frame(pieces));
      for (const piece of pieces) if (piece.length >= 5000) assert.ok(written.includes(piece));
    }
  });
});
