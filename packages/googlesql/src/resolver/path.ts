/** Names in expressions: columns, range variables, and the fields that follow them. */
import { decidedBy, either, type Flow, fieldFlow, seenFromWithin, structFlow, transformed } from "../flow/flow.ts";
import type { Identifier, Node } from "../tree.ts";
import { JSON_TYPE, type StructField, sameType, structOf, type Type, typeName } from "../types.ts";
import { noteUse } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { noteOutside } from "./reusable-aliases.ts";
import {
  type Column,
  type Found,
  find,
  fold,
  frameOf,
  NO_NAMES,
  NO_RANGES,
  namedValue,
  type RangeVariable,
  type Scope,
  type Value,
} from "./scope.ts";

const PSEUDO_COLUMNS: ReadonlySet<string> = new Set([
  "_partitiontime",
  "_partitiondate",
  "_table_suffix",
  "_file_name",
  "_change_type",
  "_change_timestamp",
  "_change_sequence_number",
]);

/** `a.b.c`: the longest reading GoogleSQL knows is name, then fields; a first part that names rows takes a column next. */
export function resolvePath(context: Context, parts: readonly Identifier[], scope: Scope, node: Node): Value {
  const [first] = parts;
  if (first === undefined) return context.fail("name", "An empty name", node);
  const found = findName(context, first, scope);
  let value: Value;
  let range: RangeVariable | null = null;
  /** Of the parts, how many are read. */
  let read = 1;
  if (found.kind === "column") {
    value = found.column;
    if (found.hiddenRange !== null && parts.length > 1) {
      return context.fail("name", `${first.name} is both a select alias and a name in FROM; rename one`, node);
    }
    if (found.hidden !== null) {
      // A select alias beside a column of that name: the alias is meant, and the column is counted as well.
      value = { ...value, flow: either([value.flow, found.hidden.flow]) };
    }
  } else if (found.range.value !== null) {
    value = found.range.value;
  } else {
    range = found.range;
    const next = parts[read++];
    value = next === undefined ? rowValue(context, range, node) : columnOf(context, range, next);
  }
  if (found.kind === "range") context.longNames.use(first, found.range, parts.length === 1);
  const ids = range === null ? [value.id] : [range.id, value.id];
  found.scope.frame?.used?.add(value.id);
  context.trace?.use(value.id, context.sql, node);
  for (const part of parts.slice(read)) {
    value = fieldValue(context, value, part);
    ids.push(value.id);
  }
  noteUse(context, value.flow);
  const own = found.scope.frame === frameOf(scope);
  context.sizes.name(node, found.kind === "column" && found.hidden !== null ? null : value, own);
  return seenFrom(context, value, found.scope, scope, ids, node);
}

/** Where values stand that are of no row. */
const NO_ROWS: Scope = {
  parent: null,
  frame: null,
  ranges: NO_RANGES,
  names: NO_NAMES,
  commonTables: null,
  aliases: false,
};

function findName(context: Context, name: Identifier, scope: Scope): Exclude<Found, { kind: "ambiguous" }> {
  const found = find(name.name, scope);
  if (found === undefined) {
    const value = namedValue(context.named, name.name);
    if (value !== undefined) {
      noteOutside(name.name, name, scope, null);
      context.longNames.lookedFor(name.name, scope, undefined);
      return { kind: "column", column: value, scope: NO_ROWS, hidden: null, hiddenRange: null };
    }
    const range = context.longNames.byShort(name, scope);
    if (range !== undefined) {
      noteFound(name, scope, range);
      return range;
    }
    if (PSEUDO_COLUMNS.has(fold(name.name))) {
      return context.fail("unsupported", `Pseudo-column ${name.name} is not supported`, name);
    }
    return context.fail("name", `Unrecognized name: ${name.name}`, name);
  }
  if (found.kind === "ambiguous") {
    return context.fail("name", `Column name ${name.name} is ambiguous; qualify it with its table`, name);
  }
  refuseArgument(context, name);
  noteFound(name, scope, found);
  context.longNames.lookedFor(name.name, scope, found);
  return found;
}

/** The name, and what is printed for it. */
function noteFound(name: Identifier, scope: Scope, found: Exclude<Found, { kind: "ambiguous" }>): void {
  noteOutside(name.name, name, scope, found.scope);
  if (found.kind === "range" && found.range.long !== undefined) {
    noteOutside(found.range.long.short, name, scope, found.scope);
  }
}

