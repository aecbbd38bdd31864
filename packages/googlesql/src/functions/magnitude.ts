/**
 * How large a number can be, as it is written: arithmetic on small ones can't overflow, and on others it can. Plain queries count, take
 * differences of days and make shares of them: `100 * COUNTIF(x) / COUNT(*)`, `DATE_DIFF(a, b, DAY) + 1`, `SUM(IF(x, 1, 0))`.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/operators
 */
import type { Expression, FunctionCall, Node, Window } from "../tree.ts";

/** What is known of a number. */
export interface Size {
  /** No more than 2 to the power of this, and no less than minus that; null: nothing is known. */
  readonly bits: number | null;
  /** 1 or more, or NULL. */
  readonly positive: boolean;
  /** A count of one of the groups that rows were made into: where each group stands once, all of them count but the rows. */
  readonly counts?: boolean;
}

/** What is known of the rows that an aggregate goes over. */
export interface Among {
  /** Groups are made by keys alone: none is without rows. */
  readonly keyed: boolean;
  /** A row of a table may stand in several of the rows. */
  readonly repeated: boolean;
  /** Of names, by where they stand: what they stand for is written elsewhere. */
  readonly sizes?: ReadonlyMap<Node, Size>;
}

export const ANY_ROWS: Among = { keyed: false, repeated: true };

/** Rows are far fewer than a thousandth of INT64's; those that a table holds are fewer still. */
const ROWS = 53;
const ROWS_ONCE = 40;
/** Of what fits INT64 and is a bit away from its bounds. */
export const MOST_BITS = 62;

type Written = Expression | null | undefined;

/** The number is no more than 2 to the power of this, and no less than minus that; null where nothing is known, or it is no number. */
export function bitsOf(written: Written, among: Among): number | null {
  const of = (expression: Written): number | null => bitsOf(expression, among);
  switch (written?.kind) {
    case "IntegerLiteral":
    case "FloatLiteral":
      return bitsOfNumber(Number(written.text));
    case "NullLiteral":
      return 0;
    case "UnaryExpression":
      return written.operator === "~" ? null : of(written.operand);
    case "BinaryExpression":
      return written.operands
        .slice(1)
        .reduce(
          (left, operand) => combined(written.operator, left, of(operand), isPositive(operand, among)),
          of(written.operands[0]),
        );
    case "CaseExpression":
      return most([
        ...written.whens.map(({ then }) => of(then)),
        of(written.else ?? null) ?? (written.else ? null : 0),
      ]);
    // A format moves the point, or writes digits of its own.
    case "CastExpression":
      return written.format === null ? plusOne(of(written.operand)) : null;
    case "ExtractExpression":
      return PARTS.get(written.part.name.toUpperCase()) ?? null;
    case "PathExpression":
      return among.sizes?.get(written)?.bits ?? null;
    // Cast to a number it is 0 or 1.
    case "BooleanLiteral":
    case "ComparisonExpression":
    case "LogicalExpression":
    case "NotExpression":
    case "IsExpression":
    case "IsDistinctFrom":
    case "InExpression":
    case "BetweenExpression":
    case "LikeExpression":
      return 0;
    case "FunctionCall":
      return bitsOfCall(written, among);
    default:
      return null;
  }
}

function bitsOfNumber(number: number): number | null {
  const bits = Math.ceil(Math.log2(Math.max(1, number)));
  return bits <= MOST_BITS ? bits : null;
}

