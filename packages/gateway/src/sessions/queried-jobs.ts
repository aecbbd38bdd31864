import { setTimeout as delay } from "node:timers/promises";
import { LastKept } from "../last-kept.ts";
import { UpstreamError } from "../upstream/error.ts";
import { isRefusal } from "../upstream/jobs.ts";
import { isWorthRetrying } from "../upstream/retry.ts";
import type { FirstRowsQuery } from "../upstream/upstream.ts";
import type { Connection } from "./connection.ts";
import type { Endings } from "./endings.ts";
import type { Opened } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { JobFollower } from "./job-follower.ts";
import { upstreamFailure } from "./records.ts";
import type { SessionError } from "./session.ts";
import { JOB_LABEL, jobLabel, NOT_NAMED, type SessionRow, sessionById, upstreamJob } from "./session-row.ts";

/** Nothing of it was shown, and nothing was changed: whoever wants the rows asks again. */
export const OUTCOME_UNKNOWN: SessionError = {
  reason: "backendError",
  status: 503,
  message:
    "The outcome is unknown: the gateway was stopped while BigQuery had the request. No row was shown. Send the query again.",
};

/** Under which it is asked as often as needed, and runs once. */
function ownJob({ id }: SessionRow): string {
  return `chaperone_${id}`;
}

/** How long after it should have the answer to a call that waits for a job may come: then its client isn't kept waiting any more. */
const AFTER_WAIT_MS = 1000;

/** A job may take a moment to be listed: each look comes so long after the one before. */
const LOOKS_MS = [0, 500, 1500];

/** Once another job was begun in its place, it is looked for so long after that, and after that look. */
const LATER_LOOKS_MS = [0, 5000];

/** Names of jobs that are remembered, so that none is taken for another session's too; at most twice as many (I10). */
const NAMES_KEPT = 10_000;

/**
 * SELECTs that jobs.query runs. BigQuery makes the ids of their jobs: until its answer begins, a session's job is known by its label alone
 * (docs/adr/0023-small-queries.md). None is sent so a second time.
 */
export class QueriedJobs {
  readonly #o: EngineOptions;
  readonly #endings: Endings;
  readonly #jobs: JobFollower;
  readonly #unsent = new Map<string, FirstRowsQuery>();
  /** Sent, and not answered; with whom to tell, if anybody waits for that. */
  readonly #sent = new Map<string, PromiseWithResolvers<void> | undefined>();
  /** May have been sent, here or before a restart, and what became of it isn't recorded yet. */
  readonly #mayRun = new Set<string>();
  /** With their sessions. */
  readonly #names = new LastKept<string, string>(NAMES_KEPT);

  constructor(options: EngineOptions, endings: Endings, jobs: JobFollower) {
    this.#o = options;
    this.#endings = endings;
    this.#jobs = jobs;
  }

  /** Whoever submitted the session sends this, and brings its first page. */
  keep(session: string, query: FirstRowsQuery): void {
    this.#unsent.set(session, query);
  }

  /** What is to be sent for the session, given out once; undefined: its job has been begun. */
  take(session: string): FirstRowsQuery | undefined {
    const query = this.#unsent.get(session);
    if (query === undefined) return undefined;
    this.#unsent.delete(session);
    this.#mayRun.add(session);
    return query;
  }

  /** `work` sends the session's query and hears its answer. */
  async during<T>(session: string, work: () => Promise<T>): Promise<T> {
    this.#sent.set(session, undefined);
    try {
      const done = await work();
      this.over(session);
      return done;
    } finally {
      const awaited = this.#sent.get(session);
      this.#sent.delete(session);
      awaited?.resolve();
    }
  }

