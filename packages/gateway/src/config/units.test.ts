import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseDuration, parseSize } from "./units.ts";

describe("a duration", () => {
  it("is milliseconds of its unit", () => {
    assert.deepEqual(
      ["250ms", "30s", "1.5s", "15m", "24h", "7d", "0s"].map(parseDuration),
      [250, 30_000, 1500, 900_000, 86_400_000, 604_800_000, 0],
    );
  });

  it("is never guessed", () => {
    for (const text of [
      "",
      "30",
      "s",
      "-1s",
      "1 s",
      "1e3s",
      "1w",
      "0.5ms",
      "1.0001s",
      "Infinitys",
      "9999999999s",
      "1s ",
      "١s",
    ]) {
      assert.equal(parseDuration(text), undefined, text);
    }
  });
});

describe("a size", () => {
  it("is bytes of its unit, powers of 1000 or of 1024 as written", () => {
    assert.deepEqual(
      ["512B", "64KB", "64kB", "1.5MB", "10MiB", "10 MiB", "1TB"].map(parseSize),
      [512, 64_000, 64_000, 1_500_000, 10_485_760, 10_485_760, 1e12],
    );
  });

  it("is never guessed", () => {
    for (const text of ["", "10", "MB", "-1MB", "10mb", "1.5B", "10  MB", "1e3KB", "0x10B"]) {
      assert.equal(parseSize(text), undefined, text);
    }
  });

  it("of three decimals is exact", () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(999), (whole, thousandths) => {
        const written = `${whole}.${String(thousandths).padStart(3, "0")}`;
        assert.equal(parseSize(`${written}KB`), whole * 1000 + thousandths);
        assert.equal(parseDuration(`${written}s`), whole * 1000 + thousandths);
      }),
    );
  });
});
