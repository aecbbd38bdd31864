/** The table that a statement writes into: which one, its columns, and the names they have in the statement. */
import { NO_KEYS, rowsFlow } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import { tableNameParts } from "../../table-name.ts";
import type { TableFieldSchema, TableResource } from "../../table-resource.ts";
import type { Identifier, Node, TablePath } from "../../tree.ts";
import type { Context } from "../context.ts";
import { type Column, type FromClause, fold, namesOf, type RangeVariable } from "../scope.ts";
import { tableColumns } from "../table-columns.ts";
import { resolveTableName } from "../table-name.ts";

export interface Target {
  readonly table: TableName;
  readonly resource: TableResource;
  /** As in the schema; one for each of `columns`. */
  readonly fields: readonly TableFieldSchema[];
  readonly columns: readonly Column[];
  /** Its rows, under the name that the statement knows them by. */
  readonly from: FromClause;
}

/** A table that exists and takes rows. What isn't one is refused by name (threat-model rows 9, 10, 19). */
export function resolveTarget(context: Context, node: TablePath): Target {
  const { table, parts } = nameOf(context, node.parts, node);
  context.resolved.add(node);
  context.tablePaths.set(node, parts);
  const resource = existingTable(context, table, node);
  const fields = resource.schema?.fields ?? [];
  const columns = tableColumns(context, table, fields, node);
  const alias = node.alias?.name ?? tableNameParts(node.parts).at(-1) ?? "";
  const range: RangeVariable = { name: alias, columns, value: null, id: context.freshId() };
  const from: FromClause = {
    columns,
    ranges: new Map([[fold(alias), range]]),
    names: namesOf(columns),
    implicit: NO_KEYS,
    rows: rowsFlow(table),
    repeated: false,
  };
  return { table, resource, fields, columns, from };
}

/** A full name of a table, whether or not there is one. */
export function nameOf(
  context: Context,
  path: readonly Identifier[],
  node: Node,
): { readonly table: TableName; readonly parts: readonly [string, string, string] } {
  const named = resolveTableName(path, context.defaults);
  if (named.kind === "refused") return context.fail(named.code, named.message, node);
  return { table: named.name, parts: named.parts };
}

function existingTable(context: Context, table: TableName, node: Node): TableResource {
  const resource = context.catalog.table(table);
  if (resource === undefined) {
    return context.fail("name", `Table ${table} was not found or is not available`, node);
  }
  const { projectId, datasetId, tableId } = resource.tableReference;
  if (`${projectId}.${datasetId}.${tableId}` !== table) {
    return context.fail("name", `Table ${table} was not found under that spelling`, node);
  }
  const type = (resource.type ?? "TABLE").toUpperCase();
  if (type !== "TABLE") {
    return context.fail("unsupported", `${table} is a ${type}; write into a table`, node);
  }
  return resource;
}
