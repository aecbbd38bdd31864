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

import type { PipeNode, PipeOperator } from "./tree-pipes.ts";
import type { OptionList, Statement, StatementNode } from "./tree-statements.ts";

export type * from "./tree-ddl.ts";
export type * from "./tree-pipes.ts";
export type * from "./tree-statements.ts";

export interface At {
  readonly start: number;
  readonly end: number;
}

/** The decoded name, in the case it was written. A backquoted table name may hold dots: see `tableNameParts`. */
export interface Identifier extends At {
  readonly kind: "Identifier";
  readonly name: string;
}

// ---------------------------------------------------------------------------------------------------- statements

export interface Script extends At {
  readonly kind: "Script";
  readonly statements: readonly Statement[];
}

export interface QueryStatement extends At {
  readonly kind: "QueryStatement";
  readonly query: Query;
}

// ------------------------------------------------------------------------------------------------------- queries

/** `[WITH …] body [ORDER BY …] [LIMIT … [OFFSET …]] [|> …]*` */
export interface Query extends At {
  readonly kind: "Query";
  readonly with: WithClause | null;
  readonly body: QueryBody;
  /** Empty when there is no ORDER BY. */
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | null;
  /** In the order in which they apply; empty without pipe syntax. */
  readonly pipes: readonly PipeOperator[];
}

/** A `Query` as a body or as an input of a set operation stands in parentheses. */
export type QueryBody = Select | SetOperation | Query | FromQuery;

/** `FROM …` alone: all columns of its rows. Never with ORDER BY or LIMIT, which it takes as pipe operators. */
export interface FromQuery extends At {
  readonly kind: "FromQuery";
  readonly from: TableExpression;
}

export interface WithClause extends At {
  readonly kind: "WithClause";
  readonly recursive: boolean;
  readonly entries: readonly CommonTable[];
}

export interface CommonTable extends At {
  readonly kind: "CommonTable";
  readonly name: Identifier;
  readonly query: Query;
  /** Of a recursive one only. */
  readonly depth: RecursionDepth | null;
}

/** `WITH DEPTH [AS alias] [BETWEEN lower AND upper | MAX upper]`; a bound that isn't there, or is UNBOUNDED, is null. */
export interface RecursionDepth extends At {
  readonly kind: "RecursionDepth";
  readonly alias: Identifier | null;
  readonly lower: Expression | null;
  readonly upper: Expression | null;
}

export type SetOperator = "UNION ALL" | "UNION DISTINCT" | "INTERSECT DISTINCT" | "EXCEPT DISTINCT";

/** Two or more inputs joined by one operator, from left to right. Columns match by position unless `match` says otherwise. */
export interface SetOperation extends At {
  readonly kind: "SetOperation";
  readonly operator: SetOperator;
  readonly match: ColumnMatch | null;
  readonly inputs: readonly (Select | Query)[];
}

/** `[FULL | LEFT | INNER] … {BY NAME [ON (…)] | [STRICT] CORRESPONDING [BY (…)]}` around a set operator. */
export interface ColumnMatch extends At {
  readonly kind: "ColumnMatch";
  readonly mode: "FULL" | "LEFT" | "INNER" | null;
  readonly form: "BY NAME" | "CORRESPONDING" | "STRICT CORRESPONDING";
  /** Empty without ON (BY). */
  readonly columns: readonly Identifier[];
}

/** `WITH DIFFERENTIAL_PRIVACY [OPTIONS (…)]`, `WITH AGGREGATION_THRESHOLD [OPTIONS (…)]` */
export interface SelectMode extends At {
  readonly kind: "SelectMode";
  readonly mode: "DIFFERENTIAL_PRIVACY" | "AGGREGATION_THRESHOLD";
  readonly options: OptionList | null;
}

export interface Select extends At {
  readonly kind: "Select";
  readonly mode: SelectMode | null;
  readonly quantifier: "ALL" | "DISTINCT" | null;
  readonly as: "STRUCT" | "VALUE" | null;
  readonly items: readonly SelectItem[];
  readonly from: TableExpression | null;
  readonly where: Expression | null;
  readonly groupBy: GroupBy | null;
  readonly having: Expression | null;
  readonly qualify: Expression | null;
  /** The WINDOW clause; empty when absent. */
  readonly windows: readonly NamedWindow[];
}

