/** The DuckDB behind the warehouse: one in-memory database, a connection for each thing that runs at once. */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBMaterializedResult,
  type DuckDBResult,
  type DuckDBType,
} from "@duckdb/node-api";
import { fromDuckDb, WarehouseError } from "./errors.ts";
import { macroStatements } from "./sql/macros.ts";

/** Idle connections kept for the next query. */
const IDLE_CONNECTIONS = 8;

export interface ColumnShape {
  readonly name: string;
  readonly type: DuckDBType;
}

export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  #closed = false;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** A fresh database with GoogleSQL's functions; it can reach neither files nor the network. */
  static async create(): Promise<Engine> {
    const instance = await DuckDBInstance.create(":memory:", {
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      threads: "2",
    });
    const engine = new Engine(instance);
    await engine.use(async (connection) => {
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      await connection.run("SET GLOBAL default_null_order = 'nulls_first_on_asc_last_on_desc'");
      await connection.run(macroStatements().join(";\n"));
      await connection.run("CREATE SCHEMA data");
      await connection.run("CREATE SCHEMA results");
      await connection.run("SET GLOBAL enable_external_access = false");
      await connection.run("SET GLOBAL lock_configuration = true");
    });
    return engine;
  }

  /** Runs `work` with a connection of its own. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new WarehouseError("backendError", "The warehouse is closed");
    const connection = this.#idle.pop() ?? (await this.#instance.connect());
    try {
      return await work(connection);
    } finally {
      if (this.#closed || this.#idle.length >= IDLE_CONNECTIONS) connection.closeSync();
      else this.#idle.push(connection);
    }
  }

  /** Runs DuckDB SQL and reads everything. */
  async run(sql: string): Promise<DuckDBMaterializedResult> {
    return this.use((connection) => connection.run(sql));
  }

  /** Rows as they come, on a connection held until the iteration ends. */
  async stream(sql: string, each: (result: DuckDBResult) => Promise<void>): Promise<void> {
    await this.use(async (connection) => each(await connection.stream(sql)));
  }

  /** Runs `work` with a connection that nobody uses after it. */
  async useFresh<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new WarehouseError("backendError", "The warehouse is closed");
    const connection = await this.#instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    this.#instance.closeSync();
  }
}

/** The result columns of a query that isn't run. Throws BigQuery's error for what doesn't bind. */
export async function describe(connection: DuckDBConnection, sql: string): Promise<ColumnShape[]> {
  try {
    const prepared = await connection.prepare(sql);
    const columns = Array.from({ length: prepared.columnCount }, (_, i) => ({
      name: prepared.columnName(i),
      type: prepared.columnType(i),
    }));
    prepared.destroySync();
    return columns;
  } catch (error) {
    throw fromDuckDb(error);
  }
}
