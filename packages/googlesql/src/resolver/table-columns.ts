/** A table's columns as its schema gives them, each the source of itself. */
import { columnFlow } from "../flow/flow.ts";
import type { TableName } from "../plan.ts";
import type { TableFieldSchema } from "../table-resource.ts";
import type { Node } from "../tree.ts";
import { schemaType } from "../types.ts";
import type { Context } from "./context.ts";
import type { Column } from "./scope.ts";

type SchemaColumn = Omit<Column, "id">;

/** What follows from a schema alone is made once for as long as the catalog keeps the schema. */
const SCHEMAS = new WeakMap<
  readonly TableFieldSchema[],
  { readonly table: TableName; readonly columns: SchemaColumn[] }
>();

export function tableColumns(
  context: Context,
  table: TableName,
  fields: readonly TableFieldSchema[],
  node: Node,
): Column[] {
  if (fields.length === 0) return context.fail("unsupported", `Table ${table} has no schema`, node);
  context.spendColumns(fields.length, node);
  noteNames(context, fields, node);
  const known = SCHEMAS.get(fields);
  const columns = known?.table === table ? known.columns : schemaColumns(context, table, fields, node);
  if (known?.table !== table) SCHEMAS.set(fields, { table, columns });
  for (const { type } of columns) context.bounded(type, node);
  return columns.map(({ name, type, written, flow }) => {
    const id = context.freshId();
    context.trace?.column(id, `${table}.${name}`);
    return { name, type, written, flow, id };
  });
}

function schemaColumns(
  context: Context,
  table: TableName,
  fields: readonly TableFieldSchema[],
  node: Node,
): SchemaColumn[] {
  return fields.map((field): SchemaColumn => {
    const type = schemaType(field);
    if (type === undefined) {
      return context.fail("unsupported", `Column ${field.name} of ${table} has an unknown type`, node);
    }
    return {
      name: field.name,
      type: context.bounded(type, node),
      written: "value",
      flow: columnFlow(table, field.name, type),
    };
  });
}

function noteNames(context: Context, fields: readonly TableFieldSchema[], node: Node): void {
  for (const field of fields) {
    context.noteName(field.name, node);
    noteNames(context, field.fields ?? [], node);
  }
}
