import type {
  AggregateInput,
  Argument,
  Expression,
  FunctionCall,
  HavingModifier,
  Identifier,
  LambdaArgument,
} from "../tree.ts";
import { withDatePart } from "./date-parts.ts";
import { WindowParser } from "./windows.ts";

/** Calls of functions, with the clauses that stand in their parentheses. */
export abstract class CallParser extends WindowParser {
  /**
   * ```
   * call: "(" ["DISTINCT"] ["*" | argument ("," argument)*] [("IGNORE" | "RESPECT") "NULLS"]
   *       ["WHERE" expression] ["HAVING" ("MAX" | "MIN") expression | "GROUP" "BY" expression ("," expression)* ["HAVING" expression]] [order_by] ["LIMIT" limit_count] ")" ["OVER" window]
   * ```
   * In a chained call, `first.name(…)`, the first argument has been read.
   */
  protected functionCall(name: readonly Identifier[], start: number, first: Expression | null = null): Expression {
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
}

function onlyWhere(where: Expression | null, start: number): AggregateInput | null {
  return where && { kind: "AggregateInput", where, groupBy: [], having: null, start, end: where.end };
}

export function emptyCall(name: readonly Identifier[], start: number, end: number): FunctionCall {
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
