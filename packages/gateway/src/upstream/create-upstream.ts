import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { ConnectionConfig, UpstreamLimits } from "../config/index.ts";
import { DEFAULT_LIMITS } from "../config/index.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { ConnectionShares } from "./connection-shares.ts";
import { UpstreamError } from "./error.ts";
import { googleTokens } from "./google-tokens.ts";
import { dryRunOf, isRefusal, jobBody, jobOf, loadBody, queryText, refusalOf } from "./jobs.ts";
import { loadUploads } from "./load-pieces.ts";
import {
  checkJobReference,
  datasetPath,
  isJob,
  jobPath,
  modelPath,
  parseTableName,
  printTableName,
  projectPath,
  routinePath,
  tablePath,
} from "./names.ts";
import type { ObserveCall } from "./observed.ts";
import {
  cancelAnswer,
  datasetAnswer,
  datasetListAnswer,
  insertedAnswer,
  jobAnswer,
  jobListAnswer,
  MODEL_FIELDS,
  modelAnswer,
  modelListAnswer,
  resultsAnswer,
  routineAnswer,
  routineListAnswer,
  tableAnswer,
  tableListAnswer,
} from "./resources.ts";
import type { Call } from "./transport.ts";
import { createTransport } from "./transport.ts";
import type { Job, JobReference, LoadInPieces, RowPage, Upstream } from "./upstream.ts";

/** A job that isn't waited for, since too many are, is asked for after this. */
const ASK_AGAIN_MS = 2000;
/** Of a list of jobs, so many are looked through for one. */
const JOBS_PAGE = 200;
const MOST_JOB_PAGES = 10;
/** BigQuery's clock may be behind ours by so much. */
const CLOCKS_APART_MS = 60_000;

/** How long after it should have the answer to a call that waits for a job may come: then it isn't waited for any more. */
const AFTER_WAIT_MS = 1000;

export interface UpstreamOptions {
  readonly limits?: UpstreamLimits;
  /** Default: those of the connection's credentials. */
  readonly tokens?: AccessTokens;
  /** Jitter of retries, 0 ≤ x < 1. */
  readonly random?: () => number;
  /** For metrics: `metrics.upstream`. */
  readonly observe?: ObserveCall;
}

