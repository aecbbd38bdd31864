import assert from "node:assert/strict";
import { createHmac, createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FIELD_TYPES, type FieldType, MASK_RULES, type MaskRule } from "../mask-rule.ts";
import { ruleContext } from "../rule-context.ts";
import { TEST_KEYS, TEST_MASTER, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { deriveTokenKeys } from "../token-keys.ts";
import { RULES } from "./index.ts";
import type { RuleContext } from "./rule.ts";

const context: RuleContext = ruleContext({ rule: "token", domain: "ssn" }, { keys: TEST_KEYS, now: TEST_NOW });
const apply = (rule: MaskRule, value: string, type: FieldType = "STRING", more: Partial<RuleContext> = {}) =>
  RULES[rule].apply(value, type, { ...context, ...more });
const tokenOf = (value: string) => apply("token", value);

/** Each line: the value, what becomes of it. */
function becomes(rule: MaskRule, type: FieldType, pairs: readonly (readonly [string, string | null])[]): void {
  for (const [value, masked] of pairs) assert.equal(apply(rule, value, type), masked, `${rule} of ${value}`);
}

describe("last4 and first4", () => {
  it("show four characters", () => {
    becomes("last4", "STRING", [
      ["123-45-6789", "XXXXX6789"],
      ["12345", "XXXXX2345"],
    ]);
    becomes("first4", "STRING", [
      ["123-45-6789", "123-XXXXX"],
      ["12345", "1234XXXXX"],
    ]);
  });
  it("count characters by code points", () => {
    becomes("last4", "STRING", [
      ["😀😁😂😃😄", "XXXXX😁😂😃😄"],
      ["😀😁😂😃", tokenOf("😀😁😂😃")],
    ]);
    becomes("first4", "STRING", [
      ["😀😁😂😃😄", "😀😁😂😃XXXXX"],
      ["😀😁😂😃", tokenOf("😀😁😂😃")],
    ]);
  });
  it("make a token of four characters or fewer that spaces fill up, for their end or their beginning would be all of them", () => {
    for (const padded of ["  1234", "1234      ", " 12 ", "\t123", "1234\r\n", "        ", " 😀😁😂😃"]) {
      assert.equal(apply("last4", padded), tokenOf(padded), JSON.stringify(padded));
      assert.equal(apply("first4", padded), tokenOf(padded), JSON.stringify(padded));
    }
    becomes("last4", "STRING", [
      ["   12345", "XXXXX2345"],
      ["Ann Ward", "XXXXXWard"],
      ["12345  ", "XXXXX45  "],
    ]);
    becomes("first4", "STRING", [["12345   ", "1234XXXXX"]]);
    // BigQuery's own count all characters.
    becomes("LAST_FOUR_CHARACTERS", "STRING", [["  1234", "XXXXX1234"]]);
    becomes("FIRST_FOUR_CHARACTERS", "STRING", [["1234  ", "1234XXXXX"]]);
  });
  it("make a token of four characters or fewer", () => {
    for (const short of ["1234", "a", ""]) {
      assert.equal(apply("last4", short), tokenOf(short));
      assert.equal(apply("first4", short), tokenOf(short));
    }
  });
});

describe("email", () => {
  it("shows the domain of an address", () => {
    becomes("email", "STRING", [
      ["jane.doe+x@example.com", "XXXXX@example.com"],
      ["j@mail.example.co.uk", "XXXXX@mail.example.co.uk"],
    ]);
  });
  it("makes a token of what is no address", () => {
    const long = `j@${"a.".repeat(200)}com`;
    for (const value of [
      "jane",
      "@example.com",
      "a@b@example.com",
      "x@123-45-6789",
      "x@1.2.3",
      "j@localhost",
      "j @example.com",
      long,
    ]) {
      assert.equal(apply("email", value), tokenOf(value), value);
    }
  });
});

describe("year", () => {
  it("becomes January 1 of the year", () => {
    becomes("year", "DATE", [["2024-03-05", "2024-01-01"]]);
    becomes("year", "DATETIME", [["2024-03-05T01:02:03.123456", "2024-01-01T00:00:00"]]);
  });
  it("keeps the form of a TIMESTAMP", () => {
    const micros = (iso: string) => `${Date.parse(iso)}000`;
    becomes("year", "TIMESTAMP", [
      ["1.5E9", "1483228800.0"],
      ["-1234.5", "-31536000.0"],
      ["1672574400.123456", "1672531200.0"],
      [micros("2024-12-31T23:59:59Z"), micros("2024-01-01T00:00:00Z")],
      ["-1", micros("1969-01-01T00:00:00Z")],
      ["253402300799999999", "253370764800000000"],
      ["2024-03-05T01:02:03.123456789123Z", "2024-01-01T00:00:00.000000000000Z"],
      ["2024-03-05T01:02:03Z", "2024-01-01T00:00:00Z"],
    ]);
  });
  it("makes one year of all that give away an age over 89", () => {
    becomes("year", "DATE", [
      ["1937-12-31", "1937-01-01"],
      ["1936-12-31", "1936-01-01"],
      ["1935-12-31", "1936-01-01"],
      ["0001-01-01", "1936-01-01"],
    ]);
    becomes("year", "DATETIME", [["1900-01-01T00:00:00", "1936-01-01T00:00:00"]]);
    becomes("year", "TIMESTAMP", [
      ["-2208988800.0", "-1073001600.0"],
      ["1920-01-01T00:00:00Z", "1936-01-01T00:00:00Z"],
    ]);
  });
  it("becomes NULL where it can't read the value", () => {
    for (const type of ["DATE", "DATETIME", "TIMESTAMP"] as const) {
      becomes("year", type, [
        ["5 March 2024", null],
        ["", null],
        ["2024", type === "TIMESTAMP" ? "0" : null],
        ["2024-03-05T01:02:03+02:00", null],
        ["NaN", null],
        ["1E99", null],
      ]);
    }
  });
});

describe("age90", () => {
  it("makes 90 of what is above 89", () => {
    becomes("age90", "INT64", [
      ["0", "0"],
      ["89", "89"],
      ["90", "90"],
      ["117", "90"],
    ]);
    becomes("age90", "NUMERIC", [
      ["89", "89"],
      ["89.000000000000000000000000000001", "90"],
      ["12.5", "12.5"],
    ]);
    becomes("age90", "FLOAT64", [
      ["89.5", "90.0"],
      ["1.1E2", "90.0"],
      ["Infinity", "90.0"],
      ["8.9E1", "8.9E1"],
    ]);
  });
  it("becomes NULL where it is no age", () => {
    becomes("age90", "NUMERIC", [["1E1", null]]);
    becomes("age90", "INT64", [
      ["1.5", null],
      ["Infinity", null],
    ]);
    becomes("age90", "FLOAT64", [
      ["-1.0", null],
      ["-Infinity", null],
      ["NaN", null],
      ["0x10", null],
      ["old", null],
    ]);
  });
});

describe("smallcell", () => {
  it("hides counts below 11, zero too: NULL beside zero would say that somebody is there", () => {
    becomes("smallcell", "INT64", [
      ["0", null],
      ["1", null],
      ["10", null],
      ["11", "11"],
      ["-3", null],
    ]);
    becomes("smallcell", "FLOAT64", [
      ["0.0", null],
      ["0.5", null],
      ["1.05E1", null],
      ["1.1E1", "1.1E1"],
      ["NaN", null],
    ]);
    becomes("smallcell", "NUMERIC", [
      ["10.999999999", null],
      ["11", "11"],
    ]);
  });
  it("takes another k", () => assert.equal(apply("smallcell", "19", "INT64", { smallestCell: 20 }), null));
});

describe("zip3", () => {
  it("shows the first three digits of ZIP and ZIP+4, and none of a restricted area's", () => {
    becomes("zip3", "STRING", [
      ["02139", "02100"],
      ["02139-4307", "02100"],
      ["021394307", "02100"],
      ["03601", "00000"],
      ["89301-0001", "00000"],
    ]);
  });
  it("becomes NULL where it is no ZIP", () => {
    becomes("zip3", "STRING", [
      ["2139", null],
      ["02139-43", null],
      ["SW1A 1AA", null],
      ["", null],
      ["02139\n", null],
    ]);
  });
  it("takes another list", () => {
    assert.equal(apply("zip3", "02139", "STRING", { restrictedZips: new Set(["021"]) }), "00000");
  });
});

describe("token", () => {
  it("is the HMAC-SHA-256 of type and value under the domain's key, printed by type", () => {
    const key = createHmac("sha256", TEST_MASTER).update("chaperone token v1\0ssn").digest();
    const mac = (type: string, value: string) => createHmac("sha256", key).update(`${type}\0${value}`).digest();
    const bits = [...mac("STRING", "x").subarray(0, 20)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const base32 = (bits.match(/.{5}/g) ?? [])
      .map((five) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(five, 2)])
      .join("");
    assert.equal(tokenOf("x"), base32);
    assert.equal(base32.length, 32);
    assert.equal(apply("token", "42", "INT64"), String(mac("INT64", "42").readBigUInt64BE() >> 11n));
    assert.equal(apply("token", Buffer.from("x").toString("base64"), "BYTES"), mac("BYTES", "x").toString("base64"));
  });
  it("joins equal values in one domain, and no others", () => {
    const other = { tokenKey: TEST_KEYS.keyOf("mrn") };
    assert.equal(tokenOf("x"), tokenOf("x"));
    assert.notEqual(tokenOf("x"), tokenOf("y"));
    assert.notEqual(tokenOf("x"), apply("token", "x", "STRING", other));
    const otherMaster = deriveTokenKeys(createSecretKey(Buffer.alloc(32, 8))).keyOf("ssn");
    assert.notEqual(tokenOf("x"), apply("token", "x", "STRING", { tokenKey: otherMaster }));
  });
  it("is an INT64 that a double holds exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const token = Number(apply("token", String(value), "INT64"));
        return Number.isSafeInteger(token) && token > 0;
      }),
      { numRuns: 200 },
    );
  });
  it("wants a master key of 32 bytes", () => {
    assert.throws(() => deriveTokenKeys(createSecretKey(Buffer.alloc(31))), { code: "fields" });
  });
});

