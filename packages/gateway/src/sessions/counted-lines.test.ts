import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { sealer } from "../evidence/seal.ts";
import { areSameRows, CountedLines } from "./counted-lines.ts";

const keys = sealer(Buffer.alloc(32, 7));
const LINES = ['{"a":"1"}\n', '{"a":"2"}\n', '{"a":"3"}\n'];

function counted(parts: readonly string[], rows = 3, of = keys) {
  const lines = new CountedLines(of);
  for (const part of parts) lines.add(Buffer.from(part));
  return lines.all(rows);
}

describe("the digest of rows that are counted", () => {
  it("is the same however the lines are cut", () => {
    const whole = counted([LINES.join("")]);
    assert.deepEqual(counted(LINES), whole);
    assert.deepEqual(counted([...LINES.join("")]), whole);
    assert.deepEqual([whole.rows, whole.bytes], [3, 30]);
  });

  it("is another with one byte, one line or their order changed", () => {
    const whole = counted(LINES);
    const others = [
      counted([LINES.join("").replace("2", "4")]),
      counted([...LINES].reverse()),
      counted(LINES.slice(1)),
      counted([...LINES, LINES[0] ?? ""]),
    ];
    for (const other of others) assert.ok(!areSameRows(whole, other));
    assert.equal(new Set([whole, ...others].map(({ digest }) => digest)).size, 5);
  });

  it("is by a key of the gateway's own, and by no other key that it has", () => {
    const text = LINES.join("");
    const { digest } = counted(LINES);
    const key = Buffer.alloc(32, 7);
    assert.notEqual(digest, createHash("sha256").update(text).digest("hex"));
    assert.notEqual(digest, createHmac("sha256", key).update(text).digest("hex"));
    assert.notEqual(digest, keys.keyedHash(text));
    assert.notEqual(digest, counted(LINES, 3, sealer(Buffer.alloc(32, 8))).digest);
    assert.equal(digest, counted(LINES, 3, sealer(key)).digest, "and the same after a restart");
  });

  it("is nothing without the count, nor by a part of it", () => {
    const whole = counted(LINES);
    assert.ok(areSameRows(whole, { ...whole }));
    for (const other of [
      { ...whole, rows: 4 },
      { ...whole, bytes: 31 },
      { ...whole, digest: whole.digest.slice(0, 62) },
      { ...whole, digest: "" },
    ]) {
      assert.ok(!areSameRows(whole, other));
      assert.ok(!areSameRows(other, whole));
    }
  });
});
