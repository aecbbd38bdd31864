import { type Detector, digitAt, isDigitAt, whole } from "./detector.ts";

/** Never issued, or printed so often that they are nobody's. https://www.ssa.gov/employer/randomizationfaqs.html */
const NOBODYS: readonly number[] = [78_05_1120, 219_09_9999, 123_45_6789];

/** Social security numbers: area not 000, 666 or 9xx, group not 00, serial not 0000; delimiters all alike or none. */
export const ssn: Detector = {
  kind: "SSN",
  pattern: String.raw`(?<!\d)\d{3}(?:(?<ssnDelimiter>[- ._]| - )\d{2}\k<ssnDelimiter>\d{4}|\d{6})(?!\d)`,
  accept: whole((text, start, end) => {
    let number = 0;
    for (let i = start; i < end; i++) if (isDigitAt(text, i)) number = number * 10 + digitAt(text, i);
    const area = Math.floor(number / 1_000_000);
    const group = Math.floor(number / 10_000) % 100;
    const issued = area !== 0 && area !== 666 && area < 900 && group !== 0 && number % 10_000 !== 0;
    return issued && !NOBODYS.includes(number);
  }),
};
