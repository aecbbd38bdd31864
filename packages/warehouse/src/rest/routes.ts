/**
 * The methods of BigQuery's REST API v2 that this warehouse answers, one function each.
 * https://cloud.google.com/bigquery/docs/reference/rest
 */
import type { ServerResponse } from "node:http";
import { type Catalog, etag, readFields, type Table, tableJson, tableType } from "../catalog.ts";
import type { Engine } from "../engine.ts";
import { errorBody, WarehouseError } from "../errors.ts";
import { affectedRows, jobJson, queryStatistics } from "../job-json.ts";
import { configurationOf, type Job, type Jobs } from "../jobs.ts";
import type { Fault, Misbehaviour } from "../misbehave.ts";
import type { Field } from "../sql/types.ts";
import { preempted, sendRows } from "./answer.ts";
import type { TimestampOutput } from "./cells.ts";
import { booleanAt, isObject, type JsonObject, numberAt, objectAt, stringAt } from "./json.ts";
import { listedModel, modelJson } from "./model-json.ts";
import { listedRoutine, routineJson } from "./routine-json.ts";
import { hasGaps, type writeRows } from "./rows.ts";

/** Bytes of rows a page holds when the caller sets no limit. */
const PAGE_BYTES = 10 * 1024 * 1024;
const MAX_PAGE_ROWS = 100_000;
const DEFAULT_TIMEOUT = 10_000;
const LOCATION = "US";

export interface Context {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly misbehaviour: Misbehaviour;
  /** Writes a page's rows, from a cache when there is one. */
  readonly writePage: typeof writeRows;
}

interface Request {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly response: ServerResponse;
}

type Handler = (context: Context, request: Request) => Promise<void> | void;

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handle: Handler;
}

const ROUTES: readonly Route[] = [
  { method: "GET", pattern: /^\/projects$/, handle: listProjects },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/serviceAccount$/, handle: serviceAccount },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets$/, handle: listDatasets },
  { method: "POST", pattern: /^\/projects\/([^/]+)\/datasets$/, handle: insertDataset },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)$/, handle: getDataset },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables$/, handle: listTables },
  { method: "POST", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables$/, handle: insertTable },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)$/, handle: getTable },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)\/data$/, handle: listTableData },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/models$/, handle: listModels },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/models\/([^/]+)$/, handle: getModel },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/routines$/, handle: listRoutines },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/routines\/([^/]+)$/, handle: getRoutine },
  { method: "POST", pattern: /^\/projects\/([^/]+)\/jobs$/, handle: insertJob },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/jobs$/, handle: listJobs },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/jobs\/([^/]+)$/, handle: getJob },
  { method: "POST", pattern: /^\/projects\/([^/]+)\/jobs\/([^/]+)\/cancel$/, handle: cancelJob },
  { method: "POST", pattern: /^\/projects\/([^/]+)\/queries$/, handle: query },
  { method: "GET", pattern: /^\/projects\/([^/]+)\/queries\/([^/]+)$/, handle: getQueryResults },
];

/** The handler for a path (without prefix) and the path's variables; undefined: 404. */
export function routeFor(method: string, path: string): { handle: Handler; parts: string[] } | undefined {
  for (const route of ROUTES) {
    const match = route.method === method ? route.pattern.exec(path) : null;
    if (match) return { handle: route.handle, parts: match.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

export function sendJson(response: ServerResponse, body: object, status = 200): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { "content-type": "application/json; charset=UTF-8", "content-length": Buffer.byteLength(text) })
    .end(text);
}

export function sendError(response: ServerResponse, error: WarehouseError): void {
  const body = errorBody(error.proto);
  const code = isObject(body) ? numberAt(objectAt(body, "error"), "code") : undefined;
  sendJson(response, body, code ?? 500);
}

function part(request: Request, index: number): string {
  return request.parts[index] ?? "";
}

function listProjects({ catalog }: Context, { response }: Request): void {
  const projects = catalog.projects.map((id) => ({
    kind: "bigquery#project",
    id,
    numericId: "1",
    projectReference: { projectId: id },
    friendlyName: id,
  }));
  sendJson(response, { kind: "bigquery#projectList", etag: etag(projects), projects, totalItems: projects.length });
}

function serviceAccount({ catalog }: Context, request: Request): void {
  catalog.requireProject(part(request, 0));
  sendJson(request.response, { kind: "bigquery#getServiceAccountResponse", email: "warehouse@example.com" });
}

/** A page of a list by `maxResults` and `pageToken` (the position to go on from). */
function page<T>(items: readonly T[], query: URLSearchParams): { items: readonly T[]; next: JsonObject } {
  const start = Number(query.get("pageToken") ?? 0);
  const count = Number(query.get("maxResults") ?? 1000);
  if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0)
    throw new WarehouseError("invalid", "Invalid page");
  const end = start + count;
  return {
    items: items.slice(start, end),
    next: end < items.length && count > 0 ? { nextPageToken: String(end) } : {},
  };
}

