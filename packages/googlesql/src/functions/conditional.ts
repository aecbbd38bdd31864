/**
 * Conditional expressions, and what gives one of its arguments:
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions
 */
import { entries } from "./signature.ts";

/** The value given is one of the values taken, whole. */
export const CONDITIONAL_FUNCTIONS = entries(
  "scalar",
  "copy",
  `
  COALESCE(T+) T
  IF(!BOOL, T, T) T
  IFNULL(T, T) T
  NULLIF(=T, !T) T
  GREATEST, LEAST(=O+) O
`,
);
