import type { FieldType } from "../mask-rule.ts";
import type { Rule, RuleContext } from "./rule.ts";
import { timestampForm } from "./timestamp.ts";

const DATE = /^(\d{4})-\d\d-\d\d$/;
const DATETIME = /^(\d{4})-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?$/;

/**
 * January 1, 00:00 UTC, of the year. A year from which an age over 89 can follow becomes the year of age 90, for any
 * date: the rule can't tell a birth date from another, and a visit in 1920 says as much.
 * 45 CFR 164.514(b)(2)(i)(C): all elements of dates except year, and years indicative of an age over 89.
 */
export const year: Rule = {
  name: "year",
  shows: "part",
  fits: ["DATE", "DATETIME", "TIMESTAMP"],
  apply: (value, type, context) => truncatedToYear(value, type, (trueYear) => shownYear(trueYear, context)),
};

/** January 1, 00:00 UTC, of the year that is shown for the true one; null for what is no such value. */
export function truncatedToYear(value: string, type: FieldType, shown: (trueYear: number) => number): string | null {
  const digits = (trueYear: number) => String(shown(trueYear)).padStart(4, "0");
  switch (type) {
    case "DATE": {
      const match = DATE.exec(value);
      return match ? `${digits(Number(match[1]))}-01-01` : null;
    }
    case "DATETIME": {
      const match = DATETIME.exec(value);
      return match ? `${digits(Number(match[1]))}-01-01T00:00:00` : null;
    }
    case "TIMESTAMP": {
      const form = timestampForm(value);
      return form ? form.write(Date.parse(`${digits(form.year)}-01-01T00:00:00Z`) / 1000) : null;
    }
    default:
      return null;
  }
}

/** Someone born in the year of age 90 is 89 or 90 now; everybody older is counted with them. */
function shownYear(trueYear: number, context: RuleContext): number {
  return Math.max(trueYear, context.now.getUTCFullYear() - 90);
}
