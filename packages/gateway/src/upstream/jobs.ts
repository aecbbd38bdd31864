import { reasonOf, UpstreamError } from "./error.ts";
import { isAt, isJob, parseTableName, printTableName } from "./names.ts";
import type { JobAnswer } from "./resources.ts";
import type {
  DryRun,
  FirstRowsPage,
  FirstRowsQuery,
  Job,
  JobReference,
  LoadJob,
  Query,
  QueryJob,
  UpstreamRefusal,
} from "./upstream.ts";

/** Jobs between our words and BigQuery's. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job */

interface JobBodyOptions {
  readonly projectId: string;
  readonly dryRun?: true;
  /** The connection's own bound. */
  readonly mostBytes: number;
}

/** The body of jobs.insert. The cache is always off: it would answer from before a policy changed. */
export function jobBody(query: Query | QueryJob, { projectId, dryRun, mostBytes }: JobBodyOptions): unknown {
  const jobId = "jobId" in query ? query.jobId : undefined;
  const bytes = Math.min(mostBytes, query.maximumBytesBilled ?? mostBytes);
  return {
    jobReference: { projectId, location: query.location, ...(dryRun || jobId === undefined ? {} : { jobId }) },
    configuration: {
      ...(dryRun ? { dryRun: true } : {}),
      ...("jobTimeoutMs" in query && !dryRun ? { jobTimeoutMs: String(query.jobTimeoutMs) } : {}),
      labels: query.labels ?? {},
      query: {
        query: query.sql,
        useLegacySql: false,
        useQueryCache: false,
        // A dry run bills nothing; the bound would hide how much the query needs.
        ...(dryRun ? {} : { maximumBytesBilled: String(bytes) }),
        ...(query.parameters === undefined || query.parameters.length === 0
          ? {}
          : { parameterMode: query.parameterMode ?? "NAMED", queryParameters: query.parameters }),
        ...(query.destinationTable === undefined ? {} : { destinationTable: query.destinationTable }),
        ...(query.createDisposition === undefined ? {} : { createDisposition: query.createDisposition }),
        ...(query.writeDisposition === undefined ? {} : { writeDisposition: query.writeDisposition }),
        ...("priority" in query ? { priority: query.priority } : {}),
      },
    },
  };
}

/**
 * The body of jobs.query, written. With a job, always: what runs must be found by its label and be cancelled (`JOB_CREATION_OPTIONAL` may make none).
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query#QueryRequest
 */
export function queryText(query: FirstRowsQuery, page: FirstRowsPage, mostBytes: number): string {
  const { parameters = [], parameterMode = "NAMED" } = query;
  const others = {
    location: query.location,
    useLegacySql: false,
    useQueryCache: false,
    jobCreationMode: "JOB_CREATION_REQUIRED",
    maximumBytesBilled: String(Math.min(mostBytes, query.maximumBytesBilled ?? mostBytes)),
    jobTimeoutMs: String(query.jobTimeoutMs),
    timeoutMs: page.waitMs,
    ...(page.maxResults === undefined ? {} : { maxResults: page.maxResults }),
    ...(page.formatOptions === undefined ? {} : { formatOptions: page.formatOptions }),
    labels: query.labels ?? {},
    ...(parameters.length === 0 ? {} : { parameterMode, queryParameters: parameters }),
  };
  if (query.sql !== lastSql) {
    lastWritten = JSON.stringify(query.sql);
    lastSql = query.sql;
  }
  return `{"query":${lastWritten},${JSON.stringify(others).slice(1)}`;
}

/** Many ask the same by turns: of the same string this is one comparison of places. In memory alone (I5). */
let lastSql = "";
let lastWritten = '""';

