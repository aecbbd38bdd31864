import { MaskingError } from "../masking-error.ts";
import type { RowPlan } from "./cell-plan.ts";
import { EnvelopeReader } from "./envelope-reader.ts";
import { FastRows } from "./fast-rows.ts";
import { planOf } from "./made-plans.ts";
import { PageOutput } from "./page-output.ts";
import { DEFAULT_LIMITS, type MaskedPage, type RowsMasker, type RowsMaskerOptions } from "./rows-masker.ts";
import { RowsScanner } from "./rows-scanner.ts";
import { Utf8Check } from "./utf8.ts";
import { WholeRows } from "./whole-rows.ts";

/**
 * Masks one response's rows as they pass. Rows in the form in which BigQuery writes them go through `FastRows`; every other,
 * and every error, through `RowsScanner`, which alone would give the same bytes.
 */
export class JsonRowsMasker implements RowsMasker {
  readonly #plan: RowPlan;
  readonly #onHeader: RowsMaskerOptions["onHeader"];
  readonly #utf8 = new Utf8Check();
  readonly #envelope: EnvelopeReader;
  readonly #rows: RowsScanner;
  readonly #fast: FastRows | undefined;
  readonly #whole: WholeRows | undefined;
  readonly #out: PageOutput;
  #headerGiven = false;
  #finished = false;

  /**
   * @param how `exact`: without the fast half, to compare the two
   * @throws MaskingError `fields` if no result could have these fields
   */
  constructor(options: RowsMaskerOptions, how: "fast" | "exact" = "fast") {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { plan, image } = planOf(options, limits);
    this.#plan = plan;
    this.#onHeader = options.onHeader;
    this.#envelope = new EnvelopeReader(limits.maxEnvelopeBytes);
    this.#out = new PageOutput(options.reuseOutput ?? false);
    this.#rows = new RowsScanner(this.#plan.row, limits);
    // A subject may stand behind the date that it moves: such rows are held until they are whole.
    this.#whole = this.#plan.needsSubjects ? new WholeRows(this.#rows, limits.maxHeldRowBytes) : undefined;
    const isFast = how === "fast" && this.#whole === undefined && image !== undefined;
    this.#fast = isFast ? new FastRows(image, this.#plan.row, limits) : undefined;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    this.#start();
    if (!this.#utf8.accept(chunk)) throw new MaskingError("syntax", "The response is not UTF-8");
    this.#fast?.begin();
    for (let i = 0; i < chunk.length; ) {
      if (this.#envelope.atRows) {
        // Tokens are longer than what they stand for.
        this.#out.expect(Math.ceil(chunk.length * 1.5) + 64);
        if (this.#fast !== undefined && this.#rows.betweenRows) {
          const taken = this.#fast.read(chunk, i, this.#rows.rows, this.#out);
          this.#rows.rowsTaken(taken.rows);
          i = taken.at;
        }
        i =
          this.#whole === undefined
            ? this.#rows.read(chunk, i, this.#out, this.#fast !== undefined)
            : this.#whole.read(chunk, i, this.#out);
        if (this.#rows.done) this.#envelope.rowsEnded();
      } else {
        i = this.#envelope.read(chunk, i);
        if (this.#envelope.atRows) this.#giveHeader();
      }
    }
    this.#finished = false;
    return this.#out.take();
  }

  end(): MaskedPage {
    this.#start();
    if (!this.#envelope.done || !this.#utf8.complete)
      throw new MaskingError("truncated", "The response is not complete");
    if (!this.#headerGiven) this.#giveHeader();
    return { envelope: this.#envelope.envelope(), ...this.progress() };
  }

  /** Rows that came out so far, or are about to. */
  get rows(): number {
    return this.#rows.rows;
  }

  progress(): Omit<MaskedPage, "envelope"> {
    return {
      rows: this.#rows.rows,
      // fromEntries, for a column may be named __proto__.
      maskedCells: Object.fromEntries(this.#plan.masked.map(({ path, rule, count }) => [path, { rule, count }])),
      bytes: this.#out.taken,
    };
  }

  /** Until `push` comes to its end without an error, nothing more may be done: an error leaves the masker dead. */
  #start(): void {
    if (this.#finished) throw new MaskingError("finished", "The response has ended or failed");
    this.#finished = true;
  }

  #giveHeader(): void {
    this.#headerGiven = true;
    this.#onHeader?.(this.#envelope.envelope());
  }
}
