/**
 * INSERT: each column takes what stands in its place of the rows or of the query.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#insert_statement
 */
import { either, type Flow, NO_KEYS, NOTHING } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { DefaultValue, Expression, Identifier, InsertRow, InsertStatement, Node } from "../../tree.ts";
import type { Context } from "../context.ts";
import { fold, type Relation, type Scope, type Value } from "../scope.ts";
import { assigned, assignedExpression, noteNull, type Place } from "./assignment.ts";
import { emptyScope, requireConstantDefault } from "./constant.ts";
import { resolveTarget, type Target, writeInto } from "./target.ts";

export function insert(context: Context, node: InsertStatement): PlanStatement {
  if (node.query === null) insertRows(context, node);
  else insertRelation(context, node, context.query(context, node.query, null, null));
  return planWithoutResult(context, "INSERT");
}

function insertRows(context: Context, node: InsertStatement): void {
  const target = resolveTarget(context, node.target);
  const places = insertPlaces(context, target, node.columns, node);
  const scope = emptyScope();
  const rows = node.rows.map((row) => rowFlows(context, row, places, scope));
  const columns = places.map((place, i) => ({ ...place, flow: either(rows.map((row) => row[i] ?? NOTHING)) }));
  writeInto(context, target, { mode: "append", columns, implicit: NO_KEYS, rows: NOTHING, repeated: false }, node);
}

/** The rows of a query, whether it stands in the statement or before a pipe. */
export function insertRelation(context: Context, node: InsertStatement, relation: Relation): void {
  const target = resolveTarget(context, node.target);
  const places = insertPlaces(context, target, node.columns, node);
  if (relation.valueTable) {
    context.fail("unsupported", "INSERT takes columns, not the rows of SELECT AS STRUCT or VALUE", node.query ?? node);
  }
  const flows = valuesInPlaces(context, relation.columns, places, node.query ?? node);
  writeInto(
    context,
    target,
    {
      mode: "append",
      columns: places.map((place, i) => ({ ...place, flow: flows[i] ?? NOTHING })),
      implicit: relation.implicit,
      rows: relation.rows,
      repeated: relation.repeated,
    },
    node,
  );
}

/** The columns that take a value, in the order in which the values come. Those that take none have their default. */
export function insertPlaces(context: Context, target: Target, names: readonly Identifier[], node: Node): Place[] {
  const all = target.columns.map((column, i): Place => {
    const field = target.fields[i] ?? context.fail("unsupported", "A column without schema", node);
    return { name: column.name, type: column.type, field };
  });
  if (names.length === 0) return all;
  const byName = new Map(all.map((place) => [fold(place.name), place]));
  const taken = new Set<Place>();
  for (const name of names) {
    const place = byName.get(fold(name.name));
    if (place === undefined) return context.fail("name", `Table ${target.table} has no column ${name.name}`, name);
    if (taken.has(place)) context.fail("name", `Duplicate column name ${name.name} in INSERT`, name);
    taken.add(place);
  }
  for (const place of all) {
    if (taken.has(place)) continue;
    requireConstantDefault(context, place.field, node);
    noteNull(context, NOTHING, place.field);
  }
  return [...taken];
}

/** `(value, DEFAULT, …)` */
export function rowFlows(context: Context, row: InsertRow, places: readonly Place[], scope: Scope): Flow[] {
  requireSameCount(context, row.values.length, places.length, row);
  return row.values.map((value: Expression | DefaultValue, i) => {
    const place = places[i] ?? context.fail("type", "A value without column", row);
    return assignedExpression(context, value, place, scope);
  });
}

/** Columns that stand in the order of the places they go to. */
export function valuesInPlaces(
  context: Context,
  values: readonly Value[],
  places: readonly Place[],
  node: Node,
): Flow[] {
  requireSameCount(context, values.length, places.length, node);
  return values.map((value, i) => {
    const place = places[i] ?? context.fail("type", "A value without column", node);
    return assigned(context, value, place, node);
  });
}

function requireSameCount(context: Context, values: number, columns: number, node: Node): void {
  if (values !== columns) context.fail("type", `${values} values are given for ${columns} columns`, node);
}
