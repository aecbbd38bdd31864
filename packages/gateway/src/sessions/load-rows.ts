import type { TableFieldSchema } from "@chaperone/googlesql";
import { insertOfRows, type RowError, type SentRows } from "./sent-rows.ts";
import type { Statement } from "./statement.ts";

/** What a load job does with what is in its table already. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad */
export type WriteDisposition = "WRITE_APPEND" | "WRITE_TRUNCATE" | "WRITE_EMPTY";

/**
 * A load job that carries its rows, as statements: an INSERT into a table that is there (emptied first, in one transaction, for
 * WRITE_TRUNCATE, so that it keeps its columns' tags and defaults), or the table's creation.
 */
export function loadOfRows(sent: SentRows & { readonly exists: boolean; readonly write: WriteDisposition }): {
  readonly statement: Statement | undefined;
  readonly errors: readonly RowError[];
} {
  const { statement, columns, errors } = insertOfRows(sent);
  if (statement === undefined) return { statement, errors };
  const { sql } = statement;
  if (sent.exists) {
    if (sent.write !== "WRITE_TRUNCATE") return { statement, errors };
    const emptied = `BEGIN TRANSACTION; DELETE FROM ${sent.target} WHERE TRUE; ${sql}; COMMIT TRANSACTION;`;
    return { statement: { ...statement, sql: emptied }, errors };
  }
  const positions = new Map(columns.map((field, position) => [field, position]));
  const values = sent.fields.map((field) => {
    const position = positions.get(field);
    return `${position === undefined ? `CAST(NULL AS ${typeText(field)})` : `r.c${position}`} AS \`${field.name}\``;
  });
  const made = `CREATE TABLE ${sent.target} (${sent.fields.map(columnText).join(", ")}) AS SELECT ${values.join(", ")} FROM UNNEST(@rows) AS r`;
  return { statement: { ...statement, sql: made }, errors };
}

const STANDARD: Readonly<Record<string, string>> = {
  INTEGER: "INT64",
  FLOAT: "FLOAT64",
  BOOLEAN: "BOOL",
};

/** A column's definition in GoogleSQL. Names and types were checked where the request was read. */
export function columnText(field: TableFieldSchema): string {
  return `\`${field.name}\` ${typeText(field)}${field.mode === "REQUIRED" ? " NOT NULL" : ""}`;
}

function typeText(field: TableFieldSchema): string {
  const record = field.type === "RECORD" || field.type === "STRUCT";
  const element = record
    ? `STRUCT<${(field.fields ?? []).map((inner) => `\`${inner.name}\` ${typeText(inner)}`).join(", ")}>`
    : (STANDARD[field.type] ?? field.type);
  return field.mode === "REPEATED" ? `ARRAY<${element}>` : element;
}
