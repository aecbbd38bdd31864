import { FIELD_TYPES } from "../mask-rule.ts";
import type { Rule } from "./rule.ts";

/** Shown as it is; only by an explicit permit. */
export const none: Rule = {
  name: "none",
  shows: "all",
  fits: FIELD_TYPES,
  apply: (value) => value,
};
