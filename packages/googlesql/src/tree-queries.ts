/** The syntax tree of queries: WITH, set operations, SELECT and its clauses. */

import type { At, Identifier } from "./tree.ts";
import type { Expression } from "./tree-expressions.ts";
import type { PipeOperator } from "./tree-pipes.ts";
import type { OptionList } from "./tree-statements.ts";
import type { TableExpression } from "./tree-tables.ts";
import type { NamedWindow } from "./tree-windows.ts";

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
