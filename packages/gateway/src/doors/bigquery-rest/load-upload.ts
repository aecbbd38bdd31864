import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describedTable } from "../../sessions/described-table.ts";
import { loadOfRows } from "../../sessions/load-rows.ts";
import { parseSentJson, type SentValue } from "../../sessions/sent-value.ts";
import type { Statement } from "../../sessions/statement.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { fieldOf, type LoadConfiguration, type SchemaField, tableText } from "./job-configurations.ts";

/** BigQuery's own bound of rows in one request with parameters is its size; this one bounds what is looked at row by row (I10). */
const MOST_ROWS = 50_000;

/** The statements that a load job which carries its rows stands for. Throws GoogleError naming the row, never a value (I9). */
export async function uploadStatement(
  load: LoadConfiguration,
  data: string,
  principal: AgentPrincipal,
  connection: Connection,
  project: string,
  now: number,
): Promise<Statement> {
  if (load.sourceFormat !== "NEWLINE_DELIMITED_JSON")
    throw invalid(
      "Uploads are newline-delimited JSON (sourceFormat NEWLINE_DELIMITED_JSON); other formats are loaded from Cloud Storage.",
    );
  if (load.sourceUris !== undefined) throw invalid("A load job names sourceUris, or carries its rows; not both.");
  for (const name of ["skipLeadingRows", "fieldDelimiter", "quote", "nullMarker", "encoding"] as const)
    if (load[name] !== undefined && load[name] !== "UTF-8") throw invalid(`${name} is no setting of JSON rows.`);
  const target = tableText(load.destinationTable, project);
  const described = await describedTable(principal, connection, target.slice(1, -1), now);
  if (described.kind === "hidden")
    throw new GoogleError(403, "accessDenied", "Policy does not let this agent see that table's description.");
  const exists = described.kind === "described";
  const asked = load.schema?.fields;
  if (!exists && (asked === undefined || load.createDisposition === "CREATE_NEVER")) {
    if (load.createDisposition === "CREATE_NEVER") throw notFound("Table");
    throw invalid("A load job that makes its table gives the schema; it isn't guessed from values.");
  }
  const write = load.writeDisposition ?? "WRITE_APPEND";
  if (exists && write === "WRITE_EMPTY")
    throw invalid("writeDisposition WRITE_EMPTY is served where there is no table yet.");
  if (exists) requireSame(asked ?? [], described.fields);
  const { statement, errors } = loadOfRows({
    target,
    fields: exists ? described.fields : (asked ?? []).map(fieldOf),
    rows: rowsOf(data),
    ignoreUnknownValues: load.ignoreUnknownValues ?? false,
    jsonTexts: false,
    exists,
    write,
  });
  const [error] = errors;
  if (error !== undefined && errors.length > (load.maxBadRecords ?? 0))
    throw invalid(
      `Row ${error.index + 1}${error.location === "" ? "" : `, field ${error.location}`}: ${error.message} (${errors.length} such rows.)`,
    );
  if (statement === undefined) throw invalid("The upload has no row that can be written.");
  return statement;
}

function rowsOf(data: string): SentValue[] {
  const lines = data.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > MOST_ROWS) throw invalid(`An upload has at most ${MOST_ROWS} rows; load more from Cloud Storage.`);
  return lines.map((line, index) => {
    try {
      return parseSentJson(line);
    } catch {
      throw invalid(`Row ${index + 1} is not JSON.`);
    }
  });
}

/** A schema that says otherwise than the table asks to change it, which is DDL. */
function requireSame(
  asked: readonly SchemaField[],
  fields: readonly { name: string; type: string; mode?: string }[],
): void {
  const spelling = (type: string) => SPELLINGS[type] ?? type;
  for (const one of asked) {
    const there = fields.find(({ name }) => name.toLowerCase() === one.name.toLowerCase());
    const same =
      there !== undefined &&
      spelling(there.type) === spelling(one.type) &&
      (there.mode === "REPEATED") === (one.mode === "REPEATED");
    if (!same) throw invalid("The load job's schema is not the table's; change the table by DDL first.");
  }
}

const SPELLINGS: Readonly<Record<string, string>> = {
  INT64: "INTEGER",
  FLOAT64: "FLOAT",
  BOOL: "BOOLEAN",
  STRUCT: "RECORD",
};
