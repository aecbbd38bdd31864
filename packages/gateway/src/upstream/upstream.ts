import type {
  ModelResource,
  RoutineName,
  RoutineResource,
  TableFieldSchema,
  TableName,
  TableResource,
} from "@chaperone/googlesql";
import type { UpstreamKind, UpstreamReason } from "./error.ts";

/**
 * BigQuery as the gateway uses it, over REST v2. Every promise rejects with UpstreamError and nothing else
 * (but for an `AbortError` when the caller's own signal fires); no text of BigQuery's messages comes through (I9).
 * https://cloud.google.com/bigquery/docs/reference/rest
 */
export interface Upstream {
  /** tables.get. `etag` of the copy at hand; undefined: there is no such table (or the gateway may not see it as one). */
  getTable(name: TableName, etag?: string): Promise<TableResource | "not-modified" | undefined>;
  getDataset(project: string, dataset: string): Promise<DatasetResource | undefined>;
  /** routines.get. undefined: there is no such routine (or the gateway may not see it as one). */
  getRoutine(name: RoutineName): Promise<RoutineResource | undefined>;
  /** models.get, of what a model gives. undefined: there is no such model (or the gateway may not see it as one). */
  getModel(name: string): Promise<ModelResource | undefined>;
  listDatasets(project: string, page?: ListPage): Promise<DatasetList>;
  /** undefined: no such dataset. */
  listTables(project: string, dataset: string, page?: ListPage): Promise<TableList | undefined>;
  /** undefined: no such dataset. */
  listRoutines(project: string, dataset: string, page?: ListPage): Promise<NameList | undefined>;
  /** undefined: no such dataset. */
  listModels(project: string, dataset: string, page?: ListPage): Promise<NameList | undefined>;
  /** jobs.insert with `dryRun`: what BigQuery says about the statement; a refusal of the statement itself is a value, not an error. */
  dryRun(query: Query): Promise<DryRun | UpstreamRefusal>;
  /**
   * Starts a query under the job id given. Idempotent: when that id already runs this very statement, it answers that job.
   * Safe to call again after a crash.
   */
  insertQueryJob(query: QueryJob): Promise<Job>;
  /** Begins a load job whose rows follow, as lines of JSON; there is no job before the last piece. */
  beginLoad(load: LoadJob): Promise<LoadInPieces>;
  /** undefined: no such job. */
  getJob(job: JobReference): Promise<Job | undefined>;
  /** Asks for cancellation; the job may still finish. undefined: no such job. */
  cancelJob(job: JobReference): Promise<Job | undefined>;
  /** Waits up to `timeoutMs` for the job; no rows. A failed job rejects with its reason. */
  getQueryResults(
    job: JobReference,
    options: { readonly timeoutMs: number; readonly agent?: string; readonly signal?: AbortSignal },
  ): Promise<QueryResults>;
  /**
   * One page of a query's rows, as BigQuery writes it (jobs.getQueryResults). With `waitMs` it waits for the job so long; the answer says whether it is
   * complete. A failed job rejects with its reason.
   */
  streamQueryResults(job: JobReference, page: RowPage): Promise<RowStream>;
  /**
   * Runs a SELECT under a job id that BigQuery makes, and brings its first rows, in one call (jobs.query). It waits for the job up to `waitMs`; the answer
   * says which job it is, and whether it is complete. It isn't sent again once it may have been: where it fails, `jobOfLabel` knows whether there is a job. A
   * statement that failed rejects with its reason.
   */
  queryRows(query: FirstRowsQuery, page: FirstRowsPage): Promise<RowStream>;
  /**
   * The newest of the gateway's own jobs of this label since `since` (milliseconds since the epoch), but for `except`; undefined: there is none (jobs.list). Rejects with
   * `tooManyJobs` where there are more than are looked through.
   */
  jobOfLabel(asked: LabelledJob): Promise<JobReference | undefined>;
  /** One page of a table's rows (tabledata.list). */
  streamTableData(table: TableName, page: RowPage & { readonly selectedFields?: string }): Promise<RowStream>;
  /** Closes all connections; running calls get half of nothing: they reject. */
  close(): Promise<void>;
}

export interface JobReference {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
}

/** BigQuery's QueryParameter, passed as it is. */
export type QueryParameter = Readonly<Record<string, unknown>>;

export interface Query {
  /** The project the agent names; the connection's billing project replaces it as the job's own. */
  readonly project: string;
  readonly location: string;
  /** GoogleSQL, canonical (I2). */
  readonly sql: string;
  readonly parameters?: readonly QueryParameter[];
  readonly parameterMode?: "NAMED" | "POSITIONAL";
  readonly labels?: Readonly<Record<string, string>>;
  /** Bytes; the connection's own bound holds beside it. */
  readonly maximumBytesBilled?: number;
  readonly destinationTable?: TableReference;
  readonly createDisposition?: "CREATE_IF_NEEDED" | "CREATE_NEVER";
  readonly writeDisposition?: "WRITE_TRUNCATE" | "WRITE_APPEND" | "WRITE_EMPTY";
}

export interface QueryJob extends Query {
  /** `[A-Za-z0-9_-]`, at most 1,024; the gateway's own, never the agent's. */
  readonly jobId: string;
  readonly jobTimeoutMs: number;
  readonly priority?: "INTERACTIVE" | "BATCH";
}

/** What jobs.query takes: a query without a place for its result, and without an id of its own. */
export type FirstRowsQuery = Omit<Query, "destinationTable" | "createDisposition" | "writeDisposition"> & {
  readonly jobTimeoutMs: number;
};

export type FirstRowsPage = Pick<RowPage, "maxResults" | "formatOptions" | "agent" | "signal"> & {
  readonly waitMs: number;
};

