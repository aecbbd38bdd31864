/**
 * DECLARE and SET. A variable is made of what was last assigned to it; that the assignment was reached is decided by the branches
 * around it. It holds the value of no row, so that a statistic over it is none.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#declare
 */
import { decidedBy, type Flow, fieldFlow, NOTHING, picked, shape, transformed } from "../../flow/flow.ts";
import { castMayFail } from "../../functions/failure.ts";
import type { DeclareStatement, Identifier, Node, SetStatement, SystemVariable } from "../../tree.ts";
import { coerces, INTERVAL, STRING, sameType, type Type, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { fold, type Value } from "../scope.ts";
import { coerced } from "../statements/assignment.ts";
import { hasParameters, resolveTypeName } from "../type-name.ts";
import { goesOn, type Outcome } from "./outcome.ts";
import { afterFailing, evaluate, note, type Run } from "./run.ts";
import { type State, type Variable, withVariables } from "./state.ts";

export function declare(run: Run, node: DeclareStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  const declared = node.type === null ? null : context.bounded(resolveTypeName(context, node.type), node);
  const names = new Set<string>();
  for (const name of node.names) {
    if (state.variables.has(fold(name.name)) || names.has(fold(name.name))) {
      context.fail("name", `Variable ${name.name} is declared already, here or in a block around; rename it`, name);
    }
    names.add(fold(name.name));
  }
  const parameterized = node.type !== null && hasParameters(node.type);
  let flow: Flow = NOTHING;
  let type = declared;
  let outcome: Outcome & { readonly next: State } = { next: state, exits: [], interrupted: null };
  if (node.default !== null) {
    const value = evaluate(run, node.default, state);
    type = declared ?? value.type;
    flow = held(context, value, { type, parameterized }, state, node.default);
    const plan = note(run, node, { kept: [flow] });
    outcome = afterFailing(run, plan, state, state, caught);
  }
  if (type === null) return context.fail("syntax", "DECLARE needs a type or a DEFAULT", node);
  return { ...outcome, next: withDeclared(context, outcome.next, node.names, { type, flow, parameterized }) };
}

export function withDeclared(
  context: Context,
  state: State,
  names: readonly Identifier[],
  given: Pick<Variable, "type" | "flow" | "parameterized">,
): State {
  const variables = names.map(({ name }): Variable => {
    return { ...given, name, written: "value", id: context.idOf("variable", [fold(name)]) };
  });
  return withVariables(state, variables);
}

/** `value` as a variable of `type` holds it; what it can't hold fails the script. */
export function held(
  context: Context,
  value: Pick<Value, "type" | "written" | "flow">,
  { type, parameterized }: Pick<Variable, "type" | "parameterized">,
  state: State,
  node: Node,
): Flow {
  if (!coerces(value.type, type, value.written)) {
    context.fail("type", `A variable of type ${typeName(type)} can't be given ${typeName(value.type)}`, node);
  }
  if (value.written === "null") return decidedBy(NOTHING, state.branch);
  const same = sameType(value.type, type);
  if (parameterized || (!same && castMayFail(value.type, type))) context.failing.push(value.flow);
  const flow = parameterized ? transformed([value.flow]) : coerced(value.type, type, value.flow);
  return decidedBy(picked(flow), state.branch);
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#set */
export function set(run: Run, node: SetStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  const [first] = node.targets;
  if (first === undefined) return goesOn(state);
  if (first.kind === "SystemVariable") return setSystemVariable(run, first, node, state, caught);
  const targets = node.targets.flatMap((target) => (target.kind === "Identifier" ? [target] : []));
  const columns = targets.map((name) => variableNamed(context, name, state));
  if (new Set(columns).size < columns.length) context.fail("name", "SET names a variable twice", node);
  const value = evaluate(run, node.value, state);
  const values = node.parenthesized ? fieldsOf(context, value, targets.length, node) : [];
  const assigned = columns.map((column, i) => {
    return { ...column, flow: held(context, values[i] ?? value, column, state, node.value) };
  });
  const plan = note(run, node, { kept: assigned.map((column) => column.flow) });
  const outcome = afterFailing(run, plan, state, state, caught);
  return { ...outcome, next: withVariables(outcome.next, assigned) };
}

export function variableNamed(context: Context, name: Identifier, state: State): Variable {
  const column = state.variables.get(fold(name.name));
  return column ?? context.fail("name", `Variable ${name.name} is not declared; DECLARE it first`, name);
}

/** `SET (a, b) = value`: the fields of a STRUCT in order, which fails where it is NULL. */
function fieldsOf(
  context: Context,
  value: Value,
  count: number,
  node: Node,
): Pick<Value, "type" | "written" | "flow">[] {
  if (value.type.kind !== "struct" || value.type.fields.length !== count) {
    return context.fail("type", `SET of ${count} variables takes a STRUCT of ${count} fields`, node);
  }
  context.failing.push(shape(value.flow));
  return value.type.fields.map((field, i) => ({
    type: field.type,
    written: value.written === "literal" ? "literal" : "value",
    flow: fieldFlow(value.flow, i),
  }));
}

/** Those that change neither what a name means nor where a job runs. A literal, so that no statement behind it depends on a row. */
const SETTABLE: ReadonlyMap<string, Type> = new Map([
  ["time_zone", STRING],
  ["max_staleness_override", INTERVAL],
]);

/** https://cloud.google.com/bigquery/docs/reference/system-variables */
function setSystemVariable(
  run: Run,
  variable: SystemVariable,
  { value: node }: SetStatement,
  state: State,
  caught: boolean,
): Outcome {
  const { context } = run;
  const name = variable.parts.map((part) => part.name).join(".");
  const type = SETTABLE.get(name.toLowerCase());
  if (type === undefined) {
    return context.fail("unsupported", `SET of the system variable @@${name} is not supported`, variable);
  }
  const value = evaluate(run, node, state);
  const literal = node.kind === "IntervalExpression" ? node.value.kind : node.kind;
  if (!["StringLiteral", "IntegerLiteral", "NullLiteral"].includes(literal)) {
    context.fail("unsupported", `SET of @@${name} takes a literal here`, node);
  }
  // In a branch it would be another value behind it, by which what is shown there depends on the condition.
  if (state.branch.size > 0) context.fail("unsupported", `SET of @@${name} stands in no branch or loop here`, node);
  if (!coerces(value.type, type, value.written)) context.fail("type", `@@${name} is ${typeName(type)}`, node);
  if (type === STRING && !(node.kind === "StringLiteral" && node.value.toUpperCase() === "UTC")) {
    // In another one the first and the last times of all are out of range, so that what fails in no row fails in some.
    context.fail("unsupported", `SET of @@${name} takes 'UTC' alone; name another zone beside each value`, node);
  }
  return afterFailing(run, note(run, variable, {}), state, state, caught);
}
