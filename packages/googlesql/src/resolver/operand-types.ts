/** Which types an operand may have, and what is said of one that has another. */
import { CONSTANT } from "../flow/flow.ts";
import type * as Tree from "../tree.ts";
import { BOOL, coerces, isCastParameter, supertype, type Type, type TypedValue, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import type { Value } from "./scope.ts";

export function describe(value: Value): string {
  return value.written === "null" ? "NULL" : typeName(value.type);
}

export function expect(context: Context, value: Value, type: Type, what: string, node: Tree.Node): void {
  if (!coerces(value.type, type, value.written)) {
    context.fail("type", `${what} takes ${typeName(type)}, not ${describe(value)}`, node);
  }
  noteCoerced(context, [value], type);
}

/** A request's parameter is cast where another type stands beside it. */
export function noteCoerced(context: Context, values: readonly TypedValue[], type: Type): void {
  if (values.some((value) => isCastParameter(value, type))) context.failing.push(CONSTANT);
}

export function truth(
  context: Context,
  node: Tree.Expression,
  resolve: (e: Tree.Expression) => Value,
  what: string,
): Value {
  const value = resolve(node);
  expect(context, value, BOOL, what, node);
  return value;
}

export function compare(
  context: Context,
  operands: readonly Value[],
  what: string,
  node: Tree.Node,
  allowed: (type: Type) => boolean,
): void {
  const type = supertype(operands);
  if (type === undefined || !allowed(type)) {
    context.fail(
      "type",
      `No matching signature for ${what} with ${operands.slice(0, 3).map(describe).join(", ")}`,
      node,
    );
  }
  noteCoerced(context, operands, type ?? BOOL);
}
