import type { Rule } from "./rule.ts";
import { token } from "./token.ts";

/** The first four characters (code points) and `XXXXX`; four or fewer: token, for they would show the whole value. */
export const first4: Rule = {
  name: "first4",
  shows: "part",
  fits: ["STRING"],
  apply(value, type, context) {
    const start = [...value.slice(0, 9)];
    return start.length <= 4 ? token.apply(value, type, context) : `${start.slice(0, 4).join("")}XXXXX`;
  },
};
