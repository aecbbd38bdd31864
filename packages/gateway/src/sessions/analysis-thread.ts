import { Worker } from "node:worker_threads";
import type { NameDefaults, NamedCatalog, QueryParameter } from "@chaperone/googlesql";
import type { PlainCatalog } from "../catalog/plain-catalog.ts";
import type { StatementAnalysis } from "./analysis-cache.ts";

/** Up to so many characters the text is read at once, in some twenty milliseconds, and analysed as far as that is quick (AnalyzeOptions). */
export const LARGE_TEXT = 16_384;
/** One analysis: milliseconds, and megabytes of the thread's heap (I10). */
const ANALYSIS_MS = 20_000;
const HEAP_MB = 1024;

interface Asked {
  readonly sql: string;
  readonly defaults: NameDefaults;
}

export type AnalysisWork =
  | ({ readonly kind: "names" } & Asked)
  | ({
      readonly kind: "analysis";
      readonly parameters: readonly QueryParameter[];
      readonly catalog: PlainCatalog;
    } & Asked);

/** Its answers, in the order that it was asked. */
export interface AnalysisReplies {
  readonly names: NamedCatalog;
  readonly analysis: StatementAnalysis;
}

const GAVE_UP = {
  code: "limit",
  message: "The query takes more time or memory to analyse than it may; send smaller ones.",
  line: 1,
  column: 1,
} as const;

/**
 * Analyses large texts in a thread of their own, one after the other, so that other agents' requests don't wait for them: a megabyte takes
 * most of a second. Of each agent one is taken at a time, in turn with those of others.
 */
export class AnalysisThread {
  #worker: Worker | undefined;
  /** When the thread has done what it was given. */
  #free: Promise<unknown> = Promise.resolve();
  /** By agent: when its last text is done. */
  readonly #turns = new Map<string, Promise<unknown>>();

  async names(agent: string, asked: Asked): Promise<NamedCatalog> {
    const reply = await this.#inTurn<NamedCatalog>(agent, { kind: "names", ...asked });
    return reply ?? { understood: false, refusal: GAVE_UP };
  }

  async analyze(
    agent: string,
    asked: Asked & { readonly parameters: readonly QueryParameter[]; readonly catalog: PlainCatalog },
  ): Promise<StatementAnalysis> {
    const reply = await this.#inTurn<StatementAnalysis>(agent, { kind: "analysis", ...asked });
    return reply ?? { plan: { understood: false, refusal: GAVE_UP }, redacted: undefined };
  }

  /** Ends the thread; it begins again when it is needed. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** The agent's other texts first, then those of others that wait already. */
  async #inTurn<T>(agent: string, work: AnalysisWork): Promise<T | undefined> {
    const own = (this.#turns.get(agent) ?? Promise.resolve()).then(() => {
      const reply = this.#free.then(() => this.#ask<T>(work));
      this.#free = reply.catch(() => undefined);
      return reply;
    });
    const done = own.catch(() => undefined);
    this.#turns.set(agent, done);
    try {
      return await own;
    } finally {
      if (this.#turns.get(agent) === done) this.#turns.delete(agent);
    }
  }

  /** undefined: the thread ran out of its time or memory, and another takes its place. */
  async #ask<T>(work: AnalysisWork): Promise<T | undefined> {
    const worker = this.#worker ?? startWorker();
    this.#worker = worker;
    const reply = await replyOf<T>(worker, work);
    if (reply === undefined) {
      if (this.#worker === worker) this.#worker = undefined;
      // It may fail once more as it ends.
      worker.on("error", () => undefined);
      await worker.terminate();
    }
    return reply;
  }
}

/** The thread's answer; undefined where it gives none in its time. */
async function replyOf<T>(worker: Worker, work: AnalysisWork): Promise<T | undefined> {
  const stop = new AbortController();
  worker.ref();
  try {
    return await new Promise<T | undefined>((resolve) => {
      const gaveUp = () => resolve(undefined);
      const late = setTimeout(gaveUp, ANALYSIS_MS);
      worker.once("message", resolve).once("error", gaveUp).once("exit", gaveUp);
      stop.signal.addEventListener("abort", () => {
        clearTimeout(late);
        worker.off("message", resolve).off("error", gaveUp).off("exit", gaveUp);
      });
      worker.postMessage(work);
    });
  } finally {
    stop.abort();
    worker.unref();
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./analysis-worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 64 },
    env: {},
    name: "analysis",
  });
}
