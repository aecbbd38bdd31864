import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ColumnMetaData } from "hyparquet";
import { PARQUET_BOUNDS, PageTally } from "./parquet-pages.ts";

const MAGIC = [...Buffer.from("PAR1")];
const STOP = 0;
/** Stands for a structure's fields: their numbers and values, in order. */
type Struct = readonly (readonly [number, number | Struct])[];

/** Thrift's compact protocol, of 32-bit integers and structures. */
function struct(fields: Struct): number[] {
  let before = 0;
  const out = fields.flatMap(([id, value]) => {
    const delta = id - before;
    before = id;
    return typeof value === "number" ? [(delta << 4) | 5, ...zigzag(value)] : [(delta << 4) | 12, ...struct(value)];
  });
  return [...out, STOP];
}

function zigzag(value: number): number[] {
  const out: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  return [...out, rest];
}

const PACKED = 8;
const SIZES = [
  [2, PACKED],
  [3, PACKED],
] as const;
const V1 = (values: number, encoding = 0): Struct => [
  [1, values],
  [2, encoding],
];
const V2 = (values: number, encoding = 0, nulls = 0, definition = 0, repetition = 0): Struct => [
  [1, values],
  [2, nulls],
  [3, values],
  [4, encoding],
  [5, definition],
  [6, repetition],
];

const page = (header: Struct): number[] => [...struct(header), ...new Array<number>(PACKED).fill(0)];
const tally = (bytes: readonly number[], chunk: Partial<ColumnMetaData> = {}) =>
  new PageTally().add(Uint8Array.from([...MAGIC, ...bytes]), {
    data_page_offset: 4n,
    total_compressed_size: BigInt(bytes.length),
    ...chunk,
  } as ColumnMetaData);

const unread = { name: "UploadError", message: /not a Parquet file that can be read here/ };
const tooMuch = { name: "UploadError", message: /unpacks to more than an upload may hold/ };
const encoded = { name: "UploadError", message: /encoded neither plainly nor by a dictionary/ };
const MANY = PARQUET_BOUNDS.values + 1;

describe("a Parquet file's pages", () => {
  it("count by the header that the page's own kind has, whatever other one stands before it", () => {
    tally(page([[1, 0], ...SIZES, [5, V1(1)]]));
    tally(page([[1, 2], ...SIZES, [7, V1(1)]]));
    tally(page([[1, 3], ...SIZES, [8, V2(1)]]));
    assert.throws(() => tally(page([[1, 3], ...SIZES, [5, V1(1)], [8, V2(MANY)]])), tooMuch);
    assert.throws(() => tally(page([[1, 2], ...SIZES, [5, V1(1)], [7, V1(MANY)]])), tooMuch);
    assert.throws(() => tally(page([[1, 3], ...SIZES, [5, V1(1)], [8, V2(1, 5)]])), encoded);
    assert.throws(() => tally(page([[1, 3], ...SIZES, [5, V1(1)]])), unread);
    assert.throws(() => tally(page([[1, 1], ...SIZES, [5, V1(1)]])), unread);
    assert.throws(() => tally(page([...SIZES, [5, V1(1)]])), unread);
  });

  it("count from where the reader begins: at the dictionary's offset, wherever it points", () => {
    const decoy = page([[1, 0], ...SIZES, [5, V1(1)]]);
    const real = page([[1, 0], ...SIZES, [5, V1(MANY)]]);
    const both = [...decoy, ...real];
    const size = BigInt(decoy.length);
    const at = BigInt(MAGIC.length + decoy.length);
    assert.throws(
      () => tally(both, { dictionary_page_offset: at, total_compressed_size: BigInt(real.length) }),
      tooMuch,
    );
    tally(both, { dictionary_page_offset: 0n, total_compressed_size: size });
    // An offset from the file's end, as slices have it; in its magic number; behind it.
    for (const nowhere of [-BigInt(real.length), 1n, BigInt(MAGIC.length + both.length)])
      assert.throws(() => tally(both, { dictionary_page_offset: nowhere, total_compressed_size: size }), unread);
  });

  it("whose levels or NULLs have less than no bytes are refused: what is taken off a size adds to it", () => {
    for (const header of [
      V2(1, 0, -MANY),
      V2(1, 0, 0, -MANY),
      V2(1, 0, 0, 0, -MANY),
      V2(1, 0, 2),
      V2(1, 0, 0, PACKED, 1),
    ])
      assert.throws(() => tally(page([[1, 3], ...SIZES, [8, header]])), unread);
    tally(page([[1, 3], ...SIZES, [8, V2(1, 0, 1, PACKED - 1, 1)]]));
    // As one byte, which has a sign as well: 0xff of packed bytes.
    assert.throws(
      () => tally([0x15, 0, 0x15, 2, 0x13, 0xff, 0x2c, ...struct(V1(1)), STOP, ...new Array(255).fill(0)]),
      unread,
    );
  });
});
