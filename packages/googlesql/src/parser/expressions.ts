import {
  CALLS_WITHOUT_PARENTHESES,
  DATE_PART_ARGUMENT,
  FUNCTION_KEYWORDS,
  PLAIN_IDENTIFIER,
  RESERVED_KEYWORDS,
  SPECIAL_CALLS,
} from "../keywords.ts";
import type {
  AggregateInput,
  Argument,
  ArrayType,
  BinaryExpression,
  CaseWhen,
  ComparisonExpression,
  DatePart,
  Expression,
  ExpressionList,
  FrameBound,
  FunctionCall,
  HavingModifier,
  Identifier,
  InExpression,
  LambdaArgument,
  OrderItem,
  PathExpression,
  Query,
  QueryOperand,
  StringLiteral,
  StructField,
  StructType,
  SubqueryExpression,
  Subscript,
  TypedLiteral,
  UnnestOperand,
  Window,
  WindowFrame,
  WindowSpecification,
  WithBinding,
} from "../tree.ts";
import { TypeParser } from "./types.ts";

type Operator = BinaryExpression["operator"];

interface OperatorInHand {
  readonly operator: Operator;
  readonly level: number;
}

/** From loose to tight, as in Google's grammar, where `||` binds tighter than `+`. All associate to the left. */
const BINARY_LEVELS: readonly (readonly Operator[])[] = [
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
  ["||"],
  ["*", "/"],
];

const BINARY_OPERATORS: ReadonlyMap<string, OperatorInHand> = new Map(
  BINARY_LEVELS.flatMap((operators, level) => operators.map((operator) => [operator, { operator, level }])),
);

const COMPARISONS: ReadonlyMap<string, ComparisonExpression["operator"]> = new Map(
  (["=", "!=", "<", "<=", ">", ">="] as const).map((operator) => [operator, operator]),
);

const TYPED_LITERALS: ReadonlyMap<string, TypedLiteral["type"]> = new Map([
  ["NUMERIC", "NUMERIC"],
  ["DECIMAL", "NUMERIC"],
  ["BIGNUMERIC", "BIGNUMERIC"],
  ["BIGDECIMAL", "BIGNUMERIC"],
  ["DATE", "DATE"],
  ["DATETIME", "DATETIME"],
  ["TIME", "TIME"],
  ["TIMESTAMP", "TIMESTAMP"],
  ["JSON", "JSON"],
]);

const SUBSCRIPT_ACCESSORS = ["OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"] as const;

export const SET_OPERATORS: readonly string[] = ["UNION", "INTERSECT", "EXCEPT"];

/** Expressions, by recursive descent; binary operators by precedence climbing. */
export abstract class ExpressionParser extends TypeParser {
  #positionalParameters = 0;

  protected abstract query(): Query;

  /** Goes on with a query whose first part, `(first)`, has been read. */
  protected abstract queryAfter(first: Query, start: number): Query;

  // ------------------------------------------------------------------------------------------------- operators

  /** `expression: and_expression ("OR" and_expression)*` */
  protected expression(): Expression {
    return this.nested(this.#or);
  }

  readonly #or = (): Expression => this.#logical("OR", this.#and);
  readonly #and = (): Expression => this.#logical("AND", this.#negated);
  readonly #negated = (): Expression => this.#not();

  /** `and_expression: not_expression ("AND" not_expression)*` */
  #logical(operator: "AND" | "OR", operand: () => Expression): Expression {
    const first = operand();
    if (!this.atKeyword(operator)) return first;
    const operands = [first];
    while (this.takeKeyword(operator)) operands.push(operand());
    return { kind: "LogicalExpression", operator, operands, start: first.start, end: this.previousEnd() };
  }

  /** `not_expression: "NOT" not_expression | comparison` */
  #not(): Expression {
    const { start } = this.peek();
    if (!this.takeKeyword("NOT")) return this.#comparison();
    const operand = this.nested(() => this.#not());
    return { kind: "NotExpression", operand, start, end: operand.end };
  }

