/**
 * The aggregates of SELECT WITH DIFFERENTIAL_PRIVACY. They have names of others, and arguments, types and a meaning of their own:
 * each person's part is bounded, and noise added. How much noise is an option, down to none: what they show are the columns' statistics.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-dp-functions
 */
import { aggregated, decidedBy, type Flow, keysOf, transformed } from "../flow/flow.ts";
import type { Expression, FunctionCall, NamedArgument } from "../tree.ts";
import { FLOAT64, INT64, type Type, typeName } from "../types.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import type { Frame, Scope, Value } from "./scope.ts";

interface PrivateAggregate {
  readonly bounds: "contribution_bounds_per_group" | "contribution_bounds_per_row";
  /** BigQuery gives no percentile without bounds. */
  readonly bounded: boolean;
  readonly result: (type: Type) => Type;
  /** A percentile is nearly a value of somebody's. */
  readonly via: "aggregate" | "transform";
}

const PRIVATE: ReadonlyMap<string, PrivateAggregate> = new Map<string, PrivateAggregate>([
  ["COUNT", { bounds: "contribution_bounds_per_group", bounded: false, result: () => INT64, via: "aggregate" }],
  ["SUM", { bounds: "contribution_bounds_per_group", bounded: false, result: (type) => type, via: "aggregate" }],
  ["AVG", { bounds: "contribution_bounds_per_group", bounded: false, result: () => FLOAT64, via: "aggregate" }],
  [
    "PERCENTILE_CONT",
    { bounds: "contribution_bounds_per_row", bounded: true, result: () => FLOAT64, via: "transform" },
  ],
]);

export function privateAggregate(
  context: Context,
  name: string,
  node: FunctionCall,
  scope: Scope,
  frame: Frame,
): Value {
  const kind = PRIVATE.get(name);
  if (kind === undefined || node.over !== null) {
    const message = `${name} is no aggregate of SELECT WITH DIFFERENTIAL_PRIVACY: it takes ${[...PRIVATE.keys()].join(", ")}`;
    return context.fail("unsupported", message, node);
  }
  refuseModifiers(context, name, node, []);
  if (frame.inAggregate > 0) return context.fail("type", "Aggregations of aggregations are not allowed", node);
  if (frame.phase !== "select" && frame.phase !== "having") {
    return context.fail("type", `Aggregate function ${name} is not allowed here`, node);
  }
  const placed = node.arguments.filter((argument) => argument.kind !== "NamedArgument");
  const named = node.arguments.filter((argument) => argument.kind === "NamedArgument");
  checkBounds(context, name, kind, named, node);
  frame.aggregates++;
  frame.inAggregate++;
  const value = aggregatedValue(context, name, placed, node, scope);
  frame.inAggregate--;
  const [, percentile, more] = placed;
  if (more !== undefined || (percentile !== undefined) !== (name === "PERCENTILE_CONT")) {
    context.fail("type", `${name} has another number of arguments`, node);
  }
  if (percentile !== undefined) resolveConstant(context, expressionOf(context, name, percentile), FLOAT64, name);
  const flow = value === null ? frame.rows : value.flow;
  return {
    type: value === null ? INT64 : kind.result(value.type),
    written: "value",
    flow: shown(kind, flow, frame),
    id: context.freshId(),
  };
}

/** A count with noise is no count whose smallest cell could be told. */
function shown(kind: PrivateAggregate, flow: Flow, frame: Frame): Flow {
  // Of no column it tells how many rows there are.
  const flows = keysOf(flow).size === 0 ? [flow, frame.rows] : [flow];
  if (kind.via === "aggregate") return aggregated(flows, frame.depth, "other");
  return decidedBy(transformed(flows), keysOf(flow));
}

/** What is aggregated; null for `*`. */
function aggregatedValue(
  context: Context,
  name: string,
  [argument]: readonly FunctionCall["arguments"][number][],
  node: FunctionCall,
  scope: Scope,
): Value | null {
  if (argument === undefined) return context.fail("type", `${name} needs an argument`, node);
  if (argument.kind === "StarArgument")
    return name === "COUNT" ? null : context.fail("type", `${name} takes no *`, node);
  const value = context.expression(context, expressionOf(context, name, argument), scope);
  if (name === "COUNT") return value;
  // NUMERIC isn't taken by all, and what they make of it the reference doesn't say.
  const type = [INT64, FLOAT64].find((t) => typeName(t) === typeName(value.type));
  if (type === undefined) return context.fail("unsupported", `${name} takes INT64 or FLOAT64 here; cast it`, argument);
  return value;
}

function expressionOf(context: Context, name: string, argument: FunctionCall["arguments"][number]): Expression {
  switch (argument.kind) {
    case "StarArgument":
    case "NamedArgument":
    case "LambdaArgument":
      return context.fail("type", `${name} takes a value here`, argument);
    default:
      return argument;
  }
}

/** `contribution_bounds_per_group => (0, 100)`: two numbers that the text says. */
function checkBounds(
  context: Context,
  name: string,
  kind: PrivateAggregate,
  named: readonly NamedArgument[],
  node: FunctionCall,
): void {
  const [given, more] = named;
  if (given === undefined) {
    if (kind.bounded) context.fail("type", `${name} needs ${kind.bounds}`, node);
    return;
  }
  if (more !== undefined || given.name.name.toLowerCase() !== kind.bounds) {
    context.fail("unsupported", `${name} takes the named argument ${kind.bounds} alone`, more ?? given);
  }
  const bounds = given.value.kind === "TupleExpression" ? given.value.elements : [];
  if (bounds.length !== 2) context.fail("type", `${kind.bounds} takes a lower and an upper bound`, given);
  for (const bound of bounds) resolveConstant(context, bound, FLOAT64, kind.bounds);
}
