import type { BytesLiteral, Expression, FloatLiteral, Parameter, StringLiteral, SystemVariable } from "../tree.ts";
import { TypeParser } from "./types.ts";

/** Literals, and the parameters and system variables that may stand in their place. */
export class LiteralParser extends TypeParser {
  #positionalParameters = 0;

  protected floatLiteral(): FloatLiteral {
    const { text, start, end } = this.advance();
    return { kind: "FloatLiteral", text: canonicalFloat(text), start, end };
  }

  protected stringLiteral(): StringLiteral {
    const { start } = this.peek();
    return { kind: "StringLiteral", value: this.string(), start, end: this.previousEnd() };
  }

  protected bytesLiteral(): BytesLiteral {
    const { start } = this.peek();
    return { kind: "BytesLiteral", value: this.#adjacentLiterals("bytes"), start, end: this.previousEnd() };
  }

  /** `string: string_token+`, parted by whitespace or comments; the value is their concatenation. */
  protected string(): string {
    return this.#adjacentLiterals("string");
  }

  #adjacentLiterals(kind: "string" | "bytes"): string {
    if (this.peek().kind !== kind) throw this.unexpected(`${kind} literal`);
    let value = this.advance().text;
    while (this.peek().kind === "string" || this.peek().kind === "bytes") {
      if (this.peek().kind !== kind) throw this.unexpected(`${kind} literal`);
      if (this.peek().start === this.previousEnd()) {
        throw this.error("syntax", "Syntax error: Concatenated literals must be separated by whitespace or comments.");
      }
      value += this.advance().text;
    }
    return value;
  }

  /** `parameter_or_variable: "?" | "@" identifier | "@@" path` */
  protected parameterOrVariable(): Parameter | SystemVariable {
    const { start, end } = this.peek();
    if (this.takeSymbol("?")) {
      return { kind: "Parameter", name: null, position: this.#positionalParameters++, start, end };
    }
    if (this.atSymbol("@") && (this.peek(1).kind === "name" || this.peek(1).kind === "quoted")) {
      this.advance();
      const name = this.identifier();
      return { kind: "Parameter", name: name.name, position: null, start, end: name.end };
    }
    if (this.takeSymbol("@@")) {
      const parts = this.path();
      return { kind: "SystemVariable", parts, start, end: this.previousEnd() };
    }
    throw this.unexpected();
  }

  /** `limit_count: integer | parameter | "CAST" "(" limit_count "AS" type ")"` */
  protected limitCount(): Expression {
    const { start } = this.peek();
    if (this.takeKeyword("CAST")) {
      this.expectSymbol("(");
      const operand = this.nested(() => this.limitCount());
      this.expectKeyword("AS");
      const type = this.type();
      const { end } = this.expectSymbol(")");
      return { kind: "CastExpression", safe: false, operand, type, format: null, timeZone: null, start, end };
    }
    return this.integerOrParameter();
  }

  /** `integer_or_parameter: integer | parameter` */
  protected integerOrParameter(): Expression {
    return this.atSymbol("@") || this.atSymbol("?") ? this.parameterOrVariable() : this.integer();
  }
}

/** `1.`, `.5`, `1E+5` as `1.0`, `0.5`, `1e+5`, so that no reader takes the dot for anything else. */
function canonicalFloat(text: string): string {
  const [, whole = "", fraction, exponent = ""] = /^([0-9]*)(?:\.([0-9]*))?(.*)$/.exec(text) ?? [];
  const point = fraction === undefined ? "" : `.${fraction === "" ? "0" : fraction}`;
  return `${whole === "" ? "0" : whole}${point}${exponent.toLowerCase()}`;
}
