import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import type { Database } from "./schema.ts";

/** Prepared statements kept per connection (I10). */
const STATEMENTS = 256;

interface Prepared {
  readonly statement: StatementSync;
  /** It gives rows. Asking SQLite for the columns costs as much as many a statement. */
  readonly reader: boolean;
  /** The table that it writes; ANY_TABLE: nobody knows. undefined: it only reads. */
  readonly writes: string | undefined;
}

/** Stands for every table. */
export const ANY_TABLE = "*";
const READS = /^\s*select\b/i;
const WRITES = /^\s*(?:insert(?:\s+or\s+\w+)?\s+into|update|delete\s+from)\s+"(\w+)"/i;

/** The table that a statement writes, as Kysely writes its name. */
function tableWritten(sql: string): string | undefined {
  return READS.test(sql) ? undefined : (WRITES.exec(sql)?.[1] ?? ANY_TABLE);
}

/**
 * Kysely over a connection of node:sqlite. Kysely's own SQLite dialect speaks to anything with better-sqlite3's `prepare`;
 * this gives it that. Everything underneath is synchronous.
 */
export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();
  /** How often each table was written, and all of them. */
  readonly #changes = new Map<string, number>();
  #written = new Set<string>();
  #writes = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** `allow` is asked before each statement runs and throws to refuse it. */
  kysely(allow: (sql: string) => void): Kysely<Database> {
    return new Kysely<Database>({
      dialect: new SqliteDialect({
        database: {
          close: () => undefined,
          prepare: (sql) => {
            allow(sql);
            const { statement, reader, writes } = this.#statement(sql);
            if (writes !== undefined) this.changed(writes);
            return {
              reader,
              all: (parameters) => statement.all(...values(parameters)).map((row) => ({ ...row })),
              run: (parameters) => statement.run(...values(parameters)),
              // A cached statement may be run again while this one is still being read.
              iterate: (parameters) => this.#db.prepare(sql).iterate(...values(parameters)),
            };
          },
        },
      }),
    });
  }

  /** Runs a statement; rows of one that gives any. */
  all(sql: string, parameters: readonly unknown[]): readonly object[] {
    const { statement, reader, writes } = this.#statement(sql);
    if (writes !== undefined) this.changed(writes);
    if (reader) return statement.all(...values(parameters)).map((row) => ({ ...row }));
    statement.run(...values(parameters));
    return [];
  }

  /** Runs a statement; the first row of one that gives any. */
  first(sql: string, parameters: readonly unknown[]): object | undefined {
    const { statement, writes } = this.#statement(sql);
    if (writes !== undefined) this.changed(writes);
    const row = statement.get(...values(parameters));
    return row === undefined ? undefined : { ...row };
  }

  /** Runs a statement that gives no rows; how many it changed. One that changed none wrote nothing. */
  run(sql: string, parameters: readonly unknown[]): number {
    const { statement, writes } = this.#statement(sql);
    // Of one that fails nobody knows.
    let changes = 1;
    try {
      changes = Number(statement.run(...values(parameters)).changes);
    } finally {
      if (writes !== undefined && (changes > 0 || writes === ANY_TABLE)) this.changed(writes);
    }
    return changes;
  }

  /** How often anything was written here, or would have been. */
  get writes(): number {
    return this.#writes;
  }

  /** That a table was written, here or on another connection, or may be again what it was before (ANY_TABLE, after a rollback). */
  changed(table: string): void {
    this.#writes++;
    this.#changes.set(table, (this.#changes.get(table) ?? 0) + 1);
    this.#written.add(table);
  }

  /** Another number after each change of one of the tables. */
  version(tables: readonly string[]): number {
    let version = this.#changes.get(ANY_TABLE) ?? 0;
    for (const table of tables) version += this.#changes.get(table) ?? 0;
    return version;
  }

  /** The tables changed since this was asked last. */
  takeWritten(): readonly string[] {
    const written = [...this.#written];
    this.#written = new Set();
    return written;
  }

  #statement(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    const prepared = { statement, reader: statement.columns().length > 0, writes: tableWritten(sql) };
    if (this.#statements.size >= STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** Checked, as they are: SQLite's own refusal would quote them. */
function values(parameters: readonly unknown[]): readonly SQLInputValue[] {
  for (const value of parameters) {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint") continue;
    if (value instanceof Uint8Array) continue;
    throw new TypeError(`a query parameter of type ${typeof value}: SQLite takes text, numbers, bytes and null`);
  }
  return parameters as readonly SQLInputValue[];
}
