import { type Detector, luhn, whole } from "./detector.ts";

/** What 80840 before ten digits adds to their sum. */
const ISSUER = 24;

/** National Provider Identifiers: Luhn over 80840 and the number. https://www.cms.gov/regulations-and-guidance/administrative-simplification/nationalprovidentstand */
export const npi: Detector = {
  kind: "NPI",
  pattern: String.raw`(?<!\d)[12]\d{9}(?!\d)`,
  accept: whole((text, start, end) => luhn(text, start, end, ISSUER)),
};
