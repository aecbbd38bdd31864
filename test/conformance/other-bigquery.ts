/** A BigQuery that was started elsewhere, such as another emulator: what the steps ask about is made there by its own REST. */
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT } from "../rig.ts";

export interface OtherBigQuery {
  /** `http://host:port`, above `/bigquery/v2`. */
  readonly url: string;
  /** Of its Storage Read API, if it has one: gRPC without TLS. */
  readonly storageUrl: string | undefined;
}

/** The one that `CHAPERONE_BIGQUERY` names. */
export function otherBigQuery(env: NodeJS.ProcessEnv): OtherBigQuery | undefined {
  const { CHAPERONE_BIGQUERY: url, CHAPERONE_BIGQUERY_STORAGE: storageUrl } = env;
  if (url === undefined || url === "") return undefined;
  return { url: originOf(url), storageUrl: storageUrl === undefined ? undefined : originOf(storageUrl) };
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "http:") throw new Error(`${text} is no address of the form http://host:port`);
  return url.href.replace(/\/+$/, "");
}

const DATASETS = ["ehr", "ops", "workspace"];
const TABLES = ["ehr.patients", "ops.calendar"];
const ROWS_AT_ONCE = 100;
const PATIENCE_MS = 60_000;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly fields?: readonly Field[];
}

interface TableData {
  readonly rows?: readonly Row[];
  readonly pageToken?: string;
}

interface Row {
  readonly f: readonly { readonly v: unknown }[];
}

/**
 * Makes the datasets that the steps use at `to`, with the tables and rows that the stand-in at `from` has. What is there already is somebody's, and is
 * left as it is: then this throws.
 */
export async function fill(from: string, to: string): Promise<void> {
  for (const datasetId of DATASETS) {
    const { labels } = await call<{ labels?: object }>(from, "GET", `datasets/${datasetId}`);
    const reference = { projectId: PROJECT, datasetId };
    await call(to, "POST", "datasets", { datasetReference: reference, location: "US", ...(labels && { labels }) });
  }
  for (const name of TABLES) {
    const [datasetId = "", tableId = ""] = name.split(".");
    const path = `datasets/${datasetId}/tables/${tableId}`;
    const { schema, labels } = await call<{ schema: { fields: Field[] }; labels?: object }>(from, "GET", path);
    const tableReference = { projectId: PROJECT, datasetId, tableId };
    const fields = schema.fields.map(plainField);
    await call(to, "POST", `datasets/${datasetId}/tables`, { tableReference, schema: { fields }, labels });
    await insert(to, name, fields, await rowsOf(from, path));
  }
}

/** Policy tags are made elsewhere, and the catalog file says the classes. */
function plainField({ name, type, mode, fields }: Field): Field {
  return { name, type, ...(mode && { mode }), ...(fields && { fields: fields.map(plainField) }) };
}

async function rowsOf(from: string, path: string): Promise<Row[]> {
  const rows: Row[] = [];
  let token = "";
  do {
    const query = `formatOptions.useInt64Timestamp=true&maxResults=1000${token === "" ? "" : `&pageToken=${token}`}`;
    const page = await call<TableData>(from, "GET", `${path}/data?${query}`);
    rows.push(...(page.rows ?? []));
    token = page.pageToken ?? "";
  } while (token !== "");
  return rows;
}

/** By DML, which each emulator has. */
async function insert(to: string, table: string, fields: readonly Field[], rows: readonly Row[]): Promise<void> {
  const columns = fields.map(({ name }) => `\`${name}\``).join(", ");
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const values = rows
      .slice(at, at + ROWS_AT_ONCE)
      .map(({ f }) => `(${fields.map((field, i) => literal(field, f[i]?.v)).join(", ")})`);
    const query = `INSERT INTO \`${PROJECT}.${table}\` (${columns}) VALUES ${values.join(", ")}`;
    await run(to, query);
  }
}

async function run(to: string, query: string): Promise<void> {
  interface Answer {
    readonly jobComplete?: boolean;
    readonly jobReference?: { readonly jobId: string };
  }
  let answer = await call<Answer>(to, "POST", "queries", { query, useLegacySql: false, timeoutMs: PATIENCE_MS });
  for (const deadline = Date.now() + PATIENCE_MS; answer.jobComplete === false; await sleep(100)) {
    if (Date.now() > deadline) throw new Error(`${to} doesn't end its INSERT`);
    answer = await call<Answer>(to, "GET", `queries/${answer.jobReference?.jobId}?maxResults=0`);
  }
}

/** A cell as a GoogleSQL literal. */
export function literal(field: Field, value: unknown): string {
  if (field.mode === "REPEATED") {
    const items = (Array.isArray(value) ? value : []) as readonly { readonly v: unknown }[];
    return `[${items.map(({ v }) => literal({ ...field, mode: "NULLABLE" }, v)).join(", ")}]`;
  }
  if (value === null || value === undefined) return "NULL";
  if (field.type === "RECORD" || field.type === "STRUCT") {
    const { f } = value as Row;
    const parts = (field.fields ?? []).map((inner, i) => `${literal(inner, f[i]?.v)} AS \`${inner.name}\``);
    return `STRUCT(${parts.join(", ")})`;
  }
  const text = String(value);
  switch (field.type) {
    case "INTEGER":
    case "INT64":
    case "FLOAT":
    case "FLOAT64":
    case "BOOLEAN":
    case "BOOL":
      return text;
    case "BYTES":
      return `FROM_BASE64(${JSON.stringify(text)})`;
    case "TIMESTAMP":
      return `TIMESTAMP_MICROS(${text})`;
    case "STRING":
      return JSON.stringify(text);
    default:
      return `${field.type} ${JSON.stringify(text)}`;
  }
}

async function call<Answer>(url: string, method: "GET" | "POST", path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${url}/bigquery/v2/projects/${PROJECT}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  if (!response.ok) {
    const why =
      response.status === 409 ? "is there already: start it anew" : `${response.status} ${text.slice(0, 500)}`;
    throw new Error(`${method} ${url} ${path}: ${why}`);
  }
  return JSON.parse(text) as Answer;
}
