/** What went wrong upstream, in the gateway's own words: BigQuery's messages can hold values of rows (I9), so none is kept. */

export type UpstreamKind =
  /** BigQuery won't do it: a limit, a state, a missing feature. */
  | "refused"
  | "not-found"
  /** Worth another try later. */
  | "unavailable"
  | "timeout"
  | "rate-limited"
  /** The gateway's own credentials don't suffice. */
  | "denied"
  /** The statement or request is wrong. */
  | "invalid"
  /** The answer isn't what BigQuery answers; nothing of it is used. */
  | "protocol";

/**
 * BigQuery's reason codes, with what each means to the gateway; then our own, for what happens before there is an answer.
 * A code that isn't here becomes `unknown`. https://cloud.google.com/bigquery/docs/error-messages
 */
const REASONS = {
  accessDenied: ["denied", "BigQuery denies this to the gateway's credentials."],
  authError: ["denied", "BigQuery doesn't accept the gateway's credentials."],
  forbidden: ["denied", "BigQuery denies this to the gateway's credentials."],
  invalidUser: ["denied", "BigQuery doesn't know the gateway's account."],
  required: ["invalid", "BigQuery misses a part of the request."],
  invalid: ["invalid", "BigQuery finds the request invalid."],
  invalidQuery: ["invalid", "BigQuery finds the query invalid, or it failed on a value while running."],
  invalidArgument: ["invalid", "BigQuery finds the request invalid."],
  badRequest: ["invalid", "BigQuery finds the request invalid."],
  parseError: ["invalid", "BigQuery can't parse the request."],
  notFound: ["not-found", "BigQuery has no such resource in this location."],
  rateLimitExceeded: ["rate-limited", "BigQuery's rate limit is reached; try again later."],
  jobRateLimitExceeded: ["rate-limited", "BigQuery's rate limit is reached; try again later."],
  quotaExceeded: ["rate-limited", "A BigQuery quota is used up."],
  backendError: ["unavailable", "BigQuery has trouble; try again later."],
  badGateway: ["unavailable", "BigQuery has trouble; try again later."],
  internalError: ["unavailable", "BigQuery has trouble; try again later."],
  jobBackendError: ["unavailable", "BigQuery has trouble; try again later."],
  jobInternalError: ["unavailable", "BigQuery has trouble; try again later."],
  tableUnavailable: ["unavailable", "BigQuery's table is unavailable; try again later."],
  timeout: ["timeout", "The job ran out of its time."],
  billingNotEnabled: ["refused", "Billing isn't enabled for the project."],
  billingTierLimitExceeded: ["refused", "The query needs more than its billing tier."],
  blocked: ["refused", "BigQuery has blocked this operation."],
  bytesBilledLimitExceeded: ["refused", "The query would bill more bytes than allowed."],
  conditionNotMet: ["refused", "The resource has changed in the meantime."],
  duplicate: ["refused", "The resource exists already."],
  notImplemented: ["refused", "BigQuery doesn't do this."],
  resourceInUse: ["refused", "The resource is in use."],
  resourcesExceeded: ["refused", "The query needs more resources than it may have."],
  responseTooLarge: ["refused", "The result is larger than BigQuery returns; it needs a destination table."],
  stopped: ["refused", "The job was cancelled."],
  // Ours.
  unknown: ["refused", "BigQuery refused for a reason the gateway doesn't know."],
  connectionFailed: ["unavailable", "The connection to BigQuery failed."],
  connectTimeout: ["timeout", "BigQuery took no connection in time."],
  noConnection: [
    "unavailable",
    "As many answers are being read from BigQuery as may be, for this agent or for all; try again later.",
  ],
  answerTimeout: ["timeout", "BigQuery didn't answer in time."],
  credentialsUnavailable: ["unavailable", "The gateway can't get an access token for BigQuery."],
  closed: ["unavailable", "The gateway is stopping."],
  badName: ["invalid", "A project, dataset, table, job or location has a name that BigQuery can't have."],
  redirected: ["protocol", "BigQuery's endpoint answered with a redirect, which is never followed."],
  encoded: ["protocol", "The answer is compressed though plain was asked for."],
  notJson: ["protocol", "The answer isn't JSON."],
  oversized: ["protocol", "The answer is larger than its bound."],
  tooManyJobs: ["refused", "BigQuery has more jobs than are looked through for one by its label."],
  unexpected: ["protocol", "The answer isn't what BigQuery answers to this call."],
  mismatch: ["protocol", "The answer is about something else than was asked."],
} as const satisfies Readonly<Record<string, readonly [UpstreamKind, string]>>;

export type UpstreamReason = keyof typeof REASONS;

export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly kind: UpstreamKind;
  readonly reason: UpstreamReason;
  /** undefined: there was no answer. */
  readonly httpStatus: number | undefined;
  /** Node's or undici's own error code, such as ECONNRESET. */
  readonly code: string | undefined;
  /** Surely no byte of the request was written. */
  readonly unsent: boolean;
  constructor(
    reason: UpstreamReason,
    options: {
      readonly kind?: UpstreamKind;
      readonly httpStatus?: number;
      readonly code?: string;
      readonly unsent?: boolean;
    } = {},
  ) {
    super(REASONS[reason][1]);
    this.kind = options.kind ?? REASONS[reason][0];
    this.reason = reason;
    this.httpStatus = options.httpStatus;
    this.code = options.code;
    this.unsent = options.unsent ?? false;
  }
}

/** Any text as a known reason; `unknown` otherwise, so that no text of the upstream's gets further. */
export function reasonOf(text: unknown): UpstreamReason {
  return typeof text === "string" && Object.hasOwn(REASONS, text) && !OURS.has(text)
    ? (text as UpstreamReason)
    : "unknown";
}

const OURS: ReadonlySet<string> = new Set([
  "unknown",
  "connectionFailed",
  "connectTimeout",
  "noConnection",
  "answerTimeout",
  "credentialsUnavailable",
  "closed",
  "badName",
  "redirected",
  "encoded",
  "notJson",
  "oversized",
  "tooManyJobs",
  "unexpected",
  "mismatch",
]);

/** The error of an HTTP answer, from its status and the reason code in its body, if it has one. */
export function errorOfAnswer(httpStatus: number, reasonText: unknown): UpstreamError {
  const reason = reasonOf(reasonText);
  return reason === "unknown"
    ? new UpstreamError(reason, { httpStatus, kind: kindOfStatus(httpStatus) })
    : new UpstreamError(reason, { httpStatus });
}

function kindOfStatus(status: number): UpstreamKind {
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || status === 410) return "not-found";
  if (status === 408 || status === 504) return "timeout";
  if (status === 429) return "rate-limited";
  if (status >= 500) return "unavailable";
  if (status === 400) return "invalid";
  return status >= 400 ? "refused" : "protocol";
}
