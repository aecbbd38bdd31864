import type { AgentPrincipal } from "../identity/principal.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { FirstRowsQuery } from "../upstream/upstream.ts";
import type { Opened } from "./engine.ts";
import { type Begun, MaskedPage, NotComplete } from "./masked-page.ts";
import { type Page, type PageOptions, type PageRequest, requireAdmitted, requireHolding, rowsWanted } from "./page.ts";
import { NOT_NAMED, rowLimit, type SessionRow } from "./session-row.ts";

/**
 * Opens the first page of a job that was just begun, by the call that waits for its end: one call less for a small query. BigQuery says
 * `jobComplete` behind the rows, but has rows only when it is true
 * (https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults#response-body), and `totalRows` before them. undefined: the job isn't complete
 * in time, or the answer doesn't say so much; nothing left, and nothing was recorded. Throws as `openPage`.
 */
export async function openFirstPage(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  request: PageRequest,
  waitMs: number,
  signal: AbortSignal,
): Promise<Page | undefined> {
  const maxRows = Math.min(rowsWanted(options, request), rowLimit(row));
  if (maxRows === 0 || options.engine.maskPlanOf(row).fields.length === 0) return undefined;
  const masked = new MaskedPage(options, row, {
    from: 0,
    upstreamToken: undefined,
    maxRows,
    formatOptions: request.formatOptions,
    totalRows: undefined,
    waitMs,
    signal,
  });
  let begun: Begun;
  try {
    begun = await masked.begin();
  } catch (error) {
    // How a job failed is told by whoever follows it, and to a client that went away nothing is.
    if (error instanceof NotComplete || error instanceof UpstreamError || signal.aborted) return undefined;
    throw error;
  }
  if (masked.upstreamRows === undefined) {
    await masked.drop();
    return undefined;
  }
  try {
    await options.engine.completed(row, { ok: true, totalRows: masked.upstreamRows });
    if (options.engine.outcome(row.id)?.ok === false) {
      // It was cancelled meanwhile, which is told as of any other.
      await masked.drop();
      return undefined;
    }
    await requireHolding(options, principal, row);
  } catch (error) {
    await masked.drop();
    throw error;
  }
  return masked.open(principal, begun, () => requireAdmitted(options, principal, row));
}

/** How long BigQuery is to wait in the call that begins a job: then it says which it is, so that it can be cancelled. */
const FIRST_WAIT_MS = 500;

/**
 * Runs the query and opens its first page, in one call upstream. `row` is the session's, with its job as soon as BigQuery has said which that is; without
 * a page it runs on, or has ended. That nobody wants the page any more doesn't end the call, or nobody would know the job. Throws as `openPage`.
 */
async function openQueriedPage(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  query: FirstRowsQuery,
  request: PageRequest,
  waitMs: number,
  wanted: () => boolean,
): Promise<Opened<Page>> {
  const { engine } = options;
  const masked = new MaskedPage(options, row, {
    from: 0,
    upstreamToken: undefined,
    maxRows: Math.min(rowsWanted(options, request), rowLimit(row)),
    formatOptions: request.formatOptions,
    totalRows: undefined,
    waitMs: Math.min(waitMs, FIRST_WAIT_MS),
    query,
    signal: undefined,
  });
  const named = async () => (masked.job === undefined ? row : engine.named(row, masked.job));
  let begun: Begun;
  try {
    begun = await masked.begin();
  } catch (error) {
    const now = await named();
    if (error instanceof NotComplete && masked.job === undefined)
      return {
        row: await engine.queryFailed(row, new UpstreamError("unexpected", { httpStatus: 200 })),
        page: undefined,
      };
    if (error instanceof NotComplete) return { row: now, page: undefined };
    if (!(error instanceof UpstreamError)) throw error;
    return { row: masked.job === undefined ? await engine.queryFailed(row, error) : now, page: undefined };
  }
  try {
    if (masked.upstreamRows === undefined || !wanted()) {
      await masked.drop();
      return { row: await named(), page: undefined };
    }
    const completing = engine.completed(row, { ok: true, totalRows: masked.upstreamRows });
    if (completing !== undefined) await completing;
    if (engine.outcome(row.id)?.ok === false) {
      // It was cancelled meanwhile, which is told as of any other.
      await masked.drop();
      return { row: await named(), page: undefined };
    }
    const holding = requireHolding(options, principal, row);
    if (holding !== undefined) await holding;
  } catch (error) {
    await masked.drop();
    await named();
    throw error;
  }
  return { row, page: await masked.open(principal, begun, () => requireAdmitted(options, principal, row)) };
}

/**
 * Brings the first page of a query that was just decided: runs it, where `query` says that this is still to be done, and waits for its job up to `waitMs`.
 * Without a page the job runs on, or has ended. `wanted`: false once nobody waits. Throws as `openPage`.
 */
export async function openSoon(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  query: FirstRowsQuery | undefined,
  request: PageRequest,
  waitMs: number,
  wanted: () => boolean,
  gone: AbortSignal,
): Promise<Opened<Page>> {
  const began = options.clock();
  let now = row;
  if (query !== undefined) {
    const opened = await openQueriedPage(options, principal, row, query, request, waitMs, wanted);
    now = opened.row;
    const runs = now.error === null && now.upstream_job !== NOT_NAMED && options.engine.outcome(row.id) === undefined;
    if (opened.page !== undefined || !runs || !wanted()) return unlessLate(opened, wanted);
  }
  const left = waitMs - Math.max(0, options.clock() - began);
  const page = left > 0 ? await openFirstPage(options, principal, now, request, left, gone) : undefined;
  return unlessLate({ row: now, page }, wanted);
}

/** A page that nobody waits for any more is read by nobody: of a large one it is recorded that it broke off, and its connection is given back. */
async function unlessLate(opened: Opened<Page>, wanted: () => boolean): Promise<Opened<Page>> {
  const { row, page } = opened;
  if (page === undefined || page.whole !== undefined || wanted()) return opened;
  const rows = page.rows[Symbol.asyncIterator]();
  // What hasn't begun would do nothing at its end.
  await rows.next();
  await rows.return?.();
  return { row, page: undefined };
}
