import type { SitePattern } from "./detectors/site-pattern.ts";
import type { Mask } from "./mask-rule.ts";
import type { RuleContext } from "./rules/rule.ts";
import { CMS_SMALLEST_CELL } from "./rules/smallcell.ts";
import { RESTRICTED_ZIPS_2000_CENSUS } from "./rules/zip3.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What all rules of one response share, whatever its wire format. */
export interface RuleSettings {
  readonly keys: TokenKeys;
  /** The day ages are reckoned from. */
  readonly now: Date;
  /** Three-digit ZIP prefixes to hide wholly; default: those of the 2000 census. */
  readonly restrictedZips?: ReadonlySet<string>;
  /** `smallcell`: the smallest count shown; default 11. */
  readonly smallestCell?: number;
  /** `dateshift`: most days that a date moves, before or after; default 365. */
  readonly shiftDays?: number;
  /** `redact`: the site's own forms of record numbers, beside those that the detectors know. */
  readonly recordNumbers?: readonly SitePattern[];
}

export const DEFAULT_SHIFT_DAYS = 365;

/** What one column's mask needs beside the value. Make it once for a column: it derives the domain's key. */
export function ruleContext({ domain = "" }: Mask, settings: RuleSettings): RuleContext {
  return {
    now: settings.now,
    tokenKey: settings.keys.keyOf(domain),
    restrictedZips: settings.restrictedZips ?? RESTRICTED_ZIPS_2000_CENSUS,
    smallestCell: settings.smallestCell ?? CMS_SMALLEST_CELL,
    shiftDays: settings.shiftDays ?? DEFAULT_SHIFT_DAYS,
    recordNumbers: settings.recordNumbers ?? [],
  };
}
