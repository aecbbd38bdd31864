import type {
  Expression,
  OrderItem,
  PipeAggregate,
  PipeAggregateItem,
  PipeBranch,
  PipeGroupingItem,
  PipeOperator,
  PipeSelectItem,
  Query,
  SelectDotStar,
  Subpipeline,
} from "../tree.ts";
import { TransferParser } from "./transfer.ts";

/**
 * Operators of GoogleSQL that BigQuery does not have.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#pipe_operators
 */
const NOT_BIGQUERY: readonly string[] = [
  "DESCRIBE",
  "STATIC_DESCRIBE",
  "ALIGN",
  "FINISH",
  "CREATE",
  "INSERT",
  "EXPORT",
];

/** Pipe syntax: what stands behind `|>`. */
export abstract class PipeParser extends TransferParser {
  protected override pipes(): PipeOperator[] {
    const pipes: PipeOperator[] = [];
    while (this.takeSymbol("|>")) pipes.push(this.#operator());
    return pipes;
  }

  #operator(): PipeOperator {
    const { start, keyword } = this.peek();
    const placed = () => ({ start, end: this.previousEnd() });
    switch (keyword) {
      case "SELECT":
        return this.pipeSelect();
      case "EXTEND": {
        this.advance();
        const items = this.pipedList(() => this.#item());
        const windows = this.pipeWindows();
        return { kind: "PipeExtend", items, windows, ...placed() };
      }
      case "SET": {
        this.advance();
        const assignments = this.pipedList(() => {
          const name = this.identifier();
          this.expectSymbol("=");
          const value = this.expression();
          return { kind: "PipeAssignment" as const, name, value, start: name.start, end: value.end };
        });
        return { kind: "PipeSet", assignments, ...placed() };
      }
      case "DROP": {
        this.advance();
        const columns = this.pipedList(() => this.identifier());
        return { kind: "PipeDrop", columns, ...placed() };
      }
      case "RENAME": {
        this.advance();
        const renamings = this.pipedList(() => {
          const from = this.identifier();
          this.takeKeyword("AS");
          const to = this.identifier();
          return { kind: "PipeRenaming" as const, from, to, start: from.start, end: to.end };
        });
        return { kind: "PipeRename", renamings, ...placed() };
      }
      case "AS": {
        this.advance();
        const alias = this.identifier();
        return { kind: "PipeAs", alias, ...placed() };
      }
      case "WHERE": {
        this.advance();
        const condition = this.expression();
        return { kind: "PipeWhere", condition, ...placed() };
      }
      case "LIMIT": {
        const limit = this.limit();
        if (limit === null) throw this.unexpected("keyword LIMIT");
        return { kind: "PipeLimit", limit, ...placed() };
      }
      case "AGGREGATE":
        return this.#aggregate();
      case "DISTINCT":
        this.advance();
        return { kind: "PipeDistinct", ...placed() };
      case "ORDER": {
        this.advance();
        this.expectKeyword("BY");
        const orderBy = this.pipedList(() => this.orderItem());
        return { kind: "PipeOrderBy", orderBy, ...placed() };
      }
      case "CALL": {
        this.advance();
        const at = this.peek().start;
        const name = this.path();
        if (!this.atSymbol("(")) throw this.unexpected('"("');
        const call = this.tableFunction(name, at);
        return { kind: "PipeCall", call, ...placed() };
      }
      case "WINDOW": {
        this.advance();
        const items = this.pipedList(() => this.#item());
        return { kind: "PipeWindow", items, ...placed() };
      }
      case "TABLESAMPLE": {
        const sample = this.tableSample();
        return { kind: "PipeTableSample", sample, ...placed() };
      }
      case "PIVOT": {
        const pivot = this.pivot();
        const alias = this.alias();
        return { kind: "PipePivot", pivot, alias, ...placed() };
      }
      case "UNPIVOT": {
        const unpivot = this.unpivot();
        const alias = this.alias();
        return { kind: "PipeUnpivot", unpivot, alias, ...placed() };
      }
      case "MATCH_RECOGNIZE": {
        const match = this.matchRecognize();
        const alias = this.alias();
        return { kind: "PipeMatchRecognize", match, alias, ...placed() };
      }
      case "WITH": {
        const clause = this.with(true);
        return { kind: "PipeWith", with: clause, ...placed() };
      }
      case "ASSERT": {
        this.advance();
        const [condition, ...messages] = this.pipedList(() => this.expression());
        if (condition === undefined) throw this.unexpected();
        return { kind: "PipeAssert", condition, messages, ...placed() };
      }
      case "LOG": {
        this.advance();
        const pipeline = this.atSymbol("(") ? this.#subpipeline() : null;
        return { kind: "PipeLog", pipeline, ...placed() };
      }
      case "IF":
        return this.#if();
      case "FORK": {
        this.advance();
        this.hint();
        const pipelines = this.pipedList(() => this.#subpipeline());
        return { kind: "PipeFork", pipelines, ...placed() };
      }
      case "TEE": {
        this.advance();
        this.hint();
        const pipelines = this.atPipeEnd() ? [] : this.pipedList(() => this.#subpipeline());
        return { kind: "PipeTee", pipelines, ...placed() };
      }
      case "INSERT": {
        const insert = this.insertHead();
        return { kind: "PipeInsert", insert, ...placed() };
      }
      case "EXPORT": {
        const head = this.exportHead();
        return { kind: "PipeExportData", export: head, ...placed() };
      }
      case "CREATE": {
        const head = this.createHead();
        const temporary = this.takeKeyword("TEMP") || this.takeKeyword("TEMPORARY");
        const create = this.createTableHead(head, temporary ? "TEMP" : null);
        return { kind: "PipeCreateTable", create, ...placed() };
      }
      case "RECURSIVE":
        return this.#recursiveUnion();
    }
    if (this.atSetOperator()) {
      const set = this.setOperator();
      const queries = this.pipedList(() => this.parenthesized(() => this.query()));
      return { kind: "PipeSetOperation", ...set, queries, ...placed() };
    }
    if (NOT_BIGQUERY.includes(keyword)) throw this.unsupported(`The pipe operator ${keyword} is`);
    return this.#join();
  }

  /** `pipe_join: join_type table_primary [condition]` */
  #join(): PipeOperator {
    const { start } = this.peek();
    const type = this.joinType();
    if (type === null) throw this.unexpected("a pipe operator");
    const table = this.pipedTable();
    const condition = this.atAnyKeyword(["ON", "USING"]) ? this.condition() : null;
    if (type === "CROSS" && condition !== null) {
      throw this.error("syntax", "Syntax error: CROSS JOIN takes no condition.", start);
    }
    return { kind: "PipeJoin", type, table, condition, start, end: this.previousEnd() };
  }

  /** `pipe_item: expression "." "*" star_modifiers | expression [alias]` */
  #item(): PipeSelectItem {
    const expression = this.expression();
    if (this.atSymbol(".")) return this.dotStar(expression);
    const alias = this.alias();
    return { kind: "SelectExpression", expression, alias, start: expression.start, end: this.previousEnd() };
  }

  /**
   * ```
   * aggregate: "AGGREGATE" [select_mode] [aggregate_item ("," aggregate_item)* [","]]
   *            ["GROUP" ["AND" "ORDER"] [hint] "BY" ("ALL" | pipe_grouping_item ("," pipe_grouping_item)* [","])]
   * ```
   */
  #aggregate(): PipeAggregate {
    const { start } = this.expectKeyword("AGGREGATE");
    const mode = this.selectMode();
    const empty = this.atPipeEnd() || this.atKeyword("GROUP");
    const items = empty ? [] : this.pipedList(() => this.#aggregateItem());
    let groupBy: PipeAggregate["groupBy"] = [];
    let ordered = false;
    if (this.takeKeyword("GROUP")) {
      ordered = this.takeKeyword("AND");
      if (ordered) this.expectKeyword("ORDER");
      this.hint();
      this.expectKeyword("BY");
      groupBy = this.takeKeyword("ALL") ? "ALL" : this.pipedList(() => this.#groupingItem());
    }
    return { kind: "PipeAggregate", mode, items, groupBy, ordered, start, end: this.previousEnd() };
  }

  /** `aggregate_item: expression "." "*" star_modifiers | expression [alias] [order]` */
  #aggregateItem(): PipeAggregateItem | SelectDotStar {
    const expression = this.expression();
    if (this.atSymbol(".")) return this.dotStar(expression);
    const alias = this.alias();
    const order = this.order();
    const { start } = expression;
    return { kind: "PipeAggregateItem", expression, alias, ...order, start, end: this.previousEnd() };
  }

  /** `pipe_grouping_item: grouping_item [alias] [order]`, an alias behind an expression only */
  #groupingItem(): PipeGroupingItem {
    const item = this.groupingItem();
    const alias = item.kind === "GroupingExpression" ? this.alias() : null;
    const order: Pick<OrderItem, "direction" | "nulls"> = this.order();
    return { kind: "PipeGroupingItem", item, alias, ...order, start: item.start, end: this.previousEnd() };
  }

  /** `subpipeline: "(" pipes ")"` */
  #subpipeline(): Subpipeline {
    return this.nested(() => {
      const { start } = this.expectSymbol("(");
      const pipes = this.pipes();
      const { end } = this.expectSymbol(")");
      return { kind: "Subpipeline", pipes, start, end };
    });
  }

