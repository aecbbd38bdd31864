/** How a statement of a script can end, and what holds where ways meet again. */
import { type SourceKey, union } from "../../flow/flow.ts";
import { joinedAll, LeavingWays } from "./joining.ts";
import { leaving, type State } from "./state.ts";

/** Leaving for somewhere else than the statement behind. */
export interface Exit {
  readonly kind: "break" | "continue" | "return" | "failure" | "endless";
  /** Folded label of a BREAK or CONTINUE; null: the innermost loop. */
  readonly label: string | null;
  readonly state: State;
}

export interface Outcome {
  /** At the statement behind; null where it is never reached. */
  readonly next: State | null;
  readonly exits: readonly Exit[];
  /** Joined of all points at which a failure, of whatever cause, can have left off; null where nothing catches one. */
  readonly interrupted: State | null;
}

export function goesOn(next: State): Outcome {
  return { next, exits: [], interrupted: null };
}

export function leaves(kind: Exit["kind"], label: string | null, state: State): Outcome {
  return { next: null, exits: [{ kind, label, state }], interrupted: null };
}

/** One exit for each place that can be left for. */
export function allExits(exits: readonly Exit[]): readonly Exit[] {
  const ways = new LeavingWays();
  ways.add(exits);
  return ways.exits();
}

export function earliest(states: readonly (State | null)[]): State | null {
  return joinedAll(states);
}

/**
 * Behind a construct whose ways meet there. Where none of them left for somewhere else, that control is here is decided by
 * nothing inside; where one did, by all that decided between them.
 */
export function meeting(before: State, ways: readonly (State | null)[], exits: readonly Exit[]): State | null {
  const next = earliest(ways);
  return next === null || exits.length > 0 ? next : { ...next, branch: before.branch };
}

/** As seen from outside the block that declared what `outer` doesn't have. */
export function outside(outcome: Outcome, outer: State): Outcome {
  return {
    next: outcome.next && leaving(outcome.next, outer),
    exits: outcome.exits.map((exit) => ({ ...exit, state: leaving(exit.state, outer) })),
    interrupted: outcome.interrupted && leaving(outcome.interrupted, outer),
  };
}

export function branchesOf(exits: readonly Exit[]): ReadonlySet<SourceKey> {
  return union(exits.map((exit) => exit.state.branch));
}