  /**
   * Comparisons do not associate: one at most, then the expression is over.
   * ```
   * comparison: binary [ ("=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") binary
   *                    | "IS" ["NOT"] ("NULL" | "TRUE" | "FALSE" | "UNKNOWN" | "DISTINCT" "FROM" binary)
   *                    | ["NOT"] "IN" in_source
   *                    | ["NOT"] "BETWEEN" binary "AND" binary
   *                    | ["NOT"] "LIKE" (binary | ("ANY" | "SOME" | "ALL") in_source) ]
   * ```
   */
  #comparison(): Expression {
    const left = this.#binary(0);
    const at = { start: left.start, end: left.end };
    const comparison = this.#comparisonOperator();
    if (comparison !== null) {
      if (this.atAnyKeyword(["ANY", "SOME", "ALL"])) throw this.unsupported("Comparison with ANY, SOME or ALL is");
      const right = this.#binary(0);
      return { kind: "ComparisonExpression", operator: comparison, left, right, ...at, end: right.end };
    }
    if (this.takeKeyword("IS")) return this.#is(left);
    const not = this.atKeyword("NOT") && this.atAnyKeyword(["IN", "BETWEEN", "LIKE"], 1);
    if (not) this.advance();
    if (this.takeKeyword("IN")) {
      const source = unwrapQuery(this.#inSource());
      return { kind: "InExpression", operand: left, not, source, ...at, end: source.end };
    }
    if (this.takeKeyword("BETWEEN")) {
      const low = this.#binary(0);
      this.expectKeyword("AND");
      const high = this.#binary(0);
      return { kind: "BetweenExpression", operand: left, not, low, high, ...at, end: high.end };
    }
    if (this.takeKeyword("LIKE")) {
      if (this.atAnyKeyword(["ANY", "SOME", "ALL"])) {
        const quantifier = this.advance().keyword === "ALL" ? "ALL" : "ANY";
        const patterns = this.#inSource();
        return { kind: "QuantifiedLike", operand: left, not, quantifier, patterns, ...at, end: patterns.end };
      }
      const pattern = this.#binary(0);
      return { kind: "LikeExpression", operand: left, not, pattern, ...at, end: pattern.end };
    }
    return left;
  }

