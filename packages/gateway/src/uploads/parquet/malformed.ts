import { UploadError } from "../upload-error.ts";

/** Nothing of the file is quoted (I9). */
export function malformed(): UploadError {
  return new UploadError("The upload is not a Parquet file that can be read here.");
}
