import { type Detector, isDigitAt } from "./detector.ts";

const DASH = 0x2d;
const isLetter = (unit: number) => (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;

const anyCase = (text: string) => text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const WORDS = anyCase(
  String.raw`(?:mrn|mr(?= ?#)|med(?:ical|\.)?[ _]rec(?:ord)?|chart|patient[ _]?(?:id|number|no\.?)|acc(?:oun)?t\.?)(?:[ _]?(?:number|no\.?|num\.?|id))?`,
);

/** Record and account numbers behind a word that says so (`MRN#: `, `Acct. No. `, `"patient_id": "`): up to four letters, a dash, four to twelve digits. The word stays. */
export const mrn: Detector = {
  kind: "MRN",
  pattern: String.raw`(?<![A-Za-z0-9])${WORDS}["']?(?: is)? {0,2}(?:[:#=(\[_-] {0,2}){0,2}["']?(?<mrnNumber>[A-Za-z]{0,4}-?\d{4,12})(?![A-Za-z0-9])`,
  accept(text, start, end) {
    let from = end;
    while (isDigitAt(text, from - 1) && from > end - 12) from--;
    if (text.charCodeAt(from - 1) === DASH) from--;
    for (let letters = 0; letters < 4 && from > start && isLetter(text.charCodeAt(from - 1)); letters++) from--;
    return { start: from, end };
  },
};
