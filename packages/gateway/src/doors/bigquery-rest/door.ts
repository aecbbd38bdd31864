import type { IncomingMessage, ServerResponse } from "node:http";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { RESULT_DATASET } from "../../sessions/result-table.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import type { Call } from "./call.ts";
import { createDataset, dropDataset, patchDataset, undropDataset } from "./dataset-changes.ts";
import { discoveryDocument } from "./discovery.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { insertAll } from "./insert-all.ts";
import { type Inserting, insertJob } from "./insert-job.ts";
import { jobList } from "./job-list.ts";
import type { MetadataReader } from "./metadata.ts";
import { describedJob, ownJob } from "./own-job.ts";
import { Queries } from "./queries.ts";
import { readBody } from "./read-body.ts";
import { translate } from "./refused.ts";
import { type Matched, matchRoute, param } from "./routes.ts";
import { Routines } from "./routines.ts";
import { dropRowAccess, makeRowAccess } from "./row-access.ts";
import type { MethodName } from "./rules.ts";
import { sendJson } from "./send.ts";
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

/**
 * Answers here have no etag, so a condition on one can be kept by none, and what it is to guard is not done (RFC 9110, 13.1). A reader's own copy, on the
 * other hand, is never good.
 */
const CONDITIONS = ["if-match", "if-unmodified-since"];
const CONDITIONS_OF_CHANGES = [...CONDITIONS, "if-none-match", "if-modified-since"];

function refuseConditions({ method, headers }: IncomingMessage): void {
  const found = (method === "GET" ? CONDITIONS : CONDITIONS_OF_CHANGES).find((name) => headers[name] !== undefined);
  if (found !== undefined) throw invalid(`Answers here have no etag that ${found} could name; leave it out.`);
}

/** Made once: an error of its own for each costs a stack trace. */
const GONE = new Error("the client went away");

/** BigQuery's REST v2, as far as routes.ts names it. An operation answers, or throws GoogleError. */
export class BigQueryDoor {
  readonly #o: BigQueryDoorOptions;
  readonly #tableData: TableData;
  readonly #uploads: Uploads;
  readonly #routines: Routines;
  readonly #streamedRows = new StreamedRowsThread();
  readonly #queries: Queries;

  constructor(options: BigQueryDoorOptions) {
    this.#o = options;
    this.#tableData = new TableData(options);
    this.#routines = new Routines(options);
    this.#queries = new Queries(options);
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
    refuseConditions(request);
    const gone = new AbortController();
    let served = false;
    // One that was served and has its answer is waited for by nobody: to tell nobody costs an event.
    response.once("close", () => {
      if (!served || !response.writableFinished) gone.abort(GONE);
    });
    try {
      // What most requests are goes the shortest way.
      if (matched.name === "jobs.query")
        await this.#queries.query(this.#call(matched, principal, request, response, gone.signal));
      else await this.#serve(matched, principal, request, response, gone.signal);
      served = true;
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
    const { store } = this.#o.pages;
    const job = () => ownJob(store, m, principal);
    const described = (row: SessionRow) => describedJob(engine, row, request);
    const call = () => this.#call(m, principal, request, response, gone);
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
        return sendJson(response, await described(row));
      }
      case "jobs.insert.upload":
      case "jobs.insert.upload.piece": {
        const begins = m.name === "jobs.insert.upload";
        const inserting = this.#inserting(m, principal);
        const row = await this.#uploads[begins ? "begin" : "goOn"](m, inserting, request, response);
        return row === undefined ? undefined : sendJson(response, await described(row));
      }
      case "jobs.insert.upload.cancel":
        return this.#uploads.cancel(m, this.#inserting(m, principal), response);
      case "jobs.query":
        return this.#queries.query(call());
      case "jobs.get":
        return sendJson(response, await described(await job()));
      case "jobs.list":
        return sendJson(response, await jobList(store, m, principal, described));
      case "jobs.cancel": {
        const row = await engine.cancel(await job());
        return sendJson(response, { kind: "bigquery#jobCancelResponse", job: await described(row) });
      }
      case "jobs.getQueryResults":
        return this.#queries.results({ principal, response, gone }, m, await job());
    }
  }

  #call(
    m: Matched,
    principal: AgentPrincipal,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Call {
    return { m, principal, connection: this.#connection(m), request, response, gone };
  }

  #inserting(m: Matched, principal: AgentPrincipal): Inserting {
    const { engine, pages } = this.#o;
    return { engine, clock: pages.clock, principal, connection: this.#connection(m), project: param(m, "project") };
  }

  #connection(m: Matched): Connection {
    const project = param(m, "project");
    const connection = this.#o.engine.connectionOf(project);
    if (connection === undefined)
      throw new GoogleError(403, "accessDenied", "This gateway does not serve that project.");
    return connection;
  }
}
