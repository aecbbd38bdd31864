/**
 * Set operations: which columns of the inputs go together, and what the rows of all of them show.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#set_operators
 */
import { either, keysOf, NOTHING, union } from "../flow/flow.ts";
import type { ColumnMatch, Identifier, Node, SetOperator } from "../tree.ts";
import { INT64, supertype } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import { noteCoerced } from "./operand-types.ts";
import { type Column, fold, type Relation } from "./scope.ts";

/** What stands between the inputs. */
export interface SetOperatorWritten {
  readonly operator: SetOperator;
  readonly match: ColumnMatch | null;
}

/** The rows of two or more relations, of the columns that `written` matches. */
export function combineRelations(
  context: Context,
  written: SetOperatorWritten,
  inputs: readonly Relation[],
  node: Node,
): Relation {
  const { operator, match } = written;
  const matched = match === null ? byPosition(context, operator, inputs, node) : byName(context, match, inputs, node);
  context.spendColumns(matched.length, node);
  // What EXCEPT takes away only decides which rows of the first remain.
  const shownOf = ({ each }: Matched) => (operator === "EXCEPT DISTINCT" ? each.slice(0, 1) : each);
  const columns = matched.map((cells, i): Column => {
    const { name } = cells.named;
    const type = supertype(cells.each);
    if (type === undefined) {
      return context.fail("type", `Column ${i + 1} in ${operator} has types that don't go together`, node);
    }
    noteCoerced(context, cells.each, type);
    const literalness = cells.each.every((c) => c.written === "null")
      ? "null"
      : cells.each.every((c) => c.written === "null" || c.written === "literal")
        ? "literal"
        : "value";
    const shown = shownOf(cells);
    const id = context.freshId();
    context.trace?.through(
      id,
      operator,
      shown.map((c) => c.id),
    );
    return { name, type, written: literalness, flow: either(shown.map((c) => c.flow)), id };
  });
  context.joinRows(columns, matched.map(shownOf));
  const implicit = inputs.map((input) => input.implicit);
  if (operator !== "UNION ALL") {
    requireGroupable(context, columns, operator, node);
    for (const { each } of matched) for (const cell of each) implicit.push(keysOf(cell.flow));
  }
  return {
    columns,
    implicit: union(implicit),
    rows: either(inputs.map((input) => input.rows)),
    repeated: operator === "UNION ALL" || inputs.some((input) => input.repeated),
    valueTable: inputs.every((input) => input.valueTable),
    valueName: inputs[0]?.valueName ?? "",
  };
}

/** One column of the result: where its name is from, and what each input has there. */
interface Matched {
  readonly named: { readonly name: string };
  readonly each: readonly Column[];
}

function byPosition(
  context: Context,
  operator: SetOperator,
  inputs: readonly Relation[],
  node: Node,
): readonly Matched[] {
  const [first] = inputs;
  if (first === undefined) return context.fail("syntax", "A set operation needs queries", node);
  if (inputs.some((i) => i.columns.length !== first.columns.length)) {
    return context.fail("type", `Queries in ${operator} have different numbers of columns`, node);
  }
  if (first.valueTable && inputs.some((input) => !input.valueTable)) {
    // To GoogleSQL the first decides whether the result's rows are values, and the fields of them names.
    return context.fail("type", `${operator} takes rows that are values with such rows alone`, node);
  }
  return first.columns.map((named, i) => ({ named, each: inputs.map((input) => input.columns[i] ?? named) }));
}

/**
 * Which columns there are: STRICT takes inputs of the same names alone, INNER the names that all have, LEFT those of the first,
 * FULL every name once. BY NAME is STRICT unless told otherwise, CORRESPONDING is INNER.
 */
type Mode = "STRICT" | "INNER" | "LEFT" | "FULL";

function modeOf(match: ColumnMatch): Mode {
  return match.mode ?? (match.form === "CORRESPONDING" ? "INNER" : "STRICT");
}

