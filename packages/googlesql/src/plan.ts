/**
 * The access plan: what one piece of SQL reads, writes, shows and does.
 * It is the one object that policy, approval, console and evidence use; plain JSON, no classes.
 */

/** Why a text was not understood. `understood: false` carries this and nothing else (I1). */
export interface Refusal {
  readonly code: "syntax" | "unsupported" | "name" | "type" | "limit";
  /** For a person: what was refused and what to do. Never holds a literal's value (I9). */
  readonly message: string;
  /** 1-based; column counts UTF-16 code units. */
  readonly line: number;
  readonly column: number;
}

/** `project.dataset.table`, each part as BigQuery spells it (tables keep their case). */
export type TableName = string;

/** `project.dataset.table.path`; path is a column, or a field path such as `address.zip` or `visits.ssn`. `*` as path: that a row exists. */
export type ColumnName = string;

/** How a column's value reached an output: unchanged, changed, or through a statistic over many rows. */
export type Via = "copy" | "transform" | "aggregate";

/**
 * `output`: the value (or something made of it) is shown or written. `predicate`: it decided which rows, which order or which branch.
 * `kept`: a variable or a temporary table of the same script took it; what comes of that stands with the statements that use it.
 */
export type Use = "output" | "predicate" | "kept";

export interface ColumnRead {
  /** Path inside the table; fields of STRUCT and ARRAY<STRUCT> joined by dots; `*` stands for "that the row exists" (COUNT(*), EXISTS). */
  readonly path: string;
  readonly uses: readonly Use[];
}

export interface TableRead {
  readonly table: TableName;
  /** No table, but what a routine or a model gives that comes from outside what is analysed: its one column is `*`. */
  readonly outside?: OutsideSource;
  /** Its rows are read as they were at an earlier time, too: columns may have been classified otherwise then. */
  readonly historical?: true;
  readonly columns: readonly ColumnRead[];
}

/** A function that runs elsewhere remembers what it likes; what a model was trained on isn't known. */
export type OutsideSource = "routine" | "model";

export interface ExplicitSource {
  readonly column: ColumnName;
  readonly via: Via;
  /** With `aggregate`: the output is the count itself (COUNT, COUNTIF, APPROX_COUNT_DISTINCT), unchanged. A sum, or a count that was computed with, isn't. */
  readonly statistic?: "count";
}

export interface Output {
  /** As BigQuery names it: alias, column name, or `f0_`, `f1_` … for unnamed ones at the top level. */
  readonly name: string;
  /** Canonical GoogleSQL type: `INT64`, `ARRAY<STRUCT<a STRING, b INT64>>`. */
  readonly type: string;
  readonly explicit: readonly ExplicitSource[];
  /** Columns that decided which rows, which order or which branch. */
  readonly implicit: readonly ColumnName[];
  /** True when the value can also come from a non-NULL literal, a parameter or a generated value: then a keyed token would tokenise a guess. */
  readonly constant: boolean;
  /**
   * In a result: outputs with equal numbers are columns of one row of one table, in each row of the result (or all NULL, where a join found none). Which table
   * that is can differ from row to row (UNION). Absent where no other output is of that row, or where it isn't known.
   */
  readonly row?: number;
  /** With `row`: no whole column of it, but a field of one, or an element of an array, of which the row has others too. */
  readonly part?: true;
  /** For STRUCT and ARRAY<STRUCT>: one per field, in order. The parent's sources are the union of its fields'. */
  readonly fields?: readonly Output[];
}

export interface Write {
  readonly table: TableName;
  readonly mode: "create" | "append" | "update" | "delete" | "drop" | "alter";
  readonly columns: readonly {
    readonly name: string;
    readonly explicit: readonly ExplicitSource[];
    readonly implicit: readonly ColumnName[];
  }[];
  /** Columns that decided which rows are written, or whether anything is. */
  readonly implicit: readonly ColumnName[];
}

export interface Effect {
  readonly kind:
    | "export"
    | "load"
    | "external_query"
    | "external_table"
    | "remote_function"
    | "model"
    | "javascript"
    | "python"
    | "procedure"
    | "grant"
    | "session"
    | "error_value";
  /** Through what it happens, where that has a name: a routine, a model, an external table, as `project.dataset.name`. */
  readonly through?: string;
  /** Columns whose values reach it, or that decided whether and how often it happens; empty where none do. */
  readonly sources: readonly ColumnName[];
}

