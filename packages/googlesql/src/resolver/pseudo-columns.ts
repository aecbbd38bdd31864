/**
 * Columns that a table has beside its schema's, and that `*` leaves out. A column of the schema that has the name is meant by it.
 * https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table
 * https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column
 */
import { columnFlow } from "../flow/flow.ts";
import type { TableName } from "../plan.ts";
import type { TableResource } from "../table-resource.ts";
import { DATE, STRING, TIMESTAMP, type Type } from "../types.ts";
import type { Context } from "./context.ts";
import { type Column, type FromClause, fold, type RangeVariable } from "./scope.ts";

export function pseudoColumns(context: Context, table: TableName, resource: TableResource): readonly Column[] {
  return pseudoTypes(resource).map(([name, type]) => ({
    name,
    type,
    written: "value",
    flow: columnFlow(table, name, type),
    id: context.freshId(),
  }));
}

function pseudoTypes(resource: TableResource): readonly (readonly [name: string, type: Type])[] {
  const types: [string, Type][] = [];
  const { timePartitioning } = resource;
  if (timePartitioning !== undefined && timePartitioning.field === undefined) {
    types.push(["_PARTITIONTIME", TIMESTAMP]);
    if ((timePartitioning.type ?? "DAY").toUpperCase() === "DAY") types.push(["_PARTITIONDATE", DATE]);
  }
  if (resource.type?.toUpperCase() === "EXTERNAL") types.push(["_FILE_NAME", STRING]);
  return types;
}

/** A table's rows under a name: what `*` gives, and beside it the pseudo-columns. */
export function tableRows(
  context: Context,
  columns: readonly Column[],
  pseudo: readonly Column[],
  alias: string,
  rows: Pick<FromClause, "implicit" | "rows" | "repeated">,
): FromClause {
  const own = context.columnNames(columns);
  const free = pseudo.filter((column) => !own.has(fold(column.name)));
  const names =
    free.length === 0 ? own : new Map([...own, ...free.map((column) => [fold(column.name), column] as const)]);
  const range: RangeVariable = { name: alias, columns, pseudoColumns: free, value: null, id: context.freshId() };
  return { columns, ranges: new Map([[fold(alias), range]]), names, ...rows };
}
