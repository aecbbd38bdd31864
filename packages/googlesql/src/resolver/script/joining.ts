/**
 * What holds where several ways meet. Ways share most of what they know, as the same objects: each is taken once, however many
 * ways bring it, so that meeting costs as much as the ways differ and not as much as they know.
 */
import { either, type Flow, NO_KEYS, type SourceKey, union } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import type { RoutineName } from "../../routine-resource.ts";
import type { CreateProcedureStatement } from "../../tree.ts";
import type { TemporaryTable, Written } from "../statements/written.ts";
import type { Exit } from "./outcome.ts";
import { contains, type State, type Variable, withWritten } from "./state.ts";
import { joinedTable } from "./temporary-tables.ts";

interface JoinedVariable {
  readonly first: Variable;
  readonly flows: Set<Flow>;
}

interface JoinedTemporary {
  readonly tables: Set<TemporaryTable>;
  /** On how many of the ways it is there. */
  ways: number;
}

/** Grows by one state after the other, and forgets them. */
export class Joining {
  #only: State | null = null;
  #last: State | null = null;
  #ways = 0;
  readonly #variables = new Map<string, JoinedVariable>();
  readonly #written = new Map<TableName, Set<Written>>();
  readonly #temporary = new Map<string, JoinedTemporary>();
  readonly #routines = new Map<RoutineName, CreateProcedureStatement | null>();
  #lastOnes: State["last"] = new Set();
  readonly #rowCounts = new Set<Flow>();
  #error: State["error"] = null;
  #told = NO_KEYS;
  #cost = NO_KEYS;
  #ran = NO_KEYS;
  #changed = NO_KEYS;
  #branch = NO_KEYS;
  #survived = NO_KEYS;
  #lastBy = NO_KEYS;

  add(state: State | null): void {
    if (state === null || state === this.#last) return;
    const before = this.#last;
    this.#only = this.#ways === 0 ? state : null;
    if (this.#ways === 1 && before !== null) this.#take(before, null);
    if (this.#ways >= 1) this.#take(state, before);
    this.#last = state;
    this.#ways++;
  }

  /** Joined of all that were added; null where none was. */
  state(): State | null {
    if (this.#only !== null || this.#ways === 0) return this.#only;
    const variables = [...this.#variables].map(
      ([name, { first, flows }]) => [name, { ...first, flow: either([...flows]) }] as const,
    );
    const temporary = [...this.#temporary].flatMap(([name, { tables, ways }]) => {
      const [first, ...others] = tables;
      if (first === undefined) return [];
      const table = others.reduce(joinedTable, first);
      return [[name, { ...table, certain: table.certain && ways === this.#ways }] as const];
    });
    return {
      variables: new Map(variables),
      written: withWritten(
        new Map(),
        [...this.#written.values()].flatMap((list) => [...list]),
      ),
      temporary: new Map(temporary),
      routines: new Map(this.#routines),
      rowCount: either([...this.#rowCounts]),
      error: this.#error,
      told: this.#told,
      cost: this.#cost,
      ran: this.#ran,
      changed: this.#changed,
      branch: this.#branch,
      survived: this.#survived,
      last: this.#lastOnes,
      lastBy: this.#lastBy,
    };
  }

  #take(state: State, before: State | null): void {
    this.#takeVariables(state, before);
    if (state.written !== before?.written) {
      for (const [table, list] of state.written) {
        const known = this.#written.get(table);
        if (known === undefined) this.#written.set(table, new Set(list));
        else for (const written of list) known.add(written);
      }
    }
    for (const [name, table] of state.temporary) {
      const known = this.#temporary.get(name);
      if (known === undefined) this.#temporary.set(name, { tables: new Set([table]), ways: 1 });
      else {
        known.tables.add(table);
        known.ways++;
      }
    }
    this.#takeRoutines(state, before);
    this.#rowCounts.add(state.rowCount);
    const same = before === null || equal(state.last, this.#lastOnes);
    // What decided which of several ran last: all that decided over the ways so far, and over this one.
    const by: readonly ReadonlySet<SourceKey>[] = same ? [] : [this.#branch, state.branch];
    this.#lastBy = union([this.#lastBy, state.lastBy, ...by]);
    this.#lastOnes = withAll(this.#lastOnes, state.last);
    if (state.error !== null) this.#error = union([this.#error ?? NO_KEYS, state.error]);
    this.#told = union([this.#told, state.told]);
    this.#cost = union([this.#cost, state.cost]);
    this.#ran = union([this.#ran, state.ran]);
    this.#changed = union([this.#changed, state.changed]);
    this.#branch = union([this.#branch, state.branch]);
    this.#survived = union([this.#survived, state.survived]);
  }

  /** What only some of the ways declared is gone. */
  #takeVariables({ variables }: State, before: State | null): void {
    if (variables === before?.variables) return;
    if (before === null) {
      for (const [name, first] of variables) this.#variables.set(name, { first, flows: new Set([first.flow]) });
      return;
    }
    for (const [name, { flows }] of this.#variables) {
      const other = variables.get(name);
      if (other === undefined) this.#variables.delete(name);
      else flows.add(other.flow);
    }
  }

  #takeRoutines({ routines }: State, before: State | null): void {
    if (routines === before?.routines) return;
    for (const name of this.#routines.keys()) if (!routines.has(name)) this.#routines.set(name, null);
    for (const [name, made] of routines) {
      if (before !== null && this.#routines.get(name) !== made) this.#routines.set(name, null);
      else this.#routines.set(name, made);
    }
  }
}

/** `known`, and behind it what else there is in `added`; no copy where that is nothing. */
function withAll<T>(known: ReadonlySet<T>, added: ReadonlySet<T>): ReadonlySet<T> {
  if (known.size === 0 || known === added) return added;
  let all: Set<T> | null = null;
  for (const item of added) {
    if (known.has(item)) continue;
    all ??= new Set(known);
    all.add(item);
  }
  return all ?? known;
}

function equal<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a === b || (a.size === b.size && contains(a, b));
}

export function joinedAll(states: Iterable<State | null>): State | null {
  const joining = new Joining();
  for (const state of states) joining.add(state);
  return joining.state();
}

/** Ways out, joined for each place that can be left for. */
export class LeavingWays {
  readonly #places = new Map<string, { readonly exit: Exit; readonly joining: Joining }>();

  add(exits: readonly Exit[]): void {
    for (const exit of exits) {
      const place = `${exit.kind} ${exit.label ?? ""}`;
      const known = this.#places.get(place) ?? { exit, joining: new Joining() };
      known.joining.add(exit.state);
      this.#places.set(place, known);
    }
  }

  exits(): readonly Exit[] {
    return [...this.#places.values()].map(({ exit, joining }) => ({ ...exit, state: joining.state() ?? exit.state }));
  }
}
