/** Which tables have rows that can be read, and where those are kept. */
import type { TableName } from "../plan.ts";
import type { TableResource } from "../table-resource.ts";
import type { TablePath } from "../tree.ts";
import type { Context } from "./context.ts";
import { noteEffect } from "./effects.ts";

export function isExternal({ type }: TableResource): boolean {
  return type?.toUpperCase() === "EXTERNAL";
}

/** Notes what reading a table's rows does beside it. What has no rows of a known kind is refused. */
export function requireRows(context: Context, name: TableName, resource: TableResource, node: TablePath): void {
  const type = (resource.type ?? "TABLE").toUpperCase();
  switch (type) {
    case "TABLE":
    // A snapshot is read as the table it was.
    case "SNAPSHOT":
      return;
    case "EXTERNAL":
      externalTable(context, name, resource, node);
      return;
    default:
      context.fail(
        "unsupported",
        `${name} is a ${type}; only tables, snapshots, external tables and views can be queried`,
        node,
      );
  }
}

/**
 * Its columns are columns, and what they hold is whatever stands in the files, or in another system, by the time it is read: an effect, for
 * policy to rule on (threat-model row 19).
 * https://cloud.google.com/bigquery/docs/external-tables
 */
function externalTable(context: Context, name: TableName, resource: TableResource, node: TablePath): void {
  const { externalDataConfiguration: kept } = resource;
  if (kept === undefined) {
    context.fail("unsupported", `${name} is an EXTERNAL table that doesn't say where its rows are`, node);
  }
  // Its `data` and `ref` stand in no schema: https://cloud.google.com/bigquery/docs/object-table-introduction#object_table_schema
  if (kept.objectMetadata !== undefined) {
    context.fail("unsupported", `${name} is an object table, which gives access to objects in Cloud Storage`, node);
  }
  // Columns that the schema needn't list: https://cloud.google.com/bigquery/docs/hive-partitioned-queries
  if (kept.hivePartitioningOptions !== undefined) {
    context.fail("unsupported", `${name} has columns that are names of directories, which no policy knows`, node);
  }
  if (node.systemTime !== null) {
    context.fail("unsupported", `${name} is EXTERNAL; FOR SYSTEM_TIME AS OF takes a table`, node);
  }
  noteEffect(context, "external_table", name, []);
}
