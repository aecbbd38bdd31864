/** Query jobs: PENDING → RUNNING → DONE, each with a result table of its own so that paging is stable. */
import { randomUUID } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type Catalog, fieldJson, tableBytes } from "./catalog.ts";
import type { ColumnShape, Engine } from "./engine.ts";
import { type ErrorProto, fromDuckDb, WarehouseError } from "./errors.ts";
import { arrayAt, booleanAt, isObject, type JsonObject, numberAt, objectAt, stringAt } from "./rest/json.ts";
import { parameterText } from "./sql/parameters.ts";
import { type TableReference, type Translation, translate } from "./sql/translate.ts";
import { type Field, fieldOf, quoteIdentifier } from "./sql/types.ts";

/** Jobs remembered; the oldest finished ones go first, with their results. */
const MAX_JOBS = 1000;
const MEGABYTE = 1024 * 1024;
const MIN_BILLED = 10 * MEGABYTE;

/** What a query was found to be, before it runs. */
export interface Analysis {
  readonly statementType: string;
  readonly schema: readonly Field[];
  readonly referencedTables: readonly TableReference[];
  readonly totalBytesProcessed: number;
}

export interface Job {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
  readonly configuration: JsonObject;
  readonly created: number;
  started: number | undefined;
  ended: number | undefined;
  state: "PENDING" | "RUNNING" | "DONE";
  error: ErrorProto | undefined;
  analysis: Analysis | undefined;
  /** Where the rows are; undefined for statements without a result. */
  result: { readonly duckName: string; readonly fields: readonly Field[]; readonly totalRows: number } | undefined;
  destination: TableReference | undefined;
  dmlRows: number | undefined;
  readonly done: Promise<void>;
}

interface Handle {
  readonly finish: () => void;
  connection: DuckDBConnection | undefined;
  cancelled: boolean;
}

/** Called before a job starts and before it is answered: tests make it slow or failing. */
export interface JobHooks {
  readonly beforeRun?: (job: Job) => Promise<void>;
  /** Answers the same SELECT from the first one's result: for benchmarks, where tables don't change. */
  readonly reuseResults?: boolean;
}

export class Jobs {
  readonly #engine: Engine;
  readonly #catalog: Catalog;
  readonly #now: () => number;
  readonly #hooks: JobHooks;
  readonly #jobs = new Map<string, Job>();
  readonly #handles = new Map<Job, Handle>();
  readonly #byRequestId = new Map<string, Job>();
  readonly #reusable = new Map<string, NonNullable<Job["result"]>>();

  constructor(engine: Engine, catalog: Catalog, now: () => number, hooks: JobHooks) {
    this.#engine = engine;
    this.#catalog = catalog;
    this.#now = now;
    this.#hooks = hooks;
  }

  get(projectId: string, jobId: string): Job {
    const job = this.#jobs.get(`${projectId}:${jobId}`);
    if (!job) throw new WarehouseError("notFound", `Not found: Job ${projectId}:${jobId}`);
    return job;
  }

