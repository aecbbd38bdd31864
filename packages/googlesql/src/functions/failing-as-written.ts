/**
 * Calls that can't fail, as they are written or for the types they are given, of functions that otherwise can. Plain queries are full of
 * them: `ROUND(AVG(x), 2)`, `MOD(id, 10)`, `TIMESTAMP_DIFF(a, b, DAY)`.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
 */
import type { Expression } from "../tree.ts";
import type { Type } from "../types.ts";
import { type Among, ANY_ROWS, bitsOf, bitsOfSum, COUNTS, isPositive, MOST_BITS } from "./magnitude.ts";

type Types = readonly (Type | null)[];
type Written = readonly (Expression | null)[];

const NEVER: ReadonlyMap<string, (types: Types, written: Written, among: Among) => boolean> = new Map([
  // BYTES beside STRING are cast to it, where they are UTF-8.
  ...named("CONCAT", (types: Types) => types.every((type) => is(type, BYTES)) || types.every((type) => is(type, TEXT))),
  // Of all parts, only nanoseconds are so many between the first day and the last that INT64 can't hold them.
  ...named("DATE_DIFF DATETIME_DIFF TIMESTAMP_DIFF", (_: Types, [, , part]: Written) => {
    return part?.kind === "DatePart" && part.name !== "NANOSECOND";
  }),
  // To the left of the point a number can be rounded up to more than its type holds.
  ...named("ROUND", ([of]: Types, [value, places, ...more]: Written, among: Among) => {
    if (more.length > 0 || (places !== undefined && !atLeast(places, 0))) return false;
    return is(of, FLOATING) || bitsOf(value, among) !== null;
  }),
  ...named("CEIL CEILING FLOOR", (_: Types, [value]: Written, among: Among) => bitsOf(value, among) !== null),
  ...named(
    "ABS",
    ([of]: Types, [value]: Written, among: Among) => is(of, SYMMETRICAL) || bitsOf(value, among) !== null,
  ),
  ...named("OP_NEGATE", ([of]: Types) => is(of, SYMMETRICAL)),
  ...named("MOD DIV", (_: Types, [, by]: Written) => atLeast(by, 1)),
  ...named("OP_DIVIDE", ([of, type]: Types, [, by]: Written, among: Among) => {
    if (!is(of, NUMBER)) return false;
    return atLeast(by, 1) || (is(type, INTEGER) && (isNotZero(by) || isPositive(by ?? null, among)));
  }),
  // Rows are far fewer than a thousandth of INT64's. A fraction of a number is no larger than it.
  ...named("OP_MULTIPLY", (types: Types, [left, right]: Written, among: Among) => {
    if (isCount(left, right) || isCount(right, left)) return true;
    return (
      types.every((type) => is(type, NUMBER)) &&
      (atMost(left, 1) || atMost(right, 1) || together(left, right, among, sum))
    );
  }),
  // FLOAT64's largest number is the same with what is so much smaller beside it.
  ...named("OP_ADD OP_SUBTRACT", ([a, b]: Types, [left, right]: Written, among: Among) => {
    if (!is(a, NUMBER) || !is(b, NUMBER)) return false;
    if (is(a, FLOAT) && bitsOf(right, among) !== null) return true;
    if (is(b, FLOAT) && bitsOf(left, among) !== null) return true;
    return together(left, right, among, (x, y) => Math.max(x, y) + 1);
  }),
  ...named("SUM", ([of]: Types, [value]: Written, among: Among) => {
    return bitsOfSum(value, among, is(of, INTEGER) ? MOST_BITS : NUMERIC_BITS) !== null;
  }),
  // But of FLOAT64, not even the squares of all rows are more than FLOAT64 holds.
  ...named("STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP", ([of]: Types, [value]: Written, among: Among) => {
    return isBounded(of, value, among);
  }),
  ...named("COVAR_POP COVAR_SAMP", (types: Types, written: Written, among: Among) => {
    return types.every((type, i) => isBounded(type, written[i], among));
  }),
  // Of values that are all the same it is NaN. Whole numbers are added up as FLOAT64, where what is rounded may be divided by 0.
  ...named("CORR", (types: Types) => types.every((type) => is(type, DECIMAL))),
  // BYTES must be as long as each other.
  ...named("OP_BITWISE", (types: Types) => types.every((type) => is(type, INTEGER))),
  ...named("OP_SHIFT", (_: Types, [, by]: Written) => atLeast(by, 0)),
  ...named("DATETIME", ([date, time]: Types) => is(date, DATE) && is(time, TIME)),
  // Added up in more bits than the type has, an average lies between the least and the greatest; of FLOAT64 it may overflow.
  // https://github.com/google/googlesql/blob/master/googlesql/public/numeric_value.cc
  // https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#avg
  ...named("AVG", ([of]: Types, [value]: Written, among: Among) => {
    return isBounded(of, value, among);
  }),
  ...named("PERCENTILE_CONT PERCENTILE_DISC", (_: Types, [, at]: Written) => atLeast(at, 0) && atMost(at, 1)),
  // Few enough that they are no long array.
  ...named("APPROX_QUANTILES", (_: Types, [, count]: Written) => atLeast(count, 1) && atMost(count, 100)),
  ...named("NTH_VALUE", (_: Types, [, place]: Written) => atLeast(place, 1)),
  ...named("FORMAT", fitsFormat),
  // No character stands twice among those to replace.
  ...named("TRANSLATE", (_: Types, [, from, to]: Written) => {
    return from?.kind === "StringLiteral" && to?.kind === "StringLiteral" && differ([...from.value]);
  }),
  // Of a NUMERIC not every value is a number of JSON; nor are values in JSON less deep than it may be.
  ...named("TO_JSON JSON_ARRAY", (types: Types) => types.every(isPlainJson)),
  ...named("JSON_OBJECT", (types: Types, written: Written) => {
    const keys = written.filter((_, i) => i % 2 === 0);
    return types.every(isPlainJson) && keys.every((key) => key?.kind === "StringLiteral");
  }),
]);

