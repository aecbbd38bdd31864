/**
 * RANGE_SESSIONIZE: its input's rows, each with the span of the ranges that meet or overlap its own.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions#range_sessionize
 */
import { decidedBy, keysOf, transformed, union } from "../../flow/flow.ts";
import type { TableFunctionCall } from "../../tree.ts";
import { isGroupable, STRING, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Column, Relation } from "../scope.ts";
import {
  argumentsByName,
  columnNamed,
  columnsNamed,
  inputOf,
  requireConstant,
  type Surroundings,
} from "./arguments.ts";

export function rangeSessionize(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = "RANGE_SESSIONIZE";
  const places = ["table", "range_column", "partitioning_columns", "sessionize_option"];
  const given = argumentsByName(context, name, node, places, [], around);
  const input = inputOf(context, name, given.get("table"), around, node);
  const range = columnNamed(context, name, input, given.get("range_column"), node);
  if (range.type.kind !== "range") {
    return context.fail("type", `${name} takes a RANGE column, not ${typeName(range.type)}`, node);
  }
  const listed = given.get("partitioning_columns");
  if (listed === undefined) return context.fail("type", `${name} needs partitioning_columns`, node);
  const partition = columnsNamed(context, name, input, listed, node);
  for (const column of partition) {
    if (!isGroupable(column.type)) context.fail("type", `${name} can't group by ${typeName(column.type)}`, node);
  }
  const option = given.get("sessionize_option");
  if (option !== undefined) requireConstant(context, name, option, STRING);
  const session: Column = {
    name: "session_range",
    type: range.type,
    written: "value",
    // Which rows' ranges are taken together, the partition decides.
    flow: decidedBy(transformed([range.flow]), union(partition.map((column) => keysOf(column.flow)))),
    id: context.freshId(),
  };
  const { columns, implicit, rows, repeated } = input;
  return { columns: [...columns, session], implicit, rows, repeated, valueTable: false };
}
