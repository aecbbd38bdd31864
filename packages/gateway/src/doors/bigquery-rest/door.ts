import type { IncomingMessage, ServerResponse } from "node:http";
import { CatalogError } from "../../catalog/catalog.ts";
import type { Json } from "../../evidence/event.ts";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { openPage, PageError, type PageOptions, type PageRequest, rowLimit } from "../../sessions/page.ts";
import type { SessionError } from "../../sessions/session.ts";
import { findSession, listSessions, type SessionRow } from "../../sessions/session-row.ts";
import type { Statement, Submission } from "../../sessions/statement.ts";
import { CommandError } from "../../store/command.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { jobReference, jobResource } from "./job-resource.ts";
import type { MetadataReader } from "./metadata.ts";
import { readBody } from "./read-body.ts";
import { insertRequest, parseBody, queryRequest } from "./requests.ts";
import { integerParameter, type Matched, type MethodName, matchRoute } from "./routes.ts";

export interface BigQueryDoorOptions {
  readonly engine: SessionEngine;
  readonly pages: PageOptions;
  readonly metadata: MetadataReader;
  /** Most bytes of a request body. */
  readonly bodyBytes: number;
  /** Longest one call waits for a result (bigquery-protocol "Waiting"). */
  readonly longPollMs: number;
}

/** BigQuery's own default for `timeoutMs`. */
const DEFAULT_TIMEOUT_MS = 10_000;
const MOST_RESULTS = 1_000_000_000;
const LISTED = 50;
const MOST_LISTED = 1000;

/** BigQuery's REST v2, as far as routes.ts names it. An operation answers, or throws GoogleError. */
export class BigQueryDoor {
  readonly #o: BigQueryDoorOptions;

  constructor(options: BigQueryDoorOptions) {
    this.#o = options;
  }

