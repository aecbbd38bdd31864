import { type Detector, whole } from "./detector.ts";

const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ";
const X = 0x58;
/** By the character's code, in either case. */
const WORTH = new Uint8Array(128);
for (let digit = 0; digit < 10; digit++) WORTH[0x30 + digit] = digit;
for (const [i, worth] of [..."12345678123457923456789"].entries()) {
  WORTH[LETTERS.charCodeAt(i)] = Number(worth);
  WORTH[LETTERS.toLowerCase().charCodeAt(i)] = Number(worth);
}

/** Vehicle identification numbers: no I, O, Q; check digit at place 9, modulo 11. 49 CFR 565.15(c). */
export const vin: Detector = {
  kind: "VIN",
  pattern: String.raw`(?<![A-Za-z0-9])[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?![A-Za-z0-9])`,
  accept: whole((text, start) => {
    let sum = 0;
    let digits = 0;
    for (let i = 0; i < WEIGHTS.length; i++) {
      const code = text.charCodeAt(start + i);
      if (code < 0x3a) digits++;
      sum += (WEIGHTS[i] as number) * (WORTH[code] as number);
    }
    const check = text.charCodeAt(start + 8);
    const isCheck = sum % 11 === 10 ? (check & ~0x20) === X : check === 0x30 + (sum % 11);
    return digits > 0 && digits < 17 && isCheck;
  }),
};
