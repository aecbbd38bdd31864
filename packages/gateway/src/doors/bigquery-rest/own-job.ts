import type { IncomingMessage } from "node:http";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { createdTable, resultTable } from "../../sessions/result-table.ts";
import { findSession, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { notFound } from "./google-error.ts";
import { jobResource } from "./job-resource.ts";
import { type Matched, param } from "./routes.ts";

/** One job of the agent's own: found by its path, and described. */

export async function ownJob(store: Store, m: Matched, principal: AgentPrincipal): Promise<SessionRow> {
  const row = await findSession(store, principal, param(m, "project"), param(m, "job"));
  const location = m.query.get("location");
  if (row === undefined || (location !== undefined && location.toLowerCase() !== (row.location ?? "").toLowerCase()))
    throw notFound("Job");
  return row;
}

export async function describedJob(
  engine: SessionEngine,
  row: SessionRow,
  request: IncomingMessage,
): Promise<Record<string, unknown>> {
  const destination = createdTable(row) ?? (dialsGoogleItself(request) ? undefined : resultTable(row));
  return jobResource(row, engine.open(row), await engine.described(row), destination);
}

/** What a program in Python puts into its client's user agent to say that it hands over a Storage Read client of its own. */
const OWN_STORAGE_CLIENT = /(^|\s)own-storage-client(\s|$)/;

/**
 * Python's client, told where a result lies, reads it by a Storage Read client of its own making, which dials Google whatever
 * endpoint it was given; untold, it pages through the job (docs/adr/0016-table-reads.md). Whoever hands it one is told, and dbt, which reads rows
 * through the job whatever it is told, and asks for the description of where they lie.
 */
function dialsGoogleItself({ headers }: IncomingMessage): boolean {
  if (/\bdbt-bigquery-/.test(String(headers["user-agent"]))) return false;
  const agents = [headers["x-goog-api-client"], headers["user-agent"]].map(String);
  return agents.some((agent) => /\bgl-python\//.test(agent)) && !agents.some((agent) => OWN_STORAGE_CLIENT.test(agent));
}
