import { CatalogError } from "../../catalog/served-names.ts";
import { PageError } from "../../sessions/page-error.ts";
import { SentOnError } from "../../sessions/sent-on.ts";
import { TooManyValues } from "../../sessions/sent-value.ts";
import type { SessionError } from "../../sessions/session.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { TableReadError } from "../../sessions/table-read.ts";
import { CommandError } from "../../store/command.ts";
import { UploadError } from "../../uploads/upload-error.ts";
import { GoogleError, invalid } from "./google-error.ts";

export function refused(error: SessionError): GoogleError {
  return new GoogleError(error.status, error.reason, error.message);
}

/** A query that was refused at once answers with its refusal, not with a job (bigquery-protocol "Waiting"). */
export function refuseIfRefused(row: SessionRow): void {
  if (row.error !== null && (row.state === "denied" || row.state === "failed"))
    throw refused(JSON.parse(row.error) as SessionError);
}

/** Our own errors in BigQuery's words; what is not ours stays as it is, for the server to answer generically. */
export function translate(error: unknown): unknown {
  if (error instanceof PageError || error instanceof TableReadError || error instanceof SentOnError)
    return refused(error.error);
  if (error instanceof UploadError || error instanceof TooManyValues) return invalid(error.message);
  if (error instanceof CatalogError) return new GoogleError(400, "invalid", error.message);
  if (error instanceof CommandError) {
    switch (error.code) {
      case "duplicate":
        return new GoogleError(409, "duplicate", "Already Exists: Job");
      case "request_id_reused":
        return invalid("This requestId was used with another query.");
      case "too_many_open":
        return new GoogleError(403, "quotaExceeded", "Too many of this agent's queries are unfinished.");
      case "wrong_state":
        return invalid("The job is not in a state that allows this.");
    }
  }
  return error;
}
