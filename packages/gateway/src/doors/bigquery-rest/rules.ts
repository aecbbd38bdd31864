/**
 * Every method of BigQuery's REST v2, and what this door makes of it: the router works by this table, and docs/rest.md is made of it.
 * A method that isn't here is refused like a path that BigQuery doesn't have (I1).
 * https://cloud.google.com/bigquery/docs/reference/rest
 */

/** The methods that are answered, by BigQuery's own names. */
export type MethodName =
  | "discovery.getRest"
  | "datasets.insert"
  | "datasets.patch"
  | "datasets.delete"
  | "datasets.undelete"
  | "projects.list"
  | "datasets.list"
  | "datasets.get"
  | "tables.list"
  | "tables.get"
  | "tables.insert"
  | "tables.patch"
  | "tables.delete"
  | "tabledata.list"
  | "tabledata.insertAll"
  | "jobs.insert"
  | "jobs.insert.upload"
  | "jobs.insert.upload.piece"
  | "jobs.insert.upload.cancel"
  | "jobs.query"
  | "jobs.get"
  | "jobs.list"
  | "jobs.cancel"
  | "jobs.getQueryResults"
  | "models.list"
  | "models.get"
  | "models.delete"
  | "routines.list"
  | "routines.get"
  | "routines.insert"
  | "routines.update"
  | "routines.delete"
  | "rowAccessPolicies.insert"
  | "rowAccessPolicies.update"
  | "rowAccessPolicies.delete";

export type Rule =
  /** Answered after policy; `what`: what of BigQuery's answer is given. */
  | { readonly kind: "answer"; readonly name: MethodName; readonly what: string }
  /** Becomes something else that policy judges; `what`: what. */
  | { readonly kind: "rewrite"; readonly name: MethodName; readonly what: string }
  /** `why` and what to do instead, as the agent is told. */
  | { readonly kind: "refuse"; readonly name: string; readonly why: string };

export interface Method {
  readonly rule: Rule;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Segments after `/bigquery/v2/`; `{x}` binds one, `{x}:verb` one that ends so. */
  readonly path: readonly string[];
  /** Query parameters, beside which none is taken. A method that is refused is refused whatever they are. */
  readonly query: readonly string[];
}

/** Parameters every method takes. `fields` asks for less than the whole answer; the whole answer is given. */
export const COMMON = ["alt", "prettyPrint", "fields", "quotaUser"];
const PAGING = ["maxResults", "pageToken"];
const FORMAT = ["formatOptions.useInt64Timestamp", "formatOptions.timestampOutputFormat"];

const PROJECT = "projects/{project}";
const DATASET = `${PROJECT}/datasets/{dataset}`;
const TABLE = `${DATASET}/tables/{table}`;
const ROUTINE = `${DATASET}/routines/{routine}`;
/** Also with `/resumable` before it. */
const UPLOAD = `upload/bigquery/v2/${PROJECT}/jobs`;
const MODEL = `${DATASET}/models/{model}`;
const ROW_ACCESS = `${TABLE}/rowAccessPolicies`;

const answer = (name: MethodName, path: string, what: string, query: readonly string[] = []): Method =>
  taken({ kind: "answer", name, what }, "GET", path, query);

const rewrite = (
  name: MethodName,
  method: Method["method"],
  path: string,
  what: string,
  query: readonly string[] = [],
): Method => taken({ kind: "rewrite", name, what }, method, path, query);

function taken(rule: Rule, method: Method["method"], path: string, query: readonly string[]): Method {
  return { rule, method, path: path.split("/"), query: [...COMMON, ...query] };
}

const refuse = (name: string, method: Method["method"], path: string, why: string): Method => ({
  rule: { kind: "refuse", name, why },
  method,
  path: path.split("/"),
  query: [],
});

const RIGHTS =
  "Who may read what is decided by the gateway's policies; agents neither see nor change BigQuery's own grants.";
const AT_ONCE = "refused where a person would have to agree";
const ROW_POLICIES = "A row access policy's filter can hold literals of people's data.";

const DISCOVERY = "the description of what is served here, of which bq makes its calls";

