/** Places where the language takes a value that is known before the query runs. */
import { keysOf } from "../flow/flow.ts";
import type { Expression, Node } from "../tree.ts";
import { coerces, type Type, typeName } from "../types.ts";
import { childrenOf } from "../visitor.ts";
import type { Context } from "./context.ts";
import { NO_NAMES, NO_RANGES, type Scope, type Value } from "./scope.ts";

/** Where no column has a name. */
const NO_COLUMNS: Scope = {
  parent: null,
  frame: null,
  ranges: NO_RANGES,
  names: NO_NAMES,
  commonTables: null,
  aliases: false,
};

/**
 * A literal, a parameter, or what is computed of them. A script's variable or a routine's argument is constant here as well, and may
 * hold what a table holds: it would decide over rows and values by a way that nobody follows.
 */
export function resolveConstant(context: Context, node: Expression, type: Type, place: string): void {
  const value = resolveGiven(context, node, type, place);
  if (keysOf(value.flow).size === 0) return;
  context.fail("unsupported", `${place} takes a constant, not a variable or an argument that is made of columns`, node);
}

/** The same, and what a variable or an argument is made of, for whoever follows that: of no column and no subquery. `place` is where it stands. */
export function resolveGiven(context: Context, node: Expression, type: Type, place: string): Value {
  if (holdsQuery(node)) return context.fail("type", `${place} takes a constant, not a subquery`, node);
  const value = context.expression(context, node, NO_COLUMNS);
  if (!coerces(value.type, type, value.written)) {
    return context.fail("type", `${place} takes ${typeName(type)}, not ${typeName(value.type)}`, node);
  }
  return value;
}

function holdsQuery(node: Node): boolean {
  return node.kind === "Query" || childrenOf(node).some(holdsQuery);
}
