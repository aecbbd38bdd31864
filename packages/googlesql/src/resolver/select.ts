/** SELECT: clauses in the order GoogleSQL gives them meaning, and what each decides. */
import { NOTHING, type SourceKey, union } from "../flow/flow.ts";
import type { OrderItem, Select } from "../tree.ts";
import { condition, neverMet, orderItems, pickedColumn, withoutRows } from "./clauses.ts";
import type { Context } from "./context.ts";
import { newFrame, outputScope } from "./frame.ts";
import { NO_FROM, resolveFrom, scopeOf } from "./from-clause.ts";
import { groupBy, groupByAll, groupsAll, groupsByKeys, groupsTwice, requireGrouped } from "./group-by.ts";
import { refuseReused } from "./reusable-aliases.ts";
import { type CommonTables, fold, NO_RANGES, namesOf, type Relation, type Scope } from "./scope.ts";
import { distinctKeys, itemColumns, rowColumn, selectItems } from "./select-list.ts";
import { selectMode } from "./select-mode.ts";
import { declareWindows, resolveWindows } from "./window.ts";

export function select(
  context: Context,
  node: Select,
  orderBy: readonly OrderItem[],
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  if (orderBy.length === 0) noteNamedCall(context, node);
  const frame = newFrame(parent);
  const outer = outputScope([], frame, parent, tables);
  const from = node.from === null ? NO_FROM : resolveFrom(context, node.from, NO_FROM, frame, outer);
  // FROM sees none of the list's names.
  frame.outside = null;
  frame.rows = from.rows;
  frame.repeated = from.repeated;
  const scope = scopeOf(from, frame, outer);
  const decided: ReadonlySet<SourceKey>[] = [from.implicit];
  /** Of them, what can't leave a query without rows that has some: how they are grouped, told apart and ordered. */
  const arranged: ReadonlySet<SourceKey>[] = [];
  if (node.mode !== null) decided.push(selectMode(context, node.mode, scope, frame));
  if (node.where !== null) decided.push(condition(context, node.where, scope, "WHERE"));
  declareWindows(context, node.windows, frame);

  frame.keyed = node.mode === null && groupsByKeys(node.groupBy);
  frame.phase = "select";
  const items = selectItems(context, node.items, scope, node.from === null ? null : from.columns, frame);
  if (node.groupBy?.kind === "GroupByItems") {
    frame.phase = "keys";
    arranged.push(groupBy(context, node.groupBy, items, scope, frame));
    frame.phase = "select";
  }
  const columns = itemColumns(context, items, scope, frame, node);
  if (node.groupBy?.kind === "GroupByAll") arranged.push(groupByAll(context, items, columns, frame, node));

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
  arranged.push(orderItems(context, orderBy, columns, aliases));
  resolveWindows(context, node.windows, scope, frame);
  refuseReused(context, items, frame);

  const grouped = node.groupBy !== null || frame.aggregates > 0;
  if (node.having !== null && !grouped) context.fail("type", "HAVING needs GROUP BY or an aggregate function", node);
  if (grouped) requireGrouped(context, frame);
  if (node.quantifier === "DISTINCT") {
    arranged.push(...distinctKeys(context, columns, node));
  }
  const oneRow = grouped && groupsAll(node.groupBy);
  const given = oneRow ? columns.map(pickedColumn) : columns;
  const relation: Relation = {
    columns: node.as === null ? given : [rowColumn(context, node.as, given, node)],
    implicit: union([...decided, ...arranged]),
    // Which groups HAVING, QUALIFY and a mode leave depends on which there are.
    anyRow: union((node.having ?? node.qualify ?? node.mode) ? [...decided, ...arranged] : oneRow ? [] : decided),
    rows: oneRow ? NOTHING : from.rows,
    // Grouping sets give a row of the table to several groups.
    repeated: !oneRow && (from.repeated || groupsTwice(node.groupBy)),
    valueTable: node.as !== null,
    // Of several empty sets each gives a row.
    single: oneRow && node.groupBy === null && node.mode === null,
  };
  // Aggregates without GROUP BY, and the empty grouping set, give a row of no row.
  const rowOfNone = oneRow || groupsTwice(node.groupBy) || node.groupBy?.kind === "GroupByAll";
  return node.where !== null && neverMet(node.where) && !rowOfNone ? withoutRows(context, relation) : relation;
}

/** `SELECT r.a, r.b FROM f(…) AS r`, and no more: in its own text already that names the columns that are taken of a table function. */
function noteNamedCall(context: Context, node: Select): void {
  const { from, mode, quantifier, as, where, groupBy, having, qualify, windows } = node;
  if (from?.kind !== "TableFunctionCall" || from.alias === null || windows.length > 0) return;
  if ([mode, quantifier, as, where, groupBy, having, qualify].some((clause) => clause !== null)) return;
  const range = fold(from.alias.name);
  const named = node.items.every((item) => {
    if (item.kind !== "SelectExpression" || item.alias !== null) return false;
    if (item.expression.kind !== "PathExpression") return false;
    const [first, column, more] = item.expression.parts.map(({ name }) => fold(name));
    return first === range && column !== undefined && more === undefined;
  });
  if (named) context.namedCalls.add(from);
}
