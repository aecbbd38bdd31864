import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Database } from "./schema.ts";
import type { SqliteConnection } from "./sqlite-dialect.ts";
import type { LedgerTables } from "./tables.ts";

/** What can be asked: the store, or a command's transaction. */
export interface Connected {
  readonly db: Kysely<Database>;
}

interface Direct {
  readonly connection: SqliteConnection;
  readonly allow: (sql: string) => void;
}

const DIRECT = Symbol("direct");

/** From now on prepared statements of `on` go to SQLite. `allow` is asked before each and throws to refuse it. */
export function askDirectly(on: Connected, connection: SqliteConnection, allow: Direct["allow"]): void {
  (on as Asked)[DIRECT] = { connection, allow };
}

interface Asked extends Connected {
  [DIRECT]?: Direct;
}

function directOf(on: Connected): Direct {
  const direct = (on as Asked)[DIRECT];
  if (direct === undefined) throw new Error("a prepared statement is asked of the store, or within a command");
  return direct;
}

/** What answers here: the same for a command as for the one before. undefined: nobody knows. */
export function answering(on: Connected): object | undefined {
  return (on as Asked)[DIRECT]?.connection;
}

/** Stands for what is given at each run, in the place where Kysely keeps a parameter. */
class Place {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const builder = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** A statement that was built once: to build it costs ten times what SQLite takes to run it. It answers at once. */
export class Prepared<Given extends object, Row> {
  readonly #sql: string;
  readonly #parameters: readonly unknown[];

  constructor({ sql, parameters }: CompiledQuery<Row>) {
    this.#sql = sql;
    this.#parameters = parameters;
  }

  all(on: Connected, given: Given): readonly Row[] {
    const { connection, allow } = directOf(on);
    const values = this.#values(given);
    allow(this.#sql);
    // The statement was compiled from a query of these rows.
    return connection.all(this.#sql, values) as readonly Row[];
  }

  first(on: Connected, given: Given): Row | undefined {
    const { connection, allow } = directOf(on);
    const values = this.#values(given);
    allow(this.#sql);
    return connection.first(this.#sql, values) as Row | undefined;
  }

  /** Of one that gives no rows: how many it changed. */
  run(on: Connected, given: Given): number {
    const { connection, allow } = directOf(on);
    const values = this.#values(given);
    allow(this.#sql);
    return connection.run(this.#sql, values);
  }

  /**
   * The same statement, whose rows are kept in memory until one of the tables it reads is written: for what is asked at each request and
   * seldom changes. It answers what SQLite would. `tables`: all that it reads. (The
   * ledger's are written by statements of the writer's own, and aren't remembered.)
   */
  remembered(...tables: readonly Exclude<keyof Database, keyof LedgerTables>[]): Remembered<Given, Row> {
    return new Remembered(this, tables);
  }

  #values(given: Given): unknown[] {
    return this.#parameters.map((parameter) =>
      parameter instanceof Place ? given[parameter.name as keyof Given] : parameter,
    );
  }
}

/** Questions kept of one statement and connection (I10). */
const QUESTIONS = 1000;

interface Kept<Row> {
  readonly version: number;
  readonly rows: Map<string, readonly Row[]>;
}

/** Made by `Prepared.remembered`. */
export class Remembered<Given extends object, Row> {
  readonly #statement: Prepared<Given, Row>;
  readonly #tables: readonly string[];
  readonly #kept = new WeakMap<SqliteConnection, Kept<Row>>();

  constructor(statement: Prepared<Given, Row>, tables: readonly string[]) {
    this.#statement = statement;
    this.#tables = tables;
  }

  all(on: Connected, given: Given): readonly Row[] {
    const { connection } = directOf(on);
    const version = connection.version(this.#tables);
    let kept = this.#kept.get(connection);
    if (kept === undefined || kept.version !== version || kept.rows.size >= QUESTIONS) {
      kept = { version, rows: new Map() };
      this.#kept.set(connection, kept);
    }
    const question = JSON.stringify(given);
    const known = kept.rows.get(question);
    if (known !== undefined) return known;
    const rows = this.#statement.all(on, given);
    kept.rows.set(question, rows);
    return rows;
  }

  first(on: Connected, given: Given): Row | undefined {
    return this.all(on, given)[0];
  }

  /** While this is the same, so are the answers. undefined: nobody knows. */
  version(on: Connected): number | undefined {
    return (on as Asked)[DIRECT]?.connection.version(this.#tables);
  }
}

/**
 * Builds a statement with Kysely, once. What differs from run to run is taken from `given`, whose members stand as they are for values;
 * the builder may not look at them.
 */
export function prepare<Given extends object, Row>(
  build: (db: Kysely<Database>, given: Given) => { compile(): CompiledQuery<Row> },
): Prepared<Given, Row> {
  const places = new Proxy({}, { get: (_, name) => new Place(String(name)) });
  return new Prepared(build(builder, places as Given).compile());
}
