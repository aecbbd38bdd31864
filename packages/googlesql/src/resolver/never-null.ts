/**
 * Expressions that are never NULL, whatever is in any table: an ARRAY of them holds no NULL, which no result may.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls
 */
import type { FunctionCall, Query } from "../tree.ts";

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

/** Of the one column of a query. */
export function givesNoNull({ body, pipes }: Query): boolean {
  if (body.kind !== "Select" || pipes.length > 0) return false;
  const [item, more] = body.items;
  return (
    body.as === "STRUCT" || (more === undefined && item?.kind === "SelectExpression" && isNeverNull(item.expression))
  );
}
