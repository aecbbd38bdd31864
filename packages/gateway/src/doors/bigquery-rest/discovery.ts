import { COMMON, METHODS } from "./rules.ts";

/**
 * The API's own description, of which `bq` makes its calls: exactly the methods and parameters that rules.ts serves.
 * https://developers.google.com/discovery/v1/reference/apis
 */
export function discoveryDocument(baseUrl: string): object {
  const resources: Record<string, { methods: Record<string, object> }> = {};
  for (const { rule, method, path, query } of METHODS) {
    const [resource = "", name = "", ...more] = rule.name.split(".");
    if (rule.kind === "refuse" || more.length > 0 || resource === "discovery") continue;
    resources[resource] ??= { methods: {} };
    const parts = path.map((part) => part.replace(/^\{(\w+)\}/, "{+$1Id}"));
    const named = parts.flatMap((part) => /^\{\+(\w+)\}/.exec(part)?.[1] ?? []);
    resources[resource].methods[name] = {
      id: `bigquery.${rule.name}`,
      path: parts.join("/"),
      httpMethod: method,
      parameterOrder: named,
      parameters: Object.fromEntries([
        ...named.map((id) => [id, { type: "string", required: true, location: "path" }] as const),
        ...query.filter((id) => !COMMON.includes(id)).map((id) => [id, { type: "string", location: "query" }] as const),
      ]),
      ...(["POST", "PUT", "PATCH"].includes(method) ? { request: ANYTHING } : {}),
      ...(method === "DELETE" ? {} : { response: ANYTHING }),
      ...(rule.name === "jobs.insert" ? { supportsMediaUpload: true, mediaUpload: UPLOADS } : {}),
    };
  }
  return {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: "bigquery:v2",
    name: "bigquery",
    version: "v2",
    protocol: "rest",
    rootUrl: `${baseUrl}/`,
    servicePath: "bigquery/v2/",
    basePath: "/bigquery/v2/",
    baseUrl: `${baseUrl}/bigquery/v2/`,
    batchPath: "batch/bigquery/v2",
    auth: { oauth2: { scopes: { "https://www.googleapis.com/auth/bigquery": { description: "BigQuery" } } } },
    parameters: Object.fromEntries(COMMON.map((id) => [id, { type: "string", location: "query" }])),
    schemas: { JsonObject: { id: "JsonObject", type: "object", additionalProperties: { type: "any" } } },
    resources,
  };
}

const ANYTHING = { $ref: "JsonObject" };
const UPLOAD_PATH = "upload/bigquery/v2/projects/{+projectId}/jobs";
const UPLOADS = {
  accept: ["*/*"],
  protocols: {
    simple: { multipart: true, path: `/${UPLOAD_PATH}` },
    resumable: { multipart: true, path: `/resumable/${UPLOAD_PATH}` },
  },
};
