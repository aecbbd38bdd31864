/** Queries: WITH, the body, ORDER BY and LIMIT, pipe operators. */
import { union } from "../flow/flow.ts";
import type { FromQuery, PipeOperator, Query, QueryBody } from "../tree.ts";
import { limited, orderItems } from "./clauses.ts";
import { withTables } from "./common-tables.ts";
import { decidedByRows } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { newFrame, outputScope } from "./frame.ts";
import { NO_FROM, resolveFrom, scopeOf } from "./from-clause.ts";
import { aliasedRows, relationOf, relationRows, rowItems } from "./piped-rows.ts";
import { pipedRows } from "./pipes.ts";
import type { CommonTables, PipedRows, Relation, Scope } from "./scope.ts";
import { select } from "./select.ts";
import { combineRelations } from "./set-operation.ts";
import { requireSampled } from "./table-sample.ts";

/** `parent` is the scope of the query around it, null where it can't be correlated. */
export function resolveQuery(
  context: Context,
  query: Query,
  parent: Scope | null,
  outerTables: CommonTables | null,
): Relation {
  context.mayReach = true;
  if (isNamed(query)) return relationOf(context, namedRows(context, query, parent, outerTables), query);
  context.resolved.add(query);
  const tables = query.with === null ? outerTables : withTables(context, query.with, outerTables);
  return decidedByRows(context, () => plainQuery(context, query, parent, tables));
}

/** A query in FROM, with or without an alias: without, its rows keep the names they had in it. */
export function resolveRows(
  context: Context,
  query: Query,
  parent: Scope | null,
  outerTables: CommonTables | null,
  alias: string | null,
): PipedRows {
  if (!isNamed(query)) {
    return relationRows(context, resolveQuery(context, query, parent, outerTables), alias ?? "", query);
  }
  const rows = namedRows(context, query, parent, outerTables);
  return alias === null ? rows : aliasedRows(context, rows, alias, query);
}

/** Whether names of tables can be seen behind it: where it starts with FROM, or has pipe operators. */
function isNamed(query: Query): boolean {
  return (
    query.pipes.length > 0 || query.body.kind === "FromQuery" || (query.body.kind === "Query" && isNamed(query.body))
  );
}

function namedRows(context: Context, query: Query, parent: Scope | null, outerTables: CommonTables | null): PipedRows {
  context.resolved.add(query);
  const tables = query.with === null ? outerTables : withTables(context, query.with, outerTables);
  return decidedByRows(context, () => bodyRows(context, query, parent, tables));
}

function bodyRows(context: Context, query: Query, parent: Scope | null, tables: CommonTables | null): PipedRows {
  const { body, orderBy, limit, start, end } = query;
  const placed = { start, end };
  switch (body.kind) {
    case "Select":
    case "SetOperation": {
      const relation = plainQuery(context, query, parent, tables);
      return pipedRows(context, query.pipes, relationRows(context, relation, "", query), parent, tables);
    }
    case "FromQuery":
    case "Query": {
      const rows =
        body.kind === "Query"
          ? resolveRows(context, body, parent, tables, null)
          : fromRows(context, body, parent, tables);
      const [first] = query.pipes;
      if (body.kind === "FromQuery" && first?.kind === "PipeTableSample") requireSampled(context, body.from);
      // Behind a query in parentheses ORDER BY and LIMIT mean what they mean as pipe operators.
      const sort: PipeOperator = { kind: "PipeOrderBy", orderBy, ...placed };
      const limits: PipeOperator[] = limit === null ? [] : [{ kind: "PipeLimit", limit, ...placed }];
      return pipedRows(context, [sort, ...limits, ...query.pipes], rows, parent, tables);
    }
    default: {
      const unreachable: never = body;
      return unreachable;
    }
  }
}

/** `FROM …` alone. Of a single item whose rows are values, the rows are those values. */
function fromRows(context: Context, node: FromQuery, parent: Scope | null, tables: CommonTables | null): PipedRows {
  const frame = newFrame(parent);
  const rows = resolveFrom(context, node.from, NO_FROM, frame, outputScope([], frame, parent, tables));
  const [only, second] = rowItems(context, rows, node);
  return { ...rows, valueTable: second === undefined && only?.row?.value !== undefined };
}

function plainQuery(context: Context, query: Query, parent: Scope | null, tables: CommonTables | null): Relation {
  const relation =
    query.body.kind === "Select"
      ? select(context, query.body, query.orderBy, parent, tables)
      : ordered(context, resolveBody(context, query.body, parent, tables), query, parent, tables);
  return query.limit === null ? relation : limited(context, relation, query.limit);
}

function resolveBody(context: Context, body: QueryBody, parent: Scope | null, tables: CommonTables | null): Relation {
  switch (body.kind) {
    case "Select":
      return select(context, body, [], parent, tables);
    case "Query":
      return resolveQuery(context, body, parent, tables);
    case "SetOperation": {
      const inputs = body.inputs.map((input) => resolveBody(context, input, parent, tables));
      return combineRelations(context, body, inputs, body);
    }
    case "FromQuery":
      return relationOf(context, fromRows(context, body, parent, tables), body);
    default: {
      const unreachable: never = body;
      return unreachable;
    }
  }
}

function ordered(
  context: Context,
  relation: Relation,
  node: Query,
  parent: Scope | null,
  tables: CommonTables | null,
): Relation {
  const { orderBy } = node;
  if (orderBy.length === 0) return relation;
  const frame = newFrame(parent);
  const output = outputScope(relation.columns, frame, parent, tables);
  // The fields of a row that is one value are names there too.
  const scope = relation.valueTable ? scopeOf(relationRows(context, relation, "", node), frame, output) : output;
  const keys = orderItems(context, orderBy, relation.columns, scope);
  return { ...relation, implicit: union([relation.implicit, keys]) };
}
