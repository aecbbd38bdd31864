import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import { z } from "zod";
import { columnText } from "../../sessions/load-rows.ts";
import { fieldsByName } from "../../sessions/sent-value.ts";
import { quotedTable } from "../../sessions/table-read.ts";
import { invalid } from "./google-error.ts";
import { fieldOf, type SchemaField, schemaField, spelling } from "./job-configurations.ts";
import { labelList, labels } from "./labels.ts";
import { sqlText } from "./sql-text.ts";

/**
 * tables.patch as the ALTER that says the same: columns that are added, or options that are set; one or the other, since two statements wouldn't
 * be done whole or not at all. What no ALTER here says is refused by name.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/tables/patch
 */

const text = z.string().max(16_384).nullable().optional();
export const patchRequest = z.strictObject({
  kind: z.string().optional(),
  tableReference: z
    .strictObject({
      projectId: z.string().max(1024).optional(),
      datasetId: z.string().max(1024).optional(),
      tableId: z.string().max(1024).optional(),
    })
    .optional(),
  description: text,
  friendlyName: text,
  /** Milliseconds since 1970, as text; null: never. */
  expirationTime: z
    .union([z.string().regex(/^\d{1,15}$/), z.number().int().nonnegative().max(1e15)])
    .nullable()
    .optional(),
  labels: labels.nullable().optional(),
  schema: z.strictObject({ fields: z.array(schemaField).min(1).max(10_000) }).optional(),
});
export type PatchRequest = z.output<typeof patchRequest>;

interface Patched {
  readonly project: string;
  readonly dataset: string;
  readonly table: string;
  readonly resource: TableResource;
  /** As far as the agent may know of them. */
  readonly fields: readonly TableFieldSchema[];
}

const KINDS: Readonly<Record<string, string>> = {
  TABLE: "TABLE",
  VIEW: "VIEW",
  MATERIALIZED_VIEW: "MATERIALIZED VIEW",
};

export function patchSql(body: PatchRequest, { project, dataset, table, resource, fields }: Patched): string {
  const { tableReference: named } = body;
  if (
    (named?.projectId ?? project) !== project ||
    (named?.datasetId ?? dataset) !== dataset ||
    (named?.tableId ?? table) !== table
  )
    throw invalid("tableReference is not the table of the path.");
  const kind = KINDS[resource.type ?? "TABLE"];
  if (kind === undefined) throw invalid("A table of this type is changed by DDL only.");
  const name = quotedTable({ project, dataset, table });
  const options = optionsOf(body);
  const added = body.schema === undefined ? [] : addedFields(body.schema.fields, fields);
  if (options.length > 0 && added.length > 0)
    throw invalid("Send new columns and what is said of the table as two requests: each is done whole or not at all.");
  if (added.length > 0) {
    if (kind !== "TABLE") throw invalid("A view's columns are its query's: say CREATE OR REPLACE VIEW in SQL.");
    return `ALTER TABLE ${name} ${added.map((field) => `ADD COLUMN ${columnText(field)}`).join(", ")}`;
  }
  if (options.length === 0) throw invalid("The request changes nothing that this gateway can change.");
  return `ALTER ${kind} ${name} SET OPTIONS (${options.join(", ")})`;
}

function optionsOf({ description, friendlyName, expirationTime, labels: given }: PatchRequest): string[] {
  const option = (name: string, value: string | null | undefined) =>
    value === undefined ? [] : [`${name} = ${value === null ? "NULL" : sqlText(value)}`];
  return [
    ...option("description", description),
    ...option("friendly_name", friendlyName),
    ...(expirationTime === undefined ? [] : [`expiration_timestamp = ${timestamp(expirationTime)}`]),
    ...(given === undefined ? [] : [`labels = ${labelList(given ?? {})}`]),
  ];
}

function timestamp(milliseconds: string | number | null): string {
  if (milliseconds === null) return "NULL";
  const at = new Date(Number(milliseconds));
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() > 9999) throw invalid("expirationTime is no time.");
  return `TIMESTAMP '${at.toISOString().replace("T", " ").replace("Z", "+00")}'`;
}

/** The list holds what the agent is shown, unchanged, and what is new: at the top, NULLABLE or REPEATED. */
function addedFields(asked: readonly SchemaField[], fields: readonly TableFieldSchema[]): readonly TableFieldSchema[] {
  const there = fieldsByName(fields);
  const isThere = ({ name }: SchemaField) => there.has(name.toLowerCase());
  requireUnchanged(asked.filter(isThere), fields);
  const added = asked.filter((one) => !isThere(one));
  requireNamedOnce(added);
  if (added.some(({ mode }) => mode === "REQUIRED")) throw invalid("A new column can't be REQUIRED.");
  return added.map(fieldOf);
}

function requireUnchanged(asked: readonly SchemaField[], fields: readonly TableFieldSchema[]): void {
  requireNamedOnce(asked);
  if (asked.length !== fields.length)
    throw invalid("The schema leaves out a field, or adds one within another; say ALTER TABLE in SQL.");
  const there = fieldsByName(fields);
  for (const one of asked) {
    const field = there.get(one.name.toLowerCase());
    if (
      field === undefined ||
      spelling(one.type) !== spelling(field.type) ||
      (one.mode ?? "NULLABLE") !== (field.mode ?? "NULLABLE")
    )
      throw invalid("The schema changes a field that is there; say ALTER TABLE in SQL.");
    requireUnchanged(one.fields ?? [], field.fields ?? []);
  }
}

function requireNamedOnce(asked: readonly SchemaField[]): void {
  if (new Set(asked.map(({ name }) => name.toLowerCase())).size !== asked.length)
    throw invalid("The schema names a field twice.");
}
