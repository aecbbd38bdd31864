/**
 * How long texts and arrays can become. One that is too long is an error, and so tells of what it is made of: of REGEXP_EXTRACT(ssn, '^1'),
 * doubled twenty times, only those fail that begin with 1 (threat-model row 7). What is put together of few texts, each as long as a
 * column's may be, doesn't fail; of LONG, or of what somebody may make as long as they like, it can.
 * https://cloud.google.com/bigquery/quotas#query_jobs
 */
import { type Flow, LONG, ofOnePiece, ofPieces, piecesOf, standsBeside } from "../flow/flow.ts";
import { lengtheningOf } from "../functions/lengthening.ts";
import { matchesNoEmpty } from "../functions/plain-argument.ts";
import type { FunctionCall, Query } from "../tree.ts";
import type { Type } from "../types.ts";
import type { Context } from "./context.ts";
import { takesEachRow } from "./each-row.ts";
import type { Frame, Relation } from "./scope.ts";

/** Bytes of a literal that count as one text. */
const TEXT = 1000;

const UTF8 = new TextEncoder();

function bytesOf(text: string): number {
  return UTF8.encode(text).length;
}

/** What a literal of this text is put together of. */
export function piecesOfLiteral(text: string): number {
  // No character of a string, of one UTF-16 unit, has more than three bytes.
  if (text.length <= TEXT / 3) return text === "" ? 0 : 1;
  return Math.ceil(bytesOf(text) / TEXT);
}

/** `shown`, put together of `values` one behind the other, each `times`. */
export function putTogether(context: Context, shown: Flow, values: readonly Flow[], times = 1, safe = false): Flow {
  const pieces = piecesOf(values) * times;
  if (pieces >= LONG && !safe) context.failBy(values);
  return ofPieces(shown, pieces);
}

/**
 * Values side by side, in a STRUCT or a row: each is as long as it was, and they are too long together. Columns as tables hold them
 * aren't counted, however many there are.
 */
export function sideBySide(context: Context, flows: readonly Flow[]): void {
  const long = flows.filter((flow) => piecesOf([flow]) > 1);
  if (long.reduce((sum, flow) => sum + piecesBeside(flow), 0) >= LONG) context.failBy(long);
}

/** What is LONG was asked about when it was made, or is all rows of a table once: few such side by side are no longer than that. */
function piecesBeside({ fields, pieces = 1 }: Flow): number {
  if (fields === null) return Math.min(pieces, LONG / 8);
  return fields.reduce((sum, field) => sum + piecesBeside(field), 0);
}

/** What a call of a scalar function gives, as long as it can be. */
export function grown(
  context: Context,
  name: string,
  node: FunctionCall,
  result: Type,
  shown: Flow,
  values: readonly Flow[],
  types: readonly (Type | null)[],
  safe: boolean,
): Flow {
  const lengthening = canBeLong(result) ? lengtheningOf(name) : "short";
  switch (lengthening) {
    case "short":
      return ofOnePiece(shown);
    case "chosen":
      return shown;
    case "together":
      return putTogether(context, shown, values, 1, safe);
    // Whatever isn't SAFE fails by its arguments, and these are noted where it is called.
    case "any":
      return ofPieces(shown, LONG);
    case "written":
      return asWritten(context, name, node, shown, values, types, safe);
    default:
      return lengthened(context, shown, values, lengthening, safe);
  }
}

/** As long as the first of `values`, so many times; the others say but how. */
function lengthened(context: Context, shown: Flow, values: readonly Flow[], times: number, safe: boolean): Flow {
  const pieces = piecesOf(values.slice(0, 1)) * times;
  if (times > 1 && pieces >= LONG && !safe) context.failBy(values);
  return ofPieces(ofOnePiece(shown), pieces);
}

function asWritten(
  context: Context,
  name: string,
  node: FunctionCall,
  shown: Flow,
  values: readonly Flow[],
  types: readonly (Type | null)[],
  safe: boolean,
): Flow {
  const [first, second, third] = node.arguments;
  const long = (times: number): Flow => lengthened(context, shown, values, times, safe);
  switch (name) {
    // An element of one character has the separator beside it, or is NULL and has the text for that.
    case "ARRAY_TO_STRING":
      return long(1 + lengthOf(second) + lengthOf(third));
    case "LPAD":
    case "RPAD":
      return long(Math.ceil((times(second) * widest(third)) / TEXT));
    case "TRANSLATE":
      return long(widest(third));
    case "REPEAT":
      return long(times(second));
    case "REPLACE":
      return long(Math.max(1, lengthOf(third)));
    case "REGEXP_REPLACE":
      return long(Math.max(1, lengthOf(third) + (matchesSome(second) ? 0 : 1)));
    // A character can be an escape of four, and with another around it in JSON or an array more.
    case "FORMAT":
      if (widens(first) || (types.some(holdsJson) && laysOut(first)))
        return putTogether(context, shown, values, LONG, safe);
      return putTogether(context, shown, values, types.slice(1).some(hasParts) ? 10 : 4, safe);
    case "TO_JSON_STRING":
      return long(inJson(types[0] ?? null, second, values[0]));
    // `%c` has 24 characters.
    case "FORMAT_DATE":
    case "FORMAT_DATETIME":
    case "FORMAT_TIME":
    case "FORMAT_TIMESTAMP":
      return first?.kind === "StringLiteral" && first.value.length <= 80 ? ofOnePiece(shown) : long(16);
    // With options it takes characters apart, as NORMALIZE does.
    case "TEXT_ANALYZE":
      return long(second === undefined ? 2 : 11);
    default:
      return ofPieces(shown, LONG);
  }
}

