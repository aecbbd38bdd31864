/**
 * Rows with the names they have: what an item of FROM gives, and what one pipe operator hands to the next.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
 */
import { type Flow, fieldFlow, type SourceKey } from "../flow/flow.ts";
import type { Node } from "../tree.ts";
import { BLOCK, type Context } from "./context.ts";
import {
  type Column,
  type FromClause,
  fold,
  NO_NAMES,
  NO_RANGES,
  namesOf,
  type PipedRows,
  type RangeVariable,
  type Relation,
  type ValueRow,
} from "./scope.ts";

/** A relation under a name, or under none; each time with columns of its own. */
export function relationRows(context: Context, relation: Relation, alias: string, node: Node): PipedRows {
  context.spendColumns(relation.columns.length, node);
  const { implicit, rows, repeated, valueTable, valueName = "" } = relation;
  const inBlocks = relation.columns.length >= BLOCK;
  const first = inBlocks ? context.freshBlocks(relation.columns.length) : 0;
  const columns = relation.columns.map((column, i) =>
    ownColumn(context, column, alias, inBlocks ? first + i : context.freshId()),
  );
  context.carryRows(relation.columns, columns, inBlocks);
  const [value] = columns;
  if (valueTable && value !== undefined) {
    const made = elementRows(context, { ...value, name: alias }, implicit, rows, null, node);
    if (alias !== "" || valueName === "") return { ...made, repeated, valueTable };
    // The name that it had is no other's here.
    return { ...made, names: new Map([...made.names, [fold(valueName), null]]), repeated, valueTable };
  }
  return {
    columns,
    ranges: rangeOf(context, columns, alias),
    names: context.columnNames(columns),
    implicit,
    rows,
    repeated,
    valueTable,
  };
}

/** A column of its own with the values of another; `through` is the name of what gives it. */
export function ownColumn(context: Context, column: Column, through: string, id = context.freshId()): Column {
  context.trace?.through(id, through, [column.id]);
  return { ...column, written: "value", id };
}

function rangeOf(context: Context, columns: readonly Column[], alias: string): ReadonlyMap<string, RangeVariable> {
  if (alias === "") return NO_RANGES;
  return new Map([[fold(alias), { name: alias, columns, value: null, id: context.freshId() }]]);
}

/** A row that is one value: its name is the value, and a STRUCT's fields are columns as well. */
export function elementRows(
  context: Context,
  value: Column,
  implicit: ReadonlySet<SourceKey>,
  rows: Flow,
  offset: Column | null,
  node: Node,
): FromClause {
  const fields = fieldColumns(context, value);
  const columns = [...(fields ?? [value]), ...(offset === null ? [] : [offset])];
  context.spendColumns(columns.length, node);
  const ranges = new Map<string, RangeVariable>();
  const values: ValueRow[] = [{ value, fields: fields ?? [value], open: true }];
  if (value.name !== "") {
    ranges.set(fold(value.name), { name: value.name, columns: [], value, id: value.id });
  }
  if (offset !== null) {
    if (ranges.has(fold(offset.name))) context.fail("name", `Duplicate alias ${offset.name} in FROM`, node);
    ranges.set(fold(offset.name), { name: offset.name, columns: [], value: offset, id: offset.id });
  }
  return { columns, ranges, names: namesOf(fields ?? []), implicit, rows, repeated: true, values };
}

/** Null where the value is no STRUCT. */
function fieldColumns(context: Context, value: Column): readonly Column[] | null {
  if (value.type.kind !== "struct") return null;
  const fields = value.type.fields.map(
    (field, i): Column => ({
      name: field.name,
      type: field.type,
      written: "value",
      flow: fieldFlow(value.flow, i),
      id: context.idOf("field", [value.id, fold(field.name)]),
    }),
  );
  context.noteParts(value, fields);
  return fields;
}

/** One column of the rows as a result: of a row that is one value, the value, with the fields that `*` gives for it. */
export interface RowItem {
  readonly column: Column;
  readonly row: ValueRow | null;
}

