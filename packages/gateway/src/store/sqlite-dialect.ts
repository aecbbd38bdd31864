import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import type { Database } from "./schema.ts";

/** Prepared statements kept per connection (I10). */
const STATEMENTS = 256;

interface Prepared {
  readonly statement: StatementSync;
  /** It gives rows. Asking SQLite for the columns costs as much as many a statement. */
  readonly reader: boolean;
}

/**
 * Kysely over a connection of node:sqlite. Kysely's own SQLite dialect speaks to anything with better-sqlite3's `prepare`;
 * this gives it that. Everything underneath is synchronous.
 */
export class SqliteConnection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();

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
            const { statement, reader } = this.#statement(sql);
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
    const { statement, reader } = this.#statement(sql);
    if (reader) return statement.all(...values(parameters)).map((row) => ({ ...row }));
    statement.run(...values(parameters));
    return [];
  }

  #statement(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    const prepared = { statement, reader: statement.columns().length > 0 };
    if (this.#statements.size >= STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
      return value;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`a query parameter of type ${typeof value}: SQLite takes text, numbers, bytes and null`);
  });
}
