import type { Rule, RuleContext } from "./rule.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
/** Date and time of day of a DATETIME, or of a TIMESTAMP as ISO 8601 in UTC. */
const DATE_AND_TIME = /^(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|\+00:00)?)$/;
const MICROS = /^-?\d{1,18}$/;
const FLOAT_SECONDS = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?(?:[eE]([+-]?\d{1,2}))?$/;

const DAY_MS = 86_400_000;
const DAY_MICROS = 86_400_000_000n;
const FIRST_MICROS = BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1000n;
const LAST_MICROS = BigInt(Date.parse("9999-12-31T23:59:59Z")) * 1000n + 999_999n;
/** A MAC's first bytes are a number below 2^48, to which any window is small. */
const NUMBER_BYTES = 6;

/**
 * Moves a date by days, the same for all dates of one record subject, wherever they stand: intervals between them stay, and the time of day. The days come from
 * HMAC-SHA-256 of the subject under the domain's key, within the window on either side and never none. Without the subject, and for what would
 * leave the years 1 to 9999: NULL.
 *
 * Not Safe Harbor, which lets no element of a date pass but the year: for a limited data set (45 CFR 164.514(e)) or by expert determination
 * (164.514(b)(1)).
 */
export const dateshift: Rule = {
  name: "dateshift",
  shows: "part",
  fits: ["DATE", "DATETIME", "TIMESTAMP"],
  apply(value, type, context) {
    const days = shiftOf(context);
    if (days === undefined) return null;
    switch (type) {
      case "DATE":
        return shiftedDate(value, days);
      case "DATETIME":
        return shiftedText(value, days);
      case "TIMESTAMP":
        if (MICROS.test(value)) return shiftedMicros(BigInt(value), days)?.toString() ?? null;
        return shiftedSeconds(value, days) ?? shiftedText(value, days);
      default:
        return null;
    }
  },
};

/** Between one day and the window's, before or after. */
function shiftOf({ subject, tokenKey, shiftDays }: RuleContext): number | undefined {
  if (subject === undefined || subject === null) return undefined;
  const mac = Buffer.from(tokenKey.mac("dateshift", subject), "latin1");
  const place = mac.readUIntBE(0, NUMBER_BYTES) % (2 * shiftDays);
  return place < shiftDays ? place - shiftDays : place - shiftDays + 1;
}

function shiftedDate(value: string, days: number): string | null {
  const [, year, month, day] = DATE.exec(value) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const ms = Date.parse(`${value}T00:00:00Z`);
  // 2023-02-30 would be read as another day.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== value || year === "0000") return null;
  const shifted = new Date(ms + days * DAY_MS);
  const shiftedYear = shifted.getUTCFullYear();
  return shiftedYear >= 1 && shiftedYear <= 9999 ? shifted.toISOString().slice(0, 10) : null;
}

function shiftedText(value: string, days: number): string | null {
  const [, date, time] = DATE_AND_TIME.exec(value) ?? [];
  if (date === undefined || time === undefined) return null;
  const shifted = shiftedDate(date, days);
  return shifted === null ? null : `${shifted}${time}`;
}

function shiftedMicros(micros: bigint, days: number): bigint | undefined {
  const shifted = micros + BigInt(days) * DAY_MICROS;
  return shifted >= FIRST_MICROS && shifted <= LAST_MICROS ? shifted : undefined;
}

/** Digit by digit: a double would lose microseconds. */
function shiftedSeconds(value: string, days: number): string | null {
  const [, sign, whole, fraction = "", exponent = "0"] = FLOAT_SECONDS.exec(value) ?? [];
  if (whole === undefined) return null;
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  const seconds = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
  const micros = (point <= 0 ? "0".repeat(-point) + digits : digits.slice(point)).slice(0, 6).padEnd(6, "0");
  const magnitude = BigInt(seconds + micros);
  const shifted = shiftedMicros(sign === "-" ? -magnitude : magnitude, days);
  if (shifted === undefined) return null;
  const [left, right] = [
    shifted < 0n ? -shifted / 1_000_000n : shifted / 1_000_000n,
    shifted < 0n ? -shifted % 1_000_000n : shifted % 1_000_000n,
  ];
  const tail = String(right)
    .padStart(6, "0")
    .replace(/0{1,5}$/, "");
  return `${shifted < 0n ? "-" : ""}${left}.${tail}`;
}
