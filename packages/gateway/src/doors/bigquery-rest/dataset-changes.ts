import { z } from "zod";
import { seesDataset } from "../../sessions/described-dataset.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { permittedDry, runAtOnce } from "./at-once.ts";
import { answerGone, bodyOf, type Call, placeOf } from "./call.ts";
import { invalid, notFound } from "./google-error.ts";
import { labelList, labels, otherLabels } from "./labels.ts";
import { datasetResource } from "./metadata.ts";
import { parseBody } from "./requests.ts";
import { param } from "./routes.ts";
import { sendJson } from "./send.ts";
import { sqlText } from "./sql-text.ts";
import { locationOf } from "./statement-body.ts";

/**
 * Datasets made, changed, dropped and brought back by a call of their own: the statement that says the same, which policy judges by `administer`,
 * done when the call answers (docs/adr/0017-sent-rows.md).
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets
 */

export interface DatasetChangeOptions {
  readonly engine: SessionEngine;
  readonly pages: Pick<PageOptions, "clock">;
  readonly bodyBytes: number;
}

const named = {
  kind: z.string().optional(),
  datasetReference: z.strictObject({
    projectId: z.string().max(1024).optional(),
    datasetId: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,1023}$/),
  }),
};

export const datasetRequest = z.strictObject({
  ...named,
  location: z.string().max(64).optional(),
  /** Python's client sends it with every dataset, and always empty. */
  labels: z.strictObject({}).optional(),
});

const text = z.string().max(16_384).nullable().optional();
export const datasetPatch = z.strictObject({
  kind: named.kind,
  datasetReference: named.datasetReference.optional(),
  description: text,
  friendlyName: text,
  labels: labels.nullable().optional(),
});
export type DatasetPatch = z.output<typeof datasetPatch>;

/** `deletionTime` chooses among several that were dropped, which no statement does. */
const undeleteRequest = z.strictObject({});

/** datasets.insert: CREATE SCHEMA. */
export async function createDataset({ engine, bodyBytes }: DatasetChangeOptions, call: Call): Promise<void> {
  const project = param(call.m, "project");
  const body = parseBody(datasetRequest, await bodyOf(call, bodyBytes));
  locationOf(call.connection, body.location);
  await runAtOnce(engine, call, createSchemaSql(body, project));
  sendJson(call.response, datasetResource(project, body.datasetReference.datasetId, call.connection));
}

/** datasets.patch: ALTER SCHEMA … SET OPTIONS. */
export async function patchDataset(options: DatasetChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  const body = parseBody(datasetPatch, await bodyOf(call, options.bodyBytes));
  const sql = alterSchemaSql(body, project, dataset);
  await requireSeen(options, call);
  const there = await call.connection.upstream.getDataset(project, dataset);
  if (otherLabels(body.labels, there?.labels)) {
    // Whether a dataset has other labels is told to those alone who may set them.
    await permittedDry(options.engine, call, sql);
    throw invalid(
      "The dataset has labels that the request doesn't name, and all of them are set at once: name each (null takes it away), or say labels = […] by ALTER SCHEMA … SET OPTIONS in SQL.",
    );
  }
  await runAtOnce(options.engine, call, sql);
  sendJson(call.response, datasetResource(project, dataset, call.connection));
}

/** datasets.delete: DROP SCHEMA; with `deleteContents=true` CASCADE. */
export async function dropDataset(options: DatasetChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  const contents = call.m.query.get("deleteContents") ?? "false";
  if (contents !== "true" && contents !== "false") throw invalid("deleteContents is true or false.");
  await requireSeen(options, call);
  await runAtOnce(
    options.engine,
    call,
    `DROP SCHEMA ${quoted(project, dataset)} ${contents === "true" ? "CASCADE" : "RESTRICT"}`,
  );
  answerGone(call);
}

/** datasets.undelete: UNDROP SCHEMA. */
export async function undropDataset({ engine, bodyBytes }: DatasetChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  if (hasBody(call)) parseBody(undeleteRequest, await bodyOf(call, bodyBytes));
  await runAtOnce(engine, call, `UNDROP SCHEMA ${quoted(project, dataset)}`);
  sendJson(call.response, datasetResource(project, dataset, call.connection));
}

/** The request's fields are all optional, so that clients may send none. */
function hasBody({ request: { headers } }: Call): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** One that the agent may not know of is as if it weren't there (I9). */
async function requireSeen({ pages }: DatasetChangeOptions, call: Call): Promise<void> {
  const { project, dataset } = placeOf(call);
  if (!(await seesDataset(call.principal, call.connection, project, dataset, pages.clock()))) throw notFound("Dataset");
}

export function alterSchemaSql(body: DatasetPatch, project: string, dataset: string): string {
  const { datasetReference: reference, description, friendlyName, labels: given } = body;
  if ((reference?.projectId ?? project) !== project || (reference?.datasetId ?? dataset) !== dataset)
    throw invalid("datasetReference is not the dataset of the path.");
  const option = (name: string, value: string | null | undefined) =>
    value === undefined ? [] : [`${name} = ${value === null ? "NULL" : sqlText(value)}`];
  const options = [
    ...option("description", description),
    ...option("friendly_name", friendlyName),
    ...(given === undefined ? [] : [`labels = ${labelList(given ?? {})}`]),
  ];
  if (options.length === 0) throw invalid("The request changes nothing that this gateway can change.");
  return `ALTER SCHEMA ${quoted(project, dataset)} SET OPTIONS (${options.join(", ")})`;
}

export function createSchemaSql({ datasetReference }: z.output<typeof datasetRequest>, project: string): string {
  if ((datasetReference.projectId ?? project) !== project)
    throw invalid("datasetReference is not in the project of the path.");
  return `CREATE SCHEMA ${quoted(project, datasetReference.datasetId)}`;
}

/** Of a project that is configured, and a dataset's name of letters, digits and underscores. */
function quoted(project: string, dataset: string): string {
  return `\`${project}\`.\`${dataset}\``;
}
