import { type Detector, whole } from "./detector.ts";

/** A name of a month, whole or its first three letters, in any case. */
const MONTH = [
  "jan(?:uary)?",
  "feb(?:ruary)?",
  "mar(?:ch)?",
  "apr(?:il)?",
  "may",
  "june?",
  "july?",
  "aug(?:ust)?",
  "sept?(?:ember)?",
  "oct(?:ober)?",
  "nov(?:ember)?",
  "dec(?:ember)?",
]
  .join("|")
  .replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const YEAR = String.raw`(?:19|20)\d{2}`;
const ORDINAL = "(?:[sS][tT]|[nN][dD]|[rR][dD]|[tT][hH])?";

/**
 * Dates that say more than the year (45 CFR 164.514(b)(2)(i)(C)): 2024-03-05, 3/5/24, 5.3.2024, 20240305, 03/2024, March 5, March 5, 2024, 5 Mar 2024,
 * March 2024. Not 3/5 alone, which may as well be a fraction or a blood pressure.
 */
export const date: Detector = {
  kind: "DATE",
  pattern: `(?:${[
    String.raw`(?<!\d)(?:\d{4}(?<dateDelimiter>[-/.])\d{1,2}\k<dateDelimiter>\d{1,2}|\d{1,2}(?<dateOther>[-/.])\d{1,2}\k<dateOther>(?:\d{4}|\d{2}))(?!\d|\.\d)`,
    String.raw`(?<!\d)(?:${YEAR}\d{4}|\d{1,2}\/${YEAR})(?!\d)`,
    String.raw`(?<![A-Za-z0-9])(?:${MONTH})\.?,? {0,2}(?:\d{1,2}${ORDINAL}(?:,? {1,2}${YEAR})?|${YEAR})(?![A-Za-z0-9])`,
    String.raw`(?<!\d)\d{1,2}${ORDINAL}[- ]{0,2}(?:[oO][fF] {1,2})?(?:${MONTH})(?![A-Za-z])(?:\.?[-, ]{0,2}(?:${YEAR}|\d{2})(?!\d))?`,
  ].join("|")})`,
  accept: whole(isDate),
};

function isDate(matched: string): boolean {
  const parts = matched.match(/\d+/g) ?? [];
  const [first = "", second = "", third = ""] = parts;
  const month = (text: string) => Number(text) >= 1 && Number(text) <= 12;
  const day = (text: string) => Number(text) >= 1 && Number(text) <= 31;
  // A month by name: one number is a day or a year, and a second one a year.
  if (/[A-Za-z]{3}/.test(matched)) return first.length === 4 || day(first);
  if (parts.length === 1) return month(first.slice(4, 6)) && day(first.slice(6));
  if (parts.length === 2) return month(first);
  if (first.length === 4) return month(second) && day(third);
  return (month(first) && day(second)) || (day(first) && month(second));
}
