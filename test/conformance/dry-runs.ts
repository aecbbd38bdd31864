/**
 * Dry runs for a BigQuery that has none worth the name: one that runs the statement and says neither its type nor its columns nor its tables. The gateway
 * rightly refuses whatever isn't confirmed (I2), so that of such a BigQuery nothing else would be seen. This stands between the two: what isn't a dry run
 * passes as it is; of a dry run the columns are those that the BigQuery itself says, the type and the tables are read off the statement's text.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

export interface DryRuns {
  readonly url: string;
  close(): Promise<void>;
}

interface DryRunJob {
  readonly jobReference?: object;
  readonly configuration?: {
    readonly dryRun?: boolean;
    readonly query?: { readonly query: string; readonly parameterMode?: string; readonly queryParameters?: unknown };
  };
}

/** Whether a dry run at `url` says what BigQuery's does. */
export async function hasDryRuns(url: string, project: string): Promise<boolean> {
  const body = { configuration: { dryRun: true, query: { query: "SELECT 1 AS one", useLegacySql: false } } };
  const answer = await post(`${url}/bigquery/v2/projects/${project}/jobs`, { jobReference: {}, ...body });
  const { statistics } = (await answer.json()) as { statistics?: { query?: { schema?: unknown } } };
  return statistics?.query?.schema !== undefined;
}

/** In front of what listens at `behind`, on loopback. */
export async function answerDryRuns(behind: string): Promise<DryRuns> {
  const server = createServer((asked, answered) => {
    answer(behind, asked, answered).catch(() => answered.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const JOBS = /^\/bigquery\/v2\/projects\/([^/?]+)\/jobs(?:\?.*)?$/;

async function answer(behind: string, asked: IncomingMessage, answered: ServerResponse): Promise<void> {
  const [, project] = JOBS.exec(asked.url ?? "") ?? [];
  if (asked.method !== "POST" || project === undefined) return pass(behind, asked, answered);
  const job = (await json(asked)) as DryRunJob;
  const query = job.configuration?.query;
  const told =
    job.configuration?.dryRun === true && query !== undefined
      ? await dryRun(`${behind}/bigquery/v2/projects/${project}`, job, query)
      : await post(`${behind}${asked.url}`, job);
  answered.writeHead(told.status, { "content-type": "application/json" }).end(await told.text());
}

async function pass(behind: string, asked: IncomingMessage, answered: ServerResponse): Promise<void> {
  const { method, headers, url } = asked;
  const further = request(new URL(url ?? "/", behind), { method, headers });
  further.on("response", (response) => {
    answered.writeHead(response.statusCode ?? 502, response.headers);
    pipeline(response, answered).catch(() => answered.destroy());
  });
  await pipeline(asked, further);
}

async function dryRun(
  project: string,
  job: DryRunJob,
  { query, parameterMode, queryParameters }: NonNullable<NonNullable<DryRunJob["configuration"]>["query"]>,
): Promise<Response> {
  const statementType = typeOf(query);
  let schema: unknown;
  // It runs what it dry runs, and what DDL did isn't all undone.
  if (statementType === "SELECT") {
    const body = { query, parameterMode, queryParameters, dryRun: true, useLegacySql: false };
    const columns = await post(`${project}/queries`, body);
    if (!columns.ok) return columns;
    ({ schema } = (await columns.json()) as { schema?: unknown });
  }
  const referencedTables = await tablesOf(project, query);
  return Response.json({
    kind: "bigquery#job",
    jobReference: job.jobReference,
    configuration: job.configuration,
    status: { state: "DONE" },
    statistics: {
      query: { statementType, schema, referencedTables, totalBytesProcessed: "0", totalBytesBilled: "0" },
    },
  });
}

/** In the order in which they are tried. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/;\s*\S/, "SCRIPT"],
  [/^(?:SELECT|WITH|FROM|\()/, "SELECT"],
  [/^TRUNCATE TABLE\b/, "TRUNCATE_TABLE"],
  [/^(?:INSERT|UPDATE|DELETE|MERGE)\b/, "$&"],
  [/^CREATE (?:OR REPLACE )?TABLE\b.*\bAS\s*\(?\s*(?:SELECT|WITH)\b/s, "CREATE_TABLE_AS_SELECT"],
  [/^(CREATE|DROP|ALTER) (?:OR REPLACE )?(TABLE|VIEW|SCHEMA|FUNCTION)\b/, "$1_$2"],
];

/** `statementType`, of the statements that the steps come to. */
export function typeOf(sql: string): string {
  const text = sql.trim().replace(/;$/, "");
  for (const [pattern, type] of TYPES) {
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return found.replace(pattern, type);
  }
  return "";
}

const TABLE = /`([a-z0-9-]+)(?:\.|`\.`)(\w+)(?:\.|`\.`)([^`.]+)`/g;

/** What the text names and is there. */
async function tablesOf(project: string, sql: string): Promise<object[]> {
  const named = new Map([...sql.matchAll(TABLE)].map((found) => [found[0], found.slice(1)]));
  const tables: object[] = [];
  for (const [projectId, datasetId, tableId = ""] of named.values()) {
    const path = `datasets/${datasetId}/tables/${encodeURIComponent(tableId)}`;
    if ((await fetch(`${project}/${path}`)).ok) tables.push({ projectId, datasetId, tableId });
  }
  return tables;
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}
