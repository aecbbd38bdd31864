import { type Detector, digitsOf, whole } from "./detector.ts";

/** Never issued, or printed so often that they are nobody's. https://www.ssa.gov/employer/randomizationfaqs.html */
const NOBODYS = new Set(["078051120", "219099999", "123456789"]);

/** Social security numbers: area not 000, 666 or 9xx, group not 00, serial not 0000; delimiters all alike or none. */
export const ssn: Detector = {
  kind: "SSN",
  pattern: String.raw`(?<!\d)\d{3}(?:(?<ssnDelimiter>[- .])\d{2}\k<ssnDelimiter>\d{4}|\d{6})(?!\d)`,
  accept: whole((matched) => {
    const digits = digitsOf(matched);
    return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits) && !NOBODYS.has(digits);
  }),
};
