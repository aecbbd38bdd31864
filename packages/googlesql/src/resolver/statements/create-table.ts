/**
 * CREATE TABLE: empty, of a query's rows, or of another table's.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement
 */
import { NO_KEYS, NOTHING, union } from "../../flow/flow.ts";
import type { PlanStatement, TableName } from "../../plan.ts";
import { columnNames, planWithoutResult } from "../../plan-statement.ts";
import type { CreateSnapshotStatement, CreateTableStatement, Node, Query, TablePath, TableSource } from "../../tree.ts";
import { typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import { NO_FROM, resolveFrom } from "../from-clause.ts";
import { refuseMetadata } from "../information-schema.ts";
import { type FromClause, fold, type Relation } from "../scope.ts";
import type { Place } from "./assignment.ts";
import { checkCollation, definedColumns, requireNames } from "./column-definition.ts";
import { valuesInPlaces } from "./insert.ts";
import { checkOptions, noteLabels } from "./options.ts";
import { layout, placedBy } from "./partition.ts";
import { newTable, resolveTarget } from "./target.ts";
import { recordWrite, type WrittenColumn } from "./written.ts";

/** BigQuery's reference lists no type of its own for LIKE, COPY and CLONE; where the dry run says another, it is refused there. */
export function createTable(context: Context, node: CreateTableStatement): PlanStatement {
  const relation = node.query === null ? null : context.query(context, node.query, null, null);
  return createTableOf(context, node, relation);
}

/** `relation`: the rows of AS, or those before a pipe. */
export function createTableOf(context: Context, node: CreateTableStatement, relation: Relation | null): PlanStatement {
  if (node.modifier === "EXTERNAL") return createExternal(context, node);
  if (node.connection !== null) {
    context.fail(
      "unsupported",
      "CREATE TABLE WITH CONNECTION keeps data outside BigQuery; leave it out",
      node.connection,
    );
  }
  const table = newTable(context, node.name, node.modifier === "TEMP");
  checkCollation(context, node.collate);
  checkOptions(context, node.options, "CREATE TABLE");
  if (node.modifier !== "TEMP") noteLabels(context, [node.options], "create", table);
  const defined = node.columns === null ? null : definedColumns(context, node.columns);
  // Its rows would hold a constant that the analysis of later statements doesn't see (threat-model row 43).
  const preset = node.modifier !== "TEMP" ? undefined : node.columns?.find((c) => "default" in c && c.default !== null);
  if (preset !== undefined) {
    context.fail(
      "unsupported",
      "DEFAULT in a temporary table is not supported; write the value where rows are inserted",
      preset,
    );
  }
  if (node.source !== null && node.source.way !== "LIKE") {
    if (node.columns !== null || relation !== null) {
      context.fail("syntax", `${node.source.way} takes neither columns nor a query`, node.source);
    }
    copyOf(context, table, node.source.table, node);
    return planWithoutResult(context, "CREATE_TABLE");
  }
  const like = node.source === null ? null : likeColumns(context, node.source);
  const places = defined ?? like;
  if (relation === null) {
    if (places === null) return context.fail("syntax", "CREATE TABLE needs columns or a query", node);
    const columns = layout(
      context,
      node,
      places.map((place) => ({ ...place, flow: NOTHING })),
      false,
    );
    recordWrite(
      context,
      {
        table,
        mode: "create",
        columns,
        implicit: NO_KEYS,
        rows: NOTHING,
        repeated: false,
      },
      node,
    );
    return planWithoutResult(context, "CREATE_TABLE");
  }
  if (defined === null) requirePresent(context, node);
  const columns = layout(context, node, columnsOfQuery(context, relation, places, node.query ?? node), true);
  const implicit = union([relation.implicit, placedBy(columns)]);
  const { repeated } = relation;
  recordWrite(context, { table, mode: "create", columns, implicit, rows: relation.rows, repeated }, node);
  return planWithoutResult(context, "CREATE_TABLE_AS_SELECT");
}

export function createSnapshot(context: Context, node: CreateSnapshotStatement): PlanStatement {
  const table = newTable(context, node.name, false);
  checkOptions(context, node.options, "CREATE TABLE");
  noteLabels(context, [node.options], "create", table);
  copyOf(context, table, node.source, node);
  return planWithoutResult(context, "CREATE_SNAPSHOT_TABLE");
}

/**
 * A table whose rows are files. Nothing is known of what they hold.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement
 */
function createExternal(context: Context, node: CreateTableStatement): PlanStatement {
  if (node.connection !== null) {
    context.fail("unsupported", "An external table WITH CONNECTION is not supported; leave it out", node.connection);
  }
  if (node.source !== null || node.query !== null) {
    return context.fail("syntax", "An external table takes neither a query nor another table", node);
  }
  const table = newTable(context, node.name, false);
  checkOptions(context, node.options, "EXTERNAL TABLE");
  noteLabels(context, [node.options], "create", table);
  const places = [
    ...definedColumns(context, node.columns ?? []),
    ...definedColumns(context, node.partitionColumns?.columns ?? []),
  ];
  const columns = places.map((place) => ({ ...place, flow: NOTHING }));
  layout(context, node, columns, false);
  recordWrite(context, { table, mode: "create", columns, implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
  context.effects.push({ kind: "load", sources: columnNames(context.branch) });
  return planWithoutResult(context, "CREATE_EXTERNAL_TABLE");
}

/** Every column with its name, as the query gives them or as the list before AS names and types them. */
export function columnsOfQuery(
  context: Context,
  relation: Relation,
  places: readonly Place[] | null,
  node: Query | Node,
): WrittenColumn[] {
  if (relation.valueTable) {
    context.fail("unsupported", "A table is made of columns, not of the rows of SELECT AS STRUCT or VALUE", node);
  }
  if (places !== null) {
    const flows = valuesInPlaces(context, relation.columns, places, node);
    return places.map((place, i) => ({ ...place, flow: flows[i] ?? NOTHING }));
  }
  requireNames(context, relation.columns, node);
  return relation.columns.map(({ name, type, flow }) => ({ name, type, flow }));
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_copy */
function copyOf(context: Context, table: TableName, source: TablePath, node: Node): void {
  const rows = tableRows(context, source);
  requirePresent(context, node);
  recordWrite(
    context,
    {
      table,
      mode: "create",
      // It is placed as the other is, by whichever columns.
      columns: rows.columns.map(({ name, type, flow }) => ({ name, type, flow, places: true })),
      implicit: rows.implicit,
      rows: rows.rows,
      repeated: rows.repeated,
    },
    node,
  );
}

/**
 * A table had other columns and fields at an earlier time. Those would be in the new table under names that the plan doesn't
 * have, so that no class could travel with them (threat-model rows 28 and 29).
 * https://cloud.google.com/bigquery/docs/time-travel#limitation
 */
function requirePresent(context: Context, node: Node): void {
  if (context.historical.size === 0) return;
  context.fail(
    "unsupported",
    "A table of rows as they were can get columns that the analysis doesn't know; write CREATE TABLE with a list of columns and types, AS SELECT",
    node,
  );
}

function tableRows(context: Context, source: TablePath): FromClause {
  const frame = newFrame(null);
  const rows = resolveFrom(context, source, NO_FROM, frame, outputScope([], frame, null, null));
  refuseMetadata(context, source, "behind COPY or CLONE");
  return rows;
}

/** LIKE takes the columns, and nothing of what is in them. */
function likeColumns(context: Context, source: TableSource): Place[] {
  const { table, columns, fields, placing } = resolveTarget(context, source.table);
  context.tables.add(table);
  return columns.map(({ name, type }, i) => ({
    name,
    type,
    field: fields[i] ?? { name, type: typeName(type) },
    ...(placing.has(fold(name)) ? { places: true } : {}),
  }));
}
