import type {
  Expression,
  Identifier,
  Join,
  JoinOn,
  JoinUsing,
  ModelArgument,
  Query,
  TableArgument,
  TableExpression,
  TableFunctionArgument,
  TableFunctionCall,
  TablePath,
  Unnest,
  WithOffset,
} from "../tree.ts";
import { TableOperatorParser } from "./table-operators.ts";

type Condition = JoinOn | JoinUsing;

/** One more item of a FROM clause, and the conditions written behind it. */
interface JoinedItem {
  readonly type: Join["type"];
  readonly at: number;
  readonly table: TableExpression;
  readonly conditions: readonly Condition[];
}

/** The FROM clause: tables, joins, arrays. */
export abstract class TableParser extends TableOperatorParser {
  /** How often conditions had to be brought to their joins. */
  #consecutiveConditionsSeen = 0;

  /** `from: "FROM" table_primary ("," table_primary | join)*` */
  protected from(): TableExpression | null {
    if (!this.takeKeyword("FROM")) return null;
    if (this.atSymbol("@") || this.atSymbol("?") || this.atSymbol("@@")) {
      throw this.error("syntax", "Syntax error: A parameter or variable cannot be used in place of a table name.");
    }
    return this.#joins(this.tablePrimary(), true);
  }

  /** `join: [join_type] "JOIN" table_primary ("ON" expression | "USING" "(" identifier ("," identifier)* ")")*` */
  #joins(first: TableExpression, commas: boolean): TableExpression {
    const items: JoinedItem[] = [];
    let comma = false;
    for (;;) {
      const at = this.peek().start;
      const token = this.peek();
      const type = commas && this.takeSymbol(",") ? "COMMA" : this.joinType();
      if (type === null) break;
      if ((type === "RIGHT" || type === "FULL") && comma) {
        throw this.error(
          "syntax",
          `Syntax error: ${type} JOIN must be parenthesized when following a comma join.`,
          token.start,
        );
      }
      comma ||= type === "COMMA";
      const table = this.tablePrimary();
      const conditions: Condition[] = [];
      while (type !== "COMMA" && this.atAnyKeyword(["ON", "USING"])) conditions.push(this.condition());
      items.push({ type, at, table, conditions });
    }
    return items.some((item) => item.conditions.length > 1)
      ? this.#consecutiveConditions(first, items)
      : this.#leftDeep(first, items);
  }

  /** `join_type: ["INNER" | "CROSS" | ("LEFT" | "RIGHT" | "FULL") ["OUTER"]] "JOIN" [hint]` */
  protected joinType(): Exclude<Join["type"], "COMMA"> | null {
    if (this.atKeyword("NATURAL")) throw this.unsupported("NATURAL JOIN is");
    if (this.atSetOperator()) return null;
    const { keyword } = this.peek();
    const isType =
      keyword === "INNER" || keyword === "CROSS" || keyword === "LEFT" || keyword === "RIGHT" || keyword === "FULL";
    if (isType) {
      this.advance();
      if (keyword !== "INNER" && keyword !== "CROSS") this.takeKeyword("OUTER");
    }
    if (this.atAnyKeyword(["HASH", "LOOKUP"])) throw this.unsupported("HASH JOIN and LOOKUP JOIN are");
    if (!isType && !this.atKeyword("JOIN")) return null;
    this.expectKeyword("JOIN");
    this.hint();
    return isType ? keyword : "INNER";
  }

  protected condition(): Condition {
    const { start } = this.peek();
    if (this.takeKeyword("ON")) {
      const expression = this.expression();
      return { kind: "JoinOn", expression, start, end: expression.end };
    }
    this.expectKeyword("USING");
    const columns = this.parenthesized(() => this.list(() => this.identifier()));
    return { kind: "JoinUsing", columns, start, end: this.previousEnd() };
  }

  #leftDeep(first: TableExpression, items: readonly JoinedItem[]): TableExpression {
    return items.reduce<TableExpression>((left, { type, at, table, conditions }) => {
      const [condition = null] = conditions;
      if (type === "CROSS" && condition !== null) {
        throw this.error("syntax", "Syntax error: CROSS JOIN takes no condition.", at);
      }
      return join(type, left, table, condition);
    }, first);
  }

  /**
   * `a JOIN b JOIN c ON x ON y` is `a JOIN (b JOIN c ON x) ON y`: each condition belongs to the nearest join before it
   * that has none yet. No comma and no join without condition may stand beside it.
   */
  #consecutiveConditions(first: TableExpression, items: readonly JoinedItem[]): TableExpression {
    this.#consecutiveConditionsSeen++;
    let last = first;
    const open: { readonly left: TableExpression; readonly type: Join["type"]; readonly at: number }[] = [];
    for (const { type, at, table, conditions } of items) {
      if (type === "COMMA") {
        throw this.error("syntax", "Syntax error: No comma join beside consecutive ON or USING clauses.", at);
      }
      if (type === "CROSS") {
        last = join("CROSS", last, table, null);
      } else {
        open.push({ left: last, type, at });
        last = table;
      }
      for (const condition of conditions) {
        const joined = open.pop();
        if (joined === undefined) {
          throw this.error("syntax", "Syntax error: More join conditions than joins.", condition.start);
        }
        last = join(joined.type, joined.left, last, condition);
      }
    }
    const [unmatched] = open;
    if (unmatched !== undefined) {
      throw this.error("syntax", "Syntax error: A join has no ON or USING clause.", unmatched.at);
    }
    return last;
  }

  /** A table behind a pipe's JOIN, where Google's grammar takes no consecutive conditions. */
  protected pipedTable(): TableExpression {
    const seen = this.#consecutiveConditionsSeen;
    const { start } = this.peek();
    const table = this.tablePrimary();
    if (this.#consecutiveConditionsSeen > seen) {
      throw this.error("syntax", "Syntax error: No consecutive ON or USING clauses in a pipe's JOIN.", start);
    }
    return table;
  }

  /**
   * ```
   * table_primary: ( unnest | table_path | table_function | "(" query ")" [alias] | "(" table_primary join+ ")" )
   *                [(pivot | unpivot) [alias]] (table_sample | match_recognize [alias])*
   * ```
   */
  protected tablePrimary(): TableExpression {
    let table = this.nested(() => this.#plainTable());
    const { start } = table;
    for (let pivoted = table.kind === "Join"; ; ) {
      if (!pivoted && this.atTableOperator() && !this.atKeyword("MATCH_RECOGNIZE")) {
        const plain = table.kind !== "TablePath" || table.systemTime === null;
        if (!plain) throw this.unexpected();
        table = this.#pivoted(table);
        pivoted = true;
      } else if (this.atKeyword("MATCH_RECOGNIZE") && this.atTableOperator()) {
        const match = this.matchRecognize();
        const alias = this.tableAlias();
        table = { kind: "MatchedTable", table, match, alias, start, end: this.previousEnd() };
        pivoted = true;
      } else if (this.atKeyword("TABLESAMPLE")) {
        const sample = this.tableSample();
        table = { kind: "SampledTable", table, sample, start, end: sample.end };
        pivoted = true;
      } else return table;
    }
  }

  #pivoted(table: TableExpression): TableExpression {
    const { start } = table;
    if (this.atKeyword("PIVOT")) {
      const pivot = this.pivot();
      const alias = this.tableAlias();
      return { kind: "PivotedTable", table, pivot, alias, start, end: this.previousEnd() };
    }
    const unpivot = this.unpivot();
    const alias = this.tableAlias();
    return { kind: "UnpivotedTable", table, unpivot, alias, start, end: this.previousEnd() };
  }

  #plainTable(): TableExpression {
    if (this.atKeyword("UNNEST")) return this.#unnest();
    if (this.atSymbol("(")) return this.#parenthesizedTable();
    if (this.atKeyword("LATERAL")) throw this.unsupported("LATERAL is");
    if (this.atKeyword("GROUP")) throw this.unsupported("GROUP ROWS is");
    if (this.atKeyword("IF") && this.atSymbol("(", 1)) throw this.unsupported("This table function is");
    if (this.atKeyword("GRAPH_TABLE") && this.atSymbol("(", 1)) throw this.unsupported("GRAPH_TABLE is");
    return this.#tablePathOrFunction();
  }

  #parenthesizedTable(): TableExpression {
    const { start } = this.expectSymbol("(");
    if (this.atQuery()) return this.#tableSubquery(this.query(), start);
    const first = this.tablePrimary();
    // `((SELECT 1) UNION ALL …)` and `((SELECT 1))` are queries, `((SELECT 1) JOIN t …)` is a join.
    const mayBeQuery = first.kind === "TableSubquery" && first.alias === null;
    if (mayBeQuery && (this.atSymbol(")") || this.atQueryContinuation())) {
      const query = this.atSymbol(")") ? first.query : this.queryAfter(first.query, first.start);
      return this.#tableSubquery(query, start);
    }
    const joined = this.#joins(first, false);
    if (joined === first) throw this.unexpected("keyword JOIN");
    this.expectSymbol(")");
    return joined;
  }

  #tableSubquery(query: Query, start: number): TableExpression {
    this.expectSymbol(")");
    const alias = this.tableAlias();
    return { kind: "TableSubquery", query, alias, start, end: this.previousEnd() };
  }

  /** `unnest: "UNNEST" "(" expression ")" [alias] ["WITH" "OFFSET" [alias]]` */
  #unnest(): Unnest {
    const { start } = this.expectKeyword("UNNEST");
    this.expectSymbol("(");
    const expression = this.expression();
    if (this.atKeyword("AS") || this.atSymbol(",")) throw this.unsupported("UNNEST of several or named arrays is");
    this.expectSymbol(")");
    const alias = this.tableAlias();
    const withOffset = this.#withOffset();
    return { kind: "Unnest", expression, alias, withOffset, start, end: this.previousEnd() };
  }

  /** `table_path: dashed_path [hint] [alias] ["WITH" "OFFSET" [alias]] ["FOR" "SYSTEM_TIME" "AS" "OF" expression]` */
  #tablePathOrFunction(): TableExpression {
    const { start } = this.peek();
    const parts = this.dashedPath();
    if (this.atSymbol("(")) return this.tableFunction(parts, start);
    this.hint();
    const alias = this.tableAlias();
    const withOffset = this.#withOffset();
    const systemTime = this.systemTime();
    return { kind: "TablePath", parts, alias, withOffset, systemTime, start, end: this.previousEnd() };
  }

  /** `table_function: path "(" [table_argument ("," table_argument)*] ")" [hint] [alias]` */
  protected tableFunction(name: readonly Identifier[], start: number): TableFunctionCall {
    this.expectSymbol("(");
    const list = this.atSymbol(")") ? [] : this.list(() => this.#tableFunctionArgument());
    this.expectSymbol(")");
    this.hint();
    const alias = this.tableAlias();
    return { kind: "TableFunctionCall", name, arguments: list, alias, start, end: this.previousEnd() };
  }

  /** `table_argument: [identifier "=>"] ("TABLE" | "MODEL") dashed_path | argument` */
  #tableFunctionArgument(): TableFunctionArgument {
    if (this.atIdentifier() && this.atSymbol("=>", 1)) {
      const ahead = this.peek(2);
      if ((ahead.keyword === "TABLE" || ahead.keyword === "MODEL") && this.atIdentifier(3)) {
        const name = this.identifier();
        this.advance();
        const value = this.#namedTable();
        if (value !== null) return { kind: "NamedArgument", name, value, start: name.start, end: value.end };
      }
    }
    const table = this.#namedTable();
    if (table !== null) return table;
    if (this.atAnyKeyword(["CONNECTION", "DESCRIPTOR"]) && (this.atIdentifier(1) || this.atSymbol("(", 1))) {
      throw this.unsupported("CONNECTION and DESCRIPTOR arguments are");
    }
    if (this.atKeyword("COLUMNS") && this.atSymbol("(", 1)) throw this.unsupported("A COLUMNS argument is");
    return this.argument();
  }

  #namedTable(): TableArgument | ModelArgument | null {
    const { keyword, start } = this.peek();
    if ((keyword === "TABLE" || keyword === "MODEL") && this.atIdentifier(1)) {
      this.advance();
      const parts = this.dashedPath();
      const end = this.previousEnd();
      if (keyword === "MODEL") return { kind: "ModelArgument", parts, start, end };
      const from = parts[0]?.start ?? start;
      const path = plainTablePath(parts, from, end);
      return { kind: "TableArgument", path, start, end };
    }
    return null;
  }

  /**
   * A table name, whose first part may be an unquoted project name with dashes: `my-project-1.d.t`. Nothing may stand
   * between the pieces of that part.
   * ```
   * dashed_path: identifier ("-" (name | integer))* ("." identifier)*
   * ```
   */
  protected dashedPath(): Identifier[] {
    const unquoted = this.peek().kind === "name";
    const first = this.identifier();
    let { name, end } = first;
    const parts: Identifier[] = [];
    while (unquoted && this.atSymbol("-")) {
      const dash = this.peek();
      const piece = this.peek(1);
      const isPiece =
        piece.kind === "integer" || piece.kind === "float" || (piece.kind === "name" && this.atIdentifier(1));
      if (dash.start !== end || piece.start !== dash.end || !isPiece) throw this.unexpected();
      this.advance();
      this.advance();
      if (piece.kind !== "float") {
        name += `-${piece.text}`;
        end = piece.end;
        continue;
      }
      // The lexer has read the `1.` of `my-project-1.d` as a number.
      if (!/^[0-9]+\.$/.test(piece.text) || this.peek().start !== piece.end) throw this.unexpected();
      parts.push({ ...first, name: `${name}-${piece.text.slice(0, -1)}`, end: piece.end - 1 });
      parts.push(this.identifier());
      break;
    }
    if (parts.length === 0) parts.push({ ...first, name, end });
    while (this.takeSymbol(".")) {
      if (this.atSymbol("(")) throw this.unexpected("identifier");
      parts.push(this.identifier());
    }
    return parts;
  }

  /** `alias: "AS" identifier | identifier`, where PIVOT and its like open an operator rather than name a table. */
  protected tableAlias(): Identifier | null {
    return this.atTableOperator() ? null : this.alias();
  }

  /** `with_offset: ["WITH" "OFFSET" [alias]]` */
  #withOffset(): WithOffset | null {
    const { start } = this.peek();
    if (!this.takeKeyword("WITH")) return null;
    this.expectKeyword("OFFSET");
    const alias = this.tableAlias();
    return { kind: "WithOffset", alias, start, end: this.previousEnd() };
  }

  /** `system_time: ["FOR" ("SYSTEM_TIME" | "SYSTEM" "TIME") "AS" "OF" expression]` */
  protected systemTime(): Expression | null {
    if (!this.atKeyword("FOR") || this.atKeyword("UPDATE", 1)) return null;
    this.advance();
    if (this.takeKeyword("SYSTEM")) this.expectKeyword("TIME");
    else this.expectKeyword("SYSTEM_TIME");
    this.expectKeyword("AS");
    this.expectKeyword("OF");
    return this.expression();
  }
}

function join(type: Join["type"], left: TableExpression, right: TableExpression, condition: Condition | null): Join {
  return { kind: "Join", type, left, right, condition, start: left.start, end: (condition ?? right).end };
}

function plainTablePath(parts: readonly Identifier[], start: number, end: number): TablePath {
  return { kind: "TablePath", parts, alias: null, withOffset: null, systemTime: null, start, end };
}
