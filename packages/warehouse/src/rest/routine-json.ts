/** Routines as the REST API shows them: https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine */
import { type CatalogRoutine, etag } from "../catalog.ts";
import { standardType } from "../sql/data-type.ts";
import type { JsonObject } from "./json.ts";

/** `routines.get`. */
export function routineJson(routine: CatalogRoutine): JsonObject {
  const { returnType, returnTable } = routine;
  const body: JsonObject = {
    etag: "",
    routineReference: { ...routine.reference },
    routineType: routine.routineType,
    creationTime: String(routine.created),
    lastModifiedTime: String(routine.created),
    ...(routine.remote === undefined
      ? { language: "SQL", definitionBody: routine.body }
      : { remoteFunctionOptions: { ...routine.remote } }),
    ...(routine.arguments.length === 0 ? {} : { arguments: routine.arguments.map(argumentJson) }),
    ...(returnType === undefined ? {} : { returnType: standardType(returnType) }),
    ...(returnTable === undefined
      ? {}
      : { returnTableType: { columns: returnTable.map((f) => ({ name: f.name, type: standardType(f) })) } }),
    ...(routine.description === undefined ? {} : { description: routine.description }),
  };
  body.etag = etag(body);
  return body;
}

function argumentJson({ name, type, mode }: CatalogRoutine["arguments"][number]): JsonObject {
  return {
    name,
    ...(type === undefined ? { argumentKind: "ANY_TYPE" } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(type === undefined ? {} : { dataType: standardType(type) }),
  };
}

/** One of `routines.list`, which leaves the body out. */
export function listedRoutine(routine: CatalogRoutine): JsonObject {
  const {
    definitionBody: _b,
    arguments: _a,
    returnType: _r,
    returnTableType: _t,
    description: _d,
    ...listed
  } = routineJson(routine);
  return listed;
}
