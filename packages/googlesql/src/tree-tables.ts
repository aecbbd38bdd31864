/** The syntax tree of what stands in FROM. */

import type { At, Identifier } from "./tree.ts";
import type { Argument, Expression, PathExpression, WithBinding } from "./tree-expressions.ts";
import type { OrderItem, Query, SelectExpression } from "./tree-queries.ts";
import type { OptionList } from "./tree-statements.ts";

export type TableExpression =
  | TablePath
  | TableSubquery
  | TableFunctionCall
  | Unnest
  | Join
  | PivotedTable
  | UnpivotedTable
  | SampledTable
  | MatchedTable;

/** A table, a common table, or a path into an array of an earlier item of the same FROM: which one, the resolver knows. */
export interface TablePath extends At {
  readonly kind: "TablePath";
  /** As written: `` `p.d`.t `` has two parts. `tableNameParts` gives the three. */
  readonly parts: readonly Identifier[];
  readonly alias: Identifier | null;
  readonly withOffset: WithOffset | null;
  /** FOR SYSTEM_TIME AS OF */
  readonly systemTime: Expression | null;
}

export interface TableSubquery extends At {
  readonly kind: "TableSubquery";
  readonly query: Query;
  readonly alias: Identifier | null;
}

/** A table-valued function in FROM: `ML.PREDICT(MODEL m, TABLE t)`, `APPENDS(TABLE t, NULL, NULL)`, `EXTERNAL_QUERY(…)`. */
export interface TableFunctionCall extends At {
  readonly kind: "TableFunctionCall";
  readonly name: readonly Identifier[];
  readonly arguments: readonly TableFunctionArgument[];
  readonly alias: Identifier | null;
}

export type TableFunctionArgument = Argument | TableArgument | ModelArgument;

/** `table PIVOT (…) [AS alias]`; the alias of the table itself stands before. */
export interface PivotedTable extends At {
  readonly kind: "PivotedTable";
  readonly table: TableExpression;
  readonly pivot: Pivot;
  readonly alias: Identifier | null;
}

/** `PIVOT (aggregates FOR input IN (values))` */
export interface Pivot extends At {
  readonly kind: "Pivot";
  readonly aggregates: readonly PivotExpression[];
  readonly input: Expression;
  readonly values: readonly PivotExpression[];
}

export interface PivotExpression extends At {
  readonly kind: "PivotExpression";
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

export interface UnpivotedTable extends At {
  readonly kind: "UnpivotedTable";
  readonly table: TableExpression;
  readonly unpivot: Unpivot;
  readonly alias: Identifier | null;
}

/** `UNPIVOT [INCLUDE NULLS | EXCLUDE NULLS] (values FOR name IN (columns))` */
export interface Unpivot extends At {
  readonly kind: "Unpivot";
  readonly nulls: "INCLUDE" | "EXCLUDE" | null;
  /** One, or with multi-column UNPIVOT several in parentheses. */
  readonly values: readonly Identifier[];
  readonly name: Identifier;
  readonly columns: readonly UnpivotColumns[];
}

/** `column [AS label]`, `(a, b) [AS label]` */
export interface UnpivotColumns extends At {
  readonly kind: "UnpivotColumns";
  readonly columns: readonly PathExpression[];
  /** A string or an integer. */
  readonly label: Expression | null;
}

export interface SampledTable extends At {
  readonly kind: "SampledTable";
  /** A Join here stood in parentheses. */
  readonly table: TableExpression;
  readonly sample: TableSample;
}

/** `TABLESAMPLE SYSTEM (percent PERCENT)`: BigQuery has no other method and no other unit. */
export interface TableSample extends At {
  readonly kind: "TableSample";
  readonly percent: Expression;
}

export interface MatchedTable extends At {
  readonly kind: "MatchedTable";
  /** A Join here stood in parentheses. */
  readonly table: TableExpression;
  readonly match: MatchRecognize;
  readonly alias: Identifier | null;
}

/** `MATCH_RECOGNIZE ([PARTITION BY …] ORDER BY … MEASURES … [AFTER MATCH SKIP …] PATTERN (…) DEFINE … [OPTIONS (…)])` */
export interface MatchRecognize extends At {
  readonly kind: "MatchRecognize";
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  /** Each with an alias. */
  readonly measures: readonly SelectExpression[];
  readonly skip: "PAST LAST ROW" | "TO NEXT ROW" | null;
  readonly pattern: RowPattern;
  readonly define: readonly WithBinding[];
  readonly options: OptionList | null;
}

export type RowPattern =
  | RowPatternAlternation
  | RowPatternSequence
  | RowPatternQuantified
  | RowPatternAnchor
  | Identifier;

/** `a | b`: two or more. */
export interface RowPatternAlternation extends At {
  readonly kind: "RowPatternAlternation";
  readonly alternatives: readonly RowPattern[];
}

/** `a b`: none, or two or more. */
export interface RowPatternSequence extends At {
  readonly kind: "RowPatternSequence";
  readonly elements: readonly RowPattern[];
}

export interface RowPatternQuantified extends At {
  readonly kind: "RowPatternQuantified";
  readonly operand: RowPattern;
  /** `{n}` is EXACTLY `lower`, `{n,m}` BETWEEN. */
  readonly quantifier: "?" | "*" | "+" | "EXACTLY" | "BETWEEN";
  /** Integer literals or parameters; null where not written. */
  readonly lower: Expression | null;
  readonly upper: Expression | null;
  readonly reluctant: boolean;
}

export interface RowPatternAnchor extends At {
  readonly kind: "RowPatternAnchor";
  readonly edge: "^" | "$";
}

export interface TableArgument extends At {
  readonly kind: "TableArgument";
  readonly path: TablePath;
}

export interface ModelArgument extends At {
  readonly kind: "ModelArgument";
  readonly parts: readonly Identifier[];
}

export interface Unnest extends At {
  readonly kind: "Unnest";
  readonly expression: Expression;
  readonly alias: Identifier | null;
  readonly withOffset: WithOffset | null;
}

/** WITH OFFSET [AS alias]; without alias the column is named `offset`. */
export interface WithOffset extends At {
  readonly kind: "WithOffset";
  readonly alias: Identifier | null;
}

/** COMMA and CROSS have no condition. INNER may lack one too (`FROM t JOIN t.arr`); LEFT, RIGHT and FULL have it unless the right side is an array. */
export interface Join extends At {
  readonly kind: "Join";
  readonly type: "COMMA" | "CROSS" | "INNER" | "LEFT" | "RIGHT" | "FULL";
  readonly left: TableExpression;
  /** A Join here stood in parentheses, or had consecutive ON clauses. */
  readonly right: TableExpression;
  readonly condition: JoinOn | JoinUsing | null;
}

export interface JoinOn extends At {
  readonly kind: "JoinOn";
  readonly expression: Expression;
}

export interface JoinUsing extends At {
  readonly kind: "JoinUsing";
  readonly columns: readonly Identifier[];
}
