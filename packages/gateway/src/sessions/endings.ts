import { CommandError } from "../store/command.ts";
import { StoreError } from "../store/errors.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Outcome } from "./job-follower.ts";
import { ANSWER_DISAGREES, denied } from "./refusal.ts";
import type { SessionError } from "./session.ts";
import { principalOf, type SessionRow } from "./session-row.ts";

export const TOOK_TOO_LONG: SessionError = {
  reason: "timeout",
  status: 504,
  message: "The query could not be carried out in the time it had.",
};
export const BUSY: SessionError = {
  reason: "invalidQuery",
  status: 400,
  message:
    "Another query writes a table or routine that this one uses, or wrote it a moment ago, or reads what this one writes. Nothing was run. Send it again when that has ended.",
};

const NOT_RECORDED: SessionError = {
  reason: "invalidQuery",
  status: 400,
  message: "What this query does is more than Chaperone can record of one. Nothing was run. Send smaller ones.",
};

export const NOT_ADMITTED = denied(
  "The agent, or what it came with, was suspended or revoked, or isn't taken any more. Nothing was run.",
);

export const NOT_KEPT = denied("The rows of this load were kept nowhere while it waited. Nothing was written.");

/** A change that is waited for. */
export interface Change {
  readonly happened: Promise<void>;
  /** Nobody waits any more. */
  stop(): void;
}

/** Of a session that is about to be launched. */
export interface EndWatch {
  /** False: nobody has asked for its end since. */
  readonly isAsked: boolean;
}

/** How sessions end before their rows do, and who is told when one changes. */
export class Endings {
  readonly #o: EngineOptions;
  readonly #settle: (id: string, outcome: Outcome) => void;
  /** Who waits for a change of which session. */
  readonly #changes = new Map<string, Set<() => void>>();
  readonly #watches = new Map<string, { isAsked: boolean }>();

  /** @param settle keeps how the session's job ended */
  constructor(options: EngineOptions, settle: (id: string, outcome: Outcome) => void) {
    this.#o = options;
    this.#settle = settle;
  }

  /** `alarm`: where BigQuery disagrees with the analysis, in words without data. */
  async end(
    id: string,
    state: "failed" | "denied" | "cancelled",
    error: SessionError,
    alarm?: string,
  ): Promise<{ ended: boolean }> {
    if (alarm !== undefined) this.alarm(id, "disagreement");
    this.asked(id);
    const ended = await this.#o.store.run("session.end", {
      id,
      state,
      error,
      ...(alarm === undefined ? {} : { alarm: { kind: "disagreement", detail: alarm } }),
      data: {},
    });
    // One that had ended before keeps its outcome: a finished job's rows can still be paged.
    if (ended.ended) this.#settle(id, { ok: false, error });
    return ended;
  }

  /** Watches, from before anybody can know of the session. */
  watch(id: string): EndWatch {
    const watch = { isAsked: false };
    this.#watches.set(id, watch);
    return watch;
  }

  stopWatching(id: string): void {
    this.#watches.delete(id);
  }

  /** The store is about to be told of its end. */
  asked(id: string): void {
    const watch = this.#watches.get(id);
    if (watch !== undefined) watch.isAsked = true;
  }

  alarm(session: string, kind: "disagreement"): void {
    this.#o.metrics.alarm(kind);
    this.#o.log.error(
      { session, alarm: kind },
      "BigQuery's answer does not agree with the analysis; the query was stopped",
    );
  }

  /** Whether the agent is still let in, and whom it acts for; if not, the session has ended with that. */
  async admits(row: SessionRow, state: "failed" | "denied"): Promise<boolean> {
    if (await this.#o.admission.holds(principalOf(row))) return true;
    await this.end(row.id, state, NOT_ADMITTED);
    return false;
  }

  /** A command that refuses for a bound, or whose record no entry holds, ends the session with that, so that nothing hangs. */
  async orEnd<T>(id: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CommandError && error.code === "busy") {
        await this.end(id, "failed", BUSY);
        return undefined;
      }
      if (error instanceof CommandError && error.code === "suspended") {
        await this.end(id, "denied", NOT_ADMITTED);
        return undefined;
      }
      if (error instanceof StoreError && error.code === "bad_event") {
        this.#o.log.error({ session: id, err: error }, "what a query does can't be recorded, so it was not run");
        await this.end(id, "failed", NOT_RECORDED);
        return undefined;
      }
      if (!(error instanceof CommandError) || error.code !== "too_many_held") throw error;
      await this.end(id, "failed", {
        reason: "quotaExceeded",
        // Not 429: clients would send it again and again.
        status: 403,
        message: "Too many queries are waiting for approval. Wait for some to be decided, or cancel some.",
      });
      return undefined;
    }
  }

  /** A page could not be trusted: the session ends and the operators are alarmed. */
  async distrust(id: string, detail: string): Promise<void> {
    this.alarm(id, "disagreement");
    this.asked(id);
    await this.#o.store.run("session.end", {
      id,
      state: "failed",
      error: ANSWER_DISAGREES,
      alarm: { kind: "answer-disagrees", detail },
      data: {},
    });
    this.changed(id);
  }

  changed(id: string): void {
    const waiting = this.#changes.get(id);
    // Each stops waiting when it is told.
    if (waiting !== undefined) for (const stop of [...waiting]) stop();
  }

  /** Listens from now on for the session's next change, or until `ms` have passed or one of `bounds` is aborted. */
  nextChange(id: string, ms: number, bounds: readonly AbortSignal[]): Change {
    let stop = (): void => undefined;
    const happened = new Promise<void>((resolve) => {
      const timer = setTimeout(() => stop(), Math.max(0, ms));
      stop = () => {
        clearTimeout(timer);
        const waiting = this.#changes.get(id);
        waiting?.delete(stop);
        if (waiting?.size === 0) this.#changes.delete(id);
        for (const bound of bounds) bound.removeEventListener("abort", stop);
        resolve();
      };
      const waiting = this.#changes.get(id) ?? new Set();
      this.#changes.set(id, waiting.add(stop));
      for (const bound of bounds) bound.addEventListener("abort", stop);
      if (bounds.some(({ aborted }) => aborted)) stop();
    });
    return { happened, stop };
  }
}
