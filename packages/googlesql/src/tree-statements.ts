/** The syntax tree of statements that are no query and define nothing: DML, procedural language, loading, exporting, granting. */
import type {
  At,
  Expression,
  Identifier,
  Query,
  QueryStatement,
  StringLiteral,
  SystemVariable,
  TableExpression,
  TablePath,
  TableSubquery,
  TypeName,
} from "./tree.ts";
import type { DdlNode, DdlStatement, PartitionColumns, TableElement } from "./tree-ddl.ts";

export type Statement =
  | QueryStatement
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | MergeStatement
  | TruncateStatement
  | DeclareStatement
  | SetStatement
  | ExecuteImmediateStatement
  | BlockStatement
  | IfStatement
  | CaseStatement
  | LoopStatement
  | WhileStatement
  | RepeatStatement
  | ForStatement
  | JumpStatement
  | ReturnStatement
  | RaiseStatement
  | CallStatement
  | AssertStatement
  | TransactionStatement
  | ExportDataStatement
  | ExportModelStatement
  | LoadDataStatement
  | GrantStatement
  | DdlStatement;

export type StatementNode =
  | Statement
  | OptionList
  | Option
  | Connection
  | InsertRow
  | DefaultValue
  | UpdateAssignment
  | MergeWhen
  | MergeAction
  | ExecuteArgument
  | StatementBranch
  | DdlNode;

/** `(name = value, …)` behind OPTIONS, SET OPTIONS and FROM FILES. */
export interface OptionList extends At {
  readonly kind: "OptionList";
  readonly options: readonly Option[];
}

export interface Option extends At {
  readonly kind: "Option";
  readonly name: Identifier;
  readonly value: Expression;
}

/** `[WITH] CONNECTION path`; no parts: DEFAULT. */
export interface Connection extends At {
  readonly kind: "Connection";
  readonly parts: readonly Identifier[];
}

// ----------------------------------------------------------------------------------------------------------- DML

/** `INSERT INTO target [(columns)] {VALUES rows | query}`; behind a pipe there are neither rows nor query. */
export interface InsertStatement extends At {
  readonly kind: "InsertStatement";
  readonly target: TablePath;
  readonly columns: readonly Identifier[];
  readonly rows: readonly InsertRow[];
  readonly query: Query | null;
}

export interface InsertRow extends At {
  readonly kind: "InsertRow";
  readonly values: readonly (Expression | DefaultValue)[];
}

/** DEFAULT in the place of a value. */
export interface DefaultValue extends At {
  readonly kind: "DefaultValue";
}

/** `UPDATE target SET … [FROM …] [WHERE …]` */
export interface UpdateStatement extends At {
  readonly kind: "UpdateStatement";
  readonly target: TablePath;
  readonly assignments: readonly UpdateAssignment[];
  readonly from: TableExpression | null;
  readonly where: Expression | null;
}

export interface UpdateAssignment extends At {
  readonly kind: "UpdateAssignment";
  readonly path: readonly Identifier[];
  readonly value: Expression | DefaultValue;
}

export interface DeleteStatement extends At {
  readonly kind: "DeleteStatement";
  readonly target: TablePath;
  readonly where: Expression | null;
}

export interface MergeStatement extends At {
  readonly kind: "MergeStatement";
  readonly target: TablePath;
  readonly source: TablePath | TableSubquery;
  readonly on: Expression;
  /** One or more. */
  readonly whens: readonly MergeWhen[];
}

export interface MergeWhen extends At {
  readonly kind: "MergeWhen";
  readonly match: "MATCHED" | "NOT MATCHED BY TARGET" | "NOT MATCHED BY SOURCE";
  readonly condition: Expression | null;
  /** MergeInsert only where not matched by the target, the others only elsewhere. */
  readonly action: MergeAction;
}

export type MergeAction = MergeInsert | MergeUpdate | MergeDelete;

/** `INSERT [(columns)] {VALUES (…) | ROW}`; row is null for ROW. */
export interface MergeInsert extends At {
  readonly kind: "MergeInsert";
  readonly columns: readonly Identifier[];
  readonly row: InsertRow | null;
}

export interface MergeUpdate extends At {
  readonly kind: "MergeUpdate";
  readonly assignments: readonly UpdateAssignment[];
}

export interface MergeDelete extends At {
  readonly kind: "MergeDelete";
}

/** `TRUNCATE TABLE target` */
export interface TruncateStatement extends At {
  readonly kind: "TruncateStatement";
  readonly target: TablePath;
}

// ---------------------------------------------------------------------------------------------------- procedural

/** `DECLARE a, b type [DEFAULT value]`; the type may lack where there is a value. */
export interface DeclareStatement extends At {
  readonly kind: "DeclareStatement";
  readonly names: readonly Identifier[];
  readonly type: TypeName | null;
  readonly default: Expression | null;
}

/** `SET a = value`, `SET @@a = value`, `SET (a, b) = value` */
export interface SetStatement extends At {
  readonly kind: "SetStatement";
  readonly targets: readonly Identifier[] | readonly [SystemVariable];
  /** Targets in parentheses take the fields of a struct, even where there is but one. */
  readonly parenthesized: boolean;
  readonly value: Expression;
}