  #comparisonOperator(): ComparisonExpression["operator"] | null {
    if (this.atAdjacent("<", ">")) {
      this.advance();
      this.advance();
      return "!=";
    }
    const { kind, text } = this.peek();
    const operator = kind === "symbol" ? COMPARISONS.get(text) : undefined;
    if (operator === undefined) return null;
    this.advance();
    return operator;
  }

  #is(left: Expression): Expression {
    const not = this.takeKeyword("NOT");
    const { start } = left;
    if (this.takeKeyword("DISTINCT")) {
      this.expectKeyword("FROM");
      const right = this.#binary(0);
      return { kind: "IsDistinctFrom", left, not, right, start, end: right.end };
    }
    const { keyword } = this.peek();
    if (keyword !== "NULL" && keyword !== "TRUE" && keyword !== "FALSE" && keyword !== "UNKNOWN") {
      throw this.unexpected("keyword NULL, TRUE, FALSE, UNKNOWN or DISTINCT");
    }
    this.advance();
    return { kind: "IsExpression", operand: left, not, test: keyword, start, end: this.previousEnd() };
  }

  /** `in_source: "(" query ")" | "(" expression ("," expression)* ")" | "UNNEST" "(" expression ")"` */
  #inSource(): ExpressionList | QueryOperand | UnnestOperand {
    const { start } = this.peek();
    if (this.takeKeyword("UNNEST")) {
      const expression = this.parenthesized(() => this.expression());
      return { kind: "UnnestOperand", expression, start, end: this.previousEnd() };
    }
    this.expectSymbol("(");
    const first = this.atQuery() ? this.query() : this.#expressionOrQuery();
    if (first.kind === "Query") {
      const { end } = this.expectSymbol(")");
      return { kind: "QueryOperand", query: first, start, end };
    }
    const items = [first];
    while (this.takeSymbol(",")) items.push(this.expression());
    const { end } = this.expectSymbol(")");
    return { kind: "ExpressionList", items, start, end };
  }

  /** `binary: unary (operator unary)*`, operators of `level` and tighter. */
  #binary(level: number): Expression {
    const first = this.#unary();
    let left = first;
    for (;;) {
      const found = this.#binaryOperator(level);
      if (found === null) return left;
      // One operator repeated is one node with many operands, however long the chain.
      const operands = [left];
      let again: OperatorInHand | null = found;
      while (again !== null && again.operator === found.operator) {
        this.advance();
        if (found.operator === ">>") this.advance();
        operands.push(this.#binary(found.level + 1));
        again = this.#binaryOperator(level);
      }
      left = {
        kind: "BinaryExpression",
        operator: found.operator,
        operands,
        start: first.start,
        end: this.previousEnd(),
      };
    }
  }

  #binaryOperator(from: number): OperatorInHand | null {
    const { kind, text } = this.peek();
    if (kind !== "symbol") return null;
    const found = BINARY_OPERATORS.get(text === ">" && this.atAdjacent(">", ">") ? ">>" : text);
    return found !== undefined && found.level >= from ? found : null;
  }

  /** `unary: ("-" | "+" | "~") unary | postfix` */
  #unary(): Expression {
    const { start, text } = this.peek();
    if (this.peek().kind !== "symbol" || (text !== "-" && text !== "+" && text !== "~")) return this.#postfix();
    this.advance();
    const operand = this.nested(() => this.#unary());
    return { kind: "UnaryExpression", operator: text, operand, start, end: operand.end };
  }

  /** `postfix: primary ("." identifier [call] | "." "(" path ")" call | "[" subscript "]")*` */
  #postfix(): Expression {
    // `1 .f()` is no call, `(1).f()` is.
    const bareNumber = this.peek().kind === "integer" || this.peek().kind === "float";
    let operand = this.#primary();
    const { start } = operand;
    for (;;) {
      if (this.atSymbol(".") && !this.atSymbol("*", 1)) {
        this.advance();
        const parenthesized = this.atSymbol("(");
        const name = parenthesized ? this.parenthesized(() => this.path()) : [this.#fieldName()];
        const [field] = name;
        if (this.atSymbol("(") && !(bareNumber && operand.start === start && operand.kind !== "FunctionCall")) {
          operand = this.#call(name, start, operand);
        } else if (parenthesized || field === undefined) {
          throw this.unsupported("Field access in parentheses (a.(b)) is");
        } else {
          operand = { kind: "FieldAccess", operand, field, start, end: field.end };
        }
      } else if (this.atSymbol("[")) {
        operand = this.#subscript(operand);
      } else {
        return operand;
      }
    }
  }

  /** Behind a literal the lexer takes `if` in `'a'.if(…)` for a keyword. */
  #fieldName(): Identifier {
    const { keyword, text, start, end } = this.peek();
    if (!FUNCTION_KEYWORDS.has(keyword) || !this.atSymbol("(", 1)) return this.identifier();
    this.advance();
    return { kind: "Identifier", name: text, start, end };
  }

  /** `subscript: ("OFFSET" | "ORDINAL" | "SAFE_OFFSET" | "SAFE_ORDINAL") "(" expression ")" | expression` */
  #subscript(operand: Expression): Expression {
    this.expectSymbol("[");
    if (this.atAnyKeyword(["KEY", "SAFE_KEY"]) && this.atSymbol("(", 1)) {
      throw this.unsupported("A PROTO map access is");
    }
    // Google's resolver looks at the call, so quotes around its name or parentheses around it change nothing.
    const written = this.expression();
    const called = accessorCall(written);
    const [accessor, index] = called ?? [null, written];
    const { end } = this.expectSymbol("]");
    return { kind: "Subscript", operand, accessor, index, start: operand.start, end };
  }

  // --------------------------------------------------------------------------------------------------- primary

  /**
   * ```
   * primary: literal | parameter | system_variable | case | cast | extract | interval | struct | array | subquery
   *        | with_expression | "(" expression ")" | tuple | path | function_call
   * ```
   */
  #primary(): Expression {
    const token = this.peek();
    const { start, end, text } = token;
    switch (token.kind) {
      case "integer":
        return this.integer();
      case "float":
        this.advance();
        return { kind: "FloatLiteral", text: canonicalFloat(text), start, end };
      case "string":
        return this.stringLiteral();
      case "bytes":
        return { kind: "BytesLiteral", value: this.#adjacentLiterals("bytes"), start, end: this.previousEnd() };
      case "symbol":
        return this.#primarySymbol();
      case "quoted":
        return this.#pathOrCall();
      case "name":
        return this.#primaryName();
      case "end":
        throw this.unexpected();
    }
  }

  #primarySymbol(): Expression {
    const { start, end } = this.peek();
    if (this.atSymbol("(")) return this.#parentheses();
    if (this.atSymbol("[")) return this.#array(null, start);
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

  #primaryName(): Expression {
    const { keyword, start, end } = this.peek();
    const literalType = TYPED_LITERALS.get(keyword);
    if (literalType !== undefined && this.peek(1).kind === "string") {
      this.advance();
      return { kind: "TypedLiteral", type: literalType, value: this.string(), start, end: this.previousEnd() };
    }
    switch (keyword) {
      case "NULL":
        this.advance();
        return { kind: "NullLiteral", start, end };
      case "TRUE":
      case "FALSE":
        this.advance();
        return { kind: "BooleanLiteral", value: keyword === "TRUE", start, end };
      case "CASE":
        return this.#case();
      case "CAST":
        return this.#cast(false);
      case "SAFE_CAST":
        if (this.atSymbol("(", 1)) return this.#cast(true);
        break;
      case "EXTRACT":
        return this.#extract();
      case "INTERVAL":
        return this.#interval();
      case "STRUCT":
        return this.#struct();
      case "ARRAY":
        return this.#arrayKeyword();
      case "EXISTS":
        this.advance();
        return this.#subquery("EXISTS", start);
      case "WITH":
        return this.#withExpression();
      case "NEW":
        throw this.unsupported("NEW is");
      case "REPLACE_FIELDS":
        if (this.atSymbol("(", 1)) throw this.unsupported("REPLACE_FIELDS is");
        break;
      case "RANGE":
        if (this.atSymbol("<", 1)) {
          const type = this.rangeType();
          return { kind: "RangeLiteral", type, value: this.string(), start, end: this.previousEnd() };
        }
        break;
    }
    if (FUNCTION_KEYWORDS.has(keyword) && this.atSymbol("(", 1)) {
      this.advance();
      return this.#call([{ kind: "Identifier", name: keyword, start, end }], start);
    }
    if (CALLS_WITHOUT_PARENTHESES.has(keyword) && !this.atSymbol("(", 1)) {
      this.advance();
      return emptyCall([{ kind: "Identifier", name: keyword, start, end }], start, end);
    }
    return this.#pathOrCall();
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

  /** `path_or_call: identifier ("." identifier)* [call]` */
  #pathOrCall(): Expression {
    const parts = [this.identifier()];
    const start = parts[0]?.start ?? 0;
    while (this.atSymbol(".") && !this.atSymbol("*", 1) && !this.atSymbol("(", 1)) {
      this.advance();
      parts.push(this.identifier());
    }
    if (this.atSymbol("(")) return this.#call(parts.length === 1 ? parts.map(asKeyword) : parts, start);
    return { kind: "PathExpression", parts, start, end: this.previousEnd() };
  }

  /** `parentheses: "(" query ")" | "(" expression ")" | "(" expression ("," expression)+ ")"` */
  #parentheses(): Expression {
    const { start } = this.expectSymbol("(");
    const first = this.atQuery() ? this.query() : this.#expressionOrQuery();
    if (first.kind === "Query") {
      const { end } = this.expectSymbol(")");
      return { kind: "SubqueryExpression", form: "SCALAR", query: first, start, end };
    }
    if (this.takeSymbol(")")) return first;
    const elements = [first];
    while (this.takeSymbol(",")) elements.push(this.expression());
    const { end } = this.expectSymbol(")");
    return { kind: "TupleExpression", elements, start, end };
  }

  /** An expression, unless it was a query in parentheses that goes on: `(SELECT 1) UNION ALL …`. */
  #expressionOrQuery(): Expression | Query {
    const expression = this.atSymbol("(") ? this.expression() : null;
    if (expression === null) return this.expression();
    return isScalarSubquery(expression) && this.atQueryContinuation()
      ? this.queryAfter(expression.query, expression.start)
      : expression;
  }

  /** Whether the next tokens start a query rather than an expression: `SELECT`, `WITH name AS`, `FROM`, `TABLE t`. */
  protected atQuery(): boolean {
    return this.atKeyword("SELECT") || this.atKeyword("FROM") || (this.atKeyword("WITH") && !this.atSymbol("(", 1));
  }

  /** Whether a query in parentheses goes on as a larger query: `((SELECT 1) UNION ALL …`. */
  protected atQueryContinuation(): boolean {
    return this.atAnyKeyword(["ORDER", "LIMIT"]) || this.atSymbol("|>") || this.atSetOperator();
  }

  /** `[["FULL" | "LEFT"] ["OUTER"] | "INNER"] ("UNION" | "INTERSECT" | "EXCEPT")`, and not the join of these names. */
  protected atSetOperator(): boolean {
    if (this.atAnyKeyword(SET_OPERATORS)) return true;
    if (!this.atAnyKeyword(["FULL", "LEFT", "INNER", "OUTER"])) return false;
    return this.atAnyKeyword(SET_OPERATORS, this.atKeyword("OUTER", 1) ? 2 : 1);
  }

  /** `subquery: ["ARRAY" | "EXISTS"] "(" query ")"` */
  #subquery(form: SubqueryExpression["form"], start: number): Expression {
    const query = this.parenthesized(() => this.query());
    return { kind: "SubqueryExpression", form, query, start, end: this.previousEnd() };
  }

  /** `array_keyword: "ARRAY" "(" query ")" | ["ARRAY" | array_type] array` */
  #arrayKeyword(): Expression {
    const { start } = this.peek();
    if (this.atSymbol("<", 1)) return this.#array(this.arrayType(), start);
    this.advance();
    return this.atSymbol("(") ? this.#subquery("ARRAY", start) : this.#array(null, start);
  }

  /** `array: "[" [expression ("," expression)*] "]"` */
  #array(type: ArrayType | null, start: number): Expression {
    this.expectSymbol("[");
    const elements = this.atSymbol("]") ? [] : this.list(() => this.expression());
    const { end } = this.expectSymbol("]");
    return { kind: "ArrayExpression", type, elements, start, end };
  }

  /** `struct: ("STRUCT" | struct_type) "(" [struct_field ("," struct_field)*] ")"` */
  #struct(): Expression {
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
  #case(): Expression {
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
  #cast(safe: boolean): Expression {
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
  #extract(): Expression {
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
  #interval(): Expression {
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
  #withExpression(): Expression {
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

  // --------------------------------------------------------------------------------------------- function calls

  /**
   * ```
   * call: "(" ["DISTINCT"] ["*" | argument ("," argument)*] [("IGNORE" | "RESPECT") "NULLS"]
   *       ["WHERE" expression] ["HAVING" ("MAX" | "MIN") expression | "GROUP" "BY" expression ("," expression)* ["HAVING" expression]] [order_by] ["LIMIT" limit_count] ")" ["OVER" window]
   * ```
   * In a chained call, `first.name(…)`, the first argument has been read.
   */
  #call(name: readonly Identifier[], start: number, first: Expression | null = null): Expression {
    this.expectSymbol("(");
    const distinct = this.takeKeyword("DISTINCT");
    const listed = first === null ? this.#arguments(distinct) : [first, ...this.#chainedArguments()];
    const nulls = this.#nullHandling();
    const { start: inputStart } = this.peek();
    const where = this.takeKeyword("WHERE") ? this.expression() : null;
    const having = this.#havingModifier();
    const input = having === null ? this.#aggregateInput(where, inputStart) : onlyWhere(where, inputStart);
    const orderBy = this.orderBy();
    const limit = this.takeKeyword("LIMIT") ? this.limitCount() : null;
    this.expectSymbol(")");
    if (this.atKeyword("WITHIN")) throw this.unsupported("WITHIN is");
    const over = this.takeKeyword("OVER") ? this.window() : null;
    return {
      kind: "FunctionCall",
      name,
      chained: first !== null,
      distinct,
      arguments: withDatePart(name, listed),
      nulls,
      input,
      having,
      orderBy,
      limit,
      over,
      start,
      end: this.previousEnd(),
    };
  }

  #arguments(distinct: boolean): Argument[] {
    const { start, end } = this.peek();
    if (!distinct && this.takeSymbol("*")) {
      const list: Argument[] = [{ kind: "StarArgument", start, end }];
      while (this.takeSymbol(",")) {
        const argument = this.argument();
        if (argument.kind !== "NamedArgument") throw this.unsupported("An argument without name behind * is");
        list.push(argument);
      }
      return list;
    }
    if (!distinct && this.#atCallEnd()) return [];
    return this.list(() => this.argument());
  }

  #chainedArguments(): Argument[] {
    return this.#atCallEnd() ? [] : this.list(() => this.argument());
  }

  #atCallEnd(): boolean {
    return this.atSymbol(")") || this.atAnyKeyword(["IGNORE", "RESPECT", "HAVING", "ORDER", "LIMIT", "WHERE", "GROUP"]);
  }

  /** `argument: expression | identifier "=>" (expression | lambda) | lambda` */
  protected argument(): Argument {
    if (this.atIdentifier() && this.atSymbol("=>", 1)) {
      const name = this.identifier();
      this.advance();
      const value = this.#lambdaOrExpression();
      return { kind: "NamedArgument", name, value, start: name.start, end: value.end };
    }
    const argument = this.#lambdaOrExpression();
    if (this.atKeyword("AS")) throw this.unsupported("An alias of a function's argument is");
    return argument;
  }

  /** `lambda: (identifier | "(" identifier ("," identifier)* ")") "->" expression` */
  #lambdaOrExpression(): Expression | LambdaArgument {
    const head = this.expression();
    if (!this.atSymbol("->")) return head;
    const elements = head.kind === "TupleExpression" ? head.elements : [head];
    const parameters = elements.map((element) => {
      const [name] = element.kind === "PathExpression" && element.parts.length === 1 ? element.parts : [];
      if (name === undefined) throw this.unexpected("a list of names before");
      return name;
    });
    this.advance();
    const body = this.expression();
    return { kind: "LambdaArgument", parameters, body, start: head.start, end: body.end };
  }

  #nullHandling(): FunctionCall["nulls"] {
    const { keyword } = this.peek();
    if (keyword !== "IGNORE" && keyword !== "RESPECT") return null;
    this.advance();
    this.expectKeyword("NULLS");
    return keyword;
  }

  #aggregateInput(where: Expression | null, start: number): AggregateInput | null {
    if (!this.takeKeyword("GROUP")) return onlyWhere(where, start);
    this.expectKeyword("BY");
    const groupBy = this.list(() => this.expression());
    const having = this.takeKeyword("HAVING") ? this.expression() : null;
    return { kind: "AggregateInput", where, groupBy, having, start, end: this.previousEnd() };
  }

  #havingModifier(): HavingModifier | null {
    const { start } = this.peek();
    if (!this.takeKeyword("HAVING")) return null;
    const { keyword } = this.peek();
    if (keyword !== "MAX" && keyword !== "MIN") throw this.unexpected("keyword MAX or MIN");
    this.advance();
    const expression = this.expression();
    return { kind: "HavingModifier", extreme: keyword, expression, start, end: expression.end };
  }

  /** `order_by: ["ORDER" "BY" order_item ("," order_item)*]` */
  protected orderBy(): OrderItem[] {
    if (!this.takeKeyword("ORDER")) return [];
    this.expectKeyword("BY");
    return this.list(() => this.orderItem());
  }

  /** `order_item: expression [collate] [order]` */
  protected orderItem(): OrderItem {
    const expression = this.expression();
    const collate = this.collate();
    const order = this.order();
    return { kind: "OrderItem", expression, collate, ...order, start: expression.start, end: this.previousEnd() };
  }

  /** `order: ["ASC" | "DESC"] ["NULLS" ("FIRST" | "LAST")]` */
  protected order(): Pick<OrderItem, "direction" | "nulls"> {
    const direction = this.takeKeyword("ASC") ? "ASC" : this.takeKeyword("DESC") ? "DESC" : null;
    let nulls: OrderItem["nulls"] = null;
    if (this.takeKeyword("NULLS")) {
      nulls = this.takeKeyword("FIRST") ? "FIRST" : "LAST";
      if (nulls === "LAST") this.expectKeyword("LAST");
    }
    return { direction, nulls };
  }

  /** `collate: ["COLLATE" (string | parameter | system_variable)]` */
  protected collate(): Expression | null {
    if (!this.takeKeyword("COLLATE")) return null;
    if (this.atSymbol("@") || this.atSymbol("@@") || this.atSymbol("?")) return this.#primarySymbol();
    return this.stringLiteral();
  }

  protected stringLiteral(): StringLiteral {
    const { start } = this.peek();
    return { kind: "StringLiteral", value: this.string(), start, end: this.previousEnd() };
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
    return this.atSymbol("@") || this.atSymbol("?") ? this.#primarySymbol() : this.integer();
  }

  /** `alias: ["AS"] identifier` */
  protected alias(): Identifier | null {
    if (this.takeKeyword("AS")) return this.identifier();
    return this.atIdentifier() ? this.identifier() : null;
  }

  /** An expression without comparison, NOT, AND and OR. */
  protected comparand(): Expression {
    return this.nested(() => this.#binary(0));
  }

  // ---------------------------------------------------------------------------------------------------- windows

  /** `window: identifier | window_specification` */
  protected window(): Window {
    if (this.atSymbol("(")) return this.#windowSpecification();
    const name = this.identifier();
    return { kind: "WindowName", name, start: name.start, end: name.end };
  }

  /** `window_specification: "(" [identifier] ["PARTITION" "BY" expression ("," expression)*] [order_by] [frame] ")"` */
  #windowSpecification(): WindowSpecification {
    const { start } = this.expectSymbol("(");
    const base = this.atIdentifier() ? this.identifier() : null;
    let partitionBy: Expression[] = [];
    if (this.takeKeyword("PARTITION")) {
      this.expectKeyword("BY");
      partitionBy = this.list(() => this.expression());
    }
    const orderBy = this.orderBy();
    const frame = this.#frame();
    const { end } = this.expectSymbol(")");
    return { kind: "WindowSpecification", base, partitionBy, orderBy, frame, start, end };
  }

  /** `frame: ("ROWS" | "RANGE") (frame_bound | "BETWEEN" frame_bound "AND" frame_bound)` */
  #frame(): WindowFrame | null {
    const { keyword, start } = this.peek();
    if (keyword !== "ROWS" && keyword !== "RANGE") return null;
    this.advance();
    const between = this.takeKeyword("BETWEEN");
    const from = this.#frameBound();
    if (between) this.expectKeyword("AND");
    const to = between ? this.#frameBound() : null;
    return { kind: "WindowFrame", unit: keyword, from, to, start, end: this.previousEnd() };
  }

  /** `frame_bound: "UNBOUNDED" ("PRECEDING" | "FOLLOWING") | "CURRENT" "ROW" | binary ("PRECEDING" | "FOLLOWING")` */
  #frameBound(): FrameBound {
    const { start } = this.peek();
    if (this.takeKeyword("CURRENT")) {
      this.expectKeyword("ROW");
      return { kind: "FrameBound", bound: "CURRENT ROW", offset: null, start, end: this.previousEnd() };
    }
    // No AND may stand in an offset: it parts the two bounds.
    const offset = this.takeKeyword("UNBOUNDED") ? null : this.#binary(0);
    const { keyword } = this.peek();
    if (keyword !== "PRECEDING" && keyword !== "FOLLOWING") throw this.unexpected("keyword PRECEDING or FOLLOWING");
    this.advance();
    const bound = offset === null ? (`UNBOUNDED ${keyword}` as const) : keyword;
    return { kind: "FrameBound", bound, offset, start, end: this.previousEnd() };
  }
}