/** A text of each type, as BigQuery reads it. */
const WELL_FORMED: Record<FieldType, RegExp> = {
  STRING: /^[\s\S]*$/,
  BYTES: /^[A-Za-z0-9+/]*={0,2}$/,
  INT64: /^-?\d+$/,
  FLOAT64: /^(-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$/,
  NUMERIC: /^-?\d+(\.\d+)?$/,
  BIGNUMERIC: /^-?\d+(\.\d+)?$/,
  BOOL: /^(true|false)$/,
  DATE: /^\d{4}-\d\d-\d\d$/,
  DATETIME: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/,
  TIME: /^\d\d:\d\d:\d\d(\.\d+)?$/,
  TIMESTAMP: /^(-?\d+(\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)$/,
  INTERVAL: /^-?\d+-\d+ -?\d+ -?\d+:\d+:\d+(\.\d+)?$/,
  JSON: /^null$/,
  GEOGRAPHY: /^POINT\(0 0\)$/,
  RANGE: /^\[[^,]+, [^)]+\)$/,
  STRUCT: /^$/,
};

describe("every rule", () => {
  for (const rule of MASK_RULES.filter((name) => name !== "none")) {
    it(`${rule} keeps the type, whatever the value`, () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...FIELD_TYPES),
          fc.oneof(
            fc.string(),
            fc.integer().map(String),
            fc.double().map(String),
            fc.constantFrom("2024-03-05", "1.5E9", "2024-03-05T01:02:03Z"),
          ),
          (type, value) => {
            const masked = apply(rule, value, type);
            if (RULES[rule].fits.includes(type) && masked !== null) assert.match(masked, WELL_FORMED[type]);
          },
        ),
      );
    });
  }
  it("is in the table under its own name", () => {
    for (const name of MASK_RULES) assert.equal(RULES[name].name, name);
  });
});

it("default writes a TIMESTAMP in the response's form", () => {
  becomes("default", "TIMESTAMP", [
    ["1.5E9", "0.0"],
    ["1500000000123456", "0"],
    ["2024-03-05T01:02:03.5Z", "1970-01-01T00:00:00.0Z"],
    ["?", "0"],
  ]);
});
