import type { TableFieldSchema } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { describedTable } from "../../sessions/described-table.ts";
import { loadOfAnyRows } from "../../sessions/load-rows.ts";
import { fieldsByName, parameterTypeOf, SentValueError } from "../../sessions/sent-value.ts";
import type { SentOnLoad, Statement } from "../../sessions/statement.ts";
import type { CsvForm } from "../../uploads/csv-rows.ts";
import type { AskedRows } from "../../uploads/rows-as-lines.ts";
import { type AskedUpload, statementOf, type UploadFormat } from "../../uploads/upload-statement.ts";
import { statementInThread } from "../../uploads/upload-thread.ts";
import { invalid, notFound } from "./google-error.ts";
import { fieldOf, type LoadConfiguration, type SchemaField, spelling, tableText } from "./job-configurations.ts";

/** A load job that carries its rows, as it was understood; no row was looked at. */
export interface PlannedLoad extends AskedUpload {
  /** Fields that its schema names; undefined: it has none. */
  readonly named: readonly string[] | undefined;
  /** Fields with a default, also such as the agent may not know of. */
  readonly withDefault: readonly string[];
}

/** Throws GoogleError. */
export async function plannedLoad(
  load: LoadConfiguration,
  principal: AgentPrincipal,
  connection: Connection,
  project: string,
  now: number,
): Promise<PlannedLoad> {
  if (load.sourceUris !== undefined) throw invalid("A load job names sourceUris, or carries its rows; not both.");
  if (load.encoding !== undefined && load.encoding !== "UTF-8") throw invalid("Uploads are UTF-8.");
  const target = tableText(load.destinationTable, project);
  const described = await describedTable(principal, connection, target.slice(1, -1), now);
  // One that the agent may not know of is as if it weren't there (I9).
  const exists = described.kind === "described";
  const asked = load.schema?.fields;
  if (!exists && (asked === undefined || load.createDisposition === "CREATE_NEVER")) {
    if (load.createDisposition === "CREATE_NEVER") throw notFound("Table");
    throw invalid("A load job that makes its table gives the schema; it isn't guessed from values.");
  }
  const write = load.writeDisposition ?? "WRITE_APPEND";
  if (exists && write === "WRITE_EMPTY")
    throw invalid("writeDisposition WRITE_EMPTY is served where there is no table yet.");
  if (new Set(asked?.map(({ name }) => name.toLowerCase())).size !== (asked?.length ?? 0))
    throw invalid("The load job's schema names a field twice.");
  if (exists) requireSame(asked ?? [], described.fields);
  const fields = exists ? described.fields : (asked ?? []).map(fieldOf);
  // Columns of a CSV file have their places alone: with one that the agent may not know of, no place would be sure.
  const hidden = exists && (described.resource.schema?.fields ?? []).length !== described.fields.length;
  const columns = asked ?? (hidden ? undefined : fields);
  const resource = exists ? (described.resource.schema?.fields ?? []) : [];
  return {
    format: formatOf(load, columns),
    target,
    fields,
    exists,
    write,
    ignoreUnknownValues: load.ignoreUnknownValues ?? false,
    maxBadRecords: load.maxBadRecords ?? 0,
    named: asked?.map(({ name }) => name.toLowerCase()),
    withDefault: resource.flatMap((field) => (field.defaultValueExpression === undefined ? [] : [field.name])),
  };
}

/** The statements that the job stands for, with its rows. Throws UploadError, TooLargeForStatement. */
export async function uploadStatement(planned: PlannedLoad, data: Buffer): Promise<Statement> {
  return statementOf(await statementInThread(planned, data));
}

/** Bytes: of a file that is kept until it is whole, and of all rows as they are written. */
export interface MostOfRows {
  readonly held: number;
  readonly written: number;
}

