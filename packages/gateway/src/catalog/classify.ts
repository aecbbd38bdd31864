import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import { type CatalogFile, type TableEntry, tableEntryOf } from "./catalog-file.ts";
import type { ClassifiedColumn, ClassSource, DataClass } from "./data-class.ts";
import { foldPath } from "./names.ts";

/** What BigQuery tells of a dataset that matters here. */
export interface DatasetResource {
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether its tables are found by their names in any case. */
  readonly isCaseInsensitive?: boolean;
}

/** Classes of all paths of a table, by path in lower case; `*` among them. */
export type ClassifiedTable = ReadonlyMap<string, ClassifiedColumn>;

interface Classification {
  readonly classes: readonly DataClass[];
  readonly source: ClassSource | undefined;
}

const PHI: Classification = { classes: ["phi"], source: "phi-default" };
const PUBLIC: Classification = { classes: [], source: undefined };

/**
 * The classes of every column and field of a table, strongest source first: catalog file, policy tags, labels of the
 * table, labels of the dataset; and `phi` for what nobody classified where PHI may be.
 * @param dataset undefined when BigQuery doesn't show it: then its labels may say anything, and PHI is assumed
 * @param file undefined when there is no catalog file: then everything unclassified is `phi`
 * @param travelled classes that columns took from what was written into them, by path; added where file and tags say nothing
 */
export function classifyTable(
  resource: TableResource,
  dataset: DatasetResource | undefined,
  file: CatalogFile | undefined,
  travelled: ReadonlyMap<string, readonly DataClass[]> = new Map(),
): ClassifiedTable {
  const { projectId, datasetId, tableId } = resource.tableReference;
  const name = `${projectId}.${datasetId}.${tableId}`;
  const datasetEntry = file?.datasets.get(`${projectId}.${datasetId}`);
  const entry = tableEntryOf(datasetEntry, tableId);
  const stale = missingColumns(resource, entry).length > 0;
  const unclassified = unclassifiedColumns(resource, dataset, file, datasetEntry?.phi, entry, stale);

  const columns = new Map<string, ClassifiedColumn>();
  /** Returns all classes at and below the field, which are those of the whole value. */
  const walk = (
    field: TableFieldSchema,
    parent: string,
    inherited: Classification | undefined,
  ): readonly DataClass[] => {
    const path = foldPath(parent === "" ? field.name : `${parent}.${field.name}`);
    const own = ownClassification(field, path, entry, file) ?? inherited;
    const below = (field.fields ?? []).flatMap((inner) => walk(inner, path, own));
    const { classes, source } = own ?? (field.fields?.length ? PUBLIC : unclassified);
    const taken = isStrong(own ?? unclassified) ? [] : (travelled.get(path) ?? []);
    const all = [...new Set([...classes, ...below, ...taken])].sort();
    const written = parent === "" ? field.name : `${parent}.${field.name}`;
    columns.set(path, {
      column: `${name}.${written}`,
      classes: all,
      source: source ?? (taken.length > 0 ? "inherited" : all.length > 0 ? PHI.source : undefined),
    });
    return all;
  };
  const all = (resource.schema?.fields ?? []).flatMap((field) => walk(field, "", undefined));
  const rows = entry?.columns.get("*");
  const taken = isStrong(unclassified) ? [] : (travelled.get("*") ?? []);
  const row: Classification = rows
    ? { classes: rows, source: "catalog-file" }
    : taken.length > 0
      ? { ...PHI, source: "inherited" }
      : all.length > 0
        ? PHI
        : unclassified;
  columns.set("*", { column: `${name}.*`, ...row });
  return columns;
}

/** Said of this very column or table by people: what is written into it can't change that, so such a write is refused. */
export function isStrong({ source }: { readonly source: ClassSource | undefined }): boolean {
  return source === "catalog-file" || source === "policy-tag";
}

