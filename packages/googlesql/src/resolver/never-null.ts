/**
 * Expressions that are never NULL, whatever is in any table: an ARRAY of them holds no NULL, which no result may.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls
 */
import type { FunctionCall, PipeOperator, Query } from "../tree.ts";

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
