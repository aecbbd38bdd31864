import type { TableFieldSchema } from "@chaperone/googlesql";
import { type Envelope, JsonRowsMasker, MaskingError } from "@chaperone/masking";
import { type AgentPrincipal, agentOf } from "../identity/principal.ts";
import { type AnsweredJob, isJob } from "../upstream/names.ts";
import type { FirstRowsQuery, JobReference, RowStream } from "../upstream/upstream.ts";
import type { Connection } from "./connection.ts";
import { answerDisagreement, type MaskPlan } from "./mask-plan.ts";
import type { Page, PageOptions, PageRequest } from "./page.ts";
import { PageError } from "./page-error.ts";
import { writeToken } from "./page-token.ts";
import { releasedColumns } from "./records.ts";
import { ANSWER_DISAGREES } from "./refusal.ts";
import { rowLimit, type SessionRow, upstreamJob } from "./session-row.ts";

export interface PageAsked {
  /** The first row's place in the result. */
  readonly from: number;
  /** The same place in upstream's words. */
  readonly upstreamToken: string | undefined;
  readonly maxRows: number;
  readonly formatOptions: PageRequest["formatOptions"];
  /** Of the result, as upstream counts; undefined: its answer says so. */
  readonly totalRows: number | undefined;
  /** Set where the job may not be complete yet. */
  readonly waitMs: number | undefined;
  /** Set where this is yet to be run, by the call that brings the rows; its answer says which job it is. */
  readonly query?: FirstRowsQuery;
  readonly signal: AbortSignal | undefined;
}

/** One page on its way from upstream through the masks. Nothing of it is given out before `open`. */
export class MaskedPage {
  /** What is yet to come; undefined: nothing, or it isn't begun. */
  #flow: AsyncGenerator<Uint8Array> | undefined;
  readonly #options: PageOptions;
  readonly #row: SessionRow;
  readonly #asked: PageAsked;
  readonly #plan: MaskPlan;
  readonly #masker: JsonRowsMasker;
  #upstreamRows: number | undefined;
  #headCame = false;
  #job: string | undefined;
  #nextToken: string | undefined;

