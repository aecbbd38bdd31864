import { parseSentJson, type SentValue } from "../sessions/sent-value.ts";
import { MOST_ROWS, TooLargeForStatement, UploadError } from "./upload-error.ts";

/** Newline-delimited JSON: one row a line. https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json */
export function jsonRows(text: string): SentValue[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > MOST_ROWS) throw new TooLargeForStatement();
  return lines.map((line, index) => jsonRow(line, index + 1));
}

/** The rows of a file that comes in parts, each of whole lines. */
export class JsonParts {
  #row = 1;

  *rowsOf(text: string): Generator<SentValue> {
    for (const line of text.split("\n")) if (line.trim() !== "") yield jsonRow(line, this.#row++);
  }
}

function jsonRow(line: string, row: number): SentValue {
  try {
    return parseSentJson(line);
  } catch {
    throw new UploadError(`Row ${row} is not JSON.`);
  }
}
