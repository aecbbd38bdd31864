/**
 * BEGIN … EXCEPTION: whether the handler runs tells of everything in the block that can fail, and the block may have been left
 * before any of its statements.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#beginexceptionend
 */
import { NO_KEYS } from "../../flow/flow.ts";
import type { BlockStatement } from "../../tree.ts";
import { fold } from "../scope.ts";
import { joinedAll } from "./joining.ts";
import { allExits, branchesOf, meeting, type Outcome, outside } from "./outcome.ts";
import type { Run } from "./run.ts";
import { type State, under } from "./state.ts";

export function block(run: Run, node: BlockStatement, state: State, caught: boolean): Outcome {
  const body = outside(run.all(run, node.statements, state, caught || node.handler !== null), state);
  const handled = node.handler === null ? body : withHandler(run, node, node.handler, state, body, caught);
  const label = node.label === null ? null : fold(node.label.name);
  // What names a block leaves it: the parser knows no other jump to one.
  const own = handled.exits.filter((exit) => label !== null && exit.label === label);
  const exits = handled.exits.filter((exit) => !own.includes(exit));
  const next = meeting(state, [handled.next, ...own.map((exit) => exit.state)], exits);
  return { ...handled, next, exits };
}

function withHandler(
  run: Run,
  node: BlockStatement,
  handler: NonNullable<BlockStatement["handler"]>,
  state: State,
  body: Outcome,
  caught: boolean,
): Outcome {
  const failures = body.exits.filter((exit) => exit.kind === "failure");
  const others = body.exits.filter((exit) => exit.kind !== "failure");
  // Whatever failed, for whatever reason: the states in which it can have happened, decided by what can make it happen.
  const met = joinedAll([body.interrupted, ...failures.map((f) => f.state)]);
  const left = met ?? state;
  const handling: State = { ...left, branch: state.branch, error: left.told, told: NO_KEYS };
  const start = under(handling, branchesOf(failures));
  run.spendPass(node, start);
  const handled = outOf(run.all(run, handler, start, caught), state.error);
  const exits = allExits([...others, ...handled.exits]);
  return {
    next: meeting(state, [body.next, handled.next], exits),
    exits,
    // What fails in the block itself is handled here.
    interrupted: handled.interrupted,
  };
}

/** Behind the handler, where @@error is that of the handler around, if any. */
function outOf(handled: Outcome, error: State["error"]): Outcome {
  return {
    next: handled.next && { ...handled.next, error },
    exits: handled.exits.map((exit) => ({ ...exit, state: { ...exit.state, error } })),
    interrupted: handled.interrupted,
  };
}