  constructor(options: PageOptions, row: SessionRow, asked: PageAsked) {
    this.#options = options;
    this.#row = row;
    this.#asked = asked;
    this.#plan = options.engine.maskPlanOf(row);
    this.#upstreamRows = asked.totalRows;
    const { masking } = options;
    this.#masker = new JsonRowsMasker({
      fields: this.#plan.fields,
      keys: masking.keys,
      now: new Date(options.clock()),
      smallestCell: masking.smallcellK,
      shiftDays: masking.dateshiftDays,
      recordNumbers: masking.recordNumbers,
      ...(masking.restrictedZips === undefined ? {} : { restrictedZips: masking.restrictedZips }),
      limits: { maxRows: asked.maxRows },
      reuseOutput: true,
      onHeader: (envelope) => this.#checkHead(envelope),
    });
  }

  /** Of the whole result, once upstream has said so. */
  get upstreamRows(): number | undefined {
    return this.#upstreamRows;
  }

  /** The job of a query that this ran, once BigQuery has said so. */
  get job(): string | undefined {
    return this.#job;
  }

  /** As much of it as is held before any leaves. */
  async begin(): Promise<Begun> {
    if (this.#asked.maxRows === 0) return { bytes: NOTHING, ended: true };
    let answer: RowStream;
    try {
      answer = await this.#answer();
      if (answer.whole !== undefined) {
        // It isn't written over, for nothing more is masked.
        const bytes = this.#push(answer.whole) ?? NOTHING;
        this.#end();
        return { bytes, ended: true };
      }
    } catch (error) {
      throw await this.#judged(error);
    }
    this.#flow = this.#masked(answer);
    return upTo(WHOLE_BYTES, this.#flow);
  }

  /** It isn't wanted any more. */
  async drop(): Promise<void> {
    await this.#flow?.return(undefined);
  }

  /** Records the release and gives the page out. `admitted` is asked before each further piece of a large one, and throws where no more may leave. */
  async open(principal: AgentPrincipal, { bytes, ended }: Begun, admitted: () => Promise<void>): Promise<Page> {
    const { store, metrics, pageMs } = this.#options;
    const { from, maxRows } = this.#asked;
    const totalRows = this.#totalRows() ?? 0;
    const released = {
      session: this.#row.id,
      columns: releasedColumns(this.#plan.fields, this.#plan.fields),
      data: { fromRow: from, maxRows: Math.max(0, Math.min(maxRows, totalRows - from)), token: principal.tokenId },
      ...(this.#job === undefined ? {} : { learnt: { upstreamJob: this.#job, dryRunBytes: this.#row.dry_run_bytes } }),
    };
    const page = {
      schema: this.#plan.schema,
      totalRows,
      mostMs: pageMs,
      next: () => this.#nextToken,
    };
    if (ended) {
      const shown = this.#shown();
      await store.run("release.whole", { ...released, ...shown, last: this.#nextToken === undefined });
      metrics.released(shown.rows, shown.masked);
      return {
        ...page,
        whole: bytes,
        get rows() {
          return only(bytes);
        },
      };
    }
    const { number } = await store.run("release.start", released).catch(async (error: unknown) => {
      await this.drop();
      throw error;
    });
    return { ...page, whole: undefined, rows: this.#recorded(bytes, number, admitted) };
  }

  #checkHead(envelope: Envelope): void {
    this.#headCame = true;
    if (this.#asked.query !== undefined) this.#name(envelope.jobReference as AnsweredJob | null | undefined);
    const of = envelope.jobReference as AnsweredJob | null | undefined;
    const isThis = isJob(of, this.#reference());
    if (this.#asked.waitMs !== undefined) {
      // Another job's answer is for whoever follows this one to judge.
      if (envelope.jobComplete === false || !isThis) throw new NotComplete();
      this.#upstreamRows = rowCount(envelope.totalRows);
    } else if (of !== undefined && !isThis) throw new Distrust("the answer is another job's");
    const answered = (envelope.schema as { fields?: readonly TableFieldSchema[] } | undefined)?.fields;
    if (answered === undefined) throw new Distrust("the answer carries no schema before its rows");
    const difference = answerDisagreement(this.#plan.schema, answered);
    if (difference !== undefined) throw new Distrust(difference);
  }

  /** BigQuery made the job's id: it must be one, in the project that was asked, and no other session's (I2). */
  #name(written: AnsweredJob | null | undefined): void {
    const { projectId, jobId } = written ?? {};
    const connection = this.#connection();
    if (
      projectId !== (connection.billingProject ?? this.#row.project) ||
      typeof jobId !== "string" ||
      !JOB_ID.test(jobId)
    )
      throw new Distrust("the answer names no job of this project");
    if (!this.#options.engine.mayBeNamed(this.#row, jobId)) throw new Distrust("the answer is another job's");
    this.#job = jobId;
  }

  #reference(): JobReference {
    const job = this.#job;
    return upstreamJob(job === undefined ? this.#row : { ...this.#row, upstream_job: job }, this.#connection());
  }

  #answer(): Promise<RowStream> {
    const { from, upstreamToken, maxRows, formatOptions, waitMs, query, signal } = this.#asked;
    const { upstream } = this.#connection();
    const agent = agentOf(this.#row);
    const page = { maxResults: maxRows, formatOptions, agent, ...(signal === undefined ? {} : { signal }) };
    if (query !== undefined) return upstream.queryRows(query, { ...page, waitMs: waitMs ?? 0 });
    return upstream.streamQueryResults(this.#reference(), {
      ...page,
      ...(upstreamToken === undefined ? { startIndex: from } : { pageToken: upstreamToken }),
      ...(waitMs === undefined ? {} : { waitMs }),
    });
  }

  async *#masked(answer: RowStream): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of answer.body) {
        const rows = this.#push(chunk);
        if (rows !== undefined) yield rows;
      }
      this.#end();
    } catch (error) {
      throw await this.#judged(error);
    }
  }

  /** The answer has come to its end. */
  #end(): void {
    const { envelope, rows: count } = this.#masker.end();
    if (envelope.jobComplete !== true) throw new Distrust("the answer does not say that the job is complete");
    // What waits for the job and has no rows may say how many there are at its end.
    this.#upstreamRows ??= rowCount(envelope.totalRows);
    const totalRows = this.#totalRows();
    // Nobody knows yet: the page isn't opened.
    if (totalRows === undefined) return;
    const next = typeof envelope.pageToken === "string" && envelope.pageToken !== "" ? envelope.pageToken : undefined;
    const reached = this.#asked.from + count;
    if (this.#upstreamRows !== undefined && reached > this.#upstreamRows) throw tooManyRows();
    if (next !== undefined && reached < totalRows)
      this.#nextToken = writeToken(this.#options.sealer, this.#row, { upstream: next, row: reached });
    else if (reached < totalRows) throw new Distrust("the answer ends before the result does");
  }

  /** What is to be thrown for it; who can't be trusted has raised the alarm. */
  async #judged(error: unknown): Promise<unknown> {
    // An answer to the waiting call that broke off so early tells nothing of rows.
    if (this.#asked.waitMs !== undefined && !this.#headCame && error instanceof MaskingError) return new NotComplete();
    if (!(error instanceof Distrust || error instanceof MaskingError)) return error;
    await this.#options.engine.distrust(this.#row.id, error.message);
    // Not a failure of ours, which clients would send again.
    return new PageError(ANSWER_DISAGREES);
  }

  #push(chunk: Buffer): Uint8Array | undefined {
    const rows = this.#masker.push(chunk);
    // How many there can be is known only since the head came.
    const most = this.#asked.waitMs === undefined ? undefined : (this.#upstreamRows ?? this.#asked.maxRows);
    if (most !== undefined && this.#masker.rows > most) throw tooManyRows();
    return rows !== undefined && rows.length > 0 ? rows : undefined;
  }

  /** The rest of a page that has begun. */
  async *#recorded(begun: Uint8Array, number: number, admitted: () => Promise<void>): AsyncGenerator<Uint8Array> {
    const { engine, metrics } = this.#options;
    let finished = false;
    try {
      yield begun;
      for await (const rows of this.#flow ?? []) {
        await admitted();
        yield rows;
      }
      finished = true;
    } finally {
      // Not reached its end: the reader went away, upstream broke off, or the answer can't be trusted.
      await this.drop();
      const shown = this.#shown();
      await engine.releaseEnded({
        session: this.#row.id,
        number,
        outcome: finished ? "complete" : "aborted",
        ...shown,
        last: finished && this.#nextToken === undefined,
      });
      metrics.released(shown.rows, shown.masked);
    }
  }

  /** What of the result may be seen in all. */
  #totalRows(): number | undefined {
    return this.#upstreamRows === undefined ? undefined : Math.min(this.#upstreamRows, rowLimit(this.#row));
  }

  #shown() {
    const { rows, bytes, maskedCells } = this.#masker.progress();
    return { rows, bytes, masked: maskedCells };
  }

  #connection(): Connection {
    return this.#options.engine.connectionByRow(this.#row);
  }
}

/** The answer doesn't say that this job is complete. */
export class NotComplete extends Error {}

const JOB_ID = /^[A-Za-z0-9_-]{1,1024}$/;

/** BigQuery writes numbers as text. */
function rowCount(written: unknown): number | undefined {
  return typeof written === "string" && /^[0-9]{1,15}$/.test(written) ? Number(written) : undefined;
}

const NOTHING = Buffer.alloc(0);
/** A page of at most this is held until all of it is masked. */
const WHOLE_BYTES = 64 * 1024;
/** And no longer than this after its first rows: an upstream that sends slowly shows each soon. */
const WHOLE_MS = 100;

export interface Begun {
  readonly bytes: Uint8Array;
  readonly ended: boolean;
}

/** What flows, until its end, or until that is more than `most` or has taken too long. */
async function upTo(most: number, flow: AsyncGenerator<Uint8Array>): Promise<Begun> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let late = Number.POSITIVE_INFINITY;
  for (;;) {
    const { done, value } = await flow.next();
    if (done === true) {
      const [only] = pieces;
      return { bytes: pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length), ended: true };
    }
    // It holds only until the next is asked for.
    pieces.push(Buffer.from(value));
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

function tooManyRows(): Distrust {
  return new Distrust("the answer has more rows than the result");
}
