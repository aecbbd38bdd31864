/** A table that the same script wrote into before: its columns hold what was written as well. */
import { decidedBy, either, type Flow, fieldTypes, NO_KEYS, type SourceKey, union } from "../../flow/flow.ts";
import type { TableName } from "../../plan.ts";
import type { Node } from "../../tree.ts";
import type { Type } from "../../types.ts";
import type { Context } from "../context.ts";
import { type FromClause, fold } from "../scope.ts";
import type { WrittenColumn } from "./written.ts";

type Rows = Pick<FromClause, "columns" | "implicit" | "rows" | "repeated">;

/** `rows` are the table's own, over which nothing decided. */
export function asWritten(context: Context, table: TableName, rows: Omit<Rows, "implicit" | "repeated">): Rows {
  const list = context.writtenTables.get(table) ?? [];
  if (list.length === 0) return { ...rows, implicit: NO_KEYS, repeated: false };
  const implicit: ReadonlySet<SourceKey> = union(list.map((w) => w.implicit));
  return {
    columns: rows.columns.map((column) => {
      const parts = list.flatMap((w) => w.columns);
      return { ...column, flow: withParts(column, parts) };
    }),
    implicit,
    rows: decidedBy(either([rows.rows, ...list.map((w) => w.rows)]), implicit),
    // Counting its rows is counting those of the tables that they came from as well.
    repeated: true,
  };
}

/** The catalog knows what a table or view was before the script made it anew. */
export function refuseRemade(context: Context, table: TableName, node: Node): void {
  const list = context.writtenTables.get(table) ?? [];
  if (list.some(({ mode }) => mode === "create" || mode === "drop" || mode === "alter")) {
    context.fail("unsupported", `${table} is made anew by the same script; send two requests`, node);
  }
}

/** A wildcard can match what the script wrote or made, which isn't asked of the catalog. */
export function refuseWritten(context: Context, prefix: TableName, node: Node): void {
  for (const table of context.writtenTables.keys()) {
    if (table.startsWith(prefix)) {
      context.fail("unsupported", `${prefix}* matches ${table}, which the same script writes; send two requests`, node);
    }
  }
}

/** A column's flow with what was written into it or into its fields. */
export function withParts({ name, type, flow }: WrittenColumn, parts: readonly WrittenColumn[]): Flow {
  let held = flow;
  for (const part of parts) {
    const [first = "", ...path] = fold(part.name).split(".");
    if (first === fold(name)) held = at(held, type, path, part.flow);
  }
  return held;
}

/** `flow` with `written` in the field at `path`; where fields aren't told apart, in all of it. */
function at(flow: Flow, type: Type, path: readonly string[], written: Flow): Flow {
  const [name, ...rest] = path;
  const fields = fieldTypes(type);
  const index = fields?.findIndex((field) => fold(field.name) === name) ?? -1;
  const field = fields?.[index];
  if (name === undefined || flow.fields === null || field === undefined) return either([flow, written]);
  return { ...flow, fields: flow.fields.map((f, i) => (i === index ? at(f, field.type, rest, written) : f)) };
}
