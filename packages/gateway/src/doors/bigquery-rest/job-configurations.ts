import { z } from "zod";
import type { Json } from "../../evidence/event.ts";
import { columnText } from "../../sessions/load-rows.ts";
import type { AskedJob } from "../../sessions/statement.ts";
import { quotedName, quotedTable } from "../../sessions/table-read.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { sqlText } from "./sql-text.ts";

/**
 * Copy, extract and load jobs as the statements that say the same, which policy judges like any other
 * (docs/adr/0017-sent-rows.md). A setting that no statement says is refused by name.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration
 */

const table = z.strictObject({
  projectId: z.string().max(1024).optional(),
  datasetId: z.string().max(1024),
  tableId: z.string().max(1024),
});
type Table = z.output<typeof table>;

/** What stands between quotes in SQL. */
const uri = z.string().regex(/^gs:\/\/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]{1,1024}$/);
const count = z.union([z.string().regex(/^\d{1,9}$/), z.number().int().nonnegative().max(1e9)]).transform(Number);
/** One of ASCII's, and none that would end or escape what stands between single quotes in SQL. */
const character = z.string().regex(/^[\t\x20-\x26\x28-\x5b\x5d-\x7e]?$/);
const write = z.enum(["WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY"]);
const create = z.enum(["CREATE_IF_NEEDED", "CREATE_NEVER"]);

export interface SchemaField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly fields?: readonly SchemaField[] | undefined;
}
const TYPES = [
  ..."STRING BYTES INTEGER INT64 FLOAT FLOAT64 NUMERIC BIGNUMERIC BOOLEAN BOOL DATE DATETIME TIME TIMESTAMP JSON".split(
    " ",
  ),
  ..."GEOGRAPHY RECORD STRUCT".split(" "),
] as const;
/** BigQuery writes types of schemas one way, and takes them in two. */
export function spelling(type: string): string {
  return SPELLINGS[type] ?? type;
}

const SPELLINGS: Readonly<Record<string, string>> = {
  INT64: "INTEGER",
  FLOAT64: "FLOAT",
  BOOL: "BOOLEAN",
  STRUCT: "RECORD",
};

export const schemaField: z.ZodType<SchemaField> = z.lazy(() =>
  z.strictObject({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,299}$/),
    type: z.string().toUpperCase().pipe(z.enum(TYPES)),
    mode: z
      .string()
      .toUpperCase()
      .pipe(z.enum(["NULLABLE", "REQUIRED", "REPEATED"]))
      .optional(),
    fields: z.array(schemaField).max(10_000).optional(),
  }),
);

export const copyConfiguration = z.strictObject({
  sourceTable: table.optional(),
  sourceTables: z.array(table).max(1).optional(),
  destinationTable: table,
  createDisposition: create.optional(),
  writeDisposition: write.optional(),
  operationType: z.enum(["OPERATION_TYPE_UNSPECIFIED", "COPY", "SNAPSHOT", "CLONE"]).optional(),
});

export const extractConfiguration = z.strictObject({
  sourceTable: table,
  destinationUris: z.array(uri).length(1).optional(),
  destinationUri: uri.optional(),
  destinationFormat: z.enum(["CSV", "NEWLINE_DELIMITED_JSON", "AVRO", "PARQUET"]).optional(),
  compression: z.enum(["NONE", "GZIP", "SNAPPY", "DEFLATE", "ZSTD"]).optional(),
  fieldDelimiter: character.optional(),
  printHeader: z.boolean().optional(),
});

