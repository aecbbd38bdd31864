/**
 * Which literals can't make a function fail. Where another argument can (a length below zero, a pattern that is none), whether it does
 * depends on the value beside it as well: of NULL most functions give NULL and look no further, so `SUBSTR(ssn, 1, -1)` runs only where
 * there is no ssn.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-reference#function_calling_rules
 */
import { madeOf } from "../made-of.ts";
import type { Expression } from "../tree.ts";
import { canBeEmpty } from "./empty-match.ts";

/** Of each function, by the place of the argument from 0; a place that isn't here takes nothing that is sure. */
const PLAIN: ReadonlyMap<string, readonly (((written: Expression) => boolean) | null)[]> = new Map([
  ...named("SUBSTR SUBSTRING", [null, anything, notNegative]),
  ...named("LEFT RIGHT ARRAY_FIRST_N ARRAY_LAST_N", [null, notNegative]),
  ...named("LPAD RPAD", [null, notNegative, filling]),
  ...named("REPEAT", [null, notNegative]),
  ...named("DATE_TRUNC DATETIME_TRUNC TIMESTAMP_TRUNC LAST_DAY", [null, wholePart]),
  ...named("INSTR", [null, anything, (written) => positive(negated(written)), positive]),
  ...named("REGEXP_EXTRACT_ALL", [null, patternOfAll]),
  ...named("REGEXP_CONTAINS REGEXP_EXTRACT REGEXP_INSTR REGEXP_SUBSTR", [null, plainPattern, positive, positive]),
  ...named("REGEXP_REPLACE", [null, plainPattern, withoutBackslash]),
  ...named("ARRAY_SLICE", [null, integer, integer]),
  ...named("COLLATE", [null, collation]),
  ...named("HLL_COUNT.INIT", [null, precision]),
  ...named("CONTAINS_SUBSTR", [null, literal]),
  ...named("SEARCH", [null, words]),
  ...named("TF_IDF", [null, dictionary, notNegative]),
  ...named("JSON_EXTRACT JSON_QUERY JSON_EXTRACT_SCALAR JSON_VALUE JSON_EXTRACT_ARRAY JSON_QUERY_ARRAY", [
    null,
    plainPath,
  ]),
  ...named("JSON_KEYS", [null, positive]),
  ...named("RANGE_BUCKET", [null, ascending]),
  ...named("FORMAT_DATE FORMAT_DATETIME FORMAT_TIME FORMAT_TIMESTAMP", [plainFormat]),
  ...named("OP_LIKE", [null, plainLike]),
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

/** Of a literal; null of anything else. */
function textOf(written: Expression): string | null {
  return written.kind === "StringLiteral" ? written.value : null;
}

function literal(written: Expression): boolean {
  return textOf(written) !== null;
}

function negated(written: Expression): Expression {
  return written.kind === "UnaryExpression" && written.operator === "-" ? written.operand : written;
}

/** Of patterns, so that RE2 has the memory to compile them. */
const LONGEST = 1000;

function integer(written: Expression): boolean {
  return negated(written).kind === "IntegerLiteral";
}

function notNegative({ kind }: Expression): boolean {
  return kind === "IntegerLiteral";
}

function positive(written: Expression): boolean {
  return written.kind === "IntegerLiteral" && BigInt(written.text) > 0n;
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/text-analysis-functions#tf_idf */
function dictionary(written: Expression): boolean {
  return written.kind === "IntegerLiteral" && BigInt(written.text) <= 1_048_576n;
}

/** A part that begins with the first day there is; a week, or a year of weeks, began before it. */
function wholePart(written: Expression): boolean {
  return (
    written.kind === "DatePart" &&
    /^(?:YEAR|QUARTER|MONTH|DAY|HOUR|MINUTE|SECOND|MILLISECOND|MICROSECOND)$/.test(written.name)
  );
}

function filling(written: Expression): boolean {
  return (textOf(written) ?? "") !== "";
}

function withoutBackslash(written: Expression): boolean {
  return textOf(written)?.includes("\\") === false;
}

/**
 * The pattern of LIKE, which is read up to where a text no longer matches. Where a collation says how to compare, which a name doesn't tell,
 * `_` is an error there: `'123%_'` fails for what begins with 123 alone.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#like_operator
 */
function plainLike(written: Expression): boolean {
  const text = textOf(written);
  return text !== null && text.length <= LONGEST && !/[_\\]/.test(text);
}

function collation(written: Expression): boolean {
  return textOf(written) === "" || textOf(written) === "und:ci";
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/hll_functions#hll_countinit */
function precision(written: Expression): boolean {
  return written.kind === "IntegerLiteral" && BigInt(written.text) >= 10n && BigInt(written.text) <= 24n;
}

const isWords = madeOf(/^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/, String.raw`^[\p{L}\p{N}]+(?: [\p{L}\p{N}]+)*$`);

/** Words to search for, without what a query of SEARCH quotes, escapes or joins. */
function words(written: Expression): boolean {
  const text = textOf(written);
  return text !== null && isWords(text);
}

/**
 * Names and offsets alone. Whether a path that is none is told before any row is read, the reference doesn't say.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#JSONPath_format
 */
function plainPath(written: Expression): boolean {
  return /^\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]{1,9}\])*$/.test(textOf(written) ?? "none");
}

/** Whole numbers, each larger than the one before. */
function ascending(written: Expression): boolean {
  if (written.kind !== "ArrayExpression" || written.type !== null) return false;
  const numbers = written.elements.map(numberOf);
  return numbers.every((number, i) => Number.isFinite(number) && (i === 0 || number > (numbers[i - 1] ?? number)));
}

function numberOf(written: Expression): number {
  const of = negated(written);
  if (of.kind !== "IntegerLiteral" && of.kind !== "FloatLiteral") return Number.NaN;
  return Number(of.text) * (of === written ? 1 : -1);
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_elements_date_time */
function plainFormat(written: Expression): boolean {
  return /^(?:[^%]|%[%A-Za-z])*$/.test(textOf(written) ?? "%");
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
  const text = textOf(written);
  if (text === null || text.length > LONGEST || OTHER.test(text)) return false;
  let times = 1;
  for (const [, low, high] of text.matchAll(REPETITION)) times *= Math.max(1, Number(low), Number(high));
  // So none is repeated more than a thousand times either, which is all that RE2 takes.
  if (times * text.length > MOST_COMPILED) return false;
  if ((text.match(/\((?!\?)/g) ?? []).length > 1) return false;
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

/** One whose group takes part in every match: of one that doesn't, there is NULL in the array, which no result may hold. */
function patternOfAll(written: Expression): boolean {
  if (!plainPattern(written)) return false;
  const text = written.kind === "StringLiteral" ? written.value : "";
  return !/\((?!\?)/.test(text) || !/\(\?|[|]|\)[?*{]/.test(text);
}

/** A pattern that matches no empty text, in the midst of a longer one neither: it doesn't match one alone, and looks at nothing beside it. */
export function matchesNoEmpty(written: Expression): boolean {
  if (written.kind !== "StringLiteral" || !plainPattern(written)) return false;
  return !/\\[bBAz]|\^|\$/.test(written.value.replaceAll("[^", "[")) && !canBeEmpty(written.value);
}
