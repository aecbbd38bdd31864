/** The syntax tree of expressions. */

import type { At, Identifier } from "./tree.ts";
import type { OrderItem, Query } from "./tree-queries.ts";
import type { ModelArgument, TableArgument } from "./tree-tables.ts";
import type { ArrayType, RangeType, StructType, TypeName } from "./tree-types.ts";
import type { Window } from "./tree-windows.ts";

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

/** What an aggregate's own clauses make of its rows: which it takes, and the groups that it goes over in their place. */
export interface AggregateInput extends At {
  readonly kind: "AggregateInput";
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  /** Only with `groupBy`. */
  readonly having: Expression | null;
}

/** `ANY_VALUE(x HAVING MAX y)` */
export interface HavingModifier extends At {
  readonly kind: "HavingModifier";
  readonly extreme: "MAX" | "MIN";
  readonly expression: Expression;
}
