/**
 * What a query does beside its rows: the effects of its expressions, and what decided whether and how often they happen. Whoever is
 * called far away sees that it is called, and how often: `IF(ssn = '1', far(''), '')` tells it of ssn (threat-model row 17).
 */
import { type Flow, keysOf, rowsFlow, union } from "../flow/flow.ts";
import type { Effect, OutsideSource } from "../plan.ts";
import { columnNames } from "../plan-statement.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

/** One effect of a kind and through one thing, with the columns of all its causes. */
export function noteEffect(
  context: Context,
  kind: Effect["kind"],
  through: string | null,
  flows: readonly Flow[],
): void {
  context.mayReach = true;
  const sources = new Set(columnNames(union(flows.map(keysOf))));
  const at = context.effects.findIndex((effect) => effect.kind === kind && (effect.through ?? null) === through);
  for (const source of context.effects[at]?.sources ?? []) sources.add(source);
  const effect: Effect = { kind, ...(through === null ? {} : { through }), sources: [...sources].sort() };
  if (at === -1) context.effects.push(effect);
  else context.effects[at] = effect;
}

/**
 * What comes from outside the analysis: it can be anything that was ever told there, so it is a source of its own, and not only
 * made of the arguments of this call.
 */
export function outsideFlow(context: Context, name: string, kind: OutsideSource): Flow {
  context.outside.set(name, kind);
  return rowsFlow(name);
}

/**
 * A whole expression, with no other around it. Where it calls something far away, or a subquery that may, all its parts may decide
 * whether that happens: operands of AND and COALESCE, branches, what is dropped.
 */
export function wholeExpression(context: Context, resolve: () => Value): Value {
  const computed = context.computed.length;
  context.inExpression = true;
  context.mayReach = false;
  try {
    const value = resolve();
    // What it can fail by is a predicate, which decides anyhow.
    if (context.mayReach) {
      for (const flow of [value.flow, ...context.computed.slice(computed)]) context.deciding.push(flow);
    }
    return value;
  } finally {
    context.inExpression = false;
  }
}
