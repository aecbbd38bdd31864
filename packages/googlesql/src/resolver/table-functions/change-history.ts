/**
 * APPENDS and CHANGES: the rows that came into a table, or changed in it, during a time. They have the columns of today's
 * schema; that their values may be of before is marked in the plan, as by FOR SYSTEM_TIME (threat-model rows 29, 30).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#appends
 */
import { keysOf, transformed, union } from "../../flow/flow.ts";
import type { TableFunctionCall } from "../../tree.ts";
import { STRING, TIMESTAMP, type Type } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Column, Relation } from "../scope.ts";
import { argumentsByName, givenValue, inputOf, type Surroundings } from "./arguments.ts";

export function changeHistory(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = node.name.map((part) => part.name.toUpperCase()).join(".");
  const given = argumentsByName(context, name, node, ["table", "start_timestamp", "end_timestamp"], [], around);
  const wanted = given.get("table");
  if (wanted?.kind !== "TableArgument") return context.fail("type", `${name} takes TABLE and a table's name`, node);
  const input = inputOf(context, name, wanted, around, node);
  const table = context.tablePaths.get(wanted.path)?.join(".");
  const resource = table === undefined ? undefined : context.catalog.table(table);
  if (table === undefined || (resource?.type ?? "TABLE").toUpperCase() !== "TABLE" || resource === undefined) {
    return context.fail("unsupported", `${name} takes the name of one table, no view and no query`, wanted);
  }
  context.historical.add(table);
  // The past had another schema.
  for (const column of input.columns) context.sizes.forget(column);
  const times = ["start_timestamp", "end_timestamp"].flatMap((key) => {
    const time = given.get(key);
    return time === undefined ? [] : [givenValue(context, name, time, TIMESTAMP).flow];
  });
  // A time before the table's history fails.
  context.failBy(times);
  // What became of a row and when: it tells of the row, whatever is in it.
  const ofRow = (column: string, type: Type): Column => {
    return { name: column, type, written: "value", flow: transformed([input.rows]), id: context.freshId() };
  };
  return {
    columns: [...input.columns, ofRow("_CHANGE_TYPE", STRING), ofRow("_CHANGE_TIMESTAMP", TIMESTAMP)],
    implicit: union([input.implicit, ...times.map(keysOf)]),
    rows: input.rows,
    // A row that changed twice is there twice.
    repeated: true,
    valueTable: false,
  };
}
