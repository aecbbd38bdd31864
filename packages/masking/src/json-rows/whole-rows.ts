import { MaskingError } from "../masking-error.ts";
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, isWhitespace, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./bytes.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { PageOutput } from "./page-output.ts";
import type { RowsScanner } from "./rows-scanner.ts";

/**
 * Gives rows to the scanner one by one, each when all of it is there, so that a mask finds the row's other cells whichever comes first. It only looks for
 * where a row ends, and in one that is JSON for a cell; whether it is a row, the scanner says.
 */
export class WholeRows {
  readonly #scanner: RowsScanner;
  readonly #maxBytes: number;
  readonly #held = new HeldBytes();
  #inRow = false;
  #inString = false;
  #escaped = false;
  #depth = 0;

  constructor(scanner: RowsScanner, maxBytes: number) {
    this.#scanner = scanner;
    this.#maxBytes = maxBytes;
  }

  /** As `RowsScanner.read`: from `start` to behind a row, behind the closing bracket, or to the chunk's end. */
  read(chunk: Uint8Array, start: number, out: PageOutput): number {
    if (!this.#inRow) {
      let at = start;
      while (at < chunk.length && (isWhitespace(chunk[at] as number) || chunk[at] === COMMA)) at++;
      if (chunk[at] !== OPEN_OBJECT) return this.#scanner.read(chunk, start, out, true);
      const end = this.#endOfRow(chunk, at);
      if (end !== undefined) return this.#give(chunk.subarray(0, end), start, at, out);
      if (at > start) this.#scanner.read(chunk.subarray(0, at), start, out, true);
      this.#inRow = true;
      this.#hold(chunk, at, chunk.length);
      return chunk.length;
    }
    const end = this.#endOfRow(chunk, start);
    this.#hold(chunk, start, end ?? chunk.length);
    if (end === undefined) return chunk.length;
    this.#inRow = false;
    this.#give(this.#held.takeBytes(), 0, 0, out);
    return end;
  }

  /** Has the scanner read one row, which begins at `rowAt` and ends with the bytes. */
  #give(bytes: Uint8Array, start: number, rowAt: number, out: PageOutput): number {
    let cells: readonly (string | null)[] | undefined;
    this.#scanner.subjectAt = (place) => {
      cells ??= cellsOf(bytes.subarray(rowAt));
      return cells[place] ?? null;
    };
    const at = this.#scanner.read(bytes, start, out, true);
    this.#scanner.subjectAt = undefined;
    // A row whose brackets don't match ends elsewhere for the scanner, or not at all.
    if (at !== bytes.length || !this.#scanner.betweenRows)
      throw new MaskingError("shape", "A row doesn't end where its brackets do");
    return at;
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    if (this.#held.length + end - start > this.#maxBytes)
      throw new MaskingError("limit", `A row of more than ${this.#maxBytes} bytes, whose subject a mask needs`);
    this.#held.append(chunk, start, end);
  }

  /** Behind the row's closing brace; undefined if it isn't there yet. */
  #endOfRow(chunk: Uint8Array, start: number): number | undefined {
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --this.#depth === 0) return i + 1;
    }
    return undefined;
  }
}

/** The cells of a row that are texts; the scanner has refused it, or will, if it is no row. */
function cellsOf(row: Uint8Array): readonly (string | null)[] {
  try {
    const { f } = JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString("utf8")) as {
      f: readonly { v: unknown }[];
    };
    return f.map(({ v }) => (typeof v === "string" ? v : null));
  } catch {
    // JSON.parse's own message quotes the text (I9).
    throw new MaskingError("syntax", "A row is not JSON");
  }
}
