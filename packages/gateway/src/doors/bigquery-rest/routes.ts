import { LastMade } from "../../last-made.ts";
import { GoogleError, invalid, notServed } from "./google-error.ts";
import { METHODS, type Method, type MethodName, OTHER_PATHS } from "./rules.ts";

/** Parameters that BigQuery takes more than once; their values are joined by commas. */
const REPEATABLE: ReadonlySet<string> = new Set(["stateFilter"]);

export interface Matched {
  readonly name: MethodName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, string>;
}

/** Ids in a path: what BigQuery allows in project, dataset, table and job ids, and no more. */
const SEGMENT = /^[A-Za-z0-9_\-.:$]{1,1024}$/;
/** Where BigQuery allows less, so that no name is read as two, and none is asked for that can't be. */
const IDS: Readonly<Record<string, { readonly is: RegExp; readonly words: string }>> = {
  routine: { is: /^[A-Za-z0-9_]+$/, words: "A routine's name has letters, digits and underscores." },
  model: { is: /^[A-Za-z0-9_-]+$/, words: "A model's name has letters, digits, underscores and dashes." },
  dataset: { is: /^[A-Za-z0-9_]+$/, words: "A dataset's name has letters, digits and underscores." },
  table: {
    is: /^[A-Za-z0-9_-]+$/,
    words: "Tables are named plainly, without dots and without partition or time decorators. Say it in SQL instead.",
  },
};

/** Request lines whose reading is kept, and characters of one: each client sends the same few again and again. */
const matches = new LastMade<Matched>(256, 300);

/** As `readRoute`. */
export function matchRoute(method: string, target: string): Matched {
  return matches.of(`${method} ${target}`, () => readRoute(method, target));
}

/**
 * Names the operation a request line asks for.
 * Only plain paths: no escapes, no empty or dot segments, so that no two readers of the path can differ.
 */
function readRoute(method: string, target: string): Matched {
  const question = target.indexOf("?");
  const path = question === -1 ? target : target.slice(0, question);
  const search = question === -1 ? "" : target.slice(question + 1);
  const other = OTHER_PATHS.find(({ begins }) => path.startsWith(begins));
  if (other !== undefined) throw new GoogleError(403, "accessDenied", other.why);
  // Google's clients begin an upload in pieces at either path.
  const served = path.startsWith("/resumable/upload/") ? path.slice("/resumable".length) : path;
  const plain = served.startsWith("/bigquery/v2/") ? served.slice("/bigquery/v2/".length) : served.slice(1);
  const segments = plain.split("/");
  if (segments.some((s) => !SEGMENT.test(s) || s === "." || s === ".."))
    throw invalid("The path is not a plain BigQuery path.");
  let known = false;
  for (const candidate of METHODS) {
    const params = bind(candidate.path, segments);
    if (params === undefined) continue;
    known = true;
    if (candidate.method !== method) continue;
    const { rule } = candidate;
    if (rule.kind === "refuse")
      throw new GoogleError(403, "accessDenied", `Chaperone does not serve ${rule.name}. ${rule.why}`);
    for (const [name, value] of Object.entries(params))
      if (IDS[name]?.is.test(value) === false) throw invalid(IDS[name].words);
    return { name: rule.name, params, query: queryParameters(search, candidate) };
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
    const [, name, verb = ""] = /^\{(\w+)\}(:\w+)?$/.exec(part) ?? [];
    if (name !== undefined) {
      // An id of a project may hold a colon, and agents write jobs' ids with one; elsewhere it begins a verb, which must be known.
      const value = segment.slice(0, segment.length - verb.length);
      if (!segment.endsWith(verb) || value === "" || (name !== "project" && name !== "job" && value.includes(":")))
        return undefined;
      params[name] = value;
    } else if (part !== segment) return undefined;
  }
  return params;
}

function queryParameters(search: string, candidate: Method): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (!candidate.query.includes(name))
      throw invalid(`Chaperone does not know this query parameter of ${candidate.rule.name}; remove it.`);
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

/** A part of the path that the rule names. */
export function param(m: Matched, name: string): string {
  const value = m.params[name];
  if (value === undefined) throw invalid(`The path names no ${name}.`);
  return value;
}
