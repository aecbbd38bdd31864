/**
 * CALL and CREATE PROCEDURE. A procedure's statements are resolved anew for each call, in their own text, with the arguments as
 * their only variables; what they read, write and show is the script's. The catalog's are read by name at each analysis, as views
 * and functions are (docs/adr/0008).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#call
 */
import { CONSTANT, type Flow, NO_KEYS, NOTHING, union } from "../../flow/flow.ts";
import type { CallStatement, CreateProcedureStatement, Expression, Node } from "../../tree.ts";
import { sameType, type Type, typeName } from "../../types.ts";
import { childrenOf, wholeTree } from "../../visitor.ts";
import type { Context } from "../context.ts";
import { fold } from "../scope.ts";
import { emptyScope } from "../statements/constant.ts";
import { permanentName } from "../statements/create-routine.ts";
import { checkOptions } from "../statements/options.ts";
import { requireResolved, requireSameNames } from "../whole-text.ts";
import { joinedAll } from "./joining.ts";
import { allExits, meeting, type Outcome } from "./outcome.ts";
import {
  bodyOfCall,
  declaredParameters,
  type Procedure,
  type ProcedureParameter,
  procedureNamed,
} from "./procedure.ts";
import { inOnePlan } from "./procedure-plan.ts";
import { type Activation, afterFailing, enter, note, Run } from "./run.ts";
import { SharedMap } from "./shared-map.ts";
import { includes, START, type State, type Variable, withVariables } from "./state.ts";
import { held, variableNamed } from "./variables.ts";

export function call(run: Run, node: CallStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  enter(context, state);
  const procedure = procedureNamed(context, node, state);
  context.spendText(node);
  const given = argumentsOf(context, procedure, node, state);
  context.routines.add(procedure.name);
  const plan = note(run, node, { kept: given.map(({ variable }) => variable.flow) }, "CALL");
  const called = afterFailing(run, plan, state, state, caught);
  const variables = new Map(given.map(({ variable }) => [fold(variable.name), variable]));
  // A temporary table is the whole script's, whoever makes it: https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
  const start: State = { ...called.next, variables, error: null };
  const body = activated(run, procedure.name, start, caught, node, (entry, within) =>
    context.inside({ kind: "procedure", ...procedure }, procedure.project, node, () => {
      const statements = bodyOfCall(run, procedure, node);
      const outcome = run.all(run, statements, entry, within);
      for (const statement of statements) {
        requireResolved(context, wholeTree(statement).nodes);
        if (procedure.made?.body) requireSameNames(context, procedure.made.body, statement);
      }
      return outcome;
    }),
  );
  return returned(context, body, given, state, called, node);
}

interface Given {
  readonly variable: Variable;
  /** The caller's, of an OUT or INOUT argument. */
  readonly target: Variable | null;
}

function argumentsOf(context: Context, { name, parameters }: Procedure, node: CallStatement, state: State): Given[] {
  if (node.arguments.length !== parameters.length) {
    context.fail("type", `${name} takes ${parameters.length} arguments`, node);
  }
  const targets = new Set<string>();
  return node.arguments.map((argument, i): Given => {
    const parameter = parameters[i];
    if (parameter === undefined) return context.fail("type", `${name} takes fewer arguments`, argument);
    if (parameter.mode === "IN") return { variable: passedIn(context, parameter, argument, state), target: null };
    const target = targetOf(context, parameter, argument, state);
    if (targets.has(fold(target.name))) context.fail("name", `${target.name} is given for two results`, argument);
    targets.add(fold(target.name));
    const flow = parameter.mode === "OUT" ? NOTHING : target.flow;
    return { variable: argumentVariable(context, parameter, target.type, flow), target };
  });
}

function passedIn(context: Context, parameter: ProcedureParameter, argument: Expression, state: State): Variable {
  const value = context.expression(context, argument, emptyScope());
  const type = parameter.type ?? value.type;
  const flow = held(context, value, { type, parameterized: false }, state, argument);
  return argumentVariable(context, parameter, type, flow);
}

function targetOf(
  context: Context,
  { name, type, mode }: ProcedureParameter,
  node: Expression,
  state: State,
): Variable {
  const [variable, more] = node.kind === "PathExpression" ? node.parts : [];
  if (variable === undefined || more !== undefined) {
    return context.fail("type", `${mode} argument ${name} takes a variable`, node);
  }
  const target = variableNamed(context, variable, state);
  if (target.parameterized) {
    context.fail(
      "unsupported",
      `${mode} argument ${name} takes a variable whose type has no length or precision`,
      node,
    );
  }
  if (type !== null && !sameType(type, target.type)) {
    context.fail("type", `${mode} argument ${name} is ${typeName(type)}; give a variable of that type`, node);
  }
  return target;
}

function argumentVariable(context: Context, { name }: ProcedureParameter, type: Type, flow: Flow): Variable {
  return { name, type, flow, parameterized: false, written: "value", id: context.idOf("variable", [fold(name)]) };
}

