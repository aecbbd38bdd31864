/** The syntax tree of pipe operators: what stands behind `|>`. */
import type {
  At,
  ColumnMatch,
  Expression,
  GroupingItem,
  Identifier,
  Join,
  Limit,
  MatchRecognize,
  NamedWindow,
  OrderItem,
  Pivot,
  Query,
  RecursionDepth,
  Select,
  SelectDotStar,
  SelectExpression,
  SelectItem,
  SelectMode,
  SetOperator,
  TableExpression,
  TableFunctionCall,
  TableSample,
  Unpivot,
  WithClause,
} from "./tree.ts";
import type { CreateTableStatement } from "./tree-ddl.ts";
import type { ExportDataStatement, InsertStatement } from "./tree-statements.ts";

export type PipeOperator =
  | PipeSelect
  | PipeExtend
  | PipeSet
  | PipeDrop
  | PipeRename
  | PipeAs
  | PipeWhere
  | PipeLimit
  | PipeAggregate
  | PipeDistinct
  | PipeOrderBy
  | PipeSetOperation
  | PipeRecursiveUnion
  | PipeJoin
  | PipeCall
  | PipeWindow
  | PipeTableSample
  | PipePivot
  | PipeUnpivot
  | PipeMatchRecognize
  | PipeWith
  | PipeAssert
  | PipeLog
  | PipeIf
  | PipeFork
  | PipeTee
  | PipeInsert
  | PipeExportData
  | PipeCreateTable;

export type PipeNode =
  | PipeOperator
  | PipeAssignment
  | PipeRenaming
  | PipeAggregateItem
  | PipeGroupingItem
  | PipeBranch
  | Subpipeline;

/** `|> SELECT [DISTINCT] [AS STRUCT] … [WINDOW …]` */
export interface PipeSelect extends At {
  readonly kind: "PipeSelect";
  readonly mode: SelectMode | null;
  readonly quantifier: Select["quantifier"];
  readonly as: Select["as"];
  readonly items: readonly SelectItem[];
  readonly windows: readonly NamedWindow[];
}

export type PipeSelectItem = SelectExpression | SelectDotStar;

export interface PipeExtend extends At {
  readonly kind: "PipeExtend";
  readonly items: readonly PipeSelectItem[];
  readonly windows: readonly NamedWindow[];
}

/** `|> SET column = expression, …` */
export interface PipeSet extends At {
  readonly kind: "PipeSet";
  readonly assignments: readonly PipeAssignment[];
}

export interface PipeAssignment extends At {
  readonly kind: "PipeAssignment";
  readonly name: Identifier;
  readonly value: Expression;
}

export interface PipeDrop extends At {
  readonly kind: "PipeDrop";
  readonly columns: readonly Identifier[];
}

export interface PipeRename extends At {
  readonly kind: "PipeRename";
  readonly renamings: readonly PipeRenaming[];
}

export interface PipeRenaming extends At {
  readonly kind: "PipeRenaming";
  readonly from: Identifier;
  readonly to: Identifier;
}

export interface PipeAs extends At {
  readonly kind: "PipeAs";
  readonly alias: Identifier;
}

export interface PipeWhere extends At {
  readonly kind: "PipeWhere";
  readonly condition: Expression;
}

export interface PipeLimit extends At {
  readonly kind: "PipeLimit";
  readonly limit: Limit;
}

/** `|> AGGREGATE [items] [GROUP [AND ORDER] BY groups]` */
export interface PipeAggregate extends At {
  readonly kind: "PipeAggregate";
  readonly mode: SelectMode | null;
  readonly items: readonly (PipeAggregateItem | SelectDotStar)[];
  /** "ALL" for GROUP BY ALL; empty without GROUP BY. */
  readonly groupBy: readonly PipeGroupingItem[] | "ALL";
  /** GROUP AND ORDER BY */
  readonly ordered: boolean;
}

export interface PipeAggregateItem extends At {
  readonly kind: "PipeAggregateItem";
  readonly expression: Expression;
  readonly alias: Identifier | null;
  readonly direction: OrderItem["direction"];
  readonly nulls: OrderItem["nulls"];
}

