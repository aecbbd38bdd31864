/** The syntax tree of statements that define, change and drop: tables, views, routines, models, indexes, policies, capacity. */
import type {
  At,
  CommonTable,
  Expression,
  Identifier,
  Query,
  RangeType,
  SelectItem,
  SimpleType,
  StringLiteral,
  StructTypeField,
  TablePath,
  TypeName,
} from "./tree.ts";
import type { BlockStatement, Connection, OptionList } from "./tree-statements.ts";

export type DdlStatement =
  | CreateTableStatement
  | CreateSnapshotStatement
  | CreateViewStatement
  | CreateFunctionStatement
  | CreateTableFunctionStatement
  | CreateProcedureStatement
  | CreateModelStatement
  | CreateSchemaStatement
  | CreateIndexStatement
  | CreateRowAccessPolicyStatement
  | CreateResourceStatement
  | AlterStatement
  | DropStatement
  | UndropStatement;

export type DdlNode =
  | TableSource
  | TableElement
  | PartitionColumns
  | ColumnSchema
  | ArrayColumnType
  | StructColumnType
  | ColumnField
  | GeneratedColumn
  | ColumnReference
  | ViewColumn
  | FunctionParameter
  | AnyTypeName
  | TableTypeName
  | IndexColumn
  | AlterAction;

/** What most CREATE statements share. */
interface Create extends At {
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly options: OptionList | null;
}

// -------------------------------------------------------------------------------------------------------- tables

/** `CREATE [OR REPLACE] [TEMP | EXTERNAL] TABLE …` */
export interface CreateTableStatement extends Create {
  readonly kind: "CreateTableStatement";
  readonly modifier: "TEMP" | "EXTERNAL" | null;
  readonly name: TablePath;
  /** Null without a list of columns. */
  readonly columns: readonly TableElement[] | null;
  /** Where the columns or rows come from: `LIKE t`, `CLONE t`, `COPY t`, the latter two with FOR SYSTEM_TIME. */
  readonly source: TableSource | null;
  /** DEFAULT COLLATE */
  readonly collate: Expression | null;
  readonly partitionBy: readonly Expression[];
  readonly clusterBy: readonly Expression[];
  readonly connection: Connection | null;
  readonly partitionColumns: PartitionColumns | null;
  readonly query: Query | null;
}

export interface TableSource extends At {
  readonly kind: "TableSource";
  readonly way: "LIKE" | "CLONE" | "COPY";
  readonly table: TablePath;
}

/** `CREATE SNAPSHOT TABLE [IF NOT EXISTS] name CLONE source [OPTIONS (…)]` */
export interface CreateSnapshotStatement extends Create {
  readonly kind: "CreateSnapshotStatement";
  readonly name: TablePath;
  readonly source: TablePath;
}

export type TableElement = ColumnDefinition | PrimaryKey | ForeignKey;

type Enforcement = "ENFORCED" | "NOT ENFORCED" | null;

export interface ColumnDefinition extends At {
  readonly kind: "ColumnDefinition";
  readonly name: Identifier;
  readonly type: ColumnType;
  readonly collate: Expression | null;
  readonly default: Expression | null;
  readonly generated: GeneratedColumn | null;
  readonly notNull: boolean;
  readonly primaryKey: boolean;
  readonly references: ColumnReference | null;
  /** Of PRIMARY KEY or of REFERENCES. */
  readonly enforcement: Enforcement;
  readonly options: OptionList | null;
}

/** `[GENERATED ALWAYS] AS (expression) [STORED]` */
export interface GeneratedColumn extends At {
  readonly kind: "GeneratedColumn";
  readonly expression: Expression;
  readonly stored: boolean;
}

/** `REFERENCES table(columns)` */
export interface ColumnReference extends At {
  readonly kind: "ColumnReference";
  readonly table: TablePath;
  readonly columns: readonly Identifier[];
}