/** `IN ((SELECT …))` is a query in two pairs of parentheses; `LIKE ANY ((SELECT …))` stays a list of one scalar subquery. */
function unwrapQuery(source: InExpression["source"]): InExpression["source"] {
  if (source.kind !== "ExpressionList" || source.items.length !== 1) return source;
  const [only] = source.items;
  const { start, end } = source;
  return only !== undefined && isScalarSubquery(only)
    ? { kind: "QueryOperand", query: only.query, start, end }
    : source;
}

function isScalarSubquery(expression: Expression): expression is SubqueryExpression {
  return expression.kind === "SubqueryExpression" && expression.form === "SCALAR";
}

function accessorCall(node: Expression): readonly [accessor: Subscript["accessor"], index: Expression] | null {
  if (node.kind !== "FunctionCall" || node.name.length !== 1 || node.arguments.length !== 1 || node.chained)
    return null;
  const name = node.name[0]?.name.toUpperCase();
  const accessor = SUBSCRIPT_ACCESSORS.find((known) => known === name);
  const [index] = node.arguments;
  const rows = node.input !== null || node.having !== null;
  const modified = rows || node.distinct || node.nulls !== null || node.limit !== null;
  if (accessor === undefined || index === undefined || modified || node.orderBy.length > 0 || node.over !== null)
    return null;
  return isExpression(index) ? [accessor, index] : null;
}

