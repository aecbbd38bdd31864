import type { DatePart } from "../tree.ts";
import type { Context } from "./context.ts";

const DATE_PARTS: ReadonlySet<string> = new Set(
  (
    "NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY DAYOFWEEK DAYOFYEAR WEEK ISOWEEK MONTH QUARTER YEAR " +
    "ISOYEAR DATE TIME DATETIME"
  ).split(" "),
);
const WEEKDAYS: ReadonlySet<string> = new Set("SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY".split(" "));

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions#extract */
export function checkDatePart(context: Context, part: DatePart): void {
  const known = DATE_PARTS.has(part.name);
  const weekday = part.weekday === null || (part.name === "WEEK" && WEEKDAYS.has(part.weekday));
  if (!known || !weekday) context.fail("name", `Not a date part: ${part.name}`, part);
}
