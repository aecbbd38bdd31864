import { CatalogError } from "../../catalog/served-names.ts";
import { GrpcError, type StatusName } from "../../grpc/status.ts";
import { CredentialError } from "../../identity/index.ts";
import { PageError } from "../../sessions/page-error.ts";
import type { SessionError } from "../../sessions/session.ts";
import { TableReadError } from "../../sessions/table-read.ts";
import { CommandError } from "../../store/command.ts";
import { StoreError } from "../../store/errors.ts";
import { UpstreamError } from "../../upstream/index.ts";

/** A session's end in gRPC's words. UNAVAILABLE alone makes clients try again. */
export function refused({ reason, message }: SessionError): GrpcError {
  return new GrpcError(statusOf(reason), message);
}

function statusOf(reason: SessionError["reason"]): StatusName {
  switch (reason) {
    case "invalid":
    case "invalidQuery":
      return "invalidArgument";
    case "accessDenied":
      return "permissionDenied";
    case "notFound":
      return "notFound";
    case "stopped":
    case "timeout":
      return "aborted";
    case "quotaExceeded":
      return "resourceExhausted";
    case "backendError":
      return "unavailable";
  }
}

/** Any error as the agent is told it; undefined: a failure of ours. */
export function translate(error: unknown): GrpcError | undefined {
  if (error instanceof GrpcError) return error;
  if (error instanceof PageError || error instanceof TableReadError) return refused(error.error);
  if (error instanceof CatalogError)
    return new GrpcError(error.reason === "notServed" ? "permissionDenied" : "invalidArgument", error.message);
  if (error instanceof CredentialError) {
    if (error.code === "suspended" || error.code === "unregistered")
      return new GrpcError("permissionDenied", error.message);
    return new GrpcError(error.code === "keys_unavailable" ? "unavailable" : "unauthenticated", error.message);
  }
  if (error instanceof StoreError)
    return new GrpcError(
      "unavailable",
      "The gateway cannot record evidence now, so it answers nothing. Try again later.",
    );
  if (error instanceof CommandError) {
    if (error.code === "too_many_open")
      return new GrpcError("resourceExhausted", "Too many of this agent's queries are unfinished.");
    if (error.code === "wrong_state") return new GrpcError("failedPrecondition", "The read is over.");
    return undefined;
  }
  if (error instanceof UpstreamError)
    switch (error.kind) {
      case "unavailable":
      case "timeout":
      case "rate-limited":
        return new GrpcError("unavailable", "BigQuery could not be reached. Try again later.");
      case "not-found":
        return new GrpcError("notFound", "The rows are no longer there. Send the read again.");
      case "refused":
      case "denied":
      case "invalid":
      case "protocol":
        return new GrpcError("internal", "BigQuery refused, or gave an answer that can't be trusted.");
    }
  return undefined;
}
