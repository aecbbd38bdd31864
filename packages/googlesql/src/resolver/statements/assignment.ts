/**
 * What a column takes of the value written into it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#value_type_compatibility
 */
import { CONSTANT, type Flow, fieldFlow, fieldTypes, NOTHING, shape, transformed } from "../../flow/flow.ts";
import { castMayFail } from "../../functions/failure.ts";
import type { TableFieldSchema } from "../../table-resource.ts";
import type { DefaultValue, Expression, Node } from "../../tree.ts";
import { coerces, sameType, type Type, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Scope, Value } from "../scope.ts";
import { requireConstantDefault } from "./constant.ts";

/** A column, or a STRUCT's field, that a value is written into. */
export interface Place {
  /** Its path in the table, as the schema spells it. */
  readonly name: string;
  readonly type: Type;
  readonly field: TableFieldSchema;
}

/** An expression or DEFAULT in the place of a column's value. */
export function assignedExpression(
  context: Context,
  node: Expression | DefaultValue,
  place: Place,
  scope: Scope,
): Flow {
  if (node.kind !== "DefaultValue") {
    const value = context.expression(context, node, scope);
    return assigned(context, value, place, node);
  }
  requireConstantDefault(context, place.field, node);
  noteNull(context, NOTHING, place.field);
  return CONSTANT;
}

/** `value` as the column holds it. What the column can't hold fails the statement, and so tells of the value. */
export function assigned(
  context: Context,
  value: Pick<Value, "type" | "written" | "flow">,
  { name, type, field }: Place,
  node: Node,
): Flow {
  if (!coerces(value.type, type, value.written)) {
    const given = value.written === "null" ? "NULL" : typeName(value.type);
    context.fail("type", `Column ${name} has type ${typeName(type)} and can't be given ${given}`, node);
  }
  if (value.written === "null") {
    noteNull(context, value.flow, field);
    return value.flow;
  }
  noteFailing(context, value.type, type, value.flow, field);
  return coerced(value.type, type, value.flow);
}

export function coerced(from: Type, to: Type, flow: Flow): Flow {
  if (sameType(from, to)) return flow;
  const [have, want] = [fieldTypes(from), fieldTypes(to)];
  if (have !== null && want !== null && flow.fields !== null) {
    const fields = have.map((f, i) => coerced(f.type, want[i]?.type ?? f.type, fieldFlow(flow, i)));
    return { ...flow, fields };
  }
  // STRUCTs whose fields are but named otherwise.
  return transformed([flow]);
}

/** REQUIRED refuses NULL: whether there is a row to take it is what failing tells. */
export function noteNull(context: Context, flow: Flow, field: TableFieldSchema | null): void {
  if (field?.mode?.toUpperCase() === "REQUIRED") context.failing.push(shape(flow));
}

/** REQUIRED refuses NULL; a length or precision refuses what is longer; a coercion, what doesn't fit. */
function noteFailing(context: Context, from: Type, to: Type, flow: Flow, field: TableFieldSchema | null): void {
  noteNull(context, flow, field);
  const [have, want] = [fieldTypes(from), fieldTypes(to)];
  if (have !== null && want !== null) {
    for (const [i, inner] of have.entries()) {
      noteFailing(context, inner.type, want[i]?.type ?? inner.type, fieldFlow(flow, i), field?.fields?.[i] ?? null);
    }
    return;
  }
  const bounded =
    field !== null && [field.maxLength, field.precision, field.scale].some((bound) => bound !== undefined);
  const element = (type: Type): Type => (type.kind === "array" ? type.element : type);
  if (bounded || (!sameType(from, to) && castMayFail(element(from), element(to)))) context.failing.push(flow);
}
