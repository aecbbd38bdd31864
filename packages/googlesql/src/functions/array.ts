/**
 * Arrays: https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions
 * Those that take a lambda are in resolver/lambda-call.ts.
 */
import { entries } from "./signature.ts";

/** The elements given are the array's own; ARRAY_MAX tells which of them is greater. */
const elements = entries(
  "scalar",
  "copy",
  `
  ARRAY_CONCAT(ARRAY<T>+) ARRAY<T>
  ARRAY_FIRST, ARRAY_LAST(ARRAY<T>) T
  ARRAY_FIRST_N, ARRAY_LAST_N(ARRAY<T>, !INT64) ARRAY<T>
  ARRAY_MAX, ARRAY_MIN(=ARRAY<O>) O
  ARRAY_REVERSE(ARRAY<T>) ARRAY<T>
  ARRAY_SLICE(ARRAY<T>, !INT64, !INT64) ARRAY<T>
`,
);

const arrays = entries(
  "scalar",
  "transform",
  `
  ARRAY_LENGTH(ARRAY<T>) INT64
  ARRAY_TO_STRING(ARRAY<S>, S, S?) S
  ARRAY_INCLUDES(ARRAY<T>, T) BOOL
  ARRAY_IS_DISTINCT(ARRAY<G>) BOOL
  ARRAY_INCLUDES_ALL, ARRAY_INCLUDES_ANY(ARRAY<T>, ARRAY<T>) BOOL
  ARRAY_SUM(ARRAY<N>) N
  ARRAY_AVG(ARRAY<R>) R
  GENERATE_ARRAY(N, N, N?) ARRAY<N>
  GENERATE_DATE_ARRAY(DATE, DATE, INTERVAL?) ARRAY<DATE>
  GENERATE_TIMESTAMP_ARRAY(TIMESTAMP, TIMESTAMP, INTERVAL) ARRAY<TIMESTAMP>
`,
);

export const ARRAY_FUNCTIONS = [...elements, ...arrays];
