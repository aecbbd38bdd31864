/** DuckDB in this process, with the databases that the queries run on. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Choices, numbersFrom } from "./choices.ts";
import type { Outcome } from "./oracle.ts";
import {
  CHANGES,
  type Change,
  changedRows,
  createTable,
  DATABASE_KINDS,
  PATHS,
  type ProtectedPath,
  type Rows,
  randomRows,
  TABLES,
  type Table,
} from "./schema.ts";

/** Enough for every value of the largest table. */
const NUMBERS = 4000;

export interface Changed {
  readonly path: ProtectedPath;
  readonly rows: Rows;
  readonly physical: string;
}

export class Warehouse {
  #connection: DuckDBConnection | null = null;
  readonly #made = new Set<string>();

  async #connect(): Promise<DuckDBConnection> {
    if (this.#connection === null) {
      const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
      this.#connection = await instance.connect();
      // Without it, more is computed than the result needs, and so more can fail.
      await this.#connection.run("PRAGMA disable_optimizer");
    }
    return this.#connection;
  }

  close(): void {
    this.#connection?.closeSync();
    this.#connection = null;
    this.#made.clear();
  }

  async run(sql: string): Promise<Outcome> {
    const connection = await this.#connect();
    try {
      const reader = await connection.runAndReadAll(sql);
      return { kind: "rows", rows: reader.getRowsJson() };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (/INTERNAL|FATAL|invalidated/.test(message)) this.close();
      return { kind: "error", message };
    }
  }

  async replace(physical: string, table: Table, rows: Rows): Promise<void> {
    const connection = await this.#connect();
    await connection.run(createTable(physical, table, rows));
  }

  async put(physical: string, table: Table, rows: Rows): Promise<void> {
    if (this.#made.has(physical)) return;
    await this.replace(physical, table, rows);
    this.#made.add(physical);
  }

  /** Makes the base table of database `seed`, and returns its name and rows. */
  async base(table: Table, seed: number): Promise<{ readonly physical: string; readonly rows: Rows }> {
    const rows = randomRows(
      new Choices(numbersFrom(seed * 10 + TABLES.indexOf(table), NUMBERS)),
      table,
      DATABASE_KINDS[seed],
    );
    const physical = `${table.name}_${seed}`;
    await this.put(physical, table, rows);
    return { physical, rows };
  }

  /** The same table, different in one path. */
  async changed(table: Table, seed: number, path: ProtectedPath, change: Change, variant: number): Promise<Changed> {
    const base = await this.base(table, seed);
    const at = PATHS.indexOf(path);
    const numbers = numbersFrom(((seed * 64 + at) * 8 + CHANGES.indexOf(change)) * 4 + variant, NUMBERS);
    const rows = changedRows(base.rows, table, path, change, new Choices(numbers));
    const physical = `${table.name}_${seed}_${at}_${change}_${variant}`;
    await this.put(physical, table, rows);
    return { path, rows, physical };
  }
}

/** A query that DuckDB can't run on any data: it says nothing about the plan. */
export function isRefusal(message: string): boolean {
  return /^(Binder|Parser|Catalog|Not implemented|INTERNAL|FATAL|Invalid type)/i.test(message);
}
