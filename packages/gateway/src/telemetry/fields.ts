/**
 * Every field a log line may have. A field that isn't here is dropped, so no value gets into a log by accident (I5, I9).
 * None of them may hold SQL, a literal, a parameter, a result value, a token or a text from upstream.
 */
export const LOG_FIELDS = {
  session: "text",
  request: "text",
  approval: "text",
  job: "text",
  connection: "text",
  project: "text",
  door: "text",
  method: "text",
  outcome: "text",
  state: "text",
  reason: "text",
  code: "text",
  kind: "text",
  alarm: "text",
  protection: "text",
  policy: "text",
  policyVersion: "text",
  issuer: "text",
  subject: "text",
  agent: "text",
  person: "text",
  signal: "text",
  host: "text",
  url: "text",
  file: "text",
  version: "text",
  status: "number",
  port: "number",
  count: "number",
  rows: "number",
  bytes: "number",
  cells: "number",
  durationMs: "number",
  ledgerSize: "number",
  line: "number",
  column: "number",
  err: "error",
} as const satisfies Readonly<Record<string, "text" | "number" | "error">>;

type ValueOf<Kind> = Kind extends "text" ? string : Kind extends "number" ? number : unknown;

/** What a log line is made of. */
export type LogFields = {
  readonly [Name in keyof typeof LOG_FIELDS]?: ValueOf<(typeof LOG_FIELDS)[Name]> | undefined;
};