export const loadConfiguration = z.strictObject({
  sourceUris: z.array(uri).max(10_000).optional(),
  sourceFormat: z.enum(["CSV", "NEWLINE_DELIMITED_JSON", "AVRO", "PARQUET", "ORC"]).optional(),
  destinationTable: table,
  createDisposition: create.optional(),
  writeDisposition: write.optional(),
  schema: z.strictObject({ fields: z.array(schemaField).max(10_000).optional() }).optional(),
  autodetect: z.boolean().optional(),
  ignoreUnknownValues: z.boolean().optional(),
  maxBadRecords: count.optional(),
  skipLeadingRows: count.optional(),
  fieldDelimiter: character.optional(),
  quote: character.optional(),
  nullMarker: z
    .string()
    .regex(/^[^\r\n]{0,100}$/)
    .optional(),
  allowQuotedNewlines: z.boolean().optional(),
  allowJaggedRows: z.boolean().optional(),
  encoding: z.enum(["UTF-8", "ISO-8859-1"]).optional(),
  // Which of them a decimal becomes is the table's to say. Of STRING nobody says in what form.
  decimalTargetTypes: z
    .array(z.enum(["NUMERIC", "BIGNUMERIC"]))
    .max(2)
    .nullable()
    .optional(),
  // bq sends these with every load, and empty.
  nullMarkers: z.array(z.never()).max(0).nullable().optional(),
  projectionFields: z.array(z.never()).max(0).nullable().optional(),
  useAvroLogicalTypes: z.boolean().optional(),
  // All of them say what of two things a column of the file is: here the table's type says so.
  parquetOptions: z
    .strictObject({
      enumAsString: z.boolean().optional(),
      enableListInference: z.boolean().optional(),
      mapTargetType: z.enum(["MAP_TARGET_TYPE_UNSPECIFIED", "ARRAY_OF_STRUCT"]).optional(),
    })
    .optional(),
});
export type LoadConfiguration = z.output<typeof loadConfiguration>;

export interface Configurations {
  readonly copy?: z.output<typeof copyConfiguration> | undefined;
  readonly extract?: z.output<typeof extractConfiguration> | undefined;
  readonly load?: LoadConfiguration | undefined;
}

/** Names of a table's columns, in its order; undefined: whoever asks may not know all of them. */
export type ColumnsOf = (table: Table) => Promise<readonly string[] | undefined>;

/** The statement that says the same as the job, and the job as it was asked for. */
export async function statementOfJob(
  configuration: Configurations,
  project: string,
  columnsOf: ColumnsOf,
): Promise<{ sql: string; asked: AskedJob }> {
  const { copy, extract, load } = configuration;
  if (copy !== undefined)
    return { sql: await copySql(copy, project, columnsOf), asked: { kind: "copy", configuration: plain(copy) } };
  if (extract !== undefined)
    return { sql: extractSql(extract, project), asked: { kind: "extract", configuration: plain(extract) } };
  if (load !== undefined) return { sql: loadSql(load, project), asked: { kind: "load", configuration: plain(load) } };
  throw invalid("The job's configuration says neither query, load, copy nor extract.");
}

/** Without what was left out. */
export function plain(configuration: object): Json {
  return JSON.parse(JSON.stringify(configuration)) as Json;
}

export function tableText({ projectId, datasetId, tableId }: Table, project: string): string {
  return quotedTable({ project: projectId ?? project, dataset: datasetId, table: tableId });
}

async function copySql(
  copy: z.output<typeof copyConfiguration>,
  project: string,
  columnsOf: ColumnsOf,
): Promise<string> {
  const sources = [...(copy.sourceTables ?? []), ...(copy.sourceTable === undefined ? [] : [copy.sourceTable])];
  const [source] = sources;
  if (source === undefined || sources.length !== 1) throw invalid("A copy job has one source table here.");
  const from = tableText(source, project);
  const to = tableText(copy.destinationTable, project);
  const { operationType = "COPY", writeDisposition = "WRITE_EMPTY", createDisposition = "CREATE_IF_NEEDED" } = copy;
  if (writeDisposition === "WRITE_APPEND") {
    if (operationType !== "COPY" && operationType !== "OPERATION_TYPE_UNSPECIFIED")
      throw invalid("A snapshot or clone appends to nothing.");
    // A job appends by name, a statement by place.
    const columns = (await columnsOf(source))?.map(quotedName).join(", ");
    return columns === undefined
      ? `INSERT INTO ${to} SELECT * FROM ${from}`
      : `INSERT INTO ${to} (${columns}) SELECT ${columns} FROM ${from}`;
  }
  if (createDisposition === "CREATE_NEVER")
    throw invalid("createDisposition CREATE_NEVER is served with writeDisposition WRITE_APPEND only.");
  switch (operationType) {
    case "SNAPSHOT":
      if (writeDisposition === "WRITE_TRUNCATE") throw invalid("A snapshot replaces no table.");
      return `CREATE SNAPSHOT TABLE ${to} CLONE ${from}`;
    case "CLONE":
      return `CREATE ${replacing(writeDisposition)}TABLE ${to} CLONE ${from}`;
    default:
      return `CREATE ${replacing(writeDisposition)}TABLE ${to} COPY ${from}`;
  }
}

