import { hash } from "node:crypto";
import {
  type CatalogNames,
  type ColumnName,
  type DescribedTables,
  type MetadataPlace,
  type ModelResource,
  namesInside,
  type RoutineName,
  type RoutineResource,
  type TableFieldSchema,
  type TableName,
  type TableResource,
} from "@chaperone/googlesql";
import { type CatalogFile, tableEntryOf } from "./catalog-file.ts";
import { type ClassifiedTable, classifyTable, type DatasetResource, mayHoldPhi, missingColumns } from "./classify.ts";
import type { ClassifiedColumn, DataClass } from "./data-class.ts";
import { columnParts, foldPath, tableParts } from "./names.ts";
import type { NamesWritten } from "./names-written.ts";
import type { PlainCatalog } from "./plain-catalog.ts";
import { CatalogError, requireCase, requireServed, requireSpelling } from "./served-names.ts";
import type { TableCache } from "./table-cache.ts";
import type { TravelledClassesSource } from "./travelled-classes.ts";

/** Tables as they were at one moment, with their classes: what one query is analysed and judged by. */
export interface CatalogSnapshot {
  /** undefined: no such table. */
  table(name: TableName): TableResource | undefined;
  /** undefined: no such routine. */
  routine(name: RoutineName): RoutineResource | undefined;
  /** undefined: no such model. */
  model(name: string): ModelResource | undefined;
  /** The tables that `project.dataset.begin` begins the names of; undefined: nobody asked for them. */
  wildcard(prefix: TableName): readonly TableResource[] | undefined;
  /**
   * What can't be found is `phi`. `past`: of the table's rows as they were at an earlier time, when the column may have held
   * something else, or had another name: where the table may hold PHI, `phi` beside its classes of now.
   */
  classes(column: ColumnName, when?: "now" | "past"): ClassifiedColumn;
  /** The column, in lower case, that says whose record a row of the table is; undefined where the file names none. */
  subject(table: TableName): string | undefined;
  /** What INFORMATION_SCHEMA tells whoever asks; undefined: nobody asked. It depends on who that is (sessions/metadata-places.ts). */
  metadata(place: MetadataPlace): DescribedTables | undefined;
  /** Whether the catalog would give the same now, without asking BigQuery: it holds tables alone, and all of them are remembered. */
  isCurrent(): boolean;
  /** All of its resources as data. */
  plain(): PlainCatalog;
  /** SHA-256 (hex) of the catalog file and of all that was used of schemas, tags, labels and definitions. */
  readonly version: string;
  /** Columns of the catalog file that a table doesn't have: `project.dataset.table.path`. Its other columns are protected meanwhile. */
  readonly missing: readonly ColumnName[];
}

/** Most tables in one query. BigQuery's own limit: https://cloud.google.com/bigquery/quotas#query_jobs */
export const MOST_TABLES = 1000;
const AT_ONCE = 16;
/** Views and routines within each other; BigQuery's own limit: https://cloud.google.com/bigquery/quotas#view_limits */
const DEEPEST_DEFINITIONS = 16;

/** Columns every table has that no schema lists; they tell when, or in which file, rows are. */
const PSEUDO_COLUMNS = new Set(["_partitiontime", "_partitiondate", "_file_name", "_table_suffix"]);

/** Rejects, or says that the table isn't there. */
type Otherwise = (error: unknown) => Promise<undefined>;