function onlyWhere(where: Expression | null, start: number): AggregateInput | null {
  return where && { kind: "AggregateInput", where, groupBy: [], having: null, start, end: where.end };
}

function isExpression(node: Argument): node is Expression {
  return node.kind !== "StarArgument" && node.kind !== "NamedArgument" && node.kind !== "LambdaArgument";
}

/** `` `if`(…) `` is the function that `IF(…)` is, and so printed. */
function asKeyword(name: Identifier): Identifier {
  const upper = name.name.toUpperCase();
  return FUNCTION_KEYWORDS.has(upper) ? { ...name, name: upper } : name;
}

function isPlainName(name: string): boolean {
  const upper = name.toUpperCase();
  return PLAIN_IDENTIFIER.test(name) && !RESERVED_KEYWORDS.has(upper) && !SPECIAL_CALLS.has(upper);
}

/** `1.`, `.5`, `1E+5` as `1.0`, `0.5`, `1e+5`, so that no reader takes the dot for anything else. */
function canonicalFloat(text: string): string {
  const [, whole = "", fraction, exponent = ""] = /^([0-9]*)(?:\.([0-9]*))?(.*)$/.exec(text) ?? [];
  const point = fraction === undefined ? "" : `.${fraction === "" ? "0" : fraction}`;
  return `${whole === "" ? "0" : whole}${point}${exponent.toLowerCase()}`;
}

