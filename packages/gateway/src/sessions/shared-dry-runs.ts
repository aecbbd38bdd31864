import type { DryRun, Query, Upstream, UpstreamRefusal } from "../upstream/upstream.ts";

type Answer = DryRun | UpstreamRefusal;

/**
 * Dry runs of one statement that are asked for in the same turn of the loop are one call: many agents ask the same, and what was
 * recorded together goes on together. It is sent after all of them have read the definitions that they were judged by, so that for each
 * it says what its own would say (docs/adr/0008-views-and-routines-by-name.md). No answer is kept.
 */
export class SharedDryRuns {
  /** By where they are asked and what is asked. */
  readonly #unsent = new WeakMap<Upstream, Map<string, Promise<Answer>>>();

  dryRun(upstream: Upstream, query: Query): Promise<Answer> {
    const key = JSON.stringify(query);
    const unsent = this.#unsent.get(upstream) ?? new Map<string, Promise<Answer>>();
    this.#unsent.set(upstream, unsent);
    const shared = unsent.get(key);
    if (shared !== undefined) return shared;
    const own = new Promise<void>((turn) => setImmediate(turn)).then(() => {
      unsent.delete(key);
      return upstream.dryRun(query);
    });
    unsent.set(key, own);
    return own;
  }
}
