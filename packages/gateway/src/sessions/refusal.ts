import type { Refusal } from "@chaperone/googlesql";
import type { SessionError } from "./session.ts";

/** The gateway's own words for what the SQL front end refused. Its messages hold no literal (I9). */
export function refusalError(refusal: Refusal): SessionError {
  const at = `at [${refusal.line}:${refusal.column}]`;
  switch (refusal.code) {
    case "syntax":
    case "name":
    case "type":
      return { reason: "invalidQuery", status: 400, message: `${refusal.message} ${at}` };
    case "unsupported":
      return {
        reason: "accessDenied",
        status: 403,
        message: `Chaperone runs only what it can analyse: ${refusal.message} ${at}`,
      };
    case "limit":
      return { reason: "invalidQuery", status: 400, message: `The query is over a limit: ${refusal.message} ${at}` };
  }
}

export function denied(message: string): SessionError {
  return { reason: "accessDenied", status: 403, message };
}

/** Why the gateway didn't run a statement. */
export const DISAGREES: SessionError = {
  reason: "accessDenied",
  status: 403,
  message:
    "BigQuery's own dry run does not agree with Chaperone's analysis of this query, so it was not run. The operators have been alarmed.",
};

/** Why the gateway stopped a session that ran: its answer can't be trusted. */
export const ANSWER_DISAGREES: SessionError = {
  reason: "accessDenied",
  status: 403,
  message:
    "BigQuery's answer does not agree with Chaperone's analysis of this query, so no more of it is shown. The query did run. The operators have been alarmed.",
};
