import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ruleContext } from "../rule-context.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { fpe } from "./fpe.ts";

const context = ruleContext({ rule: "fpe", domain: "ssn" }, { keys: TEST_KEYS, now: TEST_NOW });
const text = (value: string) => fpe.apply(value, "STRING", context);
const integer = (value: string) => fpe.apply(value, "INT64", context);
/** Digits, capitals and small letters by kind; all else as it is. */
const form = (value: string) => value.replace(/\d/g, "9").replace(/[A-Z]/g, "A").replace(/[a-z]/g, "a");

describe("fpe of a STRING", () => {
  it("keeps the form of a number, and its separators", () => {
    for (const value of ["123-45-6789", "(555) 010-9999", "000000", "4111 1111 1111 1111", "1.2.3.4.5.6"]) {
      const masked = text(value);
      assert.equal(form(masked ?? ""), form(value), value);
      assert.notEqual(masked, value);
    }
  });
  it("doesn't let separators change what digits become", () => {
    assert.equal(text("123-45-6789")?.replaceAll("-", ""), text("123456789"));
  });
  it("keeps which kinds of characters there are", () => {
    const kinds = (value: string) => [/\d/, /[A-Z]/, /[a-z]/].map((kind) => kind.test(value));
    for (const value of ["MRN00012345", "1EG4-TE5-MK73", "ABCDEF", "a1B2c3", "Ada Moss"])
      assert.deepEqual(kinds(text(value) ?? ""), kinds(value), value);
  });
  it("is NULL where too few values have the form, or a character is none it knows", () => {
    for (const value of [
      "",
      "-",
      "12345",
      "A1",
      "AB1",
      "é123456789",
      "１２３４５６７８９",
      "jane@example.org",
      "1".repeat(257),
    ])
      assert.equal(text(value), null, value);
    assert.notEqual(text("123456"), null);
    assert.notEqual(text("1".repeat(256)), null);
  });
  it("differs by domain", () => {
    const other = fpe.apply("123-45-6789", "STRING", { ...context, tokenKey: TEST_KEYS.keyOf("mrn") });
    assert.notEqual(other, text("123-45-6789"));
  });
  it("keeps different values of a form different", () => {
    const masked = new Set<string | null>();
    for (let i = 0; i < 5000; i++) masked.add(text(`A${String(i).padStart(6, "0")}`));
    assert.equal(masked.size, 5000);
  });
});

describe("fpe of an INT64", () => {
  it("keeps sign, digits, and what a double holds", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          fc.bigInt({ min: 10n ** 15n, max: 10n ** 16n - 1n }),
          fc.bigInt({ min: 10n ** 6n, max: 10n ** 9n }),
        ),
        (value) => {
          const masked = integer(String(value));
          if (masked === null) return value === -(2n ** 63n) || (value < 10n ** 6n && value > -(10n ** 6n));
          const result = BigInt(masked);
          return (
            String(result).length === String(value).length &&
            BigInt.asIntN(64, result) === result &&
            Number.isSafeInteger(Number(result)) === Number.isSafeInteger(Number(value))
          );
        },
      ),
      { numRuns: 300 },
    );
  });
  it("is NULL below seven digits", () => {
    for (const value of ["0", "123456", "-999999", "01234567", "x", "9223372036854775808"])
      assert.equal(integer(value), null);
    assert.notEqual(integer("1234567"), null);
  });
  it("says nothing of the STRING of the same digits", () => {
    assert.notEqual(integer("1234567890"), text("1234567890"));
  });
});
