import { endOfFirst, hasMoreThan } from "./characters.ts";
import type { Rule } from "./rule.ts";
import { token } from "./token.ts";

/** The first four characters (code points) and `XXXXX`; four or fewer, whatever fills them up: token, for they would show the whole value. */
export const first4: Rule = {
  name: "first4",
  shows: "part",
  fits: ["STRING"],
  apply(value, type, context) {
    const end = endOfFirst(value, 4);
    return end === undefined || !hasMoreThan(value, 4)
      ? token.apply(value, type, context)
      : `${value.slice(0, end)}XXXXX`;
  },
};
