import { MemberTwice, parseSentJson, type SentValue } from "../sessions/sent-value.ts";
import { MOST_ROWS, TooLargeForStatement, UploadError } from "./upload-error.ts";

/** Newline-delimited JSON: one row a line. https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json */
export function jsonRows(text: string): SentValue[] {
  let rows = 0;
  for (const _ of linesOf(text)) if (++rows > MOST_ROWS) throw new TooLargeForStatement();
  return [...linesOf(text)].map((line, index) => jsonRow(line, index + 1));
}

/** The rows of a file that comes in parts, each of whole lines. */
export class JsonParts {
  #row = 1;

  *rowsOf(text: string): Generator<SentValue> {
    for (const line of linesOf(text)) yield jsonRow(line, this.#row++);
  }
}

/** Lines that have something in them, one after the other: megabytes of empty ones are no list of millions. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf("\n", at);
    const end = next === -1 ? text.length : next;
    const line = text.slice(at, end);
    if (line.trim() !== "") yield line;
    at = end + 1;
  }
}

function jsonRow(line: string, row: number): SentValue {
  try {
    return parseSentJson(line);
  } catch (error) {
    throw new UploadError(error instanceof MemberTwice ? `Row ${row} has a member twice.` : `Row ${row} is not JSON.`);
  }
}
