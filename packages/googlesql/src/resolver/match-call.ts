/**
 * Functions that only MATCH_RECOGNIZE has: PREV and NEXT in DEFINE; FIRST, LAST, MATCH_NUMBER, MATCH_ROW_NUMBER and CLASSIFIER
 * in MEASURES.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/match-recognize-functions
 */
import type { Flow } from "../flow/flow.ts";
import type { FunctionCall } from "../tree.ts";
import { INT64, STRING, type Type } from "../types.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import type { Frame, Scope, Value } from "./scope.ts";

/**
 * Where in a MATCH_RECOGNIZE an expression stands. What decides which rows stand where decides over all rows of its result, and
 * so need not be said of each value.
 */
export type MatchPlace =
  | { readonly place: "DEFINE" }
  | {
      readonly place: "MEASURES";
      /** How many matches, or rows of the match, there were before. */
      readonly number: Flow;
      /** Which of the conditions held. */
      readonly classifier: Flow;
    };

/** Undefined for any other function. */
export function matchCall(
  context: Context,
  match: MatchPlace,
  node: FunctionCall,
  scope: Scope,
  frame: Frame,
): Value | undefined {
  const [first, second] = node.name;
  if (first === undefined || second !== undefined) return undefined;
  const name = first.name.toUpperCase();
  if (match.place === "DEFINE") {
    return name === "PREV" || name === "NEXT" ? neighbour(context, name, node, scope) : undefined;
  }
  switch (name) {
    case "FIRST":
    case "LAST":
      return endOfMatch(context, name, node, scope, frame);
    case "MATCH_NUMBER":
    case "MATCH_ROW_NUMBER":
      return ofRow(context, name, node, INT64, match.number, frame);
    case "CLASSIFIER":
      return ofRow(context, name, node, STRING, match.classifier, frame);
    default:
      return undefined;
  }
}

/** PREV(x [, n]): x of a row before. */
function neighbour(context: Context, name: string, node: FunctionCall, scope: Scope): Value {
  refuseModifiers(context, name, node, []);
  const [argument, offset, more] = node.arguments;
  if (more !== undefined) return context.fail("type", `${name} takes a value and a number`, node);
  const value = valueArgument(context, name, argument, node, scope);
  if (offset !== undefined) {
    if (!isExpression(offset)) return context.fail("type", `${name} takes a value and a number`, node);
    resolveConstant(context, offset, INT64, name);
  }
  return { ...value, written: "value", id: context.freshId() };
}

/** FIRST(x): x of the match's first row. */
function endOfMatch(context: Context, name: string, node: FunctionCall, scope: Scope, frame: Frame): Value {
  refuseModifiers(context, name, node, []);
  if (frame.inAggregate > 0) return context.fail("type", "Aggregations of aggregations are not allowed", node);
  const [argument, more] = node.arguments;
  if (more !== undefined) return context.fail("type", `${name} takes one value`, node);
  frame.aggregates++;
  frame.inAggregate++;
  const value = valueArgument(context, name, argument, node, scope);
  frame.inAggregate--;
  return { ...value, written: "value", id: context.freshId() };
}

/** Of the match MATCH_NUMBER tells anywhere; of a row the others tell inside an aggregate. */
function ofRow(context: Context, name: string, node: FunctionCall, type: Type, flow: Flow, frame: Frame): Value {
  refuseModifiers(context, name, node, []);
  if (node.arguments.length > 0) return context.fail("type", `${name} takes no argument`, node);
  if (name !== "MATCH_NUMBER" && frame.inAggregate === 0) {
    return context.fail("type", `${name} stands only inside an aggregate function`, node);
  }
  return { type, written: "value", flow, id: context.freshId() };
}

type Argument = FunctionCall["arguments"][number];
type PlainArgument = Exclude<
  Argument,
  { readonly kind: "StarArgument" | "NamedArgument" | "LambdaArgument" | "TableArgument" | "ModelArgument" }
>;

function isExpression(argument: Argument): argument is PlainArgument {
  return !["StarArgument", "NamedArgument", "LambdaArgument", "TableArgument", "ModelArgument"].includes(argument.kind);
}

function valueArgument(
  context: Context,
  name: string,
  argument: Argument | undefined,
  node: FunctionCall,
  scope: Scope,
): Value {
  if (argument === undefined || !isExpression(argument)) return context.fail("type", `${name} takes a value`, node);
  return context.expression(context, argument, scope);
}