export const METHODS: readonly Method[] = [
  answer("discovery.getRest", "$discovery/rest", DISCOVERY, ["version", "labels"]),
  answer("discovery.getRest", "discovery/v1/apis/bigquery/v2/rest", DISCOVERY, ["labels"]),

  answer("projects.list", "projects", "the projects of the configuration", PAGING),
  refuse(
    "projects.getServiceAccount",
    "GET",
    `${PROJECT}/serviceAccount`,
    "Google's account for keys of one's own is of no use to an agent.",
  ),

  answer(
    "datasets.list",
    `${PROJECT}/datasets`,
    "datasets with a table that the agent may know of, and empty ones where it could know of any",
    [...PAGING, "all", "filter"],
  ),
  answer("datasets.get", DATASET, "its name and location, without access list, labels and description", [
    "datasetView",
  ]),
  rewrite(
    "datasets.insert",
    "POST",
    `${PROJECT}/datasets`,
    "CREATE SCHEMA; refused where a person would have to agree, since the call can't wait",
  ),
  rewrite(
    "datasets.patch",
    "PATCH",
    DATASET,
    `ALTER SCHEMA … SET OPTIONS: description, friendly name and labels; ${AT_ONCE}`,
  ),
  refuse(
    "datasets.update",
    "PUT",
    DATASET,
    "It would take away what the agent isn't shown: send what changes by datasets.patch, or say it in SQL (ALTER SCHEMA).",
  ),
  rewrite("datasets.delete", "DELETE", DATASET, `DROP SCHEMA, of what it holds too with deleteContents; ${AT_ONCE}`, [
    "deleteContents",
  ]),
  rewrite("datasets.undelete", "POST", `${PROJECT}/datasets/{dataset}:undelete`, `UNDROP SCHEMA; ${AT_ONCE}`),

  answer("tables.list", `${DATASET}/tables`, "tables that the agent may know of", PAGING),
  answer(
    "tables.get",
    TABLE,
    "names and types of the fields that the agent may know of; no view text, default, description, label or count of rows. Of a result's table: its schema and count of rows",
    ["view", "selectedFields"],
  ),
  rewrite(
    "tables.insert",
    "POST",
    `${DATASET}/tables`,
    "CREATE TABLE of the schema, or CREATE VIEW; refused where a person would have to agree, since the call can't wait",
  ),
  rewrite(
    "tables.patch",
    "PATCH",
    TABLE,
    `ALTER TABLE, ALTER VIEW …: new columns, or description, friendly name, labels and expiration; ${AT_ONCE}`,
  ),
  refuse(
    "tables.update",
    "PUT",
    TABLE,
    "It would take away what the agent isn't shown: send what changes by tables.patch, or say it in SQL (ALTER).",
  ),
  rewrite("tables.delete", "DELETE", TABLE, `DROP TABLE, DROP VIEW …; ${AT_ONCE}`),
  refuse("tables.getIamPolicy", "POST", `${TABLE}:getIamPolicy`, RIGHTS),
  refuse("tables.setIamPolicy", "POST", `${TABLE}:setIamPolicy`, RIGHTS),
  refuse("tables.testIamPermissions", "POST", `${TABLE}:testIamPermissions`, RIGHTS),

  rewrite(
    "tabledata.list",
    "GET",
    `${TABLE}/data`,
    "of a result's table: that job's pages; of another table: the query that reads the fields named, or those that tables.get shows",
    [...PAGING, ...FORMAT, "startIndex", "selectedFields"],
  ),
  rewrite(
    "tabledata.insertAll",
    "POST",
    `${TABLE}/insertAll`,
    "an INSERT of the rows as a parameter; refused where a person would have to agree, since a streamed row can't wait",
  ),

  rewrite(
    "jobs.insert",
    "POST",
    `${PROJECT}/jobs`,
    "the statement's canonical text, under a job id of the gateway's own; load, copy and extract jobs as the statement that says the same",
  ),
  rewrite(
    "jobs.insert.upload",
    "POST",
    UPLOAD,
    "a load job that carries its rows, as newline-delimited JSON, CSV, Parquet or Avro: an INSERT of the rows as a parameter or, of more than a statement takes, one load job of BigQuery's. Whole (`multipart`), or in pieces (`resumable`): the beginning and, with its `upload_id`, a piece, as Go sends it",
    ["uploadType", "upload_id"],
  ),
  rewrite(
    "jobs.insert.upload.piece",
    "PUT",
    UPLOAD,
    "takes a piece of the agent's own upload; the last one makes the load job",
    ["uploadType", "upload_id"],
  ),
  rewrite("jobs.insert.upload.cancel", "DELETE", UPLOAD, "forgets the pieces of the agent's own upload", [
    "uploadType",
    "upload_id",
  ]),
  rewrite("jobs.query", "POST", `${PROJECT}/queries`, "as jobs.insert, and the first page"),
  answer(
    "jobs.get",
    `${PROJECT}/jobs/{job}`,
    "the agent's own jobs: its own SQL, the state, the dry run's bytes; no query plan",
    ["location", "projection"],
  ),
  answer("jobs.list", `${PROJECT}/jobs`, "the agent's own jobs", [
    ...PAGING,
    "projection",
    "stateFilter",
    "allUsers",
    "minCreationTime",
    "maxCreationTime",
    "parentJobId",
  ]),
  rewrite(
    "jobs.cancel",
    "POST",
    `${PROJECT}/jobs/{job}/cancel`,
    "ends the agent's own job, also while it waits for a person",
    ["location"],
  ),
  answer("jobs.getQueryResults", `${PROJECT}/queries/{job}`, "one page of the agent's own job, masked", [
    ...PAGING,
    ...FORMAT,
    "startIndex",
    "timeoutMs",
    "location",
  ]),
  refuse(
    "jobs.delete",
    "DELETE",
    `${PROJECT}/jobs/{job}/delete`,
    "What an agent asked for stays on record; jobs can be cancelled, not deleted.",
  ),

  answer(
    "models.list",
    `${DATASET}/models`,
    "names and types of the models that the agent may know of; one tells about the rows it was trained on, so nothing else of it",
    PAGING,
  ),
  answer("models.get", MODEL, "its name and type, if the agent may know of it; no features, labels or training runs"),
  refuse(
    "models.patch",
    "PATCH",
    MODEL,
    "ALTER MODEL isn't served either: make the model anew in SQL (CREATE OR REPLACE MODEL).",
  ),
  rewrite("models.delete", "DELETE", MODEL, `DROP MODEL; ${AT_ONCE}`),

  answer("routines.list", `${DATASET}/routines`, "names and kinds of the routines that the agent may know of", [
    ...PAGING,
    "filter",
    "readMask",
  ]),
  answer(
    "routines.get",
    ROUTINE,
    "its arguments and result, if the agent may know of it; no body, description, libraries, or columns of a table function",
    ["readMask"],
  ),
  rewrite(
    "routines.insert",
    "POST",
    `${DATASET}/routines`,
    `CREATE FUNCTION, AGGREGATE FUNCTION, TABLE FUNCTION or PROCEDURE; ${AT_ONCE}`,
  ),
  rewrite("routines.update", "PUT", ROUTINE, `CREATE OR REPLACE of a routine that is there; ${AT_ONCE}`),
  rewrite("routines.delete", "DELETE", ROUTINE, `DROP FUNCTION, DROP PROCEDURE …; ${AT_ONCE}`),
  refuse("routines.getIamPolicy", "POST", `${ROUTINE}:getIamPolicy`, RIGHTS),
  refuse("routines.setIamPolicy", "POST", `${ROUTINE}:setIamPolicy`, RIGHTS),
  refuse("routines.testIamPermissions", "POST", `${ROUTINE}:testIamPermissions`, RIGHTS),

  refuse("rowAccessPolicies.list", "GET", ROW_ACCESS, ROW_POLICIES),
  refuse("rowAccessPolicies.get", "GET", `${ROW_ACCESS}/{policy}`, ROW_POLICIES),
  rewrite("rowAccessPolicies.insert", "POST", ROW_ACCESS, `CREATE ROW ACCESS POLICY; ${AT_ONCE}`),
  rewrite(
    "rowAccessPolicies.update",
    "PUT",
    `${ROW_ACCESS}/{policy}`,
    `CREATE OR REPLACE ROW ACCESS POLICY, also where there was none; ${AT_ONCE}`,
  ),
  rewrite("rowAccessPolicies.delete", "DELETE", `${ROW_ACCESS}/{policy}`, `DROP ROW ACCESS POLICY; ${AT_ONCE}`),
  refuse(
    "rowAccessPolicies.batchDelete",
    "POST",
    `${TABLE}/rowAccessPolicies:batchDelete`,
    "Several are dropped by several statements, which aren't done whole or not at all: send rowAccessPolicies.delete for each.",
  ),
  refuse("rowAccessPolicies.getIamPolicy", "POST", `${ROW_ACCESS}/{policy}:getIamPolicy`, RIGHTS),
  refuse("rowAccessPolicies.testIamPermissions", "POST", `${ROW_ACCESS}/{policy}:testIamPermissions`, RIGHTS),
];

/** Paths beside `/bigquery/v2/` that Google serves, by how they begin. */
export const OTHER_PATHS: readonly { readonly begins: string; readonly why: string }[] = [
  { begins: "/batch", why: "Batches of requests hide what they ask for; send each by itself." },
  {
    begins: "/mcp",
    why: "Google's own MCP tools would go past the gateway's policy; this gateway's agents speak REST.",
  },
];
