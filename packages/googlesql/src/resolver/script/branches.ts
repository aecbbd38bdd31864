/**
 * IF, CASE, RAISE and ASSERT: each branch is decided by its own condition and by those before it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#if
 */
import { keysOf, NO_KEYS, union } from "../../flow/flow.ts";
import type {
  AssertStatement,
  CaseStatement,
  IfStatement,
  RaiseStatement,
  Statement,
  StatementBranch,
} from "../../tree.ts";
import { coerces, isComparable, STRING, supertype, typeName } from "../../types.ts";
import { allExits, type Exit, earliest, leaves, meeting, type Outcome } from "./outcome.ts";
import { afterFailing, condition, type Decided, enter, evaluate, note, type Run } from "./run.ts";
import { type State, under } from "./state.ts";

export function ifStatement(run: Run, node: IfStatement, state: State, caught: boolean): Outcome {
  const decide = (branch: StatementBranch, before: State): Decided =>
    condition(run, branch.condition, before, branch, caught, "IF");
  return branched(run, node.branches, node.else, state, state, [], caught, decide);
}

/** `CASE operand WHEN value …` compares the operand, which is evaluated once, with each value. */
export function caseStatement(run: Run, node: CaseStatement, state: State, caught: boolean): Outcome {
  if (node.operand === null) {
    const decide = (branch: StatementBranch, before: State): Decided =>
      condition(run, branch.condition, before, branch, caught, "WHEN");
    return branched(run, node.branches, node.else, state, state, [], caught, decide);
  }
  const operand = evaluate(run, node.operand, state);
  const plan = note(run, node, {});
  const evaluated = afterFailing(run, plan, state, state, caught);
  const decide = (branch: StatementBranch, before: State): Decided => {
    const compared = evaluate(run, branch.condition, before);
    const type = supertype([operand, compared]);
    if (type === undefined || !isComparable(type)) {
      run.context.fail("type", `CASE can't compare ${typeName(operand.type)} with this value`, branch.condition);
    }
    const keys = union([keysOf(operand.flow), keysOf(compared.flow)]);
    const noted = note(run, branch, { decided: keys });
    return { keys, outcome: afterFailing(run, noted, before, before, caught) };
  };
  return branched(run, node.branches, node.else, state, evaluated.next, evaluated.exits, caught, decide);
}

function branched(
  run: Run,
  branches: readonly StatementBranch[],
  otherwise: readonly Statement[] | null,
  before: State,
  start: State,
  started: readonly Exit[],
  caught: boolean,
  decide: (branch: StatementBranch, before: State) => Decided,
): Outcome {
  const ways: (State | null)[] = [];
  const exits: Exit[] = [...started];
  const interrupted: (State | null)[] = [];
  const take = (outcome: Outcome): void => {
    ways.push(outcome.next);
    exits.push(...outcome.exits);
    interrupted.push(outcome.interrupted);
  };
  let state = start;
  for (const branch of branches) {
    run.spendPass(branch, state);
    const decided = decide(branch, state);
    exits.push(...decided.outcome.exits);
    state = under(decided.outcome.next, decided.keys);
    take(run.all(run, branch.statements, state, caught));
  }
  take(run.all(run, otherwise ?? [], state, caught));
  const all = allExits(exits);
  return { next: meeting(before, ways, all), exits: all, interrupted: earliest(interrupted) };
}

/** The message leaves by the error; that there is one tells the conditions around. */
export function raise(run: Run, node: RaiseStatement, state: State): Outcome {
  const { context } = run;
  if (node.message === null) {
    enter(context, state);
    note(run, node, {});
    // The error that is being handled, once more.
    run.tell({ told: state.error ?? NO_KEYS, ran: state.branch });
    return leaves("failure", null, state);
  }
  const value = evaluate(run, node.message, state);
  if (!coerces(value.type, STRING, value.written)) context.fail("type", "RAISE takes a STRING", node.message);
  const keys = keysOf(value.flow);
  // A constant message says no more than that the statement ran, which is a predicate of the conditions around.
  if (keys.size > 0) context.errors.push(value.flow);
  const { next } = afterFailing(run, note(run, node, {}), state, state, true);
  // What the message is made of lets it fail, and so decides already.
  return leaves("failure", null, next);
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/debugging-statements#assert */
export function assertStatement(run: Run, node: AssertStatement, state: State): Outcome {
  const { keys, outcome } = condition(run, node.condition, state, node, true, "ASSERT");
  const failure: Exit = { kind: "failure", label: null, state: under(outcome.next, keys) };
  // Where it fails without a value, it fails in less.
  return { next: failure.state, exits: [failure], interrupted: null };
}