/** The job of an answer, which must be the one asked for. */
export function jobOf(answer: JobAnswer, reference: JobReference): Job {
  const { jobReference, status, configuration, statistics } = answer;
  if (!isJob(jobReference, reference)) throw new UpstreamError("mismatch", { httpStatus: 200 });
  if (status === undefined) throw new UpstreamError("unexpected", { httpStatus: 200 });
  const query = statistics?.query;
  const destination = configuration?.query?.destinationTable;
  return {
    reference,
    state: status.state,
    failure:
      status.state === "DONE" && status.errorResult !== undefined ? failureOf(status.errorResult.reason) : undefined,
    statementType: query?.statementType,
    destinationTable: destination === undefined ? undefined : printTableName(destination),
    statistics: {
      creationTime: statistics?.creationTime,
      startTime: statistics?.startTime,
      endTime: statistics?.endTime,
      totalBytesProcessed: query?.totalBytesProcessed ?? statistics?.totalBytesProcessed,
      totalBytesBilled: query?.totalBytesBilled,
      totalSlotMs: query?.totalSlotMs ?? statistics?.totalSlotMs,
      numDmlAffectedRows: query?.numDmlAffectedRows,
      cacheHit: query?.cacheHit,
      referencedTables: (query?.referencedTables ?? []).map(printTableName),
      outputRows: statistics?.load?.outputRows,
    },
  };
}

/** The body of jobs.insert for a load whose rows follow. What a row isn't as its table wants it was refused before: BigQuery leaves none out. */
export function loadBody(load: LoadJob, projectId: string): unknown {
  const { schema } = load;
  return {
    jobReference: { projectId, location: load.location, jobId: load.jobId },
    configuration: {
      jobTimeoutMs: String(load.jobTimeoutMs),
      labels: load.labels,
      load: {
        destinationTable: parseTableName(load.table),
        sourceFormat: "NEWLINE_DELIMITED_JSON",
        ...(schema === undefined ? {} : { schema: { fields: schema } }),
        createDisposition: schema === undefined ? "CREATE_NEVER" : "CREATE_IF_NEEDED",
        writeDisposition: load.write,
        autodetect: false,
        ignoreUnknownValues: false,
        maxBadRecords: 0,
      },
    },
  };
}

/** What a dry run says. Without query statistics it says nothing, and what isn't confirmed doesn't run (I2); elsewhere there are other tables. */
export function dryRunOf(answer: JobAnswer, location: string): DryRun | UpstreamRefusal {
  if (!isAt(answer.jobReference?.location, location)) throw new UpstreamError("mismatch", { httpStatus: 200 });
  if (answer.status?.errorResult !== undefined)
    return refusalOf(new UpstreamError(reasonOf(answer.status.errorResult.reason)));
  const query = answer.statistics?.query;
  if (query === undefined) throw new UpstreamError("unexpected", { httpStatus: 200 });
  return {
    outcome: "accepted",
    statementType: query.statementType ?? "",
    schema: query.schema === undefined ? undefined : (query.schema.fields ?? []),
    referencedTables: (query.referencedTables ?? []).map(printTableName),
    referencedRoutines: (query.referencedRoutines ?? []).map(
      ({ projectId, datasetId, routineId }) => `${projectId}.${datasetId}.${routineId}`,
    ),
    totalBytesProcessed: query.totalBytesProcessed ?? answer.statistics?.totalBytesProcessed ?? 0,
    totalBytesProcessedAccuracy: query.totalBytesProcessedAccuracy,
    undeclaredParameters: (query.undeclaredQueryParameters ?? []).map(({ name }) => name ?? ""),
    ddlTargetTable: query.ddlTargetTable === undefined ? undefined : printTableName(query.ddlTargetTable),
  };
}

/** Whether the error is BigQuery's answer about the statement, not about BigQuery or the way to it. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof UpstreamError &&
    error.httpStatus !== undefined &&
    error.httpStatus !== 401 &&
    (error.kind === "invalid" || error.kind === "denied" || error.kind === "not-found" || error.kind === "refused")
  );
}

export function refusalOf({ kind, reason, message }: UpstreamError): UpstreamRefusal {
  return { outcome: "refused", kind, reason, message };
}

function failureOf(reason: string | undefined): NonNullable<Job["failure"]> {
  const error = new UpstreamError(reasonOf(reason));
  return { kind: error.kind, reason: error.reason, message: error.message };
}
