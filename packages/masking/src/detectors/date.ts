import { type Detector, digitAt, whole } from "./detector.ts";

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

// Dates that say more than the year (45 CFR 164.514(b)(2)(i)(C)). Not 3/5 alone, which may as well be a fraction or a blood pressure.

/** 2024-03-05, 3/5/24, 5.3.2024, 85-03-05, 20240305, 03051985, 20240305143000 (as HL7 writes times), 03/2024, 03-2024, 2024-03 */
export const date: Detector = {
  kind: "DATE",
  pattern: String.raw`(?<!\d)(?:(?:\d{4}(?<dateDelimiter>[-/._])\d{1,2}\k<dateDelimiter>\d{1,2}|\d{1,2}(?<dateOther>[-/._])\d{1,2}\k<dateOther>(?:\d{4}|\d{2}))(?!\d|\.\d)|(?:${YEAR}\d{4}(?:\d{2}){0,3}|\d{4}${YEAR}|(?:\d{1,2}\/|(?:0[1-9]|1[0-2])-)${YEAR}|${YEAR}[-/](?:0[1-9]|1[0-2]))(?!\d))`,
  accept: whole(isDate),
};

/** March 5; Mar. 5th, 2024; March the 5th; March 2024; March of 2024; Mar-05-2024 */
export const monthFirst: Detector = {
  kind: "DATE",
  pattern: String.raw`(?<![A-Za-z0-9])(?:${MONTH})(?:\.?,? {0,2}(?:(?:[oO][fF]|[tT][hH][eE]) {1,2})?|[-/])(?:\d{1,2}${ORDINAL}(?:(?:,? {1,2}|[-/])${YEAR}|[-/]\d{2})?|${YEAR})(?![A-Za-z0-9])`,
  accept: whole(isDate),
};

/** 5 Mar 2024, 5th of March, 5-Mar-24, 5/Mar/2024 */
export const dayFirst: Detector = {
  kind: "DATE",
  pattern: String.raw`(?<!\d)\d{1,2}${ORDINAL}[-/ ]{0,2}(?:[oO][fF] {1,2})?(?:${MONTH})(?![A-Za-z])(?:\.?[-/, ]{0,2}(?:${YEAR}|\d{2})(?!\d))?`,
  accept: whole(isDate),
};

function isDate(text: string, start: number, end: number): boolean {
  // Up to three numbers, and how many digits the first has.
  let first = 0;
  let second = 0;
  let third = 0;
  let count = 0;
  let digits = 0;
  let firstDigits = 0;
  let letters = 0;
  for (let i = start; i < end; i++) {
    const digit = digitAt(text, i);
    if (digit < 0 || digit > 9) {
      if (digit > 9) letters++;
      digits = 0;
      continue;
    }
    if (digits++ === 0) count++;
    if (count === 1) {
      first = first * 10 + digit;
      firstDigits = digits;
    } else if (count === 2) second = second * 10 + digit;
    else third = third * 10 + digit;
  }
  // A month by name: one number is a day or a year, and a second one a year.
  if (letters > 2) return firstDigits === 4 || isDay(first);
  if (count === 1) return isInARow(first, firstDigits);
  if (count === 2) return isMonth(firstDigits === 4 ? second : first);
  const isYearFirst = isMonth(second) && isDay(third);
  if (firstDigits === 4) return isYearFirst;
  return isDayAndMonth(first, second) || (firstDigits === 2 && isYearFirst);
}

/** Without delimiters: a year, month and day, maybe with hours, minutes and seconds; or a day and month, in either order, and a year. */
function isInARow(number: number, digits: number): boolean {
  const two = (behind: number): number => Math.floor(number / 10 ** (digits - behind)) % 100;
  if (isCentury(two(2)) && isMonth(two(6)) && isDay(two(8)))
    return (digits < 10 || two(10) < 24) && (digits < 12 || two(12) < 60) && (digits < 14 || two(14) <= 60);
  return digits === 8 && isCentury(two(6)) && isDayAndMonth(two(2), two(4));
}

function isCentury(number: number): boolean {
  return number === 19 || number === 20;
}

function isDayAndMonth(a: number, b: number): boolean {
  return (isMonth(a) && isDay(b)) || (isDay(a) && isMonth(b));
}

function isMonth(number: number): boolean {
  return number >= 1 && number <= 12;
}

function isDay(number: number): boolean {
  return number >= 1 && number <= 31;
}
