import type { Rule } from "./rule.ts";

/**
 * Three-digit ZIP areas of 20,000 people or fewer by the 2000 census (HHS guidance on de-identification, 2012).
 * Configuration, not law: newer census data replaces it.
 */
export const RESTRICTED_ZIPS_2000_CENSUS: ReadonlySet<string> = new Set(
  "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split(" "),
);

const ZIP = /^(\d{3})\d{2}(?:-?\d{4})?$/;

/**
 * ZIP or ZIP+4: the first three digits and `00`, those three being `000` where the area is restricted; what is no ZIP
 * becomes NULL. 45 CFR 164.514(b)(2)(i)(B).
 */
export const zip3: Rule = {
  name: "zip3",
  shows: "part",
  fits: ["STRING"],
  apply(value, _type, context) {
    const prefix = ZIP.exec(value)?.[1];
    if (prefix === undefined) return null;
    return context.restrictedZips.has(prefix) ? "00000" : `${prefix}00`;
  },
};
