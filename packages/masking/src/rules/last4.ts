import { hasMoreThan, startOfLast } from "./characters.ts";
import type { Rule } from "./rule.ts";
import { token } from "./token.ts";

/** `XXXXX` and the last four characters (code points); four or fewer, whatever fills them up: token, for they would show the whole value. */
export const last4: Rule = {
  name: "last4",
  shows: "part",
  fits: ["STRING"],
  apply(value, type, context) {
    const start = startOfLast(value, 4);
    return start === undefined || !hasMoreThan(value, 4)
      ? token.apply(value, type, context)
      : `XXXXX${value.slice(start)}`;
  },
};