/** `[CONSTRAINT name] PRIMARY KEY (columns) [NOT ENFORCED]` */
export interface PrimaryKey extends At {
  readonly kind: "PrimaryKey";
  readonly name: Identifier | null;
  readonly columns: readonly Identifier[];
  readonly enforcement: Enforcement;
}

/** `[CONSTRAINT name] FOREIGN KEY (columns) REFERENCES table(columns) [NOT ENFORCED]` */
export interface ForeignKey extends At {
  readonly kind: "ForeignKey";
  readonly name: Identifier | null;
  readonly columns: readonly Identifier[];
  readonly references: ColumnReference;
  readonly enforcement: Enforcement;
}

/** `WITH PARTITION COLUMNS [(…)]`; null: found out by BigQuery. */
export interface PartitionColumns extends At {
  readonly kind: "PartitionColumns";
  readonly columns: readonly TableElement[] | null;
}

/** A type of a column: as a type name, but fields and elements may be NOT NULL and have options. */
export type ColumnType = SimpleType | RangeType | ArrayColumnType | StructColumnType;

export interface ArrayColumnType extends At {
  readonly kind: "ArrayColumnType";
  readonly element: ColumnSchema;
}

export interface StructColumnType extends At {
  readonly kind: "StructColumnType";
  readonly fields: readonly ColumnField[];
}

export interface ColumnField extends At {
  readonly kind: "ColumnField";
  readonly name: Identifier;
  readonly schema: ColumnSchema;
}

/** `type [COLLATE c] [NOT NULL] [OPTIONS (…)]` */
export interface ColumnSchema extends At {
  readonly kind: "ColumnSchema";
  readonly type: ColumnType;
  readonly collate: Expression | null;
  readonly notNull: boolean;
  readonly options: OptionList | null;
}

// --------------------------------------------------------------------------------------------------------- views

/** `CREATE [OR REPLACE] [MATERIALIZED] VIEW name [(columns)] … AS {query | REPLICA OF source}` */
export interface CreateViewStatement extends Create {
  readonly kind: "CreateViewStatement";
  readonly materialized: boolean;
  readonly name: TablePath;
  readonly columns: readonly ViewColumn[];
  /** Of a materialized one only. */
  readonly partitionBy: readonly Expression[];
  readonly clusterBy: readonly Expression[];
  /** Null for a replica. */
  readonly query: Query | null;
  readonly replicaOf: TablePath | null;
}

export interface ViewColumn extends At {
  readonly kind: "ViewColumn";
  readonly name: Identifier;
  readonly options: OptionList | null;
}

// ------------------------------------------------------------------------------------------------------ routines

/** SQL has a body; JavaScript and Python have a language and code; a remote function has neither, but a connection. */
export interface CreateFunctionStatement extends Create {
  readonly kind: "CreateFunctionStatement";
  readonly temporary: boolean;
  readonly aggregate: boolean;
  readonly name: readonly Identifier[];
  readonly parameters: readonly FunctionParameter[];
  readonly returns: TypeName | null;
  readonly determinism: "DETERMINISTIC" | "NOT DETERMINISTIC" | null;
  readonly language: Identifier | null;
  readonly remote: boolean;
  readonly connection: Connection | null;
  readonly body: Expression | null;
  readonly code: StringLiteral | null;
}

export interface CreateTableFunctionStatement extends Create {
  readonly kind: "CreateTableFunctionStatement";
  readonly name: readonly Identifier[];
  readonly parameters: readonly FunctionParameter[];
  readonly returns: TableTypeName | null;
  readonly query: Query;
}

/** In SQL it has a body, else a language and perhaps code. */
export interface CreateProcedureStatement extends Create {
  readonly kind: "CreateProcedureStatement";
  readonly name: readonly Identifier[];
  readonly parameters: readonly FunctionParameter[];
  /** EXTERNAL SECURITY */
  readonly security: "INVOKER" | "DEFINER" | null;
  readonly connection: Connection | null;
  readonly body: BlockStatement | null;
  readonly language: Identifier | null;
  readonly code: StringLiteral | null;
}