function listDatasets({ catalog }: Context, request: Request): void {
  const { items, next } = page(catalog.datasets(part(request, 0)), request.query);
  const datasets = items.map((d) => ({
    kind: "bigquery#dataset",
    id: `${d.datasetReference.projectId}:${d.datasetReference.datasetId}`,
    datasetReference: { projectId: d.datasetReference.projectId, datasetId: d.datasetReference.datasetId },
    ...(d.labels === undefined ? {} : { labels: d.labels }),
    location: d.location ?? LOCATION,
  }));
  sendJson(request.response, { kind: "bigquery#datasetList", etag: etag(datasets), ...next, datasets });
}

function datasetJson(context: Context, projectId: string, datasetId: string): JsonObject {
  const d = context.catalog.dataset(projectId, datasetId);
  const body: JsonObject = {
    kind: "bigquery#dataset",
    etag: "",
    id: `${projectId}:${datasetId}`,
    selfLink: `/bigquery/v2/projects/${projectId}/datasets/${datasetId}`,
    datasetReference: { datasetId, projectId },
    ...(d.description === undefined ? {} : { description: d.description }),
    ...(d.labels === undefined ? {} : { labels: { ...d.labels } }),
    creationTime: String(d.created),
    lastModifiedTime: String(d.created),
    location: d.location ?? LOCATION,
    ...(d.isCaseInsensitive === true ? { isCaseInsensitive: true } : {}),
    type: "DEFAULT",
  };
  body.etag = etag(body);
  return body;
}

function getDataset(context: Context, request: Request): void {
  sendJson(request.response, datasetJson(context, part(request, 0), part(request, 1)));
}

function insertDataset(context: Context, request: Request): void {
  const projectId = part(request, 0);
  context.catalog.requireProject(projectId);
  const datasetId = stringAt(objectAt(request.body, "datasetReference"), "datasetId") ?? "";
  context.catalog.createDataset({
    ...texts(request.body),
    ...(request.body.isCaseInsensitive === true ? { isCaseInsensitive: true } : {}),
    datasetReference: { projectId, datasetId },
  });
  sendJson(request.response, datasetJson(context, projectId, datasetId));
}

/** description, friendlyName, location and labels, when given. */
function texts(body: JsonObject): {
  description?: string;
  friendlyName?: string;
  location?: string;
  labels?: Record<string, string>;
} {
  const labels = Object.entries(objectAt(body, "labels")).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, value] as const] : [],
  );
  const description = stringAt(body, "description");
  const friendlyName = stringAt(body, "friendlyName");
  const location = stringAt(body, "location");
  return {
    ...(description === undefined ? {} : { description }),
    ...(friendlyName === undefined ? {} : { friendlyName }),
    ...(location === undefined ? {} : { location }),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  };
}

function listTables({ catalog }: Context, request: Request): void {
  const dataset = catalog.dataset(part(request, 0), part(request, 1));
  const all = [...dataset.tables.values()].filter((t) => !t.anonymous);
  const { items, next } = page(all, request.query);
  const tables = items.map((t) => ({
    kind: "bigquery#table",
    id: `${t.tableReference.projectId}:${t.tableReference.datasetId}.${t.tableReference.tableId}`,
    tableReference: { ...t.tableReference },
    ...(t.labels === undefined ? {} : { labels: t.labels }),
    type: tableType(t),
    creationTime: String(t.created),
    ...(t.view === undefined ? {} : { view: { useLegacySql: false } }),
  }));
  sendJson(request.response, {
    kind: "bigquery#tableList",
    etag: etag(tables),
    ...next,
    tables,
    totalItems: all.length,
  });
}

function tableOf(context: Context, request: Request): Table {
  return context.catalog.table({ projectId: part(request, 0), datasetId: part(request, 1), tableId: part(request, 2) });
}

function getTable(context: Context, request: Request): void {
  sendJson(request.response, tableJson(tableOf(context, request), LOCATION));
}

