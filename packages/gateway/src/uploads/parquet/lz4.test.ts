import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hadoopLz4, lz4Block } from "./lz4.ts";

const refused = { name: "UploadError", message: /not a Parquet file that can be read here/ };
const bytes = (text: string) => [...Buffer.from(text)];
const block = (packed: readonly number[], size: number) =>
  Buffer.from(lz4Block(Uint8Array.from(packed), size)).toString();
const hadoop = (packed: readonly number[], size: number) =>
  Buffer.from(hadoopLz4(Uint8Array.from(packed), size)).toString();
const size = (value: number) => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
/** `abc` and, from there, nine bytes more; and then `!`. */
const REPEATED = [0x35, ...bytes("abc"), 3, 0, 0x10, ...bytes("!")];

describe("LZ4", () => {
  it("is bytes as they are, and runs of such as stood before", () => {
    assert.equal(block([0x30, ...bytes("abc")], 3), "abc");
    assert.equal(block(REPEATED, 13), "abcabcabcabc!");
    assert.equal(block([0x1f, ...bytes("x"), 1, 0, 255, 10, 0], 285), "x".repeat(285));
    assert.equal(block([0xf0, 255, 5, ...bytes("y".repeat(275))], 275), "y".repeat(275));
    assert.equal(block([0x10, ...bytes("a"), 1, 0], 5), "aaaaa");
    assert.equal(block([0], 0), "");
  });

  it("that says more or less than there is, or goes back to before its beginning, is refused", () => {
    for (const [packed, most] of [
      [[], 1],
      [REPEATED, 12],
      [REPEATED, 14],
      [REPEATED.slice(0, -1), 13],
      [REPEATED.slice(0, 5), 13],
      [[0x40, ...bytes("abc")], 4],
      [[0x35, ...bytes("abc"), 0, 0], 12],
      [[0x35, ...bytes("abc"), 4, 0], 12],
      [[0x35, ...bytes("abc"), 255, 255], 12],
      [[0xf0, 255, 255, 255], 1000],
      [[0x1f, ...bytes("x"), 1, 0, 255, 255], 1000],
      [[0x1f, ...bytes("x"), 1, 0, ...new Array<number>(1000).fill(255), 0], 1000],
    ] as const)
      assert.throws(() => block(packed, most), refused, packed.join());
  });

  it("of Hadoop has its sizes before it, block by block and part by part; of older writers none", () => {
    const whole = [...size(13), ...size(REPEATED.length), ...REPEATED];
    assert.equal(hadoop(whole, 13), "abcabcabcabc!");
    assert.equal(hadoop([...whole, ...size(3), ...size(4), 0x30, ...bytes("xyz")], 16), "abcabcabcabc!xyz");
    const part = [...size(4), 0x30, ...bytes("xyz")];
    assert.equal(hadoop([...size(6), ...part, ...part], 6), "xyzxyz");
    assert.equal(hadoop(REPEATED, 13), "abcabcabcabc!");
    for (const packed of [
      [...size(13), ...size(REPEATED.length + 1), ...REPEATED],
      [...size(12), ...size(REPEATED.length), ...REPEATED],
      [...size(14), ...size(REPEATED.length), ...REPEATED],
      [...size(2 ** 32 - 1), ...size(2 ** 32 - 1), ...REPEATED],
      [...size(13), ...size(0), ...size(0)],
      [...size(0), ...size(0), ...size(0)],
      size(13),
      [0, 0],
    ])
      assert.throws(() => hadoop(packed, 13), refused, packed.join());
  });
});
