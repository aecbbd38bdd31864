import type { Rule } from "./rule.ts";
import { token } from "./token.ts";

/** `XXXXX` and the last four characters (code points); four or fewer: token, for they would show the whole value. */
export const last4: Rule = {
  name: "last4",
  shows: "part",
  fits: ["STRING"],
  apply(value, type, context) {
    // Nine UTF-16 units hold at least five code points or else the whole value; never spread megabytes.
    const end = [...value.slice(-9)];
    return end.length <= 4 ? token.apply(value, type, context) : `XXXXX${end.slice(-4).join("")}`;
  },
};
