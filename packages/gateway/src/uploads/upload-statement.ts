import type { TableFieldSchema } from "@chaperone/googlesql";
import { canonicalJson } from "../evidence/canonical-json.ts";
import { loadOfRows, type WriteDisposition } from "../sessions/load-rows.ts";
import { MOST_VALUES, type SentValue, TooManyValues } from "../sessions/sent-value.ts";
import type { Statement } from "../sessions/statement.ts";
import { fromCanonical } from "../sessions/written-once.ts";
import { AvroRows } from "./avro/rows.ts";
import { type CsvColumn, type CsvForm, csvRows } from "./csv-rows.ts";
import { requireTypes } from "./file-types.ts";
import { jsonRows } from "./json-rows.ts";
import type { Most } from "./packed-count.ts";
import { ParquetRows } from "./parquet/rows.ts";
import { textOf } from "./text.ts";
import { MOST_ROWS, TooLargeForStatement, UploadError } from "./upload-error.ts";

/** How an upload's bytes are to be read. */
export type UploadFormat =
  | TextFormat
  | { readonly kind: "parquet" }
  /** `logicalTypes`: a date is a DATE, not the number that it is stored as. */
  | { readonly kind: "avro"; readonly logicalTypes: boolean };
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

/** The statement that writes the rows; its parameters as canonical JSON. */
export interface UploadStatement {
  readonly sql: string;
  readonly parameters: string;
}

/** BigQuery's own bound of a request with parameters is 10 MB: https://cloud.google.com/bigquery/quotas#query_jobs */
const MOST_PARAMETER_CHARACTERS = 9_000_000;

/** Throws UploadError, which names a row and a field and never a value (I9); TooLargeForStatement where there are more. */
export function uploadStatement(asked: AskedUpload, bytes: Uint8Array): UploadStatement {
  try {
    return statementOfFile(asked, bytes);
  } catch (error) {
    throw error instanceof TooManyValues ? new TooLargeForStatement() : error;
  }
}

function statementOfFile(asked: AskedUpload, bytes: Uint8Array): UploadStatement {
  const { format } = asked;
  switch (format.kind) {
    case "json":
      return statementOfRows(asked, jsonRows(textOf(bytes)), false);
    case "csv":
      return statementOfRows(asked, csvRows(textOf(bytes), format.columns, format.form), true);
    case "parquet": {
      const file = new ParquetRows(bytes, asked.fields, MOST_UNPACKED);
      requireTypes("Parquet", file.fields, asked.fields);
      return statementOfRows(asked, asFewAs(file.rows()), true);
    }
    case "avro": {
      const file = new AvroRows(asked.fields, format.logicalTypes, MOST_UNPACKED);
      return statementOfRows(asked, [...asFewAs(file.add(bytes)), ...file.end()], true);
    }
  }
}

const MOST_UNPACKED: Most = { values: MOST_VALUES, characters: MOST_PARAMETER_CHARACTERS };

/** Of a packed file: what it unpacks to is known only then. */
function asFewAs(rows: Iterable<SentValue>): SentValue[] {
  const held: SentValue[] = [];
  for (const row of rows) {
    if (held.length >= MOST_ROWS) throw new TooLargeForStatement();
    held.push(row);
  }
  return held;
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
  const parameters = canonicalParameters(statement);
  if (parameters.length > MOST_PARAMETER_CHARACTERS) throw new TooLargeForStatement();
  return { sql: statement.sql, parameters };
}

/** Written here, where nobody waits: what is bound and recorded is this text. Throws UploadError for what has no such form. */
export function canonicalParameters({ parameters }: Statement): string {
  try {
    return canonicalJson(parameters);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UploadError("A value holds half of a pair of surrogates, or a row is nested too deep.");
  }
}

export function statementOf({ sql, parameters }: UploadStatement): Statement {
  return {
    sql,
    parameterMode: "NAMED",
    parameters: fromCanonical(parameters) as Statement["parameters"],
    defaultDataset: undefined,
  };
}
