import type { Effect, ExplicitSource, Output, TableRead, Write } from "./plan.ts";

/**
 * How long parts of a plan are as JSON, within a few percent, and counted before they are put together: whoever keeps, sends or writes a plan does it
 * with this text, so it is what a plan is bounded by (I10). A name of 300 characters is as long as seven of 40.
 */

const EXPLICIT = '{"column":"","via":"transform"},'.length;
const STATISTIC = ',"statistic":"count"'.length;
const NAME = '"",'.length;
const OUTPUT = '{"name":"","type":"","explicit":[],"implicit":[],"constant":false,"row":10,"fields":[]},'.length;
const WRITE = '{"table":"","mode":"append","columns":[],"implicit":[]},'.length;
const COLUMN_READ = '{"path":"","uses":["output","predicate"]},'.length;
const TABLE_READ = '{"table":"","outside":"routine","historical":true,"columns":[]},'.length;
const EFFECT = '{"kind":"remote_function","through":"","sources":[]},'.length;

export function namesLength(names: Iterable<string>): number {
  let length = 0;
  for (const name of names) length += name.length + NAME;
  return length;
}

function sourcesLength(sources: readonly ExplicitSource[]): number {
  let length = 0;
  for (const { column, statistic } of sources)
    length += column.length + EXPLICIT + (statistic === undefined ? 0 : STATISTIC);
  return length;
}

/** Without its fields, which are outputs themselves. */
export function outputLength({ name, type, explicit, implicit }: Omit<Output, "fields">): number {
  return OUTPUT + name.length + type.length + sourcesLength(explicit) + namesLength(implicit);
}

/** Without its columns. */
export function writeLength({ table, implicit }: Pick<Write, "table" | "implicit">): number {
  return WRITE + table.length + namesLength(implicit);
}

export function writtenColumnLength({ name, explicit, implicit }: Write["columns"][number]): number {
  return OUTPUT + name.length + sourcesLength(explicit) + namesLength(implicit);
}

export function readsLength(reads: readonly TableRead[]): number {
  let length = 0;
  for (const { table, columns } of reads) {
    length += TABLE_READ + table.length;
    for (const { path } of columns) length += COLUMN_READ + path.length;
  }
  return length;
}

export function effectLength({ through = "", sources }: Effect): number {
  return EFFECT + through.length + namesLength(sources);
}
