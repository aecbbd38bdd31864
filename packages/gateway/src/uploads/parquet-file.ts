import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { PageTally } from "./parquet-pages.ts";
import { columnOf, orNull, type ParquetField } from "./parquet-values.ts";
import { MOST_ROWS, UploadError } from "./upload-error.ts";

/** A Parquet file's columns, and its rows as newline-delimited JSON. */
export interface ParquetFile {
  readonly fields: readonly ParquetField[];
  readonly text: string;
}

/** Characters of the rows as JSON: a dictionary makes many long values of few bytes. */
const MOST_CHARACTERS = 16_000_000;

/** Throws UploadError. A file can be made to take much time or memory: it is read in a thread that may run out of its own (upload-thread.ts). */
export async function parquetFile(bytes: Uint8Array<ArrayBuffer>): Promise<ParquetFile> {
  return read(bytes).catch((error: unknown) => {
    // What is not ours may quote a value.
    throw error instanceof UploadError
      ? error
      : new UploadError("The upload is not a Parquet file that can be read here.");
  });
}

async function read(bytes: Uint8Array<ArrayBuffer>): Promise<ParquetFile> {
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  const tree = parquetSchema(metadata);
  const rows = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (rows > BigInt(MOST_ROWS))
    throw new UploadError(
      `A Parquet file has at most ${MOST_ROWS} rows here; send more as CSV or newline-delimited JSON, or load it from Cloud Storage.`,
    );
  const tally = new PageTally();
  for (const { columns } of metadata.row_groups)
    for (const { meta_data: chunk, file_path: path } of columns) {
      if (chunk === undefined || path !== undefined)
        throw new UploadError("The Parquet file is encrypted, or in pieces.");
      if (chunk.codec !== "SNAPPY" && chunk.codec !== "UNCOMPRESSED")
        throw new UploadError("The Parquet file is compressed other than by Snappy.");
      tally.add(bytes, chunk);
    }
  const columns = tree.children.map(columnOf);
  const names = new Set(columns.map(({ field }) => field.name.toLowerCase()));
  if (names.size !== columns.length) throw new UploadError("The Parquet file has two fields of one name.");
  // Values as they are stored: what they mean is read by columnOf, since hyparquet makes doubles of decimals and dates of microseconds.
  const stored = metadata.schema.map((element) => {
    const { converted_type: _converted, logical_type: _logical, ...plain } = element;
    return element.type === undefined ? element : plain;
  });
  const objects = await parquetReadObjects({
    file: { byteLength: bytes.length, slice: (start, end) => bytes.slice(start, end).buffer },
    metadata: { ...metadata, schema: stored },
    utf8: false,
  });
  if (BigInt(objects.length) !== rows) throw new UploadError("The Parquet file has other rows than it says.");
  const lines: string[] = [];
  let size = 0;
  for (const object of objects) {
    const members = columns.map(({ field, write }) => {
      const value: unknown = object[field.name];
      if (value === undefined)
        throw new UploadError(`Field ${field.name} of the Parquet file has fewer rows than the file.`);
      const member = `${JSON.stringify(field.name)}:${orNull(value, write)}`;
      size += member.length + 1;
      if (size > MOST_CHARACTERS)
        throw new UploadError("The Parquet file unpacks to more than an upload may hold; load it from Cloud Storage.");
      return member;
    });
    lines.push(`{${members.join(",")}}`);
  }
  return { fields: columns.map(({ field }) => field), text: lines.join("\n") };
}
