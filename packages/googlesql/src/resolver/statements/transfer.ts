/**
 * EXPORT DATA, EXPORT MODEL and LOAD DATA: what leaves BigQuery, and what comes from outside.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/export-statements
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/load-statements
 */
import { keysOf, NO_KEYS, NOTHING, union } from "../../flow/flow.ts";
import type { Effect, PlanStatement } from "../../plan.ts";
import { columnNames, planWithoutResult } from "../../plan-statement.ts";
import type { ExportDataStatement, ExportModelStatement, LoadDataStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { fold, type Relation } from "../scope.ts";
import { tableColumns } from "../table-columns.ts";
import { definedColumns } from "./column-definition.ts";
import { checkOptions, noteLabels } from "./options.ts";
import { layout } from "./partition.ts";
import { nameOf, newTable } from "./target.ts";
import { recordWrite } from "./written.ts";

export function exportData(context: Context, node: ExportDataStatement): PlanStatement {
  if (node.query === null) return context.fail("syntax", "EXPORT DATA needs a query", node);
  return exportRelation(context, node, context.query(context, node.query, null, null));
}

/** Every value of the rows leaves, and with it all that decided over them. */
export function exportRelation(context: Context, node: ExportDataStatement, relation: Relation): PlanStatement {
  checkOptions(context, node.options, "EXPORT DATA");
  context.effects.push(effectOf("export", relation));
  return planWithoutResult(context, "EXPORT_DATA", relation);
}

/** An effect that takes all of a query's rows. */
export function effectOf(kind: Effect["kind"], ...relations: readonly Relation[]): Effect {
  const keys = relations.flatMap((r) => [r.implicit, ...r.columns.map((column) => keysOf(column.flow))]);
  return { kind, sources: columnNames(union(keys)) };
}

/** A model holds what it was trained on, and the plan doesn't know what that was. */
export function exportModel(context: Context, node: ExportModelStatement): PlanStatement {
  const named = nameOf(
    context,
    node.model.map((name) => ({ ...name })),
    node,
  );
  context.names.set(node, named.parts);
  checkOptions(context, node.options, "EXPORT MODEL");
  context.changes.push({ what: "model", mode: "alter", name: named.table });
  context.effects.push(effectOf("model"), effectOf("export"));
  return planWithoutResult(context, "EXPORT_MODEL");
}

/** Nothing is known of what files hold: the effect says so, and the columns written, all that there are, have no sources. */
export function loadData(context: Context, node: LoadDataStatement): PlanStatement {
  if (node.partitions !== null) {
    return context.fail("unsupported", "LOAD DATA with PARTITIONS is not supported", node.partitions);
  }
  if (node.temporary) return context.fail("unsupported", "LOAD DATA into a temporary table is not supported", node);
  const table = newTable(context, node.target, false);
  const places = [
    ...definedColumns(context, node.columns ?? []),
    ...definedColumns(context, node.partitionColumns?.columns ?? []),
  ];
  const named = new Set(places.map(({ name }) => fold(name)));
  const there = node.overwrite ? undefined : context.catalog.table(table);
  const others = there === undefined ? [] : tableColumns(context, table, there.schema?.fields ?? [], node);
  const columns = [
    ...places.map((place) => ({ ...place, flow: NOTHING })),
    ...others.filter(({ name }) => !named.has(fold(name))).map(({ name, type }) => ({ name, type, flow: NOTHING })),
  ];
  // Columns that BigQuery finds in the files would be in the table under no class.
  if (columns.length === 0 || (node.partitionColumns !== null && (node.partitionColumns.columns ?? []).length === 0))
    return context.fail("unsupported", "LOAD DATA can't leave columns to be found in the files; list them all", node);
  layout(context, node, columns, false);
  checkOptions(context, node.options, "CREATE TABLE");
  noteLabels(context, [node.options], "create", table);
  checkOptions(context, node.files, "FROM FILES");
  const mode = node.overwrite ? "create" : "append";
  recordWrite(context, { table, mode, columns, implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
  context.effects.push(effectOf("load"));
  return planWithoutResult(context, "LOAD_DATA");
}
