import type { TableName } from "@chaperone/googlesql";
import { UpstreamError } from "./error.ts";
import type { JobReference, TableReference } from "./upstream.ts";

/**
 * Names become path segments of the upstream's URL. Whatever isn't a name BigQuery can have is refused here, so that no name
 * changes which resource is asked (`..`, `/`, `?`, `%2F`, `t$partition`, `t@time`).
 */
const PROJECT = /^(?:[a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{1,62}$/;
const DATASET = /^[A-Za-z0-9_]{1,1024}$/;
/** https://cloud.google.com/bigquery/docs/tables#table_naming */
const TABLE = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]{1,1024}$/u;
/** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#RoutineReference */
const ROUTINE = /^[A-Za-z0-9_]{1,256}$/;
const JOB = /^[A-Za-z0-9_-]{1,1024}$/;
const LOCATION = /^[A-Za-z0-9-]{1,64}$/;

function checked(name: string, pattern: RegExp): string {
  if (!pattern.test(name)) throw new UpstreamError("badName");
  return name;
}

export function projectPath(project: string): string {
  return `/projects/${encodeURIComponent(checked(project, PROJECT))}`;
}

export function datasetPath(project: string, dataset: string): string {
  return `${projectPath(project)}/datasets/${encodeURIComponent(checked(dataset, DATASET))}`;
}

export function tablePath({ projectId, datasetId, tableId }: TableReference): string {
  return `${datasetPath(projectId, datasetId)}/tables/${encodeURIComponent(checked(tableId, TABLE))}`;
}

export function routinePath({ projectId, datasetId, tableId }: TableReference): string {
  return `${datasetPath(projectId, datasetId)}/routines/${encodeURIComponent(checked(tableId, ROUTINE))}`;
}

export function modelPath({ projectId, datasetId, tableId }: TableReference): string {
  return `${datasetPath(projectId, datasetId)}/models/${encodeURIComponent(checked(tableId, TABLE))}`;
}

/** `projects/p/<collection>/<job>`. */
export function jobPath({ projectId, jobId, location }: JobReference, collection: "jobs" | "queries"): string {
  checked(location, LOCATION);
  return `${projectPath(projectId)}/${collection}/${encodeURIComponent(checked(jobId, JOB))}`;
}

export function checkJobReference(job: JobReference): JobReference {
  jobPath(job, "jobs");
  return job;
}

/**
 * Whether an answer's job is the one asked for. BigQuery knows a job by its location too, which it writes in its own case; an answer that says none says no
 * other. https://cloud.google.com/bigquery/docs/reference/rest/v2/JobReference
 */
export function isJob(answered: AnsweredJob | null | undefined, asked: JobReference): boolean {
  return (
    answered?.projectId === asked.projectId && answered.jobId === asked.jobId && isAt(answered.location, asked.location)
  );
}

/** As an answer names it, unchecked. */
export type AnsweredJob = { readonly [Part in keyof JobReference]?: unknown };

export function isAt(answered: unknown, location: string): boolean {
  return answered === undefined || (typeof answered === "string" && answered.toLowerCase() === location.toLowerCase());
}

/** The project of a domain may hold dots (`example.com:p.d.t`); dataset and table can't. */
export function parseTableName(name: TableName): TableReference {
  const parts = /^(.+)\.([^.]+)\.([^.]+)$/.exec(name);
  if (parts === null) throw new UpstreamError("badName");
  const [, projectId = "", datasetId = "", tableId = ""] = parts;
  return { projectId, datasetId, tableId };
}

export function printTableName({ projectId, datasetId, tableId }: TableReference): TableName {
  return `${projectId}.${datasetId}.${tableId}`;
}
