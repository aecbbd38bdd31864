import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { AgentPrincipal } from "../../identity/principal.ts";
import { LastMade } from "../../last-made.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { Opened, SessionEngine } from "../../sessions/engine.ts";
import { openSoon } from "../../sessions/first-page.ts";
import { countRows, openPage, type Page, type PageOptions, type PageRequest } from "../../sessions/page.ts";
import { createdTable, RESULT_DATASET, resultTable } from "../../sessions/result-table.ts";
import type { SessionError } from "../../sessions/session.ts";
import { findSession, type SessionRow } from "../../sessions/session-row.ts";
import type { Submission } from "../../sessions/statement.ts";
import type { Call } from "./call.ts";
import { createDataset, dropDataset, patchDataset, undropDataset } from "./dataset-changes.ts";
import { discoveryDocument } from "./discovery.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { insertAll } from "./insert-all.ts";
import { type Inserting, insertJob } from "./insert-job.ts";
import { jobList } from "./job-list.ts";
import { bytesTold, jobReference, jobResource } from "./job-resource.ts";
import type { MetadataReader } from "./metadata.ts";
import { formatOptions, pageRequestOf } from "./page-request.ts";
import { readBody } from "./read-body.ts";
import { refused, refuseIfRefused, translate } from "./refused.ts";
import { parseBody, queryRequest } from "./requests.ts";
import { integerParameter, type Matched, matchRoute, param } from "./routes.ts";
import { Routines } from "./routines.ts";
import { dropRowAccess, makeRowAccess } from "./row-access.ts";
import type { MethodName } from "./rules.ts";
import { sendJson, sendPage } from "./send.ts";
import { locationOf, statementOf } from "./statement-body.ts";
import { StreamedRowsThread } from "./streamed-rows-thread.ts";
import { createTable, dropTable, patchTable } from "./table-changes.ts";
import { TableData } from "./table-data.ts";
import { Uploads } from "./uploads.ts";

export interface BigQueryDoorOptions {
  readonly engine: SessionEngine;
  readonly pages: PageOptions;
  readonly metadata: MetadataReader;
  /** Most bytes of a request body. */
  readonly bodyBytes: number;
  /** Most bytes of a load job's upload that are held at once, and of one whole. */
  readonly uploadBytes: number;
  readonly loadBytes: number;
  /** Most bytes of an upload that must be here whole before its first row can be read. */
  readonly parquetBytes: number;
  /** Longest one call waits for a result (bigquery-protocol "Waiting"). */
  readonly longPollMs: number;
  /** Where clients reach the gateway. */
  readonly publicUrl: () => string;
}

/** BigQuery's own default for `timeoutMs`. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** Milliseconds; what is longer is cut to the gateway's own bound. */
const MOST_TIMEOUT_MS = 1_000_000_000;

/** Requests of jobs.query whose reading is kept, and characters of one. */
const QUERIES_KEPT = 256;
const LONGEST_QUERY = 20_000;

/** Made once: after each answer its connection's end is told to whoever still works for it, and an error of its own for each costs a stack trace. */
const GONE = new Error("the client went away");

/** BigQuery's REST v2, as far as routes.ts names it. An operation answers, or throws GoogleError. */
export class BigQueryDoor {
  readonly #o: BigQueryDoorOptions;
  readonly #tableData: TableData;
  readonly #uploads: Uploads;
  readonly #routines: Routines;
  readonly #streamedRows = new StreamedRowsThread();
  readonly #queries = new LastMade<z.output<typeof queryRequest>>(QUERIES_KEPT, LONGEST_QUERY);

