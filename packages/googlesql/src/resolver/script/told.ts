/**
 * What a statement tells beside its result: by the message of its failing, which quotes what values it likes, and by what it cost,
 * which is as many bytes as the columns have that it went over. Of either, BigQuery says no more than that there is such a text or figure.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#beginexceptionend
 * https://cloud.google.com/bigquery/docs/reference/system-variables
 */
import { keysOf, type SourceKey, sourceKey } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import type { Context } from "../context.ts";

/** All that the statement that was just resolved reads, the rows it goes over, and what the files of its external tables hold. */
export function toldBy(context: Context, plan: PlanStatement): ReadonlySet<SourceKey> {
  const keys = new Set<SourceKey>();
  for (const { table, columns } of plan.reads) {
    for (const { path } of columns) keys.add(sourceKey(table, path));
  }
  for (const flow of [...context.scanned, ...context.written.map(({ rows }) => rows)]) {
    for (const key of keysOf(flow)) keys.add(key);
  }
  // A file is read by lines: what stands in another column of one is what fails there, and is quoted.
  for (const { kind, through } of plan.effects) {
    if (kind === "external_table" && through !== undefined) addColumns(context, through, keys);
  }
  return keys;
}

/** What the statement's job reads: DML that changes rows goes over all columns of its table. */
export function costOf(context: Context, plan: PlanStatement): ReadonlySet<SourceKey> {
  const keys = new Set(toldBy(context, plan));
  for (const { table, mode } of plan.writes) {
    if (mode === "update" || mode === "delete") addColumns(context, table, keys);
  }
  return keys;
}

function addColumns(context: Context, table: string, keys: Set<SourceKey>): void {
  keys.add(sourceKey(table, "*"));
  for (const { name } of context.catalog.table(table)?.schema?.fields ?? []) keys.add(sourceKey(table, name));
}
