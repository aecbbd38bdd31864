import { createHash } from "node:crypto";
import type { ColumnName, TableFieldSchema, TableName, TableResource } from "@chaperone/googlesql";
import { type CatalogFile, tableEntryOf } from "./catalog-file.ts";
import { type ClassifiedTable, classifyTable, type DatasetResource, missingColumns } from "./classify.ts";
import type { ClassifiedColumn, DataClass } from "./data-class.ts";
import { columnParts, foldPath, tableParts } from "./names.ts";
import type { TableCache } from "./table-cache.ts";
import type { TravelledClassesSource } from "./travelled-classes.ts";

/** Tables as they were at one moment, with their classes: what one query is analysed and judged by. */
export interface CatalogSnapshot {
  /** undefined: no such table. */
  table(name: TableName): TableResource | undefined;
  /** What can't be found is `phi`. */
  classes(column: ColumnName): ClassifiedColumn;
  /** SHA-256 (hex) of the catalog file and of all that was used of schemas, tags and labels. */
  readonly version: string;
  /** Columns of the catalog file that a table doesn't have: `project.dataset.table.path`. Its other columns are protected meanwhile. */
  readonly missing: readonly ColumnName[];
}

/** What of the names asked for is wrong, in words for whoever asked. Holds names, never data. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
}

/** Most tables in one query. BigQuery's own limit: https://cloud.google.com/bigquery/quotas#query_jobs */
export const MOST_TABLES = 1000;
const AT_ONCE = 16;

/** Columns every table has that no schema lists; they tell when, or in which file, rows are. */
const PSEUDO_COLUMNS = new Set(["_partitiontime", "_partitiondate", "_file_name", "_table_suffix"]);

/** The data there is and its classes. */
export class Catalog {
  readonly #cache: TableCache;
  readonly #file: CatalogFile | undefined;
  readonly #travelled: TravelledClassesSource | undefined;
  /** What follows from a resource as the cache gave it; gone when the cache has dropped that. */
  readonly #loaded = new WeakMap<TableResource, LoadedTable>();

  /**
   * @param file undefined: nothing is known of the data, so that everything unclassified counts as `phi`
   * @param travelled undefined: nothing is written through the gateway
   */
  constructor(cache: TableCache, file: CatalogFile | undefined, travelled?: TravelledClassesSource) {
    this.#cache = cache;
    this.#file = file;
    this.#travelled = travelled;
  }

