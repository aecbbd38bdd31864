import type { TableFieldSchema } from "@chaperone/googlesql";
import { LoadLines } from "../sessions/load-line.ts";
import { type SentValue, SentValueError, TooManyValues, ValueCount } from "../sessions/sent-value.ts";
import { AvroRows } from "./avro/rows.ts";
import { TextRows } from "./text-rows.ts";
import { UploadError } from "./upload-error.ts";
import type { UploadFormat } from "./upload-statement.ts";
import { WholeFile } from "./whole-file.ts";

/** An upload that is read as it comes: all of it is data, so that a thread can be given it. */
export interface AskedRows {
  readonly format: UploadFormat;
  /** The fields that rows may name. */
  readonly fields: readonly TableFieldSchema[];
  readonly ignoreUnknownValues: boolean;
  /** A text in a JSON column is JSON. */
  readonly jsonTexts: boolean;
  readonly maxBadRecords: number;
  /** Bytes of a file that is kept until it is whole. */
  readonly mostHeld: number;
  /** Of a packed file, characters of all lines together, and values: it unpacks to no more than one that isn't may have. */
  readonly mostWritten: number;
}

/** A file's rows as it comes in parts, cut anywhere. Throws UploadError. */
interface RowReader {
  add(bytes: Uint8Array): Iterable<SentValue>;
  end(): Iterable<SentValue>;
}

/** Characters of lines that are given at once, about. */
const PART_CHARACTERS = 262_144;

/**
 * An uploaded file that comes in parts, cut anywhere, as lines of JSON: each row is read as its table wants it and written anew. Holds no
 * more of its rows than one part. Throws UploadError, which names a row and a field and never a value (I9).
 */
export class RowsAsLines {
  readonly #reader: RowReader;
  readonly #lines: LoadLines;
  readonly #asked: AskedRows;
  #read = 0;
  #bad = 0;
  #written = 0;

  constructor(asked: AskedRows) {
    const { fields, ignoreUnknownValues, jsonTexts } = asked;
    this.#reader = readerOf(asked);
    this.#lines = new LoadLines(fields, { ignoreUnknownValues, jsonTexts });
    this.#asked = asked;
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#read - this.#bad;
  }

  add(bytes: Uint8Array): Generator<string> {
    return this.#linesOf(this.#reader.add(bytes));
  }

  end(): Generator<string> {
    return this.#linesOf(this.#reader.end());
  }

  *#linesOf(rows: Iterable<SentValue>): Generator<string> {
    const { format } = this.#asked;
    const packed = isPacked(format);
    const most = packed ? this.#asked.mostWritten : Number.POSITIVE_INFINITY;
    let count = new ValueCount();
    let lines = "";
    for (const row of counted(rows)) {
      // Of a NULL that is a byte a record of thousands of fields is made: what each row comes to is counted with all others.
      if (packed) count = new ValueCount();
      const line = this.#lineOf(row, count);
      lines += line;
      this.#written += Math.max(line.length, packed ? count.made : 0);
      if (this.#written > most) throw unpacksToMore();
      if (lines.length < PART_CHARACTERS) continue;
      yield lines;
      lines = "";
    }
    if (lines !== "") yield lines;
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
      if (this.#bad <= this.#asked.maxBadRecords) return "";
      throw new UploadError(`Row ${this.#read}${at === "" ? "" : `, field ${at}`}: ${message}`);
    }
  }
}

/** What a few bytes of it may unpack to isn't bounded by their number. */
export function isPacked({ kind }: UploadFormat): boolean {
  return kind === "parquet" || kind === "avro";
}

function* counted(rows: Iterable<SentValue>): Generator<SentValue> {
  try {
    yield* rows;
  } catch (error) {
    throw error instanceof TooManyValues ? unpacksToMore() : error;
  }
}

function unpacksToMore(): UploadError {
  return new UploadError("The upload unpacks to more than an upload may be; load it from Cloud Storage.");
}

function readerOf({ format, fields, mostHeld, mostWritten }: AskedRows): RowReader {
  switch (format.kind) {
    case "json":
    case "csv":
      return new TextRows(format);
    case "parquet":
      return new WholeFile(fields, mostHeld, mostWritten);
    case "avro":
      return new AvroRows(fields, format.logicalTypes, { values: mostWritten, characters: mostWritten });
  }
}
