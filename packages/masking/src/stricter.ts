import type { Mask } from "./mask-rule.ts";

const LEVELS = ["none", "part", "token", "RANDOM_HASH", "default", "null"] as const;
type Level = (typeof LEVELS)[number];

/**
 * The weakest mask that hides all that either hides. Commutative, associative, idempotent: the order in which policies
 * are combined doesn't matter.
 *
 * `none` < any rule that shows a part, or can be undone by trying (SHA256) < `token` < `RANDOM_HASH`, which isn't equal across queries
 * < `default` < `null`. Two different rules that each show a part (`last4`
 * and `first4`) come to `token`, for either of them shows what the other hides. Of two domains comes one of both:
 * its tokens join with neither's. Apply `fitMask` to the result, for `token` doesn't fit every type.
 */
export function stricter(a: Mask, b: Mask): Mask {
  const [low, high] = LEVELS.indexOf(level(a)) <= LEVELS.indexOf(level(b)) ? [a, b] : [b, a];
  switch (level(high)) {
    case "none":
    case "default":
    case "null":
      return { rule: high.rule };
    case "part":
    case "token":
    case "RANDOM_HASH": {
      if (level(low) === "none") return high;
      const bothPart = level(low) === "part" && level(high) === "part" && low.rule !== high.rule;
      const rule = bothPart ? "token" : high.rule;
      const domain = bothDomains(a.domain, b.domain);
      // Of two different subjects neither holds: without one, NULL.
      const subject = rule === "dateshift" && a.subject === b.subject ? a.subject : undefined;
      return {
        rule,
        ...(domain === undefined ? {} : { domain }),
        ...(subject === undefined ? {} : { subject }),
      };
    }
  }
}

function level(mask: Mask): Level {
  switch (mask.rule) {
    case "none":
    case "token":
    case "RANDOM_HASH":
    case "default":
    case "null":
      return mask.rule;
    case "redact":
    case "age90":
    case "smallcell":
    case "year":
    case "dateshift":
    case "zip3":
    case "email":
    case "last4":
    case "first4":
    case "fpe":
    case "DATE_YEAR_MASK":
    case "EMAIL_MASK":
    case "LAST_FOUR_CHARACTERS":
    case "FIRST_FOUR_CHARACTERS":
    case "SHA256":
      return "part";
  }
}

function bothDomains(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return [...new Set([...a.split("+"), ...b.split("+")])].sort().join("+");
}
