import type { UpstreamError } from "./error.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

/** Whether the same call may well succeed in a moment: overload, trouble, a broken connection; never a refusal or a used-up quota. */
export function isWorthRetrying(error: UpstreamError): boolean {
  switch (error.kind) {
    case "unavailable":
      return error.reason !== "credentialsUnavailable" && error.reason !== "closed";
    case "rate-limited":
      return error.reason !== "quotaExceeded";
    case "timeout":
      // A job's own `timeout` is final; a late connection or answer isn't.
      return error.reason !== "timeout";
    case "refused":
    case "not-found":
    case "denied":
    case "invalid":
    case "protocol":
      return false;
  }
}

/** Whether the call may succeed in a moment, and surely did nothing: for what would else be done twice. */
export function wasNotCarriedOut(error: UpstreamError): boolean {
  return isWorthRetrying(error) && (error.kind === "rate-limited" || error.unsent);
}

/** Milliseconds before the n-th repetition (from 1): full jitter under a doubling bound. `random` is in [0, 1). */
export function waitBefore(repetition: number, random: number): number {
  return Math.floor(random * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (repetition - 1)));
}
