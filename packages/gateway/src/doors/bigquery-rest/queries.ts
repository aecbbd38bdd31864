import type { ServerResponse } from "node:http";
import type { z } from "zod";
import { LastMade } from "../../last-made.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { openSoon } from "../../sessions/first-page.ts";
import { countRows, openPage, type Page, type PageOptions, type PageRequest } from "../../sessions/page.ts";
import type { SessionError } from "../../sessions/session.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import type { Submission } from "../../sessions/statement.ts";
import { jsonOnce } from "../../sessions/written-once.ts";
import type { Call } from "./call.ts";
import { invalid } from "./google-error.ts";
import { bytesTold, jobReference } from "./job-resource.ts";
import { formatOptions, pageRequestOf } from "./page-request.ts";
import { readBody } from "./read-body.ts";
import { refused, refuseIfRefused } from "./refused.ts";
import { parseBody, queryRequest } from "./requests.ts";
import { integerParameter, type Matched, param } from "./routes.ts";
import { sendJson, sendPage } from "./send.ts";
import { locationOf, statementOf } from "./statement-body.ts";

/** BigQuery's own default for `timeoutMs`. */
const DEFAULT_TIMEOUT_MS = 10_000;
/** Milliseconds; what is longer is cut to the gateway's own bound. */
const MOST_TIMEOUT_MS = 1_000_000_000;

/** Requests of jobs.query whose reading is kept, and characters of one. */
const QUERIES_KEPT = 256;
const LONGEST_QUERY = 20_000;

export interface QueriesOptions {
  readonly engine: SessionEngine;
  readonly pages: PageOptions;
  readonly bodyBytes: number;
  readonly longPollMs: number;
}

/** Who asks for rows, and where they go. */
type Asking = Pick<Call, "principal" | "response" | "gone">;

/** Queries that are asked and wait for their rows, and jobs whose rows are asked for. */
export class Queries {
  readonly #o: QueriesOptions;
  readonly #requests = new LastMade<z.output<typeof queryRequest>>(QUERIES_KEPT, LONGEST_QUERY);

  constructor(options: QueriesOptions) {
    this.#o = options;
  }

  /** jobs.query. */
  async query(call: Call): Promise<void> {
    const { m, principal, connection, request, response, gone } = call;
    const { engine, longPollMs } = this.#o;
    const project = param(m, "project");
    const body = this.#requests.of(await readBody(request, this.#o.bodyBytes), (text) => parseBody(queryRequest, text));
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
    const { pages } = this.#o;
    let began = 0;
    const { row, page } =
      waitMs === 0 || asked.maxResults === 0
        ? { row: await engine.submit(principal, connection, submission), page: undefined }
        : await engine.submitFor<Page>(principal, connection, submission, waitMs, (row, query, wanted) => {
            began = pages.clock();
            const isWanted = () => wanted() && !gone.aborted;
            return openSoon(pages, principal, row, query, asked, waitMs, isWanted, gone);
          });
    if (page !== undefined) return sendRows(response, "bigquery#queryResponse", row, page, gone);
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
    const left = began === 0 ? waitMs : Math.max(0, waitMs - Math.max(0, pages.clock() - began));
    return this.#results(call, row, "bigquery#queryResponse", left, asked);
  }

  /** jobs.getQueryResults. */
  results(asking: Asking, m: Matched, row: SessionRow): Promise<void> {
    const timeoutMs = integerParameter(m.query, "timeoutMs", MOST_TIMEOUT_MS) ?? DEFAULT_TIMEOUT_MS;
    return this.#results(asking, row, "bigquery#getQueryResultsResponse", timeoutMs, pageRequestOf(m));
  }

  /** Waits for the job as long as the client asked (and the gateway bears), then answers its state or one page of masked rows. */
  async #results(
    { principal, response, gone }: Asking,
    before: SessionRow,
    kind: string,
    timeoutMs: number,
    page: PageRequest,
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
    await sendRows(response, kind, row, await openPage(pages, principal, row, outcome, page, gone), gone);
  }
}

function sendRows(
  response: ServerResponse,
  kind: string,
  row: SessionRow,
  page: Page,
  gone: AbortSignal,
): Promise<void> | undefined {
  const rest = { ...tail(row), totalRows: String(page.totalRows), jobComplete: true };
  // Many pages have the same schema.
  const head = `{"kind":"${kind}","schema":{"fields":${jsonOnce(page.schema)}},${JSON.stringify(rest).slice(1)}`;
  return sendPage(response, head, page, gone);
}

function tail(row: SessionRow): Record<string, unknown> {
  return { jobReference: jobReference(row), totalBytesProcessed: bytesTold(row), cacheHit: false };
}