/** The columns a query has that ends here, in order. */
export function rowItems(context: Context, from: FromClause, node: Node): readonly RowItem[] {
  const { values = [] } = from;
  const rowOf = new Map(values.flatMap((row) => row.fields.map((field) => [field, row] as const)));
  const seen = new Set<ValueRow>();
  const items: RowItem[] = [];
  for (const column of from.columns) {
    const row = rowOf.get(column);
    if (row === undefined) items.push({ column, row: null });
    else if (!seen.has(row)) {
      seen.add(row);
      items.push({ column: row.value, row });
    }
  }
  if (seen.size < values.length) {
    context.fail("unsupported", "A row that is a STRUCT without fields left; name its fields in a SELECT", node);
  }
  return items;
}

/** The rows with other columns, and without the tables' names in `gone`. Table aliases keep the columns they had. */
export function withItems(
  context: Context,
  from: FromClause,
  items: readonly RowItem[],
  gone: ReadonlySet<string>,
  node: Node,
): PipedRows {
  const columns = items.flatMap(({ column, row }) => row?.fields ?? [column]);
  context.spendColumns(columns.length, node);
  const values = items.flatMap(({ row }) => row ?? []);
  for (const name of gone) context.longNames.hide(name, from.ranges);
  const ranges = new Map([...from.ranges].filter(([name]) => !gone.has(name)));
  const pseudo = pseudoNames(context, from, node);
  const plain = values.length === 0 ? context.columnNames(columns) : itemNames(items);
  if (pseudo.size === 0) return { ...from, columns, values, ranges, names: plain, valueTable: false };
  const names = new Map(plain);
  for (const [name, column] of pseudo) {
    // What the row's name hid until it is gone may be hidden with it.
    names.set(name, names.has(name) || gone.has(name) ? null : column);
  }
  return { ...from, columns, values, ranges, names, valueTable: false };
}

function itemNames(items: readonly RowItem[]): Map<string, Column | null> {
  return namesOf(items.flatMap(({ column, row }) => (row?.open ? row.fields : [column])));
}

/** Names that stand for no column of `*`; null where such a one is ambiguous. */
function pseudoNames(context: Context, from: FromClause, node: Node): ReadonlyMap<string, Column | null> {
  if ((from.values ?? []).length === 0 && context.namesAlone(from.columns, from.names)) return NO_NAMES;
  const plain = itemNames(rowItems(context, from, node));
  return new Map(
    [...from.names].filter(([name, column]) => !plain.has(name) || (column === null && plain.get(name) !== null)),
  );
}

/**
 * The rows under one name, which takes the place of all names of tables. What these hid, and the fields of a row that is one value,
 * BigQuery may have no name for any more: one name would then be that of a query around, and is refused.
 */
export function aliasedRows(context: Context, rows: PipedRows, alias: string, node: Node): PipedRows {
  const items = rowItems(context, rows, node);
  const [only] = items;
  if (rows.valueTable && only?.row) {
    const value = { ...only.column, name: alias };
    const fields = value.type.kind === "struct" ? only.row.fields : [value];
    const ranges = new Map([[fold(alias), { name: alias, columns: [], value, id: value.id }]]);
    return { ...rows, columns: fields, ranges, values: [{ value, fields, open: true }] };
  }
  const columns = items.map((item) => item.column);
  const names = namesOf(columns);
  for (const [name, column] of pseudoNames(context, rows, node)) names.set(name, names.has(name) ? null : column);
  for (const [name, range] of rows.ranges) if (range.value === null && names.has(name)) names.set(name, null);
  const values = (rows.values ?? []).map((row) => ({ ...row, open: false }));
  for (const { value, fields } of values) {
    if (fold(value.name) === fold(alias)) {
      context.fail("name", `${alias} is the name of a row that is one value already; choose another`, node);
    }
    for (const { name } of fields) if (!names.has(fold(name))) names.set(fold(name), null);
  }
  return { ...rows, ranges: rangeOf(context, columns, alias), names, values };
}

/** What a query gives that ends here. */
export function relationOf(context: Context, rows: PipedRows, node: Node): Relation {
  const items = rowItems(context, rows, node).map(({ column }) => column);
  const { implicit, anyRow = implicit, repeated, valueTable } = rows;
  const columns = valueTable ? items.map((column) => ({ ...column, name: "" })) : items;
  const valueName = valueTable ? (items[0]?.name ?? "") : "";
  return { columns, implicit, anyRow, rows: rows.rows, repeated, valueTable, valueName };
}
