import type { Detector } from "./detector.ts";

// A letter but S, L, O, I, B, Z; in either case, since people type.
const A = "[AC-HJKMNPQRT-Yac-hjkmnpqrt-y]";
const X = "[0-9AC-HJKMNPQRT-Yac-hjkmnpqrt-y]";

/**
 * Medicare Beneficiary Identifiers, with or without the dashes of the card; they have no check digit.
 * https://www.cms.gov/medicare/new-medicare-card/understanding-the-mbi.pdf
 */
export const mbi: Detector = {
  kind: "MBI",
  pattern: String.raw`(?<![A-Za-z0-9])[1-9]${A}${X}\d(?<mbiDash>[- ]?)${A}${X}\d\k<mbiDash>${A}${A}\d\d(?![A-Za-z0-9])`,
};
