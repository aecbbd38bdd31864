/**
 * Sketches: what they hold is a computed value, and what is read out of one, too.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/hll_functions
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/kll_functions
 */
import { entries } from "./signature.ts";

const sketches = entries(
  "scalar",
  "transform",
  `
  HLL_COUNT.EXTRACT(BYTES) INT64
  KLL_QUANTILES.EXTRACT_INT64(BYTES, INT64) ARRAY<INT64>
  KLL_QUANTILES.EXTRACT_FLOAT64(BYTES, INT64) ARRAY<FLOAT64>
  KLL_QUANTILES.EXTRACT_POINT_INT64(BYTES, FLOAT64) INT64
  KLL_QUANTILES.EXTRACT_POINT_FLOAT64(BYTES, FLOAT64) FLOAT64
`,
);

const sketchesOfRows = entries(
  "aggregate",
  "transform",
  `
  HLL_COUNT.INIT(INT64, INT64?) BYTES
  HLL_COUNT.INIT(NUMERIC, INT64?) BYTES
  HLL_COUNT.INIT(BIGNUMERIC, INT64?) BYTES
  HLL_COUNT.INIT(S, INT64?) BYTES
  HLL_COUNT.MERGE_PARTIAL(BYTES) BYTES
  KLL_QUANTILES.INIT_INT64(INT64, INT64?, weight=>INT64?) BYTES
  KLL_QUANTILES.INIT_FLOAT64(FLOAT64, INT64?, weight=>INT64?) BYTES
  KLL_QUANTILES.MERGE_PARTIAL(BYTES) BYTES
  KLL_QUANTILES.MERGE_INT64(BYTES, INT64) ARRAY<INT64>
  KLL_QUANTILES.MERGE_FLOAT64(BYTES, INT64) ARRAY<FLOAT64>
  KLL_QUANTILES.MERGE_POINT_INT64(BYTES, FLOAT64) INT64
  KLL_QUANTILES.MERGE_POINT_FLOAT64(BYTES, FLOAT64) FLOAT64
`,
);

export const SKETCH_FUNCTIONS = [...sketches, ...sketchesOfRows];
