/**
 * CREATE SEARCH INDEX and VECTOR INDEX: how a table's columns are found faster. It shows nothing; queries that use it are analysed.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_search_index_statement
 */
import { NO_KEYS, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { CreateIndexStatement } from "../../tree.ts";
import type { Context } from "../context.ts";
import { checkOptions } from "./options.ts";
import { checkClusterBy } from "./partition.ts";
import { resolveTarget, writeInto } from "./target.ts";

export function createIndex(context: Context, node: CreateIndexStatement): PlanStatement {
  const target = resolveTarget(context, node.table);
  const [partition] = node.partitionBy;
  if (partition !== undefined) context.fail("unsupported", "PARTITION BY of an index is not supported", partition);
  const [name, more] = node.name;
  if (name === undefined || more !== undefined) context.fail("name", "An index has one name, in its table", node);
  checkClusterBy(
    context,
    [...node.columns.map((column) => column.expression), ...node.storing],
    target.columns,
    "An index",
  );
  for (const column of node.columns) checkOptions(context, column.options, "INDEX COLUMN");
  checkOptions(context, node.options, "INDEX");
  writeInto(context, target, { mode: "alter", columns: [], implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
  return planWithoutResult(context, `CREATE_${node.type}_INDEX`);
}
