/** Query jobs: PENDING → RUNNING → DONE, each with a result table of its own so that paging is stable. */
import { randomUUID } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Catalog } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import { type ErrorProto, fromDuckDb, WarehouseError } from "./errors.ts";
import { billedBytes } from "./job-json.ts";
import { type LoadWork, loadWork } from "./load-job.ts";
import { arrayAt, booleanAt, isObject, type JsonObject, numberAt, objectAt, stringAt } from "./rest/json.ts";
import { prepare } from "./run/prepare.ts";
import type { PreparedQuery } from "./run/query.ts";
import { type Host, ScriptRun } from "./run/script.ts";
import { Session, type SessionOptions } from "./run/session.ts";
import type { Analysis, DmlStats, Outcome, Prepared, Result } from "./run/statement.ts";
import { type Token, tokenize } from "./sql/lexer.ts";
import type { TableReference } from "./sql/names.ts";
import { parameterText, withParameters } from "./sql/parameters.ts";
import { isScript, readScript, type Step } from "./sql/script.ts";
import { sourceText } from "./sql/source.ts";
import { syntaxError } from "./sql/tokens.ts";
import type { Field } from "./sql/types.ts";

/** Jobs remembered unless told otherwise. */
const JOBS_KEPT = 1000;

export interface Job {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
  readonly configuration: JsonObject;
  readonly created: number;
  /** The script's job, of a statement in it. */
  readonly parentJobId: string | undefined;
  /** ScriptStackFrame of a statement in a script. */
  readonly frame: JsonObject | undefined;
  children: number;
  started: number | undefined;
  ended: number | undefined;
  state: "PENDING" | "RUNNING" | "DONE";
  error: ErrorProto | undefined;
  analysis: Analysis | undefined;
  /** Where the rows are; undefined for statements without a result. */
  result: Result | undefined;
  destination: TableReference | undefined;
  dml: DmlStats | undefined;
  /** Of a load job: its rows, and how many were written. */
  load: { readonly work: LoadWork; rows: number | undefined } | undefined;
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
  /** Jobs remembered; the oldest finished ones go first, with their results. */
  readonly jobsKept?: number | undefined;
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

  /** The children of a script's job, or every job that is none's child; the newest first. */
  list(projectId: string, parentJobId: string | undefined): Job[] {
    return [...this.#jobs.values()]
      .filter((job) => job.projectId === projectId && job.parentJobId === parentJobId)
      .toReversed();
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

  /** A load job whose rows will come. Throws BigQuery's error for what can't be loaded here. */
  loading(projectId: string, body: JsonObject): LoadWork {
    this.#catalog.requireProject(projectId);
    return loadWork(this.#engine, this.#catalog, projectId, body);
  }

  /** The load job of rows that are all here. */
  load(projectId: string, body: JsonObject, work: LoadWork): Job {
    const reference = objectAt(body, "jobReference");
    const configuration = objectAt(body, "configuration");
    const job = this.#start(projectId, configuration, stringAt(reference, "jobId"), stringAt(reference, "location"));
    job.load = { work, rows: undefined };
    return job;
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
    const read = readQuery(projectId, configuration, "dry_run");
    if (read.options.script) return SCRIPT_ANALYSIS;
    return this.#engine.use(async (connection) => {
      const session = new Session(connection, this.#engine, this.#catalog, read.options);
      return (await prepareLast(session, read)).analysis;
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
    const job = this.#newJob(projectId, jobId, location ?? "US", configuration);
    setImmediate(() => {
      void this.#execute(job);
    });
    return job;
  }

  #newJob(
    projectId: string,
    jobId: string,
    location: string,
    configuration: JsonObject,
    child?: { readonly parentJobId: string; readonly frame: JsonObject },
  ): Job {
    const { promise, resolve } = Promise.withResolvers<void>();
    const job: Job = {
      projectId,
      jobId,
      location,
      configuration,
      created: this.#now(),
      parentJobId: child?.parentJobId,
      frame: child?.frame,
      children: 0,
      started: undefined,
      ended: undefined,
      state: "PENDING",
      error: undefined,
      analysis: undefined,
      result: undefined,
      destination: undefined,
      dml: undefined,
      load: undefined,
      done: promise,
    };
    this.#jobs.set(`${projectId}:${jobId}`, job);
    this.#handles.set(job, { finish: resolve, connection: undefined, cancelled: false });
    this.#forget();
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

  async #run(job: Job): Promise<void> {
    const { load } = job;
    if (load) {
      await this.#exclusively(async () => {
        load.rows = await load.work.run();
        return {};
      });
      return;
    }
    const read = readQuery(job.projectId, job.configuration, job.jobId);
    const handle = this.#handles.get(job);
    const work = async (connection: DuckDBConnection): Promise<void> => {
      // An interrupt before DuckDB has begun is lost, so a cancelled job is interrupted until it ends.
      const interrupt = setInterval(() => {
        if (handle?.cancelled) connection.interrupt();
      }, 20);
      if (handle) handle.connection = connection;
      try {
        const session = new Session(connection, this.#engine, this.#catalog, read.options);
        if (read.options.script) await this.#runScript(job, session, read);
        else await this.#runPrepared(job, await prepareLast(session, read));
      } finally {
        clearInterval(interrupt);
        if (handle) handle.connection = undefined;
      }
    };
    // What a script sets and makes for itself ends with its connection.
    await (read.options.script ? this.#engine.useFresh(work) : this.#engine.use(work));
  }

  async #runScript(job: Job, session: Session, { steps, text }: ReadQuery): Promise<void> {
    job.analysis = SCRIPT_ANALYSIS;
    const host: Host = {
      check: () => this.#refuseCancelled(job),
      run: (tokens, source) => this.#runChild(job, session, tokens, source),
    };
    await new ScriptRun(session, host, text).run(steps);
  }

  /** One statement of a script, as a job of its own. The last query's result is the script's. */
  async #runChild(parent: Job, session: Session, tokens: readonly Token[], text: string): Promise<Outcome> {
    parent.children += 1;
    const jobId = `script_job_${parent.jobId}_${parent.children - 1}`;
    const configuration: JsonObject = { query: { query: sourceText(text, tokens), useLegacySql: false } };
    const child = this.#newJob(parent.projectId, jobId, parent.location, configuration, {
      parentJobId: parent.jobId,
      frame: frameOf(text, tokens),
    });
    child.state = "RUNNING";
    child.started = this.#now();
    try {
      const prepared = await prepare(session, tokens, text);
      await this.#runPrepared(child, prepared, parent);
      const bytes = (parent.analysis?.totalBytesProcessed ?? 0) + prepared.analysis.totalBytesProcessed;
      parent.analysis = { ...SCRIPT_ANALYSIS, totalBytesProcessed: bytes };
      this.#end(child, undefined);
    } catch (error) {
      const known = fromDuckDb(error);
      this.#end(child, known);
      throw known;
    }
    if (child.result) {
      parent.result = child.result;
      parent.destination = child.destination;
    }
    return {
      ...(child.result === undefined ? {} : { result: child.result }),
      ...(child.dml === undefined ? {} : { dml: child.dml }),
    };
  }

  #refuseCancelled(job: Job): void {
    if (this.#handles.get(job)?.cancelled)
      throw new WarehouseError("stopped", "Job execution was cancelled: User requested cancellation");
  }

  /** `asked`: the job whose limits hold; of a script's statement, the script. */
  async #runPrepared(job: Job, prepared: Prepared | PreparedQuery, asked: Job = job): Promise<void> {
    const { analysis } = prepared;
    job.analysis = analysis;
    const query = objectAt(job.configuration, "query");
    const limit = numberAt(objectAt(asked.configuration, "query"), "maximumBytesBilled");
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
    this.#refuseCancelled(asked);
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
      if (this.#jobs.size <= (this.#hooks.jobsKept ?? JOBS_KEPT)) return;
      if (job.state !== "DONE") continue;
      this.#jobs.delete(key);
      for (const [requestId, known] of this.#byRequestId) if (known === job) this.#byRequestId.delete(requestId);
      // A script's result is its last query's, which has its own job.
      if (job.result && job.children === 0 && !this.#hooks.reuseResults) {
        if (job.destination?.datasetId.startsWith("_anon")) this.#catalog.unregister(job.destination);
        void this.#engine.run(`DROP TABLE IF EXISTS ${job.result.duckName}`).catch(() => undefined);
      }
    }
  }
}

