/**
 * Functions that take a lambda, and ARRAY_ZIP. The lambda's parameters are the array's elements, its index is a number that
 * only the array's length bounds; what it captures from outside flows as anywhere else.
 * https://github.com/google/googlesql/blob/master/docs/array_functions.md
 */
import {
  CONSTANT,
  decidedBy,
  type Flow,
  filteredBy,
  keysOf,
  ofLength,
  shape,
  structFlow,
  transformed,
  union,
} from "../flow/flow.ts";
import type { Argument, FunctionCall, LambdaArgument, NamedArgument } from "../tree.ts";
import { arrayOf, BOOL, coerces, INT64, STRING, structOf, type Type, typeName } from "../types.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { watched } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { mappedLong } from "./growth.ts";
import { impliedName } from "./implied-name.ts";
import { isExpression } from "./passed-arguments.ts";
import { addName, type Column, fold, frameOf, NO_RANGES, type Scope, type Value } from "./scope.ts";

const ALWAYS: ReadonlySet<string> = new Set(["ARRAY_FILTER", "ARRAY_TRANSFORM", "ARRAY_ZIP"]);

/** Whether the call is resolved here. ARRAY_INCLUDES takes a value as well, and then is a function like others. */
export function takesLambda(name: string, node: FunctionCall): boolean {
  return ALWAYS.has(name) || (name === "ARRAY_INCLUDES" && node.arguments[1]?.kind === "LambdaArgument");
}

export function lambdaCall(context: Context, name: string, node: FunctionCall, scope: Scope, safe: boolean): Value {
  refuseModifiers(context, name, node, []);
  if (name === "ARRAY_ZIP") return zipped(context, node, scope, safe);
  const [first, lambda, ...more] = node.arguments;
  if (first === undefined || lambda?.kind !== "LambdaArgument" || more.length > 0) {
    return context.fail("type", `${name} takes an ARRAY and a lambda`, node);
  }
  const array = arrayOperand(context, name, first, scope);
  const element = parameter(context, array, scope);
  const { made: body, fails } = watched(context, () =>
    lambdaBody(context, lambda, [element, index(context, array, scope)], 1, [array.length], scope),
  );
  const id = context.idOf(`call ${name}`, [array.id, body.id, lambda.parameters.length]);
  if (name === "ARRAY_TRANSFORM") return mapped(context, body, [array.length], id, node);
  if (!coerces(body.type, BOOL, body.written)) context.fail("type", `The lambda of ${name} gives BOOL`, lambda);
  if (name === "ARRAY_INCLUDES") {
    // An element that meets the condition makes those behind it superfluous.
    if (fails) context.failing.push(body.flow);
    return { type: BOOL, written: "value", flow: transformed([array.length, body.flow]), id };
  }
  return { type: array.type, written: "value", flow: filteredBy(array.flow, body.flow), id };
}

/** `ARRAY_ZIP(a, b [, …] [, lambda] [, mode => …])`: without a lambda, STRUCTs of the elements that stand beside each other. */
function zipped(context: Context, node: FunctionCall, scope: Scope, safe: boolean): Value {
  const arrays: ArrayValue[] = [];
  let lambda: LambdaArgument | null = null;
  let mode: Value | null = null;
  for (const argument of node.arguments) {
    const name = argument.kind === "NamedArgument" ? argument.name.name.toLowerCase() : "";
    const value = argument.kind === "NamedArgument" ? argument.value : argument;
    if (value.kind === "LambdaArgument" && lambda === null && (name === "" || name === "transformation"))
      lambda = value;
    else if (name === "mode" && mode === null) mode = modeOperand(context, value, scope);
    else if (argument.kind !== "NamedArgument" && lambda === null) {
      arrays.push(arrayOperand(context, "ARRAY_ZIP", argument, scope));
    } else context.fail("type", "ARRAY_ZIP takes ARRAYs, then a lambda, then mode", argument);
  }
  if (arrays.length < 2 || arrays.length > 4) return context.fail("type", "ARRAY_ZIP takes two to four ARRAYs", node);
  const shapes = arrays.map((array) => array.length);
  if (mode !== null) shapes.push(mode.flow);
  // Lengths that differ are an error, unless the mode says otherwise.
  if (!safe) context.failBy(shapes);
  // Where one array is shorter, the others are cut to its length, or it is filled up with NULL.
  const beside = arrays.map((array, i): ArrayValue => {
    return { ...array, flow: decidedBy(array.flow, union(shapes.filter((_, other) => other !== i).map(keysOf))) };
  });
  const ids = [...arrays, ...(mode === null ? [] : [mode])].map((v) => v.id);
  if (lambda !== null) {
    const parameters = beside.map((array, i) => parameter(context, array, scope, i));
    const body = lambdaBody(context, lambda, parameters, arrays.length, shapes, scope);
    return mapped(context, body, shapes, context.idOf("call ARRAY_ZIP lambda", [...ids, body.id]), node);
  }
  const type = structOf(arrays.map((array) => ({ name: array.name, type: array.type.element })));
  const elements = structFlow(beside.map((array) => array.flow));
  return {
    type: context.bounded(arrayOf(type), node),
    written: "value",
    flow: mappedLong(context, ofLength(elements, shapes), elements, shapes),
    id: context.idOf("call ARRAY_ZIP", ids),
  };
}