const rethrown: Otherwise = (error) => Promise.reject(error);

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

  /**
   * Loads the tables named (`project.dataset.table`), and nothing that they name, for whoever only asks about them: one that a query couldn't name so
   * isn't there, since the words of that refusal could tell of another table (I9). Rejects as upstream does, and with CatalogError for too many.
   */
  async load(names: readonly TableName[]): Promise<CatalogSnapshot> {
    const loaded = newLoaded();
    const travelled = this.#travelled?.version?.();
    await this.#loadTables(names, loaded, async (error: unknown) => {
      if (error instanceof CatalogError) return undefined;
      throw error;
    });
    return this.#snapshot(loaded, travelled);
  }

  /**
   * Loads all that a statement names: tables, the tables that wildcards match, routines; and what views and routines name in
   * turn. Definitions are as BigQuery answers after this call. Rejects as `load` does.
   * @param served whether the gateway serves a project; a name of another one is a CatalogError
   * @param otherwise what is loaded where a table can't be
   */
  async loadNamed(
    names: CatalogNames,
    served: (project: string) => boolean,
    otherwise: Otherwise = rethrown,
  ): Promise<CatalogSnapshot> {
    const loaded = newLoaded();
    const travelled = this.#travelled?.version?.();
    let open: readonly CatalogNames[] = [names];
    for (let depth = 0; open.length > 0; depth++) {
      if (depth > DEEPEST_DEFINITIONS) throw new CatalogError("Views and routines of the query lie too deep.");
      const definitions = await this.#loadOnce(union(open), loaded, served, otherwise);
      open = definitions.map(namesInside);
    }
    return this.#snapshot(loaded, travelled);
  }

  /** @param travelled the version before any class was read: what travels while the rest is asked for isn't in the snapshot */
  #snapshot(loaded: Loaded, travelled: number | undefined): CatalogSnapshot {
    const nothingTravelled = (): boolean =>
      this.#travelled === undefined || (travelled !== undefined && this.#travelled.version?.() === travelled);
    return new Snapshot(loaded, this.#file, () => nothingTravelled() && this.#isCurrent(loaded));
  }

  #isCurrent({ tables, routines, models, wildcards }: Loaded): boolean {
    if (routines.size > 0 || models.size > 0 || wildcards.size > 0) return false;
    for (const [name, table] of tables) {
      if (table === undefined || !this.#cache.holdsTable(name, table.resource)) return false;
      const { projectId, datasetId } = table.resource.tableReference;
      if (!this.#cache.holdsDataset(projectId, datasetId, table.dataset)) return false;
    }
    return true;
  }

  /**
   * That what statements write, make or change is in projects that are served, and goes by the one name that it has: others would miss what the file
   * and the policies say of it. Rejects with CatalogError.
   * @param served as for `loadNamed`
   */
  async requireOneName(
    { tables, routines, datasets }: NamesWritten,
    served: (project: string) => boolean,
  ): Promise<void> {
    requireServed([...tables, ...routines, ...datasets], served);
    for (const name of tables) requireSpelling(this.#file, name);
    const within = new Set([...tables, ...routines].map((name) => name.slice(0, name.lastIndexOf("."))));
    await inTurns([...within], async (name) => {
      const { project, dataset } = tableParts(`${name}.*`);
      requireCase(name, await this.#cache.dataset(project, dataset));
    });
  }

  /** Loads what isn't loaded yet, and returns the views and routines among it. */
  async #loadOnce(
    names: CatalogNames,
    loaded: Loaded,
    served: (project: string) => boolean,
    otherwise: Otherwise,
  ): Promise<readonly (TableResource | RoutineResource)[]> {
    const wildcards = names.wildcards.map((prefix) => `${prefix}0`);
    requireServed([...names.tables, ...names.routines, ...names.models, ...wildcards], served);
    for (const prefix of names.wildcards) {
      if (loaded.wildcards.has(prefix)) continue;
      const matching = await this.#cache.tablesLike(prefix, MOST_TABLES);
      if (matching === undefined) throw new CatalogError(`Too many tables to look for those that match ${prefix}*.`);
      loaded.wildcards.set(prefix, [...matching].sort());
    }
    const tables = [...names.tables, ...names.wildcards.flatMap((prefix) => loaded.wildcards.get(prefix) ?? [])];
    const fresh = tables.filter((name) => !loaded.tables.has(name));
    await this.#loadTables(fresh, loaded, otherwise);
    const routines = names.routines.filter((name) => !loaded.routines.has(name));
    requireFew(loaded.routines.size + routines.length, "routines");
    await inTurns(routines, async (name) => {
      loaded.routines.set(name, await this.#cache.routine(name));
    });
    const models = names.models.filter((name) => !loaded.models.has(name));
    requireFew(loaded.models.size + models.length, "models");
    const trained = await this.#trainedOn(models);
    await inTurns(models, async (name) => {
      loaded.models.set(name, { resource: await this.#cache.model(name), trained: trained(name) });
    });
    const found = [
      ...fresh.map((name) => loaded.tables.get(name)?.resource),
      ...routines.map((r) => loaded.routines.get(r)),
    ];
    return found.filter((resource) => resource !== undefined);
  }

  /** Classes of models (`project.dataset.model`) alone: nothing is asked upstream. Rejects with CatalogError. */
  async classesOfModels(names: readonly string[]): Promise<CatalogSnapshot> {
    requireFew(names.length, "models");
    const loaded = newLoaded();
    const trained = await this.#trainedOn(names);
    for (const name of names) loaded.models.set(name, { resource: undefined, trained: trained(name) });
    return new Snapshot(loaded, this.#file);
  }

  async #trainedOn(models: readonly string[]): Promise<(model: string) => readonly DataClass[]> {
    const travelled = await this.#travelled?.of(models);
    return (model) => travelled?.get(model)?.get("*") ?? [];
  }

  async #loadTables(names: readonly TableName[], loaded: Loaded, otherwise: Otherwise): Promise<void> {
    const distinct = [...new Set(names)].sort();
    requireFew(loaded.tables.size + distinct.length, "tables");
    const travelled = await this.#travelled?.of(distinct);
    await inTurns(distinct, async (name) => {
      loaded.tables.set(name, await this.#loadTable(name, travelled?.get(name)).catch(otherwise));
    });
  }

  /** Asks anew for a table that was written, or a dataset (`project.dataset.*`) that was changed: its columns and labels may be others now. */
  forget(name: TableName): void {
    this.#cache.forget(name);
  }

  /**
   * Classes of the rows of a table that somebody could make in a dataset: what the file and the dataset's labels say of any, and
   * `phi`, since nobody knows what it would hold. undefined: no such dataset, or none that is served, or it isn't shown.
   */
  async classesOfNewTable(projectId: string, datasetId: string): Promise<ClassifiedColumn | undefined> {
    const labels = await this.#cache.dataset(projectId, datasetId);
    if (labels === undefined || labels.isCaseInsensitive === true) return undefined;
    const tableReference = { projectId, datasetId, tableId: "*" };
    const rows = classifyTable({ tableReference }, labels, this.#file).get("*");
    const column = `${projectId}.${datasetId}.*.*`;
    return { column, classes: [...new Set(["phi", ...(rows?.classes ?? [])])].sort(), source: "phi-default" };
  }

  async #loadTable(
    name: TableName,
    travelled: ReadonlyMap<string, readonly DataClass[]> | undefined,
  ): Promise<LoadedTable | undefined> {
    requireSpelling(this.#file, name);
    const { project, dataset, table } = tableParts(name);
    const labelled = this.#cache.dataset(project, dataset).then((labels) => {
      requireCase(`${project}.${dataset}`, labels);
      return labels;
    });
    // Where names ignore case, BigQuery may answer with a table of another name.
    const found = this.#cache.table(name).catch((error: unknown) => labelled.then(() => Promise.reject(error)));
    const [resource, labels] = await Promise.all([found, labelled]);
    if (resource === undefined) return undefined;
    const before = this.#loaded.get(resource);
    // The cache gives the same objects as long as it knows nothing newer.
    if (before !== undefined && before.dataset === labels && before.travelled === undefined && travelled === undefined)
      return before;
    const version = sha256([name, partsUsed(resource), labelsOf(labels), [...(travelled ?? [])]]);
    if (before !== undefined && before.version === version && before.dataset === labels) return before;
    const entry = tableEntryOf(this.#file?.datasets.get(`${project}.${dataset}`), table);
    // The answer must be about the table that was asked for, or its classes would be another's.
    const { projectId, datasetId, tableId } = resource.tableReference;
    if (`${projectId}.${datasetId}.${tableId}` !== name)
      throw new Error(`BigQuery answered with another table than ${name}`);
    const classes = classifyTable(resource, labels, this.#file, travelled);
    const loaded: LoadedTable = {
      name,
      resource,
      dataset: labels,
      travelled,
      classes,
      mayHoldPhi: mayHoldPhi(resource, labels, this.#file, classes),
      missing: missingColumns(resource, entry).map((path) => `${name}.${path}`),
      version,
    };
    this.#loaded.set(resource, loaded);
    return loaded;
  }
}

interface LoadedTable {
  readonly name: TableName;
  readonly resource: TableResource;
  readonly dataset: DatasetResource | undefined;
  readonly travelled: ReadonlyMap<string, readonly DataClass[]> | undefined;
  readonly classes: ClassifiedTable;
  readonly mayHoldPhi: boolean;
  readonly missing: readonly ColumnName[];
  /** Of all that was used of it. */
  readonly version: string;
}

/** By name; undefined for what there isn't. */
interface Loaded {
  readonly tables: Map<TableName, LoadedTable | undefined>;
  readonly routines: Map<RoutineName, RoutineResource | undefined>;
  readonly models: Map<string, LoadedModel>;
  /** By a wildcard's name as far as the star: the tables that match. */
  readonly wildcards: Map<TableName, readonly TableName[]>;
}

interface LoadedModel {
  readonly resource: ModelResource | undefined;
  /** Classes of what it was trained on through the gateway. */
  readonly trained: readonly DataClass[];
}

function newLoaded(): Loaded {
  return { tables: new Map(), routines: new Map(), models: new Map(), wildcards: new Map() };
}

function requireFew(count: number, what: string): void {
  if (count > MOST_TABLES) throw new CatalogError(`More than ${MOST_TABLES} ${what} in one query.`);
}

async function inTurns<T>(items: readonly T[], ask: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map(ask));
  }
}

function union(names: readonly CatalogNames[]): CatalogNames {
  const all = (list: (names: CatalogNames) => readonly string[]) => [...new Set(names.flatMap(list))].sort();
  return {
    tables: all((n) => n.tables),
    wildcards: all((n) => n.wildcards),
    routines: all((n) => n.routines),
    models: all((n) => n.models),
    metadata: [],
  };
}

class Snapshot implements CatalogSnapshot {
  readonly version: string;
  readonly missing: readonly ColumnName[];
  readonly #loaded: Loaded;
  readonly #file: CatalogFile | undefined;
  readonly isCurrent: () => boolean;

  constructor(loaded: Loaded, file: CatalogFile | undefined, isCurrent: () => boolean = () => false) {
    this.#loaded = loaded;
    this.#file = file;
    this.isCurrent = isCurrent;
    const inOrder = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    const tables = inOrder(loaded.tables).flatMap(([, table]) => table ?? []);
    this.missing = tables.flatMap(({ missing }) => missing);
    this.version = sha256([
      file?.hash ?? null,
      tables.map(({ version }) => version),
      inOrder(loaded.routines).map(([name, routine]) => [name, routine === undefined ? null : routineParts(routine)]),
      inOrder(loaded.models).map(([name, { resource, trained }]) => [name, resource ?? null, trained]),
      inOrder(loaded.wildcards),
    ]);
  }

  routine(name: RoutineName): RoutineResource | undefined {
    return this.#loaded.routines.get(name);
  }

  model(name: string): ModelResource | undefined {
    return this.#loaded.models.get(name)?.resource;
  }

  wildcard(prefix: TableName): readonly TableResource[] | undefined {
    return this.#loaded.wildcards.get(prefix)?.flatMap((name) => this.table(name) ?? []);
  }

  table(name: TableName): TableResource | undefined {
    return this.#loaded.tables.get(name)?.resource;
  }

  metadata(): undefined {
    return undefined;
  }

  plain(): PlainCatalog {
    const { tables, routines, models, wildcards } = this.#loaded;
    return {
      tables: new Map([...tables].flatMap(([name, table]) => (table === undefined ? [] : [[name, table.resource]]))),
      routines: new Map([...routines].flatMap(([name, routine]) => (routine === undefined ? [] : [[name, routine]]))),
      models: new Map(
        [...models].flatMap(([name, { resource }]) => (resource === undefined ? [] : [[name, resource]])),
      ),
      wildcards,
      metadata: new Map(),
    };
  }

  subject(table: TableName): string | undefined {
    const { project, dataset, table: name } = tableParts(table);
    return tableEntryOf(this.#file?.datasets.get(`${project}.${dataset}`), name)?.subject;
  }

  classes(column: ColumnName, when: "now" | "past" = "now"): ClassifiedColumn {
    const { tableName, path } = columnParts(column);
    const table = this.#loaded.tables.get(tableName);
    const folded = foldPath(path);
    const trained = folded === "*" ? this.#loaded.models.get(tableName)?.trained : undefined;
    if (table === undefined) {
      const declared = declaredOf(this.#file, tableName, folded);
      if (declared !== undefined) return { column, classes: declared, source: "catalog-file" };
    }
    const found =
      table?.classes.get(folded) ??
      (PSEUDO_COLUMNS.has(folded) ? table?.classes.get("*") : ancestor(table?.classes, folded));
    if (found === undefined || trained !== undefined) {
      // What else a model was trained on, past the gateway, isn't known.
      const all = [...(found?.classes ?? []), "phi", ...(trained ?? [])];
      return { column, classes: [...new Set(all)].sort(), source: "phi-default" };
    }
    if (when === "now" || table?.mayHoldPhi !== true) return { ...found, column };
    return { ...found, column, classes: [...new Set([...found.classes, "phi"])].sort() };
  }
}

/**
 * What the file says of a column of a table that isn't loaded, or isn't there yet. Whoever makes it must not find values of other
 * classes declared away (threat-model C4).
 */
function declaredOf(file: CatalogFile | undefined, table: TableName, path: string): readonly DataClass[] | undefined {
  const { project, dataset, table: name } = tableParts(table);
  const entry = tableEntryOf(file?.datasets.get(`${project}.${dataset}`), name);
  const steps = path.split(".");
  for (let length = steps.length; length > 0; length--) {
    const classes = entry?.columns.get(steps.slice(0, length).join("."));
    if (classes !== undefined) return classes;
  }
  return entry?.phi === false ? [] : undefined;
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
      field.rangeElementType?.type ?? "",
      field.policyTags?.names ?? [],
      [field.maxLength, field.precision, field.scale, field.defaultValueExpression].map((part) => part ?? ""),
      fields(field.fields),
    ]);
  const {
    type = "TABLE",
    view,
    materializedView,
    timePartitioning,
    rangePartitioning,
    clustering,
    externalDataConfiguration,
  } = resource;
  return [
    type,
    fields(resource.schema?.fields),
    labelsOf(resource),
    view ?? null,
    materializedView ?? null,
    [timePartitioning?.field, timePartitioning?.type, rangePartitioning?.field].map((part) => part ?? ""),
    timePartitioning !== undefined,
    clustering?.fields ?? [],
    externalDataConfiguration ?? null,
  ];
}

/** All of a routine that analysis depends on. */
function routineParts(routine: RoutineResource): unknown {
  const { etag: _, routineReference: __, ...parts } = routine;
  return Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
}

function labelsOf(resource: { readonly labels?: Readonly<Record<string, string>> } | undefined): unknown {
  return resource === undefined ? null : Object.entries(resource.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(value: unknown): string {
  return hash("sha256", JSON.stringify(value), "hex");
}
