import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DeltaNumbers } from "./delta-numbers.ts";
import { unsigned, zigzag } from "./testing/made-file.ts";

const refused = { name: "UploadError", message: /not a Parquet file that can be read here/ };

const header = (count: number, first: number | bigint, block = 128, miniblocks = 4) => [
  ...unsigned(block),
  ...unsigned(miniblocks),
  ...unsigned(count),
  ...zigzag(first),
];

/** Numbers of this width, one after the other from the lowest bit on. */
function packed(values: readonly bigint[], width: number): number[] {
  const all = values.reduce((sum, value, index) => sum | (value << BigInt(index * width)), 0n);
  return Array.from({ length: (values.length * width) / 8 }, (_, index) => Number((all >> BigInt(8 * index)) & 255n));
}

/** As a writer makes them: of each block the least difference, of each miniblock its widest. */
function encoded(values: readonly bigint[], bits: 32 | 64): number[] {
  const out = header(values.length, values[0] ?? 0n);
  const differences = values.slice(1).map((value, index) => BigInt.asIntN(bits, value - (values[index] ?? 0n)));
  for (let at = 0; at < differences.length; at += 128) {
    const block = differences.slice(at, at + 128);
    const least = block.reduce((min, one) => (one < min ? one : min));
    const over = block.map((one) => BigInt.asUintN(bits, one - least));
    const miniblocks = [0, 32, 64, 96].map((from) => over.slice(from, from + 32));
    const widths = miniblocks.map((mini) =>
      Math.max(0, ...mini.map((one) => (one === 0n ? 0 : one.toString(2).length))),
    );
    out.push(...zigzag(least), ...widths);
    for (const [index, mini] of miniblocks.entries())
      if (mini.length > 0)
        out.push(...packed([...mini, ...new Array<bigint>(32 - mini.length).fill(0n)], widths[index] ?? 0));
  }
  return out;
}

function read(bytes: readonly number[], bits: 32 | 64 = 32, most = 1000): bigint[] {
  const numbers = new DeltaNumbers(Uint8Array.from(bytes), 0, bits, most);
  numbers.end();
  return Array.from({ length: numbers.count }, () => numbers.next());
}

describe("numbers by their differences", () => {
  it("are read as a writer made them, to the ends of their range, and end where they end", () => {
    for (const bits of [32, 64] as const) {
      const least = -(2n ** BigInt(bits - 1));
      const number = fc.oneof(fc.bigInt(least, -least - 1n), fc.constantFrom(least, -least - 1n), fc.bigInt(-3n, 300n));
      fc.assert(
        fc.property(fc.array(number, { minLength: 1, maxLength: 400 }), (values) => {
          const bytes = encoded(values, bits);
          assert.deepEqual(read(bytes, bits), values);
          const before = [1, 2, 3];
          const numbers = new DeltaNumbers(Uint8Array.from([...before, ...bytes, 0x80]), before.length, bits, 400);
          assert.equal(numbers.end(), before.length + bytes.length);
        }),
        { numRuns: 200 },
      );
    }
  });

  it("of the specification's example are 1 to 5, and none more", () => {
    const five = [...header(5, 1), ...zigzag(1), 0, 0, 0, 0];
    assert.deepEqual(read(five), [1n, 2n, 3n, 4n, 5n]);
    const numbers = new DeltaNumbers(Uint8Array.from(five), 0, 32, 5);
    for (let n = 0; n < 5; n++) numbers.next();
    assert.throws(() => numbers.next(), refused);
    assert.deepEqual(read(header(0, 0)), []);
    assert.deepEqual(read(header(1, -7)), [-7n]);
  });

  it("may have any width and no bytes for miniblocks that none of them is in", () => {
    const bytes = [
      ...header(3, 1),
      ...zigzag(0),
      2,
      255,
      0,
      77,
      ...packed([1n, 2n, ...new Array<bigint>(30).fill(3n)], 2),
    ];
    assert.deepEqual(read(bytes), [1n, 2n, 4n]);
    assert.equal(new DeltaNumbers(Uint8Array.from(bytes), 0, 32, 3).end(), bytes.length);
  });

  it("that overflow wrap around, as they were made", () => {
    const most = 2n ** 31n - 1n;
    assert.deepEqual(read([...header(2, most), ...zigzag(1), 0, 0, 0, 0]), [most, -most - 1n]);
    assert.deepEqual(read([...header(2, 2n ** 63n - 1n), ...zigzag(1), 0, 0, 0, 0], 64), [
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
    // A first number of more bits than it may have is one of as many as it may.
    assert.deepEqual(read(header(1, 2n ** 32n + 5n)), [5n]);
  });

  it("that say of themselves what can't be are refused: counts, widths, blocks, lengths without end", () => {
    const block = (...widths: number[]) => [...zigzag(0), ...widths];
    for (const [name, bytes, bits] of [
      ["no bytes", [], 32],
      ["more than the page's values", header(1001, 0), 32],
      ["two thousand million", header(2 ** 31 - 1, 0), 32],
      ["a count of more than 31 bits", header(2 ** 31, 0), 32],
      ["a block of none", header(3, 0, 0), 32],
      ["a block of 100", header(3, 0, 100, 1), 32],
      ["no miniblocks", header(3, 0, 128, 0), 32],
      ["miniblocks of 16", header(3, 0, 128, 8), 32],
      ["miniblocks that don't divide", header(3, 0, 128, 3), 32],
      ["more miniblocks than bytes", header(3, 0, 2 ** 30, 2 ** 25), 32],
      ["a width of 33 for 32 bits", [...header(3, 0), ...block(33, 0, 0, 0), ...new Array<number>(500).fill(0)], 32],
      ["a width of 65", [...header(3, 0), ...block(65, 0, 0, 0), ...new Array<number>(500).fill(0)], 64],
      [
        "a miniblock that runs past the page",
        [...header(3, 0), ...block(8, 0, 0, 0), ...new Array<number>(31).fill(0)],
        32,
      ],
      ["one of width 64 that does", [...header(3, 0), ...block(64, 0, 0, 0), ...new Array<number>(255).fill(0)], 64],
      ["a block that isn't there", header(3, 0), 32],
      ["widths that aren't there", [...header(3, 0), ...zigzag(0), 0], 32],
      ["a number that never ends", [...header(3, 0), ...new Array<number>(20).fill(0x80)], 32],
    ] as const) {
      assert.throws(() => read(bytes, bits), refused, name);
      assert.throws(
        () => {
          const numbers = new DeltaNumbers(Uint8Array.from(bytes), 0, bits, 1000);
          for (let n = 0; n < 3; n++) numbers.next();
        },
        refused,
        name,
      );
    }
    const whole = new Array<number>(256).fill(0);
    assert.deepEqual(read([...header(3, 0), ...block(64, 0, 0, 0), ...whole], 64), [0n, 0n, 0n]);
  });

  it("of a block that says it has a thousand million are passed at once, and are as many as are asked for", () => {
    const bytes = [...header(1_000_000_000, 3, 2 ** 30, 1), ...zigzag(2), 0];
    const numbers = new DeltaNumbers(Uint8Array.from(bytes), 0, 32, 1_000_000_000);
    assert.equal(numbers.end(), bytes.length);
    assert.deepEqual([numbers.next(), numbers.next()], [3n, 5n]);
  });
});
