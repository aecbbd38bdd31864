import { type Detector, whole } from "./detector.ts";

/** Never issued, or printed so often that they are nobody's. https://www.ssa.gov/employer/randomizationfaqs.html */
const NOBODYS = new Set(["078051120", "219099999", "123456789"]);

/** Social security numbers: area not 000, 666 or 9xx, group not 00, serial not 0000; delimiters all alike or none. */
export const ssn: Detector = {
  kind: "SSN",
  pattern: String.raw`(?<!\d)\d{3}(?:(?<ssnDelimiter>[- ._]| - )\d{2}\k<ssnDelimiter>\d{4}|\d{6})(?!\d)`,
  accept: whole((matched) => {
    const digits = matched.length === 9 ? matched : matched.replace(/[^0-9]/g, "");
    const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
    const issued = area !== "000" && area !== "666" && area < "900" && group !== "00" && serial !== "0000";
    return issued && !NOBODYS.has(digits);
  }),
};
