import type { TableFieldSchema } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Connection } from "./connection.ts";
import { describedTable } from "./described-table.ts";
import { denied } from "./refusal.ts";
import type { SessionError } from "./session.ts";
import type { Statement } from "./statement.ts";

/**
 * A read of a whole table, as tabledata.list and the Storage Read API ask for: it becomes the query that says the same, and goes
 * the way of every query (docs/adr/0016-table-reads.md).
 */
export interface TableRead {
  readonly project: string;
  readonly dataset: string;
  readonly table: string;
  /** Top-level fields, in any letter case; undefined: all that the agent may know of. */
  readonly selectedFields: readonly string[] | undefined;
}

/** Why a table can't be read; for the agent, without data. */
export class TableReadError extends Error {
  override readonly name = "TableReadError";
  readonly error: SessionError;
  constructor(error: SessionError) {
    super(error.message);
    this.error = error;
  }
}

/** Names that read the same in every place: no decorators (`t$20240101`, `t@0`), no wildcards, no domain-scoped projects. */
const PROJECT = /^[a-z][a-z0-9-]{4,61}[a-z0-9]$/;
const DATASET = /^[A-Za-z0-9_]{1,1024}$/;
const TABLE = /^[A-Za-z0-9_-]{1,1024}$/;

/** `project.dataset.table`, quoted as GoogleSQL takes it. Refuses names that could be read as anything else. */
export function quotedTable({ project, dataset, table }: Omit<TableRead, "selectedFields">): string {
  if (!PROJECT.test(project) || !DATASET.test(dataset) || !TABLE.test(table))
    throw new TableReadError(
      invalid("Tables are read by their plain names, without partition or time decorators. Say it in SQL instead."),
    );
  return `\`${project}.${dataset}.${table}\``;
}

/**
 * The query that reads the table, and the fields of its result: those that tables.get shows, in the table's order, as clients decode
 * rows by position. Throws TableReadError, CatalogError, UpstreamError.
 */
export async function tableReadStatement(
  principal: AgentPrincipal,
  connection: Connection,
  read: TableRead,
  now: number,
): Promise<{ readonly statement: Statement; readonly fields: readonly TableFieldSchema[] }> {
  const from = quotedTable(read);
  const described = await describedTable(principal, connection, `${read.project}.${read.dataset}.${read.table}`, now);
  if (described.kind !== "described")
    throw new TableReadError({ reason: "notFound", status: 404, message: "Not found: Table" });
  const { resource, fields: known } = described;
  const fields = read.selectedFields === undefined ? known : selected(known, read.selectedFields);
  if (fields.length === 0) throw new TableReadError(invalid("There is no field of this table to read."));
  for (const field of fields) {
    const whole = resource.schema?.fields?.find(({ name }) => name === field.name);
    if (count(field) !== count(whole))
      throw new TableReadError(
        denied(
          `Field ${field.name} has fields that policy does not let this agent see; leave it out by selectedFields, or read its other fields by a query.`,
        ),
      );
  }
  const sql = `SELECT ${fields.map(({ name }) => quotedName(name)).join(", ")} FROM ${from}`;
  return {
    statement: { sql, parameterMode: undefined, parameters: [], defaultDataset: undefined },
    fields,
  };
}

function selected(fields: readonly TableFieldSchema[], names: readonly string[]): TableFieldSchema[] {
  const positions = names.map((asked) => {
    const position = fields.findIndex(({ name }) => name.toLowerCase() === asked.toLowerCase());
    if (position !== -1) return position;
    throw new TableReadError(
      invalid("selectedFields names top-level fields that the table has; read a nested field by a query."),
    );
  });
  if (positions.some((position, index) => index > 0 && position <= (positions[index - 1] ?? 0)))
    throw new TableReadError(invalid("selectedFields names each field once, in the table's order."));
  return positions.flatMap((position) => fields[position] ?? []);
}

function count(field: TableFieldSchema | undefined): number {
  return field === undefined ? 0 : 1 + (field.fields ?? []).reduce((sum, inner) => sum + count(inner), 0);
}

export function quotedName(name: string): string {
  // What could end the quotes is left to queries, whose text is the agent's own.
  if (/[`\\\r\n]/.test(name)) throw new TableReadError(invalid("A field of this table has a name that needs a query."));
  return `\`${name}\``;
}

function invalid(message: string): SessionError {
  return { reason: "invalid", status: 400, message };
}
