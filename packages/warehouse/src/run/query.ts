/** A query: its rows go into a table of their own, so that paging is stable. */
import { tableBytes } from "../catalog.ts";
import { WarehouseError } from "../errors.ts";
import type { Token } from "../sql/lexer.ts";
import type { TableReference } from "../sql/names.ts";
import { translate } from "../sql/translate.ts";
import { type Field, quoteIdentifier } from "../sql/types.ts";
import type { Session } from "./session.ts";
import type { Analysis, Prepared, Result } from "./statement.ts";

export interface PreparedQuery extends Prepared {
  readonly sql: string;
  readonly fields: readonly Field[];
}

/**
 * A query whose rows the client gets: columns of one name get others, but for the first.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#duplicate_aliases
 */
export async function prepareResult(session: Session, tokens: readonly Token[]): Promise<PreparedQuery> {
  const { sql, referencedTables } = translate(tokens, session);
  const given = await session.fields(sql);
  const fields = withDistinctNames(given);
  if (fields.every((field, i) => field.name === given[i]?.name)) return prepared(session, sql, given, referencedTables);
  const names = fields.map((field) => quoteIdentifier(field.name)).join(", ");
  return prepared(session, `SELECT * FROM (${sql}) AS result(${names})`, fields, referencedTables);
}

function withDistinctNames(fields: readonly Field[]): readonly Field[] {
  const taken = new Set(fields.map(({ name }) => name.toLowerCase()));
  const seen = new Set<string>();
  return fields.map((field) => {
    let { name } = field;
    for (let n = 1; seen.has(name.toLowerCase()); n++) {
      if (!taken.has(`${field.name}_${n}`.toLowerCase())) name = `${field.name}_${n}`;
    }
    seen.add(name.toLowerCase());
    taken.add(name.toLowerCase());
    return { ...field, name };
  });
}

export async function prepareQuery(session: Session, tokens: readonly Token[]): Promise<PreparedQuery> {
  const { sql, referencedTables } = translate(tokens, session);
  const fields = await session.fields(sql);
  refuseDuplicateNames(fields);
  return prepared(session, sql, fields, referencedTables);
}

function prepared(
  session: Session,
  sql: string,
  fields: readonly Field[],
  referencedTables: readonly TableReference[],
): PreparedQuery {
  const analysis: Analysis = {
    statementType: "SELECT",
    schema: fields,
    referencedTables,
    totalBytesProcessed: bytesOf(session, referencedTables),
    facts: {},
  };
  return { analysis, sql, fields, run: async () => ({ result: await materialise(session, sql, fields) }) };
}

/** Runs a query into a table that only the job knows. */
export async function materialise(session: Session, sql: string, fields: readonly Field[]): Promise<Result> {
  const duckName = session.catalog.freshName("results");
  if (session.inTransaction) await copyOut(session, sql, duckName);
  else await session.run(`CREATE TABLE ${duckName} AS ${sql}`);
  const counted = await (await session.engine.run(`SELECT count(*) FROM ${duckName}`)).getRows();
  return { duckName, fields, totalRows: Number(counted[0]?.[0] ?? 0) };
}

/** The rows as the transaction sees them, in a table that stays when it is rolled back. */
async function copyOut(session: Session, sql: string, duckName: string): Promise<void> {
  const rows = await session.connection.run(sql);
  const columns = Array.from({ length: rows.columnCount }, (_, i) => {
    const type = rows.columnType(i);
    return `${quoteIdentifier(`c${i}`)} ${type.alias ?? type.toString()}`;
  });
  const chunks = await rows.fetchAllChunks();
  const names = rows.columnNames();
  await session.engine.use(async (connection) => {
    await connection.run(`CREATE TABLE ${duckName} (${columns.join(", ")})`);
    const [schema, table = ""] = duckName.split(".");
    const appender = await connection.createAppender(table, schema);
    for (const chunk of chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
    for (const [i, name] of names.entries()) {
      await connection.run(`ALTER TABLE ${duckName} RENAME COLUMN c${i} TO ${quoteIdentifier(name)}`);
    }
  });
}

export function bytesOf(session: Session, tables: readonly TableReference[]): number {
  return tables.reduce((sum, reference) => sum + tableBytes(session.catalog.table(reference)), 0);
}

export function refuseDuplicateNames(fields: readonly Field[]): void {
  const seen = new Set<string>();
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (seen.has(name)) {
      throw new WarehouseError(
        "invalidQuery",
        `Duplicate column names in the result are not supported. Found duplicate(s): ${field.name}`,
      );
    }
    seen.add(name);
  }
}
