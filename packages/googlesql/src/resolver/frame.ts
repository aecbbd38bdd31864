/** What a query starts with: a frame for what is learnt of it, and a scope without FROM. */
import { NOTHING } from "../flow/flow.ts";
import { type Column, type CommonTables, type Frame, frameOf, NO_RANGES, namesOf, type Scope } from "./scope.ts";

export function newFrame(parent: Scope | null): Frame {
  return {
    depth: (parent === null ? 0 : (frameOf(parent)?.depth ?? 0)) + 1,
    phase: "rows",
    keyed: false,
    inAggregate: 0,
    ofGroups: false,
    inWindow: 0,
    aggregates: 0,
    references: [],
    keys: new Set(),
    outside: null,
    used: null,
    private: false,
    match: null,
    rows: NOTHING,
    repeated: false,
    windows: new Map(),
  };
}

export function outputScope(
  columns: readonly Column[],
  frame: Frame,
  parent: Scope | null,
  tables: CommonTables | null,
): Scope {
  return { parent, frame, ranges: NO_RANGES, names: namesOf(columns), commonTables: tables, aliases: false };
}
