import type { IncomingMessage, ServerResponse } from "node:http";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describedTable } from "../../sessions/described-table.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { permittedDry, runAtOnce } from "./at-once.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { datasetResource, type MetadataReader } from "./metadata.ts";
import { readBody } from "./read-body.ts";
import { parseBody } from "./requests.ts";
import { type Matched, param } from "./routes.ts";
import { sendJson } from "./send.ts";
import { locationOf } from "./statement-body.ts";
import { createSchemaSql, createSql, datasetRequest, dropSql, tableRequest } from "./table-ddl.ts";
import { keepsLabels, patchRequest, patchSql } from "./table-patch.ts";

/** Datasets and tables made and dropped by a call of their own: the statement that says the same, done when the call answers (docs/adr/0017-sent-rows.md). */

export interface TableChangeOptions {
  readonly engine: SessionEngine;
  readonly metadata: MetadataReader;
  readonly pages: Pick<PageOptions, "clock">;
  readonly bodyBytes: number;
}

/** datasets.insert: CREATE SCHEMA. https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets/insert */
export async function createDataset(
  { engine, bodyBytes }: TableChangeOptions,
  m: Matched,
  principal: AgentPrincipal,
  connection: Connection,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const project = param(m, "project");
  const body = parseBody(datasetRequest, await readBody(request, bodyBytes));
  locationOf(connection, body.location);
  const sql = createSchemaSql(body, project);
  await runAtOnce(engine, principal, connection, project, sql, gone);
  sendJson(response, datasetResource(project, body.datasetReference.datasetId, connection));
}

/** tables.insert: CREATE TABLE or CREATE VIEW. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/insert */
export async function createTable(
  { engine, metadata, bodyBytes }: TableChangeOptions,
  m: Matched,
  principal: AgentPrincipal,
  connection: Connection,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const [project, dataset] = [param(m, "project"), param(m, "dataset")];
  const body = parseBody(tableRequest, await readBody(request, bodyBytes));
  await runAtOnce(engine, principal, connection, project, createSql(body, project, dataset), gone);
  const { tableId } = body.tableReference;
  const made = { kind: "bigquery#table", tableReference: { projectId: project, datasetId: dataset, tableId } };
  sendJson(
    response,
    await metadata.table(principal, connection, project, dataset, tableId).catch((error: unknown) => {
      // It was made, and the agent may not see it.
      if (error instanceof GoogleError) return made;
      throw error;
    }),
  );
}

/** tables.delete: DROP TABLE, DROP VIEW …, by what it is. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/delete */
export async function dropTable(
  { engine, pages }: TableChangeOptions,
  m: Matched,
  principal: AgentPrincipal,
  connection: Connection,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const [project, dataset, table] = [param(m, "project"), param(m, "dataset"), param(m, "table")];
  const described = await describedTable(principal, connection, `${project}.${dataset}.${table}`, pages.clock());
  if (described.kind === "unknown") throw notFound("Table");
  if (described.kind === "hidden")
    throw new GoogleError(403, "accessDenied", "Policy does not let this agent see that table's description.");
  const sql = dropSql(project, dataset, table, described.resource.type ?? "TABLE");
  await runAtOnce(engine, principal, connection, project, sql, gone);
  response.writeHead(204, { "cache-control": "no-store" }).end();
}

/** tables.patch: ALTER TABLE, ALTER VIEW …, by what it is. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/patch */
export async function patchTable(
  { engine, metadata, pages, bodyBytes }: TableChangeOptions,
  m: Matched,
  principal: AgentPrincipal,
  connection: Connection,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const [project, dataset, table] = [param(m, "project"), param(m, "dataset"), param(m, "table")];
  if (request.headers["if-match"] !== undefined)
    throw invalid("Answers here have no etag that If-Match could name; leave it out.");
  const body = parseBody(patchRequest, await readBody(request, bodyBytes));
  const described = await describedTable(principal, connection, `${project}.${dataset}.${table}`, pages.clock());
  if (described.kind === "unknown") throw notFound("Table");
  if (described.kind === "hidden")
    throw new GoogleError(403, "accessDenied", "Policy does not let this agent see that table's description.");
  const { resource, fields } = described;
  const sql = patchSql(body, { project, dataset, table, resource, fields });
  if (keepsLabels(body, resource)) {
    // Whether a table has other labels is told to those alone who may set them.
    await permittedDry(engine, principal, connection, project, sql);
    throw invalid(
      "The table has labels that the request doesn't name, and all of them are set at once: name each (null takes it away), or say labels = […] by ALTER … SET OPTIONS in SQL.",
    );
  }
  await runAtOnce(engine, principal, connection, project, sql, gone);
  sendJson(response, await metadata.table(principal, connection, project, dataset, table));
}
