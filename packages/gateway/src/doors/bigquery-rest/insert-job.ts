import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describedTable } from "../../sessions/described-table.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import type { Submission } from "../../sessions/statement.ts";
import { invalid } from "./google-error.ts";
import { type Configurations, plain, statementOfJob } from "./job-configurations.ts";
import { plannedLoad, uploadStatement } from "./load-upload.ts";
import type { Upload } from "./multipart.ts";
import { refuseIfRefused } from "./refused.ts";
import { insertRequest, parseBody } from "./requests.ts";
import { locationOf, statementOf } from "./statement-body.ts";

/** Who inserts a job, and where. */
export interface Inserting {
  readonly engine: SessionEngine;
  readonly clock: () => number;
  readonly principal: AgentPrincipal;
  readonly connection: Connection;
  readonly project: string;
}

/** jobs.insert: `description` is its body; `data`: what a load job carries. */
export async function insertJob(
  o: Inserting,
  { description, data }: Partial<Pick<Upload, "data">> & Pick<Upload, "description">,
): Promise<SessionRow> {
  const { configuration, reference } = jobOf(description, o.project, data !== undefined);
  const { query, load, copy, extract } = configuration;
  const row = await o.engine.submit(o.principal, o.connection, {
    door: "bigquery-rest",
    project: o.project,
    location: locationOf(o.connection, reference?.location),
    jobId: reference?.jobId,
    requestId: undefined,
    ...(query === undefined
      ? await otherJob(o, { load, copy, extract }, data)
      : { statement: statementOf(query, o.project) }),
    dryRun: configuration.dryRun ?? false,
    maximumBytesBilled: query?.maximumBytesBilled,
    jobTimeoutMs: configuration.jobTimeoutMs,
    labels: configuration.labels ?? {},
  });
  refuseIfRefused(row);
  return row;
}

/** The job that a body describes, of the one kind that it is. `uploading`: it carries its data. */
export function jobOf(description: string, project: string, uploading: boolean) {
  const { configuration, jobReference: reference } = parseBody(insertRequest, description);
  if (reference?.projectId !== undefined && reference.projectId !== project)
    throw invalid("jobReference.projectId is not the project of the path.");
  const { query, load, copy, extract, jobType = "" } = configuration;
  const [kind, ...others] = Object.entries({ query, load, copy, extract }).filter(([, one]) => one !== undefined);
  if (kind === undefined || others.length > 0)
    throw invalid("A job's configuration is one of query, load, copy and extract.");
  if (jobType !== "" && jobType.toLowerCase() !== kind[0])
    throw invalid("configuration.jobType is another kind of job than what is asked for; leave it out.");
  if (uploading && load === undefined) throw invalid("Only a load job carries data.");
  return { configuration, reference };
}

async function otherJob(
  { clock, principal, connection, project }: Inserting,
  configurations: Configurations,
  data: Buffer | undefined,
): Promise<Pick<Submission, "statement" | "asked">> {
  const { load } = configurations;
  if (data !== undefined && load !== undefined) {
    const statement = await uploadStatement(await plannedLoad(load, principal, connection, project, clock()), data);
    return { statement, asked: { kind: "load", configuration: plain(load) } };
  }
  const { sql, asked } = await statementOfJob(configurations, project, async (table) => {
    const name = [table.projectId ?? project, table.datasetId, table.tableId].join(".");
    const found = await describedTable(principal, connection, name, clock());
    if (found.kind !== "described") return undefined;
    const columns = found.resource.schema?.fields ?? [];
    return columns.length === found.fields.length ? columns.map((column) => column.name) : undefined;
  });
  return { statement: { sql, parameterMode: undefined, parameters: [], defaultDataset: undefined }, asked };
}
