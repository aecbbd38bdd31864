import type {
  DefaultValue,
  DeleteStatement,
  Expression,
  Identifier,
  InsertRow,
  InsertStatement,
  MergeAction,
  MergeStatement,
  MergeWhen,
  TablePath,
  TruncateStatement,
  UpdateAssignment,
  UpdateStatement,
} from "../tree.ts";
import { QueryParser } from "./queries.ts";

/** INSERT, UPDATE, DELETE, MERGE, TRUNCATE. */
export abstract class DmlParser extends QueryParser {
  /** `table_name: dashed_path`, the name alone */
  protected tableName(): TablePath {
    const { start } = this.peek();
    const parts = this.dashedPath();
    const end = this.previousEnd();
    return { kind: "TablePath", parts, alias: null, withOffset: null, systemTime: null, start, end };
  }

  /** `target: table_name [alias]` */
  #target(): TablePath {
    const name = this.tableName();
    const alias = this.alias();
    return { ...name, alias, end: this.previousEnd() };
  }

  /** `name_list: "(" identifier ("," identifier)* ")"` */
  protected nameList(): Identifier[] {
    return this.parenthesized(() => this.list(() => this.identifier()));
  }

  /** `insert: insert_head ("VALUES" insert_row ("," insert_row)* | query)` */
  protected insert(): InsertStatement {
    const head = this.insertHead();
    if (this.takeKeyword("VALUES")) {
      const rows = this.list(() => this.#insertRow());
      this.#refuseSpannerClauses();
      return { ...head, rows, end: this.previousEnd() };
    }
    const query = this.query();
    this.#refuseSpannerClauses();
    return { ...head, query, end: this.previousEnd() };
  }

  /** `insert_head: "INSERT" ["INTO"] table_name [hint] [name_list]` */
  protected insertHead(): InsertStatement {
    const { start } = this.expectKeyword("INSERT");
    if (this.atAnyKeyword(["OR", "IGNORE", "REPLACE", "UPDATE"]))
      throw this.unsupported("INSERT OR IGNORE, REPLACE and UPDATE are");
    this.takeKeyword("INTO");
    const target = this.tableName();
    this.hint();
    if (this.atSymbol("[")) throw this.unsupported("INSERT into an array is");
    // `INSERT INTO t (SELECT …)` and `((SELECT …) …)` are queries in parentheses.
    const named = this.atSymbol("(") && this.atIdentifier(1) && (this.atSymbol(",", 2) || this.atSymbol(")", 2));
    const columns = named ? this.nameList() : [];
    this.#refuseSpannerClauses();
    return { kind: "InsertStatement", target, columns, rows: [], query: null, start, end: this.previousEnd() };
  }

  /** `insert_row: "(" value ("," value)* ")"` */
  #insertRow(): InsertRow {
    const { start } = this.peek();
    const values = this.parenthesized(() => this.list(() => this.#value()));
    return { kind: "InsertRow", values, start, end: this.previousEnd() };
  }

  /** `value: expression | "DEFAULT"` */
  #value(): Expression | DefaultValue {
    const { start, end } = this.peek();
    return this.takeKeyword("DEFAULT") ? { kind: "DefaultValue", start, end } : this.expression();
  }

  #refuseSpannerClauses(): void {
    if (this.atKeyword("THEN") && this.atKeyword("RETURN", 1)) throw this.unsupported("THEN RETURN is");
    if (this.atKeyword("ASSERT_ROWS_MODIFIED")) throw this.unsupported("ASSERT_ROWS_MODIFIED is");
    if (this.atKeyword("ON") && this.atKeyword("CONFLICT", 1)) throw this.unsupported("ON CONFLICT is");
  }

  /** `update: "UPDATE" target "SET" assignment ("," assignment)* [from] ["WHERE" expression]` */
  protected update(): UpdateStatement {
    const { start } = this.expectKeyword("UPDATE");
    const target = this.#target();
    this.#refuseNested();
    this.expectKeyword("SET");
    const assignments = this.list(() => this.#assignment());
    const from = this.from();
    const where = this.takeKeyword("WHERE") ? this.expression() : null;
    this.#refuseSpannerClauses();
    return { kind: "UpdateStatement", target, assignments, from, where, start, end: this.previousEnd() };
  }

  /** `assignment: path "=" value` */
  #assignment(): UpdateAssignment {
    if (this.atSymbol("(") && this.atAnyKeyword(["INSERT", "UPDATE", "DELETE"], 1)) {
      throw this.unsupported("DML inside an UPDATE is");
    }
    const { start } = this.peek();
    const path = [this.identifier()];
    while (this.takeSymbol(".")) {
      if (this.atSymbol("(")) throw this.unsupported("Field access in parentheses (a.(b)) is");
      path.push(this.identifier());
    }
    if (this.atSymbol("[")) throw this.unsupported("UPDATE of an array's element is");
    this.expectSymbol("=");
    const value = this.#value();
    return { kind: "UpdateAssignment", path, value, start, end: value.end };
  }

  /** `delete: "DELETE" ["FROM"] target ["WHERE" expression]` */
  protected delete(): DeleteStatement {
    const { start } = this.expectKeyword("DELETE");
    this.takeKeyword("FROM");
    const target = this.#target();
    this.#refuseNested();
    const where = this.takeKeyword("WHERE") ? this.expression() : null;
    this.#refuseSpannerClauses();
    return { kind: "DeleteStatement", target, where, start, end: this.previousEnd() };
  }

  /** Targets inside a row: arrays, as in nested DML. */
  #refuseNested(): void {
    if (this.atKeyword("WITH") || this.atSymbol("[")) throw this.unsupported("DML on an array is");
  }

  /** `merge: "MERGE" ["INTO"] target "USING" (table_path | "(" query ")" [alias]) "ON" expression merge_when+` */
  protected merge(): MergeStatement {
    const { start } = this.expectKeyword("MERGE");
    this.takeKeyword("INTO");
    const target = this.#target();
    this.expectKeyword("USING");
    const at = this.peek().start;
    const source = this.tablePrimary();
    if (source.kind !== "TablePath" && source.kind !== "TableSubquery") {
      throw this.error("syntax", "Syntax error: MERGE takes a table or a subquery behind USING.", at);
    }
    this.expectKeyword("ON");
    const on = this.expression();
    const whens: MergeWhen[] = [];
    do whens.push(this.#mergeWhen());
    while (this.atKeyword("WHEN"));
    return { kind: "MergeStatement", target, source, on, whens, start, end: this.previousEnd() };
  }

  /**
   * ```
   * merge_when: "WHEN" ("MATCHED" | "NOT" "MATCHED" ["BY" ("TARGET" | "SOURCE")]) ["AND" expression] "THEN" merge_action
   * ```
   */
  #mergeWhen(): MergeWhen {
    const { start } = this.expectKeyword("WHEN");
    let match: MergeWhen["match"] = this.takeKeyword("NOT") ? "NOT MATCHED BY TARGET" : "MATCHED";
    this.expectKeyword("MATCHED");
    if (match !== "MATCHED" && this.takeKeyword("BY")) {
      if (this.takeKeyword("SOURCE")) match = "NOT MATCHED BY SOURCE";
      else this.expectKeyword("TARGET");
    }
    const condition = this.takeKeyword("AND") ? this.expression() : null;
    this.expectKeyword("THEN");
    const action = match === "NOT MATCHED BY TARGET" ? this.#mergeInsert() : this.#mergeChange();
    return { kind: "MergeWhen", match, condition, action, start, end: this.previousEnd() };
  }

  /** `merge_insert: "INSERT" [name_list] ("VALUES" insert_row | "ROW")` */
  #mergeInsert(): MergeAction {
    const { start } = this.expectKeyword("INSERT");
    const columns = this.atSymbol("(") ? this.nameList() : [];
    let row: InsertRow | null = null;
    if (!this.takeKeyword("ROW")) {
      this.expectKeyword("VALUES");
      row = this.#insertRow();
    }
    return { kind: "MergeInsert", columns, row, start, end: this.previousEnd() };
  }

  /** `merge_change: "UPDATE" "SET" assignment ("," assignment)* | "DELETE"` */
  #mergeChange(): MergeAction {
    const { start } = this.peek();
    if (this.takeKeyword("DELETE")) return { kind: "MergeDelete", start, end: this.previousEnd() };
    if (!this.atKeyword("UPDATE")) throw this.unexpected("keyword UPDATE or DELETE");
    this.advance();
    this.expectKeyword("SET");
    const assignments = this.list(() => this.#assignment());
    return { kind: "MergeUpdate", assignments, start, end: this.previousEnd() };
  }

  /** `truncate: "TRUNCATE" "TABLE" table_name` */
  protected truncate(): TruncateStatement {
    const { start } = this.expectKeyword("TRUNCATE");
    this.expectKeyword("TABLE");
    const target = this.tableName();
    if (this.atKeyword("WHERE")) throw this.unsupported("TRUNCATE TABLE with WHERE is");
    return { kind: "TruncateStatement", target, start, end: this.previousEnd() };
  }
}
