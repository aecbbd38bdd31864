import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requireWhole } from "./footer.ts";

const STOP = 0;
const TEXT = [0x18, 1, 0x61];
/** A list of this many bytes, structures. */
const BYTES = 0x03;
const STRUCTURES = 0x0c;
const long = (of: number, ...length: number[]) => [0x19, 0xf0 | of, ...length];

const refused = { name: "UploadError", message: /not a Parquet file that can be read here/ };

describe("what a Parquet file says of itself", () => {
  it("is whole where each value is there", () => {
    for (const whole of [
      [STOP],
      [...TEXT, STOP],
      // Fields that are numbered anew, true and false, numbers, a double, and structures in a list.
      [0x08, 0x0a, 1, 0x61, STOP],
      [0x11, 0x12, 0x13, 0xff, 0x14, 2, 0x15, 2, 0x16, 2, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, STOP],
      [0x19, 0x2c, ...TEXT, STOP, STOP, 0x1c, STOP, STOP],
      [...long(BYTES, 16), ...new Array<number>(16).fill(1), STOP],
      [0x19, 0x21, 1, 2, STOP],
    ])
      requireWhole(Uint8Array.from(whole));
  });

  it("is refused where it says more than there is, of whatever, or nests without end", () => {
    for (const broken of [
      [],
      TEXT,
      [...long(BYTES, 0xff, 0xff, 0xff, 0xff, 0x07), 1, 1, STOP],
      [...long(STRUCTURES, 3), STOP, STOP],
      // Longer than a number can be; a text of less than nothing; more of it than there is; half a double.
      [0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, STOP],
      [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, STOP],
      [0x18, 100, STOP],
      [0x17, 0, 0, STOP],
      // A map; a number of a field that is no number; structures and lists in each other.
      [0x1b, STOP],
      [0x05, 0xff],
      [...new Array<number>(17).fill(0x1c), ...new Array<number>(18).fill(STOP)],
      [0x19, ...new Array<number>(17).fill(0x19), 0x13, 1, STOP],
      new Array<number>(100_000).fill(0x1c),
    ])
      assert.throws(() => requireWhole(Uint8Array.from(broken)), refused, broken.slice(0, 20).join());
    requireWhole(Uint8Array.from([...new Array<number>(16).fill(0x1c), ...new Array<number>(17).fill(STOP)]));
  });

  it("is refused where it has more values than it may, however few bytes each of them has", () => {
    const structures = (count: number, ...length: number[]) =>
      Uint8Array.from([...long(STRUCTURES, ...length), ...new Uint8Array(count), STOP]);
    requireWhole(structures(3_999_999, 0xff, 0x91, 0xf4, 0x01));
    assert.throws(() => requireWhole(structures(4_000_000, 0x80, 0x92, 0xf4, 0x01)), refused);
  });
});
