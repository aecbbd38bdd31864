/**
 * The views of INFORMATION_SCHEMA that describe tables, with the columns that Google documents, and `__TABLES__`, which some tools ask in
 * their place. A row is made of a table's description as whoever asks may know it; a column that such a description doesn't
 * tell is NULL in every row: creation times, sizes, the texts of views, options and defaults can hold data, or tell of it.
 * https://cloud.google.com/bigquery/docs/information-schema-intro
 */
import type { TableFieldSchema, TableResource } from "../table-resource.ts";
import { arrayOf, INT64, JSON_TYPE, STRING, schemaType, structOf, TIMESTAMP, type Type, typeName } from "../types.ts";

export type Cell = string | number | null;

/** By column; one that isn't there is NULL. */
export type MetadataRow = Readonly<Record<string, Cell>>;

export interface MetadataView {
  /** What its name is qualified by: a dataset or a region; of datasets themselves a region or nothing. */
  readonly of: "tables" | "datasets";
  /** Its rows tell of the tables' columns. */
  readonly fields?: true;
  readonly columns: () => readonly (readonly [name: string, type: Type])[];
  readonly rows: (tables: readonly TableResource[], location: string | undefined) => readonly MetadataRow[];
}

/** `name name …` of one type. */
const columns = (type: Type, names: string): [string, Type][] => names.split(" ").map((name) => [name, type]);

const tableName = () => columns(STRING, "table_catalog table_schema table_name");

function nameOf({ tableReference: { projectId, datasetId, tableId } }: TableResource): MetadataRow {
  return { table_catalog: projectId, table_schema: datasetId, table_name: tableId };
}

const typeOf = (table: TableResource): string => (table.type ?? "TABLE").toUpperCase();

const ofType = (tables: readonly TableResource[], type: string) => tables.filter((table) => typeOf(table) === type);

const fieldsOf = (table: TableResource): readonly TableFieldSchema[] => table.schema?.fields ?? [];

function dataType(field: TableFieldSchema): Cell {
  const type = schemaType(field);
  return type === undefined ? null : typeName(type);
}

/** https://cloud.google.com/bigquery/docs/information-schema-tables#schema */
const TABLE_TYPES: ReadonlyMap<string, string> = new Map([
  ["TABLE", "BASE TABLE"],
  ["VIEW", "VIEW"],
  ["MATERIALIZED_VIEW", "MATERIALIZED VIEW"],
  ["EXTERNAL", "EXTERNAL"],
  ["SNAPSHOT", "SNAPSHOT"],
]);

const TABLES: MetadataView = {
  of: "tables",
  columns: () => [
    ...tableName(),
    ...columns(
      STRING,
      "table_type managed_table_type is_insertable_into is_fine_grained_mutations_enabled is_typed is_change_history_enabled",
    ),
    ["creation_time", TIMESTAMP],
    ...columns(STRING, "base_table_catalog base_table_schema base_table_name"),
    ["snapshot_time_ms", TIMESTAMP],
    ...columns(
      STRING,
      "replica_source_catalog replica_source_schema replica_source_name replication_status replication_error ddl default_collation_name",
    ),
    ["sync_status", JSON_TYPE],
    ["upsert_stream_apply_watermark", TIMESTAMP],
  ],
  rows: (tables) =>
    tables.map((table) => ({
      ...nameOf(table),
      table_type: TABLE_TYPES.get(typeOf(table)) ?? null,
      is_insertable_into: typeOf(table) === "TABLE" ? "YES" : "NO",
      is_typed: "NO",
    })),
};

const COLUMNS: MetadataView = {
  of: "tables",
  fields: true,
  columns: () => [
    ...tableName(),
    ["column_name", STRING],
    ["ordinal_position", INT64],
    ...columns(
      STRING,
      "is_nullable data_type is_generated generation_expression is_stored is_hidden is_updatable is_system_defined is_partitioning_column",
    ),
    ["clustering_ordinal_position", INT64],
    ...columns(STRING, "collation_name column_default rounding_mode"),
    ["data_policies", arrayOf(structOf([{ name: "name", type: STRING }]))],
    ["policy_tags", arrayOf(STRING)],
  ],
  rows: (tables) =>
    tables.flatMap((table) =>
      // Counted among those that are told: a gap would tell of one that isn't.
      fieldsOf(table).map((field, i) => ({
        ...nameOf(table),
        column_name: field.name,
        ordinal_position: i + 1,
        is_nullable: field.mode === undefined || field.mode.toUpperCase() === "NULLABLE" ? "YES" : "NO",
        data_type: dataType(field),
        is_hidden: "NO",
        is_system_defined: "NO",
      })),
    ),
};

function paths(table: TableResource, field: TableFieldSchema, column: string, before: string): MetadataRow[] {
  const path = `${before}${field.name}`;
  return [
    { ...nameOf(table), column_name: column, field_path: path, data_type: dataType(field) },
    ...(field.fields ?? []).flatMap((inner) => paths(table, inner, column, `${path}.`)),
  ];
}

