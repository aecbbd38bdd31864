/**
 * GAP_FILL: one row for each bucket of time of each partition, with values taken over from rows near it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#gap_fill
 */
import { decidedBy, keysOf, transformed, union } from "../../flow/flow.ts";
import type { Node, TableFunctionCall } from "../../tree.ts";
import { BOOL, INTERVAL, isGroupable, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Column, Relation } from "../scope.ts";
import {
  argumentsByName,
  columnNamed,
  columnsNamed,
  type Given,
  type Input,
  inputOf,
  requireConstant,
  type Surroundings,
} from "./arguments.ts";

const TIMES: ReadonlySet<string> = new Set(["DATE", "DATETIME", "TIMESTAMP"]);

export function gapFill(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = "GAP_FILL";
  const places = ["time_series_table", "ts_column", "bucket_width"];
  const names = ["partitioning_columns", "value_columns", "origin", "ignore_null_values"];
  const given = argumentsByName(context, name, node, places, names, around);
  const input = inputOf(context, name, given.get("time_series_table"), around, node);
  const time = columnNamed(context, name, input, given.get("ts_column"), node);
  if (!TIMES.has(typeName(time.type))) {
    return context.fail("type", `${name} takes a DATE, DATETIME or TIMESTAMP column`, node);
  }
  const width = given.get("bucket_width");
  if (width === undefined) return context.fail("type", `${name} needs bucket_width`, node);
  requireConstant(context, name, width, INTERVAL);
  const origin = given.get("origin");
  if (origin !== undefined) requireConstant(context, name, origin, time.type);
  const ignoring = given.get("ignore_null_values");
  if (ignoring !== undefined) requireConstant(context, name, ignoring, BOOL);
  const listed = given.get("partitioning_columns");
  const partition = listed === undefined ? [] : columnsNamed(context, name, input, listed, node);
  for (const column of partition) {
    if (!isGroupable(column.type)) context.fail("type", `${name} can't group by ${typeName(column.type)}`, node);
  }
  const filled = valueColumns(context, name, input, given.get("value_columns"), node);
  // The earliest and the latest time of a partition decide how many buckets there are.
  const keys = union([time, ...partition].map((column) => keysOf(column.flow)));
  context.failing.push(time.flow);
  const column = (of: Column, flow: Column["flow"]): Column => ({ ...of, flow, id: context.freshId() });
  return {
    columns: [
      column(time, transformed([time.flow])),
      ...partition.map((of) => column(of, of.flow)),
      ...filled.map(({ of, method }) => {
        // Where a NULL stands the next value is looked for: that it is NULL decides, too.
        const value = method === "linear" ? transformed([of.flow, time.flow]) : of.flow;
        return column(of, decidedBy(value, keysOf(of.flow)));
      }),
    ],
    implicit: union([input.implicit, keys]),
    rows: transformed([input.rows]),
    repeated: true,
    valueTable: false,
  };
}

const METHODS: ReadonlySet<string> = new Set(["linear", "locf", "null"]);

/** `[('signal', 'locf'), …]` */
function valueColumns(
  context: Context,
  name: string,
  input: Input,
  given: Given | undefined,
  node: Node,
): { readonly of: Column; readonly method: string }[] {
  if (given === undefined) return [];
  if (given.kind !== "ArrayExpression") {
    return context.fail("unsupported", `${name} takes value_columns as an array of literals`, given);
  }
  return given.elements.map((element) => {
    const [column, method, ...more] = element.kind === "TupleExpression" ? element.elements : [];
    if (method?.kind !== "StringLiteral" || more.length > 0 || !METHODS.has(method.value.toLowerCase())) {
      return context.fail(
        "unsupported",
        `${name} takes value_columns as pairs of a column's name and a method`,
        element,
      );
    }
    return { of: columnNamed(context, name, input, column, node), method: method.value.toLowerCase() };
  });
}
