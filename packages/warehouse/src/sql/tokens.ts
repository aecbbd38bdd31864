/** Reading and writing runs of tokens: keywords, names, brackets, lists. */
import { WarehouseError } from "../errors.ts";
import { type Token, tokenize } from "./lexer.ts";

/** Tokens of GoogleSQL text that is put into a query. */
export function sql(text: string): Token[] {
  return tokenize(text).map((token) => ({ ...token, at: -1, end: -1 }));
}

export function quoted(name: string): Token {
  return { kind: "quoted", name, at: -1, end: -1 };
}

export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "word" && words.includes(token.text.toUpperCase());
}

export function isSymbol(token: Token | undefined, ...symbols: readonly string[]): boolean {
  return token?.kind === "symbol" && symbols.includes(token.text);
}

/** What an identifier says, quoted or not. */
export function nameText(token: Token | undefined): string | undefined {
  return token?.kind === "word" ? token.text : token?.kind === "quoted" ? token.name : undefined;
}

export function syntaxError(token: Token | undefined, expected?: string): WarehouseError {
  const found =
    token === undefined
      ? "Unexpected end of statement"
      : `Unexpected ${
          token.kind === "word" || token.kind === "symbol"
            ? JSON.stringify(token.text)
            : token.kind === "quoted"
              ? "identifier"
              : `${token.kind} literal`
        }`;
  return new WarehouseError(
    "invalidQuery",
    `Syntax error: ${expected === undefined ? found : `Expected ${expected} but got ${found.replace("Unexpected ", "")}`}`,
  );
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The index after the bracket that closes the one at `open`. */
export function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token?.kind !== "symbol") continue;
    if (Object.hasOwn(CLOSING, token.text)) depth += 1;
    else if (token.text === ")" || token.text === "]" || token.text === "}") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  throw syntaxError(undefined);
}

/** The index after the `>` that closes a type's `<` at `open`. */
export function closingAngle(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i += 1) {
    if (isSymbol(tokens[i], "<")) depth += 1;
    if (isSymbol(tokens[i], ">")) depth -= 1;
    if (isSymbol(tokens[i], ">>")) depth -= 2;
    if (depth <= 0) return i + 1;
  }
  throw syntaxError(undefined);
}

/** Splits at a separator outside of brackets; an empty last piece (a trailing comma) is dropped. */
export function splitAt(tokens: readonly Token[], separator: (token: Token, index: number) => boolean): Token[][] {
  const pieces: Token[][] = [];
  let piece: Token[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    if (isSymbol(token, "(", "[", "{")) {
      const end = closingOf(tokens, i);
      piece.push(...tokens.slice(i, end));
      i = end - 1;
    } else if (isWord(token, "ARRAY", "STRUCT", "RANGE") && isSymbol(tokens[i + 1], "<")) {
      const end = closingAngle(tokens, i + 1);
      piece.push(...tokens.slice(i, end));
      i = end - 1;
    } else if (separator(token, i)) {
      pieces.push(piece);
      piece = [];
    } else piece.push(token);
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}

export const splitCommas = (tokens: readonly Token[]): Token[][] => splitAt(tokens, (token) => isSymbol(token, ","));

/** Joins runs with a comma between. */
export function commaJoined(pieces: readonly (readonly Token[])[]): Token[] {
  return pieces.flatMap((piece, i) => (i === 0 ? piece : [...sql(","), ...piece]));
}

export function parenthesised(tokens: readonly Token[]): Token[] {
  return [...sql("("), ...tokens, ...sql(")")];
}

/** A place in a run of tokens that moves on as it reads. */
export class Cursor {
  readonly tokens: readonly Token[];
  at = 0;

  constructor(tokens: readonly Token[], at = 0) {
    this.tokens = tokens;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** Whether these keywords come next, one after the other. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, i) => isWord(this.peek(i), word));
  }

  /** Reads these keywords, if they are all there. */
  accept(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false;
    this.at += words.length;
    return true;
  }

  acceptSymbol(symbol: string): boolean {
    if (!isSymbol(this.peek(), symbol)) return false;
    this.at += 1;
    return true;
  }

  expect(...words: readonly string[]): void {
    if (!this.accept(...words)) throw syntaxError(this.peek(), `keyword ${words.join(" ")}`);
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw syntaxError(this.peek(), JSON.stringify(symbol));
  }

  /** One identifier. */
  name(): string {
    const name = nameText(this.peek());
    if (name === undefined) throw syntaxError(this.peek(), "identifier");
    this.at += 1;
    return name;
  }

  /** `a.b.c`, also with all of it in one pair of backquotes and with dashes in a bare project name. */
  path(): string[] {
    let first = this.name();
    while (isSymbol(this.peek(), "-") && this.peek(1)?.kind !== "string" && this.peek()?.at === this.peek(-1)?.end) {
      this.at += 1;
      const part = this.peek();
      const text = part?.kind === "number" ? part.text : nameText(part);
      if (text === undefined) throw syntaxError(part, "identifier");
      this.at += 1;
      first += `-${text}`;
    }
    const parts = first.split(".");
    while (isSymbol(this.peek(), ".")) {
      this.at += 1;
      parts.push(...this.name().split("."));
    }
    return parts;
  }

  /** What stands in the parentheses that come next. */
  group(): Token[] {
    if (!isSymbol(this.peek(), "(")) throw syntaxError(this.peek(), '"("');
    const end = closingOf(this.tokens, this.at);
    const inside = this.tokens.slice(this.at + 1, end - 1);
    this.at = end;
    return inside;
  }

  /** Everything up to where `stop` holds, outside of brackets, or to the end. */
  until(stop: (cursor: Cursor) => boolean): Token[] {
    const start = this.at;
    while (!this.done && !stop(this)) {
      this.at = isSymbol(this.peek(), "(", "[", "{") ? closingOf(this.tokens, this.at) : this.at + 1;
    }
    return this.tokens.slice(start, this.at);
  }

  rest(): Token[] {
    const rest = this.tokens.slice(this.at);
    this.at = this.tokens.length;
    return rest;
  }
}

/** What is passed to a table function: `TABLE t`, or a query in parentheses. */
export function tableRows(argument: readonly Token[]): Token[] {
  if (isWord(argument[0], "TABLE")) return [...sql("SELECT * FROM"), ...argument.slice(1)];
  return new Cursor(argument).group();
}
