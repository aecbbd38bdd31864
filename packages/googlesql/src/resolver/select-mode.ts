/**
 * SELECT WITH: what protects the rows' people by leaving out groups that are too small, or by adding noise.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#agg_threshold_clause
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#dp_clause
 */
import { keysOf, type SourceKey, union } from "../flow/flow.ts";
import type { Expression, SelectMode } from "../tree.ts";
import { FLOAT64, INT64, type Type } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import type { Frame, Scope } from "./scope.ts";

const OPTIONS: Readonly<Record<SelectMode["mode"], Readonly<Record<string, Type>>>> = {
  AGGREGATION_THRESHOLD: { threshold: INT64 },
  DIFFERENTIAL_PRIVACY: { epsilon: FLOAT64, delta: FLOAT64, max_groups_contributed: INT64 },
};

/**
 * What decided which groups are shown, and what of each person's is in them: the privacy unit column. `scope` is that of the rows,
 * before they are grouped. With AGGREGATION_THRESHOLD the values shown are those that they would be without; with
 * DIFFERENTIAL_PRIVACY the aggregates are others (private-aggregate.ts).
 */
export function selectMode(context: Context, node: SelectMode, scope: Scope, frame: Frame): ReadonlySet<SourceKey> {
  const { mode } = node;
  const keys: ReadonlySet<SourceKey>[] = [];
  const seen = new Set<string>();
  for (const { name, value } of node.options?.options ?? []) {
    const option = name.name.toLowerCase();
    if (seen.has(option)) context.fail("name", `The option ${name.name} stands twice`, name);
    seen.add(option);
    const type = Object.hasOwn(OPTIONS[mode], option) ? OPTIONS[mode][option] : undefined;
    if (type !== undefined) resolveConstant(context, value, type, `The option ${option}`);
    else if (option === "privacy_unit_column") keys.push(privacyUnit(context, value, scope));
    else context.fail("unsupported", `The option ${name.name} of ${mode} is not supported`, name);
  }
  // Without it the column is an analysis rule's of some view, which isn't known here.
  if (keys.length === 0) context.fail("unsupported", `${mode} needs the option privacy_unit_column here`, node);
  frame.private = mode === "DIFFERENTIAL_PRIVACY";
  return union(keys);
}

function privacyUnit(context: Context, node: Expression, scope: Scope): ReadonlySet<SourceKey> {
  if (node.kind !== "PathExpression") return context.fail("type", "privacy_unit_column names a column", node);
  const value = context.expression(context, node, scope);
  requireGroupable(context, [value], "privacy_unit_column", node);
  return keysOf(value.flow);
}
