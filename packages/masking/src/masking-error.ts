/**
 * Why masking stopped. Stable; callers decide by it.
 *
 * - `fields`: the masks, fields or settings given by the caller make no sense
 * - `syntax`: not JSON, or not the UTF-8 that JSON demands
 * - `shape`: JSON, but not rows of these fields
 * - `limit`: a bound of the masker was passed
 * - `truncated`: the response ended in the middle
 * - `finished`: used after its end or after an error
 */
export type MaskingErrorCode = "fields" | "syntax" | "shape" | "limit" | "truncated" | "finished";

/** Holds no data (I9): the message names rows by number and columns by path, never what a cell held. */
export class MaskingError extends Error {
  readonly code: MaskingErrorCode;

  constructor(code: MaskingErrorCode, message: string) {
    super(message);
    this.name = "MaskingError";
    this.code = code;
  }
}
