import type { MaskedField, MaskRule } from "../mask-rule.ts";
import type { RuleSettings } from "../rule-context.ts";

/** The response's top-level members but `rows`, parsed. */
export type Envelope = Readonly<Record<string, unknown>>;

/** Bounds of one response (I10). */
export interface MaskerLimits {
  /** Most rows; one more is an error. */
  readonly maxRows: number;
  /** Most bytes of all top-level members but `rows`. */
  readonly maxEnvelopeBytes: number;
  /** Most bytes of one cell that must be held to be masked. Shown and nulled cells aren't held and have no bound. */
  readonly maxMaskedCellBytes: number;
  /** Most bytes of a row that must be held whole, where a mask needs its record subject. */
  readonly maxHeldRowBytes: number;
}

export const DEFAULT_LIMITS: MaskerLimits = {
  maxRows: Number.MAX_SAFE_INTEGER,
  maxEnvelopeBytes: 4 * 1024 * 1024,
  maxMaskedCellBytes: 10 * 1024 * 1024,
  maxHeldRowBytes: 32 * 1024 * 1024,
};

export interface RowsMaskerOptions extends RuleSettings {
  /** The columns of the result in order, as the plan expects them. */
  readonly fields: readonly MaskedField[];
  readonly limits?: Partial<MaskerLimits>;
  /** What `push` gives holds only until the next `push`, which writes into the same memory. Saves a buffer for each. */
  readonly reuseOutput?: boolean;
  /**
   * Called once, when the `rows` array begins, or at the end if there is none, with the members read so far.
   * May throw (the schema isn't the plan's): then the response fails before any byte of it came out.
   */
  readonly onHeader?: (envelope: Envelope) => void;
}

export interface MaskedCount {
  /** The rule applied: the field's own, or `null` where that doesn't fit its type. */
  readonly rule: MaskRule;
  /** Values it was applied to; NULLs aren't counted. For a field nulled as a whole, one for each row or element. */
  readonly count: number;
}

export interface MaskedPage {
  readonly envelope: Envelope;
  readonly rows: number;
  /** By field path (`address.zip`), every field whose mask isn't `none`. */
  readonly maskedCells: Readonly<Record<string, MaskedCount>>;
  /** Bytes of masked rows that came out. */
  readonly bytes: number;
}

/**
 * Masks one response of jobs.query, getQueryResults or tabledata.list as it passes.
 * Every implementation gives the same bytes for the same response, however it is cut into chunks.
 */
export interface RowsMasker {
  /**
   * Takes the next bytes of the response (any number, cut anywhere) and gives the masked bytes that are ready: rows and
   * the commas between them, without the array's brackets and without whitespace; undefined if there are none yet.
   *
   * @throws MaskingError; after it the masker is dead, and the response must be abandoned
   */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** @throws MaskingError `truncated` if the response isn't complete */
  end(): MaskedPage;
  /** What came out so far, at any time, also after an error: for the record of a page that broke off. */
  progress(): Omit<MaskedPage, "envelope">;
}
