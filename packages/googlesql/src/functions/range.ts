/** Ranges: https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions */
import { entries } from "./signature.ts";

/** A bound is given as it was taken. */
const bounds = entries(
  "scalar",
  "copy",
  `
  RANGE(T, T) RANGE<T>
  RANGE_START, RANGE_END(RANGE<T>) T
`,
);

const ranges = entries(
  "scalar",
  "transform",
  `
  GENERATE_RANGE_ARRAY(RANGE<T>, INTERVAL, BOOL?) ARRAY<RANGE<T>>
  RANGE_CONTAINS(RANGE<T>, RANGE<T>) BOOL
  RANGE_CONTAINS(RANGE<T>, T) BOOL
  RANGE_OVERLAPS(RANGE<T>, RANGE<T>) BOOL
  RANGE_INTERSECT(RANGE<T>, RANGE<T>) RANGE<T>
`,
);

export const RANGE_FUNCTIONS = [...bounds, ...ranges];
