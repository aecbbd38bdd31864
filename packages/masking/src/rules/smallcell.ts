import { compareNumber } from "./number.ts";
import type { Rule } from "./rule.ts";

/** The k of CMS's cell size suppression policy. */
export const CMS_SMALLEST_CELL = 11;

/**
 * Counts below k become NULL, zero among them. CMS itself lets zero show; but where the agent chooses the filter, NULL
 * beside zero would answer "is there at least one?" for any one person. What can't be a count (NaN) becomes NULL.
 * Totals beside suppressed cells can give them away (complementary suppression); no rule on one cell can prevent it.
 */
export const smallcell: Rule = {
  name: "smallcell",
  shows: "part",
  fits: ["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"],
  apply(value, type, context) {
    const toK = compareNumber(value, type, context.smallestCell);
    return toK === undefined || toK < 0 ? null : value;
  },
};
