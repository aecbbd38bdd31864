import { RESERVED_KEYWORDS } from "../keywords.ts";
import { type Token, tokenize } from "../lexer.ts";
import { LIMITS } from "../limits.ts";
import { SqlError } from "../sql-error.ts";
import type { Identifier } from "../tree.ts";

/** A place in the tokens of one text, and the bound on how deep the parser may go (I10). */
export class Cursor {
  protected readonly sql: string;
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #at = 0;
  #nesting = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokenize(sql);
    const end = this.#tokens.at(-1);
    if (end === undefined) throw new Error("the last token is always the end");
    this.#end = end;
  }

  protected peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? this.#end;
  }

  protected advance(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  /** The offset behind the last token taken. */
  protected previousEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  protected atSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "symbol" && token.text === text;
  }

  protected atKeyword(keyword: string, ahead = 0): boolean {
    return this.peek(ahead).keyword === keyword;
  }

  protected atAnyKeyword(keywords: readonly string[], ahead = 0): boolean {
    const { keyword } = this.peek(ahead);
    return keyword !== "" && keywords.includes(keyword);
  }

  /** Two symbols without a space between them, such as `<` `>`. */
  protected atAdjacent(first: string, second: string): boolean {
    return this.atSymbol(first) && this.atSymbol(second, 1) && this.peek().end === this.peek(1).start;
  }

  protected takeSymbol(text: string): boolean {
    if (!this.atSymbol(text)) return false;
    this.#at++;
    return true;
  }

  protected takeKeyword(keyword: string): boolean {
    if (!this.atKeyword(keyword)) return false;
    this.#at++;
    return true;
  }

  protected expectSymbol(text: string): Token {
    if (!this.atSymbol(text)) throw this.unexpected(`"${text}"`);
    return this.advance();
  }

  protected expectKeyword(keyword: string): Token {
    if (!this.atKeyword(keyword)) throw this.unexpected(`keyword ${keyword}`);
    return this.advance();
  }

  protected atIdentifier(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "quoted" || (token.kind === "name" && !RESERVED_KEYWORDS.has(token.keyword));
  }

  /** `identifier: quoted | name but no reserved keyword` */
  protected identifier(): Identifier {
    if (!this.atIdentifier()) throw this.unexpected("identifier");
    const { text, start, end } = this.advance();
    return { kind: "Identifier", name: text, start, end };
  }

  /** `alias: ["AS"] identifier` */
  protected alias(): Identifier | null {
    if (this.takeKeyword("AS")) return this.identifier();
    return this.atIdentifier() ? this.identifier() : null;
  }

  /** `path: identifier ("." identifier)*` */
  protected path(): Identifier[] {
    return this.partedBy(".", () => this.identifier());
  }

  /** `list: item ("," item)*` */
  protected list<T>(item: () => T): T[] {
    return this.partedBy(",", item);
  }

  /** An array that grows has room for sixteen more: what stays in the tree is made as long as it is. */
  protected partedBy<T>(symbol: string, item: () => T): T[] {
    const first = item();
    if (!this.takeSymbol(symbol)) return [first];
    const second = item();
    if (!this.takeSymbol(symbol)) return [first, second];
    const items = [first, second];
    do items.push(item());
    while (this.takeSymbol(symbol));
    return items.slice();
  }

  /** `parenthesized: "(" item ")"` */
  protected parenthesized<T>(item: () => T): T {
    this.expectSymbol("(");
    const result = item();
    this.expectSymbol(")");
    return result;
  }

  /**
   * `hint: ["@" integer] ["@" "{" [hint_entry ("," hint_entry)*] "}"]`, `hint_entry: identifier ["." identifier] "=" (identifier | literal)`
   *
   * Advice to whoever runs the statement, which changes no result. It is read and left out, as a comment is.
   * https://github.com/google/googlesql/blob/master/docs/lexical.md#hints
   */
  protected hint(): void {
    if (this.atSymbol("@") && this.peek(1).kind === "integer") {
      this.advance();
      this.advance();
    }
    if (!this.atSymbol("@") || !this.atSymbol("{", 1)) return;
    this.advance();
    this.advance();
    if (!this.atSymbol("}")) this.list(() => this.#hintEntry());
    this.expectSymbol("}");
  }

  #hintEntry(): void {
    this.identifier();
    if (this.takeSymbol(".")) this.identifier();
    this.expectSymbol("=");
    const { kind, keyword } = this.peek();
    const literal =
      kind === "integer" || kind === "float" || kind === "string" || keyword === "TRUE" || keyword === "FALSE";
    if (literal) this.advance();
    else this.identifier();
  }

  /** Every recursion of the grammar passes through here, so that no text can exhaust the stack. */
  protected nested<T>(parse: () => T): T {
    if (this.#nesting >= LIMITS.nesting) {
      throw this.error("limit", `SQL is nested deeper than ${LIMITS.nesting} levels; flatten it.`);
    }
    this.#nesting++;
    const result = parse();
    this.#nesting--;
    return result;
  }

  protected error(code: SqlError["code"], message: string, at: number = this.peek().start): SqlError {
    return SqlError.at(this.sql, at, code, message);
  }

  protected unsupported(what: string): SqlError {
    return this.error("unsupported", `${what} not supported; rewrite the query without it.`);
  }

  /** The token in hand cannot stand here. Says what kind of token it is, never what it holds (I9). */
  protected unexpected(expected?: string): SqlError {
    if (this.atSymbol("@") && (this.atSymbol("{", 1) || this.peek(1).kind === "integer")) {
      return this.unsupported("A hint (@{…}) in this place is");
    }
    if (this.atSymbol("{")) return this.unsupported("A constructor in braces is");
    if (this.atSymbol("**")) return this.unsupported("Unpacking (**) is");
    const found = describe(this.peek());
    return this.error(
      "syntax",
      expected === undefined
        ? `Syntax error: Unexpected ${found}.`
        : `Syntax error: Expected ${expected} but got ${found}.`,
    );
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case "name":
      return RESERVED_KEYWORDS.has(token.keyword) ? `keyword ${token.keyword}` : "identifier";
    case "quoted":
      return "quoted identifier";
    case "integer":
      return "integer literal";
    case "float":
      return "floating point literal";
    case "string":
      return "string literal";
    case "bytes":
      return "bytes literal";
    case "symbol":
      return `"${token.text}"`;
    case "end":
      return "end of input";
  }
}
