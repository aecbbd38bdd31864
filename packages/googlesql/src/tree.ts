/**
 * The syntax tree: plain immutable objects, a discriminated union by `kind`.
 *
 * Every property is always present (`null` where a clause is absent), so that two trees can be compared structurally.
 * `start` and `end` are UTF-16 offsets into the parsed text, end exclusive; nothing but error messages depends on them.
 * No node keeps comments, keyword case, quoting or redundant parentheses.
 *
 * Left-associative chains (`a + b + c`, `x AND y AND z`, `q UNION ALL r UNION ALL s`) are one node with many operands, and
 * the height of a parsed tree never exceeds LIMITS.treeHeight, so a recursive walker is safe on every tree that `parse` returns.
 */

import type {
  AggregateInput,
  CaseWhen,
  Expression,
  ExpressionList,
  HavingModifier,
  QueryOperand,
  StructField,
  UnnestOperand,
  WithBinding,
} from "./tree-expressions.ts";
import type { PipeNode } from "./tree-pipes.ts";
import type {
  ColumnMatch,
  CommonTable,
  FromQuery,
  GroupBy,
  GroupingItem,
  Limit,
  OrderItem,
  Query,
  RecursionDepth,
  Select,
  SelectItem,
  SelectMode,
  SetOperation,
  StarReplacement,
  WithClause,
} from "./tree-queries.ts";
import type { Statement, StatementNode } from "./tree-statements.ts";
import type {
  JoinOn,
  JoinUsing,
  MatchRecognize,
  Pivot,
  PivotExpression,
  RowPattern,
  TableExpression,
  TableFunctionArgument,
  TableSample,
  Unpivot,
  UnpivotColumns,
  WithOffset,
} from "./tree-tables.ts";
import type { StructTypeField, TypeName } from "./tree-types.ts";
import type { FrameBound, NamedWindow, Window, WindowFrame } from "./tree-windows.ts";

export type * from "./tree-ddl.ts";
export type * from "./tree-expressions.ts";
export type * from "./tree-pipes.ts";
export type * from "./tree-queries.ts";
export type * from "./tree-statements.ts";
export type * from "./tree-tables.ts";
export type * from "./tree-types.ts";
export type * from "./tree-windows.ts";

export interface At {
  readonly start: number;
  readonly end: number;
}

/** The decoded name, in the case it was written. A backquoted table name may hold dots: see `tableNameParts`. */
export interface Identifier extends At {
  readonly kind: "Identifier";
  readonly name: string;
}

export interface Script extends At {
  readonly kind: "Script";
  readonly statements: readonly Statement[];
}

export interface QueryStatement extends At {
  readonly kind: "QueryStatement";
  readonly query: Query;
}

export type Node =
  | Script
  | Statement
  | Query
  | WithClause
  | CommonTable
  | SetOperation
  | Select
  | SelectMode
  | FromQuery
  | ColumnMatch
  | RecursionDepth
  | SelectItem
  | StarReplacement
  | OrderItem
  | Limit
  | GroupBy
  | GroupingItem
  | TableExpression
  | Pivot
  | PivotExpression
  | Unpivot
  | UnpivotColumns
  | TableSample
  | MatchRecognize
  | RowPattern
  | TableFunctionArgument
  | WithOffset
  | JoinOn
  | JoinUsing
  | NamedWindow
  | Window
  | WindowFrame
  | FrameBound
  | Expression
  | ExpressionList
  | UnnestOperand
  | QueryOperand
  | CaseWhen
  | StructField
  | WithBinding
  | HavingModifier
  | AggregateInput
  | TypeName
  | StructTypeField
  | Identifier
  | PipeNode
  | StatementNode;

export type NodeKind = Node["kind"];
