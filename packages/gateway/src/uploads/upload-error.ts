/** What of an upload is not as its format wants it; names rows and fields, never a value (I9). */
export class UploadError extends Error {
  override readonly name = "UploadError";
}

/** BigQuery's own bound of rows in one request with parameters is its size; this one bounds what is looked at row by row (I10). */
export const MOST_ROWS = 200_000;

export function tooManyRows(): UploadError {
  return new UploadError(`An upload has at most ${MOST_ROWS} rows; load more from Cloud Storage.`);
}
