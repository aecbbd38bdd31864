/** Query jobs: PENDING → RUNNING → DONE, each with a result table of its own so that paging is stable. */
import { randomUUID } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Catalog } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import { type ErrorProto, fromDuckDb, WarehouseError } from "./errors.ts";
import { billedBytes } from "./job-json.ts";
import { arrayAt, booleanAt, isObject, type JsonObject, numberAt, objectAt, stringAt } from "./rest/json.ts";
import { prepare } from "./run/prepare.ts";
import type { PreparedQuery } from "./run/query.ts";
import { Session } from "./run/session.ts";
import type { Analysis, DmlStats, Outcome, Prepared, Result } from "./run/statement.ts";
import { type Token, tokenize } from "./sql/lexer.ts";
import type { TableReference } from "./sql/names.ts";
import { parameterText, withParameters } from "./sql/parameters.ts";
import { isSymbol, splitAt, syntaxError } from "./sql/tokens.ts";
import type { Field } from "./sql/types.ts";

/** Jobs remembered; the oldest finished ones go first, with their results. */
const MAX_JOBS = 1000;
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
  result: Result | undefined;
  destination: TableReference | undefined;
  dml: DmlStats | undefined;
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
  readonly #reusable = new Map<string, Result>();
  /** The end of the last write: they go one after the other. */
  #lastWrite: Promise<unknown> = Promise.resolve();

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
    return this.#engine.use(async (connection) => {
      const { session, statements } = this.#open(projectId, configuration, "dry_run", connection);
      return (await prepareOne(session, statements)).analysis;
    });
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
      dml: undefined,
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

  /** The statements of a query, and a session to run them in. */
  #open(projectId: string, configuration: JsonObject, id: string, connection: DuckDBConnection): Opened {
    const query = objectAt(configuration, "query");
    const text = stringAt(query, "query");
    if (text === undefined || text === "")
      throw new WarehouseError("required", "Required parameter is missing: query", "query");
    const fallback = objectAt(query, "defaultDataset");
    const datasetId = stringAt(fallback, "datasetId");
    const parameter = parameterText(arrayAt(query, "queryParameters"), stringAt(query, "parameterMode"));
    const tokens = withParameters(tokenize(text), parameter);
    const session = new Session(connection, this.#engine, this.#catalog, {
      projectId,
      defaultDataset:
        datasetId === undefined ? undefined : { projectId: stringAt(fallback, "projectId") ?? projectId, datasetId },
      id,
      script: false,
    });
    const statements = splitAt(tokens, (token) => isSymbol(token, ";")).map((piece) => ({ tokens: piece, text }));
    return { session, statements };
  }

  async #run(job: Job): Promise<void> {
    const handle = this.#handles.get(job);
    await this.#engine.use(async (connection) => {
      // An interrupt before DuckDB has begun is lost, so a cancelled job is interrupted until it ends.
      const interrupt = setInterval(() => {
        if (handle?.cancelled) connection.interrupt();
      }, 20);
      if (handle) handle.connection = connection;
      try {
        const { session, statements } = this.#open(job.projectId, job.configuration, job.jobId, connection);
        await this.#runPrepared(job, await prepareOne(session, statements));
      } finally {
        clearInterval(interrupt);
        if (handle) handle.connection = undefined;
      }
    });
  }

  async #runPrepared(job: Job, prepared: Prepared | PreparedQuery): Promise<void> {
    const { analysis } = prepared;
    job.analysis = analysis;
    const query = objectAt(job.configuration, "query");
    const limit = numberAt(query, "maximumBytesBilled");
    if (limit !== undefined && limit > 0 && billedBytes(analysis) > limit) {
      throw new WarehouseError(
        "bytesBilledLimitExceeded",
        `Query exceeded limit for bytes billed: ${limit}. ${billedBytes(analysis)} or higher required.`,
      );
    }
    if (!("sql" in prepared)) {
      const { dml, destination } = await this.#exclusively(() => prepared.run());
      job.dml = dml;
      job.destination = destination;
      return;
    }
    const known = this.#hooks.reuseResults ? this.#reusable.get(prepared.sql) : undefined;
    if (known) {
      job.result = known;
      return;
    }
    if (this.#handles.get(job)?.cancelled)
      throw new WarehouseError("stopped", "Job execution was cancelled: User requested cancellation");
    const { result } = await prepared.run();
    if (result === undefined) return;
    await this.#keepResult(job, query, result.duckName, [...result.fields], result.totalRows);
    if (this.#hooks.reuseResults && job.result) this.#reusable.set(prepared.sql, job.result);
  }

  /** Runs a write after those before it. */
  async #exclusively(work: () => Promise<Outcome>): Promise<Outcome> {
    const turn = this.#lastWrite.then(work, work);
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
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
  ): Promise<void> {
    if (reference.datasetId.startsWith("_")) this.#catalog.ensureDataset(reference.projectId, reference.datasetId);
    const existing = this.#catalog.find(reference);
    if (existing && disposition === "WRITE_EMPTY" && existing.numRows > 0) {
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

interface Statement {
  readonly tokens: readonly Token[];
  readonly text: string;
}

interface Opened {
  readonly session: Session;
  readonly statements: readonly Statement[];
}

async function prepareOne(session: Session, statements: readonly Statement[]): Promise<Prepared | PreparedQuery> {
  const [statement, ...others] = statements;
  if (statement === undefined) throw syntaxError(undefined);
  if (others.length > 0) throw new WarehouseError("invalidQuery", "Scripts are not supported by this warehouse");
  return prepare(session, statement.tokens, statement.text);
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
