import type { PageRequest } from "../../sessions/page.ts";
import { invalid } from "./google-error.ts";
import { integerParameter, type Matched } from "./routes.ts";

const MOST_RESULTS = 1_000_000_000;

/** Which page, in which form, the query parameters of getQueryResults and tabledata.list ask for. */
export function pageRequestOf(m: Matched): PageRequest {
  const token = m.query.get("pageToken");
  // Python writes True.
  const int64 = m.query.get("formatOptions.useInt64Timestamp")?.toLowerCase();
  if (int64 !== undefined && int64 !== "true" && int64 !== "false")
    throw invalid("formatOptions.useInt64Timestamp is true or false.");
  return {
    pageToken: token === "" ? undefined : token,
    startIndex: integerParameter(m.query, "startIndex", MOST_RESULTS),
    maxResults: integerParameter(m.query, "maxResults", MOST_RESULTS),
    formatOptions: formatOptions(int64 === "true", m.query.get("formatOptions.timestampOutputFormat")),
  };
}

export function formatOptions(
  useInt64Timestamp: boolean,
  timestampOutputFormat: string | undefined,
): PageRequest["formatOptions"] {
  switch (timestampOutputFormat) {
    case undefined:
    case "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED":
      return { useInt64Timestamp };
    case "FLOAT64":
    case "INT64":
    case "ISO8601_STRING":
      return { timestampOutputFormat };
    default:
      throw invalid("formatOptions.timestampOutputFormat is FLOAT64, INT64 or ISO8601_STRING.");
  }
}
