/**
 * AGGREGATE: the columns that GROUP BY names come first, then what the aggregates give; names of tables end here.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#aggregate_pipe_operator
 */
import { keysOf, NOTHING, type SourceKey, union } from "../flow/flow.ts";
import type { Expression, Identifier, PipeAggregate, PipeGroupingItem, SelectItem } from "../tree.ts";
import { isOrderable, typeName } from "../types.ts";
import { pickedColumn, requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import { resolveExpression } from "./expression.ts";
import { groupingExpressions, groupsAll, groupsByKeys, groupsTwice, requireGrouped } from "./group-by.ts";
import { impliedName } from "./implied-name.ts";
import type { PipeInput } from "./pipe-input.ts";
import { relationRows } from "./piped-rows.ts";
import type { Column, PipedRows, Scope, Value } from "./scope.ts";
import { itemColumns, selectItems } from "./select-list.ts";
import { selectMode } from "./select-mode.ts";

export function pipeAggregate(context: Context, node: PipeAggregate, input: PipeInput): PipedRows {
  const { rows, scope, frame } = input;
  const mode = node.mode === null ? [] : [selectMode(context, node.mode, scope, frame)];
  if (node.groupBy === "ALL") {
    return context.fail("unsupported", "GROUP BY ALL is not supported in AGGREGATE; name the columns", node);
  }
  const groupBy = {
    kind: "GroupByItems",
    items: node.groupBy.map((group) => group.item),
    start: node.start,
    end: node.end,
  } as const;
  const oneRow = groupsAll(groupBy);
  if (node.items.length === 0 && oneRow) context.fail("syntax", "AGGREGATE needs an aggregate or GROUP BY", node);

  frame.keyed = node.mode === null && groupsByKeys(groupBy);
  const { keys, decided } = groupingKeys(context, node.groupBy, node.ordered, input);
  frame.phase = "having";
  const items = node.items.flatMap((item) => {
    const before = frame.aggregates;
    const made = selectItems(context, [selectItem(item)], scope, null, frame);
    const columns = itemColumns(context, made, scope, frame, item);
    if (frame.aggregates === before) {
      context.fail("type", "AGGREGATE takes aggregate functions alone; name other columns in GROUP BY", item);
    }
    const sorted = item.kind === "PipeAggregateItem" && item.direction !== null;
    return columns.map((column) => ({ column, order: sorted ? orderKeys(context, column, item) : null }));
  });
  requireGrouped(context, frame);
  const aggregates = items.map(({ column }) => (oneRow ? pickedColumn(column) : column));
  const relation = {
    columns: [...keys, ...aggregates],
    implicit: union([rows.implicit, ...decided, ...mode, ...items.flatMap(({ order }) => order ?? [])]),
    rows: oneRow ? NOTHING : rows.rows,
    repeated: !oneRow && (rows.repeated || groupsTwice(groupBy)),
    valueTable: false,
  };
  return relationRows(context, relation, "", node);
}

function selectItem(item: PipeAggregate["items"][number]): SelectItem {
  return item.kind === "PipeAggregateItem" ? { ...item, kind: "SelectExpression" } : item;
}

interface GroupingKeys {
  readonly keys: readonly Column[];
  /** What decided over the groups, and their order. */
  readonly decided: readonly ReadonlySet<SourceKey>[];
}

/** One column for each expression; of those in grouping sets, for each that is different. */
function groupingKeys(
  context: Context,
  groups: readonly PipeGroupingItem[],
  ordered: boolean,
  { scope, frame }: PipeInput,
): GroupingKeys {
  const keys: Column[] = [];
  const decided: ReadonlySet<SourceKey>[] = [];
  for (const group of groups) {
    const inSet = group.item.kind !== "GroupingExpression";
    for (const expression of groupingExpressions(group.item)) {
      const value = keyValue(context, expression, scope);
      decided.push(keysOf(value.flow));
      context.trace?.clause("GROUP BY", context.sql, expression, keysOf(value.flow));
      const known = frame.keys.has(value.id);
      frame.keys.add(value.id);
      if (inSet && known) continue;
      if (group.direction !== null || ordered) requireOrderable(context, value, expression);
      keys.push({ ...value, name: keyName(context, group, expression, inSet) });
    }
  }
  return { keys, decided };
}

function keyValue(context: Context, node: Expression, scope: Scope): Value {
  if (node.kind === "IntegerLiteral") {
    return context.fail("name", "AGGREGATE takes no ordinals in GROUP BY; name the column", node);
  }
  const value = resolveExpression(context, node, scope);
  requireGroupable(context, [value], "GROUP BY", node);
  if (node.kind !== "PathExpression") context.computed.push(value.flow);
  return value;
}

function keyName(context: Context, group: PipeGroupingItem, expression: Expression, inSet: boolean): string {
  const alias: Identifier | null = group.alias;
  const name = alias?.name ?? impliedName(expression);
  if (name === "" && inSet) {
    context.fail("name", "A grouping set needs columns with a name; compute it in EXTEND first", expression);
  }
  return name;
}

function orderKeys(context: Context, value: Value, node: { readonly start: number }): ReadonlySet<SourceKey> {
  requireOrderable(context, value, node);
  return keysOf(value.flow);
}

function requireOrderable(context: Context, { type }: Value, node: { readonly start: number }): void {
  if (!isOrderable(type)) context.fail("type", `Ordering is not supported on ${typeName(type)}`, node);
}
