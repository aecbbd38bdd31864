import type { SentValue } from "../sessions/sent-value.ts";
import { CsvParts } from "./csv-rows.ts";
import { JsonParts } from "./json-rows.ts";
import { Utf8Parts } from "./text.ts";
import type { TextFormat } from "./upload-statement.ts";
import { WholeRows } from "./whole-rows.ts";

/** The rows of a CSV or newline-delimited JSON file that comes in parts, cut anywhere. Holds no more than one row and one part. */
export class TextRows {
  readonly #utf8 = new Utf8Parts();
  readonly #whole: WholeRows;
  readonly #reader: CsvParts | JsonParts;

  constructor(format: TextFormat) {
    this.#whole = new WholeRows(format.kind === "csv" ? (format.form.quote ?? '"') : "");
    this.#reader = format.kind === "csv" ? new CsvParts(format.columns, format.form) : new JsonParts();
  }

  add(bytes: Uint8Array): Iterable<SentValue> {
    return this.#rowsOf(this.#whole.add(this.#utf8.add(bytes)));
  }

  *end(): Generator<SentValue> {
    yield* this.#rowsOf(this.#whole.add(this.#utf8.end()));
    yield* this.#rowsOf(this.#whole.end());
  }

  #rowsOf(text: string): Iterable<SentValue> {
    return text === "" ? [] : this.#reader.rowsOf(text);
  }
}
