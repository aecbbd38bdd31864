/**
 * What holds where several ways meet. Ways share most of what they know, as the same objects: each is taken once, however many
 * ways bring it, so that meeting costs as much as the ways differ and not as much as they know.
 */
import { either, type Flow, NO_KEYS, type SourceKey, union } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import type { RoutineName } from "../../routine-resource.ts";
import type { TemporaryTable, Written } from "../statements/written.ts";
import type { Exit } from "./outcome.ts";
import { SharedMap } from "./shared-map.ts";
import { contains, START, type State, type Variable, withMode } from "./state.ts";
import { joinedTable } from "./temporary-tables.ts";

/** Of what one of the ways has otherwise than the way before it. */
interface JoinedVariable {
  readonly first: Variable;
  readonly flows: Set<Flow>;
}

interface JoinedTemporary {
  readonly tables: Set<TemporaryTable>;
  /** On some of the ways it isn't there. */
  missing: boolean;
}

/** Grows by one state after the other, and forgets them. */
export class Joining {
  #only: State | null = null;
  #last: State | null = null;
  #ways = 0;
  #first: State = START;
  /** Null: gone. */
  readonly #variables = new Map<string, JoinedVariable | null>();
  readonly #written = new Map<TableName, Set<Written>>();
  readonly #temporary = new Map<string, JoinedTemporary>();
  /** Made or dropped on some of the ways. */
  readonly #routines = new Set<RoutineName>();
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
    const first = this.#first;
    const variables = [...this.#variables].map(([name, known]) => {
      return [name, known === null ? undefined : { ...known.first, flow: either([...known.flows]) }] as const;
    });
    const temporary = [...this.#temporary].map(([name, { tables, missing }]) => {
      const [one, ...others] = tables;
      if (one === undefined) return [name, undefined] as const;
      const table = others.reduce(joinedTable, one);
      return [name, { ...table, certain: table.certain && !missing }] as const;
    });
    const written = [...this.#written].map(([table, list]) => {
      return [table, [...list].reduce<readonly Written[]>(withMode, [])] as const;
    });
    return {
      variables: SharedMap.of(first.variables).with(variables),
      written: SharedMap.of(first.written).with(written),
      temporary: SharedMap.of(first.temporary).with(temporary),
      routines: SharedMap.of(first.routines).with([...this.#routines].map((name) => [name, null])),
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
    if (before === null) this.#first = state;
    else {
      this.#takeVariables(state, before);
      this.#takeWritten(state, before);
      this.#takeTemporary(state, before);
      for (const name of SharedMap.differing(before.routines, state.routines)) this.#routines.add(name);
    }
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
  #takeVariables({ variables }: State, before: State): void {
    for (const name of SharedMap.differing(before.variables, variables)) {
      const [other, first] = [variables.get(name), this.#first.variables.get(name)];
      const known = this.#variables.get(name);
      if (other === undefined || first === undefined || known === null) this.#variables.set(name, null);
      else if (known === undefined) this.#variables.set(name, { first, flows: new Set([first.flow, other.flow]) });
      else known.flows.add(other.flow);
    }
  }

  #takeWritten({ written }: State, before: State): void {
    for (const table of SharedMap.differing(before.written, written)) {
      const known = this.#written.get(table) ?? new Set(before.written.get(table));
      for (const one of written.get(table) ?? []) known.add(one);
      this.#written.set(table, known);
    }
  }

  #takeTemporary({ temporary }: State, before: State): void {
    for (const name of SharedMap.differing(before.temporary, temporary)) {
      const [earlier, table] = [before.temporary.get(name), temporary.get(name)];
      const known = this.#temporary.get(name) ?? {
        tables: new Set(earlier === undefined ? [] : [earlier]),
        missing: earlier === undefined,
      };
      if (table === undefined) known.missing = true;
      else known.tables.add(table);
      this.#temporary.set(name, known);
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
