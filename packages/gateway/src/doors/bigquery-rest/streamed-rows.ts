import type { TableFieldSchema } from "@chaperone/googlesql";
import { z } from "zod";
import { insertOfRows, type RowError } from "../../sessions/sent-rows.ts";
import { parseSentJson, type SentValue, TooManyValues } from "../../sessions/sent-value.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { canonicalParameters, type UploadStatement } from "../../uploads/upload-statement.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { parseBody } from "./requests.ts";

/** BigQuery's own bound: https://cloud.google.com/bigquery/quotas#streaming_inserts */
const MOST_ROWS = 50_000;
/** Of the rows as parameters; BigQuery's own bound of a request with parameters is 10 MB: https://cloud.google.com/bigquery/quotas#query_jobs */
const MOST_CHARACTERS = 9_000_000;

export const insertAllRequest = z.strictObject({
  kind: z.string().optional(),
  skipInvalidRows: z.boolean().optional(),
  ignoreUnknownValues: z.boolean().optional(),
  traceId: z.string().max(128).optional(),
  rows: z
    .array(z.strictObject({ insertId: z.string().max(128).optional(), json: z.unknown() }))
    .min(1)
    .max(MOST_ROWS),
});

/** The body of a tabledata.insertAll and what it writes to: all of it is data, so that a thread can be given it. */
export interface SentBody {
  readonly text: string;
  /** `project.dataset.table` in backticks. */
  readonly target: string;
  /** The table's fields, as far as the agent may know of them. */
  readonly fields: readonly TableFieldSchema[];
}

/** What is in it. */
export interface StreamedRows {
  /** Of all rows that are as the table wants them; undefined: there is none. */
  readonly statement: UploadStatement | undefined;
  readonly errors: readonly RowError[];
  readonly skipInvalidRows: boolean;
  /** One of each row. */
  readonly insertIds: readonly (string | undefined)[];
}

/** Throws GoogleError, which names a field and never a value. */
export function streamedRows({ text, target, fields }: SentBody): StreamedRows {
  const {
    rows,
    skipInvalidRows = false,
    ignoreUnknownValues = false,
  } = parseBody(insertAllRequest, text, parseSentJson);
  const values = rows.map(({ json }) => json as SentValue);
  const { statement, errors } = readOrRefused(() => {
    const made = insertOfRows({ target, fields, rows: values, ignoreUnknownValues, jsonTexts: true });
    const { statement: insert } = made;
    return { ...made, statement: insert && { sql: insert.sql, parameters: canonicalParameters(insert) } };
  });
  // Without an error it would read as written.
  if (statement === undefined && errors.length === 0)
    throw invalid("The rows name no field that the table has; name one, with NULL, where a row is to have none.");
  if ((statement?.parameters.length ?? 0) > MOST_CHARACTERS)
    throw new GoogleError(413, "invalid", "The rows are more than one statement takes; send fewer in one request.");
  return {
    statement,
    errors,
    skipInvalidRows,
    insertIds: rows.map(({ insertId }) => insertId),
  };
}

function readOrRefused<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TooManyValues || error instanceof UploadError ? invalid(error.message) : error;
  }
}
