import { RESERVED_KEYWORDS } from "./keywords.ts";
import { LIMITS } from "./limits.ts";
import { SqlError } from "./sql-error.ts";
import { decodeEscapes } from "./string-escapes.ts";

/**
 * - `name`: an unquoted identifier or keyword.
 * - `quoted`: a backquoted identifier.
 * - `end`: the end of the text; always the last token, and only there.
 */
export type TokenKind = "name" | "quoted" | "integer" | "float" | "string" | "bytes" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Names, numbers and symbols as written; the decoded value of quoted identifiers, strings and bytes. */
  readonly text: string;
  /** The name in upper case where it may be read as a keyword, else "". Behind the dot of a path and behind `@` no name is a keyword. */
  readonly keyword: string;
  /** UTF-16 offsets into the text, end exclusive. */
  readonly start: number;
  readonly end: number;
}

interface Word {
  readonly text: string;
  readonly upper: string;
}

/** `>>` and `<>` are left to the parser, since `ARRAY<STRUCT<…>>` closes two types. */
const PAIRS: ReadonlySet<string> = new Set(["@@", "||", "|>", "<<", "<=", ">=", "!=", "=>", "->", "+=", "-=", "**"]);
const PAIR_ENDS: ReadonlySet<string> = new Set([...PAIRS].map((pair) => pair.charAt(1)));
const SINGLES: ReadonlySet<string> = new Set("()[]{},;.+-*/=<>|^&~@?:$");

