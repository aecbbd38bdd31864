/** What a detector finds; printed in brackets where it stood. */
export const IDENTIFIER_KINDS = [
  "SSN",
  "MBI",
  "NPI",
  "DEA",
  "VIN",
  "CARD",
  "PHONE",
  "EMAIL",
  "URL",
  "IP",
  "DATE",
  "MRN",
] as const;
export type IdentifierKind = (typeof IDENTIFIER_KINDS)[number];

/** An identifier in a text: UTF-16 units from `start` to before `end`. */
export interface Hit {
  readonly kind: IdentifierKind;
  readonly start: number;
  readonly end: number;
}

export interface Detector {
  readonly kind: IdentifierKind;
  /**
   * Source of a regular expression without flags: what an identifier looks like, from its first character (or its context word's) on.
   * Never longer to try than the text is. Groups have names, different in each detector, so that all can stand in one expression.
   */
  readonly pattern: string;
  /** The identifier in what the pattern matched; undefined: it only looks like one. Left out: all of it. */
  accept?(matched: string): { readonly from: number; readonly to: number } | undefined;
}

/** All of the match, if it is valid. */
export function whole(valid: (matched: string) => boolean): NonNullable<Detector["accept"]> {
  return (matched) => (valid(matched) ? { from: 0, to: matched.length } : undefined);
}

/** The digit at a place; what is no digit gives no number from 0 to 9. */
export function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30;
}

export function isDigitAt(text: string, at: number): boolean {
  const digit = digitAt(text, at);
  return digit >= 0 && digit <= 9;
}

/** How many of the characters before `end` are digits. */
export function countDigits(text: string, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if (isDigitAt(text, i)) count++;
  return count;
}

/** ISO/IEC 7812-1, annex B, over the digits before `end`. `before`: the sum of digits that are to be thought before the text. */
export function luhn(text: string, end = text.length, before = 0): boolean {
  let sum = before;
  let doubled = false;
  for (let i = end - 1; i >= 0; i--) {
    if (!isDigitAt(text, i)) continue;
    const digit = digitAt(text, i);
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
    doubled = !doubled;
  }
  return sum % 10 === 0;
}