  /** `if: "IF" [hint] branch ("ELSEIF" branch)* ["ELSE" subpipeline]`, `branch: expression "THEN" subpipeline` */
  #if(): PipeOperator {
    const { start } = this.expectKeyword("IF");
    this.hint();
    const branches: PipeBranch[] = [];
    do {
      const condition: Expression = this.expression();
      this.expectKeyword("THEN");
      const pipeline = this.#subpipeline();
      branches.push({ kind: "PipeBranch", condition, pipeline, start: condition.start, end: pipeline.end });
    } while (this.takeKeyword("ELSEIF"));
    const otherwise = this.takeKeyword("ELSE") ? this.#subpipeline() : null;
    return { kind: "PipeIf", branches, else: otherwise, start, end: this.previousEnd() };
  }

  /** `recursive_union: "RECURSIVE" set_operator [recursion_depth] (subpipeline | "(" query ")") ["AS" identifier]` */
  #recursiveUnion(): PipeOperator {
    const { start } = this.expectKeyword("RECURSIVE");
    if (!this.atSetOperator()) throw this.unexpected("keyword UNION");
    const { operator, match } = this.setOperator();
    if (operator !== "UNION ALL" && operator !== "UNION DISTINCT") {
      throw this.error("syntax", "Syntax error: Only UNION can be recursive.", start);
    }
    const depth = this.recursionDepth();
    const piped = this.atSymbol("|>", 1) || this.atSymbol(")", 1);
    const step: Query | Subpipeline = piped ? this.#subpipeline() : this.parenthesized(() => this.query());
    const alias = this.takeKeyword("AS") ? this.identifier() : null;
    return { kind: "PipeRecursiveUnion", operator, match, depth, step, alias, start, end: this.previousEnd() };
  }
}
