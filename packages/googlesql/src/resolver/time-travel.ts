/**
 * FOR SYSTEM_TIME AS OF: a table's rows as they were. Its columns are those of today's schema; that the rows may be from before
 * a column was classified, renamed or dropped is marked in the plan, for whoever knows of it (threat-model row 29).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#for_system_time_as_of
 */
import { keysOf, union } from "../flow/flow.ts";
import type { TablePath } from "../tree.ts";
import { TIMESTAMP } from "../types.ts";
import { resolveGiven } from "./constant.ts";
import type { Context } from "./context.ts";
import type { FromClause } from "./scope.ts";

/** `from` is what the path gives for now. */
export function asOfTime(context: Context, node: TablePath, from: FromClause): FromClause {
  if (node.systemTime === null) return from;
  const table = context.tablePaths.get(node)?.join(".");
  const resource = table === undefined ? undefined : context.catalog.table(table);
  if (table === undefined || resource === undefined || (resource.type ?? "TABLE").toUpperCase() !== "TABLE") {
    return context.fail("unsupported", "FOR SYSTEM_TIME AS OF stands only behind the name of one table", node);
  }
  const time = resolveGiven(context, node.systemTime, TIMESTAMP, "FOR SYSTEM_TIME AS OF");
  // A time before the table's history fails.
  context.failing.push(time.flow);
  context.historical.add(table);
  return { ...from, implicit: union([from.implicit, keysOf(time.flow)]) };
}
