/**
 * Aggregate and window functions.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/window-functions
 *
 * Only a statistic over all rows of a group is an `aggregate`. A function that hands out single values of the group
 * (MIN, ANY_VALUE, ARRAY_AGG …) is a copy, and one that builds something of them (STRING_AGG) a transform. Sketches are in
 * sketch.ts. MIN over two rows says which of their values is the lesser, also where a mask shows no more than four digits of each.
 */
import { entries } from "./signature.ts";

const statistics = entries(
  "aggregate",
  "aggregate",
  `
  COUNT(ANY) INT64
  COUNTIF(BOOL) INT64
  APPROX_COUNT_DISTINCT(G) INT64
  SUM(N) N
  SUM(INTERVAL) INTERVAL
  AVG(R) R
  AVG(INTERVAL) INTERVAL
  STDDEV, STDDEV_POP, STDDEV_SAMP, VARIANCE, VAR_POP, VAR_SAMP(FLOAT64) FLOAT64
  CORR, COVAR_POP, COVAR_SAMP(FLOAT64, FLOAT64) FLOAT64
  HLL_COUNT.MERGE(BYTES) INT64
  GROUPING(T) INT64
`,
);

const picking = entries(
  "aggregate",
  "copy",
  `
  MIN, MAX(>O) O
  MIN_BY, MAX_BY(T, ~O) T
  ANY_VALUE(T) T
  ARRAY_AGG(T) ARRAY<T>
  ARRAY_CONCAT_AGG(ARRAY<T>) ARRAY<T>
  APPROX_QUANTILES(>O, !INT64) ARRAY<O>
`,
);

const building = entries(
  "aggregate",
  "transform",
  `
  STRING_AGG(S, S?) S
  BIT_AND, BIT_OR, BIT_XOR(INT64) INT64
  LOGICAL_AND, LOGICAL_OR(BOOL) BOOL
  ST_UNION_AGG, ST_CENTROID_AGG(GEOGRAPHY) GEOGRAPHY
  ST_EXTENT(GEOGRAPHY) STRUCT<xmin FLOAT64, ymin FLOAT64, xmax FLOAT64, ymax FLOAT64>
`,
);

const windowPicking = entries(
  "window",
  "copy",
  `
  FIRST_VALUE, LAST_VALUE(T) T
  NTH_VALUE(T, !INT64) T
  LAG, LEAD(T, !INT64?, T?) T
  PERCENTILE_DISC(>O, !FLOAT64) O
`,
);

const windowNumbers = entries(
  "window",
  "transform",
  `
  ROW_NUMBER, RANK, DENSE_RANK() INT64
  NTILE(INT64) INT64
  PERCENT_RANK, CUME_DIST() FLOAT64
  PERCENTILE_CONT(R, !R) R
  ST_CLUSTERDBSCAN(GEOGRAPHY, FLOAT64, INT64) INT64
`,
);

export const AGGREGATE_FUNCTIONS = [...statistics, ...picking, ...building];
export const WINDOW_FUNCTIONS = [...windowPicking, ...windowNumbers];
