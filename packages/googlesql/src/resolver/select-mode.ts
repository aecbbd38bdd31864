/**
 * SELECT WITH: what protects the rows' people by leaving out groups that are too small, or by adding noise.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#agg_threshold_clause
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
 */
import { keysOf, type SourceKey, union } from "../flow/flow.ts";
import type { Expression, SelectMode } from "../tree.ts";
import { INT64 } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import type { Scope } from "./scope.ts";

/**
 * What decided which groups are shown: with AGGREGATION_THRESHOLD, how many different values the privacy unit column has in each.
 * `scope` is that of the rows, before they are grouped. The values shown are those that they would be without.
 */
export function selectMode(context: Context, mode: SelectMode, scope: Scope): ReadonlySet<SourceKey> {
  if (mode.mode === "DIFFERENTIAL_PRIVACY") {
    const message =
      "SELECT WITH DIFFERENTIAL_PRIVACY is not supported: its aggregates have arguments and types of their own; " +
      "use AGGREGATION_THRESHOLD, or the aggregates alone";
    return context.fail("unsupported", message, mode);
  }
  const keys: ReadonlySet<SourceKey>[] = [];
  const seen = new Set<string>();
  for (const { name, value } of mode.options?.options ?? []) {
    const option = name.name.toLowerCase();
    if (seen.has(option)) context.fail("name", `The option ${name.name} stands twice`, name);
    seen.add(option);
    if (option === "threshold") resolveConstant(context, value, INT64, "The option threshold");
    else if (option === "privacy_unit_column") keys.push(privacyUnit(context, value, scope));
    else context.fail("unsupported", `The option ${name.name} of AGGREGATION_THRESHOLD is not supported`, name);
  }
  // Without it the column is an analysis rule's of some view, which isn't known here.
  if (keys.length === 0) {
    context.fail("unsupported", "AGGREGATION_THRESHOLD needs the option privacy_unit_column here", mode);
  }
  return union(keys);
}

function privacyUnit(context: Context, node: Expression, scope: Scope): ReadonlySet<SourceKey> {
  if (node.kind !== "PathExpression") return context.fail("type", "privacy_unit_column names a column", node);
  const value = context.expression(context, node, scope);
  requireGroupable(context, [value], "privacy_unit_column", node);
  return keysOf(value.flow);
}
