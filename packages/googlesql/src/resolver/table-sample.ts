import { picked } from "../flow/flow.ts";
import type { TableSample } from "../tree.ts";
import { FLOAT64 } from "../types.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { eachColumn } from "./each-column.ts";
import type { FromClause } from "./scope.ts";

/**
 * TABLESAMPLE: rows taken at random, which no column decides. They can be as few as LIMIT leaves, so that a sum over them is
 * no statistic.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#tablesample_operator
 */
export function sampled(context: Context, from: FromClause, sample: TableSample): FromClause {
  resolveConstant(context, sample.percent, FLOAT64, "TABLESAMPLE");
  const few = eachColumn(from, (column) => ({ ...column, flow: picked(column.flow) }));
  return { ...few, rows: picked(from.rows) };
}
