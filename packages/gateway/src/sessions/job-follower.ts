import { setTimeout as delay } from "node:timers/promises";
import { agentOf } from "../identity/principal.ts";
import { LastKept } from "../last-kept.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { isRefusal } from "../upstream/jobs.ts";
import type { QueryResults } from "../upstream/upstream.ts";
import type { Connection } from "./connection.ts";
import { upstreamFailure } from "./records.ts";
import type { SessionError } from "./session.ts";
import { type SessionRow, statementsOf, upstreamJob, writtenMaskPlan } from "./session-row.ts";
import { tableUses } from "./table-uses.ts";

/** How a running job ended upstream. */
export type Outcome =
  /** `rowsLoaded`: of BigQuery's load job, which writes all rows that it was sent or none. */
  | { readonly ok: true; readonly totalRows: number; readonly rowsLoaded?: number }
  | { readonly ok: false; readonly error: SessionError };

/** Longest silence of one wait for a running job; then it is asked again. */
const POLL_MS = 10_000;
/** A load job is looked at after this, then at intervals that double up to the longest. */
const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 5000;
/** A job that was made and isn't there any more. */
const LOST = { kind: "not-found", reason: "notFound", message: "" } as const;
/** Ended jobs whose outcome is kept in memory; at most twice as many (I10). */
const SETTLED_KEPT = 10_000;

export interface JobFollowerOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly signal: AbortSignal;
  connection(name: string): Connection;
  /** Whether the session's job is BigQuery's load job. */
  isLoad(row: SessionRow): boolean;
  /** Ends the session of a job that failed. */
  failed(id: string, error: SessionError): Promise<unknown>;
  /** The job can't be followed any further now. */
  left(id: string): void;
  changed(id: string): void;
}

/** Follows jobs upstream to their end, each once, and remembers how they ended. */
export class JobFollower {
  readonly #o: JobFollowerOptions;
  readonly #watched = new Set<string>();
  readonly #settled = new LastKept<string, Outcome>(SETTLED_KEPT);

  constructor(options: JobFollowerOptions) {
    this.#o = options;
  }

  /** How the session's job ended, or undefined while it runs (or before it does). */
  outcome(id: string): Outcome | undefined {
    return this.#settled.get(id);
  }

  /** Its job runs as far as is known, and its end will be told. */
  follows(id: string): boolean {
    return this.#watched.has(id) && this.#settled.get(id) === undefined;
  }

  follow(row: SessionRow): void {
    const { id } = row;
    if (this.#watched.has(id) || this.#settled.get(id) !== undefined) return;
    this.#watched.add(id);
    this.#poll(row, this.#o.connection(row.connection))
      .then((outcome) => this.settle(id, outcome))
      .catch((error: unknown) => {
        if (this.#o.signal.aborted) return;
        this.#o.left(id);
        this.#o.log.error({ session: id, err: error }, "a running job could not be followed");
      })
      .finally(() => {
        this.#watched.delete(id);
        this.#o.changed(id);
      });
  }

  /** Its end was heard by whoever waited for it first. */
  completed(row: SessionRow, outcome: Outcome): Promise<void> | undefined {
    const settle = () => {
      if (this.#settled.get(row.id) === undefined) this.settle(row.id, outcome);
    };
    if (tableUses(statementsOf(row)).length > 0) return this.released(row).then(settle);
    settle();
    return undefined;
  }

  /** Keeps how a job ended, for so many sessions; one that fell out is asked for again upstream. */
  settle(id: string, outcome: Outcome): void {
    this.#settled.set(id, outcome);
    this.#o.changed(id);
  }

  /** The job is over upstream: the columns of what it wrote may be others now, and other sessions may use it. */
  async released(row: SessionRow): Promise<void> {
    const uses = tableUses(statementsOf(row));
    if (uses.length === 0) return;
    const { catalog } = this.#o.connection(row.connection);
    for (const { name, how } of uses) if (how === "writes") catalog.forget(name);
    await this.#o.store.run("session.job-over", { id: row.id });
  }

  /** A load job has no result to wait for: it is asked how far it is. */
  async #pollLoad(row: SessionRow, connection: Connection): Promise<Outcome> {
    const { signal } = this.#o;
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted();
      const job = await connection.upstream.getJob(upstreamJob(row, connection)).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
      const failure = job === undefined ? LOST : job.failure;
      if (failure !== undefined) {
        const error = upstreamFailure({ outcome: "refused", ...failure });
        await this.released(row);
        await this.#o.failed(row.id, error);
        return { ok: false, error };
      }
      if (job?.state === "DONE") {
        await this.released(row);
        const { outputRows } = job.statistics;
        await this.#end(row, outputRows);
        return { ok: true, totalRows: 0, ...(outputRows === undefined ? {} : { rowsLoaded: outputRows }) };
      }
      await delay(Math.min(FIRST_LOOK_MS * 2 ** tries, LONGEST_LOOK_MS), undefined, { signal });
    }
  }

  async #poll(row: SessionRow, connection: Connection): Promise<Outcome> {
    const { signal } = this.#o;
    if (this.#o.isLoad(row)) return this.#pollLoad(row, connection);
    for (;;) {
      signal.throwIfAborted();
      let answer: QueryResults;
      try {
        answer = await connection.upstream.getQueryResults(upstreamJob(row, connection), {
          timeoutMs: POLL_MS,
          agent: agentOf(row),
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        const failure = upstreamFailure(error);
        if (isRefusal(error)) await this.released(row);
        await this.#o.failed(row.id, failure);
        return { ok: false, error: failure };
      }
      if (!answer.complete) continue;
      await this.released(row);
      if (writtenMaskPlan(row)?.fields.length === 0) await this.#end(row, answer.numDmlAffectedRows);
      return { ok: true, totalRows: answer.totalRows ?? 0 };
    }
  }

  /** What shows nothing is over when its job is: no page will end it. */
  async #end(row: SessionRow, rowsWritten: number | undefined): Promise<void> {
    await this.#o.store.run("session.end", {
      id: row.id,
      state: "done",
      // For auditors; agents aren't told, since the number answers a question about the rows (threat-model row 39).
      data: rowsWritten === undefined ? {} : { rowsWritten },
    });
  }
}
