import type { TableFieldSchema } from "@chaperone/googlesql";
import { loadOfRows, type WriteDisposition } from "../sessions/load-rows.ts";
import { type SentValue, TooManyValues } from "../sessions/sent-value.ts";
import type { Statement } from "../sessions/statement.ts";
import { type CsvColumn, type CsvForm, csvRows } from "./csv-rows.ts";
import { jsonRows } from "./json-rows.ts";
import { parquetFile } from "./parquet-file.ts";
import { requireTypes } from "./parquet-types.ts";
import { textOf } from "./text.ts";
import { TooLargeForStatement, UploadError } from "./upload-error.ts";

/** How an upload's bytes are to be read. */
export type UploadFormat = TextFormat | { readonly kind: "parquet" };
/** One that is read from its beginning to its end. */
export type TextFormat =
  | { readonly kind: "json" }
  /** `columns`: the file's, by their places. */
  | { readonly kind: "csv"; readonly columns: readonly CsvColumn[]; readonly form: CsvForm };

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

/** Throws UploadError, which names a row and a field and never a value (I9); TooLargeForStatement where there are more. */
export async function uploadStatement(asked: AskedUpload, bytes: Uint8Array<ArrayBuffer>): Promise<UploadStatement> {
  if (asked.format.kind !== "parquet") return statementOfText(asked, asked.format, bytes);
  const { fields, text } = await parquetFile(bytes);
  requireTypes(fields, asked.fields);
  try {
    return statementOfRows(asked, jsonRows(text), true);
  } catch (error) {
    if (!(error instanceof TooManyValues) && !(error instanceof TooLargeForStatement)) throw error;
    throw new TooLargeForStatement(new Uint8Array(Buffer.from(text)));
  }
}

function statementOfText(asked: AskedUpload, format: TextFormat, bytes: Uint8Array): UploadStatement {
  const text = textOf(bytes);
  try {
    return format.kind === "json"
      ? statementOfRows(asked, jsonRows(text), false)
      : statementOfRows(asked, csvRows(text, format.columns, format.form), true);
  } catch (error) {
    throw error instanceof TooManyValues ? new TooLargeForStatement(undefined) : error;
  }
}

/** `jsonTexts`: a text in a JSON column is JSON. */
function statementOfRows(asked: AskedUpload, rows: readonly SentValue[], jsonTexts: boolean): UploadStatement {
  const { statement, errors } = loadOfRows({ ...asked, rows, jsonTexts });
  const [error] = errors;
  if (error !== undefined && errors.length > asked.maxBadRecords)
    throw new UploadError(
      `Row ${error.index + 1}${error.location === "" ? "" : `, field ${error.location}`}: ${error.message} (${errors.length} such rows.)`,
    );
  if (statement === undefined) throw new UploadError("The upload has no row that can be written.");
  const parameters = JSON.stringify(statement.parameters);
  if (parameters.length > MOST_PARAMETER_CHARACTERS) throw new TooLargeForStatement(undefined);
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
