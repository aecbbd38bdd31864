/** A table's columns as its schema gives them, each the source of itself. */
import { columnFlow } from "../flow/flow.ts";
import type { TableName } from "../plan.ts";
import type { TableFieldSchema } from "../table-resource.ts";
import type { Node } from "../tree.ts";
import { schemaType } from "../types.ts";
import { BLOCK, blockOf, type Context } from "./context.ts";
import { type Column, fold, namesOf } from "./scope.ts";

/** What follows from a schema alone is made once for as long as the catalog keeps the schema. */
interface SchemaColumns {
  readonly table: TableName;
  readonly columns: readonly Column[];
  readonly names: ReadonlyMap<string, Column | null>;
  /** Their names, folded, where each has one that no other has. */
  readonly keys: readonly string[] | null;
}

const SCHEMAS = new WeakMap<readonly TableFieldSchema[], SchemaColumns>();

/** Ids of columns that outlast an analysis are below zero, those that `Context.freshId` gives above; one behind the other, in blocks of their own. */
let lowestKeptId = 0;

export function tableColumns(
  context: Context,
  table: TableName,
  fields: readonly TableFieldSchema[],
  node: Node,
): readonly Column[] {
  if (fields.length === 0) return context.fail("unsupported", `Table ${table} has no schema`, node);
  context.spendColumns(fields.length, node);
  const first = context.noteSchema(fields, node);
  const known = schemaColumns(context, table, fields, node);
  const columns = first ? known.columns : copied(context, known);
  context.noteRow(columns[0]?.id ?? 0, columns.length);
  if (first) context.knowColumnNames(columns, known.names);
  if (context.trace !== null) for (const { id, name } of columns) context.trace.column(id, `${table}.${name}`);
  return columns;
}

/** Where a text names the table once more, its columns are others: each row beside each. */
function copied(context: Context, { columns, keys }: SchemaColumns): readonly Column[] {
  const first = context.freshBlocks(columns.length);
  const copies = columns.map(
    ({ name, type, written, flow }, i): Column => ({ name, type, written, flow, id: first + i }),
  );
  if (keys !== null) context.knowColumnNames(copies, new Map(copies.map((column, i) => [keys[i] ?? "", column])));
  return copies;
}

function schemaColumns(
  context: Context,
  table: TableName,
  fields: readonly TableFieldSchema[],
  node: Node,
): SchemaColumns {
  const known = SCHEMAS.get(fields);
  // Its types were found to be no larger than they may be when they were made.
  if (known?.table === table) return known;
  const first = blockOf(lowestKeptId - fields.length) * BLOCK;
  const columns = fields.map((field, i): Column => {
    const type = schemaType(field);
    if (type === undefined) {
      return context.fail("unsupported", `Column ${field.name} of ${table} has an unknown type`, node);
    }
    return {
      name: field.name,
      type: context.bounded(type, node),
      written: "value",
      flow: columnFlow(table, field.name, type),
      id: first + i,
    };
  });
  lowestKeptId = first;
  const names = namesOf(columns);
  const keys = columns.map(({ name }) => fold(name));
  const apart = names.size === columns.length && !names.has("");
  const made = { table, columns, names, keys: apart ? keys : null };
  SCHEMAS.set(fields, made);
  return made;
}
