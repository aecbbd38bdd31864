import { FUNCTION_KEYWORDS } from "../keywords.ts";
import type {
  Argument,
  BinaryExpression,
  ComparisonExpression,
  Expression,
  ExpressionList,
  Identifier,
  InExpression,
  QueryOperand,
  Subscript,
  UnnestOperand,
} from "../tree.ts";
import { isScalarSubquery, PrimaryParser } from "./primaries.ts";

type Operator = BinaryExpression["operator"];

interface OperatorInHand {
  readonly operator: Operator;
  readonly level: number;
}

/** From loose to tight, as in Google's grammar, where `||` binds tighter than `+`. All associate to the left. */
const BINARY_OPERATORS: ReadonlyMap<string, OperatorInHand> = new Map([
  ["|", { operator: "|", level: 0 }],
  ["^", { operator: "^", level: 1 }],
  ["&", { operator: "&", level: 2 }],
  ["<<", { operator: "<<", level: 3 }],
  [">>", { operator: ">>", level: 3 }],
  ["+", { operator: "+", level: 4 }],
  ["-", { operator: "-", level: 4 }],
  ["||", { operator: "||", level: 5 }],
  ["*", { operator: "*", level: 6 }],
  ["/", { operator: "/", level: 6 }],
]);

const COMPARISONS: ReadonlyMap<string, ComparisonExpression["operator"]> = new Map([
  ["=", "="],
  ["!=", "!="],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
]);

const SUBSCRIPT_ACCESSORS = ["OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"] as const;

/** Expressions, by recursive descent; binary operators by precedence climbing. */
export abstract class ExpressionParser extends PrimaryParser {
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
    const left = this.binary(0);
    const at = { start: left.start, end: left.end };
    const comparison = this.#comparisonOperator();
    if (comparison !== null) {
      if (this.atAnyKeyword(["ANY", "SOME", "ALL"])) throw this.unsupported("Comparison with ANY, SOME or ALL is");
      const right = this.binary(0);
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
      const low = this.binary(0);
      this.expectKeyword("AND");
      const high = this.binary(0);
      return { kind: "BetweenExpression", operand: left, not, low, high, ...at, end: high.end };
    }
    if (this.takeKeyword("LIKE")) {
      if (this.atAnyKeyword(["ANY", "SOME", "ALL"])) {
        const quantifier = this.advance().keyword === "ALL" ? "ALL" : "ANY";
        const patterns = this.#inSource();
        return { kind: "QuantifiedLike", operand: left, not, quantifier, patterns, ...at, end: patterns.end };
      }
      const pattern = this.binary(0);
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
      const right = this.binary(0);
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
    const first = this.atQuery() ? this.query() : this.expressionOrQuery();
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
  protected binary(level: number): Expression {
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
        operands.push(this.binary(found.level + 1));
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
    let operand = this.primary();
    const { start } = operand;
    for (;;) {
      if (this.atSymbol(".") && !this.atSymbol("*", 1)) {
        this.advance();
        const parenthesized = this.atSymbol("(");
        const name = parenthesized ? this.parenthesized(() => this.path()) : [this.#fieldName()];
        const [field] = name;
        if (this.atSymbol("(") && !(bareNumber && operand.start === start && operand.kind !== "FunctionCall")) {
          operand = this.functionCall(name, start, operand);
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

  /** An expression without comparison, NOT, AND and OR. */
  protected comparand(): Expression {
    return this.nested(() => this.binary(0));
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

function isExpression(node: Argument): node is Expression {
  return node.kind !== "StarArgument" && node.kind !== "NamedArgument" && node.kind !== "LambdaArgument";
}
