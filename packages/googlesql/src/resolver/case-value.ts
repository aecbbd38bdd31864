/** https://cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions#case */
import { chosenBy, either } from "../flow/flow.ts";
import type * as Tree from "../tree.ts";
import { BOOL, isCastParameter, isComparable, supertype } from "../types.ts";
import { noteDeciders, watched } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { made } from "./literal.ts";
import { compare, expect } from "./operand-types.ts";
import type { Value } from "./scope.ts";

export function caseValue(context: Context, node: Tree.CaseExpression, resolve: (e: Tree.Expression) => Value): Value {
  const operand = node.operand === null ? null : resolve(node.operand);
  const conditions: Value[] = [];
  const results: Value[] = [];
  const compared = operand === null ? [] : [operand];
  /** What decides whether the next part is computed, as far as it isn't noted. */
  const deciders: Value[] = [];
  /** What comes behind conditions is computed where they say so. */
  const behind = (e: Tree.Expression): Value => {
    const { made, fails } = watched(context, () => resolve(e));
    if (fails) noteDeciders(context, deciders.splice(0));
    return made;
  };
  for (const branch of node.whens) {
    const when = behind(branch.when);
    if (operand === null) expect(context, when, BOOL, "WHEN", branch);
    conditions.push(when);
    deciders.push(...compared.splice(0), when);
    results.push(behind(branch.then));
  }
  if (node.else !== null) results.push(behind(node.else));
  if (operand !== null) {
    compare(context, [operand, ...conditions], "CASE", node, isComparable);
    conditions.push(operand);
  }
  const type = supertype(results);
  if (type === undefined) return context.fail("type", "CASE has results of types that don't go together", node);
  if (results.some((result) => isCastParameter(result, type))) noteDeciders(context, conditions);
  const flow = chosenBy(
    either(results.map((r) => r.flow)),
    conditions.map((c) => c.flow),
  );
  // By how many parts there are, whether there is an operand is told as well.
  const shape = `CASE ${node.whens.length} ${node.else !== null}`;
  return made(
    type,
    flow,
    context.idOf(
      shape,
      [...conditions, ...results].map((v) => v.id),
    ),
  );
}
