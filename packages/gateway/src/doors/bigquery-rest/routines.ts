import type { IncomingMessage, ServerResponse } from "node:http";
import type { RoutineResource, StandardSqlDataType } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describableNames, describedNames } from "../../sessions/described-names.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { runAtOnce } from "./at-once.ts";
import { notFound } from "./google-error.ts";
import { readBody } from "./read-body.ts";
import { parseBody } from "./requests.ts";
import { type Matched, param } from "./routes.ts";
import { createRoutineSql, dropRoutineSql, type RoutineRequest, routineRequest } from "./routine-ddl.ts";
import { sendJson } from "./send.ts";

/**
 * Routines and models by calls of their own: which there are and how a routine is called, as far as policy lets the agent `describe` them; made
 * and dropped by the statement that says the same, done when the call answers (docs/adr/0017-sent-rows.md).
 */
export interface RoutineOptions {
  readonly engine: SessionEngine;
  readonly pages: Pick<PageOptions, "clock">;
  readonly bodyBytes: number;
}

export class Routines {
  readonly #o: RoutineOptions;

  constructor(options: RoutineOptions) {
    this.#o = options;
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/list */
  async list(m: Matched, principal: AgentPrincipal, connection: Connection, response: ServerResponse): Promise<void> {
    const [project, dataset] = [param(m, "project"), param(m, "dataset")];
    const now = this.#o.pages.clock();
    const routines = await describedNames(principal, connection, "routines", project, dataset, now);
    sendJson(response, {
      routines: routines.map(({ id, type }) => ({ routineReference: reference(m, id), routineType: type })),
    });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/get */
  async get(m: Matched, principal: AgentPrincipal, connection: Connection, response: ServerResponse): Promise<void> {
    sendJson(response, resource(m, await this.#routine(m, principal, connection)));
  }

  /** routines.insert, and routines.update of one that is there. https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/insert */
  async make(
    m: Matched,
    principal: AgentPrincipal,
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const [project, dataset] = [param(m, "project"), param(m, "dataset")];
    const body = parseBody(routineRequest, await readBody(request, this.#o.bodyBytes));
    const replacing = m.name === "routines.update";
    if (replacing) {
      if (body.routineReference.routineId !== param(m, "routine")) throw notFound("Routine of this path");
      await this.#routine(m, principal, connection);
    }
    const sql = createRoutineSql(body, project, dataset, replacing);
    await runAtOnce(this.#o.engine, principal, connection, project, sql, gone);
    sendJson(response, made(m, body));
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/delete */
  async drop(
    m: Matched,
    principal: AgentPrincipal,
    connection: Connection,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const [project, dataset, id] = [param(m, "project"), param(m, "dataset"), param(m, "routine")];
    const { routineType } = await this.#routine(m, principal, connection);
    const sql = dropRoutineSql(project, dataset, id, routineType);
    await runAtOnce(this.#o.engine, principal, connection, project, sql, gone);
    response.writeHead(204, { "cache-control": "no-store" }).end();
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/list */
  async listModels(
    m: Matched,
    principal: AgentPrincipal,
    connection: Connection,
    response: ServerResponse,
  ): Promise<void> {
    const [project, dataset] = [param(m, "project"), param(m, "dataset")];
    const now = this.#o.pages.clock();
    const models = await describedNames(principal, connection, "models", project, dataset, now);
    sendJson(response, { models: models.map(({ id, type }) => modelJson(m, id, type)) });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/get */
  async getModel(
    m: Matched,
    principal: AgentPrincipal,
    connection: Connection,
    response: ServerResponse,
  ): Promise<void> {
    const id = param(m, "model");
    const { modelType = "" } = await this.#model(m, principal, connection);
    sendJson(response, { ...modelJson(m, id, modelType), location: connection.location });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/delete */
  async dropModel(
    m: Matched,
    principal: AgentPrincipal,
    connection: Connection,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const [project, dataset] = [param(m, "project"), param(m, "dataset")];
    await this.#model(m, principal, connection);
    const sql = `DROP MODEL ${quotedTable({ project, dataset, table: param(m, "model") })}`;
    await runAtOnce(this.#o.engine, principal, connection, project, sql, gone);
    response.writeHead(204, { "cache-control": "no-store" }).end();
  }

  /** One that the agent may not know of is as if it weren't there (I9). */
  async #routine(m: Matched, principal: AgentPrincipal, connection: Connection): Promise<RoutineResource> {
    const name = await this.#described(m, "routines", param(m, "routine"), principal, connection);
    const routine = name === undefined ? undefined : await connection.upstream.getRoutine(name);
    if (routine === undefined) throw notFound("Routine");
    return routine;
  }

  async #model(m: Matched, principal: AgentPrincipal, connection: Connection) {
    const name = await this.#described(m, "models", param(m, "model"), principal, connection);
    const model = name === undefined ? undefined : await connection.upstream.getModel(name);
    if (model === undefined) throw notFound("Model");
    return model;
  }

  async #described(
    m: Matched,
    what: "routines" | "models",
    id: string,
    principal: AgentPrincipal,
    connection: Connection,
  ): Promise<string | undefined> {
    // Refuses decorators and the like: no name of a routine or model has them.
    quotedTable({ project: param(m, "project"), dataset: param(m, "dataset"), table: id });
    const name = `${param(m, "project")}.${param(m, "dataset")}.${id}`;
    const seen = await describableNames(principal, connection, what, [name], this.#o.pages.clock());
    return seen.has(name) ? name : undefined;
  }
}

function reference(m: Matched, routineId: string): object {
  return { projectId: param(m, "project"), datasetId: param(m, "dataset"), routineId };
}

function modelJson(m: Matched, modelId: string, modelType: string): object {
  return {
    modelReference: { projectId: param(m, "project"), datasetId: param(m, "dataset"), modelId },
    ...(modelType === "" ? {} : { modelType }),
  };
}

/**
 * How it is called: no body, description, default or library, each of which can hold data; and not the columns that a table function gives
 * or takes, which are names of tables' columns that policy may hide.
 */
function resource(m: Matched, routine: RoutineResource): object {
  const { routineType, language, returnType } = routine;
  return {
    routineReference: reference(m, routine.routineReference.routineId),
    routineType,
    ...(language === undefined ? {} : { language }),
    arguments: (routine.arguments ?? []).map(({ name, argumentKind, mode, dataType }) => ({
      ...(name === undefined ? {} : { name }),
      ...(argumentKind === undefined ? {} : { argumentKind }),
      ...(mode === undefined ? {} : { mode }),
      ...(dataType === undefined ? {} : { dataType: typeShape(dataType) }),
    })),
    ...(returnType === undefined ? {} : { returnType: typeShape(returnType) }),
  };
}

/** What the agent itself has said. */
function made(m: Matched, body: RoutineRequest): object {
  const { routineType, language = "SQL", returnType, arguments: given = [] } = body;
  return {
    routineReference: reference(m, body.routineReference.routineId),
    routineType,
    language,
    arguments: given,
    ...(returnType === undefined ? {} : { returnType }),
  };
}

function typeShape(type: StandardSqlDataType): StandardSqlDataType {
  const { typeKind, arrayElementType, structType, rangeElementType } = type;
  return {
    typeKind,
    ...(arrayElementType === undefined ? {} : { arrayElementType: typeShape(arrayElementType) }),
    ...(rangeElementType === undefined ? {} : { rangeElementType: typeShape(rangeElementType) }),
    ...(structType === undefined
      ? {}
      : {
          structType: {
            fields: (structType.fields ?? []).map(({ name, type }) => ({
              ...(name === undefined ? {} : { name }),
              ...(type === undefined ? {} : { type: typeShape(type) }),
            })),
          },
        }),
  };
}