const WHITESPACE = /[ \n\r\t\b\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]+/y;
const LINE_COMMENT = /[^\r\n]*/y;
const WORD_AFTER_DOT = /[A-Za-z0-9_]+/y;
const HEX_INTEGER = /0[xX][0-9a-fA-F]+/y;
/** Digits that a hexadecimal number starts with are no decimal fraction: `1.0x1` is `1.` and `0x1`. */
const DECIMAL = /(?:(?!0[xX][0-9a-fA-F])[0-9]+)/y;
const EXPONENT = /[eE](?:[0-9]+(?![A-Za-z0-9_])|[+-](?!0[xX][0-9a-fA-F])[0-9]+)/y;
const STRING_PREFIX = /^(?:r|b|rb|br)$/i;
const HEX_OR_DIGITS = /^0[xX]|^[0-9]+$/;
/** NUL, U+FFFD, and half of a surrogate pair. */
const DAMAGE = /[\0\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SPACE = /[\n\r\t\b\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]/;

/**
 * Reads a whole text into tokens, as Google's lexer reads it: the same whitespace, comments that do not nest and end at
 * CR or LF, ASCII identifiers, numbers behind the dot of a path as names. What Google would not read is refused, and so are
 * NUL, U+FFFD and unpaired surrogates, which tell of a text that was damaged on its way. Linear in the length of the text.
 *
 * @throws SqlError `syntax` or `limit`
 * @see https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
 */
export function tokenize(sql: string): Token[] {
  if (sql.length > LIMITS.sqlLength) {
    throw new SqlError("limit", `SQL is longer than ${LIMITS.sqlLength} characters; shorten it.`, 1, 1);
  }
  refuseDamagedText(sql);
  const tokens: Token[] = [];
  /** Each word of the text once, with its upper case. */
  const words = new Map<string, Word>();
  let at = 0;
  let previous: Token | undefined;
  let beforePrevious: Token | undefined;

  const fail = (offset: number, message: string): never => {
    throw SqlError.at(sql, offset, "syntax", message);
  };
  const match = (pattern: RegExp, from: number): string => {
    pattern.lastIndex = from;
    return pattern.test(sql) ? sql.slice(from, pattern.lastIndex) : "";
  };
  const push = (kind: TokenKind, text: string, keyword: string, start: number, end: number): void => {
    if (tokens.length >= LIMITS.tokens) {
      throw SqlError.at(sql, start, "limit", `SQL has more than ${LIMITS.tokens} tokens; split it.`);
    }
    const token = { kind, text, keyword, start, end };
    tokens.push(token);
    beforePrevious = previous;
    previous = token;
    at = end;
  };

  while (at < sql.length) {
    const start = at;
    const char = sql.charAt(at);
    if (char === " " || char === "\n") {
      at++;
      continue;
    }
    if (!isPrintable(sql.charCodeAt(at)) && SPACE.test(char)) {
      at += match(WHITESPACE, at).length;
      continue;
    }
    if (char === "#" || (char === "-" && sql.charAt(at + 1) === "-")) {
      at += match(LINE_COMMENT, at).length;
      continue;
    }
    if (char === "/" && sql.charAt(at + 1) === "*") {
      const close = sql.indexOf("*/", at + 2);
      if (close < 0) fail(start, "Unclosed comment.");
      at = close + 2;
      continue;
    }

    const afterPathDot = previous?.text === "." && previous.kind === "symbol" && canPrecedePathDot(beforePrevious);
    if (afterPathDot && isWordPart(char)) {
      const word = match(WORD_AFTER_DOT, at);
      // `a.r'x'` is no path: Google reads the prefix as part of a string literal, which cannot stand here.
      if (STRING_PREFIX.test(word) && isQuote(sql.charAt(at + word.length)))
        fail(start, "Unexpected literal behind a dot.");
      push("name", word, "", start, start + word.length);
      continue;
    }
    if (isDigit(char)) {
      const digits = digitsEnd(at);
      if (endsNumber(sql.charCodeAt(digits))) {
        push("integer", sql.slice(start, digits), "", start, digits);
        continue;
      }
      const text = number(start);
      push(HEX_OR_DIGITS.test(text) ? "integer" : "float", text, "", start, start + text.length);
      refuseAttachedName(text);
      continue;
    }
    if (char === "." && isDigit(sql.charAt(at + 1)) && !canPrecedePathDot(previous) && match(DECIMAL, at + 1) !== "") {
      const digits = match(DECIMAL, at + 1);
      const text = `.${digits}${match(EXPONENT, at + 1 + digits.length)}`;
      push("float", text, "", start, start + text.length);
      refuseAttachedName(text);
      continue;
    }
    const quoteAt = wordEnd(at);
    if (isQuote(sql.charAt(quoteAt)) && (quoteAt === at || STRING_PREFIX.test(sql.slice(at, quoteAt)))) {
      quoted(start, sql.slice(at, quoteAt).toLowerCase(), quoteAt);
      continue;
    }
    if (quoteAt > at) {
      const { text, upper } = wordOf(sql.slice(at, quoteAt));
      const isParameterName = previous?.kind === "symbol" && (previous.text === "@" || previous.text === "@@");
      push("name", text, isParameterName ? "" : upper, start, quoteAt);
      continue;
    }
    const pair = PAIR_ENDS.has(sql.charAt(at + 1)) ? char + sql.charAt(at + 1) : char;
    const symbol = PAIRS.has(pair) ? pair : char;
    if (!SINGLES.has(char) && symbol === char) fail(start, `Illegal input character ${codePointName(sql, at)}.`);
    push("symbol", symbol, "", start, start + symbol.length);
  }
  tokens.push({ kind: "end", text: "", keyword: "", start: sql.length, end: sql.length });
  return tokens;

  function wordOf(text: string): Word {
    const known = words.get(text);
    if (known !== undefined) return known;
    const word = { text, upper: text.toUpperCase() };
    words.set(text, word);
    return word;
  }

  /** Where the word that starts at `from` ends: at `from` where none does. */
  function wordEnd(from: number): number {
    let end = from;
    while (isWordCode(sql.charCodeAt(end))) end++;
    return end;
  }

  /** The same of digits. */
  function digitsEnd(from: number): number {
    let end = from;
    while (isDigitCode(sql.charCodeAt(end))) end++;
    return end;
  }

  /** `1`, `0x1F`, `1.`, `1.5`, `1.5e-3`, `1e10` */
  function number(from: number): string {
    const hex = match(HEX_INTEGER, from);
    if (hex !== "") return hex;
    let text = match(DECIMAL, from);
    if (sql.charAt(from + text.length) === ".") {
      text += ".";
      text += match(DECIMAL, from + text.length);
    }
    return text + match(EXPONENT, from + text.length);
  }

  /** `123abc` is not a number with an alias, but `2.m` is: so does Google read it. */
  function refuseAttachedName(text: string): void {
    if (!text.endsWith(".") && isWordPart(sql.charAt(at))) fail(at, "Missing whitespace between literal and alias.");
  }

  /** A string, bytes or backquoted identifier whose opening quote is at `open`. */
  function quoted(start: number, prefix: string, open: number): void {
    const quote = sql.charAt(open);
    const triple = quote !== "`" && sql.charAt(open + 1) === quote && sql.charAt(open + 2) === quote;
    const raw = prefix.includes("r");
    const bytes = prefix.includes("b");
    const unclosed = (): never => {
      const literal = `${triple ? "triple-quoted " : ""}${raw ? "raw " : ""}${bytes ? "bytes" : "string"} literal`;
      return fail(start, `Unclosed ${quote === "`" ? "quoted identifier" : literal}.`);
    };
    if (quote === "`" && prefix !== "") {
      push("name", sql.slice(start, open), sql.slice(start, open).toUpperCase(), start, open);
      return;
    }
    const closing = triple ? quote.repeat(3) : quote;
    const bodyStart = open + closing.length;
    let i = bodyStart;
    for (;;) {
      if (i >= sql.length) unclosed();
      const c = sql.charAt(i);
      // A backslash always takes the next character along, in raw literals too.
      if (c === "\\" && (triple || !isLineBreak(sql.charAt(i + 1)))) i += 2;
      else if (c === "\\") fail(i, "Illegal escaped newline.");
      else if (c === quote && (!triple || sql.startsWith(closing, i))) break;
      else if (!triple && isLineBreak(c)) unclosed();
      else i++;
    }
    const value = decodeEscapes(sql.slice(bodyStart, i), { raw, bytes }, (offset, message) =>
      fail(bodyStart + offset, message),
    );
    if (quote === "`" && value === "") fail(start, "Invalid empty identifier.");
    push(quote === "`" ? "quoted" : bytes ? "bytes" : "string", value, "", start, i + closing.length);
  }
}

/** Behind these a dot continues a path or accesses a field, so that digits behind it are a name and no fraction. */
function canPrecedePathDot(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "symbol") return token.text === ")" || token.text === "]" || token.text === "?";
  return token.kind === "quoted" || (token.kind === "name" && !RESERVED_KEYWORDS.has(token.keyword));
}

function refuseDamagedText(sql: string): void {
  if (sql.isWellFormed() && !sql.includes("\0") && !sql.includes("\ufffd")) return;
  const damaged = DAMAGE.exec(sql);
  if (damaged === null) return;
  throw SqlError.at(sql, damaged.index, "syntax", `Illegal input character ${codePointName(sql, damaged.index)}.`);
}

function codePointName(sql: string, offset: number): string {
  return `U+${(sql.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char.length === 1;
}

function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether a number is read to its end with the digits before this character: neither a point, an exponent nor a name follows. */
function endsNumber(code: number): boolean {
  return code !== 0x2e && !isWordCode(code);
}

function isWordPart(char: string): boolean {
  return isWordCode(char.charCodeAt(0));
}

/** ASCII letters, digits and `_`; of no character (NaN) false. */
function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code === 0x5f
  );
}

/** ASCII without control characters. */
function isPrintable(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

function isQuote(char: string): boolean {
  return char === "'" || char === '"' || char === "`";
}

function isLineBreak(char: string): boolean {
  return char === "\n" || char === "\r";
}
