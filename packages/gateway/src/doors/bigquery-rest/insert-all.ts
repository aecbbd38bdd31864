import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { agentOf } from "../../identity/principal.ts";
import { BUSY } from "../../sessions/endings.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { RowError } from "../../sessions/sent-rows.ts";
import type { SessionError } from "../../sessions/session.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { statementOf } from "../../uploads/upload-statement.ts";
import { doneAtOnce, submissionAtOnce } from "./at-once.ts";
import { bodyOf, type Call, placeOf } from "./call.ts";
import { param } from "./routes.ts";
import { sendJson } from "./send.ts";
import type { StreamedRowsThread } from "./streamed-rows-thread.ts";
import { shownTable } from "./table-changes.ts";

export interface InsertAllOptions {
  readonly engine: SessionEngine;
  readonly clock: () => number;
  readonly bodyBytes: number;
  readonly thread: StreamedRowsThread;
}

const KIND = "bigquery#tableDataInsertAllResponse";

/**
 * tabledata.insertAll as an INSERT of parameters (docs/adr/0017-sent-rows.md).
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/insertAll
 */
export async function insertAll({ engine, clock, bodyBytes, thread }: InsertAllOptions, call: Call): Promise<void> {
  const { principal, connection, response, gone } = call;
  const { project, dataset } = placeOf(call);
  const target = quotedTable({ project, dataset, table: param(call.m, "table") });
  const text = await bodyOf(call, bodyBytes);
  const { fields } = await shownTable(call, clock());
  const { statement, errors, skipInvalidRows, insertIds } = await thread.read(agentOf(principal), {
    text,
    target,
    fields,
  });
  const invalid = insertErrors(errors, insertIds.length, skipInvalidRows);
  if (statement === undefined || (errors.length > 0 && !skipInvalidRows))
    return sendJson(response, { kind: KIND, insertErrors: invalid });
  const insert = statementOf(statement);
  const before = await inTurn(gone, (attempt) =>
    engine.submit(
      principal,
      connection,
      submissionAtOnce(connection, project, insert, requestIdOf(target, insertIds, attempt)),
    ),
  );
  await doneAtOnce(engine, before, "Send the rows by an INSERT statement or a load job, which wait.", gone);
  sendJson(response, { kind: KIND, ...(invalid.length === 0 ? {} : { insertErrors: invalid }) });
}

/** Milliseconds before each new attempt: streams write one table from many sides, and each write has the table for itself. */
const TURNS = [100, 200, 400, 800, 1500, 2000, 2500, 3000, 3500, 4000, 4500];

/** Submits until no other session holds the table, or the turns are up. */
async function inTurn(gone: AbortSignal, submit: (attempt: number) => Promise<SessionRow>): Promise<SessionRow> {
  for (let attempt = 0; ; attempt++) {
    const row = await submit(attempt);
    const turn = TURNS[attempt];
    const busy = row.error !== null && (JSON.parse(row.error) as SessionError).message === BUSY.message;
    if (!busy || turn === undefined || gone.aborted) return row;
    // All at once after one pause would only meet again.
    await sleep(turn * (0.5 + Math.random()));
  }
}

/**
 * The same rows sent again, as clients do after a broken connection, are the same job: where each has its insertId. Each attempt
 * has an id of its own, in the same order each time.
 */
function requestIdOf(target: string, insertIds: readonly (string | undefined)[], attempt: number): string | undefined {
  if (insertIds.some((id) => id === undefined || id === "")) return undefined;
  return `rows_${createHash("sha256")
    .update(JSON.stringify([target, insertIds, attempt]))
    .digest("base64url")
    .slice(0, 30)}`;
}

/** As BigQuery says it, without the value: of a request that is refused whole, the other rows are `stopped`. */
function insertErrors(errors: readonly RowError[], rows: number, skipping: boolean): unknown[] {
  if (errors.length === 0) return [];
  const found = new Map(errors.map((error) => [error.index, error]));
  return Array.from({ length: rows }, (_, index) => {
    const error = found.get(index);
    if (error === undefined && skipping) return [];
    const { reason, location, message } =
      error === undefined ? { reason: "stopped", location: "", message: "" } : { reason: "invalid", ...error };
    return [{ index, errors: [{ reason, location, debugInfo: "", message }] }];
  }).flat();
}