interface ReadQuery {
  readonly steps: readonly Step[];
  readonly text: string;
  readonly options: SessionOptions;
}

/** A dry run of a script says no more. */
const SCRIPT_ANALYSIS: Analysis = {
  statementType: "SCRIPT",
  schema: undefined,
  referencedTables: [],
  totalBytesProcessed: 0,
  facts: {},
};

/** The statements of a query, its parameters in their places. */
function readQuery(projectId: string, configuration: JsonObject, id: string): ReadQuery {
  const query = objectAt(configuration, "query");
  const text = stringAt(query, "query");
  if (text === undefined || text === "")
    throw new WarehouseError("required", "Required parameter is missing: query", "query");
  const fallback = objectAt(query, "defaultDataset");
  const datasetId = stringAt(fallback, "datasetId");
  const parameter = parameterText(arrayAt(query, "queryParameters"), stringAt(query, "parameterMode"));
  const steps = readScript(withParameters(tokenize(text), parameter));
  const defaultDataset =
    datasetId === undefined ? undefined : { projectId: stringAt(fallback, "projectId") ?? projectId, datasetId };
  return { steps, text, options: { projectId, defaultDataset, id, script: isScript(steps) } };
}

/** The only statement, or the query after temporary functions. */
async function prepareLast(session: Session, { steps, text }: ReadQuery): Promise<Prepared | PreparedQuery> {
  let last: Prepared | PreparedQuery | undefined;
  for (const [i, step] of steps.entries()) {
    if (step.kind !== "statement") throw new WarehouseError("internalError", "a script taken for a statement");
    last = await prepare(session, step.tokens, text);
    if (i < steps.length - 1) await last.run();
  }
  if (last === undefined) throw syntaxError(undefined);
  return last;
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#ScriptStackFrame */
function frameOf(text: string, tokens: readonly Token[]): JsonObject {
  const own = tokens.filter((token) => token.at >= 0);
  const [startLine, startColumn] = placeOf(text, own[0]?.at ?? 0);
  const [endLine, endColumn] = placeOf(text, own.at(-1)?.end ?? 0);
  return { startLine, startColumn, endLine, endColumn, text: sourceText(text, tokens) };
}

function placeOf(text: string, at: number): [line: number, column: number] {
  const lines = text.slice(0, at).split("\n");
  return [lines.length, (lines.at(-1)?.length ?? 0) + 1];
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
  return {
    query,
    ...(body.labels === undefined ? {} : { labels: body.labels }),
    ...(body.jobTimeoutMs === undefined ? {} : { jobTimeoutMs: body.jobTimeoutMs }),
  };
}
