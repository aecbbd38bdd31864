import type { TableFieldSchema } from "@chaperone/googlesql";
import { insertOfRows, noRowsInto, type RowError, type SentRows } from "./sent-rows.ts";
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
  return { statement: statement === undefined ? undefined : loadStatement(sent, columns, statement), errors };
}

/** `insert`: of `columns`, into a table that is there. */
function loadStatement(
  sent: Pick<SentRows, "target" | "fields"> & { readonly exists: boolean; readonly write: WriteDisposition },
  columns: readonly TableFieldSchema[],
  insert: Statement,
): Statement {
  const { sql } = insert;
  if (sent.exists) {
    if (sent.write !== "WRITE_TRUNCATE") return insert;
    const emptied = `BEGIN TRANSACTION; DELETE FROM ${sent.target} WHERE TRUE; ${sql}; COMMIT TRANSACTION;`;
    return { ...insert, sql: emptied };
  }
  const positions = new Map(columns.map((field, position) => [field, position]));
  const values = sent.fields.map((field) => {
    const position = positions.get(field);
    return `${position === undefined ? `CAST(NULL AS ${typeText(field)})` : `r.c${position}`} AS \`${field.name}\``;
  });
  const made = `CREATE TABLE ${sent.target} (${sent.fields.map(columnText).join(", ")}) AS SELECT ${values.join(", ")} FROM UNNEST(@rows) AS r`;
  return { ...insert, sql: made };
}

/** The statements that a load of any number of rows is judged by: of none, into all of `fields`. */
export function loadOfAnyRows(
  sent: Pick<SentRows, "target" | "fields"> & { readonly exists: boolean; readonly write: WriteDisposition },
): Statement {
  return loadStatement(sent, sent.fields, noRowsInto(sent.target, sent.fields));
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
