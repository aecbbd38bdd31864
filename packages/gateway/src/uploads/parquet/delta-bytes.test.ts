import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DeltaBytes, DeltaLengthBytes } from "./delta-bytes.ts";
import { unsigned, zigzag } from "./testing/made-file.ts";

const refused = { name: "UploadError", message: /not a Parquet file that can be read here/ };

/** Numbers of which each is by so much more than the first as it is the later: a block's least difference alone. */
const steps = (count: number, first: number, step: number) => [
  ...unsigned(128),
  ...unsigned(1),
  ...unsigned(count),
  ...zigzag(first),
  ...(count > 1 ? [...zigzag(step), 0] : []),
];
/** Whatever two numbers. */
const two = (a: number, b: number) => steps(2, a, b - a);
const bytes = (text: string) => [...Buffer.from(text)];
const read = (next: () => Uint8Array, count: number) =>
  Array.from({ length: count }, () => Buffer.from(next()).toString());

describe("bytes behind their lengths", () => {
  const values = (...parts: number[][]) => new DeltaLengthBytes(Uint8Array.from(parts.flat()), 0, 10);

  it("are cut where their lengths say", () => {
    const three = values(steps(3, 1, 1), bytes("abbccc"));
    assert.deepEqual(
      read(() => three.next(), 3),
      ["a", "bb", "ccc"],
    );
    assert.throws(() => three.next(), refused);
    const none = values(steps(4, 0, 0));
    assert.deepEqual(
      read(() => none.next(), 4),
      ["", "", "", ""],
    );
  });

  it("of a length below nothing, or of more than there is, are refused", () => {
    for (const [lengths, text] of [
      [steps(1, -1, 0), "abc"],
      [two(2, -1), "abc"],
      [steps(1, 4, 0), "abc"],
      [two(2, 2), "abc"],
      [steps(1, 2 ** 31 - 1, 0), "abc"],
      // Wraps around to a length below nothing.
      [steps(2, 2 ** 31 - 1, 1), "abc"],
    ] as const) {
      const some = values(lengths, bytes(text));
      assert.throws(() => read(() => some.next(), 2), refused);
    }
    assert.throws(() => values(steps(11, 0, 0)), refused);
  });
});

describe("bytes that begin as those before them", () => {
  const values = (prefixes: number[], rests: number[], text: string, most = 10) =>
    new DeltaBytes(Uint8Array.from([...prefixes, ...rests, ...bytes(text)]), most);

  it("are put together", () => {
    const some = values(two(0, 2), two(4, 2), "axisle");
    assert.deepEqual(
      read(() => some.next(), 2),
      ["axis", "axle"],
    );
    assert.throws(() => some.next(), refused);
    const same = values(two(0, 3), two(3, 0), "abc");
    assert.deepEqual(
      read(() => same.next(), 2),
      ["abc", "abc"],
    );
  });

  it("that begin with more than was there, or less than nothing, or are of two counts, are refused", () => {
    for (const [prefixes, rests] of [
      [two(0, 4), two(3, 0)],
      [two(1, 0), two(3, 0)],
      [two(0, -1), two(3, 0)],
      [two(0, 2 ** 31 - 1), two(3, 0)],
      [two(0, 1), two(3, 1)],
      [two(0, 1), two(3, -1)],
    ] as const) {
      const some = values(prefixes, rests, "abc");
      assert.throws(() => read(() => some.next(), 2), refused);
    }
    assert.throws(() => values(two(0, 0), steps(3, 0, 0), "abc"), refused);
    assert.throws(() => values(steps(11, 0, 0), steps(11, 0, 0), ""), refused);
    assert.throws(() => new DeltaBytes(Uint8Array.from([]), 10), refused);
  });

  it("of which each begins with all before it grow no longer than one value may be", () => {
    // 0, n, 2n … bytes of the value before, and n more.
    const [count, n] = [50, 100_000];
    const some = values(steps(count, 0, n), steps(count, n, 0), "x".repeat(count * n), count);
    for (let index = 1; index <= 40; index++) assert.equal(some.next().length, index * n);
    assert.throws(() => some.next(), { name: "UploadError", message: /a value of more bytes than a row may have/ });
  });
});
