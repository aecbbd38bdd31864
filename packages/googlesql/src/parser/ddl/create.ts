import type {
  CommonTable,
  CreateIndexStatement,
  CreateSchemaStatement,
  CreateTableStatement,
  CreateViewStatement,
  Expression,
  IndexColumn,
  Query,
  SelectItem,
  Statement,
  TableElement,
  TablePath,
  TableSource,
  ViewColumn,
} from "../../tree.ts";
import { ColumnParser } from "./columns.ts";

/** What stands between CREATE and the name of the thing. */
export interface CreateHead {
  readonly orReplace: boolean;
  readonly start: number;
}

/** CREATE of tables, views, models, schemas, indexes, policies and capacity. */
export abstract class CreateParser extends ColumnParser {
  /** `create_head: "CREATE" ["OR" "REPLACE"]` */
  protected createHead(): CreateHead {
    const { start } = this.expectKeyword("CREATE");
    const orReplace = this.takeKeyword("OR");
    if (orReplace) this.expectKeyword("REPLACE");
    return { orReplace, start };
  }

  /** `create_table: create_table_head ["AS" query]` */
  protected createTable(head: CreateHead, modifier: CreateTableStatement["modifier"]): CreateTableStatement {
    const table = this.createTableHead(head, modifier);
    const query = modifier !== "EXTERNAL" && this.takeKeyword("AS") ? this.query() : null;
    return { ...table, query, end: this.previousEnd() };
  }

  /**
   * ```
   * create_table_head: create_head ["TEMP" | "TEMPORARY" | "EXTERNAL"] "TABLE" [if_not_exists] table_name [table_elements]
   *                    ["LIKE" table_name | ("CLONE" | "COPY") table_name [system_time]] [default_collate]
   *                    [partition_by] [cluster_by] [partition_columns] [with_connection] [options]
   * ```
   */
  protected createTableHead(head: CreateHead, modifier: CreateTableStatement["modifier"]): CreateTableStatement {
    this.expectKeyword("TABLE");
    const ifNotExists = this.ifNotExists();
    const external = modifier === "EXTERNAL";
    if (external && this.atKeyword("FUNCTION")) throw this.unsupported("CREATE EXTERNAL TABLE FUNCTION is");
    const name = this.tableName();
    const columns = this.atSymbol("(") ? this.tableElements() : null;
    const source = external ? null : this.#source();
    const collate = this.defaultCollate();
    const partitionBy = external ? [] : this.partitionBy();
    const clusterBy = external ? [] : this.clusterBy();
    const partitionColumns = external ? this.partitionColumns() : null;
    const connection = this.withConnection();
    if (external && !this.atKeyword("OPTIONS")) throw this.unexpected("keyword OPTIONS");
    const options = this.options();
    const clauses = { source, collate, partitionBy, clusterBy, connection, partitionColumns, options };
    return {
      kind: "CreateTableStatement",
      modifier,
      ...head,
      ifNotExists,
      name,
      columns,
      ...clauses,
      query: null,
      end: this.previousEnd(),
    };
  }

