import type { ColumnName, UnderstoodPlan } from "@chaperone/googlesql";
import type { ClassifiedColumn } from "../catalog/data-class.ts";

/**
 * What an agent may know of how many bytes a query reads, by BigQuery's dry run (docs/adr/0006-dry-run-figures.md).
 * `told`: the figure. `bounded`: whether its own maximum is kept, once the query runs. `secret`: nothing.
 */
export type ReadSize = "told" | "bounded" | "secret";

/**
 * Of a whole table it is the table's size. A filter can leave partitions out, and then the size counts the rows that match, which needs
 * the approval that a dry run doesn't wait for; of two moments it counts the rows written between them. And where an agent wrote what is protected, it chose what has which length:
 * `REGEXP_EXTRACT(ssn, r'^1')` has one or none.
 * https://cloud.google.com/bigquery/docs/estimate-costs#estimate_query_costs
 */
export function readSize(
  plan: UnderstoodPlan,
  classes: (column: ColumnName) => ClassifiedColumn,
  mayBeWritten: (column: ColumnName) => boolean,
): ReadSize {
  const reads = plan.statements.flatMap((statement) => statement.reads);
  const isProtected = (column: ColumnName) => classes(column).classes.length > 0;
  const hidden = reads.filter(({ table, columns }) =>
    ["*", ...columns.map(({ path }) => path)].some((path) => isProtected(`${table}.${path}`)),
  );
  const columns = hidden.flatMap(({ table, columns }) => columns.map(({ path }) => `${table}.${path}`));
  const rows = hidden.map(({ table }) => `${table}.*`);
  if ([...columns, ...rows].some((column) => isProtected(column) && mayBeWritten(column))) return "secret";
  const filtered = hidden.some(
    ({ columns, historical }) =>
      historical === true || columns.some(({ path, uses }) => path !== "*" && uses.includes("predicate")),
  );
  return filtered ? "bounded" : "told";
}

const STRICTEST: readonly ReadSize[] = ["secret", "bounded", "told"];

export function strictestReadSize(...sizes: readonly ReadSize[]): ReadSize {
  return STRICTEST.find((size) => sizes.includes(size)) ?? "secret";
}
