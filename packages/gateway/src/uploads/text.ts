import { UploadError } from "./upload-error.ts";

/**
 * An uploaded file's text: UTF-8 without a byte order mark, of which BigQuery says that it may bring "unexpected issues", so that nobody
 * can read another text from it. UTF-16 and compressed files are no UTF-8, and are told so by name.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#encoding
 */
export function textOf(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  if (first === 0x1f && second === 0x8b)
    throw new UploadError("The upload is compressed; send it as it is, or load it from Cloud Storage.");
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new UploadError("The upload is UTF-16; send it as UTF-8.");
  if (first === 0xef && second === 0xbb && third === 0xbf)
    throw new UploadError("The upload begins with a byte order mark; send it without.");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UploadError("The upload is not UTF-8.");
  }
}
