import type { DryRun, Query, Upstream, UpstreamRefusal } from "../upstream/upstream.ts";

type Answer = DryRun | UpstreamRefusal;

/**
 * Dry runs of one statement that are asked for in the same turn of the loop are one call: many agents ask the same, and what was
 * recorded together goes on together. It is sent after all of them have read the definitions that they were judged by, so that for each
 * it says what its own would say (docs/adr/0008-views-and-routines-by-name.md). No answer is kept.
 */
export class SharedDryRuns {
  /** By where they are asked, and the statement's text and the rest of what is asked: the text of many is one that was hashed before. */
  readonly #unsent = new WeakMap<Upstream, Map<string, Map<string, Promise<Answer>>>>();

  dryRun(upstream: Upstream, query: Query): Promise<Answer> {
    const { sql, ...others } = query;
    const key = JSON.stringify(others);
    const unsent = this.#unsent.get(upstream) ?? new Map<string, Map<string, Promise<Answer>>>();
    this.#unsent.set(upstream, unsent);
    const ofText = unsent.get(sql) ?? new Map<string, Promise<Answer>>();
    unsent.set(sql, ofText);
    const shared = ofText.get(key);
    if (shared !== undefined) return shared;
    const own = new Promise<void>((turn) => setImmediate(turn)).then(() => {
      ofText.delete(key);
      if (ofText.size === 0) unsent.delete(sql);
      return upstream.dryRun(query);
    });
    ofText.set(key, own);
    return own;
  }
}