  #source(): TableSource | null {
    const { keyword, start } = this.peek();
    if (keyword !== "LIKE" && keyword !== "CLONE" && keyword !== "COPY") return null;
    this.advance();
    const table = keyword === "LIKE" ? this.tableName() : this.#clonedTable();
    return { kind: "TableSource", way: keyword, table, start, end: this.previousEnd() };
  }

  #clonedTable(): TablePath {
    const name = this.tableName();
    const systemTime = this.systemTime();
    return { ...name, systemTime, end: this.previousEnd() };
  }

  /** `create_snapshot: create_head "SNAPSHOT" "TABLE" [if_not_exists] table_name "CLONE" table_name [system_time] [options]` */
  protected createSnapshot(head: CreateHead): Statement {
    this.expectKeyword("SNAPSHOT");
    this.expectKeyword("TABLE");
    const ifNotExists = this.ifNotExists();
    const name = this.tableName();
    this.expectKeyword("CLONE");
    const source = this.#clonedTable();
    const options = this.options();
    const end = this.previousEnd();
    return { kind: "CreateSnapshotStatement", ...head, ifNotExists, name, source, options, end };
  }

  /**
   * ```
   * create_view: create_head ["MATERIALIZED"] "VIEW" [if_not_exists] table_name ["(" view_column ("," view_column)* ")"]
   *              [partition_by] [cluster_by] [options] "AS" (query | "REPLICA" "OF" table_name)
   * ```
   */
  protected createView(head: CreateHead): CreateViewStatement {
    const materialized = this.takeKeyword("MATERIALIZED");
    this.expectKeyword("VIEW");
    const ifNotExists = this.ifNotExists();
    const name = this.tableName();
    const columns = this.atSymbol("(") ? this.parenthesized(() => this.list(() => this.#viewColumn())) : [];
    if (this.atKeyword("SQL") && this.atKeyword("SECURITY", 1)) throw this.unsupported("SQL SECURITY is");
    const partitionBy = materialized ? this.partitionBy() : [];
    const clusterBy = materialized ? this.clusterBy() : [];
    const options = this.options();
    this.expectKeyword("AS");
    let query: Query | null = null;
    let replicaOf: TablePath | null = null;
    if (materialized && this.takeKeyword("REPLICA")) {
      this.expectKeyword("OF");
      replicaOf = this.tableName();
    } else query = this.query();
    const clauses = { columns, partitionBy, clusterBy, options, query, replicaOf };
    const end = this.previousEnd();
    return { kind: "CreateViewStatement", materialized, ...head, ifNotExists, name, ...clauses, end };
  }

  #viewColumn(): ViewColumn {
    const name = this.identifier();
    const options = this.options();
    return { kind: "ViewColumn", name, options, start: name.start, end: this.previousEnd() };
  }

  /**
   * ```
   * create_model: create_head "MODEL" [if_not_exists] path ["INPUT" table_elements "OUTPUT" table_elements]
   *               ["TRANSFORM" "(" select_list ")"] [["REMOTE"] with_connection] [options]
   *               ["AS" (query | "(" common_table ("," common_table)* ")")]
   * ```
   */
  protected createModel(head: CreateHead): Statement {
    this.expectKeyword("MODEL");
    const ifNotExists = this.ifNotExists();
    const name = this.path();
    let input: TableElement[] = [];
    let output: TableElement[] = [];
    if (this.takeKeyword("INPUT")) {
      input = this.tableElements();
      this.expectKeyword("OUTPUT");
      output = this.tableElements();
    }
    const transform: SelectItem[] = this.takeKeyword("TRANSFORM") ? this.parenthesized(() => this.selectList()) : [];
    const remote = this.takeKeyword("REMOTE");
    const connection = this.withConnection();
    const options = this.options();
    let query: Query | null = null;
    let queries: CommonTable[] = [];
    if (this.takeKeyword("AS")) {
      const named = this.atSymbol("(") && this.atIdentifier(1) && this.atKeyword("AS", 2);
      if (named) queries = this.parenthesized(() => this.list(() => this.commonTable(false)));
      else query = this.query();
    }
    const clauses = { transform, input, output, remote, connection, options, query, queries };
    return { kind: "CreateModelStatement", ...head, ifNotExists, name, ...clauses, end: this.previousEnd() };
  }

  /** `create_schema: create_head ["EXTERNAL"] "SCHEMA" [if_not_exists] path [default_collate] [with_connection] [options]` */
  protected createSchema(head: CreateHead, external: boolean): CreateSchemaStatement {
    this.expectKeyword("SCHEMA");
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const collate = external ? null : this.defaultCollate();
    const connection = external ? this.withConnection() : null;
    if (external && !this.atKeyword("OPTIONS")) throw this.unexpected("keyword OPTIONS");
    const options = this.options();
    const clauses = { collate, connection, options, end: this.previousEnd() };
    return { kind: "CreateSchemaStatement", external, ...head, ifNotExists, name, ...clauses };
  }

  /**
   * ```
   * create_index: create_head ("SEARCH" | "VECTOR") "INDEX" [if_not_exists] path "ON" table_name
   *               "(" ("ALL" "COLUMNS" ["WITH" "COLUMN" "OPTIONS" index_columns] | index_columns) ")"
   *               ["STORING" "(" expression ("," expression)* ")"] [partition_by] [options]
   * ```
   */
  protected createIndex(head: CreateHead, type: CreateIndexStatement["type"]): CreateIndexStatement {
    this.expectKeyword("INDEX");
    const ifNotExists = this.ifNotExists();
    const name = this.path();
    this.expectKeyword("ON");
    const table = this.tableName();
    this.expectSymbol("(");
    const allColumns = this.takeKeyword("ALL");
    let columns: IndexColumn[] = [];
    if (!allColumns) columns = this.list(() => this.#indexColumn());
    else {
      this.expectKeyword("COLUMNS");
      if (this.takeKeyword("WITH")) {
        this.expectKeyword("COLUMN");
        this.expectKeyword("OPTIONS");
        columns = this.parenthesized(() => this.list(() => this.#indexColumn()));
      }
    }
    this.expectSymbol(")");
    const storing: Expression[] = this.takeKeyword("STORING")
      ? this.parenthesized(() => this.list(() => this.expression()))
      : [];
    const partitionBy = this.partitionBy();
    const options = this.options();
    const clauses = { allColumns, columns, storing, partitionBy, options, end: this.previousEnd() };
    return { kind: "CreateIndexStatement", type, ...head, ifNotExists, name, table, ...clauses };
  }

  #indexColumn(): IndexColumn {
    const expression = this.expression();
    const options = this.options();
    return { kind: "IndexColumn", expression, options, start: expression.start, end: this.previousEnd() };
  }

  /**
   * ```
   * create_policy: create_head "ROW" "ACCESS" "POLICY" [if_not_exists] identifier "ON" table_name
   *                ["GRANT" "TO" "(" (string | parameter) ("," (string | parameter))* ")"] "FILTER" "USING" "(" expression ")"
   * ```
   */
  protected createPolicy(head: CreateHead): Statement {
    this.expectKeyword("ROW");
    if (this.atKeyword("POLICY")) throw this.unsupported("CREATE ROW POLICY is");
    this.expectKeyword("ACCESS");
    this.expectKeyword("POLICY");
    const ifNotExists = this.ifNotExists();
    if (this.atKeyword("ON")) throw this.unsupported("A row access policy without name is");
    const name = this.identifier();
    this.expectKeyword("ON");
    const table = this.tableName();
    let grantees: Expression[] = [];
    if (this.takeKeyword("GRANT")) {
      this.expectKeyword("TO");
      grantees = this.parenthesized(() => this.list(() => this.#grantee()));
    }
    this.expectKeyword("FILTER");
    this.expectKeyword("USING");
    const filter = this.parenthesized(() => this.expression());
    const clauses = { name, table, grantees, filter, options: null, end: this.previousEnd() };
    return { kind: "CreateRowAccessPolicyStatement", ...head, ifNotExists, ...clauses };
  }

  #grantee(): Expression {
    return this.atSymbol("@") || this.atSymbol("?") ? this.integerOrParameter() : this.stringLiteral();
  }

  /** `create_resource: create_head ("CAPACITY" | "RESERVATION" | "ASSIGNMENT" | "DATA_POLICY") [if_not_exists] path [options]` */
  protected createResource(head: CreateHead): Statement {
    const { keyword } = this.peek();
    if (keyword !== "CAPACITY" && keyword !== "RESERVATION" && keyword !== "ASSIGNMENT" && keyword !== "DATA_POLICY") {
      throw this.unexpected("what to create");
    }
    this.advance();
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const options = this.options();
    if (this.atKeyword("AS")) throw this.unsupported(`CREATE ${keyword} with AS is`);
    const end = this.previousEnd();
    return { kind: "CreateResourceStatement", type: keyword, ...head, ifNotExists, name, options, end };
  }
}
