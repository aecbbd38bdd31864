/** GROUP BY: its keys, and that nothing else stands outside aggregates. */
import { keysOf, type SourceKey, union } from "../flow/flow.ts";
import type { Expression, GroupBy, GroupingItem, Node } from "../tree.ts";
import { isGroupable, typeName } from "../types.ts";
import { ordinal, refuseSigned, requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import { resolveExpression } from "./expression.ts";
import { type Frame, find, fold, type Scope, type Value } from "./scope.ts";
import { type Item, resolveItem } from "./select-list.ts";

export function groupBy(
  context: Context,
  node: Extract<GroupBy, { kind: "GroupByItems" }>,
  items: readonly Item[],
  scope: Scope,
  frame: Frame,
): ReadonlySet<SourceKey> {
  const decided: ReadonlySet<SourceKey>[] = [];
  const byName = Map.groupBy(items, (item) => fold(item.name));
  for (const expression of node.items.flatMap(groupingExpressions)) {
    const { value, also } = groupingKey(context, expression, items, byName, scope, frame);
    if (!isGroupable(value.type)) {
      context.fail("type", `GROUP BY is not supported on ${typeName(value.type)}`, expression);
    }
    frame.keys.add(value.id);
    decided.push(keysOf(value.flow));
    context.trace?.clause("GROUP BY", context.sql, expression, keysOf(value.flow));
    if (also !== null) decided.push(keysOf(also.flow));
  }
  return union(decided);
}

/** Whether one group, or one for each empty set, holds all rows: what an aggregate gives is then no row of many. */
export function groupsAll(node: GroupBy | null): boolean {
  return node === null || (node.kind === "GroupByItems" && node.items.flatMap(groupingExpressions).length === 0);
}

/** Grouping sets give a row of the table to several groups. */
export function groupsTwice(node: GroupBy | null): boolean {
  return node?.kind === "GroupByItems" && node.items.some((item) => item.kind !== "GroupingExpression");
}

/** Whether a group is made of no less than a row: there is a key, and no set without one. */
export function groupsByKeys(node: GroupBy | null): boolean {
  return node?.kind === "GroupByItems" && !groupsAll(node) && !groupsTwice(node);
}

export function groupingExpressions(item: GroupingItem): readonly Expression[] {
  switch (item.kind) {
    case "GroupingExpression":
      return [item.expression];
    case "GroupingSet":
      return item.expressions;
    case "Rollup":
    case "Cube":
      return item.sets.flatMap(groupingExpressions);
    case "GroupingSets":
      return item.items.flatMap(groupingExpressions);
    default: {
      const unreachable: never = item;
      return unreachable;
    }
  }
}

/** An ordinal, a select alias, or an expression. `also`: a column of FROM that the alias hides. */
function groupingKey(
  context: Context,
  node: Expression,
  items: readonly Item[],
  byName: ReadonlyMap<string, readonly Item[]>,
  scope: Scope,
  frame: Frame,
): { readonly value: Value; readonly also: Value | null } {
  refuseSigned(context, node, "GROUP BY");
  if (node.kind === "IntegerLiteral") {
    const item = ordinal(context, node.text, items, "GROUP BY", node);
    return { value: keyOfItem(context, item, scope, frame, node), also: null };
  }
  const [first, field] = node.kind === "PathExpression" ? node.parts : [];
  const named = first === undefined ? [] : (byName.get(fold(first.name)) ?? []);
  const found = first === undefined ? undefined : find(first.name, scope);
  if (first === undefined || named.length === 0) {
    const long = found?.kind === "range" ? found.range.long : undefined;
    // By its short name it could be taken for that alias.
    if (long !== undefined && byName.has(long.short)) context.longNames.giveAlias(long);
    return { value: resolveExpression(context, node, scope), also: null };
  }
  context.longNames.lookedFor(first.name, scope, undefined);
  if (field !== undefined) {
    if (found !== undefined)
      return { value: resolveExpression(context, node, scope), also: both(context, node, named) };
    return context.fail("unsupported", "A field of a select alias in GROUP BY; name the column instead", node);
  }
  const values = named.map((item) => keyOfItem(context, item, scope, frame, node));
  const [value] = values;
  if (value === undefined || values.some((v) => v.id !== value.id)) {
    return context.fail("name", `Alias ${first.name} in GROUP BY is ambiguous`, node);
  }
  return { value, also: found?.kind === "column" && found.scope === scope ? found.column : null };
}

/** `GROUP BY a.b` where `a` is a name in FROM and the alias of something else: refused, as it could mean either. */
function both(context: Context, node: Expression, named: readonly Item[]): null {
  for (const item of named) {
    const own = item.expression;
    const [name, more] = own?.kind === "PathExpression" ? own.parts.map((part) => fold(part.name)) : [];
    const same = name === fold(item.name) && more === undefined;
    if (own !== null && !same) {
      context.fail("name", `${item.name} is both a select alias and a name in FROM; rename one`, node);
    }
  }
  return null;
}

function keyOfItem(context: Context, item: Item, scope: Scope, frame: Frame, node: Node): Value {
  const value = resolveItem(context, item, scope, frame);
  if (item.aggregated) context.fail("type", "GROUP BY can't group by an aggregate", node);
  return value;
}

/** `columns` are what the items give. */
export function groupByAll(
  context: Context,
  items: readonly Item[],
  columns: readonly Value[],
  frame: Frame,
  node: Node,
): ReadonlySet<SourceKey> {
  const keys = columns.filter((_, i) => items[i]?.aggregated === false);
  requireGroupable(context, keys, "GROUP BY ALL", node);
  for (const key of keys) frame.keys.add(key.id);
  const grouped = items.filter(({ aggregated }) => !aggregated);
  const expressions = grouped.flatMap(({ expression: e }) => (e === null || e.kind === "PathExpression" ? [] : [e]));
  const wholes = new Set(grouped.flatMap(({ whole }) => whole ?? []));
  // What stands in an expression that is a key, or whose fields are, was noted before the key was known.
  const within = [...expressions, ...[...wholes].map(({ expression }) => expression)];
  frame.references = frame.references.filter(
    (r) => !within.some((key) => key.start <= r.node.start && r.node.end <= key.end),
  );
  // That the fields are the keys, and not the STRUCT as a whole, BigQuery doesn't say.
  return union([...keys, ...wholes].map(({ flow }) => keysOf(flow)));
}

export function requireGrouped(context: Context, frame: Frame): void {
  for (const reference of frame.references) {
    if (!reference.ids.some((id) => frame.keys.has(id))) {
      context.fail("name", `Column ${reference.name} is neither grouped nor aggregated`, reference.node);
    }
  }
}
