import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/index.ts";
import type { ReleaseFinishInput } from "./commands/releases.ts";

/** Pages whose end is yet to be recorded, at most; what doesn't fit is recorded at the next start, as what a crash broke off. */
const MOST_LEFT = 1000;

/** How pages ended. Until that is recorded, reports count none of their rows: so what can't be recorded now is recorded as soon as it can be. */
export class ReleaseEnds {
  readonly #store: Pick<Store, "run">;
  readonly #log: Pick<Logger, "warn">;
  #left: ReleaseFinishInput[] = [];
  #takingUp = false;

  constructor({ store, log }: { readonly store: Pick<Store, "run">; readonly log: Pick<Logger, "warn"> }) {
    this.#store = store;
    this.#log = log;
  }

  /** Rejects as the store does; whose answer it was must not look whole then. */
  async record(end: ReleaseFinishInput): Promise<void> {
    try {
      await this.#store.run("release.finish", end);
    } catch (error) {
      // The reader was cut off, whatever had been sent.
      if (this.#left.length < MOST_LEFT) this.#left.push({ ...end, outcome: "aborted", last: false });
      throw error;
    }
  }

  /** Records what was left, one by one, until one fails again. */
  async takeUp(): Promise<void> {
    if (this.#takingUp) return;
    this.#takingUp = true;
    try {
      for (let end = this.#left[0]; end !== undefined; end = this.#left[0]) {
        await this.#store.run("release.finish", end);
        this.#left.shift();
      }
    } catch (error) {
      this.#log.warn({ err: error }, "how a page ended could not be recorded yet");
    } finally {
      this.#takingUp = false;
    }
  }
}