export interface FunctionParameter extends At {
  readonly kind: "FunctionParameter";
  /** Of procedures only. */
  readonly mode: "IN" | "OUT" | "INOUT" | null;
  readonly name: Identifier;
  readonly type: ParameterTypeName;
  /** Of aggregate functions only. */
  readonly notAggregate: boolean;
}

export type ParameterTypeName = TypeName | AnyTypeName | TableTypeName;

/** `ANY TYPE` */
export interface AnyTypeName extends At {
  readonly kind: "AnyTypeName";
}

/** `TABLE<a INT64, …>` */
export interface TableTypeName extends At {
  readonly kind: "TableTypeName";
  readonly columns: readonly StructTypeField[];
}

/** `CREATE MODEL name [TRANSFORM (…)] [INPUT (…) OUTPUT (…)] [REMOTE WITH CONNECTION c] [OPTIONS (…)] [AS …]` */
export interface CreateModelStatement extends Create {
  readonly kind: "CreateModelStatement";
  readonly name: readonly Identifier[];
  readonly transform: readonly SelectItem[];
  /** Both or neither. */
  readonly input: readonly TableElement[];
  readonly output: readonly TableElement[];
  readonly remote: boolean;
  readonly connection: Connection | null;
  readonly query: Query | null;
  /** `AS (training_data AS (…), …)` instead of a query. */
  readonly queries: readonly CommonTable[];
}

// --------------------------------------------------------------------------------- schemas, indexes, policies, capacity

/** `CREATE [EXTERNAL] SCHEMA …` */
export interface CreateSchemaStatement extends Create {
  readonly kind: "CreateSchemaStatement";
  readonly external: boolean;
  readonly name: readonly Identifier[];
  /** DEFAULT COLLATE */
  readonly collate: Expression | null;
  readonly connection: Connection | null;
}

/** `CREATE {SEARCH | VECTOR} INDEX name ON table (columns) [STORING (…)] [PARTITION BY …] [OPTIONS (…)]` */
export interface CreateIndexStatement extends Create {
  readonly kind: "CreateIndexStatement";
  readonly type: "SEARCH" | "VECTOR";
  readonly name: readonly Identifier[];
  readonly table: TablePath;
  /** ALL COLUMNS; `columns` then holds those with options of their own. */
  readonly allColumns: boolean;
  readonly columns: readonly IndexColumn[];
  readonly storing: readonly Expression[];
  readonly partitionBy: readonly Expression[];
}

export interface IndexColumn extends At {
  readonly kind: "IndexColumn";
  readonly expression: Expression;
  readonly options: OptionList | null;
}

/** `CREATE ROW ACCESS POLICY name ON table [GRANT TO (…)] FILTER USING (…)` */
export interface CreateRowAccessPolicyStatement extends Create {
  readonly kind: "CreateRowAccessPolicyStatement";
  readonly name: Identifier;
  readonly table: TablePath;
  /** Empty without GRANT TO. */
  readonly grantees: readonly Expression[];
  readonly filter: Expression;
}

export interface CreateResourceStatement extends Create {
  readonly kind: "CreateResourceStatement";
  readonly type: "CAPACITY" | "RESERVATION" | "ASSIGNMENT" | "DATA_POLICY";
  readonly name: readonly Identifier[];
}

// -------------------------------------------------------------------------------------------- ALTER, DROP and UNDROP

export interface AlterStatement extends At {
  readonly kind: "AlterStatement";
  readonly type:
    | "TABLE"
    | "VIEW"
    | "MATERIALIZED VIEW"
    | "MODEL"
    | "SCHEMA"
    | "SEARCH INDEX"
    | "VECTOR INDEX"
    | "CAPACITY"
    | "RESERVATION"
    | "BI_CAPACITY"
    | "ORGANIZATION"
    | "PROJECT"
    | "DATA_POLICY";
  readonly ifExists: boolean;
  /** Empty for an organization. */
  readonly name: readonly Identifier[];
  /** The table of an index. */
  readonly on: TablePath | null;
  /** One or more. */
  readonly actions: readonly AlterAction[];
}

