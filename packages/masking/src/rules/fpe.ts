import type { Ff1 } from "../ff1.ts";
import type { Rule } from "./rule.ts";

/** The least number of values among which one is hidden: SP 800-38G Rev. 1 asks it of the whole domain, this of those with the value's form. */
const FEWEST = 1_000_000;
/** A walk ends after a step or two; each step stays in the form with some probability above a tenth. */
const MOST_STEPS = 1000;
const LARGEST_INT64 = 2n ** 63n - 1n;
const LARGEST_DOUBLE = BigInt(Number.MAX_SAFE_INTEGER);

const CLASSES = ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"] as const;
/** Kept where they are, as people write numbers. */
const SEPARATORS = new Set(" -./()+_#:");

/**
 * Format-preserving encryption by FF1 (SP 800-38G Rev. 1) under the domain's key: another value of the same form, and different values
 * stay different.
 *
 * - STRING: digits, capitals and small letters of ASCII are encrypted with the alphabet of those kinds that the value holds; the result
 *   holds the same kinds; space and `-./()+_#:` stay where they are.
 * - INT64: the sign and the number of digits stay. What a double holds exactly stays so: Node's client makes doubles of INT64.
 *
 * A value becomes NULL where fewer than a million values have its form, where it holds any other character, or is too long.
 * Encrypting until the result has the form again ("cycle walking") keeps it a permutation of the values of that form.
 */
export const fpe: Rule = {
  name: "fpe",
  shows: "part",
  fits: ["STRING", "INT64"],
  apply(value, type, context) {
    switch (type) {
      case "STRING":
        return encryptedText(value, context.tokenKey.ff1());
      case "INT64":
        return encryptedInteger(value, context.tokenKey.ff1());
      default:
        return null;
    }
  },
};

const STRING_TWEAK = Buffer.from("STRING");
const INT64_TWEAK = Buffer.from("INT64");

function encryptedText(value: string, ff1: Ff1): string | null {
  const present = CLASSES.filter((characters) => [...value].some((c) => characters.includes(c)));
  const alphabet = present.join("");
  const numerals: number[] = [];
  for (const character of value) {
    const numeral = alphabet.indexOf(character);
    if (numeral >= 0) numerals.push(numeral);
    else if (!SEPARATORS.has(character)) return null;
  }
  if (ofForm(present, numerals.length) < FEWEST) return null;
  const hasForm = (list: readonly number[]) =>
    present.every((characters) => list.some((numeral) => characters.includes(alphabet[numeral] as string)));
  const encrypted = walk(ff1, numerals, alphabet.length, STRING_TWEAK, hasForm);
  if (encrypted === undefined) return null;
  let next = 0;
  return [...value].map((c) => (SEPARATORS.has(c) ? c : alphabet[encrypted[next++] as number])).join("");
}

/** From this length on there are more than enough; their number needn't be reckoned. */
const PLENTY = 20;

/** How many texts of so many characters (up to 20) hold characters of each of these kinds and no others: by inclusion and exclusion. */
function ofForm(kinds: readonly string[], length: number): number {
  let sum = 0;
  for (let chosen = 0; chosen < 1 << kinds.length; chosen++) {
    const some = kinds.filter((_, i) => (chosen >> i) & 1);
    const characters = some.reduce((count, kind) => count + kind.length, 0);
    sum += ((kinds.length - some.length) % 2 === 0 ? 1 : -1) * characters ** Math.min(length, PLENTY);
  }
  return sum;
}

const INTEGER = /^(-?)([1-9]\d{6,18})$/;

function encryptedInteger(value: string, ff1: Ff1): string | null {
  const [, sign, digits] = INTEGER.exec(value) ?? [];
  if (sign === undefined || digits === undefined || BigInt(digits) > LARGEST_INT64) return null;
  const isDouble = BigInt(digits) <= LARGEST_DOUBLE;
  const hasForm = (list: readonly number[]) => {
    const magnitude = BigInt(list.join(""));
    return list[0] !== 0 && magnitude <= LARGEST_INT64 && magnitude <= LARGEST_DOUBLE === isDouble;
  };
  const encrypted = walk(ff1, [...digits].map(Number), 10, INT64_TWEAK, hasForm);
  return encrypted === undefined ? null : `${sign}${encrypted.join("")}`;
}

function walk(
  ff1: Ff1,
  numerals: readonly number[],
  radix: number,
  tweak: Uint8Array,
  hasForm: (list: readonly number[]) => boolean,
): readonly number[] | undefined {
  let list: readonly number[] | undefined = numerals;
  for (let step = 0; step < MOST_STEPS; step++) {
    list = ff1.encrypt(list, radix, tweak);
    if (list === undefined || hasForm(list)) return list;
  }
  return undefined;
}
