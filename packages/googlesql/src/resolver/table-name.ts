/** From a table path as written to the three parts of the table it names. */
import { madeOf } from "../made-of.ts";
import type { TableName } from "../plan.ts";
import type { RoutineName } from "../routine-resource.ts";
import { tableNameParts } from "../table-name.ts";
import type { Identifier } from "../tree.ts";

export interface NameDefaults {
  /** For a name of two parts. */
  readonly defaultProject?: string | undefined;
  /** For a name of one part; its project also serves two parts where there is no `defaultProject`. */
  readonly defaultDataset?: { readonly project: string; readonly dataset: string } | undefined;
}

export type TableNameResult =
  | { readonly kind: "table"; readonly parts: readonly [string, string, string]; readonly name: TableName }
  | { readonly kind: "refused"; readonly code: "name" | "unsupported"; readonly message: string };

/** The three-part name, with defaults for what is missing; what doesn't name a plain table is refused. */
export function resolveTableName(path: readonly Identifier[], defaults: NameDefaults): TableNameResult {
  const parts = tableNameParts(path);
  const reason = whyUnsupported(parts);
  if (reason !== undefined) return { kind: "refused", code: "unsupported", message: reason };
  if (parts.some((s) => s === "")) return refused("A table name has an empty part; write project.dataset.table");
  const [a, b, c] = parts;
  if (parts.length === 3 && a && b && c) return table(a, b, c);
  if (parts.length === 2 && a && b) {
    const project = defaults.defaultProject ?? defaults.defaultDataset?.project;
    if (project === undefined) {
      return refused(`Table ${a}.${b} names no project, and the request has no default project`);
    }
    return table(project, a, b);
  }
  if (parts.length === 1 && a) {
    const dataset = defaults.defaultDataset;
    if (dataset === undefined) {
      return refused(`Table ${a} must be qualified with a dataset (e.g. dataset.table): there is no default dataset`);
    }
    return table(dataset.project, dataset.dataset, a);
  }
  return refused("A table name has at most three parts: project.dataset.table");
}

export type RoutineNameResult =
  | { readonly kind: "routine"; readonly parts: readonly [string, string, string]; readonly name: RoutineName }
  | { readonly kind: "refused"; readonly code: "name" | "unsupported"; readonly message: string };

/** The same for a routine, whose name has two or three parts. */
export function resolveRoutineName(parts: readonly string[], defaults: NameDefaults): RoutineNameResult {
  if (parts.length !== 2 && parts.length !== 3) {
    return { kind: "refused", code: "name", message: "A routine's name has two or three parts: project.dataset.name" };
  }
  // The rules for names of tables are wider than those for routines.
  const named = resolveTableName(
    parts.map((name) => ({ kind: "Identifier", name, start: 0, end: 0 })),
    defaults,
  );
  if (named.kind === "table") return { ...named, kind: "routine" };
  return { kind: "refused", code: named.code, message: `Function not found: ${parts.join(".")}` };
}

/** The same for a name that may have one part: where a routine is made, and of a procedure. */
export function resolveProcedureName(path: readonly Identifier[], defaults: NameDefaults): RoutineNameResult {
  const parts = tableNameParts(path);
  const dataset = defaults.defaultDataset;
  const full = parts.length === 1 && dataset !== undefined ? [dataset.project, dataset.dataset, ...parts] : parts;
  return resolveRoutineName(full, defaults);
}

export interface WildcardName {
  readonly kind: "wildcard";
  /** The last one ends with the star. */
  readonly parts: readonly [string, string, string];
  /** As far as the star. */
  readonly prefix: TableName;
}

/** `project.dataset.prefix*`, where a path names that: the star stands once, at the end. */
export function resolveWildcard(path: readonly Identifier[], defaults: NameDefaults): WildcardName | null {
  const last = path.at(-1);
  if (last === undefined || !last.name.endsWith("*")) return null;
  // Any one table that matches has the name's other parts.
  const named = resolveTableName([...path.slice(0, -1), { ...last, name: `${last.name.slice(0, -1)}0` }], defaults);
  if (named.kind !== "table") return null;
  const [project, dataset, table] = named.parts;
  return {
    kind: "wildcard",
    parts: [project, dataset, `${table.slice(0, -1)}*`],
    prefix: named.name.slice(0, -1),
  };
}

function table(project: string, dataset: string, id: string): TableNameResult {
  return { kind: "table", parts: [project, dataset, id], name: `${project}.${dataset}.${id}` };
}

function refused(message: string): TableNameResult {
  return { kind: "refused", code: "name", message };
}

const isTableName = madeOf(/^[\w :.-]*$/, String.raw`^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} :.]*$`);

function whyUnsupported(parts: readonly string[]): string | undefined {
  const last = parts.at(-1) ?? "";
  if (parts.some((s) => s.toUpperCase() === "INFORMATION_SCHEMA")) {
    return "INFORMATION_SCHEMA can only be selected from";
  }
  if (parts.some((s) => s.includes("*"))) return "A wildcard table has one star, at its end: `project.dataset.prefix*`";
  if (parts.some((s) => s.includes("$"))) return "Partition decorators are not supported; filter in WHERE instead";
  if (parts.some((s) => s.includes("@"))) return "Table decorators are not supported";
  if (last.startsWith("__")) return "Meta-tables can only be selected from, and __TABLES__ alone";
  // Session tables, and the hidden datasets that hold other jobs' results.
  if (parts.length > 1 && (parts.at(-2) ?? "").startsWith("_")) {
    return "Session tables and hidden datasets can't be queried through the gateway";
  }
  if (parts.some((s) => !isTableName(s))) {
    return "A table name holds a character that names of tables don't have";
  }
  return undefined;
}
