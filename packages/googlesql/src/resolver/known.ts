/**
 * What the parser reads and the resolver does not know is refused by name, before anything is resolved (I1, I2). The list is
 * of what is known: a new kind of node is refused until the resolver learns it and it is entered here.
 */
import { SqlError } from "../sql-error.ts";
import { statementName } from "../statement-name.ts";
import type { Node, NodeKind, Script, Statement, StatementNode } from "../tree.ts";
import { childrenOf, wholeTree } from "../visitor.ts";

/**
 * `nodes` are those of the tree, where they are listed already.
 *
 * @throws SqlError `unsupported`, or `syntax` for a text without statement
 */
export function requireKnown(sql: string, tree: Script, nodes = wholeTree(tree).nodes): void {
  const [statement] = tree.statements;
  if (statement === undefined) throw new SqlError("syntax", "There is no statement", 1, 1);
  requireKnownParts(sql, tree, nodes);
}

/** The same for a part that stands alone: a function's body. */
export function requireKnownParts(sql: string, root: Node, nodes = wholeTree(root).nodes): void {
  if (areKnown(nodes)) return;
  // The first one in the order of the text is named.
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const unknown = unknownPart(node);
    if (unknown !== null) throw refused(sql, node, unknown);
    for (const child of childrenOf(node).reverse()) open.push(child);
  }
}

function areKnown(nodes: readonly Node[]): boolean {
  for (const { kind } of nodes) if (kind !== "Identifier" && !isKnown(kind)) return false;
  return true;
}

function refused(sql: string, node: Node, what: string): SqlError {
  return SqlError.at(sql, node.start, "unsupported", `${what} not supported; rewrite the query without it.`);
}

function unknownPart(node: Node): string | null {
  if (isStatement(node) && !isKnown(node.kind)) return `The statement ${statementName(node)} is`;
  return isKnown(node.kind) ? null : (NAMES[node.kind] ?? "A part of the query is");
}

function isStatement(node: Node): node is Statement {
  return node.kind.endsWith("Statement");
}

function isKnown(kind: NodeKind): kind is KnownKind {
  return KNOWN.has(kind);
}

type UnknownKind =
  | Exclude<StatementNode["kind"], KnownStatement>
  | "PipeLog"
  | "PipeFork"
  | "PipeTee"
  | "PipeInsert"
  | "PipeExportData"
  | "PipeCreateTable";

/** Statements, and the parts of theirs that a query doesn't have. */
type KnownStatement =
  | "QueryStatement"
  | "InsertStatement"
  | "InsertRow"
  | "DefaultValue"
  | "UpdateStatement"
  | "UpdateAssignment"
  | "DeleteStatement"
  | "MergeStatement"
  | "MergeWhen"
  | "MergeInsert"
  | "MergeUpdate"
  | "MergeDelete"
  | "TruncateStatement"
  | "CreateTableStatement"
  | "TableSource"
  | "CreateSnapshotStatement"
  | "ColumnDefinition"
  | "GeneratedColumn"
  | "ColumnReference"
  | "PrimaryKey"
  | "ForeignKey"
  | "ArrayColumnType"
  | "StructColumnType"
  | "ColumnField"
  | "ColumnSchema"
  | "CreateViewStatement"
  | "ViewColumn"
  | "OptionList"
  | "Option"
  | "Connection"
  | "CreateModelStatement"
  | "CreateSchemaStatement"
  | "UndropStatement"
  | "CreateRowAccessPolicyStatement"
  | "CreateResourceStatement"
  | "AlterStatement"
  | "SetOptions"
  | "SetDefaultCollate"
  | "AddColumn"
  | "DropColumn"
  | "RenameColumn"
  | "AlterColumn"
  | "AddConstraint"
  | "DropConstraint"
  | "DropPrimaryKey"
  | "RenameTable"
  | "AddReplica"
  | "DropReplica"
  | "Rebuild"
  | "DropStatement"
  | "ExportDataStatement"
  | "ExportModelStatement"
  | "LoadDataStatement"
  | "PartitionColumns"
  | "GrantStatement"
  | "CreateIndexStatement"
  | "IndexColumn"
  | "CreateFunctionStatement"
  | "CreateTableFunctionStatement"
  | "CreateProcedureStatement"
  | "CallStatement"
  | "FunctionParameter"
  | "AnyTypeName"
  | "TableTypeName"
  | "DeclareStatement"
  | "SetStatement"
  | "BlockStatement"
  | "IfStatement"
  | "CaseStatement"
  | "StatementBranch"
  | "LoopStatement"
  | "WhileStatement"
  | "RepeatStatement"
  | "ForStatement"
  | "JumpStatement"
  | "ReturnStatement"
  | "RaiseStatement"
  | "AssertStatement"
  | "TransactionStatement";

