/**
 * What one job works with: a connection of its own, and what its statements made for the ones after them (variables,
 * temporary tables and functions, a transaction).
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Catalog, Table, TableResource } from "../catalog.ts";
import type { ColumnShape, Engine } from "../engine.ts";
import { describe } from "../engine.ts";
import { fromDuckDb, WarehouseError } from "../errors.ts";
import type { Model, ModelReference } from "../model/model.ts";
import type { Names, Relation, TableReference } from "../sql/names.ts";
import type { Routine } from "../sql/routine.ts";
import { duckType, type Field, fieldOf } from "../sql/types.ts";

interface Variable {
  readonly field: Field;
  /** Its name among DuckDB's variables. */
  readonly duckName: string;
}

export interface SessionOptions {
  readonly projectId: string;
  readonly defaultDataset: { readonly projectId: string; readonly datasetId: string } | undefined;
  /** The job's id: names what is temporary. */
  readonly id: string;
  /** A script: temporary tables and functions may be made. */
  readonly script: boolean;
}

export class Session implements Names {
  readonly connection: DuckDBConnection;
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly options: SessionOptions;
  #variables: Map<string, Variable>[] = [new Map()];
  #caller: Map<string, Variable>[] = [];
  readonly #temporary = new Map<string, TableReference>();
  readonly #routines = new Map<string, Routine>();
  /** What takes the catalog back when the transaction is rolled back; undefined outside of one. */
  #undo: (() => void)[] | undefined;
  #next = 0;

  constructor(connection: DuckDBConnection, engine: Engine, catalog: Catalog, options: SessionOptions) {
    this.connection = connection;
    this.engine = engine;
    this.catalog = catalog;
    this.options = options;
  }

  // ── names ──────────────────────────────────────────────────────────────────

  /** A table's full name; the default dataset fills in. */
  reference(parts: readonly string[]): TableReference {
    const { projectId: own, defaultDataset } = this.options;
    const [tableId, datasetId, projectId] = parts.toReversed();
    if (tableId === undefined || parts.length > 3) throw new WarehouseError("invalidQuery", "Invalid table name");
    // `_SESSION.t` is the temporary table, whatever else is called so.
    const session = datasetId?.toUpperCase() === "_SESSION" && projectId === undefined;
    if (datasetId === undefined || session) {
      const temporary = this.#temporary.get(tableId.toLowerCase());
      if (temporary) return temporary;
      if (session) throw new WarehouseError("notFound", `Not found: Table _SESSION.${tableId}`);
      if (defaultDataset === undefined) {
        throw new WarehouseError(
          "invalid",
          `Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`,
        );
      }
      return { ...defaultDataset, tableId };
    }
    return { projectId: projectId ?? own, datasetId, tableId };
  }

  table(parts: readonly string[]): Relation {
    const reference = this.reference(parts);
    if (reference.tableId.endsWith("*")) return this.#wildcard(reference);
    const table = this.catalog.table(reference);
    return table.view === undefined
      ? { kind: "table", reference, duckName: table.duckName }
      : { kind: "view", reference, query: table.view };
  }

  /** A table that can be written to. */
  base(parts: readonly string[]): Table {
    const reference = this.reference(parts);
    const table = this.catalog.table(reference);
    if (table.view !== undefined) {
      throw new WarehouseError(
        "invalidQuery",
        `${reference.projectId}:${reference.datasetId}.${reference.tableId} is not allowed for this operation because it is currently a VIEW.`,
      );
    }
    return table;
  }

