import type { TableFieldSchema } from "@chaperone/googlesql";
import { type FileMetaData, parquetMetadata, parquetSchema } from "hyparquet";
import { type SentObject, type SentValue, TooManyValues } from "../../sessions/sent-value.ts";
import type { FileField } from "../file-types.ts";
import { type Most, PackedCount } from "../packed-count.ts";
import { UploadError } from "../upload-error.ts";
import { ColumnValues } from "./column.ts";
import { requireWhole } from "./footer.ts";
import { malformed } from "./malformed.ts";
import { Unpacked } from "./pages.ts";
import { columnsOf, type ParquetColumn, type ParquetLeaf, type ParquetShape, TOP } from "./values.ts";

/** Bytes of what a file says of itself, at its end (I10). */
const MOST_FOOTER = 16_000_000;
const MAGIC_BYTES = 4;
/**
 * A Parquet file's rows, one after the other. Its reader takes what it means from its end, so it must be here whole; but it is unpacked page
 * by page as its rows are asked for, and they never stand there together. Values are exact, as they are stored.
 * hyparquet reads what the file says of itself, and unpacks Snappy; a reader of rows that doesn't make all of them at once it hasn't.
 * Throws UploadError, which quotes nothing of the file (I9), and TooManyValues. A file can be made to take much time: it is read in a thread.
 */
export class ParquetRows {
  readonly #file: Uint8Array;
  readonly #metadata: FileMetaData;
  readonly #names: readonly string[];
  readonly #shapes: readonly ParquetShape[];
  readonly #columns: ReadonlyMap<ParquetLeaf, ColumnValues>;
  readonly #count: PackedCount;
  readonly fields: readonly FileField[];
  /** @param table its fields, which decide what a list is
   * @param most of all rows together */
  constructor(file: Uint8Array, table: readonly TableFieldSchema[], most: Most) {
    // Of a Buffer, slices would be no copies.
    this.#file = new Uint8Array(file.buffer, file.byteOffset, file.length);
    this.#count = new PackedCount("Parquet", most);
    const { metadata, columns } = orMalformed(() => described(this.#file, table));
    this.#metadata = metadata;
    this.fields = columns.map(({ field }) => field);
    this.#names = this.fields.map(({ name }) => name);
    this.#shapes = columns.map(({ shape }) => shape);
    const unpacked = new Unpacked();
    this.#columns = new Map(
      columns.flatMap(({ leaves }) => leaves.map((leaf) => [leaf, new ColumnValues(leaf, unpacked)])),
    );
  }

  *rows(): Generator<SentObject> {
    for (const group of this.#metadata.row_groups) {
      orMalformed(() => this.#begin(group));
      for (let row = 0n; row < group.num_rows; row++) yield orMalformed(() => this.#next());
      for (const values of this.#columns.values())
        if (!values.ended) throw new UploadError("The Parquet file has other rows than it says.");
    }
    this.#count.row();
  }

  #begin({ columns }: FileMetaData["row_groups"][number]): void {
    const chunks = new Map<string, (typeof columns)[number]>();
    for (const chunk of columns) chunks.set(JSON.stringify(chunk.meta_data?.path_in_schema), chunk);
    if (columns.length !== this.#columns.size) throw malformed();
    for (const [leaf, values] of this.#columns) {
      const chunk = chunks.get(JSON.stringify(leaf.path));
      if (chunk === undefined) throw malformed();
      const { meta_data: told, file_path: path, crypto_metadata: encrypted } = chunk;
      if (told === undefined || path !== undefined || encrypted !== undefined)
        throw new UploadError("The Parquet file is encrypted, or in pieces.");
      values.begin(this.#file, told);
    }
  }

  #next(): SentObject {
    for (const values of this.#columns.values()) {
      if (values.ended) throw new UploadError("A field of the Parquet file has fewer rows than the file.");
      if (values.repetition !== 0) throw malformed();
    }
    this.#count.row();
    const row: Record<string, SentValue> = {};
    for (const [index, shape] of this.#shapes.entries()) row[this.#names[index] ?? ""] = this.#read(shape);
    return row;
  }

  #read(shape: ParquetShape): SentValue {
    switch (shape.kind) {
      case "value":
        return this.#take(shape.leaf);
      case "record": {
        const record: Record<string, SentValue> = {};
        for (const [name, member] of shape.members) record[name] = this.#read(member);
        return record;
      }
      case "optional":
        return this.#isThere(shape) ? this.#read(shape.of) : this.#skip(shape.leaves, null);
      case "list": {
        if (!this.#isThere(shape)) return this.#skip(shape.leaves, []);
        const list: SentValue[] = [];
        do list.push(this.#read(shape.of));
        while (this.#all(shape.leaves, (values) => goesOn(values, shape)));
        return list;
      }
    }
  }

  #isThere({ leaves, definition }: Extract<ParquetShape, { leaves: unknown }>): boolean {
    return this.#all(leaves, (values) => values.definition >= definition);
  }

  /** What columns of one record say must be the same. */
  #all(leaves: readonly ParquetLeaf[], is: (values: ColumnValues) => boolean): boolean {
    let all: boolean | undefined;
    for (const leaf of leaves) {
      const one = is(this.#of(leaf));
      if (all !== undefined && one !== all) throw malformed();
      all = one;
    }
    return all === true;
  }

  #skip<T>(leaves: readonly ParquetLeaf[], value: T): T {
    for (const leaf of leaves) this.#take(leaf);
    return value;
  }

  #take(leaf: ParquetLeaf): SentValue {
    const value = this.#of(leaf).take();
    this.#count.add(value);
    return value;
  }

  #of(leaf: ParquetLeaf): ColumnValues {
    const values = this.#columns.get(leaf);
    if (values === undefined) throw malformed();
    return values;
  }
}

/** One more of the same list comes, which then must be there. */
function goesOn({ ended, repetition, definition }: ColumnValues, list: Extract<ParquetShape, { leaves: unknown }>) {
  if (ended || repetition !== list.repetition) return false;
  if (definition < list.definition) throw malformed();
  return true;
}

/** What the file says of itself: parts that it should have may be missing. */
function described(
  file: Uint8Array,
  table: readonly TableFieldSchema[],
): { readonly metadata: FileMetaData; readonly columns: readonly ParquetColumn[] } {
  const metadata = metadataOf(file);
  const columns = columnsOf(parquetSchema(metadata).children, TOP, table);
  // Of no columns it could say that it has any number of rows.
  if (columns.length === 0) throw malformed();
  return { metadata, columns };
}

function metadataOf(file: Uint8Array): FileMetaData {
  const least = 2 * MAGIC_BYTES + 4;
  if (file.length < least || Buffer.from(file.slice(0, MAGIC_BYTES)).toString("latin1") !== "PAR1") throw malformed();
  const length = new DataView(file.buffer, file.byteOffset, file.length).getUint32(file.length - 8, true);
  if (length > Math.min(MOST_FOOTER, file.length - least)) throw malformed();
  const footer = file.slice(file.length - length - 8);
  requireWhole(footer.subarray(0, length));
  return parquetMetadata(footer, { geoparquet: false });
}

/** What is not ours may quote a value. */
function orMalformed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UploadError || error instanceof TooManyValues ? error : malformed();
  }
}
