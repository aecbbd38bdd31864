/**
 * Splits GoogleSQL into tokens, so that comments, escapes and parameters are settled before another parser sees the text.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
 */
import { WarehouseError } from "../errors.ts";

type Lexeme =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "quoted"; readonly name: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Buffer }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string | undefined }
  | { readonly kind: "symbol"; readonly text: string };

/** `at` and `end`: where it stands in the text; -1 in a token that was put in. */
export type Token = Lexeme & { readonly at: number; readonly end: number };

const SPACE = /[\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;

/** Tokens without space and comments. Throws `invalidQuery` on what isn't GoogleSQL's lexis. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const rest = sql.slice(at, at + 3);
    const ch = rest[0] ?? "";
    if (SPACE.test(ch)) {
      at += 1;
    } else if (ch === "#" || rest.startsWith("--")) {
      while (at < sql.length && sql[at] !== "\n" && sql[at] !== "\r") at += 1;
    } else if (rest.startsWith("/*")) {
      const end = sql.indexOf("*/", at + 2);
      if (end < 0) throw new WarehouseError("invalidQuery", "Syntax error: Unclosed comment");
      at = end + 2;
    } else if (ch === "`") {
      const [name, end] = readQuoted(sql, at, "`", false, "identifier");
      tokens.push({ kind: "quoted", name, at, end });
      at = end;
    } else if (/^(?:r|b|rb|br)?["']/i.test(sql.slice(at, at + 3))) {
      at = readLiteral(sql, at, tokens);
    } else if (/[A-Za-z_]/.test(ch)) {
      const text = /^[A-Za-z_][A-Za-z0-9_]*/.exec(sql.slice(at, at + 400))?.[0] ?? ch;
      tokens.push({ kind: "word", text, at, end: at + text.length });
      at += text.length;
    } else if (/[0-9]/.test(ch) || (ch === "." && /[0-9]/.test(rest[1] ?? "") && !endsName(tokens.at(-1)))) {
      const text =
        /^(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/.exec(sql.slice(at, at + 400))?.[0] ?? ch;
      tokens.push({ kind: "number", text, at, end: at + text.length });
      at += text.length;
    } else if (ch === "@" && /[A-Za-z_`]/.test(rest[1] ?? "")) {
      if (rest[1] === "`") {
        const [name, end] = readQuoted(sql, at + 1, "`", false, "identifier");
        tokens.push({ kind: "parameter", name, at, end });
        at = end;
      } else {
        const name = /^[A-Za-z0-9_]+/.exec(sql.slice(at + 1, at + 400))?.[0] ?? "";
        tokens.push({ kind: "parameter", name, at, end: at + 1 + name.length });
        at += 1 + name.length;
      }
    } else if (ch === "?") {
      tokens.push({ kind: "parameter", name: undefined, at, end: at + 1 });
      at += 1;
    } else {
      const text = /^(?:\|>|\|\||->|<=|>=|<>|!=|<<|>>|=>|@@|[-+*/~&|^()[\]{},.;:<>=@])/.exec(rest)?.[0];
      if (text === undefined)
        throw new WarehouseError("invalidQuery", `Syntax error: Illegal input character ${JSON.stringify(ch)}`);
      tokens.push({ kind: "symbol", text, at, end: at + text.length });
      at += text.length;
    }
  }
  return tokens;
}

/** After a name or a bracket, `.5` is a dot and a 5. */
function endsName(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.kind === "word" || token.kind === "quoted" || (token.kind === "symbol" && /[)\]]/.test(token.text));
}

function readLiteral(sql: string, start: number, tokens: Token[]): number {
  const prefix = /^[rRbB]*/.exec(sql.slice(start, start + 2))?.[0].toLowerCase() ?? "";
  const open = start + prefix.length;
  const quote = sql.startsWith(`${sql[open]}${sql[open]}${sql[open]}`, open)
    ? (sql[open] ?? "").repeat(3)
    : (sql[open] ?? "");
  const raw = prefix.includes("r");
  if (prefix.includes("b")) {
    const [text, end] = readQuoted(sql, open, quote, raw, "bytes");
    tokens.push({ kind: "bytes", value: Buffer.from(text, "latin1"), at: start, end });
    return end;
  }
  const [value, end] = readQuoted(sql, open, quote, raw, "string");
  tokens.push({ kind: "string", value, at: start, end });
  return end;
}

/** Reads to the closing quote; bytes come back one character a byte. */
function readQuoted(
  sql: string,
  open: number,
  quote: string,
  raw: boolean,
  what: "string" | "bytes" | "identifier",
): [string, number] {
  let at = open + quote.length;
  let text = "";
  while (at < sql.length) {
    const ch = sql[at] ?? "";
    if (sql.startsWith(quote, at)) return [text, at + quote.length];
    if (ch === "\n" && quote.length === 1) break;
    if (ch !== "\\") {
      const point = String.fromCodePoint(sql.codePointAt(at) ?? 0);
      text += what === "bytes" ? Buffer.from(point).toString("latin1") : point;
      at += point.length;
    } else if (raw) {
      text += ch + (sql[at + 1] ?? "");
      at += 2;
    } else {
      const [value, length] = readEscape(sql, at, what);
      text += value;
      at += length;
    }
  }
  throw new WarehouseError("invalidQuery", `Syntax error: Unclosed ${what} literal`);
}

const SIMPLE = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ["?", "?"],
  ['"', '"'],
  ["'", "'"],
  ["`", "`"],
]);

function readEscape(sql: string, at: number, what: string): [string, number] {
  const simple = SIMPLE.get(sql[at + 1] ?? "");
  if (simple !== undefined) return [simple, 2];
  const text = sql.slice(at, at + 10);
  const code =
    /^\\[xX]([0-9a-fA-F]{2})/.exec(text) ??
    (what === "bytes" ? null : (/^\\u([0-9a-fA-F]{4})/.exec(text) ?? /^\\U([0-9a-fA-F]{8})/.exec(text)));
  if (code) {
    const point = Number.parseInt(code[1] ?? "", 16);
    if (point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff))
      return [String.fromCodePoint(point), code[0].length];
  }
  const octal = /^\\([0-3][0-7]{2})/.exec(text);
  if (octal) return [String.fromCharCode(Number.parseInt(octal[1] ?? "", 8)), 4];
  throw new WarehouseError("invalidQuery", "Syntax error: Illegal escape sequence");
}
