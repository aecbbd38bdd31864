import type { TableFieldSchema } from "@chaperone/googlesql";
import { JsonRowsMasker, MaskingError, type SitePattern, type TokenKeys } from "@chaperone/masking";
import type { Sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { RowPage } from "../upstream/upstream.ts";
import type { SessionEngine } from "./engine.ts";
import type { Outcome } from "./job-follower.ts";
import { answerDisagreement, type ResultField } from "./mask-plan.ts";
import { releasedColumns } from "./records.ts";
import type { SessionError } from "./session.ts";
import { decisionOf, type SessionRow, upstreamJob } from "./session-row.ts";

/** Which rows of a result, in which wire form. */
export interface PageRequest {
  readonly pageToken: string | undefined;
  readonly startIndex: number | undefined;
  readonly maxResults: number | undefined;
  readonly formatOptions: NonNullable<RowPage["formatOptions"]>;
}

export class PageError extends Error {
  override readonly name = "PageError";
  readonly error: SessionError;
  constructor(error: SessionError) {
    super(error.message);
    this.error = error;
  }
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

/** Where the next page begins, sealed so that it fits one session and tells nothing. */
interface PageToken {
  readonly upstream: string;
  readonly row: number;
}

/** How many rows of a result may leave in all, and under which masks: fixed when the query was decided. */
export function rowLimit(row: SessionRow): number {
  const decision = decisionOf(row);
  return (decision?.effect === "permit" ? decision.obligations.limitRows : undefined) ?? Number.POSITIVE_INFINITY;
}

/** What was decided must hold now, for who asks now; a refusal is recorded. @throws PageError */
export async function requireHolding(
  { engine, store }: PageOptions,
  principal: AgentPrincipal,
  row: SessionRow,
): Promise<void> {
  const refusal = await engine.pageRefusal(row, principal);
  if (refusal === undefined) return;
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
  const { store, engine, sealer, metrics } = options;
  await requireHolding(options, principal, row);
  const plan = engine.maskPlanOf(row);
  const token = request.pageToken === undefined ? undefined : readToken(sealer, row, request.pageToken);
  const from = token?.row ?? request.startIndex ?? 0;
  const limit = rowLimit(row);
  const totalRows = Math.min(outcome.totalRows, limit);
  const wanted = Math.max(
    0,
    Math.min(request.maxResults ?? options.rowsPerPage, options.rowsPerPage, totalRows - from),
  );
  const released = {
    session: row.id,
    columns: releasedColumns(plan.fields),
    data: { fromRow: from, maxRows: wanted, token: principal.tokenId },
  };
  const masker = new JsonRowsMasker({
    fields: plan.fields,
    keys: options.masking.keys,
    now: new Date(options.clock()),
    smallestCell: options.masking.smallcellK,
    shiftDays: options.masking.dateshiftDays,
    recordNumbers: options.masking.recordNumbers,
    ...(options.masking.restrictedZips === undefined ? {} : { restrictedZips: options.masking.restrictedZips }),
    limits: { maxRows: wanted },
    reuseOutput: true,
    onHeader: (envelope) => {
      const answered = (envelope.schema as { fields?: readonly TableFieldSchema[] } | undefined)?.fields;
      if (answered === undefined) throw new Distrust("the answer carries no schema before its rows");
      const difference = answerDisagreement(plan.schema, answered);
      if (difference !== undefined) throw new Distrust(difference);
    },
  });
  let nextToken: string | undefined;
  const connection = engine.connectionByRow(row);

  async function* masked(): AsyncGenerator<Uint8Array> {
    if (wanted === 0) return;
    try {
      const answer = await connection.upstream.streamQueryResults(upstreamJob(row, connection), {
        ...(token === undefined ? { startIndex: from } : { pageToken: token.upstream }),
        maxResults: wanted,
        formatOptions: request.formatOptions,
        signal,
      });
      for await (const chunk of answer.body) {
        const rows = masker.push(chunk);
        if (rows !== undefined && rows.length > 0) yield rows;
      }
      const { envelope, rows: count } = masker.end();
      if (envelope.jobComplete !== true) throw new Distrust("the answer does not say that the job is complete");
      const upstreamToken =
        typeof envelope.pageToken === "string" && envelope.pageToken !== "" ? envelope.pageToken : undefined;
      const reached = from + count;
      if (upstreamToken !== undefined && reached < totalRows)
        nextToken = writeToken(sealer, row, { upstream: upstreamToken, row: reached });
      else if (reached < totalRows) throw new Distrust("the answer ends before the result does");
    } catch (error) {
      if (error instanceof Distrust || error instanceof MaskingError) await engine.distrust(row.id, error.message);
      throw error;
    }
  }

  /** The rest of a page that has begun. */
  async function* recorded(begun: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    let finished = false;
    try {
      yield begun;
      yield* rest;
      finished = true;
    } finally {
      // Not reached its end: the reader went away, upstream broke off, or the answer can't be trusted.
      await rest.return(undefined);
      await store.run("release.finish", {
        session: row.id,
        number,
        outcome: finished ? "complete" : "aborted",
        ...shown(),
        last: finished && nextToken === undefined,
      });
      metrics.released(masker.progress().rows, masker.progress().maskedCells);
    }
  }

  const shown = () => {
    const { rows, bytes, maskedCells } = masker.progress();
    return { rows, bytes, masked: maskedCells };
  };

  const page = { schema: plan.schema, totalRows, mostMs: options.pageMs, next: () => nextToken };
  const flow = masked();
  const { bytes, ended } = await upTo(WHOLE_BYTES, flow);
  if (ended) {
    await store.run("release.whole", { ...released, ...shown(), last: nextToken === undefined });
    metrics.released(masker.progress().rows, masker.progress().maskedCells);
    return { ...page, whole: bytes, rows: only(bytes) };
  }
  const { number } = await store.run("release.start", released).catch(async (error: unknown) => {
    await flow.return(undefined);
    throw error;
  });
  return { ...page, whole: undefined, rows: recorded(bytes, flow) };
}

/** A page of at most this is held until all of it is masked. */
const WHOLE_BYTES = 64 * 1024;
/** And no longer than this after its first rows: an upstream that sends slowly shows each soon. */
const WHOLE_MS = 100;

/** What flows, until its end, or until that is more than `most` or has taken too long. */
async function upTo(
  most: number,
  flow: AsyncGenerator<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly ended: boolean }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let late = Number.POSITIVE_INFINITY;
  for (;;) {
    const { done, value } = await flow.next();
    if (done === true) return { bytes: Buffer.concat(pieces, length), ended: true };
    // It holds only until the next is asked for.
    pieces.push(Uint8Array.from(value));
    length += value.length;
    late = Math.min(late, performance.now() + WHOLE_MS);
    if (length > most || performance.now() >= late) return { bytes: Buffer.concat(pieces, length), ended: false };
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Upstream's answer is not what was agreed (I2). The message names places, never values. */
class Distrust extends Error {}

function writeToken(sealer: Sealer, row: SessionRow, token: PageToken): string {
  return Buffer.from(sealer.seal(JSON.stringify(token), `page:${row.id}`)).toString("base64url");
}

/** A token of another session, another agent or another key does not open. */
function readToken(sealer: Sealer, row: SessionRow, text: string): PageToken {
  try {
    return JSON.parse(sealer.open(Buffer.from(text, "base64url"), `page:${row.id}`)) as PageToken;
  } catch {
    throw new PageError({ reason: "invalid", status: 400, message: "The page token is not one of this job." });
  }
}
