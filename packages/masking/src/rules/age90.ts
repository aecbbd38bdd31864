import { compareNumber } from "./number.ts";
import type { Rule } from "./rule.ts";

/**
 * Ages above 89 become 90; what can't be an age (negative, NaN) becomes NULL.
 * 45 CFR 164.514(b)(2)(i)(C): "a single category of age 90 or older".
 */
export const age90: Rule = {
  name: "age90",
  shows: "part",
  fits: ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"],
  apply(value, type) {
    const toZero = compareNumber(value, type, 0);
    if (toZero === undefined || toZero < 0) return null;
    if (compareNumber(value, type, 89) !== 1) return value;
    return type === "FLOAT64" ? "90.0" : "90";
  },
};
