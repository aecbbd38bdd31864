import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { ColumnMetaData } from "hyparquet";
import { ChunkPages, MOST_UNPACKED, type Page, Unpacked } from "./pages.ts";

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

function pages(bytes: readonly number[], chunk: Partial<ColumnMetaData> = {}): Page[] {
  const reader = new ChunkPages(
    Uint8Array.from([...MAGIC, ...bytes]),
    {
      data_page_offset: 4n,
      total_compressed_size: BigInt(bytes.length),
      codec: "UNCOMPRESSED",
      ...chunk,
    } as ColumnMetaData,
    new Unpacked(),
  );
  const all: Page[] = [];
  for (let one = reader.next(() => 0); one !== undefined; one = reader.next(() => 0)) all.push(one);
  return all;
}
const kinds = (bytes: readonly number[]) => pages(bytes).map(({ kind, values }) => `${kind} ${values}`);

const unread = { name: "UploadError", message: /not a Parquet file that can be read here/ };
const tooMuch = { name: "UploadError", message: /unpack to more than may stand at once/ };
const encoded = { name: "UploadError", message: /encoded in a way that isn't read here/ };
/** One x, and 999 more of it. */
const LZ4_OF_1000 = Uint8Array.from([0x1f, 0x78, 1, 0, 255, 255, 255, 215, 0]);
const BOMB: Struct = [
  [1, 0],
  [2, MOST_UNPACKED + 1],
  [3, PACKED],
  [5, V1(1)],
];

describe("a Parquet file's pages", () => {
  it("are read by the header that the page's own kind has, whatever other one stands before it", () => {
    assert.deepEqual(kinds(page([[1, 0], ...SIZES, [5, V1(1)]])), ["data 1"]);
    assert.deepEqual(kinds(page([[1, 2], ...SIZES, [7, V1(1)]])), ["dictionary 1"]);
    assert.deepEqual(kinds(page([[1, 3], ...SIZES, [8, V2(1)]])), ["data-v2 1"]);
    assert.deepEqual(kinds(page([[1, 3], ...SIZES, [5, V1(1)], [8, V2(7)]])), ["data-v2 7"]);
    assert.deepEqual(kinds(page([[1, 2], ...SIZES, [5, V1(1)], [7, V1(7)]])), ["dictionary 7"]);
    assert.throws(() => pages(page([[1, 3], ...SIZES, [5, V1(1)], [8, V2(1, 10)]])), encoded);
    assert.throws(() => pages(page([[1, 3], ...SIZES, [5, V1(1)]])), unread);
    assert.throws(() => pages(page([[1, 1], ...SIZES, [5, V1(1)]])), unread);
    assert.throws(() => pages(page([...SIZES, [5, V1(1)]])), unread);
  });

  it("are asked what they unpack to before they are, and stand together with those of other columns", () => {
    for (const codec of ["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"] as const)
      assert.throws(() => pages(page(BOMB), { codec }), tooMuch);
    const unpacked = new Unpacked();
    unpacked.add(MOST_UNPACKED - 10, 0);
    unpacked.add(10, 0);
    unpacked.add(20, 20);
    assert.throws(() => unpacked.add(1, 0), tooMuch);
  });

  it("unpack to what they say, neither more nor less", () => {
    const sized = (unpacked: number, bytes: Uint8Array): number[] => [
      ...struct([
        [1, 0],
        [2, unpacked],
        [3, bytes.length],
        [5, V1(1)],
      ]),
      ...bytes,
    ];
    const text = Buffer.from("x".repeat(1000));
    for (const [codec, packed] of [
      ["GZIP", gzipSync(text)],
      ["BROTLI", brotliCompressSync(text)],
      ["ZSTD", zstdCompressSync(text)],
      ["LZ4_RAW", LZ4_OF_1000],
      ["LZ4", LZ4_OF_1000],
      ["LZ4", Uint8Array.from([0, 0, 3, 232, 0, 0, 0, LZ4_OF_1000.length, ...LZ4_OF_1000])],
    ] as const) {
      const [one] = pages(sized(text.length, packed), { codec });
      assert.deepEqual(Buffer.from(one?.bytes ?? []), text, codec);
      for (const lie of [999, 1001]) assert.throws(() => pages(sized(lie, packed), { codec }));
    }
    assert.throws(() => pages(sized(8, new Uint8Array(9))), unread);
    assert.throws(() => pages(sized(8, new Uint8Array(8)), { codec: "LZO" }), /compressed other than by/);
  });

  it("that say nothing stands in them stand for nothing: many columns could have the same millions of bytes", () => {
    const bytes = (unpacked: number, packed: number, isPacked: boolean) => [
      ...struct([
        [1, 3],
        [2, unpacked],
        [3, packed],
      ]).slice(0, -1),
      ...[0x5c, ...struct(V2(1)).slice(0, -1), isPacked ? 0x11 : 0x12, STOP, STOP],
      ...new Array<number>(packed).fill(0),
    ];
    assert.equal(pages(bytes(8, 8, false))[0]?.bytes.length, 8);
    for (const unpacked of [0, 7, 9]) assert.throws(() => pages(bytes(unpacked, 8, false)), unread);
    assert.equal(pages(bytes(0, 8, true))[0]?.bytes.length, 0);
    // What is copied to be unpacked is no more than what comes of it, but for a little.
    assert.throws(() => pages(bytes(0, 2000, true)), unread);
  });

  it("are those of the column's own bytes in the file, wherever it says that these are", () => {
    const decoy = page([[1, 0], ...SIZES, [5, V1(1)]]);
    const real = page([[1, 0], ...SIZES, [5, V1(2)]]);
    const both = [...decoy, ...real];
    const size = BigInt(decoy.length);
    const at = BigInt(MAGIC.length + decoy.length);
    const valuesOf = (chunk: Partial<ColumnMetaData>) => pages(both, chunk).map(({ values }) => values);
    assert.deepEqual(valuesOf({ dictionary_page_offset: at, total_compressed_size: BigInt(real.length) }), [2]);
    assert.deepEqual(valuesOf({ dictionary_page_offset: 0n, total_compressed_size: size }), [1]);
    // An offset from the file's end, as slices have it; in its magic number; behind it.
    for (const nowhere of [-BigInt(real.length), 1n, BigInt(MAGIC.length + both.length)])
      assert.throws(() => pages(both, { dictionary_page_offset: nowhere, total_compressed_size: size }), unread);
  });

  it("whose parts have less than no bytes, or more than there are, are refused", () => {
    for (const header of [V2(1, 0, 0, -1), V2(1, 0, 0, 0, -1), V2(1, 0, 0, PACKED, 1), V2(-1)])
      assert.throws(() => pages(page([[1, 3], ...SIZES, [8, header]])), unread);
    const [one] = pages(page([[1, 3], ...SIZES, [8, V2(1, 0, 1, PACKED - 1, 1)]]));
    assert.deepEqual(
      [one?.levels.repetition.length, one?.levels.definition.length, one?.bytes.length],
      [1, PACKED - 1, 0],
    );
    // As one byte, which has a sign as well: 0xff of packed bytes.
    assert.throws(
      () => pages([0x15, 0, 0x15, 2, 0x13, 0xff, 0x2c, ...struct(V1(1)), STOP, ...new Array(255).fill(0)]),
      unread,
    );
  });
});
