import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ColumnMetaData } from "hyparquet";
import { PageTally } from "./parquet-pages.ts";

/** A data page's header in Thrift's compact protocol, and one byte of data: what it says it unpacks to is all that differs. */
function page(unpacked: number): number[] {
  const zigzag: number[] = [];
  for (let rest = unpacked * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      zigzag.push(rest);
      break;
    }
    zigzag.push((rest % 128) + 128);
  }
  return [0x15, 0, 0x15, ...zigzag, 0x15, 2, 0x2c, 0x15, 2, 0x15, 0, 0, 0, 0xff];
}

const small = page(10);
const bomb = page(100_000_000);
const file = Uint8Array.from([...Buffer.from("PAR1"), ...small, ...bomb, ...new Array(40).fill(0)]);
const chunk = (data: number, dictionary: bigint | undefined, size: number) =>
  ({
    data_page_offset: BigInt(data),
    dictionary_page_offset: dictionary,
    total_compressed_size: BigInt(size),
  }) as ColumnMetaData;

describe("the pages that are added up are those that are read", () => {
  const behind = 4 + small.length;

  it("where a file names one place of data alone", () => {
    new PageTally().add(file, chunk(4, undefined, small.length));
    assert.throws(() => new PageTally().add(file, chunk(behind, undefined, bomb.length)), /unpacks to more/);
  });

  it("where it names a place of its dictionary that lies behind that of its data: the reader begins there", () => {
    assert.throws(() => new PageTally().add(file, chunk(4, BigInt(behind), bomb.length)), /unpacks to more/);
  });

  it("where that place is none of the file's", () => {
    for (const nowhere of [-5n, 1n, BigInt(file.length)])
      assert.throws(() => new PageTally().add(file, chunk(4, nowhere, small.length)), /not a Parquet file/);
  });
});
