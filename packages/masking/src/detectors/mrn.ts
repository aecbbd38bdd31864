import type { Detector } from "./detector.ts";

const anyCase = (text: string) => text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
const WORDS = anyCase(
  String.raw`mrn|med(?:ical|\.)? rec(?:ord)?(?: ?(?:number|no\.?|num\.?))?|chart(?: (?:number|no\.?))?|patient id|acc(?:oun)?t\.?(?: (?:number|no\.?))?`,
);

/** Record and account numbers behind a word that says so: up to four letters, a dash, four to twelve digits. The word stays. */
export const mrn: Detector = {
  kind: "MRN",
  pattern: String.raw`(?<![A-Za-z0-9])(?:${WORDS})(?: is)? {0,2}[:#=]? {0,2}#?(?<mrnNumber>[A-Za-z]{0,4}-?\d{4,12})(?![A-Za-z0-9])`,
  accept(matched) {
    const number = /[A-Za-z]{0,4}-?\d{4,12}$/.exec(matched);
    return number === null ? undefined : { from: number.index, to: matched.length };
  },
};