async function insertTable(context: Context, request: Request): Promise<void> {
  const [projectId, datasetId] = [part(request, 0), part(request, 1)];
  context.catalog.dataset(projectId, datasetId);
  const tableId = stringAt(objectAt(request.body, "tableReference"), "tableId") ?? "";
  const table = await context.catalog.createTable({
    ...texts(request.body),
    tableReference: { projectId, datasetId, tableId },
    schema: { fields: readFields(objectAt(request.body, "schema")) },
  });
  sendJson(request.response, tableJson(table, LOCATION));
}

function listRoutines({ catalog }: Context, request: Request): void {
  const all = catalog.routines(part(request, 0), part(request, 1));
  const { items, next } = page(all, request.query);
  sendJson(request.response, { ...next, routines: items.map(listedRoutine) });
}

function listModels({ catalog }: Context, request: Request): void {
  const { items, next } = page(catalog.models(part(request, 0), part(request, 1)), request.query);
  sendJson(request.response, { ...next, models: items.map(listedModel) });
}

function getModel({ catalog }: Context, request: Request): void {
  const [projectId, datasetId, modelId] = [part(request, 0), part(request, 1), part(request, 2)];
  sendJson(request.response, modelJson(catalog.model({ projectId, datasetId, modelId })));
}

function getRoutine({ catalog }: Context, request: Request): void {
  const [projectId, datasetId, routineId] = [part(request, 0), part(request, 1), part(request, 2)];
  catalog.dataset(projectId, datasetId);
  const routine = catalog.findRoutine({ projectId, datasetId, routineId });
  if (!routine) throw new WarehouseError("notFound", `Not found: Routine ${projectId}:${datasetId}.${routineId}`);
  sendJson(request.response, routineJson(routine));
}

async function insertJob(context: Context, request: Request): Promise<void> {
  const projectId = part(request, 0);
  const configuration = objectAt(request.body, "configuration");
  if (booleanAt(configuration, "dryRun") === true) {
    const faults = context.misbehaviour.strike("dryRun");
    if (await preempted(request.response, faults)) return;
    const query = objectAt(configuration, "query");
    if (booleanAt(query, "useLegacySql") !== false)
      throw new WarehouseError("invalid", "Legacy SQL is not supported: set useLegacySql to false");
    const analysis = await context.jobs.analyse(projectId, configuration);
    const statistics = lie(queryStatistics(analysis, true), faults);
    sendJson(request.response, {
      kind: "bigquery#job",
      configuration: { ...configuration, jobType: "QUERY" },
      jobReference: { projectId, location: stringAt(objectAt(request.body, "jobReference"), "location") ?? LOCATION },
      statistics: {
        creationTime: String(Date.now()),
        totalBytesProcessed: statistics.totalBytesProcessed,
        query: statistics,
      },
      status: { state: "DONE" },
    });
    return;
  }
  if (await preempted(request.response, context.misbehaviour.strike("insert"))) return;
  sendJson(request.response, jobJson(context.jobs.insert(projectId, request.body)));
}

/** The dry run's statistics as the armed faults would have them. */
function lie(statistics: JsonObject, faults: readonly Fault[]): JsonObject {
  let out = statistics;
  for (const fault of faults) {
    if (fault.kind !== "dry-run") continue;
    const claims: unknown = JSON.parse(
      JSON.stringify({
        statementType: fault.statementType,
        referencedTables: fault.referencedTables,
        schema: fault.schema === undefined ? undefined : { fields: fault.schema },
        totalBytesProcessed: fault.totalBytesProcessed,
      }),
    );
    if (isObject(claims)) out = { ...out, ...claims };
  }
  return out;
}

async function listJobs({ catalog, jobs, misbehaviour }: Context, request: Request): Promise<void> {
  const faults = misbehaviour.strike("list");
  if (await preempted(request.response, faults)) return;
  catalog.requireProject(part(request, 0));
  const states = request.query.getAll("stateFilter").map((s) => s.toUpperCase());
  const parent = request.query.get("parentJobId") ?? undefined;
  const since = numberParameter(request.query, "minCreationTime") ?? 0;
  const listed = faults.some(({ kind }) => kind === "unlisted") ? [] : jobs.list(part(request, 0), parent);
  const all = listed.filter((job) => job.created >= since && (states.length === 0 || states.includes(job.state)));
  const { items, next } = page(all, request.query);
  // https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/list#Projection: `minimal`, the default, has no configuration.
  const full = request.query.get("projection")?.toLowerCase() === "full";
  const list = items.map((job) => {
    const { configuration, ...rest } = jobJson(job);
    return { ...rest, ...(full ? { configuration } : {}), state: job.state };
  });
  sendJson(request.response, { kind: "bigquery#jobList", etag: etag(list), ...next, jobs: list });
}

