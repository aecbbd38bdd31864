/**
 * Rows as a query of constants, which takes the place of the view that was named: what is asked for is what may be known, and nothing is read.
 * A column with one value in all rows stands once, so that a large dataset's description stays a small text.
 */
import { backquote } from "../printing.ts";
import { escapeString } from "../string-escapes.ts";
import { type Type, typeName } from "../types.ts";
import type { Cell, MetadataRow, MetadataView } from "./views.ts";

type Columns = ReturnType<MetadataView["columns"]>;

export function rowsText(columns: Columns, rows: readonly MetadataRow[]): string {
  const first = rows[0];
  const cellOf = (row: MetadataRow | undefined, name: string): Cell => row?.[name] ?? null;
  const varying = columns.filter(([name]) => rows.some((row) => cellOf(row, name) !== cellOf(first, name)));
  const list = columns.map(([name, type]) =>
    varying.some(([other]) => other === name)
      ? `r.${backquote(name)}`
      : `${typed(cellOf(first, name), type)} AS ${backquote(name)}`,
  );
  return `(SELECT ${list.join(", ")} FROM UNNEST(${elements(varying, rows)}) AS r)`;
}

function elements(varying: Columns, rows: readonly MetadataRow[]): string {
  if (varying.length === 0) return `ARRAY<INT64>[${rows.map(() => "0").join(", ")}]`;
  const fields = varying.map(([name, type]) => `${backquote(name)} ${typeName(type)}`).join(", ");
  // The type of the array names the fields; of one field a tuple needs its STRUCT.
  const row = (cells: readonly string[]) => (cells.length === 1 ? `STRUCT(${cells[0]})` : `(${cells.join(", ")})`);
  const values = rows.map((of) => row(varying.map(([name]) => literal(of[name] ?? null))));
  return `ARRAY<STRUCT<${fields}>>[${values.join(", ")}]`;
}

function typed(value: Cell, type: Type): string {
  if (value === null) return `CAST(NULL AS ${typeName(type)})`;
  return literal(value);
}

function literal(value: Cell): string {
  switch (typeof value) {
    case "string":
      return escapeString(value, "'");
    case "number":
      return String(value);
    default:
      return "NULL";
  }
}
