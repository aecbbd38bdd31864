import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fitMask } from "./fit-mask.ts";
import { FIELD_TYPES, MASK_RULES, type Mask } from "./mask-rule.ts";
import { RULES } from "./rules/index.ts";
import { stricter } from "./stricter.ts";

const SHOWS = ["nothing", "equality", "part", "all"];
const shown = ({ rule }: Mask) => SHOWS.indexOf(RULES[rule].shows);
const USES_DOMAIN = (rule: Mask["rule"]) => !["none", "default", "null"].includes(rule);
const anyMask: fc.Arbitrary<Mask> = fc
  .record({ rule: fc.constantFrom(...MASK_RULES), domain: fc.constantFrom(undefined, "mrn", "ssn", "zip") })
  .map(({ rule, domain }) => (domain === undefined || !USES_DOMAIN(rule) ? { rule } : { rule, domain }));

describe("stricter", () => {
  it("doesn't depend on order, grouping or repetition", () => {
    fc.assert(
      fc.property(anyMask, anyMask, anyMask, (a, b, c) => {
        assert.deepEqual(stricter(a, b), stricter(b, a));
        assert.deepEqual(stricter(a, stricter(b, c)), stricter(stricter(a, b), c));
        assert.deepEqual(stricter(a, a), a);
        assert.deepEqual(stricter(a, { rule: "none" }), a);
      }),
      { numRuns: 2000 },
    );
  });
  it("never shows more than either", () => {
    fc.assert(fc.property(anyMask, anyMask, (a, b) => shown(stricter(a, b)) <= Math.min(shown(a), shown(b))));
  });
  it("hides all of two rules that show different parts", () => {
    assert.deepEqual(stricter({ rule: "last4", domain: "ssn" }, { rule: "first4", domain: "ssn" }), {
      rule: "token",
      domain: "ssn",
    });
    assert.deepEqual(stricter({ rule: "smallcell" }, { rule: "token", domain: "mrn" }), {
      rule: "token",
      domain: "mrn",
    });
  });
  it("keeps the record subject of dates that both move", () => {
    const shift = (subject: number): Mask => ({ rule: "dateshift", domain: "d", subject });
    assert.deepEqual(stricter(shift(1), shift(1)), shift(1));
    assert.deepEqual(stricter(shift(1), { rule: "none" }), shift(1));
    assert.deepEqual(stricter(shift(1), shift(2)), { rule: "dateshift", domain: "d" });
  });
  it("makes one domain of two, which joins with neither", () => {
    assert.deepEqual(stricter({ rule: "token", domain: "ssn" }, { rule: "token", domain: "mrn" }), {
      rule: "token",
      domain: "mrn+ssn",
    });
  });
});

describe("fitMask", () => {
  it("keeps a rule that fits", () => {
    assert.deepEqual(fitMask({ rule: "last4", domain: "ssn" }, "STRING"), { rule: "last4", domain: "ssn" });
  });
  it("falls to null where the rule doesn't fit", () => {
    assert.deepEqual(fitMask({ rule: "last4" }, "INT64"), { rule: "null" });
    assert.deepEqual(fitMask({ rule: "email" }, "DATE"), { rule: "null" });
    assert.deepEqual(fitMask({ rule: "token" }, "BOOL"), { rule: "null" });
    assert.deepEqual(fitMask({ rule: "default" }, "STRUCT"), { rule: "null" });
  });
  it("never weakens", () => {
    for (const rule of MASK_RULES) {
      for (const type of FIELD_TYPES) assert.ok(shown(fitMask({ rule }, type)) <= shown({ rule }));
    }
  });
  it("lets default fit every type with a value of its own", () => {
    for (const type of FIELD_TYPES) {
      if (type !== "STRUCT") assert.equal(fitMask({ rule: "default" }, type).rule, "default");
    }
  });
});
