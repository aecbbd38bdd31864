import type { TableFieldSchema } from "@chaperone/googlesql";
import { loadOfRows, type WriteDisposition } from "../sessions/load-rows.ts";
import type { SentValue } from "../sessions/sent-value.ts";
import type { Statement } from "../sessions/statement.ts";
import { type CsvColumn, type CsvForm, csvRows } from "./csv-rows.ts";
import { jsonRows } from "./json-rows.ts";
import { parquetFile } from "./parquet-file.ts";
import { requireTypes } from "./parquet-types.ts";
import { textOf } from "./text.ts";
import { UploadError } from "./upload-error.ts";

/** How an upload's bytes are to be read. */
export type UploadFormat =
  | { readonly kind: "json" }
  /** `columns`: the file's, by their places. */
  | { readonly kind: "csv"; readonly columns: readonly CsvColumn[]; readonly form: CsvForm }
  | { readonly kind: "parquet" };

/** A load job with its rows, as it was understood: all of it is data, so that a thread can be given it. */
export interface AskedUpload {
  readonly format: UploadFormat;
  /** `project.dataset.table` in backticks. */
  readonly target: string;
  /** The table's fields, as far as the agent may know of them. */
  readonly fields: readonly TableFieldSchema[];
  readonly exists: boolean;
  readonly write: WriteDisposition;
  readonly ignoreUnknownValues: boolean;
  readonly maxBadRecords: number;
}

/** The statement that writes the rows; its parameters as JSON. */
export interface UploadStatement {
  readonly sql: string;
  readonly parameters: string;
}

/** BigQuery's own bound of a request with parameters is 10 MB: https://cloud.google.com/bigquery/quotas#query_jobs */
const MOST_PARAMETER_CHARACTERS = 9_000_000;

/** Throws UploadError, which names a row and a field and never a value (I9). */
export async function uploadStatement(asked: AskedUpload, bytes: Uint8Array<ArrayBuffer>): Promise<UploadStatement> {
  const { rows, jsonTexts } = await rowsOf(asked, bytes);
  const { statement, errors } = loadOfRows({ ...asked, rows, jsonTexts });
  const [error] = errors;
  if (error !== undefined && errors.length > asked.maxBadRecords)
    throw new UploadError(
      `Row ${error.index + 1}${error.location === "" ? "" : `, field ${error.location}`}: ${error.message} (${errors.length} such rows.)`,
    );
  if (statement === undefined) throw new UploadError("The upload has no row that can be written.");
  const parameters = JSON.stringify(statement.parameters);
  if (parameters.length > MOST_PARAMETER_CHARACTERS)
    throw new UploadError(
      "The rows come to more than BigQuery takes with one statement (9 MB as parameters); send them in several load jobs, or load them from Cloud Storage.",
    );
  return { sql: statement.sql, parameters };
}

export function statementOf({ sql, parameters }: UploadStatement): Statement {
  return {
    sql,
    parameterMode: "NAMED",
    parameters: JSON.parse(parameters) as Statement["parameters"],
    defaultDataset: undefined,
  };
}

/** `jsonTexts`: a text in a JSON column is JSON. */
async function rowsOf(
  { format, fields }: AskedUpload,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ readonly rows: readonly SentValue[]; readonly jsonTexts: boolean }> {
  switch (format.kind) {
    case "json":
      return { rows: jsonRows(textOf(bytes)), jsonTexts: false };
    case "csv":
      return { rows: csvRows(textOf(bytes), format.columns, format.form), jsonTexts: true };
    case "parquet": {
      const { fields: sent, text } = await parquetFile(bytes);
      requireTypes(sent, fields);
      return { rows: jsonRows(text), jsonTexts: true };
    }
  }
}