/** WRITE_EMPTY is stricter here: the table must not be there. */
function replacing(writeDisposition: "WRITE_TRUNCATE" | "WRITE_EMPTY"): string {
  return writeDisposition === "WRITE_TRUNCATE" ? "OR REPLACE " : "";
}

function extractSql(extract: z.output<typeof extractConfiguration>, project: string): string {
  const destination = extract.destinationUri ?? extract.destinationUris?.[0];
  if (destination === undefined) throw invalid("An extract job has one destination.");
  if (destination.split("*").length !== 2)
    throw invalid("An extract job's destination has one * in its name here, as EXPORT DATA wants it.");
  const format = extract.destinationFormat ?? "CSV";
  const options = [
    `uri = '${destination}'`,
    `format = '${format === "NEWLINE_DELIMITED_JSON" ? "JSON" : format}'`,
    ...(extract.compression === undefined || extract.compression === "NONE"
      ? []
      : [`compression = '${extract.compression}'`]),
    ...(extract.fieldDelimiter === undefined ? [] : [`field_delimiter = '${extract.fieldDelimiter}'`]),
    ...(format === "CSV" ? [`header = ${extract.printHeader ?? true}`] : []),
  ];
  return `EXPORT DATA OPTIONS (${options.join(", ")}) AS SELECT * FROM ${tableText(extract.sourceTable, project)}`;
}

function loadSql(load: LoadConfiguration, project: string): string {
  const { sourceUris = [], writeDisposition = "WRITE_APPEND", sourceFormat = "CSV" } = load;
  if (sourceUris.length === 0) throw invalid("A load job here names sourceUris, or carries its rows in an upload.");
  if (load.parquetOptions !== undefined)
    throw invalid("parquetOptions are served for uploads; LOAD DATA says them in SQL.");
  if ((load.decimalTargetTypes ?? []).length > 0)
    throw invalid("decimalTargetTypes are served for uploads; LOAD DATA says them in SQL.");
  if (load.useAvroLogicalTypes === true)
    throw invalid("useAvroLogicalTypes is served for uploads; LOAD DATA says it in SQL (enable_logical_types).");
  if (writeDisposition === "WRITE_EMPTY")
    throw new GoogleError(400, "invalid", "writeDisposition WRITE_EMPTY is not served: no statement says it of files.");
  if (load.createDisposition === "CREATE_NEVER")
    throw invalid("createDisposition CREATE_NEVER is not served: LOAD DATA makes the table where there is none.");
  const columns = load.schema?.fields ?? [];
  const text = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`${name} = ${sqlText(value)}`];
  const said = (name: string, value: number | boolean | undefined) =>
    value === undefined ? [] : [`${name} = ${value}`];
  const options = [
    `format = '${sourceFormat === "NEWLINE_DELIMITED_JSON" ? "JSON" : sourceFormat}'`,
    `uris = [${sourceUris.map((one) => `'${one}'`).join(", ")}]`,
    ...said("skip_leading_rows", load.skipLeadingRows),
    ...said("max_bad_records", load.maxBadRecords),
    ...said("ignore_unknown_values", load.ignoreUnknownValues),
    ...said("allow_quoted_newlines", load.allowQuotedNewlines),
    ...said("allow_jagged_rows", load.allowJaggedRows),
    ...text("field_delimiter", load.fieldDelimiter),
    ...text("quote", load.quote),
    ...text("null_marker", load.nullMarker),
    ...text("encoding", load.encoding),
  ];
  const list = columns.length === 0 ? "" : ` (${columns.map((one) => columnText(fieldOf(one))).join(", ")})`;
  const verb = writeDisposition === "WRITE_TRUNCATE" ? "OVERWRITE" : "INTO";
  return `LOAD DATA ${verb} ${tableText(load.destinationTable, project)}${list} FROM FILES (${options.join(", ")})`;
}

export function fieldOf({ name, type, mode, fields }: SchemaField): Parameters<typeof columnText>[0] {
  return {
    name,
    type,
    ...(mode === undefined ? {} : { mode }),
    ...(fields === undefined ? {} : { fields: fields.map(fieldOf) }),
  };
}
