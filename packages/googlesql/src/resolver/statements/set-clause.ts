/**
 * SET of UPDATE and MERGE: which column, or which field of a STRUCT, takes which value.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#update_statement
 */
import { type Flow, fieldFlow, shape } from "../../flow/flow.ts";
import type { Identifier, UpdateAssignment } from "../../tree.ts";
import { typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { fold, type Scope } from "../scope.ts";
import { assignedExpression, type Place } from "./assignment.ts";
import type { Target } from "./target.ts";
import type { WrittenColumn } from "./written.ts";

/** `scope` holds the names that the values may use. */
export function resolveSet(
  context: Context,
  target: Target,
  assignments: readonly UpdateAssignment[],
  scope: Scope,
): WrittenColumn[] {
  const columns: WrittenColumn[] = [];
  const set = new Set<string>();
  /** What has fields that are set. */
  const holding = new Set<string>();
  for (const assignment of assignments) {
    const place = placeOf(context, target, assignment);
    const around = holdersOf(place.name);
    if (set.has(place.name) || holding.has(place.name) || around.some((name) => set.has(name))) {
      context.fail("name", `Column ${place.name} is set twice`, assignment);
    }
    set.add(place.name);
    for (const name of around) holding.add(name);
    columns.push({ ...place, flow: assignedExpression(context, assignment.value, place, scope) });
  }
  return columns;
}

/** Of `a.b.c`: `a` and `a.b`. */
function holdersOf(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("."));
}

/** `column.field…`, perhaps with the target's own name before it. */
function placeOf(context: Context, target: Target, { path, start }: UpdateAssignment): Place {
  const { column, fields } = columnOf(context, target, path, start);
  let { place } = column;
  let flow: Flow = column.flow;
  for (const part of fields) {
    if (place.type.kind !== "struct") {
      return context.fail("type", `Cannot set field ${part.name} of a value with type ${typeName(place.type)}`, part);
    }
    const at = place.type.fields.findIndex((f) => fold(f.name) === fold(part.name));
    const [type, field] = [place.type.fields[at]?.type, place.field.fields?.[at]];
    if (type === undefined || field === undefined) {
      return context.fail("name", `Column ${place.name} has no field ${part.name}`, part);
    }
    // A field of a STRUCT that is NULL can't be set.
    context.failing.push(shape(flow));
    flow = fieldFlow(flow, at);
    place = { name: `${place.name}.${field.name}`, type, field };
  }
  return place;
}

function columnOf(
  context: Context,
  target: Target,
  [first, ...rest]: readonly Identifier[],
  start: number,
): { readonly column: { readonly place: Place; readonly flow: Flow }; readonly fields: readonly Identifier[] } {
  if (first === undefined) return context.fail("name", "SET names no column", { start });
  const named = columnNamed(target, first);
  const [second, ...fields] = rest;
  const range = target.from.ranges.get(fold(first.name));
  if (range === undefined) context.longNames.hide(first.name, target.from.ranges);
  if (second !== undefined && range !== undefined) {
    context.longNames.asTarget(target.from, first, range);
    if (named !== null)
      context.fail("name", `${first.name} is both the table's name and a column; give an alias`, first);
    const column = columnNamed(target, second);
    if (column !== null) return { column, fields };
    return context.fail("name", `Table ${target.table} has no column ${second.name}`, second);
  }
  if (named !== null) return { column: named, fields: rest };
  return context.fail("name", `Table ${target.table} has no column ${first.name}`, first);
}

/** Where each column stands, by folded name: made once for a target, whose columns can all be set. */
const PLACES = new WeakMap<Target, ReadonlyMap<string, number>>();

function placesOf(target: Target): ReadonlyMap<string, number> {
  const known = PLACES.get(target);
  if (known !== undefined) return known;
  const places = new Map<string, number>();
  for (const [i, { name }] of target.columns.entries()) if (!places.has(fold(name))) places.set(fold(name), i);
  PLACES.set(target, places);
  return places;
}

function columnNamed(target: Target, name: Identifier): { readonly place: Place; readonly flow: Flow } | null {
  const at = placesOf(target).get(fold(name.name)) ?? -1;
  const [column, field] = [target.columns[at], target.fields[at]];
  if (column === undefined || field === undefined) return null;
  return { place: { name: column.name, type: column.type, field }, flow: column.flow };
}
