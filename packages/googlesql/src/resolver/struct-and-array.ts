/**
 * STRUCT(…), tuples and ARRAY[…]: values put together of values.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#constructing_a_struct
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#constructing_an_array
 */
import { either, structFlow } from "../flow/flow.ts";
import type * as Tree from "../tree.ts";
import { arrayOf, INT64, structOf, supertype, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { putTogether, sideBySide } from "./growth.ts";
import { impliedName } from "./implied-name.ts";
import { made } from "./literal.ts";
import { isNeverNull } from "./never-null.ts";
import { expect } from "./operand-types.ts";
import type { Value } from "./scope.ts";
import { resolveTypeName } from "./type-name.ts";

export function struct(context: Context, node: Tree.StructExpression, resolve: (e: Tree.Expression) => Value): Value {
  const values = node.fields.map((f) => resolve(f.expression));
  noteComputed(
    context,
    node.fields.map((f) => f.expression),
    values,
  );
  if (node.type === null) {
    const names = node.fields.map((f) => f.alias?.name ?? impliedName(f.expression));
    return structValue(context, values, names, node);
  }
  const type = resolveTypeName(context, node.type);
  if (type.kind !== "struct" || type.fields.length !== values.length) {
    return context.fail("type", "STRUCT has another number of values than its type has fields", node);
  }
  for (const [i, field] of type.fields.entries()) {
    const value = values[i];
    const expression = node.fields[i];
    if (value && expression) expect(context, value, field.type, "STRUCT field", expression);
  }
  return {
    ...structValue(
      context,
      values,
      type.fields.map((f) => f.name),
      node,
    ),
    type,
    written: "value",
  };
}

function structValue(context: Context, values: readonly Value[], names: readonly string[], node: Tree.Node): Value {
  const type = structOf(values.map((v, i) => ({ name: names[i] ?? "", type: v.type })));
  const id = context.idOf(
    `STRUCT ${names.join("\n")}`,
    values.map((v) => v.id),
  );
  const written = values.every((v) => v.written === "literal" || v.written === "null") ? "literal" : "value";
  const flows = values.map((v) => v.flow);
  sideBySide(context, flows);
  return made(context.bounded(type, node), structFlow(flows), id, written);
}

export function array(context: Context, node: Tree.ArrayExpression, resolve: (e: Tree.Expression) => Value): Value {
  const values = node.elements.map(resolve);
  noteComputed(context, node.elements, values);
  // An array that holds NULL can't be a result.
  if (!context.consumed.has(node))
    context.failBy(values.filter((_, i) => !isNeverNull(node.elements[i])).map((v) => v.flow));
  const declared = node.type === null ? undefined : resolveTypeName(context, node.type);
  const element = declared?.kind === "array" ? declared.element : values.length === 0 ? INT64 : supertype(values);
  if (element === undefined) {
    return context.fail("type", "An ARRAY's elements have types that don't go together", node);
  }
  if (element.kind === "array") return context.fail("type", "An ARRAY can't have ARRAY elements", node);
  for (const value of values) expect(context, value, element, "The ARRAY", node);
  const flows = values.map((v) => v.flow);
  const flow = putTogether(context, either(flows), flows);
  const id = context.idOf(
    `ARRAY ${typeName(element)}`,
    values.map((v) => v.id),
  );
  const literal = declared === undefined && values.every((v) => v.written === "literal" || v.written === "null");
  return made(arrayOf(element), flow, id, values.length === 0 && literal ? "null" : literal ? "literal" : "value");
}

export function tuple(context: Context, node: Tree.TupleExpression, resolve: (e: Tree.Expression) => Value): Value {
  const values = node.elements.map(resolve);
  noteComputed(context, node.elements, values);
  return structValue(
    context,
    values,
    values.map(() => ""),
    node,
  );
}

/** Parts that a field access may drop: what they compute is noted, whether or not it is shown. */
function noteComputed(context: Context, nodes: readonly Tree.Expression[], values: readonly Value[]): void {
  for (const [i, value] of values.entries()) {
    if (nodes[i]?.kind !== "PathExpression") context.computed.push(value.flow);
  }
}
