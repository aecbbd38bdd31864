/**
 * Characters among which no detector can be trusted: those nobody sees (format and control characters, fillers, joiners, lone surrogates, private ones), digits of
 * other scripts, full-width and mathematical letters and digits, three superscripts or the like in a row, marks laid over digits. A picture may say by such a
 * character how it is drawn.
 * https://www.unicode.org/reports/tr39/
 */
const UNTRUSTED =
  /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]|(?!(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|(?![\t\n\r])\p{Cc}|(?![0-9])\p{Nd}|[\uff01-\uff5e\u{1d400}-\u{1d7ff}]|\p{No}{3}|[0-9]\p{M}/u;

/**
 * Characters that are written by the rules of HTML, URLs or JSON for texts within them: between the digits of a number, or in place of a letter, a digit
 * or what stands between them. `&lt;`, `&#39;` and the like are neither.
 */
const ESCAPED = new RegExp(
  [
    // &nbsp; &#8209; beside a digit, also escaped twice
    String.raw`[0-9]&(?:amp;)*(?:#\w{1,8}|(?!(?:lt|gt|amp|quot|apos);)[A-Za-z]\w{1,31});|&(?:#\w{1,8}|(?!(?:lt|gt|amp|quot|apos);)[A-Za-z]\w{1,31});[0-9]`,
    // &#45; to &#58;, &#64; to &#90;, &#95;, &#97; to &#122;, and in hexadecimal
    String.raw`&(?:amp;)*#(?:0*(?:4[5-9]|5[0-8]|6[4-9]|[78]\d|90|95|9[7-9]|1[01]\d|12[0-2])(?!\d)|[xX]0*(?:2[d-fD-F]|3[\daA]|[46][\da-fA-F]|[57][\daA]|5[fF])(?![\da-fA-F]))`,
    "&(?:amp;)*(?:commat|period|lowbar|hyphen|dash|sol|colon);",
    // %2D between digits, %40 of an address
    "[0-9]%(?:2[0BDEFbdef]|3[Aa])[0-9]|[A-Za-z0-9]%40[A-Za-z0-9]",
    // 3\/5\/1985, \u0040
    String.raw`[0-9]\\[-/.][0-9]|\\u00[2-7][\da-fA-F]`,
  ].join("|"),
);

/** What looks like each of these characters of ASCII, typeset or of another script (confusables.txt of the same report), tabs and bullets as spaces. */
const LIKE: readonly (readonly [string, RegExp])[] = [
  [
    "-",
    /[\u00af\u02c9\u02d7\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2500\u2796\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\u30fc\ufe31\ufe32\ufe58\ufe63]/g,
  ],
  [" ", /[\t\u00a0\u00b7\u1680\u2000-\u200a\u2022\u2219\u22c5\u202f\u205f\u2800\u3000]/g],
  ["/", /[\u2044\u2215\u29f8]/g],
  [".", /[\u2024\u3002\ufe52\uff61]/g],
  [":", /[\u02d0\u2236\ua789\ufe55]/g],
  ["_", /[\ufe4d-\ufe4f]/g],
  ["@", /\ufe6b/g],
  ["+", /[\u2795\ufe62]/g],
  ["(", /[\u2768\ufe59]/g],
  [")", /[\u2769\ufe5a]/g],
];
const ANY_ESCAPE = /[&%\\]/;
const ANY_LIKE = /[\t\u0080-\uffff]/;

/** The text with those instead of what looks like them, each in its place; undefined if something in it can't be trusted. */
export function plainText(text: string): string | undefined {
  if (UNTRUSTED.test(text) || (ANY_ESCAPE.test(text) && ESCAPED.test(text))) return undefined;
  if (!ANY_LIKE.test(text)) return text;
  return LIKE.reduce((plain, [character, like]) => plain.replace(like, character), text);
}
