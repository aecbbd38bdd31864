import type { ColumnMetaData } from "hyparquet";
import type { SentValue } from "../../sessions/sent-value.ts";
import { malformed } from "./malformed.ts";
import { ChunkPages, type Page, type Unpacked } from "./pages.ts";
import { Dictionary, PlainValues } from "./plain-values.ts";
import { RunLengths } from "./run-lengths.ts";
import type { ParquetLeaf } from "./values.ts";

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
  #repetitions: RunLengths | undefined;
  #definitions: RunLengths | undefined;
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
    const runs = (most: number, apart: Uint8Array, areRuns: boolean): RunLengths | undefined => {
      if (most === 0) return undefined;
      const width = 32 - Math.clz32(most);
      if (page.kind === "data-v2") return new RunLengths(apart, 0, width);
      const { bytes } = page;
      if (!areRuns || at + 4 > bytes.length) throw malformed();
      const begin = at + 4;
      at = begin + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
      if (at > bytes.length) throw malformed();
      return new RunLengths(bytes.subarray(begin, at), 0, width);
    };
    this.#repetitions = runs(repetition, page.levels.repetition, page.levelsAreRuns.repetition);
    this.#definitions = runs(definition, page.levels.definition, page.levelsAreRuns.definition);
    this.#values = this.#valuesOf(page, page.bytes.subarray(at));
  }

  #valuesOf({ encoding }: Page, bytes: Uint8Array): () => SentValue {
    const { type, length, read } = this.#leaf;
    switch (encoding) {
      case "plain": {
        const values = new PlainValues(bytes, type, length);
        return () => read(values.next());
      }
      case "run-lengths": {
        // Booleans alone, with the runs' length before them.
        if (type !== "BOOLEAN") throw malformed();
        const values = new RunLengths(bytes, 4, 1);
        return () => read(values.next() === 1);
      }
      case "dictionary": {
        const [dictionary, known] = [this.#dictionary, this.#known];
        if (dictionary === undefined) throw malformed();
        let places: RunLengths | undefined;
        return () => {
          // A page of NULLs alone may have nothing here.
          places ??= new RunLengths(bytes, 1, bytes[0] ?? -1);
          const place = places.next();
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

function levelBytes({ levels }: Page): number {
  return levels.repetition.length + levels.definition.length;
}
