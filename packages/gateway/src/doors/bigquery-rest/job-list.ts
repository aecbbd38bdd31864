import type { AgentPrincipal } from "../../identity/principal.ts";
import { listSessions, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { integerParameter, type Matched, param } from "./routes.ts";

const LISTED = 50;
const MOST_LISTED = 1000;
/** Sessions read at once: each has its statement, and its plan. */
const READ_AT_ONCE = 20;
/** Characters of one page, beyond the last job on it: BigQuery's own answers end at 10 MB. https://cloud.google.com/bigquery/quotas#api_request_quotas */
const MOST_CHARACTERS = 10_000_000;

/**
 * One page of the agent's own jobs. A filter by state can leave a page short, or empty, though more follow; so can long statements.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/list
 */
export async function jobList(
  store: Store,
  m: Matched,
  principal: AgentPrincipal,
  resource: (row: SessionRow) => Promise<Record<string, unknown>>,
): Promise<unknown> {
  // Python writes True.
  const allUsers = m.query.get("allUsers")?.toLowerCase() ?? "false";
  if (allUsers !== "true" && allUsers !== "false") throw invalid("allUsers is true or false.");
  if (allUsers === "true")
    throw new GoogleError(403, "accessDenied", "An agent sees its own jobs only; ask without allUsers.");
  const limit = Math.max(1, integerParameter(m.query, "maxResults", MOST_LISTED) ?? LISTED);
  const token = m.query.get("pageToken");
  const states = m.query.get("stateFilter")?.toUpperCase().split(",");
  const from = integerParameter(m.query, "minCreationTime", Number.MAX_SAFE_INTEGER);
  const to = integerParameter(m.query, "maxCreationTime", Number.MAX_SAFE_INTEGER);
  const start = token === undefined || token === "" ? undefined : readListToken(token);
  // Nothing here has a parent: a script's child jobs are not told.
  if (m.query.has("parentJobId")) return { kind: "bigquery#jobList", jobs: [] };
  const jobs: { readonly state: string }[] = [];
  let last: SessionRow | undefined;
  let seen = 0;
  let characters = 0;
  for await (const row of ownSessions(store, principal, param(m, "project"), {
    limit: limit + 1,
    from,
    to,
    after: start,
  })) {
    if (seen === limit || characters >= MOST_CHARACTERS)
      return { kind: "bigquery#jobList", jobs, ...(last === undefined ? {} : { nextPageToken: writeListToken(last) }) };
    const job = listedJob(await resource(row));
    if (states === undefined || states.includes(job.state)) {
      jobs.push(job);
      characters += JSON.stringify(job).length;
    }
    last = row;
    seen++;
  }
  return { kind: "bigquery#jobList", jobs };
}

/** The same as `listSessions`, some at a time. */
async function* ownSessions(
  store: Store,
  principal: AgentPrincipal,
  project: string,
  page: Parameters<typeof listSessions>[3],
): AsyncGenerator<SessionRow> {
  let { limit, after } = page;
  while (limit > 0) {
    const wanted = Math.min(limit, READ_AT_ONCE);
    const rows = await listSessions(store, principal, project, { ...page, limit: wanted, after });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < wanted) return;
    after = { createdAt: last.created_at, id: last.id };
    limit -= wanted;
  }
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
