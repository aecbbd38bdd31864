/**
 * The functions of BigQuery ML that need no model: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-preprocessing-functions
 * Every other name in ML is refused (refused.ts).
 */
import { entries } from "./signature.ts";

const preprocessing = entries(
  "scalar",
  "transform",
  `
  ML.BUCKETIZE(R, ARRAY<R>, BOOL?, STRING?) STRING
  ML.DISTANCE(ARRAY<T>, ARRAY<T>, STRING?) FLOAT64
  ML.HASH_BUCKETIZE(STRING, INT64) INT64
  ML.LP_NORM(ARRAY<T>, FLOAT64) FLOAT64
  ML.NGRAMS(ARRAY<STRING>, ARRAY<INT64>, STRING?) ARRAY<STRING>
  ML.NORMALIZER(ARRAY<T>, FLOAT64?) ARRAY<FLOAT64>
`,
);

/** Each value is set against the others of the window. */
const preprocessingWindows = entries(
  "window",
  "transform",
  `
  ML.MAX_ABS_SCALER, ML.MIN_MAX_SCALER, ML.STANDARD_SCALER(FLOAT64) FLOAT64
  ML.ROBUST_SCALER(FLOAT64, ARRAY<INT64>?, BOOL?, BOOL?) FLOAT64
  ML.LABEL_ENCODER(STRING, INT64?, INT64?) INT64
  ML.QUANTILE_BUCKETIZE(FLOAT64, INT64, STRING?) STRING
  ML.IMPUTER(FLOAT64, STRING) FLOAT64
  ML.IMPUTER(STRING, STRING) STRING
  ML.BAG_OF_WORDS, ML.TF_IDF(ARRAY<STRING>, INT64?, INT64?) ARRAY<STRUCT<index INT64, value FLOAT64>>
`,
);

export const PREPROCESSING_FUNCTIONS = [...preprocessing, ...preprocessingWindows];
