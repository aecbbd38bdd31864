import { picked } from "../flow/flow.ts";
import type { TableExpression, TableSample } from "../tree.ts";
import { FLOAT64 } from "../types.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { eachColumn } from "./each-column.ts";
import { refuseMetadata } from "./information-schema.ts";
import type { FromClause } from "./scope.ts";
import { isView } from "./view.ts";

/**
 * TABLESAMPLE: rows taken at random, which no column decides. They can be as few as LIMIT leaves, so that a sum over them is
 * no statistic, and as many as a table has, so that what stands beside each of them is long together.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#tablesample_operator
 */
export function sampled(context: Context, from: FromClause, sample: TableSample): FromClause {
  resolveConstant(context, sample.percent, FLOAT64, "TABLESAMPLE");
  const few = eachColumn(from, (column) => ({ ...column, flow: picked(column.flow) }));
  return { ...few, rows: picked(from.rows), repeated: true };
}

/**
 * Samples are of tables: BigQuery takes none of a view, a query, a table function or an array. Asked when the rows are resolved.
 * https://cloud.google.com/bigquery/docs/table-sampling#limitations
 */
export function requireSampled(context: Context, table: TableExpression): void {
  refuseMetadata(context, table, "before TABLESAMPLE");
  const other = notATable(context, table);
  if (other !== undefined) {
    context.fail("unsupported", `TABLESAMPLE takes a table, not ${other}; take WHERE RAND() < 0.1`, table);
  }
}

function notATable(context: Context, table: TableExpression): string | undefined {
  switch (table.kind) {
    case "TablePath": {
      const parts = context.tablePaths.get(table);
      if (parts === undefined) return "a query of WITH or an array";
      const resource = context.catalog.table(parts.join("."));
      return resource !== undefined && isView(resource) ? "a view" : undefined;
    }
    case "TableSubquery":
      return "a query";
    case "TableFunctionCall":
      return "a table function";
    case "Unnest":
      return "an array";
    case "Join":
    case "PivotedTable":
    case "UnpivotedTable":
    case "SampledTable":
    case "MatchedTable":
      return undefined;
    default: {
      const unreachable: never = table;
      return unreachable;
    }
  }
}
