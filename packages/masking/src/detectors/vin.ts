import { type Detector, whole } from "./detector.ts";

const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ";
const VALUES = "12345678123457923456789";
const CHECK = "0123456789X";

/** Vehicle identification numbers: no I, O, Q; check digit at place 9, modulo 11. 49 CFR 565.15(c). */
export const vin: Detector = {
  kind: "VIN",
  pattern: String.raw`(?<![A-Za-z0-9])[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?![A-Za-z0-9])`,
  accept: whole((matched) => {
    const characters = matched.toUpperCase();
    if (!/\d/.test(characters) || !/[A-Z]/.test(characters)) return false;
    const sum = WEIGHTS.reduce((total, weight, i) => total + weight * worth(characters[i] as string), 0);
    return CHECK[sum % 11] === characters[8];
  }),
};

function worth(character: string): number {
  const letter = LETTERS.indexOf(character);
  return Number(letter < 0 ? character : VALUES[letter]);
}
