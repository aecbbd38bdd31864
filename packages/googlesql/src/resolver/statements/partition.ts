/**
 * PARTITION BY and CLUSTER BY of tables. How many partitions one job may fill is bounded, so that filling them can fail. And the rows of
 * a table lie in the order of what it is partitioned and clustered by: whoever reads them, with LIMIT or all, is told how the values are
 * ordered, as by ORDER BY (threat-model row 23). So such values decide over the rows that are written.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#partition_expression
 * https://cloud.google.com/bigquery/quotas#partitioned_tables
 */
import { CONSTANT, type Flow, keysOf, type SourceKey, union } from "../../flow/flow.ts";
import type { TableResource } from "../../table-resource.ts";
import type { CreateTableStatement, Expression } from "../../tree.ts";
import { scalarType, type Type } from "../../types.ts";
import { wholeTree } from "../../visitor.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import { type Column, fold } from "../scope.ts";
import { refuseSubqueries, withoutNamedValues } from "./constant.ts";
import type { WrittenColumn } from "./written.ts";

const INGESTION: readonly (readonly [name: string, type: string])[] = [
  ["_PARTITIONTIME", "TIMESTAMP"],
  ["_PARTITIONDATE", "DATE"],
];

/** What the partitions are made of. */
function partitionColumns(
  context: Context,
  partitionBy: readonly Expression[],
  columns: readonly WrittenColumn[],
): Flow[] {
  return partitionBy.map((expression) => {
    refuseSubqueries(context, expression, "PARTITION BY");
    const ingestion = INGESTION.flatMap(([name, type]) => {
      const resolved: Type | undefined = scalarType(type);
      return resolved === undefined ? [] : [columnOf(context, { name, type: resolved, flow: CONSTANT })];
    });
    const scope = outputScope(
      [...columns.map((column) => columnOf(context, column)), ...ingestion],
      newFrame(null),
      null,
      null,
    );
    return withoutNamedValues(context, () => context.expression(context, expression, scope).flow);
  });
}

export function checkClusterBy(
  context: Context,
  clusterBy: readonly Expression[],
  columns: readonly Pick<WrittenColumn, "name">[],
  what = "CLUSTER BY",
): void {
  const names = new Set(columns.map((column) => fold(column.name)));
  for (const expression of clusterBy) {
    const [name, more] = expression.kind === "PathExpression" ? expression.parts : [];
    if (name === undefined || more !== undefined || !names.has(fold(name.name))) {
      context.fail("name", `${what} takes columns of the table`, expression);
    }
  }
}

/** PARTITION BY and CLUSTER BY: the columns, those among them marked that place the rows. A job that would fill too many partitions fails, and so tells of their values. */
export function layout(
  context: Context,
  node: Pick<CreateTableStatement, "partitionBy" | "clusterBy">,
  columns: readonly WrittenColumn[],
  filled: boolean,
): readonly WrittenColumn[] {
  const partitioned = partitionColumns(context, node.partitionBy, columns);
  if (filled) context.failBy(partitioned);
  checkClusterBy(context, node.clusterBy, columns);
  const named = new Set([...node.partitionBy, ...node.clusterBy].flatMap(namesIn));
  return columns.map((column) => (named.has(fold(column.name)) ? { ...column, places: true } : column));
}

/** The names in an expression over a table's columns: `DATE(at)`, `RANGE_BUCKET(id, …)`. */
function namesIn(expression: Expression): string[] {
  return wholeTree(expression).nodes.flatMap((node) =>
    node.kind === "PathExpression" ? node.parts.slice(0, 1).map(({ name }) => fold(name)) : [],
  );
}

/** The names, folded, of the columns by which a table's rows are placed. */
export function placingNames({
  timePartitioning,
  rangePartitioning,
  clustering,
}: Omit<TableResource, "tableReference">): ReadonlySet<string> {
  const partitions = [timePartitioning?.field, rangePartitioning?.field].filter((field) => field !== undefined);
  return new Set([...partitions, ...(clustering?.fields ?? [])].map(fold));
}

/** What decides where the rows lie that are written so. */
export function placedBy(columns: readonly Pick<WrittenColumn, "flow" | "places">[]): ReadonlySet<SourceKey> {
  return union(columns.filter(({ places }) => places === true).map(({ flow }) => keysOf(flow)));
}

function columnOf(context: Context, column: WrittenColumn): Column {
  return { ...column, written: "value", id: context.freshId() };
}
