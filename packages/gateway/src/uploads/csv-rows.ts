import { CsvError, type InfoField, parse } from "csv-parse/sync";
import { MOST_VALUES, type SentValue, TooManyValues } from "../sessions/sent-value.ts";
import { MOST_ROWS, TooLargeForStatement, UploadError } from "./upload-error.ts";

export interface CsvForm {
  /** One character; a comma if nothing is said. */
  readonly fieldDelimiter: string | undefined;
  /** One character, or empty: fields aren't quoted. A double quote if nothing is said. */
  readonly quote: string | undefined;
  readonly skipLeadingRows: number;
  /** What an unquoted field says NULL by; the empty field if nothing is said. */
  readonly nullMarker: string;
  readonly allowQuotedNewlines: boolean;
  /** A row may leave out its last fields: they are NULL. */
  readonly allowJaggedRows: boolean;
  /** A row's fields past the last column are left out. */
  readonly ignoreUnknownValues: boolean;
}

/** One column of the file, by position. */
export interface CsvColumn {
  readonly name: string;
  readonly type: string;
}

interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

/** BigQuery's words for booleans in CSV. https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#csv-options */
const TRUE = /^(1|t|true|y|yes)$/i;
const FALSE = /^(0|f|false|n|no)$/i;
/** Control characters, but for the tab: BigQuery drops or refuses them, by a setting. A lone CR ends a line for some and not for others. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\r(?!\n)/;

/**
 * The rows of a CSV file (RFC 4180), strictly: what two readers could take for two things is refused. A value stays the text it is,
 * whatever it begins with; numbers, dates and the rest are read as their column's type where every sent row is.
 */
export function csvRows(text: string, columns: readonly CsvColumn[], form: CsvForm): SentValue[] {
  const records = recordsOf(text, form, 1, form.skipLeadingRows + MOST_ROWS + 1).slice(form.skipLeadingRows);
  if (records.length > MOST_ROWS) throw new TooLargeForStatement();
  // A row that says little of its columns is as many values as one that says all.
  if (records.length * columns.length > MOST_VALUES) throw new TooManyValues();
  return records.map((fields, index) => rowOf(fields, index + 1, columns, form));
}

/** The rows of a CSV file that comes in parts, each of whole rows: as if it were one. */
export class CsvParts {
  readonly #columns: readonly CsvColumn[];
  readonly #form: CsvForm;
  #line = 1;
  #row = 1;
  #skip: number;

  constructor(columns: readonly CsvColumn[], form: CsvForm) {
    this.#columns = columns;
    this.#form = form;
    this.#skip = form.skipLeadingRows;
  }

  *rowsOf(text: string): Generator<SentValue> {
    const records = recordsOf(text, this.#form, this.#line, text.length + 1);
    this.#line += count(text, "\n");
    const skipped = Math.min(this.#skip, records.length);
    this.#skip -= skipped;
    for (const fields of records.slice(skipped)) {
      // What a row leaves out at its end is NULL, which is as good as nothing.
      const columns = this.#columns.slice(0, Math.max(fields.length, this.#form.allowJaggedRows ? 0 : Infinity));
      yield rowOf(fields, this.#row++, columns, this.#form);
    }
  }
}

/** `line`: where the text begins in its file. */
function recordsOf(text: string, form: CsvForm, line: number, most: number): Field[][] {
  const { fieldDelimiter: delimiter = ",", quote = '"' } = form;
  if (delimiter === "" || delimiter === quote)
    throw new UploadError("fieldDelimiter is one character, and not the quote.");
  const control = CONTROL.exec(text);
  if (control !== null)
    throw new UploadError(
      `Line ${line + count(text.slice(0, control.index), "\n")} has a control character, or a CR that ends no line.`,
    );
  if (quote === "" || !text.includes(quote)) return unquoted(text, delimiter, most);
  try {
    return parse(text, {
      delimiter,
      quote: quote === "" ? null : quote,
      ...(quote === "" ? {} : { escape: quote }),
      record_delimiter: ["\r\n", "\n"],
      to: most,
      // Whether a row has as many fields as the table is judged below, with the reason.
      relax_column_count: true,
      cast: (value: string, { quoting, index }: InfoField): Field => {
        if (index >= MOST_FIELDS) throw tooManyFields();
        return { text: value, quoted: quoting };
      },
      // Its types say of what `cast` gives that it's text.
    }) as unknown as Field[][];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Its own message quotes the field.
    const { lines } = error as unknown as { lines?: number };
    throw new UploadError(
      `The file is not CSV with this delimiter and quote${typeof lines === "number" ? `, by line ${lines + line - 1}` : ""}.`,
    );
  }
}

/** Where nothing is quoted, each line is a record and each delimiter ends a field: the same as csv-parse makes of it, in a third of the time. */
function unquoted(text: string, delimiter: string, most: number): Field[][] {
  const records: Field[][] = [];
  // One after the other: a list of all that are split is made at once, and one of millions is more than a thread's end.
  for (let at = 0; at < text.length && records.length < most; ) {
    const next = text.indexOf("\n", at);
    const end = next === -1 ? text.length : next;
    const line = text.slice(at, end > at && text[end - 1] === "\r" ? end - 1 : end);
    const fields = line.split(delimiter, MOST_FIELDS + 1);
    if (fields.length > MOST_FIELDS) throw tooManyFields();
    records.push(fields.map((field) => ({ text: field, quoted: false })));
    at = end + 1;
  }
  return records;
}

/** As many columns as BigQuery's tables have. https://cloud.google.com/bigquery/quotas#standard_tables */
const MOST_FIELDS = 10_000;

function tooManyFields(): UploadError {
  return new UploadError(`A row of the file has more than ${MOST_FIELDS} fields, as many as a table may have columns.`);
}

function rowOf(fields: readonly Field[], row: number, columns: readonly CsvColumn[], form: CsvForm): SentValue {
  const [only] = fields;
  if (fields.length === 1 && only?.text === "" && !only.quoted && columns.length > 0)
    throw new UploadError(`Row ${row} is an empty line, which could be a row of NULLs or none; take it out.`);
  if (fields.length < columns.length && !form.allowJaggedRows)
    throw new UploadError(`Row ${row} has fewer fields than there are columns (allowJaggedRows takes them for NULL).`);
  if (fields.length > columns.length && !form.ignoreUnknownValues)
    throw new UploadError(`Row ${row} has more fields than there are columns (ignoreUnknownValues leaves them out).`);
  return Object.fromEntries(
    columns.map((column, position) => [column.name, cellOf(fields[position], column, row, form)]),
  );
}

function cellOf(field: Field | undefined, { name, type }: CsvColumn, row: number, form: CsvForm): SentValue {
  if (field === undefined) return null;
  const { text, quoted } = field;
  if (text === form.nullMarker) {
    if (!quoted) return null;
    if (text !== "")
      throw new UploadError(
        `Row ${row}, field ${name}: the null marker stands in quotes, which could be NULL or a text.`,
      );
  }
  if (quoted && !form.allowQuotedNewlines && text.includes("\n"))
    throw new UploadError(`Row ${row}, field ${name}: a line ends within quotes (allowQuotedNewlines takes it).`);
  if (type === "BOOLEAN" || type === "BOOL") {
    if (TRUE.test(text)) return true;
    if (FALSE.test(text)) return false;
  }
  return text;
}

function count(text: string, what: string): number {
  let found = 0;
  for (let at = text.indexOf(what); at !== -1; at = text.indexOf(what, at + 1)) found++;
  return found;
}
