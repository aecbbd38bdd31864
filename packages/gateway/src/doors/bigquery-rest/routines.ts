import type { RoutineResource, StandardSqlDataType } from "@chaperone/googlesql";
import { describableNames, describedNames, type Named } from "../../sessions/described-names.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import type { PageOptions } from "../../sessions/page.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { runAtOnce } from "./at-once.ts";
import { answerGone, bodyOf, type Call, placeOf } from "./call.ts";
import { notFound } from "./google-error.ts";
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
  async list(call: Call): Promise<void> {
    const routines = await this.#listed(call, "routines");
    sendJson(call.response, {
      routines: routines.map(({ id, type }) => ({ routineReference: reference(call.m, id), routineType: type })),
    });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/get */
  async get(call: Call): Promise<void> {
    sendJson(call.response, resource(call.m, await this.#routine(call)));
  }

  /** routines.insert, and routines.update of one that is there. https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/insert */
  async make(call: Call): Promise<void> {
    const { project, dataset } = placeOf(call);
    const body = parseBody(routineRequest, await bodyOf(call, this.#o.bodyBytes));
    const replacing = call.m.name === "routines.update";
    if (replacing) {
      if (body.routineReference.routineId !== param(call.m, "routine")) throw notFound("Routine of this path");
      await this.#routine(call);
    }
    await runAtOnce(this.#o.engine, call, createRoutineSql(body, project, dataset, replacing));
    sendJson(call.response, made(call.m, body));
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines/delete */
  async drop(call: Call): Promise<void> {
    const { project, dataset } = placeOf(call);
    const { routineType } = await this.#routine(call);
    await runAtOnce(this.#o.engine, call, dropRoutineSql(project, dataset, param(call.m, "routine"), routineType));
    answerGone(call);
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/list */
  async listModels(call: Call): Promise<void> {
    const models = await this.#listed(call, "models");
    sendJson(call.response, { models: models.map(({ id, type }) => modelJson(call.m, id, type)) });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/get */
  async getModel(call: Call): Promise<void> {
    const { modelType = "" } = await this.#model(call);
    const shown = modelJson(call.m, param(call.m, "model"), modelType);
    sendJson(call.response, { ...shown, location: call.connection.location });
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/models/delete */
  async dropModel(call: Call): Promise<void> {
    await this.#model(call);
    const name = quotedTable({ ...placeOf(call), table: param(call.m, "model") });
    await runAtOnce(this.#o.engine, call, `DROP MODEL ${name}`);
    answerGone(call);
  }

  #listed(call: Call, what: "routines" | "models"): Promise<readonly Named[]> {
    const { project, dataset } = placeOf(call);
    return describedNames(call.principal, call.connection, what, project, dataset, this.#o.pages.clock());
  }

  /** One that the agent may not know of is as if it weren't there (I9). */
  async #routine(call: Call): Promise<RoutineResource> {
    const name = await this.#described(call, "routines", param(call.m, "routine"));
    const routine = name === undefined ? undefined : await call.connection.upstream.getRoutine(name);
    if (routine === undefined) throw notFound("Routine");
    return routine;
  }

  async #model(call: Call) {
    const name = await this.#described(call, "models", param(call.m, "model"));
    const model = name === undefined ? undefined : await call.connection.upstream.getModel(name);
    if (model === undefined) throw notFound("Model");
    return model;
  }

  async #described(call: Call, what: "routines" | "models", id: string): Promise<string | undefined> {
    const { project, dataset } = placeOf(call);
    // Refuses decorators and the like: no name of a routine or model has them.
    quotedTable({ project, dataset, table: id });
    const name = `${project}.${dataset}.${id}`;
    const seen = await describableNames(call.principal, call.connection, what, [name], this.#o.pages.clock());
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
