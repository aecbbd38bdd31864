/**
 * Wildcard tables: the rows of all tables whose name begins alike. Which of them a query reads may be decided by
 * `_TABLE_SUFFIX` while it runs, so that each column is made of that column in every one of them (threat-model row 32).
 * https://cloud.google.com/bigquery/docs/querying-wildcard-tables
 */
import { CONSTANT, either, NO_KEYS, rowsFlow, transformed } from "../flow/flow.ts";
import type { TableName } from "../plan.ts";
import type { TableResource } from "../table-resource.ts";
import type { Node } from "../tree.ts";
import { STRING, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { pseudoColumns, tableRows } from "./pseudo-columns.ts";
import type { Column, FromClause } from "./scope.ts";
import { refuseWritten } from "./statements/earlier.ts";
import { tableColumns } from "./table-columns.ts";

/** `prefix` is the table's full name as far as the star. */
export function wildcardTable(context: Context, prefix: TableName, alias: string, node: Node): FromClause {
  refuseWritten(context, prefix, node);
  const resources = context.catalog.wildcard?.(prefix) ?? [];
  const tables = resources.map((resource) => matchingTable(context, prefix, resource, node));
  const [first] = tables;
  if (first === undefined) return context.fail("name", `No table that is available matches ${prefix}*`, node);
  // BigQuery takes the newest table's schema for all of them; where all are alike, there is no doubt which that is.
  const other = tables.find((table) => schemaOf(table.columns) !== schemaOf(first.columns));
  if (other !== undefined) {
    const message = `Tables ${first.name} and ${other.name} of ${prefix}* have different columns; name each table`;
    return context.fail("unsupported", message, node);
  }
  context.wildcards.add(`${prefix}*`);
  for (const { name } of tables) context.tables.add(name);
  const rows = either(tables.map(({ name }) => rowsFlow(name)));
  context.scanned.push(rows);
  const suffix: Column = {
    name: "_TABLE_SUFFIX",
    type: STRING,
    written: "value",
    flow: { ...transformed([rows]), constant: CONSTANT.constant },
    id: context.freshId(),
  };
  const columns = united(tables.map((table) => table.columns));
  const alike = tables.every((table) => schemaOf(table.pseudo) === schemaOf(first.pseudo));
  const pseudo = [suffix, ...(alike ? united(tables.map((table) => table.pseudo)) : [])];
  return tableRows(context, columns, pseudo, alias, { implicit: NO_KEYS, rows, repeated: false });
}

interface MatchingTable {
  readonly name: TableName;
  readonly columns: readonly Column[];
  readonly pseudo: readonly Column[];
}

function matchingTable(context: Context, prefix: TableName, resource: TableResource, node: Node): MatchingTable {
  const { projectId, datasetId, tableId } = resource.tableReference;
  const name = `${projectId}.${datasetId}.${tableId}`;
  if (!name.startsWith(prefix)) return context.fail("name", `Table ${name} does not match ${prefix}*`, node);
  const type = (resource.type ?? "TABLE").toUpperCase();
  if (type !== "TABLE") {
    return context.fail(
      "unsupported",
      `${prefix}* matches ${name}, which is a ${type}; only tables can be queried`,
      node,
    );
  }
  return {
    name,
    columns: tableColumns(context, name, resource.schema?.fields ?? [], node),
    pseudo: pseudoColumns(context, name, resource),
  };
}

function schemaOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map((column) => [column.name, typeName(column.type)]));
}

/** Columns of like tables, each made of all that stand at its place. */
function united(tables: readonly (readonly Column[])[]): readonly Column[] {
  const [first = []] = tables;
  return first.map((column, i) => ({ ...column, flow: either(tables.flatMap((table) => table[i]?.flow ?? [])) }));
}