  /** `note` is told the operation's name as soon as there is one. */
  async handle(
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
    note: (operation: MethodName) => void,
  ): Promise<void> {
    const matched = matchRoute(request.method ?? "", request.url ?? "");
    note(matched.name);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      await this.#serve(matched, principal, request, response, gone.signal);
    } catch (error) {
      throw translate(error);
    }
  }

  async #serve(
    m: Matched,
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const { metadata, engine } = this.#o;
    switch (m.name) {
      case "projects.list":
        return sendJson(response, metadata.projects());
      case "datasets.list":
        return sendJson(response, await metadata.datasets(principal, this.#connection(m), param(m, "project")));
      case "datasets.get":
        return sendJson(
          response,
          await metadata.dataset(principal, this.#connection(m), param(m, "project"), param(m, "dataset")),
        );
      case "tables.list":
        return sendJson(
          response,
          await metadata.tables(principal, this.#connection(m), param(m, "project"), param(m, "dataset")),
        );
      case "tables.get":
        return sendJson(
          response,
          await metadata.table(
            principal,
            this.#connection(m),
            param(m, "project"),
            param(m, "dataset"),
            param(m, "table"),
          ),
        );
      case "jobs.insert":
        return this.#insert(m, principal, request, response);
      case "jobs.query":
        return this.#query(m, principal, request, response, gone);
      case "jobs.get": {
        const row = await this.#job(m, principal);
        return sendJson(response, this.#resource(row));
      }
      case "jobs.list":
        return sendJson(response, await this.#list(m, principal));
      case "jobs.cancel": {
        const row = await engine.cancel(await this.#job(m, principal));
        return sendJson(response, { kind: "bigquery#jobCancelResponse", job: this.#resource(row) });
      }
      case "jobs.getQueryResults": {
        const row = await this.#job(m, principal);
        const timeoutMs = integerParameter(m.query, "timeoutMs", MOST_RESULTS) ?? DEFAULT_TIMEOUT_MS;
        return this.#results(principal, row, response, "bigquery#getQueryResultsResponse", timeoutMs, pageOf(m), gone);
      }
    }
  }

  /** One page of the agent's own jobs. A filter by state can leave a page short, or empty, though more follow. */
  async #list(m: Matched, principal: AgentPrincipal): Promise<unknown> {
    if (m.query.get("allUsers") === "true")
      throw new GoogleError(403, "accessDenied", "An agent sees its own jobs only; ask without allUsers.");
    const limit = Math.max(1, integerParameter(m.query, "maxResults", MOST_LISTED) ?? LISTED);
    const token = m.query.get("pageToken");
    const rows = await listSessions(this.#o.pages.store, principal, param(m, "project"), {
      limit,
      from: integerParameter(m.query, "minCreationTime", Number.MAX_SAFE_INTEGER),
      to: integerParameter(m.query, "maxCreationTime", Number.MAX_SAFE_INTEGER),
      after: token === undefined || token === "" ? undefined : readListToken(token),
    });
    const states = m.query.get("stateFilter")?.toUpperCase().split(",");
    // Nothing here has a parent: scripts are not served.
    const listed = m.query.has("parentJobId") ? [] : rows.map((row) => listedJob(this.#resource(row)));
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      kind: "bigquery#jobList",
      jobs: listed.filter((job) => states === undefined || states.includes(job.state)),
      ...(last === undefined ? {} : { nextPageToken: writeListToken(last) }),
    };
  }

  async #insert(
    m: Matched,
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const project = param(m, "project");
    const connection = this.#connection(m);
    const body = parseBody(insertRequest, await readBody(request, this.#o.bodyBytes));
    const { configuration, jobReference: reference } = body;
    if (reference?.projectId !== undefined && reference.projectId !== project)
      throw invalid("jobReference.projectId is not the project of the path.");
    const row = await this.#o.engine.submit(principal, connection, {
      door: "bigquery-rest",
      project,
      location: this.#location(connection, reference?.location),
      jobId: reference?.jobId,
      requestId: undefined,
      statement: statementOf(configuration.query, project),
      dryRun: configuration.dryRun ?? false,
      maximumBytesBilled: configuration.query.maximumBytesBilled,
      jobTimeoutMs: configuration.jobTimeoutMs,
      labels: configuration.labels ?? {},
    });
    refuseIfRefused(row);
    return sendJson(response, this.#resource(row));
  }

  async #query(
    m: Matched,
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const project = param(m, "project");
    const connection = this.#connection(m);
    const body = parseBody(queryRequest, await readBody(request, this.#o.bodyBytes));
    const submission: Submission = {
      door: "bigquery-rest",
      project,
      location: this.#location(connection, body.location),
      jobId: undefined,
      requestId: body.requestId,
      statement: statementOf(body, project),
      dryRun: body.dryRun ?? false,
      maximumBytesBilled: body.maximumBytesBilled,
      jobTimeoutMs: undefined,
      labels: body.labels ?? {},
    };
    const row = await this.#o.engine.submit(principal, connection, submission);
    refuseIfRefused(row);
    if (submission.dryRun) {
      const maskPlan = this.#o.engine.maskPlanOf(row);
      return sendJson(response, {
        kind: "bigquery#queryResponse",
        ...(maskPlan.schema.length === 0 ? {} : { schema: { fields: maskPlan.schema } }),
        jobReference: jobReference(row),
        totalBytesProcessed: String(row.dry_run_bytes ?? 0),
        jobComplete: true,
        cacheHit: false,
      });
    }
    return this.#results(
      principal,
      row,
      response,
      "bigquery#queryResponse",
      body.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      {
        pageToken: undefined,
        startIndex: undefined,
        maxResults: body.maxResults,
        formatOptions: formatOptions(
          body.formatOptions?.useInt64Timestamp ?? false,
          body.formatOptions?.timestampOutputFormat,
        ),
      },
      gone,
    );
  }

  /** Waits for the job as long as the client asked (and the gateway bears), then answers its state or one page of masked rows. */
  async #results(
    principal: AgentPrincipal,
    before: SessionRow,
    response: ServerResponse,
    kind: string,
    timeoutMs: number,
    page: PageRequest,
    gone: AbortSignal,
  ): Promise<void> {
    const { engine, pages, longPollMs } = this.#o;
    const row = await engine.settle(before.id, Math.min(timeoutMs, longPollMs), gone);
    if (gone.aborted) return;
    if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
    const outcome = engine.outcome(row.id);
    if (outcome === undefined) {
      if (row.upstream_job === null && row.state === "done") throw invalid("A dry run has no results.");
      return sendJson(response, { kind, jobReference: jobReference(row), jobComplete: false });
    }
    if (!outcome.ok) throw refused(outcome.error);
    // What writes has no rows; how many it wrote is not told (threat-model row 39).
    if (engine.maskPlanOf(row).fields.length === 0)
      return sendJson(response, { kind, ...tail(row), jobComplete: true });
    if (page.maxResults === 0) {
      // A client that only waits: no row leaves, so nothing is released.
      const { schema } = engine.maskPlanOf(row);
      return sendJson(response, {
        kind,
        ...tail(row),
        schema: { fields: schema },
        totalRows: String(Math.min(outcome.totalRows, rowLimit(row))),
        jobComplete: true,
      });
    }
    const opened = await openPage(pages, principal, row, outcome, page, gone);
    const rows = opened.rows[Symbol.asyncIterator]();
    // The first masked bytes are awaited before the answer begins, so that what goes wrong until then is a clean error.
    let next = await rows.next();
    const head = JSON.stringify({
      kind,
      schema: { fields: opened.schema },
      ...tail(row),
      totalRows: String(opened.totalRows),
      jobComplete: true,
    });
    response.writeHead(200, JSON_HEADERS);
    try {
      let text = Buffer.from(`${head.slice(0, -1)},"rows":[`);
      while (next.done !== true) {
        // The next rows are written where these are: not before the system has taken these.
        await written(response, text.length === 0 ? next.value : Buffer.concat([text, next.value]), gone);
        text = Buffer.alloc(0);
        next = await rows.next();
      }
      const token = opened.next();
      response.end(
        Buffer.concat([text, Buffer.from(token === undefined ? "]}" : `],"pageToken":${JSON.stringify(token)}}`)]),
      );
    } catch (error) {
      // Half an answer must never look whole: the connection breaks (RFC 9112 section 8).
      await rows.return?.();
      response.destroy();
      throw error;
    }
  }

  #connection(m: Matched): Connection {
    const project = param(m, "project");
    const connection = this.#o.engine.connectionOf(project);
    if (connection === undefined)
      throw new GoogleError(403, "accessDenied", "This gateway does not serve that project.");
    return connection;
  }

  #location(connection: Connection, asked: string | undefined): string {
    if (asked !== undefined && asked.toLowerCase() !== connection.location.toLowerCase())
      throw invalid(`This project is served in location ${connection.location} only.`);
    return connection.location;
  }

  async #job(m: Matched, principal: AgentPrincipal): Promise<SessionRow> {
    const row = await findSession(this.#o.pages.store, principal, param(m, "project"), param(m, "job"));
    const location = m.query.get("location");
    if (row === undefined || (location !== undefined && location.toLowerCase() !== (row.location ?? "").toLowerCase()))
      throw notFound("Job");
    return row;
  }

  #resource(row: SessionRow): Record<string, unknown> {
    return jobResource(row, this.#o.engine.open(row), this.#o.engine.outcome(row.id) !== undefined);
  }
}

const JSON_HEADERS = {
  "content-type": "application/json; charset=UTF-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...JSON_HEADERS, "content-length": Buffer.byteLength(body) }).end(body);
}

/** Until the system has taken the bytes, however slowly the client reads. */
function written(response: ServerResponse, bytes: Uint8Array, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error("the client went away"));
    if (gone.aborted) return stop();
    gone.addEventListener("abort", stop, { once: true });
    response.write(bytes, (error) => {
      gone.removeEventListener("abort", stop);
      if (error) stop();
      else resolve();
    });
  });
}