const COLUMN_FIELD_PATHS: MetadataView = {
  of: "tables",
  fields: true,
  columns: () => [
    ...tableName(),
    ...columns(STRING, "column_name field_path data_type description collation_name rounding_mode"),
    ["data_policies", arrayOf(structOf([{ name: "name", type: STRING }]))],
    ["policy_tags", arrayOf(STRING)],
  ],
  rows: (tables) => tables.flatMap((table) => fieldsOf(table).flatMap((f) => paths(table, f, f.name, ""))),
};

const VIEWS: MetadataView = {
  of: "tables",
  columns: () => [...tableName(), ...columns(STRING, "view_definition check_option use_standard_sql")],
  rows: (tables) => ofType(tables, "VIEW").map(nameOf),
};

const MATERIALIZED_VIEWS: MetadataView = {
  of: "tables",
  columns: () => [
    ...tableName(),
    ...columns(TIMESTAMP, "last_refresh_time refresh_watermark"),
    [
      "last_refresh_status",
      structOf(columns(STRING, "reason location message").map(([name, type]) => ({ name, type }))),
    ],
  ],
  rows: (tables) => ofType(tables, "MATERIALIZED_VIEW").map(nameOf),
};

const option = () => columns(STRING, "option_name option_type option_value");

/** Options hold descriptions, labels and places in Cloud Storage: no description tells of them. */
const TABLE_OPTIONS: MetadataView = { of: "tables", columns: () => [...tableName(), ...option()], rows: () => [] };

function datasets(tables: readonly TableResource[]): TableResource["tableReference"][] {
  const found = tables.map(({ tableReference }) => tableReference);
  return [...new Map(found.map((name) => [`${name.projectId}.${name.datasetId}`, name])).values()];
}

const SCHEMATA: MetadataView = {
  of: "datasets",
  columns: () => [
    ...columns(STRING, "catalog_name schema_name schema_owner"),
    ...columns(TIMESTAMP, "creation_time last_modified_time"),
    ...columns(STRING, "location ddl default_collation_name"),
    ["sync_status", JSON_TYPE],
  ],
  rows: (tables, location) =>
    datasets(tables).map(({ projectId, datasetId }) => ({
      catalog_name: projectId,
      schema_name: datasetId,
      location: location ?? null,
    })),
};

const SCHEMATA_OPTIONS: MetadataView = {
  of: "datasets",
  columns: () => [...columns(STRING, "catalog_name schema_name"), ...option()],
  rows: () => [],
};

/** Numbers of the kinds that Google's own examples name. */
const KINDS: ReadonlyMap<string, number> = new Map([
  ["TABLE", 1],
  ["VIEW", 2],
  ["EXTERNAL", 3],
]);

const META_TABLES: MetadataView = {
  of: "tables",
  columns: () => [
    ...columns(STRING, "project_id dataset_id table_id"),
    ...columns(INT64, "creation_time last_modified_time row_count size_bytes type"),
  ],
  rows: (tables) =>
    tables.map((table) => ({
      project_id: table.tableReference.projectId,
      dataset_id: table.tableReference.datasetId,
      table_id: table.tableReference.tableId,
      type: KINDS.get(typeOf(table)) ?? null,
    })),
};

/** Behind `dataset.`, without INFORMATION_SCHEMA. */
export const META_TABLES_NAME = "__TABLES__";

export const METADATA_VIEWS: ReadonlyMap<string, MetadataView> = new Map([
  ["TABLES", TABLES],
  ["COLUMNS", COLUMNS],
  ["COLUMN_FIELD_PATHS", COLUMN_FIELD_PATHS],
  ["VIEWS", VIEWS],
  ["MATERIALIZED_VIEWS", MATERIALIZED_VIEWS],
  ["TABLE_OPTIONS", TABLE_OPTIONS],
  ["SCHEMATA", SCHEMATA],
  ["SCHEMATA_OPTIONS", SCHEMATA_OPTIONS],
  [META_TABLES_NAME, META_TABLES],
]);

/** Views that aren't answered, and why; a name that ends in `*` stands for all that begin so. */
export const REFUSED_METADATA: readonly (readonly [reason: string, names: string])[] = [
  [
    "it shows other people's jobs, with their SQL and its literals; an agent's own jobs are listed by jobs.list",
    "JOBS* SESSIONS* QUERY_*",
  ],
  [
    "it tells how much was written and when, which tells of the rows",
    "STREAMING_* WRITE_API_* PARTITIONS TABLE_STORAGE*",
  ],
  [
    "it shows texts that people wrote, with their literals; routines.list and routines.get tell of a routine what an agent may know",
    "ROUTINES ROUTINE_OPTIONS PARAMETERS ROW_ACCESS_POLICIES",
  ],
  [
    "it tells who may do what, or what is paid for",
    "OBJECT_PRIVILEGES ASSIGNMENT* RESERVATION* CAPACITY_* BI_CAPACIT* EFFECTIVE_* ORGANIZATION_* PROJECT_* SHARED_DATASET_USAGE RECOMMENDATIONS* INSIGHTS*",
  ],
];
