import { countDigits, type Detector, whole } from "./detector.ts";

/**
 * Telephone and fax numbers: of the North American plan with or without 1, area code and exchange from 2 up (NANPA); of seven digits
 * with a dash; of elsewhere with + and 8 to 15 digits (ITU-T E.164).
 */
export const phone: Detector = {
  kind: "PHONE",
  pattern: String.raw`(?<![\d+])(?:(?:\+?1[- .]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[- .]?)[2-9]\d{2}[- .]?\d{4}|\+[1-9]\d{0,2}(?:[- .]?\d{2,4}){2,5}|[2-9]\d{2}-\d{4})(?!\d)`,
  accept: whole((matched) => {
    if (!matched.startsWith("+")) return true;
    const digits = countDigits(matched, matched.length);
    return digits >= 8 && digits <= 15;
  }),
};
