/** What resolving the statements of a script has in common: expressions, conditions, and what failing leaves behind. */
import { keysOf, NO_KEYS, type SourceKey, sourceKey, union } from "../../flow/flow.ts";
import type { PlanStatement, StatementKind } from "../../plan.ts";
import { definitionsOf, effectsOf, type ReadUses, readsOf } from "../../plan-statement.ts";
import type { Expression, Node, Statement } from "../../tree.ts";
import { BOOL, coerces, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Value } from "../scope.ts";
import { emptyScope } from "../statements/constant.ts";
import type { Exit, Outcome } from "./outcome.ts";
import { type State, under } from "./state.ts";
import { costOf, toldBy } from "./told.ts";

/** Bounds on the analysis of a script (I10). */
const SCRIPT_LIMITS = {
  /** Statements resolved in all, each as often as the loops around it take. */
  passes: 20_000,
} as const;

/** So many entries of a map that states share cost as much as one that is copied. */
const SHARED = 64;

/** What is known so far of a procedure in which its calls of itself are met. */
export interface Activation {
  /** Joined of all that it begins in. */
  entry: State;
  caught: boolean;
  outcome: Outcome;
  /** It was called in more than `entry` knew. */
  grown: boolean;
  recursive: boolean;
}

/** What has been told since somebody began to listen: as in State. */
type Telling = Pick<State, "told" | "cost" | "ran">;

const SILENT: Telling = { told: NO_KEYS, cost: NO_KEYS, ran: NO_KEYS };

/** One analysis of a script. */
export class Run {
  readonly context: Context;
  /** What each statement reads and does, in the order of the text. The last pass over it knows most. */
  readonly plans = new Map<Node, PlanStatement>();
  /** The resolver of statements, passed in because it needs those of branches and loops, and the other way round. */
  readonly all: (run: Run, statements: readonly Statement[], start: State, caught: boolean) => Outcome;
  /** It has transactions, so that a ROLLBACK may bring back what was replaced or dropped. */
  readonly undone: boolean;
  /** Procedures being analysed, by name: one that calls itself finds its own analysis so far. */
  readonly activations = new Map<string, Activation>();
  /** The statements of each call's procedure, apart for each place of a call, since each has plans of its own. */
  readonly bodies = new Map<Node, readonly Statement[]>();
  /** A transaction was met, be it in a procedure. */
  transactions = false;
  #telling = SILENT;
  #passes = 0;

  constructor(context: Context, all: Run["all"], undone: boolean) {
    this.context = context;
    this.all = all;
    this.undone = undone;
  }

  /** `resolve`, and what the statements in it tell by failing and by running at all. */
  listen<T>(resolve: () => T): { readonly result: T; readonly telling: Telling } {
    const outer = this.#telling;
    this.#telling = SILENT;
    const result = resolve();
    const telling = this.#telling;
    this.#telling = outer;
    return { result, telling };
  }

  tell({ told = NO_KEYS, cost = NO_KEYS, ran = NO_KEYS }: Partial<Telling>): void {
    const known = this.#telling;
    this.#telling = {
      told: union([known.told, told]),
      cost: union([known.cost, cost]),
      ran: union([known.ran, ran]),
    };
  }

  spendPass(node: Node, state: State): void {
    const shared = state.variables.size + state.written.size + state.temporary.size + state.routines.size;
    this.context.spendCarried(Math.ceil(shared / SHARED) + state.cost.size, node);
    if (++this.#passes > SCRIPT_LIMITS.passes) {
      this.context.fail("limit", "The script has too many statements in loops to analyse", node);
    }
  }
}

/** Makes the context one of a statement that starts in `state`. */
export function enter(context: Context, state: State): void {
  context.beginStatement();
  context.named = { values: state.variables };
  context.branch = state.branch;
  context.rowCount = state.rowCount;
  context.error = state.error;
  context.cost = state.cost;
  context.ran = state.ran;
  context.writtenTables = state.written;
  context.temporaryTables = state.temporary;
  context.writtenRoutines = state.routines;
}

