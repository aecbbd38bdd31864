import { setTimeout as delay } from "node:timers/promises";
import type { AgentPrincipal } from "../identity/principal.ts";
import { stillAdmitted } from "../identity/revocation.ts";
import { UpstreamError } from "../upstream/error.ts";
import { isRefusal } from "../upstream/jobs.ts";
import type { LoadInPieces } from "../upstream/upstream.ts";
import type { Connection } from "./connection.ts";
import { areSameRows, CountedLines } from "./counted-lines.ts";
import { type Endings, NOT_ADMITTED } from "./endings.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import { upstreamFailure } from "./records.ts";
import type { SessionError } from "./session.ts";
import { attribution, openStatement, progressOf, type SessionRow, upstreamJob } from "./session-row.ts";
import type { CountedRows } from "./statement.ts";

/** Bytes of a piece on its way to BigQuery, which is held until BigQuery has it: a multiple of 256 KiB. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** After a restart the job of a last piece that was on its way may take a moment to be seen. */
const LOOKS_MS = [0, 1000, 4000];

export const BROKEN_OFF: SessionError = {
  reason: "stopped",
  status: 400,
  message: "The upload ended before all of its rows were there. Nothing was written; send it again from its beginning.",
};
export const TOO_LONG: SessionError = {
  reason: "timeout",
  status: 504,
  message: "The upload took longer than it may. Nothing was written.",
};

const OTHER_ROWS: SessionError = {
  reason: "accessDenied",
  status: 403,
  message:
    "These are not the rows that a person agreed to. Nothing was written, and what was agreed to is used up. Sent once more, they are asked for anew.",
};

export interface SentOnParts {
  readonly endings: Endings;
  readonly jobs: JobFollower;
  /** Why what policy decided holds no longer, if so. */
  refusal(row: SessionRow, principal: AgentPrincipal): Promise<SessionError | undefined>;
  /** The session can't be ended now. */
  left(id: string): void;
}

/** Why a load came to nothing. */
export class SentOnError extends Error {
  override readonly name = "SentOnError";
  readonly error: SessionError;
  constructor(error: SessionError) {
    super(error.message);
    this.error = error;
  }
}

/**
 * Loads of more rows than a statement takes: they were judged and recorded as the statement that says the same, and their rows go on to
 * one load job of BigQuery's as they come, which is made when they are all there and writes all of them or none (docs/adr/0017-sent-rows.md).
 * Until then there is nothing upstream that could have an effect, whoever dies.
 */
export class SentOn {
  readonly #o: EngineOptions;
  readonly #parts: SentOnParts;

  constructor(options: EngineOptions, parts: SentOnParts) {
    this.#o = options;
    this.#parts = parts;
  }

