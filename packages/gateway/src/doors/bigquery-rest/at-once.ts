import type { Connection } from "../../sessions/connection.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { SessionError } from "../../sessions/session.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import type { Statement, Submission } from "../../sessions/statement.ts";
import type { Call } from "./call.ts";
import { GoogleError } from "./google-error.ts";
import { refused, refuseIfRefused } from "./refused.ts";
import { param } from "./routes.ts";
import { waited } from "./wait.ts";

/** What a call submits that is over when it answers. */
export function submissionAtOnce(
  connection: Connection,
  project: string,
  statement: Statement,
  requestId?: string,
): Submission {
  return {
    door: "bigquery-rest",
    project,
    location: connection.location,
    jobId: undefined,
    requestId,
    statement,
    dryRun: false,
    maximumBytesBilled: undefined,
    jobTimeoutMs: undefined,
    labels: {},
  };
}

/**
 * Waits for what was submitted, or cancels it where a person would have to agree: a client whose call can't wait sends it again,
 * and each copy would be done when somebody agreed. `instead`: how to ask so that it waits.
 */
export async function doneAtOnce(
  engine: SessionEngine,
  before: SessionRow,
  instead: string,
  gone: AbortSignal,
): Promise<void> {
  refuseIfRefused(before);
  if (before.state === "held") await engine.cancel(before);
  const row = await waited(engine, before, 0, gone);
  if (row.state === "cancelled")
    throw new GoogleError(
      403,
      "accessDenied",
      `A person must agree to this, and this call can't wait for that: nothing was done. ${instead}`,
    );
  if (row.error !== null) throw refused(JSON.parse(row.error) as SessionError);
  const outcome = engine.outcome(row.id);
  if (outcome === undefined && row.state !== "done")
    throw new GoogleError(503, "backendError", `This is still being done, by job ${row.job_id}.`);
  if (outcome?.ok === false) throw refused(outcome.error);
}

/** A statement of the gateway's own words, done when this returns. */
export async function runAtOnce(
  engine: SessionEngine,
  { m, principal, connection, gone }: Call,
  sql: string,
): Promise<void> {
  const row = await engine.submit(principal, connection, submissionAtOnce(connection, param(m, "project"), plain(sql)));
  await doneAtOnce(engine, row, "Send it as DDL in a query, which waits.", gone);
}

/** Whether policy and BigQuery would let the statement be done, without doing it; else the refusal. */
export async function permittedDry(
  engine: SessionEngine,
  { m, principal, connection }: Call,
  sql: string,
): Promise<void> {
  const submission = { ...submissionAtOnce(connection, param(m, "project"), plain(sql)), dryRun: true };
  refuseIfRefused(await engine.submit(principal, connection, submission));
}

function plain(sql: string): Statement {
  return { sql, parameterMode: undefined, parameters: [], defaultDataset: undefined };
}
