import type { AgentPrincipal } from "../../identity/principal.ts";
import { listSessions, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { integerParameter, type Matched, param } from "./routes.ts";

const LISTED = 50;
const MOST_LISTED = 1000;

/**
 * One page of the agent's own jobs. A filter by state can leave a page short, or empty, though more follow.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/list
 */
export async function jobList(
  store: Store,
  m: Matched,
  principal: AgentPrincipal,
  resource: (row: SessionRow) => Record<string, unknown>,
): Promise<unknown> {
  if (m.query.get("allUsers") === "true")
    throw new GoogleError(403, "accessDenied", "An agent sees its own jobs only; ask without allUsers.");
  const limit = Math.max(1, integerParameter(m.query, "maxResults", MOST_LISTED) ?? LISTED);
  const token = m.query.get("pageToken");
  const rows = await listSessions(store, principal, param(m, "project"), {
    limit,
    from: integerParameter(m.query, "minCreationTime", Number.MAX_SAFE_INTEGER),
    to: integerParameter(m.query, "maxCreationTime", Number.MAX_SAFE_INTEGER),
    after: token === undefined || token === "" ? undefined : readListToken(token),
  });
  const states = m.query.get("stateFilter")?.toUpperCase().split(",");
  // Nothing here has a parent: a script's child jobs are not told.
  const listed = m.query.has("parentJobId") ? [] : rows.map((row) => listedJob(resource(row)));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    kind: "bigquery#jobList",
    jobs: listed.filter((job) => states === undefined || states.includes(job.state)),
    ...(last === undefined ? {} : { nextPageToken: writeListToken(last) }),
  };
}

function listedJob(resource: Record<string, unknown>): { readonly state: string } {
  const { status } = resource as { status: { state: string; errorResult?: unknown } };
  return {
    ...resource,
    state: status.state,
    ...(status.errorResult === undefined ? {} : { errorResult: status.errorResult }),
  };
}

/** Where a list goes on: after this session. It opens nothing, since only the agent's own sessions are ever listed. */
function writeListToken(row: SessionRow): string {
  return Buffer.from(`${row.created_at} ${row.id}`).toString("base64url");
}

function readListToken(token: string): { createdAt: number; id: string } {
  const [, createdAt, id] = /^(\d{1,15}) ([\w-]{1,64})$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (createdAt === undefined || id === undefined) throw invalid("The page token is not one of this list.");
  return { createdAt: Number(createdAt), id };
}
