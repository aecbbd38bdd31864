/** Queries: WITH, the body, ORDER BY and LIMIT. */
import { union } from "../flow/flow.ts";
import type { OrderItem, Query, QueryBody } from "../tree.ts";
import { limited, orderItems } from "./clauses.ts";
import { withTables } from "./common-tables.ts";
import type { Context } from "./context.ts";
import { newFrame, outputScope } from "./frame.ts";
import type { CommonTables, Relation, Scope } from "./scope.ts";
import { select } from "./select.ts";
import { combineRelations } from "./set-operation.ts";

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
    case "SetOperation": {
      const inputs = body.inputs.map((input) => resolveBody(context, input, parent, tables));
      return combineRelations(context, body, inputs, body);
    }
    case "FromQuery":
      return context.fail("unsupported", "A query that starts with FROM is not supported", body);
    default: {
      const unreachable: never = body;
      return unreachable;
    }
  }
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
