import { parentPort, workerData } from "node:worker_threads";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { PageTally } from "./parquet-pages.ts";
import { columnOf, orNull, type ParquetField } from "./parquet-values.ts";
import { MOST_ROWS, tooManyRows, UploadError } from "./upload-error.ts";

/** Reads one Parquet file in a thread of its own, which may run out of its memory or its time and nothing else with it. */

export type ParquetReply =
  /** `text`: newline-delimited JSON. */
  | { readonly ok: true; readonly fields: readonly ParquetField[]; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** Characters of the rows as JSON: a dictionary makes many long values of few bytes. */
const MOST_CHARACTERS = 16_000_000;

async function read(bytes: Uint8Array<ArrayBuffer>): Promise<ParquetReply> {
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  const tree = parquetSchema(metadata);
  const rows = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (rows > BigInt(MOST_ROWS)) throw tooManyRows();
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
  return { ok: true, fields: columns.map(({ field }) => field), text: lines.join("\n") };
}

read(workerData as Uint8Array<ArrayBuffer>)
  // What is not ours may quote a value.
  .catch((error: unknown): ParquetReply => {
    const message =
      error instanceof UploadError ? error.message : "The upload is not a Parquet file that can be read here.";
    return { ok: false, message };
  })
  .then((reply) => parentPort?.postMessage(reply));
