import { countDigits, type Detector, whole } from "./detector.ts";

const PLUS = 0x2b;

/** Behind such a word seven digits with a space are a number to call; elsewhere they may be two measurements. */
const CALL = "(?:call|(?:tele)?phone|tel\\.?|cell|mobile|fax|pager|reached at)"
  .replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  .concat("(?: (?:number|no\\.?|at|is|on))?[:#]? {0,2}");

/**
 * Telephone and fax numbers: of the North American plan with or without 1, area code and exchange from 2 up (NANPA); of seven digits
 * with a dash, or with a space behind a word that says so; of elsewhere with + and 8 to 15 digits (ITU-T E.164).
 */
export const phone: Detector = {
  kind: "PHONE",
  pattern: String.raw`(?<![\d+])(?:(?:\+?1[- ._]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}(?: - |[- ._]?))[2-9]\d{2}(?: - |[- ._]?)\d{4}|\+[1-9]\d{0,2}(?:[- .]?\d{2,4}){2,5}|[2-9]\d{2}[-_]\d{4}|(?<=(?<![A-Za-z0-9])(?:${CALL}))[2-9]\d{2} \d{4})(?!\d)`,
  accept: whole((text, start, end) => {
    if (text.charCodeAt(start) !== PLUS) return true;
    const digits = countDigits(text, start, end);
    return digits >= 8 && digits <= 15;
  }),
};