function emptyCall(name: readonly Identifier[], start: number, end: number): FunctionCall {
  return {
    kind: "FunctionCall",
    name,
    chained: false,
    distinct: false,
    arguments: [],
    nulls: null,
    input: null,
    having: null,
    orderBy: [],
    limit: null,
    over: null,
    start,
    end,
  };
}

/** Reads the date part among the arguments of DATE_TRUNC and its like: `MONTH` is no column there, nor `WEEK(MONDAY)` a call. */
function withDatePart(name: readonly Identifier[], list: readonly Argument[]): readonly Argument[] {
  const [first, second] = name;
  const isSafe = name.length === 2 && first?.name.toUpperCase() === "SAFE";
  const called = name.length === 1 ? first : isSafe ? second : undefined;
  const position = DATE_PART_ARGUMENT.get(called?.name.toUpperCase() ?? "");
  if (position === undefined) return list;
  return list.map((argument, index) => (index === position ? toDatePart(argument) : argument));
}

function toDatePart(argument: Argument): Argument {
  const { start, end } = argument;
  if (argument.kind === "PathExpression") {
    const part = singleName(argument);
    return part === null ? argument : { kind: "DatePart", name: part, weekday: null, start, end };
  }
  if (argument.kind === "FunctionCall" && argument.name.length === 1 && argument.arguments.length === 1) {
    const [name] = argument.name;
    const [day] = argument.arguments;
    const weekday = day?.kind === "PathExpression" ? singleName(day) : null;
    const rows = argument.input !== null || argument.having !== null;
    const plain = !rows && !argument.distinct && argument.nulls === null && argument.limit === null;
    if (
      name?.name.toUpperCase() === "WEEK" &&
      weekday !== null &&
      plain &&
      argument.orderBy.length === 0 &&
      argument.over === null
    ) {
      return { kind: "DatePart", name: "WEEK", weekday, start, end };
    }
  }
  return argument;
}

function singleName({ parts }: PathExpression): string | null {
  const [name] = parts;
  return parts.length === 1 && name !== undefined && isPlainName(name.name) ? name.name.toUpperCase() : null;
}
