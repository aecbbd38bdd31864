import { setImmediate } from "node:timers/promises";

/** Milliseconds of work before others have their turn. */
const TURN_MS = 10;

/** Long work in small steps: between two of them whatever else is to be done is done, where the last time is so long ago. */
export class Turns {
  #began = performance.now();

  /** Before each step. */
  async next(): Promise<void> {
    if (performance.now() - this.#began < TURN_MS) return;
    await setImmediate();
    this.#began = performance.now();
  }
}