/** The BigQuery of one connection. */
export function createUpstream(
  connection: Pick<ConnectionConfig, "endpoint" | "credentials" | "billingProject" | "maximumBytesBilled">,
  {
    limits = DEFAULT_LIMITS.upstream,
    tokens = googleTokens(connection.credentials, limits),
    random = Math.random,
    observe = () => {},
  }: UpstreamOptions = {},
): Upstream {
  const transport = createTransport({ endpoint: connection.endpoint, limits, tokens, random, observe });
  /** Calls that wait for a job hold a connection for nothing: half of these. */
  const waits = new ConnectionShares(Math.ceil(limits.connections / 2));
  const uploads = loadUploads({ endpoint: connection.endpoint, limits, tokens, random, observe });

  async function get<Schema extends z.ZodType>(schema: Schema, call: Omit<Call, "method">): Promise<z.output<Schema>> {
    return parse(schema, await transport.json({ method: "GET", ...call }));
  }

  /** Jobs run, and are billed, in the connection's billing project if it has one. */
  const projectOf = (query: { readonly project: string }) => connection.billingProject ?? query.project;

  async function getJob(reference: JobReference) {
    const { location } = reference;
    const answer = await orUndefined(
      get(jobAnswer, { name: "jobs.get", path: jobPath(reference, "jobs"), query: { location } }),
    );
    return answer === undefined ? undefined : { answer, job: jobOf(answer, reference) };
  }

  return {
    async getTable(name, etag) {
      const reference = parseTableName(name);
      const answer = await orUndefined(
        transport.json({
          method: "GET",
          name: "tables.get",
          path: tablePath(reference),
          query: { view: "BASIC" },
          ...(etag === undefined ? {} : { ifNoneMatch: etag }),
        }),
        "missing" as const,
      );
      if (answer === "missing") return undefined;
      if (answer === undefined) return "not-modified";
      const { materializedView, view, ...table } = parse(tableAnswer, answer);
      if (printTableName(table.tableReference) !== name) throw new UpstreamError("mismatch", { httpStatus: 200 });
      const definition = view ?? materializedView;
      return definition === undefined ? table : { ...table, view: definition };
    },

    async getDataset(project, dataset) {
      const answer = await orUndefined(
        get(datasetAnswer, { name: "datasets.get", path: datasetPath(project, dataset) }),
      );
      if (answer === undefined) return undefined;
      const { projectId, datasetId } = answer.datasetReference;
      if (projectId !== project || datasetId !== dataset) throw new UpstreamError("mismatch", { httpStatus: 200 });
      return answer;
    },

    async getRoutine(name) {
      const reference = parseTableName(name);
      const answer = await orUndefined(get(routineAnswer, { name: "routines.get", path: routinePath(reference) }));
      if (answer === undefined) return undefined;
      const { projectId, datasetId, routineId } = answer.routineReference;
      if (`${projectId}.${datasetId}.${routineId}` !== name) throw new UpstreamError("mismatch", { httpStatus: 200 });
      return answer;
    },

    async getModel(name) {
      const reference = parseTableName(name);
      const path = modelPath(reference);
      const answer = await orUndefined(get(modelAnswer, { name: "models.get", path, query: { fields: MODEL_FIELDS } }));
      if (answer === undefined) return undefined;
      const { projectId, datasetId, modelId } = answer.modelReference;
      if (`${projectId}.${datasetId}.${modelId}` !== name) throw new UpstreamError("mismatch", { httpStatus: 200 });
      return answer;
    },

    async listDatasets(project, page = {}) {
      const answer = await get(datasetListAnswer, {
        name: "datasets.list",
        path: `${projectPath(project)}/datasets`,
        query: { ...page },
      });
      return { datasets: answer.datasets ?? [], nextPageToken: answer.nextPageToken };
    },

    async listTables(project, dataset, page = {}) {
      const answer = await orUndefined(
        get(tableListAnswer, {
          name: "tables.list",
          path: `${datasetPath(project, dataset)}/tables`,
          query: { ...page },
        }),
      );
      if (answer === undefined) return undefined;
      const tables = (answer.tables ?? []).map(({ tableReference, type = "TABLE", ...rest }) => ({
        name: printTableName(tableReference),
        type,
        ...rest,
      }));
      return { tables, nextPageToken: answer.nextPageToken };
    },

    async listRoutines(project, dataset, page = {}) {
      const path = `${datasetPath(project, dataset)}/routines`;
      const answer = await orUndefined(get(routineListAnswer, { name: "routines.list", path, query: { ...page } }));
      if (answer === undefined) return undefined;
      const { routines = [], nextPageToken } = answer;
      const own = routines.filter(({ routineReference: r }) => r.projectId === project && r.datasetId === dataset);
      const names = own.map(({ routineReference, routineType }) => ({
        id: routineReference.routineId,
        type: routineType,
      }));
      return { names, nextPageToken };
    },

    async listModels(project, dataset, page = {}) {
      const path = `${datasetPath(project, dataset)}/models`;
      const answer = await orUndefined(get(modelListAnswer, { name: "models.list", path, query: { ...page } }));
      if (answer === undefined) return undefined;
      const { models = [], nextPageToken } = answer;
      const own = models.filter(({ modelReference: m }) => m.projectId === project && m.datasetId === dataset);
      const names = own.map(({ modelReference, modelType }) => ({ id: modelReference.modelId, type: modelType ?? "" }));
      return { names, nextPageToken };
    },

    async dryRun(query) {
      try {
        const answer = await transport.json({
          method: "POST",
          name: "jobs.dryRun",
          path: `${projectPath(projectOf(query))}/jobs`,
          body: jobBody(query, { dryRun: true, projectId: projectOf(query), mostBytes: connection.maximumBytesBilled }),
          deadlineMs: limits.dryRunMs,
        });
        return dryRunOf(parse(jobAnswer, answer), query.location);
      } catch (error) {
        if (error instanceof UpstreamError && isRefusal(error)) return refusalOf(error);
        throw error;
      }
    },

    async insertQueryJob(query): Promise<Job> {
      const reference = checkJobReference({
        projectId: projectOf(query),
        jobId: query.jobId,
        location: query.location,
      });
      try {
        const answer = await transport.json({
          method: "POST",
          name: "jobs.insert",
          path: `${projectPath(reference.projectId)}/jobs`,
          body: jobBody(query, { projectId: reference.projectId, mostBytes: connection.maximumBytesBilled }),
        });
        return jobOf(parse(insertedAnswer, answer), reference);
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.httpStatus !== 409) throw error;
        // An earlier try, perhaps before a crash, got through. It must be this very statement (I2).
        const existing = await getJob(reference);
        if (existing === undefined) throw error;
        if (existing.answer.configuration?.query?.query !== query.sql)
          throw new UpstreamError("mismatch", { httpStatus: 409 });
        return existing.job;
      }
    },

    async beginLoad(load): Promise<LoadInPieces> {
      const reference = checkJobReference({ projectId: projectOf(load), jobId: load.jobId, location: load.location });
      tablePath(parseTableName(load.table));
      const pieces = await uploads.begin(projectPath(reference.projectId), loadBody(load, reference.projectId));
      return {
        send: pieces.send,
        cancel: pieces.cancel,
        async finish(piece, signal) {
          try {
            return jobOf(parse(jobAnswer, await pieces.finish(piece, signal)), reference);
          } catch (error) {
            if (!(error instanceof UpstreamError) || error.httpStatus !== 409) throw error;
            // An earlier try got through: the id is this session's own, and its table must be this one.
            const existing = await getJob(reference);
            const table = existing?.answer.configuration?.load?.destinationTable;
            if (existing === undefined || table === undefined) throw error;
            if (printTableName(table) !== load.table) throw new UpstreamError("mismatch", { httpStatus: 409 });
            return existing.job;
          }
        },
      };
    },

    async getJob(reference) {
      return (await getJob(reference))?.job;
    },

    async cancelJob(reference) {
      const answer = await orUndefined(
        transport.json({
          method: "POST",
          name: "jobs.cancel",
          path: `${jobPath(reference, "jobs")}/cancel`,
          query: { location: reference.location },
        }),
      );
      return answer === undefined ? undefined : jobOf(parse(cancelAnswer, answer).job, reference);
    },

    async getQueryResults(reference, { timeoutMs, agent = "", signal }) {
      const ask = (waitMs: number) =>
        get(resultsAnswer, {
          name: "jobs.getQueryResults",
          path: jobPath(reference, "queries"),
          query: { location: reference.location, maxResults: 0, timeoutMs: waitMs },
          holdMs: waitMs,
          ...(signal === undefined ? {} : { signal }),
        });
      const wait = waits.take(agent);
      const answer = await ask(wait === undefined ? 0 : timeoutMs).finally(wait);
      if (wait === undefined && !answer.jobComplete)
        await delay(Math.min(ASK_AGAIN_MS, timeoutMs), undefined, { ...(signal === undefined ? {} : { signal }) });
      if (!isJob(answer.jobReference, reference)) throw new UpstreamError("mismatch", { httpStatus: 200 });
      return {
        complete: answer.jobComplete,
        schema: answer.schema === undefined ? undefined : (answer.schema.fields ?? []),
        totalRows: answer.totalRows,
        totalBytesProcessed: answer.totalBytesProcessed,
        numDmlAffectedRows: answer.numDmlAffectedRows,
        cacheHit: answer.cacheHit,
      };
    },

    async streamQueryResults(reference, page) {
      return transport.rows({
        method: "GET",
        name: "jobs.getQueryResults.rows",
        path: jobPath(reference, "queries"),
        query: { location: reference.location, timeoutMs: page.waitMs, ...pageQuery(page) },
        ...(page.waitMs === undefined ? {} : { holdMs: page.waitMs, deadlineMs: AFTER_WAIT_MS }),
        ...(page.signal === undefined ? {} : { signal: page.signal }),
        ...(page.agent === undefined ? {} : { agent: page.agent }),
      });
    },

    async queryRows(query, page) {
      return transport.rows({
        method: "POST",
        name: "jobs.query",
        path: `${projectPath(projectOf(query))}/queries`,
        text: queryText(query, page, connection.maximumBytesBilled),
        once: true,
        holdMs: page.waitMs,
        ...(page.agent === undefined ? {} : { agent: page.agent }),
        ...(page.signal === undefined ? {} : { signal: page.signal }),
      });
    },

    async jobOfLabel({ label: [key, value], since, location, except, ...asked }) {
      const projectId = projectOf(asked);
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_JOB_PAGES; page++) {
        const answer = await get(jobListAnswer, {
          name: "jobs.list",
          path: `${projectPath(projectId)}/jobs`,
          // `full`: with their configuration, where labels stand. Jobs of other accounts aren't listed.
          query: { projection: "full", minCreationTime: since - CLOCKS_APART_MS, maxResults: JOBS_PAGE, pageToken },
        });
        const found = answer.jobs?.find(
          ({ configuration, jobReference }) => configuration?.labels?.[key] === value && jobReference.jobId !== except,
        );
        if (found !== undefined) {
          const { projectId: of, jobId } = found.jobReference;
          if (of !== projectId) throw new UpstreamError("mismatch", { httpStatus: 200 });
          return checkJobReference({ projectId, jobId, location });
        }
        pageToken = answer.nextPageToken;
        if (pageToken === undefined) return undefined;
      }
      throw new UpstreamError("tooManyJobs");
    },

    async streamTableData(table, page) {
      return transport.rows({
        method: "GET",
        name: "tabledata.list",
        path: `${tablePath(parseTableName(table))}/data`,
        query: { selectedFields: page.selectedFields, ...pageQuery(page) },
        ...(page.signal === undefined ? {} : { signal: page.signal }),
        ...(page.agent === undefined ? {} : { agent: page.agent }),
      });
    },

    async close() {
      await Promise.all([transport.close(), uploads.close()]);
    },
  };
}

function pageQuery({ pageToken, startIndex, maxResults, formatOptions }: RowPage): NonNullable<Call["query"]> {
  return {
    pageToken,
    startIndex,
    maxResults,
    "formatOptions.useInt64Timestamp": formatOptions?.useInt64Timestamp,
    "formatOptions.timestampOutputFormat": formatOptions?.timestampOutputFormat,
  };
}

/** The answer in its known shape. Also what nests too deep to be looked through is no answer. */
function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  try {
    return schema.parse(answer);
  } catch {
    throw new UpstreamError("unexpected", { httpStatus: 200 });
  }
}

/** What isn't there is no error: undefined (or `missing`) instead. */
async function orUndefined<T, Missing = undefined>(answer: Promise<T>, missing?: Missing): Promise<T | Missing> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof UpstreamError && error.kind === "not-found") return missing as Missing;
    throw error;
  }
}
