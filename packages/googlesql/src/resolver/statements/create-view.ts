/**
 * CREATE VIEW and MATERIALIZED VIEW. A view is its query: whoever reads it later reads what the query reads (threat-model row 10).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_view_statement
 */
import { NOTHING, union } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { CreateViewStatement, Query } from "../../tree.ts";
import type { Context } from "../context.ts";
import type { Relation } from "../scope.ts";
import { withoutNamedValues } from "./constant.ts";
import { columnsOfQuery } from "./create-table.ts";
import { checkOptions, noteLabels } from "./options.ts";
import { layout, placedBy } from "./partition.ts";
import { newTable } from "./target.ts";
import { recordWrite, type WrittenColumn } from "./written.ts";

export function createView(context: Context, node: CreateViewStatement): PlanStatement {
  const { query } = node;
  if (query === null) return context.fail("unsupported", "A replica of a materialized view is not supported", node);
  const table = newTable(context, node.name, false);
  checkOptions(context, node.options, node.materialized ? "MATERIALIZED VIEW" : "VIEW");
  noteLabels(context, [node.options], "create", table);
  for (const column of node.columns) checkOptions(context, column.options, "COLUMN");
  const relation = withoutNamedValues(context, () => context.query(context, query, null, null));
  const columns = layout(context, node, viewColumns(context, node, query, relation), true);
  // It holds no rows, and no later statement of the same script reads it (earlier.ts).
  const implicit = union([relation.implicit, placedBy(columns)]);
  recordWrite(context, { table, mode: "create", columns, implicit, rows: NOTHING, repeated: false }, node);
  return planWithoutResult(context, node.materialized ? "CREATE_MATERIALIZED_VIEW" : "CREATE_VIEW");
}

function viewColumns(context: Context, node: CreateViewStatement, query: Query, relation: Relation): WrittenColumn[] {
  if (node.columns.length === 0) return columnsOfQuery(context, relation, null, query);
  if (node.columns.length !== relation.columns.length) {
    context.fail("type", `The view has ${node.columns.length} columns and its query ${relation.columns.length}`, node);
  }
  const columns = relation.columns.map((column, i) => ({ ...column, name: node.columns[i]?.name.name ?? "" }));
  return columnsOfQuery(context, { ...relation, columns }, null, query);
}
