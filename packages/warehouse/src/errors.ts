/** BigQuery's error form: https://cloud.google.com/bigquery/docs/error-messages */

const HTTP_STATUS = {
  invalid: 400,
  invalidQuery: 400,
  required: 400,
  bytesBilledLimitExceeded: 400,
  stopped: 400,
  authError: 401,
  accessDenied: 403,
  notFound: 404,
  duplicate: 409,
  internalError: 500,
  backendError: 503,
} as const;

const CANONICAL = new Map<number, string>([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ALREADY_EXISTS"],
  [500, "INTERNAL"],
  [503, "UNAVAILABLE"],
]);

export type ErrorReason = keyof typeof HTTP_STATUS;

/** BigQuery's ErrorProto, as in `status.errorResult`. */
export interface ErrorProto {
  readonly reason: ErrorReason;
  readonly message: string;
  readonly location?: string;
}

/** An answer that is an error; `reason` decides the HTTP status. */
export class WarehouseError extends Error {
  override readonly name = "WarehouseError";
  readonly reason: ErrorReason;
  readonly location: string | undefined;

  constructor(reason: ErrorReason, message: string, location?: string) {
    super(message);
    this.reason = reason;
    this.location = location;
  }

  get proto(): ErrorProto {
    const base = { reason: this.reason, message: this.message };
    return this.location === undefined ? base : { ...base, location: this.location };
  }
}

/** The HTTP status BigQuery answers for a reason. */
function httpStatus(reason: ErrorReason): number {
  return HTTP_STATUS[reason];
}

/** `{error:{code,message,errors:[…],status}}`. */
export function errorBody(error: ErrorProto, code: number = httpStatus(error.reason)): object {
  return {
    error: {
      code,
      message: error.message,
      errors: [
        {
          message: error.message,
          domain: "global",
          reason: error.reason,
          ...(error.location === undefined ? {} : { location: error.location, locationType: "parameter" }),
        },
      ],
      status: CANONICAL.get(code) ?? "UNKNOWN",
    },
  };
}

/** DuckDB's wording into BigQuery's; what has no counterpart keeps DuckDB's first line. */
export function fromDuckDb(error: unknown): WarehouseError {
  if (error instanceof WarehouseError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split("\n")[0] ?? text;
  if (/^INTERRUPT/.test(line))
    return new WarehouseError("stopped", "Job execution was cancelled: User requested cancellation");
  const cast = /Could not convert string '(.*)' to (\w+)/.exec(line);
  if (cast)
    return new WarehouseError(
      "invalidQuery",
      `Bad ${CAST_NAMES.get(cast[2] ?? "") ?? "value"} value: ${cast[1] ?? ""}`,
    );
  const date = /^Conversion Error: (?:invalid|date|timestamp|time) (?:date|timestamp|time)?.*?"(.*?)"/.exec(line);
  if (date) return new WarehouseError("invalidQuery", `Invalid date or timestamp: "${date[1] ?? ""}"`);
  const fn = /(?:Scalar|Aggregate|Table|Scalar Macro) Function with name "?(\w+)"? does not exist/.exec(line);
  if (fn) return new WarehouseError("invalidQuery", `Function not found: ${fn[1] ?? ""}`);
  const column = /(?:Referenced column|^Binder Error: Column) "(.*?)" (?:not found|referenced that exists)/.exec(line);
  if (column) return new WarehouseError("invalidQuery", `Unrecognized name: ${column[1] ?? ""}`);
  const member = /Table "(.*?)" does not have a column named "(.*?)"/.exec(line);
  if (member) return new WarehouseError("invalidQuery", `Name ${member[2] ?? ""} not found inside ${member[1] ?? ""}`);
  return new WarehouseError("invalidQuery", line.replace(/^[A-Z]\w+(?: \w+)? Error: /, ""));
}

const CAST_NAMES = new Map([
  ["INT64", "int64"],
  ["DOUBLE", "double"],
  ["BOOL", "bool"],
  ["INT32", "int64"],
]);
