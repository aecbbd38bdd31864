/** Projects, datasets and tables: what BigQuery's metadata calls answer from. Names are case-sensitive. */
import { createHash } from "node:crypto";
import { DuckDBDataChunk, type DuckDBValue } from "@duckdb/node-api";
import type { Engine } from "./engine.ts";
import { WarehouseError } from "./errors.ts";
import type { Model, ModelReference } from "./model/model.ts";
import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from "./rest/json.ts";
import type { TableReference } from "./sql/names.ts";
import type { Routine, RoutineReference } from "./sql/routine.ts";
import { duckType, estimatedBytes, type Field, type FieldMode, fieldType, quoteIdentifier } from "./sql/types.ts";

/** What a caller gives to create a table: the REST API's Table resource, or the part of it that matters. */
export interface TableResource {
  readonly tableReference: TableReference;
  readonly schema: { readonly fields: readonly Field[] };
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly friendlyName?: string;
  /** GoogleSQL of a view. */
  readonly view?: string;
  /** Shown as an external table of this format; its rows are here all the same. */
  readonly external?: { readonly sourceFormat: string };
  /** Shown as partitioned so; it isn't, and has no pseudo-columns. */
  readonly timePartitioning?: { readonly type: string };
}

export interface DatasetResource {
  readonly datasetReference: { readonly projectId: string; readonly datasetId: string };
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly location?: string;
  /** Its tables are found by their names in any case. */
  readonly isCaseInsensitive?: boolean;
}

export interface Table extends TableResource {
  /** DuckDB's `schema.name`; empty for a view. */
  readonly duckName: string;
  readonly created: number;
  modified: number;
  numRows: number;
  /** Written by a query, not by a caller: no place in `tables.list`. */
  readonly anonymous: boolean;
}

export interface CatalogRoutine extends Routine {
  readonly created: number;
}

export interface CatalogModel extends Model {
  readonly created: number;
}

interface Dataset extends DatasetResource {
  readonly created: number;
  readonly tables: Map<string, Table>;
  readonly routines: Map<string, CatalogRoutine>;
  readonly models: Map<string, CatalogModel>;
}

/** Rows a chunk holds when loaded. */
const CHUNK_ROWS = 2048;

export class Catalog {
  readonly #engine: Engine;
  readonly #now: () => number;
  readonly #datasets = new Map<string, Dataset>();
  readonly #projects = new Set<string>();
  #next = 0;

  constructor(engine: Engine, projects: readonly string[], now: () => number) {
    this.#engine = engine;
    this.#now = now;
    for (const project of projects) this.#projects.add(project);
  }

