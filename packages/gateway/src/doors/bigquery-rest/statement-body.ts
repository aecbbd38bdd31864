import type { Json } from "../../evidence/event.ts";
import type { Connection } from "../../sessions/connection.ts";
import type { Statement } from "../../sessions/statement.ts";
import { invalid } from "./google-error.ts";

interface StatementBody {
  readonly query: string;
  readonly parameterMode?: string | undefined;
  readonly queryParameters?: readonly unknown[] | undefined;
  readonly defaultDataset?: { readonly datasetId: string; readonly projectId?: string | undefined } | undefined;
}

/** Bodies that come often are read once, and so are their statements: what is made of one is kept with it. */
const statements = new WeakMap<StatementBody, { readonly project: string; readonly statement: Statement }>();

/** The statement of a request's body, which requests.ts has validated, and nobody changes. */
export function statementOf(body: StatementBody, project: string): Statement {
  const known = statements.get(body);
  if (known?.project === project) return known.statement;
  const statement = readStatement(body, project);
  statements.set(body, { project, statement });
  return statement;
}

function readStatement(body: StatementBody, project: string): Statement {
  const mode = body.parameterMode?.toUpperCase();
  return {
    sql: body.query,
    parameterMode: mode === "NAMED" || mode === "POSITIONAL" ? mode : undefined,
    // Validated by requests.ts; JSON from JSON.
    parameters: (body.queryParameters ?? []) as readonly Json[],
    defaultDataset:
      body.defaultDataset === undefined
        ? undefined
        : { projectId: body.defaultDataset.projectId ?? project, datasetId: body.defaultDataset.datasetId },
  };
}

export function locationOf(connection: Connection, asked: string | undefined): string {
  if (asked !== undefined && asked.toLowerCase() !== connection.location.toLowerCase())
    throw invalid(`This project is served in location ${connection.location} only.`);
  return connection.location;
}