export interface LabelledJob {
  /** As of Query. */
  readonly project: string;
  readonly location: string;
  readonly label: readonly [key: string, value: string];
  readonly since: number;
  /** A job's id. */
  readonly except?: string;
}

/** A load of newline-delimited JSON that the gateway wrote. */
export interface LoadJob {
  /** As of QueryJob. */
  readonly jobId: string;
  /** The project the agent names; the connection's billing project replaces it as the job's own. */
  readonly project: string;
  readonly location: string;
  readonly table: TableName;
  /** Of the table that is made; undefined: it is there, and keeps its own. */
  readonly schema: readonly TableFieldSchema[] | undefined;
  /** WRITE_TRUNCATE_DATA: its columns, and what is bound to them, stay. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad */
  readonly write: "WRITE_APPEND" | "WRITE_EMPTY" | "WRITE_TRUNCATE_DATA";
  readonly jobTimeoutMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface LoadInPieces {
  /** Resolves when BigQuery has the piece, whose length is a multiple of 256 KiB. */
  send(piece: Buffer, signal?: AbortSignal): Promise<void>;
  /** The last piece, of any length: makes the job, once. */
  finish(piece: Buffer, signal?: AbortSignal): Promise<Job>;
  /** There will be no last piece. */
  cancel(): Promise<void>;
}

export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

export interface DryRun {
  readonly outcome: "accepted";
  /** BigQuery's statementType; empty when it says none. */
  readonly statementType: string;
  /** Output columns in order; undefined for statements without a result. */
  readonly schema: readonly TableFieldSchema[] | undefined;
  /** Base tables; BigQuery may stop at 50. */
  readonly referencedTables: readonly TableName[];
  /** `project.dataset.routine`. */
  readonly referencedRoutines: readonly string[];
  readonly totalBytesProcessed: number;
  readonly totalBytesProcessedAccuracy: string | undefined;
  /** Names of parameters that the statement uses and the request lacks; a positional one counts as "". */
  readonly undeclaredParameters: readonly string[];
  readonly ddlTargetTable: TableName | undefined;
}

/** BigQuery would not run this statement. */
export interface UpstreamRefusal {
  readonly outcome: "refused";
  readonly kind: UpstreamKind;
  readonly reason: UpstreamReason;
  /** Ours, fixed for each reason. */
  readonly message: string;
}

export interface Job {
  readonly reference: JobReference;
  readonly state: "PENDING" | "RUNNING" | "DONE";
  /** Set when the job is DONE and failed. */
  readonly failure:
    | { readonly kind: UpstreamKind; readonly reason: UpstreamReason; readonly message: string }
    | undefined;
  readonly statementType: string | undefined;
  /** Where the result lies: an anonymous table, unless the query named one. */
  readonly destinationTable: TableName | undefined;
  readonly statistics: JobStatistics;
}

/** Times are milliseconds since the epoch; bytes and rows are counts. Show them to agents only bucketed or not at all (I9). */
export interface JobStatistics {
  readonly creationTime: number | undefined;
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly totalBytesProcessed: number | undefined;
  readonly totalBytesBilled: number | undefined;
  readonly totalSlotMs: number | undefined;
  readonly numDmlAffectedRows: number | undefined;
  readonly cacheHit: boolean | undefined;
  readonly referencedTables: readonly TableName[];
  /** Of a load job. */
  readonly outputRows: number | undefined;
}

export interface QueryResults {
  readonly complete: boolean;
  readonly schema: readonly TableFieldSchema[] | undefined;
  readonly totalRows: number | undefined;
  readonly totalBytesProcessed: number | undefined;
  readonly numDmlAffectedRows: number | undefined;
  readonly cacheHit: boolean | undefined;
}

export interface RowPage {
  /** Whose share of the connections it takes; those that name nobody have one together. */
  readonly agent?: string;
  /** How long BigQuery may hold the call while the job runs. */
  readonly waitMs?: number;
  readonly pageToken?: string;
  readonly startIndex?: number;
  readonly maxResults?: number;
  readonly formatOptions?: {
    readonly useInt64Timestamp?: boolean;
    readonly timestampOutputFormat?: "FLOAT64" | "INT64" | "ISO8601_STRING";
  };
  readonly signal?: AbortSignal;
}

/** An answer with status 200, JSON, identity encoding. */
export interface RowStream {
  readonly status: 200;
  /**
   * In pieces, each of which holds until the next is asked for; what isn't asked for isn't read but for one piece (backpressure). Read once. It throws UpstreamError when the answer
   * breaks off, stalls or grows past `pageBytes`; an end without error is the end of a complete HTTP message.
   */
  readonly body: AsyncIterable<Buffer>;
  /** All that `body` would give, where it is short and came with the head. It holds as long as it is wanted. */
  readonly whole?: Buffer;
  /** Drops the rest. Call it when the body isn't read to its end. */
  cancel(): void;
}

export interface ListPage {
  readonly pageToken?: string;
  readonly maxResults?: number;
}

export interface DatasetResource {
  readonly datasetReference: { readonly projectId: string; readonly datasetId: string };
  readonly location?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly etag?: string;
}

export interface DatasetList {
  readonly datasets: readonly DatasetResource[];
  readonly nextPageToken: string | undefined;
}

export interface TableList {
  readonly tables: readonly {
    readonly name: TableName;
    readonly type: string;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
  readonly nextPageToken: string | undefined;
}

/** Routines or models: no more than which there are. */
export interface NameList {
  readonly names: readonly { readonly id: string; readonly type: string }[];
  readonly nextPageToken: string | undefined;
}