/** Whether PHI may be, or once was, in a table: its dataset is marked or unknown, or one of its columns is classified so. */
export function mayHoldPhi(
  resource: TableResource,
  dataset: DatasetResource | undefined,
  file: CatalogFile | undefined,
  classes: ClassifiedTable,
): boolean {
  const { projectId, datasetId } = resource.tableReference;
  const marked = file?.datasets.get(`${projectId}.${datasetId}`)?.phi;
  const isPhi = (dataClass: DataClass) => dataClass === "phi" || dataClass.startsWith("phi.");
  return (
    file === undefined ||
    marked === true ||
    (dataset === undefined && marked === undefined) ||
    (marked !== false && labelClasses(dataset?.labels, file).some(isPhi)) ||
    [...classes.values()].some((column) => column.classes.some(isPhi))
  );
}

/** Columns of the catalog file that the table doesn't have: renamed, dropped or misspelt. */
export function missingColumns(resource: TableResource, entry: TableEntry | undefined): readonly string[] {
  if (entry === undefined) return [];
  const paths = new Set(["*"]);
  const collect = (fields: readonly TableFieldSchema[] | undefined, parent: string) => {
    for (const field of fields ?? []) {
      const path = foldPath(`${parent}${field.name}`);
      paths.add(path);
      collect(field.fields, `${path}.`);
    }
  };
  collect(resource.schema?.fields, "");
  const named = entry.subject === undefined ? entry.columns.keys() : [...entry.columns.keys(), entry.subject];
  return [...new Set(named)].filter((path) => !paths.has(path));
}

/** What is said of the field itself. */
function ownClassification(
  field: TableFieldSchema,
  path: string,
  entry: TableEntry | undefined,
  file: CatalogFile | undefined,
): Classification | undefined {
  const written = entry?.columns.get(path);
  if (written !== undefined) return { classes: written, source: "catalog-file" };
  const tags = field.policyTags?.names ?? [];
  if (tags.length === 0) return undefined;
  // Somebody protects this column for a reason the file doesn't know: `phi`.
  return { classes: [...new Set(tags.map((tag) => file?.policyTags.get(tag) ?? "phi"))], source: "policy-tag" };
}

/** What holds for every column about which nothing is said. */
function unclassifiedColumns(
  resource: TableResource,
  dataset: DatasetResource | undefined,
  file: CatalogFile | undefined,
  datasetPhi: boolean | undefined,
  entry: TableEntry | undefined,
  stale: boolean,
): Classification {
  // The file may speak of a column under its old name: then any column can be the one it meant.
  if (stale) return PHI;
  if (entry?.phi === false) return { classes: [], source: "catalog-file" };
  const marked =
    file === undefined ||
    entry?.phi === true ||
    datasetPhi === true ||
    (dataset === undefined && datasetPhi === undefined) ||
    isDerived(resource);
  const byTable = labelClasses(resource.labels, file);
  const byDataset = datasetPhi === false ? [] : labelClasses(dataset?.labels, file);
  const classes = byTable.length > 0 ? byTable : byDataset;
  if (classes.length === 0) return marked ? PHI : PUBLIC;
  const covered = !marked || classes.some((dataClass) => dataClass === "phi" || dataClass.startsWith("phi."));
  return {
    classes: covered ? classes : [...classes, "phi"],
    source: byTable.length > 0 ? "table-label" : "dataset-label",
  };
}

/** A view, a snapshot, an external table: rows that come from elsewhere, whatever its dataset is. */
function isDerived({ type = "TABLE" }: TableResource): boolean {
  return type !== "TABLE";
}

/** `phi=true` marks PHI without being configured. */
function labelClasses(
  labels: Readonly<Record<string, string>> | undefined,
  file: CatalogFile | undefined,
): readonly DataClass[] {
  const found = Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const label = `${key}=${value}`;
    return file?.labels.get(label) ?? (label === "phi=true" ? "phi" : []);
  });
  return [...new Set(found)].sort();
}