/** By name without the case of letters; an input that lacks a column has NULL there, which stands once for all that lack it. */
function byName(context: Context, match: ColumnMatch, inputs: readonly Relation[], node: Node): readonly Matched[] {
  if (inputs.some((input) => input.valueTable)) {
    return context.fail("type", `${match.form} takes no SELECT AS STRUCT and no SELECT AS VALUE`, node);
  }
  const listed = match.columns.length > 0;
  const tables = inputs.map((input) => namedColumns(context, match, input, node));
  const names = listed ? listedNames(context, match, tables) : commonNames(context, match, tables, node);
  const cells = new Map(names.map(({ name }) => [fold(name), { each: [] as Column[], padded: false }]));
  const pad = (name: string, before: number): void => {
    const cell = cells.get(fold(name));
    if (cell === undefined || cell.padded || cell.each.length >= before) return;
    cell.each.push(padding(context, name));
    cell.padded = true;
  };
  for (const [i, table] of tables.entries()) {
    for (const [key, column] of table) {
      pad(column.name, i);
      cells.get(key)?.each.push(column);
    }
  }
  return names.map((named) => {
    pad(named.name, tables.length);
    return { named, each: cells.get(fold(named.name))?.each ?? [] };
  });
}

function padding(context: Context, name: string): Column {
  return { name, type: INT64, written: "null", flow: NOTHING, id: context.freshId() };
}

type ColumnsByName = ReadonlyMap<string, Column>;

/** The columns of one input; with ON or BY those that it lists, so that others may have no name or one that stands twice. */
function namedColumns(context: Context, match: ColumnMatch, input: Relation, node: Node): ColumnsByName {
  const listed = new Set(match.columns.map((column) => fold(column.name)));
  const named = new Map<string, Column>();
  for (const column of input.columns) {
    const key = fold(column.name);
    const counts = listed.size === 0 || listed.has(key);
    if (counts && column.name === "") {
      return context.fail("name", `${match.form} needs a name for each column; give each an alias`, node);
    }
    if (counts && named.has(key)) {
      return context.fail("name", `Column ${column.name} stands twice in an input of ${match.form}`, node);
    }
    if (column.name !== "") named.set(key, column);
  }
  return named;
}

function commonNames(
  context: Context,
  match: ColumnMatch,
  tables: readonly ColumnsByName[],
  node: Node,
): readonly Column[] {
  const mode = modeOf(match);
  const [first = new Map<string, Column>(), ...rest] = tables;
  switch (mode) {
    case "STRICT":
      if (rest.some((table) => table.size !== first.size || ![...first.keys()].every((name) => table.has(name)))) {
        return context.fail("name", `${match.form} needs the same column names in each query`, node);
      }
      return [...first.values()];
    case "INNER": {
      const common = [...first].filter(([name]) => rest.every((table) => table.has(name)));
      if (common.length === 0)
        return context.fail("name", `The queries of ${match.form} have no column in common`, node);
      return common.map(([, column]) => column);
    }
    case "LEFT":
      if (rest.some((table) => ![...table.keys()].some((name) => first.has(name)))) {
        return context.fail("name", `A query of LEFT ${match.form} has no column in common with the first`, node);
      }
      return [...first.values()];
    case "FULL": {
      const all = new Map(first);
      for (const table of rest) for (const [name, column] of table) if (!all.has(name)) all.set(name, column);
      return [...all.values()];
    }
    default: {
      const unreachable: never = mode;
      return unreachable;
    }
  }
}

/** The names that ON or BY lists, as it spells and orders them. */
function listedNames(context: Context, match: ColumnMatch, tables: readonly ColumnsByName[]): readonly Identifier[] {
  const mode = modeOf(match);
  const having = new Map<string, number>();
  for (const table of tables) for (const key of table.keys()) having.set(key, (having.get(key) ?? 0) + 1);
  const seen = new Set<string>();
  for (const column of match.columns) {
    const key = fold(column.name);
    if (seen.has(key)) context.fail("name", `${column.name} stands twice in the list of ${match.form}`, column);
    seen.add(key);
    const count = having.get(key) ?? 0;
    const present = mode === "FULL" ? count > 0 : mode === "LEFT" ? tables[0]?.has(key) : count === tables.length;
    if (!present) {
      context.fail(
        "name",
        `${column.name} in the list of ${match.form} is no column of the queries it must be in`,
        column,
      );
    }
  }
  if (mode === "STRICT" && tables.some((table) => table.size !== seen.size)) {
    const [at = match] = match.columns;
    context.fail("name", `${match.form} with a list needs exactly the listed columns in each query`, at);
  }
  return match.columns;
}