function getJob({ jobs }: Context, request: Request): void {
  sendJson(request.response, jobJson(jobs.get(part(request, 0), part(request, 1))));
}

function cancelJob({ jobs }: Context, request: Request): void {
  const job = jobs.get(part(request, 0), part(request, 1));
  jobs.cancel(job);
  sendJson(request.response, { kind: "bigquery#jobCancelResponse", job: jobJson(job) });
}

/** jobs.query: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query */
async function query(context: Context, request: Request): Promise<void> {
  const projectId = part(request, 0);
  const { body, response } = request;
  if (booleanAt(body, "dryRun") === true) {
    if (booleanAt(body, "useLegacySql") !== false)
      throw new WarehouseError("invalid", "Legacy SQL is not supported: set useLegacySql to false");
    const faults = context.misbehaviour.strike("dryRun");
    if (await preempted(response, faults)) return;
    const statistics = lie(queryStatistics(await context.jobs.analyse(projectId, configurationOf(body)), true), faults);
    sendJson(response, {
      kind: "bigquery#queryResponse",
      schema: statistics.schema,
      jobReference: { projectId, location: stringAt(body, "location") ?? LOCATION },
      totalBytesProcessed: statistics.totalBytesProcessed,
      jobComplete: true,
      cacheHit: false,
    });
    return;
  }
  if (await preempted(response, context.misbehaviour.strike("insert"))) return;
  const job = context.jobs.query(projectId, body);
  await answerWithRows(context, request, job, {
    kind: "bigquery#queryResponse",
    timeout: numberAt(body, "timeoutMs"),
    maxResults: numberAt(body, "maxResults"),
    start: 0,
    timestamps: timestampOutput(objectAt(body, "formatOptions")),
    target: "query",
  });
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults */
async function getQueryResults(context: Context, request: Request): Promise<void> {
  const job = context.jobs.get(part(request, 0), part(request, 1));
  const parameters = request.query;
  await answerWithRows(context, request, job, {
    kind: "bigquery#getQueryResultsResponse",
    timeout: numberParameter(parameters, "timeoutMs"),
    maxResults: numberParameter(parameters, "maxResults"),
    start: startOf(parameters, resultOwner(job)),
    timestamps: timestampParameter(parameters),
    target: "results",
  });
}

interface Page {
  readonly kind: string;
  readonly timeout: number | undefined;
  readonly maxResults: number | undefined;
  readonly start: number;
  readonly timestamps: TimestampOutput;
  readonly target: "query" | "results";
}

async function answerWithRows(context: Context, request: Request, job: Job, wanted: Page): Promise<void> {
  const reference = { projectId: job.projectId, jobId: job.jobId, location: job.location };
  const keep = fieldMask(request.query);
  const results = wanted.target === "results";
  if (!(await context.jobs.wait(job, wanted.timeout ?? DEFAULT_TIMEOUT))) {
    const etags = results ? { etag: etag([job.jobId, job.state]) } : {};
    sendJson(request.response, { kind: wanted.kind, ...etags, jobReference: reference, jobComplete: false });
    return;
  }
  if (job.error) throw new WarehouseError(job.error.reason, job.error.message, job.error.location);
  const faults = context.misbehaviour.strike(wanted.target);
  const result = job.result;
  const count = result ? pageRows(result.fields, result.totalRows, wanted.start, wanted.maxResults) : 0;
  const next = wanted.start + count;
  const more = result !== undefined && next < result.totalRows;
  await sendRows(
    request.response,
    {
      head: {
        kind: wanted.kind,
        ...(results ? { etag: etag([job.jobId, wanted.start, count]) } : {}),
        jobReference: reference,
        ...(result ? { totalRows: String(result.totalRows) } : {}),
        ...(more ? { pageToken: pageToken(resultOwner(job), next) } : {}),
      },
      fields: result?.fields,
      rows:
        result && count > 0
          ? (write) =>
              context.writePage(
                context.engine,
                {
                  duckName: result.duckName,
                  fields: result.fields,
                  start: wanted.start,
                  count,
                  timestamps: wanted.timestamps,
                },
                write,
              )
          : undefined,
      tail: {
        totalBytesProcessed: String(job.analysis?.totalBytesProcessed ?? 0),
        jobComplete: true,
        cacheHit: false,
        ...(job.dml === undefined ? {} : { numDmlAffectedRows: affectedRows(job.dml) }),
      },
    },
    faults,
    keep,
  );
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list */
async function listTableData(context: Context, request: Request): Promise<void> {
  const table = tableOf(context, request);
  const { projectId, datasetId, tableId } = table.tableReference;
  const id = `${projectId}.${datasetId}.${tableId}`;
  const parameters = request.query;
  const fields = selectFields(table.schema.fields, parameters.get("selectedFields"));
  const start = startOf(parameters, id);
  const count = pageRows(fields, table.numRows, start, numberParameter(parameters, "maxResults"));
  const more = start + count < table.numRows;
  const gaps = await hasGaps(context.engine, table.duckName, table.numRows);
  const faults = context.misbehaviour.strike("tabledata");
  await sendRows(
    request.response,
    {
      head: {
        kind: "bigquery#tableDataList",
        etag: etag([id, table.modified, start, count]),
        totalRows: String(table.numRows),
        ...(more ? { pageToken: pageToken(id, start + count) } : {}),
      },
      fields: undefined,
      rows:
        count > 0
          ? (write) =>
              context.writePage(
                context.engine,
                { duckName: table.duckName, fields, start, count, timestamps: timestampParameter(parameters), gaps },
                write,
              )
          : undefined,
      tail: {},
    },
    faults,
    fieldMask(parameters),
  );
}

/** `selectedFields`: top-level names, in the table's order; nested selection is not supported. */
function selectFields(fields: readonly Field[], selected: string | null): readonly Field[] {
  if (selected === null || selected === "") return fields;
  const names = new Set(selected.split(",").map((name) => name.trim().toLowerCase()));
  const kept = fields.filter((f) => names.has(f.name.toLowerCase()));
  if (kept.length !== names.size)
    throw new WarehouseError("invalid", "Invalid selectedFields: no such field (nested ones are not supported)");
  return kept;
}

/** Rows on this page: as asked, within what a page may hold. */
function pageRows(fields: readonly Field[], total: number, start: number, maxResults: number | undefined): number {
  const perRow = fields.reduce((sum, field) => sum + estimatedText(field), 10);
  const fits = Math.max(1, Math.min(MAX_PAGE_ROWS, Math.floor(PAGE_BYTES / perRow)));
  return Math.max(0, Math.min(total - start, maxResults ?? fits, fits));
}

/** Characters one cell takes in JSON, roughly. */
function estimatedText(field: Field): number {
  const one =
    field.type === "RECORD"
      ? (field.fields ?? []).reduce((sum, f) => sum + estimatedText(f), 12)
      : field.type === "STRING"
        ? 24
        : 20;
  return field.mode === "REPEATED" ? one * 3 + 12 : one;
}

/** A result's page token is good for its job and for tabledata.list of its table, with which Java goes on. */
function resultOwner(job: Job): string {
  const { destination } = job;
  return destination === undefined
    ? job.jobId
    : `${destination.projectId}.${destination.datasetId}.${destination.tableId}`;
}

function pageToken(owner: string, at: number): string {
  return Buffer.from(JSON.stringify([owner, at])).toString("base64url");
}

/** Where a page begins: by `pageToken` (which must be of this job or table) or `startIndex`. */
function startOf(parameters: URLSearchParams, owner: string): number {
  const token = parameters.get("pageToken");
  if (token === null || token === "") return numberParameter(parameters, "startIndex") ?? 0;
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(value) && value[0] === owner && Number.isInteger(value[1])) return Number(value[1]);
  } catch {
    // Falls through to the refusal.
  }
  throw new WarehouseError("invalid", "Invalid page token", "pageToken");
}

function numberParameter(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text)) throw new WarehouseError("invalid", `Invalid value for ${name}`, name);
  return Number(text);
}

function timestampOutput(options: JsonObject): TimestampOutput {
  const output = stringAt(options, "timestampOutputFormat");
  if (output === "INT64" || output === "ISO8601_STRING" || output === "FLOAT64") return output;
  return booleanAt(options, "useInt64Timestamp") === true ? "INT64" : "FLOAT64";
}

function timestampParameter(parameters: URLSearchParams): TimestampOutput {
  const options: JsonObject = {};
  for (const name of ["timestampOutputFormat", "useInt64Timestamp"]) {
    const value = parameters.get(`formatOptions.${name}`);
    // Python writes True.
    if (value !== null) options[name] = /^true$/i.test(value) ? true : value;
  }
  return timestampOutput(options);
}

/** The top-level members `fields=a,b(c)` keeps. */
function fieldMask(parameters: URLSearchParams): ReadonlySet<string> | undefined {
  const text = parameters.get("fields");
  if (text === null || text === "" || text === "*") return undefined;
  const flat = text.replaceAll(/\([^()]*\)/g, "");
  return new Set(flat.split(",").map((name) => name.split("/")[0]?.trim() ?? ""));
}
