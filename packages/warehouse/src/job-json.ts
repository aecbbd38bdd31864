/** Jobs as the REST API shows them. */
import { fieldJson } from "./catalog.ts";
import type { Job } from "./jobs.ts";
import { type JsonObject, objectAt } from "./rest/json.ts";
import type { Analysis, DmlStats } from "./run/statement.ts";

const MEGABYTE = 1024 * 1024;
const MIN_BILLED = 10 * MEGABYTE;

/** What would be billed: at least ten megabytes a table. */
export function billedBytes(analysis: Analysis): number {
  const floor = analysis.referencedTables.length * MIN_BILLED;
  return Math.max(floor, Math.ceil(analysis.totalBytesProcessed / MEGABYTE) * MEGABYTE);
}

/** `statistics.query` of a job or a dry run: https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2 */
export function queryStatistics(analysis: Analysis, dryRun: boolean): JsonObject {
  return {
    totalBytesProcessed: String(analysis.totalBytesProcessed),
    totalBytesBilled: dryRun ? "0" : String(billedBytes(analysis)),
    cacheHit: false,
    statementType: analysis.statementType,
    ...(analysis.referencedTables.length === 0 && analysis.statementType !== "SELECT"
      ? {}
      : { referencedTables: analysis.referencedTables.map((reference) => ({ ...reference })) }),
    ...analysis.facts,
    ...(dryRun && analysis.schema ? { schema: { fields: analysis.schema.map(fieldJson) } } : {}),
    ...(dryRun ? { totalBytesProcessedAccuracy: "PRECISE" } : {}),
  };
}

/** Rows a DML statement changed, all together. */
export function affectedRows({ inserted, updated, deleted }: DmlStats): string {
  return String(inserted + updated + deleted);
}

function dmlStatistics(dml: DmlStats): JsonObject {
  return {
    numDmlAffectedRows: affectedRows(dml),
    dmlStats: {
      insertedRowCount: String(dml.inserted),
      deletedRowCount: String(dml.deleted),
      updatedRowCount: String(dml.updated),
    },
  };
}

/** `jobs.get`. */
export function jobJson(job: Job): JsonObject {
  const query = objectAt(job.configuration, "query");
  const analysis = job.analysis;
  return {
    kind: "bigquery#job",
    etag: `${job.jobId.slice(-16)}.${job.state}`,
    id: `${job.projectId}:${job.location}.${job.jobId}`,
    selfLink: `/bigquery/v2/projects/${job.projectId}/jobs/${job.jobId}?location=${job.location}`,
    user_email: "warehouse@example.com",
    configuration: job.load
      ? { ...job.configuration, jobType: "LOAD" }
      : {
          ...job.configuration,
          query: {
            ...query,
            ...(job.destination ? { destinationTable: { ...job.destination } } : {}),
            writeDisposition: query.writeDisposition ?? "WRITE_TRUNCATE",
            priority: "INTERACTIVE",
            useLegacySql: false,
          },
          jobType: "QUERY",
        },
    jobReference: { projectId: job.projectId, jobId: job.jobId, location: job.location },
    statistics: {
      creationTime: String(job.created),
      ...(job.parentJobId === undefined ? {} : { parentJobId: job.parentJobId }),
      ...(job.children === 0 ? {} : { numChildJobs: String(job.children) }),
      ...(job.frame === undefined
        ? {}
        : { scriptStatistics: { evaluationKind: "STATEMENT", stackFrames: [{ ...job.frame }] } }),
      ...(job.started === undefined ? {} : { startTime: String(job.started) }),
      ...(job.ended === undefined ? {} : { endTime: String(job.ended) }),
      ...(job.load?.rows === undefined
        ? {}
        : { load: { outputRows: String(job.load.rows), inputFileBytes: String(job.load.work.bytes) } }),
      ...(analysis && job.state === "DONE" && !job.error
        ? {
            totalBytesProcessed: String(analysis.totalBytesProcessed),
            query: {
              ...queryStatistics(analysis, false),
              ...(job.dml === undefined ? {} : dmlStatistics(job.dml)),
            },
            totalSlotMs: "0",
          }
        : {}),
    },
    status: {
      ...(job.error ? { errorResult: { ...job.error }, errors: [{ ...job.error }] } : {}),
      state: job.state,
    },
  };
}
