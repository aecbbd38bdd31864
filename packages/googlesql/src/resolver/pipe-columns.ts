/** The pipe operators that make, change, drop and rename columns. */
import { union } from "../flow/flow.ts";
import type {
  Expression,
  Identifier,
  Node,
  PipeDrop,
  PipeExtend,
  PipeRename,
  PipeSelect,
  PipeSet,
  PipeWindow,
} from "../tree.ts";
import { lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import type { PipeInput } from "./pipe-input.ts";
import { ownColumn, type RowItem, relationRows, rowItems, withItems } from "./piped-rows.ts";
import { type Column, type Frame, fold, type PipedRows, type Scope, type Value } from "./scope.ts";
import { distinctKeys, itemColumns, rowColumn, selectItems } from "./select-list.ts";
import { declareWindows, resolveWindows } from "./window.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * SELECT: the listed columns and no others; names of tables end here. Its items see the input, and not each other.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#select_pipe_operator
 */
export function pipeSelect(context: Context, node: PipeSelect, input: PipeInput): PipedRows {
  if (node.mode !== null) context.fail("unsupported", "SELECT WITH is not supported", node.mode);
  const { rows, scope, frame } = input;
  declareWindows(context, node.windows, frame);
  frame.phase = "piped";
  const items = selectItems(context, node.items, scope, rows.columns, frame);
  const columns = itemColumns(context, items, scope, frame, node);
  resolveWindows(context, node.windows, scope, frame);
  const keys = node.quantifier === "DISTINCT" ? distinctKeys(context, columns, node) : [];
  const relation = {
    columns: node.as === null ? columns : [rowColumn(context, node.as, columns, node)],
    implicit: union([rows.implicit, ...keys]),
    rows: rows.rows,
    repeated: rows.repeated,
    valueTable: node.as !== null,
  };
  return relationRows(context, relation, "", node);
}

/**
 * EXTEND: columns behind those there are. Its items see the input, and not each other. WINDOW is its older name.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#extend_pipe_operator
 */
export function pipeExtend(context: Context, node: PipeExtend | PipeWindow, input: PipeInput): PipedRows {
  const { rows, scope, frame } = input;
  const windows = node.kind === "PipeExtend" ? node.windows : [];
  declareWindows(context, windows, frame);
  frame.phase = "piped";
  const items = selectItems(context, node.items, scope, null, frame);
  const columns = itemColumns(context, items, scope, frame, node);
  resolveWindows(context, windows, scope, frame);
  const added = columns.map((column): RowItem => ({ column: besideOf(context, column), row: null }));
  return withItems(context, rows, [...rowItems(context, rows, node), ...added], NONE, node);
}

/**
 * SET: another value in a column's place. `t.column` still is what it was; a table's name that is the column's own ends.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#set_pipe_operator
 */
export function pipeSet(context: Context, node: PipeSet, input: PipeInput): PipedRows {
  const { rows, scope, frame } = input;
  frame.phase = "piped";
  const items = rowItems(context, rows, node);
  const names = node.assignments.map((assignment) => assignment.name);
  refuseTwice(context, names, "SET");
  const assigned = new Map<string, Column>();
  const gone = foldedNames(names);
  const byName = itemsByName(items, gone);
  for (const { name, value } of node.assignments) {
    const old = onlyColumn(context, byName, name, "SET");
    assigned.set(fold(name.name), besideOf(context, { ...computed(context, value, scope, frame), name: old.name }));
  }
  const changed = items.map((item): RowItem => {
    const column = assigned.get(fold(item.column.name));
    return column === undefined ? withoutFields(item, gone) : { column, row: null };
  });
  return withItems(context, rows, changed, gone, node);
}

/** A column of its own among the rows that the value stands in. */
function besideOf(context: Context, column: Column): Column {
  const own = ownColumn(context, column, "");
  context.keepRow(column, own);
  return own;
}

function computed(context: Context, node: Expression, scope: Scope, frame: Frame): Value {
  const value = lazily(context, () => context.expression(context, node, scope));
  context.sizes.note(value, node, frame);
  if (node.kind !== "PathExpression") context.computed.push(value.flow);
  return value;
}

/**
 * DROP: the columns are gone; `t.column` still is what it was. A table's name that is the column's own ends.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#drop_pipe_operator
 */
export function pipeDrop(context: Context, node: PipeDrop, { rows }: PipeInput): PipedRows {
  const items = rowItems(context, rows, node);
  refuseTwice(context, node.columns, "DROP");
  const gone = foldedNames(node.columns);
  const byName = itemsByName(items, gone);
  for (const name of node.columns) if (!byName.has(fold(name.name))) notAColumn(context, name, "DROP");
  const kept = items.filter((item) => !gone.has(fold(item.column.name)));
  if (kept.length === 0) context.fail("name", "DROP leaves no column", node);
  return withItems(
    context,
    rows,
    kept.map((item) => withoutFields(item, gone)),
    gone,
    node,
  );
}

/**
 * RENAME: the columns under other names, all at once. `t.column` still has its old name.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#rename_pipe_operator
 */
export function pipeRename(context: Context, node: PipeRename, { rows }: PipeInput): PipedRows {
  const items = rowItems(context, rows, node);
  const old = node.renamings.map((renaming) => renaming.from);
  refuseTwice(context, old, "RENAME");
  const renamed = new Map<string, string>();
  const gone = foldedNames(old);
  const byName = itemsByName(items, gone);
  for (const { from, to } of node.renamings) {
    onlyColumn(context, byName, from, "RENAME");
    if (rows.ranges.has(fold(from.name)) || rows.names.get(fold(from.name)) === null) {
      context.fail("name", `${from.name} is a table's name or ambiguous; RENAME takes columns`, from);
    }
    renamed.set(fold(from.name), to.name);
  }
  const changed = items.map((item): RowItem => {
    const name = renamed.get(fold(item.column.name));
    return name === undefined ? item : { column: { ...item.column, name }, row: null };
  });
  return withItems(context, rows, changed, gone, node);
}

function foldedNames(names: readonly Identifier[]): ReadonlySet<string> {
  return new Set(names.map((name) => fold(name.name)));
}

function refuseTwice(context: Context, names: readonly Identifier[], operator: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(fold(name.name))) context.fail("name", `Column ${name.name} stands twice in ${operator}`, name);
    seen.add(fold(name.name));
  }
}

