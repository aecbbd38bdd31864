/**
 * A refusal in BigQuery's own error form, so that every official client raises its usual exception (I1).
 * https://cloud.google.com/bigquery/docs/error-messages
 */
export class GoogleError extends Error {
  override readonly name = "GoogleError";
  readonly status: number;
  readonly reason: string;
  /** When it may be sent again; undefined: nobody knows. */
  readonly retryAfterMs: number | undefined;
  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "INVALID_ARGUMENT",
  409: "ALREADY_EXISTS",
  411: "INVALID_ARGUMENT",
  413: "INVALID_ARGUMENT",
  415: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  431: "INVALID_ARGUMENT",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** The body of an error answer: `{"error": {code, message, errors: [{domain, reason, message}], status}}`. */
export function errorBody(error: GoogleError): string {
  const { status, reason, message } = error;
  return JSON.stringify({
    error: {
      code: status,
      message,
      errors: [{ domain: "global", reason, message }],
      status: STATUS_NAMES[status] ?? "UNKNOWN",
    },
  });
}

/** Says no without telling whether the thing exists for somebody else (I9). */
export function notFound(what: string): GoogleError {
  return new GoogleError(404, "notFound", `Not found: ${what}`);
}

export function invalid(message: string): GoogleError {
  return new GoogleError(400, "invalid", message);
}

export function notServed(what: string): GoogleError {
  return new GoogleError(
    501,
    "notImplemented",
    `Chaperone does not serve ${what}. What it serves is listed in docs/rest.md; anything else is refused.`,
  );
}
