/**
 * The names of INFORMATION_SCHEMA's views: `dataset.INFORMATION_SCHEMA.TABLES`, `` `region-eu`.INFORMATION_SCHEMA.TABLES ``, each behind a
 * project or without one.
 * https://cloud.google.com/bigquery/docs/information-schema-intro#syntax
 */
import { META_TABLES_NAME, METADATA_VIEWS, type MetadataView, REFUSED_METADATA } from "../metadata/views.ts";
import { tableNameParts } from "../table-name.ts";
import type { Identifier } from "../tree.ts";
import type { NameDefaults } from "./table-name.ts";

/** Whose tables are described: `project.dataset`, `project.region-eu`, or `project.` for wherever the query runs. */
export type MetadataPlace = string;

export type MetadataName =
  | {
      readonly kind: "metadata";
      readonly place: MetadataPlace;
      /** As in the view's own name: `TABLES`. */
      readonly name: string;
      readonly view: MetadataView;
    }
  | { readonly kind: "refused"; readonly code: "name" | "unsupported"; readonly message: string };

const SCHEMA = "INFORMATION_SCHEMA";
const REGION = /^region-[a-z0-9-]+$/i;
/** None that begins with an underscore: those hold other jobs' results, or are a session's. */
const DATASET = /^[A-Za-z0-9][A-Za-z0-9_]*$/;

/** Null: a path that names no such view, in any place of it. */
export function resolveMetadata(path: readonly Identifier[], defaults: NameDefaults): MetadataName | null {
  const parts = tableNameParts(path);
  const name = parts.at(-1) ?? "";
  const meta = name === META_TABLES_NAME;
  const schema = parts.findIndex((part) => part.toUpperCase() === SCHEMA);
  if (!meta && schema === -1) return null;
  if (!meta && schema !== parts.length - 2)
    return refused("name", `${SCHEMA} is followed by the name of one of its views`);
  const view = meta === (schema === -1) ? METADATA_VIEWS.get(name) : undefined;
  if (view === undefined) return refused("unsupported", whyRefused(name));
  const before = parts.slice(0, schema === -1 ? -1 : schema);
  const dataset = view.of === "datasets" ? undefined : defaults.defaultDataset;
  // `project.INFORMATION_SCHEMA.SCHEMATA`
  if (view.of === "datasets" && before.length === 1 && !REGION.test(before[0] ?? "")) before.push("");
  const [last = meta && dataset !== undefined ? dataset.dataset : "", first, ...more] = before.toReversed();
  const inherited = before.length === 0 && meta ? dataset?.project : undefined;
  const project = first ?? inherited ?? defaults.defaultProject ?? defaults.defaultDataset?.project;
  if (project === undefined) return refused("name", `${name} names no project, and the request has no default project`);
  const region = REGION.test(last);
  const known = view.of === "datasets" ? region || last === "" : (region && !meta) || DATASET.test(last);
  if (more.length > 0 || project === "" || !known) {
    const where = view.of === "datasets" ? "`region-…`" : meta ? "dataset" : "dataset or `region-…`";
    return refused("name", `${name} is named behind ${where}, with a project before it or without`);
  }
  return { kind: "metadata", place: `${project}.${region ? last.toLowerCase() : last}`, name, view };
}

function whyRefused(name: string): string {
  for (const [reason, names] of REFUSED_METADATA) {
    const found = names
      .split(" ")
      .some((known) =>
        known.endsWith("*") ? name.toUpperCase().startsWith(known.slice(0, -1)) : known === name.toUpperCase(),
      );
    if (found) return `${SCHEMA}.${name} can't be queried through the gateway: ${reason}`;
  }
  const views = [...METADATA_VIEWS.keys()].filter((view) => view !== META_TABLES_NAME).join(", ");
  return `${SCHEMA}.${name} isn't a view that the gateway answers; it answers ${views}, in capitals`;
}

function refused(code: "name" | "unsupported", message: string): MetadataName {
  return { kind: "refused", code, message };
}
