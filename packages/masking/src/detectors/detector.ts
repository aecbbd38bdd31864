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

/** An identifier in a text. */
export interface Hit extends Span {
  readonly kind: IdentifierKind;
}

export interface Detector {
  readonly kind: IdentifierKind;
  /**
   * Source of a regular expression without flags: what an identifier looks like, from its first character (or its context word's) on.
   * Never longer to try than the text is. Groups have names, different in each detector, so that all can stand in one expression.
   */
  readonly pattern: string;
  /**
   * The identifier in what the pattern matched, which stands in the text from `start` to before `end`; undefined: it only looks like one. Left
   * out: all of it. Reads the text in its place: a copy of each match costs as much as finding it.
   */
  accept?(text: string, start: number, end: number): Span | undefined;
}

/** UTF-16 units from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** All of the match, if it is valid. */
export function whole(valid: (text: string, start: number, end: number) => boolean): NonNullable<Detector["accept"]> {
  return (text, start, end) => (valid(text, start, end) ? { start, end } : undefined);
}

/** The digit at a place; what is no digit gives no number from 0 to 9. */
export function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30;
}

export function isDigitAt(text: string, at: number): boolean {
  const digit = digitAt(text, at);
  return digit >= 0 && digit <= 9;
}

/** How many of the characters from `start` to before `end` are digits. */
export function countDigits(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (isDigitAt(text, i)) count++;
  return count;
}

/** ISO/IEC 7812-1, annex B, over the digits from `start` to before `end`. `before`: the sum of digits that are to be thought before them. */
export function luhn(text: string, start = 0, end = text.length, before = 0): boolean {
  let sum = before;
  let doubled = false;
  for (let i = end - 1; i >= start; i--) {
    if (!isDigitAt(text, i)) continue;
    const digit = digitAt(text, i);
    sum += doubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
    doubled = !doubled;
  }
  return sum % 10 === 0;
}
