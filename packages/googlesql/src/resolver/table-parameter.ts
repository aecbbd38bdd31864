/**
 * A table that the caller of a table function passes: in the body it is a table of the parameter's name, with the columns that the
 * parameter declares, or with all that it has.
 * https://cloud.google.com/bigquery/docs/table-functions#table_parameters
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#ArgumentKind
 */
import { asTableArgument, transformed } from "../flow/flow.ts";
import { type RoutineArgument, standardSqlType } from "../routine-resource.ts";
import type { Node } from "../tree.ts";
import { coerces, sameType, type Type, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { type Column, type CommonTables, commonTable, fold } from "./scope.ts";
import type { Input } from "./table-functions/arguments.ts";

export interface TableParameter {
  readonly name: string;
  /** null: any. */
  readonly columns: readonly { readonly name: string; readonly type: Type }[] | null;
}

export function isTable({ argumentKind }: RoutineArgument): boolean {
  const kind = argumentKind?.toUpperCase();
  return kind === "FIXED_TABLE" || kind === "ANY_TABLE";
}

export function tableParameter(
  context: Context,
  routine: string,
  { name, argumentKind, tableType }: RoutineArgument,
  node: Node,
): TableParameter {
  if (name === undefined) return context.fail("unsupported", `A table that ${routine} takes has no name`, node);
  if (argumentKind?.toUpperCase() === "ANY_TABLE") return { name, columns: null };
  const columns = tableType?.columns?.map((column) => {
    const type = column.type && standardSqlType(column.type);
    if (column.name === undefined || column.name === "" || type === undefined) {
      return context.fail("unsupported", `A column that ${routine} takes has a type the gateway doesn't know`, node);
    }
    return { name: column.name, type };
  });
  if (columns === undefined || columns.length === 0) {
    return context.fail("unsupported", `${routine} doesn't say what columns its table ${name} has`, node);
  }
  return { name, columns };
}

/** `tables`, and `input` by the parameter's name. It may have other columns than the declared, which the body doesn't see. */
export function withTable(
  context: Context,
  tables: CommonTables | null,
  { name, columns: declared }: TableParameter,
  input: Input,
  routine: string,
  node: Node,
): CommonTables {
  if (commonTable(tables, { name, kind: "Identifier", start: node.start, end: node.end }) !== undefined) {
    return context.fail("name", `${routine} has two tables called ${name}`, node);
  }
  const taken =
    declared === null
      ? input.columns
      : declared.map((column): Column => columnTaken(context, column, input, routine, node));
  const columns = taken.map((column): Column => {
    const { name, type, flow } = column;
    return { name, type, flow: asTableArgument(flow), written: "value", id: context.freshId() };
  });
  // A whole column of a row stays one of that row.
  context.carryRows(taken, columns);
  const { implicit, repeated } = input;
  const relation = { columns, implicit, rows: asTableArgument(input.rows), repeated, valueTable: false };
  return { parent: tables, relations: new Map([[fold(name), relation]]) };
}

function columnTaken(
  context: Context,
  { name, type }: { readonly name: string; readonly type: Type },
  input: Input,
  routine: string,
  node: Node,
): Column {
  const found = input.columns.filter((column) => fold(column.name) === fold(name));
  const [column] = found;
  if (column === undefined || found.length > 1) {
    return context.fail("name", `${routine} takes a table with a column ${name}, and with one of that name`, node);
  }
  if (!coerces(column.type, type, column.written)) {
    return context.fail("type", `${routine} takes ${typeName(type)} as column ${name}`, node);
  }
  if (sameType(column.type, type)) return { ...column, name };
  return { ...column, name, type, flow: transformed([column.flow]), id: context.freshId() };
}