  constructor(options: BigQueryDoorOptions) {
    this.#o = options;
    this.#tableData = new TableData(options);
    this.#routines = new Routines(options);
    const { bodyBytes, uploadBytes, loadBytes, parquetBytes, publicUrl, pages } = options;
    this.#uploads = new Uploads({
      store: pages.store,
      clock: pages.clock,
      bodyBytes,
      uploadBytes,
      loadBytes,
      parquetBytes,
      runMs: options.engine.runMs,
      publicUrl,
    });
  }

  /** Ends what is under way beside the answers. */
  async close(): Promise<void> {
    await Promise.all([this.#streamedRows.close(), this.#uploads.close()]);
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
    response.once("close", () => gone.abort(GONE));
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
    const call = (): Call => ({ m, principal, connection: this.#connection(m), request, response, gone });
    switch (m.name) {
      case "discovery.getRest":
        return sendJson(response, discoveryDocument(this.#o.publicUrl()));
      case "projects.list":
        return sendJson(response, metadata.projects());
      case "datasets.list":
        return sendJson(response, await metadata.datasets(principal, this.#connection(m), param(m, "project")));
      case "datasets.insert":
        return createDataset(this.#o, call());
      case "datasets.patch":
        return patchDataset(this.#o, call());
      case "datasets.delete":
        return dropDataset(this.#o, call());
      case "datasets.undelete":
        return undropDataset(this.#o, call());
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
      case "tables.get": {
        const reference = {
          projectId: param(m, "project"),
          datasetId: param(m, "dataset"),
          tableId: param(m, "table"),
        };
        if (reference.datasetId === RESULT_DATASET)
          return sendJson(response, await this.#tableData.describe(principal, reference, this.#connection(m)));
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
      }
      case "tables.insert":
        return createTable(this.#o, call());
      case "tables.patch":
        return patchTable(this.#o, call());
      case "tables.delete":
        return dropTable(this.#o, call());
      case "tabledata.list":
        return this.#tableData.list(call());
      case "tabledata.insertAll": {
        const { pages, bodyBytes } = this.#o;
        const options = { engine, clock: pages.clock, bodyBytes, thread: this.#streamedRows };
        return insertAll(options, call());
      }
      case "routines.list":
        return this.#routines.list(call());
      case "routines.get":
        return this.#routines.get(call());
      case "routines.insert":
      case "routines.update":
        return this.#routines.make(call());
      case "routines.delete":
        return this.#routines.drop(call());
      case "models.list":
        return this.#routines.listModels(call());
      case "models.get":
        return this.#routines.getModel(call());
      case "models.delete":
        return this.#routines.dropModel(call());
      case "rowAccessPolicies.insert":
      case "rowAccessPolicies.update":
        return makeRowAccess(this.#o, call());
      case "rowAccessPolicies.delete":
        return dropRowAccess(this.#o, call());
      case "jobs.insert": {
        const description = await readBody(request, this.#o.bodyBytes);
        const row = await insertJob(this.#inserting(m, principal), { description });
        return sendJson(response, await this.#resource(row, request));
      }
      case "jobs.insert.upload":
      case "jobs.insert.upload.piece": {
        const begins = m.name === "jobs.insert.upload";
        const inserting = this.#inserting(m, principal);
        const row = await this.#uploads[begins ? "begin" : "goOn"](m, inserting, request, response);
        return row === undefined ? undefined : sendJson(response, await this.#resource(row, request));
      }
      case "jobs.insert.upload.cancel":
        return this.#uploads.cancel(m, this.#inserting(m, principal), response);
      case "jobs.query":
        return this.#query(m, principal, request, response, gone);
      case "jobs.get": {
        const row = await this.#job(m, principal);
        return sendJson(response, await this.#resource(row, request));
      }
      case "jobs.list":
        return sendJson(
          response,
          await jobList(this.#o.pages.store, m, principal, (row) => this.#resource(row, request)),
        );
      case "jobs.cancel": {
        const row = await engine.cancel(await this.#job(m, principal));
        return sendJson(response, { kind: "bigquery#jobCancelResponse", job: await this.#resource(row, request) });
      }
      case "jobs.getQueryResults": {
        const row = await this.#job(m, principal);
        const timeoutMs = integerParameter(m.query, "timeoutMs", MOST_TIMEOUT_MS) ?? DEFAULT_TIMEOUT_MS;
        return this.#results(
          principal,
          row,
          response,
          "bigquery#getQueryResultsResponse",
          timeoutMs,
          pageRequestOf(m),
          gone,
        );
      }
    }
  }

  #inserting(m: Matched, principal: AgentPrincipal): Inserting {
    const { engine, pages } = this.#o;
    return { engine, clock: pages.clock, principal, connection: this.#connection(m), project: param(m, "project") };
  }

  async #query(
    m: Matched,
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const { engine, longPollMs } = this.#o;
    const project = param(m, "project");
    const connection = this.#connection(m);
    const body = this.#queries.of(await readBody(request, this.#o.bodyBytes), (text) => parseBody(queryRequest, text));
    const submission: Submission = {
      door: "bigquery-rest",
      project,
      location: locationOf(connection, body.location),
      jobId: undefined,
      requestId: body.requestId,
      statement: statementOf(body, project),
      dryRun: body.dryRun ?? false,
      maximumBytesBilled: body.maximumBytesBilled,
      jobTimeoutMs: undefined,
      labels: body.labels ?? {},
    };
    const asked: PageRequest = {
      pageToken: undefined,
      startIndex: undefined,
      maxResults: body.maxResults,
      formatOptions: formatOptions(
        body.formatOptions?.useInt64Timestamp ?? false,
        body.formatOptions?.timestampOutputFormat,
      ),
    };
    const timeoutMs = body.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const waitMs = Math.min(timeoutMs, longPollMs);
    const { row, page, waited } = await this.#submitFor(principal, connection, submission, asked, waitMs, gone);
    if (page !== undefined) return this.#sendPage(response, "bigquery#queryResponse", row, page, gone);
    refuseIfRefused(row);
    if (submission.dryRun) {
      const maskPlan = engine.maskPlanOf(row);
      return sendJson(response, {
        kind: "bigquery#queryResponse",
        ...(maskPlan.schema.length === 0 ? {} : { schema: { fields: maskPlan.schema } }),
        jobReference: jobReference(row),
        totalBytesProcessed: bytesTold(row),
        jobComplete: true,
        cacheHit: false,
      });
    }
    const left = Math.max(0, waitMs - waited);
    return this.#results(principal, row, response, "bigquery#queryResponse", left, asked, gone);
  }

  /** The session, and its first page if that came at once; `waited`: milliseconds. */
  async #submitFor(
    principal: AgentPrincipal,
    connection: Connection,
    submission: Submission,
    asked: PageRequest,
    waitMs: number,
    gone: AbortSignal,
  ): Promise<Opened<Page> & { readonly waited: number }> {
    const { engine, pages } = this.#o;
    if (waitMs === 0 || asked.maxResults === 0)
      return { row: await engine.submit(principal, connection, submission), page: undefined, waited: 0 };
    let began = 0;
    const opened = await engine.submitFor<Page>(principal, connection, submission, waitMs, (row, query, wanted) => {
      began = pages.clock();
      const isWanted = () => wanted() && !gone.aborted;
      return openSoon(pages, principal, row, query, asked, waitMs, isWanted, gone);
    });
    return { ...opened, waited: began === 0 ? 0 : pages.clock() - began };
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
    const row = await engine.settle(before, Math.min(timeoutMs, longPollMs), gone);
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
      // A client that only waits: no row leaves but how many there are.
      const { schema } = engine.maskPlanOf(row);
      const count = await countRows(pages, principal, row, outcome);
      return sendJson(response, {
        kind,
        ...tail(row),
        schema: { fields: schema },
        totalRows: String(count),
        jobComplete: true,
      });
    }
    await this.#sendPage(response, kind, row, await openPage(pages, principal, row, outcome, page, gone), gone);
  }

  #sendPage(response: ServerResponse, kind: string, row: SessionRow, page: Page, gone: AbortSignal): Promise<void> {
    const head = {
      kind,
      schema: { fields: page.schema },
      ...tail(row),
      totalRows: String(page.totalRows),
      jobComplete: true,
    };
    return sendPage(response, head, page, gone);
  }

  #connection(m: Matched): Connection {
    const project = param(m, "project");
    const connection = this.#o.engine.connectionOf(project);
    if (connection === undefined)
      throw new GoogleError(403, "accessDenied", "This gateway does not serve that project.");
    return connection;
  }

  async #job(m: Matched, principal: AgentPrincipal): Promise<SessionRow> {
    const row = await findSession(this.#o.pages.store, principal, param(m, "project"), param(m, "job"));
    const location = m.query.get("location");
    if (row === undefined || (location !== undefined && location.toLowerCase() !== (row.location ?? "").toLowerCase()))
      throw notFound("Job");
    return row;
  }

  async #resource(row: SessionRow, request: IncomingMessage): Promise<Record<string, unknown>> {
    const { engine } = this.#o;
    const destination = createdTable(row) ?? (dialsGoogleItself(request) ? undefined : resultTable(row));
    return jobResource(row, engine.open(row), await engine.described(row), destination);
  }
}

/** What a program in Python puts into its client's user agent to say that it hands over a Storage Read client of its own. */
const OWN_STORAGE_CLIENT = /(^|\s)own-storage-client(\s|$)/;

/**
 * Python's client, told where a result lies, reads it by a Storage Read client of its own making, which dials Google whatever
 * endpoint it was given; untold, it pages through the job (docs/adr/0016-table-reads.md). Whoever hands it one is told, and dbt, which reads rows
 * through the job whatever it is told, and asks for the description of where they lie.
 */
function dialsGoogleItself({ headers }: IncomingMessage): boolean {
  if (/\bdbt-bigquery-/.test(String(headers["user-agent"]))) return false;
  const agents = [headers["x-goog-api-client"], headers["user-agent"]].map(String);
  return agents.some((agent) => /\bgl-python\//.test(agent)) && !agents.some((agent) => OWN_STORAGE_CLIENT.test(agent));
}

function tail(row: SessionRow): Record<string, unknown> {
  return { jobReference: jobReference(row), totalBytesProcessed: bytesTold(row), cacheHit: false };
}
