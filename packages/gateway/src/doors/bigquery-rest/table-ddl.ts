import { z } from "zod";
import { columnText } from "../../sessions/load-rows.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { invalid } from "./google-error.ts";
import { fieldOf, schemaField } from "./job-configurations.ts";

/**
 * tables.insert and tables.delete as the DDL that says the same; what no DDL here says is refused by name.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/insert
 */

export const tableRequest = z.strictObject({
  kind: z.string().optional(),
  tableReference: z.strictObject({
    projectId: z.string().max(1024).optional(),
    datasetId: z.string().max(1024).optional(),
    tableId: z.string().max(1024),
  }),
  schema: z.strictObject({ fields: z.array(schemaField).min(1).max(10_000) }).optional(),
  view: z
    .strictObject({
      query: z.string(),
      useLegacySql: z.literal(false, { error: "set useLegacySql to false: legacy SQL is not served" }),
    })
    .optional(),
  /** Python's client sends it with every table, and always empty. */
  labels: z.strictObject({}).optional(),
});

/** CREATE TABLE or CREATE VIEW. A view's text follows AS to the end of the statement, and is judged as SQL like all of it. */
export function createSql(body: z.output<typeof tableRequest>, project: string, dataset: string): string {
  const { tableReference, schema, view } = body;
  if ((tableReference.projectId ?? project) !== project || (tableReference.datasetId ?? dataset) !== dataset)
    throw invalid("tableReference is not in the dataset of the path.");
  const name = quotedTable({ project, dataset, table: tableReference.tableId });
  if ((schema === undefined) === (view === undefined)) throw invalid("A table has a schema, a view a query; not both.");
  if (view !== undefined) return `CREATE VIEW ${name} AS ${view.query}`;
  return `CREATE TABLE ${name} (${(schema?.fields ?? []).map((field) => columnText(fieldOf(field))).join(", ")})`;
}

/** `type`: of the table's resource. */
export function dropSql(project: string, dataset: string, table: string, type: string): string {
  const name = quotedTable({ project, dataset, table });
  switch (type) {
    case "TABLE":
      return `DROP TABLE ${name}`;
    case "VIEW":
      return `DROP VIEW ${name}`;
    case "MATERIALIZED_VIEW":
      return `DROP MATERIALIZED VIEW ${name}`;
    case "SNAPSHOT":
      return `DROP SNAPSHOT TABLE ${name}`;
    case "EXTERNAL":
      return `DROP EXTERNAL TABLE ${name}`;
    default:
      throw invalid("A table of this type is dropped by DDL only.");
  }
}
