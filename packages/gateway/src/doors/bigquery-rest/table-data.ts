import type { ServerResponse } from "node:http";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { countRows, openPage, type PageOptions, type PageRequest } from "../../sessions/page.ts";
import { RESULT_DATASET, type ResultTable, sessionOfResultTable } from "../../sessions/result-table.ts";
import type { SessionError } from "../../sessions/session.ts";
import { findSessionById, type SessionRow } from "../../sessions/session-row.ts";
import { tableReadStatement } from "../../sessions/table-read.ts";
import { unfinishedRead } from "../../sessions/unfinished-read.ts";
import { submissionAtOnce } from "./at-once.ts";
import { type Call, placeOf } from "./call.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { jobState } from "./job-resource.ts";
import { pageRequestOf } from "./page-request.ts";
import { refused, refuseIfRefused } from "./refused.ts";
import { param } from "./routes.ts";
import { sendJson, sendPage } from "./send.ts";
import { waited } from "./wait.ts";

export interface TableDataOptions {
  readonly engine: SessionEngine;
  readonly pages: PageOptions;
  /** Longest one call waits for a person. */
  readonly longPollMs: number;
}

const KIND = "bigquery#tableDataList";

/**
 * tabledata.list: the pages of the agent's own results, and of tables by the query that reads them (docs/adr/0016-table-reads.md).
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
 */
export class TableData {
  readonly #o: TableDataOptions;

  constructor(options: TableDataOptions) {
    this.#o = options;
  }

  async list(call: Call): Promise<void> {
    const { m, principal, connection, response, gone } = call;
    const { project, dataset } = placeOf(call);
    const table = param(m, "table");
    const page = pageRequestOf(m);
    const selected = m.query.get("selectedFields");
    const selectedFields = selected === undefined || selected === "" ? undefined : selected.split(",");
    if (dataset === RESULT_DATASET) {
      const row = await this.#result(principal, { projectId: project, datasetId: dataset, tableId: table });
      this.#requireAll(row, selectedFields);
      return this.#page(principal, row, response, page, gone, (token) => token);
    }
    const read = { project, dataset, table, selectedFields };
    const { statement } = await tableReadStatement(principal, connection, read, this.#o.pages.clock());
    const row =
      page.pageToken === undefined
        ? ((await unfinishedRead(this.#o.pages.store, this.#o.engine, principal, project, statement.sql, {
            kind: "waited",
          })) ?? (await this.#o.engine.submit(principal, connection, submissionAtOnce(connection, project, statement))))
        : await this.#ofToken(principal, project, page.pageToken, statement.sql);
    refuseIfRefused(row);
    const rest = page.pageToken === undefined ? undefined : page.pageToken.slice(page.pageToken.indexOf(".") + 1);
    await this.#page(principal, row, response, { ...page, pageToken: rest }, gone, (token) => `${row.id}.${token}`);
  }

  /** tables.get of a result: what Python's list_rows and Java ask before its rows. */
  async describe(principal: AgentPrincipal, table: ResultTable, connection: Connection): Promise<unknown> {
    const row = await this.#result(principal, table);
    const outcome = this.#o.engine.outcome(row.id);
    const rows = outcome?.ok === true ? await countRows(this.#o.pages, principal, row, outcome) : undefined;
    return {
      kind: "bigquery#table",
      id: `${table.projectId}:${table.datasetId}.${table.tableId}`,
      tableReference: table,
      type: "TABLE",
      location: connection.location,
      schema: { fields: this.#o.engine.maskPlanOf(row).schema },
      ...(rows === undefined ? {} : { numRows: String(rows) }),
    };
  }

  /** A job that isn't done, or failed, has no table. */
  async #result(principal: AgentPrincipal, table: ResultTable): Promise<SessionRow> {
    const row = await sessionOfResultTable(this.#o.pages.store, principal, table);
    if (row === undefined || row.error !== null || jobState(row.state, true) !== "DONE") throw notFound("Table");
    return row;
  }

  async #page(
    principal: AgentPrincipal,
    before: SessionRow,
    response: ServerResponse,
    page: PageRequest,
    gone: AbortSignal,
    tokenOf: (token: string) => string,
  ): Promise<void> {
    const { engine, pages, longPollMs } = this.#o;
    const row = await waited(engine, before, longPollMs, gone);
    if (gone.aborted) return;
    if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
    const outcome = engine.outcome(row.id);
    if (outcome === undefined) throw waiting(row);
    if (!outcome.ok) throw refused(outcome.error);
    if (page.maxResults === 0)
      return sendJson(response, { kind: KIND, totalRows: String(await countRows(pages, principal, row, outcome)) });
    const opened = await openPage(pages, principal, row, outcome, page, gone);
    const head = JSON.stringify({ kind: KIND, totalRows: String(opened.totalRows) });
    await sendPage(response, head, opened, gone, tokenOf);
  }

  /** A page token holds its session's name, and its own seal: both must be of this agent, and of this read. */
  async #ofToken(principal: AgentPrincipal, project: string, token: string, sql: string): Promise<SessionRow> {
    const row = await findSessionById(this.#o.pages.store, principal, project, token.split(".", 1)[0] ?? "");
    if (row === undefined || this.#o.engine.open(row).statement.sql !== sql)
      throw invalid("The page token is not one of this table.");
    return row;
  }

  #requireAll(row: SessionRow, selectedFields: readonly string[] | undefined): void {
    const names = this.#o.engine.maskPlanOf(row).schema.map(({ name }) => name.toLowerCase());
    if (selectedFields === undefined || selectedFields.join().toLowerCase() === names.join()) return;
    throw invalid("A query's result is read with all its columns; name fewer in the query.");
  }
}

/** The client would take any other answer for the end of the table, or ask without end (bigquery-protocol "Waiting"). */
function waiting(row: SessionRow): GoogleError {
  const job = `job ${row.job_id}`;
  return jobState(row.state, false) === "PENDING"
    ? new GoogleError(
        403,
        "accessDenied",
        `A person must agree to this read first; it waits as ${job}. Ask for the table again when that is decided, or send the read as a query, which waits by itself.`,
      )
    : new GoogleError(
        403,
        "responseTooLarge",
        `Reading this table takes longer than a call may; it runs as ${job}, whose results can be read by jobs.getQueryResults.`,
      );
}
