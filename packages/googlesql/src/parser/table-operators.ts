import type {
  Expression,
  MatchRecognize,
  PathExpression,
  Pivot,
  PivotExpression,
  RowPattern,
  RowPatternQuantified,
  SelectExpression,
  TableSample,
  Unpivot,
  UnpivotColumns,
  WithBinding,
} from "../tree.ts";
import { OptionsParser } from "./options.ts";

/** What turns one table into another: PIVOT, UNPIVOT, TABLESAMPLE, MATCH_RECOGNIZE. */
export abstract class TableOperatorParser extends OptionsParser {
  /** Whether a table operator opens here; without its parenthesis the word is a name. */
  protected atTableOperator(): boolean {
    if (this.atKeyword("UNPIVOT") && this.atAnyKeyword(["INCLUDE", "EXCLUDE"], 1)) return true;
    return this.atAnyKeyword(["PIVOT", "UNPIVOT", "MATCH_RECOGNIZE"]) && this.atSymbol("(", 1);
  }

  /**
   * ```
   * pivot: "PIVOT" "(" pivot_expression ("," pivot_expression)*
   *        "FOR" binary "IN" "(" pivot_expression ("," pivot_expression)* ")" ")"
   * ```
   */
  protected pivot(): Pivot {
    const { start } = this.expectKeyword("PIVOT");
    this.expectSymbol("(");
    const aggregates = this.list(() => this.#pivotExpression());
    this.expectKeyword("FOR");
    const input = this.comparand();
    this.expectKeyword("IN");
    const values = this.parenthesized(() => this.list(() => this.#pivotExpression()));
    const { end } = this.expectSymbol(")");
    return { kind: "Pivot", aggregates, input, values, start, end };
  }

  /** `pivot_expression: expression [alias]` */
  #pivotExpression(): PivotExpression {
    const expression = this.expression();
    const alias = this.alias();
    return { kind: "PivotExpression", expression, alias, start: expression.start, end: this.previousEnd() };
  }

  /**
   * ```
   * unpivot: "UNPIVOT" [("INCLUDE" | "EXCLUDE") "NULLS"]
   *          "(" (identifier | "(" identifier ("," identifier)* ")") "FOR" identifier
   *          "IN" "(" unpivot_columns ("," unpivot_columns)* ")" ")"
   * ```
   */
  protected unpivot(): Unpivot {
    const { start } = this.expectKeyword("UNPIVOT");
    const nulls = this.takeKeyword("INCLUDE") ? "INCLUDE" : this.takeKeyword("EXCLUDE") ? "EXCLUDE" : null;
    if (nulls !== null) this.expectKeyword("NULLS");
    this.expectSymbol("(");
    const values = this.atSymbol("(")
      ? this.parenthesized(() => this.list(() => this.identifier()))
      : [this.identifier()];
    this.expectKeyword("FOR");
    const name = this.identifier();
    this.expectKeyword("IN");
    const columns = this.parenthesized(() => this.list(() => this.#unpivotColumns()));
    const { end } = this.expectSymbol(")");
    return { kind: "Unpivot", nulls, values, name, columns, start, end };
  }

  /** `unpivot_columns: (path | "(" path ("," path)* ")") [["AS"] (string | integer)]` */
  #unpivotColumns(): UnpivotColumns {
    const { start } = this.peek();
    const columns = this.atSymbol("(") ? this.parenthesized(() => this.list(() => this.#column())) : [this.#column()];
    const as = this.takeKeyword("AS");
    const isInteger = this.peek().kind === "integer";
    const label = isInteger ? this.integer() : as || this.peek().kind === "string" ? this.stringLiteral() : null;
    return { kind: "UnpivotColumns", columns, label, start, end: this.previousEnd() };
  }

  #column(): PathExpression {
    const { start } = this.peek();
    const parts = this.path();
    return { kind: "PathExpression", parts, start, end: this.previousEnd() };
  }

  /** `table_sample: "TABLESAMPLE" "SYSTEM" "(" (integer | float | parameter | cast) "PERCENT" ")"` */
  protected tableSample(): TableSample {
    const { start } = this.expectKeyword("TABLESAMPLE");
    if (!this.atKeyword("SYSTEM")) {
      if (this.atIdentifier()) throw this.unsupported("TABLESAMPLE other than SYSTEM is");
      throw this.unexpected("keyword SYSTEM");
    }
    this.advance();
    this.expectSymbol("(");
    const percent = this.peek().kind === "float" ? this.expression() : this.limitCount();
    if (percent.kind === "FloatLiteral" && percent.end !== this.previousEnd()) throw this.unexpected();
    if (this.atKeyword("ROWS")) throw this.unsupported("TABLESAMPLE by a number of rows is");
    this.expectKeyword("PERCENT");
    if (this.atKeyword("PARTITION")) throw this.unsupported("TABLESAMPLE with PARTITION BY is");
    const { end } = this.expectSymbol(")");
    if (this.atKeyword("REPEATABLE") && this.atSymbol("(", 1)) throw this.unsupported("TABLESAMPLE with REPEATABLE is");
    if (this.atKeyword("WITH") && this.atKeyword("WEIGHT", 1)) throw this.unsupported("TABLESAMPLE WITH WEIGHT is");
    return { kind: "TableSample", percent, start, end };
  }

  // ------------------------------------------------------------------------------------------- MATCH_RECOGNIZE

  /**
   * ```
   * match_recognize: "MATCH_RECOGNIZE" "(" ["PARTITION" "BY" expression ("," expression)*] order_by
   *                  "MEASURES" measure ("," measure)* ["AFTER" "MATCH" "SKIP" ("PAST" "LAST" "ROW" | "TO" "NEXT" "ROW")]
   *                  "PATTERN" "(" row_pattern ")" "DEFINE" definition ("," definition)* [options] ")"
   * ```
   */
  protected matchRecognize(): MatchRecognize {
    const { start } = this.expectKeyword("MATCH_RECOGNIZE");
    this.expectSymbol("(");
    let partitionBy: Expression[] = [];
    if (this.takeKeyword("PARTITION")) {
      this.expectKeyword("BY");
      partitionBy = this.list(() => this.expression());
    }
    if (!this.atKeyword("ORDER")) throw this.unexpected("keyword ORDER");
    const orderBy = this.orderBy();
    this.expectKeyword("MEASURES");
    const measures = this.list(() => this.#measure());
    const skip = this.#skip();
    this.expectKeyword("PATTERN");
    const pattern = this.parenthesized(() => this.#rowPattern());
    this.expectKeyword("DEFINE");
    const define = this.list(() => this.#definition());
    const options = this.options();
    const { end } = this.expectSymbol(")");
    return { kind: "MatchRecognize", partitionBy, orderBy, measures, skip, pattern, define, options, start, end };
  }

  /** `measure: expression "AS" identifier` */
  #measure(): SelectExpression {
    const expression = this.expression();
    this.expectKeyword("AS");
    const alias = this.identifier();
    return { kind: "SelectExpression", expression, alias, start: expression.start, end: alias.end };
  }

  #skip(): MatchRecognize["skip"] {
    if (!this.takeKeyword("AFTER")) return null;
    this.expectKeyword("MATCH");
    this.expectKeyword("SKIP");
    const past = this.takeKeyword("PAST");
    this.expectKeyword(past ? "LAST" : "TO");
    this.expectKeyword(past ? "ROW" : "NEXT");
    if (past) return "PAST LAST ROW";
    this.expectKeyword("ROW");
    return "TO NEXT ROW";
  }

  /** `definition: identifier "AS" expression` */
  #definition(): WithBinding {
    const name = this.identifier();
    this.expectKeyword("AS");
    const expression = this.expression();
    return { kind: "WithBinding", name, expression, start: name.start, end: expression.end };
  }

  /** `row_pattern: row_sequence ("|" row_sequence)*` */
  #rowPattern(): RowPattern {
    return this.nested(() => {
      const { start } = this.peek();
      const first = this.#rowSequence();
      const alternatives = [first];
      for (;;) {
        // The lexer reads two bars as one symbol; between them is a pattern of no rows.
        if (this.takeSymbol("||")) {
          const at = this.previousEnd() - 1;
          alternatives.push({ kind: "RowPatternSequence", elements: [], start: at, end: at });
        } else if (!this.takeSymbol("|")) break;
        alternatives.push(this.#rowSequence());
      }
      if (alternatives.length === 1) return first;
      return { kind: "RowPatternAlternation", alternatives, start, end: this.previousEnd() };
    });
  }

  /** `row_sequence: row_factor*` */
  #rowSequence(): RowPattern {
    const { start } = this.peek();
    const elements: RowPattern[] = [];
    while (this.atSymbol("(") || this.atSymbol("^") || this.atSymbol("$") || this.atIdentifier()) {
      elements.push(this.#rowFactor());
    }
    const [only] = elements;
    if (only !== undefined && elements.length === 1) return only;
    return { kind: "RowPatternSequence", elements, start, end: elements.at(-1)?.end ?? start };
  }

  /** `row_factor: "^" | "$" | (identifier | "(" row_pattern ")") [row_quantifier]` */
  #rowFactor(): RowPattern {
    const { start, end } = this.peek();
    if (this.takeSymbol("^")) return { kind: "RowPatternAnchor", edge: "^", start, end };
    if (this.takeSymbol("$")) return { kind: "RowPatternAnchor", edge: "$", start, end };
    const operand = this.atSymbol("(") ? this.parenthesized(() => this.#rowPattern()) : this.identifier();
    return this.#rowQuantifier(operand, start);
  }

  /** `row_quantifier: ("?" | "*" | "+" | "{" [bound] "," [bound] "}") ["?"] | "{" bound "}"` */
  #rowQuantifier(operand: RowPattern, start: number): RowPattern {
    const { text } = this.peek();
    let quantifier: RowPatternQuantified["quantifier"];
    let lower: Expression | null = null;
    let upper: Expression | null = null;
    if (this.peek().kind === "symbol" && (text === "?" || text === "*" || text === "+")) {
      this.advance();
      quantifier = text;
    } else if (this.takeSymbol("{")) {
      if (!this.atSymbol(",")) lower = this.integerOrParameter();
      quantifier = lower !== null && this.atSymbol("}") ? "EXACTLY" : "BETWEEN";
      if (quantifier === "BETWEEN") {
        this.expectSymbol(",");
        if (!this.atSymbol("}")) upper = this.integerOrParameter();
      }
      this.expectSymbol("}");
    } else return operand;
    const reluctant = quantifier !== "EXACTLY" && this.takeSymbol("?");
    return {
      kind: "RowPatternQuantified",
      operand,
      quantifier,
      lower,
      upper,
      reluctant,
      start,
      end: this.previousEnd(),
    };
  }
}
