/** What may stand inside a call beside its arguments: DISTINCT, IGNORE NULLS, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, and OVER behind it. */
import type { FunctionCall } from "../tree.ts";
import type { Context } from "./context.ts";

/** Refuses every modifier the call carries that this kind of function doesn't take. */
export function refuseModifiers(context: Context, name: string, node: FunctionCall, taken: readonly string[]): void {
  const refuse = (modifier: string): void => {
    if (!taken.includes(modifier)) context.fail("type", `${name} doesn't take ${modifier}`, node);
  };
  if (node.distinct) refuse("DISTINCT");
  if (node.nulls !== null) refuse("IGNORE NULLS");
  if (node.input !== null) refuse(node.input.where === null ? "GROUP BY" : "WHERE");
  if (node.having !== null) refuse("HAVING");
  if (node.orderBy.length > 0) refuse("ORDER BY");
  if (node.limit !== null) refuse("LIMIT");
  if (node.over !== null) refuse("OVER");
}
