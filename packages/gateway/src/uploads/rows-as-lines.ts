import type { TableFieldSchema } from "@chaperone/googlesql";
import { LoadLines } from "../sessions/load-line.ts";
import { type SentValue, SentValueError, TooManyValues, ValueCount } from "../sessions/sent-value.ts";
import { CsvParts } from "./csv-rows.ts";
import { JsonParts } from "./json-rows.ts";
import { Utf8Parts } from "./text.ts";
import { UploadError } from "./upload-error.ts";
import type { TextFormat } from "./upload-statement.ts";
import { WholeRows } from "./whole-rows.ts";

/** An upload that is read as it comes: all of it is data, so that a thread can be given it. */
export interface AskedRows {
  readonly format: TextFormat;
  /** The fields that rows may name. */
  readonly fields: readonly TableFieldSchema[];
  readonly ignoreUnknownValues: boolean;
  /** A text in a JSON column is JSON. */
  readonly jsonTexts: boolean;
  readonly maxBadRecords: number;
}

/**
 * A CSV or newline-delimited JSON file that comes in parts, cut anywhere, as lines of JSON: each row is read as its table wants it and
 * written anew. Holds no more than one row and one part. Throws UploadError, which names a row and a field and never a value (I9).
 */
export class RowsAsLines {
  readonly #utf8 = new Utf8Parts();
  readonly #whole: WholeRows;
  readonly #reader: CsvParts | JsonParts;
  readonly #lines: LoadLines;
  readonly #maxBadRecords: number;
  #read = 0;
  #bad = 0;

  constructor({ format, fields, ignoreUnknownValues, jsonTexts, maxBadRecords }: AskedRows) {
    this.#whole = new WholeRows(format.kind === "csv" ? (format.form.quote ?? '"') : "");
    this.#reader = format.kind === "csv" ? new CsvParts(format.columns, format.form) : new JsonParts();
    this.#lines = new LoadLines(fields, { ignoreUnknownValues, jsonTexts });
    this.#maxBadRecords = maxBadRecords;
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#read - this.#bad;
  }

  add(bytes: Uint8Array): string {
    return this.#linesOf(this.#whole.add(this.#utf8.add(bytes)));
  }

  end(): string {
    return this.#linesOf(this.#whole.add(this.#utf8.end())) + this.#linesOf(this.#whole.end());
  }

  #linesOf(text: string): string {
    if (text === "") return "";
    const count = new ValueCount();
    let lines = "";
    for (const row of this.#reader.rowsOf(text)) lines += this.#lineOf(row, count);
    return lines;
  }

  #lineOf(row: SentValue, count: ValueCount): string {
    this.#read++;
    try {
      return this.#lines.lineOf(row, count);
    } catch (error) {
      if (error instanceof TooManyValues)
        throw new UploadError(`Around row ${this.#read} there are more values than are read at once.`);
      const [at, message] =
        error instanceof RangeError
          ? ["", "The row is nested too deep."]
          : error instanceof SentValueError
            ? [error.location, error.message]
            : [undefined, ""];
      if (at === undefined) throw error;
      this.#bad++;
      if (this.#bad <= this.#maxBadRecords) return "";
      throw new UploadError(`Row ${this.#read}${at === "" ? "" : `, field ${at}`}: ${message}`);
    }
  }
}
