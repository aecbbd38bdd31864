/**
 * Functions that send each row's values to a model of Google's and give what it answers. What they are given leaves BigQuery: an
 * effect (resolver/model-call.ts). They take no connection and no parameters of the model: those choose whose rights it works by, and
 * what else it may look up. https://cloud.google.com/bigquery/docs/generative-ai-overview
 */
import { entries } from "./signature.ts";

export const AI_FUNCTIONS = entries(
  "scalar",
  "transform",
  `
  AI.CLASSIFY(input:PROMPT, categories:LABELS, endpoint=>STRING?) STRING
  AI.COUNT_TOKENS(STRING, endpoint=>STRING?) STRUCT<result INT64, full_response JSON>
  AI.EMBED(content:STRING, endpoint=>STRING, task_type=>STRING?, title=>STRING?) STRUCT<result ARRAY<FLOAT64>, status STRING>
  AI.GENERATE(prompt:PROMPT, endpoint=>STRING?, request_type=>STRING?, output_schema=>STRING?) STRUCT<result STRING, full_response JSON, status STRING>
  AI.GENERATE_BOOL(prompt:PROMPT, endpoint=>STRING?, request_type=>STRING?) STRUCT<result BOOL, full_response JSON, status STRING>
  AI.GENERATE_DOUBLE(prompt:PROMPT, endpoint=>STRING?, request_type=>STRING?) STRUCT<result FLOAT64, full_response JSON, status STRING>
  AI.GENERATE_INT(prompt:PROMPT, endpoint=>STRING?, request_type=>STRING?) STRUCT<result INT64, full_response JSON, status STRING>
  AI.IF(prompt:PROMPT, endpoint=>STRING?) BOOL
  AI.SCORE(prompt:PROMPT, endpoint=>STRING?) FLOAT64
  AI.SIMILARITY(content1:STRING, content2:STRING, endpoint=>STRING) FLOAT64
`,
);
