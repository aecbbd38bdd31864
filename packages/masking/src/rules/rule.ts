import type { SitePattern } from "../detectors/site-pattern.ts";
import type { FieldType, MaskRule } from "../mask-rule.ts";
import type { TokenKey } from "../token-key.ts";

/** A value as BigQuery's JSON carries it: always text, whatever the type. */
export type WireText = string;

/** What rules may need beside the value. All of it comes from outside, so that equal input gives equal output. */
export interface RuleContext {
  /** The day the result is released; ages are reckoned from it. */
  readonly now: Date;
  /** The HMAC key of the mask's domain. */
  readonly tokenKey: TokenKey;
  /** Three-digit ZIP prefixes of 20,000 people or fewer. */
  readonly restrictedZips: ReadonlySet<string>;
  /** The record subject of the value's row, as text; null or undefined where it isn't known. For `dateshift` alone. */
  readonly subject?: string | null;
  /** `dateshift`: most days that a date moves. */
  readonly shiftDays: number;
  /** Counts from 1 to one below this are hidden. */
  readonly smallestCell: number;
  /** `redact`: the site's own forms of record numbers. */
  readonly recordNumbers: readonly SitePattern[];
}

export interface Rule {
  readonly name: MaskRule;
  /**
   * What a reader of the masked value learns about the true one.
   * A rule that shows `part` or `equality` is only safe on values copied unchanged: whoever may transform a value
   * first chooses the part that shows (`REVERSE(ssn)` under `last4` shows the other end).
   */
  readonly shows: "all" | "part" | "equality" | "nothing";
  /** Types whose values it can mask and give back as the same type. For others see `fitMask`. */
  readonly fits: readonly FieldType[];
  /** The masked value of one that is not NULL; null is NULL. Never throws: what it can't read becomes NULL. */
  apply(value: WireText, type: FieldType, context: RuleContext): WireText | null;
}
