import type { RowPlan } from "./json-rows/cell-plan.ts";
import type { MaskedPage } from "./json-rows/rows-masker.ts";
import { MaskingError } from "./masking-error.ts";

/** How far the masker of one stream has come. */
export class StreamState {
  readonly #plan: RowPlan;
  #dead = false;
  #rows = 0;
  #bytes = 0;

  constructor(plan: RowPlan) {
    this.#plan = plan;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Does the work, unless some failed before: behind an error nothing comes out. */
  alive<T>(work: () => T): T {
    if (this.#dead) throw new MaskingError("finished", "The stream has failed");
    this.#dead = true;
    const result = work();
    this.#dead = false;
    return result;
  }

  /** A masked batch, of so many rows, goes out. */
  count(rows: number, batch: Uint8Array): void {
    this.#rows += rows;
    this.#bytes += batch.length;
  }

  progress(): Omit<MaskedPage, "envelope"> {
    return {
      rows: this.#rows,
      maskedCells: Object.fromEntries(this.#plan.masked.map(({ path, rule, count }) => [path, { rule, count }])),
      bytes: this.#bytes,
    };
  }
}
