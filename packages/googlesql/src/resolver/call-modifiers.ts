/** What may stand inside a call beside its arguments: DISTINCT, IGNORE NULLS, HAVING, ORDER BY, LIMIT, and OVER behind it. */
import type { FunctionCall } from "../tree.ts";
import type { Context } from "./context.ts";

/** Refuses every modifier the call carries that this kind of function doesn't take. */
export function refuseModifiers(context: Context, name: string, node: FunctionCall, taken: readonly string[]): void {
  const given: readonly [string, boolean][] = [
    ["DISTINCT", node.distinct],
    ["IGNORE NULLS", node.nulls !== null],
    ["HAVING", node.having !== null],
    ["ORDER BY", node.orderBy.length > 0],
    ["LIMIT", node.limit !== null],
    ["OVER", node.over !== null],
  ];
  for (const [modifier, present] of given) {
    if (present && !taken.includes(modifier)) {
      context.fail("type", `${name} doesn't take ${modifier}`, node);
    }
  }
}
