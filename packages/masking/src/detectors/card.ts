import { countDigits, type Detector, isDigitAt, luhn } from "./detector.ts";

/** Payment cards: 13 to 19 digits in a row, in fours, or 4-6-5 and 4-6-4; Luhn. The number may be followed by another in the same form. */
export const card: Detector = {
  kind: "CARD",
  pattern: String.raw`(?<!\d)[2-6]\d{3}(?:\d{9,15}|(?<cardDelimiter>[ _-])(?:\d{6}\k<cardDelimiter>\d{4,5}|\d{4}\k<cardDelimiter>\d{4}\k<cardDelimiter>\d{1,4}(?:\k<cardDelimiter>\d{1,3})?))(?!\d)`,
  accept(text, start, end) {
    for (let to = end; to >= start + 13; to--) {
      // Only where a group ends.
      if (to < end && isDigitAt(text, to)) continue;
      if (!isDigitAt(text, to - 1)) continue;
      if (countDigits(text, start, to) >= 13 && luhn(text, start, to)) return { start, end: to };
    }
    return undefined;
  },
};