/** Refuses the name of a column, alias or table that an argument has too: which of them is meant isn't known. */
export function refuseArgument(context: Context, name: Identifier): void {
  if (context.named?.arguments && namedValue(context.named, name.name) !== undefined) {
    context.fail("name", `${name.name} is both an argument and a column or alias; rename the argument`, name);
  }
}

/** Notes the use in the query that provides the value, and marks it where an inner query takes it from an outer one. */
function seenFrom(
  context: Context,
  value: Value,
  provider: Scope,
  user: Scope,
  ids: readonly number[],
  node: Node,
): Value {
  // A name of WITH or of a lambda stands for a value of the query around it.
  const frame = frameOf(provider);
  if (frame === null) return value;
  const isOfRows = provider.frame !== null && !provider.aliases;
  if (isOfRows && (frame.phase === "having" || frame.phase === "select") && frame.inAggregate === 0) {
    const start = node.start;
    frame.references.push({ ids, name: context.sql.slice(start, Math.min(node.end, start + 100)), node });
  }
  return frameOf(user) === frame ? value : { ...value, flow: seenFromWithin(value.flow, frame.depth) };
}

/** A range variable alone: its row as a STRUCT of all columns. */
function rowValue(context: Context, range: RangeVariable, node: Node): Value {
  const type = structOf(range.columns.map((c) => ({ name: c.name, type: c.type })));
  return {
    type: context.bounded(type, node),
    written: "value",
    flow: structFlow(range.columns.map((c) => c.flow)),
    id: range.id,
  };
}

/** Fields by name, made once for each list: a query can name thousands of thousands. */
const FIELDS = new WeakMap<readonly StructField[], ReadonlyMap<string, PlacedField | null>>();

interface PlacedField {
  readonly index: number;
  readonly type: Type;
}

/** Null marks a name that two fields have. */
function fieldsByName(fields: readonly StructField[]): ReadonlyMap<string, PlacedField | null> {
  const known = FIELDS.get(fields);
  if (known !== undefined) return known;
  const placed = new Map<string, PlacedField | null>();
  for (const [index, { name, type }] of fields.entries()) {
    placed.set(fold(name), placed.has(fold(name)) ? null : { index, type });
  }
  FIELDS.set(fields, placed);
  return placed;
}

function columnOf(context: Context, range: RangeVariable, name: Identifier): Column {
  const column =
    context.columnNames(range.columns).get(fold(name.name)) ??
    range.pseudoColumns?.find((pseudo) => fold(pseudo.name) === fold(name.name));
  if (column === undefined) {
    const code = PSEUDO_COLUMNS.has(fold(name.name)) ? "unsupported" : "name";
    return context.fail(code, `Name ${name.name} not found inside ${range.name}`, name);
  }
  if (column === null) return context.fail("name", `Name ${name.name} is ambiguous inside ${range.name}`, name);
  return column;
}

/** `value.field`: of a STRUCT that field alone, of JSON the whole document. */
export function fieldValue(context: Context, value: Value, field: Identifier): Value {
  const id = context.idOf("field", [value.id, fold(field.name)]);
  if (sameType(value.type, JSON_TYPE)) {
    return { type: JSON_TYPE, written: "value", flow: transformed([value.flow]), id };
  }
  if (value.type.kind !== "struct") {
    return context.fail(
      "type",
      `Cannot access field ${field.name} on a value with type ${typeName(value.type)}`,
      field,
    );
  }
  const found = fieldsByName(value.type.fields).get(fold(field.name));
  if (found === null) return context.fail("name", `Struct field name ${field.name} is ambiguous`, field);
  if (found === undefined) {
    return context.fail("name", `Field name ${field.name} does not exist in ${typeName(value.type)}`, field);
  }
  context.noteParts(value, [{ id }]);
  return { type: found.type, written: "value", flow: fieldFlow(value.flow, found.index), id };
}

/** The range variable a path of one name stands for, so that `t.*` can give its columns rather than a row. */
export function namedRange(context: Context, parts: readonly Identifier[], scope: Scope): RangeVariable | undefined {
  const [first, more] = parts;
  if (first === undefined || more !== undefined) return undefined;
  const found = find(first.name, scope);
  if (found === undefined) {
    const long =
      namedValue(context.named, first.name) === undefined ? context.longNames.byShort(first, scope) : undefined;
    if (long !== undefined) noteFound(first, scope, long);
    return long?.range;
  }
  if (found.kind !== "range") return undefined;
  noteFound(first, scope, found);
  context.longNames.lookedFor(first.name, scope, found);
  return found.range;
}

/** A column's flow with what decided over its relation's rows. */
export function cellFlow(column: Column, implicit: ReadonlySet<string>): Flow {
  return decidedBy(column.flow, implicit);
}
