import { StoreError } from "./errors.ts";

/** Ends commands that take too long. One timer, set anew for each: a timer of its own costs as much as a statement. */
export class CommandClock {
  readonly #timer: NodeJS.Timeout;
  #late: (() => void) | undefined;

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#late?.(), milliseconds).unref();
  }

  /** The promise's value, or StoreError "failed" when the time is up. One command at a time. */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#late = () => reject(new StoreError("failed", "the command took too long"));
      this.#timer.refresh();
      work.then(resolve, reject);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