export interface PipeGroupingItem extends At {
  readonly kind: "PipeGroupingItem";
  readonly item: GroupingItem;
  /** Of an expression only. */
  readonly alias: Identifier | null;
  readonly direction: OrderItem["direction"];
  readonly nulls: OrderItem["nulls"];
}

export interface PipeDistinct extends At {
  readonly kind: "PipeDistinct";
}

export interface PipeOrderBy extends At {
  readonly kind: "PipeOrderBy";
  readonly orderBy: readonly OrderItem[];
}

/** `|> UNION ALL [BY NAME] (query), (query)` */
export interface PipeSetOperation extends At {
  readonly kind: "PipeSetOperation";
  readonly operator: SetOperator;
  readonly match: ColumnMatch | null;
  readonly queries: readonly Query[];
}

/** `|> RECURSIVE UNION ALL [WITH DEPTH …] (query or pipe operators) [AS alias]` */
export interface PipeRecursiveUnion extends At {
  readonly kind: "PipeRecursiveUnion";
  readonly operator: "UNION ALL" | "UNION DISTINCT";
  readonly match: ColumnMatch | null;
  readonly depth: RecursionDepth | null;
  readonly step: Query | Subpipeline;
  readonly alias: Identifier | null;
}

export interface PipeJoin extends At {
  readonly kind: "PipeJoin";
  readonly type: Exclude<Join["type"], "COMMA">;
  /** A Join here stood in parentheses. */
  readonly table: TableExpression;
  readonly condition: Join["condition"];
}

/** `|> CALL f(…) [AS alias]`: the piped table is the function's first table argument. */
export interface PipeCall extends At {
  readonly kind: "PipeCall";
  readonly call: TableFunctionCall;
}

export interface PipeWindow extends At {
  readonly kind: "PipeWindow";
  readonly items: readonly PipeSelectItem[];
}

export interface PipeTableSample extends At {
  readonly kind: "PipeTableSample";
  readonly sample: TableSample;
}

export interface PipePivot extends At {
  readonly kind: "PipePivot";
  readonly pivot: Pivot;
  readonly alias: Identifier | null;
}

export interface PipeUnpivot extends At {
  readonly kind: "PipeUnpivot";
  readonly unpivot: Unpivot;
  readonly alias: Identifier | null;
}

export interface PipeMatchRecognize extends At {
  readonly kind: "PipeMatchRecognize";
  readonly match: MatchRecognize;
  readonly alias: Identifier | null;
}

export interface PipeWith extends At {
  readonly kind: "PipeWith";
  readonly with: WithClause;
}

/** `|> ASSERT condition, message, …` */
export interface PipeAssert extends At {
  readonly kind: "PipeAssert";
  readonly condition: Expression;
  readonly messages: readonly Expression[];
}

/** `|> LOG [(pipe operators)]` */
export interface PipeLog extends At {
  readonly kind: "PipeLog";
  readonly pipeline: Subpipeline | null;
}

/** `|> IF c THEN (…) [ELSEIF c THEN (…)]* [ELSE (…)]` */
export interface PipeIf extends At {
  readonly kind: "PipeIf";
  /** One or more. */
  readonly branches: readonly PipeBranch[];
  readonly else: Subpipeline | null;
}

export interface PipeBranch extends At {
  readonly kind: "PipeBranch";
  readonly condition: Expression;
  readonly pipeline: Subpipeline;
}

export interface PipeFork extends At {
  readonly kind: "PipeFork";
  readonly pipelines: readonly Subpipeline[];
}

/** `|> TEE [(…), …]`; empty without pipelines. */
export interface PipeTee extends At {
  readonly kind: "PipeTee";
  readonly pipelines: readonly Subpipeline[];
}

/** Pipe operators in parentheses; may be none. */
export interface Subpipeline extends At {
  readonly kind: "Subpipeline";
  readonly pipes: readonly PipeOperator[];
}

/** Without rows and without query: those come from the pipe. */
export interface PipeInsert extends At {
  readonly kind: "PipeInsert";
  readonly insert: InsertStatement;
}

/** Without query. */
export interface PipeExportData extends At {
  readonly kind: "PipeExportData";
  readonly export: ExportDataStatement;
}

/** Without query. */
export interface PipeCreateTable extends At {
  readonly kind: "PipeCreateTable";
  readonly create: CreateTableStatement;
}
