/** FROM: which rows there are, what decided over them, and the names they get. */
import {
  CONSTANT,
  decidedBy,
  either,
  type Flow,
  keysOf,
  NO_KEYS,
  NOTHING,
  rowsFlow,
  type SourceKey,
  shape,
  transformed,
  union,
} from "../flow/flow.ts";
import { tableNameParts } from "../table-name.ts";
import type {
  At,
  Identifier,
  Join,
  JoinUsing,
  Node,
  SampledTable,
  TableExpression,
  TableFunctionCall,
  TablePath,
  Unnest,
  WithOffset,
} from "../tree.ts";
import { BOOL, coerces, INT64, isComparable, supertype, type Type, typeName } from "../types.ts";
import { noteUse } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { definedTableFunction } from "./defined-table-function.ts";
import { resolveExpression } from "./expression.ts";
import { impliedName } from "./implied-name.ts";
import { informationSchema, refuseMetadata } from "./information-schema.ts";
import { matched } from "./match-recognize.ts";
import { resolveMetadata } from "./metadata-name.ts";
import { resolvePath } from "./path.ts";
import { elementRows, relationRows } from "./piped-rows.ts";
import { pivoted } from "./pivot.ts";
import { pseudoColumns, tableRows } from "./pseudo-columns.ts";
import { noteOutside } from "./reusable-aliases.ts";
import { namesRoutine } from "./routine-call.ts";
import {
  addName,
  type Column,
  commonTable,
  type Frame,
  type FromClause,
  find,
  fold,
  NO_NAMES,
  NO_RANGES,
  type Relation,
  type Scope,
  type Value,
} from "./scope.ts";
import { asWritten, refuseRemade } from "./statements/earlier.ts";
import { isExternal, requireRows } from "./stored-rows.ts";
import { tableColumns } from "./table-columns.ts";
import { resolveTableFunction } from "./table-function.ts";
import { resolveTableName, resolveWildcard } from "./table-name.ts";
import { requireSampled, sampled } from "./table-sample.ts";
import { temporaryRelation, temporaryTable } from "./temporary-table.ts";
import { asOfTime } from "./time-travel.ts";
import { unpivoted } from "./unpivot.ts";
import { isView, viewRelation } from "./view.ts";
import { wildcardTable } from "./wildcard.ts";

/** What FROM items are called by, without what decided over their rows. */
type FromNames = Omit<FromClause, "implicit" | "rows">;

export const NO_FROM: FromClause = {
  columns: [],
  ranges: NO_RANGES,
  names: NO_NAMES,
  implicit: NO_KEYS,
  rows: NOTHING,
  repeated: false,
};

/** The scope of a FROM clause's names, inside the enclosing query's. */
export function scopeOf(from: FromNames, frame: Frame, outer: Scope): Scope {
  return {
    parent: outer.parent,
    frame,
    ranges: from.ranges,
    names: from.names,
    commonTables: outer.commonTables,
    aliases: false,
  };
}

/**
 * `outer` is an empty scope of this query whose parent is the enclosing query; `left` are the items before, which a
 * path or UNNEST may refer to and a subquery may not.
 */
export function resolveFrom(
  context: Context,
  node: TableExpression,
  left: FromNames,
  frame: Frame,
  outer: Scope,
): FromClause {
  /** The table a table operator stands behind. */
  const inner = (table: TableExpression): FromClause => resolveFrom(context, table, left, frame, outer);
  switch (node.kind) {
    case "TablePath":
      return tablePath(context, node, left, frame, outer);
    case "TableSubquery":
      return context.rows(context, node.query, outer.parent, outer.commonTables, node.alias?.name ?? null);
    case "TableFunctionCall":
      return relationRows(context, tableFunction(context, node, frame, outer), aliasOf(node), node);
    case "Unnest":
      return unnest(context, node, left, frame, outer);
    case "Join":
      return join(context, node, left, frame, outer);
    case "PivotedTable":
      return pivoted(context, inner(node.table), node.pivot, aliasOf(node), outer, node);
    case "UnpivotedTable":
      return unpivoted(context, inner(node.table), node.unpivot, aliasOf(node), node);
    case "SampledTable":
      return sampledTable(context, inner(node.table), node);
    case "MatchedTable":
      return matched(context, inner(node.table), node.match, aliasOf(node), outer, node);
    default: {
      const unreachable: never = node;
      return unreachable;
    }
  }
}