/** Values side by side in which few characters are escapes, as they are in the columns of a table. */
const MANY = 8;

/**
 * A character can be an escape of six, and an element or a value in JSON with quotes and a comma around it. Where JSON is laid out, each line
 * begins as far in as it is deep: a STRUCT of some levels, JSON of five hundred.
 */
function inJson(type: Type | null, pretty: Argument, value: Flow | undefined): number {
  const laidOut = pretty !== undefined && !(pretty.kind === "BooleanLiteral" && !pretty.value);
  if (laidOut) return type === null || holdsJson(type) ? LONG : 16;
  if ((value?.fields?.length ?? 0) >= MANY) return 4;
  return hasParts(type) ? 9 : 6;
}

/** Whether it has elements or values that may be as short as one character. */
function hasParts(type: Type | null): boolean {
  if (type?.kind === "struct") return type.fields.some((field) => hasParts(field.type));
  return type === null || type.kind === "array" || holdsJson(type);
}

function holdsJson(type: Type | null): boolean {
  switch (type?.kind) {
    case "array":
      return holdsJson(type.element);
    case "struct":
      return type.fields.some((field) => holdsJson(field.type));
    case "scalar":
      return type.name === "JSON";
    default:
      return false;
  }
}

/** Whether a format may lay JSON out in lines. */
function laysOut(format: Argument): boolean {
  return format?.kind !== "StringLiteral" || format.value.includes("P");
}

/** Bytes of the longest character that may be put in. */
function widest(argument: Argument): number {
  if (argument === undefined) return 1;
  return argument.kind === "StringLiteral" ? widestIn(argument.value) : 4;
}

function widestIn(text: string): number {
  let widest = 1;
  for (const character of text) widest = Math.max(widest, bytesOf(character));
  return widest;
}

/** Whether a pattern is replaced only where it matches some character: what matches nothing does so between all of them. */
function matchesSome(pattern: Argument): boolean {
  return pattern?.kind === "StringLiteral" && matchesNoEmpty(pattern);
}

/** What is no number, no date and no truth. */
export function canBeLong(type: Type): boolean {
  return type.kind !== "scalar" || ["STRING", "BYTES", "JSON", "GEOGRAPHY"].includes(type.name);
}

type Argument = FunctionCall["arguments"][number] | undefined;

/** Bytes of a text that is written. */
function lengthOf(argument: Argument): number {
  if (argument === undefined) return 0;
  return argument.kind === "StringLiteral" ? bytesOf(argument.value) : LONG;
}

/** A length of so many characters, or so many times the text. */
function times(argument: Argument): number {
  return argument?.kind === "IntegerLiteral" ? Number(argument.text) : LONG * TEXT;
}

/** Whether a format says how wide what it shows is to be, but in few characters. */
function widens(argument: Argument): boolean {
  return argument?.kind !== "StringLiteral" || /[*]|[0-9]{3}/.test(argument.value);
}

/** Elements that a lambda gives for each of an array's: a character of what the array is of may have been one, and any text stands for it. */
export function mappedLong(context: Context, made: Flow, body: Flow, shapes: readonly Flow[]): Flow {
  if (Math.max(piecesOf(shapes), piecesOf([body])) > FEW) context.failBy([body, ...shapes]);
  return ofPieces(made, LONG);
}

/**
 * What an aggregate gives that puts all rows together. Each row once, of values that tables hold, it is no longer than they are;
 * rows that a join repeats, texts of the query's own or of a row around it make it as long as somebody likes.
 */
export function gathers(name: string): boolean {
  return name === "STRING_AGG" || name === "ARRAY_AGG" || name === "ARRAY_CONCAT_AGG";
}

/** Aggregates and window functions that give what can be long otherwise: a sketch of up to 16 MB, shapes put together, words with figures. */
export function givesLong(name: string): boolean {
  return /^(?:HLL_COUNT|KLL_QUANTILES|ML)\.|^ST_|^(?:APPROX_QUANTILES|TF_IDF)$/.test(name);
}

const FEW = 16;

export function gathersLong([value]: readonly Flow[], separator: Argument, { repeated, rows, depth }: Frame): boolean {
  const short = separator === undefined || (separator.kind === "StringLiteral" && separator.value.length <= 10);
  return repeated || value === undefined || isLongOf(rows, value, depth) || !short;
}

/** Of one row it may be longer than what a table holds, or it is one value for all `rows` of the query at `depth`. */
function isLongOf(rows: Flow, value: Flow, depth: number): boolean {
  return value.constant || piecesOf([value]) > FEW || standsBeside(value, rows, depth);
}

/** The same of `ARRAY(SELECT …)`, by the query's rows. Of one array's elements it is as a lambda's. */
export function collectsLong(
  context: Context,
  query: Query,
  value: Flow,
  { rows, repeated }: Relation,
  depth: number,
): boolean {
  switch (rowsOf(context, query)) {
    case "one":
      return false;
    case "elements":
      return Math.max(piecesOf([rows]), piecesOf([value])) > FEW;
    default:
      return repeated || isLongOf(rows, value, depth);
  }
}

/** Whether a query goes over one row, or over each element of an array once. */
function rowsOf(context: Context, { body, pipes }: Query): "one" | "elements" | "many" {
  if (body.kind !== "Select" && body.kind !== "FromQuery") return "many";
  if (!pipes.every((pipe) => takesEachRow(pipe) || pipe.kind === "PipeAggregate")) return "many";
  const { from } = body;
  if (from === null) return "one";
  const path = from.kind === "TablePath" && from.parts.length > 1 && !context.tablePaths.has(from);
  return path || from.kind === "Unnest" ? "elements" : "many";
}
