/** Queries: clauses in the order GoogleSQL gives them meaning, and what each decides. */
import { closed, either, fieldFlow, keysOf, NOTHING, picked, type SourceKey, structFlow, union } from "../flow/flow.ts";
import type {
  Expression,
  GroupBy,
  GroupingItem,
  Node,
  OrderItem,
  Query,
  QueryBody,
  Select,
  SelectDotStar,
  SelectStar,
  SetOperation,
  StarReplacement,
  WithClause,
} from "../tree.ts";
import { BOOL, coerces, INT64, isGroupable, isOrderable, structOf, supertype, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { impliedName, resolveExpression } from "./expression.ts";
import { NO_FROM, resolveFrom, scopeOf } from "./from-clause.ts";
import { namedRange } from "./path.ts";
import {
  type Column,
  type CommonTables,
  type Frame,
  find,
  fold,
  frameOf,
  NO_RANGES,
  namesOf,
  type Relation,
  type Scope,
  type Value,
} from "./scope.ts";
import { resolveWindow } from "./window.ts";

/** `parent` is the scope of the query around it, null where it can't be correlated. */
export function resolveQuery(
  context: Context,
  query: Query,
  parent: Scope | null,
  outerTables: CommonTables | null,
): Relation {
  context.resolved.add(query);
  const [pipe] = query.pipes;
  if (pipe !== undefined) return context.fail("unsupported", "Pipe syntax (|>) is not supported", pipe);
  const tables = query.with === null ? outerTables : withTables(context, query.with, outerTables);
  let relation: Relation;
  if (query.body.kind === "Select") relation = select(context, query.body, query.orderBy, parent, tables);
  else relation = ordered(context, resolveBody(context, query.body, parent, tables), query.orderBy, parent, tables);
  if (query.limit !== null) {
    const scope = outputScope([], newFrame(parent), parent, tables);
    for (const bound of [query.limit.count, query.limit.offset]) {
      if (bound === null) continue;
      const value = resolveExpression(context, bound, scope);
      if (!coerces(value.type, INT64, value.written)) context.fail("type", "LIMIT and OFFSET take INT64", bound);
    }
    return { ...relation, columns: relation.columns.map(pickedColumn), rows: picked(relation.rows) };
  }
  return relation;
}

function pickedColumn(column: Column): Column {
  return { ...column, flow: picked(column.flow) };
}

function resolveBody(context: Context, body: QueryBody, parent: Scope | null, tables: CommonTables | null): Relation {
  switch (body.kind) {
    case "Select":
      return select(context, body, [], parent, tables);
    case "Query":
      return resolveQuery(context, body, parent, tables);
    case "SetOperation":
      return setOperation(context, body, parent, tables);
    case "FromQuery":
      return context.fail("unsupported", "A query that starts with FROM is not supported", body);
    default: {
      const unreachable: never = body;
      return unreachable;
    }
  }
}

/** Each common table is resolved once, sees those before it, and nothing of the query around. */
function withTables(context: Context, clause: WithClause, outer: CommonTables | null): CommonTables | null {
  if (clause.recursive) context.fail("unsupported", "WITH RECURSIVE is not supported", clause);
  const seen = new Set<string>();
  let tables = outer;
  for (const entry of clause.entries) {
    const name = fold(entry.name.name);
    if (name.includes(".")) context.fail("name", "The name of a common table can't hold a dot", entry.name);
    if (seen.has(name)) context.fail("name", `Duplicate alias ${entry.name.name} in WITH`, entry.name);
    seen.add(name);
    const relation = resolveQuery(context, entry.query, null, tables);
    const columns = relation.columns.map((column) => ({ ...column, flow: closed(column.flow) }));
    tables = { parent: tables, name, relation: { ...relation, columns, rows: closed(relation.rows) } };
  }
  return tables;
}

function newFrame(parent: Scope | null): Frame {
  return {
    depth: (parent === null ? 0 : (frameOf(parent)?.depth ?? 0)) + 1,
    phase: "rows",
    inAggregate: 0,
    inWindow: 0,
    aggregates: 0,
    references: [],
    keys: new Set(),
    rows: NOTHING,
    repeated: false,
    windows: new Map(),
  };
}

function outputScope(
  columns: readonly Column[],
  frame: Frame,
  parent: Scope | null,
  tables: CommonTables | null,
): Scope {
  return { parent, frame, ranges: NO_RANGES, names: namesOf(columns), commonTables: tables, aliases: false };
}

/** ORDER BY over a finished relation: its columns are all it sees. */
function ordered(
  context: Context,
  relation: Relation,
  orderBy: readonly OrderItem[],
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  if (orderBy.length === 0) return relation;
  const scope = outputScope(relation.columns, newFrame(parent), parent, tables);
  const keys = orderItems(context, orderBy, relation.columns, scope);
  return { ...relation, implicit: union([relation.implicit, keys]) };
}

function orderItems(
  context: Context,
  items: readonly OrderItem[],
  columns: readonly Value[],
  scope: Scope,
): ReadonlySet<SourceKey> {
  return union(
    items.map((item) => {
      if (item.collate !== null) context.fail("unsupported", "COLLATE is not supported", item);
      const value =
        item.expression.kind === "IntegerLiteral"
          ? ordinal(context, item.expression.text, columns, "ORDER BY", item)
          : resolveExpression(context, item.expression, scope);
      if (!isOrderable(value.type)) {
        context.fail("type", `ORDER BY is not supported on ${typeName(value.type)}`, item);
      }
      return keysOf(value.flow);
    }),
  );
}

function ordinal<T>(context: Context, text: string, columns: readonly T[], clause: string, node: Node): T {
  const column = columns[Number(text) - 1];
  return column ?? context.fail("name", `${clause} has an ordinal that is no column of the SELECT list`, node);
}

// ------------------------------------------------------------------------------------------------------- set operations

function setOperation(
  context: Context,
  node: SetOperation,
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  if (node.match !== null) return context.fail("unsupported", "Matching columns by name is not supported", node.match);
  const inputs = node.inputs.map((input) => resolveBody(context, input, parent, tables));
  const [first] = inputs;
  if (first === undefined) return context.fail("syntax", "A set operation needs queries", node);
  if (inputs.some((i) => i.columns.length !== first.columns.length)) {
    return context.fail("type", `Queries in ${node.operator} have different numbers of columns`, node);
  }
  context.spendColumns(first.columns.length, node);
  const columns = first.columns.map((column, i): Column => {
    const cells = inputs.map((input) => input.columns[i] ?? column);
    const type = supertype(cells);
    if (type === undefined) {
      return context.fail("type", `Column ${i + 1} in ${node.operator} has types that don't go together`, node);
    }
    const written = cells.every((c) => c.written === "null")
      ? "null"
      : cells.every((c) => c.written === "null" || c.written === "literal")
        ? "literal"
        : "value";
    // What EXCEPT takes away only decides which rows of the first remain.
    const shown = node.operator === "EXCEPT DISTINCT" ? [column.flow] : cells.map((c) => c.flow);
    return { name: column.name, type, written, flow: either(shown), id: context.freshId() };
  });
  const implicit = inputs.map((input) => input.implicit);
  if (node.operator !== "UNION ALL") {
    requireGroupable(context, columns, node.operator, node);
    for (const input of inputs) implicit.push(...input.columns.map((c) => keysOf(c.flow)));
  }
  return {
    columns,
    implicit: union(implicit),
    rows: either(inputs.map((input) => input.rows)),
    repeated: node.operator === "UNION ALL" || inputs.some((input) => input.repeated),
    valueTable: inputs.every((input) => input.valueTable),
  };
}

function requireGroupable(context: Context, values: readonly Value[], what: string, node: Node): void {
  for (const value of values) {
    if (!isGroupable(value.type)) context.fail("type", `${what} is not supported on ${typeName(value.type)}`, node);
  }
}

// --------------------------------------------------------------------------------------------------------------- SELECT

/** One column of the SELECT list, with stars expanded; resolved when first asked for, and once. */
interface Item {
  readonly name: string;
  readonly expression: Expression | null;
  value: Value | null;
  /** Computed from an aggregate or window function. */
  aggregated: boolean;
}

function select(
  context: Context,
  node: Select,
  orderBy: readonly OrderItem[],
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  if (node.mode !== null) context.fail("unsupported", "SELECT WITH is not supported", node.mode);
  const frame = newFrame(parent);
  const outer = outputScope([], frame, parent, tables);
  const from = node.from === null ? NO_FROM : resolveFrom(context, node.from, NO_FROM, frame, outer);
  frame.rows = from.rows;
  frame.repeated = from.repeated;
  const scope = scopeOf(from, frame, outer);
  const decided: ReadonlySet<SourceKey>[] = [from.implicit];
  if (node.where !== null) decided.push(condition(context, node.where, scope, "WHERE"));
  for (const window of node.windows) {
    const name = fold(window.name.name);
    if (frame.windows.has(name)) context.fail("name", `Duplicate window alias ${window.name.name}`, window);
    frame.windows.set(name, { node: window, keys: null, ordered: false });
  }

  frame.phase = "select";
  const items = selectItems(context, node, scope, from.columns, frame);
  if (node.groupBy?.kind === "GroupByItems") {
    frame.phase = "keys";
    decided.push(groupBy(context, node.groupBy, items, scope, frame));
    frame.phase = "select";
  }
  for (const item of items) resolveItem(context, item, scope, frame);
  if (node.groupBy?.kind === "GroupByAll") decided.push(groupByAll(context, items, frame, node));
  context.spendColumns(items.length, node);
  const columns = items.map((item): Column => {
    const value = item.value ?? context.fail("unsupported", "A column that wasn't resolved", node);
    if (item.expression !== null && item.expression.kind !== "PathExpression") context.computed.push(value.flow);
    return { ...value, name: item.name };
  });

  const aliases: Scope = {
    parent: scope,
    frame,
    ranges: NO_RANGES,
    names: namesOf(columns),
    commonTables: tables,
    aliases: true,
  };
  if (node.having !== null) {
    frame.phase = "having";
    decided.push(condition(context, node.having, aliases, "HAVING"));
    frame.phase = "select";
  }
  if (node.qualify !== null) decided.push(condition(context, node.qualify, aliases, "QUALIFY"));
  decided.push(orderItems(context, orderBy, columns, aliases));
  for (const window of node.windows) resolveWindow(context, window.window, scope, frame);

  const grouped = node.groupBy !== null || frame.aggregates > 0;
  if (node.having !== null && !grouped) context.fail("type", "HAVING needs GROUP BY or an aggregate function", node);
  if (grouped) requireGrouped(context, frame);
  if (node.quantifier === "DISTINCT") {
    requireGroupable(context, columns, "SELECT DISTINCT", node);
    decided.push(...columns.map((c) => keysOf(c.flow)));
  }
  const oneRow = grouped && node.groupBy === null;
  const given = oneRow ? columns.map(pickedColumn) : columns;
  return {
    columns: node.as === null ? given : [rowColumn(context, node, given)],
    implicit: union(decided),
    rows: oneRow ? NOTHING : from.rows,
    // Grouping sets give a row of the table to several groups.
    repeated: !oneRow && (from.repeated || groupsTwice(node)),
    valueTable: node.as !== null,
  };
}

function groupsTwice(node: Select): boolean {
  return node.groupBy?.kind === "GroupByItems" && node.groupBy.items.some((item) => item.kind !== "GroupingExpression");
}

function condition(context: Context, node: Expression, scope: Scope, clause: string): ReadonlySet<SourceKey> {
  const value = resolveExpression(context, node, scope);
  if (!coerces(value.type, BOOL, value.written)) {
    context.fail("type", `${clause} takes BOOL, not ${typeName(value.type)}`, node);
  }
  return keysOf(value.flow);
}

/** SELECT AS STRUCT and SELECT AS VALUE: the row as one value. */
function rowColumn(context: Context, node: Select, columns: readonly Column[]): Column {
  if (node.as === "VALUE") {
    const [value] = columns;
    if (value === undefined || columns.length > 1) {
      return context.fail("type", "SELECT AS VALUE takes exactly one column", node);
    }
    return { ...value, name: "" };
  }
  const type = structOf(columns.map((c) => ({ name: c.name, type: c.type })));
  return {
    name: "",
    type: context.bounded(type, node),
    written: "value",
    flow: structFlow(columns.map((c) => c.flow)),
    id: context.freshId(),
  };
}

function resolveItem(context: Context, item: Item, scope: Scope, frame: Frame): Value {
  if (item.value !== null) return item.value;
  if (item.expression === null) return context.fail("unsupported", "An empty SELECT item", { start: 0 });
  const before = frame.aggregates;
  item.value = resolveExpression(context, item.expression, scope);
  item.aggregated = frame.aggregates > before;
  return item.value;
}

function selectItems(context: Context, node: Select, scope: Scope, columns: readonly Column[], frame: Frame): Item[] {
  const items: Item[] = [];
  for (const item of node.items) {
    switch (item.kind) {
      case "SelectExpression":
        items.push({
          name: item.alias?.name ?? impliedName(item.expression),
          expression: item.expression,
          value: null,
          aggregated: false,
        });
        break;
      case "SelectStar":
        if (node.from === null) context.fail("name", "SELECT * needs a FROM clause", item);
        items.push(...starItems(context, item, columns, null, frame));
        break;
      case "SelectDotStar":
        items.push(...dotStarItems(context, item, scope, frame));
        break;
      default: {
        const unreachable: never = item;
        return unreachable;
      }
    }
  }
  return items;
}

function dotStarItems(context: Context, node: SelectDotStar, scope: Scope, frame: Frame): Item[] {
  if (node.expression.kind === "PathExpression") {
    const range = namedRange(node.expression.parts, scope);
    if (range !== undefined && range.value === null) {
      return starItems(context, node, range.columns, range.id, frame);
    }
  }
  const before = frame.aggregates;
  const value = resolveExpression(context, node.expression, scope);
  if (node.expression.kind !== "PathExpression") context.computed.push(value.flow);
  if (value.type.kind !== "struct" || value.type.fields.length === 0) {
    return context.fail("type", `Dot-star is not supported for type ${typeName(value.type)}`, node);
  }
  const columns = value.type.fields.map((field, i): Column => {
    const id = context.idOf("field", [value.id, fold(field.name)]);
    return { name: field.name, type: field.type, written: "value", flow: fieldFlow(value.flow, i), id };
  });
  return starItems(context, node, columns, value.id, frame, frame.aggregates > before);
}

/** Columns in order, without those of EXCEPT, with those of REPLACE put in place. */
function starItems(
  context: Context,
  node: SelectStar | SelectDotStar,
  columns: readonly Column[],
  owner: number | null,
  frame: Frame,
  aggregated = false,
): Item[] {
  const present = new Set(columns.map((c) => fold(c.name)));
  for (const name of [...node.except, ...node.replace.map((r) => r.name)]) {
    if (!present.has(fold(name.name))) {
      context.fail("name", `Column ${name.name} in EXCEPT or REPLACE is not a column of the star`, name);
    }
  }
  if (replacedTwice(node)) context.fail("name", "A column stands twice in EXCEPT and REPLACE", node);
  const replacements = new Map(node.replace.map((r): [string, StarReplacement] => [fold(r.name.name), r]));
  const except = new Set(node.except.map((name) => fold(name.name)));
  const kept = columns.filter((c) => !except.has(fold(c.name)));
  if (kept.length === 0) context.fail("name", "SELECT * EXCEPT leaves no column", node);
  return kept.map((column) => {
    const replacement = replacements.get(fold(column.name));
    if (replacement !== undefined) {
      return { name: column.name, expression: replacement.expression, value: null, aggregated: false };
    }
    const ids = owner === null ? [column.id] : [owner, column.id];
    if (!aggregated) frame.references.push({ ids, name: column.name, node });
    return { name: column.name, expression: null, value: column, aggregated };
  });
}

function replacedTwice(node: SelectStar | SelectDotStar): boolean {
  const names = [...node.except, ...node.replace.map((r) => r.name)].map((name) => fold(name.name));
  return new Set(names).size < names.length;
}

// ------------------------------------------------------------------------------------------------------------- grouping

function groupBy(
  context: Context,
  node: Extract<GroupBy, { kind: "GroupByItems" }>,
  items: readonly Item[],
  scope: Scope,
  frame: Frame,
): ReadonlySet<SourceKey> {
  const decided: ReadonlySet<SourceKey>[] = [];
  const byName = new Map<string, Item[]>();
  for (const item of items) {
    if (item.name !== "") byName.set(fold(item.name), [...(byName.get(fold(item.name)) ?? []), item]);
  }
  for (const expression of node.items.flatMap(groupingExpressions)) {
    const { value, also } = groupingKey(context, expression, items, byName, scope, frame);
    if (!isGroupable(value.type)) {
      context.fail("type", `GROUP BY is not supported on ${typeName(value.type)}`, expression);
    }
    frame.keys.add(value.id);
    decided.push(keysOf(value.flow));
    if (also !== null) decided.push(keysOf(also.flow));
  }
  return union(decided);
}

function groupingExpressions(item: GroupingItem): readonly Expression[] {
  switch (item.kind) {
    case "GroupingExpression":
      return [item.expression];
    case "GroupingSet":
      return item.expressions;
    case "Rollup":
    case "Cube":
      return item.sets.flatMap(groupingExpressions);
    case "GroupingSets":
      return item.items.flatMap(groupingExpressions);
    default: {
      const unreachable: never = item;
      return unreachable;
    }
  }
}

/** An ordinal, a select alias, or an expression. `also`: a column of FROM that the alias hides. */
function groupingKey(
  context: Context,
  node: Expression,
  items: readonly Item[],
  byName: ReadonlyMap<string, readonly Item[]>,
  scope: Scope,
  frame: Frame,
): { readonly value: Value; readonly also: Value | null } {
  if (node.kind === "IntegerLiteral") {
    const item = ordinal(context, node.text, items, "GROUP BY", node);
    return { value: keyOfItem(context, item, scope, frame, node), also: null };
  }
  const first = node.kind === "PathExpression" ? node.parts[0] : undefined;
  if (node.kind !== "PathExpression" || first === undefined) {
    return { value: resolveExpression(context, node, scope), also: null };
  }
  const named = byName.get(fold(first.name)) ?? [];
  const found = find(first.name, scope);
  if (named.length === 0) return { value: resolveExpression(context, node, scope), also: null };
  if (node.parts.length > 1) {
    if (found !== undefined)
      return { value: resolveExpression(context, node, scope), also: both(context, node, named, scope) };
    return context.fail("unsupported", "A field of a select alias in GROUP BY; name the column instead", node);
  }
  const values = named.map((item) => keyOfItem(context, item, scope, frame, node));
  const [value] = values;
  if (value === undefined || values.some((v) => v.id !== value.id)) {
    return context.fail("name", `Alias ${first.name} in GROUP BY is ambiguous`, node);
  }
  const below = found?.kind === "column" && found.scope === scope ? found.column : null;
  return { value, also: below !== null && below.id !== value.id ? below : null };
}

/** `GROUP BY a.b` where `a` is a name in FROM and the alias of something else: refused, as it could mean either. */
function both(context: Context, node: Expression, named: readonly Item[], scope: Scope): null {
  for (const item of named) {
    const own = item.expression;
    const same = own?.kind === "PathExpression" && own.parts.length === 1 && own.parts[0] !== undefined;
    if (
      item.expression !== null &&
      !(same && find(item.name, scope) !== undefined && fold(own.parts[0]?.name ?? "") === fold(item.name))
    ) {
      context.fail("name", `${item.name} is both a select alias and a name in FROM; rename one`, node);
    }
  }
  return null;
}

function keyOfItem(context: Context, item: Item, scope: Scope, frame: Frame, node: Node): Value {
  const value = resolveItem(context, item, scope, frame);
  if (item.aggregated) context.fail("type", "GROUP BY can't group by an aggregate", node);
  return value;
}

function groupByAll(context: Context, items: readonly Item[], frame: Frame, node: Node): ReadonlySet<SourceKey> {
  const keys = items.flatMap((item) => (item.value === null || item.aggregated ? [] : [item.value]));
  requireGroupable(context, keys, "GROUP BY ALL", node);
  for (const key of keys) frame.keys.add(key.id);
  // What stands in an expression that is a key was noted before the key was known.
  const computed = items.some((item) => !item.aggregated && item.expression?.kind !== "PathExpression");
  if (computed) {
    const within = items.filter((item) => !item.aggregated && item.expression !== null);
    frame.references = frame.references.filter(
      (r) => !within.some((i) => i.expression && i.expression.start <= r.node.start && r.node.end <= i.expression.end),
    );
  }
  return union(keys.map((k) => keysOf(k.flow)));
}

function requireGrouped(context: Context, frame: Frame): void {
  for (const reference of frame.references) {
    if (!reference.ids.some((id) => frame.keys.has(id))) {
      context.fail("name", `Column ${reference.name} is neither grouped nor aggregated`, reference.node);
    }
  }
}
