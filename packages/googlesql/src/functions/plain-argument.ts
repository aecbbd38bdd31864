/**
 * Which literals can't make a function fail. Where another argument can (a length below zero, a pattern that is none), whether it does
 * depends on the value beside it as well: of NULL most functions give NULL and look no further, so `SUBSTR(ssn, 1, -1)` runs only where
 * there is no ssn.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-reference#function_calling_rules
 */
import { madeOf } from "../made-of.ts";
import type { Expression } from "../tree.ts";

/** Of each function, by the place of the argument from 0; a place that isn't here takes nothing that is sure. */
const PLAIN: ReadonlyMap<string, readonly (((written: Expression) => boolean) | null)[]> = new Map([
  ...named("SUBSTR SUBSTRING", [null, anything, notNegative]),
  ...named("LEFT RIGHT ARRAY_FIRST_N ARRAY_LAST_N", [null, notNegative]),
  ...named("LPAD RPAD", [null, notNegative, filling]),
  ...named("REPEAT", [null, notNegative]),
  ...named("REPLACE", [null, literal, literal]),
  ...named("DATE_TRUNC DATETIME_TRUNC TIMESTAMP_TRUNC LAST_DAY", [null, wholePart]),
  ...named("INSTR", [null, anything, (written) => positive(written) || positive(negated(written)), positive]),
  ...named("REGEXP_CONTAINS REGEXP_EXTRACT REGEXP_EXTRACT_ALL REGEXP_INSTR REGEXP_SUBSTR", [
    null,
    plainPattern,
    positive,
    positive,
  ]),
  ...named("REGEXP_REPLACE", [null, plainPattern, withoutBackslash]),
  ...named("ARRAY_SLICE", [null, integer, integer]),
  ...named("COLLATE", [null, collation]),
  ...named("HLL_COUNT.INIT", [null, precision]),
  ...named("CONTAINS_SUBSTR", [null, literal]),
  ...named("SEARCH", [null, words]),
  ...named("TF_IDF", [null, positive, positive]),
  ...named("JSON_EXTRACT JSON_QUERY JSON_EXTRACT_SCALAR JSON_VALUE JSON_EXTRACT_ARRAY JSON_QUERY_ARRAY", [
    null,
    plainPath,
  ]),
  ...named("JSON_EXTRACT_STRING_ARRAY JSON_VALUE_ARRAY", [null, plainPath]),
  ...named("JSON_KEYS", [null, positive]),
  ...named("RANGE_BUCKET", [null, ascending]),
  ...named("FORMAT_DATE FORMAT_DATETIME FORMAT_TIME FORMAT_TIMESTAMP", [plainFormat]),
  ...named("OP_LIKE", [null, withoutBackslash]),
]);

function named<T>(names: string, value: T): readonly (readonly [string, T])[] {
  return names.split(" ").map((name) => [name, value] as const);
}

/** Whether the argument at this place is written so that it can't make the function fail; `written` is null where it isn't known how. */
export function isPlain(name: string, place: number, written: Expression | null): boolean {
  return written !== null && PLAIN.get(name)?.[place]?.(written) === true;
}

function anything(): boolean {
  return true;
}

function literal({ kind }: Expression): boolean {
  return ["StringLiteral", "IntegerLiteral", "BooleanLiteral"].includes(kind);
}

function negated(written: Expression): Expression {
  return written.kind === "UnaryExpression" && written.operator === "-" ? written.operand : written;
}

function integer(written: Expression): boolean {
  return negated(written).kind === "IntegerLiteral";
}

function notNegative({ kind }: Expression): boolean {
  return kind === "IntegerLiteral";
}

function positive(written: Expression): boolean {
  return written.kind === "IntegerLiteral" && BigInt(written.text) > 0n;
}

/** A part that begins with the first day there is; a week, or a year of weeks, began before it. */
function wholePart(written: Expression): boolean {
  return (
    written.kind === "DatePart" &&
    /^(?:YEAR|QUARTER|MONTH|DAY|HOUR|MINUTE|SECOND|MILLISECOND|MICROSECOND)$/.test(written.name)
  );
}

function filling(written: Expression): boolean {
  return written.kind === "StringLiteral" && written.value !== "";
}

function withoutBackslash(written: Expression): boolean {
  return written.kind === "StringLiteral" && !written.value.includes("\\");
}

function collation(written: Expression): boolean {
  return written.kind === "StringLiteral" && (written.value === "" || written.value === "und:ci");
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/hll_functions#hll_countinit */
function precision(written: Expression): boolean {
  return written.kind === "IntegerLiteral" && BigInt(written.text) >= 10n && BigInt(written.text) <= 24n;
}

const isWords = madeOf(/^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/, String.raw`^[\p{L}\p{N}]+(?: [\p{L}\p{N}]+)*$`);

/** Words to search for, without what a query of SEARCH quotes, escapes or joins. */
function words(written: Expression): boolean {
  return written.kind === "StringLiteral" && isWords(written.value);
}

/**
 * Names and offsets alone. Whether a path that is none is told before any row is read, the reference doesn't say.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#JSONPath_format
 */
function plainPath(written: Expression): boolean {
  return written.kind === "StringLiteral" && /^\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]{1,9}\])*$/.test(written.value);
}

/** Whole numbers, each larger than the one before. */
function ascending(written: Expression): boolean {
  if (written.kind !== "ArrayExpression" || written.type !== null) return false;
  const numbers = written.elements.map((element) => {
    const { kind } = negated(element);
    if (kind !== "IntegerLiteral" && kind !== "FloatLiteral") return Number.NaN;
    return Number((negated(element) as { readonly text: string }).text) * (negated(element) === element ? 1 : -1);
  });
  return numbers.every((number, i) => Number.isFinite(number) && (i === 0 || number > (numbers[i - 1] ?? number)));
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_elements_date_time */
function plainFormat(written: Expression): boolean {
  return written.kind === "StringLiteral" && /^(?:[^%]|%[%A-Za-z])*$/.test(written.value);
}

/** Neither look-around nor a reference back, an escape of other languages, an empty class, one by name; nor more repetition than RE2 takes. */
const OTHER = /\(\?(?!:)|\\[1-9kpPuUcxXQEC]|\[\^?\]|\[[^\]]*\\[bB]|\[:/;
const REPETITION = /\{(\d*),?(\d*)\}/g;
/**
 * Characters of a pattern, each as often as it is repeated: RE2 compiles some 80,000 steps within its memory of 8 MB, and a character is up to
 * twelve of them. https://github.com/google/re2/blob/main/re2/re2.h
 */
const MOST_COMPILED = 4000;

/**
 * A pattern that RE2 takes for certain: one that JavaScript takes in its strict mode, without what RE2 takes otherwise, and with one group.
 * https://github.com/google/re2/wiki/Syntax
 */
function plainPattern(written: Expression): boolean {
  if (written.kind !== "StringLiteral" || written.value.length > 1000 || OTHER.test(written.value)) return false;
  let times = 1;
  for (const [, low, high] of written.value.matchAll(REPETITION)) times *= Math.max(1, Number(low), Number(high));
  if (times > 1000 || times * written.value.length > MOST_COMPILED) return false;
  if ((written.value.match(/\((?!\?)/g) ?? []).length > 1) return false;
  try {
    new RegExp(written.value, "u");
    return true;
  } catch {
    return false;
  }
}
