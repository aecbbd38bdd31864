import type {
  ColumnMatch,
  CommonTable,
  Expression,
  GroupBy,
  GroupingItem,
  GroupingSet,
  GroupingSets,
  Identifier,
  Limit,
  NamedWindow,
  PipeOperator,
  PipeSelect,
  Query,
  QueryBody,
  RecursionDepth,
  Select,
  SelectDotStar,
  SelectItem,
  SelectMode,
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

/** Modes of a query that guards what it aggregates. */
const SELECT_MODES: readonly SelectMode["mode"][] = ["DIFFERENTIAL_PRIVACY", "AGGREGATION_THRESHOLD"];

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

type SetOperatorInHand = Pick<SetOperation, "operator" | "match">;

/** Queries: SELECT, set operations, WITH. */
export abstract class QueryParser extends TableParser {
  /** `pipes: ("|>" pipe_operator)*` */
  protected abstract pipes(): PipeOperator[];

  /** `query: [with] (query_body [order_by] [limit] | from) pipes` */
  protected override query(): Query {
    return this.nested(() => {
      const { start } = this.peek();
      const clause = this.atKeyword("WITH") ? this.with() : null;
      if (this.atKeyword("FROM")) return this.#fromQuery(clause, start);
      return this.#queryRest(clause, this.#queryPrimary(), start);
    });
  }

  #fromQuery(clause: WithClause | null, start: number): Query {
    const at = this.peek().start;
    const from = this.from();
    if (from === null) throw this.unexpected("keyword FROM");
    const body: QueryBody = { kind: "FromQuery", from, start: at, end: from.end };
    if (this.atKeyword("FOR")) throw this.unsupported("FOR UPDATE is");
    if (this.atAnyKeyword(CLAUSES)) throw this.unexpected('"|>"');
    const pipes = this.pipes();
    return { kind: "Query", with: clause, body, orderBy: [], limit: null, pipes, start, end: this.previousEnd() };
  }

  protected override queryAfter(first: Query, start: number): Query {
    return this.#queryRest(null, first, start);
  }

  #queryRest(clause: WithClause | null, first: Select | Query, start: number): Query {
    const body = this.#setOperation(first);
    const orderBy = this.orderBy();
    const limit = this.limit();
    if (this.atKeyword("FOR")) throw this.unsupported("FOR UPDATE is");
    const pipes = this.pipes();
    // Parentheses around a whole query say nothing.
    const bare = clause === null && orderBy.length === 0 && limit === null && pipes.length === 0;
    if (body.kind === "Query" && bare) return body;
    return { kind: "Query", with: clause, body, orderBy, limit, pipes, start, end: this.previousEnd() };
  }

  /** `with: "WITH" ["RECURSIVE"] common_table ("," common_table)*`, in a pipe with an optional comma behind. */
  protected with(piped = false): WithClause {
    const { start } = this.expectKeyword("WITH");
    const recursive = this.takeKeyword("RECURSIVE");
    const entries = [this.commonTable(recursive)];
    while (this.takeSymbol(",")) {
      if (piped && this.atPipeEnd()) break;
      entries.push(this.commonTable(recursive));
    }
    return { kind: "WithClause", recursive, entries, start, end: this.previousEnd() };
  }

  /** Where a pipe operator must end, so that a comma before may be one too many. */
  protected atPipeEnd(): boolean {
    return this.peek().kind === "end" || this.atSymbol("|>") || this.atSymbol(")") || this.atSymbol(";");
  }

  /** `common_table: identifier "AS" "(" query ")" [recursion_depth]` */
  protected commonTable(recursive: boolean): CommonTable {
    const name = this.identifier();
    this.expectKeyword("AS");
    const query = this.parenthesized(() => this.query());
    const depth = recursive ? this.recursionDepth() : null;
    return { kind: "CommonTable", name, query, depth, start: name.start, end: this.previousEnd() };
  }

  /**
   * ```
   * recursion_depth: ["WITH" "DEPTH" ["AS" identifier]
   *                   ["BETWEEN" depth_bound "AND" depth_bound | "MAX" depth_bound]]
   * depth_bound: integer | parameter | "UNBOUNDED"
   * ```
   */
  protected recursionDepth(): RecursionDepth | null {
    if (!this.atKeyword("WITH") || !this.atKeyword("DEPTH", 1)) return null;
    const { start } = this.advance();
    this.advance();
    const alias = this.takeKeyword("AS") ? this.identifier() : null;
    let lower: Expression | null = null;
    let upper: Expression | null = null;
    if (this.takeKeyword("BETWEEN")) {
      lower = this.#depthBound();
      this.expectKeyword("AND");
      upper = this.#depthBound();
    } else if (this.takeKeyword("MAX")) upper = this.#depthBound();
    return { kind: "RecursionDepth", alias, lower, upper, start, end: this.previousEnd() };
  }

  #depthBound(): Expression | null {
    return this.takeKeyword("UNBOUNDED") ? null : this.integerOrParameter();
  }

  /** `query_body: query_primary (set_operator query_primary)*`, one and the same operator throughout. */
  #setOperation(first: Select | Query): QueryBody {
    const inputs = [first];
    let set: SetOperatorInHand | null = null;
    while (this.atSetOperator()) {
      const token = this.peek();
      const next = this.setOperator();
      if (set !== null && !sameOperator(set, next)) {
        throw this.error(
          "syntax",
          "Syntax error: Different set operations cannot be used in the same query without parentheses.",
          token.start,
        );
      }
      set ??= next;
      inputs.push(this.#queryPrimary());
    }
    if (set === null) return first;
    return { kind: "SetOperation", ...set, inputs, start: first.start, end: this.previousEnd() };
  }

  /**
   * ```
   * set_operator: ["INNER" | ("FULL" | "LEFT") ["OUTER"]]
   *               ("UNION" [hint] ("ALL" | "DISTINCT") | "INTERSECT" [hint] "DISTINCT" | "EXCEPT" [hint] "DISTINCT")
   *               ["BY" "NAME" ["ON" columns] | ["STRICT"] "CORRESPONDING" ["BY" columns]]
   * ```
   */
  protected setOperator(): SetOperatorInHand {
    const { start } = this.peek();
    const mode = this.#columnMatchMode();
    const { keyword } = this.advance();
    this.hint();
    const all = this.atKeyword("ALL");
    if (all && keyword !== "UNION") throw this.unsupported(`${keyword} ALL is`);
    if (!all && !this.atKeyword("DISTINCT")) throw this.unexpected("keyword ALL or DISTINCT");
    this.advance();
    const union = all ? "UNION ALL" : "UNION DISTINCT";
    const operator = keyword === "UNION" ? union : keyword === "INTERSECT" ? "INTERSECT DISTINCT" : "EXCEPT DISTINCT";
    const match = this.#columnMatch(mode, start);
    if (match === null && mode !== null) throw this.unsupported("A set operation that is outer by position is");
    return { operator, match };
  }

  #columnMatchMode(): ColumnMatch["mode"] {
    if (this.atKeyword("OUTER")) throw this.unsupported("A set operation that is OUTER without FULL or LEFT is");
    const { keyword } = this.peek();
    if (keyword !== "FULL" && keyword !== "LEFT" && keyword !== "INNER") return null;
    this.advance();
    if (keyword !== "INNER") this.takeKeyword("OUTER");
    return keyword;
  }

  #columnMatch(mode: ColumnMatch["mode"], start: number): ColumnMatch | null {
    let form: ColumnMatch["form"];
    if (this.takeKeyword("BY")) {
      this.expectKeyword("NAME");
      form = "BY NAME";
    } else {
      const strict = this.takeKeyword("STRICT");
      if (strict && mode !== null) throw this.unexpected("no STRICT behind an outer mode");
      if (!strict && !this.atKeyword("CORRESPONDING")) return null;
      this.expectKeyword("CORRESPONDING");
      form = strict ? "STRICT CORRESPONDING" : "CORRESPONDING";
    }
    const hasColumns = this.takeKeyword(form === "BY NAME" ? "ON" : "BY");
    const columns = hasColumns ? this.parenthesized(() => this.list(() => this.identifier())) : [];
    return { kind: "ColumnMatch", mode, form, columns, start, end: this.previousEnd() };
  }

  /** `query_primary: select | "(" query ")"` */
  #queryPrimary(): Select | Query {
    if (this.atSymbol("(")) return this.parenthesized(() => this.query());
    if (this.atKeyword("TABLE")) throw this.unsupported("A TABLE clause is");
    if (this.atKeyword("GRAPH")) throw this.unsupported("A GRAPH query is");
    return this.#select();
  }

  /**
   * ```
   * select: "SELECT" [hint] ["ALL" | "DISTINCT"] ["AS" ("STRUCT" | "VALUE")] select_item ("," select_item)* [","] [from]
   *         ["WHERE" expression] [group_by] ["HAVING" expression] ["QUALIFY" expression] [window_clause]
   * ```
   */
  #select(): Select {
    const { start } = this.expectKeyword("SELECT");
    this.hint();
    const head = this.#selectHead();
    const from = this.from();
    const where = this.takeKeyword("WHERE") ? this.expression() : null;
    const groupBy = this.#groupBy();
    const having = this.takeKeyword("HAVING") ? this.expression() : null;
    const qualify = this.takeKeyword("QUALIFY") ? this.expression() : null;
    const windows = this.takeKeyword("WINDOW") ? this.list(() => this.#namedWindow()) : [];
    const end = this.previousEnd();
    return { kind: "Select", ...head, from, where, groupBy, having, qualify, windows, start, end };
  }

  /** `pipe_select: "SELECT" [hint] ["ALL" | "DISTINCT"] ["AS" ("STRUCT" | "VALUE")] select_item ("," select_item)* [","] [window_clause [","]]` */
  protected pipeSelect(): PipeSelect {
    const { start } = this.expectKeyword("SELECT");
    this.hint();
    const head = this.#selectHead();
    const windows = this.pipeWindows();
    return { kind: "PipeSelect", ...head, windows, start, end: this.previousEnd() };
  }

  /** `window_clause: ["WINDOW" named_window ("," named_window)* [","]]` */
  protected pipeWindows(): NamedWindow[] {
    return this.takeKeyword("WINDOW") ? this.pipedList(() => this.#namedWindow()) : [];
  }

  /** A list that may end with a comma where a pipe operator ends. */
  protected pipedList<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSymbol(",")) {
      if (this.atPipeEnd() || this.atAnyKeyword(["WINDOW", "GROUP"])) break;
      items.push(item());
    }
    return items;
  }

  #selectHead(): Pick<Select, "mode" | "quantifier" | "as" | "items"> {
    const mode = this.selectMode();
    const quantifier = this.takeKeyword("ALL") ? "ALL" : this.takeKeyword("DISTINCT") ? "DISTINCT" : null;
    const as = this.#selectAs();
    return { mode, quantifier, as, items: this.selectList() };
  }

  /** `select_mode: ["WITH" ("DIFFERENTIAL_PRIVACY" | "AGGREGATION_THRESHOLD") [options]]` */
  protected selectMode(): SelectMode | null {
    if (!this.atKeyword("WITH") || this.atSymbol("(", 1)) return null;
    const { start } = this.advance();
    const mode = SELECT_MODES.find((keyword) => this.atKeyword(keyword));
    if (mode === undefined) {
      if (this.atIdentifier()) throw this.unsupported("SELECT WITH this modifier is");
      throw this.unexpected("keyword DIFFERENTIAL_PRIVACY or AGGREGATION_THRESHOLD");
    }
    this.advance();
    const options = this.atKeyword("OPTIONS") && this.atSymbol("(", 1) ? this.options() : null;
    return { kind: "SelectMode", mode, options, start, end: this.previousEnd() };
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

  protected selectList(): SelectItem[] {
    const items = [this.#selectItem()];
    while (this.takeSymbol(",")) {
      const over = this.atPipeEnd() || this.atAnyKeyword(CLAUSES);
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
    if (this.atSymbol(".")) return this.dotStar(expression);
    const alias = this.alias();
    return { kind: "SelectExpression", expression, alias, start, end: this.previousEnd() };
  }

  /** `dot_star: expression "." "*" star_modifiers` */
  protected dotStar(expression: Expression): SelectDotStar {
    const { start } = expression;
    if (!STAR_OPERANDS.has(expression.kind)) throw this.unexpected();
    this.expectSymbol(".");
    this.expectSymbol("*");
    const modifiers = this.#starModifiers();
    return { kind: "SelectDotStar", expression, ...modifiers, start, end: this.previousEnd() };
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

  /** `group_by: "GROUP" [hint] "BY" ("ALL" | grouping_item ("," grouping_item)*)` */
  #groupBy(): GroupBy | null {
    const { start } = this.peek();
    if (!this.takeKeyword("GROUP")) return null;
    this.hint();
    this.expectKeyword("BY");
    if (this.takeKeyword("ALL")) return { kind: "GroupByAll", start, end: this.previousEnd() };
    const items = this.list(() => this.groupingItem());
    return { kind: "GroupByItems", items, start, end: this.previousEnd() };
  }

  /** `grouping_item: "(" ")" | rollup | cube | "GROUPING" "SETS" "(" grouping_set ("," grouping_set)* ")" | expression` */
  protected groupingItem(): GroupingItem {
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
  protected limit(): Limit | null {
    const { start } = this.peek();
    if (!this.takeKeyword("LIMIT")) return null;
    if (this.atKeyword("ALL")) throw this.unsupported("LIMIT ALL is");
    const count = this.limitCount();
    const offset = this.takeKeyword("OFFSET") ? this.limitCount() : null;
    return { kind: "Limit", count, offset, start, end: this.previousEnd() };
  }
}

function sameOperator(a: SetOperatorInHand, b: SetOperatorInHand): boolean {
  const written = ({ operator, match }: SetOperatorInHand): string =>
    JSON.stringify([operator, match?.mode, match?.form, match?.columns.map(({ name }) => name.toLowerCase())]);
  return written(a) === written(b);
}
