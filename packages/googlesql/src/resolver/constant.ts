/** Places where the language takes a value that is known before the query runs. */
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

/** A literal, a parameter, or what is computed of them: of no column and no subquery. `place` is where it stands. */
export function resolveConstant(context: Context, node: Expression, type: Type, place: string): Value {
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
