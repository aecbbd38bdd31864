/**
 * Search and text analysis:
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/text-analysis-functions
 */
import { entries } from "./signature.ts";

const search = entries(
  "scalar",
  "transform",
  `
  SEARCH(ANY, STRING, json_scope=>STRING?, analyzer=>STRING?, analyzer_options=>STRING?) BOOL
  TEXT_ANALYZE(STRING, analyzer=>STRING?, analyzer_options=>STRING?) ARRAY<STRING>
  BAG_OF_WORDS(ARRAY<STRING>) ARRAY<STRUCT<term STRING, count INT64>>
`,
);

const searchWindows = entries(
  "window",
  "transform",
  `
  TF_IDF(ARRAY<STRING>, INT64?, INT64?) ARRAY<STRUCT<term STRING, tf_idf FLOAT64>>
`,
);

export const SEARCH_FUNCTIONS = [...search, ...searchWindows];
