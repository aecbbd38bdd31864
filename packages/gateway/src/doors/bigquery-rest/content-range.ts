import { invalid } from "./google-error.ts";

/**
 * Where a piece of an upload belongs: FIRST-LAST of TOTAL bytes, or of a whole that isn't known yet (a star). With a star for the range
 * it holds no bytes: it asks how far the upload is, or says that it ends there.
 * https://www.rfc-editor.org/rfc/rfc9110#field.content-range, https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable
 */
export type ContentRange =
  | { readonly kind: "piece"; readonly first: number; readonly last: number; readonly total: number | undefined }
  | { readonly kind: "status"; readonly total: number | undefined };

const RANGE = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/;

export function contentRange(header: string): ContentRange {
  const found = RANGE.exec(header);
  if (found === null) throw invalid("Content-Range is `bytes FIRST-LAST/TOTAL`, or `bytes */TOTAL`.");
  const [, first, last, whole] = found;
  const total = whole === undefined ? undefined : Number(whole);
  if (first === undefined || last === undefined) return { kind: "status", total };
  const range = { kind: "piece", first: Number(first), last: Number(last), total } as const;
  if (range.last < range.first || (total !== undefined && range.last >= total))
    throw invalid("Content-Range names no range of bytes.");
  return range;
}
