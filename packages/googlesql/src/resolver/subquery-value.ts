/**
 * Subqueries among expressions, and what IN and LIKE ANY compare.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries
 */
import { decidedBy, LONG, lengthOf, ofPieces, picked, transformed } from "../flow/flow.ts";
import type * as Tree from "../tree.ts";
import { arrayOf, BOOL } from "../types.ts";
import { inAnyOrder } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { leaveOneRow } from "./each-row.ts";
import { collectsLong } from "./growth.ts";
import { made } from "./literal.ts";
import { givesNoNull } from "./never-null.ts";
import { describe } from "./operand-types.ts";
import { cellFlow } from "./path.ts";
import { frameOf, type Relation, type Scope, type Value } from "./scope.ts";

/** What IN or LIKE ANY compares: the operand, then what stands on the right. They mean comparisons with an OR or AND between them. */
export function compared(
  context: Context,
  operand: Tree.Expression,
  source: Tree.ExpressionList | Tree.UnnestOperand | Tree.QueryOperand,
  scope: Scope,
  resolve: (e: Tree.Expression) => Value,
): Value[] {
  const others =
    source.kind === "ExpressionList"
      ? source.items.map((item) => () => resolve(item))
      : [() => elements(context, source, scope, resolve)];
  return inAnyOrder(context, [() => resolve(operand), ...others]);
}

/** What stands on the right of IN or LIKE ANY as one, as a value of the compared type. */
function elements(
  context: Context,
  source: Tree.UnnestOperand | Tree.QueryOperand,
  scope: Scope,
  resolve: (e: Tree.Expression) => Value,
): Value {
  switch (source.kind) {
    case "UnnestOperand": {
      context.consumed.add(source.expression);
      const operand = resolve(source.expression);
      if (operand.written === "null") return operand;
      if (operand.type.kind !== "array") {
        return context.fail("type", `UNNEST takes an ARRAY, not ${describe(operand)}`, source);
      }
      return { ...operand, type: operand.type.element };
    }
    case "QueryOperand": {
      const relation = context.query(context, source.query, scope, scope.commonTables);
      return { ...onlyColumn(context, relation, source), id: context.freshId(), written: "value" };
    }
    default: {
      const unreachable: never = source;
      return unreachable;
    }
  }
}

function onlyColumn(context: Context, relation: Relation, node: Tree.Node): Value {
  const [column] = relation.columns;
  if (column === undefined || relation.columns.length > 1) {
    return context.fail("type", "A subquery used as a value must have exactly one column", node);
  }
  return { ...column, flow: cellFlow(column, relation.implicit) };
}

export function subquery(context: Context, node: Tree.SubqueryExpression, scope: Scope): Value {
  const relation = context.query(context, node.query, scope, scope.commonTables);
  const id = context.freshId();
  switch (node.form) {
    case "EXISTS":
      // https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries#exists_subquery_concepts
      return made(BOOL, decidedBy(transformed([relation.rows]), relation.anyRow ?? relation.implicit), id);
    case "SCALAR": {
      const value = onlyColumn(context, relation, node);
      // More than one row is an error.
      if (!relation.single && !atMostOne(node.query)) context.failing.push(decidedBy(relation.rows, relation.implicit));
      return made(value.type, picked(value.flow), id, value.written === "null" ? "null" : "value");
    }
    case "ARRAY": {
      const value = onlyColumn(context, relation, node);
      if (value.type.kind === "array") return context.fail("type", "An ARRAY can't have ARRAY elements", node);
      // An array that holds NULL can't be a result.
      if (!givesNoNull(node.query) && !context.consumed.has(node)) context.failing.push(value.flow);
      const depth = (frameOf(scope)?.depth ?? 0) + 1;
      if (collectsLong(context, node.query, value.flow, relation, depth)) context.failBy([value.flow]);
      const elements = lengthOf(value.flow, transformed([relation.rows]));
      return made(arrayOf(value.type), picked(ofPieces(elements, LONG)), id);
    }
    default: {
      const unreachable: never = node.form;
      return unreachable;
    }
  }
}

function atMostOne(query: Tree.Query): boolean {
  if (leaveOneRow(query.pipes)) return true;
  const last = query.pipes.at(-1);
  const limit = last === undefined ? query.limit : last.kind === "PipeLimit" ? last.limit : null;
  return limit?.count.kind === "IntegerLiteral" && ["0", "1"].includes(limit.count.text);
}
