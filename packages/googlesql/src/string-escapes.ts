/**
 * The escape sequences of string, bytes and quoted-identifier tokens, in both directions.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences
 */

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ["?", "?"],
  ["'", "'"],
  ['"', '"'],
  ["`", "`"],
]);

const OCTAL = /[0-3][0-7]{2}/y;
const HEX_2 = /[xX]([0-9a-fA-F]{2})/y;
const HEX_4 = /u([0-9a-fA-F]{4})/y;
const HEX_8 = /U([0-9a-fA-F]{8})/y;

/**
 * Decodes the body of a token, quotes stripped. CR and CRLF become LF, as in Google's lexer. Of bytes, the result has one UTF-16
 * unit (0 to 255) a byte: characters as UTF-8, octal and hexadecimal escapes as single bytes.
 *
 * @param fail is called with an offset into `body` and never returns
 */
export function decodeEscapes(
  body: string,
  form: { readonly raw: boolean; readonly bytes: boolean },
  fail: (offset: number, message: string) => never,
): string {
  if (!form.bytes && !body.includes("\\") && !body.includes("\r")) return body;
  const pieces: string[] = [];
  const plain = (text: string): void => {
    pieces.push(form.bytes ? utf8(text) : text);
  };
  let i = 0;
  while (i < body.length) {
    let j = i;
    while (j < body.length && body[j] !== "\\" && body[j] !== "\r") j++;
    if (j > i) plain(body.slice(i, j));
    i = j;
    if (i >= body.length) break;
    if (body[i] === "\r") {
      pieces.push("\n");
      i += body[i + 1] === "\n" ? 2 : 1;
    } else if (form.raw) {
      const end = i + 1 + characterLength(body, i + 1);
      plain(body.slice(i, end));
      i = end;
    } else {
      i = sequence(i);
    }
  }
  return pieces.join("");

  /** Decodes the escape sequence whose backslash is at `at`; returns the offset behind it. */
  function sequence(at: number): number {
    const letter = body.charAt(at + 1);
    const simple = SIMPLE_ESCAPES.get(letter);
    if (simple !== undefined) {
      pieces.push(simple);
      return at + 2;
    }
    if (letter === "\n" || letter === "\r") return fail(at, "Illegal escaped newline.");
    if (letter >= "0" && letter <= "3") {
      const digits = match(OCTAL, at + 1)?.[0];
      if (digits === undefined) return fail(at, "Illegal escape sequence: octal escape must have 3 octal digits.");
      pieces.push(String.fromCharCode(Number.parseInt(digits, 8)));
      return at + 4;
    }
    if (letter === "x" || letter === "X") {
      const digits = match(HEX_2, at + 1)?.[1];
      if (digits === undefined) return fail(at, "Illegal escape sequence: hex escape must have 2 hex digits.");
      pieces.push(String.fromCharCode(Number.parseInt(digits, 16)));
      return at + 4;
    }
    if (letter === "u" || letter === "U") {
      if (form.bytes) return fail(at, "Illegal escape sequence: no Unicode escape in bytes literals.");
      const digits = match(letter === "u" ? HEX_4 : HEX_8, at + 1)?.[1];
      if (digits === undefined)
        return fail(at, "Illegal escape sequence: \\u must have 4 and \\U must have 8 hex digits.");
      const codePoint = Number.parseInt(digits, 16);
      if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
        return fail(at, "Illegal escape sequence: not a Unicode scalar value.");
      }
      pieces.push(String.fromCodePoint(codePoint));
      return at + 2 + digits.length;
    }
    return fail(at, "Illegal escape sequence.");
  }

  function match(pattern: RegExp, from: number): RegExpExecArray | null {
    pattern.lastIndex = from;
    return pattern.exec(body);
  }
}

function characterLength(text: string, at: number): number {
  return at >= text.length ? 0 : (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function utf8(text: string): string {
  // The room imports nothing, so no Buffer; TextEncoder is the language's own.
  const bytes = new TextEncoder().encode(text);
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/** Printable ASCII without backslash and quotes: prints as it is. */
const PLAIN = /^[ !#-&(-[\]-_a-~]*$/;

/**
 * Prints between `quote`s so that any lexer finds the same end: ASCII only, no quote inside, no backslash before a quote.
 */
export function escapeString(value: string, quote: "'" | "`"): string {
  if (PLAIN.test(value)) return quote + value + quote;
  let out = quote as string;
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\\") out += "\\\\";
    else if (character === "\n") out += "\\n";
    else if (character === "\r") out += "\\r";
    else if (character === "\t") out += "\\t";
    else if (
      character === "'" ||
      character === '"' ||
      character === "`" ||
      code < 0x20 ||
      (code >= 0x7f && code <= 0xffff)
    ) {
      out += `\\u${code.toString(16).padStart(4, "0")}`;
    } else if (code > 0xffff) out += `\\U${code.toString(16).padStart(8, "0")}`;
    else out += character;
  }
  return out + quote;
}

/** `value` has one unit (0 to 255) a byte. */
export function escapeBytes(value: string): string {
  let out = "b'";
  for (const character of value) {
    const code = character.charCodeAt(0);
    if (character === "\\") out += "\\\\";
    else if (code < 0x20 || code >= 0x7f || character === "'" || character === '"' || character === "`") {
      out += `\\x${code.toString(16).padStart(2, "0")}`;
    } else out += character;
  }
  return `${out}'`;
}
