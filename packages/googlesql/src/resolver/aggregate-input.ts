/**
 * WHERE, GROUP BY and HAVING inside an aggregate: which rows it goes over, or which groups of them, one value of each. All of them
 * decide over its result, as those of a query do over its rows. That a column in its arguments is a key or stands in an aggregate is left
 * to BigQuery.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
 */
import { keysOf, NO_KEYS, type SourceKey, union } from "../flow/flow.ts";
import type { AggregateInput } from "../tree.ts";
import { condition, requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import type { Frame, Scope } from "./scope.ts";

/** What decides over the rows; null where the aggregate takes all. From here on `frame` is in the arguments. */
export function ownRows(
  context: Context,
  input: AggregateInput | null,
  scope: Scope,
  frame: Frame,
): ReadonlySet<SourceKey> | null {
  if (input === null) return null;
  const where = input.where === null ? NO_KEYS : condition(context, input.where, scope, "WHERE");
  const keys = input.groupBy.map((key) => {
    const value = context.expression(context, key, scope);
    requireGroupable(context, [value], "GROUP BY", key);
    return keysOf(value.flow);
  });
  frame.ofGroups = keys.length > 0;
  const having = input.having === null ? NO_KEYS : condition(context, input.having, scope, "HAVING");
  return union([where, ...keys, having]);
}