/**
 * As the caller goes on. Where a failure left the procedure, its results may have been handed back or not: that they weren't is among
 * what a handler knows of each statement (steps.ts).
 */
function returned(
  context: Context,
  body: Outcome,
  given: readonly Given[],
  state: State,
  called: Outcome,
  node: Node,
): Outcome {
  const back = (inner: State): State => {
    const results: Variable[] = [];
    for (const { variable, target } of given) {
      const last = inner.variables.get(fold(variable.name));
      if (target === null || last === undefined) continue;
      const value = { type: last.type, written: "value", flow: last.flow } as const;
      results.push({ ...target, flow: held(context, value, target, inner, node) });
    }
    return { ...inner, variables: withVariables(state, results).variables, error: state.error };
  };
  const returns = body.exits.filter(({ kind }) => kind === "return").map((exit) => back(exit.state));
  const failures = body.exits
    .filter(({ kind }) => kind !== "return")
    .map((exit) => ({ ...exit, state: back(exit.state) }));
  const next = body.next === null ? null : back(body.next);
  const exits = allExits([...called.exits, ...failures]);
  const interrupted = body.interrupted === null ? null : back(body.interrupted);
  return { next: meeting(state, [next, ...returns], exits), exits, interrupted };
}

const NEVER: Outcome = { next: null, exits: [], interrupted: null };

/** `resolve`, once, or where the procedure calls itself as often as its outcome grows. */
function activated(
  run: Run,
  name: string,
  start: State,
  caught: boolean,
  node: Node,
  resolve: (entry: State, caught: boolean) => Outcome,
): Outcome {
  const open = run.activations.get(name);
  if (open !== undefined) {
    open.recursive = true;
    if (!includes(open.entry, start) || (caught && !open.caught)) {
      open.grown = true;
      open.entry = joinedAll([open.entry, start]) ?? start;
      open.caught ||= caught;
    }
    return open.outcome;
  }
  const activation: Activation = { entry: start, caught, outcome: NEVER, grown: false, recursive: false };
  run.activations.set(name, activation);
  try {
    for (;;) {
      run.spendPass(node, activation.entry);
      activation.grown = false;
      const made = resolve(activation.entry, activation.caught);
      if (!activation.recursive || (!activation.grown && says(activation.outcome, made))) return made;
      activation.outcome = made;
    }
  } finally {
    run.activations.delete(name);
  }
}

/** Whether `known` says all that `made` says, of each way out of the procedure: RETURN and failing, each one exit at most, as well. */
function says(known: Outcome, made: Outcome): boolean {
  const of = waysOf(known);
  return [...waysOf(made)].every(([way, state]) => {
    const other = of.get(way);
    return other !== undefined && includes(other, state);
  });
}

function waysOf({ next, exits, interrupted }: Outcome): ReadonlyMap<string, State> {
  const ways = new Map<string, State>(exits.map(({ kind, state }) => [kind, state]));
  if (next !== null) ways.set("next", next);
  if (interrupted !== null) ways.set("interrupted", interrupted);
  return ways;
}

/**
 * The statements are understood with arguments of which nothing is known; calls resolve them anew. Nothing of them is done yet:
 * the plan says what they will read.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_procedure
 */
export function createProcedure(run: Run, node: CreateProcedureStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  const { body } = node;
  if (context.inProcedure) context.fail("unsupported", "CREATE PROCEDURE in a procedure is not supported", node);
  const parts = permanentName(context, node.name, node);
  const name = parts.join(".");
  if (body === null || node.language !== null || node.security !== null || node.connection !== null) {
    return context.fail(
      "unsupported",
      "CREATE PROCEDURE takes SQL alone: code in other languages isn't analysed",
      node,
    );
  }
  context.names.set(node, parts);
  checkOptions(context, node.options, "ROUTINE");
  const parameters = declaredParameters(context, node);
  const known = node.ifNotExists ? null : node;
  const routines = SharedMap.of(state.routines).with([[name, known]]);
  const variables = new Map(
    parameters.map((p) => [
      fold(p.name),
      argumentVariable(context, p, p.type ?? context.fail("type", "ANY TYPE", node), CONSTANT),
    ]),
  );
  const inner = new Run(context, run.all, holdsTransaction(body));
  const definition = { kind: "procedure", name, sql: context.sql, defaults: context.defaults } as const;
  const start: State = { ...START, variables, routines: routines.with([[name, node]]) };
  activated(inner, name, start, false, node, (entry, within) =>
    context.inside(definition, parts[0], node, () => run.all(inner, [body], entry, within)),
  );
  enter(context, state);
  // Whoever sees the procedure sees that the script came here.
  context.branch = union([state.branch, state.survived]);
  const made = note(run, node, {}, "CREATE_PROCEDURE");
  run.plans.set(node, inOnePlan(name, [...inner.plans.values(), made]));
  return afterFailing(run, made, state, { ...state, routines, last: new Set([node]), lastBy: NO_KEYS }, caught);
}

function holdsTransaction(node: Node): boolean {
  return node.kind === "TransactionStatement" || childrenOf(node).some(holdsTransaction);
}
