/** Calls of functions that the catalog holds. */
import { LONG, ofPieces, transformed } from "../flow/flow.ts";
import { functionNamed } from "../functions/catalogue.ts";
import { refusalReason } from "../functions/refused.ts";
import { parseExpression } from "../parser/parse.ts";
import type { Effect } from "../plan.ts";
import { type RoutineArgument, type RoutineResource, standardSqlType } from "../routine-resource.ts";
import { tableNameParts } from "../table-name.ts";
import type { Expression, FunctionCall, Identifier, Node, TableFunctionCall } from "../tree.ts";
import type { Type } from "../types.ts";
import { wholeTree } from "../visitor.ts";
import { lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { noteEffect, outsideFlow } from "./effects.ts";
import { canBeLong } from "./growth.ts";
import { requireKnownParts } from "./known.ts";
import { argumentsOf, type RoutineParameter, resolveSqlAggregate, resolveSqlFunction } from "./routine.ts";
import { type Frame, frameOf, type Scope, type Value } from "./scope.ts";
import { resolveRoutineName } from "./table-name.ts";
import { noteNames, requireResolved } from "./whole-text.ts";

export interface CalledRoutine {
  readonly name: string;
  readonly project: string;
  readonly resource: RoutineResource;
}

/** Whether a call of this name is of a routine rather than of a built-in function: those have one part, or a known two. */
export function namesRoutine(name: readonly Identifier[]): boolean {
  const [first, second] = name;
  if (second === undefined && first?.name.includes(".") !== true) return false;
  if (first?.name.toUpperCase() === "SAFE") return false;
  const written = name.map((part) => part.name.toUpperCase()).join(".");
  return functionNamed(written) === undefined && refusalReason(written) === undefined;
}

/** The routine that a call names, as the catalog has it. */
export function routineNamed(
  context: Context,
  node: FunctionCall | TableFunctionCall,
  types: readonly string[],
): CalledRoutine {
  // Written in one pair of backquotes, `net.host` would be the built-in function to one reader and a routine to another.
  const parts = tableNameParts(node.name);
  if (functionNamed(parts.join(".")) !== undefined) {
    return context.fail("name", `${parts.join(".")} is a built-in function; write it without backquotes`, node);
  }
  const named = resolveRoutineName(parts, context.defaults);
  if (named.kind === "refused") return context.fail(named.code, named.message, node);
  if (context.writtenRoutines.has(named.name)) {
    return context.fail(
      "unsupported",
      `Routine ${named.name} is changed and called by the same script; send two requests`,
      node,
    );
  }
  const resource = context.catalog.routine?.(named.name);
  const reference = resource?.routineReference;
  if (
    resource === undefined ||
    `${reference?.projectId}.${reference?.datasetId}.${reference?.routineId}` !== named.name
  ) {
    return context.fail("name", `Function not found: ${named.name}`, node);
  }
  if (!types.includes(resource.routineType.toUpperCase())) {
    return context.fail("type", `${named.name} is no function that can stand here`, node);
  }
  context.routinePaths.set(node, named.parts);
  context.routines.add(named.name);
  return { name: named.name, project: named.parts[0], resource };
}

export function routineCall(context: Context, node: FunctionCall, scope: Scope): Value {
  const called = routineNamed(context, node, ["SCALAR_FUNCTION", "AGGREGATE_FUNCTION"]);
  refuseModifiers(context, called.name, node);
  const parameters = parametersOf(context, called, node);
  const aggregate = called.resource.routineType.toUpperCase() === "AGGREGATE_FUNCTION";
  const frame = aggregate ? aggregatingFrame(context, called.name, node, scope) : null;
  const values = passed(context, called.name, node, parameters, scope, frame);
  const language = languageOf(called.resource);
  if (language === "SQL") return sqlFunction(context, called, parameters, values, frame, node);
  if (language === "OTHER") {
    return context.fail("unsupported", `${called.name} is in a language the gateway doesn't know`, node);
  }
  const returns = returnType(context, called, node);
  if (returns === null) return context.fail("unsupported", `${called.name} doesn't say what type it gives`, node);
  const { name } = called;
  const opaque: OpaqueFunction = { name, language, parameters, returns, temporary: false };
  return resolveOpaqueFunction(context, opaque, values, frame, node);
}

export function refuseModifiers(context: Context, name: string, node: FunctionCall): void {
  if (
    node.distinct ||
    node.nulls !== null ||
    node.input !== null ||
    node.having !== null ||
    node.orderBy.length > 0 ||
    node.limit !== null ||
    node.over !== null
  ) {
    context.fail("unsupported", `${name} takes arguments alone: no DISTINCT, ORDER BY, OVER …`, node);
  }
}

/** The query whose groups an aggregate function stands for; refuses it where no aggregate can stand. */
export function aggregatingFrame(context: Context, name: string, node: FunctionCall, scope: Scope): Frame {
  const frame = frameOf(scope);
  if (frame === null) return context.fail("type", `${name} needs a query around it`, node);
  if (frame.inAggregate > 0) return context.fail("type", "Aggregations of aggregations are not allowed", node);
  if (frame.phase === "rows" || frame.phase === "keys") {
    return context.fail("type", `Aggregate function ${name} is not allowed in FROM, WHERE or GROUP BY`, node);
  }
  frame.aggregates++;
  return frame;
}

export function passed(
  context: Context,
  name: string,
  node: FunctionCall,
  parameters: readonly RoutineParameter[],
  scope: Scope,
  frame: Frame | null,
): Value[] {
  return node.arguments.map((argument, i) => {
    if (!isExpression(argument)) {
      return context.fail("unsupported", `${name} takes values alone, without names and *`, argument);
    }
    const overRows = frame !== null && parameters[i]?.aggregate === true;
    if (overRows) frame.inAggregate++;
    const value = lazily(context, () => context.expression(context, argument, scope));
    if (overRows) frame.inAggregate--;
    // The body may drop it.
    if (argument.kind !== "PathExpression") context.computed.push(value.flow);
    return value;
  });
}

function isExpression(argument: FunctionCall["arguments"][number]): argument is Expression {
  return !["StarArgument", "NamedArgument", "LambdaArgument", "DatePart"].includes(argument.kind);
}

export function parametersOf(context: Context, { name, resource }: CalledRoutine, node: Node): RoutineParameter[] {
  const aggregates = resource.routineType.toUpperCase() === "AGGREGATE_FUNCTION";
  return (resource.arguments ?? []).map((argument) => valueParameter(context, name, argument, aggregates, node));
}

export function valueParameter(
  context: Context,
  routine: string,
  { name, argumentKind = "FIXED_TYPE", dataType, isAggregate }: RoutineArgument,
  aggregates: boolean,
  node: Node,
): RoutineParameter {
  const kind = argumentKind.toUpperCase();
  const type = kind === "ANY_TYPE" ? null : declaredType(dataType);
  if (type === undefined || name === undefined || !["FIXED_TYPE", "ANY_TYPE"].includes(kind)) {
    return context.fail("unsupported", `An argument of ${routine} has a type the gateway doesn't know`, node);
  }
  return { name, type, aggregate: aggregates && isAggregate !== false };
}

export function declaredType(type: RoutineResource["returnType"]): Type | undefined {
  return type === undefined ? undefined : standardSqlType(type);
}

type Language = "SQL" | "JAVASCRIPT" | "PYTHON" | "REMOTE" | "OTHER";

export function languageOf(resource: RoutineResource): Language {
  if (resource.remoteFunctionOptions !== undefined) return "REMOTE";
  const language = resource.language?.toUpperCase() ?? "SQL";
  return language === "SQL" || language === "JAVASCRIPT" || language === "PYTHON" ? language : "OTHER";
}

function returnType(context: Context, { name, resource }: CalledRoutine, node: Node): Type | null {
  if (resource.returnType === undefined) return null;
  return (
    declaredType(resource.returnType) ??
    context.fail("unsupported", `The result of ${name} has a type the gateway doesn't know`, node)
  );
}

function sqlFunction(
  context: Context,
  called: CalledRoutine,
  parameters: readonly RoutineParameter[],
  values: readonly Value[],
  frame: Frame | null,
  node: FunctionCall,
): Value {
  const { name, project, resource } = called;
  const returns = returnType(context, called, node);
  const sql = resource.definitionBody;
  if (sql === undefined) return context.fail("unsupported", `${name} can't be read: its body isn't shown`, node);
  const value = context.inside({ kind: "routine", name, sql }, project, node, () => {
    const body = bodyOf(resource, sql);
    const { nodes } = wholeTree(body);
    noteNames(context, nodes);
    const definition = { name, parameters, returns, body };
    const found =
      frame === null
        ? resolveSqlFunction(context, definition, values, body)
        : resolveSqlAggregate(context, definition, values, frame, body);
    requireResolved(context, nodes);
    return found;
  });
  return frame === null ? { ...value, id: callId(context, name, values) } : { ...value, id: context.freshId() };
}

/** Equal for equal arguments, as GROUP BY compares calls; never an argument's own, since the argument isn't the key. */
export function callId(context: Context, name: string, values: readonly Value[]): number {
  return context.idOf(
    `routine ${name}`,
    values.map((v) => v.id),
  );
}

/** Read once for each resource as the catalog gives it. */
const BODIES = new WeakMap<RoutineResource, Expression>();

function bodyOf(resource: RoutineResource, sql: string): Expression {
  const known = BODIES.get(resource);
  if (known !== undefined) return known;
  const body = parseExpression(sql);
  requireKnownParts(sql, body);
  BODIES.set(resource, body);
  return body;
}

export interface OpaqueFunction {
  readonly name: string;
  readonly language: Exclude<Language, "SQL" | "OTHER">;
  readonly parameters: readonly RoutineParameter[];
  readonly returns: Type;
  readonly temporary: boolean;
}

/**
 * A function in another language: its result can be anything that can be made of its arguments, it can fail by them, and
 * what it is given reaches code that isn't analysed. It can also tell what it was told before, by this text or, where it runs elsewhere, by any.
 * https://cloud.google.com/bigquery/docs/user-defined-functions#javascript-udf-structure
 * https://cloud.google.com/bigquery/docs/user-defined-functions-python
 * https://cloud.google.com/bigquery/docs/remote-functions
 */
export function resolveOpaqueFunction(
  context: Context,
  called: OpaqueFunction,
  values: readonly Value[],
  frame: Frame | null,
  node: FunctionCall,
): Value {
  argumentsOf(context, called, values, node);
  const { name, language, temporary } = called;
  const flows = values.map((value) => value.flow);
  if (frame !== null) flows.push(frame.rows);
  const kind = EFFECTS[language];
  noteEffect(context, kind, kind === "javascript" || temporary ? null : name, flows);
  const told =
    kind === "javascript" || temporary
      ? context.functionMemory.recalled(flows)
      : [outsideFlow(context, name, "routine")];
  context.spendSources(told, 12, node);
  const shown = transformed([...flows, ...told]);
  // Without any argument too: by chance, or by what it was told before.
  context.failing.push(shown);
  const id = frame === null ? callId(context, name, values) : context.freshId();
  // A text as long as it likes.
  return {
    type: called.returns,
    written: "value",
    flow: canBeLong(called.returns) ? ofPieces(shown, LONG) : shown,
    id,
  };
}

const EFFECTS: Readonly<Record<Exclude<Language, "SQL" | "OTHER">, Effect["kind"]>> = {
  JAVASCRIPT: "javascript",
  PYTHON: "python",
  REMOTE: "remote_function",
};