/** `EXECUTE IMMEDIATE sql [INTO a, b] [USING x, y AS z]` */
export interface ExecuteImmediateStatement extends At {
  readonly kind: "ExecuteImmediateStatement";
  readonly sql: Expression;
  readonly into: readonly Identifier[];
  readonly using: readonly ExecuteArgument[];
}

export interface ExecuteArgument extends At {
  readonly kind: "ExecuteArgument";
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

/** `[label:] BEGIN … [EXCEPTION WHEN ERROR THEN …] END [label]` */
export interface BlockStatement extends At {
  readonly kind: "BlockStatement";
  readonly label: Identifier | null;
  readonly statements: readonly Statement[];
  /** Null without EXCEPTION. */
  readonly handler: readonly Statement[] | null;
}

/** `IF c THEN … [ELSEIF c THEN …]* [ELSE …] END IF` */
export interface IfStatement extends At {
  readonly kind: "IfStatement";
  /** One or more. */
  readonly branches: readonly StatementBranch[];
  readonly else: readonly Statement[] | null;
}

/** `CASE [operand] [WHEN c THEN …]+ [ELSE …] END CASE` */
export interface CaseStatement extends At {
  readonly kind: "CaseStatement";
  readonly operand: Expression | null;
  readonly branches: readonly StatementBranch[];
  readonly else: readonly Statement[] | null;
}

export interface StatementBranch extends At {
  readonly kind: "StatementBranch";
  readonly condition: Expression;
  readonly statements: readonly Statement[];
}

export interface LoopStatement extends At {
  readonly kind: "LoopStatement";
  readonly label: Identifier | null;
  readonly statements: readonly Statement[];
}

export interface WhileStatement extends At {
  readonly kind: "WhileStatement";
  readonly label: Identifier | null;
  readonly condition: Expression;
  readonly statements: readonly Statement[];
}

export interface RepeatStatement extends At {
  readonly kind: "RepeatStatement";
  readonly label: Identifier | null;
  readonly statements: readonly Statement[];
  readonly until: Expression;
}

/** `FOR variable IN (query) DO … END FOR` */
export interface ForStatement extends At {
  readonly kind: "ForStatement";
  readonly label: Identifier | null;
  readonly variable: Identifier;
  readonly query: Query;
  readonly statements: readonly Statement[];
}

/** LEAVE is read as BREAK, ITERATE as CONTINUE. */
export interface JumpStatement extends At {
  readonly kind: "JumpStatement";
  readonly action: "BREAK" | "CONTINUE";
  readonly label: Identifier | null;
}

export interface ReturnStatement extends At {
  readonly kind: "ReturnStatement";
}

/** `RAISE [USING MESSAGE = message]` */
export interface RaiseStatement extends At {
  readonly kind: "RaiseStatement";
  readonly message: Expression | null;
}

export interface CallStatement extends At {
  readonly kind: "CallStatement";
  readonly procedure: readonly Identifier[];
  readonly arguments: readonly Expression[];
}

export interface AssertStatement extends At {
  readonly kind: "AssertStatement";
  readonly condition: Expression;
  readonly description: StringLiteral | null;
}

/** `BEGIN`, `COMMIT` and `ROLLBACK TRANSACTION` */
export interface TransactionStatement extends At {
  readonly kind: "TransactionStatement";
  readonly action: "BEGIN" | "COMMIT" | "ROLLBACK";
}

// --------------------------------------------------------------------------------- loading, exporting and granting

/** `EXPORT DATA [WITH CONNECTION c] [OPTIONS (…)] AS query`; behind a pipe there is no query. */
export interface ExportDataStatement extends At {
  readonly kind: "ExportDataStatement";
  readonly connection: Connection | null;
  readonly options: OptionList | null;
  readonly query: Query | null;
}

export interface ExportModelStatement extends At {
  readonly kind: "ExportModelStatement";
  readonly model: readonly Identifier[];
  readonly connection: Connection | null;
  readonly options: OptionList | null;
}

/** `LOAD DATA {INTO | OVERWRITE} [TEMP TABLE] target … FROM FILES (…)` */
export interface LoadDataStatement extends At {
  readonly kind: "LoadDataStatement";
  readonly overwrite: boolean;
  readonly temporary: boolean;
  readonly target: TablePath;
  readonly columns: readonly TableElement[] | null;
  /** `PARTITIONS (condition)`, with `overwritePartitions` behind OVERWRITE. */
  readonly partitions: Expression | null;
  readonly overwritePartitions: boolean;
  readonly partitionBy: readonly Expression[];
  readonly clusterBy: readonly Expression[];
  readonly options: OptionList | null;
  readonly files: OptionList;
  readonly partitionColumns: PartitionColumns | null;
  readonly connection: Connection | null;
}

/** ``GRANT `role`, … ON type name TO 'user', …`` and its REVOKE … FROM. */
export interface GrantStatement extends At {
  readonly kind: "GrantStatement";
  readonly action: "GRANT" | "REVOKE";
  readonly roles: readonly Identifier[];
  readonly resource: "SCHEMA" | "TABLE" | "VIEW" | "EXTERNAL TABLE";
  readonly name: readonly Identifier[];
  readonly grantees: readonly StringLiteral[];
}
