import { type DescribedTable, describedTable } from "../../sessions/described-table.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { permittedDry, runAtOnce } from "./at-once.ts";
import { answerGone, bodyOf, type Call, placeOf } from "./call.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { otherLabels } from "./labels.ts";
import type { MetadataReader } from "./metadata.ts";
import { parseBody } from "./requests.ts";
import { param } from "./routes.ts";
import { sendJson } from "./send.ts";
import { createSql, dropSql, tableRequest } from "./table-ddl.ts";
import { patchRequest, patchSql } from "./table-patch.ts";

/** Tables made, changed and dropped by a call of their own: the statement that says the same, done when the call answers (docs/adr/0017-sent-rows.md). */

export interface TableChangeOptions {
  readonly engine: SessionEngine;
  readonly metadata: MetadataReader;
  readonly pages: Pick<PageOptions, "clock">;
  readonly bodyBytes: number;
}

/** tables.insert: CREATE TABLE or CREATE VIEW. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/insert */
export async function createTable({ engine, metadata, bodyBytes }: TableChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  const body = parseBody(tableRequest, await bodyOf(call, bodyBytes));
  await runAtOnce(engine, call, createSql(body, project, dataset));
  const { tableId } = body.tableReference;
  const made = { kind: "bigquery#table", tableReference: { projectId: project, datasetId: dataset, tableId } };
  sendJson(
    call.response,
    await metadata.table(call.principal, call.connection, project, dataset, tableId).catch((error: unknown) => {
      // It was made, and the agent may not see it.
      if (error instanceof GoogleError) return made;
      throw error;
    }),
  );
}

/** tables.delete: DROP TABLE, DROP VIEW …, by what it is. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/delete */
export async function dropTable({ engine, pages }: TableChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  const table = param(call.m, "table");
  const described = await shownTable(call, pages.clock());
  const sql = dropSql(project, dataset, table, described.resource.type ?? "TABLE");
  await runAtOnce(engine, call, sql);
  answerGone(call);
}

/** tables.patch: ALTER TABLE, ALTER VIEW …, by what it is. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/patch */
export async function patchTable(
  { engine, metadata, pages, bodyBytes }: TableChangeOptions,
  call: Call,
): Promise<void> {
  const { project, dataset } = placeOf(call);
  const table = param(call.m, "table");
  const body = parseBody(patchRequest, await bodyOf(call, bodyBytes));
  // All labels are set at once: also those that it has since it was last looked at must be named.
  if (body.labels !== undefined) call.connection.catalog.forget(`${project}.${dataset}.${table}`);
  const described = await shownTable(call, pages.clock());
  const { resource, fields } = described;
  const sql = patchSql(body, { project, dataset, table, resource, fields });
  if (otherLabels(body.labels, resource.labels)) {
    // Whether a table has other labels is told to those alone who may set them.
    await permittedDry(engine, call, sql);
    throw invalid(
      "The table has labels that the request doesn't name, and all of them are set at once: name each (null takes it away), or say labels = […] by ALTER … SET OPTIONS in SQL.",
    );
  }
  await runAtOnce(engine, call, sql);
  sendJson(call.response, await metadata.table(call.principal, call.connection, project, dataset, table));
}

/** The table of a call's path, as far as the agent may know of it. */
export async function shownTable(
  call: Call,
  now: number,
): Promise<Extract<DescribedTable, { readonly kind: "described" }>> {
  const { project, dataset } = placeOf(call);
  const name = `${project}.${dataset}.${param(call.m, "table")}`;
  const described = await describedTable(call.principal, call.connection, name, now);
  if (described.kind !== "described") throw notFound("Table");
  return described;
}
