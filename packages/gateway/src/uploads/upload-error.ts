/** What of an upload is not as its format wants it; names rows and fields, never a value (I9). */
export class UploadError extends Error {
  override readonly name = "UploadError";
}

/** More than one statement takes. */
export class TooLargeForStatement extends UploadError {
  constructor() {
    super("The rows come to more than BigQuery takes with one statement.");
  }
}

/** BigQuery's own bound of rows in one request with parameters is its size; this one bounds what is looked at row by row at once (I10). */
export const MOST_ROWS = 200_000;
