/** https://grpc.io/docs/guides/status-codes/ */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type StatusName = Exclude<keyof typeof STATUS, "ok">;

/** How a call ends that doesn't end well; the message is the gateway's own (I9). */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: StatusName;
  /** Sent beside status and message. */
  readonly metadata: Readonly<Record<string, string>>;
  constructor(status: StatusName, message: string, metadata: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.metadata = metadata;
  }
}
