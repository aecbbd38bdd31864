/** What turns several types into one: https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions */
import { entries } from "./signature.ts";

export const CONVERSION_FUNCTIONS = entries(
  "scalar",
  "transform",
  `
  STRING(TIMESTAMP, STRING?) STRING
  STRING(DATE) STRING
  STRING(DATETIME) STRING
  STRING(TIME) STRING
  STRING(JSON) STRING
  TYPEOF(ANY) STRING
`,
);