function tail(row: SessionRow): Record<string, unknown> {
  return { jobReference: jobReference(row), totalBytesProcessed: String(row.dry_run_bytes ?? 0), cacheHit: false };
}

function param(m: Matched, name: string): string {
  const value = m.params[name];
  if (value === undefined) throw invalid(`The path names no ${name}.`);
  return value;
}

function pageOf(m: Matched): PageRequest {
  const token = m.query.get("pageToken");
  // Python writes True.
  const int64 = m.query.get("formatOptions.useInt64Timestamp")?.toLowerCase();
  if (int64 !== undefined && int64 !== "true" && int64 !== "false")
    throw invalid("formatOptions.useInt64Timestamp is true or false.");
  return {
    pageToken: token === "" ? undefined : token,
    startIndex: integerParameter(m.query, "startIndex", MOST_RESULTS),
    maxResults: integerParameter(m.query, "maxResults", MOST_RESULTS),
    formatOptions: formatOptions(int64 === "true", m.query.get("formatOptions.timestampOutputFormat")),
  };
}

function formatOptions(
  useInt64Timestamp: boolean,
  timestampOutputFormat: string | undefined,
): PageRequest["formatOptions"] {
  switch (timestampOutputFormat) {
    case undefined:
    case "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED":
      return { useInt64Timestamp };
    case "FLOAT64":
    case "INT64":
    case "ISO8601_STRING":
      return { timestampOutputFormat };
    default:
      throw invalid("formatOptions.timestampOutputFormat is FLOAT64, INT64 or ISO8601_STRING.");
  }
}

