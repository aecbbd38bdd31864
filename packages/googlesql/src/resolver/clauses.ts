/** Clauses that mean the same wherever they stand: conditions, ORDER BY, LIMIT, what can be grouped. */
import { keysOf, NO_KEYS, NOTHING, picked, type SourceKey, union } from "../flow/flow.ts";
import type { Expression, Limit, Node, OrderItem } from "../tree.ts";
import { BOOL, coerces, INT64, isGroupable, typeName } from "../types.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { resolveExpression } from "./expression.ts";
import { orderKey } from "./order-item.ts";
import type { Column, Relation, Scope, Value } from "./scope.ts";

export function condition(context: Context, node: Expression, scope: Scope, clause: string): ReadonlySet<SourceKey> {
  const value = resolveExpression(context, node, scope);
  if (!coerces(value.type, BOOL, value.written)) {
    context.fail("type", `${clause} takes BOOL, not ${typeName(value.type)}`, node);
  }
  const keys = keysOf(value.flow);
  context.trace?.clause(clause, context.sql, node, keys);
  return keys;
}

export function orderItems(
  context: Context,
  items: readonly OrderItem[],
  columns: readonly Value[],
  scope: Scope,
): ReadonlySet<SourceKey> {
  return union(
    items.map((item) => {
      refuseSigned(context, item.expression, "ORDER BY");
      const value =
        item.expression.kind === "IntegerLiteral"
          ? ordinal(context, item.expression.text, columns, "ORDER BY", item)
          : resolveExpression(context, item.expression, scope);
      const keys = orderKey(context, item, value);
      context.trace?.clause("ORDER BY", context.sql, item.expression, keys);
      return keys;
    }),
  );
}

/** `+2` is the number 2 to GoogleSQL, and so the second column; whether it is one to BigQuery isn't said. */
export function refuseSigned(context: Context, node: Expression, clause: string): void {
  let inner = node;
  while (inner.kind === "UnaryExpression" && inner.operator === "+") inner = inner.operand;
  if (inner === node || inner.kind !== "IntegerLiteral") return;
  context.fail("unsupported", `${clause} takes no number with a sign; write the ordinal alone`, node);
}

export function ordinal<T>(context: Context, text: string, columns: readonly T[], clause: string, node: Node): T {
  const column = columns[Number(text) - 1];
  return column ?? context.fail("name", `${clause} has an ordinal that is no column of the SELECT list`, node);
}

export function requireGroupable(context: Context, values: readonly Value[], what: string, node: Node): void {
  for (const value of values) {
    if (!isGroupable(value.type)) context.fail("type", `${what} is not supported on ${typeName(value.type)}`, node);
  }
}

export function pickedColumn(column: Column): Column {
  return { ...column, flow: picked(column.flow) };
}

/** LIMIT leaves as few rows as it says: none of them is one of many, and LIMIT 0 leaves none. */
export function limited(context: Context, relation: Relation, limit: Limit): Relation {
  checkLimit(context, limit);
  if (leavesNone(limit)) return withoutRows(context, relation);
  const { implicit, anyRow = implicit } = relation;
  const columns = relation.columns.map(pickedColumn);
  const repeated = relation.repeated || !leavesFew(limit);
  return { ...relation, anyRow: leavesSome(limit) ? anyRow : implicit, columns, rows: picked(relation.rows), repeated };
}

/** So few that what they hold is not too long together, one value for each of them included. */
export function leavesFew({ count }: Limit): boolean {
  return count.kind === "IntegerLiteral" && Number(count.text) <= 1000;
}

export function leavesNone(limit: Limit): boolean {
  return limit.count.kind === "IntegerLiteral" && Number(limit.count.text) === 0;
}

/** Of what has rows, however few grouping leaves, or none whatever it has: OFFSET alone passes over those that are few. */
export function leavesSome({ offset }: Limit): boolean {
  return offset === null;
}

/** Whether a condition is FALSE or NULL as it is written, `1 = 0` included: no row meets it. */
export function neverMet(node: Expression): boolean {
  switch (node.kind) {
    case "BooleanLiteral":
      return !node.value;
    case "NullLiteral":
      return true;
    case "ComparisonExpression": {
      const { left, right, operator } = node;
      const numbers = left.kind === "IntegerLiteral" && right.kind === "IntegerLiteral";
      return operator === "=" && numbers && BigInt(left.text) !== BigInt(right.text);
    }
    case "LogicalExpression":
      return node.operator === "AND" ? node.operands.some(neverMet) : node.operands.every(neverMet);
    default:
      return false;
  }
}

/**
 * Where there is no row, nothing is shown and nothing decides. It is read all the same, and what is computed on the way may fail:
 * that is noted where it is computed.
 */
export function withoutRows<Rows extends Pick<Relation, "columns" | "implicit" | "rows">>(
  context: Context,
  rows: Rows,
): Rows {
  context.unseen.push({ ...NOTHING, implicit: rows.implicit }, ...rows.columns.map((column) => column.flow));
  const columns = rows.columns.map((column) => ({ ...column, flow: NOTHING }));
  return { ...rows, anyRow: NO_KEYS, columns, implicit: NO_KEYS, rows: NOTHING };
}

export function checkLimit(context: Context, limit: Limit): void {
  for (const bound of [limit.count, limit.offset]) {
    if (bound === null) continue;
    resolveConstant(context, bound, INT64, "LIMIT");
  }
}
