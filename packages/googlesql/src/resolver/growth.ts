/**
 * How long texts and arrays can become. One that is too long is an error, and so tells of what it is made of: of REGEXP_EXTRACT(ssn, '^1'),
 * doubled twenty times, only those fail that begin with 1 (threat-model row 7). What is put together of few texts, each as long as a
 * column's may be, doesn't fail; of LONG, or of what somebody may make as long as they like, it can.
 * https://cloud.google.com/bigquery/quotas#query_jobs
 */
import { type Flow, LONG, ofPieces, piecesOf } from "../flow/flow.ts";
import type { FunctionCall } from "../tree.ts";
import type { Context } from "./context.ts";

/** Characters of a literal that count as one text. */
const TEXT = 1000;

/** What a literal of this text is put together of. */
export function piecesOfLiteral(text: string): number {
  return Math.ceil(text.length / TEXT);
}

/** `shown`, put together of `values` one behind the other, each `times`. */
export function putTogether(context: Context, shown: Flow, values: readonly Flow[], times = 1, safe = false): Flow {
  const pieces = piecesOf(values) * times;
  if (pieces >= LONG && !safe) context.failing.push(...values);
  return ofPieces(shown, pieces);
}

/**
 * Values side by side, in a STRUCT or a row: each is as long as it was, and they are too long together. Columns as tables hold them
 * aren't counted, however many there are.
 */
export function sideBySide(context: Context, flows: readonly Flow[]): void {
  const long = flows.filter((flow) => piecesOf([flow]) > 1);
  if (long.reduce((sum, flow) => sum + piecesBeside(flow), 0) >= LONG) context.failing.push(...long);
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
  shown: Flow,
  values: readonly Flow[],
  safe: boolean,
): Flow {
  const together = (times = 1): Flow => putTogether(context, shown, values, times, safe);
  switch (name) {
    case "CONCAT":
    case "ARRAY_CONCAT":
    case "SAFE_TO_JSON":
      return together();
    // What stands for one character may be two, and so on with what is made of it.
    case "TO_HEX":
    case "TO_BASE32":
    case "TO_BASE64":
    case "TO_JSON_STRING":
      return together(2);
    case "ARRAY_TO_STRING":
      return together(longest(node, 1));
    case "LPAD":
    case "RPAD":
      return together(Math.ceil(times(node.arguments[1]) / TEXT));
    case "REPEAT":
      return together(times(node.arguments[1]));
    case "REPLACE":
    case "REGEXP_REPLACE":
      return together(longest(node, 2));
    // These can fail whatever they are given, and so their arguments are noted anyhow.
    case "FORMAT":
      return ofPieces(shown, widens(node.arguments[0]) ? LONG : piecesOf(values));
    case "GENERATE_ARRAY":
    case "GENERATE_DATE_ARRAY":
    case "GENERATE_TIMESTAMP_ARRAY":
    case "GENERATE_RANGE_ARRAY":
      return ofPieces(shown, LONG);
    default:
      return shown;
  }
}

type Argument = FunctionCall["arguments"][number] | undefined;

/** How often a text stands in the result whose place is taken by the arguments from here on. */
function longest(node: FunctionCall, from: number): number {
  const lengths = node.arguments
    .slice(from)
    .map((a) => (a.kind === "StringLiteral" ? Math.max(1, a.value.length) : LONG));
  return Math.max(1, ...lengths);
}

/** A length of so many characters, or so many times the text. */
function times(argument: Argument): number {
  return argument?.kind === "IntegerLiteral" ? Number(argument.text) : LONG * TEXT;
}

/** Whether a format says how wide what it shows is to be, but in few characters. */
function widens(argument: Argument): boolean {
  return argument?.kind !== "StringLiteral" || /[*]|[0-9]{3}/.test(argument.value);
}

/**
 * What an aggregate gives that puts all rows together. Each row once, of values that tables hold, it is no longer than they are;
 * rows that a join repeats, or texts of the query's own, make it as long as somebody likes.
 */
export function gathers(name: string): boolean {
  return name === "STRING_AGG" || name === "ARRAY_AGG" || name === "ARRAY_CONCAT_AGG";
}

const FEW = 16;

export function gathersLong([value]: readonly Flow[], separator: Argument, repeated: boolean): boolean {
  const short = separator === undefined || (separator.kind === "StringLiteral" && separator.value.length <= 10);
  return repeated || value === undefined || value.constant || piecesOf([value]) > FEW || !short;
}