/** Empty where it has none. */
function aliasOf({ alias }: { readonly alias: Identifier | null }): string {
  return alias?.name ?? "";
}

/** `piped`: the rows before `|> CALL`. */
export function tableFunction(
  context: Context,
  node: TableFunctionCall,
  frame: Frame,
  outer: Scope,
  piped?: Relation,
): Relation {
  const alone: Scope = { ...outer, parent: null };
  const around = {
    commonTables: outer.commonTables,
    table: (path: TablePath) => {
      const rows = tablePath(context, path, NO_FROM, frame, alone);
      refuseMetadata(context, path, "as an argument");
      if ((rows.values ?? []).length > 0) {
        context.fail("unsupported", "A table function takes columns, not rows that are values", path);
      }
      if (!context.listedColumns.has(path)) return rows;
      return context.fail(
        "unsupported",
        "A view whose columns have other names than its query's is no table here",
        path,
      );
    },
    piped,
  };
  return namesRoutine(node.name)
    ? definedTableFunction(context, node, outer, around)
    : resolveTableFunction(context, node, around);
}

function tablePath(context: Context, node: TablePath, left: FromNames, frame: Frame, outer: Scope): FromClause {
  const [first, ...fields] = node.parts;
  if (first === undefined) return context.fail("name", "An empty table name", node);
  context.resolved.add(node);
  const lateral = scopeOf(left, frame, outer);
  const field = fields.at(-1);
  const before = field === undefined ? undefined : find(first.name, lateral);
  if (field !== undefined && before !== undefined) {
    // In quotes a name with a dot may be a dataset in its project as well.
    if (first.name.includes(".") && !(before.kind === "range" && before.range.long !== undefined)) {
      return context.fail("name", "An alias or column before a path of FROM can't hold a dot; rename it", first);
    }
    const value = resolvePath(context, node.parts, lateral, node);
    const alias = node.alias ?? field;
    asOfTime(context, node, NO_FROM);
    return elementsOf(context, value, shape(value.flow), alias.name, node.withOffset, node);
  }
  if (node.withOffset !== null) return context.fail("type", "WITH OFFSET stands only with an array", node.withOffset);
  if (field === undefined) {
    const relation = commonTable(outer.commonTables, first);
    if (relation === null) {
      return context.fail(
        "name",
        `${first.name} can't refer to itself here: only the last query of its UNION may`,
        node,
      );
    }
    if (relation !== undefined) {
      noteUse(context, relation.rows);
      return asOfTime(context, node, relationRows(context, relation, node.alias?.name ?? first.name, node));
    }
  }
  const temporary = temporaryTable(context, node.parts, node);
  if (temporary === undefined)
    return asOfTime(context, node, context.longNames.named(node, baseTable(context, node, lateral)));
  if (find("_SESSION", lateral) !== undefined) {
    return context.fail("name", `An alias or column hides the temporary table ${temporary.name}; rename it`, node);
  }
  noteOutside("_SESSION", node, lateral, null);
  context.longNames.lookedFor("_SESSION", lateral, undefined);
  context.nameTable(node, temporary.parts);
  const relation = temporaryRelation(context, temporary.table);
  context.scanned.push(decidedBy(relation.rows, relation.implicit));
  const rows = relationRows(context, relation, node.alias?.name ?? temporary.name, node);
  return asOfTime(context, node, context.longNames.named(node, rows));
}

function sampledTable(context: Context, from: FromClause, { table, sample }: SampledTable): FromClause {
  requireSampled(context, table);
  return sampled(context, from, sample);
}

