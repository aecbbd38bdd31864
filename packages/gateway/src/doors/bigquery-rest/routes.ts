import { GoogleError, invalid, notServed } from "./google-error.ts";

/** Every operation of this door, by BigQuery's own method names. What isn't here is refused (I1). */
export type MethodName =
  | "projects.list"
  | "datasets.list"
  | "datasets.get"
  | "tables.list"
  | "tables.get"
  | "jobs.insert"
  | "jobs.query"
  | "jobs.get"
  | "jobs.list"
  | "jobs.cancel"
  | "jobs.getQueryResults";

interface Route {
  readonly name: MethodName;
  readonly method: "GET" | "POST";
  /** Segments; `{x}` binds one. */
  readonly path: readonly string[];
  /** Query parameters beside the common ones. */
  readonly query: readonly string[];
}

/** Parameters every method takes. `fields` asks for less than the whole answer; the whole answer is given. */
const COMMON = ["alt", "prettyPrint", "fields", "quotaUser"];

/** Parameters that BigQuery takes more than once; their values are joined by commas. */
const REPEATABLE: ReadonlySet<string> = new Set(["stateFilter"]);

const route = (name: MethodName, method: "GET" | "POST", path: string, query: readonly string[] = []): Route => ({
  name,
  method,
  path: path.split("/"),
  query: [...COMMON, ...query],
});

const PAGING = ["maxResults", "pageToken"];
const FORMAT = ["formatOptions.useInt64Timestamp", "formatOptions.timestampOutputFormat"];

export const ROUTES: readonly Route[] = [
  route("projects.list", "GET", "projects", PAGING),
  route("datasets.list", "GET", "projects/{project}/datasets", [...PAGING, "all", "filter"]),
  route("datasets.get", "GET", "projects/{project}/datasets/{dataset}", ["datasetView"]),
  route("tables.list", "GET", "projects/{project}/datasets/{dataset}/tables", PAGING),
  route("tables.get", "GET", "projects/{project}/datasets/{dataset}/tables/{table}", ["view", "selectedFields"]),
  route("jobs.insert", "POST", "projects/{project}/jobs"),
  route("jobs.query", "POST", "projects/{project}/queries"),
  route("jobs.get", "GET", "projects/{project}/jobs/{job}", ["location", "projection"]),
  route("jobs.list", "GET", "projects/{project}/jobs", [
    ...PAGING,
    "projection",
    "stateFilter",
    "allUsers",
    "minCreationTime",
    "maxCreationTime",
    "parentJobId",
  ]),
  route("jobs.cancel", "POST", "projects/{project}/jobs/{job}/cancel", ["location"]),
  route("jobs.getQueryResults", "GET", "projects/{project}/queries/{job}", [
    ...PAGING,
    ...FORMAT,
    "startIndex",
    "timeoutMs",
    "location",
  ]),
];

export interface Matched {
  readonly name: MethodName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, string>;
}

/** Ids in a path: what BigQuery allows in project, dataset, table and job ids, and no more. */
const SEGMENT = /^[A-Za-z0-9_\-.:$]{1,1024}$/;

/**
 * Names the operation a request line asks for.
 * Only plain paths: no escapes, no empty or dot segments, so that no two readers of the path can differ.
 */
export function matchRoute(method: string, target: string): Matched {
  const question = target.indexOf("?");
  const path = question === -1 ? target : target.slice(0, question);
  const search = question === -1 ? "" : target.slice(question + 1);
  const plain = path.startsWith("/bigquery/v2/") ? path.slice("/bigquery/v2/".length) : path.slice(1);
  const segments = plain.split("/");
  if (segments.some((s) => !SEGMENT.test(s) || s === "." || s === ".."))
    throw invalid("The path is not a plain BigQuery path.");
  let known = false;
  for (const candidate of ROUTES) {
    const params = bind(candidate.path, segments);
    if (params === undefined) continue;
    known = true;
    if (candidate.method !== method) continue;
    return { name: candidate.name, params, query: queryParameters(search, candidate) };
  }
  if (known)
    throw new GoogleError(405, "httpMethodNotAllowed", `Chaperone does not serve ${safeMethod(method)} on this path.`);
  throw notServed("this path");
}

function bind(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith("{")) params[part.slice(1, -1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

function queryParameters(search: string, candidate: Route): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (!candidate.query.includes(name))
      throw invalid(`Chaperone does not know this query parameter of ${candidate.name}; remove it.`);
    const before = found.get(name);
    if (before !== undefined && !REPEATABLE.has(name)) throw invalid(`Query parameter ${name} is given twice.`);
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  const alt = found.get("alt");
  if (alt !== undefined && alt !== "json") throw invalid("Only alt=json is served.");
  return found;
}

function safeMethod(method: string): string {
  return /^[A-Z]{1,10}$/.test(method) ? method : "this method";
}

/** A whole number within bounds, or the given default when absent. */
export function integerParameter(query: ReadonlyMap<string, string>, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === "") return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid(`Query parameter ${name} takes a whole number.`);
  return Math.min(Number(text), max);
}
