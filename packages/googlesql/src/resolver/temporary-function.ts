/**
 * Functions that the text itself defines: CREATE TEMP FUNCTION. A call is resolved as that of a routine of the catalog is.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement
 */
import type { FunctionCall, Node } from "../tree.ts";
import type { Context } from "./context.ts";
import { resolveSqlAggregate, resolveSqlFunction, type SqlFunction } from "./routine.ts";
import {
  aggregatingFrame,
  callId,
  type OpaqueFunction,
  passed,
  refuseModifiers,
  resolveOpaqueFunction,
} from "./routine-call.ts";
import { fold, type Scope, type Value } from "./scope.ts";

export interface TemporaryFunction {
  readonly definition: Node;
  readonly aggregate: boolean;
  readonly called: { readonly language: "SQL"; readonly function: SqlFunction } | OpaqueFunction;
}

/** The function that a call names; of one name, without regard to case, as functions are. */
export function temporaryFunction(context: Context, node: FunctionCall): TemporaryFunction | undefined {
  const [name, more] = node.name;
  if (name === undefined || more !== undefined || context.temporaryFunctions.size === 0) return undefined;
  return context.temporaryFunctions.get(fold(name.name));
}

export function temporaryCall(
  context: Context,
  { aggregate, called }: TemporaryFunction,
  node: FunctionCall,
  scope: Scope,
): Value {
  const { name, parameters } = called.language === "SQL" ? called.function : called;
  refuseModifiers(context, name, node);
  const frame = aggregate ? aggregatingFrame(context, name, node, scope) : null;
  const values = passed(context, name, node, parameters, scope, frame);
  if (called.language !== "SQL") return resolveOpaqueFunction(context, called, values, frame, node);
  context.spendText(called.function.body, node);
  const value =
    frame === null
      ? resolveSqlFunction(context, called.function, values, node)
      : resolveSqlAggregate(context, called.function, values, frame, node);
  return { ...value, id: frame === null ? callId(context, name, values) : context.freshId() };
}
