import type { Outcome } from "../../sessions/job-follower.ts";
import type { MaskPlan } from "../../sessions/mask-plan.ts";
import type { ResultTable } from "../../sessions/result-table.ts";
import { rowsSent } from "../../sessions/sent-rows.ts";
import type { SessionError, SessionState } from "../../sessions/session.ts";
import { decisionOf, type SealedStatement, type SessionRow } from "../../sessions/session-row.ts";

/**
 * The job as its own agent may see it (I9): its own SQL, no plan, no literals of anybody's data, no e-mail of the gateway's
 * account. `destination`: the result's table, by the gateway's own name, for clients that read their pages there.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/Job
 */
export function jobResource(
  row: SessionRow,
  sealed: SealedStatement,
  outcome: Outcome | undefined,
  destination: ResultTable | undefined,
): Record<string, unknown> {
  const error = row.error === null ? undefined : (JSON.parse(row.error) as SessionError);
  const config = JSON.parse(row.job_config) as { labels?: Record<string, string> };
  const state = jobState(row.state, outcome !== undefined);
  const maskPlan = JSON.parse(row.mask_plan ?? "null") as MaskPlan | null;
  const errorResult =
    error === undefined ? undefined : { reason: error.reason, location: "query", message: error.message };
  const bytes = bytesTold(row);
  return {
    kind: "bigquery#job",
    id: `${row.project}:${row.location ?? ""}.${row.job_id}`,
    jobReference: jobReference(row),
    configuration: {
      ...(sealed.dryRun ? { dryRun: true } : {}),
      ...(config.labels === undefined ? {} : { labels: config.labels }),
      ...kindOfJob(sealed, destination),
    },
    status: { state, ...(errorResult === undefined ? {} : { errorResult, errors: [errorResult] }) },
    statistics: {
      creationTime: String(row.created_at),
      ...(state === "PENDING" ? {} : { startTime: String(row.updated_at) }),
      ...(state === "DONE" ? { endTime: String(row.finished_at ?? row.updated_at) } : {}),
      // The dry run's figure: what the run really read could tell about values (threat-model row 39).
      totalBytesProcessed: bytes,
      ...(sealed.asked === undefined
        ? {
            query: {
              statementType: row.statement_type ?? undefined,
              totalBytesProcessed: bytes,
              cacheHit: false,
              ...(sealed.dryRun && maskPlan !== null && maskPlan.schema.length > 0
                ? { schema: { fields: maskPlan.schema } }
                : {}),
            },
          }
        : {}),
      ...(error === undefined && (row.state === "done" || outcome?.ok === true) ? loaded(sealed, outcome) : {}),
    },
  };
}

/**
 * Of a load that carried its rows and is done: how many they were, but for those that `maxBadRecords` left out. It was done whole, so this is
 * the agent's own count and tells nothing of what was in the table. What a load of files elsewhere wrote isn't told, nor bytes written or bad
 * records, nor how many rows were deleted before. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics3
 */
function loaded({ asked, statement, dryRun }: SealedStatement, outcome: Outcome | undefined): object {
  if (asked?.kind !== "load" || dryRun) return {};
  const rows = asked.sentOn === undefined ? rowsSent(statement) : outcome?.ok === true ? outcome.rowsLoaded : undefined;
  return rows === undefined ? {} : { load: { inputFiles: "1", outputRows: String(rows) } };
}

/** The dry run's figure, or 0 where it would tell of rows or values (threat-model row 39). */
export function bytesTold(row: SessionRow): string {
  const decision = decisionOf(row);
  const told = decision?.effect === "permit" && decision.obligations.readSize === "told";
  return String((told ? row.dry_run_bytes : null) ?? 0);
}

/** What was asked for, in the words in which it was. */
function kindOfJob({ asked, statement }: SealedStatement, destination: ResultTable | undefined): object {
  if (asked !== undefined) return { jobType: asked.kind.toUpperCase(), [asked.kind]: asked.configuration };
  return {
    jobType: "QUERY",
    query: {
      query: statement.sql,
      useLegacySql: false,
      useQueryCache: false,
      priority: "INTERACTIVE",
      ...(destination === undefined ? {} : { destinationTable: destination }),
      ...(statement.defaultDataset === undefined ? {} : { defaultDataset: statement.defaultDataset }),
      ...(statement.parameterMode === undefined ? {} : { parameterMode: statement.parameterMode }),
      ...(statement.parameters.length === 0 ? {} : { queryParameters: statement.parameters }),
    },
  };
}

export function jobReference(row: SessionRow): Record<string, string> {
  return { projectId: row.project, jobId: row.job_id, location: row.location ?? "" };
}

/** BigQuery's job state: a query that waits for a person is PENDING, whatever it waits for. */
export function jobState(state: SessionState, finishedUpstream: boolean): "PENDING" | "RUNNING" | "DONE" {
  switch (state) {
    case "received":
    case "analysed":
    case "decided":
    case "held":
    case "approved":
      return "PENDING";
    case "running":
    case "releasing":
      return finishedUpstream ? "DONE" : "RUNNING";
    case "done":
    case "denied":
    case "expired":
    case "failed":
    case "cancelled":
      return "DONE";
  }
}