/** An expression of a procedural statement. */
export function evaluate(run: Run, node: Expression, state: State): Value {
  enter(run.context, state);
  run.context.spendText(node);
  const value = run.context.expression(run.context, node, emptyScope());
  run.context.computed.push(value.flow);
  return value;
}

/** Notes what was resolved for the plan. BigQuery runs each expression as a SELECT of its own, whose rows nobody fetches. */
export function note(run: Run, owner: Node, uses: ReadUses, kind: StatementKind = "SELECT"): PlanStatement {
  const { context } = run;
  const reads = readsOf(context, null, uses);
  const plan = { kind, reads, ...definitionsOf(context), outputs: [], writes: [], effects: effectsOf(context, reads) };
  run.plans.set(owner, plan);
  return plan;
}

/** A condition, and what it leaves behind once it was evaluated. */
export interface Decided {
  readonly keys: ReadonlySet<SourceKey>;
  readonly outcome: Outcome & { readonly next: State };
}

export function condition(
  run: Run,
  node: Expression,
  state: State,
  owner: Node,
  caught: boolean,
  what: string,
): Decided {
  const value = evaluate(run, node, state);
  if (!coerces(value.type, BOOL, value.written)) {
    run.context.fail("type", `${what} takes BOOL, not ${typeName(value.type)}`, node);
  }
  const keys = keysOf(value.flow);
  const plan = note(run, owner, { decided: keys }, what === "ASSERT" ? "ASSERT" : "SELECT");
  return { keys, outcome: afterFailing(run, plan, state, state, caught) };
}

/**
 * What the statement that was just resolved leaves behind, in view of its failing: a handler then runs, and what stands behind
 * it doesn't; without one the script ends, which only what outlives it tells.
 */
export function afterFailing(
  run: Run,
  plan: PlanStatement,
  before: State,
  next: State,
  caught: boolean,
): Outcome & { readonly next: State } {
  const { context } = run;
  const byValues = context.failing.length > 0 || context.errors.length > 0;
  const predicates = plan.reads.flatMap(({ table, columns }) =>
    columns.filter(({ uses }) => uses.includes("predicate")).map(({ path }) => sourceKey(table, path)),
  );
  const flows = [...context.errors, ...context.computed, ...context.scanned];
  // What earlier statements made or dropped lets this one fail: CREATE TABLE of what a branch may have created.
  const known = caught ? before.ran : before.changed;
  const earlier = plan.kind === "SELECT" ? NO_KEYS : known;
  const outside = union([before.branch, earlier]);
  const keys = byValues ? union([new Set(predicates), ...flows.map(keysOf), outside]) : outside;
  // Where nothing catches it, nobody counts what ran before.
  const why = caught ? keys : before.branch;
  const ran = union([before.ran, why]);
  // What decided over earlier ones lets this one fail, and so is among what decides from here on.
  const changed = plan.kind === "SELECT" ? before.changed : why;
  const telling = { told: toldBy(context, plan), cost: costOf(context, plan), ran };
  run.tell(telling);
  const cost = union([before.cost, telling.cost]);
  const after = { ...next, cost, ran, changed };
  // What no branch decided has no other way to tell of than its values.
  if (!byValues && !(outside.size > 0 && failsOtherwise(context, plan))) {
    return { next: after, exits: [], interrupted: null };
  }
  if (!caught) return { next: { ...after, survived: union([next.survived, keys]) }, exits: [], interrupted: null };
  const failure: Exit = { kind: "failure", label: null, state: under(before, keys) };
  return { next: under(after, keys), exits: [failure], interrupted: null };
}

/**
 * Whether it can fail whatever the values are, so that where it runs at all is told: a right that is missing, a table that is there
 * already, a filter that a table requires.
 */
function failsOtherwise(context: Context, plan: PlanStatement): boolean {
  return context.scanned.length > 0 || plan.kind !== "SELECT" || plan.effects.length > 0 || plan.routines.length > 0;
}
