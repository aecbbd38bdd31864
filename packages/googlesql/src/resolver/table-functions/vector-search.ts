/**
 * VECTOR_SEARCH: for each row of a query the rows of a table whose vectors are nearest. Which rows those are, both vectors
 * decide; the distance is made of them.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#vector_search
 */
import { either, keysOf, picked, structFlow, transformed, union } from "../../flow/flow.ts";
import type { Node, TableFunctionCall } from "../../tree.ts";
import { arrayOf, FLOAT64, INT64, STRING, sameType, structOf, type Type } from "../../types.ts";
import type { Context } from "../context.ts";
import type { Column, Relation, Value } from "../scope.ts";
import {
  argumentsByName,
  columnNamed,
  type Given,
  givenValue,
  type Input,
  inputOf,
  requireConstant,
  type Surroundings,
} from "./arguments.ts";

const VECTOR: Type = arrayOf(FLOAT64);

export function vectorSearch(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = "VECTOR_SEARCH";
  const given = argumentsByName(
    context,
    name,
    node,
    ["base", "column_to_search", "query", "query_column_to_search"],
    ["query_value", "top_k", "distance_type", "options"],
    around,
  );
  const base = inputOf(context, name, given.get("base"), around, node);
  const searched = columnNamed(context, name, base, given.get("column_to_search"), node);
  const query = given.has("query") ? inputOf(context, name, given.get("query"), around, node) : null;
  const vectors = query === null ? [single(context, given, node)] : wanted(context, query, given, node);
  for (const value of [searched, ...vectors]) requireVector(context, value, node);
  for (const [key, type] of [
    ["top_k", INT64],
    ["distance_type", STRING],
    ["options", STRING],
  ] as const) {
    const option = given.get(key);
    if (option !== undefined) requireConstant(context, name, option, type);
  }
  // Vectors of different lengths are an error.
  const compared = [searched.flow, ...vectors.map((v) => v.flow)];
  context.failBy(compared);
  const keys = union(compared.map(keysOf));
  const column = (columnName: string, value: Pick<Value, "type" | "flow">): Column => {
    return { ...value, name: columnName, written: "value", id: context.freshId() };
  };
  const nearest = rowOf(context, base, node);
  return {
    columns: [
      ...(query === null ? [] : [column("query", rowOf(context, query, node))]),
      // As few of its rows as a LIMIT would leave.
      column("base", { ...nearest, flow: picked(nearest.flow) }),
      column("distance", { type: FLOAT64, flow: picked(transformed(compared)) }),
    ],
    implicit: union([keys, base.implicit, query?.implicit ?? new Set()]),
    rows: picked(either([base.rows, ...(query === null ? [] : [query.rows])])),
    repeated: true,
    valueTable: false,
  };
}

function rowOf(context: Context, input: Input, node: Node): Pick<Value, "type" | "flow"> {
  const type = structOf(input.columns.map((c) => ({ name: c.name, type: c.type })));
  return { type: context.bounded(type, node), flow: structFlow(input.columns.map((c) => c.flow)) };
}

/** The query's vectors. Which column BigQuery takes where none is named is not written there: it may be any. */
function wanted(context: Context, query: Input, given: ReadonlyMap<string, Given>, node: Node): Value[] {
  const named = given.get("query_column_to_search");
  if (given.has("query_value")) context.fail("type", "VECTOR_SEARCH takes a query or a query_value", node);
  if (named !== undefined) return [columnNamed(context, "VECTOR_SEARCH", query, named, node)];
  const vectors = query.columns.filter((column) => sameType(column.type, VECTOR));
  return vectors.length > 0 ? vectors : context.fail("type", "VECTOR_SEARCH's query has no vectors", node);
}

function single(context: Context, given: ReadonlyMap<string, Given>, node: Node): Value {
  const value = given.get("query_value");
  if (value === undefined) return context.fail("type", "VECTOR_SEARCH needs a query or a query_value", node);
  return givenValue(context, "VECTOR_SEARCH's query_value", value, VECTOR);
}

/** A text would be sent to a model that makes a vector of it. */
function requireVector(context: Context, value: Value, node: Node): void {
  if (!sameType(value.type, VECTOR) && value.written === "value") {
    context.fail("unsupported", "VECTOR_SEARCH is supported on ARRAY<FLOAT64> only: a text would go to a model", node);
  }
}