  /** Loads the tables named (`project.dataset.table`). Rejects as upstream does, and with CatalogError. */
  async load(names: readonly TableName[]): Promise<CatalogSnapshot> {
    const distinct = [...new Set(names)].sort();
    if (distinct.length > MOST_TABLES) throw new CatalogError(`More than ${MOST_TABLES} tables in one query.`);
    const travelled = await this.#travelled?.of(distinct);
    const tables = new Map<TableName, LoadedTable>();
    for (let start = 0; start < distinct.length; start += AT_ONCE) {
      const loaded = await Promise.all(
        distinct.slice(start, start + AT_ONCE).map((name) => this.#loadTable(name, travelled?.get(name))),
      );
      for (const table of loaded) if (table !== undefined) tables.set(table.name, table);
    }
    return new Snapshot(tables, this.#file);
  }

  /** Asks anew for a table that was written: its columns may be others now. */
  forget(name: TableName): void {
    this.#cache.forget(name);
  }

  async #loadTable(
    name: TableName,
    travelled: ReadonlyMap<string, readonly DataClass[]> | undefined,
  ): Promise<LoadedTable | undefined> {
    const { project, dataset, table } = tableParts(name);
    const known = this.#file === undefined ? undefined : otherSpelling(this.#file, `${project}.${dataset}`, table);
    if (known !== undefined) throw new CatalogError(`The catalog knows ${name} as ${known}; write it like that.`);
    const [resource, labels] = await Promise.all([this.#cache.table(name), this.#cache.dataset(project, dataset)]);
    if (resource === undefined) return undefined;
    const before = this.#loaded.get(resource);
    const version = sha256([name, partsUsed(resource), labelsOf(labels), [...(travelled ?? [])]]);
    if (before !== undefined && before.version === version && before.dataset === labels) return before;
    const entry = tableEntryOf(this.#file?.datasets.get(`${project}.${dataset}`), table);
    // The answer must be about the table that was asked for, or its classes would be another's.
    const { projectId, datasetId, tableId } = resource.tableReference;
    if (`${projectId}.${datasetId}.${tableId}` !== name)
      throw new Error(`BigQuery answered with another table than ${name}`);
    const loaded: LoadedTable = {
      name,
      resource,
      dataset: labels,
      classes: classifyTable(resource, labels, this.#file, travelled),
      missing: missingColumns(resource, entry).map((path) => `${name}.${path}`),
      version,
    };
    this.#loaded.set(resource, loaded);
    return loaded;
  }
}

/**
 * How the file spells a dataset or table that differs from the name asked for by capitals only. In a dataset whose
 * names ignore case both are one table, and the other spelling would miss what the file and the policies say of it.
 */
function otherSpelling(file: CatalogFile, dataset: string, table: string): string | undefined {
  const other = (names: Iterable<string>, name: string) => {
    const all = [...names];
    if (all.includes(name)) return undefined;
    return all.find((known) => known.toLowerCase() === name.toLowerCase());
  };
  const knownDataset = other(file.datasets.keys(), dataset);
  if (knownDataset !== undefined) return `${knownDataset}.${table}`;
  const knownTable = other(file.datasets.get(dataset)?.tables.keys() ?? [], table);
  return knownTable === undefined ? undefined : `${dataset}.${knownTable}`;
}

interface LoadedTable {
  readonly name: TableName;
  readonly resource: TableResource;
  readonly dataset: DatasetResource | undefined;
  readonly classes: ClassifiedTable;
  readonly missing: readonly ColumnName[];
  /** Of all that was used of it. */
  readonly version: string;
}

class Snapshot implements CatalogSnapshot {
  readonly version: string;
  readonly missing: readonly ColumnName[];
  readonly #tables: ReadonlyMap<TableName, LoadedTable>;

  constructor(tables: ReadonlyMap<TableName, LoadedTable>, file: CatalogFile | undefined) {
    this.#tables = tables;
    this.missing = [...tables.values()].flatMap(({ missing }) => missing);
    this.version = sha256([file?.hash ?? null, [...tables.values()].map(({ version }) => version)]);
  }

  table(name: TableName): TableResource | undefined {
    return this.#tables.get(name)?.resource;
  }

  classes(column: ColumnName): ClassifiedColumn {
    const { tableName, path } = columnParts(column);
    const classes = this.#tables.get(tableName)?.classes;
    const folded = foldPath(path);
    const found = classes?.get(folded) ?? (PSEUDO_COLUMNS.has(folded) ? classes?.get("*") : ancestor(classes, folded));
    return found === undefined ? { column, classes: ["phi"], source: "phi-default" } : { ...found, column };
  }
}

/** A path into a value whose fields the schema doesn't list (JSON) has that value's classes. */
function ancestor(classes: ClassifiedTable | undefined, path: string): ClassifiedColumn | undefined {
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const found = classes?.get(path.slice(0, dot));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All of a resource that analysis and classes depend on; not its etag, which changes with every row. */
function partsUsed(resource: TableResource): unknown {
  const fields = (schemas: readonly TableFieldSchema[] | undefined): unknown =>
    (schemas ?? []).map((field) => [
      field.name,
      field.type,
      field.mode ?? "",
      field.policyTags?.names ?? [],
      fields(field.fields),
    ]);
  return [resource.type ?? "TABLE", fields(resource.schema?.fields), labelsOf(resource), resource.view ?? null];
}

function labelsOf(resource: { readonly labels?: Readonly<Record<string, string>> } | undefined): unknown {
  return resource === undefined ? null : Object.entries(resource.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