/**
 * BigQuery's `statementType` of one statement. A closed list, so that whoever judges statements has a rule for each.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2
 */
export type StatementKind =
  | "SELECT"
  | "ASSERT"
  | `${"BEGIN" | "COMMIT" | "ROLLBACK"}_TRANSACTION`
  | "INSERT"
  | "UPDATE"
  | "DELETE"
  | "MERGE"
  | "TRUNCATE_TABLE"
  | "CREATE_TABLE"
  | "CREATE_TABLE_AS_SELECT"
  | "CREATE_SNAPSHOT_TABLE"
  | "CREATE_EXTERNAL_TABLE"
  | "CREATE_VIEW"
  | "CREATE_MATERIALIZED_VIEW"
  | `ALTER_${"TABLE" | "VIEW" | "MATERIALIZED_VIEW"}`
  | `DROP_${"TABLE" | "EXTERNAL_TABLE" | "SNAPSHOT_TABLE" | "VIEW" | "MATERIALIZED_VIEW"}`
  | `${"CREATE" | "DROP"}_${"SEARCH" | "VECTOR"}_INDEX`
  | `${"CREATE" | "DROP"}_${"FUNCTION" | "TABLE_FUNCTION" | "PROCEDURE" | "MODEL"}`
  | "CALL"
  | "LOAD_DATA"
  | "EXPORT_DATA"
  | "EXPORT_MODEL"
  | `${"CREATE" | "ALTER" | "DROP" | "UNDROP"}_SCHEMA`
  | `${"CREATE" | "DROP"}_ROW_ACCESS_POLICY`
  | "DROP_ALL_ROW_ACCESS_POLICIES"
  | "GRANT"
  | "REVOKE"
  | `${"CREATE" | "ALTER" | "DROP"}_${"CAPACITY" | "RESERVATION"}`
  | `${"CREATE" | "DROP"}_ASSIGNMENT`;

/** What a statement makes, changes or takes away beside the rows and columns of tables. */
export interface Change {
  /**
   * `labels`: labels or a description, by which people and catalogs go. `access`: who may read, or which rows. `expiration`: when BigQuery drops a
   * table, or deletes rows of it. `tables`: all that a dataset holds.
   */
  readonly what: "routine" | "model" | "dataset" | "labels" | "access" | "capacity" | "expiration" | "tables";
  readonly mode: "create" | "alter" | "drop" | "delete";
  /** `project.dataset.name`; of a dataset `project.dataset.*`; of capacity `project.location.name`. */
  readonly name: string;
}

export interface PlanStatement {
  readonly kind: StatementKind;
  /** Base tables only: what is read through a view or a routine is read from them. */
  readonly reads: readonly TableRead[];
  /** Views of the catalog that it reads, also those within views and routines. */
  readonly views: readonly TableName[];
  /** Routines of the catalog that it calls, `project.dataset.routine`, also those within views and routines. */
  readonly routines: readonly string[];
  /** Wildcard tables that it reads, as `project.dataset.begin*`: `reads` has those that match now. Absent where there are none. */
  readonly wildcards?: readonly string[];
  /** Views of INFORMATION_SCHEMA that it asks, as `project.dataset.TABLES`: what may be known of tables, and no rows of theirs. Absent where there are none. */
  readonly metadata?: readonly string[];
  readonly outputs: readonly Output[];
  readonly writes: readonly Write[];
  /** Absent where there are none. */
  readonly changes?: readonly Change[];
  readonly effects: readonly Effect[];
}

export interface UnderstoodPlan {
  readonly understood: true;
  /** BigQuery's `statementType` of the whole text: the only statement's, or `SCRIPT`. */
  readonly statementType: string;
  /** In the order of the text; each statement of a script is one. */
  readonly statements: readonly PlanStatement[];
  /** The columns of the rows that the client can fetch; empty where there are none. */
  readonly result: readonly Output[];
  /** Printed from the analysed tree; every table three-part and quoted. What runs is this text (I2). */
  readonly canonicalSql: string;
}

export interface RefusedPlan {
  readonly understood: false;
  readonly refusal: Refusal;
}

export type AccessPlan = UnderstoodPlan | RefusedPlan;