/** The job with more rows than a statement takes: what it is judged by, what BigQuery is told, and how its rows are read. Throws GoogleError. */
export function planSentOn(
  planned: PlannedLoad,
  most: MostOfRows,
): {
  readonly statement: Statement;
  readonly sentOn: SentOnLoad;
  readonly rows: AskedRows;
} {
  const { format, target, exists, write, named, withDefault } = planned;
  // A row of JSON says nothing of a field that only SQL writes; one of CSV would have to.
  const can = (field: TableFieldSchema) => format.kind === "csv" || parameterTypeOf(field) !== undefined;
  const fields = planned.fields.filter((field) => named?.includes(field.name.toLowerCase()) ?? (!exists || can(field)));
  const of = new Set(fields.map(({ name }) => name));
  if (withDefault.some((name) => !of.has(name)))
    throw invalid(
      "The table has a column with a default that these rows don't name, and a load this large doesn't say what it becomes: name it in the schema with a value in each row, or send loads that one statement takes.",
    );
  const missing = planned.fields.find(({ name, mode }) => mode === "REQUIRED" && !of.has(name));
  if (missing !== undefined) throw invalid(`Field ${missing.name}: Missing required field.`);
  try {
    return {
      statement: loadOfAnyRows({ target, fields, exists, write }),
      sentOn: {
        table: target.slice(1, -1),
        schema: exists ? null : fields,
        write: exists ? (write === "WRITE_TRUNCATE" ? "WRITE_TRUNCATE_DATA" : "WRITE_APPEND") : "WRITE_EMPTY",
      },
      rows: {
        format,
        fields,
        ignoreUnknownValues: planned.ignoreUnknownValues,
        jsonTexts: format.kind !== "json",
        maxBadRecords: planned.maxBadRecords,
        mostHeld: most.held,
        mostWritten: most.written,
      },
    };
  } catch (error) {
    if (!(error instanceof SentValueError)) throw error;
    throw invalid(`Field ${error.location}: ${error.message}`);
  }
}

/** Settings of one format, which would change nothing of another. */
const OF_CSV = [
  "skipLeadingRows",
  "fieldDelimiter",
  "quote",
  "nullMarker",
  "allowQuotedNewlines",
  "allowJaggedRows",
] as const;

/** `columns`: a CSV file's, by their places; undefined: nobody can say. */
function formatOf(load: LoadConfiguration, columns: readonly SchemaField[] | undefined): UploadFormat {
  const { sourceFormat = "CSV" } = load;
  for (const name of sourceFormat === "CSV" ? [] : OF_CSV)
    if (load[name] !== undefined && load[name] !== false) throw invalid(`${name} is a setting of CSV files.`);
  if (sourceFormat !== "PARQUET" && load.parquetOptions !== undefined)
    throw invalid("parquetOptions are settings of Parquet files.");
  if (sourceFormat !== "PARQUET" && sourceFormat !== "AVRO" && (load.decimalTargetTypes ?? []).length > 0)
    throw invalid("decimalTargetTypes are settings of Parquet and Avro files.");
  if (sourceFormat !== "AVRO" && load.useAvroLogicalTypes === true)
    throw invalid("useAvroLogicalTypes is a setting of Avro files.");
  switch (sourceFormat) {
    case "NEWLINE_DELIMITED_JSON":
      return { kind: "json" };
    case "CSV":
      if (load.autodetect === true)
        throw invalid(
          "autodetect guesses what a CSV file's columns are; give the schema, and skipLeadingRows for a header.",
        );
      if (columns === undefined)
        throw invalid(
          "Give the schema of the CSV file's columns: the table has some that policy doesn't show to this agent.",
        );
      return { kind: "csv", columns: columns.map(({ name, type }) => ({ name, type })), form: csvForm(load) };
    case "PARQUET":
      return { kind: "parquet" };
    case "AVRO":
      return { kind: "avro", logicalTypes: load.useAvroLogicalTypes ?? false };
    case "ORC":
      throw invalid("Uploads are newline-delimited JSON, CSV, Parquet or Avro; ORC is loaded from Cloud Storage.");
  }
}

function csvForm(load: LoadConfiguration): CsvForm {
  return {
    fieldDelimiter: load.fieldDelimiter,
    quote: load.quote,
    skipLeadingRows: load.skipLeadingRows ?? 0,
    nullMarker: load.nullMarker ?? "",
    allowQuotedNewlines: load.allowQuotedNewlines ?? false,
    allowJaggedRows: load.allowJaggedRows ?? false,
    ignoreUnknownValues: load.ignoreUnknownValues ?? false,
  };
}

/** A schema that says otherwise than the table asks to change it, which is DDL. */
function requireSame(asked: readonly SchemaField[], fields: readonly TableFieldSchema[]): void {
  const byName = fieldsByName(fields);
  for (const one of asked) {
    const there = byName.get(one.name.toLowerCase());
    const same =
      there !== undefined &&
      spelling(there.type) === spelling(one.type) &&
      (there.mode === "REPEATED") === (one.mode === "REPEATED");
    if (!same) throw invalid("The load job's schema is not the table's; change the table by DDL first.");
  }
}
