import type { ColumnMetaData } from "hyparquet";
import type { SentValue } from "../../sessions/sent-value.ts";
import { DeltaBytes, DeltaLengthBytes } from "./delta-bytes.ts";
import { DeltaNumbers } from "./delta-numbers.ts";
import { malformed } from "./malformed.ts";
import { PackedLevels } from "./packed-levels.ts";
import { ChunkPages, type LevelForm, type Page, type Unpacked } from "./pages.ts";
import { Dictionary, PlainValues } from "./plain-values.ts";
import { RunLengths } from "./run-lengths.ts";
import { SplitValues } from "./split-values.ts";
import type { ParquetLeaf } from "./values.ts";

type Levels = RunLengths | PackedLevels;

/** Values of a dictionary up to this size are read once, each where it is first asked for (I10). */
const REMEMBERED = 4096;

/**
 * One column's values in their order, page by page: no more of them stand there than one page's bytes and its dictionary's. Each comes with
 * its levels, which say where in a row it stands, or that it isn't there. https://parquet.apache.org/docs/file-format/nestedencoding
 */
export class ColumnValues {
  readonly #leaf: ParquetLeaf;
  readonly #unpacked: Unpacked;
  #pages: ChunkPages | undefined;
  #dictionary: Dictionary | undefined;
  #known: (SentValue | undefined)[] | undefined;
  /** Bytes that stand here. */
  #stands = { dictionary: 0, data: 0 };
  /** What is left of this page. */
  #left = 0;
  #repetitions: Levels | undefined;
  #definitions: Levels | undefined;
  #values: () => SentValue = () => null;
  /** Of the value that comes next. */
  repetition = 0;
  definition = 0;
  /** None comes. */
  ended = true;

  constructor(leaf: ParquetLeaf, unpacked: Unpacked) {
    this.#leaf = leaf;
    this.#unpacked = unpacked;
  }

  /** The values of the next row group. Throws UploadError. */
  begin(file: Uint8Array, chunk: ColumnMetaData): void {
    if (chunk.type !== this.#leaf.type) throw malformed();
    this.#dictionary = undefined;
    this.#unpacked.add(0, this.#stands.dictionary);
    this.#stands.dictionary = 0;
    this.#pages = new ChunkPages(file, chunk, this.#unpacked);
    this.#left = 0;
    this.ended = false;
    this.#advance();
  }

  /** The value that comes next; null: it isn't there. */
  take(): SentValue {
    if (this.ended) throw malformed();
    const value = this.definition === this.#leaf.definition ? this.#values() : null;
    this.#advance();
    return value;
  }

  #advance(): void {
    while (this.#left === 0) {
      const page = this.#pages?.next((kind) => this.#stands[kind]);
      if (page === undefined) {
        this.ended = true;
        return;
      }
      this.#stands[page.kind === "dictionary" ? "dictionary" : "data"] = page.bytes.length + levelBytes(page);
      if (page.kind === "dictionary") this.#remember(page);
      else this.#open(page);
    }
    this.#left--;
    this.repetition = this.#repetitions?.next() ?? 0;
    this.definition = this.#definitions?.next() ?? 0;
    if (this.repetition > this.#leaf.repetition || this.definition > this.#leaf.definition) throw malformed();
  }

  #remember({ bytes, values }: Page): void {
    const { type, length } = this.#leaf;
    this.#dictionary = new Dictionary(bytes, type, length, values);
    this.#known = values <= REMEMBERED ? new Array<undefined>(values) : undefined;
  }

  #open(page: Page): void {
    const { repetition, definition } = this.#leaf;
    this.#left = page.values;
    let at = 0;
    const levels = (most: number, apart: Uint8Array, form: LevelForm): Levels | undefined => {
      if (most === 0) return undefined;
      const width = 32 - Math.clz32(most);
      if (page.kind === "data-v2") return new RunLengths(apart, 0, width);
      const { bytes } = page;
      if (form === "packed") {
        const begin = at;
        at += Math.ceil((page.values * width) / 8);
        if (at > bytes.length) throw malformed();
        return new PackedLevels(bytes, begin, width);
      }
      if (form !== "runs" || at + 4 > bytes.length) throw malformed();
      const begin = at + 4;
      at = begin + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
      if (at > bytes.length) throw malformed();
      return new RunLengths(bytes.subarray(begin, at), 0, width);
    };
    this.#repetitions = levels(repetition, page.levels.repetition, page.levelForms.repetition);
    this.#definitions = levels(definition, page.levels.definition, page.levelForms.definition);
    this.#values = this.#valuesOf(page, page.bytes.subarray(at));
  }

  /** A page of NULLs alone may have no bytes here: what they begin with is read with the first value. */
  #valuesOf({ encoding, values: most }: Page, bytes: Uint8Array): () => SentValue {
    const { type, length, read } = this.#leaf;
    switch (encoding) {
      case "plain": {
        const values = new PlainValues(bytes, type, length);
        return () => read(values.next());
      }
      case "run-lengths": {
        if (type !== "BOOLEAN") throw malformed();
        const values = lazily(() => new RunLengths(runsOf(bytes), 0, 1));
        return () => read(values().next() === 1);
      }
      case "delta-numbers": {
        if (type !== "INT32" && type !== "INT64") throw malformed();
        const values = lazily(() => new DeltaNumbers(bytes, 0, type === "INT32" ? 32 : 64, most));
        return () => read(values().next());
      }
      case "delta-length-bytes": {
        if (type !== "BYTE_ARRAY") throw malformed();
        const values = lazily(() => new DeltaLengthBytes(bytes, 0, most));
        return () => read(values().next());
      }
      case "delta-bytes": {
        const own = type === "FIXED_LEN_BYTE_ARRAY" ? length : undefined;
        if (type !== "BYTE_ARRAY" && own === undefined) throw malformed();
        // The value before stands as well.
        this.#unpacked.add(bytes.length, 0);
        this.#stands.data += bytes.length;
        const values = lazily(() => new DeltaBytes(bytes, most));
        return () => {
          const value = values().next();
          if (own !== undefined && value.length !== own) throw malformed();
          return read(value);
        };
      }
      case "split": {
        const values = new SplitValues(bytes, type, length);
        return () => read(values.next());
      }
      case "dictionary": {
        const [dictionary, known] = [this.#dictionary, this.#known];
        if (dictionary === undefined) throw malformed();
        const places = lazily(() => new RunLengths(bytes, 1, bytes[0] ?? -1));
        return () => {
          const place = places().next();
          if (known === undefined) return read(dictionary.at(place));
          let value = known[place];
          if (value === undefined) {
            value = read(dictionary.at(place));
            known[place] = value;
          }
          return value;
        };
      }
    }
  }
}

/** The runs' own bytes, behind their number. */
function runsOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) throw malformed();
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (end > bytes.length) throw malformed();
  return bytes.subarray(4, end);
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function levelBytes({ levels }: Page): number {
  return levels.repetition.length + levels.definition.length;
}
