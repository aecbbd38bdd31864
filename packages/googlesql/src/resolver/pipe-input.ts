import { newFrame, outputScope } from "./frame.ts";
import { scopeOf } from "./from-clause.ts";
import type { CommonTables, Frame, PipedRows, Scope } from "./scope.ts";

export interface PipeInput {
  readonly rows: PipedRows;
  readonly frame: Frame;
  /** Of the rows' names, inside the enclosing query's. */
  readonly scope: Scope;
  /** Without the rows' names. */
  readonly outer: Scope;
}

export function pipeInput(rows: PipedRows, parent: Scope | null, tables: CommonTables | null): PipeInput {
  const frame: Frame = { ...newFrame(parent), rows: rows.rows, repeated: rows.repeated };
  const outer = outputScope([], frame, parent, tables);
  return { rows, frame, outer, scope: scopeOf(rows, frame, outer) };
}
