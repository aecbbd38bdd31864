import { FIELD_TYPES } from "../mask-rule.ts";
import type { Rule } from "./rule.ts";

/** NULL; the one rule that fits every type. */
export const nullRule: Rule = {
  name: "null",
  shows: "nothing",
  fits: FIELD_TYPES,
  apply: () => null,
};
