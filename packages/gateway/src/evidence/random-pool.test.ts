import assert from "node:assert/strict";
import { test } from "node:test";
import { pooledRandomBytes } from "./random-pool.ts";

test("no bytes are given out twice, nor share memory", () => {
  const drawn = Array.from({ length: 2000 }, () => pooledRandomBytes(16));
  assert.equal(new Set(drawn.map((bytes) => bytes.toString("hex"))).size, drawn.length);
  const [one, other] = [pooledRandomBytes(12), pooledRandomBytes(12)];
  const before = other.toString("hex");
  one.fill(7);
  assert.equal(other.toString("hex"), before);
  assert.equal(pooledRandomBytes(4096).length, 4096);
  assert.throws(() => pooledRandomBytes(4097), RangeError);
});