  get projects(): string[] {
    return [...this.#projects];
  }

  requireProject(projectId: string): void {
    if (!this.#projects.has(projectId)) throw new WarehouseError("notFound", `Not found: Project ${projectId}`);
  }

  datasets(projectId: string): Dataset[] {
    this.requireProject(projectId);
    return [...this.#datasets.values()].filter(
      (d) => d.datasetReference.projectId === projectId && !d.datasetReference.datasetId.startsWith("_"),
    );
  }

  dataset(projectId: string, datasetId: string): Dataset {
    const dataset = this.#datasets.get(`${projectId}:${datasetId}`);
    if (!dataset) throw new WarehouseError("notFound", `Not found: Dataset ${projectId}:${datasetId}`);
    return dataset;
  }

  createDataset(resource: DatasetResource): Dataset {
    const { projectId, datasetId } = resource.datasetReference;
    if (!/^\w{1,1024}$/.test(datasetId)) throw new WarehouseError("invalid", `Invalid dataset ID "${datasetId}"`);
    const key = `${projectId}:${datasetId}`;
    if (this.#datasets.has(key)) throw new WarehouseError("duplicate", `Already Exists: Dataset ${key}`);
    this.#projects.add(projectId);
    const dataset: Dataset = {
      ...resource,
      created: this.#now(),
      tables: new Map(),
      routines: new Map(),
      models: new Map(),
    };
    this.#datasets.set(key, dataset);
    return dataset;
  }

  /** The dataset, made when missing: for anonymous results. */
  ensureDataset(projectId: string, datasetId: string): Dataset {
    return (
      this.#datasets.get(`${projectId}:${datasetId}`) ??
      this.createDataset({ datasetReference: { projectId, datasetId } })
    );
  }

  find(reference: TableReference): Table | undefined {
    const dataset = this.#datasets.get(`${reference.projectId}:${reference.datasetId}`);
    return dataset === undefined ? undefined : tableIn(dataset, reference.tableId);
  }

  table(reference: TableReference): Table {
    const dataset = this.dataset(reference.projectId, reference.datasetId);
    const table = tableIn(dataset, reference.tableId);
    if (!table) {
      throw new WarehouseError(
        "notFound",
        `Not found: Table ${reference.projectId}:${reference.datasetId}.${reference.tableId}`,
      );
    }
    return table;
  }

  /** An empty table of the given schema. */
  async createTable(resource: TableResource): Promise<Table> {
    const duckName = this.freshName("data");
    this.#refuseDuplicate(resource.tableReference);
    const columns = resource.schema.fields.map((f) => `${quoteIdentifier(f.name)} ${duckType(f)}`);
    if (columns.length === 0) throw new WarehouseError("invalid", "A table needs a schema with at least one field");
    await this.#engine.run(`CREATE TABLE ${duckName} (${columns.join(", ")})`);
    return this.register(resource, duckName, 0, false);
  }

  /** Takes a DuckDB table into the catalog; one of the same name is forgotten. */
  register(resource: TableResource, duckName: string, numRows: number, anonymous: boolean): Table {
    const { projectId, datasetId, tableId } = resource.tableReference;
    const dataset = this.dataset(projectId, datasetId);
    const now = this.#now();
    const table: Table = { ...resource, duckName, created: now, modified: now, numRows, anonymous };
    dataset.tables.set(tableId, table);
    return table;
  }

  /** Takes a table back into the catalog as it was. */
  put(table: Table): void {
    const { projectId, datasetId, tableId } = table.tableReference;
    this.dataset(projectId, datasetId).tables.set(tableId, table);
  }

  now(): number {
    return this.#now();
  }

  routines(projectId: string, datasetId: string): CatalogRoutine[] {
    return [...this.dataset(projectId, datasetId).routines.values()];
  }

  findRoutine({ projectId, datasetId, routineId }: RoutineReference): CatalogRoutine | undefined {
    return this.#datasets.get(`${projectId}:${datasetId}`)?.routines.get(routineId);
  }

  putRoutine(routine: Routine): void {
    const { projectId, datasetId, routineId } = routine.reference;
    this.dataset(projectId, datasetId).routines.set(routineId, { ...routine, created: this.#now() });
  }

  removeRoutine({ projectId, datasetId, routineId }: RoutineReference): void {
    this.#datasets.get(`${projectId}:${datasetId}`)?.routines.delete(routineId);
  }

  models(projectId: string, datasetId: string): CatalogModel[] {
    return [...this.dataset(projectId, datasetId).models.values()];
  }

  findModel({ projectId, datasetId, modelId }: ModelReference): CatalogModel | undefined {
    return this.#datasets.get(`${projectId}:${datasetId}`)?.models.get(modelId);
  }

  model(reference: ModelReference): CatalogModel {
    const { projectId, datasetId, modelId } = reference;
    this.dataset(projectId, datasetId);
    const model = this.findModel(reference);
    if (!model) throw new WarehouseError("notFound", `Not found: Model ${projectId}:${datasetId}.${modelId}`);
    return model;
  }

  putModel(model: Model): void {
    const { projectId, datasetId, modelId } = model.reference;
    this.dataset(projectId, datasetId).models.set(modelId, { ...model, created: this.#now() });
  }

  removeModel({ projectId, datasetId, modelId }: ModelReference): void {
    this.#datasets.get(`${projectId}:${datasetId}`)?.models.delete(modelId);
  }

  unregister(reference: TableReference): void {
    this.#datasets.get(`${reference.projectId}:${reference.datasetId}`)?.tables.delete(reference.tableId);
  }

  freshName(schema: "data" | "results"): string {
    this.#next += 1;
    return `${schema}.t${this.#next}`;
  }

  #refuseDuplicate(reference: TableReference): void {
    if (this.find(reference)) {
      throw new WarehouseError(
        "duplicate",
        `Already Exists: Table ${reference.projectId}:${reference.datasetId}.${reference.tableId}`,
      );
    }
  }

  /** Appends rows; each is the values in column order. */
  async append(table: Table, rows: readonly (readonly DuckDBValue[])[]): Promise<void> {
    const [schema, name] = table.duckName.split(".");
    await this.#engine.use(async (connection) => {
      const appender = await connection.createAppender(name ?? "", schema);
      const types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i));
      for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
        const chunk = DuckDBDataChunk.create(types);
        chunk.setRows(rows.slice(at, at + CHUNK_ROWS).map((row) => [...row]));
        appender.appendDataChunk(chunk);
      }
      appender.flushSync();
      appender.closeSync();
    });
    table.numRows += rows.length;
    table.modified = this.#now();
  }
}

/** Logical bytes of a table, estimated from its schema. */
export function tableBytes(table: Table): number {
  return (
    table.numRows *
    table.schema.fields.reduce((sum, field) => sum + estimatedBytes(field) * (field.mode === "REPEATED" ? 2 : 1), 0)
  );
}

/** `tables.get`. */
export function tableJson(table: Table, location: string): JsonObject {
  const { projectId, datasetId, tableId } = table.tableReference;
  const body: JsonObject = {
    kind: "bigquery#table",
    etag: "",
    id: `${projectId}:${datasetId}.${tableId}`,
    selfLink: `/bigquery/v2/projects/${projectId}/datasets/${datasetId}/tables/${tableId}`,
    tableReference: { projectId, datasetId, tableId },
    ...(table.friendlyName === undefined ? {} : { friendlyName: table.friendlyName }),
    ...(table.description === undefined ? {} : { description: table.description }),
    ...(table.labels === undefined ? {} : { labels: { ...table.labels } }),
    schema: { fields: table.schema.fields.map(fieldJson) },
    ...(table.view === undefined ? {} : { view: { query: table.view, useLegacySql: false } }),
    numBytes: String(tableBytes(table)),
    numLongTermBytes: "0",
    numRows: String(table.numRows),
    creationTime: String(table.created),
    lastModifiedTime: String(table.modified),
    ...(table.timePartitioning === undefined ? {} : { timePartitioning: { ...table.timePartitioning } }),
    ...(table.external === undefined ? {} : { externalDataConfiguration: { ...table.external } }),
    type: tableType(table),
    location,
  };
  body.etag = etag(body);
  return body;
}

export function tableType({ view, external }: TableResource): string {
  if (view !== undefined) return "VIEW";
  return external === undefined ? "TABLE" : "EXTERNAL";
}

export function fieldJson(field: Field): JsonObject {
  return {
    name: field.name,
    type: field.type,
    mode: field.mode ?? "NULLABLE",
    ...(field.fields === undefined ? {} : { fields: field.fields.map(fieldJson) }),
    ...(field.description === undefined ? {} : { description: field.description }),
    ...(field.policyTags === undefined ? {} : { policyTags: { names: [...field.policyTags.names] } }),
  };
}

/** A schema from outside. Throws `invalid` on unknown types and modes. */
export function readFields(schema: JsonObject): Field[] {
  return arrayAt(schema, "fields").map((item) => {
    if (!isObject(item)) throw new WarehouseError("invalid", "Invalid field in the schema");
    const name = stringAt(item, "name") ?? "";
    const type = fieldType(stringAt(item, "type") ?? "");
    const mode = (stringAt(item, "mode") ?? "NULLABLE").toUpperCase();
    if (!/^[A-Za-z_]\w{0,299}$/.test(name)) throw new WarehouseError("invalid", `Invalid field name "${name}"`);
    if (type === undefined) throw new WarehouseError("invalid", `Invalid value for type of field ${name}`);
    if (!isMode(mode)) throw new WarehouseError("invalid", `Invalid value for mode of field ${name}`);
    const description = stringAt(item, "description");
    const tags = arrayAt(objectAt(item, "policyTags"), "names").filter((tag) => typeof tag === "string");
    return {
      name,
      type,
      mode,
      ...(type === "RECORD" ? { fields: readFields(item) } : {}),
      ...(description === undefined ? {} : { description }),
      ...(tags.length === 0 ? {} : { policyTags: { names: tags } }),
    };
  });
}

function isMode(text: string): text is FieldMode {
  return text === "NULLABLE" || text === "REQUIRED" || text === "REPEATED";
}

export function etag(body: unknown): string {
  return createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 22);
}

function tableIn({ tables, isCaseInsensitive }: Dataset, tableId: string): Table | undefined {
  if (isCaseInsensitive !== true) return tables.get(tableId);
  const folded = tableId.toLowerCase();
  return [...tables].find(([id]) => id.toLowerCase() === folded)?.[1];
}