type KnownKind = Exclude<NodeKind, UnknownKind>;

const NAMES: Partial<Readonly<Record<UnknownKind, string>>> = {
  // Not in BigQuery's reference, and each shows rows beside the statement's own.
  // https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#pipe_operators
  PipeLog: "The pipe operator LOG, which BigQuery doesn't have, is",
  PipeFork: "The pipe operator FORK, which BigQuery doesn't have, is",
  PipeTee: "The pipe operator TEE, which BigQuery doesn't have, is",
  PipeInsert: "The pipe operator INSERT elsewhere than at the end of a statement is",
  PipeExportData: "The pipe operator EXPORT DATA elsewhere than at the end of a statement is",
  PipeCreateTable: "The pipe operator CREATE TABLE elsewhere than at the end of a statement is",
};

/** A record, so that the compiler counts the kinds. */
const KNOWN_KINDS: Readonly<Record<KnownKind, true>> = {
  Script: true,
  QueryStatement: true,
  InsertStatement: true,
  InsertRow: true,
  DefaultValue: true,
  UpdateStatement: true,
  UpdateAssignment: true,
  DeleteStatement: true,
  MergeStatement: true,
  MergeWhen: true,
  MergeInsert: true,
  MergeUpdate: true,
  MergeDelete: true,
  TruncateStatement: true,
  CreateTableStatement: true,
  TableSource: true,
  CreateSnapshotStatement: true,
  ColumnDefinition: true,
  GeneratedColumn: true,
  ColumnReference: true,
  PrimaryKey: true,
  ForeignKey: true,
  ArrayColumnType: true,
  StructColumnType: true,
  ColumnField: true,
  ColumnSchema: true,
  CreateViewStatement: true,
  ViewColumn: true,
  OptionList: true,
  Option: true,
  Connection: true,
  CreateModelStatement: true,
  CreateSchemaStatement: true,
  UndropStatement: true,
  CreateRowAccessPolicyStatement: true,
  CreateResourceStatement: true,
  AlterStatement: true,
  SetOptions: true,
  SetDefaultCollate: true,
  AddColumn: true,
  DropColumn: true,
  RenameColumn: true,
  AlterColumn: true,
  AddConstraint: true,
  DropConstraint: true,
  DropPrimaryKey: true,
  RenameTable: true,
  AddReplica: true,
  DropReplica: true,
  Rebuild: true,
  DropStatement: true,
  ExportDataStatement: true,
  ExportModelStatement: true,
  LoadDataStatement: true,
  PartitionColumns: true,
  GrantStatement: true,
  CreateIndexStatement: true,
  IndexColumn: true,
  CreateFunctionStatement: true,
  CreateTableFunctionStatement: true,
  CreateProcedureStatement: true,
  CallStatement: true,
  FunctionParameter: true,
  AnyTypeName: true,
  TableTypeName: true,
  DeclareStatement: true,
  SetStatement: true,
  BlockStatement: true,
  IfStatement: true,
  CaseStatement: true,
  StatementBranch: true,
  LoopStatement: true,
  WhileStatement: true,
  RepeatStatement: true,
  ForStatement: true,
  JumpStatement: true,
  ReturnStatement: true,
  RaiseStatement: true,
  AssertStatement: true,
  TransactionStatement: true,
  Query: true,
  FromQuery: true,
  PipeSelect: true,
  PipeExtend: true,
  PipeSet: true,
  PipeAssignment: true,
  PipeDrop: true,
  PipeRename: true,
  PipeRenaming: true,
  PipeAs: true,
  PipeWhere: true,
  PipeLimit: true,
  PipeAggregate: true,
  PipeAggregateItem: true,
  PipeGroupingItem: true,
  PipeDistinct: true,
  PipeOrderBy: true,
  PipeSetOperation: true,
  PipeRecursiveUnion: true,
  PipeJoin: true,
  PipeCall: true,
  PipeWindow: true,
  PipePivot: true,
  PipeTableSample: true,
  PipeMatchRecognize: true,
  PipeUnpivot: true,
  PipeWith: true,
  PipeAssert: true,
  PipeIf: true,
  PipeBranch: true,
  Subpipeline: true,
  WithClause: true,
  CommonTable: true,
  RecursionDepth: true,
  SetOperation: true,
  ColumnMatch: true,
  Select: true,
  SelectMode: true,
  SelectExpression: true,
  SelectStar: true,
  SelectDotStar: true,
  StarReplacement: true,
  OrderItem: true,
  Limit: true,
  GroupByAll: true,
  GroupByItems: true,
  GroupingExpression: true,
  GroupingSet: true,
  Rollup: true,
  Cube: true,
  GroupingSets: true,
  MatchedTable: true,
  MatchRecognize: true,
  RowPatternAlternation: true,
  RowPatternSequence: true,
  RowPatternQuantified: true,
  RowPatternAnchor: true,
  SampledTable: true,
  TableSample: true,
  PivotedTable: true,
  Pivot: true,
  PivotExpression: true,
  UnpivotedTable: true,
  Unpivot: true,
  UnpivotColumns: true,
  TablePath: true,
  TableSubquery: true,
  TableFunctionCall: true,
  TableArgument: true,
  ModelArgument: true,
  Unnest: true,
  WithOffset: true,
  Join: true,
  JoinOn: true,
  JoinUsing: true,
  NamedWindow: true,
  WindowName: true,
  WindowSpecification: true,
  WindowFrame: true,
  FrameBound: true,
  NullLiteral: true,
  BooleanLiteral: true,
  IntegerLiteral: true,
  FloatLiteral: true,
  StringLiteral: true,
  BytesLiteral: true,
  TypedLiteral: true,
  RangeLiteral: true,
  PathExpression: true,
  FieldAccess: true,
  Subscript: true,
  Parameter: true,
  SystemVariable: true,
  LogicalExpression: true,
  NotExpression: true,
  UnaryExpression: true,
  BinaryExpression: true,
  ComparisonExpression: true,
  IsExpression: true,
  IsDistinctFrom: true,
  InExpression: true,
  ExpressionList: true,
  UnnestOperand: true,
  QueryOperand: true,
  BetweenExpression: true,
  LikeExpression: true,
  QuantifiedLike: true,
  CaseExpression: true,
  CaseWhen: true,
  CastExpression: true,
  ExtractExpression: true,
  IntervalExpression: true,
  StructExpression: true,
  StructField: true,
  TupleExpression: true,
  ArrayExpression: true,
  SubqueryExpression: true,
  WithExpression: true,
  WithBinding: true,
  FunctionCall: true,
  StarArgument: true,
  NamedArgument: true,
  LambdaArgument: true,
  HavingModifier: true,
  AggregateInput: true,
  DatePart: true,
  SimpleType: true,
  ArrayType: true,
  StructType: true,
  StructTypeField: true,
  RangeType: true,
  Identifier: true,
};

const KNOWN: ReadonlySet<string> = new Set(Object.keys(KNOWN_KINDS));
