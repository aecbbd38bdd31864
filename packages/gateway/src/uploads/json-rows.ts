import { parseSentJson, type SentValue } from "../sessions/sent-value.ts";
import { MOST_ROWS, tooManyRows, UploadError } from "./upload-error.ts";

/** Newline-delimited JSON: one row a line. https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json */
export function jsonRows(text: string): SentValue[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > MOST_ROWS) throw tooManyRows();
  return lines.map((line, index) => {
    try {
      return parseSentJson(line);
    } catch {
      throw new UploadError(`Row ${index + 1} is not JSON.`);
    }
  });
}
