import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { FieldType } from "../mask-rule.ts";
import { ruleContext } from "../rule-context.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { dateshift } from "./dateshift.ts";

const DAY_MS = 86_400_000;
const context = ruleContext({ rule: "dateshift", domain: "dates" }, { keys: TEST_KEYS, now: TEST_NOW });
const shifted = (value: string, type: FieldType, subject: string | null = "ada") =>
  dateshift.apply(value, type, { ...context, subject });
/** Days that the dates of a subject move. */
const shiftOf = (subject: string, more = {}) =>
  (Date.parse(String(dateshift.apply("2000-01-01", "DATE", { ...context, subject, ...more }))) - Date.UTC(2000, 0, 1)) /
  DAY_MS;

describe("dateshift", () => {
  it("moves all dates of a subject alike, in every type and form", () => {
    const days = shiftOf("ada");
    const date = (iso: string) => new Date(Date.parse(iso) + days * DAY_MS).toISOString();
    assert.equal(shifted("2024-02-29", "DATE"), date("2024-02-29").slice(0, 10));
    assert.equal(
      shifted("2024-02-29T12:34:56.123456", "DATETIME"),
      `${date("2024-02-29").slice(0, 10)}T12:34:56.123456`,
    );
    const seconds = Date.parse("2024-02-29T12:34:56Z") / 1000 + days * 86_400;
    assert.equal(shifted("1709210096123456", "TIMESTAMP"), `${seconds}123456`);
    assert.equal(shifted("1709210096.123456", "TIMESTAMP"), `${seconds}.123456`);
    assert.equal(shifted("1.709210096E9", "TIMESTAMP"), `${seconds}.0`);
    assert.equal(
      shifted("2024-02-29T12:34:56.123456789123Z", "TIMESTAMP"),
      `${date("2024-02-29").slice(0, 10)}T12:34:56.123456789123Z`,
    );
    assert.equal(shifted("-0.5", "TIMESTAMP"), days < 0 ? `${days * 86_400}.5` : `${days * 86_400 - 1}.5`);
  });
  it("differs from subject to subject within the window, and is never none", () => {
    const shifts = Array.from({ length: 2000 }, (_, i) => shiftOf(`subject ${i}`, { shiftDays: 10 }));
    assert.deepEqual(
      [...new Set(shifts)].sort((a, b) => a - b),
      [-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.notEqual(shiftOf("ada"), shiftOf("ada", { tokenKey: TEST_KEYS.keyOf("other") }) || Number.NaN);
  });
  it("is NULL without a subject, outside the years 1 to 9999, and for what is no date", () => {
    assert.equal(shifted("2024-02-29", "DATE", null), null);
    assert.equal(dateshift.apply("2024-02-29", "DATE", context), null);
    for (const who of ["ada", "grace", "alan", "edsger"]) {
      const days = shiftOf(who);
      const edge = days > 0 ? "9999-12-31" : "0001-01-01";
      assert.equal(shifted(edge, "DATE", who), null);
      assert.equal(shifted(`${edge}T00:00:00`, "DATETIME", who), null);
      assert.equal(shifted(`${Date.parse(edge)}000`, "TIMESTAMP", who), null);
      assert.equal(shifted(`${Date.parse(edge) / 1000}.0`, "TIMESTAMP", who), null);
    }
    for (const type of ["DATE", "DATETIME", "TIMESTAMP"] as const)
      for (const value of ["", "2023-02-30", "29.2.2024", "0000-01-01", "NaN", "1E99", "2024-02-29T00:00:00+02:00"])
        assert.equal(shifted(value, type), null, `${type} ${value}`);
  });
  it("loses no microsecond of a float", () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }), fc.nat(999_999), (seconds, micros) => {
        const text = (n: bigint) => {
          const m = n < 0n ? -n : n;
          const tail = String(m % 1_000_000n)
            .padStart(6, "0")
            .replace(/0{1,5}$/, "");
          return `${n < 0n ? "-" : ""}${m / 1_000_000n}.${tail}`;
        };
        const value = BigInt(seconds) * 1_000_000n + BigInt(micros);
        assert.equal(shifted(text(value), "TIMESTAMP"), text(value + BigInt(shiftOf("ada")) * 86_400_000_000n));
      }),
    );
  });
});