function baseTable(context: Context, node: TablePath, lateral: Scope): FromClause {
  const [last = ""] = tableNameParts(node.parts).slice(-1);
  const alias = node.alias?.name ?? last;
  const metadata = resolveMetadata(node.parts, context.defaults);
  if (metadata !== null) return informationSchema(context, metadata, alias, node);
  const found = resolveWildcard(node.parts, context.defaults) ?? resolveTableName(node.parts, context.defaults);
  if (found.kind === "refused") return context.fail(found.code, found.message, node);
  // In quotes they may stand as one name, and the printed ones are apart.
  for (const part of found.parts) context.noteName(part, node);
  const [project] = found.parts;
  // Printed with its project in front, the name would be read as a path into that alias or column (I2).
  if (find(project, lateral) !== undefined) {
    return context.fail(
      "name",
      `The alias or column ${project} hides the project of table ${found.parts.join(".")}; rename it`,
      node,
    );
  }
  noteOutside(project, node, lateral, null);
  context.longNames.lookedFor(project, lateral, undefined);
  if (found.kind === "wildcard") {
    context.nameTable(node, found.parts);
    return wildcardTable(context, found.prefix, alias, node);
  }
  refuseRemade(context, found.name, node);
  const resource = context.catalog.table(found.name);
  if (resource === undefined) {
    return context.fail("name", `Table ${found.name} was not found or is not available`, node);
  }
  const reference = resource.tableReference;
  if (`${reference.projectId}.${reference.datasetId}.${reference.tableId}` !== found.name) {
    return context.fail("name", `Table ${found.name} was not found under that spelling`, node);
  }
  if (isView(resource)) {
    const relation = viewRelation(context, found.name, resource, node);
    context.nameTable(node, found.parts);
    noteUse(context, relation.rows);
    return relationRows(context, relation, alias, node);
  }
  requireRows(context, found.name, resource, node);
  const fields = resource.schema?.fields ?? [];
  const catalogued = tableColumns(context, found.name, fields, node);
  // What stands in files is as large as it is, and the past had another schema.
  if (!isExternal(resource) && node.systemTime === null) context.sizes.declare(catalogued, fields);
  const written = asWritten(context, found.name, { columns: catalogued, rows: rowsFlow(found.name) });
  context.scanned.push(written.rows);
  context.nameTable(node, found.parts);
  context.tables.add(found.name);
  return tableRows(context, written.columns, pseudoColumns(context, found.name, resource), alias, written);
}

function unnest(context: Context, node: Unnest, left: FromNames, frame: Frame, outer: Scope): FromClause {
  context.consumed.add(node.expression);
  const value = resolveExpression(context, node.expression, scopeOf(left, frame, outer));
  // The length of `[a, b]` is written there: it depends on nothing.
  const length =
    node.expression.kind === "ArrayExpression" ? { ...CONSTANT, level: value.flow.level } : shape(value.flow);
  const from = elementsOf(context, value, length, node.alias?.name ?? "", node.withOffset, node);
  const implied = node.alias === null ? impliedName(node.expression) : "";
  // The elements of `UNNEST(a.b)` may have the name `b` or none: what else has it isn't sure to be meant by it.
  return implied === "" ? from : { ...from, names: new Map([...from.names, [fold(implied), null]]) };
}

/** The elements of an array as rows: how many there are is the array's length. */
function elementsOf(
  context: Context,
  array: Value,
  length: Flow,
  alias: string,
  withOffset: WithOffset | null,
  node: Node,
): FromClause {
  const type: Type | null = array.written === "null" ? INT64 : array.type.kind === "array" ? array.type.element : null;
  if (type === null) return context.fail("type", `UNNEST takes an ARRAY, not ${typeName(array.type)}`, node);
  const value: Column = { name: alias, type, written: "value", flow: array.flow, id: context.freshId() };
  context.noteParts(array, [value]);
  const offset: Column | null =
    withOffset === null
      ? null
      : {
          name: withOffset.alias?.name ?? "offset",
          type: INT64,
          written: "value",
          flow: { ...CONSTANT, level: array.flow.level },
          id: context.freshId(),
        };
  return elementRows(context, value, keysOf(length), transformed([length]), offset, node);
}

function join(context: Context, node: Join, left: FromNames, frame: Frame, outer: Scope): FromClause {
  const first = resolveFrom(context, node.left, left, frame, outer);
  return joined(context, node, first, combine(context, left, first, node), frame, outer);
}

/** What comes of each row of the right side, RIGHT and FULL do; nor does a join in parentheses see what stands before them. */
function seesLeft({ type, right }: Pick<Join, "type" | "right">): boolean {
  return type !== "RIGHT" && type !== "FULL" && !isJoin(right);
}

function isJoin(node: TableExpression): boolean {
  return node.kind === "Join" || ((node.kind === "SampledTable" || node.kind === "MatchedTable") && isJoin(node.table));
}

