/**
 * Characters among which no detector can be trusted: those nobody sees (format and control characters, lone surrogates, private ones), digits of
 * other scripts, full-width and mathematical letters and digits, three superscripts or the like in a row, marks laid over digits.
 * https://www.unicode.org/reports/tr39/
 */
const UNTRUSTED =
  /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]|(?![\t\n\r])\p{Cc}|(?![0-9])\p{Nd}|[\uff01-\uff5e\u{1d400}-\u{1d7ff}]|\p{No}{3}|[0-9]\p{M}/u;
const DASHES = /[\u2010-\u2015\u2212]/g;
const SPACES = /[\t\u00b7\u2022\u2219\u22c5\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** The text with dashes and spaces of typesetting as those of ASCII, and tabs and bullets as spaces, each in its place; undefined if something in it can't be trusted. */
export function plainText(text: string): string | undefined {
  if (UNTRUSTED.test(text)) return undefined;
  return text.replace(DASHES, "-").replace(SPACES, " ");
}