interface StatementBody {
  readonly query: string;
  readonly parameterMode?: string | undefined;
  readonly queryParameters?: readonly unknown[] | undefined;
  readonly defaultDataset?: { readonly datasetId: string; readonly projectId?: string | undefined } | undefined;
}

function statementOf(body: StatementBody, project: string): Statement {
  const mode = body.parameterMode?.toUpperCase();
  return {
    sql: body.query,
    parameterMode: mode === "NAMED" || mode === "POSITIONAL" ? mode : undefined,
    // Validated by requests.ts; JSON from JSON.
    parameters: (body.queryParameters ?? []) as readonly Json[],
    defaultDataset:
      body.defaultDataset === undefined
        ? undefined
        : { projectId: body.defaultDataset.projectId ?? project, datasetId: body.defaultDataset.datasetId },
  };
}

/** A query that was refused at once answers with its refusal, not with a job (bigquery-protocol "Waiting"). */
function refuseIfRefused(row: SessionRow): void {
  if (row.error !== null && (row.state === "denied" || row.state === "failed"))
    throw refused(JSON.parse(row.error) as SessionError);
}

function refused(error: SessionError): GoogleError {
  return new GoogleError(error.status, error.reason, error.message);
}

function listedJob(resource: Record<string, unknown>): { readonly state: string } {
  const { status } = resource as { status: { state: string; errorResult?: unknown } };
  return {
    ...resource,
    state: status.state,
    ...(status.errorResult === undefined ? {} : { errorResult: status.errorResult }),
  };
}

/** Where a list goes on: after this session. It opens nothing, since only the agent's own sessions are ever listed. */
function writeListToken(row: SessionRow): string {
  return Buffer.from(`${row.created_at} ${row.id}`).toString("base64url");
}

function readListToken(token: string): { createdAt: number; id: string } {
  const [, createdAt, id] = /^(\d{1,15}) ([\w-]{1,64})$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (createdAt === undefined || id === undefined) throw invalid("The page token is not one of this list.");
  return { createdAt: Number(createdAt), id };
}

/** Our own errors in BigQuery's words; what is not ours stays as it is, for the server to answer generically. */
function translate(error: unknown): unknown {
  if (error instanceof PageError) return refused(error.error);
  if (error instanceof CatalogError) return new GoogleError(400, "invalid", error.message);
  if (error instanceof CommandError) {
    switch (error.code) {
      case "duplicate":
        return new GoogleError(409, "duplicate", "Already Exists: Job");
      case "request_id_reused":
        return invalid("This requestId was used with another query.");
      case "too_many_open":
        return new GoogleError(403, "quotaExceeded", "Too many of this agent's queries are unfinished.");
      case "wrong_state":
        return invalid("The job is not in a state that allows this.");
    }
  }
  return error;
}
