import { Worker } from "node:worker_threads";

export interface ThreadOptions {
  /** The module that answers each message with one. */
  readonly module: URL;
  readonly name: string;
  /** One piece of work: milliseconds, and megabytes of the thread's heap (I10). */
  readonly workMs: number;
  readonly heapMb: number;
}

/**
 * A thread beside the one that serves requests, so that these don't wait for what is long to do: it does one piece of work after the other. Of each
 * agent one is taken at a time, in turn with those of others.
 */
export class ThreadInTurns<Work> {
  readonly #o: ThreadOptions;
  #worker: Worker | undefined;
  /** When the thread has done what it was given. */
  #free: Promise<unknown> = Promise.resolve();
  /** By agent: when its last work is done. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: ThreadOptions) {
    this.#o = options;
  }

  /** Ends the thread; it begins again when it is needed. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** The agent's other work first, then that of others that waits already. undefined: the thread ran out of its time or memory. */
  async inTurn<T>(agent: string, work: Work): Promise<T | undefined> {
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

  /** undefined: another thread takes its place. */
  async #ask<T>(work: Work): Promise<T | undefined> {
    const worker = this.#worker ?? this.#start();
    this.#worker = worker;
    const reply = await replyOf<T>(worker, work, this.#o.workMs);
    if (reply === undefined) {
      if (this.#worker === worker) this.#worker = undefined;
      // It may fail once more as it ends.
      worker.on("error", () => undefined);
      await worker.terminate();
    }
    return reply;
  }

  #start(): Worker {
    const { module, name, heapMb } = this.#o;
    return new Worker(module, {
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 64 },
      env: {},
      name,
    });
  }
}

/** The thread's answer; undefined where it gives none in its time. */
async function replyOf<T>(worker: Worker, work: unknown, workMs: number): Promise<T | undefined> {
  const stop = new AbortController();
  worker.ref();
  try {
    return await new Promise<T | undefined>((resolve) => {
      const gaveUp = () => resolve(undefined);
      const late = setTimeout(gaveUp, workMs);
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
