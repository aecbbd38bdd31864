/**
 * @@row_count: how many rows the last DML statement changed. It is made of all that decided which rows those were, of the rows that the
 * statement went over, and of what decided that it ran. BigQuery doesn't say what other statements leave there: what was there, or
 * as much of their own. A count of rows that conditions chose has no smallest cell, so it is no statistic.
 * https://cloud.google.com/bigquery/docs/reference/system-variables
 */
import { decidedBy, either, type Flow, picked, sourceKey, transformed } from "../../flow/flow.ts";
import type { PlanStatement, StatementKind } from "../../plan.ts";
import type { Context } from "../context.ts";
import type { State } from "./state.ts";

/** After the statement that was just resolved, whose plan is given. */
export function rowCountAfter(context: Context, plan: PlanStatement, state: State): Flow {
  const predicates = plan.reads.flatMap(({ table, columns }) =>
    columns.filter(({ uses }) => uses.includes("predicate")).map(({ path }) => sourceKey(table, path)),
  );
  const rows = [...context.scanned, ...context.written.map((written) => written.rows)];
  const counted = decidedBy(picked(transformed(rows)), new Set(predicates));
  return countsRows(plan.kind) ? counted : either([state.rowCount, counted]);
}

function countsRows(kind: StatementKind): boolean {
  return kind === "INSERT" || kind === "UPDATE" || kind === "DELETE" || kind === "MERGE";
}
