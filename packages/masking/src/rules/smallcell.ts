import { compareNumber } from "./number.ts";
import type { Rule } from "./rule.ts";

/** CMS cell size suppression policy: no cell of 1 to 10. */
export const CMS_SMALLEST_CELL = 11;

/**
 * Counts above zero and below k become NULL; zero and k or more are shown. CMS hides 1 to 10 and lets zero show: that
 * nobody is in a cell is nobody's record. What can't be a count (negative, NaN) becomes NULL.
 * Totals beside suppressed cells can give them away (complementary suppression); no rule on one cell can prevent it.
 */
export const smallcell: Rule = {
  name: "smallcell",
  shows: "part",
  fits: ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"],
  apply(value, type, context) {
    const toZero = compareNumber(value, type, 0);
    if (toZero === undefined || toZero < 0) return null;
    if (toZero === 0) return value;
    return compareNumber(value, type, context.smallestCell) === -1 ? null : value;
  },
};
