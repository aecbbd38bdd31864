/** The table that a statement writes into: which one, its columns, and the names they have in the statement. */
import { CONSTANT, decidedBy, keysOf, rowsFlow, union } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import { tableNameParts } from "../../table-name.ts";
import type { TableFieldSchema, TableResource } from "../../table-resource.ts";
import type { Identifier, Node, TablePath } from "../../tree.ts";
import { typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { pseudoColumns, tableRows } from "../pseudo-columns.ts";
import { type Column, type FromClause, fold } from "../scope.ts";
import { tableColumns } from "../table-columns.ts";
import { resolveTableName } from "../table-name.ts";
import { type NamedTemporary, temporaryRelation, temporaryTable } from "../temporary-table.ts";
import { asWritten, refuseRemade } from "./earlier.ts";
import { placingNames } from "./partition.ts";
import { recordWrite, type Written, type WrittenColumn } from "./written.ts";

export interface Target {
  readonly table: TableName;
  readonly resource: TableResource;
  /** As in the schema; one for each of `columns`. */
  readonly fields: readonly TableFieldSchema[];
  readonly columns: readonly Column[];
  /** Those that decide where a row lies, and too many values of which fail, by folded name. */
  readonly placing: ReadonlySet<string>;
  /** Its rows, under the name that the statement knows them by. */
  readonly from: FromClause;
}

/** A table that exists and takes rows. What isn't one is refused by name (threat-model rows 9, 10, 19). */
export function resolveTarget(context: Context, node: TablePath): Target {
  const temporary = temporaryTable(context, node.parts, node);
  if (temporary !== undefined) return temporaryTarget(context, node, temporary);
  const { table, parts } = nameOf(context, node.parts, node);
  context.resolved.add(node);
  context.nameTable(node, parts);
  const resource = existingTable(context, table, node);
  const fields = resource.schema?.fields ?? [];
  const stored = tableColumns(context, table, fields, node);
  const rows = asWritten(context, table, {
    columns: stored,
    rows: rowsFlow(table),
  });
  return targetOf(context, node, table, resource, rows, placingNames(resource));
}

function temporaryTarget(context: Context, node: TablePath, { name, parts, table }: NamedTemporary): Target {
  context.resolved.add(node);
  context.nameTable(node, parts);
  const project = context.defaults.defaultProject ?? context.defaults.defaultDataset?.project ?? "";
  const fields = table.columns.map((c) => c.field ?? { name: c.name, type: typeName(c.type) });
  const resource: TableResource = {
    tableReference: { projectId: project, datasetId: "_SESSION", tableId: name },
    schema: { fields },
  };
  const relation = temporaryRelation(context, table);
  // How many there are, for whoever counts those that are changed.
  const rows = decidedBy(relation.rows, relation.implicit);
  const placing = new Set(table.columns.filter(({ places }) => places === true).map((column) => fold(column.name)));
  return targetOf(context, node, `${project}._SESSION.${name}`, resource, { ...relation, rows }, placing);
}

function targetOf(
  context: Context,
  node: TablePath,
  table: TableName,
  resource: TableResource,
  { columns: held, implicit, rows, repeated }: Pick<FromClause, "columns" | "implicit" | "rows" | "repeated">,
  placing: ReadonlySet<string>,
): Target {
  const columns = held.map((column) => ({ ...column, flow: decidedBy(column.flow, implicit) }));
  const alias = node.alias?.name ?? tableNameParts(node.parts).at(-1) ?? "";
  const pseudo = pseudoColumns(context, table, resource);
  const from = context.longNames.named(node, tableRows(context, columns, pseudo, alias, { implicit, rows, repeated }));
  return { table, resource, fields: resource.schema?.fields ?? [], columns, placing, from };
}

/** Notes a write into the target. What fills too many partitions of it fails, and so tells of their column; where a row lies tells of it as well. */
export function writeInto(context: Context, target: Target, write: Omit<Written, "table">, node: Node): void {
  const placed = write.columns.filter(({ name }) => target.placing.has(fold(name)));
  context.failBy(placed.map(({ flow }) => flow));
  const implicit = union([write.implicit, ...placed.map(({ flow }) => keysOf(flow))]);
  const columns = write.mode === "append" ? [...write.columns, ...defaulted(target, write.columns)] : write.columns;
  recordWrite(context, { ...write, columns, implicit, table: target.table }, node);
}

/** Columns of new rows that are given no value and have a default: a constant, which may be an agent's guess (threat-model row 43). */
function defaulted(target: Target, given: readonly WrittenColumn[]): WrittenColumn[] {
  const names = new Set(given.map(({ name }) => fold(name)));
  return target.columns.flatMap(({ name, type }, i): WrittenColumn[] => {
    const field = target.fields[i];
    if (names.has(fold(name)) || field?.defaultValueExpression === undefined) return [];
    return [{ name, type, flow: CONSTANT, field }];
  });
}

/** A full name of a table, whether or not there is one. */
export function nameOf(
  context: Context,
  path: readonly Identifier[],
  node: Node,
): { readonly table: TableName; readonly parts: readonly [string, string, string] } {
  if (temporaryTable(context, path, node) !== undefined) {
    context.fail("unsupported", "That is not supported of a temporary table; name another table in full", node);
  }
  const named = resolveTableName(path, context.defaults);
  if (named.kind === "refused") return context.fail(named.code, named.message, node);
  return { table: named.name, parts: named.parts };
}

/**
 * The name of a table to be made; whether it is there already is BigQuery's to say. A temporary one is of the session, and known
 * by one name: `t` or `_SESSION.t`.
 * https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
 */
export function newTable(context: Context, node: TablePath, temporary: boolean): TableName {
  context.resolved.add(node);
  if (!temporary) {
    const { table, parts } = nameOf(context, node.parts, node);
    context.nameTable(node, parts);
    return table;
  }
  return temporaryPath(context, node);
}

function temporaryPath(context: Context, node: TablePath): TableName {
  const parts = tableNameParts(node.parts);
  const name = parts.at(-1) ?? "";
  const session = parts.length === 1 || (parts.length === 2 && parts[0]?.toUpperCase() === "_SESSION");
  if (!session || name === "" || name.startsWith("_")) {
    return context.fail("name", "A temporary table has one name, without project and dataset", node);
  }
  const project = context.defaults.defaultProject ?? context.defaults.defaultDataset?.project;
  if (project === undefined) return context.fail("name", "A temporary table needs a default project", node);
  const named = resolveTableName([{ kind: "Identifier", name: `${project}.any.${name}`, start: 0, end: 0 }], {});
  if (named.kind === "refused") return context.fail(named.code, named.message, node);
  return `${project}._SESSION.${name}`;
}

function existingTable(context: Context, table: TableName, node: Node): TableResource {
  refuseRemade(context, table, node);
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
