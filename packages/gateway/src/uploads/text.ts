import { UploadError } from "./upload-error.ts";

/**
 * An uploaded file's text: UTF-8 without a byte order mark, of which BigQuery says that it may bring "unexpected issues", so that nobody
 * can read another text from it. UTF-16 and compressed files are no UTF-8, and are told so by name.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#encoding
 */
export function textOf(bytes: Uint8Array): string {
  refuseMarks(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notUtf8();
  }
}

/** The same of a file that comes in parts, cut anywhere. */
export class Utf8Parts {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Its first bytes, until there are enough to see what it is. */
  #head: Uint8Array | undefined = new Uint8Array();

  add(bytes: Uint8Array): string {
    if (this.#head === undefined) return this.#decode(bytes, true);
    const head = new Uint8Array([...this.#head, ...bytes.subarray(0, 3)]);
    if (head.length < 3) {
      this.#head = head;
      return "";
    }
    refuseMarks(head);
    const first = this.#decode(this.#head, true);
    this.#head = undefined;
    return first + this.#decode(bytes, true);
  }

  end(): string {
    const head = this.#head ?? new Uint8Array();
    refuseMarks(head);
    return this.#decode(head, false);
  }

  #decode(bytes: Uint8Array, more: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream: more });
    } catch {
      throw notUtf8();
    }
  }
}

function notUtf8(): UploadError {
  return new UploadError("The upload is not UTF-8.");
}

/** What begins a file that isn't plain UTF-8. */
function refuseMarks([first, second, third]: Uint8Array): void {
  if (first === 0x1f && second === 0x8b)
    throw new UploadError("The upload is compressed; send it as it is, or load it from Cloud Storage.");
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new UploadError("The upload is UTF-16; send it as UTF-8.");
  if (first === 0xef && second === 0xbb && third === 0xbf)
    throw new UploadError("The upload begins with a byte order mark; send it without.");
}
