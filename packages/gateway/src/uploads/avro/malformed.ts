import { UploadError } from "../upload-error.ts";

/** Nothing of the file is quoted (I9). */
export function malformed(): UploadError {
  return new UploadError("The upload is not an Avro object container file that can be read here.");
}