/** Whether no argument of this call can make it fail. `written` is null for an argument that isn't known, or is passed by name. */
export function cannotFail(name: string, types: Types, written: Written, among: Among = ANY_ROWS): boolean {
  return NEVER.get(name)?.(types, written, among) === true;
}

/**
 * Whether the value at this place can't, whatever the others are. What is counted is never NULL, and a whole number divides it into no more:
 * whether `COUNT(a) / COUNT(b)` fails, the latter alone decides.
 */
export function cannotFailBy(name: string, place: number, types: Types, written: Written): boolean {
  return name === "OP_DIVIDE" && place === 0 && is(types[1], INTEGER) && isCounted(written[0]);
}

/** Whether some calls of the function can't. */
export function canBeSure(name: string): boolean {
  return NEVER.has(name);
}

function named<T>(names: string, value: T): readonly (readonly [string, T])[] {
  return names.split(" ").map((name) => [name, value] as const);
}

/** Of what fits NUMERIC, and so each type of number but INT64. */
const NUMERIC_BITS = 96;
const BYTES = new Set(["BYTES"]);
/** What casts to STRING whatever it is. */
const TEXT = new Set([
  "STRING",
  "INT64",
  "FLOAT64",
  "NUMERIC",
  "BIGNUMERIC",
  "BOOL",
  "DATE",
  "DATETIME",
  "TIME",
  "TIMESTAMP",
  "INTERVAL",
]);
const STRING = new Set(["STRING"]);
const FRACTION = new Set(["FLOAT64", "NUMERIC", "BIGNUMERIC"]);
const DATE = new Set(["DATE"]);
const TIME = new Set(["TIME"]);
const INTEGER = new Set(["INT64"]);
const FLOAT = new Set(["FLOAT64"]);
const DECIMAL = new Set(["NUMERIC", "BIGNUMERIC"]);
const EXACT = new Set(["INT64", "NUMERIC", "BIGNUMERIC"]);
const FLOATING = new Set(["INT64", "FLOAT64"]);
const NUMBER = new Set(["INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"]);
/** To each value of the type, there is its negative. */
const SYMMETRICAL = new Set(["FLOAT64", "NUMERIC"]);
const JSON_VALUES = new Set(["STRING", "BYTES", "INT64", "FLOAT64", "BOOL", "DATE", "DATETIME", "TIME", "TIMESTAMP"]);

