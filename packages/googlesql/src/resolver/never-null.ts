/**
 * Expressions that are never NULL, whatever is in any table: an ARRAY of them holds no NULL, which no result may.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls
 */
import type { Expression, FunctionCall, PipeOperator, Query } from "../tree.ts";

/** A STRUCT that is written out is one, whatever its fields are. */
export function isNeverNull(written: FunctionCall["arguments"][number] | undefined): boolean {
  switch (written?.kind) {
    case "StructExpression":
    case "TupleExpression":
    case "StringLiteral":
    case "IntegerLiteral":
    case "FloatLiteral":
    case "BooleanLiteral":
      return true;
    default:
      return false;
  }
}

/** Of the one column of a query, with pipes or without. */
export function givesNoNull({ body, pipes }: Query): boolean {
  const last = pipes.findLast(({ kind }) => !LEAVES_ROWS_AS_THEY_ARE.has(kind)) ?? body;
  if (last.kind !== "Select" && last.kind !== "PipeSelect") return false;
  const [item] = last.items;
  return last.as === "STRUCT" || (item?.kind === "SelectExpression" && isNeverNull(item.expression));
}

/** Pipe operators that give some of their rows, and nothing else. */
const LEAVES_ROWS_AS_THEY_ARE: ReadonlySet<PipeOperator["kind"]> = new Set<PipeOperator["kind"]>([
  "PipeWhere",
  "PipeLimit",
  "PipeOrderBy",
  "PipeDistinct",
]);

/** Calls whose first argument is an ARRAY that no result holds: its elements are put together, compared or counted. */
const CONSUMING = new Set(["ARRAY_LENGTH", "ARRAY_TO_STRING"]);

/**
 * The ARRAYs that are only taken apart, among what a call is given: one that holds NULL is an error nowhere but in a result.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls
 */
export function consumedBy({ name, arguments: given }: FunctionCall): Expression | null {
  const [first, more] = name;
  const [array] = given;
  if (first === undefined || more !== undefined || !CONSUMING.has(first.name.toUpperCase())) return null;
  return array?.kind === "FunctionCall" || array?.kind === "ArrayExpression" || array?.kind === "SubqueryExpression"
    ? array
    : null;
}
