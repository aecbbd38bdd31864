/**
 * WHERE, GROUP BY and HAVING inside an aggregate: which rows it goes over, or which groups of them, one value of each. All of them
 * decide over its result, as those of a query do over its rows. That a column in its arguments is a key or stands in an aggregate is left
 * to BigQuery.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls
 */
import { keysOf, NO_KEYS, type SourceKey, union } from "../flow/flow.ts";
import type { AggregateInput, Expression, FunctionCall } from "../tree.ts";
import { BOOL, coerces, isGroupable, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import type { Frame, Scope } from "./scope.ts";

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls#multi_level_aggregation */
export function refuseBesideGroups(context: Context, name: string, input: AggregateInput, node: FunctionCall): void {
  if (input.groupBy.length === 0) return;
  if (node.nulls !== null || node.orderBy.length > 0 || node.limit !== null) {
    context.fail("type", `${name} with GROUP BY takes no IGNORE NULLS, ORDER BY or LIMIT`, node);
  }
}

/** What decides over the rows; null where the aggregate takes all. From here on `frame` is in the arguments. */
export function ownRows(
  context: Context,
  input: AggregateInput | null,
  scope: Scope,
  frame: Frame,
): ReadonlySet<SourceKey> | null {
  if (input === null) return null;
  const where = filter(context, input.where, scope, "WHERE");
  const keys = input.groupBy.map((key) => groupingKey(context, key, scope));
  frame.ofGroups = keys.length > 0;
  return union([where, ...keys, filter(context, input.having, scope, "HAVING")]);
}

function filter(context: Context, node: Expression | null, scope: Scope, clause: string): ReadonlySet<SourceKey> {
  if (node === null) return NO_KEYS;
  const value = context.expression(context, node, scope);
  if (!coerces(value.type, BOOL, value.written)) {
    context.fail("type", `${clause} takes BOOL, not ${typeName(value.type)}`, node);
  }
  const keys = keysOf(value.flow);
  context.trace?.clause(clause, context.sql, node, keys);
  return keys;
}

function groupingKey(context: Context, node: Expression, scope: Scope): ReadonlySet<SourceKey> {
  const value = context.expression(context, node, scope);
  if (!isGroupable(value.type)) context.fail("type", `GROUP BY is not supported on ${typeName(value.type)}`, node);
  const keys = keysOf(value.flow);
  context.trace?.clause("GROUP BY", context.sql, node, keys);
  return keys;
}
