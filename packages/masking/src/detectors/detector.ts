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

export function digitsOf(text: string): string {
  let digits = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) digits += text[i];
  }
  return digits;
}

/** ISO/IEC 7812-1, annex B. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}