/** By folded name, of those asked for; null where it stands twice. */
type ItemsByName = ReadonlyMap<string, RowItem | null>;

function itemsByName(items: readonly RowItem[], names: ReadonlySet<string>): ItemsByName {
  const byName = new Map<string, RowItem | null>();
  for (const item of items) {
    const name = fold(item.column.name);
    if (names.has(name)) byName.set(name, byName.has(name) ? null : item);
  }
  return byName;
}

function onlyColumn(context: Context, items: ItemsByName, name: Identifier, operator: string): Column {
  const item = items.get(fold(name.name));
  if (item === null) {
    return context.fail("name", `Column ${name.name} in ${operator} stands twice in the rows before it`, name);
  }
  return item?.column ?? notAColumn(context, name, operator);
}

function notAColumn(context: Context, name: Identifier, operator: string): never {
  return context.fail("name", `${name.name} in ${operator} is no column of the rows before it`, name);
}

/** Of a row that is one value: a field that has the name of a column dropped or set can't be named any more. */
function withoutFields(item: RowItem, gone: ReadonlySet<string>): RowItem {
  if (item.row === null) return item;
  return { ...item, row: { ...item.row, fields: item.row.fields.filter((field) => !gone.has(fold(field.name))) } };
}

/**
 * DISTINCT: names of tables stay, but of their columns only those that are in the result.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax#distinct_pipe_operator
 */
export function pipeDistinct(context: Context, node: Node, { rows }: PipeInput): PipedRows {
  const items = rowItems(context, rows, node);
  const columns = items.map((item) => item.column);
  const keys = distinctKeys(context, columns, node);
  const ids = new Set(columns.map((column) => column.id));
  const ranges = [...rows.ranges].map(
    ([name, range]) =>
      [name, { ...range, columns: range.columns.filter(({ id }) => ids.has(id)), pseudoColumns: [] }] as const,
  );
  const kept = new Set([...rows.columns, ...columns]);
  const names = new Map([...rows.names].filter(([, column]) => column === null || kept.has(column)));
  return { ...rows, ranges: new Map(ranges), names, implicit: union([rows.implicit, ...keys]) };
}
