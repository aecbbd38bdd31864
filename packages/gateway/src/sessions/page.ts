import type { SitePattern, TokenKeys } from "@chaperone/masking";
import type { Sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RowPage } from "../upstream/upstream.ts";
import type { SessionEngine } from "./engine.ts";
import type { Outcome } from "./job-follower.ts";
import type { ResultField } from "./mask-plan.ts";
import { MaskedPage } from "./masked-page.ts";
import { PageError } from "./page-error.ts";
import { readToken } from "./page-token.ts";
import { denied } from "./refusal.ts";
import type { SessionError } from "./session.ts";
import { rowLimit, type SessionRow } from "./session-row.ts";

/** Which rows of a result, in which wire form. */
export interface PageRequest {
  readonly pageToken: string | undefined;
  readonly startIndex: number | undefined;
  readonly maxResults: number | undefined;
  readonly formatOptions: NonNullable<RowPage["formatOptions"]>;
}

/**
 * A page that may leave: its release record is durable (I3). `rows` yields masked rows, comma-separated, without brackets; of a small page they are
 * all here, `whole`, and what of them leaves is recorded already.
 */
export interface Page {
  readonly schema: readonly ResultField[];
  readonly totalRows: number;
  /** Longest that all of it may take, at the reader's pace (I10). */
  readonly mostMs: number;
  /**
   * Must be read to its end, or aborted by throwing away the iterator: both are recorded. What it yields holds only until the
   * next is asked for.
   */
  readonly rows: AsyncIterable<Uint8Array>;
  readonly whole: Uint8Array | undefined;
  /** After `rows` ended: the token of the next page, if there is one. */
  next(): string | undefined;
}

export interface PageOptions {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly engine: SessionEngine;
  readonly metrics: Metrics;
  readonly masking: {
    readonly keys: TokenKeys;
    readonly smallcellK: number;
    readonly dateshiftDays: number;
    readonly recordNumbers: readonly SitePattern[];
    readonly restrictedZips: ReadonlySet<string> | undefined;
  };
  readonly clock: () => number;
  readonly rowsPerPage: number;
  /** Longest that one page may take, from the call to its last byte. */
  readonly pageMs: number;
}

/**
 * The agent and what it came with must still be let in (it may have waited for its rows, or take a page slowly); a refusal is
 * recorded. @throws PageError
 */
export async function requireAdmitted(options: PageOptions, principal: AgentPrincipal, row: SessionRow): Promise<void> {
  const { store, clock } = options;
  if (!stillAdmitted(store, principal, clock())) await refuse(options, row, NOT_ADMITTED);
}

const NOT_ADMITTED = denied("The agent, or what it came with, was suspended or revoked.");

/** And what was decided must hold now, for who asks now; a refusal is recorded. undefined: it holds, as was seen at once. Rejects with PageError */
export function requireHolding(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
): Promise<void> | undefined {
  if (!stillAdmitted(options.store, principal, options.clock())) return refuse(options, row, NOT_ADMITTED);
  const refusal = options.engine.pageRefusal(row, principal);
  if (refusal === undefined) return undefined;
  return Promise.resolve(refusal).then((found) => (found === undefined ? undefined : refuse(options, row, found)));
}

async function refuse({ store }: PageOptions, row: SessionRow, refusal: SessionError): Promise<never> {
  await store.append([{ type: "release.refused", session: row.id, data: { reason: refusal.reason } }]);
  throw new PageError(refusal);
}

/**
 * How many rows a finished job's result has, for clients that ask for no row: that too is an answer, which policy is asked about
 * and which is recorded before it leaves (I3). Throws PageError, StoreError.
 */
export async function countRows(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  outcome: Extract<Outcome, { ok: true }>,
): Promise<number> {
  await requireHolding(options, principal, row);
  const rows = Math.min(outcome.totalRows, rowLimit(row));
  await options.store.append([{ type: "release.counted", session: row.id, data: { rows, token: principal.tokenId } }]);
  return rows;
}

/**
 * Opens one page of a finished job: policy is asked again and the release recorded before any of it is given out. A small page is masked
 * first, so that one record says all of it; of a larger one the rest flows through the masks, and a second record says how it ended. Throws PageError (what the agent is told), StoreError (no evidence, no data: I3), UpstreamError.
 */
export async function openPage(
  options: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
  outcome: Extract<Outcome, { ok: true }>,
  request: PageRequest,
  signal: AbortSignal,
): Promise<Page> {
  await requireHolding(options, principal, row);
  const token = request.pageToken === undefined ? undefined : readToken(options.sealer, row, request.pageToken);
  if (token === undefined && request.pageToken !== undefined)
    throw new PageError({ reason: "invalid", status: 400, message: "The page token is not one of this job." });
  const from = token?.row ?? request.startIndex ?? 0;
  const totalRows = Math.min(outcome.totalRows, rowLimit(row));
  const masked = new MaskedPage(options, row, {
    from,
    upstreamToken: token?.upstream,
    maxRows: Math.max(0, Math.min(rowsWanted(options, request), totalRows - from)),
    formatOptions: request.formatOptions,
    totalRows: outcome.totalRows,
    waitMs: undefined,
    signal,
  });
  const begun = await masked.begin();
  try {
    // Upstream may have taken long.
    await requireAdmitted(options, principal, row);
  } catch (error) {
    await masked.drop();
    throw error;
  }
  return masked.open(principal, begun, () => requireAdmitted(options, principal, row));
}

/** How many rows of a page are asked for upstream. */
export function rowsWanted({ rowsPerPage }: PageOptions, { maxResults }: PageRequest): number {
  return Math.min(maxResults ?? rowsPerPage, rowsPerPage);
}
