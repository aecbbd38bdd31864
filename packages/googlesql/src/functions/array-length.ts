/**
 * Whether an element is certain to be there, as array and index are written: `SPLIT(x, ',')[OFFSET(0)]`, the median of APPROX_QUANTILES, the
 * first of ARRAY_AGG. Of an ARRAY that is NULL there is NULL, as operators give of NULL.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#array_subscript_operator
 */
import type { Expression, FunctionCall, Subscript } from "../tree.ts";

export function isWithin({ operand, accessor, index }: Subscript): boolean {
  if (index.kind !== "IntegerLiteral") return false;
  const at = Number(index.text) - (accessor === "ORDINAL" ? 1 : 0);
  return at >= 0 && at < leastLength(operand);
}

/** How many elements it has at least, where it isn't NULL. */
function leastLength(array: Expression): number {
  switch (array.kind) {
    case "ArrayExpression":
      return array.elements.length;
    case "FunctionCall":
      return array.name.length > 1 ? 0 : leastLengthOf(array);
    default:
      return 0;
  }
}

function leastLengthOf({ name, arguments: given, nulls, input, having, limit }: FunctionCall): number {
  const [, second] = given;
  switch (name[0]?.name.toUpperCase()) {
    // One bound more than there are parts. https://cloud.google.com/bigquery/docs/reference/standard-sql/approximate_aggregate_functions#approx_quantiles
    case "APPROX_QUANTILES":
      return second?.kind === "IntegerLiteral" ? Number(second.text) + 1 : 0;
    // NULL of no rows. https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#array_agg
    case "ARRAY_AGG": {
      const some = limit === null || (limit.kind === "IntegerLiteral" && Number(limit.text) > 0);
      return some && nulls !== "IGNORE" && input === null && having === null ? 1 : 0;
    }
    // Of an empty text there is one. https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#split
    case "SPLIT": {
      const delimited = second?.kind === "StringLiteral" && second.value !== "";
      return second === undefined || delimited ? 1 : 0;
    }
    default:
      return 0;
  }
}