  /**
   * Of a session whose work broke off in this process before its query was sent: the row by which it is launched as any other. undefined: it may have
   * been sent.
   */
  async unsent(row: SessionRow): Promise<SessionRow | undefined> {
    if (this.#mayRun.has(row.id)) return undefined;
    this.#unsent.delete(row.id);
    return this.name(row, ownJob(row));
  }

  /** Resolves when no answer is waited for: from then on the session's row says which job it is, if there is one. */
  async answered(session: string): Promise<void> {
    if (!this.#sent.has(session)) return;
    const awaited = this.#sent.get(session) ?? Promise.withResolvers<void>();
    this.#sent.set(session, awaited);
    await awaited.promise;
  }

  /**
   * What `work` brings, or nothing where that takes longer than the client waits: the call isn't broken off, for its answer says which job it is. From then on `work`
   * is told that nobody wants what it brings.
   */
  upTo<Page>(
    waitMs: number,
    row: SessionRow,
    work: (wanted: () => boolean) => Promise<Opened<Page>>,
  ): Promise<Opened<Page>> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        resolve({ row, page: undefined });
      }, waitMs + AFTER_WAIT_MS);
      work(() => !late).then(
        (opened) => {
          clearTimeout(timer);
          resolve(opened);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (late) this.#o.log.warn({ session: row.id, err: error }, "a query's first answer came late, and failed");
          else reject(error);
        },
      );
    });
  }

  /** Whether an answer may name this job for the session: it is no other's. */
  isIts(session: string, jobId: string): boolean {
    const known = this.#names.get(jobId);
    if (known !== undefined) return known === session;
    this.#names.set(jobId, session);
    return true;
  }

  /** Records which job it is, where nobody did yet and no release says so. Returns the row with the one that counts. */
  async name(row: SessionRow, jobId: string): Promise<SessionRow> {
    if (row.upstream_job !== NOT_NAMED) return row;
    const { upstreamJob } = await this.#o.store.run("session.job-named", {
      id: row.id,
      upstreamJob: jobId,
      dryRunBytes: row.dry_run_bytes,
    });
    this.over(row.id);
    return { ...row, upstream_job: upstreamJob };
  }

  /** What became of the session's query is recorded: it is looked for no more. */
  over(session: string): void {
    this.#mayRun.delete(session);
  }

  /**
   * The call failed. Returns the row: its job was found; or it is to be launched under the id of ours that was recorded now, since BigQuery knows of no job; or the session
   * has ended, with why there is none.
   */
  async failed(row: SessionRow, connection: Connection, error: UpstreamError): Promise<SessionRow> {
    if (!isRefusal(error)) {
      const looked = await this.#find(row, connection).then(
        (job) => ({ job }),
        () => undefined,
      );
      if (looked?.job !== undefined) return this.name(row, looked.job);
      if (looked !== undefined && isWorthRetrying(error)) {
        const now = await sessionById(this.#o.store, row.id);
        return now.state === "running" ? this.name(now, ownJob(row)) : now;
      }
    }
    await this.#jobs.released(row);
    await this.#endings.end(row.id, "failed", upstreamFailure(error));
    return sessionById(this.#o.store, row.id);
  }

  /** After a restart, or where the work broke off: follows the job if there is one. The query isn't sent again. */
  async goOn(row: SessionRow, connection: Connection): Promise<void> {
    // Where looking fails, it is looked for again.
    this.#mayRun.add(row.id);
    const found = await this.#find(row, connection).catch((error: unknown) => {
      // There will be no fewer: nobody will ever know.
      if (error instanceof UpstreamError && error.reason === "tooManyJobs") return undefined;
      throw error;
    });
    if (found !== undefined) this.#jobs.follow(await this.name(row, found));
    else await this.#endings.end(row.id, "failed", OUTCOME_UNKNOWN);
    this.over(row.id);
  }

  /**
   * The session's query runs now under an id of ours, since BigQuery knew of no job. If it lists the first one after all, that is stopped: nobody wants its
   * rows.
   */
  stopFirst(row: SessionRow, connection: Connection): void {
    const stop = async () => {
      const jobId = await this.#look(row, connection, LATER_LOOKS_MS, ownJob(row));
      if (jobId === undefined) return;
      this.#o.log.warn({ session: row.id, job: jobId }, "a query runs twice: BigQuery listed its first job late");
      await connection.upstream.cancelJob(upstreamJob({ ...row, upstream_job: jobId }, connection));
    };
    stop().catch((error: unknown) =>
      this.#o.log.warn({ session: row.id, err: error }, "whether a query runs twice could not be seen, or stopped"),
    );
  }

  /** The session was cancelled: so is its job, as soon as it is known which. */
  async cancel(row: SessionRow, connection: Connection): Promise<void> {
    await this.answered(row.id);
    const now = await sessionById(this.#o.store, row.id);
    const jobId = now.upstream_job === NOT_NAMED ? await this.#find(row, connection) : now.upstream_job;
    if (jobId === undefined || jobId === null) return;
    await connection.upstream.cancelJob(upstreamJob(await this.name(now, jobId), connection));
  }

  #find(row: SessionRow, connection: Connection): Promise<string | undefined> {
    return this.#look(row, connection, LOOKS_MS);
  }

  /** Throws UpstreamError where it didn't answer the last time. */
  async #look(
    row: SessionRow,
    connection: Connection,
    waits: readonly number[],
    except?: string,
  ): Promise<string | undefined> {
    const label = [JOB_LABEL, jobLabel(row.id)] as const;
    const of = {
      project: row.project,
      location: connection.location,
      label,
      since: row.created_at,
      ...(except === undefined ? {} : { except }),
    };
    let failure: unknown;
    for (const wait of waits) {
      await delay(wait, undefined, { ref: false });
      failure = undefined;
      const found = await connection.upstream.jobOfLabel(of).catch((error: unknown) => {
        failure = error;
        return undefined;
      });
      if (found !== undefined) return found.jobId;
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }
}
