/** What tells of the run and not of its data: https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all */
import { entries } from "./signature.ts";

export const ENVIRONMENT_FUNCTIONS = entries(
  "scalar",
  "transform",
  `
  CURRENT_DATE(STRING?) DATE
  CURRENT_DATETIME(STRING?) DATETIME
  CURRENT_TIME(STRING?) TIME
  CURRENT_TIMESTAMP() TIMESTAMP
  RAND() FLOAT64
  GENERATE_UUID() STRING
`,
);
