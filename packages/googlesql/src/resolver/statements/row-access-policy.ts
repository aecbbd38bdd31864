/**
 * CREATE ROW ACCESS POLICY: which rows whom a table shows, past the gateway too. Its filter decides by columns (threat-model row 34).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_row_access_policy_statement
 */
import { keysOf, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { CreateRowAccessPolicyStatement } from "../../tree.ts";
import { BOOL, coerces, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import { scopeOf } from "../from-clause.ts";
import { constantValue, refuseSubqueries, withoutNamedValues } from "./constant.ts";
import { resolveTarget, writeInto } from "./target.ts";

export function createRowAccessPolicy(context: Context, node: CreateRowAccessPolicyStatement): PlanStatement {
  const target = resolveTarget(context, node.table);
  for (const grantee of node.grantees) constantValue(context, grantee, "GRANT TO");
  refuseSubqueries(context, node.filter, "FILTER USING");
  context.tables.add(target.table);
  context.scanned.push(target.from.rows);
  const frame = newFrame(null);
  frame.rows = target.from.rows;
  const scope = scopeOf(target.from, frame, outputScope([], frame, null, null));
  const filter = withoutNamedValues(context, () => context.expression(context, node.filter, scope));
  if (!coerces(filter.type, BOOL, filter.written)) {
    context.fail("type", `FILTER USING takes BOOL, not ${typeName(filter.type)}`, node.filter);
  }
  const implicit = keysOf(filter.flow);
  writeInto(context, target, { mode: "alter", columns: [], implicit, rows: NOTHING, repeated: false }, node);
  context.changes.push({ what: "access", mode: "create", name: target.table });
  return planWithoutResult(context, "CREATE_ROW_ACCESS_POLICY");
}
