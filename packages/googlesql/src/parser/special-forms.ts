import type {
  ArrayType,
  CaseWhen,
  DatePart,
  Expression,
  Query,
  StructField,
  StructType,
  SubqueryExpression,
  WithBinding,
} from "../tree.ts";
import { CallParser } from "./calls.ts";
import { isPlainName } from "./date-parts.ts";

/** What begins with a word of its own: CASE, CAST, EXTRACT, INTERVAL, STRUCT, ARRAY, WITH, and queries as values. */
export abstract class SpecialFormParser extends CallParser {
  protected abstract query(): Query;

  /** `subquery: ["ARRAY" | "EXISTS"] "(" query ")"` */
  protected subquery(form: SubqueryExpression["form"], start: number): Expression {
    const query = this.parenthesized(() => this.query());
    return { kind: "SubqueryExpression", form, query, start, end: this.previousEnd() };
  }

  /** `array_keyword: "ARRAY" "(" query ")" | ["ARRAY" | array_type] array` */
  protected arrayKeyword(): Expression {
    const { start } = this.peek();
    if (this.atSymbol("<", 1)) return this.array(this.arrayType(), start);
    this.advance();
    return this.atSymbol("(") ? this.subquery("ARRAY", start) : this.array(null, start);
  }

  /** `array: "[" [expression ("," expression)*] "]"` */
  protected array(type: ArrayType | null, start: number): Expression {
    this.expectSymbol("[");
    const elements = this.atSymbol("]") ? [] : this.list(() => this.expression());
    const { end } = this.expectSymbol("]");
    return { kind: "ArrayExpression", type, elements, start, end };
  }

  /** `struct: ("STRUCT" | struct_type) "(" [struct_field ("," struct_field)*] ")"` */
  protected struct(): Expression {
    const { start } = this.peek();
    let type: StructType | null = null;
    if (this.atSymbol("<", 1)) type = this.structType();
    else this.advance();
    this.expectSymbol("(");
    const fields = this.atSymbol(")") ? [] : this.list(() => this.#structField());
    const { end } = this.expectSymbol(")");
    return { kind: "StructExpression", type, fields, start, end };
  }

  /** `struct_field: expression ["AS" identifier]` */
  #structField(): StructField {
    const expression = this.expression();
    const alias = this.takeKeyword("AS") ? this.identifier() : null;
    return { kind: "StructField", expression, alias, start: expression.start, end: this.previousEnd() };
  }

  /** `case: "CASE" [expression] ("WHEN" expression "THEN" expression)+ ["ELSE" expression] "END"` */
  protected case(): Expression {
    const { start } = this.expectKeyword("CASE");
    const operand = this.atKeyword("WHEN") ? null : this.expression();
    const whens: CaseWhen[] = [];
    do {
      const when = this.expectKeyword("WHEN");
      const condition = this.expression();
      this.expectKeyword("THEN");
      const then = this.expression();
      whens.push({ kind: "CaseWhen", when: condition, then, start: when.start, end: then.end });
    } while (this.atKeyword("WHEN"));
    const otherwise = this.takeKeyword("ELSE") ? this.expression() : null;
    const { end } = this.expectKeyword("END");
    return { kind: "CaseExpression", operand, whens, else: otherwise, start, end };
  }

  /** `cast: ("CAST" | "SAFE_CAST") "(" expression "AS" type ["FORMAT" expression [at_time_zone]] ")"` */
  protected cast(safe: boolean): Expression {
    const { start } = this.advance();
    this.expectSymbol("(");
    const operand = this.expression();
    this.expectKeyword("AS");
    const type = this.type();
    const format = this.takeKeyword("FORMAT") ? this.expression() : null;
    const timeZone = format === null ? null : this.#atTimeZone();
    const { end } = this.expectSymbol(")");
    return { kind: "CastExpression", safe, operand, type, format, timeZone, start, end };
  }

  /** `at_time_zone: ["AT" "TIME" "ZONE" expression]` */
  #atTimeZone(): Expression | null {
    if (!this.takeKeyword("AT")) return null;
    this.expectKeyword("TIME");
    this.expectKeyword("ZONE");
    return this.expression();
  }

  /** `extract: "EXTRACT" "(" date_part "FROM" expression [at_time_zone] ")"` */
  protected extract(): Expression {
    const { start } = this.expectKeyword("EXTRACT");
    this.expectSymbol("(");
    const part = this.#datePart();
    this.expectKeyword("FROM");
    const from = this.expression();
    const timeZone = this.#atTimeZone();
    const { end } = this.expectSymbol(")");
    return { kind: "ExtractExpression", part, from, timeZone, start, end };
  }

  /** `interval: "INTERVAL" expression date_part ["TO" date_part]` */
  protected interval(): Expression {
    const { start } = this.expectKeyword("INTERVAL");
    const value = this.expression();
    const part = this.#datePart();
    const toPart = this.takeKeyword("TO") ? this.#datePart() : null;
    return { kind: "IntervalExpression", value, part, toPart, start, end: this.previousEnd() };
  }

  /** `date_part: identifier ["(" identifier ")"]` */
  #datePart(): DatePart {
    const { start } = this.peek();
    const name = this.#datePartName();
    const weekday = this.atSymbol("(") ? this.parenthesized(() => this.#datePartName()) : null;
    return { kind: "DatePart", name, weekday, start, end: this.previousEnd() };
  }

  #datePartName(): string {
    const token = this.peek();
    const { name } = this.identifier();
    if (!isPlainName(name)) throw this.error("syntax", "Syntax error: Not a date part.", token.start);
    return name.toUpperCase();
  }

  /** `with_expression: "WITH" "(" (identifier "AS" expression ",")+ expression ")"` */
  protected withExpression(): Expression {
    const { start } = this.expectKeyword("WITH");
    this.expectSymbol("(");
    const bindings: WithBinding[] = [];
    do {
      const name = this.identifier();
      this.expectKeyword("AS");
      const expression = this.expression();
      bindings.push({ kind: "WithBinding", name, expression, start: name.start, end: expression.end });
      this.expectSymbol(",");
    } while (this.atIdentifier() && this.atKeyword("AS", 1));
    const result = this.expression();
    const { end } = this.expectSymbol(")");
    return { kind: "WithExpression", bindings, result, start, end };
  }
}
