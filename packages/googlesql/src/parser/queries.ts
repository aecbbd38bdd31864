import type {
  CommonTable,
  Expression,
  GroupBy,
  GroupingItem,
  GroupingSet,
  GroupingSets,
  Identifier,
  Limit,
  NamedWindow,
  Query,
  QueryBody,
  Select,
  SelectItem,
  SetOperation,
  StarReplacement,
  WithClause,
} from "../tree.ts";
import { TableParser } from "./tables.ts";

/** After a comma these show that the select list is over: GoogleSQL allows `SELECT a, FROM t`. */
const CLAUSES: readonly string[] = [
  "FROM",
  "WHERE",
  "GROUP",
  "HAVING",
  "QUALIFY",
  "WINDOW",
  "ORDER",
  "LIMIT",
  "UNION",
  "INTERSECT",
  "EXCEPT",
];

/** What `.*` may follow: a value that can be a struct or a table name, not an operator's result. */
const STAR_OPERANDS: ReadonlySet<Expression["kind"]> = new Set([
  "PathExpression",
  "FieldAccess",
  "Subscript",
  "Parameter",
  "FunctionCall",
  "SubqueryExpression",
  "StructExpression",
  "TupleExpression",
  "CaseExpression",
  "CastExpression",
  "WithExpression",
  "SystemVariable",
]);

/** Queries: SELECT, set operations, WITH. */
export class QueryParser extends TableParser {
  /** `query: [with] query_body [order_by] [limit]` */
  protected override query(): Query {
    return this.nested(() => {
      const { start } = this.peek();
      const clause = this.#with();
      return this.#queryRest(clause, this.#queryPrimary(), start);
    });
  }

  protected override queryAfter(first: Query, start: number): Query {
    return this.#queryRest(null, first, start);
  }