/** An ARRAY of what the lambda gives for each element of others: it is as long as they are. */
function mapped(context: Context, body: Value, shapes: readonly Flow[], id: number, node: FunctionCall): Value {
  if (body.type.kind === "array") return context.fail("type", "An ARRAY can't have ARRAY elements", node);
  // An array that holds NULL can't be a result.
  context.failing.push(body.flow);
  const type = context.bounded(arrayOf(body.type), node);
  return { type, written: "value", flow: mappedLong(context, ofLength(body.flow, shapes), body.flow, shapes), id };
}

interface ArrayValue extends Value {
  readonly type: { readonly kind: "array"; readonly element: Type };
  readonly length: Flow;
  /** Of the expression that gives it. */
  readonly name: string;
}

function arrayOperand(context: Context, called: string, argument: Argument, scope: Scope): ArrayValue {
  if (argument.kind === "StarArgument" || argument.kind === "NamedArgument" || argument.kind === "LambdaArgument") {
    return context.fail("type", `${called} takes an ARRAY first`, argument);
  }
  const value = context.expression(context, argument, scope);
  // The length of `[a, b]` is written there: it depends on nothing.
  const length = argument.kind === "ArrayExpression" ? { ...CONSTANT, level: value.flow.level } : shape(value.flow);
  const name = impliedName(argument);
  if (value.written === "null") return { ...value, type: { kind: "array", element: INT64 }, length, name };
  if (value.type.kind === "array") return { ...value, type: value.type, length, name };
  return context.fail("type", `${called} takes an ARRAY, not ${typeName(value.type)}`, argument);
}

function modeOperand(context: Context, argument: NamedArgument["value"] | Argument, scope: Scope): Value {
  const value = isExpression(argument) ? context.expression(context, argument, scope) : null;
  if (value !== null && coerces(value.type, STRING, value.written)) return value;
  return context.fail("type", "ARRAY_ZIP's mode is a STRING", argument);
}

/** An element of an array as the lambda sees it. Equal for the same array, so that GROUP BY can match the call. */
function parameter(context: Context, array: ArrayValue, scope: Scope, place = 0): Value {
  const id = context.idOf("lambda element", [array.id, place, depthOf(scope)]);
  return { type: array.type.element, written: "value", flow: array.flow, id };
}

function index(context: Context, array: ArrayValue, scope: Scope): Value {
  const flow = { ...CONSTANT, level: array.flow.level };
  return { type: INT64, written: "value", flow, id: context.idOf("lambda index", [array.id, depthOf(scope)]) };
}

function depthOf(scope: Scope): number {
  let depth = 0;
  for (let s: Scope | null = scope; s !== null; s = s.parent) depth++;
  return depth;
}

/** The body, with as many of the values under the lambda's names as it has; `needed` of them at least. */
function lambdaBody(
  context: Context,
  lambda: LambdaArgument,
  values: readonly Value[],
  needed: number,
  lengths: readonly Flow[],
  scope: Scope,
): Value {
  const count = lambda.parameters.length;
  if (count < needed || count > values.length) context.fail("type", "The lambda has another number of names", lambda);
  const names = new Map<string, Column | null>();
  for (const [i, { name }] of lambda.parameters.entries()) {
    const value = values[i];
    if (names.has(fold(name))) context.fail("name", `Duplicate name ${name} in a lambda`, lambda);
    if (value !== undefined) addName(names, { ...value, name });
  }
  const inner: Scope = {
    parent: scope,
    frame: null,
    ranges: NO_RANGES,
    names,
    commonTables: scope.commonTables,
    aliases: false,
  };
  const frame = frameOf(scope);
  const aggregates = frame?.aggregates;
  if (frame !== null) frame.inWindow++;
  const { made: body, fails } = watched(context, () => context.expression(context, lambda.body, inner));
  // Of an empty array it isn't computed at all.
  if (fails) context.failBy(lengths);
  if (frame !== null) frame.inWindow--;
  if (frame?.aggregates !== aggregates) context.fail("type", "A lambda can't hold an aggregate function", lambda);
  return body;
}