export type AlterAction =
  | SetOptions
  | SetDefaultCollate
  | AddColumn
  | DropColumn
  | RenameColumn
  | AlterColumn
  | AddConstraint
  | DropConstraint
  | DropPrimaryKey
  | RenameTable
  | AddReplica
  | DropReplica
  | Rebuild;

export interface SetOptions extends At {
  readonly kind: "SetOptions";
  readonly options: OptionList;
}

export interface SetDefaultCollate extends At {
  readonly kind: "SetDefaultCollate";
  readonly collate: Expression;
}

export interface AddColumn extends At {
  readonly kind: "AddColumn";
  readonly ifNotExists: boolean;
  readonly column: ColumnDefinition;
}

export interface DropColumn extends At {
  readonly kind: "DropColumn";
  readonly ifExists: boolean;
  readonly name: Identifier;
}

export interface RenameColumn extends At {
  readonly kind: "RenameColumn";
  readonly ifExists: boolean;
  readonly from: Identifier;
  readonly to: Identifier;
}

/** `ALTER COLUMN name …`: exactly one change. */
export interface AlterColumn extends At {
  readonly kind: "AlterColumn";
  readonly ifExists: boolean;
  readonly name: Identifier;
  readonly change: "SET OPTIONS" | "SET DATA TYPE" | "SET DEFAULT" | "DROP DEFAULT" | "DROP NOT NULL";
  /** The options, type or value that is set. */
  readonly to: OptionList | ColumnSchema | Expression | null;
}

export interface AddConstraint extends At {
  readonly kind: "AddConstraint";
  readonly ifNotExists: boolean;
  readonly constraint: PrimaryKey | ForeignKey;
}

export interface DropConstraint extends At {
  readonly kind: "DropConstraint";
  readonly ifExists: boolean;
  readonly name: Identifier;
}

export interface DropPrimaryKey extends At {
  readonly kind: "DropPrimaryKey";
  readonly ifExists: boolean;
}

export interface RenameTable extends At {
  readonly kind: "RenameTable";
  readonly to: readonly Identifier[];
}

export interface AddReplica extends At {
  readonly kind: "AddReplica";
  readonly ifNotExists: boolean;
  readonly name: Identifier;
  readonly options: OptionList | null;
}

export interface DropReplica extends At {
  readonly kind: "DropReplica";
  readonly ifExists: boolean;
  readonly name: Identifier;
}

export interface Rebuild extends At {
  readonly kind: "Rebuild";
}

export interface DropStatement extends At {
  readonly kind: "DropStatement";
  readonly type:
    | "TABLE"
    | "EXTERNAL TABLE"
    | "SNAPSHOT TABLE"
    | "VIEW"
    | "MATERIALIZED VIEW"
    | "FUNCTION"
    | "TABLE FUNCTION"
    | "PROCEDURE"
    | "MODEL"
    | "SCHEMA"
    | "EXTERNAL SCHEMA"
    | "SEARCH INDEX"
    | "VECTOR INDEX"
    | "ROW ACCESS POLICY"
    | "ALL ROW ACCESS POLICIES"
    | "CAPACITY"
    | "RESERVATION"
    | "ASSIGNMENT"
    | "DATA_POLICY";
  readonly ifExists: boolean;
  /** Empty for ALL ROW ACCESS POLICIES. */
  readonly name: readonly Identifier[];
  /** The table of an index or a policy. */
  readonly on: TablePath | null;
  /** Of a schema only. */
  readonly mode: "CASCADE" | "RESTRICT" | null;
}

/** `UNDROP SCHEMA [IF NOT EXISTS] name [OPTIONS (…)]` */
export interface UndropStatement extends At {
  readonly kind: "UndropStatement";
  readonly ifNotExists: boolean;
  readonly name: readonly Identifier[];
  readonly options: OptionList | null;
}
