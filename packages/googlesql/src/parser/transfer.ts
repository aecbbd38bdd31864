import type { ExportDataStatement, Expression, GrantStatement, Statement, StringLiteral } from "../tree.ts";
import { AlterParser } from "./ddl/alter.ts";

/** What carries data and rights in and out: EXPORT, LOAD, GRANT, REVOKE. */
export abstract class TransferParser extends AlterParser {
  /** `export_data: export_head "AS" query` */
  protected exportData(): ExportDataStatement {
    const head = this.exportHead();
    this.expectKeyword("AS");
    const query = this.query();
    return { ...head, query, end: this.previousEnd() };
  }

  /** `export_head: "EXPORT" "DATA" [with_connection] [options]` */
  protected exportHead(): ExportDataStatement {
    const { start } = this.expectKeyword("EXPORT");
    this.expectKeyword("DATA");
    const connection = this.withConnection();
    const options = this.options();
    return { kind: "ExportDataStatement", connection, options, query: null, start, end: this.previousEnd() };
  }

  /** `export_model: "EXPORT" "MODEL" path [with_connection] [options]` */
  protected exportModel(): Statement {
    const { start } = this.expectKeyword("EXPORT");
    this.expectKeyword("MODEL");
    const model = this.dashedPath();
    const connection = this.withConnection();
    const options = this.options();
    return { kind: "ExportModelStatement", model, connection, options, start, end: this.previousEnd() };
  }

  /**
   * ```
   * load_data: "LOAD" "DATA" ("INTO" | "OVERWRITE") [("TEMP" | "TEMPORARY") "TABLE"] table_name [table_elements]
   *            [["OVERWRITE"] "PARTITIONS" "(" expression ")"] [partition_by] [cluster_by] [options]
   *            "FROM" "FILES" option_list [partition_columns] [with_connection]
   * ```
   */
  protected loadData(): Statement {
    const { start } = this.expectKeyword("LOAD");
    this.expectKeyword("DATA");
    const overwrite = this.takeKeyword("OVERWRITE");
    if (!overwrite) this.expectKeyword("INTO");
    const temporary = this.atAnyKeyword(["TEMP", "TEMPORARY"]) && this.atKeyword("TABLE", 1);
    if (temporary) {
      this.advance();
      this.advance();
    }
    const target = this.tableName();
    const columns = this.atSymbol("(") ? this.tableElements() : null;
    const overwritePartitions = this.takeKeyword("OVERWRITE");
    let partitions: Expression | null = null;
    if (overwritePartitions || this.atKeyword("PARTITIONS")) {
      this.expectKeyword("PARTITIONS");
      partitions = this.parenthesized(() => this.expression());
    }
    const partitionBy = this.partitionBy();
    const clusterBy = this.clusterBy();
    const options = this.options();
    this.expectKeyword("FROM");
    this.expectKeyword("FILES");
    const files = this.optionList();
    const partitionColumns = this.partitionColumns();
    const connection = this.withConnection();
    const into = { overwrite, temporary, target, columns, partitions, overwritePartitions, partitionBy, clusterBy };
    const end = this.previousEnd();
    return { kind: "LoadDataStatement", ...into, options, files, partitionColumns, connection, start, end };
  }

  /**
   * ```
   * grant: ("GRANT" | "REVOKE") identifier ("," identifier)* "ON" resource dashed_path ("TO" | "FROM") string ("," string)*
   * resource: "SCHEMA" | "TABLE" | "VIEW" | "EXTERNAL" "TABLE"
   * ```
   */
  protected grant(action: GrantStatement["action"]): Statement {
    const { start } = this.advance();
    if (this.atAnyKeyword(["ALL", "SELECT"])) throw this.unsupported(`${action} of anything but roles is`);
    const roles = this.list(() => this.identifier());
    if (this.atSymbol("(")) throw this.unsupported(`${action} of columns is`);
    this.expectKeyword("ON");
    const resource = this.#resource();
    const name = this.dashedPath();
    this.expectKeyword(action === "GRANT" ? "TO" : "FROM");
    const grantees: StringLiteral[] = this.list(() => this.stringLiteral());
    return { kind: "GrantStatement", action, roles, resource, name, grantees, start, end: this.previousEnd() };
  }

  #resource(): GrantStatement["resource"] {
    const { keyword } = this.peek();
    if (keyword === "EXTERNAL" && this.atKeyword("TABLE", 1)) {
      this.advance();
      this.advance();
      return "EXTERNAL TABLE";
    }
    if (keyword !== "SCHEMA" && keyword !== "TABLE" && keyword !== "VIEW") {
      throw this.unsupported("This kind of resource of GRANT and REVOKE is");
    }
    this.advance();
    return keyword;
  }
}