  #queryRest(clause: WithClause | null, first: Select | Query, start: number): Query {
    const body = this.#setOperation(first);
    const orderBy = this.orderBy();
    const limit = this.#limit();
    if (this.atSymbol("|>")) throw this.unexpected();
    if (this.atKeyword("FOR")) throw this.unsupported("FOR UPDATE is");
    // Parentheses around a whole query say nothing.
    if (body.kind === "Query" && clause === null && orderBy.length === 0 && limit === null) return body;
    return { kind: "Query", with: clause, body, orderBy, limit, start, end: this.previousEnd() };
  }

  /** `with: "WITH" common_table ("," common_table)*` */
  #with(): WithClause | null {
    const { start } = this.peek();
    if (!this.takeKeyword("WITH")) return null;
    if (this.atKeyword("RECURSIVE")) throw this.unsupported("WITH RECURSIVE is");
    const entries = this.list(() => this.#commonTable());
    return { kind: "WithClause", recursive: false, entries, start, end: this.previousEnd() };
  }

  /** `common_table: identifier "AS" "(" query ")"` */
  #commonTable(): CommonTable {
    const name = this.identifier();
    this.expectKeyword("AS");
    const query = this.parenthesized(() => this.query());
    return { kind: "CommonTable", name, query, start: name.start, end: this.previousEnd() };
  }

  /** `query_body: query_primary (set_operator query_primary)*`, one and the same operator throughout. */
  #setOperation(first: Select | Query): QueryBody {
    const inputs = [first];
    let operator: SetOperation["operator"] | null = null;
    while (this.atAnyKeyword(["UNION", "INTERSECT", "EXCEPT"])) {
      const token = this.peek();
      const next = this.#setOperator();
      if (operator !== null && next !== operator) {
        throw this.error(
          "syntax",
          "Syntax error: Different set operations cannot be used in the same query without parentheses.",
          token.start,
        );
      }
      operator = next;
      inputs.push(this.#queryPrimary());
    }
    if (operator === null) return first;
    return { kind: "SetOperation", operator, inputs, start: first.start, end: this.previousEnd() };
  }

  /** `set_operator: "UNION" ("ALL" | "DISTINCT") | "INTERSECT" "DISTINCT" | "EXCEPT" "DISTINCT"` */
  #setOperator(): SetOperation["operator"] {
    const { keyword } = this.advance();
    if (this.atSymbol("@")) throw this.unexpected();
    const all = this.atKeyword("ALL");
    if (all && keyword !== "UNION") throw this.unsupported(`${keyword} ALL is`);
    if (!all && !this.atKeyword("DISTINCT")) throw this.unexpected("keyword ALL or DISTINCT");
    this.advance();
    if (this.atAnyKeyword(["STRICT", "CORRESPONDING", "BY"])) {
      throw this.unsupported("Matching the columns of a set operation by name is");
    }
    if (keyword === "UNION") return all ? "UNION ALL" : "UNION DISTINCT";
    return keyword === "INTERSECT" ? "INTERSECT DISTINCT" : "EXCEPT DISTINCT";
  }

  /** `query_primary: select | "(" query ")"` */
  #queryPrimary(): Select | Query {
    if (this.atSymbol("(")) return this.parenthesized(() => this.query());
    if (this.atKeyword("FROM")) throw this.unsupported("A query that starts with FROM is");
    if (this.atKeyword("TABLE")) throw this.unsupported("A TABLE clause is");
    if (this.atKeyword("GRAPH")) throw this.unsupported("A GRAPH query is");
    return this.#select();
  }

  /**
   * ```
   * select: "SELECT" ["ALL" | "DISTINCT"] ["AS" ("STRUCT" | "VALUE")] select_item ("," select_item)* [","] [from]
   *         ["WHERE" expression] [group_by] ["HAVING" expression] ["QUALIFY" expression] [window_clause]
   * ```
   */
  #select(): Select {
    const { start } = this.expectKeyword("SELECT");
    if (this.atKeyword("WITH") && !this.atSymbol("(", 1)) throw this.unsupported("SELECT WITH is");
    const quantifier = this.takeKeyword("ALL") ? "ALL" : this.takeKeyword("DISTINCT") ? "DISTINCT" : null;
    const as = this.#selectAs();
    const items = this.#selectList();
    const from = this.from();
    const where = this.takeKeyword("WHERE") ? this.expression() : null;
    const groupBy = this.#groupBy();
    const having = this.takeKeyword("HAVING") ? this.expression() : null;
    const qualify = this.takeKeyword("QUALIFY") ? this.expression() : null;
    const windows = this.takeKeyword("WINDOW") ? this.list(() => this.#namedWindow()) : [];
    const end = this.previousEnd();
    return { kind: "Select", quantifier, as, items, from, where, groupBy, having, qualify, windows, start, end };
  }

  #selectAs(): Select["as"] {
    if (!this.takeKeyword("AS")) return null;
    if (this.takeKeyword("STRUCT")) return "STRUCT";
    // `SELECT AS VALUE` is over here; `SELECT AS VALUE.x` would name a PROTO type.
    if (this.atKeyword("VALUE") && !this.atSymbol(".", 1)) {
      this.advance();
      return "VALUE";
    }
    if (this.atIdentifier()) throw this.unsupported("SELECT AS with a type name is");
    throw this.unexpected("keyword STRUCT or VALUE");
  }

  #selectList(): SelectItem[] {
    const items = [this.#selectItem()];
    while (this.takeSymbol(",")) {
      const over = this.peek().kind === "end" || this.atSymbol(")") || this.atSymbol(";") || this.atAnyKeyword(CLAUSES);
      if (over) break;
      items.push(this.#selectItem());
    }
    return items;
  }

  /** `select_item: "*" star_modifiers | expression "." "*" star_modifiers | expression [["AS"] identifier]` */
  #selectItem(): SelectItem {
    const { start } = this.peek();
    if (this.takeSymbol("*")) {
      const modifiers = this.#starModifiers();
      return { kind: "SelectStar", ...modifiers, start, end: this.previousEnd() };
    }
    const expression = this.expression();
    if (this.atSymbol(".") && this.atSymbol("*", 1)) {
      if (!STAR_OPERANDS.has(expression.kind)) throw this.unexpected();
      this.advance();
      this.advance();
      const modifiers = this.#starModifiers();
      return { kind: "SelectDotStar", expression, ...modifiers, start, end: this.previousEnd() };
    }
    const alias = this.alias();
    return { kind: "SelectExpression", expression, alias, start, end: this.previousEnd() };
  }

  /** `star_modifiers: ["EXCEPT" "(" identifier ("," identifier)* ")"] ["REPLACE" "(" star_replacement ("," star_replacement)* ")"]` */
  #starModifiers(): { except: Identifier[]; replace: StarReplacement[] } {
    let except: Identifier[] = [];
    let replace: StarReplacement[] = [];
    if (this.atKeyword("EXCEPT") && this.atSymbol("(", 1)) {
      this.advance();
      except = this.parenthesized(() => this.list(() => this.identifier()));
    }
    if (this.atKeyword("REPLACE") && this.atSymbol("(", 1)) {
      this.advance();
      replace = this.parenthesized(() => this.list(() => this.#starReplacement()));
    }
    return { except, replace };
  }

  /** `star_replacement: expression "AS" identifier` */
  #starReplacement(): StarReplacement {
    const expression = this.expression();
    this.expectKeyword("AS");
    const name = this.identifier();
    return { kind: "StarReplacement", expression, name, start: expression.start, end: name.end };
  }

  /** `group_by: "GROUP" "BY" ("ALL" | grouping_item ("," grouping_item)*)` */
  #groupBy(): GroupBy | null {
    const { start } = this.peek();
    if (!this.takeKeyword("GROUP")) return null;
    if (this.atSymbol("@")) throw this.unexpected();
    this.expectKeyword("BY");
    if (this.takeKeyword("ALL")) return { kind: "GroupByAll", start, end: this.previousEnd() };
    const items = this.list(() => this.#groupingItem());
    return { kind: "GroupByItems", items, start, end: this.previousEnd() };
  }

  /** `grouping_item: "(" ")" | rollup | cube | "GROUPING" "SETS" "(" grouping_set ("," grouping_set)* ")" | expression` */
  #groupingItem(): GroupingItem {
    const { start } = this.peek();
    if (this.atKeyword("GROUPING") && this.atKeyword("SETS", 1)) {
      this.advance();
      this.advance();
      const items = this.parenthesized(() => this.list(() => this.#groupingSetsItem()));
      return { kind: "GroupingSets", items, start, end: this.previousEnd() };
    }
    if (this.atAnyKeyword(["ROLLUP", "CUBE"])) return this.#rollupOrCube();
    if (this.atSymbol("(") && this.atSymbol(")", 1)) return this.#groupingSet();
    const expression = this.expression();
    return { kind: "GroupingExpression", expression, start, end: expression.end };
  }

  #groupingSetsItem(): GroupingSets["items"][number] {
    return this.atAnyKeyword(["ROLLUP", "CUBE"]) ? this.#rollupOrCube() : this.#groupingSet();
  }

  /** `rollup: "ROLLUP" "(" expression ("," expression)* ")"`, cube likewise */
  #rollupOrCube(): GroupingSets["items"][number] {
    const { start, keyword } = this.advance();
    const sets = this.parenthesized(() => this.list(() => this.#groupingSet(false)));
    return { kind: keyword === "CUBE" ? "Cube" : "Rollup", sets, start, end: this.previousEnd() };
  }

  /** `grouping_set: "(" ")" | expression`, where `(a, b)` are two columns and no struct */
  #groupingSet(emptyAllowed = true): GroupingSet {
    const { start } = this.peek();
    let expressions: readonly Expression[] = [];
    if (emptyAllowed && this.atSymbol("(") && this.atSymbol(")", 1)) {
      this.advance();
      this.advance();
    } else {
      const expression = this.expression();
      expressions = expression.kind === "TupleExpression" ? expression.elements : [expression];
    }
    return { kind: "GroupingSet", expressions, start, end: this.previousEnd() };
  }

  /** `named_window: identifier "AS" window` */
  #namedWindow(): NamedWindow {
    const name = this.identifier();
    this.expectKeyword("AS");
    const window = this.window();
    return { kind: "NamedWindow", name, window, start: name.start, end: window.end };
  }

  /** `limit: "LIMIT" limit_count ["OFFSET" limit_count]` */
  #limit(): Limit | null {
    const { start } = this.peek();
    if (!this.takeKeyword("LIMIT")) return null;
    if (this.atKeyword("ALL")) throw this.unsupported("LIMIT ALL is");
    const count = this.limitCount();
    const offset = this.takeKeyword("OFFSET") ? this.limitCount() : null;
    return { kind: "Limit", count, offset, start, end: this.previousEnd() };
  }
}