  list(projectId: string): Job[] {
    return [...this.#jobs.values()].filter((job) => job.projectId === projectId).toReversed();
  }

  /** jobs.insert of a query job. Answers while the job is PENDING. */
  insert(projectId: string, body: JsonObject): Job {
    const configuration = objectAt(body, "configuration");
    if (!isObject(configuration.query))
      throw new WarehouseError("invalid", "Only query jobs are supported by this warehouse");
    refuseLegacy(objectAt(configuration, "query"));
    const reference = objectAt(body, "jobReference");
    return this.#start(projectId, configuration, stringAt(reference, "jobId"), stringAt(reference, "location"));
  }

  /** jobs.query: the same job for the same requestId. */
  query(projectId: string, body: JsonObject): Job {
    refuseLegacy(body);
    const requestId = stringAt(body, "requestId");
    const known = requestId === undefined ? undefined : this.#byRequestId.get(`${projectId}:${requestId}`);
    if (known) return known;
    const job = this.#start(projectId, configurationOf(body), undefined, stringAt(body, "location"));
    if (requestId !== undefined) this.#byRequestId.set(`${projectId}:${requestId}`, job);
    return job;
  }

  /** What the query is, without running it. Throws BigQuery's error for what doesn't analyse. */
  async analyse(projectId: string, configuration: JsonObject): Promise<Analysis> {
    this.#catalog.requireProject(projectId);
    return (await this.#analyse(projectId, configuration)).analysis;
  }

  cancel(job: Job): void {
    const handle = this.#handles.get(job);
    if (!handle || job.state === "DONE") return;
    handle.cancelled = true;
    handle.connection?.interrupt();
    if (job.state === "PENDING")
      this.#end(job, new WarehouseError("stopped", "Job execution was cancelled: User requested cancellation"));
  }

  /** Waits until the job is done or the time is up; whether it is done. */
  async wait(job: Job, milliseconds: number): Promise<boolean> {
    if (job.state === "DONE") return true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, milliseconds));
    });
    await Promise.race([job.done, timeout]);
    clearTimeout(timer);
    return isDone(job);
  }

  #start(projectId: string, configuration: JsonObject, givenId: string | undefined, location: string | undefined): Job {
    this.#catalog.requireProject(projectId);
    const jobId = givenId ?? `job_${randomUUID().replaceAll("-", "")}`;
    if (!/^[A-Za-z0-9_-]{1,1024}$/.test(jobId)) throw new WarehouseError("invalid", `Invalid job ID "${jobId}"`);
    const key = `${projectId}:${jobId}`;
    if (this.#jobs.has(key))
      throw new WarehouseError("duplicate", `Already Exists: Job ${projectId}:${location ?? "US"}.${jobId}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const job: Job = {
      projectId,
      jobId,
      location: location ?? "US",
      configuration,
      created: this.#now(),
      started: undefined,
      ended: undefined,
      state: "PENDING",
      error: undefined,
      analysis: undefined,
      result: undefined,
      destination: undefined,
      dmlRows: undefined,
      done: promise,
    };
    this.#jobs.set(key, job);
    this.#handles.set(job, { finish: resolve, connection: undefined, cancelled: false });
    this.#forget();
    setImmediate(() => {
      void this.#execute(job);
    });
    return job;
  }

  async #execute(job: Job): Promise<void> {
    try {
      await this.#hooks.beforeRun?.(job);
      if (isDone(job)) return;
      job.state = "RUNNING";
      job.started = this.#now();
      await this.#run(job);
      this.#end(job, undefined);
    } catch (error) {
      if (!isDone(job)) this.#end(job, fromDuckDb(error));
    }
  }

  async #analyse(
    projectId: string,
    configuration: JsonObject,
  ): Promise<{ analysis: Analysis; translation: Translation; columns: ColumnShape[] }> {
    const query = objectAt(configuration, "query");
    const text = stringAt(query, "query");
    if (text === undefined || text === "")
      throw new WarehouseError("required", "Required parameter is missing: query", "query");
    const fallback = objectAt(query, "defaultDataset");
    const datasetId = stringAt(fallback, "datasetId");
    const translation = translate(text, {
      projectId,
      ...(datasetId === undefined
        ? {}
        : { defaultDataset: { projectId: stringAt(fallback, "projectId") ?? projectId, datasetId } }),
      parameter: parameterText(arrayAt(query, "queryParameters"), stringAt(query, "parameterMode")),
      resolve: (reference) => this.#catalog.table(reference).duckName,
    });
    const columns = await this.#engine.describe(translation.sql);
    const fields = columns.map((column) => fieldOf(column.name, column.type));
    refuseDuplicateNames(fields);
    const bytes = translation.referencedTables.reduce(
      (sum, reference) => sum + tableBytes(this.#catalog.table(reference)),
      0,
    );
    return {
      analysis: {
        statementType: translation.statementType,
        schema: translation.statementType === "INSERT" ? [] : fields,
        referencedTables: translation.referencedTables,
        totalBytesProcessed: bytes,
      },
      translation,
      columns,
    };
  }

  async #run(job: Job): Promise<void> {
    const { analysis, translation, columns } = await this.#analyse(job.projectId, job.configuration);
    job.analysis = analysis;
    const query = objectAt(job.configuration, "query");
    const limit = numberAt(query, "maximumBytesBilled");
    if (limit !== undefined && limit > 0 && billedBytes(analysis) > limit) {
      throw new WarehouseError(
        "bytesBilledLimitExceeded",
        `Query exceeded limit for bytes billed: ${limit}. ${billedBytes(analysis)} or higher required.`,
      );
    }
    const known = translation.statementType === "SELECT" ? this.#reusable.get(translation.sql) : undefined;
    if (known) {
      job.result = known;
      return;
    }
    const handle = this.#handles.get(job);
    const duckName = this.#catalog.freshName("results");
    await this.#engine.use(async (connection) => {
      // An interrupt before DuckDB has begun is lost, so a cancelled job is interrupted until it ends.
      const interrupt = setInterval(() => {
        if (handle?.cancelled) connection.interrupt();
      }, 20);
      if (handle) handle.connection = connection;
      try {
        if (handle?.cancelled)
          throw new WarehouseError("stopped", "Job execution was cancelled: User requested cancellation");
        await connection.run(`CREATE TABLE ${duckName} AS ${translation.sql}`);
      } finally {
        clearInterval(interrupt);
        if (handle) handle.connection = undefined;
      }
    });
    const counted = (await this.#engine.run(`SELECT count(*) FROM ${duckName}`)).getRows();
    const totalRows = Number((await counted)[0]?.[0] ?? 0);
    const fields = columns.map((column) => fieldOf(column.name, column.type));
    if (translation.statementType === "INSERT") await this.#insertRows(job, translation, duckName, totalRows);
    else if (translation.target)
      await this.#createFrom(
        job,
        translation.target.table,
        translation.target.replace ? "WRITE_TRUNCATE" : "WRITE_EMPTY",
        duckName,
        fields,
        totalRows,
        true,
      );
    else {
      await this.#keepResult(job, query, duckName, fields, totalRows);
      if (this.#hooks.reuseResults && job.result) this.#reusable.set(translation.sql, job.result);
    }
  }

  async #keepResult(job: Job, query: JsonObject, duckName: string, fields: Field[], totalRows: number): Promise<void> {
    const given = objectAt(query, "destinationTable");
    const tableId = stringAt(given, "tableId");
    job.result = { duckName, fields, totalRows };
    if (tableId === undefined) {
      const reference = {
        projectId: job.projectId,
        datasetId: anonymousDataset(job.projectId),
        tableId: `anon${randomUUID().replaceAll("-", "")}`,
      };
      this.#catalog.ensureDataset(reference.projectId, reference.datasetId);
      this.#catalog.register({ tableReference: reference, schema: { fields } }, duckName, totalRows, true);
      job.destination = reference;
      return;
    }
    const reference = {
      projectId: stringAt(given, "projectId") ?? job.projectId,
      datasetId: stringAt(given, "datasetId") ?? "",
      tableId,
    };
    await this.#createFrom(
      job,
      reference,
      stringAt(query, "writeDisposition") ?? "WRITE_EMPTY",
      duckName,
      fields,
      totalRows,
      false,
    );
  }

  /** Puts a result under a name. */
  async #createFrom(
    job: Job,
    reference: TableReference,
    disposition: string,
    duckName: string,
    fields: Field[],
    totalRows: number,
    mustBeNew: boolean,
  ): Promise<void> {
    if (reference.datasetId.startsWith("_")) this.#catalog.ensureDataset(reference.projectId, reference.datasetId);
    const existing = this.#catalog.find(reference);
    if (existing && disposition === "WRITE_EMPTY" && (mustBeNew || existing.numRows > 0)) {
      throw new WarehouseError(
        "duplicate",
        `Already Exists: Table ${reference.projectId}:${reference.datasetId}.${reference.tableId}`,
      );
    }
    job.destination = reference;
    if (existing && disposition === "WRITE_APPEND") {
      await this.#engine.run(`INSERT INTO ${existing.duckName} BY NAME SELECT * FROM ${duckName}`);
      existing.numRows += totalRows;
      existing.modified = this.#now();
      return;
    }
    // A copy: the job's own result stays as it is when the table changes later.
    const copy = this.#catalog.freshName("data");
    await this.#engine.run(`CREATE TABLE ${copy} AS SELECT * FROM ${duckName} ORDER BY rowid`);
    this.#catalog.register({ tableReference: reference, schema: { fields } }, copy, totalRows, false);
  }

  async #insertRows(job: Job, translation: Translation, duckName: string, totalRows: number): Promise<void> {
    const target = translation.target;
    if (!target) return;
    const table = this.#catalog.table(target.table);
    const columns = target.columns.length > 0 ? target.columns : table.schema.fields.map((f) => f.name);
    await this.#engine.run(
      `INSERT INTO ${table.duckName} (${columns.map(quoteIdentifier).join(", ")}) SELECT * FROM ${duckName} ORDER BY rowid`,
    );
    await this.#engine.run(`DROP TABLE ${duckName}`);
    table.numRows += totalRows;
    table.modified = this.#now();
    job.dmlRows = totalRows;
    job.destination = target.table;
  }

  #end(job: Job, error: WarehouseError | undefined): void {
    job.state = "DONE";
    job.ended = this.#now();
    job.started ??= job.ended;
    if (error) {
      job.error = error.proto;
      job.result = undefined;
    }
    this.#handles.get(job)?.finish();
    this.#handles.delete(job);
  }

  #forget(): void {
    for (const [key, job] of this.#jobs) {
      if (this.#jobs.size <= MAX_JOBS) return;
      if (job.state !== "DONE") continue;
      this.#jobs.delete(key);
      for (const [requestId, known] of this.#byRequestId) if (known === job) this.#byRequestId.delete(requestId);
      if (job.result && !this.#hooks.reuseResults) {
        if (job.destination?.datasetId.startsWith("_anon")) this.#catalog.unregister(job.destination);
        void this.#engine.run(`DROP TABLE IF EXISTS ${job.result.duckName}`).catch(() => undefined);
      }
    }
  }
}

function isDone(job: Job): boolean {
  return job.state === "DONE";
}

/** BigQuery's hidden dataset for results; one a project here. */
function anonymousDataset(projectId: string): string {
  return `_anon${Buffer.from(projectId).toString("hex").slice(0, 32)}`;
}

/** REST's default is legacy SQL: only an explicit `false` is taken. */
function refuseLegacy(query: JsonObject): void {
  if (booleanAt(query, "useLegacySql") !== false) {
    throw new WarehouseError("invalid", "Legacy SQL is not supported: set useLegacySql to false", "useLegacySql");
  }
  if (booleanAt(query, "createSession") === true || arrayAt(query, "connectionProperties").length > 0) {
    throw new WarehouseError("invalid", "Sessions are not supported by this warehouse");
  }
}

/** The JobConfiguration a jobs.query body amounts to. */
export function configurationOf(body: JsonObject): JsonObject {
  const query: JsonObject = {};
  for (const key of [
    "query",
    "useLegacySql",
    "defaultDataset",
    "queryParameters",
    "parameterMode",
    "maximumBytesBilled",
    "useQueryCache",
    "destinationTable",
    "writeDisposition",
  ]) {
    if (body[key] !== undefined) query[key] = body[key];
  }
  return { query, ...(body.labels === undefined ? {} : { labels: body.labels }) };
}

function refuseDuplicateNames(fields: readonly Field[]): void {
  const seen = new Set<string>();
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (seen.has(name)) {
      throw new WarehouseError(
        "invalidQuery",
        `Duplicate column names in the result are not supported. Found duplicate(s): ${field.name}`,
      );
    }
    seen.add(name);
  }
}

function billedBytes(analysis: Analysis): number {
  const floor = analysis.referencedTables.length * MIN_BILLED;
  return Math.max(floor, Math.ceil(analysis.totalBytesProcessed / MEGABYTE) * MEGABYTE);
}

/** `statistics.query` of a job or a dry run. */
export function queryStatistics(analysis: Analysis, dryRun: boolean): JsonObject {
  return {
    totalBytesProcessed: String(analysis.totalBytesProcessed),
    totalBytesBilled: dryRun ? "0" : String(billedBytes(analysis)),
    cacheHit: false,
    statementType: analysis.statementType,
    referencedTables: analysis.referencedTables.map((reference) => ({ ...reference })),
    ...(dryRun ? { schema: { fields: analysis.schema.map(fieldJson) }, totalBytesProcessedAccuracy: "PRECISE" } : {}),
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
    configuration: {
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
      ...(job.started === undefined ? {} : { startTime: String(job.started) }),
      ...(job.ended === undefined ? {} : { endTime: String(job.ended) }),
      ...(analysis && job.state === "DONE" && !job.error
        ? {
            totalBytesProcessed: String(analysis.totalBytesProcessed),
            query: {
              ...queryStatistics(analysis, false),
              ...(job.dmlRows === undefined
                ? {}
                : { numDmlAffectedRows: String(job.dmlRows), dmlStats: { insertedRowCount: String(job.dmlRows) } }),
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
