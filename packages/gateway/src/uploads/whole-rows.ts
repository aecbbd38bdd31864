import { UploadError } from "./upload-error.ts";

/** Characters of one row of a file that is read as it comes (I10). BigQuery takes more; from Cloud Storage it gets it. */
export const MOST_ROW_CHARACTERS = 1_000_000;

/**
 * Cuts a text that comes in parts where a row ends: at a line's end, and not between quotes. In what isn't CSV the quotes may be counted
 * wrong, but only from the first stray one on, which stands in the part that is read next and is refused there.
 */
export class WholeRows {
  readonly #quote: string;
  #rest = "";
  #quoted = false;

  /** @param quote one character, or empty: a row is a line */
  constructor(quote: string) {
    this.#quote = quote;
  }

  /** The rows that are whole with this part, as one text; empty: none is. Throws UploadError. */
  add(part: string): string {
    const text = this.#rest + part;
    const end = this.#endOfRows(text, this.#rest.length);
    this.#rest = text.slice(end);
    if (this.#rest.length > MOST_ROW_CHARACTERS)
      throw new UploadError(
        `A row is longer than ${MOST_ROW_CHARACTERS} characters, or a quote isn't closed; load such rows from Cloud Storage.`,
      );
    return text.slice(0, end);
  }

  /** What no line's end came after. */
  end(): string {
    const rest = this.#rest;
    this.#rest = "";
    return rest;
  }

  /** Where the last whole row ends; `from`: what is before it was looked at and holds no end of a row. */
  #endOfRows(text: string, from: number): number {
    let end = 0;
    for (let at = from; at < text.length; ) {
      const found = this.#quote === "" ? -1 : text.indexOf(this.#quote, at);
      const next = found === -1 ? text.length : found;
      if (!this.#quoted) {
        // Of this stretch alone, so that each character is looked at once.
        const line = text.slice(at, next).lastIndexOf("\n");
        if (line !== -1) end = at + line + 1;
      }
      if (found !== -1) this.#quoted = !this.#quoted;
      at = next + 1;
    }
    return end;
  }
}