export type SelectItem = SelectExpression | SelectStar | SelectDotStar;

export interface SelectExpression extends At {
  readonly kind: "SelectExpression";
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

/** `* [EXCEPT (a, b)] [REPLACE (e AS a)]` */
export interface SelectStar extends At {
  readonly kind: "SelectStar";
  readonly except: readonly Identifier[];
  readonly replace: readonly StarReplacement[];
}

/** `expression.* [EXCEPT (a, b)] [REPLACE (e AS a)]` */
export interface SelectDotStar extends At {
  readonly kind: "SelectDotStar";
  readonly expression: Expression;
  readonly except: readonly Identifier[];
  readonly replace: readonly StarReplacement[];
}

export interface StarReplacement extends At {
  readonly kind: "StarReplacement";
  readonly expression: Expression;
  readonly name: Identifier;
}

export interface OrderItem extends At {
  readonly kind: "OrderItem";
  readonly expression: Expression;
  /** COLLATE: a string literal, a parameter or a system variable. */
  readonly collate: Expression | null;
  readonly direction: "ASC" | "DESC" | null;
  readonly nulls: "FIRST" | "LAST" | null;
}

export interface Limit extends At {
  readonly kind: "Limit";
  /** An integer literal, a parameter, or a CAST of one of them. */
  readonly count: Expression;
  readonly offset: Expression | null;
}

export type GroupBy = GroupByAll | GroupByItems;

export interface GroupByAll extends At {
  readonly kind: "GroupByAll";
}

export interface GroupByItems extends At {
  readonly kind: "GroupByItems";
  readonly items: readonly GroupingItem[];
}

export type GroupingItem = GroupingExpression | GroupingSet | Rollup | Cube | GroupingSets;

/** An expression, an ordinal (an IntegerLiteral), or an alias (a path). */
export interface GroupingExpression extends At {
  readonly kind: "GroupingExpression";
  readonly expression: Expression;
}

/** `(a, b)` inside ROLLUP, CUBE and GROUPING SETS; also `()` as an item of GROUP BY itself. */
export interface GroupingSet extends At {
  readonly kind: "GroupingSet";
  readonly expressions: readonly Expression[];
}

export interface Rollup extends At {
  readonly kind: "Rollup";
  readonly sets: readonly GroupingSet[];
}

export interface Cube extends At {
  readonly kind: "Cube";
  readonly sets: readonly GroupingSet[];
}

export interface GroupingSets extends At {
  readonly kind: "GroupingSets";
  readonly items: readonly (GroupingSet | Rollup | Cube)[];
}

// --------------------------------------------------------------------------------------------------- FROM clause

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

// ------------------------------------------------------------------------------------------------------- windows

export interface NamedWindow extends At {
  readonly kind: "NamedWindow";
  readonly name: Identifier;
  readonly window: Window;
}

export type Window = WindowName | WindowSpecification;

/** `OVER w` */
export interface WindowName extends At {
  readonly kind: "WindowName";
  readonly name: Identifier;
}

/** `OVER ([w] [PARTITION BY …] [ORDER BY …] [frame])` */
export interface WindowSpecification extends At {
  readonly kind: "WindowSpecification";
  readonly base: Identifier | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

export interface WindowFrame extends At {
  readonly kind: "WindowFrame";
  readonly unit: "ROWS" | "RANGE";
  readonly from: FrameBound;
  /** Null for the short form `ROWS 1 PRECEDING`, whose end is CURRENT ROW. */
  readonly to: FrameBound | null;
}

export interface FrameBound extends At {
  readonly kind: "FrameBound";
  readonly bound: "UNBOUNDED PRECEDING" | "PRECEDING" | "CURRENT ROW" | "FOLLOWING" | "UNBOUNDED FOLLOWING";
  /** For PRECEDING and FOLLOWING only. */
  readonly offset: Expression | null;
}

// --------------------------------------------------------------------------------------------------- expressions

export type Expression =
  | Literal
  | PathExpression
  | FieldAccess
  | Subscript
  | Parameter
  | SystemVariable
  | LogicalExpression
  | NotExpression
  | UnaryExpression
  | BinaryExpression
  | ComparisonExpression
  | IsExpression
  | IsDistinctFrom
  | InExpression
  | BetweenExpression
  | LikeExpression
  | QuantifiedLike
  | CaseExpression
  | CastExpression
  | ExtractExpression
  | IntervalExpression
  | StructExpression
  | TupleExpression
  | ArrayExpression
  | SubqueryExpression
  | WithExpression
  | FunctionCall
  | DatePart;

export type Literal =
  | NullLiteral
  | BooleanLiteral
  | IntegerLiteral
  | FloatLiteral
  | StringLiteral
  | BytesLiteral
  | TypedLiteral
  | RangeLiteral;

export interface NullLiteral extends At {
  readonly kind: "NullLiteral";
}

export interface BooleanLiteral extends At {
  readonly kind: "BooleanLiteral";
  readonly value: boolean;
}

/** Decimal digits, or hexadecimal ones as `0x1f`; never with a sign. The range is the resolver's business. */
export interface IntegerLiteral extends At {
  readonly kind: "IntegerLiteral";
  readonly text: string;
}

/** Digits on both sides of a dot, if there is one: `0.5`, `1.0`, `1e+5`. */
export interface FloatLiteral extends At {
  readonly kind: "FloatLiteral";
  readonly text: string;
}

/** The decoded value. */
export interface StringLiteral extends At {
  readonly kind: "StringLiteral";
  readonly value: string;
}

/** The decoded bytes, one UTF-16 unit (0 to 255) a byte. */
export interface BytesLiteral extends At {
  readonly kind: "BytesLiteral";
  readonly value: string;
}

/** `DATE '2026-01-01'`; value is the decoded string. */
export interface TypedLiteral extends At {
  readonly kind: "TypedLiteral";
  readonly type: "NUMERIC" | "BIGNUMERIC" | "DATE" | "DATETIME" | "TIME" | "TIMESTAMP" | "JSON";
  readonly value: string;
}

/** `RANGE<DATE> '[2026-01-01, UNBOUNDED)'` */
export interface RangeLiteral extends At {
  readonly kind: "RangeLiteral";
  readonly type: RangeType;
  readonly value: string;
}

/** A column, alias or table name with the field accesses that follow it directly: `p.address.zip`. */
export interface PathExpression extends At {
  readonly kind: "PathExpression";
  readonly parts: readonly Identifier[];
}

/** `.field` on anything but a plain path: `f(x).a`, `(SELECT s).a`, `arr[0].a`. */
export interface FieldAccess extends At {
  readonly kind: "FieldAccess";
  readonly operand: Expression;
  readonly field: Identifier;
}

/** `operand[index]`, `operand[OFFSET(index)]` … */
export interface Subscript extends At {
  readonly kind: "Subscript";
  readonly operand: Expression;
  readonly accessor: "OFFSET" | "ORDINAL" | "SAFE_OFFSET" | "SAFE_ORDINAL" | null;
  readonly index: Expression;
}

export interface Parameter extends At {
  readonly kind: "Parameter";
  /** Null for the positional `?`. */
  readonly name: string | null;
  /** 0-based, in text order, for `?`; null for a named one. */
  readonly position: number | null;
}

/** `@@project_id`, `@@error.message` */
export interface SystemVariable extends At {
  readonly kind: "SystemVariable";
  readonly parts: readonly Identifier[];
}

/** Two or more operands. */
export interface LogicalExpression extends At {
  readonly kind: "LogicalExpression";
  readonly operator: "AND" | "OR";
  readonly operands: readonly Expression[];
}

export interface NotExpression extends At {
  readonly kind: "NotExpression";
  readonly operand: Expression;
}

export interface UnaryExpression extends At {
  readonly kind: "UnaryExpression";
  readonly operator: "-" | "+" | "~";
  readonly operand: Expression;
}

/** Two or more operands, left-associative: `a - b - c` is `[a, b, c]` and means `(a - b) - c`. */
export interface BinaryExpression extends At {
  readonly kind: "BinaryExpression";
  readonly operator: "||" | "+" | "-" | "*" | "/" | "|" | "^" | "&" | "<<" | ">>";
  readonly operands: readonly Expression[];
}

/** `<>` is read as `!=`. */
export interface ComparisonExpression extends At {
  readonly kind: "ComparisonExpression";
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
  readonly left: Expression;
  readonly right: Expression;
}

export interface IsExpression extends At {
  readonly kind: "IsExpression";
  readonly operand: Expression;
  readonly not: boolean;
  readonly test: "NULL" | "TRUE" | "FALSE" | "UNKNOWN";
}

export interface IsDistinctFrom extends At {
  readonly kind: "IsDistinctFrom";
  readonly left: Expression;
  readonly not: boolean;
  readonly right: Expression;
}

export interface InExpression extends At {
  readonly kind: "InExpression";
  readonly operand: Expression;
  readonly not: boolean;
  readonly source: ExpressionList | UnnestOperand | QueryOperand;
}

/** `(a, b, c)`, one or more. */
export interface ExpressionList extends At {
  readonly kind: "ExpressionList";
  readonly items: readonly Expression[];
}

/** `UNNEST(array)` on the right of IN and LIKE ANY. */
export interface UnnestOperand extends At {
  readonly kind: "UnnestOperand";
  readonly expression: Expression;
}

/** `(SELECT …)` on the right of IN and LIKE ANY. */
export interface QueryOperand extends At {
  readonly kind: "QueryOperand";
  readonly query: Query;
}

export interface BetweenExpression extends At {
  readonly kind: "BetweenExpression";
  readonly operand: Expression;
  readonly not: boolean;
  readonly low: Expression;
  readonly high: Expression;
}

export interface LikeExpression extends At {
  readonly kind: "LikeExpression";
  readonly operand: Expression;
  readonly not: boolean;
  readonly pattern: Expression;
}

/** `x [NOT] LIKE ANY (…)`; SOME is read as ANY. */
export interface QuantifiedLike extends At {
  readonly kind: "QuantifiedLike";
  readonly operand: Expression;
  readonly not: boolean;
  readonly quantifier: "ANY" | "ALL";
  readonly patterns: ExpressionList | UnnestOperand | QueryOperand;
}

export interface CaseExpression extends At {
  readonly kind: "CaseExpression";
  /** Present in `CASE operand WHEN value THEN …`. */
  readonly operand: Expression | null;
  readonly whens: readonly CaseWhen[];
  readonly else: Expression | null;
}

export interface CaseWhen extends At {
  readonly kind: "CaseWhen";
  readonly when: Expression;
  readonly then: Expression;
}

/** `CAST(operand AS type [FORMAT format [AT TIME ZONE timeZone]])` */
export interface CastExpression extends At {
  readonly kind: "CastExpression";
  readonly safe: boolean;
  readonly operand: Expression;
  readonly type: TypeName;
  readonly format: Expression | null;
  readonly timeZone: Expression | null;
}

export interface ExtractExpression extends At {
  readonly kind: "ExtractExpression";
  readonly part: DatePart;
  readonly from: Expression;
  readonly timeZone: Expression | null;
}

/** `INTERVAL value part [TO toPart]` */
export interface IntervalExpression extends At {
  readonly kind: "IntervalExpression";
  readonly value: Expression;
  readonly part: DatePart;
  readonly toPart: DatePart | null;
}

/**
 * `MONTH`, `WEEK(MONDAY)`. As an expression it stands only where a built-in function takes a date part,
 * e.g. the second argument of DATE_TRUNC. Names are upper case; whether they exist is the resolver's business.
 */
export interface DatePart extends At {
  readonly kind: "DatePart";
  readonly name: string;
  readonly weekday: string | null;
}

/** `STRUCT(1 AS a, x)` and `STRUCT<a INT64>(1)` */
export interface StructExpression extends At {
  readonly kind: "StructExpression";
  readonly type: StructType | null;
  readonly fields: readonly StructField[];
}

export interface StructField extends At {
  readonly kind: "StructField";
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

/** `(a, b)`: a struct of two or more anonymous fields. */
export interface TupleExpression extends At {
  readonly kind: "TupleExpression";
  readonly elements: readonly Expression[];
}

/** `[1, 2]`, `ARRAY[1, 2]`, `ARRAY<INT64>[]` */
export interface ArrayExpression extends At {
  readonly kind: "ArrayExpression";
  readonly type: ArrayType | null;
  readonly elements: readonly Expression[];
}

/** `(SELECT …)`, `ARRAY(SELECT …)`, `EXISTS(SELECT …)` */
export interface SubqueryExpression extends At {
  readonly kind: "SubqueryExpression";
  readonly form: "SCALAR" | "ARRAY" | "EXISTS";
  readonly query: Query;
}

/** `WITH(a AS 1, b AS a + 1, a + b)` */
export interface WithExpression extends At {
  readonly kind: "WithExpression";
  readonly bindings: readonly WithBinding[];
  readonly result: Expression;
}

export interface WithBinding extends At {
  readonly kind: "WithBinding";
  readonly name: Identifier;
  readonly expression: Expression;
}

/** CURRENT_DATE, CURRENT_TIME, CURRENT_DATETIME and CURRENT_TIMESTAMP without parentheses are calls without arguments. */
export interface FunctionCall extends At {
  readonly kind: "FunctionCall";
  /** `SAFE.SUBSTR` has two parts, `` `p.d`.f `` too. */
  readonly name: readonly Identifier[];
  /** Written `first.name(…)`: the first argument stands before the dot. */
  readonly chained: boolean;
  readonly distinct: boolean;
  readonly arguments: readonly Argument[];
  readonly nulls: "IGNORE" | "RESPECT" | null;
  readonly input: AggregateInput | null;
  readonly having: HavingModifier | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Expression | null;
  readonly over: Window | null;
}

export type Argument = Expression | StarArgument | NamedArgument | LambdaArgument;

/** The star of COUNT(*): the first argument, and the only one without a name. */
export interface StarArgument extends At {
  readonly kind: "StarArgument";
}

/** `name => value` */
export interface NamedArgument extends At {
  readonly kind: "NamedArgument";
  readonly name: Identifier;
  /** A table or a model only as an argument of a table function. */
  readonly value: Expression | LambdaArgument | TableArgument | ModelArgument;
}

/** `e -> e + 1`, `(a, b) -> a + b` */
export interface LambdaArgument extends At {
  readonly kind: "LambdaArgument";
  readonly parameters: readonly Identifier[];
  readonly body: Expression;
}

/** `ANY_VALUE(x HAVING MAX y)` */
/** What an aggregate's own clauses make of its rows: which it takes, and the groups that it goes over in their place. */
export interface AggregateInput extends At {
  readonly kind: "AggregateInput";
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  /** Only with `groupBy`. */
  readonly having: Expression | null;
}

export interface HavingModifier extends At {
  readonly kind: "HavingModifier";
  readonly extreme: "MAX" | "MIN";
  readonly expression: Expression;
}

// --------------------------------------------------------------------------------------------------------- types

export type TypeName = SimpleType | ArrayType | StructType | RangeType;

/** `INT64`, `STRING(10)`, `NUMERIC(10, 2)`. The name is upper case; whether it exists is the resolver's business. */
export interface SimpleType extends At {
  readonly kind: "SimpleType";
  readonly name: string;
  /** Integer literals, or MAX written as a path. */
  readonly parameters: readonly Expression[];
}

export interface ArrayType extends At {
  readonly kind: "ArrayType";
  readonly element: TypeName;
}

export interface StructType extends At {
  readonly kind: "StructType";
  readonly fields: readonly StructTypeField[];
}

export interface StructTypeField extends At {
  readonly kind: "StructTypeField";
  readonly name: Identifier | null;
  readonly type: TypeName;
}

export interface RangeType extends At {
  readonly kind: "RangeType";
  readonly element: TypeName;
}

// ------------------------------------------------------------------------------------------------------ all nodes

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
