/**
 * Temporary tables: made by the script, seen by its later statements, and gone when it ends, since the gateway opens no sessions
 * that would outlive it (threat-model row 8). Their columns are made of what was written into them.
 * https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
 */
import { covers, either, union } from "../../flow/flow.ts";
import { sameType } from "../../types.ts";
import type { Context } from "../context.ts";
import { withParts } from "../statements/earlier.ts";
import type { TemporaryTable, Written, WrittenColumn } from "../statements/written.ts";
import { SharedMap } from "./shared-map.ts";

export type TemporaryTables = ReadonlyMap<string, TemporaryTable>;

/** What CREATE does where the table is there already; null: it fails. */
export interface Writing extends Written {
  readonly again: "replaced" | "kept" | null;
}

/** `tables` after a statement that wrote `written` into one of them. `undone`: a ROLLBACK may bring back what was there. */
export function afterWriting(
  context: Context,
  tables: TemporaryTables,
  name: string,
  written: Writing,
  undone: boolean,
  node: { readonly start: number },
): TemporaryTables {
  const known = tables.get(name);
  switch (written.mode) {
    case "create":
      return SharedMap.of(tables).with([[name, created(context, known, written, undone, node)]]);
    case "append":
    case "update":
    case "delete":
      if (known === undefined) return context.fail("name", `There is no temporary table ${name}`, node);
      return SharedMap.of(tables).with([[name, changed(known, written)]]);
    case "drop": {
      const left = undone && known !== undefined ? { ...known, certain: false } : undefined;
      return SharedMap.of(tables).with([[name, left]]);
    }
    case "alter":
      return context.fail("unsupported", "ALTER of a temporary table is not supported; make another", node);
    default: {
      const unreachable: never = written.mode;
      return unreachable;
    }
  }
}

function created(
  context: Context,
  known: TemporaryTable | undefined,
  { columns, implicit, rows, repeated, again }: Writing,
  undone: boolean,
  node: { readonly start: number },
): TemporaryTable {
  const made: TemporaryTable = { columns, implicit, rows, repeated, certain: true };
  if (known === undefined) return made;
  switch (again) {
    case "replaced":
      if (!undone) return made;
      break;
    case "kept":
      if (known.certain) return known;
      break;
    default:
      return context.fail("name", "The temporary table may be there already; write CREATE OR REPLACE", node);
  }
  if (!sameColumns(known.columns, columns)) {
    context.fail("unsupported", "The temporary table may have other columns already; use another name", node);
  }
  return { ...bothTables(known, made), certain: true };
}

function changed(table: TemporaryTable, written: Written): TemporaryTable {
  return {
    ...table,
    columns: table.columns.map((column) => ({ ...column, flow: withParts(column, written.columns) })),
    implicit: union([table.implicit, written.implicit]),
    rows: either([table.rows, written.rows]),
    repeated: true,
  };
}

/** Of a table that may have some columns or others. None is like it, so that it can't be read until it is replaced. */
const UNLIKE: readonly WrittenColumn[] = [];

/** Where two ways meet that both have a table of the name. */
export function joinedTable(a: TemporaryTable, b: TemporaryTable): TemporaryTable {
  return sameColumns(a.columns, b.columns) ? bothTables(a, b) : { ...a, columns: UNLIKE, certain: false };
}

export function includesTables(known: TemporaryTables, tables: TemporaryTables): boolean {
  for (const name of SharedMap.differing(known, tables)) {
    const [other, table] = [known.get(name), tables.get(name)];
    if (other?.certain === true && table?.certain !== true) return false;
    if (table === undefined) continue;
    if (other === undefined) return false;
    if (other.columns.length === UNLIKE.length) continue;
    // One that may be missing too: where it is there, CREATE TABLE IF NOT EXISTS keeps its rows.
    if (!sameColumns(other.columns, table.columns) || !coversTable(other, table)) return false;
  }
  return true;
}

function sameColumns(a: readonly WrittenColumn[], b: readonly WrittenColumn[]): boolean {
  return (
    a.length > UNLIKE.length &&
    a.length === b.length &&
    a.every((c, i) => c.name === b[i]?.name && sameType(c.type, b[i].type))
  );
}

function bothTables(a: TemporaryTable, b: TemporaryTable): TemporaryTable {
  return {
    columns: a.columns.map((column, i) => ({
      ...column,
      flow: either([column.flow, b.columns[i]?.flow ?? column.flow]),
      ...(b.columns[i]?.places === true ? { places: true } : {}),
    })),
    implicit: union([a.implicit, b.implicit]),
    rows: either([a.rows, b.rows]),
    repeated: a.repeated || b.repeated,
    certain: a.certain && b.certain,
  };
}

function coversTable(known: TemporaryTable, table: TemporaryTable): boolean {
  const columns = known.columns.every((column, i) => {
    const other = table.columns[i];
    return other !== undefined && covers(column.flow, other.flow) && (column.places === true || other.places !== true);
  });
  const decided = [...table.implicit].every((key) => known.implicit.has(key));
  return columns && decided && covers(known.rows, table.rows) && (known.repeated || !table.repeated);
}
