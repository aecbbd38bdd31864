import { CALLS_WITHOUT_PARENTHESES, FUNCTION_KEYWORDS } from "../keywords.ts";
import type { Expression, Identifier, Query, SubqueryExpression, TypedLiteral } from "../tree.ts";
import { emptyCall } from "./calls.ts";
import { SpecialFormParser } from "./special-forms.ts";

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

const SET_OPERATORS: readonly string[] = ["UNION", "INTERSECT", "EXCEPT"];

/** What operators join: literals, names, calls, special forms, and anything in parentheses. */
export abstract class PrimaryParser extends SpecialFormParser {
  /** Goes on with a query whose first part, `(first)`, has been read. */
  protected abstract queryAfter(first: Query, start: number): Query;

  /**
   * ```
   * primary: literal | parameter | system_variable | case | cast | extract | interval | struct | array | subquery
   *        | with_expression | "(" expression ")" | tuple | path | function_call
   * ```
   */
  protected primary(): Expression {
    switch (this.peek().kind) {
      case "integer":
        return this.integer();
      case "float":
        return this.floatLiteral();
      case "string":
        return this.stringLiteral();
      case "bytes":
        return this.bytesLiteral();
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
    if (this.atSymbol("(")) return this.#parentheses();
    if (this.atSymbol("[")) return this.array(null, this.peek().start);
    return this.parameterOrVariable();
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
        return this.case();
      case "CAST":
        return this.cast(false);
      case "SAFE_CAST":
        if (this.atSymbol("(", 1)) return this.cast(true);
        break;
      case "EXTRACT":
        return this.extract();
      case "INTERVAL":
        return this.interval();
      case "STRUCT":
        return this.struct();
      case "ARRAY":
        return this.arrayKeyword();
      case "EXISTS":
        this.advance();
        return this.subquery("EXISTS", start);
      case "WITH":
        return this.withExpression();
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
      return this.functionCall([{ kind: "Identifier", name: keyword, start, end }], start);
    }
    if (CALLS_WITHOUT_PARENTHESES.has(keyword) && !this.atSymbol("(", 1)) {
      this.advance();
      return emptyCall([{ kind: "Identifier", name: keyword, start, end }], start, end);
    }
    return this.#pathOrCall();
  }

  /** `path_or_call: identifier ("." identifier)* [call]` */
  #pathOrCall(): Expression {
    const first = this.identifier();
    const { start } = first;
    const parts = this.#atPart() ? this.#parts(first) : [first];
    if (this.atSymbol("(")) return this.functionCall(parts.length === 1 ? parts.map(asKeyword) : parts, start);
    return { kind: "PathExpression", parts, start, end: this.previousEnd() };
  }

  /** A dot behind which neither `*` nor a chained call stands. */
  #atPart(): boolean {
    return this.atSymbol(".") && !this.atSymbol("*", 1) && !this.atSymbol("(", 1);
  }

  #parts(first: Identifier): Identifier[] {
    this.advance();
    const second = this.identifier();
    if (!this.#atPart()) return [first, second];
    const parts = [first, second];
    while (this.#atPart()) {
      this.advance();
      parts.push(this.identifier());
    }
    return parts.slice();
  }

  /** `parentheses: "(" query ")" | "(" expression ")" | "(" expression ("," expression)+ ")"` */
  #parentheses(): Expression {
    const { start } = this.expectSymbol("(");
    const first = this.atQuery() ? this.query() : this.expressionOrQuery();
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
  protected expressionOrQuery(): Expression | Query {
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
}

export function isScalarSubquery(expression: Expression): expression is SubqueryExpression {
  return expression.kind === "SubqueryExpression" && expression.form === "SCALAR";
}

/** `` `if`(…) `` is the function that `IF(…)` is, and so printed. */
function asKeyword(name: Identifier): Identifier {
  const upper = name.name.toUpperCase();
  return FUNCTION_KEYWORDS.has(upper) ? { ...name, name: upper } : name;
}