  /** The session runs; its rows follow. Throws SentOnError. */
  async begin(row: SessionRow, principal: AgentPrincipal, connection: Connection): Promise<RowsOnTheirWay> {
    const { asked, jobTimeoutMs, statement } = openStatement(this.#o, row);
    const sentOn = asked?.sentOn;
    if (sentOn === undefined) throw new Error("a session without rows that follow");
    const { jobId } = upstreamJob(row, connection);
    const { table, schema, write } = sentOn;
    const { location } = connection;
    const job = {
      jobId,
      project: row.project,
      location,
      table,
      schema: schema ?? undefined,
      write,
      jobTimeoutMs: Math.min(jobTimeoutMs ?? this.#o.limits.runMs, this.#o.limits.runMs),
      labels: attribution(row),
    };
    const begun = connection.upstream.beginLoad(job);
    const pieces = await begun.catch((error: unknown): Promise<never> => this.fail(row, failureOf(error)));
    const agreed = statement.rows;
    const counted = agreed === undefined ? undefined : { agreed, lines: new CountedLines(this.#o.sealer) };
    return new RowsOnTheirWay(pieces, counted, {
      row,
      goesOn: async () => {
        const error = await this.#stopped(row, principal);
        if (error !== undefined) await this.fail(row, error);
      },
      maySend: async () => {
        const error = (await this.#stopped(row, principal)) ?? (await this.#parts.refusal(row, principal));
        if (error !== undefined) await this.fail(row, error);
      },
      failed: (error) => this.fail(row, failureOf(error)),
      breakOff: (error) => this.breakOff(row, error),
      lastFailed: (error) => this.#lastFailed(row, connection, error),
      made: async () => {
        this.#parts.jobs.follow(row);
        this.#parts.endings.changed(row.id);
        // Cancelled while its last piece was on its way: there was no job to cancel yet.
        if ((await progressOf(this.#o.store, row.id)).state === "cancelled")
          await connection.upstream.cancelJob(upstreamJob(row, connection));
      },
    });
  }

  /** Ends the session and throws why. */
  async fail(row: SessionRow, error: SessionError): Promise<never> {
    try {
      await this.#parts.jobs.released(row);
      await this.#parts.endings.end(row.id, "failed", error);
    } catch (thrown) {
      this.#parts.left(row.id);
      throw thrown;
    }
    this.#parts.endings.changed(row.id);
    throw new SentOnError(error);
  }

  /** BigQuery refused the last piece, or nobody knows whether it has it: then its job is there, or will never be. */
  async #lastFailed(row: SessionRow, connection: Connection, error: unknown): Promise<void> {
    if (isRefusal(error)) await this.fail(row, failureOf(error));
    try {
      await this.resume(row, connection);
    } catch (thrown) {
      this.#parts.left(row.id);
      throw thrown;
    }
    const now = await progressOf(this.#o.store, row.id);
    if (now.error !== null) throw new SentOnError(JSON.parse(now.error) as SessionError);
  }

  /** Nobody sends the rest. */
  async breakOff(row: SessionRow, error: SessionError = BROKEN_OFF): Promise<void> {
    await this.fail(row, error).catch((thrown: unknown) => {
      if (!(thrown instanceof SentOnError)) throw thrown;
    });
  }

  /** After a restart: the job was made, or the rows are gone, and with them what BigQuery got of them. */
  async resume(row: SessionRow, connection: Connection): Promise<void> {
    for (const wait of LOOKS_MS) {
      await delay(wait, undefined, { ref: false });
      if ((await connection.upstream.getJob(upstreamJob(row, connection))) === undefined) continue;
      this.#parts.jobs.follow(row);
      return;
    }
    await this.breakOff(row);
  }

  /** A revocation, a cancellation hold at once; another policy from the next piece on. */
  async #stopped(row: SessionRow, principal: AgentPrincipal): Promise<SessionError | undefined> {
    const { store, clock, limits } = this.#o;
    const { state, error } = await progressOf(store, row.id);
    if (state !== "running") return error === null ? BROKEN_OFF : (JSON.parse(error) as SessionError);
    // Since it runs: it may have waited for a person before.
    if (clock() - row.updated_at > limits.runMs) return TOO_LONG;
    return (await stillAdmitted(store, principal, clock())) ? undefined : NOT_ADMITTED;
  }
}

function failureOf(error: unknown): SessionError {
  if (error instanceof SentOnError) return error.error;
  const failure = upstreamFailure(error);
  // BigQuery has the rows or it hasn't: a load that wasn't made wrote nothing.
  return error instanceof UpstreamError ? failure : { ...failure, message: "Chaperone could not send the rows on." };
}

/** Where the rows of a load go: on to BigQuery, or nowhere. One call at a time. */
export interface WayOfRows {
  /** Asked from time to time while nothing else is. Throws SentOnError when they may go no further. */
  goesOn(): Promise<void>;
  /** Lines of JSON. Throws SentOnError when the session has ended. */
  add(lines: Uint8Array): Promise<void>;
  /** All rows are there, so many: the session whose job is made. Throws SentOnError where there is none. */
  finish(rows: number): Promise<SessionRow>;
  /** They won't all come. */
  cancel(): Promise<void>;
  /** After that: the session ends, with why. */
  breakOff(error: SessionError | undefined): Promise<void>;
}

/** What the session says to its rows; what it doesn't let is a SentOnError, and its end. */
interface SessionOfRows {
  readonly row: SessionRow;
  goesOn(): Promise<void>;
  maySend(): Promise<void>;
  failed(error: unknown): Promise<never>;
  lastFailed(error: unknown): Promise<void>;
  made(): Promise<void>;
  breakOff(error: SessionError | undefined): Promise<void>;
}

/** Which rows somebody has agreed to, and those that came. */
interface Compared {
  readonly agreed: CountedRows;
  readonly lines: CountedLines;
}

/** The pieces of one load. */
export class RowsOnTheirWay implements WayOfRows {
  readonly #pieces: LoadInPieces;
  readonly #compared: Compared | undefined;
  readonly #session: SessionOfRows;
  #held: Uint8Array[] = [];
  #size = 0;

  constructor(pieces: LoadInPieces, compared: Compared | undefined, session: SessionOfRows) {
    this.#pieces = pieces;
    this.#compared = compared;
    this.#session = session;
  }

  goesOn(): Promise<void> {
    return this.#session.goesOn();
  }

  async add(lines: Uint8Array): Promise<void> {
    if (lines.length === 0) return;
    if (this.#compared !== undefined) {
      this.#compared.lines.add(lines);
      if (this.#compared.lines.bytes > this.#compared.agreed.bytes) await this.#others();
    }
    this.#held.push(lines);
    this.#size += lines.length;
    if (this.#size < PIECE_BYTES) return;
    const all = Buffer.concat(this.#held);
    let at = 0;
    for (; all.length - at >= PIECE_BYTES; at += PIECE_BYTES) {
      const piece = all.subarray(at, at + PIECE_BYTES);
      await this.#session.maySend();
      await this.#pieces.send(piece).catch((error: unknown) => this.#session.failed(error));
    }
    this.#held = [Buffer.from(all.subarray(at))];
    this.#size = all.length - at;
  }

  /** The job is made, and followed. */
  async finish(rows: number): Promise<SessionRow> {
    // What makes the job is sent only if it is what somebody has agreed to (I6).
    if (this.#compared !== undefined && !areSameRows(this.#compared.lines.all(rows), this.#compared.agreed))
      await this.#others();
    await this.#session.maySend();
    const last = Buffer.concat(this.#held);
    this.#held = [];
    try {
      await this.#pieces.finish(last);
    } catch (error) {
      await this.#session.lastFailed(error);
    }
    await this.#session.made();
    return this.#session.row;
  }

  async #others(): Promise<never> {
    await this.cancel();
    return this.#session.failed(new SentOnError(OTHER_ROWS));
  }

  breakOff(error: SessionError | undefined): Promise<void> {
    return this.#session.breakOff(error);
  }

  async cancel(): Promise<void> {
    this.#held = [];
    await this.#pieces.cancel();
  }
}