/** `first` is the left side, `before` all that a path on the right side may begin with. */
export function joined(
  context: Context,
  node: Pick<Join, "type" | "right" | "condition" | "start" | "end">,
  first: FromClause,
  before: FromNames,
  frame: Frame,
  outer: Scope,
): FromClause {
  const second = resolveFrom(context, node.right, seesLeft(node) ? before : NO_FROM, frame, outer);
  const both = combine(context, first, second, node);
  const implicit = union([first.implicit, second.implicit]);
  const rows = either([first.rows, second.rows]);
  if (node.condition === null) return { ...both, implicit, rows };
  if (node.condition.kind === "JoinUsing") {
    return using(context, node, node.condition, first, second, { ...both, implicit, rows });
  }
  const scope = scopeOf(both, frame, outer);
  const condition = resolveExpression(context, node.condition.expression, scope);
  if (!coerces(condition.type, BOOL, condition.written)) context.fail("type", "ON takes BOOL", node.condition);
  context.trace?.clause("JOIN", context.sql, node.condition.expression, keysOf(condition.flow));
  return { ...both, implicit: union([implicit, keysOf(condition.flow)]), rows };
}

/** Two FROM items side by side; a range variable's name may stand once. */
export function combine(context: Context, a: FromNames, b: FromNames, node: At): FromNames {
  if (a === NO_FROM) return b;
  context.longNames.beside(a.ranges, b.ranges);
  const ranges = new Map(a.ranges);
  for (const [name, range] of b.ranges) {
    if (ranges.has(name)) context.fail("name", `Duplicate table alias ${range.name} in the same FROM clause`, node);
    ranges.set(name, range);
  }
  const names = new Map(a.names);
  for (const [name, column] of b.names) {
    if (names.has(name)) names.set(name, null);
    else names.set(name, column);
  }
  const columns = [...a.columns, ...b.columns];
  context.spendColumns(columns.length, node);
  const values = [...(a.values ?? []), ...(b.values ?? [])];
  return { columns, ranges, names, repeated: true, values };
}

/** USING: its columns come first in `*`, once, and are no longer ambiguous; both sides' values decided over the rows. */
function using(
  context: Context,
  node: Pick<Join, "type">,
  condition: JoinUsing,
  left: FromClause,
  right: FromClause,
  both: FromClause,
): FromClause {
  const merged: Column[] = [];
  const hidden = new Set<Column>();
  const keys: ReadonlySet<SourceKey>[] = [both.implicit];
  const names = new Map(both.names);
  const ranges = new Map(both.ranges);
  for (const name of condition.columns) {
    const a = sideColumn(context, left, name, "left");
    const b = sideColumn(context, right, name, "right");
    const type = supertype([a, b]);
    if (type === undefined || !isComparable(type)) {
      return context.fail("type", `USING column ${name.name} has types that can't be compared`, name);
    }
    const full = node.type === "FULL";
    const kept = node.type === "RIGHT" ? b : a;
    const column: Column = {
      ...kept,
      // As USING spells it.
      name: name.name,
      type: full ? type : kept.type,
      flow: full ? either([a.flow, b.flow]) : kept.flow,
      id: full ? context.freshId() : kept.id,
    };
    if (merged.some((m) => fold(m.name) === fold(name.name))) {
      return context.fail("name", `Duplicate column ${name.name} in USING`, name);
    }
    merged.push(column);
    hidden.add(a);
    hidden.add(b);
    keys.push(keysOf(a.flow), keysOf(b.flow));
    context.trace?.clause("JOIN USING", context.sql, name, union([keysOf(a.flow), keysOf(b.flow)]));
    names.delete(fold(name.name));
    addName(names, column);
    // From here on the name of an element or an offset is that of the column.
    if (ranges.get(fold(name.name))?.value) ranges.delete(fold(name.name));
  }
  return {
    columns: [...merged, ...both.columns.filter((c) => !hidden.has(c))],
    ranges,
    names,
    implicit: union(keys),
    rows: both.rows,
    repeated: true,
    // What is its own only field is a column like others.
    values: (both.values ?? [])
      .filter(({ value, fields }) => !fields.includes(value))
      .map((row) => ({ ...row, fields: row.fields.filter((field) => !hidden.has(field)) })),
  };
}

/** As everywhere, the name of an element or an offset hides the columns beside it. */
function sideColumn(context: Context, side: FromClause, name: Identifier, which: string): Column {
  context.longNames.hide(name.name, side.ranges);
  const value = side.ranges.get(fold(name.name))?.value;
  // Its fields could be named no more, but in the query around.
  if (value?.type.kind === "struct")
    return context.fail("unsupported", `${name.name} in USING is a row that is a STRUCT; name a field of it`, name);
  if (value) return value;
  const column = side.names.get(fold(name.name));
  if (column === null)
    return context.fail("name", `Column ${name.name} in USING is ambiguous on the ${which} side`, name);
  return column ?? context.fail("name", `Column ${name.name} in USING is not on the ${which} side`, name);
}
