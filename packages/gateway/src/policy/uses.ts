import type { Change, Effect, Output, PlanStatement, TableName, Write } from "@chaperone/googlesql";
import { columnParts, foldPath } from "../catalog/names.ts";
import type { PolicyAction } from "./decision.ts";

/** How a value is used, as a policy's `context.via` sees it. */
export type UseVia =
  | "copy"
  | "transform"
  | "aggregate"
  | "predicate"
  | "schema"
  | Write["mode"]
  | Change["what"]
  | Effect["kind"];

/** One column in one use: what one request to Cedar is about. */
export interface ColumnUse {
  readonly table: TableName;
  /** As the plan spells it. */
  readonly path: string;
  readonly action: PolicyAction;
  readonly via: UseVia;
}

/**
 * All uses of a statement's columns, each once. Reads and outputs tell the same story from two sides; where they
 * differ the union is taken, so that a gap in one can't hide a use (I1).
 */
export function usesOf(statement: PlanStatement): readonly ColumnUse[] {
  const uses = new Map<string, ColumnUse>();
  const shown = new Set<string>();
  const add = (table: TableName, path: string, action: PolicyAction, via: UseVia) => {
    const key = useKey(table, path, action, via);
    if (!uses.has(key)) uses.set(key, { table, path, action, via });
  };
  const addOutput = (output: Pick<Output, "explicit" | "implicit" | "fields">) => {
    for (const { column, via } of output.explicit) {
      const { tableName, path } = columnParts(column);
      shown.add(`${tableName}.${foldPath(path)}`);
      add(tableName, path, via === "aggregate" ? "aggregate" : "read", via);
    }
    for (const column of output.implicit) {
      const { tableName, path } = columnParts(column);
      add(tableName, path, "infer", "predicate");
    }
    for (const field of output.fields ?? []) addOutput(field);
  };
  for (const output of statement.outputs) addOutput(output);
  // What is written is read; that it is also written, and where to, is asked of the columns written (writes.ts).
  for (const { columns, implicit } of statement.writes) {
    for (const column of columns) addOutput(column);
    for (const column of implicit) {
      const { tableName, path } = columnParts(column);
      add(tableName, path, "infer", "predicate");
    }
  }
  for (const { table, columns } of statement.reads) {
    if (columns.length === 0) add(table, "*", "infer", "predicate");
    for (const { path, uses: kinds } of columns) {
      if (kinds.includes("predicate") || kinds.length === 0) add(table, path, "infer", "predicate");
      // Held in a variable or a temporary table: in the agent's hands, so it needs a permit; what becomes of it is asked where it is used.
      if (kinds.includes("kept")) add(table, path, "read", "copy");
      // Shown, but in no output: something this code doesn't know shows it.
      if (kinds.includes("output") && !shown.has(`${table}.${foldPath(path)}`)) add(table, path, "read", "transform");
    }
  }
  return [...uses.values()];
}

/** One key for one use, or for all ways in which a column is used so; paths fold case, tables don't. */
export function useKey(table: TableName, path: string, action: PolicyAction, via: UseVia | "" = ""): string {
  return `${table}.${foldPath(path)} ${action} ${via}`;
}
