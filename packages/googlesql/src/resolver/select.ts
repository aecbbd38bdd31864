/** SELECT: clauses in the order GoogleSQL gives them meaning, and what each decides. */
import { keysOf, NOTHING, type SourceKey, structFlow, union } from "../flow/flow.ts";
import type { OrderItem, Select } from "../tree.ts";
import { structOf } from "../types.ts";
import { condition, orderItems, pickedColumn, requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import { newFrame, outputScope } from "./frame.ts";
import { NO_FROM, resolveFrom, scopeOf } from "./from-clause.ts";
import { groupBy, groupByAll, requireGrouped } from "./group-by.ts";
import { type Column, type CommonTables, fold, NO_RANGES, namesOf, type Relation, type Scope } from "./scope.ts";
import { resolveItem, selectItems } from "./select-list.ts";
import { selectMode } from "./select-mode.ts";
import { resolveWindow } from "./window.ts";

export function select(
  context: Context,
  node: Select,
  orderBy: readonly OrderItem[],
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  const frame = newFrame(parent);
  const outer = outputScope([], frame, parent, tables);
  const from = node.from === null ? NO_FROM : resolveFrom(context, node.from, NO_FROM, frame, outer);
  frame.rows = from.rows;
  frame.repeated = from.repeated;
  const scope = scopeOf(from, frame, outer);
  const decided: ReadonlySet<SourceKey>[] = [from.implicit];
  if (node.mode !== null) decided.push(selectMode(context, node.mode, scope));
  if (node.where !== null) decided.push(condition(context, node.where, scope, "WHERE"));
  for (const window of node.windows) {
    const name = fold(window.name.name);
    if (frame.windows.has(name)) context.fail("name", `Duplicate window alias ${window.name.name}`, window);
    frame.windows.set(name, { node: window, keys: null, ordered: false });
  }

  frame.phase = "select";
  const items = selectItems(context, node.items, scope, node.from === null ? null : from.columns, frame);
  if (node.groupBy?.kind === "GroupByItems") {
    frame.phase = "keys";
    decided.push(groupBy(context, node.groupBy, items, scope, frame));
    frame.phase = "select";
  }
  for (const item of items) resolveItem(context, item, scope, frame);
  if (node.groupBy?.kind === "GroupByAll") decided.push(groupByAll(context, items, frame, node));
  context.spendColumns(items.length, node);
  const columns = items.map((item): Column => {
    const value = item.value ?? context.fail("unsupported", "A column that wasn't resolved", node);
    if (item.expression !== null && item.expression.kind !== "PathExpression") context.computed.push(value.flow);
    return { ...value, name: item.name };
  });

  const aliases: Scope = {
    parent: scope,
    frame,
    ranges: NO_RANGES,
    names: namesOf(columns),
    commonTables: tables,
    aliases: true,
  };
  if (node.having !== null) {
    frame.phase = "having";
    decided.push(condition(context, node.having, aliases, "HAVING"));
    frame.phase = "select";
  }
  if (node.qualify !== null) decided.push(condition(context, node.qualify, aliases, "QUALIFY"));
  decided.push(orderItems(context, orderBy, columns, aliases));
  for (const window of node.windows) resolveWindow(context, window.window, scope, frame);

  const grouped = node.groupBy !== null || frame.aggregates > 0;
  if (node.having !== null && !grouped) context.fail("type", "HAVING needs GROUP BY or an aggregate function", node);
  if (grouped) requireGrouped(context, frame);
  if (node.quantifier === "DISTINCT") {
    requireGroupable(context, columns, "SELECT DISTINCT", node);
    decided.push(...columns.map((c) => keysOf(c.flow)));
  }
  const oneRow = grouped && node.groupBy === null;
  const given = oneRow ? columns.map(pickedColumn) : columns;
  return {
    columns: node.as === null ? given : [rowColumn(context, node, given)],
    implicit: union(decided),
    rows: oneRow ? NOTHING : from.rows,
    // Grouping sets give a row of the table to several groups.
    repeated: !oneRow && (from.repeated || groupsTwice(node)),
    valueTable: node.as !== null,
  };
}

function groupsTwice(node: Select): boolean {
  return node.groupBy?.kind === "GroupByItems" && node.groupBy.items.some((item) => item.kind !== "GroupingExpression");
}

/** SELECT AS STRUCT and SELECT AS VALUE: the row as one value. */
function rowColumn(context: Context, node: Select, columns: readonly Column[]): Column {
  if (node.as === "VALUE") {
    const [value] = columns;
    if (value === undefined || columns.length > 1) {
      return context.fail("type", "SELECT AS VALUE takes exactly one column", node);
    }
    return { ...value, name: "" };
  }
  const type = structOf(columns.map((c) => ({ name: c.name, type: c.type })));
  return {
    name: "",
    type: context.bounded(type, node),
    written: "value",
    flow: structFlow(columns.map((c) => c.flow)),
    id: context.freshId(),
  };
}
