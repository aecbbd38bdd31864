/**
 * What a function written in SQL makes of its arguments: its body, resolved anew for each call, with the arguments as
 * the only names. So a function that returns its argument gives a copy, and one that reads a table gives that table's columns.
 * https://cloud.google.com/bigquery/docs/user-defined-functions#sql-udf-structure
 */
import { asArgument, type Flow, returned, transformed } from "../flow/flow.ts";
import type { Expression, Node } from "../tree.ts";
import { coerces, sameType, type Type, typeName } from "../types.ts";
import { childrenOf } from "../visitor.ts";
import type { Context } from "./context.ts";
import { noteCoerced } from "./operand-types.ts";
import {
  type Column,
  type Frame,
  fold,
  type NamedValues,
  NO_NAMES,
  NO_RANGES,
  type Scope,
  type Value,
} from "./scope.ts";

export interface RoutineParameter {
  readonly name: string;
  /** null for ANY TYPE: the argument's. */
  readonly type: Type | null;
  /** Of an aggregate function: one value for each row, rather than one for the group. */
  readonly aggregate: boolean;
}

export interface SqlFunction {
  /** For messages. */
  readonly name: string;
  readonly parameters: readonly RoutineParameter[];
  /** null: the body's. */
  readonly returns: Type | null;
  /** Of the text that the context is in. */
  readonly body: Expression;
}

/** Nothing but the arguments and the catalog can be named in a body. */
const NOTHING_IN_SCOPE: Scope = {
  parent: null,
  frame: null,
  ranges: NO_RANGES,
  names: NO_NAMES,
  commonTables: null,
  aliases: false,
};

/** `values`: one for each parameter, already resolved where the call stands; `node` is the call, in the text of the body. */
export function resolveSqlFunction(context: Context, called: SqlFunction, values: readonly Value[], node: Node): Value {
  const given = argumentsOf(context, called, values, node);
  const body = bodyOf(context, called, namesOfArguments(given), NOTHING_IN_SCOPE, node);
  return result(context, called, body, values, node);
}

/**
 * An aggregate function: its aggregate arguments are the rows' values, and stand only inside the body's own aggregates.
 * https://cloud.google.com/bigquery/docs/user-defined-aggregates#create-sql-udaf
 */
export function resolveSqlAggregate(
  context: Context,
  called: SqlFunction,
  values: readonly Value[],
  caller: Frame,
  node: Node,
): Value {
  refuseInnerNames(context, called.body);
  const given = argumentsOf(context, called, values, node);
  const rows = given.filter((_, i) => called.parameters[i]?.aggregate);
  const fixed = given.filter((_, i) => !called.parameters[i]?.aggregate);
  const frame: Frame = {
    ...caller,
    phase: "select",
    inAggregate: 0,
    ofGroups: false,
    inWindow: 0,
    aggregates: 0,
    references: [],
    keys: new Set(),
    outside: null,
    windows: new Map(),
  };
  const scope: Scope = {
    ...NOTHING_IN_SCOPE,
    frame,
    names: new Map(rows.map((column) => [fold(column.name), column])),
  };
  const body = bodyOf(context, called, namesOfArguments(fixed), scope, node);
  const [bare] = frame.references;
  if (bare !== undefined) context.fail("type", `Argument ${bare.name} stands outside an aggregate function`, bare.node);
  return result(context, called, body, values, node);
}

function bodyOf(context: Context, { body }: SqlFunction, names: NamedValues, scope: Scope, node: Node): Value {
  const resolve = (): Value => withNames(context, names, () => context.expression(context, body, scope));
  return context.withinBody(body, node, resolve);
}

/** In a subquery the arguments that are values of rows would be others; and names of its own could be an argument's too. */
function refuseInnerNames(context: Context, body: Expression): void {
  const open: Node[] = [body];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "Query" || node.kind === "WithExpression" || node.kind === "LambdaArgument") {
      context.fail("unsupported", "A subquery in an aggregate function is not supported", node);
    }
    for (const child of childrenOf(node)) open.push(child);
  }
}

/** The arguments as the body sees them, in the order of the parameters. */
export function argumentsOf(
  context: Context,
  called: Pick<SqlFunction, "name" | "parameters">,
  values: readonly Value[],
  node: Node,
): Column[] {
  if (values.length !== called.parameters.length) {
    return context.fail("type", `${called.name} takes ${called.parameters.length} arguments`, node);
  }
  const seen = new Set<string>();
  return called.parameters.map(({ name, type, aggregate }, i): Column => {
    const value = values[i];
    if (value === undefined) return context.fail("type", `${called.name} lacks an argument`, node);
    if (seen.has(fold(name))) context.fail("name", `${called.name} has two arguments called ${name}`, node);
    seen.add(fold(name));
    const { flow, type: taken } = coerced(
      context,
      value,
      type ?? value.type,
      `Argument ${name} of ${called.name}`,
      node,
    );
    return { name, type: taken, written: "value", flow: aggregate ? flow : asArgument(flow), id: value.id };
  });
}

export function namesOfArguments(columns: readonly Column[]): NamedValues {
  return { arguments: true, values: new Map(columns.map((column) => [fold(column.name), column])) };
}

/** Resolves with these names for values of no row, and no others. */
export function withNames<T>(context: Context, names: NamedValues | null, resolve: () => T): T {
  const before = context.named;
  context.named = names;
  try {
    return resolve();
  } finally {
    context.named = before;
  }
}

function result(context: Context, called: SqlFunction, body: Value, values: readonly Value[], node: Node): Value {
  const { type, flow } = coerced(context, body, called.returns ?? body.type, `The result of ${called.name}`, node);
  const flows = values.map((value) => value.flow);
  return { type, written: "value", flow: returned(flow, flows), id: body.id };
}

/** A value where one of `to` stands: another type makes it another value. */
export function coerced(
  context: Context,
  value: Pick<Value, "type" | "written" | "flow">,
  to: Type,
  what: string,
  node: Node,
): { readonly type: Type; readonly flow: Flow } {
  if (!coerces(value.type, to, value.written)) {
    return context.fail("type", `${what} is ${typeName(to)}, and ${typeName(value.type)} doesn't coerce to it`, node);
  }
  noteCoerced(context, [value], to);
  const same = sameType(value.type, to) || value.written === "null";
  return { type: to, flow: same ? value.flow : transformed([value.flow]) };
}
