/** Models as the REST API shows them: https://cloud.google.com/bigquery/docs/reference/rest/v2/models#Model */
import { type CatalogModel, etag } from "../catalog.ts";
import { standardType } from "../sql/data-type.ts";
import type { Field } from "../sql/types.ts";
import type { JsonObject } from "./json.ts";

/** `models.get`. */
export function modelJson(model: CatalogModel): JsonObject {
  const column = (field: Field): JsonObject => ({ name: field.name, type: standardType(field) });
  const body: JsonObject = {
    etag: "",
    modelReference: { ...model.reference },
    modelType: model.modelType,
    creationTime: String(model.created),
    lastModifiedTime: String(model.created),
    featureColumns: model.features.map(({ field }) => column(field)),
    labelColumns: [column(model.label)],
  };
  body.etag = etag(body);
  return body;
}

/** One of `models.list`, which leaves the columns out. */
export function listedModel(model: CatalogModel): JsonObject {
  const { featureColumns: _f, labelColumns: _l, etag: _e, ...listed } = modelJson(model);
  return listed;
}
