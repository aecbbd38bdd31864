/** The one place through which a statement's writes reach the plan. */
import { closed, type Flow, fieldFlow, type SourceKey, union, whole } from "../../flow/flow.ts";
import type { TableName, Write } from "../../plan.ts";
import { writeLength, writtenColumnLength } from "../../plan-length.ts";
import { columnNames, explicitSources } from "../../plan-statement.ts";
import { temporaryName } from "../../table-name.ts";
import type { TableFieldSchema } from "../../table-resource.ts";
import type { Type } from "../../types.ts";
import type { Context } from "../context.ts";

/** A value that a statement writes. */
export interface WrittenColumn {
  /** A column, or the path of a STRUCT's field, as the table spells it. */
  readonly name: string;
  readonly type: Type;
  readonly flow: Flow;
  /** What the column's definition says beside its type. */
  readonly field?: TableFieldSchema;
  /** The table is partitioned or clustered by it: statements/partition.ts. */
  readonly places?: true;
}

/** A table of the script alone: what was written into it is all that it holds. */
export interface TemporaryTable extends Pick<Written, "columns" | "implicit" | "rows" | "repeated"> {
  /** Whichever way the script came, it is there, with these columns. */
  readonly certain: boolean;
}

/** What a statement does to a table. */
export interface Written {
  readonly table: TableName;
  readonly mode: Write["mode"];
  readonly columns: readonly WrittenColumn[];
  /** What decided which rows are written, or whether anything is. */
  readonly implicit: ReadonlySet<SourceKey>;
  /** That the rows written exist, for whoever counts the table's rows later. */
  readonly rows: Flow;
  /** One row of a source may have given several of them. */
  readonly repeated: boolean;
}

/**
 * Notes a write for the statement's plan, and for later statements of the same text that read the table. That a branch of a
 * script was taken decides over all that is written there (threat-model row 31). What is written depends on no row any more.
 */
export function recordWrite(context: Context, write: Written, node: { readonly start: number }): void {
  const written: Written = {
    ...write,
    columns: write.columns.map((column) => ({ ...column, flow: closed(column.flow) })),
    implicit: union([write.implicit, context.branch]),
    rows: closed(write.rows),
  };
  const columns: Write["columns"][number][] = [];
  for (const column of written.columns) addLeaves(context, column, columns, node);
  const implicit = columnNames(written.implicit);
  context.spendPlan(writeLength({ table: written.table, implicit }), node);
  // A temporary table ends with the script: what it holds shows with whoever reads it.
  if (temporaryName(written.table) === undefined) {
    context.writes.push({ table: written.table, mode: written.mode, columns, implicit });
  }
  context.written.push(written);
}

/** A STRUCT is written as its fields, so that each keeps its own sources. */
function addLeaves(
  context: Context,
  { name, type, flow }: WrittenColumn,
  leaves: Write["columns"][number][],
  node: { readonly start: number },
): void {
  const struct = type.kind === "array" ? type.element : type;
  if (struct.kind === "struct" && struct.fields.length > 0) {
    for (const [i, field] of struct.fields.entries()) {
      const value = { name: `${name}.${field.name}`, type: field.type, flow: fieldFlow(flow, i) };
      addLeaves(context, value, leaves, node);
    }
    return;
  }
  const value = whole(flow);
  const leaf = { name, explicit: explicitSources(value), implicit: columnNames(value.implicit) };
  context.spendPlan(writtenColumnLength(leaf), node);
  leaves.push(leaf);
}
