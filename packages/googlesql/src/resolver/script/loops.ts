/**
 * Loops: their statements are resolved round after round, until a round adds nothing. Whether one ends, and after how many
 * rounds, is decided by its condition and by every jump out of it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#loops
 */
import { keysOf, picked, structFlow, union } from "../../flow/flow.ts";
import { resultColumns } from "../../plan-statement.ts";
import type {
  ForStatement,
  Identifier,
  JumpStatement,
  LoopStatement,
  Node,
  RepeatStatement,
  WhileStatement,
} from "../../tree.ts";
import { structOf } from "../../types.ts";
import { fold } from "../scope.ts";
import { joinedAll } from "./joining.ts";
import { allExits, type Exit, earliest, leaves, meeting, type Outcome, outside } from "./outcome.ts";
import { rowCountAfter } from "./row-count.ts";
import { afterFailing, condition, enter, note, type Run } from "./run.ts";
import { includes, type State, under } from "./state.ts";
import { withDeclared } from "./variables.ts";

export function jump(node: JumpStatement, state: State): Outcome {
  const label = node.label === null ? null : fold(node.label.name);
  return leaves(node.action === "BREAK" ? "break" : "continue", label, state);
}

/** What one round leaves behind. */
interface Round {
  /** Where the loop may end; null where it can't. */
  readonly done: State | null;
  /** Where the next round begins; null where there is none. */
  readonly again: State | null;
  readonly exits: readonly Exit[];
  readonly interrupted: State | null;
}

/** The round that adds nothing to the state it begins in, which is all that any round can begin in. */
function lastRound(run: Run, node: Node, start: State, round: (head: State) => Round): Round {
  let head = start;
  // What left an earlier round leaves the loop, also where a later one begins in a state that knows it already.
  let exits: readonly Exit[] = [];
  for (;;) {
    run.spendPass(node, head);
    const found = round(head);
    exits = allExits([...exits, ...found.exits]);
    const made = { ...found, exits };
    if (made.again === null || includes(head, made.again)) return made;
    head = joinedAll([head, made.again]) ?? head;
  }
}

/** Jumps to this loop, and those that leave it. */
function jumps(exits: readonly Exit[], label: Identifier | null) {
  const own = (exit: Exit, kind: Exit["kind"]): boolean =>
    exit.kind === kind && (exit.label === null || (label !== null && exit.label === fold(label.name)));
  return {
    breaks: exits.filter((exit) => own(exit, "break")),
    continues: exits.filter((exit) => own(exit, "continue")),
    others: exits.filter((exit) => !own(exit, "break") && !own(exit, "continue")),
  };
}

const states = (exits: readonly Exit[]): State[] => exits.map((exit) => exit.state);

/** WHILE, and LOOP, which only a jump ends. */
export function whileLoop(run: Run, node: WhileStatement | LoopStatement, state: State, caught: boolean): Outcome {
  const round = (head: State): Round => {
    const decided = node.kind === "WhileStatement" ? condition(run, node.condition, head, node, caught, "WHILE") : null;
    const start = decided === null ? head : under(decided.outcome.next, decided.keys);
    const body = run.all(run, node.statements, start, caught);
    const { breaks, continues, others } = jumps(body.exits, node.label);
    return {
      done: earliest([decided === null ? null : start, ...states(breaks)]),
      again: earliest([body.next, ...states(continues)]),
      exits: allExits([...(decided?.outcome.exits ?? []), ...others]),
      interrupted: body.interrupted,
    };
  };
  return ended(lastRound(run, node, state, round), state);
}

export function repeatLoop(run: Run, node: RepeatStatement, state: State, caught: boolean): Outcome {
  const round = (head: State): Round => {
    const body = run.all(run, node.statements, head, caught);
    const { breaks, continues, others } = jumps(body.exits, node.label);
    const tail = earliest([body.next, ...states(continues)]);
    const decided = condition(run, node.until, tail ?? head, node, caught, "UNTIL");
    const met = tail === null ? null : under(decided.outcome.next, decided.keys);
    return {
      done: earliest([met, ...states(breaks)]),
      again: met,
      exits: allExits([...others, ...(tail === null ? [] : decided.outcome.exits)]),
      interrupted: body.interrupted,
    };
  };
  return ended(lastRound(run, node, state, round), state);
}

/** Whether a handler catches that the time is up isn't known. */
const ENDLESS = ["failure", "endless"] as const;

/**
 * A loop that may not end: that control is behind it, and behind whatever stands around it, is decided by all that could have kept
 * it there. It leaves then as the job's time is up.
 */
function ended({ done, again, exits, interrupted }: Round, before: State): Outcome {
  const endless = again !== null && [...again.branch].some((key) => !before.branch.has(key));
  const never = endless ? ENDLESS.map((kind): Exit => ({ kind, label: null, state: again })) : [];
  // Each round begins where all of them have been, so that where it ends knows what could have kept it.
  const all = allExits([...exits, ...never]);
  return { next: meeting(before, [done], all), exits: all, interrupted };
}

/** FOR: a round for each row of the query, which is read once. How many there are decides over all that is done in them. */
export function forLoop(run: Run, node: ForStatement, state: State, caught: boolean): Outcome {
  const { context } = run;
  const name = fold(node.variable.name);
  if (state.variables.has(name)) {
    context.fail("name", `Variable ${node.variable.name} is declared already; rename it`, node.variable);
  }
  enter(context, state);
  context.spendText(node.query);
  const relation = context.query(context, node.query, null, null);
  const columns = resultColumns(relation);
  const type = structOf(columns.map((c) => ({ name: c.name, type: c.type })));
  // What decided the rows decides over all that is done in the rounds.
  const flow = structFlow(columns.map((c) => c.flow));
  const row = { type: context.bounded(type, node), flow: picked(flow), parameterized: false };
  const rows = union([relation.implicit, keysOf(relation.rows)]);
  const plan = note(run, node.query, { kept: [row.flow], decided: rows });
  const read = { ...state, rowCount: rowCountAfter(context, plan, state) };
  const queried = afterFailing(run, plan, read, read, caught);
  const begin = withDeclared(context, under(queried.next, rows), [node.variable], row);
  const round = (head: State): Round => {
    const body = run.all(run, node.statements, head, caught);
    const { breaks, continues, others } = jumps(body.exits, node.label);
    const again = meeting(head, [body.next, ...states(continues)], [...breaks, ...others]);
    // In the last round `head` knows all that a round leaves behind.
    return { done: earliest([head, ...states(breaks)]), again, exits: others, interrupted: body.interrupted };
  };
  const made = lastRound(run, node, begin, round);
  const exits = allExits([...queried.exits, ...made.exits]);
  const outcome = { next: meeting(state, [made.done], exits), exits, interrupted: made.interrupted };
  return outside(outcome, state);
}
