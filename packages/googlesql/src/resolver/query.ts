/** Queries: WITH, the body, ORDER BY and LIMIT, and set operations. */
import { closed, either, keysOf, union } from "../flow/flow.ts";
import type { OrderItem, Query, QueryBody, SetOperation, WithClause } from "../tree.ts";
import { supertype } from "../types.ts";
import { limited, orderItems, requireGroupable } from "./clauses.ts";
import type { Context } from "./context.ts";
import { newFrame, outputScope } from "./frame.ts";
import { type Column, type CommonTables, fold, type Relation, type Scope } from "./scope.ts";
import { select } from "./select.ts";

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
  return query.limit === null
    ? relation
    : limited(context, relation, query.limit, outputScope([], newFrame(parent), parent, tables));
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
