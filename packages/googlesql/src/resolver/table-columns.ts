/** A table's columns as its schema gives them, each the source of itself. */
import { columnFlow } from "../flow/flow.ts";
import type { TableName } from "../plan.ts";
import type { TableFieldSchema } from "../table-resource.ts";
import type { Node } from "../tree.ts";
import { schemaType } from "../types.ts";
import type { Context } from "./context.ts";
import type { Column } from "./scope.ts";

export function tableColumns(
  context: Context,
  table: TableName,
  fields: readonly TableFieldSchema[],
  node: Node,
): Column[] {
  if (fields.length === 0) return context.fail("unsupported", `Table ${table} has no schema`, node);
  context.spendColumns(fields.length, node);
  noteNames(context, fields, node);
  return fields.map((field): Column => {
    const type = schemaType(field);
    if (type === undefined) {
      return context.fail("unsupported", `Column ${field.name} of ${table} has an unknown type`, node);
    }
    const id = context.freshId();
    context.trace?.column(id, `${table}.${field.name}`);
    return {
      name: field.name,
      type: context.bounded(type, node),
      written: "value",
      flow: columnFlow(table, field.name, type),
      id,
    };
  });
}

function noteNames(context: Context, fields: readonly TableFieldSchema[], node: Node): void {
  for (const field of fields) {
    context.noteName(field.name, node);
    noteNames(context, field.fields ?? [], node);
  }
}
