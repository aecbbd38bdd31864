/**
 * What is known at a point of a script: what each variable is made of, what was written, and why control is there. States are
 * values; where ways meet, their states are joined, and a loop's state grows until it is the same after one more round.
 */
import { CONSTANT, covers, either, type Flow, NO_KEYS, type SourceKey, union } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import type { RoutineName } from "../../routine-resource.ts";
import { temporaryName } from "../../table-name.ts";
import type { CreateProcedureStatement, Node } from "../../tree.ts";
import { type Column, fold } from "../scope.ts";
import type { Written, WrittenColumn } from "../statements/written.ts";
import { SharedMap } from "./shared-map.ts";
import { includesTables, type TemporaryTables } from "./temporary-tables.ts";

export interface Variable extends Column {
  /** Its type has parameters, so that a value may be changed on its way into it. */
  readonly parameterized: boolean;
}

export interface State {
  /** By folded name; a name is declared once on the way from the outermost block. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** What the statements so far wrote into tables that outlive the script; one entry for each mode of writing. */
  readonly written: ReadonlyMap<TableName, readonly Written[]>;
  readonly temporary: TemporaryTables;
  /** Routines made, changed or dropped so far; the procedure that is there for certain, or null. */
  readonly routines: ReadonlyMap<RoutineName, CreateProcedureStatement | null>;
  /** What @@row_count says: how many rows the last DML statement changed. */
  readonly rowCount: Flow;
  /** What @@error tells of in an EXCEPTION clause: all that the block's failing statements had to do with. Null elsewhere. */
  readonly error: ReadonlySet<SourceKey> | null;
  /** Where a failure left off: what @@error will tell of. */
  readonly told: ReadonlySet<SourceKey>;
  /** What the job's figures tell of so far: bytes, slots. */
  readonly cost: ReadonlySet<SourceKey>;
  /** What decided which statements have run so far. */
  readonly ran: ReadonlySet<SourceKey>;
  /** What decided which of them have run that change what is there, and so let a later one fail: DDL, DML, transactions. */
  readonly changed: ReadonlySet<SourceKey>;
  /** What decided that control is here: conditions whose branches may have left for somewhere else. */
  readonly branch: ReadonlySet<SourceKey>;
  /** What would have ended the script before this point by failing, had it been different. */
  readonly survived: ReadonlySet<SourceKey>;
  /** Statements that may have been the last whose result the client can fetch; null: none. */
  readonly last: ReadonlySet<Node | null>;
  /** What decided which of them it was, beside what decided that each ran. */
  readonly lastBy: ReadonlySet<SourceKey>;
}

export const START: State = {
  variables: new Map(),
  written: new Map(),
  temporary: new Map(),
  routines: new Map(),
  rowCount: CONSTANT,
  error: null,
  told: NO_KEYS,
  cost: NO_KEYS,
  ran: NO_KEYS,
  changed: NO_KEYS,
  branch: NO_KEYS,
  survived: NO_KEYS,
  last: new Set([null]),
  lastBy: NO_KEYS,
};

/** Whether `known` says all that `state` says. */
export function includes(known: State, state: State): boolean {
  // What is the same in both includes itself.
  const variables = [...SharedMap.differing(known.variables, state.variables)].every((name) => {
    const column = known.variables.get(name);
    const other = state.variables.get(name);
    return column === undefined || (other !== undefined && covers(column.flow, other.flow));
  });
  return (
    variables &&
    includesTables(known.temporary, state.temporary) &&
    [...SharedMap.differing(known.routines, state.routines)].every((name) => known.routines.get(name) === null) &&
    covers(known.rowCount, state.rowCount) &&
    contains(known.error ?? NO_KEYS, state.error ?? NO_KEYS) &&
    contains(known.told, state.told) &&
    contains(known.cost, state.cost) &&
    contains(known.ran, state.ran) &&
    contains(known.changed, state.changed) &&
    contains(known.branch, state.branch) &&
    contains(known.survived, state.survived) &&
    contains(known.last, state.last) &&
    contains(known.lastBy, state.lastBy) &&
    [...SharedMap.differing(known.written, state.written)].every((table) =>
      (state.written.get(table) ?? []).every((written) =>
        (known.written.get(table) ?? []).some((k) => coversWritten(k, written)),
      ),
    )
  );
}

export function contains<T>(all: ReadonlySet<T>, some: ReadonlySet<T>): boolean {
  for (const item of some) if (!all.has(item)) return false;
  return true;
}

/** The state inside a branch that is taken by what `keys` hold. */
export function under(state: State, keys: ReadonlySet<SourceKey>): State {
  return keys.size === 0 ? state : { ...state, branch: union([state.branch, keys]) };
}

export function withVariables(state: State, columns: readonly Variable[]): State {
  const named = columns.map((column) => [fold(column.name), column] as const);
  return { ...state, variables: SharedMap.of(state.variables).with(named) };
}

/** `state` where only the variables of `outer` are in scope. */
export function leaving(state: State, outer: State): State {
  const others = [...SharedMap.differing(state.variables, outer.variables)].filter(
    (name) => !outer.variables.has(name),
  );
  if (others.length === 0) return state;
  return { ...state, variables: SharedMap.of(state.variables).with(others.map((name) => [name, undefined])) };
}

// ---------------------------------------------------------------------------------------------------- tables written

export function withWritten(
  known: ReadonlyMap<TableName, readonly Written[]>,
  added: readonly Written[],
): ReadonlyMap<TableName, readonly Written[]> {
  if (added.length === 0) return known;
  const tables = new Map<TableName, readonly Written[]>();
  for (const written of added) {
    if (temporaryName(written.table) !== undefined) continue;
    const list = tables.get(written.table) ?? known.get(written.table) ?? [];
    tables.set(written.table, withMode(list, written));
  }
  return tables.size === 0 ? known : SharedMap.of(known).with(tables);
}

/** One entry for each mode of writing. */
export function withMode(list: readonly Written[], written: Written): readonly Written[] {
  const same = list.find((w) => w.mode === written.mode);
  const others = list.filter((w) => w !== same);
  return [...others, same === undefined ? written : bothWritten(same, written)];
}

export function bothWritten(a: Written, b: Written): Written {
  const columns = new Map<string, WrittenColumn>(a.columns.map((column) => [column.name, column]));
  for (const column of b.columns) {
    const known = columns.get(column.name);
    columns.set(column.name, known === undefined ? column : { ...column, flow: either([known.flow, column.flow]) });
  }
  return {
    ...a,
    columns: [...columns.values()],
    implicit: union([a.implicit, b.implicit]),
    rows: either([a.rows, b.rows]),
    repeated: a.repeated || b.repeated,
  };
}

function coversWritten(known: Written, written: Written): boolean {
  return (
    known.mode === written.mode &&
    (known.repeated || !written.repeated) &&
    contains(known.implicit, written.implicit) &&
    covers(known.rows, written.rows) &&
    written.columns.every((column) => {
      const other = known.columns.find((c) => c.name === column.name);
      return other !== undefined && covers(other.flow, column.flow);
    })
  );
}