  #wildcard(reference: TableReference): Relation {
    const prefix = reference.tableId.slice(0, -1);
    const tables = [...this.catalog.dataset(reference.projectId, reference.datasetId).tables.values()]
      .filter((t) => t.view === undefined && !t.anonymous && t.tableReference.tableId.startsWith(prefix))
      .toSorted((a, b) => (a.tableReference.tableId < b.tableReference.tableId ? -1 : 1));
    if (tables.length === 0) {
      const name = `${reference.projectId}:${reference.datasetId}.${reference.tableId}`;
      throw new WarehouseError("invalidQuery", `${name} does not match any table.`);
    }
    return {
      kind: "wildcard",
      tables: tables.map((t) => ({
        reference: t.tableReference,
        duckName: t.duckName,
        suffix: t.tableReference.tableId.slice(prefix.length),
      })),
    };
  }

  columnsOf(parts: readonly string[]): readonly string[] {
    if (parts.length === 1 && !this.#temporary.has(parts[0]?.toLowerCase() ?? "") && !this.options.defaultDataset)
      return [];
    return this.catalog.find(this.reference(parts))?.schema.fields.map((f) => f.name) ?? [];
  }

  routine(parts: readonly string[]): Routine | undefined {
    const [routineId = "", datasetId, projectId] = parts.toReversed();
    if (datasetId === undefined) {
      const own = this.#routines.get(routineId.toLowerCase());
      const dataset = this.options.defaultDataset;
      return own ?? (dataset && this.catalog.findRoutine({ ...dataset, routineId }));
    }
    if (parts.length > 3) return undefined;
    return this.catalog.findRoutine({ projectId: projectId ?? this.options.projectId, datasetId, routineId });
  }

  modelReference(parts: readonly string[]): ModelReference {
    const { projectId, datasetId, tableId } = this.reference(parts);
    return { projectId, datasetId, modelId: tableId };
  }

  model(parts: readonly string[]): Model {
    return this.catalog.model(this.modelReference(parts));
  }

  // ── variables ──────────────────────────────────────────────────────────────

  variable(name: string): string | undefined {
    const variable = this.variableNamed(name);
    return variable && `CAST(getvariable('${variable.duckName}') AS ${duckType(variable.field)})`;
  }

  variableNamed(name: string): Variable | undefined {
    for (const scope of this.#variables.toReversed()) {
      const variable = scope.get(name.toLowerCase());
      if (variable) return variable;
    }
    return undefined;
  }

  declare(name: string, field: Field): Variable {
    const scope = this.#variables.at(-1);
    if (scope?.has(name.toLowerCase())) throw new WarehouseError("invalidQuery", `Variable '${name}' redeclaration`);
    this.#next += 1;
    const variable = { field, duckName: `v${this.#next}` };
    scope?.set(name.toLowerCase(), variable);
    return variable;
  }

  /** Runs a block: its variables end with it. */
  async inBlock<T>(work: () => Promise<T>): Promise<T> {
    this.#variables.push(new Map());
    try {
      return await work();
    } finally {
      this.#variables.pop();
    }
  }

  /** Runs a procedure's body, which sees no variables but its own. */
  async apart<T>(work: () => Promise<T>): Promise<T> {
    this.#caller = this.#variables;
    const outer = this.#variables;
    this.#variables = [new Map()];
    try {
      return await work();
    } finally {
      this.#variables = outer;
    }
  }

  /** Gives the caller's variable a name in the procedure. */
  adopt(name: string, callers: string): void {
    const variable = this.#caller.at(-1)?.get(callers.toLowerCase());
    if (variable) this.#variables.at(-1)?.set(name.toLowerCase(), variable);
  }

  // ── what statements make ───────────────────────────────────────────────────

  async describe(sql: string): Promise<ColumnShape[]> {
    return describe(this.connection, sql);
  }

  async fields(sql: string): Promise<Field[]> {
    return (await this.describe(sql)).map((column) => fieldOf(column.name, column.type));
  }

  async run(sql: string): Promise<void> {
    try {
      await this.connection.run(sql);
    } catch (error) {
      throw fromDuckDb(error);
    }
  }

  /** Runs DuckDB SQL and reads the rows. */
  async read(sql: string): Promise<unknown[][]> {
    try {
      return await (await this.connection.run(sql)).getRows();
    } catch (error) {
      throw fromDuckDb(error);
    }
  }

  /** All or nothing; the statements of a transaction are already within one. */
  async atomically<T>(work: () => Promise<T>): Promise<T> {
    if (this.#undo) return work();
    await this.begin();
    try {
      const result = await work();
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  get inTransaction(): boolean {
    return this.#undo !== undefined;
  }

  async begin(): Promise<void> {
    if (this.#undo) throw new WarehouseError("invalidQuery", "Transaction is already in progress");
    await this.run("BEGIN TRANSACTION");
    this.#undo = [];
  }

  async commit(): Promise<void> {
    if (!this.#undo) throw new WarehouseError("invalidQuery", "There is no transaction in progress to commit");
    await this.run("COMMIT");
    this.#undo = undefined;
  }

  async rollback(): Promise<void> {
    if (!this.#undo) throw new WarehouseError("invalidQuery", "There is no transaction in progress to roll back");
    const undo = this.#undo.toReversed();
    this.#undo = undefined;
    await this.run("ROLLBACK");
    for (const step of undo) step();
  }

  /** Puts a DuckDB table, or a view, into the catalog. */
  register(resource: TableResource, duckName: string, numRows: number): Table {
    const before = this.catalog.find(resource.tableReference);
    const table = this.catalog.register(resource, duckName, numRows, false);
    this.#undo?.push(() => this.#restore(resource.tableReference, before));
    return table;
  }

  unregister(reference: TableReference): void {
    const before = this.catalog.find(reference);
    this.catalog.unregister(reference);
    this.#undo?.push(() => this.#restore(reference, before));
  }

  #restore(reference: TableReference, table: Table | undefined): void {
    if (table) this.catalog.put(table);
    else this.catalog.unregister(reference);
  }

  /** Counts the rows of a table that has changed. */
  async recount(table: Table): Promise<void> {
    const before = table.numRows;
    const [row] = await this.read(`SELECT count(*) FROM ${table.duckName}`);
    table.numRows = Number(row?.[0] ?? 0);
    table.modified = this.catalog.now();
    this.#undo?.push(() => {
      table.numRows = before;
    });
  }

  /** The name a temporary table gets, in a dataset nobody lists. */
  temporaryReference(name: string): TableReference {
    const { projectId, id, script } = this.options;
    if (!script) throw new WarehouseError("invalidQuery", "Use of CREATE TEMPORARY TABLE requires a script or session");
    const datasetId = `_script${Buffer.from(id).toString("hex").slice(0, 40)}`;
    this.catalog.ensureDataset(projectId, datasetId);
    return { projectId, datasetId, tableId: name };
  }

  addTemporary(reference: TableReference): void {
    this.#temporary.set(reference.tableId.toLowerCase(), reference);
  }

  addRoutine(routine: Routine): void {
    this.#routines.set(routine.reference.routineId.toLowerCase(), routine);
  }

  hasTemporary(name: string): boolean {
    return this.#temporary.has(name.toLowerCase());
  }
}
