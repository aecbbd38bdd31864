import { type Detector, isDigitAt } from "./detector.ts";

const PLUS = 0x2b;
const LEAST_DIGITS = 8;
const MOST_DIGITS = 15;

/** Behind such a word seven digits with a space are a number to call; elsewhere they may be two measurements. */
const CALL = "(?:call|(?:tele)?phone|tel\\.?|cell|mobile|fax|pager|reached at)"
  .replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  .concat("(?: (?:number|no\\.?|at|is|on))?[:#]? {0,2}");

/**
 * Telephone and fax numbers: of the North American plan with or without 1, area code and exchange from 2 up (NANPA); of seven digits
 * with a dash, or with a space behind a word that says so; of elsewhere with + and 8 to 15 digits (ITU-T E.164), in groups as people write them
 * there: `+33 1 23 45 67 89`, `+44 (0)20 7946 0958`.
 */
export const phone: Detector = {
  kind: "PHONE",
  pattern: String.raw`(?<![\d+])(?:(?:\+?1[- ._]?)?(?:\([2-9]\d{2}\)(?: - |[- ._]?)|[2-9]\d{2}(?: - |[- ._]?))[2-9]\d{2}(?: - |[- ._]?)\d{4}|\+[1-9]\d{0,14}(?:(?:[-/ .]?\(\d{1,5}\)[-/ .]?|[-/ ])\d{1,14}|\.\d{2,14}){0,9}|[2-9]\d{2}[-_]\d{4}|(?<=(?<![A-Za-z0-9])(?:${CALL}))[2-9]\d{2} \d{4})(?!\d)`,
  accept(text, start, end) {
    if (text.charCodeAt(start) !== PLUS) return { start, end };
    // Behind it there may be other numbers: as many groups as one may have.
    let digits = 0;
    let to: number | undefined;
    for (let i = start + 1; i < end && digits < MOST_DIGITS; i++) {
      if (!isDigitAt(text, i)) continue;
      digits++;
      if (digits >= LEAST_DIGITS && !isDigitAt(text, i + 1)) to = i + 1;
    }
    return to === undefined ? undefined : { start, end: to };
  },
};
