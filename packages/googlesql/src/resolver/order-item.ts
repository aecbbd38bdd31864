/** One key of an ORDER BY, wherever it stands. */
import { keysOf, type SourceKey } from "../flow/flow.ts";
import type { OrderItem } from "../tree.ts";
import { coerces, isOrderable, STRING, typeName } from "../types.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

/**
 * What `value` decides about the order. COLLATE is a constant, and says how strings compare.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/collation-concepts
 */
export function orderKey(context: Context, item: OrderItem, value: Value): ReadonlySet<SourceKey> {
  if (!isOrderable(value.type)) {
    context.fail("type", `ORDER BY is not supported on ${typeName(value.type)}`, item);
  }
  if (item.collate !== null) {
    if (!coerces(value.type, STRING, value.written)) {
      context.fail("type", `COLLATE is not supported on ${typeName(value.type)}`, item);
    }
    resolveConstant(context, item.collate, STRING, "COLLATE");
  }
  return keysOf(value.flow);
}