function most(bits: readonly (number | null)[]): number | null {
  return bits.reduce<number | null>((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
}

/** What an operator makes of numbers so large; null also where that may be more than INT64 holds. */
function combined(operator: string, left: number | null, right: number | null, positive: boolean): number | null {
  if (left === null) return null;
  if (operator === "/") return positive ? left : null;
  if (right === null) return null;
  const bits =
    operator === "+" || operator === "-" ? Math.max(left, right) + 1 : operator === "*" ? left + right : null;
  return bits !== null && bits <= MOST_BITS ? bits : null;
}

/** From the first day to the last: 3,652,058 days. */
const DAYS = 22;
const UNITS: ReadonlyMap<string, number> = new Map([
  ...["YEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "ISOYEAR", "DAY"].map((part) => [part, DAYS] as const),
  ["HOUR", 27],
  ["MINUTE", 33],
  ["SECOND", 39],
  ["MILLISECOND", 49],
]);

/** Of a time no part is more than its nanoseconds. */
const PARTS: ReadonlyMap<string, number> = new Map(
  "YEAR QUARTER MONTH WEEK ISOWEEK ISOYEAR DAY DAYOFWEEK DAYOFYEAR HOUR MINUTE SECOND MILLISECOND MICROSECOND NANOSECOND"
    .split(" ")
    .map((part) => [part, 30]),
);

function bitsOfCall(written: FunctionCall, among: Among): number | null {
  const name = nameOf(written);
  if (name === null || written.arguments.some((argument) => argument.kind === "NamedArgument")) return null;
  const given = written.arguments.map((argument) => expressionOf(argument));
  const of = (place: number): number | null => bitsOf(given[place], among);
  switch (name) {
    case "COUNT":
    case "COUNTIF":
    case "APPROX_COUNT_DISTINCT":
    case "ROW_NUMBER":
    case "RANK":
    case "DENSE_RANK":
      return ROWS;
    case "SUM":
      return bitsOfSum(given[0], among);
    case "LENGTH":
    case "CHAR_LENGTH":
    case "CHARACTER_LENGTH":
    case "BYTE_LENGTH":
    case "OCTET_LENGTH":
    case "STRPOS":
    case "ARRAY_LENGTH":
      // A row has 100 MB.
      return 30;
    case "DATE_DIFF":
    case "DATETIME_DIFF":
    case "TIMESTAMP_DIFF": {
      const part = written.arguments[2];
      return part?.kind === "DatePart" ? (UNITS.get(part.name.toUpperCase()) ?? null) : null;
    }
    case "UNIX_DATE":
      return DAYS;
    case "UNIX_SECONDS":
      return 39;
    case "MOD":
      return given[1]?.kind === "IntegerLiteral" ? of(1) : null;
    case "DIV":
      return isPositive(given[1], among) ? of(0) : null;
    case "SAFE_DIVIDE":
      return isPositive(given[1], among) || isCount(given[1]) ? of(0) : null;
    case "ABS":
    case "AVG":
    case "MIN":
    case "MAX":
    case "ANY_VALUE":
    case "FIRST_VALUE":
    case "LAST_VALUE":
    case "NTH_VALUE":
    case "PERCENTILE_CONT":
    case "PERCENTILE_DISC":
    case "NULLIF":
      return of(0);
    case "LAG":
    case "LEAD":
      return given.length < 3 ? of(0) : null;
    case "ROUND":
    case "FLOOR":
    case "CEIL":
    case "CEILING":
    case "TRUNC":
      return given.length === 1 || given[1]?.kind === "IntegerLiteral" ? plusOne(of(0)) : null;
    case "IF":
      return given.length === 3 ? most([of(1), of(2)]) : null;
    case "IFNULL":
    case "COALESCE":
    case "GREATEST":
    case "LEAST":
      return most(given.map((_, place) => of(place)));
    default:
      return null;
  }
}

function plusOne(bits: number | null): number | null {
  return bits === null || bits >= MOST_BITS ? null : bits + 1;
}

/** Of a sum of as many as there are rows; of counts it is but the rows that all of them count. Null where it may be more than `most`. */
export function bitsOfSum(value: Written, among: Among, most = MOST_BITS): number | null {
  if (isCount(value)) return ROWS;
  if (value && !among.repeated && among.sizes?.get(value)?.counts) return ROWS;
  const bits = bitsOf(value, among);
  const sum = bits === null ? null : bits + (among.repeated ? ROWS : ROWS_ONCE);
  return sum !== null && sum <= most ? sum : null;
}

/** Of a number with so many digits before its point. */
export function bitsOfDigits(digits: number): number | null {
  return bitsOfNumber(10 ** digits);
}

/** Tell how many rows there are, or how many are such. */
export const COUNTS: ReadonlySet<string> = new Set(["COUNT", "COUNTIF", "APPROX_COUNT_DISTINCT"]);

/** How many rows of the group there are, or how many are such. */
export function isCount(written: Written): boolean {
  return written?.kind === "FunctionCall" && written.over === null && COUNTS.has(nameOf(written) ?? "");
}

/** A number that is 1 or more, or NULL: of a group that has rows, how many they are. */
export function isPositive(written: Written, among: Among): boolean {
  if (written?.kind === "IntegerLiteral" || written?.kind === "FloatLiteral") return Number(written.text) >= 1;
  if (written?.kind === "PathExpression") return among.sizes?.get(written)?.positive === true;
  if (written?.kind !== "FunctionCall") return false;
  const [argument] = written.arguments;
  switch (nameOf(written)) {
    case "COUNT": {
      const all = argument?.kind === "StarArgument" || argument?.kind === "IntegerLiteral";
      if (!all || written.input !== null || written.having !== null) return false;
      return written.over === null ? among.keyed : holdsItsRow(written.over);
    }
    case "SUM": {
      const value = expressionOf(argument);
      const each = value?.kind === "PathExpression" || (written.over !== null && holdsItsRow(written.over));
      return each && isPositive(value, among);
    }
    // One of several.
    case "MIN":
    case "MAX":
    case "ANY_VALUE":
    case "FIRST_VALUE":
    case "LAST_VALUE":
      return isPositive(expressionOf(argument), among);
    case "LAG":
    case "LEAD":
      return written.arguments.length < 3 && isPositive(expressionOf(argument), among);
    case "GREATEST":
      return written.arguments.some((one) => isPositive(expressionOf(one), among));
    case "NULLIF": {
      const zero = written.arguments[1];
      return isCount(expressionOf(argument)) && zero?.kind === "IntegerLiteral" && Number(zero.text) === 0;
    }
    default:
      return false;
  }
}

/** Without a frame of its own a window reaches to the row that it is of. https://cloud.google.com/bigquery/docs/reference/standard-sql/window-function-calls#def_window_frame */
function holdsItsRow(window: Window): boolean {
  return window.kind === "WindowSpecification" && window.base === null && window.frame === null;
}

function nameOf({ name }: FunctionCall): string | null {
  const [first, more] = name;
  return first === undefined || more !== undefined ? null : first.name.toUpperCase();
}

function expressionOf(argument: FunctionCall["arguments"][number] | undefined): Expression | null {
  switch (argument?.kind) {
    case "StarArgument":
    case "NamedArgument":
    case "LambdaArgument":
      return null;
    default:
      return argument ?? null;
  }
}