function is(type: Type | null | undefined, names: ReadonlySet<string>): boolean {
  return type?.kind === "scalar" && names.has(type.name);
}

/** A number far smaller than FLOAT64's largest: by its type, or as it is written. */
function isBounded(type: Type | null | undefined, written: Written[number] | undefined, among: Among): boolean {
  return is(type, EXACT) || bitsOf(written, among) !== null;
}

function isPlainJson(type: Type | null): boolean {
  if (type?.kind === "struct") return type.fields.every((field) => isPlainJson(field.type));
  return type?.kind === "array" ? isPlainJson(type.element) : is(type, JSON_VALUES);
}

const LITERAL_FORMAT = /%(?:%|[-+ #0']*\d{0,2}(?:\.\d{1,2})?([a-zA-Z]))/g;

/**
 * Each specifier is one that takes all values of its argument's type: `%x` takes no number below zero.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string
 */
function fitsFormat([, ...types]: Types, [format]: Written): boolean {
  if (format?.kind !== "StringLiteral" || format.value.replaceAll(LITERAL_FORMAT, "").includes("%")) return false;
  const specifiers = [...format.value.matchAll(LITERAL_FORMAT)].flatMap(([, letter]) => letter ?? []);
  return specifiers.length === types.length && specifiers.every((letter, i) => fits(letter, types[i]));
}

function fits(letter: string, type: Type | null | undefined): boolean {
  switch (letter) {
    case "d":
    case "i":
      return is(type, INTEGER);
    case "s":
      return is(type, STRING);
    case "f":
    case "F":
    case "e":
    case "E":
    case "g":
    case "G":
      return is(type, FRACTION);
    case "t":
    case "T":
      return type !== null && type !== undefined;
    default:
      return false;
  }
}

/**
 * A number that is written and is no less. Of a fraction what stands before its point decides: FLOAT64 rounds 0.99999999999999999999 up,
 * BIGNUMERIC has each digit.
 */
function atLeast(written: Expression | null | undefined, least: number): boolean {
  if (written?.kind === "IntegerLiteral") return Number(written.text) >= least;
  if (written?.kind !== "FloatLiteral") return false;
  return Number(/^(\d*)\.\d*$/.exec(written.text)?.[1]) >= least;
}

/** Likewise, and is no more: 1.00000000000000000001 is. */
function atMost(written: Expression | null | undefined, most: number): boolean {
  if (written?.kind === "IntegerLiteral") return Number(written.text) <= most;
  const digits = written?.kind === "FloatLiteral" ? /^(\d*)\.(\d*)$/.exec(written.text) : null;
  if (digits === null) return false;
  return Number(digits[1]) < most || (Number(digits[1]) === most && Number(digits[2]) === 0);
}

function sum(a: number, b: number): number {
  return a + b;
}

/** Two numbers so small that what is made of them is a number of any type. */
function together(
  left: Written[number] | undefined,
  right: Written[number] | undefined,
  among: Among,
  bits: (a: number, b: number) => number,
): boolean {
  const a = bitsOf(left, among);
  const b = bitsOf(right, among);
  return a !== null && b !== null && bits(a, b) <= MOST_BITS;
}

function isNotZero(written: Expression | null | undefined): boolean {
  if (written?.kind !== "FunctionCall" || written.name.length > 1 || written.name[0]?.name.toUpperCase() !== "NULLIF")
    return false;
  const zero = written.arguments[1];
  return zero?.kind === "IntegerLiteral" && BigInt(zero.text) === 0n;
}

/** How many rows there are, or so many times. */
function isCounted(written: Expression | null | undefined): boolean {
  if (written?.kind === "BinaryExpression" && written.operator === "*" && written.operands.length === 2) {
    const [left, right] = written.operands;
    return isCount(left, right) || isCount(right, left);
  }
  return isCount(written);
}

/** `times` is no more than a thousand. */
function isCount(written: Expression | null | undefined, times?: Expression | null): boolean {
  if (times !== undefined && !(atLeast(times, 0) && atMost(times, 1000))) return false;
  const [name, more] = written?.kind === "FunctionCall" ? written.name : [];
  return more === undefined && name !== undefined && COUNTS.has(name.name.toUpperCase());
}

function differ(characters: readonly string[]): boolean {
  return new Set(characters).size === characters.length;
}
