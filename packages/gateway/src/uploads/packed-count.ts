import { type SentValue, TooManyValues } from "../sessions/sent-value.ts";
import { UploadError } from "./upload-error.ts";

/** Values, and characters of those that are texts (I10). */
export interface Most {
  readonly values: number;
  readonly characters: number;
}
const MOST_ROW: Most = { values: 100_000, characters: 1_000_000 };

/** Counts what a packed file unpacks to, row by row: of few bytes much can be made. */
export class PackedCount {
  readonly #file: "Parquet" | "Avro";
  readonly #most: Most;
  readonly #all = { values: 0, characters: 0 };
  readonly #row = { values: 0, characters: 0 };

  /** @param most of all rows together */
  constructor(file: "Parquet" | "Avro", most: Most) {
    this.#file = file;
    this.#most = most;
  }

  /** A row begins. Throws TooManyValues where those before it are more than may be. */
  row(): void {
    this.#all.values += this.#row.values;
    this.#all.characters += this.#row.characters;
    this.#row.values = 0;
    this.#row.characters = 0;
    if (this.#all.values > this.#most.values || this.#all.characters > this.#most.characters) throw new TooManyValues();
  }

  /** Throws UploadError where the row has more than it may. */
  add(value: SentValue): void {
    this.#row.values++;
    if (typeof value === "string") this.#row.characters += value.length;
    if (this.#row.values > MOST_ROW.values || this.#row.characters > MOST_ROW.characters)
      throw new UploadError(
        `A row of the ${this.#file} file has more than ${MOST_ROW.values} values or ${MOST_ROW.characters} characters; load such rows from Cloud Storage.`,
      );
  }
}
