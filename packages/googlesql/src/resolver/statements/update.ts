/**
 * UPDATE, DELETE and TRUNCATE TABLE: rows of the target that WHERE and the join chose.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#update_statement
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#delete_statement
 */
import { either, keysOf, NO_KEYS, NOTHING, type SourceKey, union } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { DeleteStatement, Expression, TruncateStatement, UpdateStatement } from "../../tree.ts";
import { BOOL, coerces, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import { combine, NO_FROM, resolveFrom, scopeOf } from "../from-clause.ts";
import type { Scope } from "../scope.ts";
import { resolveSet } from "./set-clause.ts";
import { resolveTarget, writeInto } from "./target.ts";

export function update(context: Context, node: UpdateStatement): PlanStatement {
  const target = resolveTarget(context, node.target);
  context.tables.add(target.table);
  context.scanned.push(target.from.rows);
  const frame = newFrame(null);
  const outer = outputScope([], frame, null, null);
  const joined = node.from === null ? NO_FROM : resolveFrom(context, node.from, NO_FROM, frame, outer);
  const from = node.from === null ? target.from : combine(context, target.from, joined, node);
  frame.rows = target.from.rows;
  const scope = scopeOf(from, frame, outer);
  const columns = resolveSet(context, target, node.assignments, scope);
  const implicit = union([joined.implicit, condition(context, node.where, scope, "UPDATE", node)]);
  if (node.from !== null) {
    // A row that FROM matches twice is an error.
    context.failing.push(either([target.from.rows, joined.rows]));
  }
  writeInto(
    context,
    target,
    {
      mode: "update",
      columns,
      implicit,
      rows: NOTHING,
      repeated: false,
    },
    node,
  );
  return planWithoutResult(context, "UPDATE");
}

export function deleteRows(context: Context, node: DeleteStatement): PlanStatement {
  const target = resolveTarget(context, node.target);
  context.tables.add(target.table);
  context.scanned.push(target.from.rows);
  const frame = newFrame(null);
  frame.rows = target.from.rows;
  const scope = scopeOf(target.from, frame, outputScope([], frame, null, null));
  const implicit = condition(context, node.where, scope, "DELETE", node);
  writeInto(context, target, { mode: "delete", columns: [], implicit, rows: NOTHING, repeated: false }, node);
  return planWithoutResult(context, "DELETE");
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#truncate_table_statement */
export function truncate(context: Context, node: TruncateStatement): PlanStatement {
  const target = resolveTarget(context, node.target);
  context.scanned.push(target.from.rows);
  writeInto(context, target, { mode: "delete", columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
  return planWithoutResult(context, "TRUNCATE_TABLE");
}

function condition(
  context: Context,
  where: Expression | null,
  scope: Scope,
  statement: string,
  node: { readonly start: number },
): ReadonlySet<SourceKey> {
  if (where === null)
    return context.fail("syntax", `${statement} needs a WHERE clause; WHERE TRUE takes all rows`, node);
  return booleanKeys(context, where, scope, "WHERE");
}

/** What a condition depends on. */
export function booleanKeys(context: Context, node: Expression, scope: Scope, clause: string): ReadonlySet<SourceKey> {
  const value = context.expression(context, node, scope);
  if (!coerces(value.type, BOOL, value.written)) {
    context.fail("type", `${clause} takes BOOL, not ${typeName(value.type)}`, node);
  }
  return keysOf(value.flow);
}
